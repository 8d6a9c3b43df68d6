/* SPDX-License-Identifier: ISC */
/*
 * What the server tells: from a message to the model and the log.  Run by
 * mandos-monitor.  A message that is not what it should be is ignored.
 */
#include "tui.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <stdint.h>
#include <string.h>

#include "loop.h"
#include "tui_link.h"

#define SECOND_MS 1000.0

/* A server that has just come announces its clients one by one. */
#define NONE_MS 500

static struct loop_timer none;

/* The dictionary at ${iter} has this interface: go to its properties. */
static int
find_interface(DBusMessageIter *iter, DBusMessageIter *properties)
{
	DBusMessageIter entries, entry;
	const char *name;

	dbus_message_iter_recurse(iter, &entries);
	for (; dbus_message_iter_get_arg_type(&entries) ==
	    DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&entries)) {
		dbus_message_iter_recurse(&entries, &entry);
		dbus_message_iter_get_basic(&entry, &name);
		if (strcmp(name, BUS_CLIENT) != 0)
			continue;
		dbus_message_iter_next(&entry);
		*properties = entry;
		return 1;
	}
	return 0;
}

/* An object with interfaces, oa{sa{sv}}; if it is a client, keep it. */
static struct client *
take_object(DBusMessageIter *iter, int *is_new)
{
	DBusMessageIter properties;
	struct record record;
	const char *path;

	dbus_message_iter_get_basic(iter, &path);
	dbus_message_iter_next(iter);
	if (!find_interface(iter, &properties))
		return NULL;
	record_init(&record, path);
	record_fill(&record, &properties);
	return model_put(tui.model, &record, is_new);
}

static void
none_due(struct loop_timer *timer)
{
	(void)timer;
	if (link_state() == LINK_UP && model_count(tui.model) == 0)
		tui_say(1, "Note: Server has no clients.");
}

void
event_init(void)
{
	loop_timer_init(&none, none_due, NULL);
}

int
event_listing(DBusMessage *reply)
{
	DBusMessageIter iter, objects, object;

	if (!dbus_message_has_signature(reply, "a{oa{sa{sv}}}"))
		return -1;
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &objects);
	model_list_begin(tui.model);
	for (; dbus_message_iter_get_arg_type(&objects) ==
	    DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&objects)) {
		dbus_message_iter_recurse(&objects, &object);
		take_object(&object, NULL);
	}
	model_list_end(tui.model);
	detail_changed(NULL);
	if (model_count(tui.model) == 0)
		loop_timer_set(&none, NONE_MS);
	return 0;
}

static void
added(DBusMessage *msg)
{
	DBusMessageIter iter;
	struct client *c;
	int is_new;

	dbus_message_iter_init(msg, &iter);
	if ((c = take_object(&iter, &is_new)) == NULL)
		return;
	if (is_new)
		tui_say_verbose("Created client %s", client_name(c));
	detail_changed(c);
}

static void
removed(DBusMessage *msg)
{
	DBusMessageIter iter, names;
	struct client *c;
	const char *path, *name;

	dbus_message_iter_init(msg, &iter);
	dbus_message_iter_get_basic(&iter, &path);
	dbus_message_iter_next(&iter);
	dbus_message_iter_recurse(&iter, &names);
	for (; dbus_message_iter_get_arg_type(&names) == DBUS_TYPE_STRING;
	    dbus_message_iter_next(&names)) {
		dbus_message_iter_get_basic(&names, &name);
		if (strcmp(name, BUS_CLIENT) != 0)
			continue;
		if ((c = model_find(tui.model, path)) == NULL) {
			tui_say(1, "Unknown client %s removed", path);
			return;
		}
		model_remove(tui.model, c);
		detail_changed(NULL);
		return;
	}
}

static void
not_found(DBusMessage *msg)
{
	const char *keyid, *address;

	if (dbus_message_get_args(msg, NULL, DBUS_TYPE_STRING, &keyid,
	    DBUS_TYPE_STRING, &address, DBUS_TYPE_INVALID))
		tui_say(0, "Client with address %s and key ID %s could not be "
		    "found", address, keyid);
}

static void
changed(DBusMessage *msg, struct client *c)
{
	DBusMessageIter iter;
	const char *interface;

	dbus_message_iter_init(msg, &iter);
	dbus_message_iter_get_basic(&iter, &interface);
	if (strcmp(interface, BUS_CLIENT) != 0)
		return;
	dbus_message_iter_next(&iter);
	model_change(tui.model, c, &iter);
	detail_changed(c);
}

