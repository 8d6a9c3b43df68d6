/* SPDX-License-Identifier: ISC */
/*
 * bus_fuzz ADDRESS COUNT SEED: call the server COUNT times with what comes to
 * mind: known and unknown objects, interfaces, methods and properties, values
 * of all types, strings of all lengths.  A second connection asks sensibly all
 * the time, and must be answered.  Prints how many replies of what kind came.
 */
#include <sys/types.h>

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define WINDOW 64		/* calls without an answer so far */
#define SENSIBLE_EACH 500
#define LONG_MOST 100000
#define DEPTH_MOST 4

static uint64_t state;
static unsigned long returned, refused;

static unsigned int
rnd(unsigned int below)
{
	/* The generator of Knuth's MMIX: runs can be repeated. */
	state = state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned int)(state >> 33) % below;
}

static void
must(dbus_bool_t ok)
{
	if (!ok)
		errx(1, "libdbus");
}

/* A string now and then long, with characters of all widths. */
static const char *
any_text(void)
{
	static const char *const parts[] = { "a", "%(host)s", "\n", "\xc3\xa5",
		"\xf0\x9f\x92\xa9", " ", "'", "/", "%", "\x01" };
	static char text[LONG_MOST + 8];
	unsigned int len = rnd(20) == 0 ? rnd(LONG_MOST) : rnd(12);
	size_t used = 0;
	const char *part;

	text[0] = '\0';
	while (used < len) {
		part = parts[rnd(sizeof parts / sizeof parts[0])];
		strcpy(text + used, part);
		used += strlen(part);
	}
	return text;
}

static void
append_any(DBusMessageIter *iter, int depth)
{
	static const char types[] = "ybnqiuxtdsogvaar(";
	static const char *const elements[] = { "y", "s", "{sv}", "v", "t" };
	char type = types[rnd(sizeof types - 1)];
	const char *element, *text;
	DBusMessageIter inner, entry;
	DBusBasicValue value = { .u64 = state };
	unsigned int i, n;

	if (depth >= DEPTH_MOST && strchr("var(", type) != NULL)
		type = 't';
	switch (type) {
	case 'b':
		value.bool_val = (dbus_bool_t)rnd(2);
		break;
	case 's':
		text = any_text();
		must(dbus_message_iter_append_basic(iter, 's', &text));
		return;
	case 'o':
		text = rnd(2) ? "/clients/foo" : "/";
		must(dbus_message_iter_append_basic(iter, 'o', &text));
		return;
	case 'g':
		text = rnd(2) ? "a{sv}" : "";
		must(dbus_message_iter_append_basic(iter, 'g', &text));
		return;
	case 'v':
		/* A string in a variant, or another variant in one. */
		n = rnd(2);
		must(dbus_message_iter_open_container(iter, 'v',
		    n ? "s" : "v", &inner));
		text = any_text();
		if (n)
			must(dbus_message_iter_append_basic(&inner, 's',
			    &text));
		else {
			must(dbus_message_iter_open_container(&inner, 'v', "t",
			    &entry));
			must(dbus_message_iter_append_basic(&entry, 't',
			    &value));
			must(dbus_message_iter_close_container(&inner,
			    &entry));
		}
		must(dbus_message_iter_close_container(iter, &inner));
		return;
	case 'a':
		element = elements[rnd(3)];
		must(dbus_message_iter_open_container(iter, 'a', element,
		    &inner));
		n = rnd(10) == 0 ? rnd(70000) : rnd(10);
		for (i = 0; i < n && *element == 'y'; i++)
			must(dbus_message_iter_append_basic(&inner, 'y',
			    &value));
		must(dbus_message_iter_close_container(iter, &inner));
		return;
	case 'r':
	case '(':
		must(dbus_message_iter_open_container(iter, 'r', NULL,
		    &inner));
		for (n = rnd(3) + 1; n > 0; n--)
			append_any(&inner, depth + 1);
		must(dbus_message_iter_close_container(iter, &inner));
		return;
	default:
		break;
	}
	must(dbus_message_iter_append_basic(iter, type, &value));
}

/* A variant with one value, as Set wants it. */
static void
append_variant(DBusMessageIter *iter)
{
	static const char types[] = "ybnqiuxtds";
	char type[] = { types[rnd(sizeof types - 1)], '\0' };
	DBusMessageIter inner, array;
	DBusBasicValue value = { .u64 = rnd(2) ? state : rnd(1000) };
	const uint8_t byte = 0;
	const char *text;
	unsigned int n;

	if (rnd(8) == 0) {
		must(dbus_message_iter_open_container(iter, 'v', "ay",
		    &inner));
		must(dbus_message_iter_open_container(&inner, 'a', "y",
		    &array));
		for (n = rnd(100); n > 0; n--)
			must(dbus_message_iter_append_basic(&array, 'y',
			    &byte));
		must(dbus_message_iter_close_container(&inner, &array));
	} else {
		must(dbus_message_iter_open_container(iter, 'v', type,
		    &inner));
		if (*type == 'b')
			value.bool_val = (dbus_bool_t)rnd(2);
		text = *type == 's' ? any_text() : NULL;
		must(dbus_message_iter_append_basic(&inner, *type,
		    text != NULL ? (const void *)&text : &value));
	}
	must(dbus_message_iter_close_container(iter, &inner));
}

