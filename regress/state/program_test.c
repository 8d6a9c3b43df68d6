/* SPDX-License-Identifier: ISC */
/*
 * The whole program, between a warden and a reader that this test plays: how it
 * starts, and what of an earlier run it starts with.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "kit.h"

#define LEDGER KIT_LEDGER
#define SECOND INT64_C(1000000)

static const struct kit_client foo = { .name = "foo" };
static const struct kit_client bar = { .name = "bar" };

/* A run that leaves a ledger with ${foo}, as ${change} has changed it. */
static void
leave(uint32_t flags, void (*change)(struct client_fields *))
{
	struct kit kit;
	struct kit_msg c;

	kit_open(&kit, "state", flags);
	kit_begin(&kit, &foo, &c);
	if (change != NULL) {
		change(&c.u.enrolled.f);
		kit_save(&kit, &c, 1, NULL);
		kit_saved(&kit, 0);
	}
	ATF_REQUIRE_EQ(0, kit_end(&kit));
}

/* Start again, and get ${foo}. */
static void
resume(struct kit *kit, uint32_t flags, struct kit_msg *c)
{
	kit_open(kit, "state", flags);
	kit_begin(kit, &foo, c);
	ATF_REQUIRE_STREQ("foo", c->strings[0]);
}

ATF_TC_WITHOUT_HEAD(start__new_clients);
ATF_TC_BODY(start__new_clients, tc)
{
	static const struct kit_client both[] = { { .name = "foo",
		.host = "a\nb", .key_id = "11" }, { .name = "bar",
		.secret = "other", .disabled = 1 } };
	struct kit kit;
	struct kit_msg c;
	struct client_fields *f = &c.u.enrolled.f;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	ATF_CHECK(kit_logged("no saved state in state"));
	kit_merge(&kit, both, 2, 2);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_STREQ("bar", c.strings[0]);
	ATF_CHECK_STREQ("other", c.strings[5]);
	ATF_CHECK_EQ(1, f->number);
	ATF_CHECK_EQ(CLIENT_APPROVED_BY_DEFAULT, f->flags);
	ATF_CHECK_EQ(0, f->last_enabled_us);
	ATF_CHECK_EQ(0, f->expires_us);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_STREQ("foo", c.strings[0]);
	ATF_CHECK_STREQ("a\nb", c.strings[1]);
	ATF_CHECK_STREQ("true", c.strings[2]);
	ATF_CHECK_STREQ("11", c.strings[3]);
	ATF_CHECK_STREQ("", c.strings[4]);
	ATF_CHECK_STREQ("secret", c.strings[5]);
	ATF_CHECK_EQ(2, f->number);
	ATF_CHECK_EQ(CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT, f->flags);
	ATF_CHECK_EQ(CHECKER_NEVER, f->last_checker_status);
	ATF_CHECK_EQ(300000, f->timeout_ms);
	ATF_CHECK_EQ(900000, f->extended_timeout_ms);
	ATF_CHECK_EQ(120000, f->interval_ms);
	ATF_CHECK_EQ(1000, f->approval_duration_ms);
	ATF_CHECK_EQ(f->created_us, f->last_enabled_us);
	ATF_CHECK_EQ(f->created_us + 240 * SECOND, f->expires_us);
	ATF_CHECK(f->created_us <= kit_now() &&
	    f->created_us > kit_now() - 60 * SECOND);
	ATF_CHECK_EQ(1, c.u.enrolled.is_new);
	ATF_CHECK_EQ(SET_ALL, c.u.enrolled.set);
	/* It was on disk before it was told. */
	ATF_CHECK(kit_saved_text("client \"foo\"\n"));
	ATF_CHECK(kit_saved_text("host \"a\\x0ab\"\n"));
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(0, c.u.merged.refused);
	ATF_CHECK_EQ(0, kit_end(&kit));
	/* Neither of them was set at run time. */
	ATF_CHECK(!kit_saved_text("secret \""));
}

