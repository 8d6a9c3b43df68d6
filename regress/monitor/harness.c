/* SPDX-License-Identifier: ISC */
/*
 * Stands in for monitor/on_parent.c and main(), and plays the warden.
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

/* In the child: where the monitor's orders to the parent go. */
static int orders;
static int status_wanted;
static struct loop_timer death;

/* Send an order, with a worker's new channel if there is one. */
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

/* The test plays netd and the warden; of the others there is nobody. */
void
parent_spawn(enum proc worker, int fd)
{
	if (worker == PROC_WARDEN)
		order('W', fd);
	if (worker == PROC_NETD)
		order('R', fd);
}

static void
dead(struct loop_timer *timer)
{
	(void)timer;
	worker_exited(worker_of(PROC_NETD), SIGKILL);
}

void
parent_kill(enum proc worker)
{
	order(worker == PROC_NETD ? 'K' : 'k', -1);
	if (worker != PROC_NETD)
		return;
	if (death.due_ms == -1)
		loop_timer_set(&death, 1);
}

void
monitor_serving(void)
{
}

void
monitor_configured(int refused)
{
	if (refused)
		_exit(99);
	netd_start();
}

void
monitor_stop(int status)
{
	status_wanted = status;
	loop_stop();
}

/* The parent says nothing here. */
#define SILENT(name)							\
const char *								\
on_##name(struct chan *chan, const struct msg_##name *m, struct msg *msg) \
{									\
	(void)chan;							\
	(void)m;							\
	(void)msg;							\
	return "nobody sends this here";				\
}
SILENT(boot)
SILENT(exited)
SILENT(listener)
SILENT(ping)
SILENT(reader)
SILENT(stop)

static void
monitor(uint32_t most)
{
	static struct boot boot;
	static char empty[1];

	log_open("monitor", LOG_ALERT);
	loop_init();
	secret_init();
	boot.settings.limits.max_sessions = most;
	boot.priority = empty;
	loop_timer_init(&death, dead, NULL);
	netd_init(&boot, STDIN_FILENO);
	warden_start(&boot, 0);
	loop_run();
	_exit(status_wanted);
}

/* Play the warden until all clients are enrolled. */
static void
enroll(struct harness *h, const struct harness_client *clients, size_t count)
{
	struct msg_configured done = { .refused = 0 };
	struct msg_enroll m;
	uint8_t tail[1024];
	size_t i, len;

	for (i = 0; i < count; i++) {
		memset(&m, 0, sizeof m);
		memcpy(m.g.keyid, clients[i].keyid, KEYID_LEN);
		m.g.number = (uint32_t)i + 1;
		m.g.flags = clients[i].flags | CLIENT_HAS_KEYID;
		m.g.approval_delay_ms = clients[i].approval_delay_ms;
		len = 0;
		ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &len,
		    clients[i].name, strlen(clients[i].name)));
		ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &len,
		    clients[i].secret, strlen(clients[i].secret)));
		ATF_REQUIRE_EQ(0, chan_send(&h->warden, MSG_ENROLL, &m, tail,
		    len, -1));
	}
	ATF_REQUIRE_EQ(0, chan_send(&h->warden, MSG_CONFIGURED, &done, NULL, 0,
	    -1));
}

void
harness_start(struct harness *h, const struct harness_client *clients,
    size_t count, uint32_t most)
{
	int fds[2];

	memset(h, 0, sizeof *h);
	chan_init(&h->netd, -1, PROC_NETD, PROC_MONITOR, PHASE_BOOT);
	chan_init(&h->warden, -1, PROC_WARDEN, PROC_MONITOR, PHASE_BOOT);
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	ATF_REQUIRE((h->pid = fork()) != -1);
	if (h->pid == 0) {
		close(fds[0]);
		orders = fds[1];
		monitor(most);
	}
	close(fds[1]);
	h->commands = fds[0];
	ATF_REQUIRE_EQ('W', harness_order(h, PATIENCE_MS));
	enroll(h, clients, count);
	ATF_REQUIRE_EQ('R', harness_order(h, PATIENCE_MS));
	harness_begin(h);
}

uint32_t
harness_news(struct harness *h, enum event event, int64_t *value)
{
	struct msg_news m;
	struct msg msg;

	for (;;) {
		harness_next(&h->warden, &msg);
		if (msg.type == MSG_WARDEN_START)
			h->warden.phase = PHASE_RUN;
		memset(&m, 0, sizeof m);
		if (msg.type == MSG_NEWS)
			memcpy(&m, msg.body, sizeof m);
		else
			m.e.event = EVENT_MAX;
		msg_free(&msg);
		if (m.e.event == event)
			break;
	}
	*value = m.e.value;
	return m.e.number;
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
	chan_close(&h->warden);
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
	chan_close(&h->warden);
	close(h->commands);
}
