/* SPDX-License-Identifier: ISC */
/*
 * A client's life: what happens to it, and what follows from that.
 *
 * Whatever an administrator or the clock has decided is saved before anybody
 * is told (an urgent SAVE); but a decision against a client holds at once.
 * Windows run on the clock of the loop, CLOCK_BOOTTIME; the wall clock is for
 * people, and for a restart.
 */
#include "warden.h"

#include <sys/types.h>
#include <sys/random.h>

#include <time.h>

#include "log.h"

/* Two looks at two clocks are never quite at the same time. */
#define CLOCK_ERROR_US 1000000

static int is_failing;		/* the last word of the disk was an error */
static int64_t clock_offset_us;	/* the wall clock's to ours */

static TAILQ_HEAD(, client) unsaved = TAILQ_HEAD_INITIALIZER(unsaved);

static int64_t
wall_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		fatal("clock_gettime");
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* A random number of milliseconds from 0 to ${most}. */
static uint64_t
random_ms(uint64_t most)
{
	uint64_t n;

	/* Uneven by less than one in 2^40 for a window of half a year. */
	if (getrandom(&n, sizeof n, 0) != sizeof n)
		fatal("getrandom");
	return most == UINT64_MAX ? n : n % (most + 1);
}

static int
is_enabled(const struct client *c)
{
	return (c->f.flags & CLIENT_ENABLED) != 0;
}

/* Milliseconds until it expires. */
static uint64_t
left_ms(const struct client *c)
{
	int64_t now = loop_now();

	return c->expiry.due_ms > now ? (uint64_t)(c->expiry.due_ms - now) : 0;
}

/* What the wall clock shows in ${ms}. */
static int64_t
wall_in(uint64_t ms)
{
	int64_t now = wall_us();

	return ms > (uint64_t)(INT64_MAX - now) / 1000 ? INT64_MAX :
	    now + (int64_t)ms * 1000;
}

/* It expires in ${ms}; without meaning while it is disabled. */
static void
set_window(struct client *c, uint64_t ms)
{
	if (!is_enabled(c))
		return;
	loop_timer_set(&c->expiry, ms);
	c->f.expires_us = wall_in(ms);
}

/*
 * The wall clock may have been set since the window was: what it will show at
 * the end is another time then.  Returns whether that was so.
 */
static int
follow_clock(struct client *c)
{
	int64_t expires, error;

	if (!is_enabled(c))
		return 0;
	expires = wall_in(left_ms(c));
	error = expires - c->f.expires_us;
	if (error > -CLOCK_ERROR_US && error < CLOCK_ERROR_US)
		return 0;
	c->f.expires_us = expires;
	return 1;
}

/* When it is ${ms} later than at this moment. */
static int64_t
due_in(uint64_t ms)
{
	int64_t now = loop_now();

	return ms > (uint64_t)(INT64_MAX - now) ? INT64_MAX :
	    now + (int64_t)ms;
}

/* Tell those who have to know, but not of a decision that is not on disk. */
static void
announce(struct client *c)
{
	uint32_t orders = c->orders;

	if (c->unsaved != 0)
		return;
	/* Who wants a check gets it, from the next checkerd if there is none. */
	c->orders = checkerd_is_there() ? 0 : orders & CHECK_NOW;
	/* One that has begun meanwhile ends by that, and nobody reports it. */
	if (orders & (CHECK_CEASE | CHECK_ABANDON)) {
		c->f.flags &= ~CLIENT_CHECKER_RUNNING;
		c->stops++;
	}
	monitor_gate(c);
	busd_tell(c);
	checkerd_tell(c, orders);
}

/* One that does not read is not told everything twice. */
static void
save_soon(struct client *c)
{
	if (state_is_behind())
		c->unsent = 1;
	else
		state_save(c, 0, 0);
}

/*
 * If the wall clock was set, all times of expiry are those of the old clock;
 * and after a crash nobody would know.
 */
