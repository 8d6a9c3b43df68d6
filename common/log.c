/* SPDX-License-Identifier: ISC */
/*
 * What is logged, for every process.  How a line looks, and where it goes, is
 * in log_line.c for the server, and for a client's console in client/.
 */
#include "log.h"

#include <errno.h>
#include <stdlib.h>

static const char *log_name = "mandos";
static int log_least = LOG_WARNING;

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

#define LOG_BODY(level, error) do {					\
	va_list ap;							\
									\
	if ((level) > log_least)					\
		break;							\
	va_start(ap, fmt);						\
	log_line((level), (error), log_name, fmt, ap);			\
	va_end(ap);							\
} while (0)

void
log_record(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_NOTICE, 0, log_name, fmt, ap);
	va_end(ap);
}

void
log_alertx(const char *fmt, ...)
{
	LOG_BODY(LOG_ALERT, 0);
}

void
log_errx(const char *fmt, ...)
{
	LOG_BODY(LOG_ERR, 0);
}

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
