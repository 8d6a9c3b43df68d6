/* SPDX-License-Identifier: ISC */
/*
 * What happens on the server, a line for each event, as text or as JSON.  The
 * lines are made of signals, which anybody on the bus can send to anybody:
 * only those of the server count, and only what has the right types.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/time.h>

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct watching {
	struct session *session;
	struct roster roster;
	char *server;		/* its unique name on the bus, or NULL */
	const char **names;	/* whose events are wanted; none: all */
	size_t name_count;
	int is_json;
};

/* A signal, the types that it must have, and what is made of it. */
struct happening {
	const char *interface;
	const char *member;
	const char *signature;
	void (*tell)(struct watching *, DBusMessage *);
};

static int
is_wanted(const struct watching *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->name_count; i++)
		if (strcmp(w->names[i], name) == 0)
			return 1;
	return w->name_count == 0;
}

/* Who the signal is about: a name, or a path for who has none. */
static const char *
client_of(const struct watching *w, const char *path)
{
	const struct record *record = roster_at(&w->roster, path);

	return record != NULL && record->values[RECORD_NAME].is_known ?
	    record_text(record, RECORD_NAME) : path;
}

/*
 * Begin a line: the time, and the client unless it is NULL.  As JSON it ends
 * where more members can follow.
 */
static void
begin(const struct watching *w, const char *event, const char *client)
{
	struct timeval now;
	struct tm tm;
	char stamp[64], *name;

	gettimeofday(&now, NULL);
	if (!w->is_json) {
		localtime_r(&now.tv_sec, &tm);
		strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &tm);
		name = client == NULL ? NULL : printable(client);
		printf("%s %s%s", stamp, name == NULL ? "" : name,
		    name == NULL ? "" : ": ");
		free(name);
		return;
	}
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	printf("{\"time\": \"%s.%06ldZ\", \"event\": \"%s\"", stamp,
	    (long)now.tv_usec, event);
	if (client != NULL) {
		fputs(", \"client\": ", stdout);
		json_text(stdout, client);
	}
}

static void
end(const struct watching *w)
{
	fputs(w->is_json ? "}\n" : "\n", stdout);
}

/* A text of the event, with what stands before it in either form. */
static void
put_text(const struct watching *w, const char *before, const char *member,
    const char *text)
{
	char *shown;

	if (w->is_json) {
		printf(", \"%s\": ", member);
		json_text(stdout, text);
		return;
	}
	shown = printable(text);
	printf("%s%s", before, shown);
	free(shown);
}

static void
tell_got_secret(struct watching *w, DBusMessage *m)
{
	begin(w, "GotSecret", client_of(w, dbus_message_get_path(m)));
	if (!w->is_json)
		fputs("has got its secret", stdout);
	end(w);
}

static void
tell_rejected(struct watching *w, DBusMessage *m)
{
	const char *reason;

	if (!dbus_message_get_args(m, NULL, DBUS_TYPE_STRING, &reason,
	    DBUS_TYPE_INVALID))
		return;
	begin(w, "Rejected", client_of(w, dbus_message_get_path(m)));
	put_text(w, "was refused its secret: ", "reason", reason);
	end(w);
}

static void
tell_need_approval(struct watching *w, DBusMessage *m)
{
	dbus_uint64_t ms;
	dbus_bool_t by_default;

	if (!dbus_message_get_args(m, NULL, DBUS_TYPE_UINT64, &ms,
	    DBUS_TYPE_BOOLEAN, &by_default, DBUS_TYPE_INVALID))
		return;
	begin(w, "NeedApproval", client_of(w, dbus_message_get_path(m)));
	if (w->is_json)
		printf(", \"milliseconds\": %" PRIu64 ", \"default\": %s", ms,
		    by_default ? "true" : "false");
	else
		printf("waits for approval, and is %s in %" PRIu64 ".%03" PRIu64
		    " seconds", by_default ? "approved" : "denied", ms / 1000,
		    ms % 1000);
	end(w);
}

static void
tell_checker_started(struct watching *w, DBusMessage *m)
{
	const char *command;

	if (!dbus_message_get_args(m, NULL, DBUS_TYPE_STRING, &command,
	    DBUS_TYPE_INVALID))
		return;
	begin(w, "CheckerStarted", client_of(w, dbus_message_get_path(m)));
	put_text(w, "checker started: ", "command", command);
	end(w);
}

static void
tell_checker_completed(struct watching *w, DBusMessage *m)
{
	dbus_int16_t status;
	dbus_int64_t wait;
	const char *command;
	char text[64];

	if (!dbus_message_get_args(m, NULL, DBUS_TYPE_INT16, &status,
	    DBUS_TYPE_INT64, &wait, DBUS_TYPE_STRING, &command,
	    DBUS_TYPE_INVALID))
		return;
	begin(w, "CheckerCompleted", client_of(w, dbus_message_get_path(m)));
	if (status == 0)
		snprintf(text, sizeof text, "checker succeeded: ");
	else if (status < 0)
		snprintf(text, sizeof text, "checker was killed: ");
	else
		snprintf(text, sizeof text, "checker failed with status %d: ",
		    (int)status);
	if (w->is_json)
		printf(", \"status\": %d, \"wait\": %" PRId64, (int)status,
		    wait);
	put_text(w, text, "command", command);
	end(w);
}

