/* SPDX-License-Identifier: ISC */
/*
 * kill -9 at the entry and at the exit of every system call that mandos-state
 * makes from the order to change something until it has said that it is done.
 * Whoever starts next finds the old state or the new one: no client is lost,
 * and none that was disabled is enabled.
 */
#include <sys/types.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "drive.h"
#include "trace.h"
#include "view.h"

#define CLIENTS 8
#define LITTER_MAX 4	/* files: ledger, .new, .previous or .damaged */

/* Killed at its stop ${at}; returns 0 if the path has fewer stops. */
static int
kill_at(const struct stage *stage, unsigned int at, unsigned int *told)
{
	const struct trace_order order = { .deed = TRACE_KILL, .at = at };
	struct result result;
	struct view view;
	const char *wrong;

	stage_play(stage, &order, &result);
	stage_forget(&result);
	if (!result.report.done)
		return 0;
	ATF_REQUIRE(WIFSIGNALED(result.status) &&
	    WTERMSIG(result.status) == SIGKILL);
	view_read(&view, CHANGE_DIR);
	wrong = stage_judge(stage, &view, result.told);
	ATF_CHECK_MSG(wrong == NULL, "%s: killed at stop %u, %s: what is left "
	    "%s", stage->change->name, at, result.report.call, wrong);
	ATF_CHECK(view.files <= LITTER_MAX);
	view_free(&view);
	*told += result.told != 0;
	return 1;
}

static void
crash(const char *name)
{
	static struct stage stage;
	unsigned int at, told = 0;

	drive_scratch();
	stage_find(&stage, name, CLIENTS);
	for (at = 1; kill_at(&stage, at, &told); at++)
		continue;
	printf("%s: killed at %u stops, after it was told at %u\n", name,
	    at - 1, told);
	/* Open, write, fsync, rename, fsync: each is entered and left. */
	ATF_CHECK_MSG(at - 1 >= 2 * 5, "only %u stops", at - 1);
	stage_clear(&stage);
}

/* A test case for each change of the table. */
#define CRASH(name, what)						\
	ATF_TC(name##__old_or_new);					\
	ATF_TC_HEAD(name##__old_or_new, tc)				\
	{								\
		atf_tc_set_md_var(tc, "descr", "killed at any call, "	\
		    what);						\
		atf_tc_set_md_var(tc, "require.user", "root");		\
	}								\
	ATF_TC_BODY(name##__old_or_new, tc)				\
	{								\
		crash(#name);						\
	}
CRASH(disable, "a client is disabled or as before")
CRASH(enable, "a client is enabled or as before")
CRASH(remove, "a client is removed or as before")
CRASH(setting, "a setting is changed or as before")
CRASH(secret, "a secret is changed or as before")
CRASH(checked_ok, "a successful check is known or not")
CRASH(clean_end, "the end of a server loses nothing it has saved")
CRASH(storm, "many changes at once are all made or none")
CRASH(conf_change, "a new configuration is in force or the old one")
CRASH(conf_add, "a client is added or is not yet there")
CRASH(conf_remove, "a client is gone with its section or still there")
CRASH(add, "a client was added or was not")
CRASH(remove_added, "one that was added is gone or still there")
CRASH(conf_take, "one that was added is as it was or as in clients.conf")
CRASH(first, "the first ledger is there or is not")
CRASH(no_restore, "the ledger that is not restored is kept")
CRASH(start_disabled, "a damaged ledger enables nobody and is kept")
#undef CRASH

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, disable__old_or_new);
	ATF_TP_ADD_TC(tp, enable__old_or_new);
	ATF_TP_ADD_TC(tp, remove__old_or_new);
	ATF_TP_ADD_TC(tp, setting__old_or_new);
	ATF_TP_ADD_TC(tp, secret__old_or_new);
	ATF_TP_ADD_TC(tp, checked_ok__old_or_new);
	ATF_TP_ADD_TC(tp, clean_end__old_or_new);
	ATF_TP_ADD_TC(tp, storm__old_or_new);
	ATF_TP_ADD_TC(tp, conf_change__old_or_new);
	ATF_TP_ADD_TC(tp, conf_add__old_or_new);
	ATF_TP_ADD_TC(tp, conf_remove__old_or_new);
	ATF_TP_ADD_TC(tp, add__old_or_new);
	ATF_TP_ADD_TC(tp, remove_added__old_or_new);
	ATF_TP_ADD_TC(tp, conf_take__old_or_new);
	ATF_TP_ADD_TC(tp, first__old_or_new);
	ATF_TP_ADD_TC(tp, no_restore__old_or_new);
	ATF_TP_ADD_TC(tp, start_disabled__old_or_new);
	return atf_no_error();
}
