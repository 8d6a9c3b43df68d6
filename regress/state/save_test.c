/* SPDX-License-Identifier: ISC */
/*
 * The whole program, between a warden and a reader that this test plays: what
 * it saves and when, and what a new configuration does to that.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "kit.h"

#define SECOND INT64_C(1000000)

static const struct kit_client foo = { .name = "foo" };
static const struct kit_client bar = { .name = "bar" };

/* Start again, and get ${foo}. */
static void
resume(struct kit *kit, uint32_t flags, struct kit_msg *c)
{
	kit_open(kit, "state", flags);
	kit_begin(kit, &foo, c);
	ATF_REQUIRE_STREQ("foo", c->strings[0]);
}

ATF_TC_WITHOUT_HEAD(save__urgent_is_on_disk);
ATF_TC_BODY(save__urgent_is_on_disk, tc)
{
	struct kit kit;
	struct kit_msg c;
	int i;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	for (i = 0; i < 100; i++) {
		c.u.enrolled.f.timeout_ms = 1000 + (uint64_t)i;
		kit_save(&kit, &c, 1, NULL);
	}
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\ntimeout_ms 1099\n"));
	/* Even if what died then was not asked. */
	ATF_REQUIRE_EQ(0, kill(kit.pid, SIGKILL));
	chan_close(&kit.chan);
	resume(&kit, SETTING_RESTORE, &c);
	ATF_CHECK_EQ(1099, c.u.enrolled.f.timeout_ms);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(save__others_within_a_quarter_of_a_minute);
ATF_TC_BODY(save__others_within_a_quarter_of_a_minute, tc)
{
	struct kit kit;
	struct kit_msg c;
	int64_t start = kit_now();

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	c.u.enrolled.f.timeout_ms = 1234;
	kit_save(&kit, &c, 0, NULL);
	ATF_CHECK(!kit_get(&kit, &c, 1000));
	ATF_CHECK(!kit_saved_text("\ntimeout_ms 1234\n"));
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\ntimeout_ms 1234\n"));
	ATF_CHECK(kit_now() - start < 15 * SECOND);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(save__at_the_end);
ATF_TC_BODY(save__at_the_end, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	c.u.enrolled.f.timeout_ms = 1234;
	kit_save(&kit, &c, 0, NULL);
	/* Signals for all processes of a server do not end it. */
	ATF_REQUIRE_EQ(0, kill(kit.pid, SIGTERM));
	ATF_REQUIRE_EQ(0, kill(kit.pid, SIGINT));
	ATF_REQUIRE_EQ(0, kill(kit.pid, SIGHUP));
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_CHECK(kit_saved_text("\ntimeout_ms 1234\n"));
}

ATF_TC_WITHOUT_HEAD(save__failure_is_told_and_mended);
ATF_TC_BODY(save__failure_is_told_and_mended, tc)
{
	struct kit kit;
	struct kit_msg c;
	int64_t start = kit_now();

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	ATF_REQUIRE_EQ(0, mkdir("state/clients.ledger.new", 0700));
	c.u.enrolled.f.timeout_ms = 1234;
	kit_save(&kit, &c, 1, NULL);
	kit_saved(&kit, EISDIR);
	ATF_CHECK(kit_logged("state is not saved: clients.ledger.new cannot "
	    "be written: Is a directory"));
	ATF_CHECK(kit_saved_text("\ntimeout_ms 300000\n"));
	/* A configuration that cannot be saved is not taken. */
	kit_merge(&kit, &bar, 1, 1);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(1, c.u.merged.refused);
	ATF_REQUIRE_EQ(0, rmdir("state/clients.ledger.new"));
	kit_saved(&kit, 0);
	ATF_CHECK(kit_now() - start < 12 * SECOND);
	ATF_CHECK(kit_logged("state is saved again"));
	ATF_CHECK(kit_saved_text("client \"foo\"\n"));
	ATF_CHECK(!kit_saved_text("client \"bar\"\n"));
	ATF_CHECK(kit_saved_text("\ntimeout_ms 1234\n"));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(save__failure_at_the_start);
ATF_TC_BODY(save__failure_at_the_start, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	ATF_REQUIRE_EQ(0, mkdir("state/clients.ledger.new", 0700));
	kit_merge(&kit, &foo, 1, 1);
	ATF_CHECK_EQ(EX_CANTCREAT, kit_wait(&kit));
	ATF_CHECK(kit_logged("state: clients.ledger.new cannot be written"));
	kit_open(&kit, "state", 0);
	kit_begin(&kit, &foo, &c);
	ATF_CHECK(kit_logged("state is not saved"));
	ATF_REQUIRE_EQ(0, rmdir("state/clients.ledger.new"));
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_CHECK(kit_saved_text("client \"foo\"\n"));
}

/* "No such client", says an error of that number where it is answered. */
ATF_TC_WITHOUT_HEAD(save__failure_means_nothing_else);
ATF_TC_BODY(save__failure_means_nothing_else, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	ATF_REQUIRE_EQ(0, unlink(KIT_LEDGER));
	ATF_REQUIRE_EQ(0, rmdir("state"));
	kit_save(&kit, &c, 1, NULL);
	kit_saved(&kit, EIO);
	kit_add(&kit, &bar);
	kit_added(&kit, EIO);
	ATF_CHECK(kit_logged("state is not saved: clients.ledger.new cannot "
	    "be written: No such file or directory"));
	ATF_CHECK(kit_end(&kit) != 0);
}

ATF_TC_WITHOUT_HEAD(secret__set_at_run_time);
ATF_TC_BODY(secret__set_at_run_time, tc)
{
	static const struct kit_client changed = { .name = "foo",
		.secret = "new" };
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	kit_save(&kit, &c, 1, "runtime");
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\nsecret \"cnVudGltZQ==\"\n"));
	ATF_CHECK_EQ(0, kit_end(&kit));
	resume(&kit, SETTING_RESTORE, &c);
	ATF_CHECK_STREQ("runtime", c.strings[5]);
	/* Without SET_SECRET it stays; the configured one is none. */
	kit_save(&kit, &c, 1, NULL);
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\nsecret \"cnVudGltZQ==\"\n"));
	kit_save(&kit, &c, 1, "secret");
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\nsecret configured\n"));
	kit_save(&kit, &c, 1, "runtime");
	kit_merge(&kit, &changed, 1, 1);
	kit_saved(&kit, 0);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_EQ(SET_SECRET, c.u.enrolled.set);
	ATF_CHECK_STREQ("new", c.strings[5]);
	ATF_CHECK_EQ(0, kit_end(&kit));
	ATF_CHECK(kit_saved_text("\nsecret configured\n"));
}

