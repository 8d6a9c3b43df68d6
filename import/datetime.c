/* SPDX-License-Identifier: ISC */
/*
 * Times as Python packs them, which are taken to be in UTC, as the original's
 * are.  Nothing here looks at the machine's time zones.
 */
#include "pickle.h"

#define US_PER_S INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)

/* Days from 1970-01-01 to this day of the Gregorian calendar. */
static int64_t
days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t era, of_era, of_year;

	/* Years that begin in March have their odd day at the end. */
	if (month <= 2)
		year--;
	era = year / 400;
	of_era = year % 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

static int
month_days(unsigned int year, unsigned int month)
{
	if (month == 2)
		return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ?
		    29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int
datetime_parse(const uint8_t p[DATETIME_LEN], int64_t *us)
{
	unsigned int year = (unsigned int)p[0] << 8 | p[1];
	unsigned int month = p[2], day = p[3];
	int64_t s, rest = p[7] << 16 | p[8] << 8 | p[9];

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    (int)day > month_days(year, month) || p[4] > 23 || p[5] > 59 ||
	    p[6] > 59 || rest >= US_PER_S)
		return -1;
	s = days_from_date(year, month, day) * S_PER_DAY + p[4] * 3600 +
	    p[5] * 60 + p[6];
	*us = s * US_PER_S + rest;
	return 0;
}
