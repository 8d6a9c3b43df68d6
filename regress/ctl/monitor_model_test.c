/* SPDX-License-Identifier: ISC */
/*
 * The clients of mandos-monitor: their order, and where the cursor is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <atf-c.h>

#include "monitor_clients.h"
#include "tui_model.h"
#include "tui_time.h"

#define MANY 10000

/* The names in order, with blanks between them. */
static void
holds(const struct model *m, const char *expected)
{
	char out[512] = "";
	size_t i;

	for (i = 0; i < model_count(m); i++) {
		ATF_CHECK(model_index(m, model_at(m, i)) == i);
		strlcat(out, i == 0 ? "" : " ", sizeof out);
		strlcat(out, client_name(model_at(m, i)), sizeof out);
	}
	ATF_CHECK_STREQ(expected, out);
}

static void
focus_is(const struct model *m, const char *name)
{
	ATF_REQUIRE(model_focus(m) != NULL);
	ATF_CHECK_STREQ(name, client_name(model_focus(m)));
}

/* Change one property, as a signal would. */
static void
change(struct model *m, const char *path, const char *name, int type,
    const void *value)
{
	const char signature[] = { (char)type, '\0' };
	DBusMessage *msg = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
	DBusMessageIter iter, dict, entry, variant;

	dbus_message_iter_init_append(msg, &iter);
	dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}",
	    &dict);
	dbus_message_iter_open_container(&dict, DBUS_TYPE_DICT_ENTRY, NULL,
	    &entry);
	dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &name);
	dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, signature,
	    &variant);
	dbus_message_iter_append_basic(&variant, type, value);
	dbus_message_iter_close_container(&entry, &variant);
	dbus_message_iter_close_container(&dict, &entry);
	dbus_message_iter_close_container(&iter, &dict);
	ATF_REQUIRE(dbus_message_iter_init(msg, &iter));
	model_change(m, model_find(m, path), &iter);
	dbus_message_unref(msg);
}

ATF_TC_WITHOUT_HEAD(put__in_order);
ATF_TC_BODY(put__in_order, tc)
{
	struct model *m = model_new();
	struct record r;
	int is_new;

	ATF_CHECK(model_focus(m) == NULL);
	put(m, enabled("charlie"));
	put(m, enabled("alpha"));
	put(m, enabled("Zulu"));
	put(m, enabled("bravo"));
	holds(m, "Zulu alpha bravo charlie");
	/* Nobody has moved it. */
	focus_is(m, "Zulu");

	r = enabled("bravo");
	set_text(&r, RECORD_HOST, "a");
	ATF_CHECK(model_put(m, &r, &is_new) ==
	    model_find(m, "/clients/bravo"));
	ATF_CHECK(!is_new && r.path == NULL);
	ATF_CHECK(model_count(m) == 4);
	ATF_CHECK_STREQ("a", record_text(
	    &model_find(m, "/clients/bravo")->record, RECORD_HOST));
	ATF_CHECK(model_find(m, "/clients/brav") == NULL);
	model_free(m);
}

/* Two objects may say that they have the same name, or none. */
ATF_TC_WITHOUT_HEAD(put__same_name);
ATF_TC_BODY(put__same_name, tc)
{
	struct model *m = model_new();
	struct record r;

	record_init(&r, "/clients/x2");
	set_text(&r, RECORD_NAME, "x");
	put(m, r);
	record_init(&r, "/clients/x1");
	set_text(&r, RECORD_NAME, "x");
	put(m, r);
	record_init(&r, "/clients/none");
	put(m, r);
	holds(m, "/clients/none x x");
	ATF_CHECK_STREQ("/clients/x1", model_at(m, 1)->record.path);
	model_free(m);
}

ATF_TC_WITHOUT_HEAD(state__of_each);
ATF_TC_BODY(state__of_each, tc)
{
	struct model *m = model_new();
	struct client *c = put(m, enabled("foo"));
	dbus_bool_t yes = TRUE, no = FALSE;
	dbus_int16_t status = -2;

	ATF_CHECK(c->state == CLIENT_ENABLED);
	change(m, "/clients/foo", "LastCheckerStatus", 'n', &status);
	ATF_CHECK(c->state == CLIENT_FAILED);
	change(m, "/clients/foo", "ApprovalPending", 'b', &yes);
	ATF_CHECK(c->state == CLIENT_DENIAL);
	change(m, "/clients/foo", "ApprovedByDefault", 'b', &yes);
	ATF_CHECK(c->state == CLIENT_APPROVAL);
	change(m, "/clients/foo", "Enabled", 'b', &no);
	ATF_CHECK(c->state == CLIENT_DISABLED);
	model_free(m);
}

