/* SPDX-License-Identifier: ISC */
/*
 * Times as the server tells them and as people read them.  Run by
 * mandos-monitor.
 */
#include "tui_time.h"

#include <stdio.h>
#include <time.h>

#define US_PER_S 1000000

int64_t
time_now(void)
{
	struct timespec ts;

	/* It cannot fail: every Linux has this clock. */
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

/* A number of exactly ${len} digits, or -1; ${text} goes behind it. */
static int
digits(const char **text, int len)
{
	int n = 0;

	for (; len > 0; len--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		n = n * 10 + (**text - '0');
	}
	return n;
}

/* The fraction of a second behind the point, in microseconds, or -1. */
static int
fraction(const char *text)
{
	int us = 0, unit = US_PER_S / 10;

	if (*text == '\0')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++, unit /= 10)
		us += (*text - '0') * unit;
	return *text == '\0' ? us : -1;
}

int64_t
time_parse(const char *text)
{
	/* What stands in front of each of year, month, day and so on. */
	static const char mark[] = "\0--T::";
	static const int len[] = { 4, 2, 2, 2, 2, 2 };
	int field[6], us = 0, i;
	struct tm tm, same;
	time_t s;

	for (i = 0; i < 6; i++) {
		if (i > 0 && *text++ != mark[i])
			return TIME_NONE;
		if ((field[i] = digits(&text, len[i])) == -1)
			return TIME_NONE;
	}
	if (*text != '\0' && (*text != '.' || (us = fraction(text + 1)) == -1))
		return TIME_NONE;
	tm = (struct tm){ .tm_year = field[0] - 1900, .tm_mon = field[1] - 1,
		.tm_mday = field[2], .tm_hour = field[3], .tm_min = field[4],
		.tm_sec = field[5] };
	same = tm;
	s = timegm(&same);
	/* There is no 30th of February: timegm() makes another day of it. */
	if (same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday ||
	    same.tm_hour != tm.tm_hour || same.tm_min != tm.tm_min ||
	    same.tm_sec != tm.tm_sec)
		return TIME_NONE;
	return (int64_t)s * US_PER_S + us;
}

void
time_span(char out[TIME_LEN], uint64_t ms)
{
	uint64_t s = ms / 1000, days = s / 86400;
	int n = 0;

	if (days > 0)
		n = snprintf(out, TIME_LEN, "%llu day%s, ",
		    (unsigned long long)days, days == 1 ? "" : "s");
	snprintf(out + n, TIME_LEN - (size_t)n, "%u:%02u:%02u",
	    (unsigned int)(s % 86400 / 3600), (unsigned int)(s % 3600 / 60),
	    (unsigned int)(s % 60));
}

void
time_local(char out[TIME_LEN], int64_t us)
{
	time_t s = (time_t)(us / US_PER_S);
	struct tm tm;

	if (localtime_r(&s, &tm) == NULL ||
	    strftime(out, TIME_LEN, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(out, TIME_LEN, "?");
}

void
time_stamp(char out[TIME_LEN], int64_t us)
{
	char text[TIME_LEN];

	time_local(text, us);
	snprintf(out, TIME_LEN, "%.50s,%03d", text,
	    (int)(us % US_PER_S / 1000));
}