static void
check_clock(void)
{
	int64_t offset = wall_us() - loop_now() * 1000;
	struct client *c;

	if (offset > clock_offset_us - CLOCK_ERROR_US &&
	    offset < clock_offset_us + CLOCK_ERROR_US)
		return;
	clock_offset_us = offset;
	for (c = client_next(NULL); c != NULL; c = client_next(c))
		if (follow_clock(c)) {
			save_soon(c);
			if (c->unsaved == 0)
				busd_tell(c);
			if (c->unsaved == 0 && c->names_times)
				checkerd_tell(c, 0);
		}
}

/*
 * Something has changed that may be lost in a crash, by what our caller is
 * about to tell busd.  It is nothing to the monitor, and to checkerd only if
 * it names a time.
 */
static void
changed(struct client *c)
{
	check_clock();
	save_soon(c);
	if (c->names_times && c->unsaved == 0)
		checkerd_tell(c, 0);
}

/* Something has changed that may not. */
static void
decided(struct client *c, int with_secret)
{
	uint64_t was = c->unsaved;

	check_clock();
	if (was != 0)
		TAILQ_REMOVE(&unsaved, c, unsaved_entry);
	c->unsaved = state_save(c, 1, with_secret);
	/* It is told with this one only. */
	if (was != 0) {
		busd_put_off(was, c->unsaved);
		state_put_off(was, c->unsaved);
	}
	c->unsent = 0;
	TAILQ_INSERT_TAIL(&unsaved, c, unsaved_entry);
}

/* It is so already, but it may be that this could not be saved. */
static void
decide_again(struct client *c)
{
	if (is_failing && c->unsaved == 0)
		decided(c, 0);
}

void
life_saved(uint64_t seq, int error)
{
	struct client *c;

	is_failing = error != 0;
	/* In the order of their numbers: the first one not reached ends it. */
	while ((c = TAILQ_FIRST(&unsaved)) != NULL && c->unsaved <= seq) {
		TAILQ_REMOVE(&unsaved, c, unsaved_entry);
		c->unsaved = 0;
		announce(c);
	}
}

void
life_halt(void)
{
	struct client *c;

	for (c = client_next(NULL); c != NULL; c = client_next(c))
		if (follow_clock(c) || c->unsent)
			state_save(c, 0, 0);
}

void
life_catch_up(void)
{
	struct client *c;

	for (c = client_next(NULL); c != NULL && !state_is_behind();
	    c = client_next(c))
		if (c->unsent) {
			c->unsent = 0;
			state_save(c, 0, 0);
		}
}

void
life_forget(struct client *c)
{
	loop_timer_del(&c->expiry);
	if (c->unsaved != 0)
		TAILQ_REMOVE(&unsaved, c, unsaved_entry);
}

static void
disable(struct client *c)
{
	c->f.flags &= ~(CLIENT_ENABLED | CLIENT_CHECKER_RUNNING);
	c->f.expires_us = 0;
	loop_timer_del(&c->expiry);
	c->first_due_ms = 0;
	c->orders = CHECK_CEASE;
	/* Against a client it holds at once: nobody who waits gets it. */
	monitor_gate(c);
	decided(c, 0);
}

static void
expired(struct loop_timer *timer)
{
	struct client *c = timer->arg;

	log_warnx("disabling client %s - it has not been heard of in time",
	    c->name);
	disable(c);
}

void
life_begin(struct client *c)
{
	int64_t left_us = c->f.expires_us - wall_us();
	uint64_t delay, left = left_us > 0 ? (uint64_t)left_us / 1000 : 0;

	loop_timer_init(&c->expiry, expired, c);
	if (c->f.created_us == 0)
		c->f.created_us = wall_us();
	c->f.expires_us = 0;
	if (is_enabled(c)) {
		if (c->f.last_enabled_us == 0)
			c->f.last_enabled_us = wall_us();
		delay = random_ms(c->f.interval_ms);
		c->first_due_ms = due_in(delay);
		set_window(c, window_restart(&c->f, delay, left));
		c->orders = CHECK_SCHEDULE;
	}
	check_clock();
	save_soon(c);
	announce(c);
}