ATF_TC_WITHOUT_HEAD(order__each);
ATF_TC_BODY(order__each, tc)
{
	static const char *const ends[] = { "2030-01-01T00:00:00.000000",
		"2029-01-01T00:00:00.000000", "", "2028-01-01T00:00:00.5",
		"2027-01-01T00:00:00.000000" };
	struct model *m = model_new();
	const char *end;
	dbus_bool_t yes = TRUE, no = FALSE;
	struct record r;
	char name[2] = "a";
	int i;

	for (i = 0; i < 5; i++, name[0]++) {
		r = enabled(name);
		set_text(&r, RECORD_EXPIRES, ends[i]);
		put(m, r);
	}
	change(m, "/clients/e", "Enabled", 'b', &no);
	change(m, "/clients/d", "ApprovalPending", 'b', &yes);
	holds(m, "a b c d e");
	model_set_order(m, ORDER_STATE);
	ATF_CHECK(model_order(m) == ORDER_STATE);
	holds(m, "d a b c e");
	model_set_order(m, ORDER_EXPIRY);
	holds(m, "d b a c e");
	/* It moves when it changes, and the cursor with it. */
	model_set_focus(m, model_find(m, "/clients/a"));
	end = "2020-01-01T00:00:00.000000";
	change(m, "/clients/a", "Expires", 's', &end);
	holds(m, "a d b c e");
	focus_is(m, "a");
	model_set_order(m, ORDER_STATE);
	change(m, "/clients/a", "Enabled", 'b', &no);
	holds(m, "d b c a e");
	focus_is(m, "a");
	model_set_order(m, ORDER_NAME);
	holds(m, "a b c d e");
	model_free(m);
}

ATF_TC_WITHOUT_HEAD(focus__of_removed);
ATF_TC_BODY(focus__of_removed, tc)
{
	struct model *m = model_new();

	put(m, enabled("a"));
	put(m, enabled("b"));
	put(m, enabled("c"));
	model_set_focus(m, model_at(m, 1));
	model_remove(m, model_at(m, 1));
	holds(m, "a c");
	focus_is(m, "c");
	model_remove(m, model_at(m, 1));
	focus_is(m, "a");
	model_remove(m, model_at(m, 0));
	ATF_CHECK(model_focus(m) == NULL && model_count(m) == 0);
	put(m, enabled("y"));
	focus_is(m, "y");
	put(m, enabled("x"));
	focus_is(m, "x");
	model_free(m);
}

ATF_TC_WITHOUT_HEAD(focus__comes_back);
ATF_TC_BODY(focus__comes_back, tc)
{
	struct model *m = model_new();

	put(m, enabled("a"));
	model_set_focus(m, put(m, enabled("b")));
	model_clear(m);
	ATF_CHECK(model_count(m) == 0 && model_focus(m) == NULL);
	put(m, enabled("a"));
	focus_is(m, "a");
	put(m, enabled("b"));
	focus_is(m, "b");
	/* They leave one by one. */
	model_remove(m, model_find(m, "/clients/b"));
	model_remove(m, model_find(m, "/clients/a"));
	put(m, enabled("a"));
	put(m, enabled("b"));
	focus_is(m, "b");
	/* One that is removed and comes back does not take it away. */
	model_remove(m, model_find(m, "/clients/b"));
	put(m, enabled("b"));
	focus_is(m, "a");
	model_set_focus(m, model_find(m, "/clients/b"));
	/* Somebody moves it before its client is back. */
	model_clear(m);
	model_set_focus(m, put(m, enabled("c")));
	put(m, enabled("b"));
	focus_is(m, "c");
	model_free(m);
}

ATF_TC_WITHOUT_HEAD(list__is_all);
ATF_TC_BODY(list__is_all, tc)
{
	struct model *m = model_new();

	put(m, enabled("a"));
	put(m, enabled("b"));
	put(m, enabled("c"));
	model_set_focus(m, model_find(m, "/clients/b"));
	model_list_begin(m);
	put(m, enabled("d"));
	put(m, enabled("c"));
	put(m, enabled("aa"));
	put(m, enabled("d"));
	model_list_end(m);
	holds(m, "aa c d");
	focus_is(m, "c");
	put(m, enabled("b"));
	holds(m, "aa b c d");
	model_list_begin(m);
	model_list_end(m);
	holds(m, "");
	model_free(m);
}

