/* SPDX-License-Identifier: ISC */
/*
 * What is said to be done is on disk and in force, and what cannot be saved is
 * not taken.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "house.h"

/* AddressSanitizer keeps what was freed for a while. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define GROWTH_KB (300 * 1024)
#else
#define GROWTH_KB 4096
#endif

static struct house h;

/* A house with one client, and busd. */
static struct client_fields
begin(void)
{
	struct client_fields f = house_fields(1);
	struct msg_enroll m;
	struct msg_save save;

	house_start(&h);
	house_enroll(&h, &f, SET_ALL);
	house_until(&h.monitor, MSG_ENROLL, &m, sizeof m);
	house_save(&h, &save);
	house_busd(&h);
	return f;
}

/* As busd: set host, checker or secret to so many bytes of ${c}. */
static void
set_text(uint64_t request, uint32_t set, size_t n, char c)
{
	struct msg_control m = { .f = house_fields(1), .request = request,
		.what = CONTROL_SET, .set = set };
	static uint8_t tail[131072];
	static char text[131072];
	size_t len = 0;
	uint32_t i;

	memset(text, c, sizeof text);
	for (i = 0; i < CLIENT_STRINGS; i++)
		ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &len, text,
		    (i == 1 && set & SET_HOST) ||
		    (i == 2 && set & SET_CHECKER) ? n : 0));
	if (set & SET_SECRET)
		ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &len, text, n));
	house_say(&h.busd, MSG_CONTROL, &m, tail, len);
}

/* Take the answer to a request that was refused at once. */
static void
refused(uint64_t request, uint32_t error)
{
	struct msg_control_done done;

	house_until(&h.busd, MSG_CONTROL_DONE, &done, sizeof done);
	ATF_CHECK_EQ(request, done.request);
	ATF_CHECK_EQ(error, done.error);
	ATF_CHECK(house_silent(&h.state));
}

ATF_TC(set__what_could_not_be_saved);
ATF_TC_HEAD(set__what_could_not_be_saved, tc)
{
	atf_tc_set_md_var(tc, "descr", "texts that each fit into a message, "
	    "and together do not, are refused, and nothing is lost");
}
ATF_TC_BODY(set__what_could_not_be_saved, tc)
{
	struct client_fields f = begin();
	struct msg_save save;

	(void)tc;
	set_text(1, SET_HOST, 80000, 'h');
	house_save(&h, &save);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	set_text(2, SET_CHECKER, 80000, 'c');
	refused(2, E2BIG);
	set_text(3, SET_SECRET, SECRET_MAX, 's');
	refused(3, E2BIG);
	/* The next decision is saved like any other. */
	house_control(&h, 4, CONTROL_DISABLE, &f, 0);
	house_save(&h, &save);
	ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 4));
	house_stop(&h);
}

ATF_TC(set__what_could_not_be_read_again);
ATF_TC_HEAD(set__what_could_not_be_read_again, tc)
{
	atf_tc_set_md_var(tc, "descr", "a text must fit beside the secret that "
	    "the client has, or a ledger with both would be refused");
}
ATF_TC_BODY(set__what_could_not_be_read_again, tc)
{
	struct msg_save save;

	(void)tc;
	begin();
	set_text(1, SET_SECRET, SECRET_MAX, 's');
	house_save(&h, &save);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	set_text(2, SET_HOST, 131072 - SECRET_MAX, 'h');
	refused(2, E2BIG);
	set_text(3, SET_HOST, 131072 - SECRET_MAX - 100, 'h');
	house_save(&h, &save);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 3));
	/* With a shorter one there is room again. */
	set_text(4, SET_SECRET, 100, 's');
	house_save(&h, &save);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 4));
	set_text(5, SET_HOST, 130000, 'h');
	house_save(&h, &save);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 5));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(set__no_text_has_a_nul);
ATF_TC_BODY(set__no_text_has_a_nul, tc)
{
	struct msg_worker w;

	(void)tc;
	begin();
	/* No bus has that: busd is not itself. */
	set_text(1, SET_HOST, 3, '\0');
	house_until(&h.monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(WORKER_BROKEN, w.news);
	ATF_CHECK(house_silent(&h.state));
	house_stop(&h);
}

ATF_TC(disable__again_until_it_is_saved);
ATF_TC_HEAD(disable__again_until_it_is_saved, tc)
{
	atf_tc_set_md_var(tc, "descr", "what could not be saved is not done, "
	    "however often it is asked for");
}
ATF_TC_BODY(disable__again_until_it_is_saved, tc)
{
	struct client_fields f = begin();
	struct msg_save save;
	uint64_t i;

	(void)tc;
	for (i = 1; i <= 3; i++) {
		house_control(&h, i, CONTROL_DISABLE, &f, 0);
		house_save(&h, &save);
		ATF_CHECK_EQ(1, save.urgent);
		ATF_CHECK(!(save.f.flags & CLIENT_ENABLED));
		house_saved(&h, ENOSPC);
		ATF_CHECK_EQ(ENOSPC, house_done(&h, i));
	}
	house_control(&h, 4, CONTROL_DISABLE, &f, 0);
	house_save(&h, &save);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 4));
	house_control(&h, 5, CONTROL_DISABLE, &f, 0);
	ATF_CHECK_EQ(0, house_done(&h, 5));
	ATF_CHECK(house_silent(&h.state));
	house_stop(&h);
}

