/* SPDX-License-Identifier: ISC */
/*
 * What the warden says of checkerd: whom the monitor has killed for it.
 */
#include <sys/types.h>

#include <atf-c.h>

#include "harness.h"
#include "harness_common.h"

#define PATIENCE_MS 10000	/* for what must come */
#define GRACE_MS 100		/* for what must not */

static struct harness h;

static void
say(uint32_t life, enum worker_news news)
{
	struct msg_worker m = { .worker = PROC_CHECKERD, .news = news,
		.life = life };

	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_WORKER, &m, NULL, 0, -1));
}

ATF_TC(news__of_another_life);
ATF_TC_HEAD(news__of_another_life, tc)
{
	atf_tc_set_md_var(tc, "descr", "late news of one that has ended do "
	    "not kill the one that was started since");
}
ATF_TC_BODY(news__of_another_life, tc)
{
	(void)tc;
	harness_start(&h, NULL, 0, 4);
	/* Its first is the one that runs. */
	say(0, WORKER_DONE_WITH);
	say(2, WORKER_DONE_WITH);
	say(0, WORKER_BROKEN);
	ATF_CHECK(harness_order(&h, GRACE_MS) != 'k');
	say(1, WORKER_READY);
	say(1, WORKER_DONE_WITH);
	ATF_CHECK_EQ('k', harness_order(&h, PATIENCE_MS));
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC(breach__late_counts);
ATF_TC_HEAD(breach__late_counts, tc)
{
	atf_tc_set_md_var(tc, "descr", "whoever has broken the table, it was "
	    "checkerd, and twice in a minute is too often");
}
ATF_TC_BODY(breach__late_counts, tc)
{
	(void)tc;
	harness_start(&h, NULL, 0, 4);
	say(0, WORKER_BROKEN);
	say(1, WORKER_BROKEN);
	ATF_CHECK_EQ('k', harness_order(&h, PATIENCE_MS));
	/* EX_SOFTWARE */
	ATF_CHECK_EQ(70, harness_stop(&h));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, news__of_another_life);
	ATF_TP_ADD_TC(tp, breach__late_counts);
	return atf_no_error();
}
