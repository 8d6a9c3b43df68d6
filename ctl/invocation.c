/* SPDX-License-Identifier: ISC */
/*
 * What the command line of mandos-ctl asks for.  Options are read as the
 * original's, and refused together in the same order and with the same texts.
 * Files and times are read here, so that nothing has been done when one of
 * them is bad.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "argparse.h"

enum option_kind {
	KIND_HELP,
	KIND_VERSION,
	KIND_COUNT,		/* offset: in struct invocation */
	KIND_LIST,		/* likewise */
	KIND_YES,		/* offset: the property, or APPROVAL; */
	KIND_NO,		/* the other of the two is beside it */
	KIND_BUMP,
	KIND_TEXT,		/* offset: the property */
	KIND_TIME,		/* likewise */
	KIND_SECRET,
	KIND_REMOVE,
	KIND_IS_ENABLED,
	KIND_CHECK
};

#define AT(field) offsetof(struct invocation, field)
#define APPROVAL RECORD_COUNT

// clang-format off
static const struct argparse_rule rules[] = {
	{ "-h", "--help", KIND_HELP, 0, 0, NULL,
	    "show this help and exit" },
	{ NULL, "--version", KIND_VERSION, 0, 0, NULL,
	    "show the version and exit" },
	{ "-a", "--all", KIND_COUNT, AT(all), 0, NULL,
	    "all clients" },
	{ "-v", "--verbose", KIND_COUNT, AT(verbose), 0, NULL,
	    "list every property" },
	{ "-j", "--dump-json", KIND_COUNT, AT(json), 0, NULL,
	    "list every property, as JSON" },
	{ "-e", "--enable", KIND_YES, RECORD_ENABLED, 0, NULL,
	    "enable these clients" },
	{ "-d", "--disable", KIND_NO, RECORD_ENABLED, 0, NULL,
	    "disable them" },
	{ "-b", "--bump-timeout", KIND_BUMP, 0, 0, NULL,
	    "take them to have been seen at this moment" },
	{ NULL, "--start-checker", KIND_YES, RECORD_CHECKER_RUNNING, 0, NULL,
	    "run their checkers" },
	{ NULL, "--stop-checker", KIND_NO, RECORD_CHECKER_RUNNING, 0, NULL,
	    "stop their checkers" },
	{ "-V", "--is-enabled", KIND_IS_ENABLED, 0, 0, NULL,
	    "exit with status 0 if this client is enabled, else 1" },
	{ "-r", "--remove", KIND_REMOVE, 0, 0, NULL,
	    "remove them from the server" },
	{ "-c", "--checker", KIND_TEXT, RECORD_CHECKER, 0, "COMMAND",
	    "check them with this command" },
	{ "-t", "--timeout", KIND_TIME, RECORD_TIMEOUT, 0, "TIME",
	    "disable them when no check has succeeded for so long" },
	{ NULL, "--extended-timeout", KIND_TIME, RECORD_EXTENDED_TIMEOUT, 0,
	    "TIME", "the same after they have got their secret" },
	{ "-i", "--interval", KIND_TIME, RECORD_INTERVAL, 0, "TIME",
	    "check them so often" },
	{ NULL, "--approve-by-default", KIND_YES, RECORD_APPROVED_BY_DEFAULT,
	    0, NULL, "approve them when nobody has decided" },
	{ NULL, "--deny-by-default", KIND_NO, RECORD_APPROVED_BY_DEFAULT,
	    0, NULL, "deny them when nobody has decided" },
	{ NULL, "--approval-delay", KIND_TIME, RECORD_APPROVAL_DELAY, 0,
	    "TIME", "let them wait so long for a decision" },
	{ NULL, "--approval-duration", KIND_TIME, RECORD_APPROVAL_DURATION, 0,
	    "TIME", "let a decision hold so long" },
	{ "-H", "--host", KIND_TEXT, RECORD_HOST, 0, "STRING",
	    "the host that checkers are given" },
	{ "-s", "--secret", KIND_SECRET, 0, 0, "FILE",
	    "the secret for them, as it is; - is standard input" },
	{ "-A", "--approve", KIND_YES, APPROVAL, 0, NULL,
	    "approve them" },
	{ "-D", "--deny", KIND_NO, APPROVAL, 0, NULL,
	    "deny them" },
	{ NULL, "--debug", KIND_COUNT, AT(debug), 0, NULL,
	    "tell of each call to the server" },
	{ NULL, "--check", KIND_CHECK, 0, 0, NULL,
	    "run the self-tests and exit" },
	{ NULL, "--why", KIND_LIST, AT(why), 1, "CLIENT",
	    "would this client get its secret at this moment, and why" },
	{ NULL, "--watch", KIND_COUNT, AT(watch), 1, NULL,
	    "tell what happens, until interrupted" },
	{ NULL, "--add", KIND_LIST, AT(add), 1, "FILE",
	    "add the clients of this file, which is like clients.conf" },
	{ NULL, "--reload", KIND_COUNT, AT(reload), 1, NULL,
	    "have the server read its clients again" },
	{ NULL, "--health", KIND_COUNT, AT(health), 1, NULL,
	    "one line and a status for a monitoring system" },
};
// clang-format on

