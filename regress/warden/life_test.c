/* SPDX-License-Identifier: ISC */
/*
 * A client's life: each case names the rule, and looks at what the warden says
 * to the monitor, the state process, checkerd and busd.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <errno.h>
#include <string.h>

#include "house.h"

static struct house h;

ATF_TC_WITHOUT_HEAD(start__first_check_is_random_and_window_follows);
ATF_TC_BODY(start__first_check_is_random_and_window_follows, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_save save;
	struct msg_enroll m;
	struct msg_check check;
	int64_t left, lowest = INT64_MAX, highest = 0;
	uint32_t i;

	(void)tc;
	house_start(&h);
	for (i = 1; i <= 40; i++) {
		f.number = i;
		house_enroll(&h, &f, SET_ALL);
		house_next(&h.monitor, MSG_ENROLL, &m, sizeof m);
		ATF_CHECK_EQ(i, m.g.number);
		ATF_CHECK_EQ(f.flags, m.g.flags);
		ATF_CHECK_EQ(4 + 4 + 4 + strlen(HOUSE_SECRET),
		    house_tail_len);
		house_save(&h, &save);
		ATF_CHECK_EQ(0, save.urgent);
		ATF_CHECK(save.f.created_us != 0);
		ATF_CHECK(save.f.last_enabled_us != 0);
		left = (save.f.expires_us - house_now_us()) / 1000;
		ATF_CHECK(left > 50000 && left <= 120000);
		lowest = left < lowest ? left : lowest;
		highest = left > highest ? left : highest;
	}
	ATF_CHECK(highest - lowest > 10000);
	house_checkerd(&h);
	for (i = 1; i <= 40; i++) {
		house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
		ATF_CHECK_EQ(CHECK_SCHEDULE, check.orders);
		/* The window is one interval longer than that. */
		ATF_CHECK(check.first_ms <= 60000);
		ATF_CHECK(house_expires_in(&check.f, (int64_t)check.first_ms +
		    61000));
	}
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(start__a_longer_window_goes_on);
ATF_TC_BODY(start__a_longer_window_goes_on, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_save save;

	(void)tc;
	house_start(&h);
	f.expires_us = house_now_us() + 700000 * (int64_t)1000;
	house_enroll(&h, &f, SET_ALL);
	house_save(&h, &save);
	ATF_CHECK(house_expires_in(&save.f, 700000));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(start__a_disabled_client_is_left_alone);
ATF_TC_BODY(start__a_disabled_client_is_left_alone, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_enroll m;
	struct msg_check check;
	struct msg_save save;

	(void)tc;
	f.flags &= ~CLIENT_ENABLED;
	house_start(&h);
	house_enroll(&h, &f, SET_ALL);
	house_next(&h.monitor, MSG_ENROLL, &m, sizeof m);
	ATF_CHECK_EQ(f.flags, m.g.flags);
	house_save(&h, &save);
	ATF_CHECK_EQ(0, save.f.expires_us);
	ATF_CHECK_EQ(0, save.f.last_enabled_us);
	house_checkerd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(0, check.orders);
	house_stop(&h);
}

ATF_TC(expiry__is_saved_before_it_is_told);
ATF_TC_HEAD(expiry__is_saved_before_it_is_told, tc)
{
	atf_tc_set_md_var(tc, "descr", "an expired client is refused at once; "
	    "everybody else hears of it when it is on disk");
}
ATF_TC_BODY(expiry__is_saved_before_it_is_told, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_client_state state;
	struct msg_event event;
	struct msg_check check;
	struct msg_gate gate;
	struct msg_save save;

	(void)tc;
	f.timeout_ms = 200;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	house_until(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(!(gate.g.flags & CLIENT_ENABLED));
	house_save(&h, &save);
	ATF_CHECK_EQ(1, save.urgent);
	ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(0, save.f.expires_us);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	house_next(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK(event.f.flags & CLIENT_ENABLED);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK(house_silent(&h.busd));
	ATF_CHECK(house_silent(&h.checkerd));
	house_saved(&h, 0);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK(!(state.f.flags & CLIENT_ENABLED));
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_CEASE, check.orders);
	/* Success does not bring it back. */
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(0, save.f.expires_us);
	house_stop(&h);
}

ATF_TC(enable__is_saved_before_it_is_in_force);
ATF_TC_HEAD(enable__is_saved_before_it_is_in_force, tc)
{
	atf_tc_set_md_var(tc, "descr", "the monitor hears of an enabled "
	    "client, and the administrator of success, when it is on disk");
}
ATF_TC_BODY(enable__is_saved_before_it_is_in_force, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_check check;
	struct msg_gate gate;
	struct msg_save save;

	(void)tc;
	f.flags &= ~CLIENT_ENABLED;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_control(&h, 9, CONTROL_ENABLE, &f, 0);
	house_save(&h, &save);
	ATF_CHECK_EQ(1, save.urgent);
	ATF_CHECK(save.f.flags & CLIENT_ENABLED);
	ATF_CHECK(house_expires_in(&save.f, 120000));
	ATF_CHECK(save.f.last_enabled_us != 0);
	ATF_CHECK(house_silent(&h.monitor));
	house_saved(&h, 0);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(gate.g.flags & CLIENT_ENABLED);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_SCHEDULE, check.orders);
	ATF_CHECK(check.first_ms > 50000 && check.first_ms <= 60000);
	ATF_CHECK_EQ(0, house_done(&h, 9));
	/* Again: nothing to do. */
	house_control(&h, 10, CONTROL_ENABLE, &f, 0);
	ATF_CHECK_EQ(0, house_done(&h, 10));
	ATF_CHECK(house_silent(&h.state));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(disable__holds_even_if_it_cannot_be_saved);
ATF_TC_BODY(disable__holds_even_if_it_cannot_be_saved, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_client_state state;
	struct msg_gate gate;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_busd(&h);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	house_control(&h, 3, CONTROL_DISABLE, &f, 0);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(!(gate.g.flags & CLIENT_ENABLED));
	house_save(&h, &save);
	ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
	house_saved(&h, ENOSPC);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK(!(state.f.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(ENOSPC, house_done(&h, 3));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(enable_disable__the_last_word_counts);
ATF_TC_BODY(enable_disable__the_last_word_counts, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_check check;
	struct msg_gate gate;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_control(&h, 1, CONTROL_DISABLE, &f, 0);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(!(gate.g.flags & CLIENT_ENABLED));
	house_save(&h, &save);
	house_control(&h, 2, CONTROL_ENABLE, &f, 0);
	house_save(&h, &save);
	house_control(&h, 3, CONTROL_DISABLE, &f, 0);
	house_save(&h, &save);
	ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_CEASE, check.orders);
	ATF_CHECK(!(check.f.flags & CLIENT_ENABLED));
	/* Never was it enabled as far as the monitor knows. */
	house_next(&h.monitor, MSG_SYNC, &(struct msg_sync) { 0 },
	    sizeof(struct msg_sync));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(set__timeout_moves_the_window);
ATF_TC_BODY(set__timeout_moves_the_window, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_gate gate;
	struct msg_save save;
	int64_t expires_us;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	f.timeout_ms = 400000;
	house_control(&h, 1, CONTROL_SET, &f, SET_TIMEOUT);
	house_save(&h, &save);
	ATF_CHECK_EQ(1, save.urgent);
	ATF_CHECK_EQ(400000, save.f.timeout_ms);
	ATF_CHECK(house_expires_in(&save.f, 400000));
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	/* Once more: nothing is different then, not by a microsecond. */
	expires_us = save.f.expires_us;
	house_control(&h, 2, CONTROL_SET, &f, SET_TIMEOUT);
	house_save(&h, &save);
	ATF_CHECK_EQ(expires_us, save.f.expires_us);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 2));
	f.timeout_ms = 0;
	house_control(&h, 3, CONTROL_SET, &f, SET_TIMEOUT);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(!(gate.g.flags & CLIENT_ENABLED));
	house_save(&h, &save);
	house_save(&h, &save);
	ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 3));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(set__interval_checks_at_once);
ATF_TC_BODY(set__interval_checks_at_once, tc)
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
	f.interval_ms = 90000;
	house_control(&h, 1, CONTROL_SET, &f, SET_INTERVAL);
	house_save(&h, &save);
	house_saved(&h, 0);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	ATF_CHECK_EQ(CHECK_SCHEDULE | CHECK_NOW, check.orders);
	ATF_CHECK_EQ(90000, check.f.interval_ms);
	ATF_CHECK(check.first_ms > 80000 && check.first_ms <= 90000);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(set__a_new_secret_goes_to_disk_first);
ATF_TC_BODY(set__a_new_secret_goes_to_disk_first, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_gate gate;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_busd(&h);
	house_control(&h, 1, CONTROL_SET, &f, SET_SECRET);
	house_save(&h, &save);
	ATF_CHECK_EQ(SET_SECRET, save.set);
	ATF_CHECK(memmem(house_tail, house_tail_len, HOUSE_SECRET,
	    strlen(HOUSE_SECRET)) != NULL);
	ATF_CHECK(house_silent(&h.monitor));
	house_saved(&h, 0);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(memmem(house_tail, house_tail_len, HOUSE_SECRET,
	    strlen(HOUSE_SECRET)) != NULL);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	/* The next change has no secret any more. */
	house_control(&h, 2, CONTROL_SET, &f, SET_HOST);
	house_save(&h, &save);
	ATF_CHECK_EQ(0, save.set);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 2));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(remove__from_everywhere);
ATF_TC_BODY(remove__from_everywhere, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_client_state state;
	struct msg_check_forget away;
	struct msg_client_gone gone;
	struct msg_unenroll un;
	struct msg_forget forget;
	struct msg_check check;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_checkerd(&h);
	house_busd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	house_control(&h, 1, CONTROL_REMOVE, &f, 0);
	house_next(&h.state, MSG_FORGET, &forget, sizeof forget);
	ATF_CHECK_EQ(1, forget.number);
	house_next(&h.monitor, MSG_UNENROLL, &un, sizeof un);
	ATF_CHECK_EQ(1, un.number);
	house_next(&h.checkerd, MSG_CHECK_FORGET, &away, sizeof away);
	house_next(&h.busd, MSG_CLIENT_GONE, &gone, sizeof gone);
	h.seq = forget.seq;
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	house_control(&h, 2, CONTROL_ENABLE, &f, 0);
	{
		struct msg_control_done done;

		house_next(&h.busd, MSG_CONTROL_DONE, &done, sizeof done);
		ATF_CHECK_EQ(ENOENT, done.error);
	}
	/* News that were under way are of no interest. */
	house_checked(&h, 1, 0);
	house_news(&h, EVENT_GOT_SECRET, 1, 0);
	ATF_CHECK(house_silent(&h.state));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(news__of_sessions);
ATF_TC_BODY(news__of_sessions, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_client_state state;
	struct msg_approve approve;
	struct msg_event event;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	house_busd(&h);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	house_news(&h, EVENT_PENDING, 1, 2);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK_EQ(2, state.f.approvals_pending);
	house_news(&h, EVENT_NEED_APPROVAL, 1, 1000);
	house_save(&h, &save);
	ATF_CHECK(save.f.last_approval_request_us != 0);
	house_next(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK_EQ(EVENT_NEED_APPROVAL, event.e.event);
	ATF_CHECK_EQ(save.f.last_approval_request_us,
	    event.f.last_approval_request_us);
	ATF_CHECK_EQ(1000, event.e.value);
	house_control(&h, 1, CONTROL_APPROVE, &f, 0);
	house_until(&h.monitor, MSG_APPROVE, &approve, sizeof approve);
	ATF_CHECK_EQ(APPROVAL_YES, approve.approval);
	ATF_CHECK_EQ(1000, approve.ms);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	house_control(&h, 2, CONTROL_DENY, &f, 0);
	house_until(&h.monitor, MSG_APPROVE, &approve, sizeof approve);
	ATF_CHECK_EQ(APPROVAL_NO, approve.approval);
	ATF_CHECK_EQ(0, house_done(&h, 2));
	house_news(&h, EVENT_GOT_SECRET, 1, 0);
	house_save(&h, &save);
	ATF_CHECK(house_expires_in(&save.f, 900000));
	ATF_CHECK_EQ(0, save.f.last_checked_ok_us);
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(reload__only_what_has_changed);
ATF_TC_BODY(reload__only_what_has_changed, tc)
{
	struct msg_merged merged = { .refused = 0 };
	struct msg_dropped dropped = { .number = 2 };
	struct client_fields f = house_fields(1);
	struct msg_configured done;
	struct msg_unenroll un;
	struct msg_gate gate;
	struct msg_save save;

	(void)tc;
	house_start(&h);
	house_enrolled(&h, &f);
	f.number = 2;
	house_enrolled(&h, &f);
	f.number = 1;
	house_say(&h.state, MSG_MERGED, &merged, NULL, 0);
	house_next(&h.monitor, MSG_CONFIGURED, &done, sizeof done);
	/* Its other fields are out of date: they are not what was changed. */
	f.flags = CLIENT_HAS_KEYID;
	f.extended_timeout_ms = 5;
	f.last_checker_status = 77;
	house_enroll(&h, &f, SET_EXTENDED_TIMEOUT);
	house_save(&h, &save);
	ATF_CHECK_EQ(5, save.f.extended_timeout_ms);
	ATF_CHECK(save.f.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(CHECKER_NEVER, save.f.last_checker_status);
	house_enroll(&h, &f, SET_ENABLED);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(!(gate.g.flags & CLIENT_ENABLED));
	house_save(&h, &save);
	house_say(&h.state, MSG_DROPPED, &dropped, NULL, 0);
	house_next(&h.monitor, MSG_UNENROLL, &un, sizeof un);
	ATF_CHECK_EQ(2, un.number);
	merged.refused = 1;
	house_say(&h.state, MSG_MERGED, &merged, NULL, 0);
	house_saved(&h, 0);
	house_next(&h.monitor, MSG_CONFIGURED, &done, sizeof done);
	ATF_CHECK_EQ(1, done.refused);
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(durations__of_any_length);
ATF_TC_BODY(durations__of_any_length, tc)
{
	struct client_fields f = house_fields(1);
	struct msg_check check;
	struct msg_save save;

	(void)tc;
	f.interval_ms = f.timeout_ms = f.extended_timeout_ms = UINT64_MAX;
	house_start(&h);
	house_enroll(&h, &f, SET_ALL);
	house_save(&h, &save);
	house_checkerd(&h);
	house_next(&h.checkerd, MSG_CHECK, &check, sizeof check);
	house_checked(&h, 1, 0);
	house_save(&h, &save);
	ATF_CHECK_EQ(INT64_MAX, save.f.expires_us);
	house_news(&h, EVENT_GOT_SECRET, 1, 0);
	house_save(&h, &save);
	ATF_CHECK_EQ(INT64_MAX, save.f.expires_us);
	f.number = 2;
	f.interval_ms = f.timeout_ms = f.extended_timeout_ms = 0;
	house_enroll(&h, &f, SET_ALL);
	house_save(&h, &save);
	house_save(&h, &save);
	ATF_CHECK_EQ(2, save.f.number);
	ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
	house_stop(&h);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, start__first_check_is_random_and_window_follows);
	ATF_TP_ADD_TC(tp, start__a_longer_window_goes_on);
	ATF_TP_ADD_TC(tp, start__a_disabled_client_is_left_alone);
	ATF_TP_ADD_TC(tp, expiry__is_saved_before_it_is_told);
	ATF_TP_ADD_TC(tp, enable__is_saved_before_it_is_in_force);
	ATF_TP_ADD_TC(tp, disable__holds_even_if_it_cannot_be_saved);
	ATF_TP_ADD_TC(tp, enable_disable__the_last_word_counts);
	ATF_TP_ADD_TC(tp, set__timeout_moves_the_window);
	ATF_TP_ADD_TC(tp, set__interval_checks_at_once);
	ATF_TP_ADD_TC(tp, set__a_new_secret_goes_to_disk_first);
	ATF_TP_ADD_TC(tp, remove__from_everywhere);
	ATF_TP_ADD_TC(tp, news__of_sessions);
	ATF_TP_ADD_TC(tp, reload__only_what_has_changed);
	ATF_TP_ADD_TC(tp, durations__of_any_length);
	return atf_no_error();
}
