/* SPDX-License-Identifier: ISC */
/*
 * The self-tests of --check: what can go wrong without a server.  Nothing is
 * asked of a bus.
 */
#include "ctl.h"

#include <sys/types.h>

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int failures;
static int tests;

static void
expect(const char *what, const char *have, const char *want)
{
	tests++;
	if (strcmp(have, want) == 0)
		return;
	failures++;
	complain("%s: is \"%s\", not \"%s\"", what, have, want);
}

static void
check_intervals(void)
{
	static const struct {
		const char *text;
		const char *ms;
		int is_old;
	} samples[] = {
		{ "PT5M", "300000", 0 },
		{ "P1Y2M3DT4H5M6S", "36561906000", 0 },
		{ "P1W", "604800000", 0 },
		{ "P999999999D", "86399999913600000", 0 },
		{ "P1000000000D", "too long", 0 },
		{ "", "0", 1 },
		{ "bogus", "0", 1 },
		{ "300", "300", 1 },
		{ "-5s", "5000", 1 },
		{ "1w 2d 3h 4m 5s", "788645000", 1 },
		{ "P1D2W", "3", 1 },
		{ "5ms", "300000", 1 },
		{ "\331\245s", "5000", 1 },
		{ "\377" "5s", "5000", 1 },
		{ "999999999d", "86399999913600000", 1 },
		{ "1000000000d", "too long", 1 },
		{ "99999999999999999999s", "too long", 1 },
	};
	char text[32];
	int64_t ms;
	size_t i;
	int is_old;

	for (i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		if (interval_parse(text_from(samples[i].text), &ms,
		    &is_old) == DURATION_OK)
			snprintf(text, sizeof text, "%" PRId64, ms);
		else
			strlcpy(text, "too long", sizeof text);
		expect(samples[i].text, text, samples[i].ms);
		expect(samples[i].text, is_old ? "old" : "RFC 3339",
		    samples[i].is_old ? "old" : "RFC 3339");
	}
}

static void
check_times(void)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} samples[] = {
		{ 0, "00:00:00" },
		{ 999, "00:00:00" },
		{ 300000, "00:05:00" },
		{ 86399999, "23:59:59" },
		{ 86400000, "1T00:00:00" },
		{ 88500999, "1T00:35:00" },
		{ UINT64_C(18446744073709551), "213503982T08:01:49" },
		{ UINT64_MAX, "213503982334T14:25:51" },
	};
	char text[TABLE_TIME_LEN];
	size_t i;

	for (i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		table_time(text, samples[i].ms);
		expect("a time in the table", text, samples[i].text);
	}
}

static FILE *
open_text(char **text, size_t *len)
{
	FILE *f = open_memstream(text, len);

	if (f == NULL)
		err(EXIT_FAILURE, "open_memstream");
	return f;
}

static void
check_json(void)
{
	static const char sample[] = "a\"\\/\b\f\n\r\t\001\177 \303\274"
	    "\346\227\245\360\237\230\200";
	char *text;
	size_t len;
	FILE *f = open_text(&text, &len);

	json_text(f, sample);
	fclose(f);
	expect("a text as JSON", text, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001"
	    "\\u007f \\u00fc\\u65e5\\ud83d\\ude00\"");
	free(text);
}

static void
set_text(struct record *record, enum record_property property,
    const char *text)
{
	struct record_value *value = &record->values[property];

	if ((value->text = strdup(text)) == NULL)
		err(EXIT_FAILURE, "strdup");
	value->is_known = 1;
}

static void
check_table(void)
{
	struct roster roster = { .count = 0 };
	struct record *record;
	char *text;
	size_t len;
	FILE *f;

	record = roster_add(&roster, "/clients/foo");
	set_text(record, RECORD_NAME, "foo");
	record = roster_add(&roster, "/clients/u");
	set_text(record, RECORD_NAME, "\303\274\303\274\303\274\303\274"
	    "\303\274");
	f = open_text(&text, &len);
	table_print(f, &roster, TABLE_PLAIN, 0);
	fclose(f);
	expect("a table", text,
	    "Name  Enabled Timeout  Last Successful Check\n"
	    "foo   No      00:00:00                      \n"
	    "\303\274\303\274\303\274\303\274\303\274 No      00:00:00"
	    "                      \n");
	free(text);
	roster_free(&roster);
}

static void
check_texts(void)
{
	char *text = printable("a\033[1m\n\302\233\302\240\177\233z"
	    "\330\234\342\200\256\342\200\246\302");

	expect("a text for a terminal", text, "a\\x1b[1m\\x0a\\x9b\302\240"
	    "\\x7f\\x9bz\\u061c\\u202e\342\200\246\\xc2");
	free(text);
	text = last_line("one\n\ntwo\n\n");
	expect("a last line", text, "two");
	free(text);
	text = last_line("one");
	expect("an only line", text, "one");
	free(text);
}

int
check(void)
{
	check_intervals();
	check_times();
	check_json();
	check_table();
	check_texts();
	if (failures > 0) {
		complain("%d of %d self-tests failed", failures, tests);
		return EXIT_FAILURE;
	}
	complain("%d self-tests\nOK", tests);
	return EXIT_SUCCESS;
}
