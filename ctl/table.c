/* SPDX-License-Identifier: ISC */
/*
 * Clients as a table: columns as wide as what is in them, in characters.  The
 * form is the original's, byte for byte, because scripts read it; so nothing
 * in it is escaped, unless it is for a terminal: whoever may command the server
 * can put into a client's host what root's terminal would obey.
 */
#include "ctl.h"

#include <sys/types.h>

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS 1000U
#define DAY_S 86400U

void
table_time(char text[TABLE_TIME_LEN], uint64_t ms)
{
	uint64_t s = ms / SECOND_MS, days = s / DAY_S;
	unsigned int rest = (unsigned int)(s % DAY_S);
	int n = 0;

	if (days > 0)
		n = snprintf(text, TABLE_TIME_LEN, "%" PRIu64 "T", days);
	snprintf(text + n, TABLE_TIME_LEN - (size_t)n, "%02u:%02u:%02u",
	    rest / 3600, rest / 60 % 60, rest % 60);
}

const char *
table_value(char text[TABLE_TIME_LEN], const struct record *record,
    enum record_property property)
{
	switch (record_rules[property].kind) {
	case RECORD_TEXT:
		return record_text(record, property);
	case RECORD_FLAG:
		return record_flag(record, property) ? "Yes" : "No";
	case RECORD_MS:
		table_time(text, record_ms(record, property));
		return text;
	case RECORD_NUMBER:
		snprintf(text, TABLE_TIME_LEN, "%" PRId64,
		    record_number(record, property));
		return text;
	}
	return "";
}

/* How many characters, of valid UTF-8. */
static size_t
width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* What is in a cell, in new memory. */
static char *
cell_of(const struct record *record, enum record_property property,
    int is_terminal)
{
	char text[TABLE_TIME_LEN], *copy;
	const char *value = table_value(text, record, property);

	if (is_terminal)
		return printable(value);
	if ((copy = strdup(value)) == NULL)
		err(EXIT_FAILURE, "strdup");
	return copy;
}

static void
put_cell(FILE *f, const char *text, size_t to, int is_last)
{
	size_t n;

	fputs(text, f);
	for (n = width(text); n < to; n++)
		fputc(' ', f);
	fputc(is_last ? '\n' : ' ', f);
}

void
table_print(FILE *f, const struct roster *roster, int columns,
    int is_terminal)
{
	size_t widths[RECORD_COUNT], i, n;
	enum record_property p;
	char *cell;

	for (p = 0; p < (enum record_property)columns; p++) {
		widths[p] = width(record_rules[p].title);
		for (i = 0; i < roster->count; i++) {
			cell = cell_of(&roster->records[i], p, is_terminal);
			n = width(cell);
			free(cell);
			if (n > widths[p])
				widths[p] = n;
		}
	}
	for (p = 0; p < (enum record_property)columns; p++)
		put_cell(f, record_rules[p].title, widths[p],
		    (int)p == columns - 1);
	for (i = 0; i < roster->count; i++)
		for (p = 0; p < (enum record_property)columns; p++) {
			cell = cell_of(&roster->records[i], p, is_terminal);
			put_cell(f, cell, widths[p], (int)p == columns - 1);
			free(cell);
		}
}