static void
disable(struct client_fields *f)
{
	f->flags &= ~CLIENT_ENABLED;
	f->expires_us = 0;
	f->timeout_ms = 77000;
	f->last_checker_status = 3;
	f->last_checked_ok_us = 5 * SECOND;
}

ATF_TC_WITHOUT_HEAD(restart__what_was_saved_is_there);
ATF_TC_BODY(restart__what_was_saved_is_there, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	leave(SETTING_RESTORE, disable);
	resume(&kit, SETTING_RESTORE, &c);
	ATF_CHECK(!(c.u.enrolled.f.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(77000, c.u.enrolled.f.timeout_ms);
	ATF_CHECK_EQ(3, c.u.enrolled.f.last_checker_status);
	ATF_CHECK_EQ(5 * SECOND, c.u.enrolled.f.last_checked_ok_us);
	ATF_CHECK_EQ(0, c.u.enrolled.f.last_enabled_us);
	ATF_CHECK_EQ(1, c.u.enrolled.is_new);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

static void
expire(struct client_fields *f)
{
	f->last_checker_status = 1;
	f->last_checked_ok_us = kit_now() - 20 * SECOND;
	f->expires_us = kit_now() - 10 * SECOND;
}

static void
expire_well(struct client_fields *f)
{
	expire(f);
	f->last_checker_status = 0;
}

static void
expire_unchecked(struct client_fields *f)
{
	expire(f);
	f->last_checked_ok_us = 0;
	f->last_checker_status = CHECKER_NEVER;
}

/* After such a run, is the client enabled, and what is in the log? */
static void
check_downtime(void (*change)(struct client_fields *), uint32_t flags,
    int enabled, const char *text)
{
	struct kit kit;
	struct kit_msg c;

	leave(SETTING_RESTORE, change);
	resume(&kit, SETTING_RESTORE | flags, &c);
	ATF_CHECK_EQ(enabled, (c.u.enrolled.f.flags & CLIENT_ENABLED) != 0);
	ATF_CHECK(kit_logged(text));
	ATF_CHECK(kit_saved_text(enabled ? "\nenabled yes\n" :
	    "\nenabled no\n"));
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_REQUIRE_EQ(0, unlink(LEDGER));
}

ATF_TC_WITHOUT_HEAD(restart__downtime_of_either_policy);
ATF_TC_BODY(restart__downtime_of_either_policy, tc)
{
	(void)tc;
	check_downtime(expire, 0, 0, "disabling client foo - Client last "
	    "checker failed with error code 1");
	check_downtime(expire_unchecked, 0, 0, "disabling client foo - "
	    "Client never performed a successful checker");
	check_downtime(expire_well, 0, 1,
	    "Last checker succeeded, keeping foo enabled");
	check_downtime(expire_well, SETTING_STRICT, 0, "disabling client foo "
	    "- Its time ran out while the server was down");
	check_downtime(NULL, SETTING_STRICT, 1, "Creating client 'foo'");
}

/* Nothing is overwritten, and who looks at the log knows what to do. */
static void
check_refused(uint32_t flags, int status, const char *text)
{
	struct stat before, after;
	struct kit kit;

	ATF_REQUIRE_EQ(0, lstat(LEDGER, &before));
	kit_start(&kit, "state", flags);
	ATF_CHECK_EQ(status, kit_wait(&kit));
	ATF_CHECK(kit_logged(text));
	ATF_REQUIRE_EQ(0, lstat(LEDGER, &after));
	ATF_CHECK_EQ(before.st_ino, after.st_ino);
	ATF_CHECK_EQ(before.st_size, after.st_size);
	ATF_CHECK_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void
flip_byte(off_t where)
{
	int fd = open(LEDGER, O_RDWR);
	char c;

	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(1, pread(fd, &c, 1, where));
	c ^= 1;
	ATF_REQUIRE_EQ(1, pwrite(fd, &c, 1, where));
	close(fd);
}

ATF_TC_WITHOUT_HEAD(ledger__refused);
ATF_TC_BODY(ledger__refused, tc)
{
	struct stat st;
	int fd;

	(void)tc;
	leave(SETTING_RESTORE, NULL);
	flip_byte(100);
	check_refused(SETTING_RESTORE, EX_DATAERR,
	    "state/clients.ledger, line 35: damaged: the checksum is wrong (it "
	    "is left as it is; put a good one in its place, or start once "
	    "with --start-disabled)");
	flip_byte(100);
	ATF_REQUIRE_EQ(0, stat(LEDGER, &st));
	ATF_REQUIRE_EQ(0, truncate(LEDGER, st.st_size - 1));
	check_refused(SETTING_RESTORE, EX_DATAERR,
	    "state/clients.ledger, line 35: the end is missing or damaged");
	ATF_REQUIRE_EQ(0, truncate(LEDGER, 0));
	check_refused(SETTING_RESTORE, EX_DATAERR,
	    "state/clients.ledger, line 1: it is empty");
	ATF_REQUIRE((fd = open(LEDGER, O_WRONLY)) != -1);
	ATF_REQUIRE_EQ(16, write(fd, "mandos-ledger 3\n", 16));
	close(fd);
	check_refused(SETTING_RESTORE, EX_DATAERR,
	    "line 1: written by a newer version of mandos");
	ATF_REQUIRE_EQ(0, chmod(LEDGER, 0666));
	check_refused(SETTING_RESTORE | SETTING_START_DISABLED, EX_NOPERM,
	    "state/clients.ledger can be written to by other users");
	ATF_REQUIRE_EQ(0, unlink(LEDGER));
	ATF_REQUIRE_EQ(0, symlink("other", LEDGER));
	check_refused(SETTING_RESTORE, EX_NOPERM,
	    "state/clients.ledger is a symbolic link");
}

ATF_TC(ledger__of_others);
ATF_TC_HEAD(ledger__of_others, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(ledger__of_others, tc)
{
	(void)tc;
	leave(SETTING_RESTORE, NULL);
	/* The program has not the power to look into it. */
	ATF_REQUIRE_EQ(0, chown(LEDGER, 65534, 65534));
	check_refused(SETTING_RESTORE, EX_NOPERM,
	    "state/clients.ledger belongs to another user");
	ATF_REQUIRE_EQ(0, chmod(LEDGER, 0644));
	check_refused(SETTING_RESTORE, EX_NOPERM,
	    "state/clients.ledger belongs to another user (65534)");
	ATF_REQUIRE_EQ(0, chown(LEDGER, 0, 0));
	ATF_REQUIRE_EQ(0, chmod(LEDGER, 0));
	check_refused(SETTING_RESTORE, EX_NOPERM,
	    "its owner may not read it");
}

ATF_TC_WITHOUT_HEAD(ledger__damaged_but_start_disabled);
ATF_TC_BODY(ledger__damaged_but_start_disabled, tc)
{
	const uint32_t flags = SETTING_RESTORE | SETTING_START_DISABLED;
	struct kit kit;
	struct kit_msg c;
	glob_t found;
	size_t before_len, after_len;
	char *before, *after;

	(void)tc;
	/* Without damage it has no effect. */
	leave(flags, NULL);
	resume(&kit, flags, &c);
	ATF_CHECK(c.u.enrolled.f.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(0, kit_end(&kit));
	flip_byte(100);
	before = kit_file(LEDGER, &before_len);
	resume(&kit, flags, &c);
	ATF_CHECK(!(c.u.enrolled.f.flags & CLIENT_ENABLED));
	ATF_CHECK(kit_logged("every client starts disabled"));
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_REQUIRE_EQ(0, glob("state/clients.ledger.damaged-20*Z", 0, NULL,
	    &found));
	ATF_REQUIRE_EQ(1, found.gl_pathc);
	after = kit_file(found.gl_pathv[0], &after_len);
	ATF_CHECK_EQ(before_len, after_len);
	ATF_CHECK_EQ(0, memcmp(before, after, before_len));
	globfree(&found);
	free(before);
	free(after);
	/* It stays disabled. */
	resume(&kit, SETTING_RESTORE, &c);
	ATF_CHECK(!(c.u.enrolled.f.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(ledger__damaged_and_killed_before_the_first_write);
ATF_TC_BODY(ledger__damaged_and_killed_before_the_first_write, tc)
{
	struct kit kit;

	(void)tc;
	leave(SETTING_RESTORE, NULL);
	flip_byte(100);
	kit_open(&kit, "state", SETTING_RESTORE | SETTING_START_DISABLED);
	ATF_CHECK_EQ(0, kit_end(&kit));
	/* It is as if nothing had been. */
	check_refused(SETTING_RESTORE, EX_DATAERR, "the checksum is wrong");
}

ATF_TC_WITHOUT_HEAD(no_restore__keeps_the_old);
ATF_TC_BODY(no_restore__keeps_the_old, tc)
{
	struct kit kit;
	struct kit_msg c;
	size_t len;
	char *p;

	(void)tc;
	leave(SETTING_RESTORE, disable);
	resume(&kit, 0, &c);
	ATF_CHECK(c.u.enrolled.f.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(CHECKER_NEVER, c.u.enrolled.f.last_checker_status);
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_CHECK(kit_saved_text("\nenabled yes\n"));
	p = kit_file("state/clients.ledger.previous", &len);
	ATF_CHECK(strstr(p, "\nenabled no\n") != NULL);
	free(p);
}

ATF_TC_WITHOUT_HEAD(no_restore__nothing_to_put_aside);
ATF_TC_BODY(no_restore__nothing_to_put_aside, tc)
{
	struct kit kit;
	struct kit_msg c;
	size_t len;
	char *p;

	(void)tc;
	leave(SETTING_RESTORE, disable);
	ATF_REQUIRE_EQ(0, rename(KIT_LEDGER, KIT_LEDGER ".previous"));
	resume(&kit, 0, &c);
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_CHECK(kit_saved_text("\nenabled yes\n"));
	p = kit_file(KIT_LEDGER ".previous", &len);
	ATF_CHECK(strstr(p, "\nenabled no\n") != NULL);
	free(p);
}

ATF_TC_WITHOUT_HEAD(no_restore__nowhere_to_save);
ATF_TC_BODY(no_restore__nowhere_to_save, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "missing/state", 0);
	ATF_CHECK(kit_logged("state will not be saved: missing/state cannot "
	    "be made: No such file or directory"));
	kit_begin(&kit, &foo, &c);
	kit_save(&kit, &c, 1, NULL);
	kit_saved(&kit, EIO);
	/* And a reload is no less possible. */
	kit_merge(&kit, &bar, 1, 1);
	kit_expect(&kit, &c, MSG_DROPPED);
	kit_expect(&kit, &c, MSG_ENROLLED);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(0, c.u.merged.refused);
	ATF_CHECK_EQ(0, kit_end(&kit));
	kit_start(&kit, "missing/state", SETTING_RESTORE);
	ATF_CHECK_EQ(EX_CANTCREAT, kit_wait(&kit));
}

ATF_TC_WITHOUT_HEAD(directory__one_server_at_a_time);
ATF_TC_BODY(directory__one_server_at_a_time, tc)
{
	struct kit first, second;

	(void)tc;
	kit_open(&first, "state", SETTING_RESTORE);
	kit_start(&second, "state", SETTING_RESTORE);
	ATF_CHECK_EQ(EX_TEMPFAIL, kit_wait(&second));
	ATF_CHECK(kit_logged("state is in use by another server"));
	kit_start(&second, "state", 0);
	ATF_CHECK_EQ(EX_TEMPFAIL, kit_wait(&second));
	ATF_CHECK_EQ(0, kit_end(&first));
	kit_open(&second, "state", SETTING_RESTORE);
	ATF_CHECK_EQ(0, kit_end(&second));
}

ATF_TC_WITHOUT_HEAD(directory__of_others);
ATF_TC_BODY(directory__of_others, tc)
{
	struct kit kit;

	(void)tc;
	ATF_REQUIRE_EQ(0, mkdir("state", 0700));
	ATF_REQUIRE_EQ(0, chmod("state", 0777));
	kit_start(&kit, "state", SETTING_RESTORE);
	ATF_CHECK_EQ(EX_NOPERM, kit_wait(&kit));
	ATF_CHECK(kit_logged("chown root state; chmod 700 state"));
}

ATF_TC_WITHOUT_HEAD(start__not_by_hand);
ATF_TC_BODY(start__not_by_hand, tc)
{
	struct kit kit;

	(void)tc;
	kit_start(&kit, "state", SETTING_RESTORE);
	/* Hung up upon before it says anything: nobody is there. */
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_CHECK_EQ(64 << 8, system(PROGRAM " 3<&- 2>/dev/null"));
}

ATF_TC_WITHOUT_HEAD(size__ten_thousand_clients);
ATF_TC_BODY(size__ten_thousand_clients, tc)
{
	enum { COUNT = 10000 };
	static struct kit_client clients[COUNT];
	static char names[COUNT][32];
	struct kit kit;
	struct kit_msg c;
	int64_t start;
	int i, j, n = 0;

	(void)tc;
	for (i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof names[i], "client%d", i);
		clients[i].name = names[i];
	}
	for (j = 0; j < 2; j++) {
		start = kit_now();
		kit_open(&kit, "state", SETTING_RESTORE);
		printf("opened after %d ms\n",
		    (int)((kit_now() - start) / 1000));
		kit_merge(&kit, clients, COUNT, COUNT);
		/* The warden has something to say about every one. */
		for (i = 0, n = 0; i < COUNT; i++) {
			kit_expect(&kit, &c, MSG_ENROLLED);
			kit_save(&kit, &c, 0, NULL);
			n += c.u.enrolled.f.number == (uint32_t)i + 1;
			for (int k = 0; k < CLIENT_STRINGS + 1; k++)
				free(c.strings[k]);
		}
		ATF_CHECK_EQ(COUNT, n);
		kit_expect(&kit, &c, MSG_MERGED);
		ATF_CHECK_EQ(0, kit_end(&kit));
		printf("ended after %d ms\n",
		    (int)((kit_now() - start) / 1000));
	}
	ATF_CHECK(kit_saved_text("client \"client9999\"\n"));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, start__new_clients);
	ATF_TP_ADD_TC(tp, start__not_by_hand);
	ATF_TP_ADD_TC(tp, restart__what_was_saved_is_there);
	ATF_TP_ADD_TC(tp, restart__downtime_of_either_policy);
	ATF_TP_ADD_TC(tp, ledger__refused);
	ATF_TP_ADD_TC(tp, ledger__of_others);
	ATF_TP_ADD_TC(tp, ledger__damaged_but_start_disabled);
	ATF_TP_ADD_TC(tp, ledger__damaged_and_killed_before_the_first_write);
	ATF_TP_ADD_TC(tp, no_restore__keeps_the_old);
	ATF_TP_ADD_TC(tp, no_restore__nothing_to_put_aside);
	ATF_TP_ADD_TC(tp, no_restore__nowhere_to_save);
	ATF_TP_ADD_TC(tp, directory__one_server_at_a_time);
	ATF_TP_ADD_TC(tp, directory__of_others);
	ATF_TP_ADD_TC(tp, size__ten_thousand_clients);
	return atf_no_error();
}
