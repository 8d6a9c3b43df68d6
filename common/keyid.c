/* SPDX-License-Identifier: ISC */
/*
 * Key IDs as the monitor needs them: it prints them, and parses none.
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
