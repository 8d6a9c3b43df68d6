/* SPDX-License-Identifier: ISC */
/*
 * What follows from checks, and who is told what of them.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <signal.h>
#include <string.h>

#include "house.h"

static struct house h;

ATF_TC_WITHOUT_HEAD(check__success_sets_the_window_to_timeout);
ATF_TC_BODY(check__success_sets_the_window_to_timeout, tc)
{
	struct msg_check_started begun = { .number = 1, .scheduled = 1 };
	struct client_fields f = house_fields(1);
	struct msg_client_state state;
	struct msg_event event;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK_EQ(CHECKER_NEVER, state.f.last_checker_status);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_next(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK_EQ(EVENT_CHECKER_STARTED, event.e.event);
	ATF_CHECK_EQ(1, event.e.number);
	ATF_CHECK_EQ(1, event.f.number);
	ATF_CHECK(event.f.flags & CLIENT_CHECKER_RUNNING);
	ATF_CHECK_EQ(0, memcmp(house_tail, "cmd", 3));
	house_save(&h, &save);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	ATF_CHECK_EQ(0, save.urgent);
	ATF_CHECK_EQ(0, save.f.last_checker_status);
	ATF_CHECK(save.f.last_checked_ok_us != 0);
	ATF_CHECK(house_expires_in(&save.f, 300000));
	house_next(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK_EQ(EVENT_CHECKER_COMPLETED, event.e.event);
	ATF_CHECK_EQ(0, event.e.value);
	ATF_CHECK(!(event.f.flags & CLIENT_CHECKER_RUNNING));
	ATF_CHECK_EQ(save.f.expires_us, event.f.expires_us);
	ATF_CHECK_EQ(save.f.last_checked_ok_us, event.f.last_checked_ok_us);
	ATF_CHECK(house_silent(&h.busd));
	house_stop(&h);
}

ATF_TC(check__is_nothing_new_to_checkerd);
ATF_TC_HEAD(check__is_nothing_new_to_checkerd, tc)
{
	atf_tc_set_md_var(tc, "descr", "whatever a check finds, checkerd is "
	    "not told, and a restart has no use for a start that was not the "
	    "first");
}
ATF_TC_BODY(check__is_nothing_new_to_checkerd, tc)
{
	struct msg_check_started begun = { .number = 1, .scheduled = 0 };
	struct client_fields f = house_fields(1);
	struct msg_event event;
	struct msg_check check;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_until(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK(event.f.flags & CLIENT_CHECKER_RUNNING);
	ATF_CHECK(house_silent(&h.state));
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	begun.scheduled = 1;
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_save(&h, &save);
	house_checked(&h, 1, 1 << 8);
	house_save(&h, &save);
	house_news(&h, EVENT_GOT_SECRET, 1, 0);
	house_save(&h, &save);
	ATF_CHECK(house_silent(&h.checkerd));
	house_stop(&h);
}

/* What has changed meanwhile is in the next CHECK, whose orders are given. */
static void
hears_times(const char *checker)
{
	struct msg_check_started begun = { .number = 1, .scheduled = 1 };
	struct client_fields f = house_fields(1);
	struct msg_check check;
	struct msg_save save;

	house_checker = checker;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_save(&h, &save);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(save.f.expires_us, check.f.expires_us);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(save.f.last_checked_ok_us, check.f.last_checked_ok_us);
	ATF_CHECK_EQ(0, check.orders);
	house_news(&h, EVENT_NEED_APPROVAL, 1, 1000);
	house_save(&h, &save);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(save.f.last_approval_request_us,
	    check.f.last_approval_request_us);
	house_stop(&h);
}

ATF_TC(check__times_that_the_command_names);
ATF_TC_HEAD(check__times_that_the_command_names, tc)
{
	atf_tc_set_md_var(tc, "descr", "checkerd is told the times of a client "
	    "whose command has one of them in it");
}
ATF_TC_BODY(check__times_that_the_command_names, tc)
{
	(void)tc;
	hears_times("echo %(expires)s");
	hears_times("%(last_checked_ok)r");
	hears_times("a %(host)s %(last_approval_request)s");
}