static void
checker_started(DBusMessage *msg, struct client *c)
{
	const char *command;

	if (dbus_message_get_args(msg, NULL, DBUS_TYPE_STRING, &command,
	    DBUS_TYPE_INVALID))
		tui_say_verbose("Client %s started checker \"%s\"",
		    client_name(c), command);
}

static void
checker_completed(DBusMessage *msg, struct client *c)
{
	dbus_int16_t code;
	dbus_int64_t wait;
	const char *command, *name = client_name(c);
	int status;

	if (!dbus_message_get_args(msg, NULL, DBUS_TYPE_INT16, &code,
	    DBUS_TYPE_INT64, &wait, DBUS_TYPE_STRING, &command,
	    DBUS_TYPE_INVALID))
		return;
	status = (int)wait;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		tui_say_verbose("Checker for client %s (command \"%s\") "
		    "succeeded", name, command);
	else if (WIFEXITED(status))
		tui_say(0, "Checker for client %s (command \"%s\") failed "
		    "with exit code %d", name, command, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		tui_say(0, "Checker for client %s (command \"%s\") was killed "
		    "by signal %d", name, command, WTERMSIG(status));
	else
		tui_say(0, "Checker for client %s (command \"%s\") ended with "
		    "unknown status %d", name, command, status);
}

static void
got_secret(DBusMessage *msg, struct client *c)
{
	(void)msg;
	tui_say(0, "Client %s received its secret", client_name(c));
}

static void
need_approval(DBusMessage *msg, struct client *c)
{
	dbus_uint64_t ms;
	dbus_bool_t by_default;

	if (!dbus_message_get_args(msg, NULL, DBUS_TYPE_UINT64, &ms,
	    DBUS_TYPE_BOOLEAN, &by_default, DBUS_TYPE_INVALID))
		return;
	if (by_default)
		tui_say(0, "Client %s will get its secret in %.6f seconds",
		    client_name(c), (double)ms / SECOND_MS);
	else
		tui_say(0, "Client %s needs approval within %.6f seconds",
		    client_name(c), (double)ms / SECOND_MS);
}

static void
rejected(DBusMessage *msg, struct client *c)
{
	const char *reason;

	if (dbus_message_get_args(msg, NULL, DBUS_TYPE_STRING, &reason,
	    DBUS_TYPE_INVALID))
		tui_say(0, "Client %s was rejected; reason: %s",
		    client_name(c), reason);
}

/* Signals of the server, and of clients that are known. */
static const struct {
	const char *interface;
	const char *member;
	const char *signature;
	void (*of_server)(DBusMessage *);
	void (*of_client)(DBusMessage *, struct client *);
} signals[] = {
	{ BUS_MANAGER, "InterfacesAdded", "oa{sa{sv}}", added, NULL },
	{ BUS_MANAGER, "InterfacesRemoved", "oas", removed, NULL },
	{ BUS_SERVER, "ClientNotFound", "ss", not_found, NULL },
	{ BUS_PROPERTIES, "PropertiesChanged", "sa{sv}as", NULL, changed },
	{ BUS_CLIENT, "CheckerStarted", "s", NULL, checker_started },
	{ BUS_CLIENT, "CheckerCompleted", "nxs", NULL, checker_completed },
	{ BUS_CLIENT, "GotSecret", "", NULL, got_secret },
	{ BUS_CLIENT, "NeedApproval", "tb", NULL, need_approval },
	{ BUS_CLIENT, "Rejected", "s", NULL, rejected },
};

void
event_signal(DBusMessage *msg)
{
	const char *path = dbus_message_get_path(msg);
	struct client *c;
	size_t i;

	for (i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		if (!dbus_message_is_signal(msg, signals[i].interface,
		    signals[i].member))
			continue;
		if (path == NULL ||
		    !dbus_message_has_signature(msg, signals[i].signature))
			return;
		if (signals[i].of_client == NULL) {
			if (strcmp(path, BUS_PATH) == 0)
				signals[i].of_server(msg);
		} else if ((c = model_find(tui.model, path)) != NULL)
			signals[i].of_client(msg, c);
		tui_changed();
		return;
	}
}
