/* SPDX-License-Identifier: ISC */
/*
 * Complaints about the configuration, each with its file and line.  They go
 * to the log, so that they reach the journal as well as a terminal.  Run by
 * the configuration reader; never shows a value from clients.conf.
 */
#include "conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"

#define PROBLEM_LEN 1024

static unsigned int errors;
static unsigned int warnings;
static unsigned int passing;	/* of the errors */
static char first[PROBLEM_LEN];
static void (*problem_sink)(int, const char *);

static void
say(int is_error, const char *line)
{
	if (problem_sink != NULL)
		problem_sink(is_error, line);
	else if (is_error)
		log_errx("%s", line);
	else
		log_warnx("%s", line);
}

__attribute__((format(printf, 4, 0)))
static void
complain(int is_error, unsigned int count, const struct where *where,
    const char *fmt, va_list ap)
{
	char line[PROBLEM_LEN];
	int n;

	if (count > PROBLEMS_MAX)
		return;
	if (count == PROBLEMS_MAX) {
		say(is_error, is_error ? "there are more errors" :
		    "there are more warnings");
		return;
	}
	if (where->line > 0)
		n = snprintf(line, sizeof line, "%s:%u: ", where->file,
		    where->line);
	else
		n = snprintf(line, sizeof line, "%s: ", where->file);
	if (n >= 0 && (size_t)n < sizeof line)
		vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
	if (is_error && count == 0)
		memcpy(first, line, sizeof first);
	say(is_error, line);
}

void
problem_error(const struct where *where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(1, errors++, where, fmt, ap);
	va_end(ap);
}

void
problem_warn(const struct where *where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(0, warnings++, where, fmt, ap);
	va_end(ap);
}

void
problem_may_pass(void)
{
	passing++;
}

int
problem_status(void)
{
	return passing == errors ? EXIT_FAILURE : EX_CONFIG;
}

unsigned int
problem_count(void)
{
	return errors;
}

const char *
problem_first(void)
{
	return first;
}

void
problem_reset(void (*sink)(int, const char *))
{
	errors = warnings = passing = 0;
	first[0] = '\0';
	problem_sink = sink;
}
