/* SPDX-License-Identifier: ISC */
/*
 * Several watches for one descriptor, as libdbus and Avahi have them, on a
 * loop that takes each descriptor once.  Run by busd, mandos-client and
 * mandos-monitor.  A callback may free any watch, and a descriptor's number may
 * come back before it has returned.
 */
#include "watch.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <stddef.h>
#include <stdlib.h>

#include "log.h"
#include "loop.h"

struct watched;

struct watch {
	LIST_ENTRY(watch) entry;
	struct watched *of;
	uint32_t events;
	void (*cb)(void *, uint32_t);	/* NULL: freed in a callback */
	void *arg;
};

/* A descriptor with all its watches. */
struct watched {
	LIST_ENTRY(watched) entry;
	LIST_HEAD(, watch) watches;
	struct loop_io io;
	int fd;			/* -1: none of the watches is alive */
	int is_served;		/* its callbacks are being called */
};

static LIST_HEAD(, watched) all = LIST_HEAD_INITIALIZER(all);

static uint32_t
wanted(const struct watched *d)
{
	const struct watch *w;
	uint32_t events = 0;

	LIST_FOREACH(w, &d->watches, entry)
		if (w->cb != NULL)
			events |= w->events;
	return events;
}

/* Drop what has been freed. */
static void
sweep(struct watched *d)
{
	struct watch *w, *next;

	LIST_FOREACH_SAFE(w, &d->watches, entry, next)
		if (w->cb == NULL) {
			LIST_REMOVE(w, entry);
			free(w);
		}
	if (LIST_EMPTY(&d->watches)) {
		LIST_REMOVE(d, entry);
		free(d);
	}
}

static void
ready(struct loop_io *io, uint32_t events)
{
	struct watched *d = io->arg;
	struct watch *w;
	uint32_t some;

	d->is_served = 1;
	/* What is new is put in front, where it is not seen. */
	LIST_FOREACH(w, &d->watches, entry) {
		some = events & (w->events | EPOLLERR | EPOLLHUP);
		if (w->cb != NULL && w->events != 0 && some != 0)
			w->cb(w->arg, some);
	}
	d->is_served = 0;
	sweep(d);
}

/* Have the loop wait for what is wanted.  Returns 0, or -1 with errno. */
static int
adjust(struct watched *d)
{
	uint32_t events = wanted(d);

	if (events == 0) {
		loop_io_del(&d->io);
		return 0;
	}
	if (d->io.fd == -1)
		return loop_io_add(&d->io, d->fd, events, ready, d);
	loop_io_mod(&d->io, events);
	return 0;
}

static struct watched *
find(int fd)
{
	struct watched *d;

	LIST_FOREACH(d, &all, entry)
		if (d->fd == fd)
			return d;
	if ((d = calloc(1, sizeof *d)) == NULL)
		return NULL;
	d->fd = fd;
	d->io.fd = -1;
	LIST_INIT(&d->watches);
	LIST_INSERT_HEAD(&all, d, entry);
	return d;
}

struct watch *
watch_new(int fd, uint32_t events, void (*cb)(void *, uint32_t), void *arg)
{
	struct watched *d;
	struct watch *w;

	if ((w = calloc(1, sizeof *w)) == NULL)
		return NULL;
	if ((d = find(fd)) == NULL) {
		free(w);
		return NULL;
	}
	w->of = d;
	w->events = events;
	w->cb = cb;
	w->arg = arg;
	LIST_INSERT_HEAD(&d->watches, w, entry);
	if (adjust(d) == -1) {
		watch_free(w);
		return NULL;
	}
	return w;
}

void
watch_set(struct watch *w, uint32_t events)
{
	w->events = events;
	if (adjust(w->of) == -1)
		fatal("epoll_ctl");
}

static int
is_alive(const struct watched *d)
{
	const struct watch *w;

	LIST_FOREACH(w, &d->watches, entry)
		if (w->cb != NULL)
			return 1;
	return 0;
}

void
watch_free(struct watch *w)
{
	struct watched *d;

	if (w == NULL)
		return;
	d = w->of;
	w->cb = NULL;
	if (adjust(d) == -1)
		fatal("epoll_ctl");
	/* Its number may be another descriptor's as soon as it is closed. */
	if (!is_alive(d))
		d->fd = -1;
	if (!d->is_served)
		sweep(d);
}
