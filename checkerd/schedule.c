/* SPDX-License-Identifier: ISC */
/*
 * When checkers run: each client has a timer, and at most one checker.  If
 * more are due than may run at once, they wait in the order in which they
 * came.
 */
#include "checkerd.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/wait.h>

#include <stdint.h>
#include <stdlib.h>

#include "log.h"

/* An interval of nothing would do nothing but start checkers. */
#define INTERVAL_MIN_MS 1000

static TAILQ_HEAD(, check_client) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static int is_late;		/* that has been said, since it was so */

static void
stop_waiting(struct check_client *c)
{
	if (c->waiting)
		TAILQ_REMOVE(&waiting, c, waiting_entry);
	c->waiting = c->again = c->by_tick = 0;
	if (TAILQ_EMPTY(&waiting))
		is_late = 0;
}

/* Have a checker started, unless one runs or waits already. */
static void
want(struct check_client *c, int by_tick)
{
	if (c->run != NULL && !run_is_stopped(c->run))
		return;
	c->by_tick |= by_tick;
	if (c->run != NULL) {
		c->again = 1;
		return;
	}
	if (c->waiting) {
		if (by_tick && !is_late)
			log_warnx("checkers wait for longer than their "
			    "interval: max_checkers is %u",
			    checkerd.limits.max_checkers);
		is_late |= by_tick;
		return;
	}
	c->waiting = 1;
	TAILQ_INSERT_TAIL(&waiting, c, waiting_entry);
}

static void
set_tick(struct check_client *c, uint64_t ms)
{
	loop_timer_set(&c->tick, ms);
	c->due_ms = c->tick.due_ms;
}

/* The next one is an interval after the last, not after its handling. */
static void
tick(struct loop_timer *timer)
{
	struct check_client *c = timer->arg;
	uint64_t interval = c->f.interval_ms;
	uint64_t late = (uint64_t)(loop_now() - c->due_ms);

	if (interval == 0)
		interval = INTERVAL_MIN_MS;
	set_tick(c, late < interval ? interval - late : interval);
	want(c, 1);
	schedule_work();
}

void
schedule_order(struct check_client *c, uint32_t orders, uint64_t first_ms)
{
	if (c->tick.cb == NULL)
		loop_timer_init(&c->tick, tick, c);
	if (orders & CHECK_CEASE)
		loop_timer_del(&c->tick);
	if (orders & (CHECK_CEASE | CHECK_ABANDON)) {
		stop_waiting(c);
		if (c->run != NULL && !run_is_stopped(c->run)) {
			log_debug("Stopping checker for %s",
			    c->text[TEXT_NAME]);
			run_stop(c->run);
		}
	}
	if (orders & CHECK_SCHEDULE) {
		set_tick(c, first_ms);
		c->first = 1;
	}
	if (orders & CHECK_NOW)
		want(c, 0);
	schedule_work();
}

void
schedule_forget(struct check_client *c)
{
	loop_timer_del(&c->tick);
	stop_waiting(c);
	if (c->run != NULL)
		run_orphan(c->run);
}

/* A checker that cannot be started is tried again when it is next due. */
static void
start(struct check_client *c)
{
	struct msg_check_started m = { .number = c->f.number,
		.scheduled = (uint32_t)(c->first && c->by_tick),
		.stops = c->stops };
	const char *name = c->text[TEXT_NAME];
	char *command, *shown, why[128];

	c->by_tick = 0;
	command = expand_command(&c->f, c->text, why, sizeof why);
	if (command == NULL) {
		log_errx("Could not format string \"%s\": %s",
		    c->text[TEXT_CHECKER], why);
		return;
	}
	if (log_level() >= LOG_INFO && (shown = expand_repr(command)) != NULL) {
		log_info("Starting checker %s for %s", shown, name);
		free(shown);
	}
	if (run_start(c, command) == -1) {
		log_warn("the checker for %s cannot be started", name);
		free(command);
		return;
	}
	if (m.scheduled)
		c->first = 0;
	tell_warden(MSG_CHECK_STARTED, &m, command);
}

void
schedule_work(void)
{
	struct check_client *c;

	while (run_count() < checkerd.limits.max_checkers &&
	    (c = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, c, waiting_entry);
		c->waiting = 0;
		start(c);
	}
	if (TAILQ_EMPTY(&waiting))
		is_late = 0;
}

void
schedule_ended(struct check_client *c, const char *command, int status)
{
	struct msg_check_done m = { .number = c->f.number, .status = status };
	const char *name = c->text[TEXT_NAME];

	c->run = NULL;
	if (command == NULL) {
		if (c->again) {
			c->again = 0;
			want(c, 0);
		}
		return;
	}
	if (!WIFEXITED(status))
		log_warnx("Checker for %s crashed?", name);
	else
		log_info("Checker for %s %s", name, WEXITSTATUS(status) == 0 ?
		    "succeeded" : "failed");
	tell_warden(MSG_CHECK_DONE, &m, command);
}
