/* SPDX-License-Identifier: ISC */
/*
 * When checkers start, as the warden is told.
 */
#include <sys/types.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <atf-c.h>

#include "loop.h"
#include "warden.h"

#define LATE_MS 1500	/* for a slow machine; no test is about so little */
#define EARLY_MS 250	/* what was heard late makes the next seem early */

#define CASE(name, text)						\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", text);				\
	atf_tc_set_md_var(tc, "timeout", "120");			\
}									\
ATF_TC_BODY(name, tc)

#define BETWEEN(least, value, most) do {				\
	int64_t v = (value);						\
									\
	ATF_CHECK_MSG(v >= (least) && v <= (most), "%s is %lld", #value, \
	    (long long)v);						\
} while (0)

/* A checker that does not end by itself. */
static const char forever[] = "sleep 1000";

CASE(first__when_told, "the first checker starts after the delay")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	warden_start();
	begin = loop_now();
	warden_order(7, CHECK_SCHEDULE, 400);
	heard = warden_started(7, ":");
	ATF_CHECK_EQ(1, heard->scheduled);
	BETWEEN(400, heard->at_ms - begin, 400 + LATE_MS);
	warden_done(7, 0);
	warden_silent(500);
	ATF_CHECK_EQ(1, log_has("<6>mandos-checkerd: Starting checker ':' for "
	    "foo\n"));
	ATF_CHECK_EQ(1, log_has("<6>mandos-checkerd: Checker for foo "
	    "succeeded\n"));
}

CASE(interval__from_start_to_start, "one starts each interval")
{
	const struct heard *heard;
	int64_t begin;
	int i;

	(void)tc;
	fields.interval_ms = 300;
	text[TEXT_CHECKER] = "sleep 0.1";
	warden_start();
	begin = loop_now();
	warden_order(1, CHECK_SCHEDULE, 0);
	for (i = 0; i < 8; i++) {
		heard = warden_started(1, "sleep 0.1");
		ATF_CHECK_EQ(i == 0, (int)heard->scheduled);
		warden_done(1, 0);
	}
	BETWEEN(7 * 300, heard->at_ms - begin, 7 * 300 + LATE_MS);
}

CASE(tick__that_is_late, "does not make the next one late")
{
	const struct heard *heard;
	const struct timespec pause = { .tv_nsec = 600000000 };
	int64_t begin;

	(void)tc;
	fields.interval_ms = 1000;
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 1000);
	begin = loop_now();
	/* It cannot do anything before 1600. */
	nanosleep(&pause, NULL);
	ATF_REQUIRE(kill(warden_pid(), SIGSTOP) == 0);
	nanosleep(&pause, NULL);
	nanosleep(&(struct timespec) { .tv_nsec = 400000000 }, NULL);
	ATF_REQUIRE(kill(warden_pid(), SIGCONT) == 0);
	heard = warden_started(1, ":");
	BETWEEN(1600, heard->at_ms - begin, 1600 + LATE_MS);
	warden_done(1, 0);
	heard = warden_started(1, ":");
	/* Not an interval after that, which would be 2600 at least. */
	BETWEEN(2000 - EARLY_MS, heard->at_ms - begin, 2550);
	warden_done(1, 0);
}

CASE(tick__while_one_runs, "does nothing")
{
	const struct heard *heard;
	int64_t started, ended;

	(void)tc;
	fields.interval_ms = 600;
	text[TEXT_CHECKER] = "sleep 0.75";
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 0);
	heard = warden_started(1, "sleep 0.75");
	started = heard->at_ms;
	ended = warden_done(1, 0)->at_ms;
	BETWEEN(750 - EARLY_MS, ended - started, 750 + LATE_MS);
	/* Nor does it start one when that ends: it comes with the next tick. */
	heard = warden_started(1, "sleep 0.75");
	BETWEEN(1200 - EARLY_MS, heard->at_ms - started, 1200 + LATE_MS);
	warden_done(1, 0);
}

