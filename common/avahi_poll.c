/* SPDX-License-Identifier: ISC */
/*
 * Avahi on our loop: its watches and its timeouts, which it may change and
 * free in every callback.  Run by busd's process for Zeroconf and by
 * mandos-client.
 */
#include "avahi_poll.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <avahi-common/timeval.h>

#include "loop.h"
#include "watch.h"

struct AvahiWatch {
	struct watch *watch;
	int fd;
	AvahiWatchEvent happened;	/* while its callback is called */
	AvahiWatchCallback cb;
	void *arg;
};

struct AvahiTimeout {
	struct loop_timer timer;
	AvahiTimeoutCallback cb;
	void *arg;
};

/* Errors are always told, to either side. */
static uint32_t
to_epoll(AvahiWatchEvent events)
{
	return (events & AVAHI_WATCH_IN ? (uint32_t)EPOLLIN : 0) |
	    (events & AVAHI_WATCH_OUT ? (uint32_t)EPOLLOUT : 0);
}

static void
watch_ready(void *arg, uint32_t events)
{
	AvahiWatch *w = arg;
	unsigned int happened = 0;

	if (events & EPOLLIN)
		happened |= AVAHI_WATCH_IN;
	if (events & EPOLLOUT)
		happened |= AVAHI_WATCH_OUT;
	if (events & EPOLLERR)
		happened |= AVAHI_WATCH_ERR;
	if (events & EPOLLHUP)
		happened |= AVAHI_WATCH_HUP;
	w->happened = (AvahiWatchEvent)happened;
	/* It may be free when this returns. */
	w->cb(w, w->fd, w->happened, w->arg);
}

static AvahiWatch *
new_watch(const AvahiPoll *api, int fd, AvahiWatchEvent events,
    AvahiWatchCallback cb, void *arg)
{
	AvahiWatch *w = calloc(1, sizeof *w);

	(void)api;
	if (w == NULL)
		return NULL;
	w->fd = fd;
	w->cb = cb;
	w->arg = arg;
	if ((w->watch = watch_new(fd, to_epoll(events), watch_ready,
	    w)) == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

static void
update_watch(AvahiWatch *w, AvahiWatchEvent events)
{
	watch_set(w->watch, to_epoll(events));
}

static AvahiWatchEvent
watch_events(AvahiWatch *w)
{
	return w->happened;
}

static void
free_watch(AvahiWatch *w)
{
	watch_free(w->watch);
	free(w);
}

static void
timeout_due(struct loop_timer *timer)
{
	AvahiTimeout *t = timer->arg;

	/* It may be free when this returns. */
	t->cb(t, t->arg);
}

/* What is given is a time of the wall clock. */
static void
update_timeout(AvahiTimeout *t, const struct timeval *tv)
{
	AvahiUsec left;

	if (tv == NULL) {
		loop_timer_del(&t->timer);
		return;
	}
	left = -avahi_age(tv);
	loop_timer_set(&t->timer,
	    left <= 0 ? 0 : (uint64_t)(left + 999) / 1000);
}

static AvahiTimeout *
new_timeout(const AvahiPoll *api, const struct timeval *tv,
    AvahiTimeoutCallback cb, void *arg)
{
	AvahiTimeout *t = calloc(1, sizeof *t);

	(void)api;
	if (t == NULL)
		return NULL;
	t->cb = cb;
	t->arg = arg;
	loop_timer_init(&t->timer, timeout_due, t);
	update_timeout(t, tv);
	return t;
}

static void
free_timeout(AvahiTimeout *t)
{
	loop_timer_del(&t->timer);
	free(t);
}

const AvahiPoll avahi_poll = {
	.watch_new = new_watch,
	.watch_update = update_watch,
	.watch_get_events = watch_events,
	.watch_free = free_watch,
	.timeout_new = new_timeout,
	.timeout_update = update_timeout,
	.timeout_free = free_timeout,
};
