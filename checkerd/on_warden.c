/* SPDX-License-Identifier: ISC */
/*
 * What the warden sends, and the way to it.  The warden is trusted, but a
 * message from it that breaks the table means that one of us is broken:
 * checkerd ends, and is started afresh.
 */
#include "checkerd.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define MESSAGES_AT_ONCE 32	/* before others have their turn */

struct checkerd checkerd;

/* One handler for each row; a row without one does not compile. */
#define TO_CHECKERD(NAME, name, ...)					\
static const char *on_##name(const struct msg_##name *, const struct msg *);
#include "msgs.def"

static const char *
dispatch(const struct msg *msg)
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

static void
handle(struct msg *msg)
{
	const char *flaw;

	if ((flaw = msg_check(&checkerd.warden, msg)) == NULL)
		flaw = dispatch(msg);
	if (flaw != NULL) {
		log_errx("message %s of the warden: %s", msg_name(msg->type),
		    flaw);
		checkerd_end(1);
	}
	msg_free(msg);
}

void
warden_await(enum msg_type type)
{
	struct msg msg;

	if (chan_recv_wait(&checkerd.warden, &msg, -1) != 1)
		checkerd_end(0);
	if (msg.type != (uint32_t)type)
		fatalx("message %s of the warden: %s is due",
		    msg_name(msg.type), msg_name(type));
	handle(&msg);
}

static void
warden_ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	int i;

	(void)io;
	if (events & EPOLLOUT && chan_flush(&checkerd.warden) == -1)
		checkerd_end(0);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	for (i = 0; i < MESSAGES_AT_ONCE; i++)
		switch (chan_recv(&checkerd.warden, &msg)) {
		case 0:
			return;
		case -1:
			checkerd_end(0);
		default:
			handle(&msg);
		}
}

void
warden_watch(void)
{
	if (loop_io_add(&checkerd.warden.io, checkerd.warden.fd, EPOLLIN,
	    warden_ready, NULL) == -1)
		fatal("epoll_ctl");
}

void
warden_tell(enum msg_type type, const void *body, const void *tail,
    size_t len)
{
	if (chan_send(&checkerd.warden, type, body, tail, len, -1) == -1)
		checkerd_end(0);
}

static const char *
on_check_start(const struct msg_check_start *m, const struct msg *msg)
{
	(void)msg;
	if (m->limits.max_checkers == 0)
		return "no checker may run";
	checkerd.limits = m->limits;
	checkerd.log_level = (int)m->log_level;
	checkerd.debug = m->debug != 0;
	checkerd.warden.phase = PHASE_RUN;
	return NULL;
}

static const char *
on_check(const struct msg_check *m, const struct msg *msg)
{
	struct check_client *c;

	c = client_put(&m->f, msg->tail, msg->tail_len);
	if (c == NULL)
		return "not a client";
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
