/* SPDX-License-Identifier: ISC */
/*
 * Points in time as text.
 */
#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <atf-c.h>

#include "stamp.h"

#define SECOND_US INT64_C(1000000)

static void
is(const char *text, int64_t us)
{
	char stamp[STAMP_LEN];

	ATF_CHECK_STREQ(text, stamp_print(us, stamp));
}

ATF_TC_WITHOUT_HEAD(stamp__has_six_digits);
ATF_TC_BODY(stamp__has_six_digits, tc)
{
	(void)tc;
	is("", 0);
	is("1970-01-01T00:00:00.000001", 1);
	is("1970-01-01T00:00:01.000000", SECOND_US);
	is("1969-12-31T23:59:59.999999", -1);
	is("2019-02-03T00:00:00.000000", INT64_C(1549152000) * SECOND_US);
	is("2026-11-21T23:08:02.158401", INT64_C(1795302482158401));
}

ATF_TC_WITHOUT_HEAD(stamp__stays_in_four_digits);
ATF_TC_BODY(stamp__stays_in_four_digits, tc)
{
	(void)tc;
	is("9999-12-31T23:59:59.999999", INT64_C(253402300799999999));
	is("9999-12-31T23:59:59.999999", INT64_C(253402300800000000));
	is("9999-12-31T23:59:59.999999", INT64_MAX);
	is("0001-01-01T00:00:00.000000", INT64_C(-62135596800000000));
	is("0001-01-01T00:00:00.000000", INT64_C(-62135596800000001));
	is("0001-01-01T00:00:00.000000", INT64_MIN);
}

/* Some fifty thousand moments, in all years there are. */
ATF_TC_WITHOUT_HEAD(stamp__is_as_the_library_has_it);
ATF_TC_BODY(stamp__is_as_the_library_has_it, tc)
{
	char stamp[STAMP_LEN], text[STAMP_LEN + 8];
	struct tm tm;
	time_t at;
	size_t len;

	(void)tc;
	for (at = -62135596800; at < 253402300800; at += 6310007) {
		if (at == 0)
			continue;
		ATF_REQUIRE(gmtime_r(&at, &tm) != NULL);
		/* strftime(3) has no zeros in front of years. */
		len = (size_t)snprintf(text, sizeof text, "%04d",
		    tm.tm_year + 1900);
		strftime(text + len, sizeof text - len,
		    "-%m-%dT%H:%M:%S.000000", &tm);
		ATF_REQUIRE_STREQ(text,
		    stamp_print((int64_t)at * SECOND_US, stamp));
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, stamp__has_six_digits);
	ATF_TP_ADD_TC(tp, stamp__stays_in_four_digits);
	ATF_TP_ADD_TC(tp, stamp__is_as_the_library_has_it);
	return atf_no_error();
}
