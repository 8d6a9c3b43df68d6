/* SPDX-License-Identifier: ISC */
/*
 * The whole program, and clients that an administrator adds at run time.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "kit.h"

#define KEY "6B130D3154DA1007596BA38FDE9CE5A4201FFF84E8CB20B080497AE4B59391DC"
#define KEY2 "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"
#define MOST 1000	/* that can be added */

static const struct kit_client foo = { .name = "foo", .key_id = KEY };
static const struct kit_client new = { .name = "new", .key_id = KEY2,
	.secret = "its own", .host = "there", .timeout_ms = 77000 };

/* It is added; what the warden is told of it. */
static void
add(struct kit *kit, const struct kit_client *client, struct kit_msg *c)
{
	kit_add(kit, client);
	kit_expect(kit, c, MSG_ENROLLED);
	ATF_CHECK_STREQ(client->name, c->strings[0]);
	ATF_CHECK_EQ(c->u.enrolled.f.number, kit_added(kit, 0));
}

ATF_TC_WITHOUT_HEAD(add__told_when_on_disk);
ATF_TC_BODY(add__told_when_on_disk, tc)
{
	struct kit kit;
	struct kit_msg c;
	int64_t start = kit_now();

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	ATF_CHECK(kit_saved_text("mandos-ledger 1\n"));
	kit_add(&kit, &new);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK(kit_saved_text("mandos-ledger 2\n"));
	ATF_CHECK(kit_saved_text("\nadded \"new\"\nenabled yes\n"));
	ATF_CHECK(kit_saved_text("\nsecret \"aXRzIG93bg==\"\n"));
	ATF_CHECK_EQ(2, c.u.enrolled.f.number);
	ATF_CHECK_EQ(SET_ALL, c.u.enrolled.set);
	ATF_CHECK_EQ(1, c.u.enrolled.is_new);
	ATF_CHECK_EQ(CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT |
	    CLIENT_HAS_KEYID, c.u.enrolled.f.flags);
	ATF_CHECK_EQ(0xab, c.u.enrolled.f.keyid[31]);
	ATF_CHECK_EQ(77000, c.u.enrolled.f.timeout_ms);
	ATF_CHECK_EQ(CHECKER_NEVER, c.u.enrolled.f.last_checker_status);
	ATF_CHECK(c.u.enrolled.f.created_us >= start);
	ATF_CHECK_EQ(c.u.enrolled.f.created_us,
	    c.u.enrolled.f.last_enabled_us);
	ATF_CHECK_EQ(c.u.enrolled.f.created_us + INT64_C(240000000),
	    c.u.enrolled.f.expires_us);
	ATF_CHECK_STREQ("there", c.strings[1]);
	ATF_CHECK_STREQ("its own", c.strings[5]);
	ATF_CHECK_EQ(2, kit_added(&kit, 0));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(add__what_is_taken);
ATF_TC_BODY(add__what_is_taken, tc)
{
	struct kit_client other;
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	/* Nobody knows yet what is. */
	kit_add(&kit, &new);
	kit_added(&kit, EAGAIN);
	kit_begin(&kit, &foo, &c);
	add(&kit, &new, &c);
	other = new;
	other.key_id = "00000000000000000000000000000000"
	    "00000000000000000000000000000000";
	kit_add(&kit, &other);
	kit_added(&kit, EEXIST);
	other.name = "foo";
	kit_add(&kit, &other);
	kit_added(&kit, EEXIST);
	other.name = "other";
	other.key_id = KEY;
	kit_add(&kit, &other);
	kit_added(&kit, EEXIST);
	other.key_id = KEY2;
	kit_add(&kit, &other);
	kit_added(&kit, EEXIST);
	/* Not to have one is nothing in common. */
	other.key_id = "";
	add(&kit, &other, &c);
	other.name = "another";
	add(&kit, &other, &c);
	/* What was removed, clients.conf has still; its key is free. */
	kit_forget(&kit, 1);
	kit_saved(&kit, 0);
	other.name = "foo";
	kit_add(&kit, &other);
	kit_added(&kit, EEXIST);
	other.name = "bar";
	other.key_id = KEY;
	add(&kit, &other, &c);
	ATF_CHECK_EQ(5, c.u.enrolled.f.number);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(add__over_restart_and_reload);
ATF_TC_BODY(add__over_restart_and_reload, tc)
{
	struct kit_client taken = new;
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	add(&kit, &new, &c);
	c.u.enrolled.f.last_checked_ok_us = 1234567;
	kit_save(&kit, &c, 1, NULL);
	kit_saved(&kit, 0);
	kit_merge(&kit, &foo, 1, 1);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(0, kit_end(&kit));
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_merge(&kit, &foo, 1, 1);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_STREQ("foo", c.strings[0]);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_STREQ("new", c.strings[0]);
	ATF_CHECK_STREQ("its own", c.strings[5]);
	ATF_CHECK_EQ(1234567, c.u.enrolled.f.last_checked_ok_us);
	ATF_CHECK_EQ(77000, c.u.enrolled.f.timeout_ms);
	kit_expect(&kit, &c, MSG_MERGED);
	/* clients.conf has it, with another key and secret. */
	taken.secret = "configured";
	taken.key_id = KEY;
	kit_merge(&kit, &taken, 1, 1);
	kit_expect(&kit, &c, MSG_DROPPED);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_EQ(2, c.u.enrolled.f.number);
	ATF_CHECK_EQ(0, c.u.enrolled.is_new);
	ATF_CHECK_EQ(0x6b, c.u.enrolled.f.keyid[0]);
	ATF_CHECK_STREQ("configured", c.strings[5]);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK(kit_saved_text("mandos-ledger 1\n"));
	ATF_CHECK(kit_saved_text("\nsecret configured\n"));
	kit_merge(&kit, &foo, 1, 1);
	kit_expect(&kit, &c, MSG_DROPPED);
	ATF_CHECK_EQ(2, c.u.dropped.number);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(add__key_of_another_later);
ATF_TC_BODY(add__key_of_another_later, tc)
{
	struct kit_client double_key = foo;
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	add(&kit, &new, &c);
	double_key.key_id = KEY2;
	kit_merge(&kit, &double_key, 1, 1);
	kit_expect(&kit, &c, MSG_ENROLLED);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(0, c.u.merged.refused);
	ATF_CHECK(kit_logged("client new, which was added at run time, has "
	    "the key ID of foo: one of them can never match"));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(add__removed_for_good);
ATF_TC_BODY(add__removed_for_good, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	add(&kit, &new, &c);
	kit_save(&kit, &c, 0, "another");
	kit_forget(&kit, 2);
	/* One that was sent when it was still there. */
	kit_save(&kit, &c, 0, NULL);
	kit_saved(&kit, 0);
	ATF_CHECK(!kit_saved_text("new"));
	ATF_CHECK(kit_saved_text("mandos-ledger 1\n"));
	/* Its name and key are free. */
	add(&kit, &new, &c);
	ATF_CHECK_EQ(3, c.u.enrolled.f.number);
	kit_forget(&kit, 3);
	kit_saved(&kit, 0);
	ATF_CHECK_EQ(0, kit_end(&kit));
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	ATF_CHECK_STREQ("foo", c.strings[0]);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(add__not_saved);
ATF_TC_BODY(add__not_saved, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	ATF_REQUIRE_EQ(0, mkdir("state/clients.ledger.new", 0700));
	kit_add(&kit, &new);
	kit_added(&kit, EISDIR);
	ATF_CHECK(!kit_saved_text("new"));
	ATF_REQUIRE_EQ(0, rmdir("state/clients.ledger.new"));
	kit_save(&kit, &c, 1, NULL);
	kit_saved(&kit, 0);
	ATF_CHECK(!kit_saved_text("new"));
	add(&kit, &new, &c);
	ATF_CHECK_EQ(2, c.u.enrolled.f.number);
	ATF_CHECK_EQ(0, kit_end(&kit));
	/* Where nothing is saved there is no place for it. */
	kit_open(&kit, "no/such", 0);
	kit_begin(&kit, &foo, &c);
	kit_add(&kit, &new);
	kit_added(&kit, EIO);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

/* Many at once are one write; and of one name there is one. */
ATF_TC_WITHOUT_HEAD(add__many_at_once);
ATF_TC_BODY(add__many_at_once, tc)
{
	struct kit_client one = new;
	struct stat first, last;
	struct kit kit;
	struct kit_msg c;
	char name[32];
	uint32_t i;

	(void)tc;
	one.name = name;
	one.key_id = "";
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	/* Stopped, it finds all of them when it goes on. */
	ATF_REQUIRE_EQ(0, kill(kit.pid, SIGSTOP));
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%u", i / 2);
		kit_add(&kit, &one);
	}
	ATF_REQUIRE_EQ(0, kill(kit.pid, SIGCONT));
	kit.adds = 0;
	/* Those that cannot be are told so first. */
	for (i = 0; i < 50; i++) {
		kit.adds += 2;
		ATF_CHECK_EQ(0, kit_added(&kit, EEXIST));
	}
	for (i = 0, kit.adds = 1; i < 50; i++, kit.adds += 2) {
		kit_expect(&kit, &c, MSG_ENROLLED);
		if (i == 0)
			ATF_REQUIRE_EQ(0, stat(KIT_LEDGER, &first));
		ATF_CHECK_EQ(i + 2, kit_added(&kit, 0));
	}
	ATF_REQUIRE_EQ(0, stat(KIT_LEDGER, &last));
	ATF_CHECK_EQ(first.st_ino, last.st_ino);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

/*
 * One that is removed in the moment in which the warden has been told of it,
 * among many, at a start.
 */
ATF_TC_WITHOUT_HEAD(add__removed_while_told);
ATF_TC_BODY(add__removed_while_told, tc)
{
	static char secret[40001], name[8];
	struct kit_client one = { .name = name, .secret = secret };
	struct kit kit;
	struct kit_msg c;
	uint32_t i;

	(void)tc;
	memset(secret, 's', sizeof secret - 1);
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	for (i = 0; i < 70; i++) {
		snprintf(name, sizeof name, "a%02u", i);
		add(&kit, &one, &c);
	}
	ATF_CHECK_EQ(0, kit_end(&kit));
	kit_open(&kit, "state", SETTING_RESTORE);
	kit.seq = 0;
	kit_merge(&kit, &foo, 1, 1);
	/* It waits for us to read when it has told of a few. */
	kit_expect(&kit, &c, MSG_ENROLLED);
	for (i = 1; i <= 71; i++)
		kit_forget(&kit, i);
	for (i = 1; i < 64; i++)
		kit_expect(&kit, &c, MSG_ENROLLED);
	/* It has heard of that by then, and need not speak of the others. */
	do
		ATF_REQUIRE(kit_get(&kit, &c, KIT_MS));
	while (c.type != MSG_MERGED);
	ATF_CHECK(!kit_saved_text("a63"));
	ATF_CHECK(kit_saved_text("mandos-ledger 1\n"));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(add__too_many);
ATF_TC_BODY(add__too_many, tc)
{
	struct kit_client one = new;
	char name[32];
	struct kit kit;
	struct kit_msg c;
	int i;

	(void)tc;
	one.name = name;
	one.key_id = "";
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	for (i = 0; i < MOST; i++) {
		snprintf(name, sizeof name, "%d", i);
		add(&kit, &one, &c);
	}
	kit_add(&kit, &new);
	kit_added(&kit, EDQUOT);
	/* One that goes makes room. */
	kit_forget(&kit, 2);
	kit_saved(&kit, 0);
	add(&kit, &new, &c);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

/* A message that the warden does not send, and what is said of it. */
ATF_TC_WITHOUT_HEAD(add__impossible);
ATF_TC_BODY(add__impossible, tc)
{
	static const uint8_t tails[][8] = { { 0 }, { 1, 0, 0, 0 },
		{ 255, 255, 255, 255 } };
	static const size_t lens[] = { 0, 4, 8 };
	struct msg_add m = { .seq = 1 };
	struct kit kit;
	struct kit_msg c;
	size_t i;

	(void)tc;
	for (i = 0; i < 3; i++) {
		kit_open(&kit, "state", SETTING_RESTORE);
		kit_begin(&kit, &foo, &c);
		ATF_REQUIRE_EQ(0, chan_send(&kit.chan, MSG_ADD, &m, tails[i],
		    lens[i], -1));
		ATF_CHECK_EQ(EX_SOFTWARE, kit_wait(&kit));
		ATF_CHECK(kit_logged("message ADD of the warden: bad "
		    "strings"));
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, add__told_when_on_disk);
	ATF_TP_ADD_TC(tp, add__what_is_taken);
	ATF_TP_ADD_TC(tp, add__over_restart_and_reload);
	ATF_TP_ADD_TC(tp, add__key_of_another_later);
	ATF_TP_ADD_TC(tp, add__removed_for_good);
	ATF_TP_ADD_TC(tp, add__not_saved);
	ATF_TP_ADD_TC(tp, add__many_at_once);
	ATF_TP_ADD_TC(tp, add__removed_while_told);
	ATF_TP_ADD_TC(tp, add__too_many);
	ATF_TP_ADD_TC(tp, add__impossible);
	return atf_no_error();
}
