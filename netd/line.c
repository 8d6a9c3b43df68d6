/* SPDX-License-Identifier: ISC */
/*
 * The first line, judged as the original judges it: text in UTF-8, whose
 * first field between white space is an integer no greater than 1.  Runs in a
 * session, on bytes from anybody; a pure function of those bytes.
 */
#include "line.h"

#include <stddef.h>
#include <stdint.h>

/* The digit zero of every script; the digits 1 to 9 follow each of them. */
static const uint32_t zeros[] = { 0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6,
	0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
	0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
	0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0,
	0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136,
	0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0,
	0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce,
	0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950,
	0x1fbf0 };

#define NOT_A_DIGIT 10

static unsigned int
digit_value(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof zeros / sizeof *zeros && zeros[i] <= c; i++)
		if (c - zeros[i] < 10)
			return c - zeros[i];
	return NOT_A_DIGIT;
}

/* White space as Unicode has it. */
static int
is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) ||
	    c == 0x85 || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	    c == 0x202f || c == 0x205f || c == 0x3000;
}

/*
 * Decode one character at ${p}; returns its length, 0 if it is not UTF-8 in
 * its shortest form.
 */
static size_t
decode(const uint8_t *p, size_t left, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, n;

	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	if (p[0] >= 0xc0 && p[0] < 0xe0) {
		n = 2;
		*c = p[0] & 0x1f;
	} else if (p[0] >= 0xe0 && p[0] < 0xf0) {
		n = 3;
		*c = p[0] & 0x0f;
	} else if (p[0] >= 0xf0 && p[0] < 0xf8) {
		n = 4;
		*c = p[0] & 0x07;
	} else {
		return 0;
	}
	if (n > left)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return n;
}

/* The version, read character by character. */
struct version {
	enum {
		BEFORE,		/* white space only so far */
		SIGN,		/* a sign and no digit */
		DIGIT,
		UNDERSCORE,	/* behind a digit, and one must follow */
		AFTER,		/* the first field is complete */
		WRONG
	} at;
	int negative;
	unsigned int value;	/* never counted beyond 2 */
};

static void
version_put(struct version *v, uint32_t c)
{
	unsigned int digit;

	if (v->at == AFTER || v->at == WRONG)
		return;
	if (is_space(c)) {
		if (v->at == DIGIT)
			v->at = AFTER;
		else if (v->at != BEFORE)
			v->at = WRONG;
	} else if ((c == '+' || c == '-') && v->at == BEFORE) {
		v->negative = c == '-';
		v->at = SIGN;
	} else if (c == '_' && v->at == DIGIT) {
		v->at = UNDERSCORE;
	} else if ((digit = digit_value(c)) != NOT_A_DIGIT) {
		v->value = v->value * 10 + digit;
		if (v->value > 2)
			v->value = 2;
		v->at = DIGIT;
	} else {
		v->at = WRONG;
	}
}

static enum line
judge_text(const uint8_t *bytes, size_t len)
{
	struct version v = { .at = BEFORE };
	uint32_t c;
	size_t i, n;

	for (i = 0; i < len; i += n) {
		if ((n = decode(bytes + i, len - i, &c)) == 0)
			return LINE_BAD;
		version_put(&v, c);
	}
	if (v.at != DIGIT && v.at != AFTER)
		return LINE_BAD;
	return v.negative || v.value <= 1 ? LINE_OK : LINE_BAD;
}

enum line
line_judge(const uint8_t *bytes, size_t len, int eof, size_t *used)
{
	size_t end;

	for (end = 0; end < len; end++)
		if (bytes[end] == '\n' || bytes[end] == '\r')
			break;
	if (end >= LINE_BYTES)
		return LINE_BAD;
	if (end == len && !eof)
		return LINE_MORE;
	*used = end;
	if (end < len) {
		/* Whether a carriage return is all, the next byte tells. */
		if (bytes[end] == '\r' && end + 1 == len && !eof)
			return LINE_MORE;
		*used += 1;
		if (bytes[end] == '\r' && end + 1 < len &&
		    bytes[end + 1] == '\n')
			*used += 1;
	}
	return judge_text(bytes, end);
}

const char *
line_quote(const uint8_t *bytes, size_t len, char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t i, n = 0;

	for (i = 0; i < len && size - n > 4; i++) {
		if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\'' &&
		    bytes[i] != '\\') {
			text[n++] = (char)bytes[i];
			continue;
		}
		text[n++] = '\\';
		text[n++] = 'x';
		text[n++] = digits[bytes[i] >> 4];
		text[n++] = digits[bytes[i] & 0x0f];
	}
	text[n] = '\0';
	return text;
}
