/* SPDX-License-Identifier: ISC */
/*
 * Key IDs as text and as bytes.  Used by the reader, which parses them, and by
 * the monitor, which prints them.
 */
#include "keyid.h"

#include <string.h>

/* SHA-256 of no bytes at all: what a peer without a key would hash to. */
static const uint8_t keyid_void[KEYID_LEN] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
	0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
	0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55
};

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

char *
keyid_print(const uint8_t keyid[KEYID_LEN], char hex[KEYID_HEX_LEN])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < KEYID_LEN; i++) {
		hex[2 * i] = digits[keyid[i] >> 4];
		hex[2 * i + 1] = digits[keyid[i] & 0x0f];
	}
	hex[2 * i] = '\0';
	return hex;
}

int
keyid_is_void(const uint8_t keyid[KEYID_LEN])
{
	return memcmp(keyid, keyid_void, KEYID_LEN) == 0;
}
