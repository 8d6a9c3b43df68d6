/* SPDX-License-Identifier: ISC */
/*
 * Stands in for monitor/worker.c and main(), and plays netd.
 */
#include "harness.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispatch.h"
#include "harness_common.h"
#include "log.h"
#include "monitor.h"

#define PATIENCE_MS 10000	/* for what must come */
#define GRACE_MS 50		/* for what must not */

/* In the child: where the monitor's orders to the spawner go. */
static int orders;
static int status_wanted;
static struct loop_timer death;

/* Send an order, with netd's new channel if there is one. */
static void
order(char what, int fd)
{
	struct iovec iov = { .iov_base = &what, .iov_len = 1 };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fd != -1) {
		memset(&control, 0, sizeof control);
		hdr.msg_control = control.space;
		hdr.msg_controllen = sizeof control.space;
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	}
	if (sendmsg(orders, &hdr, MSG_NOSIGNAL) != 1)
		_exit(99);
}

int
worker_run(enum proc worker, struct chan *chan)
{
	int fds[2];

	if (worker != PROC_NETD || chan_pair(fds) == -1)
		_exit(99);
	order('R', fds[1]);
	close(fds[1]);
	chan_init(chan, fds[0], PROC_MONITOR, worker, PHASE_BOOT);
	return 0;
}

static void
dead(struct loop_timer *timer)
{
	(void)timer;
	netd_exited(SIGKILL);
}

void
worker_kill(enum proc worker)
{
	if (worker != PROC_NETD)
		_exit(99);
	order('K', -1);
	if (death.due_ms == -1)
		loop_timer_set(&death, 1);
}

void
monitor_serving(void)
{
}

void
monitor_stop(int status)
{
	status_wanted = status;
	loop_stop();
}

/* The rest of worker.c is for the start, which is made here by hand. */
int
worker_await(enum proc worker)
{
	(void)worker;
	_exit(99);
}

void
worker_end(void)
{
	_exit(99);
}

const char *
on_exited(struct chan *chan, const struct msg_exited *m, struct msg *msg)
{
	(void)chan;
	(void)m;
	(void)msg;
	return "nobody sends this here";
}

static void
monitor(const struct harness_client *clients, size_t count, uint32_t most)
{
	struct msg_settings settings;
	struct msg_client m;
	static char empty[1];
	size_t i;

	log_open("monitor", LOG_ALERT);
	loop_init();
	for (i = 0; i < count; i++) {
		memset(&m, 0, sizeof m);
		memcpy(m.keyid, clients[i].keyid, KEYID_LEN);
		m.flags = clients[i].flags | CLIENT_HAS_KEYID;
		m.approval_delay_ms = clients[i].approval_delay_ms;
		client_add(&m, strdup(clients[i].name),
		    secret_keep((const uint8_t *)clients[i].secret,
		    strlen(clients[i].secret)));
	}
	memset(&settings, 0, sizeof settings);
	settings.limits.max_sessions = most;
	config_priority = empty;
	loop_timer_init(&death, dead, NULL);
	netd_init(&settings, STDIN_FILENO);
	netd_start();
	loop_run();
	_exit(status_wanted);
}

void
harness_start(struct harness *h, const struct harness_client *clients,
    size_t count, uint32_t most)
{
	int fds[2];

	memset(h, 0, sizeof *h);
	chan_init(&h->netd, -1, PROC_NETD, PROC_MONITOR, PHASE_BOOT);
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	ATF_REQUIRE((h->pid = fork()) != -1);
	if (h->pid == 0) {
		close(fds[0]);
		orders = fds[1];
		monitor(clients, count, most);
	}
	close(fds[1]);
	h->commands = fds[0];
	ATF_REQUIRE_EQ('R', harness_order(h, PATIENCE_MS));
	harness_begin(h);
}

int
harness_killed(struct harness *h)
{
	return harness_order(h, PATIENCE_MS) == 'K';
}

void
harness_again(struct harness *h)
{
	ATF_REQUIRE_EQ('R', harness_order(h, PATIENCE_MS));
	harness_begin(h);
}

int
harness_stop(struct harness *h)
{
	struct pollfd pfd = { .fd = h->commands, .events = POLLIN };
	int status, gone = 0;
	char what;

	chan_close(&h->netd);
	/* It closes its end of the orders when it ends by itself. */
	while (!gone && poll(&pfd, 1, GRACE_MS) == 1)
		gone = recv(h->commands, &what, 1, 0) != 1;
	if (!gone)
		ATF_REQUIRE_EQ(0, kill(h->pid, SIGKILL));
	ATF_REQUIRE_EQ(h->pid, waitpid(h->pid, &status, 0));
	close(h->commands);
	if (!gone)
		return HARNESS_RUNS;
	ATF_REQUIRE_MSG(WIFEXITED(status), "the monitor crashed: %#x", status);
	return WEXITSTATUS(status);
}

void
harness_kill(struct harness *h)
{
	chan_close(&h->netd);
	ATF_REQUIRE_EQ(0, kill(h->pid, SIGKILL));
	ATF_REQUIRE_EQ(h->pid, waitpid(h->pid, NULL, 0));
	close(h->commands);
}
