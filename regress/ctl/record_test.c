/* SPDX-License-Identifier: ISC */
/*
 * Properties out of messages of the bus, right and wrong ones.
 */
#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <atf-c.h>

#include "record.h"

static DBusMessage *message;
static DBusMessageIter dict;

static void
begin(void)
{
	message = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
	ATF_REQUIRE(message != NULL);
	dbus_message_iter_init_append(message, &dict);
}

/* A value of that basic type in a message of its own, as a variant. */
static DBusMessageIter
variant_of(int type, const void *value)
{
	const char signature[] = { (char)type, '\0' };
	DBusMessageIter variant, iter;

	begin();
	ATF_REQUIRE(dbus_message_iter_open_container(&dict, DBUS_TYPE_VARIANT,
	    signature, &variant));
	ATF_REQUIRE(dbus_message_iter_append_basic(&variant, type, value));
	ATF_REQUIRE(dbus_message_iter_close_container(&dict, &variant));
	ATF_REQUIRE(dbus_message_iter_init(message, &iter));
	return iter;
}

static int
update(struct record *record, const char *name, int type, const void *value)
{
	DBusMessageIter iter = variant_of(type, value);
	int result = record_update(record, name, &iter);

	dbus_message_unref(message);
	return result;
}

ATF_TC_WITHOUT_HEAD(update__right_types);
ATF_TC_BODY(update__right_types, tc)
{
	const char *text = "foo", *other = "bar";
	dbus_bool_t yes = TRUE;
	dbus_uint64_t most = UINT64_MAX;
	dbus_int16_t killed = -1;
	struct record r;

	(void)tc;
	record_init(&r, "/clients/foo");
	ATF_CHECK_STREQ("/clients/foo", r.path);
	ATF_CHECK_STREQ("", record_text(&r, RECORD_NAME));
	ATF_CHECK_EQ(RECORD_NAME, update(&r, "Name", 's', &text));
	ATF_CHECK_STREQ("foo", record_text(&r, RECORD_NAME));
	ATF_CHECK_EQ(RECORD_NAME, update(&r, "Name", 's', &other));
	ATF_CHECK_STREQ("bar", record_text(&r, RECORD_NAME));
	ATF_CHECK_EQ(RECORD_ENABLED, update(&r, "Enabled", 'b', &yes));
	ATF_CHECK_EQ(1, record_flag(&r, RECORD_ENABLED));
	ATF_CHECK_EQ(0, record_flag(&r, RECORD_CHECKER_RUNNING));
	ATF_CHECK_EQ(RECORD_TIMEOUT, update(&r, "Timeout", 't', &most));
	ATF_CHECK_EQ(UINT64_MAX, record_ms(&r, RECORD_TIMEOUT));
	ATF_CHECK_EQ(RECORD_LAST_CHECKER_STATUS,
	    update(&r, "LastCheckerStatus", 'n', &killed));
	ATF_CHECK_EQ(-1, record_number(&r, RECORD_LAST_CHECKER_STATUS));
	record_free(&r);
	record_free(&r);
}

ATF_TC_WITHOUT_HEAD(update__any_integer);
ATF_TC_BODY(update__any_integer, tc)
{
	unsigned char y = 200;
	dbus_int16_t n = 7;
	dbus_uint16_t q = 65535;
	dbus_int32_t i = 9;
	dbus_uint32_t u = UINT32_MAX;
	dbus_int64_t x = INT64_MAX;
	struct record r;

	(void)tc;
	record_init(&r, "/");
	update(&r, "Interval", 'y', &y);
	ATF_CHECK_EQ(200, record_ms(&r, RECORD_INTERVAL));
	update(&r, "Interval", 'n', &n);
	ATF_CHECK_EQ(7, record_ms(&r, RECORD_INTERVAL));
	update(&r, "Interval", 'q', &q);
	ATF_CHECK_EQ(65535, record_ms(&r, RECORD_INTERVAL));
	update(&r, "Interval", 'i', &i);
	ATF_CHECK_EQ(9, record_ms(&r, RECORD_INTERVAL));
	update(&r, "Interval", 'u', &u);
	ATF_CHECK_EQ(UINT32_MAX, record_ms(&r, RECORD_INTERVAL));
	update(&r, "Interval", 'x', &x);
	ATF_CHECK_EQ(INT64_MAX, record_ms(&r, RECORD_INTERVAL));
	record_free(&r);
}

