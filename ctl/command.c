/* SPDX-License-Identifier: ISC */
/*
 * Commands, each done with every client before the next.  The first that
 * fails is the last: what comes after it may rely on it.  A server answers
 * when it has written the change down, and writes many at once if it is asked
 * for many; so calls for several clients are under way at a time.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <stdlib.h>

/* Calls under way; a system bus lets nobody have more than 128. */
#define CALLS_MAX 64

static DBusPendingCall *
begin(struct session *session, const struct record *record,
    const struct command *command)
{
	switch (command->kind) {
	case COMMAND_SET:
		return session_set(session, record->path, command->property,
		    &command->value);
	case COMMAND_APPROVE:
		return session_approve(session, record->path,
		    command->value.truth);
	case COMMAND_REMOVE:
		return session_remove(session, record->path);
	case COMMAND_IS_ENABLED:
		break;
	}
	return NULL;
}

static void
refused(const struct record *record, const struct command *command,
    const DBusError *error)
{
	const char *name = record_text(record, RECORD_NAME);
	const char *what = command->property;
	char *why = last_line(error->message);

	if (command->kind == COMMAND_APPROVE)
		what = command->value.truth ? "approval" : "denial";
	else if (command->kind == COMMAND_REMOVE)
		what = "removal";
	complain("mandos-ctl: %s: the server refuses %s: %s", name, what, why);
	free(why);
}

/* One command, with all clients.  Returns 0, or -1 after a complaint. */
static int
run_one(struct session *session, const struct roster *roster,
    const struct command *command)
{
	DBusPendingCall *calls[CALLS_MAX];
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *reply;
	size_t begun = 0, done, most = 1;

	for (done = 0; done < roster->count; done++) {
		for (; begun < roster->count && begun - done < most; begun++)
			calls[begun % CALLS_MAX] = begin(session,
			    &roster->records[begun], command);
		reply = bus_wait(calls[done % CALLS_MAX], "", &error);
		if (reply == NULL) {
			refused(&roster->records[done], command, &error);
			dbus_error_free(&error);
			while (++done < begun)
				bus_drop(calls[done % CALLS_MAX]);
			return -1;
		}
		dbus_message_unref(reply);
		/*
		 * What is refused for the first client, as it would be for
		 * all, is asked for no other.  A secret may be long, and is
		 * not to be in memory more often than need be.
		 */
		most = command->secret == NULL ? CALLS_MAX : 1;
	}
	return 0;
}

/* Once a secret has been sent to all, it is needed no more. */
static void
forget(struct command *command)
{
	if (command->secret == NULL)
		return;
	freezero(command->secret, command->value.len);
	command->secret = NULL;
	command->value.bytes = NULL;
	command->value.len = 0;
	secret_forget();
}

int
command_run(struct session *session, const struct roster *roster,
    struct commands *commands)
{
	struct command *command;

	STAILQ_FOREACH(command, commands, entry) {
		/* This one is answered from the list, and is the last. */
		if (command->kind == COMMAND_IS_ENABLED)
			return record_flag(&roster->records[0],
			    RECORD_ENABLED) ? EXIT_SUCCESS : EXIT_FAILURE;
		if (run_one(session, roster, command) == -1)
			return EXIT_FAILURE;
		forget(command);
	}
	return EXIT_SUCCESS;
}
