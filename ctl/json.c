/* SPDX-License-Identifier: ISC */
/*
 * Clients as JSON, byte for byte as Python's json module lays it out: four
 * blanks for each level, and everything that is not printable ASCII as \uXXXX
 * with small digits.  Neither json-c nor jansson can be told to write that, so
 * this file writes it; all strings are valid UTF-8, as the bus has them.
 */
#include "ctl.h"

#include <sys/types.h>

#include <inttypes.h>
#include <string.h>

static void
put_unit(FILE *f, unsigned int unit)
{
	fprintf(f, "\\u%04x", unit);
}

/* A character that is not printable ASCII. */
static void
put_escaped(FILE *f, uint32_t cp)
{
	static const char letters[] = "\b\f\n\r\t", names[] = "bfnrt";
	const char *letter;

	if (cp < 0x20 && (letter = strchr(letters, (int)cp)) != NULL &&
	    cp != 0)
		fprintf(f, "\\%c", names[letter - letters]);
	else if (cp < 0x10000)
		put_unit(f, cp);
	else {
		put_unit(f, 0xd800 + ((cp - 0x10000) >> 10));
		put_unit(f, 0xdc00 + ((cp - 0x10000) & 0x3ff));
	}
}

void
json_text(FILE *f, const char *text)
{
	struct text rest = text_from(text);
	uint32_t cp;
	size_t n;

	fputc('"', f);
	while (rest.len > 0) {
		if ((n = utf8_decode(rest.p, rest.len, &cp)) == 0) {
			/* Of an argument, perhaps; never from the bus. */
			cp = 0xfffd;
			n = 1;
		}
		if (cp == '"' || cp == '\\')
			fprintf(f, "\\%c", (int)cp);
		else if (cp >= 0x20 && cp < 0x7f)
			fputc((int)cp, f);
		else
			put_escaped(f, cp);
		rest.p += n;
		rest.len -= n;
	}
	fputc('"', f);
}

void
json_value(FILE *f, const struct record *record, enum record_property p)
{
	switch (record_rules[p].kind) {
	case RECORD_TEXT:
		json_text(f, record_text(record, p));
		break;
	case RECORD_FLAG:
		fputs(record_flag(record, p) ? "true" : "false", f);
		break;
	case RECORD_MS:
		fprintf(f, "%" PRIu64, record_ms(record, p));
		break;
	case RECORD_NUMBER:
		fprintf(f, "%" PRId64, record_number(record, p));
		break;
	}
}

static void
put_client(FILE *f, const struct record *record)
{
	enum record_property p;

	fputs("    ", f);
	json_text(f, record_text(record, RECORD_NAME));
	fputs(": {", f);
	for (p = 0; p < RECORD_COUNT; p++) {
		fprintf(f, "%s\n        \"%s\": ", p > 0 ? "," : "",
		    record_rules[p].name);
		json_value(f, record, p);
	}
	fputs("\n    }", f);
}

void
json_print(FILE *f, const struct roster *roster)
{
	size_t i;

	fputc('{', f);
	for (i = 0; i < roster->count; i++) {
		fputs(i > 0 ? ",\n" : "\n", f);
		put_client(f, &roster->records[i]);
	}
	fputs(roster->count > 0 ? "\n}\n" : "}\n", f);
}
