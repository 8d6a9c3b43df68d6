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
	START_AGAIN		/* the server has not started, or has ended */
};

static enum remedy
remedy_of(const struct change *change)
{
	if (change->until == MSG_SAVED)
		return SAVE_ANYTHING;
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
	} else
		rc = drive_merge(drive, &stage->conf2);
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
	if (result.rc > 0 && remedy == SAVE_ANYTHING)
		ATF_CHECK_EQ_MSG(order->error, result.rc, "%s: told %d",
		    words, result.rc);
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
	size_t i;

	if (!tracee_can_change())
		atf_tc_skip("system calls are changed on x86-64 only");
	drive_scratch();
	for (i = 0; strcmp(changes[i].name, name) != 0; i++)
		ATF_REQUIRE(i + 1 < changes_count);
	stage_set(&stage, &changes[i], CLIENTS);
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
	stage_set(&stage, &changes[0], CLIENTS);
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
	ATF_TP_ADD_TC(tp, first__disk_faults);
	ATF_TP_ADD_TC(tp, no_restore__disk_faults);
	ATF_TP_ADD_TC(tp, start_disabled__disk_faults);
	ATF_TP_ADD_TC(tp, full_disk__goes_on);
	return atf_no_error();
}
