/* SPDX-License-Identifier: ISC */
/*
 * Base64 in its one strict form: standard alphabet, padded, nothing else.
 */
#include "ledger.h"

#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const uint8_t *bytes, size_t len, char *out)
{
	uint32_t group;
	size_t i, n;

	for (; len > 0; bytes += n, len -= n) {
		n = len < 3 ? len : 3;
		group = (uint32_t)bytes[0] << 16;
		if (n > 1)
			group |= (uint32_t)bytes[1] << 8;
		if (n > 2)
			group |= bytes[2];
		for (i = 0; i < 4; i++)
			*out++ = i <= n ? digits[group >> (18 - 6 * i) & 63] :
			    '=';
	}
}

static int
value_of(char c)
{
	const char *p = c != '\0' ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

ssize_t
base64_decode(const char *p, size_t len, uint8_t *out)
{
	uint8_t *start = out;
	uint32_t group;
	size_t i, pad;
	int value;

	if (len % 4 != 0)
		return -1;
	for (; len > 0; p += 4, len -= 4) {
		pad = len > 4 || p[3] != '=' ? 0 : p[2] != '=' ? 1 : 2;
		for (group = 0, i = 0; i < 4; i++) {
			value = i < 4 - pad ? value_of(p[i]) : 0;
			if (value == -1)
				return -1;
			group = group << 6 | (uint32_t)value;
		}
		/* Bits that no byte is made of must not differ. */
		if (group & ((1U << 8 * pad) - 1))
			return -1;
		for (i = 0; i < 3 - pad; i++)
			*out++ = (uint8_t)(group >> (16 - 8 * i));
	}
	return out - start;
}
