/* SPDX-License-Identifier: ISC */
/*
 * The monitor's end of netd: hears of sessions.
 */
#include "monitor.h"

#include <errno.h>
#include <string.h>

#include "dispatch.h"
#include "log.h"

static const struct boot *boot;
static struct chan netd = { .fd = -1 };
static int listener;

/* No more messages to or from it; what is left of it is killed. */
static void
cut(void)
{
	if (netd.fd == -1)
		return;
	chan_close(&netd);
	session_end_all();
	parent_kill(PROC_NETD);
}

static void begin(enum proc, int);

static struct worker worker = { .proc = PROC_NETD, .name = "netd",
	.begin = begin, .lost = cut };

static void
ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;

	(void)io;
	if (netd.phase == PHASE_OVER ||
	    (events & EPOLLOUT && chan_flush(&netd) == -1)) {
		cut();
		return;
	}
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	switch (chan_recv(&netd, &msg)) {
	case 0:
		return;
	case -1:
		cut();
		return;
	}
	type = msg.type;
	if ((flaw = monitor_handle(&netd, &msg)) == NULL)
		return;
	log_alertx("netd broke the message table and is killed: %s: %s",
	    msg_name(type), flaw);
	cut();
	worker_broken(&worker);
}

static void
tell(enum msg_type type, const void *body, const void *tail, size_t len,
    int fd)
{
	if (netd.fd == -1 || netd.phase == PHASE_OVER ||
	    chan_send(&netd, type, body, tail, len, fd) == 0)
		return;
	/* Our caller is about to end a session: the loop will cut it off. */
	if (errno == ENOBUFS)
		log_warnx("netd leaves its messages unread and is killed");
	netd.phase = PHASE_OVER;
	parent_kill(PROC_NETD);
}

static void
begin(enum proc proc, int fd)
{
	struct msg_start start = { .limits = boot->settings.limits,
		.log_level = boot->settings.log_level };
	struct msg_accept_from from = { 0 };

	chan_init(&netd, fd, PROC_MONITOR, proc, PHASE_BOOT);
	if (loop_io_add(&netd.io, fd, EPOLLIN, ready, NULL) == -1)
		fatal("epoll_ctl");
	tell(MSG_START, &start, boot->priority, strlen(boot->priority), -1);
	tell(MSG_ACCEPT_FROM, &from, NULL, 0, listener);
}

void
netd_init(const struct boot *b, int fd)
{
	boot = b;
	listener = fd;
	session_limit(b->settings.limits.max_sessions +
	    b->settings.limits.spare_sessions);
}

void
netd_start(void)
{
	worker_start(&worker);
}

void
netd_tell_end(uint64_t number, enum verdict verdict)
{
	struct msg_session_end m = { .session = number, .verdict = verdict };

	tell(MSG_SESSION_END, &m, NULL, 0, -1);
}

void
netd_tell_wait(uint64_t number, uint64_t ms)
{
	struct msg_session_wait m = { .session = number, .wait_ms = ms };

	tell(MSG_SESSION_WAIT, &m, NULL, 0, -1);
}

const char *
on_ready(struct chan *chan, const struct msg_ready *m, struct msg *msg)
{
	(void)m;
	(void)msg;
	chan->phase = PHASE_RUN;
	worker_ready(&worker);
	monitor_serving();
	return NULL;
}

const char *
on_session_open(struct chan *chan, const struct msg_session_open *m,
    struct msg *msg)
{
	(void)chan;
	return session_new(m->session, msg_take_fd(msg));
}

const char *
on_session_peer(struct chan *chan, const struct msg_session_peer *m,
    struct msg *msg)
{
	(void)chan;
	(void)msg;
	return session_peer(m);
}
