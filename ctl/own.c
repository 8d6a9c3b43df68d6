/* SPDX-License-Identifier: ISC */
/*
 * What our server offers beside the original's interface; see mandos-dbus(7).
 */
#include "ctl.h"

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

/* Files may be long, and the server rests between two reloads. */
#define RELOAD_MS 300000

static int
failed(const char *option, const DBusError *error)
{
	char *why = last_line(error->message);

	complain("mandos-ctl: %s: %s", option, why);
	free(why);
	return EXIT_FAILURE;
}

/* The same of one who may never have heard of us. */
static int
refused(const char *option, const DBusError *error)
{
	if (!session_is_original(error))
		return failed(option, error);
	complain("mandos-ctl: The server does not offer %s.", option);
	return EXIT_FAILURE;
}

int
own_version(struct session *session, DBusError *error)
{
	const char *interface = BUS_OWN, *property = "Version";
	DBusMessage *message, *reply;

	message = bus_message(BUS_OWN_PATH, BUS_PROPERTIES, "Get");
	bus_must(dbus_message_append_args(message, DBUS_TYPE_STRING,
	    &interface, DBUS_TYPE_STRING, &property, DBUS_TYPE_INVALID));
	reply = session_own(session, message, "v", error);
	if (reply == NULL)
		return -1;
	dbus_message_unref(reply);
	return 0;
}

void
own_require(struct session *session, const char *option)
{
	DBusError error = DBUS_ERROR_INIT;

	if (own_version(session, &error) == 0)
		return;
	refused(option, &error);
	dbus_error_free(&error);
	exit(EXIT_FAILURE);
}

int
own_reload(struct session *session)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *reply;

	session->patience_ms = RELOAD_MS;
	reply = session_own(session,
	    bus_message(BUS_OWN_PATH, BUS_OWN, "Reload"), "", &error);
	if (reply == NULL) {
		refused("--reload", &error);
		dbus_error_free(&error);
		return EXIT_FAILURE;
	}
	dbus_message_unref(reply);
	return EXIT_SUCCESS;
}

/* What would have to change, for each code that is a no. */
static const char *
remedy(const char *code)
{
	static const struct {
		const char *code;
		const char *remedy;
	} remedies[] = {
		{ "disabled", "To change that, enable it: --enable." },
		{ "needs-approval", "To change that, approve it as soon as it "
		    "asks, or its approval duration before: --approve." },
		{ "no-key-id", "To change that, give it a key_id in "
		    "clients.conf, and have it read: --reload." },
		{ "pending-denial", "To change that, approve it before that "
		    "time is over: --approve." },
	};
	size_t i;

	for (i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
		if (strcmp(remedies[i].code, code) == 0)
			return remedies[i].remedy;
	return NULL;
}

static int
why_one(struct session *session, const struct record *record)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *message, *reply;
	const char *code, *sentence, *change;
	char *name, *words;

	message = bus_message(BUS_OWN_PATH, BUS_OWN, "Why");
	bus_must(dbus_message_append_args(message, DBUS_TYPE_OBJECT_PATH,
	    &record->path, DBUS_TYPE_INVALID));
	reply = session_own(session, message, "ss", &error);
	if (reply == NULL || !dbus_message_get_args(reply, &error,
	    DBUS_TYPE_STRING, &code, DBUS_TYPE_STRING, &sentence,
	    DBUS_TYPE_INVALID)) {
		if (reply != NULL)
			dbus_message_unref(reply);
		failed("--why", &error);
		dbus_error_free(&error);
		return EXIT_FAILURE;
	}
	name = printable(record_text(record, RECORD_NAME));
	words = printable(sentence);
	printf("%s: %s\n", name, words);
	if ((change = remedy(code)) != NULL)
		printf("%s: %s\n", name, change);
	free(words);
	free(name);
	dbus_message_unref(reply);
	return EXIT_SUCCESS;
}

int
own_why(struct session *session, const struct roster *roster)
{
	size_t i;

	for (i = 0; i < roster->count; i++)
		if (why_one(session, &roster->records[i]) != EXIT_SUCCESS)
			return EXIT_FAILURE;
	flush(stdout);
	return EXIT_SUCCESS;
}
