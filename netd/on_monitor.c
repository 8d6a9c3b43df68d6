/* SPDX-License-Identifier: ISC */
/*
 * What the monitor sends.
 */
#include "netd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

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

struct netd netd = {
	.monitor = {
		.from = "the monitor",
		.dispatch = dispatch,
		.end = netd_end,
		.after = pool_work
	}
};

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
	netd.monitor.chan.phase = PHASE_STARTED;
	return NULL;
}

static const char *
on_accept_from(const struct msg_accept_from *m, struct msg *msg)
{
	(void)m;
	boot.listener = msg_take_fd(msg);
	netd.monitor.chan.phase = PHASE_RUN;
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
