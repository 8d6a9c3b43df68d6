/* SPDX-License-Identifier: ISC */
/*
 * Who is served next.  Data structures only, no I/O.  Runs in netd; the work
 * per connection must not grow with the number that wait.
 */
#include "queue.h"

#include <stdlib.h>

static int
source_cmp(struct source *a, struct source *b)
{
	return limit_key_cmp(&a->key, &b->key);
}

static int
turn_cmp(struct source *a, struct source *b)
{
	if (a->working != b->working)
		return a->working < b->working ? -1 : 1;
	return a->turn < b->turn ? -1 : a->turn > b->turn;
}

RB_GENERATE_INTERNAL(source_tree, source, tree, source_cmp,
    __attribute__((unused)) static)
RB_GENERATE_INTERNAL(turn_tree, source, by_turn, turn_cmp,
    __attribute__((unused)) static)

void
queue_init(struct queue *queue, size_t per_source)
{
	RB_INIT(&queue->sources);
	RB_INIT(&queue->turns);
	queue->turns_given = 0;
	queue->per_source = per_source;
	queue->len = 0;
}

struct source *
queue_source(struct queue *queue, const struct limit_key *key)
{
	struct source *source, want = { .key = *key };

	source = RB_FIND(source_tree, &queue->sources, &want);
	if (source == NULL) {
		if ((source = calloc(1, sizeof *source)) == NULL)
			return NULL;
		source->key = *key;
		TAILQ_INIT(&source->waiting);
		TAILQ_INIT(&source->overdue);
		RB_INSERT(source_tree, &queue->sources, source);
	}
	source->users++;
	return source;
}

void
queue_release(struct queue *queue, struct source *source)
{
	if (--source->users > 0)
		return;
	RB_REMOVE(source_tree, &queue->sources, source);
	free(source);
}

/* Before its numbers change, the source leaves the line ... */
static void
leave(struct queue *queue, struct source *source)
{
	if (source->in_turn)
		RB_REMOVE(turn_tree, &queue->turns, source);
	source->in_turn = 0;
}

/* ... and takes its place again, if it has one. */
static void
join(struct queue *queue, struct source *source)
{
	if (source->waiting_len == 0 || source->working >= queue->per_source)
		return;
	RB_INSERT(turn_tree, &queue->turns, source);
	source->in_turn = 1;
}

void
queue_put(struct queue *queue, struct conn *conn)
{
	struct source *source = conn->source;

	leave(queue, source);
	if (source->waiting_len == 0)
		source->turn = queue->turns_given++;
	TAILQ_INSERT_TAIL(&source->waiting, conn, entry);
	source->waiting_len++;
	queue->len++;
	join(queue, source);
}

struct conn *
queue_next(struct queue *queue)
{
	struct source *source = RB_MIN(turn_tree, &queue->turns);

	return source == NULL ? NULL : TAILQ_FIRST(&source->waiting);
}

struct conn *
queue_take(struct queue *queue)
{
	struct conn *conn = queue_next(queue);
	struct source *source = conn->source;

	leave(queue, source);
	TAILQ_REMOVE(&source->waiting, conn, entry);
	source->waiting_len--;
	queue->len--;
	source->working++;
	source->turn = queue->turns_given++;
	join(queue, source);
	return conn;
}

void
queue_done(struct queue *queue, struct source *source)
{
	leave(queue, source);
	source->working--;
	join(queue, source);
}
