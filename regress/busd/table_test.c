/* SPDX-License-Identifier: ISC */
/*
 * The table and the values it leads to: what is read of a client, what is
 * taken from others, and the release rule in words.
 */
#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include <atf-c.h>
#include <dbus/dbus.h>

#include "table.h"

static char name[] = "foo", host[] = "h", checker[] = "true", keyid[] = "00",
	    fingerprint[] = "AB", path[] = "/clients/foo";

static struct bus_client client = {
	.f = { .flags = CLIENT_ENABLED | CLIENT_HAS_KEYID |
	    CLIENT_APPROVED_BY_DEFAULT,
	    .timeout_ms = 300000, .extended_timeout_ms = UINT64_MAX,
	    .last_checker_status = CHECKER_NEVER,
	    .expires_us = INT64_C(1549152000000000) },
	.text = { name, host, checker, keyid, fingerprint }, .path = path
};

ATF_TC_WITHOUT_HEAD(table__is_complete);
ATF_TC_BODY(table__is_complete, tc)
{
	const struct table_interface *i;
	const struct table_property *p;
	int n;

	(void)tc;
	for (n = 0; n < PROP_MAX; n++)
		ATF_REQUIRE(table_client[n].name != NULL);
	ATF_REQUIRE(table_client[PROP_MAX].name == NULL);
	for (i = table_interfaces; i->name != NULL; i++) {
		ATF_CHECK_MSG(dbus_validate_interface(i->name, NULL), "%s",
		    i->name);
		for (p = i->properties; p != NULL && p->name != NULL; p++) {
			ATF_CHECK(table_property(i, p->name) == p);
			ATF_CHECK_MSG((p->set != 0) ==
			    (p->setter == SETTER_SETTING), "%s", p->name);
			ATF_CHECK_MSG((p->set & ~SET_AT_RUN_TIME) == 0, "%s",
			    p->name);
		}
	}
	ATF_CHECK(table_interface(BUS_NAME, OBJECT_CLIENT) == NULL);
	ATF_CHECK(table_interface("", OBJECT_CLIENT) == NULL);
	ATF_CHECK(table_property(NULL, "Host") == NULL);
}

ATF_TC_WITHOUT_HEAD(value__of_each_source);
ATF_TC_BODY(value__of_each_source, tc)
{
	struct value v, w;

	(void)tc;
	value_get(&table_client[PROP_TIMEOUT], &client, &v);
	ATF_CHECK(v.type == DBUS_TYPE_UINT64 && v.number == 300000);
	value_get(&table_client[PROP_EXTENDED_TIMEOUT], &client, &w);
	ATF_CHECK(w.number == UINT64_MAX);
	value_get(&table_client[PROP_ENABLED], &client, &v);
	ATF_CHECK(v.type == DBUS_TYPE_BOOLEAN && v.truth == TRUE);
	value_get(&table_client[PROP_CHECKER_RUNNING], &client, &v);
	ATF_CHECK(v.type == DBUS_TYPE_BOOLEAN && v.truth == FALSE);
	value_get(&table_client[PROP_LAST_CHECKER_STATUS], &client, &v);
	ATF_CHECK(v.type == DBUS_TYPE_INT16 && v.status == -2);
	value_get(&table_client[PROP_HOST], &client, &v);
	ATF_CHECK_STREQ("h", v.text);
	value_get(&table_client[PROP_OBJECT_PATH], &client, &w);
	ATF_CHECK(w.type == DBUS_TYPE_OBJECT_PATH);
	ATF_CHECK_STREQ(path, w.text);
	value_get(&table_client[PROP_EXPIRES], &client, &v);
	ATF_CHECK_STREQ("2019-02-03T00:00:00.000000", v.text);
	value_get(&table_client[PROP_LAST_ENABLED], &client, &w);
	ATF_CHECK_STREQ("", w.text);
}

ATF_TC(value__differs);
ATF_TC_HEAD(value__differs, tc)
{
	atf_tc_set_md_var(tc, "descr", "a property differs if what it is read "
	    "from does, and no other one with it");
}
ATF_TC_BODY(value__differs, tc)
{
	struct {
		enum property property;
		struct bus_client c;
	} other[] = {
		{ PROP_TIMEOUT, client }, { PROP_ENABLED, client },
		{ PROP_CHECKER_RUNNING, client },
		{ PROP_LAST_CHECKER_STATUS, client },
		{ PROP_APPROVAL_PENDING, client }, { PROP_HOST, client },
		{ PROP_EXPIRES, client }, { PROP_LAST_ENABLED, client }
	};
	size_t i;
	int p;

	(void)tc;
	other[0].c.f.timeout_ms++;
	other[1].c.f.flags ^= CLIENT_ENABLED;
	other[2].c.f.flags ^= CLIENT_CHECKER_RUNNING;
	other[3].c.f.last_checker_status++;
	other[4].c.f.approvals_pending++;
	other[5].c.text[TEXT_HOST] = other[5].c.text[TEXT_NAME];
	other[6].c.f.expires_us++;
	other[7].c.f.last_enabled_us = 1;
	for (i = 0; i < sizeof other / sizeof *other; i++)
		for (p = 0; p < PROP_MAX; p++)
			if (table_client[p].source != SOURCE_SECRET)
				ATF_CHECK_MSG(value_differs(&table_client[p],
				    &other[i].c, &client) ==
				    (other[i].property == (enum property)p),
				    "%s", table_client[p].name);
}

