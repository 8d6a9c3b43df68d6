/* SPDX-License-Identifier: ISC */
/*
 * The rule for downtime, in every branch and for both policies.
 */
#include <atf-c.h>

#include <stdint.h>
#include <string.h>

#include "state.h"

#define NOW INT64_C(1700000000000000)
#define HOUR INT64_C(3600000000)
#define YEARS (10 * 365 * 24 * HOUR)

struct row {
	const char *name;
	int enabled;
	int64_t expires;	/* from NOW on; INT64_MIN: never */
	int64_t checked;	/* likewise */
	int32_t status;
	int64_t written;	/* from NOW on */
	enum restart original;
	enum restart strict;
};

#define NEVER INT64_MIN

// clang-format off
static const struct row rows[] = {
	{ "a window that is open",
	    1, 600, -100, 0, -10, RESTART_KEEP, RESTART_KEEP },
	{ "open, and the last checker failed",
	    1, 600, -100, 1, -10, RESTART_KEEP, RESTART_KEEP },
	{ "open, and never checked",
	    1, 600, NEVER, CHECKER_NEVER, -10, RESTART_KEEP, RESTART_KEEP },
	{ "open by a microsecond",
	    1, 1, -100, 1, -10, RESTART_KEEP, RESTART_KEEP },
	{ "passed at this moment, the last checker succeeded",
	    1, 0, -100, 0, -10, RESTART_KEEP_LATE, RESTART_LATE },
	{ "passed an hour ago, the last checker succeeded",
	    1, -HOUR, -2 * HOUR, 0, -2 * HOUR, RESTART_KEEP_LATE,
	    RESTART_LATE },
	{ "passed ten years ago, the last checker succeeded",
	    1, -YEARS, -YEARS, 0, -YEARS, RESTART_KEEP_LATE, RESTART_LATE },
	{ "passed, the last checker failed",
	    1, -HOUR, -2 * HOUR, 1, -2 * HOUR, RESTART_FAILED, RESTART_LATE },
	{ "passed, the last checker failed with 255",
	    1, -HOUR, -2 * HOUR, 255, -2 * HOUR, RESTART_FAILED,
	    RESTART_LATE },
	{ "passed, the last checker crashed",
	    1, -HOUR, -2 * HOUR, CHECKER_CRASHED, -2 * HOUR, RESTART_FAILED,
	    RESTART_LATE },
	{ "passed, never checked",
	    1, -HOUR, NEVER, CHECKER_NEVER, -2 * HOUR, RESTART_NEVER_CHECKED,
	    RESTART_LATE },
	{ "passed, never a success, but a status of 0",
	    1, -HOUR, NEVER, 0, -2 * HOUR, RESTART_NEVER_CHECKED,
	    RESTART_LATE },
	{ "passed, checked once, and the status is that of never",
	    1, -HOUR, -2 * HOUR, CHECKER_NEVER, -2 * HOUR, RESTART_FAILED,
	    RESTART_LATE },
	{ "no window", 1, NEVER, -100, 0, -10, RESTART_KEEP, RESTART_LATE },
	{ "no window, never checked",
	    1, NEVER, NEVER, CHECKER_NEVER, -10, RESTART_KEEP, RESTART_LATE },
	{ "open, written at this moment",
	    1, 600, -100, 0, 0, RESTART_KEEP, RESTART_KEEP },
	{ "open, written in the future",
	    1, 600, -100, 0, 1, RESTART_KEEP, RESTART_CLOCK },
	{ "open, written in ten years",
	    1, 600, YEARS, 0, YEARS, RESTART_KEEP, RESTART_CLOCK },
	{ "passed, written in the future",
	    1, -1, -100, 0, 1, RESTART_KEEP_LATE, RESTART_CLOCK },
	{ "disabled, open",
	    0, 600, -100, 0, -10, RESTART_KEEP, RESTART_KEEP },
	{ "disabled, passed, the last checker failed",
	    0, -HOUR, -2 * HOUR, 1, -2 * HOUR, RESTART_KEEP, RESTART_KEEP },
	{ "disabled, no window, written in the future",
	    0, NEVER, NEVER, CHECKER_NEVER, HOUR, RESTART_KEEP, RESTART_KEEP },
};
// clang-format on

static int64_t
at(int64_t offset)
{
	return offset == NEVER ? 0 : NOW + offset;
}

static void
check(const struct row *row, int is_strict, enum restart expected)
{
	struct merge_how how = { .now_us = NOW, .is_strict = is_strict,
		.written_us = NOW + row->written };
	struct client client;
	enum restart verdict;

	memset(&client, 0, sizeof client);
	client.own.flags = row->enabled ? CLIENT_ENABLED : 0;
	client.expires_us = at(row->expires);
	client.last_checked_ok_us = at(row->checked);
	client.last_checker_status = row->status;
	verdict = restart_decide(&client, &how);
	ATF_CHECK_MSG(verdict == expected, "%s, %s: %d, not %d", row->name,
	    is_strict ? "strict" : "original", verdict, expected);
}

ATF_TC_WITHOUT_HEAD(restart_decide__original);
ATF_TC_BODY(restart_decide__original, tc)
{
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		check(&rows[i], 0, rows[i].original);
}

ATF_TC_WITHOUT_HEAD(restart_decide__strict);
ATF_TC_BODY(restart_decide__strict, tc)
{
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		check(&rows[i], 1, rows[i].strict);
}

ATF_TC_WITHOUT_HEAD(restart_is_disabled__all_but_two);
ATF_TC_BODY(restart_is_disabled__all_but_two, tc)
{
	(void)tc;
	ATF_CHECK(!restart_is_disabled(RESTART_KEEP));
	ATF_CHECK(!restart_is_disabled(RESTART_KEEP_LATE));
	ATF_CHECK(restart_is_disabled(RESTART_NEVER_CHECKED));
	ATF_CHECK(restart_is_disabled(RESTART_FAILED));
	ATF_CHECK(restart_is_disabled(RESTART_LATE));
	ATF_CHECK(restart_is_disabled(RESTART_CLOCK));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, restart_decide__original);
	ATF_TP_ADD_TC(tp, restart_decide__strict);
	ATF_TP_ADD_TC(tp, restart_is_disabled__all_but_two);
	return atf_no_error();
}
