/* SPDX-License-Identifier: ISC */
/*
 * A worker's channel to the process that it works for: netd's to the monitor,
 * checkerd's and busd's to the warden.  That one is trusted, but a message
 * from it that breaks the table means that one of the two is broken: the worker
 * ends, and is started afresh.
 */
#ifndef ORDERS_H
#define ORDERS_H

#include "msg.h"

struct orders {
	struct chan chan;	/* as child_adopt() makes it */
	const char *from;	/* who that is, for log lines */
	/*
	 * dispatch(msg): give a message that has been checked to its handler.
	 * Returns NULL, or what is wrong with it.
	 */
	const char *(*dispatch)(struct msg *);
	/* end(status): end with it. */
	void (*end)(int) __attribute__((noreturn));
	void (*after)(void);	/* when some have been handled; or NULL */
};

/*
 * orders_await(orders, type): receive one message, which must be of this type,
 * while the worker starts.  orders_watch(orders): receive them in the loop from
 * here on.  The worker ends, with status 0, when the channel does.
 */
void orders_await(struct orders *, enum msg_type);
void orders_watch(struct orders *);

/*
 * orders_tell(orders, type, body, tail, len, fd): send as chan_send does; the
 * worker ends if nobody is there, or, with a message and status 1, if nobody
 * has read what it has said for long.
 */
void orders_tell(struct orders *, enum msg_type, const void *, const void *,
    size_t, int);

#endif
