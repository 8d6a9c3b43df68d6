/* SPDX-License-Identifier: ISC */
/*
 * What the warden sends.
 */
#include "checkerd.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

/* One handler for each row; a row without one does not compile. */
#define TO_CHECKERD(NAME, name, ...)					\
static const char *on_##name(const struct msg_##name *, const struct msg *);
#include "msgs.def"

static const char *
dispatch(struct msg *msg)
{
	/* Handlers get a copy: the receive buffer is not aligned. */
	switch (msg->type) {
#define TO_CHECKERD(NAME, name, ...) case MSG_##NAME: {			\
	struct msg_##name body;						\
									\
	memcpy(&body, msg->body, sizeof body);				\
	return on_##name(&body, msg);					\
	}
#include "msgs.def"
	}
	return "no handler";
}

void
checkerd_end(int status)
{
	run_kill_all();
	exit(status);
}

struct checkerd checkerd = {
	.warden = {
		.from = "the warden",
		.dispatch = dispatch,
		.end = checkerd_end
	}
};

static const char *
on_check_start(const struct msg_check_start *m, const struct msg *msg)
{
	(void)msg;
	if (m->limits.max_checkers == 0)
		return "no checker may run";
	checkerd.limits = m->limits;
	checkerd.log_level = (int)m->log_level;
	checkerd.debug = m->debug != 0;
	checkerd.warden.chan.phase = PHASE_RUN;
	return NULL;
}

static const char *
on_check(const struct msg_check *m, const struct msg *msg)
{
	struct check_client *c;

	c = client_put(&m->f, msg->tail, msg->tail_len);
	if (c == NULL)
		return "not a client";
	c->stops = m->stops;
	schedule_order(c, m->orders, m->first_ms);
	return NULL;
}

static const char *
on_check_forget(const struct msg_check_forget *m, const struct msg *msg)
{
	struct check_client *c = client_find(m->number);

	(void)msg;
	/* The warden may have had no reason to mention it so far. */
	if (c != NULL) {
		schedule_forget(c);
		client_free(c);
	}
	return NULL;
}
