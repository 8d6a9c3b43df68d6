/* SPDX-License-Identifier: ISC */
/*
 * Text from outside, made fit for a terminal.  Run by mandos-monitor.  Names,
 * hosts, commands and reasons are written by others: nothing of them gets to
 * the terminal but by way of text_clean().
 */
#include "tui_text.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#define MARKS_MOST 2		/* combining characters on a base */
#define ESCAPE_LEN 10		/* of \U0010ffff */
#define ELLIPSIS L"..."
#define ELLIPSIS_LEN 3

#define NO_CHARACTER UINT32_MAX

/* Take one character off ${text}; a byte that begins none is none. */
static uint32_t
take(const unsigned char **text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = *text;
	uint32_t c;
	int len, i;

	if (p[0] < 0x80)
		len = 1;
	else if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return NO_CHARACTER;
	c = len == 1 ? p[0] : p[0] & (0xffU >> (len + 1));
	/* The zero at the end is none of these bytes, so this stops there. */
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return NO_CHARACTER;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return NO_CHARACTER;
	*text += len;
	return c;
}

/*
 * What is no text but an order to whoever shows it: controls, directions,
 * invisible joiners and separators, tags, variations, and what has no meaning
 * for all.
 */
static int
is_order(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad ||
	    c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 ||
	    c == 0x17b4 || c == 0x17b5 || (c >= 0x180b && c <= 0x180f) ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0x3164 ||
	    (c >= 0xe000 && c <= 0xf8ff) || (c >= 0xfe00 && c <= 0xfe0f) ||
	    c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) ||
	    (c & 0xfffe) == 0xfffe || c >= 0xe0000;
}

/* Write it as \xNN, \uNNNN or \UNNNNNNNN. */
static size_t
escape(wchar_t out[ESCAPE_LEN], uint32_t c)
{
	static const wchar_t digits[] = L"0123456789abcdef";
	int shift = c < 0x100 ? 4 : c < 0x10000 ? 12 : 28;
	size_t n = 0;

	out[n++] = L'\\';
	out[n++] = c < 0x100 ? L'x' : c < 0x10000 ? L'u' : L'U';
	for (; shift >= 0; shift -= 4)
		out[n++] = digits[c >> shift & 0x0f];
	return n;
}

/*
 * One character as it is shown, in ${out}; ${marks} counts the combining ones
 * since the last base, and is -1 where there is no base.
 */
static size_t
show(wchar_t out[ESCAPE_LEN], uint32_t c, int *marks)
{
	mbstate_t state = { 0 };
	char bytes[16];
	int width = is_order(c) ? -1 : wcwidth((wchar_t)c);

	if (width == 0 && *marks >= 0 && *marks < MARKS_MOST) {
		(*marks)++;
		out[0] = (wchar_t)c;
		return 1;
	}
	if (width <= 0 && (c < 0xa0 || width == 0 || is_order(c))) {
		/* An escape is no base: a mark behind it is one, too. */
		*marks = -1;
		return escape(out, c);
	}
	*marks = 0;
	out[0] = (wchar_t)c;
	if (width < 0 || wcrtomb(bytes, out[0], &state) == (size_t)-1)
		out[0] = L'?';
	return 1;
}

size_t
text_clean(wchar_t *out, size_t size, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	wchar_t some[ESCAPE_LEN];
	size_t n = 0, cut = 0, len;
	uint32_t c;
	int marks = -1;

	while (*p != '\0') {
		if ((c = take(&p)) != NO_CHARACTER)
			len = show(some, c, &marks);
		else {
			len = escape(some, *p++);
			marks = -1;
		}
		if (len >= size - n) {
			wmemcpy(out + cut, ELLIPSIS, ELLIPSIS_LEN);
			n = cut + ELLIPSIS_LEN;
			break;
		}
		/* Here the text can be cut and still end as it must. */
		if (n + ELLIPSIS_LEN < size && marks <= 0)
			cut = n;
		wmemcpy(out + n, some, len);
		n += len;
	}
	out[n] = L'\0';
	return n;
}

static int
cell_width(wchar_t c)
{
	int width = wcwidth(c);

	return width > 0 ? width : 0;
}

int
text_width(const wchar_t *text, size_t len)
{
	int width = 0;
	size_t i;

	for (i = 0; i < len; i++)
		width += cell_width(text[i]);
	return width;
}

size_t
text_fit(const wchar_t *text, size_t len, int width)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((width -= cell_width(text[i])) < 0)
			break;
	return i;
}

size_t
text_line(const wchar_t *text, size_t len, int width, enum text_wrap wrap,
    size_t *next)
{
	size_t n = text_fit(text, len, width), blank;

	*next = wrap == TEXT_CLIP ? len : n;
	if (n == len || wrap == TEXT_CLIP)
		return n;
	if (wrap == TEXT_WORD) {
		/* The blank may be the first that does not fit. */
		for (blank = n; blank > 0 && text[blank] != L' '; blank--)
			continue;
		if (blank > 0) {
			*next = blank + 1;
			return blank;
		}
	}
	/* Not even one fits: it is left out, with its combining ones. */
	if (n == 0)
		for (*next = 1; *next < len && cell_width(text[*next]) == 0;
		    (*next)++)
			continue;
	return n;
}

int
text_lines(const wchar_t *text, size_t len, int width, enum text_wrap wrap)
{
	size_t next = 0;
	int lines = 0;

	do {
		text += next;
		len -= next;
		text_line(text, len, width, wrap, &next);
		lines++;
	} while (next < len);
	return lines;
}
