/* SPDX-License-Identifier: ISC */
/*
 * Times that people and programs can read: the proleptic Gregorian calendar,
 * in UTC, without a look at the machine's time zones.
 */
#include "ledger.h"

#include <string.h>

#define DAY_S 86400
#define US_PER_S 1000000
#define DAYS_PER_400Y 146097
#define DAYS_TO_1970 719468	/* from 1 March of the year 0 */

struct date {
	int64_t year;
	int month;	/* from 1 */
	int day;	/* from 1 */
};

/* Years begin in March here: then the odd day is the last one of all. */
static void
date_of(int64_t days, struct date *date)
{
	int64_t era, day, year;
	int month;

	days += DAYS_TO_1970;
	era = days / DAYS_PER_400Y;
	day = days % DAYS_PER_400Y;
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	month = (int)(5 * day + 2) / 153;
	date->day = (int)day - (153 * month + 2) / 5 + 1;
	date->month = month < 10 ? month + 3 : month - 9;
	date->year = era * 400 + year + (date->month <= 2);
}

static int64_t
days_of(const struct date *date)
{
	int64_t year = date->year - (date->month <= 2);
	int64_t era = year / 400, in_era = year % 400;
	int month = date->month > 2 ? date->month - 3 : date->month + 9;

	return era * DAYS_PER_400Y + in_era * 365 + in_era / 4 -
	    in_era / 100 + (153 * month + 2) / 5 + date->day - 1 -
	    DAYS_TO_1970;
}

/* Write ${value} with at least ${width} digits, and ${end}. */
static char *
put(char *out, int64_t value, int width, char end)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	while (n < width)
		digits[n++] = '0';
	while (n > 0)
		*out++ = digits[--n];
	*out++ = end;
	return out;
}

size_t
stamp_print(int64_t us, char out[STAMP_LEN])
{
	int64_t s = us / US_PER_S;
	struct date date;
	char *p = out;

	date_of(s / DAY_S, &date);
	s %= DAY_S;
	p = put(p, date.year, 4, '-');
	p = put(p, date.month, 2, '-');
	p = put(p, date.day, 2, 'T');
	p = put(p, s / 3600, 2, ':');
	p = put(p, s / 60 % 60, 2, ':');
	p = put(p, s % 60, 2, '.');
	p = put(p, us % US_PER_S, 6, 'Z');
	*p = '\0';
	return (size_t)(p - out);
}

/* Read digits and ${end}; the number of digits is checked by printing. */
static int
get(const char **p, const char *end, char behind, int64_t *value)
{
	const char *start = *p;

	for (*value = 0; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
		if (*p - start >= 6)
			return -1;
		*value = *value * 10 + (**p - '0');
	}
	if (*p == start || *p == end || **p != behind)
		return -1;
	(*p)++;
	return 0;
}

int
stamp_parse(const char *p, size_t len, int64_t *us)
{
	const char *start = p, *end = p + len;
	char again[STAMP_LEN];
	int64_t v[7], s;
	struct date date;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		if (get(&p, end, "--T::.Z"[i], &v[i]) == -1)
			return -1;
	if (p != end || v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 ||
	    v[2] > 31)
		return -1;
	date = (struct date) { v[0], (int)v[1], (int)v[2] };
	s = ((days_of(&date) * 24 + v[3]) * 60 + v[4]) * 60 + v[5];
	if (s > (INT64_MAX - v[6]) / US_PER_S)
		return -1;
	*us = s * US_PER_S + v[6];
	/* No 30 February, no minute 60, no digit more than there should be. */
	return stamp_print(*us, again) == len &&
	    memcmp(again, start, len) == 0 ? 0 : -1;
}
