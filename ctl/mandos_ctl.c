/* SPDX-License-Identifier: ISC */
/*
 * mandos-ctl lists and controls the clients of a Mandos server by way of the
 * system bus.  Any user can run it; who may do what is decided by the bus and
 * by the server.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

/* The clients that the command line names, or all. */
static int
find_clients(struct roster *roster, struct session *session,
    const char **names, size_t count)
{
	const char *missing;

	roster_list(roster, session);
	if ((missing = roster_select(roster, names, count)) == NULL)
		return EXIT_SUCCESS;
	roster_free(roster);
	return not_found(missing);
}

/* What a list shows cannot be shown of nobody. */
static int
list(const struct roster *roster, const struct invocation *inv)
{
	int columns = inv->verbose ? TABLE_VERBOSE : TABLE_PLAIN;

	roster_require(roster, inv->json ? RECORD_COUNT : columns);
	if (inv->json)
		json_print(stdout, roster);
	else if (roster->count == 0) {
		complain("The server has no clients.");
		return EXIT_FAILURE;
	} else
		table_print(stdout, roster, columns, isatty(STDOUT_FILENO));
	flush(stdout);
	return EXIT_SUCCESS;
}

static int
command(struct session *session, const struct roster *roster,
    struct invocation *inv)
{
	const struct command *c;

	STAILQ_FOREACH(c, &inv->commands, entry) {
		if (c->kind != COMMAND_IS_ENABLED)
			continue;
		if (roster->count == 0) {
			complain("The server has no clients.");
			return EXIT_FAILURE;
		}
		roster_require(roster, RECORD_ENABLED + 1);
	}
	return command_run(session, roster, &inv->commands);
}

/* The options of the original. */
static int
run_original(struct session *session, struct invocation *inv)
{
	struct roster roster;
	int result;

	if (find_clients(&roster, session, inv->names, inv->name_count) !=
	    EXIT_SUCCESS)
		return EXIT_FAILURE;
	result = STAILQ_EMPTY(&inv->commands) ? list(&roster, inv) :
	    command(session, &roster, inv);
	roster_free(&roster);
	return result;
}

static int
run_why(struct session *session, const struct invocation *inv)
{
	const struct argument *argument;
	const char *name;
	struct roster roster;
	int result = EXIT_SUCCESS;

	own_require(session, "--why");
	STAILQ_FOREACH(argument, &inv->why, entry) {
		name = argument->text;
		if (find_clients(&roster, session, &name, 1) != EXIT_SUCCESS)
			return EXIT_FAILURE;
		result = own_why(session, &roster);
		roster_free(&roster);
		if (result != EXIT_SUCCESS)
			break;
	}
	return result;
}

/* Files come first: a server is not asked for when they are bad. */
static int
run_add(struct session *session, const struct invocation *inv)
{
	struct client_files files;
	struct clients clients;
	int result = EXIT_FAILURE;

	if (add_read(&files, &clients, &inv->add) == 0) {
		session_open(session, inv->debug);
		result = add_send(session, &clients);
	}
	add_free(&files, &clients);
	return result;
}

static int
run(struct session *session, struct invocation *inv)
{
	if (inv->health)
		return health(inv);
	if (!STAILQ_EMPTY(&inv->add))
		return run_add(session, inv);
	session_open(session, inv->debug);
	if (!STAILQ_EMPTY(&inv->why))
		return run_why(session, inv);
	if (inv->reload)
		return own_reload(session);
	if (inv->watch)
		return watch(session, inv->names, inv->name_count,
		    inv->json);
	return run_original(session, inv);
}

/*
 * The bus must not be taken for standard output: where there is none, there
 * is something that cannot be written to.
 */
static void
fill_standard(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
	struct session session = {
		.told = STAILQ_HEAD_INITIALIZER(session.told)
	};
	struct invocation inv;
	int result;

	fill_standard();
	log_open("mandos-ctl", LOG_WARNING);
	invocation_read(&inv, argc, argv);
	result = run(&session, &inv);
	session_close(&session);
	invocation_free(&inv);
	return result;
}
