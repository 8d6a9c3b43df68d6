/* SPDX-License-Identifier: ISC */
/*
 * A ledger that is not what was saved, or not ours: every flipped bit and
 * every missing end is noticed, the server says what is wrong and does not
 * start, and the file stays what it is.
 */
#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "drive.h"
#include "ledger.h"
#include "log.h"
#include "reader.h"

#define DIR "state"
#define LEDGER DIR "/clients.ledger"
#define CLIENTS 3
#define SAMPLES 12		/* of the flips and of the lengths */

static struct drive_set conf;

/* A ledger with a client of each kind: as configured, changed, removed. */
static void
make_ledger(void)
{
	static struct drive drive;
	struct drive_client *c = drive.held.client;

	log_open("damage_test", LOG_WARNING);
	drive_scratch();
	ATF_REQUIRE_EQ(0, mkdir(DIR, 0700));
	drive_conf(&conf, CLIENTS);
	ATF_REQUIRE_EQ(0, drive_start(&drive, DIR, SETTING_RESTORE, NULL));
	ATF_REQUIRE_EQ(0, drive_merge(&drive, &conf));
	c[1].secret_len = 9;
	c[1].f.flags &= ~(unsigned int)CLIENT_ENABLED;
	drive_save(&drive, &c[1], SET_SECRET, 0);
	drive_forget(&drive, &c[2]);
	ATF_REQUIRE_EQ(0, drive_wait(&drive));
	ATF_REQUIRE_EQ(0, drive_end(&drive));
}

static int
open_ledger(size_t *len)
{
	struct stat st;
	int fd = open(LEDGER, O_RDWR | O_CLOEXEC);

	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, fstat(fd, &st));
	*len = (size_t)st.st_size;
	return fd;
}

static void
flip(int fd, size_t bit)
{
	uint8_t byte;

	ATF_REQUIRE_EQ(1, pread(fd, &byte, 1, (off_t)(bit / 8)));
	byte ^= (uint8_t)(1 << bit % 8);
	ATF_REQUIRE_EQ(1, pwrite(fd, &byte, 1, (off_t)(bit / 8)));
}

static int
is_refused(void)
{
	char *text = reader_text(DIR);
	int refused = strcmp(text, READER_REFUSED) == 0;

	free(text);
	return refused;
}

/* All that there is to say of the file: nothing of it may change. */
struct identity {
	struct stat st;
	uint8_t sum[DIGEST_LEN];
};

static void
identify(struct identity *id)
{
	static char bytes[1 << 16];
	ssize_t n = 0;
	int fd;

	memset(id, 0, sizeof *id);
	ATF_REQUIRE_EQ(0, lstat(LEDGER, &id->st));
	if (S_ISLNK(id->st.st_mode))
		n = readlink(LEDGER, bytes, sizeof bytes);
	else if (S_ISREG(id->st.st_mode)) {
		fd = open(LEDGER, O_RDONLY | O_CLOEXEC);
		n = read(fd, bytes, sizeof bytes);
		close(fd);
	}
	ATF_REQUIRE(n >= 0 && n < (ssize_t)sizeof bytes);
	digest(bytes, (size_t)n, id->sum);
}

static void
check_identity(const struct identity *was, const char *what)
{
	struct identity is;

	identify(&is);
	ATF_CHECK_MSG(is.st.st_ino == was->st.st_ino &&
	    is.st.st_mode == was->st.st_mode &&
	    is.st.st_uid == was->st.st_uid &&
	    is.st.st_size == was->st.st_size &&
	    is.st.st_mtim.tv_sec == was->st.st_mtim.tv_sec &&
	    is.st.st_mtim.tv_nsec == was->st.st_mtim.tv_nsec &&
	    memcmp(is.sum, was->sum, DIGEST_LEN) == 0,
	    "%s: the ledger is not as it was", what);
}

/*
 * A server does not start on this, ends with ${status}, says ${why}, and
 * leaves the ledger alone.
 */
static void
check_refused(const char *what, uint32_t flags, int status, const char *why)
{
	static struct drive drive;
	struct identity id;
	int rc, got;

	identify(&id);
	rc = drive_start(&drive, DIR, flags, NULL);
	ATF_CHECK_EQ_MSG(-1, rc, "%s: the server starts", what);
	got = drive_end(&drive);
	ATF_CHECK_MSG(WIFEXITED(got) && WEXITSTATUS(got) == status,
	    "%s: status %#x", what, (unsigned int)got);
	ATF_CHECK_MSG(drive_logged(&drive, why) == 1, "%s: no word of \"%s\"",
	    what, why);
	check_identity(&id, what);
}

