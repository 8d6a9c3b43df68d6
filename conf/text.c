/* SPDX-License-Identifier: ISC */
/*
 * Slices of text, and the small values that Python reads from them.  Run by
 * the configuration reader; pure functions.
 */
#include "conf.h"

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

int
text_is(struct text text, const char *string)
{
	return text.len == strlen(string) &&
	    memcmp(text.p, string, text.len) == 0;
}

int
text_compare(struct text a, struct text b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int diff;

	if (len > 0 && (diff = memcmp(a.p, b.p, len)) != 0)
		return diff;
	return a.len < b.len ? -1 : a.len > b.len;
}

struct text
text_from(const char *string)
{
	return (struct text) { .p = string, .len = strlen(string) };
}

/* The first character; bytes that are none count as one, and no space. */
static size_t
first_char(struct text text, uint32_t *cp)
{
	size_t n;

	if ((n = utf8_decode(text.p, text.len, cp)) == 0) {
		*cp = 0xfffd;
		return 1;
	}
	return n;
}

struct text
text_strip(struct text text)
{
	uint32_t cp;
	size_t n, back;

	while (text.len > 0) {
		n = first_char(text, &cp);
		if (!unicode_is_space(cp))
			break;
		text.p += n;
		text.len -= n;
	}
	while (text.len > 0) {
		for (back = 1; back < 4 && back < text.len; back++)
			if ((text.p[text.len - back] & 0xc0) != 0x80)
				break;
		n = utf8_decode(text.p + text.len - back, back, &cp);
		if (n != back || !unicode_is_space(cp))
			break;
		text.len -= n;
	}
	return text;
}

int
text_word(struct text *rest, struct text *word)
{
	uint32_t cp;
	size_t n;

	*rest = text_strip(*rest);
	*word = *rest;
	while (rest->len > 0) {
		n = first_char(*rest, &cp);
		if (unicode_is_space(cp))
			break;
		rest->p += n;
		rest->len -= n;
	}
	word->len -= rest->len;
	return word->len > 0;
}

int
text_integer(struct text text, int64_t *value)
{
	int64_t n = 0;
	uint32_t cp;
	size_t used;
	int digit, is_negative = 0, after_digit = 0;

	text = text_strip(text);
	if (text.len > 0 && (text.p[0] == '+' || text.p[0] == '-')) {
		is_negative = text.p[0] == '-';
		text.p++;
		text.len--;
	}
	for (; text.len > 0; text.p += used, text.len -= used) {
		used = first_char(text, &cp);
		if (cp == '_' && after_digit) {
			after_digit = 0;
			continue;
		}
		if ((digit = unicode_digit(cp)) == -1)
			return -1;
		after_digit = 1;
		/* Downwards, where there is room for INT64_MIN. */
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, digit, &n))
			n = INT64_MIN;
	}
	if (!after_digit)
		return -1;
	if (!is_negative)
		n = n == INT64_MIN ? INT64_MAX : -n;
	*value = n;
	return 0;
}

int
text_boolean(struct text text, int *value)
{
	static const char *const words[] = { "0", "1", "no", "yes", "false",
		"true", "off", "on" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i]) == text.len &&
		    strncasecmp(words[i], text.p, text.len) == 0) {
			*value = i % 2 == 1;
			return 0;
		}
	}
	return -1;
}

char *
text_dup(struct text text)
{
	char *copy;

	if (text.len > 0 && memchr(text.p, '\0', text.len) != NULL)
		return NULL;
	if ((copy = calloc(1, text.len + 1)) == NULL)
		fatal("calloc");
	if (text.len > 0)
		memcpy(copy, text.p, text.len);
	return copy;
}

/* One character as repr() shows it; ${out} has room for 10 bytes. */
static size_t
quote_char(struct text text, char quote, char *out, size_t *used)
{
	uint32_t cp;

	if ((*used = utf8_decode(text.p, text.len, &cp)) == 0) {
		/* A byte that is no text is a lone surrogate to Python. */
		*used = 1;
		return (size_t)snprintf(out, 10, "\\udc%02x",
		    (unsigned char)text.p[0]);
	}
	if (cp == (unsigned char)quote || cp == '\\')
		return (size_t)snprintf(out, 10, "\\%c", (int)cp);
	if (cp == '\t' || cp == '\n' || cp == '\r')
		return (size_t)snprintf(out, 10, "\\%c",
		    cp == '\t' ? 't' : cp == '\n' ? 'n' : 'r');
	if (cp < 0x20 || (cp >= 0x7f && cp <= 0xa0) || cp == 0xad)
		return (size_t)snprintf(out, 10, "\\x%02x", cp);
	if (unicode_is_space(cp) && cp != ' ')
		return (size_t)snprintf(out, 10, "\\u%04x", cp);
	memcpy(out, text.p, *used);
	return *used;
}

char *
text_quote(struct text text)
{
	char quote = '\'', *out;
	size_t len = 0, used;

	if (text.len > 0 && memchr(text.p, '\'', text.len) != NULL &&
	    memchr(text.p, '"', text.len) == NULL)
		quote = '"';
	if ((out = calloc(text.len + 1, 10)) == NULL)
		fatal("calloc");
	out[len++] = quote;
	while (text.len > 0) {
		len += quote_char(text, quote, out + len, &used);
		text.p += used;
		text.len -= used;
	}
	out[len++] = quote;
	out[len] = '\0';
	return out;
}
