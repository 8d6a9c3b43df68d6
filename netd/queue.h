/* SPDX-License-Identifier: ISC */
/*
 * Connections that wait for a session, by source: first come, first served
 * within a source; of the sources, who has the fewest sessions at work, and of
 * those each in turn.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "limit.h"
#include "loop.h"

struct session;
struct source;

TAILQ_HEAD(conn_list, conn);
TAILQ_HEAD(session_list, session);
RB_HEAD(source_tree, source);
RB_HEAD(turn_tree, source);

/* An accepted connection without a session. */
struct conn {
	TAILQ_ENTRY(conn) entry;	/* silent, or waiting at its source */
	struct source *source;
	int fd;				/* owned */
	uint16_t port;
	uint32_t scope_id;
	uint8_t address[16];
	int64_t since_ms;
	struct loop_io io;		/* while it is silent */
	struct loop_timer timer;
};

/* Who has connections or sessions here at the moment. */
struct source {
	RB_ENTRY(source) tree;
	struct limit_key key;
	size_t users;			/* its connections and sessions */
	size_t working;			/* its sessions */
	size_t overdue_len;
	struct session_list overdue;	/* those that may be killed */
	RB_ENTRY(source) by_overdue;	/* of pool.c, if there are any */
	size_t waiting_len;
	struct conn_list waiting;	/* have said something */
	RB_ENTRY(source) by_turn;	/* if it waits below its ceiling */
	uint64_t turn;
	int in_turn;
};

struct queue {
	struct source_tree sources;
	struct turn_tree turns;
	uint64_t turns_given;
	size_t per_source;		/* ceiling of working */
	size_t len;			/* waiting connections of all sources */
};

void queue_init(struct queue *, size_t);

/*
 * queue_source(queue, key): the source, made if it was not known.  Each call
 * is one user more until queue_release.  Returns NULL without memory.
 */
struct source *queue_source(struct queue *, const struct limit_key *);
void queue_release(struct queue *, struct source *);

/* queue_put(queue, conn): have ${conn} wait. */
void queue_put(struct queue *, struct conn *);

/* queue_next(queue): who is to be served next, or NULL. */
struct conn *queue_next(struct queue *);

/*
 * queue_take(queue): remove queue_next from the queue: it gets a session,
 * which counts as working until queue_done(queue, source).
 */
struct conn *queue_take(struct queue *);
void queue_done(struct queue *, struct source *);

#endif
