/* SPDX-License-Identifier: ISC */
/*
 * What lists all clients: the ObjectManager, and the deprecated methods that
 * mandos-monitor uses.
 */
#include "table.h"

#include <sys/types.h>

#include <stddef.h>
#include <string.h>

/*
 * The bus cuts off who sends a longer message, unless it is configured
 * otherwise.
 */
#define MESSAGE_MOST (32 * 1024 * 1024)
/* More than the properties of a client take, without their strings. */
#define CLIENT_WEIGHT 1536

/* Bytes that listing the client on one interface takes, at most. */
static size_t
weight(const struct bus_client *c)
{
	size_t sum = CLIENT_WEIGHT + 2 * strlen(c->path);
	int i;

	for (i = 0; i < CLIENT_STRINGS; i++)
		sum += strlen(c->text[i]);
	return sum;
}

/* Bytes that listing all takes, with so many interfaces each, at most. */
static size_t
weigh_all(size_t interfaces)
{
	struct bus_client *c;
	size_t sum = 0;

	for (c = mirror_next(NULL); c != NULL; c = mirror_next(c))
		sum += interfaces * weight(c);
	return sum;
}

static void
refuse(const struct call *call)
{
	call_error(call, DBUS_ERROR_LIMITS_EXCEEDED,
	    "the clients are too many for one message");
}

/* Can it be worth trying?  If not, he is told. */
static int
may_fit(const struct call *call, size_t interfaces)
{
	if (weigh_all(interfaces) <= 2 * MESSAGE_MOST)
		return 1;
	refuse(call);
	return 0;
}

/* Send the list, if it is not too long; where that is not sure, measure it. */
static void
done(const struct call *call, DBusMessage *reply, size_t interfaces)
{
	char *bytes;
	int len = 0;

	if (weigh_all(interfaces) > MESSAGE_MOST) {
		bus_must(dbus_message_marshal(reply, &bytes, &len));
		dbus_free(bytes);
	}
	if (len <= MESSAGE_MOST) {
		call_done(call, reply);
		return;
	}
	dbus_message_unref(reply);
	refuse(call);
}

static void
open_array(DBusMessageIter *iter, const char *type, DBusMessageIter *array)
{
	bus_must(dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, type,
	    array));
}

static void
open_entry(DBusMessageIter *array, int type, const char *key,
    DBusMessageIter *entry)
{
	bus_must(dbus_message_iter_open_container(array,
	    DBUS_TYPE_DICT_ENTRY, NULL, entry));
	bus_must(dbus_message_iter_append_basic(entry, type, &key));
}

static void
close_inner(DBusMessageIter *iter, DBusMessageIter *inner)
{
	bus_must(dbus_message_iter_close_container(iter, inner));
}

/* What a client has, but for what every object has. */
static int
is_listed(const struct table_interface *i)
{
	return i->objects & OBJECT_CLIENT && !i->is_hidden;
}

void
manager_append(DBusMessageIter *iter, const struct bus_client *c)
{
	const struct table_interface *i;
	DBusMessageIter array, entry;

	open_array(iter, "{sa{sv}}", &array);
	for (i = table_interfaces; i->name != NULL; i++) {
		if (!is_listed(i))
			continue;
		open_entry(&array, DBUS_TYPE_STRING, i->name, &entry);
		value_append_all(&entry, i, c);
		close_inner(&array, &entry);
	}
	close_inner(iter, &array);
}

void
manager_append_names(DBusMessageIter *iter)
{
	const struct table_interface *i;
	DBusMessageIter array;

	open_array(iter, "s", &array);
	for (i = table_interfaces; i->name != NULL; i++)
		if (is_listed(i))
			bus_must(dbus_message_iter_append_basic(&array,
			    DBUS_TYPE_STRING, &i->name));
	close_inner(iter, &array);
}

void
call_managed_objects(const struct call *call)
{
	DBusMessageIter iter, array, entry;
	struct bus_client *c;
	DBusMessage *reply;

	/* Two interfaces have properties. */
	if (!may_fit(call, 2))
		return;
	reply = call_reply(call);
	dbus_message_iter_init_append(reply, &iter);
	open_array(&iter, "{oa{sa{sv}}}", &array);
	for (c = mirror_next(NULL); c != NULL; c = mirror_next(c)) {
		open_entry(&array, DBUS_TYPE_OBJECT_PATH, c->path, &entry);
		manager_append(&entry, c);
		close_inner(&array, &entry);
	}
	close_inner(&iter, &array);
	done(call, reply, 2);
}

void
call_all_clients(const struct call *call)
{
	DBusMessageIter iter, array;
	struct bus_client *c;
	DBusMessage *reply;
	const char *path;

	if (!may_fit(call, 1))
		return;
	reply = call_reply(call);
	dbus_message_iter_init_append(reply, &iter);
	open_array(&iter, "o", &array);
	for (c = mirror_next(NULL); c != NULL; c = mirror_next(c)) {
		path = c->path;
		bus_must(dbus_message_iter_append_basic(&array,
		    DBUS_TYPE_OBJECT_PATH, &path));
	}
	close_inner(&iter, &array);
	done(call, reply, 1);
}

void
call_all_properties(const struct call *call)
{
	const struct table_interface *i;
	DBusMessageIter iter, array, entry;
	struct bus_client *c;
	DBusMessage *reply;

	if (!may_fit(call, 1))
		return;
	i = table_interface(BUS_NAME ".Client", OBJECT_CLIENT);
	reply = call_reply(call);
	dbus_message_iter_init_append(reply, &iter);
	open_array(&iter, "{oa{sv}}", &array);
	for (c = mirror_next(NULL); c != NULL; c = mirror_next(c)) {
		open_entry(&array, DBUS_TYPE_OBJECT_PATH, c->path, &entry);
		value_append_all(&entry, i, c);
		close_inner(&array, &entry);
	}
	close_inner(&iter, &array);
	done(call, reply, 1);
}
