/* SPDX-License-Identifier: ISC */
/*
 * mandos-ctl: everything that its files share.
 */
#ifndef CTL_H
#define CTL_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdint.h>
#include <stdio.h>

#include "bus.h"
#include "conf.h"
#include "record.h"

#define EXIT_USAGE 2		/* as argparse has it */

/* invocation.c: what the command line asks for */

enum command_kind {
	COMMAND_SET,
	COMMAND_APPROVE,
	COMMAND_REMOVE,
	COMMAND_IS_ENABLED
};

struct command {
	STAILQ_ENTRY(command) entry;
	enum command_kind kind;
	const char *property;	/* to set */
	struct bus_value value;	/* to set, or whether to approve */
	unsigned char *secret;	/* value.bytes, if it is one */
};

STAILQ_HEAD(commands, command);

/* An option that may be repeated. */
struct argument {
	STAILQ_ENTRY(argument) entry;
	const char *text;
};

STAILQ_HEAD(arguments, argument);

struct invocation {
	int all;		/* these are counts */
	int verbose;
	int json;
	int debug;
	int watch;
	int reload;
	int health;
	struct commands commands;	/* in their order */
	struct arguments why;
	struct arguments add;
	const char **names;
	size_t name_count;
};

/*
 * invocation_read(inv, argc, argv): read the command line, and secrets with
 * it, and see that its options go together.  Ends the program if it asks for
 * the version or for help, or for what cannot be.  invocation_free wipes the
 * secrets.
 */
void invocation_read(struct invocation *, int, char **);
void invocation_free(struct invocation *);

/* command_free(command): wipe its secret, too. */
void command_free(struct command *);

/* interval.c: times on the command line */

/*
 * interval_parse(text, ms, is_old): read an RFC 3339 duration, or else add up
 * all numbers there are in ${text}, each with the unit behind it, if that is
 * one: the original has no idea of a wrong time.  ${is_old} says which it was.
 * Returns DURATION_OK or DURATION_TOO_LONG.
 */
enum duration interval_parse(struct text, int64_t *, int *);

/* secret.c: bytes that are not to be seen */

/* The bus takes no longer message. */
#define SECRET_FILE_MAX (32 << 20)

/* secret_guard(): from here on this process leaves no core file. */
void secret_guard(void);

/*
 * secret_read(file, len): all bytes of ${file}, or of standard input for "-",
 * for freezero(), read under guard.  Returns NULL with errno; EFBIG is for
 * more than SECRET_FILE_MAX bytes.
 */
unsigned char *secret_read(const char *, size_t *);

/*
 * secret_forget(): have libdbus forget the contents of messages that it keeps
 * for use again.
 */
void secret_forget(void);

/* complain.c */

/*
 * complain(fmt, ...): one line on standard error, without the name of the
 * program, as the original has it.  What printable() would escape in it is
 * escaped, but not line ends.
 */
