/* SPDX-License-Identifier: ISC */
/*
 * The functions of log.h as programs in an initramfs need them, in place of
 * those in common/: who reads standard error there is a person at a console,
 * so a line has a name in front and no priority.  Run by every process of
 * mandos-client; write(2) is all it needs.
 */
#include "log.h"

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 1024	/* a longer text is cut */

static const char *log_name = "";
static int log_least = LOG_INFO;

void
log_open(const char *name, int level)
{
	log_name = name;
	log_least = level;
}

int
log_level(void)
{
	return log_least;
}

/* Copy ${text} to ${out} with everything unprintable in it escaped. */
static size_t
escape(char *out, size_t size, const char *text)
{
	size_t n = 0;
	unsigned char c;

	for (; (c = (unsigned char)*text) != '\0' && size - n > 5; text++) {
		if (c >= 0x20 && c != 0x7f)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
	}
	return n;
}

__attribute__((format(printf, 2, 0)))
static void
vlog(int error, const char *fmt, va_list ap)
{
	char text[TEXT_MAX], line[TEXT_MAX + 64];
	int saved = errno, len;
	size_t n;

	len = vsnprintf(text, sizeof text, fmt, ap);
	if (error != 0 && len >= 0 && (size_t)len < sizeof text)
		snprintf(text + len, sizeof text - (size_t)len, ": %s",
		    strerror(error));
	n = (size_t)snprintf(line, sizeof line, "%.50s: ", log_name);
	n += escape(line + n, sizeof line - 1 - n, text);
	line[n++] = '\n';
	while (write(STDERR_FILENO, line, n) == -1 && errno == EINTR)
		continue;
	errno = saved;
}

#define LOG_BODY(level, error) do {					\
	va_list ap;							\
									\
	if ((level) > log_least)					\
		break;							\
	va_start(ap, fmt);						\
	vlog((error), fmt, ap);						\
	va_end(ap);							\
} while (0)

void
log_warn(const char *fmt, ...)
{
	LOG_BODY(LOG_WARNING, errno);
}

void
log_warnx(const char *fmt, ...)
{
	LOG_BODY(LOG_WARNING, 0);
}

void
log_info(const char *fmt, ...)
{
	LOG_BODY(LOG_INFO, 0);
}

void
log_debug(const char *fmt, ...)
{
	LOG_BODY(LOG_DEBUG, 0);
}

void
fatal(const char *fmt, ...)
{
	LOG_BODY(LOG_CRIT, errno);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	LOG_BODY(LOG_CRIT, 0);
	exit(1);
}

void
fatalx_status(int status, const char *fmt, ...)
{
	LOG_BODY(LOG_CRIT, 0);
	exit(status);
}
