/* SPDX-License-Identifier: ISC */
/*
 * A disk that is full, broken or read-only at any one call: what is on it is
 * the old state or the new one, the error is told and logged, and when the
 * trouble is over everything is saved.
 */
#include <sys/types.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "change.h"
#include "drive.h"
#include "trace.h"
#include "tracee.h"
#include "view.h"

#define CLIENTS 8
#define NOT_SAVED "state is not saved: "
#define SAVED_AGAIN "state is saved again"

/* Whoever has not succeeded with a change does this. */
enum remedy {
	SAVE_ANYTHING,		/* another SAVE writes what is waiting, too */
	MERGE_AGAIN,		/* a reload was refused; the next one is not */
	ADD_AGAIN,		/* so with a client to be added */
	START_AGAIN		/* the server has not started, or has ended */
};

static enum remedy
remedy_of(const struct change *change)
{
	if (change->until == MSG_SAVED)
		return SAVE_ANYTHING;
	if (change->until == MSG_ADDED)
		return ADD_AGAIN;
	if (change->configure != NULL)
		return MERGE_AGAIN;
	/* What is not to be restored is served all the same. */
	return change->flags & SETTING_RESTORE ? START_AGAIN : SAVE_ANYTHING;
}

/* Words for a failed check. */
static const char *
describe(const struct stage *stage, const struct result *result,
    const struct trace_order *order)
{
	static char words[256];

	snprintf(words, sizeof words, "%s: %s (call %u) %s: %s",
	    stage->change->name, result->report.call, order->at,
	    order->deed == TRACE_FAIL ? "fails" : order->deed == TRACE_SHORT ?
	    "is cut short" : "is done and fails", strerror(order->error));
	return words;
}

static void
judge(const struct stage *stage, uint64_t told, const char *words)
{
	struct view view;
	const char *wrong;

	view_read(&view, CHANGE_DIR);
	wrong = stage_judge(stage, &view, told);
	ATF_CHECK_MSG(wrong == NULL, "%s; what is there %s", words, wrong);
	view_free(&view);
}

/* While the process lives: what it told, and that it can still save. */
static void
check_alive(const struct stage *stage, struct drive *drive,
    const struct result *result, enum remedy remedy, const char *words)
{
	int rc;

	if (remedy == SAVE_ANYTHING) {
		drive_save(drive, &drive->held.client[0], 0, 1);
		rc = drive_wait(drive);
	} else if (remedy == MERGE_AGAIN)
		rc = drive_merge(drive, &stage->conf2);
	else if ((rc = result->rc) != 0)
		rc = stage->change->act(drive, &stage->conf2, 1);
	ATF_CHECK_EQ_MSG(0, rc, "%s: %d even when it is over", words, rc);
	if (result->rc != 0)
		ATF_CHECK_MSG(drive_logged(drive, SAVED_AGAIN),
		    "%s; no word that it is over", words);
}

/* The process has ended for it, and another starts. */
static void
check_restart(const struct stage *stage, const struct result *result,
    const char *words)
{
	static struct drive drive;
	const struct change *change = stage->change;

	ATF_CHECK_MSG(WIFEXITED(result->status) &&
	    WEXITSTATUS(result->status) == EX_CANTCREAT, "%s: status %#x",
	    words, (unsigned int)result->status);
	/* The end of a server cannot be made again. */
	if (change->until == TRACE_END)
		return;
	ATF_CHECK_EQ_MSG(0, drive_start(&drive, CHANGE_DIR, change->flags,
	    NULL), "%s: no start when it is over", words);
	ATF_CHECK_EQ_MSG(0, drive_merge(&drive, &stage->conf), "%s", words);
	ATF_CHECK_EQ_MSG(0, drive_end(&drive), "%s", words);
	judge(stage, change->steps, words);
}

/* Whether there must be a word about it: not if it came to nothing. */
static int
is_trouble(const struct stage *stage, const struct result *result,
    const struct trace_order *order)
{
	if (result->rc > 0 || result->status != 0)
		return 1;
	/* What is not to be restored is served, saved or not. */
	return result->report.done && order->deed != TRACE_SHORT &&
	    !(stage->change->flags & SETTING_RESTORE);
}