ATF_TC_WITHOUT_HEAD(search__each_way);
ATF_TC_BODY(search__each_way, tc)
{
	struct model *m = model_new();
	const struct client *c;

	ATF_CHECK(model_search(m, "a", 1) == NULL);
	put(m, enabled("web_1"));
	put(m, enabled("mail"));
	put(m, enabled("web_2"));
	put(m, enabled("Web_0"));
	holds(m, "Web_0 mail web_1 web_2");
	c = model_search(m, "web", 0);
	ATF_CHECK_STREQ("Web_0", client_name(c));
	c = model_search(m, "WEB", 1);
	ATF_CHECK_STREQ("web_1", client_name(c));
	c = model_search(m, "web", -1);
	ATF_CHECK_STREQ("web_2", client_name(c));
	model_set_focus(m, model_at(m, 3));
	c = model_search(m, "web", 1);
	ATF_CHECK_STREQ("Web_0", client_name(c));
	c = model_search(m, "b_2", 1);
	ATF_CHECK_STREQ("web_2", client_name(c));
	c = model_search(m, "b_2", -1);
	ATF_CHECK_STREQ("web_2", client_name(c));
	ATF_CHECK(model_search(m, "xyz", 1) == NULL);
	ATF_CHECK(model_search(m, "xyz", 0) == NULL);
	ATF_CHECK(model_search(m, "xyz", -1) == NULL);
	model_free(m);
}

/* Whatever is done to it: in order, complete, and the cursor on somebody. */
ATF_TC_WITHOUT_HEAD(all__random);
ATF_TC_BODY(all__random, tc)
{
	struct model *m = model_new();
	dbus_bool_t flag;
	char name[16], path[32];
	struct record r;
	size_t i;
	int round, listing;

	srandom(2);
	for (round = 0; round < 30000; round++) {
		snprintf(name, sizeof name, "c%ld", random() % 50);
		snprintf(path, sizeof path, "/clients/%s", name);
		switch (random() % 8) {
		case 0:
			if (model_find(m, path) != NULL)
				model_remove(m, model_find(m, path));
			break;
		case 1:
			flag = random() % 2 == 0;
			if (model_find(m, path) != NULL)
				change(m, path, "Enabled", 'b', &flag);
			break;
		case 2:
			if (model_find(m, path) != NULL)
				model_set_focus(m, model_find(m, path));
			break;
		case 3:
			model_set_order(m, (enum model_order)(random() %
			    ORDER_COUNT));
			break;
		case 4:
			listing = random() % 10 == 0;
			if (listing)
				model_list_begin(m);
			put(m, enabled(name));
			if (listing)
				model_list_end(m);
			break;
		case 5:
			if (random() % 20 == 0)
				model_clear(m);
			break;
		default:
			r = enabled(name);
			set_text(&r, RECORD_EXPIRES, random() % 2 == 0 ? "" :
			    "2019-01-02T08:40:00.123456");
			put(m, r);
		}
		for (i = 0; i < model_count(m); i++)
			ATF_REQUIRE(model_index(m, model_at(m, i)) == i &&
			    model_find(m, model_at(m, i)->record.path) ==
			    model_at(m, i));
		ATF_REQUIRE((model_focus(m) == NULL) ==
		    (model_count(m) == 0));
		if (model_count(m) > 0)
			ATF_REQUIRE(model_find(m,
			    model_focus(m)->record.path) == model_focus(m));
	}
	model_free(m);
}

/* Ten thousand come one by one, change and go, in no time worth mentioning. */
ATF_TC_WITHOUT_HEAD(all__very_many);
ATF_TC_BODY(all__very_many, tc)
{
	struct model *m = model_new();
	struct timespec begin, end;
	char name[16], path[32];
	dbus_int16_t status = 1;
	int i;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	for (i = MANY; i > 0; i--) {
		snprintf(name, sizeof name, "client%05d", i);
		put(m, enabled(name));
	}
	model_set_order(m, ORDER_STATE);
	for (i = MANY; i > 0; i--) {
		snprintf(path, sizeof path, "/clients/client%05d", i);
		change(m, path, "LastCheckerStatus", 'n', &status);
	}
	for (i = 1; i <= MANY; i++) {
		snprintf(path, sizeof path, "/clients/client%05d", i);
		model_remove(m, model_find(m, path));
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	ATF_CHECK(model_count(m) == 0);
	/* That is 50 times what it takes. */
	ATF_CHECK(end.tv_sec - begin.tv_sec < 10);
	model_free(m);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, put__in_order);
	ATF_TP_ADD_TC(tp, put__same_name);
	ATF_TP_ADD_TC(tp, state__of_each);
	ATF_TP_ADD_TC(tp, order__each);
	ATF_TP_ADD_TC(tp, focus__of_removed);
	ATF_TP_ADD_TC(tp, focus__comes_back);
	ATF_TP_ADD_TC(tp, list__is_all);
	ATF_TP_ADD_TC(tp, search__each_way);
	ATF_TP_ADD_TC(tp, all__random);
	ATF_TP_ADD_TC(tp, all__very_many);
	return atf_no_error();
}
