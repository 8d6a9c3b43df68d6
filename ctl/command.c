/* SPDX-License-Identifier: ISC */
/*
 * Commands, each done with every client before the next.  The first that
 * fails is the last: what comes after it may rely on it.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <stdlib.h>

static int
run_one(struct session *session, const struct record *record,
    const struct command *command, DBusError *error)
{
	switch (command->kind) {
	case COMMAND_SET:
		return session_set(session, record->path, command->property,
		    &command->value, error);
	case COMMAND_APPROVE:
		return session_approve(session, record->path,
		    command->value.truth, error);
	case COMMAND_REMOVE:
		return session_remove(session, record->path, error);
	case COMMAND_IS_ENABLED:
		break;
	}
	return 0;
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
	DBusError error = DBUS_ERROR_INIT;
	struct command *command;
	size_t i;

	STAILQ_FOREACH(command, commands, entry) {
		/* This one is answered from the list, and is the last. */
		if (command->kind == COMMAND_IS_ENABLED)
			return record_flag(&roster->records[0],
			    RECORD_ENABLED) ? EXIT_SUCCESS : EXIT_FAILURE;
		for (i = 0; i < roster->count; i++) {
			if (run_one(session, &roster->records[i], command,
			    &error) == 0)
				continue;
			refused(&roster->records[i], command, &error);
			dbus_error_free(&error);
			return EXIT_FAILURE;
		}
		forget(command);
	}
	return EXIT_SUCCESS;
}
