/* SPDX-License-Identifier: ISC */
/*
 * Administrators who add a client: nobody hears of it before it is on disk,
 * and he is answered when the monitor has it.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <errno.h>
#include <string.h>

#include "house.h"

static struct house h;

static const char *const texts[] = { "name", "host", "checker", "key",
	"print", HOUSE_SECRET };

/* Strings of so many of the texts. */
static size_t
put(uint8_t *tail, size_t size, size_t count)
{
	size_t i, len = 0;

	for (i = 0; i < count; i++)
		ATF_REQUIRE_EQ(0, tail_put(tail, size, &len, texts[i],
		    strlen(texts[i])));
	return len;
}

static void
ask(uint64_t request, const uint8_t *tail, size_t len)
{
	struct msg_control m = { .f = house_fields(7), .request = request,
		.what = CONTROL_ADD };

	m.f.created_us = m.f.expires_us = 4711;
	m.f.approvals_pending = 7;
	m.f.flags = UINT32_MAX;
	house_say(&h.busd, MSG_CONTROL, &m, tail, len);
}

static void
ask_well(uint64_t request)
{
	uint8_t tail[256];

	ask(request, tail, put(tail, sizeof tail, 6));
}

/* As state, answer ADD ${seq}: it is there, or why not. */
static void
added(uint64_t seq, uint32_t number, uint32_t error)
{
	struct msg_added m = { .seq = seq, .number = number, .error = error };
	struct client_fields f = house_fields(number);

	if (error == 0)
		house_enroll(&h, &f, SET_ALL);
	house_say(&h.state, MSG_ADDED, &m, NULL, 0);
}

static void
begin(void)
{
	house_start(&h);
	house_busd(&h);
}