/* Properties.Get, GetAll or Set of something, mostly of what there is. */
static void
append_property(DBusMessageIter *iter, const struct table_interface *i,
    const char *method)
{
	const char *name = i->name, *property;

	if (rnd(8) == 0)
		name = any_text();
	must(dbus_message_iter_append_basic(iter, 's', &name));
	if (strcmp(method, "GetAll") == 0)
		return;
	property = rnd(8) == 0 ? any_text() :
	    table_client[rnd(PROP_MAX)].name;
	must(dbus_message_iter_append_basic(iter, 's', &property));
	if (strcmp(method, "Set") == 0)
		append_variant(iter);
}

/* AddClient, with settings of which most are meant well. */
static void
append_client(DBusMessageIter *iter)
{
	DBusMessageIter dict, entry;
	const char *name = any_text(), *property;
	unsigned int n;

	must(dbus_message_iter_append_basic(iter, 's', &name));
	must(dbus_message_iter_open_container(iter, 'a', "{sv}", &dict));
	for (n = rnd(12); n > 0; n--) {
		must(dbus_message_iter_open_container(&dict, 'e', NULL,
		    &entry));
		property = rnd(16) == 0 ? any_text() :
		    table_client[rnd(PROP_MAX)].name;
		must(dbus_message_iter_append_basic(&entry, 's', &property));
		append_variant(&entry);
		must(dbus_message_iter_close_container(&dict, &entry));
	}
	must(dbus_message_iter_close_container(iter, &dict));
}

static const struct table_interface *
any_interface(void)
{
	unsigned int n = 0;

	while (table_interfaces[n].name != NULL)
		n++;
	return &table_interfaces[rnd(n)];
}

static DBusMessage *
any_call(void)
{
	static const char *const paths[] = { "/", "/clients", "/clients/foo",
		"/clients/bar", "/clients/foo/deep", "/org/openmandos",
		"/nowhere", "/clients/foo" };
	const struct table_interface *i = any_interface();
	const char *method = "Nonsense", *interface = i->name;
	const struct table_method *m;
	DBusMessageIter iter;
	DBusMessage *msg;
	unsigned int n = 0;

	for (m = i->methods; m->name != NULL; m++)
		n++;
	if (n > 0 && rnd(20) != 0)
		method = i->methods[rnd(n)].name;
	/* Nobody is to be removed for good. */
	if (strcmp(method, "RemoveClient") == 0)
		method = "GetAllClients";
	if (rnd(20) == 0)
		interface = rnd(2) ? NULL : "org.example.Nothing";
	msg = dbus_message_new_method_call(BUS_NAME,
	    paths[rnd(sizeof paths / sizeof paths[0])], interface, method);
	must(msg != NULL);
	dbus_message_iter_init_append(msg, &iter);
	if (strcmp(i->name, DBUS_INTERFACE_PROPERTIES) == 0 && rnd(8) != 0)
		append_property(&iter, rnd(2) ? i :
		    table_interface(BUS_NAME ".Client", OBJECT_CLIENT),
		    method);
	else if (strcmp(method, "AddClient") == 0 && rnd(8) != 0)
		append_client(&iter);
	else if (rnd(3) == 0)
		for (n = rnd(3); n > 0; n--)
			append_any(&iter, 0);
	return msg;
}

static DBusConnection *
open_bus(const char *address)
{
	DBusConnection *conn = dbus_connection_open_private(address, NULL);

	if (conn == NULL || !dbus_bus_register(conn, NULL))
		errx(1, "no bus at %s", address);
	return conn;
}

static void
take_replies(DBusConnection *conn, int ms)
{
	DBusMessage *msg;

	if (!dbus_connection_read_write(conn, ms))
		errx(1, "the bus has thrown us out");
	while ((msg = dbus_connection_pop_message(conn)) != NULL) {
		if (dbus_message_get_type(msg) ==
		    DBUS_MESSAGE_TYPE_METHOD_RETURN)
			returned++;
		else if (dbus_message_get_type(msg) ==
		    DBUS_MESSAGE_TYPE_ERROR) {
			if (dbus_message_is_error(msg,
			    DBUS_ERROR_SERVICE_UNKNOWN) ||
			    dbus_message_is_error(msg, DBUS_ERROR_NO_REPLY))
				errx(1, "the server is gone after %lu replies",
				    returned + refused);
			refused++;
		}
		dbus_message_unref(msg);
	}
}

static void
ask_sensibly(DBusConnection *conn)
{
	DBusMessage *msg, *reply;
	DBusError error = DBUS_ERROR_INIT;

	msg = dbus_message_new_method_call(BUS_NAME, "/", BUS_NAME,
	    "GetAllClients");
	must(msg != NULL);
	reply = dbus_connection_send_with_reply_and_block(conn, msg, 10000,
	    &error);
	if (reply == NULL)
		errx(1, "another is not served: %s", error.message);
	dbus_message_unref(reply);
	dbus_message_unref(msg);
}

int
main(int argc, char **argv)
{
	DBusConnection *conn, *sensible;
	unsigned long i, count;
	DBusMessage *msg;

	if (argc != 4)
		errx(64, "usage: bus_fuzz address count seed");
	conn = open_bus(argv[1]);
	sensible = open_bus(argv[1]);
	count = strtoul(argv[2], NULL, 10);
	state = strtoul(argv[3], NULL, 10);
	for (i = 0; i < count; i++) {
		if (i % SENSIBLE_EACH == 0)
			ask_sensibly(sensible);
		msg = any_call();
		must(dbus_connection_send(conn, msg, NULL));
		dbus_message_unref(msg);
		while (i - (returned + refused) >= WINDOW)
			take_replies(conn, 10000);
	}
	while (returned + refused < count)
		take_replies(conn, 10000);
	ask_sensibly(sensible);
	printf("%lu returned, %lu refused\n", returned, refused);
	return 0;
}
