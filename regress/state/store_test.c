/* SPDX-License-Identifier: ISC */
/*
 * The state directory: what is refused and how, and that a ledger is replaced
 * as a whole or not at all.
 */
#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ledger.h"
#include "store.h"

#define NOBODY 65534

#define CASE(name, text)						\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", text);				\
	atf_tc_set_md_var(tc, "require.user", "root");			\
}									\
ATF_TC_BODY(name, tc)

static void
put_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ((ssize_t)strlen(text), write(fd, text, strlen(text)));
	ATF_REQUIRE_EQ(0, fchmod(fd, mode));
	close(fd);
}

static void
check_file(const char *path, const char *text)
{
	char buf[256] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n;

	ATF_REQUIRE_MSG(fd != -1, "no %s", path);
	n = read(fd, buf, sizeof buf - 1);
	ATF_CHECK_MSG(n >= 0 && strcmp(buf, text) == 0, "%s has: %s", path,
	    buf);
	close(fd);
}

static int
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
check_refused(const char *path, int status, const char *why)
{
	struct store store;

	ATF_CHECK_EQ(status, store_open(&store, path));
	ATF_CHECK_EQ(-1, store.fd);
	ATF_CHECK(store.error != 0);
	ATF_CHECK_MSG(strstr(store.why, why) != NULL, "\"%s\" lacks \"%s\"",
	    store.why, why);
	/* What is written without a directory says why it is not. */
	ATF_CHECK_EQ(store.error, store_write(&store, "x", 1));
}

ATF_TC_WITHOUT_HEAD(store_open__makes_the_last_component);
ATF_TC_BODY(store_open__makes_the_last_component, tc)
{
	struct store store;
	struct stat st;

	(void)tc;
	umask(0);
	ATF_REQUIRE_EQ(0, store_open(&store, "state"));
	ATF_REQUIRE_EQ(0, stat("state", &st));
	ATF_CHECK(S_ISDIR(st.st_mode));
	ATF_CHECK_EQ(0700, st.st_mode & 07777);
	store_close(&store);
	ATF_REQUIRE_EQ(0, store_open(&store, "./state/.//"));
	store_close(&store);
	check_refused("missing/state", EX_CANTCREAT,
	    "missing/state cannot be made: No such file or directory");
	ATF_CHECK(!exists("missing"));
}

ATF_TC_WITHOUT_HEAD(store_open__no_directory);
ATF_TC_BODY(store_open__no_directory, tc)
{
	(void)tc;
	put_file("file", "", 0600);
	check_refused("file", EX_CANTCREAT, "Not a directory");
	check_refused("file/state", EX_CANTCREAT, "Not a directory");
	check_refused("", EX_CANTCREAT, "cannot be made");
}

ATF_TC_WITHOUT_HEAD(store_open__symlink);
ATF_TC_BODY(store_open__symlink, tc)
{
	struct store store;

	(void)tc;
	ATF_REQUIRE_EQ(0, mkdir("state", 0700));
	ATF_REQUIRE_EQ(0, symlink("state", "link"));
	ATF_REQUIRE_EQ(0, symlink(".", "above"));
	check_refused("link", EX_NOPERM, "is a symbolic link");
	check_refused("link/", EX_NOPERM, "is a symbolic link");
	check_refused("link/.", EX_NOPERM, "is a symbolic link");
	check_refused("link/./", EX_NOPERM, "is a symbolic link");
	/* On the way there is an administrator's choice. */
	ATF_CHECK_EQ(0, store_open(&store, "above/state"));
	store_close(&store);
}

CASE(store_open__foreign_owner, "somebody else's directory is refused")
{
	(void)tc;
	ATF_REQUIRE_EQ(0, mkdir("state", 0700));
	ATF_REQUIRE_EQ(0, chown("state", NOBODY, NOBODY));
	check_refused("state", EX_NOPERM,
	    "state belongs to another user (65534): "
	    "chown root state; chmod 700 state");
}

ATF_TC_WITHOUT_HEAD(store_open__modes);
ATF_TC_BODY(store_open__modes, tc)
{
	static const mode_t good[] = { 0700, 0750, 0755, 0711, 01700 };
	static const mode_t bad[] = { 0770, 0720, 0702, 0707, 0777, 01777 };
	struct store store;
	size_t i;

	(void)tc;
	ATF_REQUIRE_EQ(0, mkdir("state", 0700));
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		ATF_REQUIRE_EQ(0, chmod("state", good[i]));
		ATF_CHECK_EQ(0, store_open(&store, "state"));
		store_close(&store);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		ATF_REQUIRE_EQ(0, chmod("state", bad[i]));
		check_refused("state", EX_NOPERM, "can be written to by other "
		    "users: chown root state; chmod 700 state");
	}
}