CASE(now__starts_one, "at once, unless one runs; the schedule stays")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	text[TEXT_CHECKER] = "sleep 0.3";
	warden_start();
	begin = loop_now();
	warden_order(1, CHECK_SCHEDULE, 1500);
	warden_order(1, CHECK_NOW, 0);
	warden_order(1, CHECK_NOW, 0);
	heard = warden_started(1, "sleep 0.3");
	ATF_CHECK_EQ(0, heard->scheduled);
	BETWEEN(0, heard->at_ms - begin, LATE_MS);
	warden_order(1, CHECK_NOW, 0);
	warden_done(1, 0);
	heard = warden_started(1, "sleep 0.3");
	ATF_CHECK_EQ(1, heard->scheduled);
	BETWEEN(1500, heard->at_ms - begin, 1500 + LATE_MS);
	warden_done(1, 0);
}

CASE(now__without_schedule, "a client need not be scheduled")
{
	(void)tc;
	warden_start();
	fields.interval_ms = 100;
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, ":");
	warden_done(1, 0);
	warden_silent(500);
}

CASE(schedule__again, "begins anew, and lets a checker run")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	text[TEXT_CHECKER] = "sleep 0.2";
	fields.interval_ms = 60000;
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 0);
	ATF_CHECK_EQ(1, (int)warden_started(1, "sleep 0.2")->scheduled);
	begin = loop_now();
	warden_order(1, CHECK_SCHEDULE, 800);
	warden_done(1, 0);
	heard = warden_started(1, "sleep 0.2");
	ATF_CHECK_EQ(1, (int)heard->scheduled);
	BETWEEN(800, heard->at_ms - begin, 800 + LATE_MS);
	warden_done(1, 0);
}

CASE(fields__changed, "hold from the next start on")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	text[TEXT_HOST] = "one";
	text[TEXT_CHECKER] = "sleep 0.3; : %(host)s";
	fields.interval_ms = 1000;
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 0);
	begin = warden_started(1, "sleep 0.3; : one")->at_ms;
	text[TEXT_HOST] = "two";
	text[TEXT_CHECKER] = "exit 3; %(host)s";
	fields.interval_ms = 400;
	warden_order(1, 0, 0);
	heard = warden_done(1, 0);
	ATF_CHECK_STREQ("sleep 0.3; : one", heard->command);
	/* When this tick was set it was 1000, from then on it is 400. */
	heard = warden_started(1, "exit 3; two");
	BETWEEN(1000 - EARLY_MS, heard->at_ms - begin, 1000 + LATE_MS);
	warden_done(1, W_EXITCODE(3, 0));
	heard = warden_started(1, "exit 3; two");
	BETWEEN(1400 - EARLY_MS, heard->at_ms - begin, 1950);
	warden_done(1, W_EXITCODE(3, 0));
	ATF_CHECK(log_has("Checker for foo failed\n") >= 1);
}

CASE(cease__ends_it_all, "what runs is killed, and nothing more starts")
{
	(void)tc;
	fields.interval_ms = 100;
	text[TEXT_CHECKER] = forever;
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 0);
	warden_started(1, forever);
	has_survivors(1);
	warden_order(1, CHECK_CEASE, 0);
	no_survivors();
	warden_silent(500);
	ATF_CHECK_EQ(1, log_has("<7>mandos-checkerd: Stopping checker for "
	    "foo\n"));
	/* It can be taken up again. */
	warden_order(1, CHECK_SCHEDULE, 0);
	ATF_CHECK_EQ(1, (int)warden_started(1, forever)->scheduled);
}

CASE(cease__before_the_first, "there is none")
{
	(void)tc;
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 300);
	warden_order(1, CHECK_CEASE, 0);
	warden_silent(800);
	/* Who is disabled can be checked by order. */
	warden_order(1, CHECK_NOW, 0);
	ATF_CHECK_EQ(0, (int)warden_started(1, ":")->scheduled);
	warden_done(1, 0);
}

CASE(abandon__kills_one, "what runs is killed, the schedule stays")
{
	(void)tc;
	fields.interval_ms = 700;
	text[TEXT_CHECKER] = forever;
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 0);
	warden_started(1, forever);
	warden_order(1, CHECK_ABANDON, 0);
	text[TEXT_CHECKER] = ":";
	warden_order(1, 0, 0);
	/* Its end is not told; the next start is. */
	warden_started(1, ":");
	warden_done(1, 0);
}

