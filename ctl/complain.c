/* SPDX-License-Identifier: ISC */
/*
 * Words for the user.  What others have said - a server, a bus, whoever has
 * made a file - is shown without its control characters.
 */
#include "ctl.h"

#include <sys/types.h>

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/*
 * What is an order to a terminal: controls, and what turns the direction of
 * writing, so that one thing looks like another.
 */
static int
is_order(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

static char *
escape(const char *text, int keeps_lines)
{
	struct text rest = text_from(text);
	size_t used = 0, n;
	uint32_t c;
	char *out;

	/* \xNN is of one byte or two, \uNNNN of two or three. */
	if ((out = calloc(rest.len + 1, 4)) == NULL)
		err(EXIT_FAILURE, "calloc");
	for (; rest.len > 0; rest.p += n, rest.len -= n) {
		n = utf8_decode(rest.p, rest.len, &c);
		if ((n > 0 && !is_order(c)) ||
		    (keeps_lines && (*rest.p == '\n' || *rest.p == '\t'))) {
			memcpy(out + used, rest.p, n);
			used += n;
			continue;
		}
		/* A byte of no character can be an order to a terminal. */
		if (n == 0) {
			c = (unsigned char)*rest.p;
			n = 1;
		}
		used += (size_t)snprintf(out + used, 7, c < 0x100 ?
		    "\\x%02x" : "\\u%04x", (unsigned int)c);
	}
	return out;
}

char *
printable(const char *text)
{
	return escape(text, 0);
}

void
complain(const char *fmt, ...)
{
	char *text, *escaped;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		err(EXIT_FAILURE, "vasprintf");
	escaped = escape(text, 1);
	fprintf(stderr, "%s\n", escaped);
	free(escaped);
	free(text);
}

char *
last_line(const char *text)
{
	const char *line = text;
	char *copy;
	size_t len;

	while ((text += strcspn(text, "\n"))[0] != '\0') {
		text++;
		if (text[0] != '\n' && text[0] != '\0')
			line = text;
	}
	len = strcspn(line, "\n");
	if ((copy = strndup(line, len)) == NULL)
		err(EXIT_FAILURE, "strndup");
	return copy;
}

int
not_found(const char *name)
{
	char *quoted = text_quote(text_from(name));

	complain("Client not found on server: %s", quoted);
	free(quoted);
	return EXIT_FAILURE;
}

void
flush(FILE *f)
{
	if (fflush(f) == EOF || ferror(f))
		err(EXIT_FAILURE, "standard output");
}