#define RULES (sizeof rules / sizeof rules[0])

/* What apply() works on. */
struct reading {
	struct invocation *inv;
	unsigned char seen[RULES];
};

static const char program[] = "mandos-ctl";

static struct command *
command_new(struct invocation *inv, enum command_kind kind)
{
	struct command *command;

	if ((command = calloc(1, sizeof *command)) == NULL)
		err(EXIT_FAILURE, "calloc");
	command->kind = kind;
	STAILQ_INSERT_TAIL(&inv->commands, command, entry);
	return command;
}

void
command_free(struct command *command)
{
	freezero(command->secret, command->value.len);
	free(command);
}

static int
refuse_pair(struct argparse *a, const struct argparse_rule *rule,
    const struct argparse_rule *other)
{
	char *title = argparse_title(other), *what;

	if (asprintf(&what, "not allowed with argument %s", title) == -1)
		err(EXIT_FAILURE, "asprintf");
	argparse_fail_option(a, rule, what, NULL);
	free(what);
	free(title);
	return -1;
}

/* One of two options that exclude each other. */
static int
apply_choice(struct argparse *a, const struct argparse_rule *rule)
{
	struct reading *r = a->context;
	struct command *command;
	size_t i = (size_t)(rule - rules), other;
	int is_yes = rule->kind == KIND_YES;

	other = is_yes ? i + 1 : i - 1;
	r->seen[i] = 1;
	if (r->seen[other])
		return refuse_pair(a, rule, &rules[other]);
	command = command_new(r->inv, rule->offset == APPROVAL ?
	    COMMAND_APPROVE : COMMAND_SET);
	if (rule->offset != APPROVAL)
		command->property = record_rules[rule->offset].name;
	command->value.type = DBUS_TYPE_BOOLEAN;
	command->value.truth = is_yes ? TRUE : FALSE;
	return 0;
}

static void
set_text(struct invocation *inv, enum record_property property,
    const char *text)
{
	struct command *command = command_new(inv, COMMAND_SET);

	command->property = record_rules[property].name;
	command->value.type = DBUS_TYPE_STRING;
	command->value.text = text;
}

static int
apply_text(struct argparse *a, const struct argparse_rule *rule,
    const char *value)
{
	struct reading *r = a->context;

	/* The bus takes nothing else.  The status is the original's. */
	if (!dbus_validate_utf8(value, NULL))
		errx(EXIT_FAILURE, "%s: not UTF-8", rule->name);
	set_text(r->inv, (enum record_property)rule->offset, value);
	return 0;
}

static int
apply_time(struct argparse *a, const struct argparse_rule *rule,
    const char *value)
{
	struct reading *r = a->context;
	struct command *command;
	enum duration result;
	int64_t ms;
	int is_old;

	result = interval_parse(text_from(value), &ms, &is_old);
	if (is_old)
		complain("Invalid RFC 3339 duration: \"%s\" - Parsing as "
		    "pre-1.6.1 interval instead", value);
	/* No error of usage to the original, whose status this is. */
	if (result != DURATION_OK)
		errx(EXIT_FAILURE, "%s: %s", rule->name,
		    duration_strerror(result));
	command = command_new(r->inv, COMMAND_SET);
	command->property = record_rules[rule->offset].name;
	if (ms <= INT32_MAX) {
		command->value.type = DBUS_TYPE_INT32;
		command->value.int32 = (dbus_int32_t)ms;
	} else {
		command->value.type = DBUS_TYPE_UINT64;
		command->value.uint64 = (dbus_uint64_t)ms;
	}
	return 0;
}

