/* SPDX-License-Identifier: ISC */
/*
 * Times of the server, and durations as people read them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <atf-c.h>

#include "tui_time.h"

ATF_TC_WITHOUT_HEAD(parse__right);
ATF_TC_BODY(parse__right, tc)
{
	ATF_CHECK(time_parse("1970-01-01T00:00:00.000000") == 0);
	ATF_CHECK(time_parse("1970-01-01T00:00:01.5") == 1500000);
	ATF_CHECK(time_parse("1970-01-02T00:00:00") == 86400000000);
	ATF_CHECK(time_parse("2019-01-02T08:40:00.123456") ==
	    1546418400123456);
	ATF_CHECK(time_parse("2000-02-29T23:59:59.999999999") ==
	    951868799999999);
	ATF_CHECK(time_parse("9999-12-31T23:59:59.999999") ==
	    253402300799999999);
	ATF_CHECK(time_parse("1969-12-31T23:59:59.000001") == -999999);
}

ATF_TC_WITHOUT_HEAD(parse__wrong);
ATF_TC_BODY(parse__wrong, tc)
{
	static const char *const wrong[] = { "", "2", "2019", "2019-01-02",
		"2019-01-02T08:40:0", "2019-01-02T08:40:00.",
		"2019-01-02T08:40:00.x", "2019-01-02T08:40:00.1x",
		"2019-01-02T08:40:00Z", "2019-01-02 08:40:00",
		"2019-02-30T08:40:00", "2019-13-01T08:40:00",
		"2019-00-01T08:40:00", "2019-01-01T24:00:00",
		"2019-01-01T00:60:00", "2019-01-01T00:00:61",
		"+019-01-01T00:00:00", "99999-01-01T00:00:00", "never" };
	size_t i;

	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ATF_CHECK_MSG(time_parse(wrong[i]) == TIME_NONE, "%s",
		    wrong[i]);
}

static void
spans(uint64_t ms, const char *expected)
{
	char out[TIME_LEN];

	time_span(out, ms);
	ATF_CHECK_STREQ(expected, out);
}

ATF_TC_WITHOUT_HEAD(span__all);
ATF_TC_BODY(span__all, tc)
{
	spans(0, "0:00:00");
	spans(999, "0:00:00");
	spans(1000, "0:00:01");
	spans(58999, "0:00:58");
	spans(3599999, "0:59:59");
	spans(3600000, "1:00:00");
	spans(86399000, "23:59:59");
	spans(86400000, "1 day, 0:00:00");
	spans(172800000 + 3723000, "2 days, 1:02:03");
	spans(UINT64_MAX, "213503982334 days, 14:25:51");
}

ATF_TC_WITHOUT_HEAD(stamp__local);
ATF_TC_BODY(stamp__local, tc)
{
	char out[TIME_LEN];

	setenv("TZ", "XYZ-2", 1);
	tzset();
	time_stamp(out, 1546418400123456);
	ATF_CHECK_STREQ("2019-01-02 10:40:00,123", out);
	time_local(out, 1546418400123456);
	ATF_CHECK_STREQ("2019-01-02 10:40:00", out);
	/* It cannot be shown, and is not. */
	time_local(out, INT64_MAX);
	ATF_CHECK(strlen(out) < TIME_LEN);
}

ATF_TC_WITHOUT_HEAD(now__is_now);
ATF_TC_BODY(now__is_now, tc)
{
	int64_t s = (int64_t)time(NULL), us = time_now();

	ATF_CHECK(us / 1000000 - s <= 1 && us / 1000000 >= s - 1);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, parse__right);
	ATF_TP_ADD_TC(tp, parse__wrong);
	ATF_TP_ADD_TC(tp, span__all);
	ATF_TP_ADD_TC(tp, stamp__local);
	ATF_TP_ADD_TC(tp, now__is_now);
	return atf_no_error();
}
