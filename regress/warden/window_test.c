/* SPDX-License-Identifier: ISC */
/*
 * How long a client stays enabled: every rule, and every edge.
 */
#include <sys/types.h>

#include <atf-c.h>

#include "warden.h"

static const struct client_fields f = { .interval_ms = 60, .timeout_ms = 300,
	.extended_timeout_ms = 900 };
static const struct client_fields endless = { .interval_ms = UINT64_MAX,
	.timeout_ms = UINT64_MAX, .extended_timeout_ms = UINT64_MAX };

ATF_TC_WITHOUT_HEAD(window__fixed_rules);
ATF_TC_BODY(window__fixed_rules, tc)
{
	(void)tc;
	ATF_CHECK_EQ(60, window_start(&f, 0));
	ATF_CHECK_EQ(120, window_start(&f, 60));
	ATF_CHECK_EQ(UINT64_MAX, window_start(&endless, 1));
	ATF_CHECK_EQ(120, window_enabled(&f));
	ATF_CHECK_EQ(UINT64_MAX, window_enabled(&endless));
	ATF_CHECK_EQ(300, window_checked(&f));
	ATF_CHECK_EQ(900, window_delivered(&f));
	ATF_CHECK_EQ(UINT64_MAX, window_delivered(&endless));
}

ATF_TC(window__restart_keeps_what_is_longer);
ATF_TC_HEAD(window__restart_keeps_what_is_longer, tc)
{
	atf_tc_set_md_var(tc, "descr", "an extended timeout goes on over a "
	    "restart; a clock that was set back adds nothing to it");
}
ATF_TC_BODY(window__restart_keeps_what_is_longer, tc)
{
	(void)tc;
	ATF_CHECK_EQ(70, window_restart(&f, 10, 0));
	ATF_CHECK_EQ(70, window_restart(&f, 10, 80));
	ATF_CHECK_EQ(70, window_restart(&f, 10, 120));
	ATF_CHECK_EQ(121, window_restart(&f, 10, 121));
	ATF_CHECK_EQ(900, window_restart(&f, 10, 900));
	ATF_CHECK_EQ(900, window_restart(&f, 10, UINT64_MAX));
	ATF_CHECK_EQ(UINT64_MAX, window_restart(&endless, 10, UINT64_MAX));
}

ATF_TC_WITHOUT_HEAD(window__first_check_never_shortens);
ATF_TC_BODY(window__first_check_never_shortens, tc)
{
	(void)tc;
	ATF_CHECK_EQ(60, window_first_check(&f, 0));
	ATF_CHECK_EQ(60, window_first_check(&f, 59));
	ATF_CHECK_EQ(61, window_first_check(&f, 61));
}

ATF_TC_WITHOUT_HEAD(window__timeout_moves_by_the_difference);
ATF_TC_BODY(window__timeout_moves_by_the_difference, tc)
{
	static const struct {
		uint64_t was_ms, left_ms, want;
	} rows[] = {
		{ 300, 100, 100 },
		{ 200, 100, 200 },
		{ 350, 100, 50 },
		{ 399, 100, 1 },
		{ 400, 100, 0 },
		{ 401, 100, 0 },
		{ UINT64_MAX, 100, 0 },
		{ 0, UINT64_MAX - 10, UINT64_MAX },
		{ 299, 0, 1 },
		{ 300, 0, 0 },
	};
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		ATF_CHECK_EQ_MSG(rows[i].want, window_timeout(&f,
		    rows[i].was_ms, rows[i].left_ms), "row %zu", i);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, window__fixed_rules);
	ATF_TP_ADD_TC(tp, window__restart_keeps_what_is_longer);
	ATF_TP_ADD_TC(tp, window__first_check_never_shortens);
	ATF_TP_ADD_TC(tp, window__timeout_moves_by_the_difference);
	return atf_no_error();
}
