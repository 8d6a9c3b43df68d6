/* SPDX-License-Identifier: ISC */
/*
 * What is told together, and what at once.
 */
#include <sys/types.h>

#include <string.h>
#include <unistd.h>

#include <atf-c.h>

#include "checkerd.h"
#include "loop.h"

#define ROUNDS 100	/* until the machine lets us be quick enough once */
#define SOON_MS 10

static struct chan warden;

static void
setup(void)
{
	int fds[2];

	ATF_REQUIRE(chan_pair(fds) == 0);
	loop_init();
	chan_init(&checkerd.warden.chan, fds[0], PROC_CHECKERD, PROC_WARDEN,
	    PHASE_RUN);
	chan_init(&warden, fds[1], PROC_WARDEN, PROC_CHECKERD, PHASE_RUN);
	tell_init();
}

static void
say(uint32_t number)
{
	struct msg_check_done m = { .number = number, .status = 7 };

	tell_warden(MSG_CHECK_DONE, &m, "cmd");
}

/* The number in the next message, or 0 if there is none by now. */
static uint32_t
hear(void)
{
	struct msg_check_done m;
	struct msg msg;

	if (chan_recv(&warden, &msg) != 1)
		return 0;
	ATF_REQUIRE(msg_check(&warden, &msg) == NULL);
	ATF_REQUIRE_EQ(MSG_CHECK_DONE, msg.type);
	memcpy(&m, msg.body, sizeof m);
	ATF_CHECK_EQ(7, m.status);
	ATF_REQUIRE_EQ(3, msg.tail_len);
	ATF_CHECK_EQ(0, memcmp(msg.tail, "cmd", 3));
	msg_free(&msg);
	return m.number;
}

static void
wait_ms(int64_t ms)
{
	int64_t end = loop_now() + ms;

	while (loop_now() < end)
		continue;
}

static void
end(struct loop_timer *timer)
{
	(void)timer;
	loop_stop();
}

/* Say three as soon after each other as can be; returns whether it was. */
static int
say_three(void)
{
	int64_t begin = loop_now();

	say(1);
	say(2);
	say(3);
	ATF_CHECK_EQ(1, hear());
	if (loop_now() - begin >= SOON_MS)
		return 0;
	ATF_CHECK_EQ(0, hear());
	return 1;
}

ATF_TC(told__together);
ATF_TC_HEAD(told__together, tc)
{
	atf_tc_set_md_var(tc, "descr", "the first at once, the next a moment "
	    "later, and in order");
}
ATF_TC_BODY(told__together, tc)
{
	static struct loop_timer timer;
	int round;

	(void)tc;
	setup();
	for (round = 0; !say_three(); round++) {
		ATF_REQUIRE(round < ROUNDS);
		/* Have all of it sent, and be alone again. */
		wait_ms(SOON_MS);
		say(4);
		while (hear() != 0)
			continue;
		wait_ms(SOON_MS);
	}
	loop_timer_init(&timer, end, NULL);
	loop_timer_set(&timer, 2 * SOON_MS);
	loop_run();
	ATF_CHECK_EQ(2, hear());
	ATF_CHECK_EQ(3, hear());
	ATF_CHECK_EQ(0, hear());
}

ATF_TC(told__in_time);
ATF_TC_HEAD(told__in_time, tc)
{
	atf_tc_set_md_var(tc, "descr", "what is overdue does not wait for a "
	    "callback to end");
}
ATF_TC_BODY(told__in_time, tc)
{
	(void)tc;
	setup();
	say(1);
	ATF_CHECK_EQ(1, hear());
	say(2);
	wait_ms(SOON_MS);
	say(3);
	ATF_CHECK_EQ(2, hear());
	ATF_CHECK_EQ(3, hear());
}

ATF_TC(told__nobody);
ATF_TC_HEAD(told__nobody, tc)
{
	atf_tc_set_md_var(tc, "descr", "if the warden does not read for long, "
	    "checkerd ends, and says why");
}
ATF_TC_BODY(told__nobody, tc)
{
	uint32_t i;
	pid_t pid;

	(void)tc;
	pid = atf_utils_fork();
	if (pid == 0) {
		setup();
		orders_watch(&checkerd.warden);
		for (i = 1; i < 100000; i++) {
			if (i % 100 == 0)
				wait_ms(1);
			say(i);
		}
		_exit(99);
	}
	atf_utils_wait(pid, 1, "", "<3>mandos: the warden leaves its "
	    "messages unread\n");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, told__together);
	ATF_TP_ADD_TC(tp, told__in_time);
	ATF_TP_ADD_TC(tp, told__nobody);
	return atf_no_error();
}
