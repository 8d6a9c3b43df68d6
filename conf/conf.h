/* SPDX-License-Identifier: ISC */
/*
 * The configuration reader, mandos-readconf: everything about its files and
 * its command line that the other files of this directory share.
 *
 * All text here is a slice with a length: a configuration file may hold NUL
 * bytes, and the original takes them as any other character.
 */
#ifndef CONF_H
#define CONF_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdint.h>
#include <stdio.h>

#include "argparse.h"
#include "msg.h"

/* Bytes that somebody else owns; not terminated, may contain NUL. */
struct text {
	const char *p;
	size_t len;
};

/* Where a value comes from: a line of a file, or, with line 0, an option. */
struct where {
	const char *file;
	unsigned int line;
};

/* unicode.c: what Python 3.11 thinks of characters (Unicode 14) */

/*
 * utf8_decode(p, len, cp): the code point that begins at ${p}, of which
 * ${len} bytes may be read.  Returns how many bytes it takes, or 0 if they
 * are not valid UTF-8: overlong, a surrogate, too large or cut short.
 */
size_t utf8_decode(const char *, size_t, uint32_t *);

/* utf8_encode(cp, out): write ${cp} as UTF-8.  Returns how many bytes. */
size_t utf8_encode(uint32_t, char[4]);

/* str.isspace(), the value of a decimal digit or -1, and str.lower(). */
int unicode_is_space(uint32_t);
int unicode_digit(uint32_t);
uint32_t unicode_lower(uint32_t);

/* text.c */

/* text_is(text, string): whether they are the same bytes. */
int text_is(struct text, const char *);
int text_compare(struct text, struct text);
struct text text_from(const char *);

/* text_strip(text): ${text} without white space at both ends. */
struct text text_strip(struct text);

/*
 * text_word(rest, word): take the next word, as white space separates them,
 * off the front of ${rest}.  Returns 0 if there is none.
 */
int text_word(struct text *, struct text *);

/*
 * text_integer(text, value): read ${text} as Python's int() does: white space
 * around it, a sign, digits of any script, single underscores between them.
 * What does not fit becomes INT64_MIN or INT64_MAX.  Returns 0 or -1.
 */
int text_integer(struct text, int64_t *);

/* text_boolean(text, value): 1 yes true on, 0 no false off.  0 or -1. */
int text_boolean(struct text, int *);

/* text_dup(text): a terminated copy, or NULL if ${text} contains a NUL. */
char *text_dup(struct text);

/*
 * text_quote(text): ${text} as Python's repr() shows it, to be freed.
 */
char *text_quote(struct text);

/* duration.c */

/* What a text can be as a duration. */
enum duration {
	DURATION_OK,
	DURATION_SYNTAX,
	DURATION_TOO_LONG,	/* above 999999999 days, as in the original */
	DURATION_NEGATIVE	/* the older format can say so; it is no use */
};

/*
 * duration_parse(text, ms): read an RFC 3339 duration, or a sum in the older
 * format.  ${ms} is set also for DURATION_NEGATIVE.
 * duration_rfc3339(text, ms): the former only.
 */
enum duration duration_parse(struct text, int64_t *);
enum duration duration_rfc3339(struct text, int64_t *);

/* One more than the most milliseconds that a duration can have. */
#define DURATION_END_MS (INT64_C(1000000000) * 24 * 60 * 60 * 1000)
const char *duration_strerror(enum duration);

/* duration_print(buf, size, ms): the RFC 3339 form of whole seconds. */
#define DURATION_MAX_LEN 64
void duration_print(char *, size_t, uint64_t);

/* base64.c */

/*
 * base64_decode(text, len): decode as leniently as the original: what is no
 * digit is skipped, and complete padding ends the data.  Returns a buffer of
 * ${len} bytes for freezero(), or NULL if the last group is not complete.
 */
uint8_t *base64_decode(struct text, size_t *);

/* problem.c */

/*
 * problem_error(where, fmt, ...): complain about ${where}, at once, and count
 * it.  After PROBLEMS_MAX complaints no more are shown.  Never pass a value
 * from clients.conf: it may be a secret.
 */
