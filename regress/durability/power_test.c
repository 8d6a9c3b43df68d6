/* SPDX-License-Identifier: ISC */
/*
 * Power cuts: everything that a disk may hold at any point of any change, by
 * disk.h, read by the daemon's own reader, and now and then by the daemon.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "disk.h"
#include "drive.h"
#include "log.h"
#include "reader.h"
#include "trace.h"
#include "tracee.h"
#include "view.h"

#define CLIENTS 60
#define CLIENTS_FEW 8
#define MIXTURES 200		/* of each unfinished file, at random */
#define SAMPLE 250		/* of so many states the daemon reads one */
#define STATES_MIN 10000	/* over all changes */
#define DISK_DIR "disk"

/* What is asked of each state. */
struct question {
	const struct stage *stage;
	const struct result *result;	/* of the run that was recorded */
	char *ledger[CHANGE_STEPS + 1];	/* what is read after each step */
	struct view last;		/* what is in DISK_DIR */
	size_t states, sampled, losses;
	size_t olds, news;
	char first[128];		/* the first loss, in words */
};

/* So many steps had been told to be done. */
static uint64_t
steps_told(const struct question *q, const struct disk_told *told)
{
	const struct change *change = q->stage->change;

	if (change->steps > 1)
		return told->saved;
	if (change->until == MSG_SAVED)
		return told->saved >= q->result->seq;
	if (change->until == MSG_MERGED)
		return told->merged > change->skip;
	return told->ended != 0;
}

static void
lose(struct question *q, const char *how, uint64_t told)
{
	if (q->losses++ == 0)
		snprintf(q->first, sizeof q->first, "state %zu %s; told: %ju",
		    q->states, how, (uintmax_t)told);
}

/* One state: is it the old one or the new one? */
static void
ask(void *arg, const struct view *view, const struct disk_told *told)
{
	struct question *q = arg;
	uint64_t step = q->stage->change->steps, done = steps_told(q, told);
	const char *wrong;
	char *text;

	view_write(DISK_DIR, view, &q->last);
	q->last = *view;
	text = reader_text(DISK_DIR);
	while (step > 0 && strcmp(text, q->ledger[step]) != 0)
		step--;
	if (strcmp(text, q->ledger[step]) != 0)
		lose(q, "is neither old nor new", done);
	else if (step < done)
		lose(q, "is old", done);
	else if (!stage_keeps(q->stage, view))
		lose(q, "lacks the old ledger", done);
	free(text);
	if (step == 0)
		q->olds++;
	else
		q->news++;
	if (q->states++ % SAMPLE == 0) {
		q->sampled++;
		wrong = stage_judge(q->stage, view, done);
		if (wrong != NULL)
			lose(q, wrong, done);
	}
}

/* What the steps leave, with the last one as the recorded run has left it. */
static void
read_steps(struct question *q)
{
	const struct view nothing = { .files = 0 };
	uint64_t step;

	for (step = 0; step < q->stage->change->steps; step++) {
		view_write(DISK_DIR, &q->stage->view[step], NULL);
		q->ledger[step] = reader_text(DISK_DIR);
	}
	q->ledger[step] = reader_text(CHANGE_DIR);
	view_write(DISK_DIR, &nothing, NULL);
}

/* All states of a change that was made like this; returns how many. */
static size_t
cut(const struct stage *stage, const struct result *result,
    unsigned int mixtures, const char *words)
{
	struct question q = { .stage = stage, .result = result };
	uint64_t step;
	size_t count;

	read_steps(&q);
	count = disk_enumerate(&result->before, result->trace, mixtures, ask,
	    &q);
	printf("%s%s: %zu states, %zu of them old, %zu new; %zu read by the "
	    "daemon, too; %zu losses\n", stage->change->name, words, count,
	    q.olds, q.news, q.sampled, q.losses);
	ATF_CHECK_EQ(count, q.states);
	ATF_CHECK_EQ_MSG(0, q.losses, "%s%s: %zu losses: %s",
	    stage->change->name, words, q.losses, q.first);
	/* Or else the change was not looked at. */
	ATF_CHECK(q.olds > 0 && q.news > 0);
	for (step = 0; step <= stage->change->steps; step++)
		free(q.ledger[step]);
	return count;
}

ATF_TC(power__old_or_new);
ATF_TC_HEAD(power__old_or_new, tc)
{
	atf_tc_set_md_var(tc, "descr", "ten thousand states of a disk after a "
	    "power cut, none of which loses anything");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(power__old_or_new, tc)
{
	static struct stage stage;
	const struct trace_order watch = { .deed = TRACE_WATCH };
	struct result result;
	size_t i, count = 0;

	log_open("power_test", LOG_WARNING);
	drive_scratch();
	ATF_REQUIRE_EQ(0, mkdir(DISK_DIR, 0700));
	for (i = 0; i < changes_count; i++) {
		stage_set(&stage, &changes[i], CLIENTS);
		stage_play(&stage, &watch, &result);
		ATF_REQUIRE_EQ(changes[i].steps, result.told);
		count += cut(&stage, &result, MIXTURES, "");
		stage_forget(&result);
		stage_clear(&stage);
	}
	printf("all: %zu states\n", count);
	ATF_CHECK_MSG(count >= STATES_MIN, "only %zu states", count);
}

ATF_TC(power__second_try);
ATF_TC_HEAD(power__second_try, tc)
{
	atf_tc_set_md_var(tc, "descr", "a change that the disk has refused, "
	    "at any call, and that is saved later, is there after that");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(power__second_try, tc)
{
	static struct stage stage;
	static struct drive drive;
	struct trace_order order = { .error = EIO, .until_seq = 2 };
	struct result result = { .rc = 0 };
	char words[128];
	int deed, done, rc;

	if (!tracee_can_change())
		atf_tc_skip("system calls are changed on x86-64 only");
	drive_scratch();
	ATF_REQUIRE_EQ(0, mkdir(DISK_DIR, 0700));
	stage_find(&stage, "disable", CLIENTS_FEW);
	for (deed = TRACE_FAIL; deed <= TRACE_FAIL_DONE; deed++) {
		order.deed = (enum trace_deed)deed;
		order.at = 0;
		do {
			order.at++;
			stage_begin(&stage, &order, &drive, &result);
			trace_peek(drive.trace, &result.report);
			done = result.report.done;
			drive_save(&drive, &drive.held.client[0], 0, 1);
			rc = drive_wait(&drive);
			ATF_REQUIRE_EQ(done ? 0 : EIO, rc);
			stage_end(&stage, &drive, &result);
			snprintf(words, sizeof words, ", after %s has %sfailed",
			    result.report.call, order.deed == TRACE_FAIL ? "" :
			    "been done and ");
			if (done)
				cut(&stage, &result, 0, words);
			stage_forget(&result);
		} while (done);
		/* Open, write, fsync, rename, fsync; the next is too late. */
		ATF_CHECK(order.at > 5);
	}
	stage_clear(&stage);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, power__old_or_new);
	ATF_TP_ADD_TC(tp, power__second_try);
	return atf_no_error();
}
