/* SPDX-License-Identifier: ISC */
/*
 * Object paths of clients: of single names, and of names that collide.
 */
#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include <atf-c.h>
#include <dbus/dbus.h>

#include "busd.h"
#include "path.h"

/* The first ones are the original's; the others it refuses. */
static const struct {
	const char *name;
	const char *path;
} names[] = {
	{ "foo", "/clients/foo" },
	{ "a.b-c_d", "/clients/a_b_c_d" },
	{ "a--b..c_d", "/clients/a__b__c_d" },
	{ "9x", "/clients/9x" },
	{ "FOO", "/clients/FOO" },
	{ "default", "/clients/default" },
	{ "foo/bar", "/clients/foo/bar" },
	{ "foo bar", "/clients/foo_20bar" },
	{ " sp ", "/clients/_20sp_20" },
	{ "a@b", "/clients/a_40b" },
	{ "\xc3\xa5", "/clients/_c3_a5" },
	{ "foo]bar", "/clients/foo_5dbar" },
	{ "x/", "/clients/x_2f" },
	{ "/x", "/clients/_2fx" },
	{ "a//b", "/clients/a_2f_2fb" },
	{ "a/b/", "/clients/a_2fb_2f" },
	{ "a%b", "/clients/a_25b" },
	{ "/", "/clients/_2f" },
	{ "", "/clients/_" },
	{ "\n", "/clients/_0a" }
};

ATF_TC_WITHOUT_HEAD(path__of_every_name);
ATF_TC_BODY(path__of_every_name, tc)
{
	char *path;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		path = path_make(names[i].name);
		ATF_REQUIRE(path != NULL);
		ATF_CHECK_STREQ(names[i].path, path);
		free(path);
	}
}

ATF_TC_WITHOUT_HEAD(path__is_always_legal);
ATF_TC_BODY(path__is_always_legal, tc)
{
	char name[4] = "", *path;
	int a, b;

	(void)tc;
	for (a = 1; a < 256; a++)
		for (b = 0; b < 256; b++) {
			name[0] = (char)a;
			name[1] = (char)b;
			name[2] = b == 0 ? '\0' : '/';
			path = path_make(name);
			ATF_REQUIRE(path != NULL);
			ATF_REQUIRE_MSG(dbus_validate_path(path, NULL), "%s",
			    path);
			free(path);
		}
}

static struct bus_client *
put(uint32_t number, const char *name)
{
	const struct client_fields f = { .number = number };
	struct bus_client was, *c;
	uint8_t tail[256];
	size_t used = 0;
	int i;

	for (i = 0; i < CLIENT_STRINGS; i++)
		ATF_REQUIRE(tail_put(tail, sizeof tail, &used, name,
		    i == TEXT_NAME ? strlen(name) : 0) == 0);
	c = mirror_put(&f, tail, used, &was);
	ATF_REQUIRE(c != NULL);
	mirror_forget(&was);
	return c;
}

ATF_TC_WITHOUT_HEAD(path__is_nobody_elses);
ATF_TC_BODY(path__is_nobody_elses, tc)
{
	(void)tc;
	ATF_CHECK_STREQ("/clients/a_b", put(1, "a.b")->path);
	ATF_CHECK_STREQ("/clients/a_b_2", put(2, "a-b")->path);
	ATF_CHECK_STREQ("/clients/a_b_3", put(3, "a_b")->path);
	ATF_CHECK_STREQ("/clients/a_b_2_2", put(4, "a_b_2")->path);
	/* It stays its own when it is told anew, or another has gone. */
	mirror_remove(mirror_find(1));
	ATF_CHECK_STREQ("/clients/a_b_2", put(2, "a-b")->path);
	ATF_CHECK_STREQ("/clients/a_b", put(5, "a_b")->path);
	ATF_CHECK_EQ(4, mirror_count());
	ATF_CHECK(mirror_path("/clients/a_b_3") == mirror_find(3));
	ATF_CHECK(mirror_path("/clients") == NULL);
}

ATF_TC_WITHOUT_HEAD(mirror__refuses_what_is_no_client);
ATF_TC_BODY(mirror__refuses_what_is_no_client, tc)
{
	struct client_fields f = { .number = 1 };
	uint8_t tail[64];
	struct bus_client was;
	size_t used = 0;
	int i;

	(void)tc;
	for (i = 0; i < CLIENT_STRINGS; i++)
		ATF_REQUIRE(tail_put(tail, sizeof tail, &used, "a\0b", 3) ==
		    0);
	ATF_CHECK(mirror_put(&f, tail, used, &was) == NULL);
	ATF_CHECK(mirror_put(&f, tail, 0, &was) == NULL);
	used = 0;
	for (i = 0; i < CLIENT_STRINGS; i++)
		ATF_REQUIRE(tail_put(tail, sizeof tail, &used, "ab", 2) == 0);
	ATF_CHECK(mirror_put(&f, tail, used - 1, &was) == NULL);
	ATF_CHECK(mirror_put(&f, tail, used + 1, &was) == NULL);
	f.number = 0;
	ATF_CHECK(mirror_put(&f, tail, used, &was) == NULL);
	ATF_CHECK_EQ(0, mirror_count());
}

ATF_TC_WITHOUT_HEAD(text__is_always_utf8);
ATF_TC_BODY(text__is_always_utf8, tc)
{
	char *text;

	(void)tc;
	text = mirror_text((const uint8_t *)"\xc3\xa5", 2);
	ATF_CHECK_STREQ("\xc3\xa5", text);
	free(text);
	text = mirror_text((const uint8_t *)"a\xc3", 2);
	ATF_CHECK_STREQ("a?", text);
	free(text);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, path__of_every_name);
	ATF_TP_ADD_TC(tp, path__is_always_legal);
	ATF_TP_ADD_TC(tp, path__is_nobody_elses);
	ATF_TP_ADD_TC(tp, mirror__refuses_what_is_no_client);
	ATF_TP_ADD_TC(tp, text__is_always_utf8);
	return atf_no_error();
}