#define PROBLEMS_MAX 100
void problem_error(const struct where *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
void problem_warn(const struct where *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * problem_may_pass(): the latest error is of the machine and not of the
 * files, so that another try may succeed.  problem_status(): the exit status
 * for the errors there were: 1 if all of them may pass, else EX_CONFIG.
 */
void problem_may_pass(void);
int problem_status(void);

/*
 * problem_count(): how many errors there were.  problem_first(): the first of
 * them, as it was logged, or "".
 */
unsigned int problem_count(void);
const char *problem_first(void);

/*
 * problem_reset(sink): count from 0, and pass complaints to ${sink} instead
 * of the log; NULL for the log.  For tests.
 */
void problem_reset(void (*)(int, const char *));

/* ini.c */

#define INI_SIZE_MAX (64U << 20)	/* bytes in a file */
#define INI_ITEMS_MAX (1U << 20)	/* sections and keys in it */
#define INI_WORK_MAX (64U << 20)	/* bytes interpolation may make */
#define INI_REFERENCE_COST 64		/* what a reference counts for there */
#define INI_DEPTH_MAX 10		/* levels of interpolation */

/* A value that interpolation made. */
struct ini_blob {
	STAILQ_ENTRY(ini_blob) entry;
	char *p;
	size_t len;
};

struct ini_entry {
	RB_ENTRY(ini_entry) by_key;
	STAILQ_ENTRY(ini_entry) entry;
	STAILQ_ENTRY(ini_entry) by_percent;
	struct ini_section *section;
	struct text key;	/* lower case */
	struct text value;	/* raw */
	struct text expanded;	/* of a section's own entry, once asked for */
	struct where where;	/* line 0: built in */
	int has_percent;
	int is_reported;	/* complained about its interpolation */
};

RB_HEAD(ini_entries, ini_entry);

struct ini_section {
	RB_ENTRY(ini_section) by_name;
	STAILQ_ENTRY(ini_section) entry;
	struct text name;
	struct where where;
	struct ini_entries tree;
	STAILQ_HEAD(, ini_entry) list;	/* in file order */
	STAILQ_HEAD(, ini_entry) percents;	/* those with references */
};

RB_HEAD(ini_sections, ini_section);

struct ini {
	const char *file;
	struct ini *base;	/* its [DEFAULT] holds here as well, or NULL */
	int is_there;		/* ini_load() has found the file */
	char *bytes;		/* the file as read, wiped after parsing */
	size_t len;
	char *arena;		/* keys, names and values point into it */
	size_t used;
	size_t size;
	struct ini_section defaults;	/* [DEFAULT] */
	struct ini_sections tree;
	STAILQ_HEAD(, ini_section) list;	/* in file order */
	STAILQ_HEAD(, ini_blob) blobs;	/* expanded values */
	size_t work;		/* of interpolation so far */
	int is_exhausted;	/* and it was too much */
};

/*
 * ini_init(ini, file): an empty one, that calls itself ${file} in complaints.
 * ini_free wipes everything that was read.
 */
void ini_init(struct ini *, const char *);
void ini_free(struct ini *);

/* ini_default(ini, key, value): a built-in value for every section. */
void ini_default(struct ini *, const char *, const char *);

/*
 * ini_load(ini): read the file; a missing one is an empty one.  Sets
 * ${ini}->is_there.
 * ini_parse(ini, bytes, len): read ${bytes} as that file's content.
 * Both complain about every bad line, and return 0, or -1 if they did.
 */
int ini_load(struct ini *);
int ini_parse(struct ini *, const char *, size_t);

/*
 * ini_lower(out, key): write ${key} to ${out}, which has room for twice its
 * length, as keys are compared: in lower case.  Returns how long that is.
 */
size_t ini_lower(char *, struct text);

/*
 * ini_find(ini, section, key): the entry that ${key} has in ${section}, in
 * [DEFAULT] here or in the base, or built in, or NULL.
 */
struct ini_entry *ini_find(struct ini *, struct ini_section *, struct text);

/* expand.c */

/*
 * ini_expand(ini, section, entry, value): the value of ${entry} with its
 * references resolved as ${section} sees them; it lives as long as ${ini}.
 * Returns 0, or -1 after a complaint (one for each entry).
 * ini_check(ini, section): do so for all that ${section} has or inherits.
 */
int ini_expand(struct ini *, struct ini_section *, struct ini_entry *,
    struct text *);
int ini_check(struct ini *, struct ini_section *);

/* options.c */

/* The command line; NULL or 0 for what was not given. */
struct options {
	const char *interface;
	const char *address;
	const char *port;	/* an integer, or "" */
	const char *debuglevel;
	const char *priority;
	const char *servicename;
	const char *configdir;
	const char *socket;	/* an integer */
	const char *statedir;
	int check;
	int debug;
	int no_dbus;
	int no_ipv6;
	int no_restore;
	int foreground;
	int no_zeroconf;
	int config_test;
	int show_config;
	int start_disabled;
};

/*
 * options_parse(options, argc, argv, error): read the command line as
 * Python's argparse does.  For ARGPARSE_ERROR, ${error} is what to tell the
 * user, to be freed.
 */
enum argparse_result options_parse(struct options *, int, char **, char **);

/* options_usage(f), options_help(f): print the usage block, or all help. */
void options_usage(FILE *);
void options_help(FILE *);

/* settings.c */

/* A text and where it comes from. */
struct setting {
	char *value;
	struct where where;
};

struct settings {
	struct setting interface;
	struct setting address;
	struct setting debuglevel;
	struct setting priority;	/* "": our default */
	struct setting servicename;
	struct setting statedir;
	const char *configdir;
	struct settings_msg msg;
};

#define CONFIGDIR_DEFAULT "/etc/mandos"
#define STATEDIR_DEFAULT "/var/lib/mandos"

/* Together they fit into the tail of SETTINGS, and the first into START's. */
#define PRIORITY_MAX 2048
#define SERVICENAME_MAX 1024
#define STATEDIR_MAX 4095

/*
 * settings_builtin(ini): the values that mandos.conf has when nobody says
 * anything else.
 */
void settings_builtin(struct ini *);

/*
 * settings_merge(settings, ini, options): built-in values, then mandos.conf,
 * then the command line.  The address is not looked up.  Returns 0, or -1
 * after complaints.  settings_free is for both cases.
 */
int settings_merge(struct settings *, struct ini *, const struct options *);
void settings_free(struct settings *);

/* settings_is_findable(settings): a client could know where to connect. */
int settings_is_findable(const struct settings *);

/* settings_pack(settings, buf, size, used): the tail of SETTINGS. */
int settings_pack(const struct settings *, uint8_t *, size_t, size_t *);

/* settings_level_name(level): what debuglevel calls a syslog(3) number. */
const char *settings_level_name(uint32_t);

/* limits.c */

/* The limits of netd and of checkerd, each a key of mandos.conf. */
struct limit {
	const char *key;
	int is_duration;	/* else a count */
	size_t offset;		/* in struct settings_msg */
	const char *builtin;
	uint64_t least;		/* a count, or milliseconds */
	uint64_t most;
};

#define LIMITS_COUNT 14
extern const struct limit limits_table[LIMITS_COUNT];

uint64_t limit_get(const struct settings_msg *, const struct limit *);

/* limits_merge(settings, ini): as settings_merge, for these. */
int limits_merge(struct settings_msg *, struct ini *);

/* address.c */

/*
 * address_resolve(settings): turn the address and the interface into what
 * bind(2) needs.  Asks the resolver if the address is a name.  Returns 0, or
 * -1 after a complaint.
 */
int address_resolve(struct settings *);

/* clients.c */

struct client {
	STAILQ_ENTRY(client) entry;
	RB_ENTRY(client) by_name;
	RB_ENTRY(client) by_keyid;
	struct where where;
	struct text name;
	struct text host;
	struct text checker;
	char *key_id;		/* upper case, no blanks, perhaps no key ID */
	char *fingerprint;
	uint8_t *secret;
	size_t secret_len;
	struct client_fields fields;
};

RB_HEAD(client_names, client);
RB_HEAD(client_keyids, client);

/* Those of all files. */
struct clients {
	STAILQ_HEAD(, client) list;	/* in the order they were read in */
	struct client_names names;
	struct client_keyids keyids;
};

/* What a client's strings may have together, so that they fit a message. */
#define CLIENT_STRINGS_MAX 60000

void clients_init(struct clients *);

/* clients_builtin(ini): the defaults that clients.conf has built in. */
void clients_builtin(struct ini *);

/*
 * clients_read(clients, ini): make a client of every section, and read its
 * secret file.  The texts live as long as ${ini}.  Returns 0, or -1 after
 * complaints.  clients_free wipes the secrets.
 */
int clients_read(struct clients *, struct ini *);
void clients_free(struct clients *);

/* clients_pack(client, buf, size, used): the tail of its CLIENT message. */
int clients_pack(const struct client *, uint8_t *, size_t, size_t *);

/* files.c */

/* A file that has clients; the first is clients.conf. */
struct client_file {
	STAILQ_ENTRY(client_file) entry;
	struct ini ini;
	char *path;
};

STAILQ_HEAD(client_files, client_file);

/*
 * files_read(files, clients, configdir): read clients.conf there and then what
 * ends in ".conf" in clients.d, in the order of the bytes of the names.  The
 * clients' texts live as long as ${files}.  Returns 0, or -1 after complaints.
 * files_free is for both cases.
 *
 * files_are_there(files): there was any file at all.
 */
int files_read(struct client_files *, struct clients *, const char *);
int files_are_there(const struct client_files *);
void files_free(struct client_files *);

/* secfile.c */

/*
 * secfile_expand(path): $NAME, ${NAME}, ~ and ~user replaced as the original
 * does; what is not known stays.  To be freed.
 */
char *secfile_expand(const char *);

/*
 * secfile_read(path, len, why): the whole file, at most SECRET_MAX bytes of
 * it, for freezero().  Returns NULL with the reason in ${why}.
 */
uint8_t *secfile_read(const char *, size_t *, const char **);

/* print.c */

/*
 * print_settings(f, settings), print_clients(f, clients): everything that is
 * in effect, in the form of the files.  Secrets are not shown.
 */
void print_settings(FILE *, const struct settings *);
void print_clients(FILE *, const struct clients *);

/* helper.c */

/*
 * helper_netd(libexec, option, value): run the mandos-netd of ${libexec} with
 * ${option} and, unless it is NULL, ${value}, and wait for it.  Returns its
 * exit status, or -1 if it was killed; that it could not be run is logged.
 */
int helper_netd(const char *, const char *, const char *);

#endif
