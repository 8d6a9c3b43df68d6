/* SPDX-License-Identifier: ISC */
/*
 * A worker's channel to the process that it works for.  Run by netd, checkerd
 * and busd.
 */
#include "orders.h"

#include <sys/types.h>

#include <errno.h>

#include "log.h"

#define MESSAGES_AT_ONCE 32	/* before others have their turn */

static void
handle(struct orders *o, struct msg *msg)
{
	const char *flaw;

	if ((flaw = msg_check(&o->chan, msg)) == NULL)
		flaw = o->dispatch(msg);
	if (flaw != NULL) {
		log_errx("message %s of %s: %s", msg_name(msg->type), o->from,
		    flaw);
		o->end(1);
	}
	msg_free(msg);
}

void
orders_await(struct orders *o, enum msg_type type)
{
	struct msg msg;

	if (chan_recv_wait(&o->chan, &msg, -1) != 1)
		o->end(0);
	if (msg.type != (uint32_t)type)
		fatalx("message %s of %s: %s is due", msg_name(msg.type),
		    o->from, msg_name(type));
	handle(o, &msg);
}

static void
ready(struct loop_io *io, uint32_t events)
{
	struct orders *o = io->arg;
	struct msg msg;
	int i, rc = 1;

	if (events & EPOLLOUT && chan_flush(&o->chan) == -1)
		o->end(0);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	for (i = 0; i < MESSAGES_AT_ONCE && rc == 1; i++)
		if ((rc = chan_recv(&o->chan, &msg)) == 1)
			handle(o, &msg);
	if (rc == -1)
		o->end(0);
	if (o->after != NULL)
		o->after();
}

void
orders_watch(struct orders *o)
{
	if (loop_io_add(&o->chan.io, o->chan.fd, EPOLLIN, ready, o) == -1)
		fatal("epoll_ctl");
}

void
orders_tell(struct orders *o, enum msg_type type, const void *body,
    const void *tail, size_t len, int fd)
{
	if (chan_send(&o->chan, type, body, tail, len, fd) == 0)
		return;
	if (errno != ENOBUFS)
		o->end(0);
	log_errx("%s leaves its messages unread", o->from);
	o->end(1);
}
