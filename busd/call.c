/* SPDX-License-Identifier: ISC */
/*
 * Method calls: which object and method is meant, and the handlers of those
 * that need no file of their own.
 */
#include "table.h"

#include <sys/types.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "path.h"

#define OWN_PATH "/org/openmandos"
#define WORDS_MOST 4096		/* of an error, which may quote the caller */

static enum object
find_object(const char *path, struct bus_client **client)
{
	char *inside;
	int is_node;

	*client = NULL;
	if (strcmp(path, "/") == 0)
		return OBJECT_ROOT;
	if (strcmp(path, OWN_PATH) == 0)
		return OBJECT_OWN;
	if (strcmp(path, PATH_CLIENTS) == 0)
		return OBJECT_NODE;
	if ((*client = mirror_path(path)) != NULL)
		return OBJECT_CLIENT;
	if (asprintf(&inside, "%s/", path) == -1)
		fatal("asprintf");
	is_node = mirror_below(inside) != NULL;
	free(inside);
	return is_node ? OBJECT_NODE : OBJECT_NONE;
}

static const struct table_method *
find_method(const struct table_interface *interface, const char *name)
{
	const struct table_method *m;

	for (m = interface->methods; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* The interface may be left out. */
static const struct table_method *
find_any_method(const char *interface, const char *name, enum object object)
{
	const struct table_interface *i;
	const struct table_method *m;

	if (interface != NULL) {
		i = table_interface(interface, object);
		return i == NULL ? NULL : find_method(i, name);
	}
	for (i = table_interfaces; i->name != NULL; i++)
		if (i->objects & object && (m = find_method(i, name)) != NULL)
			return m;
	return NULL;
}

/* A single boolean may be in a variant; some callers know no better. */
static int
has_arguments(DBusMessage *msg, const struct table_method *m)
{
	const struct table_arg *arg;
	char signature[16] = "";

	for (arg = m->args; arg->type != NULL; arg++)
		if (!arg->is_out)
			strlcat(signature, arg->type, sizeof signature);
	return dbus_message_has_signature(msg, signature) ||
	    (strcmp(signature, "b") == 0 &&
	    dbus_message_has_signature(msg, "v"));
}

void
call_handle(DBusMessage *msg, struct caller *caller)
{
	struct call call = { .msg = msg, .caller = caller,
		.path = dbus_message_get_path(msg) };
	const char *interface = dbus_message_get_interface(msg);
	const char *name = dbus_message_get_member(msg);
	const struct table_method *m;

	call.object = find_object(call.path, &call.client);
	/* A machine is there whatever the object. */
	if (call.object == OBJECT_NONE && interface != NULL &&
	    strcmp(interface, DBUS_INTERFACE_PEER) == 0)
		call.object = OBJECT_NODE;
	if (call.object == OBJECT_NONE) {
		call_error(&call, DBUS_ERROR_UNKNOWN_OBJECT,
		    "there is no object %s", call.path);
		return;
	}
	m = find_any_method(interface, name, call.object);
	if (m == NULL)
		call_error(&call, DBUS_ERROR_UNKNOWN_METHOD,
		    "Unknown method: %s is not a valid method of %s%s", name,
		    interface == NULL ? "the object" : "interface ",
		    interface == NULL ? "" : interface);
	else if (!has_arguments(msg, m))
		call_error(&call, DBUS_ERROR_INVALID_ARGS,
		    "%s does not take arguments of type \"%s\"", name,
		    dbus_message_get_signature(msg));
	else if (m->handle != NULL)
		m->handle(&call);
	else
		request_control(&call, call.client, m->what);
}

DBusMessage *
call_reply(const struct call *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call->msg);

	bus_must(reply != NULL);
	return reply;
}

void
call_done(const struct call *call, DBusMessage *reply)
{
	if (dbus_message_get_no_reply(call->msg))
		dbus_message_unref(reply);
	else
		bus_send(reply);
}

void
call_error(const struct call *call, const char *name, const char *fmt, ...)
{
	DBusMessage *reply;
	size_t len;
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
	/* The bus cuts off who sends too much; not within a character. */
	if (strlen(text) > WORDS_MOST) {
		for (len = WORDS_MOST; (text[len] & 0xc0) == 0x80; len--)
			;
		text[len] = '\0';
	}
	reply = dbus_message_new_error(call->msg, name, text);
	bus_must(reply != NULL);
	free(text);
	call_done(call, reply);
}

void
call_introspect(const struct call *call)
{
	DBusMessage *reply = call_reply(call);
	char *xml = introspect(call->object, call->path);

	bus_must(dbus_message_append_args(reply, DBUS_TYPE_STRING, &xml,
	    DBUS_TYPE_INVALID));
	free(xml);
	call_done(call, reply);
}

void
call_ping(const struct call *call)
{
	call_done(call, call_reply(call));
}

void
call_machine(const struct call *call)
{
	DBusMessage *reply;

	if (busd.machine == NULL) {
		call_error(call, DBUS_ERROR_FILE_NOT_FOUND,
		    "this machine has no ID");
		return;
	}
	reply = call_reply(call);
	bus_must(dbus_message_append_args(reply, DBUS_TYPE_STRING,
	    &busd.machine, DBUS_TYPE_INVALID));
	call_done(call, reply);
}

void
call_approve(const struct call *call)
{
	DBusMessageIter iter;
	int truth;

	dbus_message_iter_init(call->msg, &iter);
	if (value_take_truth(&iter, &truth) == -1)
		call_error(call, DBUS_ERROR_INVALID_ARGS,
		    "Approve takes a boolean");
	else
		request_control(call, call->client,
		    truth ? CONTROL_APPROVE : CONTROL_DENY);
}

/* The client whose path is the argument, or NULL: he has been told. */
static struct bus_client *
take_client(const struct call *call)
{
	struct bus_client *c;
	const char *path;

	if (!dbus_message_get_args(call->msg, NULL, DBUS_TYPE_OBJECT_PATH,
	    &path, DBUS_TYPE_INVALID))
		return NULL;
	if ((c = mirror_path(path)) == NULL)
		call_error(call, DBUS_ERROR_UNKNOWN_OBJECT,
		    "there is no client %s", path);
	return c;
}

void
call_remove_client(const struct call *call)
{
	struct bus_client *c = take_client(call);

	if (c != NULL)
		request_control(call, c, CONTROL_REMOVE);
}

void
call_why(const struct call *call)
{
	struct bus_client *c = take_client(call);
	struct reason reason;
	const char *sentence = reason.sentence;
	DBusMessage *reply;

	if (c == NULL)
		return;
	why(c, &reason);
	reply = call_reply(call);
	bus_must(dbus_message_append_args(reply, DBUS_TYPE_STRING,
	    &reason.code, DBUS_TYPE_STRING, &sentence, DBUS_TYPE_INVALID));
	call_done(call, reply);
}
