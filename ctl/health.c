/* SPDX-License-Identifier: ISC */
/*
 * The server and its clients in one line, for a monitoring system: what
 * begins it and the exit status are as such systems have agreed upon.
 */
#include "ctl.h"

#include <sys/types.h>

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 5		/* clients that are named, of each kind */
#define PATIENCE_MS 10000	/* less than monitoring systems have */

enum grade {
	GRADE_OK,
	GRADE_WARNING,
	GRADE_CRITICAL,
	GRADE_UNKNOWN
};

/* What can be the matter with a client; the first that fits. */
enum matter {
	MATTER_DISABLED,
	MATTER_FAILING,
	MATTER_WAITING,
	MATTER_NONE,
	MATTER_COUNT
};

static const char *const matter_names[MATTER_COUNT] = {
	"disabled", "failing", "waiting", "well"
};

__attribute__((format(printf, 2, 3)))
static int
say(enum grade grade, const char *fmt, ...)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL",
		"UNKNOWN" };
	char *text, *shown;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		err(GRADE_UNKNOWN, "vasprintf");
	shown = printable(text);
	printf("MANDOS %s - %s\n", words[grade], shown);
	free(shown);
	free(text);
	/* What nobody can read is no warning. */
	if (fflush(stdout) == EOF || ferror(stdout))
		err(GRADE_UNKNOWN, "standard output");
	return (int)grade;
}

static enum matter
matter_of(const struct record *record)
{
	int64_t status = record_number(record, RECORD_LAST_CHECKER_STATUS);

	if (!record_flag(record, RECORD_ENABLED))
		return MATTER_DISABLED;
	/* -2 is for no checker as yet. */
	if (status != 0 && status != -2)
		return MATTER_FAILING;
	if (record_flag(record, RECORD_APPROVAL_PENDING))
		return MATTER_WAITING;
	return MATTER_NONE;
}

/* "2 disabled (foo, bar), ": appended to ${text}. */
static char *
add_matter(char *text, const struct roster *roster, enum matter matter,
    size_t count)
{
	const struct record *record;
	char *longer;
	size_t i, named = 0;

	if (asprintf(&longer, "%s%s%zu %s (", text,
	    text[0] != '\0' ? ", " : "", count, matter_names[matter]) == -1)
		err(GRADE_UNKNOWN, "asprintf");
	free(text);
	text = longer;
	for (i = 0; i < roster->count && named < NAMES_MAX; i++) {
		record = &roster->records[i];
		if (matter_of(record) != matter)
			continue;
		if (asprintf(&longer, "%s%s%s", text, named > 0 ? ", " : "",
		    record_text(record, RECORD_NAME)) == -1)
			err(GRADE_UNKNOWN, "asprintf");
		free(text);
		text = longer;
		named++;
	}
	if (asprintf(&longer, "%s%s)", text, count > named ? ", ..." :
	    "") == -1)
		err(GRADE_UNKNOWN, "asprintf");
	free(text);
	return longer;
}

/* A "|" in a text of others would begin what is for programs. */
static void
mask(char *text)
{
	for (; (text = strchr(text, '|')) != NULL; *text = '_')
		continue;
}

static int
judge(const struct roster *roster, int has_names)
{
	size_t counts[MATTER_COUNT] = { 0 }, i;
	enum matter matter;
	enum grade grade = GRADE_OK;
	char *text;
	int result;

	for (i = 0; i < roster->count; i++)
		counts[matter_of(&roster->records[i])]++;
	if ((text = strdup("")) == NULL)
		err(GRADE_UNKNOWN, "strdup");
	for (matter = 0; matter < MATTER_NONE; matter++) {
		if (counts[matter] == 0)
			continue;
		grade = GRADE_WARNING;
		text = add_matter(text, roster, matter, counts[matter]);
	}
	if (has_names && counts[MATTER_DISABLED] > 0)
		grade = GRADE_CRITICAL;
	mask(text);
	result = say(grade, "%zu client%s%s%s | clients=%zu disabled=%zu "
	    "failing=%zu waiting=%zu", roster->count,
	    roster->count == 1 ? "" : "s",
	    text[0] != '\0' ? ": " : ", all is well", text, roster->count,
	    counts[MATTER_DISABLED], counts[MATTER_FAILING],
	    counts[MATTER_WAITING]);
	free(text);
	return result;
}

/* Somebody refuses us, or has not what is asked for; else he is ill. */
static int
fault(const DBusError *error, const char *what)
{
	char *why;
	int result;

	if (session_is_original(error))
		return say(GRADE_UNKNOWN,
		    "the server does not offer --health");
	why = last_line(error->message);
	mask(why);
	result = say(dbus_error_has_name(error, DBUS_ERROR_ACCESS_DENIED) ?
	    GRADE_UNKNOWN : GRADE_CRITICAL, "%s: %s", what, why);
	free(why);
	return result;
}

static int
is_complete(const struct roster *roster)
{
	static const enum record_property needed[] = { RECORD_NAME,
		RECORD_ENABLED, RECORD_LAST_CHECKER_STATUS,
		RECORD_APPROVAL_PENDING };
	size_t i, j;

	for (i = 0; i < roster->count; i++)
		for (j = 0; j < sizeof needed / sizeof needed[0]; j++)
			if (!roster->records[i].values[needed[j]].is_known)
				return 0;
	return 1;
}

static int
examine(struct session *session, struct roster *roster,
    const struct invocation *inv)
{
	DBusError error = DBUS_ERROR_INIT;
	const char *missing;
	char *name;
	int result;

	session->patience_ms = PATIENCE_MS;
	if (own_version(session, &error) == -1 ||
	    roster_read(roster, session, &error) == -1) {
		result = fault(&error, "the server does not answer");
		dbus_error_free(&error);
		return result;
	}
	if (!is_complete(roster))
		return say(GRADE_CRITICAL,
		    "the server does not show all of its clients");
	missing = roster_select(roster, inv->names, inv->name_count);
	if (missing != NULL) {
		if ((name = strdup(missing)) == NULL)
			err(GRADE_UNKNOWN, "strdup");
		mask(name);
		result = say(GRADE_UNKNOWN, "there is no client %s", name);
		free(name);
		return result;
	}
	return judge(roster, inv->name_count > 0);
}

int
health(const struct invocation *inv)
{
	struct session session;
	struct roster roster = { .count = 0 };
	DBusError error = DBUS_ERROR_INIT;
	int is_bus, result;

	if (session_try(&session, inv->debug, &is_bus, &error) == 0)
		result = examine(&session, &roster, inv);
	else if (is_bus)
		result = fault(&error, "there is no server");
	else
		result = say(GRADE_UNKNOWN, "there is no system bus: %s",
		    error.message);
	dbus_error_free(&error);
	roster_free(&roster);
	session_close(&session);
	return result;
}
