/* SPDX-License-Identifier: ISC */
/*
 * Log lines of programs in an initramfs: who reads standard error there is a
 * person at a console, so a line has a name in front and no priority.
 */
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 1024	/* a longer text is cut */

/*
 * Copy ${text} to ${out} with everything escaped that is not printable ASCII.
 * A console that is told 0x9b, which may be part of a letter, takes what
 * follows for a command, and some it answers as if the person had typed.
 */
static size_t
escape(char *out, size_t size, const char *text)
{
	size_t n = 0;
	unsigned char c;

	for (; (c = (unsigned char)*text) != '\0' && size - n > 5; text++) {
		if (c >= 0x20 && c < 0x7f)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
	}
	return n;
}

void
log_line(int level, int error, const char *name, const char *fmt, va_list ap)
{
	char text[TEXT_MAX], line[TEXT_MAX + 64];
	int saved = errno, len;
	size_t n;

	(void)level;
	len = vsnprintf(text, sizeof text, fmt, ap);
	if (error != 0 && len >= 0 && (size_t)len < sizeof text)
		snprintf(text + len, sizeof text - (size_t)len, ": %s",
		    strerror(error));
	n = (size_t)snprintf(line, sizeof line, "%.50s: ", name);
	n += escape(line + n, sizeof line - 1 - n, text);
	line[n++] = '\n';
	while (write(STDERR_FILENO, line, n) == -1 && errno == EINTR)
		continue;
	errno = saved;
}
