/* SPDX-License-Identifier: ISC */
/*
 * The server's log lines: on standard error or in datagrams for syslogd.  A
 * sandboxed process needs nothing but write(2) on descriptor 2 for them.
 */
#include "log.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024	/* a longer text is cut */
#define PREFIX_MAX_LEN 384	/* with a service name, which is cut, too */

static const char *const levels[] = { "EMERGENCY", "ALERT", "CRITICAL",
	"ERROR", "WARNING", "NOTICE", "INFO", "DEBUG" };
static int log_is_syslog;
static const char *log_of;	/* a service name; NULL: the usual one */

void
log_to_syslog(void)
{
	log_is_syslog = 1;
}

void
log_service(const char *name)
{
	log_of = strcmp(name, "Mandos") == 0 ? NULL : name;
}

int
log_connect(void)
{
	/* A syslogd that hangs costs lines, and not the server. */
	static const struct timeval patience = { .tv_usec = 100000 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	strlcpy(sun.sun_path, "/dev/log", sizeof sun.sun_path);
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof patience) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    dup2(fd, STDERR_FILENO) == -1) {
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

/* Copy ${text} to ${out} with everything unprintable in it escaped. */
static size_t
escape(char *out, size_t size, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;
	unsigned char c;

	for (; (c = (unsigned char)*text) != '\0' && size - n > 4; text++) {
		if (c >= 0x20 && c != 0x7f) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = digits[c >> 4];
		out[n++] = digits[c & 0x0f];
	}
	out[n] = '\0';
	return n;
}

/* What comes before the text. */
static size_t
prefix(char out[PREFIX_MAX_LEN], int level, const char *name)
{
	size_t n;

	if (!log_is_syslog)
		return (size_t)snprintf(out, PREFIX_MAX_LEN, "<%d>%.64s: ",
		    level, name);
	n = (size_t)snprintf(out, PREFIX_MAX_LEN, "<%d>Mandos %s",
	    LOG_DAEMON | level, log_of == NULL ? "" : "(");
	if (log_of != NULL) {
		n += escape(out + n, PREFIX_MAX_LEN - 64 - n, log_of);
		n += strlcpy(out + n, ") ", PREFIX_MAX_LEN - n);
	}
	return n + (size_t)snprintf(out + n, PREFIX_MAX_LEN - n, "[%d]: %s: ",
	    (int)getpid(), levels[level & 7]);
}

void
log_line(int level, int error, const char *name, const char *fmt, va_list ap)
{
	char text[LINE_MAX_LEN], line[LINE_MAX_LEN + PREFIX_MAX_LEN];
	size_t n, used;
	int saved = errno, len;

	len = vsnprintf(text, sizeof text, fmt, ap);
	if (error != 0 && len >= 0 && (size_t)len < sizeof text)
		snprintf(text + len, sizeof text - (size_t)len, ": %s",
		    strerror(error));
	used = prefix(line, level, name);
	n = used + escape(line + used, LINE_MAX_LEN, text);
	/* A line ends with its newline, a datagram for syslogd with a NUL. */
	line[n++] = log_is_syslog ? '\0' : '\n';
	while (write(STDERR_FILENO, line, n) == -1 && errno == EINTR)
		continue;
	errno = saved;
}
