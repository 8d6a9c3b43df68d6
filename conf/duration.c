/* SPDX-License-Identifier: ISC */
/*
 * Durations, in the two formats of clients.conf(5): RFC 3339 appendix A, and
 * the older "1h 30m".  Run by the configuration reader; pure functions.
 */
#include "conf.h"

#include <sys/types.h>

#include <stdio.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define WEEK_MS (7 * DAY_MS)
#define MONTH_MS (4 * WEEK_MS)		/* as the original counts */
#define YEAR_MS (52 * WEEK_MS)

/* Python's timedelta: from -999999999 days to almost 1000000000. */
#define END_MS DURATION_END_MS
#define LEAST_MS (DAY_MS - END_MS)

struct unit {
	char letter;
	int64_t ms;
};

static const struct unit date_units[] = {
	{ 'Y', YEAR_MS }, { 'M', MONTH_MS }, { 'D', DAY_MS }
};
static const struct unit time_units[] = {
	{ 'H', HOUR_MS }, { 'M', MINUTE_MS }, { 'S', SECOND_MS }
};
static const struct unit week_unit = { 'W', WEEK_MS };
static const struct unit old_units[] = {
	{ 'd', DAY_MS }, { 's', SECOND_MS }, { 'm', MINUTE_MS },
	{ 'h', HOUR_MS }, { 'w', WEEK_MS }
};

/* Step over one ASCII character, if that is the next. */
static int
skip(struct text *rest, char c)
{
	if (rest->len == 0 || rest->p[0] != c)
		return 0;
	rest->p++;
	rest->len--;
	return 1;
}

/* Step over digits of any script; a count too large stays INT64_MAX. */
static int
take_count(struct text *rest, int64_t *count)
{
	struct text digits = *rest;
	uint32_t cp;
	size_t n;

	while (rest->len > 0 &&
	    (n = utf8_decode(rest->p, rest->len, &cp)) != 0 &&
	    unicode_digit(cp) != -1) {
		rest->p += n;
		rest->len -= n;
	}
	digits.len -= rest->len;
	return digits.len > 0 && text_integer(digits, count) == 0;
}

/* Add; once the sum is too long it stays so, whatever else there is. */
static void
add(int64_t *sum, int *is_too_long, int64_t count, int64_t ms)
{
	int64_t product;

	if (__builtin_mul_overflow(count, ms, &product) ||
	    product >= END_MS || product < LEAST_MS ||
	    *sum + product >= END_MS || *sum + product < LEAST_MS) {
		*is_too_long = 1;
		return;
	}
	*sum += product;
}

/* One count with its unit, which must be ${unit}. */
static int
take_unit(struct text *rest, const struct unit *unit, int64_t *sum,
    int *is_too_long)
{
	struct text before = *rest;
	int64_t count;

	if (!take_count(rest, &count) || !skip(rest, unit->letter)) {
		*rest = before;
		return 0;
	}
	add(sum, is_too_long, count, unit->ms);
	return 1;
}

/* A run of consecutive units; which one it ends with, or -1 for none. */
static int
take_units(struct text *rest, const struct unit *units, int64_t *sum,
    int *is_too_long)
{
	int i, last = -1;

	for (i = 0; i < 3; i++) {
		if (take_unit(rest, &units[i], sum, is_too_long))
			last = i;
		else if (last != -1)
			break;
	}
	return last;
}

enum duration
duration_rfc3339(struct text text, int64_t *ms)
{
	int is_too_long = 0, last;

	*ms = 0;
	if (!skip(&text, 'P'))
		return DURATION_SYNTAX;
	if (!take_unit(&text, &week_unit, ms, &is_too_long)) {
		last = take_units(&text, date_units, ms, &is_too_long);
		/* A time follows days, or stands alone; never after months. */
		if (last == -1 || last == 2) {
			if (skip(&text, 'T')) {
				if (take_units(&text, time_units, ms,
				    &is_too_long) == -1)
					return DURATION_SYNTAX;
			} else if (last == -1)
				return DURATION_SYNTAX;
		}
	}
	/* The original's pattern ends where a last newline may still be. */
	skip(&text, '\n');
	if (text.len > 0)
		return DURATION_SYNTAX;
	return is_too_long ? DURATION_TOO_LONG : DURATION_OK;
}

static const struct unit *
old_unit(char letter)
{
	size_t i;

	for (i = 0; i < sizeof old_units / sizeof old_units[0]; i++)
		if (old_units[i].letter == letter)
			return &old_units[i];
	return NULL;
}

static enum duration
parse_old(struct text text, int64_t *ms)
{
	const struct unit *unit;
	struct text word;
	int64_t count;
	int is_too_long = 0;

	*ms = 0;
	while (text_word(&text, &word)) {
		if ((unit = old_unit(word.p[word.len - 1])) == NULL)
			return DURATION_SYNTAX;
		word.len--;
		if (text_integer(word, &count) == -1)
			return DURATION_SYNTAX;
		add(ms, &is_too_long, count, unit->ms);
	}
	if (is_too_long)
		return DURATION_TOO_LONG;
	return *ms < 0 ? DURATION_NEGATIVE : DURATION_OK;
}

enum duration
duration_parse(struct text text, int64_t *ms)
{
	enum duration result;

	if ((result = duration_rfc3339(text, ms)) == DURATION_SYNTAX)
		result = parse_old(text, ms);
	return result;
}

const char *
duration_strerror(enum duration result)
{
	switch (result) {
	case DURATION_OK:
		return "a duration";
	case DURATION_SYNTAX:
		return "not a duration, such as PT5M or P1DT12H";
	case DURATION_TOO_LONG:
		return "longer than 999999999 days";
	case DURATION_NEGATIVE:
		return "a negative duration";
	}
	return "?";
}

void
duration_print(char *buf, size_t size, uint64_t ms)
{
	unsigned long long days, h, m, s;
	int n;

	days = ms / (uint64_t)DAY_MS;
	h = ms / (uint64_t)HOUR_MS % 24;
	m = ms / (uint64_t)MINUTE_MS % 60;
	s = ms / (uint64_t)SECOND_MS % 60;
	n = snprintf(buf, size, days > 0 ? "P%lluD" : "P", days);
	buf += n;
	size -= (size_t)n;
	/* Units between the first and the last must not be left out. */
	if (h > 0 && s > 0)
		snprintf(buf, size, "T%lluH%lluM%lluS", h, m, s);
	else if (h > 0 && m > 0)
		snprintf(buf, size, "T%lluH%lluM", h, m);
	else if (h > 0)
		snprintf(buf, size, "T%lluH", h);
	else if (m > 0 && s > 0)
		snprintf(buf, size, "T%lluM%lluS", m, s);
	else if (m > 0)
		snprintf(buf, size, "T%lluM", m);
	else if (s > 0 || days == 0)
		snprintf(buf, size, "T%lluS", s);
}