ATF_TC_WITHOUT_HEAD(update__wrong_is_ignored);
ATF_TC_BODY(update__wrong_is_ignored, tc)
{
	const char *text = "foo";
	dbus_bool_t yes = TRUE;
	dbus_int32_t negative = -1;
	dbus_uint64_t most = UINT64_MAX;
	double number = 1.5;
	DBusMessageIter iter;
	struct record r;

	(void)tc;
	record_init(&r, "/");
	ATF_CHECK_EQ(RECORD_HOST, update(&r, "Host", 's', &text));
	ATF_CHECK_EQ(-1, update(&r, "Host", 'b', &yes));
	ATF_CHECK_EQ(-1, update(&r, "host", 's', &text));
	ATF_CHECK_EQ(-1, update(&r, "", 's', &text));
	ATF_CHECK_STREQ("foo", record_text(&r, RECORD_HOST));
	ATF_CHECK_EQ(-1, update(&r, "Enabled", 's', &text));
	ATF_CHECK_EQ(-1, update(&r, "Enabled", 'i', &negative));
	ATF_CHECK_EQ(-1, update(&r, "Timeout", 'i', &negative));
	ATF_CHECK_EQ(-1, update(&r, "Timeout", 'd', &number));
	ATF_CHECK_EQ(-1, update(&r, "LastCheckerStatus", 't', &most));
	ATF_CHECK_EQ(0, r.values[RECORD_TIMEOUT].is_known);

	/* No variant at all, and one in a variant. */
	begin();
	ATF_REQUIRE(dbus_message_iter_append_basic(&dict, 's', &text));
	ATF_REQUIRE(dbus_message_iter_init(message, &iter));
	ATF_CHECK_EQ(-1, record_update(&r, "Name", &iter));
	dbus_message_unref(message);
	record_free(&r);
}

/* {"Name": "foo", "Timeout": "foo", "Other": "foo"} */
ATF_TC_WITHOUT_HEAD(fill__takes_what_is_right);
ATF_TC_BODY(fill__takes_what_is_right, tc)
{
	static const char *const names[] = { "Other", "Timeout", "Name" };
	const char *text = "foo";
	DBusMessageIter entries, entry, variant, iter;
	struct record r;
	size_t i;

	(void)tc;
	begin();
	ATF_REQUIRE(dbus_message_iter_open_container(&dict, DBUS_TYPE_ARRAY,
	    "{sv}", &entries));
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		ATF_REQUIRE(dbus_message_iter_open_container(&entries,
		    DBUS_TYPE_DICT_ENTRY, NULL, &entry));
		ATF_REQUIRE(dbus_message_iter_append_basic(&entry, 's',
		    &names[i]));
		ATF_REQUIRE(dbus_message_iter_open_container(&entry,
		    DBUS_TYPE_VARIANT, "s", &variant));
		ATF_REQUIRE(dbus_message_iter_append_basic(&variant, 's',
		    &text));
		ATF_REQUIRE(dbus_message_iter_close_container(&entry,
		    &variant));
		ATF_REQUIRE(dbus_message_iter_close_container(&entries,
		    &entry));
	}
	ATF_REQUIRE(dbus_message_iter_close_container(&dict, &entries));
	ATF_REQUIRE(dbus_message_iter_init(message, &iter));
	record_init(&r, "/");
	record_fill(&r, &iter);
	ATF_CHECK_STREQ("foo", record_text(&r, RECORD_NAME));
	ATF_CHECK_EQ(0, r.values[RECORD_TIMEOUT].is_known);
	record_free(&r);
	dbus_message_unref(message);

	/* What is no dictionary is left alone. */
	iter = variant_of('s', &text);
	record_init(&r, "/");
	record_fill(&r, &iter);
	ATF_CHECK_EQ(0, r.values[RECORD_NAME].is_known);
	record_free(&r);
	dbus_message_unref(message);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, update__right_types);
	ATF_TP_ADD_TC(tp, update__any_integer);
	ATF_TP_ADD_TC(tp, update__wrong_is_ignored);
	ATF_TP_ADD_TC(tp, fill__takes_what_is_right);
	return atf_no_error();
}
