/* SPDX-License-Identifier: ISC */
/*
 * Times on the command line.  What is no RFC 3339 duration is an older form,
 * in which nothing is wrong: mandos-ctl has always taken it so, and scripts
 * rely on it.  Pure functions.
 */
#include "ctl.h"

#include <sys/types.h>

#include <stdint.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define WEEK_MS (7 * DAY_MS)

/* How long the character is that ${text} begins with, and which digit. */
static size_t
take_char(struct text text, int *digit)
{
	uint32_t cp;
	size_t n = utf8_decode(text.p, text.len, &cp);

	*digit = n == 0 ? -1 : unicode_digit(cp);
	return n == 0 ? 1 : n;
}

static int64_t
unit_of(struct text *text)
{
	int64_t ms = 0;

	switch (text->len > 0 ? text->p[0] : '\0') {
	case 'd':
		ms = DAY_MS;
		break;
	case 's':
		ms = SECOND_MS;
		break;
	case 'm':
		ms = MINUTE_MS;
		break;
	case 'h':
		ms = HOUR_MS;
		break;
	case 'w':
		ms = WEEK_MS;
		break;
	default:
		return 1;
	}
	text->p++;
	text->len--;
	return ms;
}

static enum duration
parse_old(struct text text, int64_t *ms)
{
	int64_t number = 0, product;
	size_t n;
	int digit, in_number = 0, is_too_long = 0;

	*ms = 0;
	while (text.len > 0 || in_number) {
		n = 0;
		digit = -1;
		if (text.len > 0)
			n = take_char(text, &digit);
		if (digit != -1) {
			if (__builtin_mul_overflow(number, 10, &number) ||
			    __builtin_add_overflow(number, digit, &number))
				number = INT64_MAX;
			in_number = 1;
		} else if (in_number) {
			/* What is behind a number may be its unit. */
			if (__builtin_mul_overflow(number, unit_of(&text),
			    &product) || product >= DURATION_END_MS ||
			    *ms + product >= DURATION_END_MS)
				is_too_long = 1;
			else
				*ms += product;
			number = 0;
			in_number = 0;
			continue;
		}
		text.p += n;
		text.len -= n;
	}
	return is_too_long ? DURATION_TOO_LONG : DURATION_OK;
}

enum duration
interval_parse(struct text text, int64_t *ms, int *is_old)
{
	enum duration result = duration_rfc3339(text, ms);

	*is_old = result == DURATION_SYNTAX;
	return *is_old ? parse_old(text, ms) : result;
}
