/* SPDX-License-Identifier: ISC */
/*
 * Watches of libraries that bring a poll interface of their own: several may
 * be for one descriptor, which the loop knows only once.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdint.h>

struct watch;

/*
 * watch_new(fd, events, cb, arg): have ${cb} called in the loop, with ${arg},
 * when ${fd} is ready for one of ${events}, EPOLLIN and EPOLLOUT, or has hung
 * up; never while ${events} is 0.  The descriptor stays the caller's and is
 * not closed before watch_free.  Returns NULL, with errno, if that cannot be.
 */
struct watch *watch_new(int, uint32_t, void (*)(void *, uint32_t), void *);

/* watch_set(watch, events): wait for these from here on. */
void watch_set(struct watch *, uint32_t);

/* watch_free(watch): forget it; harmless in a callback, and on NULL. */
void watch_free(struct watch *);

#endif