ATF_TC(enable__is_not_told_by_the_way);
ATF_TC_HEAD(enable__is_not_told_by_the_way, tc)
{
	atf_tc_set_md_var(tc, "descr", "what a checker finds meanwhile does "
	    "not bring a decision out that is not on disk");
}
ATF_TC_BODY(enable__is_not_told_by_the_way, tc)
{
	struct msg_check_done m = { .number = 1 };
	struct client_fields f = begin();
	struct msg_client_state state;
	struct msg_event event;
	struct msg_gate gate;
	struct msg_save save;
	struct msg msg;

	(void)tc;
	house_control(&h, 1, CONTROL_DISABLE, &f, 0);
	house_save(&h, &save);
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	house_checkerd(&h);
	while (!house_silent(&h.busd) && chan_recv(&h.busd, &msg) == 1)
		msg_free(&msg);
	house_control(&h, 2, CONTROL_ENABLE, &f, 0);
	house_save(&h, &save);
	house_say(&h.checkerd, MSG_CHECK_DONE, &m, "c", 1);
	house_save(&h, &save);
	house_next(&h.busd, MSG_EVENT, &event, sizeof event);
	ATF_CHECK_EQ(0, event.f.number);
	ATF_CHECK(house_silent(&h.busd));
	ATF_CHECK(house_silent(&h.monitor));
	house_saved(&h, 0);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK(gate.g.flags & CLIENT_ENABLED);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK(state.f.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(0, house_done(&h, 2));
	house_stop(&h);
}

ATF_TC(set__done_means_in_force);
ATF_TC_HEAD(set__done_means_in_force, tc)
{
	atf_tc_set_md_var(tc, "descr", "a change is not said to be done while "
	    "another one keeps it from the monitor");
}
ATF_TC_BODY(set__done_means_in_force, tc)
{
	struct client_fields f = begin();
	struct msg_save first, save;
	struct msg_saved saved = { 0 };
	struct msg_gate gate;

	(void)tc;
	f.approval_delay_ms = 3600000;
	house_control(&h, 1, CONTROL_SET, &f, SET_APPROVAL_DELAY);
	house_save(&h, &first);
	/* While that is being written. */
	house_control(&h, 2, CONTROL_SET, &f, SET_HOST);
	house_save(&h, &save);
	saved.seq = first.seq;
	house_say(&h.state, MSG_SAVED, &saved, NULL, 0);
	ATF_CHECK(house_silent(&h.monitor));
	house_saved(&h, 0);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK_EQ(3600000, gate.g.approval_delay_ms);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	house_stop(&h);
}

ATF_TC(reload__done_means_in_force);
ATF_TC_HEAD(reload__done_means_in_force, tc)
{
	atf_tc_set_md_var(tc, "descr", "a reload is over when the monitor has "
	    "every key and secret that it has brought");
}
ATF_TC_BODY(reload__done_means_in_force, tc)
{
	struct client_fields f = begin();
	struct msg_merged merged = { .refused = 0 };
	struct msg_configured done;
	struct msg_saved saved = { 0 };
	struct msg_gate gate;
	struct msg_save first, save;

	(void)tc;
	memset(f.keyid, 9, sizeof f.keyid);
	house_enroll(&h, &f, SET_KEYID);
	house_save(&h, &first);
	house_say(&h.state, MSG_MERGED, &merged, NULL, 0);
	ATF_CHECK(house_silent(&h.monitor));
	/* Nor does a change of another kind bring it forward. */
	house_control(&h, 1, CONTROL_SET, &f, SET_HOST);
	house_save(&h, &save);
	saved.seq = first.seq;
	house_say(&h.state, MSG_SAVED, &saved, NULL, 0);
	ATF_CHECK(house_silent(&h.monitor));
	house_saved(&h, 0);
	house_next(&h.monitor, MSG_GATE, &gate, sizeof gate);
	ATF_CHECK_EQ(9, gate.g.keyid[0]);
	house_next(&h.monitor, MSG_CONFIGURED, &done, sizeof done);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	house_stop(&h);
}

static long
rss_kb(void)
{
	char path[64], line[256];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)h.pid);
	ATF_REQUIRE((f = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	ATF_REQUIRE_EQ(0, fclose(f));
	return kb;
}

ATF_TC(state__that_does_not_read);
ATF_TC_HEAD(state__that_does_not_read, tc)
{
	atf_tc_set_md_var(tc, "descr", "a slow disk and a busy checkerd do not "
	    "fill the memory; the last word is saved in the end");
}
ATF_TC_BODY(state__that_does_not_read, tc)
{
	struct msg_check_done m = { .number = 1 };
	struct msg_save save;
	struct msg msg;
	long before;
	int i;

	(void)tc;
	begin();
	house_checkerd(&h);
	before = rss_kb();
	for (i = 0; i < 50000; i++) {
		m.status = (i % 200) << 8;
		house_say(&h.checkerd, MSG_CHECK_DONE, &m, "c", 1);
		while (chan_recv(&h.checkerd, &msg) == 1)
			msg_free(&msg);
		while (chan_recv(&h.busd, &msg) == 1)
			msg_free(&msg);
	}
	ATF_CHECK(rss_kb() < before + GROWTH_KB);
	do
		house_save(&h, &save);
	while (!house_silent(&h.state));
	ATF_CHECK_EQ((i - 1) % 200, save.f.last_checker_status);
	house_stop(&h);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, set__what_could_not_be_saved);
	ATF_TP_ADD_TC(tp, set__what_could_not_be_read_again);
	ATF_TP_ADD_TC(tp, set__no_text_has_a_nul);
	ATF_TP_ADD_TC(tp, disable__again_until_it_is_saved);
	ATF_TP_ADD_TC(tp, enable__is_not_told_by_the_way);
	ATF_TP_ADD_TC(tp, set__done_means_in_force);
	ATF_TP_ADD_TC(tp, reload__done_means_in_force);
	ATF_TP_ADD_TC(tp, state__that_does_not_read);
	return atf_no_error();
}