static void
tell_not_found(struct watching *w, DBusMessage *m)
{
	const char *key_id, *address;

	/* Not a client: of no interest to who asks for some. */
	if (w->name_count > 0 ||
	    !dbus_message_get_args(m, NULL, DBUS_TYPE_STRING, &key_id,
	    DBUS_TYPE_STRING, &address, DBUS_TYPE_INVALID))
		return;
	begin(w, "ClientNotFound", NULL);
	put_text(w, "nobody has the key ID ", "key_id", key_id);
	put_text(w, ", which came from ", "address", address);
	end(w);
}

/* One property that has changed; as JSON it is a member of an object. */
static void
tell_change(struct watching *w, const struct record *record, int property,
    int *count)
{
	char text[TABLE_TIME_LEN], *shown;

	if (w->is_json) {
		if (*count == 0) {
			begin(w, "PropertiesChanged", client_of(w,
			    record->path));
			fputs(", \"changed\": {", stdout);
		}
		printf("%s\"%s\": ", *count > 0 ? ", " : "",
		    record_rules[property].name);
		json_value(stdout, record, (enum record_property)property);
	} else {
		begin(w, "", client_of(w, record->path));
		shown = printable(table_value(text, record,
		    (enum record_property)property));
		printf("%s is %s", record_rules[property].name,
		    shown[0] == '\0' ? "empty" : shown);
		free(shown);
		end(w);
	}
	++*count;
}

/* Properties that are not shown: a secret. */
static void
tell_invalidated(struct watching *w, const char *path, DBusMessageIter *array)
{
	DBusMessageIter names;
	const char *name;

	dbus_message_iter_recurse(array, &names);
	for (; dbus_message_iter_get_arg_type(&names) == DBUS_TYPE_STRING;
	    dbus_message_iter_next(&names)) {
		dbus_message_iter_get_basic(&names, &name);
		begin(w, "PropertyReplaced", client_of(w, path));
		put_text(w, "has another ", "property", name);
		end(w);
	}
}

static void
tell_properties(struct watching *w, DBusMessage *m)
{
	struct record *record;
	DBusMessageIter iter, changed, entry;
	const char *interface, *name;
	int property, count = 0;

	dbus_message_iter_init(m, &iter);
	dbus_message_iter_get_basic(&iter, &interface);
	record = roster_at(&w->roster, dbus_message_get_path(m));
	if (strcmp(interface, BUS_CLIENT) != 0 || record == NULL)
		return;
	dbus_message_iter_next(&iter);
	dbus_message_iter_recurse(&iter, &changed);
	for (; dbus_message_iter_get_arg_type(&changed) ==
	    DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&changed)) {
		dbus_message_iter_recurse(&changed, &entry);
		dbus_message_iter_get_basic(&entry, &name);
		dbus_message_iter_next(&entry);
		property = record_update(record, name, &entry);
		if (property != -1)
			tell_change(w, record, property, &count);
	}
	if (count > 0 && w->is_json) {
		fputc('}', stdout);
		end(w);
	}
	dbus_message_iter_next(&iter);
	tell_invalidated(w, record->path, &iter);
}

static void
tell_added(struct watching *w, DBusMessage *m)
{
	DBusMessageIter iter;
	struct record *record;
	const char *path;

	dbus_message_iter_init(m, &iter);
	dbus_message_iter_get_basic(&iter, &path);
	if ((record = roster_at(&w->roster, path)) != NULL)
		roster_drop(&w->roster, record);
	if ((record = roster_take(&w->roster, &iter)) == NULL ||
	    !is_wanted(w, client_of(w, record->path)))
		return;
	begin(w, "Added", client_of(w, record->path));
	if (!w->is_json)
		fputs("is there", stdout);
	end(w);
}

static void
tell_removed(struct watching *w, DBusMessage *m)
{
	DBusMessageIter iter;
	struct record *record;
	const char *path;

	dbus_message_iter_init(m, &iter);
	dbus_message_iter_get_basic(&iter, &path);
	if ((record = roster_at(&w->roster, path)) == NULL)
		return;
	if (is_wanted(w, client_of(w, path))) {
		begin(w, "Removed", client_of(w, path));
		if (!w->is_json)
			fputs("is gone", stdout);
		end(w);
	}
	roster_drop(&w->roster, record);
}

static const struct happening happenings[] = {
	{ BUS_CLIENT, "CheckerCompleted", "nxs", tell_checker_completed },
	{ BUS_CLIENT, "CheckerStarted", "s", tell_checker_started },
	{ BUS_CLIENT, "GotSecret", "", tell_got_secret },
	{ BUS_CLIENT, "NeedApproval", "tb", tell_need_approval },
	{ BUS_CLIENT, "Rejected", "s", tell_rejected },
	{ BUS_PROPERTIES, "PropertiesChanged", "sa{sv}as", tell_properties },
	{ BUS_SERVER, "ClientNotFound", "ss", tell_not_found },
	{ BUS_MANAGER, "InterfacesAdded", "oa{sa{sv}}", tell_added },
	{ BUS_MANAGER, "InterfacesRemoved", "oas", tell_removed },
};