void
life_enable(struct client *c)
{
	if (is_enabled(c)) {
		decide_again(c);
		return;
	}
	c->f.flags |= CLIENT_ENABLED;
	c->f.last_enabled_us = wall_us();
	c->first_due_ms = due_in(c->f.interval_ms);
	set_window(c, window_enabled(&c->f));
	c->orders |= CHECK_SCHEDULE;
	decided(c, 0);
}

void
life_disable(struct client *c)
{
	if (is_enabled(c))
		disable(c);
	else
		decide_again(c);
}

int
life_set(struct client *c, uint32_t set, const struct client_fields *f,
    const uint8_t *tail, size_t left)
{
	uint64_t was_ms = c->f.timeout_ms, window = 1;
	int error;

	if ((error = client_assign(c, set, f, tail, left)) != 0)
		return error;
	if (is_enabled(c) && set & SET_INTERVAL) {
		c->first_due_ms = due_in(c->f.interval_ms);
		c->orders |= CHECK_SCHEDULE | CHECK_NOW;
	}
	/* The same again must not move it by the time this takes. */
	if (is_enabled(c) && set & SET_TIMEOUT && c->f.timeout_ms != was_ms) {
		window = window_timeout(&c->f, was_ms, left_ms(c));
		set_window(c, window);
	}
	decided(c, (set & SET_SECRET) != 0);
	if (window == 0)
		disable(c);
	return 0;
}

void
life_check_started(struct client *c, int scheduled, uint32_t stops)
{
	/* One that is being killed by now does not count as running. */
	if (stops == c->stops)
		c->f.flags |= CLIENT_CHECKER_RUNNING;
	if (scheduled && c->first_due_ms != 0) {
		c->first_due_ms = 0;
		set_window(c, window_first_check(&c->f, left_ms(c)));
		changed(c);
		return;
	}
	/* Any other is of no use over a restart. */
	check_clock();
}

static void
well(struct client *c)
{
	c->f.last_checked_ok_us = wall_us();
	c->f.last_checker_status = 0;
	set_window(c, window_checked(&c->f));
}

void
life_checked(struct client *c, int status)
{
	c->f.flags &= ~CLIENT_CHECKER_RUNNING;
	if (status == 0)
		well(c);
	else
		c->f.last_checker_status = status;
	changed(c);
}

void
life_checked_ok(struct client *c)
{
	well(c);
	decided(c, 0);
}

void
life_check_again(struct client *c)
{
	uint64_t most = left_ms(c) / 2;

	/* It ends with checkerd if it was to be killed anyway. */
	if (c->f.flags & CLIENT_CHECKER_RUNNING &&
	    !(c->orders & (CHECK_CEASE | CHECK_ABANDON)))
		c->orders |= CHECK_NOW;
	c->f.flags &= ~CLIENT_CHECKER_RUNNING;
	if (is_enabled(c)) {
		if (most > c->f.interval_ms)
			most = c->f.interval_ms;
		c->orders |= CHECK_SCHEDULE;
		if (c->first_due_ms == 0)
			c->first_due_ms = due_in(random_ms(most));
	}
	announce(c);
}

void
life_check_wanted(struct client *c)
{
	c->orders |= CHECK_NOW;
	announce(c);
}

void
life_check_stopped(struct client *c)
{
	c->f.flags &= ~CLIENT_CHECKER_RUNNING;
	/* Neither what runs nor what was to be started before. */
	c->orders &= ~CHECK_NOW;
	c->orders |= CHECK_ABANDON;
	announce(c);
}

void
life_delivered(struct client *c)
{
	set_window(c, window_delivered(&c->f));
	changed(c);
}

void
life_approval_asked(struct client *c)
{
	c->f.last_approval_request_us = wall_us();
	changed(c);
}

void
life_pending(struct client *c, uint32_t count)
{
	c->f.approvals_pending = count;
	if (c->unsaved == 0)
		busd_tell(c);
}
