/* SPDX-License-Identifier: ISC */
/*
 * Clients out of files in the form of clients.conf, for a server that runs.
 * They are read by the code that the server reads its own with, and nothing is
 * sent before all of it is sound.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A setting in the fields of a client that is a time. */
struct time_setting {
	const char *property;
	size_t offset;		/* in struct client_fields */
};

static const struct time_setting times[] = {
	{ "Timeout", offsetof(struct client_fields, timeout_ms) },
	{ "ExtendedTimeout",
	    offsetof(struct client_fields, extended_timeout_ms) },
	{ "Interval", offsetof(struct client_fields, interval_ms) },
	{ "ApprovalDelay", offsetof(struct client_fields, approval_delay_ms) },
	{ "ApprovalDuration",
	    offsetof(struct client_fields, approval_duration_ms) },
};

static void
say_problem(int is_error, const char *line)
{
	complain("mandos-ctl: %s%s", is_error ? "" : "warning: ", line);
}

/* Standard input, as ini_load reads a file. */
static int
load_stdin(struct ini *ini)
{
	struct where where = { .file = ini->file };
	unsigned char *bytes;
	size_t len;
	int result;

	if ((bytes = secret_read("-", &len)) == NULL) {
		problem_error(&where, "%s", strerror(errno));
		return -1;
	}
	ini->is_there = 1;
	result = ini_parse(ini, (const char *)bytes, len);
	freezero(bytes, len);
	return result;
}

static int
read_one(struct client_file *file, struct clients *clients, int is_stdin)
{
	struct where where = { .file = file->path };

	ini_init(&file->ini, file->path);
	clients_builtin(&file->ini);
	if ((is_stdin ? load_stdin(&file->ini) : ini_load(&file->ini)) == -1)
		return -1;
	if (!file->ini.is_there)
		problem_error(&where, "%s", strerror(ENOENT));
	else if (STAILQ_EMPTY(&file->ini.list))
		problem_error(&where, "there is no client in it");
	else
		return clients_read(clients, &file->ini);
	return -1;
}

int
add_read(struct client_files *files, struct clients *clients,
    const struct arguments *names)
{
	const struct argument *name;
	struct client_file *file;
	int is_stdin, result = 0;

	secret_guard();
	problem_reset(say_problem);
	STAILQ_INIT(files);
	clients_init(clients);
	STAILQ_FOREACH(name, names, entry) {
		is_stdin = strcmp(name->text, "-") == 0;
		if ((file = calloc(1, sizeof *file)) == NULL ||
		    (file->path = strdup(is_stdin ? "standard input" :
		    name->text)) == NULL)
			err(EXIT_FAILURE, "calloc");
		STAILQ_INSERT_TAIL(files, file, entry);
		if (read_one(file, clients, is_stdin) == -1)
			result = -1;
	}
	return result;
}

void
add_free(struct client_files *files, struct clients *clients)
{
	clients_free(clients);
	files_free(files);
	secret_forget();
}

static void
put_setting(DBusMessageIter *dict, const char *property,
    const struct bus_value *value)
{
	DBusMessageIter entry;

	bus_must(dbus_message_iter_open_container(dict, DBUS_TYPE_DICT_ENTRY,
	    NULL, &entry));
	bus_must(dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING,
	    &property));
	bus_append_variant(&entry, value);
	bus_must(dbus_message_iter_close_container(dict, &entry));
}

static void
put_text(DBusMessageIter *dict, const char *property, const char *text)
{
	struct bus_value value = { .type = DBUS_TYPE_STRING, .text = text };

	put_setting(dict, property, &value);
}

static void
put_flag(DBusMessageIter *dict, const char *property, int is_set)
{
	struct bus_value value = { .type = DBUS_TYPE_BOOLEAN,
		.truth = is_set ? TRUE : FALSE };

	put_setting(dict, property, &value);
}

static void
put_times(DBusMessageIter *dict, const struct client_fields *fields)
{
	struct bus_value value = { .type = DBUS_TYPE_UINT64 };
	uint64_t ms;
	size_t i;

	for (i = 0; i < sizeof times / sizeof times[0]; i++) {
		memcpy(&ms, (const char *)fields + times[i].offset, sizeof ms);
		value.uint64 = ms;
		put_setting(dict, times[i].property, &value);
	}
}

/* The call; every setting is in it, also one that is as it always is. */
static DBusMessage *
make_call(const struct client *client, const char *name)
{
	DBusMessage *message = bus_message(BUS_OWN_PATH, BUS_OWN,
	    "AddClient");
	struct bus_value secret = { .type = DBUS_TYPE_BYTE,
		.bytes = client->secret, .len = client->secret_len };
	char *host = text_dup(client->host), *checker;
	DBusMessageIter iter, dict;

	/* The reader has refused texts with a NUL in them. */
	checker = text_dup(client->checker);
	dbus_message_iter_init_append(message, &iter);
	bus_must(dbus_message_iter_append_basic(&iter, DBUS_TYPE_STRING,
	    &name));
	bus_must(dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY,
	    "{sv}", &dict));
	put_text(&dict, "KeyID", client->key_id);
	put_text(&dict, "Fingerprint", client->fingerprint);
	put_text(&dict, "Host", host);
	put_text(&dict, "Checker", checker);
	put_times(&dict, &client->fields);
	put_flag(&dict, "ApprovedByDefault",
	    (client->fields.flags & CLIENT_APPROVED_BY_DEFAULT) != 0);
	put_flag(&dict, "Enabled",
	    (client->fields.flags & CLIENT_ENABLED) != 0);
	put_setting(&dict, "Secret", &secret);
	bus_must(dbus_message_iter_close_container(&iter, &dict));
	free(host);
	free(checker);
	return message;
}

static void
refused(const struct client *client, const char *name, const DBusError *error)
{
	char *why = last_line(error->message);

	complain("mandos-ctl: %s:%u: %s is not added: %s", client->where.file,
	    client->where.line, name, why);
	free(why);
}

static int
send_one(struct session *session, const struct client *client)
{
	DBusError error = DBUS_ERROR_INIT;
	char *name = text_dup(client->name);
	DBusMessage *reply;

	reply = session_own(session, make_call(client, name), "o", &error);
	if (reply == NULL)
		refused(client, name, &error);
	else
		dbus_message_unref(reply);
	free(name);
	dbus_error_free(&error);
	return reply == NULL ? -1 : 0;
}

int
add_send(struct session *session, const struct clients *clients)
{
	const struct client *client;
	int result = EXIT_SUCCESS;

	own_require(session, "--add");
	/* One that is there already is no reason to leave out the others. */
	STAILQ_FOREACH(client, &clients->list, entry)
		if (send_one(session, client) == -1)
			result = EXIT_FAILURE;
	return result;
}