/* A message with one value, in as many variants. */
static DBusMessage *
with(int type, const void *value, int variants)
{
	const char signature[] = { (char)type, '\0' };
	DBusMessage *msg = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_CALL);
	DBusMessageIter iter[3];
	int i;

	ATF_REQUIRE(msg != NULL && variants < 3);
	dbus_message_iter_init_append(msg, &iter[0]);
	for (i = 0; i < variants; i++)
		ATF_REQUIRE(dbus_message_iter_open_container(&iter[i],
		    DBUS_TYPE_VARIANT, i + 1 < variants ? "v" : signature,
		    &iter[i + 1]));
	ATF_REQUIRE(dbus_message_iter_append_basic(&iter[i], type, value));
	while (i-- > 0)
		ATF_REQUIRE(dbus_message_iter_close_container(&iter[i],
		    &iter[i + 1]));
	return msg;
}

static int
number(int type, DBusBasicValue value, int variants, uint64_t *n)
{
	DBusMessage *msg = with(type, &value, variants);
	DBusMessageIter iter;
	int rc;

	dbus_message_iter_init(msg, &iter);
	rc = value_take_number(&iter, n);
	dbus_message_unref(msg);
	return rc;
}

#define V(member, v) (DBusBasicValue) { .member = v }

ATF_TC_WITHOUT_HEAD(number__of_any_integer);
ATF_TC_BODY(number__of_any_integer, tc)
{
	uint64_t n;
	int variants;

	(void)tc;
	for (variants = 0; variants < 3; variants++) {
		ATF_CHECK(number('y', V(byt, 255), variants, &n) == 0);
		ATF_CHECK_EQ(255, n);
		ATF_CHECK(number('n', V(i16, 7), variants, &n) == 0);
		ATF_CHECK_EQ(7, n);
		ATF_CHECK(number('q', V(u16, 65535), variants, &n) == 0);
		ATF_CHECK_EQ(65535, n);
		ATF_CHECK(number('i', V(i32, INT32_MAX), variants, &n) == 0);
		ATF_CHECK_EQ(INT32_MAX, n);
		ATF_CHECK(number('u', V(u32, UINT32_MAX), variants, &n) == 0);
		ATF_CHECK_EQ(UINT32_MAX, n);
		ATF_CHECK(number('x', V(i64, INT64_MAX), variants, &n) == 0);
		ATF_CHECK_EQ(INT64_MAX, n);
		ATF_CHECK(number('t', V(u64, UINT64_MAX), variants, &n) == 0);
		ATF_CHECK_EQ(UINT64_MAX, n);
	}
}

ATF_TC_WITHOUT_HEAD(number__of_nothing_else);
ATF_TC_BODY(number__of_nothing_else, tc)
{
	uint64_t n;

	(void)tc;
	ATF_CHECK(number('n', V(i16, -1), 1, &n) == -1);
	ATF_CHECK(number('i', V(i32, -1), 1, &n) == -1);
	ATF_CHECK(number('x', V(i64, INT64_MIN), 1, &n) == -1);
	ATF_CHECK(number('d', V(dbl, 1.0), 1, &n) == -1);
	ATF_CHECK(number('b', V(bool_val, TRUE), 1, &n) == -1);
	ATF_CHECK(number('s', V(str, name), 1, &n) == -1);
}

ATF_TC_WITHOUT_HEAD(truth_and_text__of_their_types);
ATF_TC_BODY(truth_and_text__of_their_types, tc)
{
	const char *p = "text";
	dbus_int32_t i = 1;
	dbus_bool_t b = TRUE;
	DBusMessage *msg;
	DBusMessageIter iter;
	const uint8_t *bytes;
	size_t len;
	int truth = 0;

	(void)tc;
	msg = with('b', &b, 2);
	dbus_message_iter_init(msg, &iter);
	ATF_CHECK(value_take_truth(&iter, &truth) == 0 && truth == 1);
	ATF_CHECK(value_take_text(&iter, &p) == -1);
	ATF_CHECK(value_take_bytes(&iter, &bytes, &len) == -1);
	dbus_message_unref(msg);
	msg = with('i', &i, 1);
	dbus_message_iter_init(msg, &iter);
	ATF_CHECK(value_take_truth(&iter, &truth) == -1);
	dbus_message_unref(msg);
	msg = with('s', &p, 1);
	dbus_message_iter_init(msg, &iter);
	p = NULL;
	ATF_CHECK(value_take_text(&iter, &p) == 0);
	ATF_CHECK_STREQ("text", p);
	dbus_message_unref(msg);
}

static void
is_because(const char *code)
{
	struct reason reason;
	size_t len;

	why(&client, &reason);
	ATF_CHECK_STREQ(code, reason.code);
	len = strlen(reason.sentence);
	ATF_CHECK_MSG(len > 20 && len < sizeof reason.sentence - 1 &&
	    reason.sentence[len - 1] == '.', "%s", reason.sentence);
}

ATF_TC_WITHOUT_HEAD(why__in_each_case);
ATF_TC_BODY(why__in_each_case, tc)
{
	(void)tc;
	is_because("enabled");
	client.f.approval_delay_ms = 6500;
	is_because("approved-by-default");
	client.f.approvals_pending = 2;
	is_because("pending-approval");
	client.f.flags &= ~CLIENT_APPROVED_BY_DEFAULT;
	is_because("pending-denial");
	client.f.approvals_pending = 0;
	is_because("needs-approval");
	client.f.flags &= ~CLIENT_ENABLED;
	is_because("disabled");
	client.f.flags &= ~CLIENT_HAS_KEYID;
	is_because("no-key-id");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, table__is_complete);
	ATF_TP_ADD_TC(tp, value__of_each_source);
	ATF_TP_ADD_TC(tp, value__differs);
	ATF_TP_ADD_TC(tp, number__of_any_integer);
	ATF_TP_ADD_TC(tp, number__of_nothing_else);
	ATF_TP_ADD_TC(tp, truth_and_text__of_their_types);
	ATF_TP_ADD_TC(tp, why__in_each_case);
	return atf_no_error();
}
