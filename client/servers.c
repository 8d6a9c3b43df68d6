/* SPDX-License-Identifier: ISC */
/*
 * The servers that are known, and when each is tried.  Run by net.  They are
 * tried side by side, each for itself: one that is silent delays no other.
 */
#include "net.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define SERVERS_MAX 512	/* known; whoever likes can announce some */
#define ATTEMPTS_MAX 64	/* at once */

/* The same server by another address: not at the very same time. */
#define STAGGER_MS 300
#define HURRY_MS 250		/* an address takes a second or two, */
#define HURRIES_MAX 16		/* a router's advertisement some more */
#define GRACE_MS 60000

TAILQ_HEAD(servers, server);
static struct servers servers = TAILQ_HEAD_INITIALIZER(servers);
static size_t known;
static uint64_t interval_ms;
static void (*forget)(struct server *);

void
servers_init(uint64_t retry_ms)
{
	interval_ms = retry_ms;
}

void
servers_set_forget(void (*cb)(struct server *))
{
	forget = cb;
}

static void
drop(struct server *s)
{
	if (forget != NULL)
		forget(s);
	fetch_drop(s);
	loop_timer_del(&s->timer);
	TAILQ_REMOVE(&servers, s, entry);
	known--;
	free(s->name);
	free(s);
}

/* Would an attempt only double one that may well succeed? */
static int
is_doubling(const struct server *s)
{
	const struct server *other;

	if (s->name == NULL)
		return 0;
	TAILQ_FOREACH(other, &servers, entry)
		if (other != s && other->name != NULL &&
		    strcmp(other->name, s->name) == 0 &&
		    other->attempt != NULL && fetch_is_young(other))
			return 1;
	return 0;
}

/* Make room: of the attempts, the one that has gone on longest. */
static void
limit_attempts(void)
{
	struct server *s, *oldest = NULL;
	size_t count = 0;

	TAILQ_FOREACH(s, &servers, entry) {
		if (s->attempt == NULL)
			continue;
		count++;
		if (oldest == NULL || s->tried_ms < oldest->tried_ms)
			oldest = s;
	}
	if (count >= ATTEMPTS_MAX) {
		log_debug("Too many attempts at once: one is given up");
		fetch_drop(oldest);
		servers_over(oldest, OVER_FAILED);
	}
}

static void
is_due(struct loop_timer *timer)
{
	struct server *s = timer->arg;

	if (s->is_gone) {
		drop(s);
		return;
	}
	if (is_doubling(s)) {
		loop_timer_set(&s->timer, STAGGER_MS);
		return;
	}
	limit_attempts();
	s->tried_ms = loop_now();
	fetch_start(s);
}

/* Room for another: of those that have failed, the one known longest. */
static int
make_room(void)
{
	struct server *s;

	if (known < SERVERS_MAX)
		return 0;
	TAILQ_FOREACH(s, &servers, entry)
		if (s->name != NULL && s->attempt == NULL && s->failures > 0) {
			drop(s);
			return 0;
		}
	return -1;
}

struct server *
servers_add(const char *name, const struct address *address, uint32_t ifindex)
{
	struct server *s;

	if (make_room() == -1 || (s = calloc(1, sizeof *s)) == NULL) {
		log_warnx("Too many servers: one is not tried");
		return NULL;
	}
	if (name != NULL && (s->name = strdup(name)) == NULL) {
		free(s);
		return NULL;
	}
	s->address = *address;
	s->ifindex = ifindex;
	loop_timer_init(&s->timer, is_due, s);
	TAILQ_INSERT_TAIL(&servers, s, entry);
	known++;
	loop_timer_set(&s->timer, 0);
	return s;
}

void
servers_move(struct server *s, const struct address *address)
{
	if (s->address.len == address->len &&
	    memcmp(&s->address.sa, &address->sa, address->len) == 0)
		return;
	s->address = *address;
	/* An attempt at the old one goes on: it may be the right one. */
	if (s->attempt == NULL)
		loop_timer_set(&s->timer, 0);
}

void
servers_gone(struct server *s)
{
	s->is_gone = 1;
	if (s->attempt == NULL)
		loop_timer_set(&s->timer, GRACE_MS);
}

void
servers_back(struct server *s)
{
	s->is_gone = 0;
	if (s->attempt == NULL)
		loop_timer_set(&s->timer, 0);
}

int
servers_may_hurry(const struct server *s)
{
	return s->failures == 0 && s->hurries < HURRIES_MAX;
}

void
servers_over(struct server *s, enum over how)
{
	uint64_t spent = (uint64_t)(loop_now() - s->tried_ms);

	if (how == OVER_TOO_EARLY) {
		s->hurries++;
		loop_timer_set(&s->timer, HURRY_MS);
		return;
	}
	if (how != OVER_FETCHED)
		s->failures++;
	if (s->is_gone)
		loop_timer_set(&s->timer, GRACE_MS);
	else
		loop_timer_set(&s->timer, spent < interval_ms ?
		    interval_ms - spent : HURRY_MS);
}