static int
apply_secret(struct argparse *a, const struct argparse_rule *rule,
    const char *value)
{
	struct reading *r = a->context;
	struct command *command;
	unsigned char *bytes;
	char *what;
	size_t len;
	int saved;

	if ((bytes = secret_read(value, &len)) == NULL) {
		saved = errno;
		if (asprintf(&what, "can't open '%s': [Errno %d] %s: ", value,
		    saved, strerror(saved)) == -1)
			err(EXIT_FAILURE, "asprintf");
		argparse_fail_option(a, rule, what, value);
		free(what);
		return -1;
	}
	command = command_new(r->inv, COMMAND_SET);
	command->property = "Secret";
	command->secret = bytes;
	command->value.type = DBUS_TYPE_BYTE;
	command->value.bytes = bytes;
	command->value.len = len;
	return 0;
}

static void
apply_list(struct invocation *inv, size_t offset, const char *value)
{
	struct arguments *list;
	struct argument *argument;

	list = offset == AT(why) ? &inv->why : &inv->add;
	if ((argument = calloc(1, sizeof *argument)) == NULL)
		err(EXIT_FAILURE, "calloc");
	argument->text = value;
	STAILQ_INSERT_TAIL(list, argument, entry);
}

static int
apply(struct argparse *a, const struct argparse_rule *rule, const char *value)
{
	struct invocation *inv = ((struct reading *)a->context)->inv;

	switch ((enum option_kind)rule->kind) {
	case KIND_HELP:
		a->result = ARGPARSE_HELP;
		return -1;
	case KIND_VERSION:
		a->result = ARGPARSE_VERSION;
		return -1;
	case KIND_COUNT:
		++*(int *)(void *)((char *)inv + rule->offset);
		return 0;
	case KIND_LIST:
		apply_list(inv, rule->offset, value);
		return 0;
	case KIND_YES:
	case KIND_NO:
		return apply_choice(a, rule);
	case KIND_BUMP:
		set_text(inv, RECORD_LAST_CHECKED_OK, "");
		return 0;
	case KIND_TEXT:
		return apply_text(a, rule, value);
	case KIND_TIME:
		return apply_time(a, rule, value);
	case KIND_SECRET:
		return apply_secret(a, rule, value);
	case KIND_REMOVE:
		command_new(inv, COMMAND_REMOVE);
		return 0;
	case KIND_IS_ENABLED:
		command_new(inv, COMMAND_IS_ENABLED);
		return 0;
	case KIND_CHECK:
		return 0;
	}
	return 0;
}

/*
 * --check goes with everything, also with what is wrong, and so does every
 * beginning of it, even where that could mean another option.
 */
static int
is_check(int argc, char **argv)
{
	static const char check_option[] = "--check";
	size_t len;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		len = strlen(argv[i]);
		if (len > strlen("--") && strncmp(argv[i], check_option,
		    len) == 0)
			return 1;
	}
	return 0;
}

__attribute__((noreturn))
static void
usage_error(const struct argparse *a, const char *error)
{
	argparse_usage(a, stderr, program);
	fprintf(stderr, "%s: error: %s\n", program, error);
	exit(EXIT_USAGE);
}

static size_t
count_commands(const struct invocation *inv)
{
	const struct command *command;
	size_t count = 0;

	STAILQ_FOREACH(command, &inv->commands, entry)
		count++;
	return count;
}

static int
has_command(const struct invocation *inv, enum command_kind kind)
{
	const struct command *command;

	STAILQ_FOREACH(command, &inv->commands, entry)
		if (command->kind == kind)
			return 1;
	return 0;
}

static int
is_denial(const struct command *command)
{
	return command->kind == COMMAND_APPROVE && !command->value.truth;
}

static int
has_denial(const struct invocation *inv)
{
	const struct command *command;

	STAILQ_FOREACH(command, &inv->commands, entry)
		if (is_denial(command))
			return 1;
	return 0;
}

