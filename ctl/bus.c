/* SPDX-License-Identifier: ISC */
/*
 * The system bus: a connection of one's own, and calls that wait for their
 * answer.  Run by mandos-ctl and mandos-monitor; decides nothing.
 */
#include "bus.h"

#include <sys/types.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

void
bus_must(int condition)
{
	if (!condition)
		errx(EXIT_FAILURE, "out of memory");
}

DBusConnection *
bus_open(DBusError *error)
{
	DBusConnection *connection;

	connection = dbus_bus_get_private(DBUS_BUS_SYSTEM, error);
	if (connection != NULL)
		dbus_connection_set_exit_on_disconnect(connection, FALSE);
	return connection;
}

void
bus_close(DBusConnection *connection)
{
	if (connection == NULL)
		return;
	dbus_connection_close(connection);
	dbus_connection_unref(connection);
}

int
bus_find(DBusConnection *connection, DBusError *error)
{
	/* The order matters: who may call the server need not be allowed to
	 * start it, and who asks for its start is told that it is not there. */
	if (dbus_bus_name_has_owner(connection, BUS_NAME, error))
		return 0;
	if (dbus_error_is_set(error) ||
	    !dbus_bus_start_service_by_name(connection, BUS_NAME, 0, NULL,
	    error))
		return -1;
	return 0;
}

DBusMessage *
bus_message(const char *path, const char *interface, const char *method)
{
	DBusMessage *message;

	message = dbus_message_new_method_call(BUS_NAME, path, interface,
	    method);
	bus_must(message != NULL);
	return message;
}

void
bus_append_variant(DBusMessageIter *iter, const struct bus_value *value)
{
	const char type[] = { value->type, '\0' };
	DBusMessageIter variant, array;

	if (value->type != DBUS_TYPE_BYTE) {
		bus_must(dbus_message_iter_open_container(iter,
		    DBUS_TYPE_VARIANT, type, &variant));
		/* Every other member begins where the union does. */
		bus_must(dbus_message_iter_append_basic(&variant, value->type,
		    &value->text));
		bus_must(dbus_message_iter_close_container(iter, &variant));
		return;
	}
	bus_must(dbus_message_iter_open_container(iter, DBUS_TYPE_VARIANT,
	    "ay", &variant));
	bus_must(dbus_message_iter_open_container(&variant, DBUS_TYPE_ARRAY,
	    "y", &array));
	bus_must(dbus_message_iter_append_fixed_array(&array, DBUS_TYPE_BYTE,
	    &value->bytes, (int)value->len));
	bus_must(dbus_message_iter_close_container(&variant, &array));
	bus_must(dbus_message_iter_close_container(iter, &variant));
}

DBusMessage *
bus_message_set(const char *path, const char *property,
    const struct bus_value *value)
{
	const char *interface = BUS_CLIENT;
	DBusMessage *message;
	DBusMessageIter iter;

	message = bus_message(path, BUS_PROPERTIES, "Set");
	dbus_message_iter_init_append(message, &iter);
	bus_must(dbus_message_iter_append_basic(&iter, DBUS_TYPE_STRING,
	    &interface));
	bus_must(dbus_message_iter_append_basic(&iter, DBUS_TYPE_STRING,
	    &property));
	bus_append_variant(&iter, value);
	return message;
}

DBusMessage *
bus_call(DBusConnection *connection, DBusMessage *message,
    const char *signature, DBusError *error)
{
	return bus_call_within(connection, DBUS_TIMEOUT_USE_DEFAULT, message,
	    signature, error);
}

DBusMessage *
bus_call_within(DBusConnection *connection, int ms, DBusMessage *message,
    const char *signature, DBusError *error)
{
	return bus_wait(bus_send(connection, ms, message), signature, error);
}

DBusPendingCall *
bus_send(DBusConnection *connection, int ms, DBusMessage *message)
{
	DBusPendingCall *pending;

	bus_must(dbus_connection_send_with_reply(connection, message, &pending,
	    ms));
	dbus_message_unref(message);
	return pending;
}

DBusMessage *
bus_wait(DBusPendingCall *pending, const char *signature, DBusError *error)
{
	DBusMessage *reply;

	if (pending == NULL) {
		dbus_set_error(error, DBUS_ERROR_DISCONNECTED,
		    "the bus is gone");
		return NULL;
	}
	dbus_pending_call_block(pending);
	reply = dbus_pending_call_steal_reply(pending);
	dbus_pending_call_unref(pending);
	if (dbus_set_error_from_message(error, reply)) {
		dbus_message_unref(reply);
		return NULL;
	}
	if (dbus_message_has_signature(reply, signature))
		return reply;
	dbus_set_error(error, DBUS_ERROR_INVALID_SIGNATURE,
	    "the server answers with \"%s\" where it should have been \"%s\"",
	    dbus_message_get_signature(reply), signature);
	dbus_message_unref(reply);
	return NULL;
}

void
bus_drop(DBusPendingCall *pending)
{
	if (pending == NULL)
		return;
	dbus_pending_call_cancel(pending);
	dbus_pending_call_unref(pending);
}

int
bus_is_unknown(const char *name)
{
	static const char *const names[] = { DBUS_ERROR_UNKNOWN_OBJECT,
		DBUS_ERROR_UNKNOWN_METHOD, DBUS_ERROR_UNKNOWN_INTERFACE,
		DBUS_ERROR_UNKNOWN_PROPERTY };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}
