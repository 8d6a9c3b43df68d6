/* SPDX-License-Identifier: ISC */
/*
 * The client table, the release rule and the secrets' memory.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "monitor.h"

static void
add(const char *name, uint32_t number, uint32_t flags)
{
	struct msg_client m;

	memset(&m, 0, sizeof m);
	memcpy(m.keyid, &number, sizeof number);
	m.flags = flags;
	client_add(&m, strdup(name), secret_keep((const uint8_t *)name,
	    strlen(name)));
}

static const struct client *
find(uint32_t number)
{
	uint8_t keyid[KEYID_LEN] = { 0 };

	memcpy(keyid, &number, sizeof number);
	return client_find(keyid);
}

ATF_TC_WITHOUT_HEAD(client_find__ten_thousand);
ATF_TC_BODY(client_find__ten_thousand, tc)
{
	char name[16];
	uint32_t i;

	(void)tc;
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "c%" PRIu32, i);
		add(name, i * 2654435761u, CLIENT_HAS_KEYID);
	}
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "c%" PRIu32, i);
		ATF_REQUIRE(find(i * 2654435761u) != NULL);
		ATF_REQUIRE_STREQ(name, find(i * 2654435761u)->name);
		ATF_REQUIRE_EQ(0, memcmp(find(i * 2654435761u)->secret.bytes,
		    name, strlen(name)));
	}
	ATF_CHECK_EQ(NULL, find(1));
}

ATF_TC_WITHOUT_HEAD(client_find__first_of_two_and_none);
ATF_TC_BODY(client_find__first_of_two_and_none, tc)
{
	(void)tc;
	add("first", 7, CLIENT_HAS_KEYID | CLIENT_ENABLED);
	add("second", 7, CLIENT_HAS_KEYID);
	add("keyless", 0, CLIENT_ENABLED);
	ATF_REQUIRE(find(7) != NULL);
	ATF_CHECK_STREQ("first", find(7)->name);
	ATF_CHECK(find(7)->enabled);
	ATF_CHECK_EQ(NULL, find(0));
}

ATF_TC_WITHOUT_HEAD(secret_keep__sizes);
ATF_TC_BODY(secret_keep__sizes, tc)
{
	static uint8_t big[600 * 1024];
	struct secret a, b, c, none;

	(void)tc;
	memset(big, 'x', sizeof big);
	a = secret_keep((const uint8_t *)"a", 1);
	none = secret_keep((const uint8_t *)"", 0);
	b = secret_keep(big, sizeof big);
	c = secret_keep((const uint8_t *)"c", 1);
	ATF_CHECK_EQ(1, a.len);
	ATF_CHECK_EQ('a', a.bytes[0]);
	ATF_CHECK_EQ(0, none.len);
	ATF_CHECK_EQ(sizeof big, b.len);
	ATF_CHECK_EQ(0, memcmp(b.bytes, big, sizeof big));
	ATF_CHECK_EQ('c', c.bytes[0]);
}

ATF_TC_WITHOUT_HEAD(decide_release__every_branch);
ATF_TC_BODY(decide_release__every_branch, tc)
{
	static const struct {
		int enabled, by_default;
		uint64_t delay_ms, waited_ms;
		enum decision want;
	} rows[] = {
		{ 0, 0, 0, 0, DECISION_DISABLED },
		{ 0, 1, 0, 0, DECISION_DISABLED },
		{ 0, 1, 100, 0, DECISION_DISABLED },
		{ 0, 1, 100, 100, DECISION_DISABLED },
		{ 1, 0, 0, 0, DECISION_RELEASE },
		{ 1, 1, 0, 0, DECISION_RELEASE },
		{ 1, 0, 100, 0, DECISION_WAIT },
		{ 1, 1, 100, 99, DECISION_WAIT },
		{ 1, 0, 100, 100, DECISION_TIMED_OUT },
		{ 1, 1, 100, 100, DECISION_RELEASE },
		{ 1, 1, 100, UINT64_MAX, DECISION_RELEASE },
		{ 1, 0, UINT64_MAX, UINT64_MAX - 1, DECISION_WAIT },
	};
	struct client client;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(&client, 0, sizeof client);
		client.enabled = rows[i].enabled;
		client.approved_by_default = rows[i].by_default;
		ATF_CHECK_EQ_MSG(rows[i].want, decide_release(&client,
		    rows[i].delay_ms, rows[i].waited_ms), "row %zu", i);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, client_find__ten_thousand);
	ATF_TP_ADD_TC(tp, client_find__first_of_two_and_none);
	ATF_TP_ADD_TC(tp, secret_keep__sizes);
	ATF_TP_ADD_TC(tp, decide_release__every_branch);
	return atf_no_error();
}
