/* SPDX-License-Identifier: ISC */
/*
 * The disk that power_test.c trusts: writers that are wrong, each in a way of
 * its own, must be caught on it, and one that is right must not.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "msg.h"
#include "trace.h"
#include "tracee.h"

#define OLD_LEN 9000
#define NEW_LEN 9100
#define MIXTURES 50

/* What a writer does, one letter a step; see step(). */
struct writer {
	const char *steps;
	int chan;
	char old[OLD_LEN], new[NEW_LEN];
};

static int
must_open(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		err(1, "%s", name);
	return fd;
}

static void
must(int rc)
{
	if (rc == -1)
		err(1, "a step");
}

static void
write_new(const struct writer *writer, int fd, size_t from, size_t len)
{
	must(pwrite(fd, writer->new + from, len, (off_t)from) == (ssize_t)len ?
	    0 : -1);
}

static void
say_saved(const struct writer *writer)
{
	struct msg_saved saved = { .seq = 1 };
	struct chan chan;

	chan_init(&chan, writer->chan, PROC_STATE, PROC_WARDEN, PHASE_RUN);
	must(chan_send(&chan, MSG_SAVED, &saved, NULL, 0, -1));
}

static void
step(const struct writer *writer, char what, int *fd)
{
	int dir;

	switch (what) {
	case 'c':	/* create a new file */
		*fd = must_open("new", O_WRONLY | O_CREAT | O_EXCL);
		break;
	case 'o':	/* open the old one in its place */
		*fd = must_open("ledger", O_WRONLY);
		break;
	case 't':	/* empty it */
		must(ftruncate(*fd, 0));
		break;
	case 'w':	/* write */
		write_new(writer, *fd, 0, NEW_LEN);
		break;
	case 'h':	/* write the first half */
		write_new(writer, *fd, 0, NEW_LEN / 2);
		break;
	case 'g':	/* write the second */
		write_new(writer, *fd, NEW_LEN / 2, NEW_LEN - NEW_LEN / 2);
		break;
	case 's':	/* wait until it is on disk */
		must(fsync(*fd));
		break;
	case 'k':	/* likewise, but go on if that fails */
		fsync(*fd);
		break;
	case 'u':	/* make room for the name */
		must(unlink("ledger"));
		break;
	case 'r':	/* rename */
		must(rename("new", "ledger"));
		break;
	case 'd':	/* wait until the name is on disk */
		dir = must_open(".", O_RDONLY | O_DIRECTORY);
		must(fsync(dir));
		break;
	case 'a':	/* say that it is done */
		say_saved(writer);
		break;
	default:
		errx(1, "no step %c", what);
	}
}

static void
write_ledger(void *arg)
{
	const struct writer *writer = arg;
	const char *p;
	int fd = -1;

	must(chdir("disk"));
	for (p = writer->steps; *p != '\0'; p++)
		step(writer, *p, &fd);
}

/* What reading the views has come to. */
struct judge {
	const struct writer *writer;
	size_t losses;
	size_t olds, news;
	char first[128];	/* the first loss, in words */
};

static void
lose(struct judge *judge, const char *how, const struct disk_told *told)
{
	if (judge->losses++ == 0)
		snprintf(judge->first, sizeof judge->first, "%s, told %lu",
		    how, (unsigned long)told->saved);
}

static void
look(void *arg, const struct view *view, const struct disk_told *told)
{
	struct judge *judge = arg;
	const struct view_file *ledger = view_find(view, "ledger");

	if (ledger == NULL)
		lose(judge, "missing", told);
	else if (ledger->len == NEW_LEN && memcmp(ledger->data,
	    judge->writer->new, NEW_LEN) == 0)
		judge->news++;
	else if (ledger->len == OLD_LEN && memcmp(ledger->data,
	    judge->writer->old, OLD_LEN) == 0) {
		if (told->saved > 0)
			lose(judge, "old", told);
		else
			judge->olds++;
	} else
		lose(judge, "neither", told);
}

static void
make_old(struct writer *writer)
{
	FILE *fp;
	size_t i;

	for (i = 0; i < OLD_LEN; i++)
		writer->old[i] = (char)('a' + i % 23);
	for (i = 0; i < NEW_LEN; i++)
		writer->new[i] = (char)('A' + i % 19);
	if (mkdir("disk", 0700) == -1 && errno != EEXIST)
		err(1, "disk");
	unlink("disk/new");
	ATF_REQUIRE((fp = fopen("disk/ledger", "we")) != NULL);
	ATF_REQUIRE_EQ(OLD_LEN, fwrite(writer->old, 1, OLD_LEN, fp));
	ATF_REQUIRE_EQ(0, fclose(fp));
}

