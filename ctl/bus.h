/* SPDX-License-Identifier: ISC */
/*
 * The system bus, as mandos-ctl and mandos-monitor use it: a connection of
 * one's own, and calls that wait for their answer.  Whatever comes from the
 * bus is looked at before it is believed: who answers need not be a server.
 */
#ifndef BUS_H
#define BUS_H

#include <dbus/dbus.h>

#define BUS_NAME "se.recompile.Mandos"
#define BUS_PATH "/"
#define BUS_SERVER "se.recompile.Mandos"
#define BUS_CLIENT "se.recompile.Mandos.Client"
#define BUS_MANAGER "org.freedesktop.DBus.ObjectManager"
#define BUS_PROPERTIES "org.freedesktop.DBus.Properties"

/* What only our server has; see mandos-dbus(7). */
#define BUS_OWN_PATH "/org/openmandos"
#define BUS_OWN "org.openmandos.Server1"

/*
 * bus_open(error): connect to the system bus.  The connection is private: it
 * is for bus_close(), and the end of the bus does not end the program.
 * Returns NULL with ${error} set.  bus_close(NULL) is harmless.
 */
DBusConnection *bus_open(DBusError *);
void bus_close(DBusConnection *);

/*
 * bus_find(connection, error): see that somebody owns the server's name, or
 * have the bus start who would.  Returns 0, or -1 with ${error} set.
 */
int bus_find(DBusConnection *, DBusError *);

/*
 * bus_message(path, interface, method): a call to the server, without
 * arguments; for dbus_message_unref().  ${path} must be a valid one.
 */
DBusMessage *bus_message(const char *, const char *, const char *);

/*
 * bus_message_set(path, property, value): the call that sets a property of a
 * client to ${value}, a variant of the one-letter type in it.
 */
struct bus_value {
	char type;		/* b, i, s, t or y; the last is an array */
	union {
		dbus_bool_t truth;
		dbus_int32_t int32;
		dbus_uint64_t uint64;
		const char *text;
		const unsigned char *bytes;
	};
	size_t len;		/* of bytes */
};
DBusMessage *bus_message_set(const char *, const char *,
    const struct bus_value *);

/*
 * bus_append_variant(iter, value): append ${value} as a variant.
 */
void bus_append_variant(DBusMessageIter *, const struct bus_value *);

/*
 * bus_call(connection, message, signature, error): send ${message}, which is
 * freed, and wait for the answer.  It must have this signature; else it is
 * an error like one that the server has sent.  Returns the answer, for
 * dbus_message_unref(), or NULL with ${error} set.
 * bus_call_within waits so many milliseconds, or DBUS_TIMEOUT_USE_DEFAULT.
 *
 * bus_send(connection, ms, message), bus_wait(pending, signature, error): the
 * two halves of that, so that something can come in between.  bus_drop(pending)
 * in place of the latter is for an answer that nobody wants any more.  A NULL
 * of bus_send is for them, too: the bus is gone.
 */
DBusMessage *bus_call(DBusConnection *, DBusMessage *, const char *,
    DBusError *);
DBusMessage *bus_call_within(DBusConnection *, int, DBusMessage *,
    const char *, DBusError *);
DBusPendingCall *bus_send(DBusConnection *, int, DBusMessage *);
DBusMessage *bus_wait(DBusPendingCall *, const char *, DBusError *);
void bus_drop(DBusPendingCall *);

/*
 * bus_is_unknown(name): the error of this name says that there is no such
 * object, interface, method or property.
 */
int bus_is_unknown(const char *);

/*
 * bus_must(condition): libdbus has no memory left if ${condition} is false;
 * then the program ends with status 1.
 */
void bus_must(int);

#endif
