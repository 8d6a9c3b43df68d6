/* SPDX-License-Identifier: ISC */
/*
 * Key IDs from text, for the configuration reader.  Apart from keyid.c so that
 * the monitor does not link it.
 */
#include "keyid.h"

#include <stddef.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
keyid_parse(const char *text, uint8_t keyid[KEYID_LEN])
{
	size_t i;
	int high, low;

	for (i = 0; i < KEYID_LEN; i++) {
		if ((high = hex_digit(text[2 * i])) == -1 ||
		    (low = hex_digit(text[2 * i + 1])) == -1)
			return -1;
		keyid[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * i] == '\0' && !keyid_is_void(keyid) ? 0 : -1;
}