static void
check_log(const struct drive *drive, unsigned int lines, const char *words)
{
	unsigned int logged = drive_logged(drive, NOT_SAVED);

	ATF_CHECK_EQ_MSG(lines, logged, "%s; the log has %u lines about it",
	    words, logged);
}

/*
 * The change, with one fault.  Returns 0 if there is no such call: the path
 * has fewer.
 */
static int
fault(const struct stage *stage, const struct trace_order *order)
{
	static struct drive drive;
	const struct change *change = stage->change;
	enum remedy remedy = remedy_of(change);
	struct result result;
	char words[256];

	stage_begin(stage, order, &drive, &result);
	trace_peek(drive.trace, &result.report);
	strlcpy(words, describe(stage, &result, order), sizeof words);
	if (is_trouble(stage, &result, order))
		result.told = 0;
	/* That is not what a client too many is refused with. */
	if (result.rc > 0 && remedy != MERGE_AGAIN)
		ATF_CHECK_EQ_MSG(order->error == EDQUOT ? EIO : order->error,
		    result.rc, "%s: told %d", words, result.rc);
	/* A server at its end is still about it. */
	if (change->until != TRACE_END)
		judge(stage, result.told, words);
	if (remedy != START_AGAIN && !drive.over) {
		check_alive(stage, &drive, &result, remedy, words);
		judge(stage, change->steps, words);
	}
	stage_end(stage, &drive, &result);
	strlcpy(words, describe(stage, &result, order), sizeof words);
	check_log(&drive, is_trouble(stage, &result, order), words);
	judge(stage, result.status == 0 ? change->steps : 0, words);
	if (remedy == START_AGAIN && result.status != 0)
		check_restart(stage, &result, words);
	else
		ATF_CHECK_EQ_MSG(0, result.status, "%s: status %#x", words,
		    (unsigned int)result.status);
	if (result.report.done && !is_trouble(stage, &result, order))
		printf("%s; to no harm\n", words);
	stage_forget(&result);
	return result.report.calls >= order->at;
}

/* Each call, with this deed. */
static unsigned int
each_call(const struct stage *stage, enum trace_deed deed, int error)
{
	struct trace_order order = { .deed = deed, .error = error };
	unsigned int at = 1;

	for (order.at = at; fault(stage, &order); order.at = ++at)
		continue;
	return at - 1;
}

static void
all_faults(const char *name)
{
	static struct stage stage;
	unsigned int calls, count;

	if (!tracee_can_change())
		atf_tc_skip("system calls are changed on x86-64 only");
	drive_scratch();
	stage_find(&stage, name, CLIENTS);
	calls = each_call(&stage, TRACE_FAIL, ENOSPC);
	count = calls;
	count += each_call(&stage, TRACE_FAIL, EIO);
	count += each_call(&stage, TRACE_FAIL, EROFS);
	count += each_call(&stage, TRACE_FAIL, EDQUOT);
	count += each_call(&stage, TRACE_FAIL_DONE, EIO);
	count += each_call(&stage, TRACE_SHORT, 0);
	printf("%s: %u calls, %u faults\n", name, calls, count);
	/* Open, write, fsync, rename, fsync. */
	ATF_CHECK_MSG(calls >= 5, "only %u calls", calls);
	stage_clear(&stage);
}

/* Each time that it is refused; the server ends, and what is left is old. */
static void
all_refusals(const char *name)
{
	static struct stage stage;
	static struct drive drive;
	struct trace_order order = { .error = EIO };
	struct result result;
	struct view view;
	unsigned int refused = 0;
	int deed;
	char *text;

	stage_find(&stage, name, CLIENTS);
	for (deed = TRACE_FAIL; deed <= TRACE_FAIL_DONE; deed++) {
		order.deed = (enum trace_deed)deed;
		order.at = 0;
		do {
			order.at++;
			stage_begin(&stage, &order, &drive, &result);
			stage_end(&stage, &drive, &result);
			if (result.rc > 0) {
				refused++;
				view_read(&view, CHANGE_DIR);
				text = stage_load(&stage, &view);
				ATF_CHECK_MSG(strcmp(text, stage.text[0]) == 0,
				    "%s; it is refused, and there",
				    describe(&stage, &result, &order));
				free(text);
				view_free(&view);
			}
			stage_forget(&result);
		} while (result.report.done);
	}
	ATF_CHECK_MSG(refused >= 5, "only %u were refused", refused);
	stage_clear(&stage);
}