CASE(abandon__and_now, "the next waits until the last is dead")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	text[TEXT_CHECKER] = "trap '' TERM; while :; do sleep 0.1; done";
	warden_start();
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, text[TEXT_CHECKER]);
	/* The trap must be set; then the shell has a child. */
	has_survivors(2);
	text[TEXT_CHECKER] = ":";
	begin = loop_now();
	warden_order(1, CHECK_ABANDON | CHECK_NOW, 0);
	heard = warden_started(1, ":");
	BETWEEN(1900, heard->at_ms - begin, 2000 + LATE_MS);
	ATF_CHECK_EQ(0, (int)heard->scheduled);
	warden_done(1, 0);
	no_survivors();
}

CASE(told__when_started, "by which of the orders to kill one")
{
	(void)tc;
	warden_start();
	stops = 7;
	warden_order(1, CHECK_NOW, 0);
	ATF_CHECK_EQ(7, warden_started(1, ":")->stops);
	warden_done(1, 0);
	stops = 8;
	text[TEXT_CHECKER] = forever;
	warden_order(1, CHECK_ABANDON | CHECK_NOW, 0);
	ATF_CHECK_EQ(8, warden_started(1, forever)->stops);
	stops = 9;
	warden_order(1, CHECK_ABANDON, 0);
	stops = 10;
	warden_order(1, CHECK_ABANDON | CHECK_NOW, 0);
	ATF_CHECK_EQ(10, warden_started(1, forever)->stops);
}

CASE(forget__is_the_end, "what runs is killed, and the client is unknown")
{
	(void)tc;
	fields.interval_ms = 100;
	text[TEXT_CHECKER] = forever;
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 0);
	warden_order(2, CHECK_SCHEDULE, 400);
	warden_started(1, forever);
	warden_forget(1);
	warden_forget(2);
	no_survivors();
	warden_silent(500);
	/* Whom it does not know it cannot forget either, and lives on. */
	warden_forget(2);
	warden_forget(12345);
	text[TEXT_CHECKER] = ":";
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, ":");
	warden_done(1, 0);
}

CASE(forget__while_it_dies, "a checker may outlive its client")
{
	(void)tc;
	text[TEXT_CHECKER] = "trap '' TERM; while :; do sleep 0.1; done";
	warden_start();
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, text[TEXT_CHECKER]);
	has_survivors(2);
	warden_order(1, CHECK_CEASE | CHECK_NOW, 0);
	warden_forget(1);
	no_survivors();
	warden_silent(200);
}

CASE(ceiling__is_kept, "no more run at once, the others wait in order")
{
	struct heard heard;
	uint32_t i, next = 1;
	int running = 0;

	(void)tc;
	limits.limits.max_checkers = 3;
	text[TEXT_CHECKER] = "sleep 0.1";
	warden_start();
	for (i = 1; i <= 20; i++)
		warden_order(i, CHECK_NOW, 0);
	for (i = 0; i < 40; i++) {
		ATF_REQUIRE_EQ(1, warden_hear(&heard, 10000));
		if (heard.type == MSG_CHECK_STARTED)
			ATF_CHECK_EQ(next++, heard.number);
		running += heard.type == MSG_CHECK_STARTED ? 1 : -1;
		ATF_CHECK(running <= 3);
	}
	ATF_CHECK_EQ(0, running);
	warden_silent(300);
}

CASE(ceiling__and_one_that_hangs, "the others pass it by")
{
	(void)tc;
	limits.limits.max_checkers = 2;
	text[TEXT_CHECKER] = forever;
	warden_start();
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, forever);
	text[TEXT_CHECKER] = ":";
	fields.interval_ms = 50;
	warden_order(2, CHECK_SCHEDULE, 0);
	for (int i = 0; i < 10; i++) {
		warden_started(2, ":");
		warden_done(2, 0);
	}
}

CASE(waiting__can_be_called_off, "and a warning says that they wait")
{
	(void)tc;
	limits.limits.max_checkers = 1;
	warden_apart = 1;
	warden_start();
	text[TEXT_CHECKER] = "sleep 1";
	warden_order(1, CHECK_NOW, 0);
	text[TEXT_CHECKER] = ":";
	fields.interval_ms = 100;
	warden_order(2, CHECK_SCHEDULE, 0);
	warden_order(3, CHECK_NOW, 0);
	warden_order(4, CHECK_NOW, 0);
	warden_order(5, CHECK_NOW, 0);
	warden_order(6, CHECK_NOW, 0);
	warden_order(3, CHECK_CEASE, 0);
	warden_order(4, CHECK_ABANDON, 0);
	warden_forget(5);
	warden_started(1, "sleep 1");
	warden_done(1, 0);
	/* Orders come before the first tick. */
	warden_started(6, ":");
	warden_done(6, 0);
	ATF_CHECK_EQ(1, (int)warden_started(2, ":")->scheduled);
	warden_done(2, 0);
	ATF_CHECK_EQ(1, log_has("<4>mandos-checkerd: checkers wait for longer "
	    "than their interval: max_checkers is 1\n"));
}

