/* SPDX-License-Identifier: ISC */
/*
 * The event loop of every long-running process: descriptors by level-
 * triggered epoll(7), timers on CLOCK_BOOTTIME ordered by deadline, signals
 * by signalfd(2).  One loop per process, no threads; callbacks never block
 * and never call the loop.
 */
#ifndef LOOP_H
#define LOOP_H

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/tree.h>

#include <stdint.h>

/* A watched descriptor, inside the object that owns the descriptor. */
struct loop_io {
	int fd;			/* -1 while it is not watched */
	uint32_t events;	/* EPOLLIN, EPOLLOUT; EPOLLHUP always comes */
	void (*cb)(struct loop_io *, uint32_t);
	void *arg;
};

/* A timer, inside the object it is for. */
struct loop_timer {
	RB_ENTRY(loop_timer) entry;
	int64_t due_ms;		/* loop_now() time; -1 while it is not set */
	void (*cb)(struct loop_timer *);
	void *arg;
};

/*
 * loop_init(): make the loop, and have SIGPIPE ignored.  Fatal if the kernel
 * refuses.
 */
void loop_init(void);

/*
 * loop_signals(list, cb): block the signals in the zero-terminated ${list}
 * and have ${cb} called with each that arrives.  Once per process.  Fatal if
 * the kernel refuses.
 */
void loop_signals(const int *, void (*)(int));

/*
 * loop_io_add(io, fd, events, cb, arg): have ${cb} called when ${fd} is ready
 * for one of ${events} or hung up.  ${io} belongs to the loop until
 * loop_io_del; the descriptor stays the caller's.  Returns 0, or -1 with
 * errno from epoll_ctl(2).
 */
int loop_io_add(struct loop_io *, int, uint32_t,
    void (*)(struct loop_io *, uint32_t), void *);

/* loop_io_mod(io, events): wait for other events.  Fatal on refusal. */
void loop_io_mod(struct loop_io *, uint32_t);

/*
 * loop_io_del(io): watch it no more, before its descriptor is closed.  An
 * event that the loop has already fetched for it is forgotten as well.
 * Harmless if it is not watched.
 */
void loop_io_del(struct loop_io *);

/* loop_timer_init(timer, cb, arg): make it ready for loop_timer_set. */
void loop_timer_init(struct loop_timer *, void (*)(struct loop_timer *),
    void *);

/*
 * loop_timer_set(timer, ms): call its callback once, ${ms} milliseconds from
 * now, 0 being taken as 1; an earlier setting is replaced.  More than some 292
 * million years is taken as that.
 */
void loop_timer_set(struct loop_timer *, uint64_t);

/* loop_timer_del(timer): not any more.  Harmless if it is not set. */
void loop_timer_del(struct loop_timer *);

/* loop_now(): milliseconds on CLOCK_BOOTTIME. */
int64_t loop_now(void);

/* loop_run(): serve until loop_stop().  loop_stop(): end after this round. */
void loop_run(void);
void loop_stop(void);

#endif