ATF_TC(refused_reload__leaves_nothing);
ATF_TC_HEAD(refused_reload__leaves_nothing, tc)
{
	atf_tc_set_md_var(tc, "descr", "what is left of a configuration, or of "
	    "a client, that was refused because the disk failed, at any call, "
	    "is undone");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(refused_reload__leaves_nothing, tc)
{
	if (!tracee_can_change())
		atf_tc_skip("system calls are changed on x86-64 only");
	drive_scratch();
	all_refusals("conf_change");
	all_refusals("conf_remove");
	all_refusals("conf_take");
	all_refusals("add");
}

/*
 * A start at which one call fails.  Returns 0 if there is no such call.
 */
static int
start_with(const struct stage *stage, const struct trace_order *order,
    unsigned int *refused)
{
	static struct drive drive;
	struct trace_report report;
	struct view view;
	char *text;
	int rc;

	view_write(CHANGE_DIR, &stage->view[0], NULL);
	if ((rc = drive_start(&drive, CHANGE_DIR, SETTING_RESTORE, order)) == 0)
		rc = drive_merge(&drive, &stage->conf);
	drive_end(&drive);
	trace_end(drive.trace, &report);
	trace_free(drive.trace);
	if (rc == 0) {
		ATF_CHECK_EQ(0, report.status);
		text = drive_tell(&drive.held);
		ATF_CHECK_MSG(strcmp(text, stage->text[0]) == 0,
		    "%s (call %u) fails: it serves something else",
		    report.call, order->at);
		free(text);
		return report.done;
	}
	++*refused;
	ATF_CHECK_MSG(WIFEXITED(report.status) &&
	    WEXITSTATUS(report.status) > 0, "%s (call %u) fails: status %#x",
	    report.call, order->at, (unsigned int)report.status);
	view_read(&view, CHANGE_DIR);
	ATF_REQUIRE_EQ(1, view.files);
	ATF_CHECK_MSG(view.file[0].len == stage->view[0].file[0].len &&
	    memcmp(view.file[0].data, stage->view[0].file[0].data,
	    view.file[0].len) == 0, "%s (call %u) fails: the ledger is not as "
	    "it was", report.call, order->at);
	view_free(&view);
	return report.done;
}

ATF_TC(start__disk_faults);
ATF_TC_HEAD(start__disk_faults, tc)
{
	atf_tc_set_md_var(tc, "descr", "a ledger that cannot be read is not "
	    "taken for none");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(start__disk_faults, tc)
{
	/* Not ENOENT, which is the answer when there is none. */
	static const int errors[] = { EIO, EACCES, ENOMEM };
	static struct stage stage;
	struct trace_order order = { .dir = CHANGE_DIR, .deed = TRACE_FAIL,
		.after = MSG_STATE_OPEN, .until = MSG_OPENED };
	unsigned int refused = 0;
	size_t i;

	if (!tracee_can_change())
		atf_tc_skip("system calls are changed on x86-64 only");
	drive_scratch();
	stage_find(&stage, "disable", CLIENTS);
	for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		order.error = errors[i];
		order.at = 0;
		do
			order.at++;
		while (start_with(&stage, &order, &refused));
		printf("%s: %u calls\n", strerror(errors[i]), order.at - 1);
		/* Open and lock the directory; open, look, read. */
		ATF_CHECK(order.at > 5);
	}
	ATF_CHECK_MSG(refused >= 5, "only %u were refused", refused);
	stage_clear(&stage);
}

/* A test case for each change of the table. */
#define FAULT(name, what)						\
	ATF_TC(name##__disk_faults);					\
	ATF_TC_HEAD(name##__disk_faults, tc)				\
	{								\
		atf_tc_set_md_var(tc, "descr", "a full, broken or "	\
		    "read-only disk at any call: " what);		\
		atf_tc_set_md_var(tc, "require.user", "root");		\
	}								\
	ATF_TC_BODY(name##__disk_faults, tc)				\
	{								\
		all_faults(#name);					\
	}
FAULT(disable, "a client is disabled")
FAULT(enable, "a client is enabled")
FAULT(remove, "a client is removed")
FAULT(setting, "a setting is changed")
FAULT(secret, "a secret is changed")
FAULT(checked_ok, "a check has succeeded")
FAULT(clean_end, "the server ends")
FAULT(conf_change, "the configuration is changed")
FAULT(conf_add, "a client is added to the configuration")
FAULT(conf_remove, "a client is taken out of the configuration")
FAULT(add, "a client is added at run time")
FAULT(remove_added, "one that was added is removed")
FAULT(conf_take, "one that was added comes into the configuration")
FAULT(first, "a server starts that never has before")
FAULT(no_restore, "a server starts with --no-restore")
FAULT(start_disabled, "a server starts with --start-disabled")
#undef FAULT

ATF_TC(full_disk__goes_on);
ATF_TC_HEAD(full_disk__goes_on, tc)
{
	atf_tc_set_md_var(tc, "descr", "a disk that stays full for several "
	    "changes: each is refused, one line tells of it, and all are made "
	    "when there is room");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(full_disk__goes_on, tc)
{
	static struct drive_set served;
	static struct stage stage;
	static struct drive drive;
	struct trace_order order = { .deed = TRACE_FAIL, .error = ENOSPC,
		.at = 1, .through = UINT_MAX, .until_seq = 3 };
	struct result result;
	uint32_t i;

	if (!tracee_can_change())
		atf_tc_skip("system calls are changed on x86-64 only");
	drive_scratch();
	stage_find(&stage, "disable", CLIENTS);
	stage_begin(&stage, &order, &drive, &result);
	ATF_REQUIRE_EQ(ENOSPC, result.rc);
	for (i = 1; i < 3; i++) {
		drive.held.client[i].f.timeout_ms = 777;
		drive_save(&drive, &drive.held.client[i], 0, 1);
		ATF_CHECK_EQ(ENOSPC, drive_wait(&drive));
	}
	judge(&stage, 0, "a full disk");
	check_log(&drive, 1, "a full disk");
	drive.held.client[i].f.timeout_ms = 777;
	drive_save(&drive, &drive.held.client[i], 0, 1);
	ATF_CHECK_EQ(0, drive_wait(&drive));
	ATF_CHECK_EQ(1, drive_logged(&drive, SAVED_AGAIN));
	stage_end(&stage, &drive, &result);
	ATF_CHECK_EQ(0, result.status);
	stage_forget(&result);

	ATF_REQUIRE_EQ(0, drive_load(&served, CHANGE_DIR, &stage.conf));
	ATF_CHECK(!(served.client[0].f.flags & CLIENT_ENABLED));
	for (i = 1; i <= 3; i++)
		ATF_CHECK_EQ(777, served.client[i].f.timeout_ms);
	stage_clear(&stage);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, disable__disk_faults);
	ATF_TP_ADD_TC(tp, enable__disk_faults);
	ATF_TP_ADD_TC(tp, remove__disk_faults);
	ATF_TP_ADD_TC(tp, setting__disk_faults);
	ATF_TP_ADD_TC(tp, secret__disk_faults);
	ATF_TP_ADD_TC(tp, checked_ok__disk_faults);
	ATF_TP_ADD_TC(tp, clean_end__disk_faults);
	ATF_TP_ADD_TC(tp, conf_change__disk_faults);
	ATF_TP_ADD_TC(tp, conf_add__disk_faults);
	ATF_TP_ADD_TC(tp, conf_remove__disk_faults);
	ATF_TP_ADD_TC(tp, add__disk_faults);
	ATF_TP_ADD_TC(tp, remove_added__disk_faults);
	ATF_TP_ADD_TC(tp, conf_take__disk_faults);
	ATF_TP_ADD_TC(tp, first__disk_faults);
	ATF_TP_ADD_TC(tp, no_restore__disk_faults);
	ATF_TP_ADD_TC(tp, start_disabled__disk_faults);
	ATF_TP_ADD_TC(tp, full_disk__goes_on);
	ATF_TP_ADD_TC(tp, refused_reload__leaves_nothing);
	ATF_TP_ADD_TC(tp, start__disk_faults);
	return atf_no_error();
}