ATF_TC_WITHOUT_HEAD(add__on_disk_and_in_force);
ATF_TC_BODY(add__on_disk_and_in_force, tc)
{
	struct client_fields want = { .flags = CLIENT_ENABLED |
		CLIENT_APPROVED_BY_DEFAULT, .interval_ms = 60000,
		.timeout_ms = 300000, .extended_timeout_ms = 900000,
		.approval_duration_ms = 1000 };
	struct msg_control_done done;
	struct msg_client_state state;
	struct msg_synced synced;
	struct msg_enroll enroll;
	struct msg_sync sync;
	struct msg_add add;
	uint8_t tail[256];
	size_t len;

	(void)tc;
	begin();
	ask_well(7);
	house_next(&h.state, MSG_ADD, &add, sizeof add);
	ATF_CHECK_EQ(1, add.seq);
	/* Settings, and nothing else of what was said. */
	ATF_CHECK_EQ(0, memcmp(&want, &add.f, sizeof want));
	len = put(tail, sizeof tail, 6);
	ATF_CHECK_EQ(len, house_tail_len);
	ATF_CHECK_EQ(0, memcmp(tail, house_tail, len));
	ATF_CHECK(house_silent(&h.monitor));
	ATF_CHECK(house_silent(&h.busd));
	added(1, 3, 0);
	house_next(&h.monitor, MSG_ENROLL, &enroll, sizeof enroll);
	ATF_CHECK_EQ(3, enroll.g.number);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK_EQ(3, state.f.number);
	house_until(&h.monitor, MSG_SYNC, &sync, sizeof sync);
	ATF_CHECK(house_silent(&h.busd));
	synced.seq = sync.seq;
	house_say(&h.monitor, MSG_SYNCED, &synced, NULL, 0);
	house_next(&h.busd, MSG_CONTROL_DONE, &done, sizeof done);
	ATF_CHECK_EQ(7, done.request);
	ATF_CHECK_EQ(0, done.error);
	ATF_CHECK_EQ(3, done.number);
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(add__refused);
ATF_TC_BODY(add__refused, tc)
{
	static const uint32_t errors[] = { EEXIST, EDQUOT, ENOSPC };
	struct msg_add add;
	size_t i;

	(void)tc;
	begin();
	for (i = 0; i < 3; i++) {
		ask_well(i + 1);
		house_next(&h.state, MSG_ADD, &add, sizeof add);
		added(i + 1, 0, errors[i]);
		ATF_CHECK_EQ(errors[i], (uint32_t)house_done(&h, i + 1));
	}
	house_stop(&h);
}

/* Answers come in the order of the questions, whatever else is asked. */
ATF_TC_WITHOUT_HEAD(add__among_others);
ATF_TC_BODY(add__among_others, tc)
{
	static const struct client_fields nobody;
	struct msg_reload reload;
	struct client_fields f = house_fields(1);
	struct msg_save save;
	struct msg_add add;

	(void)tc;
	begin();
	house_enroll(&h, &f, SET_ALL);
	house_save(&h, &save);
	house_control(&h, 1, CONTROL_DISABLE, &f, 0);
	ask_well(2);
	house_control(&h, 3, CONTROL_RELOAD, &nobody, 0);
	ask_well(4);
	house_save(&h, &save);
	house_next(&h.state, MSG_ADD, &add, sizeof add);
	house_next(&h.state, MSG_ADD, &add, sizeof add);
	house_next(&h.parent, MSG_RELOAD, &reload, sizeof reload);
	/* The second is not the first, though its number is higher. */
	added(2, 0, EEXIST);
	ATF_CHECK_EQ(EEXIST, house_done(&h, 4));
	house_saved(&h, 0);
	ATF_CHECK_EQ(0, house_done(&h, 1));
	added(1, 2, 0);
	ATF_CHECK_EQ(0, house_done(&h, 2));
	ATF_CHECK(house_silent(&h.busd));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(add__busd_gone);
ATF_TC_BODY(add__busd_gone, tc)
{
	struct msg_client_state state;
	struct msg_worker w;
	struct msg_add add;

	(void)tc;
	begin();
	ask_well(1);
	house_next(&h.state, MSG_ADD, &add, sizeof add);
	chan_close(&h.busd);
	house_until(&h.monitor, MSG_WORKER, &w, sizeof w);
	house_busd(&h);
	ask_well(1);
	house_next(&h.state, MSG_ADD, &add, sizeof add);
	ATF_CHECK_EQ(2, add.seq);
	/* It is there all the same. */
	added(1, 5, 0);
	house_next(&h.busd, MSG_CLIENT_STATE, &state, sizeof state);
	ATF_CHECK_EQ(5, state.f.number);
	ATF_CHECK(house_silent(&h.busd));
	added(2, 0, EEXIST);
	ATF_CHECK_EQ(EEXIST, house_done(&h, 1));
	house_stop(&h);
}

static void
broken(const uint8_t *tail, size_t len)
{
	struct msg_worker w;

	house_busd(&h);
	ask(1, tail, len);
	house_until(&h.monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(PROC_BUSD, w.worker);
	ATF_CHECK_EQ(WORKER_BROKEN, w.news);
	/* State takes none of it. */
	ATF_CHECK(house_silent(&h.state));
}

ATF_TC_WITHOUT_HEAD(add__bad_strings);
ATF_TC_BODY(add__bad_strings, tc)
{
	static uint8_t tail[131072];
	size_t len, i;

	(void)tc;
	house_start(&h);
	broken(tail, 0);
	/* No secret; half of one; more than one; one that is too long. */
	broken(tail, put(tail, sizeof tail, 5));
	len = put(tail, sizeof tail, 6);
	broken(tail, len - 1);
	broken(tail, len + 1);
	len = put(tail, sizeof tail, 5);
	memset(tail + len, 0, 4 + SECRET_MAX + 1);
	memcpy(tail + len, &(uint32_t){ SECRET_MAX + 1 }, 4);
	broken(tail, len + 4 + SECRET_MAX + 1);
	/* No name. */
	len = put(tail, sizeof tail, 6);
	memset(tail, 0, 4);
	broken(tail, len);
	len = put(tail, sizeof tail, 6);
	memmove(tail + 4, tail + 8, len - 8);
	memset(tail, 0, 4);
	broken(tail, len - 4);
	/* A NUL in each of the texts, the first byte of it. */
	for (i = 0; i < CLIENT_STRINGS; i++) {
		len = put(tail, sizeof tail, 6);
		tail[put((uint8_t[256]){ 0 }, 256, i) + 4] = '\0';
		broken(tail, len);
	}
	house_stop(&h);
}

/* A state process that answers what was not asked is the end. */
ATF_TC_WITHOUT_HEAD(state__broken);
ATF_TC_BODY(state__broken, tc)
{
	(void)tc;
	house_start(&h);
	added(1, 0, EEXIST);
	house_dies(&h);
	house_start(&h);
	added(0, 0, EEXIST);
	house_dies(&h);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, add__on_disk_and_in_force);
	ATF_TP_ADD_TC(tp, add__refused);
	ATF_TP_ADD_TC(tp, add__among_others);
	ATF_TP_ADD_TC(tp, add__busd_gone);
	ATF_TP_ADD_TC(tp, add__bad_strings);
	ATF_TP_ADD_TC(tp, state__broken);
	return atf_no_error();
}
