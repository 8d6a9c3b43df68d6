/* SPDX-License-Identifier: ISC */
/*
 * client_fakeserver PORT MODE FILE [PRIORITY]: a server for mandos-client to
 * react to, on every address of the host.  It prints "ready", and then what
 * happens, a line for each event.  The content of FILE is sent after the
 * handshake, unless MODE is one of those that do not come so far.
 *
 *	early	close the connection at once
 *	reset	reset it
 *	line	close it after the greeting
 *	garbage	send text in place of a ClientHello
 *	silent	say nothing after the greeting
 *	good	send FILE and close_notify, and wait for the client's
 *	nobye	close without close_notify
 *	cut	the same, after half of FILE
 *	slow	records of 100 bytes, 10 ms apart
 *	hang	send FILE, and nothing after it
 *	late	wait two seconds before FILE is sent
 *	empty	close_notify and nothing else
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#define FILE_MAX ((size_t)32 * 1024 * 1024)

static char *content;
static size_t content_len;

static int
is_mode(const char *mode, const char *name)
{
	return strcmp(mode, name) == 0;
}

static void
pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* Until the peer hangs up. */
static void
wait_for_end(int fd)
{
	char c;

	while (read(fd, &c, 1) > 0)
		continue;
	puts("hung up");
}

static void
read_greeting(int fd)
{
	char c;

	fputs("greeting", stdout);
	do {
		if (read(fd, &c, 1) != 1)
			exit(0);
		printf(" %02x", (unsigned char)c);
	} while (c != '\n');
	puts("");
}

static void
reset(int fd)
{
	const struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
	exit(0);
}

static gnutls_session_t
shake_hands(int fd, const char *priority)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t tls;
	int rc;

	gnutls_init(&tls, GNUTLS_CLIENT | GNUTLS_ENABLE_RAWPK);
	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials);
	if ((rc = gnutls_priority_set_direct(tls, priority, NULL)) < 0) {
		printf("priority: %s\n", gnutls_strerror(rc));
		exit(0);
	}
	gnutls_transport_set_int(tls, fd);
	do
		rc = gnutls_handshake(tls);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	printf("handshake: %s\n", rc < 0 ? gnutls_strerror(rc) : "done");
	if (rc < 0)
		exit(0);
	return tls;
}

static void
send_content(gnutls_session_t tls, size_t step, int ms)
{
	size_t done, n;
	ssize_t sent;

	for (done = 0; done < content_len; done += (size_t)sent) {
		n = content_len - done < step ? content_len - done : step;
		if ((sent = gnutls_record_send(tls, content + done, n)) < 0) {
			printf("sent %zu\n", done);
			exit(0);
		}
		if (ms > 0)
			pause_ms(ms);
	}
	puts("sent all");
}

static void __attribute__((noreturn))
serve(int fd, const char *mode, const char *priority)
{
	gnutls_session_t tls;

	if (is_mode(mode, "early"))
		exit(0);
	if (is_mode(mode, "reset"))
		reset(fd);
	read_greeting(fd);
	if (is_mode(mode, "line"))
		exit(0);
	if (is_mode(mode, "garbage") &&
	    write(fd, "HTTP/1.0 400 no\r\n\r\n", 19) == -1)
		exit(0);
	if (is_mode(mode, "silent") || is_mode(mode, "garbage")) {
		wait_for_end(fd);
		exit(0);
	}
	tls = shake_hands(fd, priority);
	if (is_mode(mode, "late"))
		pause_ms(2000);
	if (is_mode(mode, "cut"))
		content_len /= 2;
	if (is_mode(mode, "slow"))
		send_content(tls, 100, 10);
	else if (!is_mode(mode, "empty"))
		send_content(tls, 16384, 0);
	if (is_mode(mode, "hang"))
		wait_for_end(fd);
	else if (!is_mode(mode, "nobye") && !is_mode(mode, "cut"))
		printf("bye: %s\n", gnutls_strerror(gnutls_bye(tls,
		    GNUTLS_SHUT_RDWR)));
	exit(0);
}

static void
read_file(const char *path)
{
	FILE *f = fopen(path, "re");

	content = malloc(FILE_MAX);
	if (f == NULL || content == NULL) {
		perror(path);
		exit(1);
	}
	content_len = fread(content, 1, FILE_MAX, f);
	fclose(f);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	const char *priority = argc > 4 ? argv[4] :
	    "NORMAL:-CTYPE-ALL:+CTYPE-RAWPK:-VERS-ALL:+VERS-TLS1.3";
	int listener, fd, on = 1;

	if (argc < 4) {
		fputs("usage: client_fakeserver PORT MODE FILE [PRIORITY]\n",
		    stderr);
		return 64;
	}
	read_file(argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	any.sin6_port = htons((in_port_t)strtol(argv[1], NULL, 10));
	if ((listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) ==
	    -1 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof on) == -1 || bind(listener, (struct sockaddr *)&any,
	    sizeof any) == -1 || listen(listener, 64) == -1) {
		perror("listen");
		return 1;
	}
	puts("ready");
	while ((fd = accept(listener, NULL, NULL)) != -1) {
		puts("accepted");
		if (fork() == 0) {
			close(listener);
			serve(fd, argv[2], priority);
		}
		close(fd);
	}
	return 1;
}