ATF_TC(check__times_that_a_new_command_names);
ATF_TC_HEAD(check__times_that_a_new_command_names, tc)
{
	atf_tc_set_md_var(tc, "descr", "an administrator may set a command "
	    "that names a time, or one that does not any more");
}
ATF_TC_BODY(check__times_that_a_new_command_names, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_check check;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	house_checker = "%(expires)s";
	house_control(&h, 1, CONTROL_SET, &f, SET_CHECKER);
	house_save(&h, &save);
	/* Nobody is told before it is on disk; then all at once. */
	house_checked(&h, 1, 1 << 8);
	house_save(&h, &save);
	ATF_CHECK(house_silent(&h.checkerd));
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(save.f.expires_us, check.f.expires_us);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(save.f.last_checked_ok_us, check.f.last_checked_ok_us);
	house_checker = ":";
	house_control(&h, 2, CONTROL_SET, &f, SET_CHECKER);
	house_save(&h, &save);
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	ATF_CHECK(house_silent(&h.checkerd));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(check__failure_is_a_status_and_nothing_else);
ATF_TC_BODY(check__failure_is_a_status_and_nothing_else, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_save first, save;

	(void)tc;
	house_start(&h);
	house_enroll(&h, &f, SET_ALL);
	house_save(&h, &first);
	house_checkerd(&h);
	house_checked(&h, 1, 7 << 8);
	house_save(&h, &save);
	ATF_CHECK_EQ(7, save.f.last_checker_status);
	ATF_CHECK_EQ(first.f.expires_us, save.f.expires_us);
	ATF_CHECK_EQ(0, save.f.last_checked_ok_us);
	house_checked(&h, 1, SIGTERM);
	house_save(&h, &save);
	ATF_CHECK_EQ(CHECKER_CRASHED, save.f.last_checker_status);
	ATF_CHECK_EQ(first.f.expires_us, save.f.expires_us);
	house_stop(&h);
}

ATF_TC(disable__ends_a_check_that_has_begun);
ATF_TC_HEAD(disable__ends_a_check_that_has_begun, tc)
{
	atf_tc_set_md_var(tc, "descr", "a checker that was started before "
	    "checkerd could hear that it is to cease does not run for ever");
}
ATF_TC_BODY(disable__ends_a_check_that_has_begun, tc)
{
	struct msg_check_started begun = { .number = 1, .scheduled = 0 };
	struct client_fields f = house_fields(1), nobody = house_fields(2);
	struct msg_client_state state;
	struct msg_control_done done;
	struct msg_event event;
	struct msg_check check;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	house_control(&h, 1, CONTROL_DISABLE, &f, 0);
	house_save(&h, &save);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_until(&h.busd, MSG_EVENT, &event, sizeof event);
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_CEASE, check.orders);
	house_until(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK(!(state.f.flags & CLIENT_CHECKER_RUNNING));
	/* The same for one that is to be stopped, and nothing else. */
	f.approval_delay_ms = 1;
	house_control(&h, 2, CONTROL_SET, &f, SET_APPROVAL_DELAY);
	house_save(&h, &save);
	house_control(&h, 3, CONTROL_STOP_CHECKER, &f, 0);
	/* When this is answered, that has been heard. */
	house_control(&h, 4, CONTROL_STOP_CHECKER, &nobody, 0);
	house_until(&h.busd, MSG_CONTROL_DONE, &done, sizeof done);
	ATF_CHECK_EQ(4, done.request);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_until(&h.busd, MSG_EVENT, &event, sizeof event);
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_ABANDON, check.orders);
	house_until(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK(!(state.f.flags & CLIENT_CHECKER_RUNNING));
	house_stop(&h);
}

ATF_TC(stop__is_not_overtaken);
ATF_TC_HEAD(stop__is_not_overtaken, tc)
{
	atf_tc_set_md_var(tc, "descr", "a checker that was started just before "
	    "checkerd heard that it is to be stopped is not taken for one "
	    "that runs");
}
ATF_TC_BODY(stop__is_not_overtaken, tc)
{
	struct msg_check_started begun = { .number = 1 };
	struct client_fields f = house_fields(1);
	struct msg_client_state state;
	struct msg_event event;
	struct msg_check check;
	struct msg_worker w;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	begun.stops = check.stops;
	house_control(&h, 1, CONTROL_STOP_CHECKER, &f, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_ABANDON, check.orders);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_until(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK_EQ(EVENT_CHECKER_STARTED, event.e.event);
	ATF_CHECK(!(event.f.flags & CLIENT_CHECKER_RUNNING));
	/* The next one is another matter. */
	begun.stops = check.stops;
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_until(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK(event.f.flags & CLIENT_CHECKER_RUNNING);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	/* A new checkerd goes on counting. */
	chan_close(&h.checkerd);
	house_next(&h.monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(WORKER_DONE_WITH, w.news);
	house_checkerd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(begun.stops, check.stops);
	house_until(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK(!(state.f.flags & CLIENT_CHECKER_RUNNING));
	house_stop(&h);
}

ATF_TC(checkerd__ends_and_nobody_is_disabled);
ATF_TC_HEAD(checkerd__ends_and_nobody_is_disabled, tc)
{
	atf_tc_set_md_var(tc, "descr", "a new checkerd is told everything: a "
	    "check that ran is run again, the others come in good time");
}
ATF_TC_BODY(checkerd__ends_and_nobody_is_disabled, tc)
{
	struct msg_check_started begun = { .number = 1, .scheduled = 1 };
	struct client_fields f = house_fields(1);
	struct msg_check check;
	struct msg_worker w;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	f.number = 2;
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_save(&h, &save);
	chan_close(&h.checkerd);
	house_next(&h.monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(WORKER_DONE_WITH, w.news);
	/* Which one that was, for there may be another already. */
	ATF_CHECK_EQ(1, w.life);
	house_checkerd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(1, check.f.number);
	ATF_CHECK_EQ(CHECK_SCHEDULE | CHECK_NOW, check.orders);
	ATF_CHECK(!(check.f.flags & CLIENT_CHECKER_RUNNING));
	ATF_CHECK((int64_t)check.first_ms <= (check.f.expires_us -
	    house_now_us()) / 1000 / 2 + 1000);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(2, check.f.number);
	ATF_CHECK_EQ(CHECK_SCHEDULE, check.orders);
	house_stop(&h);
}

ATF_TC(checkerd__ends_before_it_is_told);
ATF_TC_HEAD(checkerd__ends_before_it_is_told, tc)
{
	atf_tc_set_md_var(tc, "descr", "a check that was to be stopped when "
	    "checkerd ended is not run again");
}
ATF_TC_BODY(checkerd__ends_before_it_is_told, tc)
{
	struct msg_check_started begun = { .number = 1, .scheduled = 1 };
	struct client_fields f = house_fields(1);
	struct msg_event event;
	struct msg_check check;
	struct msg_worker w;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_control(&h, 1, CONTROL_DISABLE, &f, 0);
	house_save(&h, &save);
	house_say(&h.checkerd, MSG_CHECK_STARTED, &begun, "cmd", 3);
	house_until(&h.busd, MSG_EVENT, &event, sizeof event);
	chan_close(&h.checkerd);
	house_until(&h.monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(WORKER_DONE_WITH, w.news);
	house_checkerd(&h);
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_CEASE, check.orders);
	house_stop(&h);
}

/* The next CHECK, when what was decided is on disk, has these orders. */
static void
ordered(uint32_t orders)
{
	struct msg_check check;

	ATF_CHECK(house_silent(&h.checkerd));
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ_MSG(orders, check.orders, "%#x, not %#x", check.orders,
	    orders);
	ATF_CHECK(house_silent(&h.checkerd));
}

ATF_TC(order__is_kept);
ATF_TC_HEAD(order__is_kept, tc)
{
	atf_tc_set_md_var(tc, "descr", "what is wanted while a decision is not "
	    "on disk comes after it, and the last word counts");
}
ATF_TC_BODY(order__is_kept, tc)
{
	struct client_fields f = house_fields(1), none = house_fields(2);
	struct msg_control_done done;
	struct msg_check check;
	struct msg_save save;
	uint64_t request = 0;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);

	house_control(&h, ++request, CONTROL_SET, &f, SET_INTERVAL);
	house_save(&h, &save);
	house_control(&h, ++request, CONTROL_STOP_CHECKER, &f, 0);
	house_control(&h, ++request, CONTROL_ENABLE, &none, 0);
	house_until(&h.busd, MSG_CONTROL_DONE, &done, sizeof done);
	ATF_CHECK_EQ(request, done.request);
	ordered(CHECK_SCHEDULE | CHECK_ABANDON);

	house_control(&h, ++request, CONTROL_SET, &f, SET_TIMEOUT);
	house_save(&h, &save);
	house_control(&h, ++request, CONTROL_STOP_CHECKER, &f, 0);
	house_control(&h, ++request, CONTROL_START_CHECKER, &f, 0);
	house_control(&h, ++request, CONTROL_ENABLE, &none, 0);
	house_until(&h.busd, MSG_CONTROL_DONE, &done, sizeof done);
	ordered(CHECK_ABANDON | CHECK_NOW);

	house_control(&h, ++request, CONTROL_DISABLE, &f, 0);
	house_save(&h, &save);
	house_control(&h, ++request, CONTROL_START_CHECKER, &f, 0);
	house_control(&h, ++request, CONTROL_ENABLE, &none, 0);
	house_until(&h.busd, MSG_CONTROL_DONE, &done, sizeof done);
	ordered(CHECK_CEASE | CHECK_NOW);
	house_stop(&h);
}

ATF_TC(order__waits_for_checkerd);
ATF_TC_HEAD(order__waits_for_checkerd, tc)
{
	atf_tc_set_md_var(tc, "descr", "a check that is wanted while there is "
	    "no checkerd is begun by the next one, unless it is called off");
}
ATF_TC_BODY(order__waits_for_checkerd, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_check check;
	uint32_t i;

	(void)tc;
	house_start(&h);
	for (i = 1; i <= 3; i++) {
		f.number = i;
		house_enrolled(&h, &f);
	}
	house_busd(&h);
	f.number = 1;
	house_control(&h, 1, CONTROL_START_CHECKER, &f, 0);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	f.number = 2;
	house_control(&h, 2, CONTROL_START_CHECKER, &f, 0);
	ATF_CHECK_EQ(0, house_done(&h, 2));
	house_control(&h, 3, CONTROL_STOP_CHECKER, &f, 0);
	ATF_CHECK_EQ(0, house_done(&h, 3));
	house_checkerd(&h);
	for (i = 1; i <= 3; i++) {
		house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
		ATF_CHECK_EQ(i, check.f.number);
		ATF_CHECK_EQ(i == 1 ? CHECK_SCHEDULE | CHECK_NOW :
		    CHECK_SCHEDULE, check.orders & ~CHECK_ABANDON);
	}
	ATF_CHECK(house_silent(&h.checkerd));
	house_stop(&h);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, check__success_sets_the_window_to_timeout);
	ATF_TP_ADD_TC(tp, check__is_nothing_new_to_checkerd);
	ATF_TP_ADD_TC(tp, check__times_that_the_command_names);
	ATF_TP_ADD_TC(tp, check__times_that_a_new_command_names);
	ATF_TP_ADD_TC(tp, check__failure_is_a_status_and_nothing_else);
	ATF_TP_ADD_TC(tp, disable__ends_a_check_that_has_begun);
	ATF_TP_ADD_TC(tp, stop__is_not_overtaken);
	ATF_TP_ADD_TC(tp, checkerd__ends_and_nobody_is_disabled);
	ATF_TP_ADD_TC(tp, checkerd__ends_before_it_is_told);
	ATF_TP_ADD_TC(tp, order__is_kept);
	ATF_TP_ADD_TC(tp, order__waits_for_checkerd);
	return atf_no_error();
}