static void
on_server(struct watching *w, DBusMessage *m)
{
	const char *path = dbus_message_get_path(m);
	size_t i;

	if (strcmp(path, BUS_PATH) != 0 && !is_wanted(w, client_of(w, path)))
		return;
	for (i = 0; i < sizeof happenings / sizeof happenings[0]; i++)
		if (dbus_message_is_signal(m, happenings[i].interface,
		    happenings[i].member) &&
		    dbus_message_has_signature(m, happenings[i].signature))
			happenings[i].tell(w, m);
}

/* Who has the server's name; said by the bus. */
static void
on_owner(struct watching *w, DBusMessage *m)
{
	const char *name, *before, *after;

	if (!dbus_message_get_args(m, NULL, DBUS_TYPE_STRING, &name,
	    DBUS_TYPE_STRING, &before, DBUS_TYPE_STRING, &after,
	    DBUS_TYPE_INVALID) || strcmp(name, BUS_NAME) != 0)
		return;
	free(w->server);
	w->server = NULL;
	roster_free(&w->roster);
	if (after[0] != '\0' && (w->server = strdup(after)) == NULL)
		err(EXIT_FAILURE, "strdup");
	begin(w, w->server != NULL ? "ServerStarted" : "ServerStopped", NULL);
	if (!w->is_json)
		printf("the server is %s", w->server != NULL ? "there" :
		    "gone");
	end(w);
}

static void
on_message(struct watching *w, DBusMessage *m)
{
	const char *sender = dbus_message_get_sender(m);

	if (dbus_message_get_type(m) != DBUS_MESSAGE_TYPE_SIGNAL ||
	    sender == NULL)
		return;
	if (strcmp(sender, DBUS_SERVICE_DBUS) == 0) {
		if (dbus_message_is_signal(m, DBUS_INTERFACE_DBUS,
		    "NameOwnerChanged"))
			on_owner(w, m);
	} else if (w->server != NULL && strcmp(sender, w->server) == 0)
		on_server(w, m);
}

/* The server's unique name, by which the bus calls senders. */
static char *
find_server(struct session *session, DBusError *error)
{
	DBusMessage *message, *reply;
	const char *name = BUS_NAME, *owner;
	char *copy = NULL;

	message = dbus_message_new_method_call(DBUS_SERVICE_DBUS,
	    DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetNameOwner");
	bus_must(message != NULL);
	bus_must(dbus_message_append_args(message, DBUS_TYPE_STRING, &name,
	    DBUS_TYPE_INVALID));
	reply = bus_call(session->connection, message, "s", error);
	if (reply == NULL)
		return NULL;
	if (dbus_message_get_args(reply, error, DBUS_TYPE_STRING, &owner,
	    DBUS_TYPE_INVALID) && (copy = strdup(owner)) == NULL)
		err(EXIT_FAILURE, "strdup");
	dbus_message_unref(reply);
	return copy;
}

/* Subscribe before looking, so that nothing can happen in between. */
static int
subscribe(struct watching *w, DBusError *error)
{
	static const char *const matches[] = {
		"type='signal',sender='" BUS_NAME "'",
		"type='signal',sender='" DBUS_SERVICE_DBUS "',"
		    "interface='" DBUS_INTERFACE_DBUS "',"
		    "member='NameOwnerChanged',arg0='" BUS_NAME "'",
	};
	size_t i;

	for (i = 0; i < sizeof matches / sizeof matches[0]; i++) {
		dbus_bus_add_match(w->session->connection, matches[i], error);
		if (dbus_error_is_set(error))
			return -1;
	}
	w->server = find_server(w->session, error);
	return w->server == NULL ? -1 : 0;
}

static int
check_names(const struct watching *w)
{
	size_t i;

	for (i = 0; i < w->name_count; i++)
		if (roster_find(&w->roster, w->names[i]) == NULL)
			return not_found(w->names[i]);
	return EXIT_SUCCESS;
}

int
watch(struct session *session, const char **names, size_t count, int is_json)
{
	struct watching w = { .session = session, .names = names,
		.name_count = count, .is_json = is_json };
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *m;

	own_require(session, "--watch");
	if (subscribe(&w, &error) == -1) {
		complain("Could not connect to Mandos server: %s",
		    error.message);
		dbus_error_free(&error);
		return EXIT_FAILURE;
	}
	roster_list(&w.roster, session);
	if (check_names(&w) != EXIT_SUCCESS) {
		roster_free(&w.roster);
		free(w.server);
		return EXIT_FAILURE;
	}
	do {
		while ((m = dbus_connection_pop_message(
		    session->connection)) != NULL) {
			on_message(&w, m);
			dbus_message_unref(m);
		}
		flush(stdout);
	} while (dbus_connection_read_write(session->connection, -1));
	complain("The system bus is gone.");
	roster_free(&w.roster);
	free(w.server);
	return EXIT_FAILURE;
}