/* What the original has not goes with little else.  NULL if that is so. */
static const char *
conflict_of_ours(const struct invocation *inv)
{
	int why = !STAILQ_EMPTY(&inv->why), add = !STAILQ_EMPTY(&inv->add);
	int count = why + add + inv->watch + inv->reload + inv->health;
	int others = count_commands(inv) > 0 || inv->all || inv->verbose ||
	    (inv->json > 0 && !inv->watch) || inv->json > 1 ||
	    (inv->name_count > 0 && !inv->watch && !inv->health);

	if (count == 0 || (count == 1 && !others))
		return NULL;
	if (why)
		return "--why can only be used alone.";
	if (inv->watch)
		return "--watch can only be used alone or with --dump-json.";
	if (add)
		return "--add can only be used alone.";
	if (inv->reload)
		return "--reload can only be used alone.";
	return "--health can only be used alone.";
}

/* What does not go together, in the order of the original.  NULL: all does. */
static const char *
conflict(const struct invocation *inv)
{
	size_t count = count_commands(inv);
	const char *ours = conflict_of_ours(inv);

	if (ours != NULL)
		return ours;
	if (count > 0 && inv->name_count == 0 && !inv->all)
		return "Options require clients names or --all.";
	if (count > 0 && inv->verbose)
		return "--verbose can only be used alone.";
	if (inv->json > 0 && (count > 0 || inv->verbose || inv->json > 1))
		return "--dump-json can only be used alone.";
	if (inv->all && count == 0)
		return "--all requires an action.";
	if (inv->name_count > 1 && has_command(inv, COMMAND_IS_ENABLED))
		return "--is-enabled requires exactly one client";
	if (count > 1 && has_command(inv, COMMAND_REMOVE) && !has_denial(inv))
		return "--remove can only be combined with --deny";
	return NULL;
}

/* Who is removed cannot be denied any more: that comes first. */
static void
move_denials(struct invocation *inv)
{
	struct commands before = STAILQ_HEAD_INITIALIZER(before);
	struct commands after = STAILQ_HEAD_INITIALIZER(after);
	struct command *command;
	int is_after = 0;

	while ((command = STAILQ_FIRST(&inv->commands)) != NULL) {
		STAILQ_REMOVE_HEAD(&inv->commands, entry);
		if (command->kind == COMMAND_REMOVE)
			is_after = 1;
		if (is_after && !is_denial(command))
			STAILQ_INSERT_TAIL(&after, command, entry);
		else
			STAILQ_INSERT_TAIL(&before, command, entry);
	}
	STAILQ_CONCAT(&inv->commands, &before);
	STAILQ_CONCAT(&inv->commands, &after);
}

static void
read_line(struct argparse *a, int argc, char **argv)
{
	switch (argparse_read(a, argc, argv)) {
	case ARGPARSE_RUN:
		return;
	case ARGPARSE_HELP:
		argparse_help(a, stdout, program);
		break;
	case ARGPARSE_VERSION:
		printf("%s %s\n", program, PACKAGE_VERSION);
		break;
	case ARGPARSE_ERROR:
		usage_error(a, a->error);
	}
	flush(stdout);
	exit(EXIT_SUCCESS);
}

void
invocation_read(struct invocation *inv, int argc, char **argv)
{
	struct reading reading = { .inv = inv };
	struct argparse a = { .rules = rules, .count = RULES,
		.positional = "client", .apply = apply, .context = &reading };
	const char *error;

	memset(inv, 0, sizeof *inv);
	STAILQ_INIT(&inv->commands);
	STAILQ_INIT(&inv->why);
	STAILQ_INIT(&inv->add);
	if (is_check(argc, argv))
		exit(check());
	read_line(&a, argc, argv);
	inv->names = a.names;
	inv->name_count = a.name_count;
	if ((error = conflict(inv)) != NULL)
		usage_error(&a, error);
	move_denials(inv);
}

static void
free_list(struct arguments *list)
{
	struct argument *argument;

	while ((argument = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		free(argument);
	}
}

void
invocation_free(struct invocation *inv)
{
	struct command *command;

	while ((command = STAILQ_FIRST(&inv->commands)) != NULL) {
		STAILQ_REMOVE_HEAD(&inv->commands, entry);
		command_free(command);
	}
	free_list(&inv->why);
	free_list(&inv->add);
	free(inv->names);
}
