/* SPDX-License-Identifier: ISC */
/*
 * What the warden sends.
 */
#include "busd.h"

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

/* One handler for each row; a row without one does not compile. */
#define TO_BUSD(NAME, name, ...)					\
static const char *on_##name(const struct msg_##name *, const struct msg *);
#include "msgs.def"

static const char *
dispatch(struct msg *msg)
{
	/* Handlers get a copy: the receive buffer is not aligned. */
	switch (msg->type) {
#define TO_BUSD(NAME, name, ...) case MSG_##NAME: {			\
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
busd_end(int status)
{
	bus_end();
	exit(status);
}

struct busd busd = {
	.warden = {
		.from = "the warden",
		.dispatch = dispatch,
		.end = busd_end
	}
};

static const char *
on_bus_start(const struct msg_bus_start *m, const struct msg *msg)
{
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;

	if (tail_get_text(&p, &left, left, &busd.servicename) == -1 ||
	    tail_get_text(&p, &left, left, &busd.interface) == -1 ||
	    left != 0)
		return "bad strings";
	busd.flags = m->flags;
	busd.log_level = (int)m->log_level;
	busd.port = m->port;
	busd.warden.chan.phase = PHASE_RUN;
	return NULL;
}

static const char *
on_client_state(const struct msg_client_state *m, const struct msg *msg)
{
	struct bus_client was, *c;

	c = mirror_put(&m->f, msg->tail, msg->tail_len, &was);
	if (c == NULL)
		return "not a client";
	if (was.path == NULL)
		announce_added(c);
	else
		announce_changed(c, &was);
	mirror_forget(&was);
	return NULL;
}

static const char *
on_client_gone(const struct msg_client_gone *m, const struct msg *msg)
{
	struct bus_client *c = mirror_find(m->number);

	(void)msg;
	/* The warden may have had no reason to mention it so far. */
	if (c != NULL) {
		announce_removed(c);
		mirror_remove(c);
	}
	return NULL;
}

static const char *
on_event(const struct msg_event *m, const struct msg *msg)
{
	struct bus_client was, *c = mirror_find(m->e.number);

	if (c != NULL && m->f.number == m->e.number) {
		was = *c;
		c->f = m->f;
		announce_changed(c, &was);
	}
	return announce_event(c, &m->e, msg->tail, msg->tail_len) == -1 ?
	    "no such event" : NULL;
}

static const char *
on_control_done(const struct msg_control_done *m, const struct msg *msg)
{
	return request_done(m, msg->tail, msg->tail_len) == -1 ?
	    "nobody has asked" : NULL;
}
