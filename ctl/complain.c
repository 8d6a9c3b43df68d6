/* SPDX-License-Identifier: ISC */
/*
 * Words for the user.  What others have said - a server, a bus - is shown
 * without its control characters.
 */
#include "ctl.h"

#include <sys/types.h>

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static char *
escape(const char *text, int keeps_lines)
{
	static const char digits[] = "0123456789abcdef";
	char *out;
	size_t n = 0;
	unsigned char c;

	if ((out = calloc(strlen(text) + 1, 4)) == NULL)
		err(EXIT_FAILURE, "calloc");
	for (; (c = (unsigned char)*text) != '\0'; text++) {
		if ((c >= 0x20 && c != 0x7f) ||
		    (keeps_lines && (c == '\n' || c == '\t'))) {
			/* U+0080 to U+009F are control characters, too. */
			if (c != 0xc2 || (unsigned char)text[1] < 0x80 ||
			    (unsigned char)text[1] > 0x9f) {
				out[n++] = (char)c;
				continue;
			}
			c = (unsigned char)*++text;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = digits[c >> 4];
		out[n++] = digits[c & 0x0f];
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