ATF_TC_WITHOUT_HEAD(forget__stays_forgotten);
ATF_TC_BODY(forget__stays_forgotten, tc)
{
	struct kit kit;
	struct kit_msg c;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	kit_save(&kit, &c, 0, "runtime");
	kit_forget(&kit, 1);
	/* One that was sent when it was still there. */
	kit_save(&kit, &c, 0, NULL);
	kit_forget(&kit, 1);
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("removed \"foo\"\n"));
	ATF_CHECK(!kit_saved_text("secret"));
	ATF_CHECK_EQ(0, kit_end(&kit));
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_merge(&kit, &foo, 1, 1);
	kit_expect(&kit, &c, MSG_MERGED);
	kit_merge(&kit, &foo, 0, 0);
	kit_expect(&kit, &c, MSG_MERGED);
	kit_merge(&kit, &foo, 1, 1);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_EQ(1, c.u.enrolled.is_new);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(reload__new_gone_and_changed);
ATF_TC_BODY(reload__new_gone_and_changed, tc)
{
	static const struct kit_client before[] = { { .name = "a" },
		{ .name = "b" }, { .name = "c" } };
	static const struct kit_client after[] = { { .name = "d" },
		{ .name = "b", .timeout_ms = 5 }, { .name = "c" } };
	struct kit kit;
	struct kit_msg c;
	int i;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_merge(&kit, before, 3, 3);
	for (i = 0; i < 3; i++)
		kit_expect(&kit, &c, MSG_ENROLLED);
	kit_expect(&kit, &c, MSG_MERGED);
	kit_merge(&kit, after, 3, 3);
	kit_expect(&kit, &c, MSG_DROPPED);
	ATF_CHECK_EQ(1, c.u.dropped.number);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_STREQ("b", c.strings[0]);
	ATF_CHECK_EQ(2, c.u.enrolled.f.number);
	ATF_CHECK_EQ(SET_TIMEOUT, c.u.enrolled.set);
	ATF_CHECK_EQ(0, c.u.enrolled.is_new);
	ATF_CHECK_EQ(5, c.u.enrolled.f.timeout_ms);
	kit_expect(&kit, &c, MSG_ENROLLED);
	ATF_CHECK_STREQ("d", c.strings[0]);
	ATF_CHECK_EQ(4, c.u.enrolled.f.number);
	ATF_CHECK_EQ(SET_ALL, c.u.enrolled.set);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(0, c.u.merged.refused);
	ATF_CHECK(!kit_saved_text("client \"a\"\n"));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(reload__stale_save_does_not_undo_it);
ATF_TC_BODY(reload__stale_save_does_not_undo_it, tc)
{
	static const struct kit_client off = { .name = "foo", .disabled = 1,
		.host = "new" };
	struct kit kit;
	struct kit_msg stale, fresh;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &stale);
	kit_begin(&kit, &off, &fresh);
	ATF_CHECK_EQ(SET_ENABLED | SET_HOST, fresh.u.enrolled.set);
	/* What the warden has sent before it heard of that. */
	stale.u.enrolled.f.last_checker_status = 0;
	kit_save(&kit, &stale, 1, NULL);
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\nenabled no\nhost \"new\"\n"));
	ATF_CHECK(kit_saved_text("\nlast_checker_status 0\n"));
	ATF_CHECK(kit_saved_text("\nexpires never\n"));
	/* It has heard of it; whatever comes then is meant. */
	kit_save(&kit, &fresh, 0, NULL);
	kit_save(&kit, &stale, 1, NULL);
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\nenabled yes\nhost \"\"\n"));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC(reload__stale_save_comes_late);
ATF_TC_HEAD(reload__stale_save_comes_late, tc)
{
	atf_tc_set_md_var(tc, "descr", "however long the warden has not heard "
	    "of a reload, an old key ID does not come to a secret that is "
	    "configured for another one");
}
ATF_TC_BODY(reload__stale_save_comes_late, tc)
{
	static const char key[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	static const struct kit_client old[] = { { .name = "bar" },
		{ .name = "foo" } };
	static const struct kit_client new[] = { { .name = "bar" },
		{ .name = "foo", .key_id = key, .secret = "another" } };
	struct kit kit;
	struct kit_msg other, stale, fresh, merged;

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_merge(&kit, old, 2, 2);
	kit_expect(&kit, &other, MSG_ENROLLED);
	kit_expect(&kit, &stale, MSG_ENROLLED);
	kit_expect(&kit, &merged, MSG_MERGED);
	kit_merge(&kit, new, 2, 2);
	kit_expect(&kit, &fresh, MSG_ENROLLED);
	ATF_CHECK_EQ(SET_KEYID | SET_SECRET, fresh.u.enrolled.set);
	kit_expect(&kit, &merged, MSG_MERGED);
	/* What is not urgent takes a while. */
	kit_save(&kit, &other, 0, NULL);
	kit_saved(&kit, 0);
	kit_save(&kit, &stale, 1, NULL);
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text("\nkey_id \"AAAAAAAA"));
	/* It has heard of it. */
	kit_save(&kit, &fresh, 0, NULL);
	kit_save(&kit, &stale, 1, NULL);
	kit_saved(&kit, 0);
	ATF_CHECK(!kit_saved_text("\nkey_id \"AAAAAAAA"));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TC_WITHOUT_HEAD(merge__refused_as_a_whole);
ATF_TC_BODY(merge__refused_as_a_whole, tc)
{
	static const struct kit_client twice[] = { { .name = "bar" },
		{ .name = "bar" } };
	struct msg_merge m = { 0 };
	struct kit kit;
	struct kit_msg c;
	int fds[2];

	(void)tc;
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	/* The count is wrong. */
	kit_merge(&kit, &bar, 1, 2);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(1, c.u.merged.refused);
	ATF_CHECK(kit_logged("wrong number of clients"));
	/* Names are not unique. */
	kit_merge(&kit, twice, 2, 2);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(1, c.u.merged.refused);
	ATF_CHECK(kit_logged("two clients have one name"));
	/* The reader dies, after nothing at all. */
	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE_EQ(0, chan_send(&kit.chan, MSG_MERGE, &m, NULL, 0,
	    fds[1]));
	close(fds[1]);
	close(fds[0]);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(1, c.u.merged.refused);
	ATF_CHECK(kit_logged("has not sent all of it"));
	/* A second reader is in time for the first one. */
	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE_EQ(0, chan_send(&kit.chan, MSG_MERGE, &m, NULL, 0,
	    fds[1]));
	close(fds[1]);
	kit_merge(&kit, &foo, 1, 1);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(1, c.u.merged.refused);
	kit_expect(&kit, &c, MSG_MERGED);
	ATF_CHECK_EQ(0, c.u.merged.refused);
	close(fds[0]);
	ATF_CHECK(kit_saved_text("client \"foo\"\n"));
	ATF_CHECK(!kit_saved_text("bar"));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

/* What only a broken warden sends ends the program, with all saved. */
static void
check_broken(void (*change)(struct client_fields *), const char *why)
{
	struct kit kit;
	struct kit_msg c, broken;

	kit_open(&kit, "state", SETTING_RESTORE);
	kit_begin(&kit, &foo, &c);
	broken = c;
	c.u.enrolled.f.timeout_ms = 4321;
	kit_save(&kit, &c, 0, NULL);
	change(&broken.u.enrolled.f);
	kit_save(&kit, &broken, 1, NULL);
	ATF_CHECK_EQ(EX_SOFTWARE, kit_wait(&kit));
	ATF_CHECK(kit_logged(why));
	ATF_CHECK(kit_saved_text("\ntimeout_ms 4321\n"));
}

static void
number_0(struct client_fields *f)
{
	f->number = 0;
}

static void
number_2(struct client_fields *f)
{
	f->number = 2;
}

static void
status_256(struct client_fields *f)
{
	f->last_checker_status = 256;
}

static void
before_1970(struct client_fields *f)
{
	f->last_checked_ok_us = -1;
}

ATF_TC_WITHOUT_HEAD(save__impossible_values);
ATF_TC_BODY(save__impossible_values, tc)
{
	(void)tc;
	check_broken(number_0, "message SAVE of the warden: no such client");
	check_broken(number_2, "message SAVE of the warden: no such client");
	check_broken(status_256,
	    "message SAVE of the warden: no such checker status");
	check_broken(before_1970,
	    "message SAVE of the warden: a time before 1970");
}

/* How often a process has ${text} in its memory. */
static unsigned int
count_in_memory(pid_t pid, const char *text)
{
	char path[64], line[512], *p, *end, *at;
	size_t len = strlen(text), n;
	unsigned long from, to;
	unsigned int found = 0;
	FILE *maps;
	int mem;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	ATF_REQUIRE((maps = fopen(path, "r")) != NULL);
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	ATF_REQUIRE((mem = open(path, O_RDONLY)) != -1);
	while (fgets(line, sizeof line, maps) != NULL) {
		if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 ||
		    strstr(line, " rw-p ") == NULL || to - from > 1 << 26)
			continue;
		n = to - from;
		ATF_REQUIRE((p = calloc(1, n)) != NULL);
		if (pread(mem, p, n, (off_t)from) != (ssize_t)n) {
			free(p);
			continue;
		}
		for (at = p, end = p + n; (at = memmem(at,
		    (size_t)(end - at), text, len)) != NULL; at += len)
			found++;
		free(p);
	}
	fclose(maps);
	close(mem);
	return found;
}

ATF_TC(memory__has_no_secret_left);
ATF_TC_HEAD(memory__has_no_secret_left, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(memory__has_no_secret_left, tc)
{
	/* Whole and in part, as it may lie in the end of a freed block. */
	static const char part[] = "middle of secret";
	static const char base64[] = "aWRkbGUgb2YgYW5vdGhl";
	struct kit_client clients[20];
	struct kit kit;
	struct kit_msg c, msg;
	char names[20][32];
	size_t i;

	(void)tc;
	for (i = 0; i < 20; i++) {
		snprintf(names[i], sizeof names[i], "client%02zu", i);
		memset(&clients[i], 0, sizeof clients[i]);
		clients[i].name = names[i];
		clients[i].host = "a host to be found";
		clients[i].secret = "beginning of it, middle of secret, end";
	}
	kit_open(&kit, "state", SETTING_RESTORE);
	kit_merge(&kit, clients, 20, 20);
	for (i = 0; i < 20; i++)
		kit_expect(&kit, &c, MSG_ENROLLED);
	kit_expect(&kit, &msg, MSG_MERGED);
	ATF_CHECK(count_in_memory(kit.pid, "a host to be found") > 0);
	ATF_CHECK_EQ(0, count_in_memory(kit.pid, part));
	/* One that is set at run time is, once; in no other form. */
	kit_save(&kit, &c, 1, "at run time, the middle of another, end");
	kit_saved(&kit, 0);
	ATF_CHECK(kit_saved_text(base64));
	ATF_CHECK_EQ(1, count_in_memory(kit.pid, "middle of another"));
	ATF_CHECK_EQ(0, count_in_memory(kit.pid, base64));
	kit_save(&kit, &c, 1, clients[0].secret);
	kit_saved(&kit, 0);
	ATF_CHECK_EQ(0, count_in_memory(kit.pid, "middle of another"));
	ATF_CHECK_EQ(0, count_in_memory(kit.pid, base64));
	ATF_CHECK_EQ(0, kit_end(&kit));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, save__urgent_is_on_disk);
	ATF_TP_ADD_TC(tp, save__others_within_a_quarter_of_a_minute);
	ATF_TP_ADD_TC(tp, save__at_the_end);
	ATF_TP_ADD_TC(tp, save__failure_is_told_and_mended);
	ATF_TP_ADD_TC(tp, save__failure_at_the_start);
	ATF_TP_ADD_TC(tp, save__failure_means_nothing_else);
	ATF_TP_ADD_TC(tp, save__impossible_values);
	ATF_TP_ADD_TC(tp, secret__set_at_run_time);
	ATF_TP_ADD_TC(tp, memory__has_no_secret_left);
	ATF_TP_ADD_TC(tp, forget__stays_forgotten);
	ATF_TP_ADD_TC(tp, reload__new_gone_and_changed);
	ATF_TP_ADD_TC(tp, reload__stale_save_does_not_undo_it);
	ATF_TP_ADD_TC(tp, reload__stale_save_comes_late);
	ATF_TP_ADD_TC(tp, merge__refused_as_a_whole);
	return atf_no_error();
}
