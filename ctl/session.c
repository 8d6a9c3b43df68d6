/* SPDX-License-Identifier: ISC */
/*
 * Calls to the server, told on standard error if that is wanted: there in the
 * words of the original, but never with a secret.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An object is told of once, when it is used for the first time. */
static void
trace(struct session *session, const char *path)
{
	struct argument *known;

	if (!session->is_debug)
		return;
	STAILQ_FOREACH(known, &session->told, entry)
		if (strcmp(known->text, path) == 0)
			return;
	if ((known = calloc(1, sizeof *known)) == NULL)
		err(EXIT_FAILURE, "calloc");
	known->text = path;
	STAILQ_INSERT_TAIL(&session->told, known, entry);
	complain("D-Bus: Connect to: (busname='%s', path='%s')", BUS_NAME,
	    path);
}

static void
trace_call(const struct session *session, const char *path,
    const char *interface, const char *method, const char *arguments)
{
	if (session->is_debug)
		complain("D-Bus: %s:%s:%s.%s(%s)", BUS_NAME, path, interface,
		    method, arguments);
}

int
session_try(struct session *session, int is_debug, int *is_bus,
    DBusError *error)
{
	session->is_debug = is_debug;
	STAILQ_INIT(&session->told);
	session->patience_ms = DBUS_TIMEOUT_USE_DEFAULT;
	session->connection = bus_open(error);
	*is_bus = session->connection != NULL;
	if (session->connection == NULL)
		return -1;
	trace(session, BUS_PATH);
	return bus_find(session->connection, error);
}

void
session_open(struct session *session, int is_debug)
{
	DBusError error = DBUS_ERROR_INIT;
	int is_bus;

	if (session_try(session, is_debug, &is_bus, &error) == 0)
		return;
	complain("Could not connect to %s: %s",
	    is_bus ? "Mandos server" : "the system bus", error.message);
	dbus_error_free(&error);
	session_close(session);
	exit(EXIT_FAILURE);
}

void
session_close(struct session *session)
{
	struct argument *known;

	while ((known = STAILQ_FIRST(&session->told)) != NULL) {
		STAILQ_REMOVE_HEAD(&session->told, entry);
		free(known);
	}
	bus_close(session->connection);
	session->connection = NULL;
}

static DBusPendingCall *
call(struct session *session, DBusMessage *message)
{
	return bus_send(session->connection, session->patience_ms, message);
}

/* A value as Python shows it; to be freed. */
static char *
show(const struct bus_value *value)
{
	char *text = NULL;
	int n = 0;

	switch (value->type) {
	case DBUS_TYPE_BOOLEAN:
		n = asprintf(&text, "%s", value->truth ? "True" : "False");
		break;
	case DBUS_TYPE_INT32:
		n = asprintf(&text, "%" PRId32, value->int32);
		break;
	case DBUS_TYPE_UINT64:
		n = asprintf(&text, "%" PRIu64, value->uint64);
		break;
	case DBUS_TYPE_STRING:
		text = text_quote(text_from(value->text));
		break;
	default:
		n = asprintf(&text, "%zu bytes", value->len);
		break;
	}
	if (n == -1)
		err(EXIT_FAILURE, "asprintf");
	return text;
}

DBusPendingCall *
session_set(struct session *session, const char *path, const char *property,
    const struct bus_value *value)
{
	char *shown, *arguments;

	trace(session, path);
	shown = show(value);
	if (asprintf(&arguments, "'%s', '%s', %s", BUS_CLIENT, property,
	    shown) == -1)
		err(EXIT_FAILURE, "asprintf");
	trace_call(session, path, BUS_PROPERTIES, "Set", arguments);
	free(arguments);
	free(shown);
	return call(session, bus_message_set(path, property, value));
}

DBusPendingCall *
session_approve(struct session *session, const char *path, dbus_bool_t is_yes)
{
	DBusMessage *message = bus_message(path, BUS_CLIENT, "Approve");

	trace(session, path);
	trace_call(session, path, BUS_CLIENT, "Approve",
	    is_yes ? "True" : "False");
	bus_must(dbus_message_append_args(message, DBUS_TYPE_BOOLEAN, &is_yes,
	    DBUS_TYPE_INVALID));
	return call(session, message);
}

DBusPendingCall *
session_remove(struct session *session, const char *path)
{
	DBusMessage *message = bus_message(BUS_PATH, BUS_SERVER,
	    "RemoveClient");
	char *quoted = text_quote(text_from(path));

	trace_call(session, BUS_PATH, BUS_SERVER, "RemoveClient", quoted);
	free(quoted);
	bus_must(dbus_message_append_args(message, DBUS_TYPE_OBJECT_PATH,
	    &path, DBUS_TYPE_INVALID));
	return call(session, message);
}

DBusMessage *
session_list(struct session *session, const char *signature,
    DBusError *error)
{
	trace_call(session, BUS_PATH, BUS_MANAGER, "GetManagedObjects", "");
	return bus_call_within(session->connection, session->patience_ms,
	    bus_message(BUS_PATH, BUS_MANAGER, "GetManagedObjects"),
	    signature, error);
}

DBusMessage *
session_own(struct session *session, DBusMessage *message,
    const char *signature, DBusError *error)
{
	/* A secret may be among its arguments. */
	trace_call(session, dbus_message_get_path(message),
	    dbus_message_get_interface(message),
	    dbus_message_get_member(message), "...");
	return bus_call_within(session->connection, session->patience_ms,
	    message, signature, error);
}

int
session_is_original(const DBusError *error)
{
	return bus_is_unknown(error->name);
}