ATF_TC_WITHOUT_HEAD(store_open__locked);
ATF_TC_BODY(store_open__locked, tc)
{
	struct store store, again;

	(void)tc;
	ATF_REQUIRE_EQ(0, store_open(&store, "state"));
	check_refused("state", EX_TEMPFAIL,
	    "state is in use by another server");
	store_close(&store);
	ATF_CHECK_EQ(0, store_open(&again, "state"));
	store_close(&again);
}

static void
open_state(struct store *store)
{
	ATF_REQUIRE_EQ(0, store_open(store, "state"));
}

static void
check_unread(struct store *store, int status, const char *why)
{
	struct buffer buf = { 0 };

	ATF_CHECK_EQ(status, store_read(store, &buf));
	ATF_CHECK_MSG(strstr(store->why, why) != NULL, "\"%s\" lacks \"%s\"",
	    store->why, why);
	ATF_CHECK(buf.p == NULL);
}

ATF_TC_WITHOUT_HEAD(store_read__what_is_there);
ATF_TC_BODY(store_read__what_is_there, tc)
{
	struct store store;
	struct buffer buf = { 0 };

	(void)tc;
	open_state(&store);
	ATF_CHECK_EQ(-1, store_read(&store, &buf));
	put_file("state/clients.ledger", "text", 0600);
	ATF_REQUIRE_EQ(0, store_read(&store, &buf));
	ATF_CHECK_EQ(4, buf.used);
	ATF_CHECK_EQ(0, memcmp(buf.p, "text", 4));
	buffer_free(&buf);
	put_file("state/clients.ledger", "", 0644);
	ATF_REQUIRE_EQ(0, store_read(&store, &buf));
	ATF_CHECK_EQ(0, buf.used);
	buffer_free(&buf);
	store_close(&store);
}

ATF_TC_WITHOUT_HEAD(store_read__no_file_of_ours);
ATF_TC_BODY(store_read__no_file_of_ours, tc)
{
	static const mode_t bad[] = { 0620, 0602, 0666, 0660 };
	struct store store;
	size_t i;

	(void)tc;
	open_state(&store);
	put_file("real", "text", 0600);
	ATF_REQUIRE_EQ(0, symlink("../real", "state/clients.ledger"));
	check_unread(&store, EX_NOPERM, "clients.ledger is a symbolic link");
	ATF_REQUIRE_EQ(0, unlink("state/clients.ledger"));
	ATF_REQUIRE_EQ(0, mkfifo("state/clients.ledger", 0600));
	check_unread(&store, EX_NOPERM, "clients.ledger is no regular file");
	ATF_REQUIRE_EQ(0, unlink("state/clients.ledger"));
	ATF_REQUIRE_EQ(0, mkdir("state/clients.ledger", 0700));
	check_unread(&store, EX_NOPERM, "clients.ledger is no regular file");
	ATF_REQUIRE_EQ(0, rmdir("state/clients.ledger"));
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		put_file("state/clients.ledger", "text", bad[i]);
		check_unread(&store, EX_NOPERM,
		    "clients.ledger can be written to by other users");
	}
	store_close(&store);
}

CASE(store_read__foreign_owner, "somebody else's ledger is refused")
{
	struct store store;

	(void)tc;
	open_state(&store);
	put_file("state/clients.ledger", "text", 0600);
	ATF_REQUIRE_EQ(0, chown("state/clients.ledger", NOBODY, NOBODY));
	check_unread(&store, EX_NOPERM,
	    "clients.ledger belongs to another user (65534)");
	store_close(&store);
}

ATF_TC_WITHOUT_HEAD(store_read__too_large);
ATF_TC_BODY(store_read__too_large, tc)
{
	struct store store;

	(void)tc;
	open_state(&store);
	put_file("state/clients.ledger", "text", 0600);
	ATF_REQUIRE_EQ(0, truncate("state/clients.ledger",
	    (off_t)LEDGER_MAX + 1));
	check_unread(&store, EX_DATAERR, "clients.ledger is too large");
	store_close(&store);
}

ATF_TC_WITHOUT_HEAD(store_write__replaces);
ATF_TC_BODY(store_write__replaces, tc)
{
	struct store store;
	struct stat st;

	(void)tc;
	umask(0);
	open_state(&store);
	ATF_REQUIRE_EQ(0, store_write(&store, "one", 3));
	check_file("state/clients.ledger", "one");
	ATF_REQUIRE_EQ(0, stat("state/clients.ledger", &st));
	ATF_CHECK_EQ(0600, st.st_mode & 07777);
	/* What was left unfinished, even as somebody's trap, is no matter. */
	ATF_REQUIRE_EQ(0, symlink("../trap", "state/clients.ledger.new"));
	ATF_REQUIRE_EQ(0, store_write(&store, "two", 3));
	check_file("state/clients.ledger", "two");
	ATF_CHECK(!exists("state/clients.ledger.new"));
	ATF_CHECK(!exists("trap"));
	/* The ledger's name is replaced, not what it may lead to. */
	put_file("real", "text", 0600);
	ATF_REQUIRE_EQ(0, unlink("state/clients.ledger"));
	ATF_REQUIRE_EQ(0, symlink("../real", "state/clients.ledger"));
	ATF_REQUIRE_EQ(0, store_write(&store, "three", 5));
	check_file("real", "text");
	ATF_REQUIRE_EQ(0, lstat("state/clients.ledger", &st));
	ATF_CHECK(S_ISREG(st.st_mode));
	store_close(&store);
}