ATF_TC(flip__of_every_bit);
ATF_TC_HEAD(flip__of_every_bit, tc)
{
	atf_tc_set_md_var(tc, "descr", "every one-bit flip is noticed");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(flip__of_every_bit, tc)
{
	size_t bit, len, missed = 0;
	char what[64];
	int fd;

	make_ledger();
	fd = open_ledger(&len);
	ATF_REQUIRE(!is_refused());
	for (bit = 0; bit < 8 * len; bit++) {
		flip(fd, bit);
		missed += !is_refused();
		if (bit % (8 * len / SAMPLES) == 5) {
			snprintf(what, sizeof what, "bit %zu", bit);
			check_refused(what, SETTING_RESTORE, EX_DATAERR,
			    LEDGER ", line ");
		}
		flip(fd, bit);
	}
	ATF_CHECK_EQ_MSG(0, missed, "%zu flips are not noticed", missed);
	printf("%zu flips\n", 8 * len);
	ATF_CHECK(!is_refused());
	close(fd);
}

ATF_TC(length__every_other);
ATF_TC_HEAD(length__every_other, tc)
{
	atf_tc_set_md_var(tc, "descr", "a ledger that is cut short anywhere "
	    "is noticed, and so is one that is longer");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(length__every_other, tc)
{
	size_t len, n, missed = 0;
	char what[64];
	int fd;

	make_ledger();
	fd = open_ledger(&len);
	/* First longer, with zeros as a file system leaves them. */
	for (n = len + 600; n > len; n--) {
		ATF_REQUIRE_EQ(0, ftruncate(fd, (off_t)n));
		missed += !is_refused();
	}
	ATF_REQUIRE_EQ(0, ftruncate(fd, (off_t)len));
	ATF_REQUIRE(!is_refused());
	while (n-- > 0) {
		ATF_REQUIRE_EQ(0, ftruncate(fd, (off_t)n));
		missed += !is_refused();
		if (n % (len / SAMPLES) == 0) {
			snprintf(what, sizeof what, "length %zu", n);
			check_refused(what, SETTING_RESTORE, EX_DATAERR,
			    LEDGER ", line ");
		}
	}
	ATF_CHECK_EQ_MSG(0, missed, "%zu lengths are not noticed", missed);
	check_refused("empty", SETTING_RESTORE, EX_DATAERR, "it is empty");
	close(fd);
}

/* The last line of what is before it. */
static void
sign(char *text, size_t size)
{
	char *sum = strstr(text, "\nsha256 ") + 1;
	uint8_t bytes[DIGEST_LEN];
	size_t i;

	digest(text, (size_t)(sum - text), bytes);
	sum += strlcpy(sum, "sha256 ", size - (size_t)(sum - text));
	for (i = 0; i < DIGEST_LEN; i++)
		sum += snprintf(sum, 3, "%02x", bytes[i]);
	strlcpy(sum, "\n", 2);
}

ATF_TC(version__newer);
ATF_TC_HEAD(version__newer, tc)
{
	atf_tc_set_md_var(tc, "descr", "a ledger of a newer version, which is "
	    "sound, is refused");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(version__newer, tc)
{
	char text[1 << 15];
	size_t len;
	int fd;

	make_ledger();
	fd = open_ledger(&len);
	ATF_REQUIRE(len < sizeof text);
	ATF_REQUIRE_EQ((ssize_t)len, pread(fd, text, len, 0));
	text[len] = '\0';
	ATF_REQUIRE_EQ(0, strncmp(text, "mandos-ledger 1\n", 16));
	sign(text, sizeof text);
	ATF_REQUIRE_EQ((ssize_t)len, pwrite(fd, text, len, 0));
	ATF_REQUIRE(!is_refused());
	text[14] = '3';
	sign(text, sizeof text);
	ATF_REQUIRE_EQ((ssize_t)len, pwrite(fd, text, len, 0));
	ATF_CHECK(is_refused());
	check_refused("newer", SETTING_RESTORE, EX_DATAERR, "newer version");
	close(fd);
}

ATF_TC(owner__of_the_ledger);
ATF_TC_HEAD(owner__of_the_ledger, tc)
{
	atf_tc_set_md_var(tc, "descr", "a ledger that somebody else may have "
	    "made is refused, whatever is in it, even with --start-disabled");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(owner__of_the_ledger, tc)
{
	static const uint32_t flags[] = { SETTING_RESTORE,
		SETTING_RESTORE | SETTING_START_DISABLED };
	size_t i;

	make_ledger();
	for (i = 0; i < 2; i++) {
		ATF_REQUIRE_EQ(0, chown(LEDGER, 65534, 0));
		check_refused("foreign", flags[i], EX_NOPERM,
		    "belongs to another user");
		ATF_REQUIRE_EQ(0, chown(LEDGER, 0, 0));
		ATF_REQUIRE_EQ(0, chmod(LEDGER, 0620));
		check_refused("group", flags[i], EX_NOPERM,
		    "can be written to by other users");
		ATF_REQUIRE_EQ(0, chmod(LEDGER, 0602));
		check_refused("others", flags[i], EX_NOPERM,
		    "can be written to by other users");
		ATF_REQUIRE_EQ(0, chmod(LEDGER, 0600));

		ATF_REQUIRE_EQ(0, rename(LEDGER, "real"));
		ATF_REQUIRE_EQ(0, symlink("../real", LEDGER));
		check_refused("link", flags[i], EX_NOPERM,
		    "is a symbolic link");
		ATF_REQUIRE_EQ(0, unlink(LEDGER));
		ATF_REQUIRE_EQ(0, mkfifo(LEDGER, 0600));
		check_refused("pipe", flags[i], EX_NOPERM,
		    "is no regular file");
		ATF_REQUIRE_EQ(0, unlink(LEDGER));
		ATF_REQUIRE_EQ(0, mkdir(LEDGER, 0700));
		check_refused("directory", flags[i], EX_NOPERM,
		    "is no regular file");
		ATF_REQUIRE_EQ(0, rmdir(LEDGER));
		ATF_REQUIRE_EQ(0, rename("real", LEDGER));
	}
	ATF_CHECK(!is_refused());
}

ATF_TC(owner__of_the_directory);
ATF_TC_HEAD(owner__of_the_directory, tc)
{
	atf_tc_set_md_var(tc, "descr", "a state directory in which somebody "
	    "else could have put a ledger is refused");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(owner__of_the_directory, tc)
{
	make_ledger();
	ATF_REQUIRE_EQ(0, chown(DIR, 65534, 0));
	check_refused("foreign", SETTING_RESTORE, EX_NOPERM,
	    "belongs to another user");
	ATF_REQUIRE_EQ(0, chown(DIR, 0, 0));
	ATF_REQUIRE_EQ(0, chmod(DIR, 0730));
	check_refused("group", SETTING_RESTORE, EX_NOPERM,
	    "can be written to by other users");
	ATF_REQUIRE_EQ(0, chmod(DIR, 0703));
	check_refused("others", SETTING_RESTORE, EX_NOPERM,
	    "can be written to by other users");
	ATF_REQUIRE_EQ(0, chmod(DIR, 0700));
}

ATF_TC(lock__by_another);
ATF_TC_HEAD(lock__by_another, tc)
{
	atf_tc_set_md_var(tc, "descr", "the second server on a state "
	    "directory does not start, and the first does not notice");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(lock__by_another, tc)
{
	static struct drive first;

	make_ledger();
	ATF_REQUIRE_EQ(0, drive_start(&first, DIR, SETTING_RESTORE, NULL));
	ATF_REQUIRE_EQ(0, drive_merge(&first, &conf));
	check_refused("second", SETTING_RESTORE, EX_TEMPFAIL,
	    "is in use by another server");
	check_refused("second, nothing restored", 0, EX_TEMPFAIL,
	    "is in use by another server");
	drive_save(&first, &first.held.client[0], 0, 1);
	ATF_CHECK_EQ(0, drive_wait(&first));
	ATF_CHECK_EQ(0, drive_end(&first));
}

ATF_TC(start_disabled__only_if_damaged);
ATF_TC_HEAD(start_disabled__only_if_damaged, tc)
{
	atf_tc_set_md_var(tc, "descr", "--start-disabled changes nothing "
	    "where no ledger is damaged, and disables all where one is");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(start_disabled__only_if_damaged, tc)
{
	static struct drive drive;
	uint32_t flags = SETTING_RESTORE | SETTING_START_DISABLED;
	size_t i, len;
	int fd;

	make_ledger();
	ATF_REQUIRE_EQ(0, drive_start(&drive, DIR, flags, NULL));
	ATF_REQUIRE_EQ(0, drive_merge(&drive, &conf));
	ATF_CHECK_EQ(CLIENTS - 1, drive.held.count);
	ATF_CHECK(drive_find(&drive.held, conf.client[0].text[DRIVE_NAME])->
	    f.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(0, drive_end(&drive));

	fd = open_ledger(&len);
	flip(fd, len * 4);
	close(fd);
	ATF_REQUIRE_EQ(0, drive_start(&drive, DIR, flags, NULL));
	ATF_REQUIRE_EQ(0, drive_merge(&drive, &conf));
	ATF_CHECK_EQ(CLIENTS, drive.held.count);
	for (i = 0; i < drive.held.count; i++)
		ATF_CHECK(!(drive.held.client[i].f.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(1, drive_logged(&drive, "every client starts disabled"));
	ATF_CHECK_EQ(0, drive_end(&drive));
	ATF_CHECK(!is_refused());
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, flip__of_every_bit);
	ATF_TP_ADD_TC(tp, length__every_other);
	ATF_TP_ADD_TC(tp, version__newer);
	ATF_TP_ADD_TC(tp, owner__of_the_ledger);
	ATF_TP_ADD_TC(tp, owner__of_the_directory);
	ATF_TP_ADD_TC(tp, lock__by_another);
	ATF_TP_ADD_TC(tp, start_disabled__only_if_damaged);
	return atf_no_error();
}
