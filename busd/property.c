/* SPDX-License-Identifier: ISC */
/*
 * org.freedesktop.DBus.Properties: Get, GetAll and Set.
 */
#include "table.h"

#include <sys/types.h>

#include <inttypes.h>
#include <string.h>

/* The property that is asked for, or NULL: he has been told. */
static const struct table_property *
find_property(const struct call *call, DBusMessageIter *iter)
{
	const struct table_property *p;
	const char *interface, *name;

	dbus_message_iter_init(call->msg, iter);
	dbus_message_iter_get_basic(iter, &interface);
	dbus_message_iter_next(iter);
	dbus_message_iter_get_basic(iter, &name);
	dbus_message_iter_next(iter);
	p = table_property(table_interface(interface, call->object), name);
	if (p == NULL)
		call_error(call, DBUS_ERROR_UNKNOWN_PROPERTY, "%s:%s.%s",
		    call->path, interface, name);
	return p;
}

void
call_get(const struct call *call)
{
	const struct table_property *p;
	DBusMessageIter iter;
	DBusMessage *reply;
	struct value v;

	if ((p = find_property(call, &iter)) == NULL)
		return;
	if (p->source == SOURCE_SECRET) {
		call_error(call, DBUS_ERROR_ACCESS_DENIED, "%s", p->name);
		return;
	}
	reply = call_reply(call);
	dbus_message_iter_init_append(reply, &iter);
	value_get(p, call->client, &v);
	value_append(&iter, &v);
	call_done(call, reply);
}

/* The properties of all interfaces: only one of them has any of its own. */
static const struct table_interface *
any_interface(enum object object)
{
	const struct table_interface *i;

	for (i = table_interfaces; i->name != NULL; i++)
		if (i->objects & object && i->properties != NULL)
			return i;
	return NULL;
}

void
call_get_all(const struct call *call)
{
	DBusMessage *reply = call_reply(call);
	DBusMessageIter iter;
	const char *interface;

	dbus_message_iter_init(call->msg, &iter);
	dbus_message_iter_get_basic(&iter, &interface);
	dbus_message_iter_init_append(reply, &iter);
	value_append_all(&iter, *interface == '\0' ?
	    any_interface(call->object) :
	    table_interface(interface, call->object), call->client);
	call_done(call, reply);
}

static void
refuse_value(const struct call *call, const struct table_property *p,
    const char *wanted)
{
	call_error(call, DBUS_ERROR_INVALID_ARGS, "%s takes %s", p->name,
	    wanted);
}

static void
set_duration(const struct call *call, const struct table_property *p,
    DBusMessageIter *iter)
{
	struct client_fields f = { .number = 0 };
	uint64_t ms;

	if (value_take_number(iter, &ms) == -1 || ms > MOST_MS) {
		refuse_value(call, p, "a number of milliseconds");
		return;
	}
	memcpy((char *)&f + p->where, &ms, sizeof ms);
	request_set(call, call->client, &f, p->set, NULL, 0);
}

static void
set_text(const struct call *call, const struct table_property *p,
    DBusMessageIter *iter)
{
	struct client_fields f = { .number = 0 };
	const char *text;

	if (value_take_text(iter, &text) == -1)
		refuse_value(call, p, "a string");
	else if (strlen(text) > TEXT_MOST)
		refuse_value(call, p, "no string as long as that");
	else
		request_set(call, call->client, &f, p->set, text,
		    strlen(text));
}

/* What has come is wiped where it lies, whatever comes of it. */
static void
set_secret(const struct call *call, const struct table_property *p,
    DBusMessageIter *iter)
{
	struct client_fields f = { .number = 0 };
	const uint8_t *bytes;
	uint8_t *place;
	size_t len;

	if (value_take_bytes(iter, &bytes, &len) == -1) {
		refuse_value(call, p, "an array of bytes");
		return;
	}
	if (len > SECRET_MAX)
		refuse_value(call, p, "no secret as long as that");
	else
		request_set(call, call->client, &f, p->set, bytes, len);
	/* The message is ours alone; libdbus does not know that. */
	memcpy(&place, &bytes, sizeof place);
	if (len > 0)
		explicit_bzero(place, len);
	bus_overwrite();
}

static void
set_flag(const struct call *call, const struct table_property *p,
    DBusMessageIter *iter)
{
	struct client_fields f = { .number = 0 };
	int truth;

	if (value_take_truth(iter, &truth) == -1)
		refuse_value(call, p, "a boolean");
	else if (p->setter == SETTER_SWITCH)
		request_control(call, call->client, truth ? p->on : p->off);
	else {
		f.flags = truth ? (uint32_t)p->where : 0;
		request_set(call, call->client, &f, p->set, NULL, 0);
	}
}

void
call_set(const struct call *call)
{
	const struct table_property *p;
	DBusMessageIter iter;
	const char *text;

	if ((p = find_property(call, &iter)) == NULL)
		return;
	if (p->setter == SETTER_NONE)
		call_error(call, DBUS_ERROR_PROPERTY_READ_ONLY, "%s", p->name);
	else if (p->setter == SETTER_BUMP) {
		if (value_take_text(&iter, &text) == -1)
			refuse_value(call, p, "a string, whatever it says");
		else
			request_control(call, call->client, p->on);
	} else if (p->source == SOURCE_MS)
		set_duration(call, p, &iter);
	else if (p->source == SOURCE_TEXT)
		set_text(call, p, &iter);
	else if (p->source == SOURCE_SECRET)
		set_secret(call, p, &iter);
	else
		set_flag(call, p, &iter);
}