/* Have a writer take these steps, and judge what they leave on the disk. */
static size_t
run(struct judge *judge, const char *steps, const struct trace_order *order)
{
	static struct writer writer;
	struct trace_report report;
	struct view before;
	struct trace *trace;
	int fds[2];
	size_t count;

	ATF_REQUIRE_EQ(0, chan_pair(fds));
	writer.steps = steps;
	writer.chan = fds[1];
	make_old(&writer);
	view_read(&before, "disk");
	trace = trace_start(order, write_ledger, &writer);
	trace_end(trace, &report);
	ATF_REQUIRE_EQ_MSG(0, report.status, "%s: %#x", steps,
	    (unsigned int)report.status);
	ATF_REQUIRE_STREQ("", report.strange);
	memset(judge, 0, sizeof *judge);
	judge->writer = &writer;
	count = disk_enumerate(&before, trace, MIXTURES, look, judge);
	trace_free(trace);
	view_free(&before);
	close(fds[0]);
	close(fds[1]);
	printf("%s: %zu states, %zu old, %zu new, %zu losses\n", steps,
	    count, judge->olds, judge->news, judge->losses);
	return count;
}

static const struct trace_order watch = { .dir = "disk",
	.after = TRACE_ALWAYS, .until = TRACE_END };

ATF_TC(right__no_loss);
ATF_TC_HEAD(right__no_loss, tc)
{
	atf_tc_set_md_var(tc, "descr", "a writer that is right is not blamed");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(right__no_loss, tc)
{
	static const char *const right[] = { "cwsrda", "chgsrda", "chsgsrda",
		"cwsrdas" };
	struct judge judge;
	size_t i, count;

	for (i = 0; i < sizeof right / sizeof right[0]; i++) {
		count = run(&judge, right[i], &watch);
		ATF_CHECK_EQ_MSG(0, judge.losses, "%s: %s", right[i],
		    judge.first);
		/* 18 sectors that are there, or not, and so on. */
		ATF_CHECK_MSG(count > 100, "%s: only %zu", right[i], count);
		ATF_CHECK(judge.olds > 0 && judge.news > 0);
	}
}

ATF_TC(wrong__caught);
ATF_TC_HEAD(wrong__caught, tc)
{
	atf_tc_set_md_var(tc, "descr", "every writer that is wrong is caught");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(wrong__caught, tc)
{
	static const struct {
		const char *steps, *first;
	} wrong[] = {
		{ "cwrsda", "neither, told 0" },	/* rename, then sync */
		{ "cwrda", "neither, told 0" },		/* no sync */
		{ "chsgrda", "neither, told 0" },	/* half of it synced */
		{ "cwsra", "old, told 1" },		/* names not synced */
		{ "cwsrad", "old, told 1" },		/* told too early */
		{ "cwsdra", "old, told 1" },		/* synced too early */
		{ "cwsurda", "missing, told 0" },	/* unlink, rename */
		{ "owsa", "neither, told 0" },		/* written over */
		{ "otwsa", "neither, told 0" },		/* emptied before */
		{ "cwsa", "old, told 1" },		/* never renamed */
	};
	struct judge judge;
	size_t i;

	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		run(&judge, wrong[i].steps, &watch);
		ATF_CHECK_MSG(judge.losses > 0, "%s is not caught",
		    wrong[i].steps);
		ATF_CHECK_STREQ(wrong[i].first, judge.first);
	}
}

ATF_TC(failed_sync__not_made_good);
ATF_TC_HEAD(failed_sync__not_made_good, tc)
{
	atf_tc_set_md_var(tc, "descr", "a sync that has failed is not made "
	    "good by one that succeeds");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(failed_sync__not_made_good, tc)
{
	struct trace_order order = watch;
	struct judge judge;

	order.deed = TRACE_FAIL;
	order.error = EIO;
	if (!tracee_can_change())
		atf_tc_skip("system calls are changed on x86-64 only");
	/* The third call on the disk is the first sync. */
	order.at = 3;
	/* Tries again; then: writes again. */
	run(&judge, "cwksrda", &order);
	ATF_CHECK_STREQ("neither, told 0", judge.first);
	run(&judge, "cwkwsrda", &order);
	ATF_CHECK_EQ(0, judge.losses);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, right__no_loss);
	ATF_TP_ADD_TC(tp, wrong__caught);
	ATF_TP_ADD_TC(tp, failed_sync__not_made_good);
	return atf_no_error();
}
