/* SPDX-License-Identifier: ISC */
/*
 * The harness around a whole server: the real monitor in its sandbox and all
 * others, but helpers/evil_netd in the place of netd, which lends its channel
 * to the test.
 */
#include "harness.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nettle/base64.h>

#include "harness_common.h"

#define PATIENCE_MS 20000

static int listener = -1;	/* where netds introduce themselves */

/* The clients, as the reader of a real server wants them. */
static void
write_config(const struct harness_client *clients, size_t count,
    uint32_t most)
{
	char hex[KEYID_HEX_LEN], secret[BASE64_ENCODE_RAW_LENGTH(256) + 1];
	FILE *f;
	size_t i, len;

	ATF_REQUIRE((f = fopen("mandos.conf", "w")) != NULL);
	fprintf(f, "[DEFAULT]\nmax_sessions = %" PRIu32 "\n"
	    "spare_sessions = 1\n", most);
	ATF_REQUIRE_EQ(0, fclose(f));
	ATF_REQUIRE((f = fopen("clients.conf", "w")) != NULL);
	for (i = 0; i < count; i++) {
		len = strlen(clients[i].secret);
		ATF_REQUIRE(len <= 256);
		base64_encode_raw(secret, len,
		    (const uint8_t *)clients[i].secret);
		secret[BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
		fprintf(f, "[%s]\nkey_id = %s\nsecret = %s\nenabled = %s\n"
		    "approval_delay = PT%" PRIu64 "S\n", clients[i].name,
		    keyid_print(clients[i].keyid, hex), secret,
		    clients[i].flags & CLIENT_ENABLED ? "yes" : "no",
		    clients[i].approval_delay_ms / 1000);
	}
	ATF_REQUIRE_EQ(0, fclose(f));
}

static void
become_server(const char *srcdir)
{
	char program[sizeof harness_srcdir + 32];
	int fd;

	snprintf(program, sizeof program, "%s/../evil/mandos", srcdir);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    setenv("EVIL_SOCKET", "evil.sock", 1) == -1)
		err(99, "harness");
	/* No port of its own: other tests run at the same time. */
	if ((fd = socket(AF_INET6, SOCK_STREAM, 0)) == -1 ||
	    dup2(fd, STDIN_FILENO) == -1)
		err(99, "socket");
	close(fd);
	execl(program, "mandos", "--foreground", "--no-dbus", "--no-zeroconf",
	    "--no-restore", "--debuglevel=CRITICAL", "--socket=0",
	    "--configdir=.", "--statedir=state", (char *)NULL);
	err(99, "%s", program);
}

/* Take the channel of the next netd that is started. */
static void
meet_netd(struct harness *h)
{
	struct pollfd pfd = { .fd = listener, .events = POLLIN };
	int fd;

	ATF_REQUIRE_EQ(1, poll(&pfd, 1, PATIENCE_MS));
	ATF_REQUIRE((fd = accept(listener, NULL, NULL)) != -1);
	if (h->commands != -1)
		close(h->commands);
	h->commands = fd;
	ATF_REQUIRE_EQ('R', harness_order(h, PATIENCE_MS));
	harness_begin(h);
}

void
harness_start(struct harness *h, const struct harness_client *clients,
    size_t count, uint32_t most)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "evil.sock" };

	memset(h, 0, sizeof *h);
	h->commands = -1;
	chan_init(&h->netd, -1, PROC_NETD, PROC_MONITOR, PHASE_BOOT);
	write_config(clients, count, most);
	if (listener == -1) {
		listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		ATF_REQUIRE_EQ(0, bind(listener, (struct sockaddr *)&sun,
		    sizeof sun));
		ATF_REQUIRE_EQ(0, listen(listener, 4));
	}
	ATF_REQUIRE((h->pid = fork()) != -1);
	if (h->pid == 0)
		become_server(harness_srcdir);
	meet_netd(h);
}

int
harness_killed(struct harness *h)
{
	/* The end of its connection is the end of netd. */
	struct pollfd pfd = { .fd = h->commands, .events = POLLIN };
	char byte;

	return poll(&pfd, 1, PATIENCE_MS) == 1 &&
	    recv(h->commands, &byte, 1, 0) != 1;
}

void
harness_again(struct harness *h)
{
	meet_netd(h);
}

/* The server goes on until it is told to end, and does that in order. */
int
harness_stop(struct harness *h)
{
	int status;

	if (waitpid(h->pid, &status, WNOHANG) == 0) {
		ATF_REQUIRE_EQ(0, kill(h->pid, SIGTERM));
		ATF_REQUIRE_EQ(h->pid, waitpid(h->pid, &status, 0));
		ATF_REQUIRE_MSG(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		    "the server ended with %#x", status);
		status = HARNESS_RUNS;
	} else
		status = WIFEXITED(status) ? WEXITSTATUS(status) : status;
	chan_close(&h->netd);
	close(h->commands);
	return status;
}

void
harness_kill(struct harness *h)
{
	ATF_REQUIRE_EQ(HARNESS_RUNS, harness_stop(h));
}
