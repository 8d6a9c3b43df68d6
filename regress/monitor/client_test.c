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

/* Nothing here serves. */
void
monitor_configured(int refused)
{
	(void)refused;
}

void
monitor_serving(void)
{
}

void
monitor_stop(int status)
{
	(void)status;
}

static void
add(const char *name, uint32_t number, uint32_t flags)
{
	static uint32_t last;
	struct gate gate = { .number = ++last, .flags = flags };

	memcpy(gate.keyid, &number, sizeof number);
	ATF_REQUIRE(client_new(&gate, strdup(name),
	    secret_keep((const uint8_t *)name, strlen(name))) != NULL);
}

static struct client *
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
	secret_init();
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
	secret_init();
	add("first", 7, CLIENT_HAS_KEYID | CLIENT_ENABLED);
	add("second", 7, CLIENT_HAS_KEYID);
	add("keyless", 0, CLIENT_ENABLED);
	ATF_REQUIRE(find(7) != NULL);
	ATF_CHECK_STREQ("first", find(7)->name);
	ATF_CHECK(find(7)->gate.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(NULL, find(0));
}

ATF_TC_WITHOUT_HEAD(client_gate__keys_change_hands);
ATF_TC_BODY(client_gate__keys_change_hands, tc)
{
	struct gate gate;
	uint32_t enabled;

	(void)tc;
	secret_init();
	add("first", 7, CLIENT_HAS_KEYID | CLIENT_ENABLED);
	add("second", 7, CLIENT_HAS_KEYID);
	ATF_CHECK_EQ(2, client_count(&enabled));
	ATF_CHECK_EQ(1, enabled);
	gate = client_number(2)->gate;
	gate.flags |= CLIENT_ENABLED;
	client_gate(client_number(2), &gate);
	ATF_CHECK_EQ(2, client_count(&enabled));
	ATF_CHECK_EQ(2, enabled);
	gate = client_number(1)->gate;
	gate.keyid[0] = 8;
	client_gate(client_number(1), &gate);
	ATF_CHECK_STREQ("first", find(8)->name);
	ATF_CHECK_STREQ("second", find(7)->name);
	gate.flags &= ~CLIENT_HAS_KEYID;
	client_gate(client_number(1), &gate);
	ATF_CHECK_EQ(NULL, find(8));
	client_remove(client_number(2));
	ATF_CHECK_EQ(NULL, find(7));
	ATF_CHECK_EQ(NULL, client_number(2));
	ATF_CHECK_EQ(1, client_count(&enabled));
	ATF_CHECK_EQ(1, enabled);
}

ATF_TC(secret_drop__wiped_and_given_back);
ATF_TC_HEAD(secret_drop__wiped_and_given_back, tc)
{
	atf_tc_set_md_var(tc, "descr", "a secret that is dropped is no more, "
	    "and a thousand changes of a hundred need no more memory");
}
ATF_TC_BODY(secret_drop__wiped_and_given_back, tc)
{
	static uint8_t bytes[4096];
	struct secret secrets[100], one;
	const uint8_t *where;
	size_t i;

	(void)tc;
	secret_init();
	memset(bytes, 'x', sizeof bytes);
	one = secret_keep(bytes, 100);
	where = one.bytes;
	secret_drop(&one);
	ATF_CHECK_EQ(NULL, one.bytes);
	for (i = 0; i < 100; i++)
		ATF_CHECK_EQ(0, where[i]);
	for (i = 0; i < 100; i++)
		secrets[i] = secret_keep(bytes, sizeof bytes);
	for (i = 0; i < 100000; i++) {
		secret_drop(&secrets[i % 100]);
		secrets[i % 100] = secret_keep(bytes, sizeof bytes);
		ATF_REQUIRE(secrets[i % 100].bytes - where < 4 * 1024 * 1024);
	}
}

ATF_TC_WITHOUT_HEAD(secret_keep__sizes);
ATF_TC_BODY(secret_keep__sizes, tc)
{
	static uint8_t big[SECRET_MAX];
	struct secret a, b, c, none;

	(void)tc;
	secret_init();
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
		enum approval approved;
		uint64_t delay_ms, waited_ms;
		enum decision want;
	} rows[] = {
		{ 0, 0, APPROVAL_NONE, 0, 0, DECISION_DISABLED },
		{ 0, 1, APPROVAL_NONE, 0, 0, DECISION_DISABLED },
		{ 0, 1, APPROVAL_NONE, 100, 0, DECISION_DISABLED },
		{ 0, 1, APPROVAL_NONE, 100, 100, DECISION_DISABLED },
		{ 0, 1, APPROVAL_YES, 0, 0, DECISION_DISABLED },
		{ 0, 1, APPROVAL_YES, 100, 0, DECISION_DISABLED },
		{ 0, 1, APPROVAL_NO, 100, 0, DECISION_DISABLED },
		{ 1, 0, APPROVAL_NONE, 0, 0, DECISION_RELEASE },
		{ 1, 1, APPROVAL_NONE, 0, 0, DECISION_RELEASE },
		{ 1, 0, APPROVAL_NO, 0, 0, DECISION_RELEASE },
		{ 1, 0, APPROVAL_YES, 0, 0, DECISION_RELEASE },
		{ 1, 0, APPROVAL_YES, 100, 0, DECISION_RELEASE },
		{ 1, 0, APPROVAL_YES, 100, 100, DECISION_RELEASE },
		{ 1, 1, APPROVAL_NO, 100, 0, DECISION_DENIED },
		{ 1, 1, APPROVAL_NO, 100, 100, DECISION_DENIED },
		{ 1, 0, APPROVAL_NONE, 100, 0, DECISION_WAIT },
		{ 1, 1, APPROVAL_NONE, 100, 99, DECISION_WAIT },
		{ 1, 0, APPROVAL_NONE, 100, 100, DECISION_TIMED_OUT },
		{ 1, 1, APPROVAL_NONE, 100, 100, DECISION_RELEASE },
		{ 1, 1, APPROVAL_NONE, 100, UINT64_MAX, DECISION_RELEASE },
		{ 1, 0, APPROVAL_NONE, UINT64_MAX, UINT64_MAX - 1,
		    DECISION_WAIT },
	};
	struct client client;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(&client, 0, sizeof client);
		if (rows[i].enabled)
			client.gate.flags |= CLIENT_ENABLED;
		if (rows[i].by_default)
			client.gate.flags |= CLIENT_APPROVED_BY_DEFAULT;
		client.approved = rows[i].approved;
		ATF_CHECK_EQ_MSG(rows[i].want, decide_release(&client,
		    rows[i].delay_ms, rows[i].waited_ms), "row %zu", i);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, client_find__ten_thousand);
	ATF_TP_ADD_TC(tp, client_find__first_of_two_and_none);
	ATF_TP_ADD_TC(tp, client_gate__keys_change_hands);
	ATF_TP_ADD_TC(tp, secret_drop__wiped_and_given_back);
	ATF_TP_ADD_TC(tp, secret_keep__sizes);
	ATF_TP_ADD_TC(tp, decide_release__every_branch);
	return atf_no_error();
}
