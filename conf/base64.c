/* SPDX-License-Identifier: ISC */
/*
 * The lenient base64 of the original's secrets.  Run by the configuration
 * reader; a pure function.
 */
#include "conf.h"

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define NO_DIGIT 64

/* What each byte is worth as a digit; secrets are most of a file. */
static uint8_t values[256];

static void
make_values(void)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t i;

	memset(values, NO_DIGIT, sizeof values);
	for (i = 0; i < NO_DIGIT; i++)
		values[(unsigned char)digits[i]] = i;
}

uint8_t *
base64_decode(struct text text, size_t *len)
{
	uint8_t *out;
	size_t i, size = text.len / 4 * 3 + 3;
	unsigned int pending = 0, group = 0, pads = 0;
	uint8_t value;

	if (values[0] != NO_DIGIT)
		make_values();
	if ((out = calloc(1, size)) == NULL)
		fatal("calloc");
	*len = 0;
	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '=') {
			/* Padding counts only where it can stand. */
			if (group >= 2 && group + ++pads >= 4)
				return out;
			continue;
		}
		value = values[(unsigned char)text.p[i]];
		if (value == NO_DIGIT)
			continue;
		pads = 0;
		pending = (pending << 6 | value) & 0xffff;
		if (group > 0)
			out[(*len)++] =
			    (uint8_t)(pending >> (6 - 2 * group));
		group = (group + 1) % 4;
	}
	if (group != 0) {
		freezero(out, size);
		return NULL;
	}
	return out;
}
