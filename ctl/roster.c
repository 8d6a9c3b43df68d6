/* SPDX-License-Identifier: ISC */
/*
 * The server's clients, in the order in which the server lists them.
 */
#include "ctl.h"

#include <sys/types.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define LISTING "a{oa{sa{sv}}}"

struct record *
roster_add(struct roster *roster, const char *path)
{
	struct record *more;

	/* Double whenever the count is a power of two. */
	if ((roster->count & (roster->count - 1)) == 0) {
		more = recallocarray(roster->records, roster->count,
		    roster->count == 0 ? 1 : 2 * roster->count, sizeof *more);
		if (more == NULL)
			err(EXIT_FAILURE, "recallocarray");
		roster->records = more;
	}
	more = &roster->records[roster->count++];
	record_init(more, path);
	return more;
}

struct record *
roster_take(struct roster *roster, DBusMessageIter *parts)
{
	DBusMessageIter interfaces, interface;
	struct record *record = NULL;
	const char *path, *name;

	dbus_message_iter_get_basic(parts, &path);
	dbus_message_iter_next(parts);
	dbus_message_iter_recurse(parts, &interfaces);
	for (; dbus_message_iter_get_arg_type(&interfaces) !=
	    DBUS_TYPE_INVALID; dbus_message_iter_next(&interfaces)) {
		dbus_message_iter_recurse(&interfaces, &interface);
		dbus_message_iter_get_basic(&interface, &name);
		if (strcmp(name, BUS_CLIENT) != 0)
			continue;
		if (record == NULL)
			record = roster_add(roster, path);
		dbus_message_iter_next(&interface);
		record_fill(record, &interface);
	}
	return record;
}

int
roster_read(struct roster *roster, struct session *session, DBusError *error)
{
	DBusMessage *reply;
	DBusMessageIter iter, objects, object;

	memset(roster, 0, sizeof *roster);
	if ((reply = session_list(session, LISTING, error)) == NULL)
		return -1;
	/* The signature has been checked: these types are what they are. */
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &objects);
	for (; dbus_message_iter_get_arg_type(&objects) != DBUS_TYPE_INVALID;
	    dbus_message_iter_next(&objects)) {
		dbus_message_iter_recurse(&objects, &object);
		roster_take(roster, &object);
	}
	dbus_message_unref(reply);
	return 0;
}

void
roster_list(struct roster *roster, struct session *session)
{
	DBusError error = DBUS_ERROR_INIT;

	if (roster_read(roster, session, &error) == 0)
		return;
	complain("Failed to access Mandos server through D-Bus:\n%s",
	    error.message);
	dbus_error_free(&error);
	exit(EXIT_FAILURE);
}

void
roster_free(struct roster *roster)
{
	size_t i;

	for (i = 0; i < roster->count; i++)
		record_free(&roster->records[i]);
	free(roster->records);
	memset(roster, 0, sizeof *roster);
}

void
roster_drop(struct roster *roster, struct record *record)
{
	struct record *last = &roster->records[roster->count - 1];

	record_free(record);
	/* What has been freed may have been the last, and is zeroes then. */
	*record = *last;
	memset(last, 0, sizeof *last);
	roster->count--;
}

struct record *
roster_find(const struct roster *roster, const char *name)
{
	struct record *record;
	size_t i;

	for (i = 0; i < roster->count; i++) {
		record = &roster->records[i];
		if (record->values[RECORD_NAME].is_known &&
		    strcmp(record_text(record, RECORD_NAME), name) == 0)
			return record;
	}
	return NULL;
}

struct record *
roster_at(const struct roster *roster, const char *path)
{
	size_t i;

	for (i = 0; i < roster->count; i++)
		if (strcmp(roster->records[i].path, path) == 0)
			return &roster->records[i];
	return NULL;
}

const char *
roster_select(struct roster *roster, const char **names, size_t count)
{
	struct roster selected = { .count = 0 };
	struct record *record, *copy;
	size_t i;

	if (count == 0)
		return NULL;
	for (i = 0; i < count; i++) {
		/* What has been taken is not found again, but is there. */
		if (roster_find(&selected, names[i]) != NULL)
			continue;
		if ((record = roster_find(roster, names[i])) == NULL) {
			roster_free(&selected);
			return names[i];
		}
		copy = roster_add(&selected, "");
		record_free(copy);
		*copy = *record;
		memset(record, 0, sizeof *record);
	}
	roster_free(roster);
	*roster = selected;
	return NULL;
}

void
roster_require(const struct roster *roster, int count)
{
	const struct record *record;
	size_t i;
	int property;

	for (i = 0; i < roster->count; i++) {
		record = &roster->records[i];
		for (property = 0; property < count; property++) {
			if (record->values[property].is_known)
				continue;
			complain("The server does not show %s of %s",
			    record_rules[property].name, record->path);
			exit(EXIT_FAILURE);
		}
	}
}
