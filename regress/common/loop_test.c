/* SPDX-License-Identifier: ISC */
/*
 * The event loop: order of timers, forgotten events, signals.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"

static char order[64];

static void
note(struct loop_timer *timer)
{
	strlcat(order, timer->arg, sizeof order);
	if (strchr(timer->arg, '.') != NULL)
		loop_stop();
}

ATF_TC_WITHOUT_HEAD(timer__by_deadline);
ATF_TC_BODY(timer__by_deadline, tc)
{
	static char a[] = "a", b[] = "b", c[] = "c.", never[] = "never";
	struct loop_timer ta, tb, tc3, td;
	int64_t began;

	(void)tc;
	loop_init();
	loop_timer_init(&ta, note, a);
	loop_timer_init(&tb, note, b);
	loop_timer_init(&tc3, note, c);
	loop_timer_init(&td, note, never);
	began = loop_now();
	loop_timer_set(&tc3, 60);
	loop_timer_set(&ta, UINT64_MAX);
	loop_timer_set(&tb, 30);
	loop_timer_set(&td, 10);
	loop_timer_set(&ta, 0);
	loop_timer_del(&td);
	loop_timer_del(&td);
	loop_run();
	ATF_CHECK_STREQ("abc.", order);
	ATF_CHECK(loop_now() - began >= 60);
	ATF_CHECK_EQ(-1, ta.due_ms);
}

static struct loop_io first, second;
static int served;

static void
cut_other(struct loop_io *io, uint32_t events)
{
	ATF_CHECK(events & EPOLLIN);
	served++;
	loop_io_del(io == &first ? &second : &first);
	loop_stop();
}

ATF_TC(io__deleted_while_fetched);
ATF_TC_HEAD(io__deleted_while_fetched, tc)
{
	atf_tc_set_md_var(tc, "descr", "an event that was fetched for an "
	    "object which another callback has taken out is not served");
}
ATF_TC_BODY(io__deleted_while_fetched, tc)
{
	int one[2], two[2];

	(void)tc;
	loop_init();
	ATF_REQUIRE_EQ(0, pipe(one));
	ATF_REQUIRE_EQ(0, pipe(two));
	ATF_REQUIRE_EQ(1, write(one[1], "x", 1));
	ATF_REQUIRE_EQ(1, write(two[1], "x", 1));
	ATF_REQUIRE_EQ(0, loop_io_add(&first, one[0], EPOLLIN, cut_other,
	    NULL));
	ATF_REQUIRE_EQ(0, loop_io_add(&second, two[0], EPOLLIN, cut_other,
	    NULL));
	loop_run();
	ATF_CHECK_EQ(1, served);
	ATF_CHECK((first.fd == -1) != (second.fd == -1));
	loop_io_del(&first);
	loop_io_del(&first);
}

static int signals_seen[65];

static void
count_signal(int signo)
{
	signals_seen[signo]++;
	if (signo == SIGUSR2)
		loop_stop();
}

ATF_TC_WITHOUT_HEAD(signals__arrive_in_the_loop);
ATF_TC_BODY(signals__arrive_in_the_loop, tc)
{
	static const int list[] = { SIGUSR1, SIGUSR2, 0 };

	(void)tc;
	loop_init();
	loop_signals(list, count_signal);
	ATF_REQUIRE_EQ(0, raise(SIGUSR1));
	ATF_REQUIRE_EQ(0, raise(SIGUSR2));
	ATF_CHECK_EQ(0, signals_seen[SIGUSR1]);
	loop_run();
	ATF_CHECK_EQ(1, signals_seen[SIGUSR1]);
	ATF_CHECK_EQ(1, signals_seen[SIGUSR2]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, timer__by_deadline);
	ATF_TP_ADD_TC(tp, io__deleted_while_fetched);
	ATF_TP_ADD_TC(tp, signals__arrive_in_the_loop);
	return atf_no_error();
}