void complain(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * printable(text): a copy in which every control character, and every byte
 * that is not of UTF-8, is \xNN, and what changes the direction of writing is
 * \uNNNN, to be freed.  What the bus says must not speak to a terminal.
 */
char *printable(const char *);

/*
 * last_line(text): the last line that is not empty, to be freed; of a server
 * in Python it is the one that says something.
 */
char *last_line(const char *);

/* not_found(name): complain that no client has this name.  Returns 1. */
int not_found(const char *);

/* flush(file): write what is buffered; the program ends if that fails. */
void flush(FILE *);

/* session.c: calls to the server */

struct session {
	DBusConnection *connection;
	int is_debug;		/* tell of each call on standard error */
	struct arguments told;	/* paths of which that has been done */
	int patience_ms;	/* for an answer */
};

/*
 * session_open(session, is_debug): connect, and find the server.  Ends the
 * program with a complaint and status 1 if there is none.
 * session_try is the same, but returns -1 with ${error} set; ${is_bus} says
 * whether the bus is there.
 */
void session_open(struct session *, int);
int session_try(struct session *, int, int *, DBusError *);
void session_close(struct session *);

/*
 * session_set(session, path, property, value), session_approve(session, path,
 * is_yes), session_remove(session, path): what is done with a client.  Return
 * the call, for bus_wait(), with the signature "", or bus_drop().  ${path}
 * stays as long as ${session}.
 */
DBusPendingCall *session_set(struct session *, const char *, const char *,
    const struct bus_value *);
DBusPendingCall *session_approve(struct session *, const char *, dbus_bool_t);
DBusPendingCall *session_remove(struct session *, const char *);

/*
 * session_list(session, signature, error): GetManagedObjects().  Returns the
 * answer, or NULL with ${error} set.
 */
DBusMessage *session_list(struct session *, const char *, DBusError *);

/*
 * session_own(session, message, signature, error): call a method of our own
 * interface; ${message} is freed.  Returns the answer, or NULL with ${error}
 * set.
 * session_is_original(error): it says that there is no such interface.
 */
DBusMessage *session_own(struct session *, DBusMessage *, const char *,
    DBusError *);
int session_is_original(const DBusError *);

/* roster.c: the server's clients */

struct roster {
	struct record *records;
	size_t count;
};

/*
 * roster_read(roster, session, error): all clients, as the server has them in
 * order.  Returns 0, or -1 with ${error} set.  roster_free is for both.
 * roster_list does so, or ends the program with a complaint and status 1.
 */
int roster_read(struct roster *, struct session *, DBusError *);
void roster_list(struct roster *, struct session *);
void roster_free(struct roster *);

/*
 * roster_add(roster, path): room for one more client.
 * roster_take(roster, iter): add the client that ${iter} is at, a path and its
 * interfaces "oa{sa{sv}}"; NULL if it is none.
 * roster_drop(roster, record): remove this one.
 */
struct record *roster_add(struct roster *, const char *);
struct record *roster_take(struct roster *, DBusMessageIter *);
void roster_drop(struct roster *, struct record *);

/*
 * roster_find(roster, name), roster_at(roster, path): the first client of
 * this name or at this path, or NULL.
 */
struct record *roster_find(const struct roster *, const char *);
struct record *roster_at(const struct roster *, const char *);

/*
 * roster_select(roster, names, count): keep the clients of these names, in
 * their order and each once; without names, all.  Returns NULL, or the first
 * name that no client has.
 */
const char *roster_select(struct roster *, const char **, size_t);

/*
 * roster_require(roster, count): end the program with a complaint and status 1
 * unless the first ${count} properties are known of every client.
 */
void roster_require(const struct roster *, int);

/* table.c */

/* Room for any number of milliseconds as the table shows it. */
#define TABLE_TIME_LEN 32

/* table_time(text, ms): [{days}T]HH:MM:SS */
void table_time(char[TABLE_TIME_LEN], uint64_t);

/*
 * table_columns: how many columns there are, plain and verbose.
 * table_print(f, roster, columns, is_terminal): a line for each client, below
 * the titles; for a terminal with what is in it made printable.
 */
#define TABLE_PLAIN 4
#define TABLE_VERBOSE RECORD_COUNT
void table_print(FILE *, const struct roster *, int, int);

/*
 * table_value(text, record, property): the value as the table shows it;
 * ${text} is for what has to be made.
 */
const char *table_value(char[TABLE_TIME_LEN], const struct record *,
    enum record_property);

/* json.c */

/*
 * json_text(f, text): ${text} in quotes and in ASCII.
 * json_value(f, record, property): a property as text, number or truth.
 * json_print(f, roster): all clients with all properties, as Python lays out.
 */
void json_text(FILE *, const char *);
void json_value(FILE *, const struct record *, enum record_property);
void json_print(FILE *, const struct roster *);

/* command.c */

/*
 * command_run(session, roster, commands): do them, each with every client
 * before the next.  Returns the exit status.
 */
int command_run(struct session *, const struct roster *, struct commands *);

/* own.c: what our server has in addition */

/* own_why(session, roster), own_reload(session) return the exit status. */
int own_why(struct session *, const struct roster *);
int own_reload(struct session *);

/*
 * own_version(session, error): see that the server has our interface.  Returns
 * 0, or -1 with ${error} set.
 * own_require(session, option): end the program with a complaint and status 1
 * if the server has not our interface.
 */
int own_version(struct session *, DBusError *);
void own_require(struct session *, const char *);

/* add.c */

/*
 * add_read(files, clients, names): read the clients of these files, none of
 * which is as yet on any server.  Returns 0, or -1 after complaints.
 * add_send(session, clients): add them.  Returns the exit status.
 * add_free(files, clients): wipe what was read.
 */
int add_read(struct client_files *, struct clients *,
    const struct arguments *);
int add_send(struct session *, const struct clients *);
void add_free(struct client_files *, struct clients *);

/* watch.c */

/*
 * watch(session, names, count, is_json): tell what happens to these clients,
 * or to all, until the bus ends.  Returns the exit status.
 */
int watch(struct session *, const char **, size_t, int);

/* health.c */

/* health(inv): one line for a monitoring system.  Returns the exit status. */
int health(const struct invocation *);

/* check.c */

/* check(): the self-tests.  Returns the exit status. */
int check(void);

#endif
