/* SPDX-License-Identifier: ISC */
/*
 * The event loop of the long-running processes.
 */
#include "loop.h"

#include <sys/types.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/tree.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define BATCH 64	/* events fetched in one call */

RB_HEAD(timers, loop_timer);

static int loop_fd = -1;
static int loop_stopped;
static struct epoll_event loop_batch[BATCH];
static int loop_fetched;	/* events in the batch */
static int loop_at;		/* the one being served */
static struct timers loop_timers = RB_INITIALIZER(&loop_timers);
static struct loop_io loop_signal_io = { .fd = -1 };
static struct loop_io loop_alarm = { .fd = -1 };
static int64_t loop_alarm_ms;	/* when it is to ring; 0: never */
static void (*loop_signal_cb)(int);

/* By deadline; by address where two are due at once. */
static int
timer_cmp(struct loop_timer *a, struct loop_timer *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_GENERATE_INTERNAL(timers, loop_timer, entry, timer_cmp,
    __attribute__((unused)) static)

/* It has done its work when the loop is awake. */
static void
alarm_rang(struct loop_io *io, uint32_t events)
{
	(void)io;
	(void)events;
}

void
loop_init(void)
{
	int fd;

	/* Whoever reads the log or a channel may go away: that is an error. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		fatal("signal");
	if ((loop_fd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		fatal("epoll_create1");
	if ((fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC)) == -1 ||
	    loop_io_add(&loop_alarm, fd, EPOLLIN, alarm_rang, NULL) == -1)
		fatal("timerfd_create");
}

static void
signal_ready(struct loop_io *io, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(io->fd, &info, sizeof info) == (ssize_t)sizeof info)
		loop_signal_cb((int)info.ssi_signo);
	if (errno != EAGAIN && errno != EINTR)
		fatal("signalfd");
}

void
loop_signals(const int *list, void (*cb)(int))
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (; *list != 0; list++)
		sigaddset(&set, *list);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		fatal("signalfd");
	loop_signal_cb = cb;
	if (loop_io_add(&loop_signal_io, fd, EPOLLIN, signal_ready, NULL) == -1)
		fatal("epoll_ctl");
}

int
loop_io_add(struct loop_io *io, int fd, uint32_t events,
    void (*cb)(struct loop_io *, uint32_t), void *arg)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = io } };

	if (epoll_ctl(loop_fd, EPOLL_CTL_ADD, fd, &ev) == -1)
		return -1;
	io->fd = fd;
	io->events = events;
	io->cb = cb;
	io->arg = arg;
	return 0;
}

void
loop_io_mod(struct loop_io *io, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = io } };

	if (io->events == events)
		return;
	if (epoll_ctl(loop_fd, EPOLL_CTL_MOD, io->fd, &ev) == -1)
		fatal("epoll_ctl");
	io->events = events;
}

void
loop_io_del(struct loop_io *io)
{
	int i;

	if (io->fd == -1)
		return;
	if (epoll_ctl(loop_fd, EPOLL_CTL_DEL, io->fd, NULL) == -1)
		fatal("epoll_ctl");
	io->fd = -1;
	/* Its owner may free it: what was fetched for it must not be served. */
	for (i = loop_at; i < loop_fetched; i++)
		if (loop_batch[i].data.ptr == io)
			loop_batch[i].data.ptr = NULL;
}

void
loop_timer_init(struct loop_timer *timer, void (*cb)(struct loop_timer *),
    void *arg)
{
	timer->due_ms = -1;
	timer->cb = cb;
	timer->arg = arg;
}

void
loop_timer_set(struct loop_timer *timer, uint64_t ms)
{
	int64_t now = loop_now();

	loop_timer_del(timer);
	/* At least one: a callback that sets its timer anew cannot spin. */
	if (ms == 0)
		ms = 1;
	if (ms > (uint64_t)(INT64_MAX - now))
		ms = (uint64_t)(INT64_MAX - now);
	timer->due_ms = now + (int64_t)ms;
	RB_INSERT(timers, &loop_timers, timer);
}

void
loop_timer_del(struct loop_timer *timer)
{
	if (timer->due_ms == -1)
		return;
	RB_REMOVE(timers, &loop_timers, timer);
	timer->due_ms = -1;
}

int64_t
loop_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) == -1)
		fatal("clock_gettime");
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
serve_timers(void)
{
	struct loop_timer *timer;
	int64_t now;

	if (RB_EMPTY(&loop_timers))
		return;
	now = loop_now();
	while ((timer = RB_MIN(timers, &loop_timers)) != NULL &&
	    timer->due_ms <= now && !loop_stopped) {
		loop_timer_del(timer);
		timer->cb(timer);
	}
}

/*
 * Have the alarm ring when the first timer is due.  The timeout of
 * epoll_wait(2) would stand still while the machine sleeps.
 */
static void
set_alarm(void)
{
	struct loop_timer *timer = RB_MIN(timers, &loop_timers);
	struct itimerspec spec = { .it_value = { 0 } };
	int64_t due = timer == NULL ? 0 : timer->due_ms;

	/* It is set to that already. */
	if (due == loop_alarm_ms)
		return;
	spec.it_value.tv_sec = due / 1000;
	spec.it_value.tv_nsec = due % 1000 * 1000000;
	if (timerfd_settime(loop_alarm.fd, TFD_TIMER_ABSTIME, &spec, NULL) ==
	    -1)
		fatal("timerfd_settime");
	loop_alarm_ms = due;
}

void
loop_run(void)
{
	struct loop_io *io;
	int n;

	while (!loop_stopped) {
		set_alarm();
		n = epoll_wait(loop_fd, loop_batch, BATCH, -1);
		if (n == -1 && errno != EINTR)
			fatal("epoll_wait");
		loop_fetched = n == -1 ? 0 : n;
		loop_at = 0;
		/* What is over was so before anything that is heard now. */
		serve_timers();
		for (; loop_at < loop_fetched && !loop_stopped;
		    loop_at++) {
			io = loop_batch[loop_at].data.ptr;
			if (io != NULL)
				io->cb(io, loop_batch[loop_at].events);
		}
		loop_fetched = 0;
	}
}

void
loop_stop(void)
{
	loop_stopped = 1;
}