CASE(thousand__due_together, "each has its turn")
{
	static int done[1001];
	struct heard heard;
	uint32_t i;
	int running = 0, most = 0;

	(void)tc;
	limits.limits.max_checkers = 16;
	limits.log_level = 4;
	warden_start();
	for (i = 1; i <= 1000; i++)
		warden_order(i, CHECK_SCHEDULE, 200);
	for (i = 0; i < 2000; i++) {
		ATF_REQUIRE_EQ(1, warden_hear(&heard, 10000));
		running += heard.type == MSG_CHECK_STARTED ? 1 : -1;
		most = running > most ? running : most;
		if (heard.type == MSG_CHECK_DONE) {
			ATF_CHECK_EQ(0, heard.status);
			done[heard.number]++;
		}
	}
	for (i = 1; i <= 1000; i++)
		ATF_CHECK_EQ(1, done[i]);
	BETWEEN(1, most, 16);
	no_survivors();
}

CASE(format__that_is_none, "is logged, and tried again at each tick")
{
	(void)tc;
	fields.interval_ms = 200;
	text[TEXT_CHECKER] = "fping %(hots)s\n";
	warden_start();
	warden_order(1, CHECK_SCHEDULE, 0);
	warden_silent(900);
	ATF_CHECK(log_has("<3>mandos-checkerd: Could not format string "
	    "\"fping %(hots)s\\x0a\": there is no \"hots\"\n") >= 2);
	text[TEXT_CHECKER] = ": %(host)s";
	warden_order(1, 0, 0);
	ATF_CHECK_EQ(1, (int)warden_started(1, ": localhost")->scheduled);
	warden_done(1, 0);
}

CASE(idle__is_idle, "between due times nothing happens")
{
	char command[256];
	uint32_t i;

	(void)tc;
	warden_start();
	for (i = 1; i <= 1000; i++)
		warden_order(i, CHECK_SCHEDULE, 3600000 + i);
	warden_order(1001, CHECK_NOW, 0);
	warden_started(1001, ":");
	warden_done(1001, 0);
	/* A second in which it does not run at all must come soon. */
	snprintf(command, sizeof command, "for i in 1 2 3 4 5; do "
	    "a=$(grep ctxt /proc/%d/status); sleep 1; "
	    "[ \"$a\" = \"$(grep ctxt /proc/%d/status)\" ] && exit; done; "
	    "exit 1", (int)warden_pid(), (int)warden_pid());
	no_survivors();
	ATF_CHECK_EQ(0, system(command));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, first__when_told);
	ATF_TP_ADD_TC(tp, interval__from_start_to_start);
	ATF_TP_ADD_TC(tp, tick__that_is_late);
	ATF_TP_ADD_TC(tp, tick__while_one_runs);
	ATF_TP_ADD_TC(tp, now__starts_one);
	ATF_TP_ADD_TC(tp, now__without_schedule);
	ATF_TP_ADD_TC(tp, schedule__again);
	ATF_TP_ADD_TC(tp, fields__changed);
	ATF_TP_ADD_TC(tp, cease__ends_it_all);
	ATF_TP_ADD_TC(tp, cease__before_the_first);
	ATF_TP_ADD_TC(tp, abandon__kills_one);
	ATF_TP_ADD_TC(tp, abandon__and_now);
	ATF_TP_ADD_TC(tp, told__when_started);
	ATF_TP_ADD_TC(tp, forget__is_the_end);
	ATF_TP_ADD_TC(tp, forget__while_it_dies);
	ATF_TP_ADD_TC(tp, ceiling__is_kept);
	ATF_TP_ADD_TC(tp, ceiling__and_one_that_hangs);
	ATF_TP_ADD_TC(tp, waiting__can_be_called_off);
	ATF_TP_ADD_TC(tp, thousand__due_together);
	ATF_TP_ADD_TC(tp, format__that_is_none);
	ATF_TP_ADD_TC(tp, idle__is_idle);
	return atf_no_error();
}
