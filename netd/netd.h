/* SPDX-License-Identifier: ISC */
/*
 * netd: accepts connections and gives each a process of its own.
 */
#ifndef NETD_H
#define NETD_H

#include <sys/types.h>

#include <stdint.h>

#include "limit.h"
#include "msg.h"
#include "orders.h"
#include "queue.h"
#include "sandbox.h"
#include "wire.h"

/* What the whole of netd works with; it is set up once, by main(). */
struct netd {
	struct orders monitor;
	struct limits limits;
	uint32_t held_max;		/* connections without a session */
	struct limit_table penalties;
	struct queue queue;
};

extern struct netd netd;

/* How a session ends, as its exit status tells. */
enum session_exit {
	SESSION_OVER = 0,	/* it has done all there was to do */
	SESSION_GONE = 10,	/* the peer went away before */
	SESSION_GARBAGE		/* the peer does not speak our protocols */
};

/* listen.c */

/* listen_start(fd): accept connections from here on. */
void listen_start(int);

/* listen_more(): something has ended; there may be room for more. */
void listen_more(void);

/* pool.c */

/*
 * pool_start(filter): prepare for the first sessions, each of which is to
 * enter ${filter}.
 */
void pool_start(const struct sandbox_filter *);

/*
 * pool_offer(conn): this connection has something to say: it gets a session,
 * or waits for one.
 */
void pool_offer(struct conn *);

/* pool_work(): fork sessions for waiting connections, and prepare others. */
void pool_work(void);

/* pool_busy(): sessions at work. */
uint32_t pool_busy(void);

/* pool_reap(): hear of sessions that have ended. */
void pool_reap(void);

/*
 * pool_wait(number, ms), pool_verdict(number, verdict): what the monitor has
 * said of a session.  They return NULL, or why it cannot have meant that.
 */
const char *pool_wait(uint64_t, uint64_t);
const char *pool_verdict(uint64_t, enum verdict);

/* netd_end(status): kill the sessions and end. */
void netd_end(int) __attribute__((noreturn));

/* on_monitor.c */

/* What the handlers have received while netd starts. */
struct boot {
	uint32_t log_level;
	char *priority;
	int listener;
};

extern struct boot boot;

/* session.c */

/*
 * session_run(monitor, conn): the life of a session process, from its nonce
 * to its end, with its channel to the monitor; the connection, as which
 * ${conn} was accepted, is descriptor 0.
 */
void session_run(struct chan *, const struct conn *) __attribute__((noreturn));

/*
 * session_first_line(wire): receive and judge the first line; what is behind
 * it stays in ${wire}.  Returns 0, or the SESSION_* to end with.
 */
int session_first_line(struct wire *);

#endif