ATF_TC_WITHOUT_HEAD(store_write__failure_leaves_the_old);
ATF_TC_BODY(store_write__failure_leaves_the_old, tc)
{
	struct store store;

	(void)tc;
	open_state(&store);
	ATF_REQUIRE_EQ(0, store_write(&store, "one", 3));
	ATF_REQUIRE_EQ(0, mkdir("state/clients.ledger.new", 0700));
	ATF_CHECK_EQ(EISDIR, store_write(&store, "two", 3));
	ATF_CHECK_STREQ("clients.ledger.new cannot be written: "
	    "Is a directory", store.why);
	check_file("state/clients.ledger", "one");
	ATF_REQUIRE_EQ(0, rmdir("state/clients.ledger.new"));
	/* A directory cannot be replaced by a file. */
	ATF_REQUIRE_EQ(0, unlink("state/clients.ledger"));
	ATF_REQUIRE_EQ(0, mkdir("state/clients.ledger", 0700));
	ATF_CHECK_EQ(EISDIR, store_write(&store, "two", 3));
	ATF_CHECK_STREQ("clients.ledger cannot be replaced: Is a directory",
	    store.why);
	ATF_CHECK(!exists("state/clients.ledger.new"));
	store_close(&store);
}

ATF_TC_WITHOUT_HEAD(store_keep__once);
ATF_TC_BODY(store_keep__once, tc)
{
	struct store store;

	(void)tc;
	open_state(&store);
	/* There is nothing to be kept. */
	store_keep(&store, STORE_PREVIOUS);
	ATF_REQUIRE_EQ(0, store_write(&store, "one", 3));
	ATF_CHECK(!exists("state/clients.ledger.previous"));
	ATF_REQUIRE_EQ(0, store_write(&store, "two", 3));
	ATF_CHECK(!exists("state/clients.ledger.previous"));
	store_keep(&store, STORE_PREVIOUS);
	ATF_REQUIRE_EQ(0, store_write(&store, "three", 5));
	check_file("state/clients.ledger.previous", "two");
	ATF_REQUIRE_EQ(0, store_write(&store, "four", 4));
	check_file("state/clients.ledger.previous", "two");
	store_keep(&store, STORE_PREVIOUS);
	ATF_REQUIRE_EQ(0, store_write(&store, "five", 4));
	check_file("state/clients.ledger.previous", "four");
	check_file("state/clients.ledger", "five");
	store_close(&store);
}

ATF_TC_WITHOUT_HEAD(store_keep__impossible);
ATF_TC_BODY(store_keep__impossible, tc)
{
	struct store store;

	(void)tc;
	open_state(&store);
	ATF_REQUIRE_EQ(0, store_write(&store, "one", 3));
	/* Then the ledger itself is not touched. */
	put_file("state/" STORE_DAMAGED "then", "other", 0600);
	store_keep(&store, STORE_DAMAGED "then");
	ATF_CHECK_EQ(EEXIST, store_write(&store, "two", 3));
	ATF_CHECK_STREQ("the old clients.ledger cannot be kept: File exists",
	    store.why);
	check_file("state/clients.ledger", "one");
	check_file("state/" STORE_DAMAGED "then", "other");
	ATF_CHECK(!exists("state/clients.ledger.new"));
	ATF_REQUIRE_EQ(0, unlink("state/" STORE_DAMAGED "then"));
	ATF_CHECK_EQ(0, store_write(&store, "two", 3));
	check_file("state/clients.ledger", "two");
	check_file("state/" STORE_DAMAGED "then", "one");
	store_close(&store);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, store_open__makes_the_last_component);
	ATF_TP_ADD_TC(tp, store_open__no_directory);
	ATF_TP_ADD_TC(tp, store_open__symlink);
	ATF_TP_ADD_TC(tp, store_open__foreign_owner);
	ATF_TP_ADD_TC(tp, store_open__modes);
	ATF_TP_ADD_TC(tp, store_open__locked);
	ATF_TP_ADD_TC(tp, store_read__what_is_there);
	ATF_TP_ADD_TC(tp, store_read__no_file_of_ours);
	ATF_TP_ADD_TC(tp, store_read__foreign_owner);
	ATF_TP_ADD_TC(tp, store_read__too_large);
	ATF_TP_ADD_TC(tp, store_write__replaces);
	ATF_TP_ADD_TC(tp, store_write__failure_leaves_the_old);
	ATF_TP_ADD_TC(tp, store_keep__once);
	ATF_TP_ADD_TC(tp, store_keep__impossible);
	return atf_no_error();
}
