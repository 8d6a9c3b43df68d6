/* SPDX-License-Identifier: ISC */
/*
 * What the monitor sends, and the way to it.  The monitor is trusted, but a
 * message from it that breaks the table means that one of us is broken: netd
 * ends, and is started afresh.
 */
#include "netd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define MESSAGES_AT_ONCE 32	/* before others have their turn */

struct boot boot = { .listener = -1 };

/* One handler for each row; a row without one does not compile. */
#define TO_NETD(NAME, name, ...)					\
static const char *on_##name(const struct msg_##name *, struct msg *);
#include "msgs.def"

static const char *
dispatch(struct msg *msg)
{
	/* Handlers get a copy: the receive buffer is not aligned. */
	switch (msg->type) {
#define TO_NETD(NAME, name, ...) case MSG_##NAME: {			\
	struct msg_##name body;						\
									\
	memcpy(&body, msg->body, sizeof body);				\
	return on_##name(&body, msg);					\
	}
#include "msgs.def"
	}
	return "no handler";
}

static void
handle(struct msg *msg)
{
	const char *flaw;

	if ((flaw = msg_check(&netd.monitor, msg)) == NULL)
		flaw = dispatch(msg);
	if (flaw != NULL)
		fatalx("message %s of the monitor: %s", msg_name(msg->type),
		    flaw);
	msg_free(msg);
}

void
monitor_await(enum msg_type type)
{
	struct msg msg;

	if (chan_recv_wait(&netd.monitor, &msg, -1) != 1)
		netd_end(0);
	if (msg.type != (uint32_t)type)
		fatalx("message %s of the monitor: %s is due",
		    msg_name(msg.type), msg_name(type));
	handle(&msg);
}

static void
monitor_ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	int i;

	(void)io;
	if (events & EPOLLOUT && chan_flush(&netd.monitor) == -1)
		netd_end(0);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	for (i = 0; i < MESSAGES_AT_ONCE; i++) {
		switch (chan_recv(&netd.monitor, &msg)) {
		case 0:
			break;
		case -1:
			netd_end(0);
		default:
			handle(&msg);
			continue;
		}
		break;
	}
	pool_work();
}

void
monitor_watch(void)
{
	if (loop_io_add(&netd.monitor.io, netd.monitor.fd, EPOLLIN,
	    monitor_ready, NULL) == -1)
		fatal("epoll_ctl");
}

void
monitor_tell(enum msg_type type, const void *body, int fd)
{
	if (chan_send(&netd.monitor, type, body, NULL, 0, fd) == -1)
		netd_end(0);
}

static const char *
on_start(const struct msg_start *m, struct msg *msg)
{
	if ((boot.priority = calloc(1, msg->tail_len + 1)) == NULL)
		fatal("calloc");
	memcpy(boot.priority, msg->tail, msg->tail_len);
	if (strlen(boot.priority) != msg->tail_len)
		return "a NUL in the priority string";
	boot.log_level = m->log_level;
	netd.limits = m->limits;
	netd.monitor.phase = PHASE_STARTED;
	return NULL;
}

static const char *
on_accept_from(const struct msg_accept_from *m, struct msg *msg)
{
	(void)m;
	boot.listener = msg_take_fd(msg);
	netd.monitor.phase = PHASE_RUN;
	return NULL;
}

static const char *
on_session_wait(const struct msg_session_wait *m, struct msg *msg)
{
	(void)msg;
	return pool_wait(m->session, m->wait_ms);
}

static const char *
on_session_end(const struct msg_session_end *m, struct msg *msg)
{
	(void)msg;
	if (m->verdict >= VERDICT_MAX)
		return "no such verdict";
	return pool_verdict(m->session, (enum verdict)m->verdict);
}
