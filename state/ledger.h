/* SPDX-License-Identifier: ISC */
/*
 * What is known of clients over a restart, and the file it is saved in.  For
 * mandos-state, and for a program that makes a ledger out of something else.
 * Memory that cannot be had is fatal in all of this.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <sys/types.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "msgs.h"

/* profile.c */

/* A string of any bytes; p is owned, and has a NUL behind it, or is NULL. */
struct str {
	char *p;
	size_t len;
};

/*
 * str_set(str, bytes, len): copy ${bytes}, in place of what it was.
 * str_free(str) wipes it; it is then empty.
 */
void str_set(struct str *, const void *, size_t);
void str_free(struct str *);
int str_is_same(const struct str *, const struct str *);

/* The eleven settings of a client: those of clients.conf but the secret. */
struct profile {
	struct str host;
	struct str checker;
	struct str key_id;		/* as text */
	struct str fingerprint;
	uint8_t keyid[KEYID_LEN];	/* of the text, with HAS_KEYID */
	uint32_t flags;			/* PROFILE_FLAGS */
	uint64_t timeout_ms;
	uint64_t extended_timeout_ms;
	uint64_t interval_ms;
	uint64_t approval_delay_ms;
	uint64_t approval_duration_ms;
};

#define PROFILE_FLAGS \
	(CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT | CLIENT_HAS_KEYID)

enum profile_kind { PROFILE_TEXT, PROFILE_MS, PROFILE_FLAG };

/* One of the settings. */
struct profile_field {
	const char *key;	/* its name in the ledger */
	uint32_t bit;		/* SET_* */
	enum profile_kind kind;
	size_t offset;		/* in struct profile */
	uint32_t flag;		/* PROFILE_FLAG: which of the flags */
};

#define PROFILE_FIELDS 11
extern const struct profile_field profile_fields[PROFILE_FIELDS];

/* profile_text(profile, field), profile_ms: where a setting of its kind is. */
struct str *profile_text(struct profile *, const struct profile_field *);
uint64_t *profile_ms(struct profile *, const struct profile_field *);

/* profile_is_same(a, b, field): whether they agree in this setting. */
int profile_is_same(const struct profile *, const struct profile *,
    const struct profile_field *);

/* profile_take(to, from, field): copy this setting. */
void profile_take(struct profile *, const struct profile *,
    const struct profile_field *);

/* profile_find_key(profile): set the key ID from its text, if it is one. */
void profile_find_key(struct profile *);

/*
 * profile_copy(to, from): copy all of it into an empty profile.
 * profile_free(profile) leaves an empty one.
 */
void profile_copy(struct profile *, const struct profile *);
void profile_free(struct profile *);

/* digest.c */

#define DIGEST_LEN 32

/* digest(bytes, len, out): the SHA-256 of ${bytes}. */
void digest(const void *, size_t, uint8_t[DIGEST_LEN]);

/* table.c */

/* Why a client is not as it was saved: see restart_decide() in state.h. */
enum restart {
	RESTART_KEEP,
	RESTART_KEEP_LATE,
	RESTART_NEVER_CHECKED,
	RESTART_FAILED,
	RESTART_LATE,
	RESTART_CLOCK
};

/* What the warden is to be told of a client after a merge; else all 0. */
struct news {
	uint32_t set;		/* SET_*: the settings to take over */
	int is_new;
	int is_cut;		/* run-time values were too long together */
	enum restart restart;
	struct str secret;	/* the configured one */
};

struct client {
	RB_ENTRY(client) by_name;
	RB_ENTRY(client) by_number;
	struct str name;
	uint32_t number;	/* 0: the warden does not know it */
	int is_removed;		/* at run time: only conf counts */
	int is_added;		/* at run time: there is no conf */
	struct profile conf;	/* as clients.conf had it when last read */
	int has_digest;
	uint8_t digest[DIGEST_LEN];	/* of the secret in clients.conf */
	struct profile own;	/* as it is */
	int has_secret;		/* one set at run time */
	struct str secret;
	int32_t last_checker_status;	/* 0 to 255, or CHECKER_* */
	/* Wall-clock times in microseconds since 1970; 0 is never. */
	int64_t created_us;
	int64_t last_enabled_us;
	int64_t last_checked_ok_us;
	int64_t last_approval_request_us;
	int64_t expires_us;
	struct news news;
	/* A reload changed it, and the warden may not have heard that yet. */
	struct profile before;
	uint32_t unheard;	/* SET_*: which settings */
	int64_t unheard_ms;	/* loop_now() when it was told */
};

RB_HEAD(table_names, client);
RB_HEAD(table_numbers, client);

struct table {
	struct table_names by_name;
	struct table_numbers by_number;
	size_t count;
};

/*
 * client_new(name, len): an empty client.  client_free(client) wipes all it
 * has; NULL is fine.
 */
struct client *client_new(const void *, size_t);
void client_free(struct client *);

/*
 * table_init(table): make it an empty one.  table_clear(table) frees every
 * client in it.
 */
void table_init(struct table *);
void table_clear(struct table *);

/*
 * table_add(table, client): take over ${client}.  Returns 0, or -1 if one
 * with that name is there: then it stays the caller's.
 */
int table_add(struct table *, struct client *);

/*
 * table_remove(table, client): take it out; it is the caller's then, and has
 * no number.
 */
void table_remove(struct table *, struct client *);

/* table_find(table, name): the client with this name, or NULL. */
struct client *table_find(struct table *, const struct str *);

/*
 * table_number(table, client, number): give a client of ${table} a number
 * that no other has; 0 takes its number away.
 */
void table_number(struct table *, struct client *, uint32_t);

/* table_find_number(table, number): the client with this number, or NULL. */
struct client *table_find_number(struct table *, uint32_t);

/* Every client, by name: the order of bytes. */
struct client *table_first(const struct table *);
struct client *table_next(struct client *);

/* stamp.c */

#define STAMP_LEN 32	/* room for the longest, and a NUL */

/*
 * stamp_print(us, out): ${us} since 1970, at least 0, as ISO 8601 in UTC with
 * microseconds, "2025-11-21T22:19:00.123456Z".  Returns its length.
 * stamp_parse(p, len, us): read exactly what that prints.  Returns 0 or -1.
 */
size_t stamp_print(int64_t, char[STAMP_LEN]);
int stamp_parse(const char *, size_t, int64_t *);

/* base64.c */

/*
 * base64_encode(bytes, len, out): write the digits and padding, which are
 * BASE64_LEN(len), without a NUL.
 * base64_decode(p, len, out): read exactly what that writes, into ${out}, for
 * which there is room for len / 4 * 3 bytes.  Returns how many, or -1.
 */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)
void base64_encode(const uint8_t *, size_t, char *);
ssize_t base64_decode(const char *, size_t, uint8_t *);

/* ledger_write.c, ledger_read.c */

/*
 * The form of a ledger.  All of it is ASCII text:
 *
 *	mandos-ledger VERSION
 *	written TIME
 *	(for each client, by name:)
 *	(an empty line)
 *	client TEXT
 *	conf_KEY VALUE		for each of the eleven settings
 *	conf_secret SHA256	of the secret in clients.conf, or "unknown"
 *	KEY VALUE		for each of the eleven settings
 *	secret TEXT		set at run time, in base64, or "configured"
 *	last_checker_status N
 *	created, last_enabled, last_checked_ok, last_approval_request,
 *	    expires TIME	or "never", each on a line
 *	sha256 SHA256		over everything before this line
 *
 * A client that was removed at run time begins with "removed" in place of
 * "client" and ends before "conf_secret".  One that was added at run time
 * begins with "added", has none of the lines conf_*, and a secret of its own.
 * The VERSION is 2 if there is one of these, else 1, as for programs that do
 * not know them.
 *
 * TEXT is in double quotes.  In it printable ASCII characters stand for
 * themselves, but for '"' and '\'; these and every other byte are \xHH, with
 * lower-case digits.  So a line is a line, whatever is in it.  Flags are yes
 * or no, durations are in milliseconds, times as stamp_print() has them.
 * There is one way only to write a ledger: whatever reads well is, byte for
 * byte, what would be written.
 */
#define LEDGER_VERSION 2	/* the newest */
#define LEDGER_VERSION_PLAIN 1	/* nobody was added */
#define LEDGER_MAX ((size_t)512 << 20)	/* bytes */
#define LEDGER_STRING_MAX 131072	/* bytes that a TEXT stands for */
/* The name, texts and secret of a client that was added fit one message. */
#define LEDGER_ADDED_MAX (131072 - (CLIENT_STRINGS + 1) * 4)

/* A growing text.  What it has been is wiped. */
struct buffer {
	char *p;
	size_t used;
	size_t size;
};

void buffer_free(struct buffer *);

/*
 * ledger_write(table, us, out): make the ledger of ${table}, written at
 * ${us}, in the empty ${out}.  Returns 0, or -1 if it is longer than may be.
 */
int ledger_write(const struct table *, int64_t, struct buffer *);

/* What is wrong with a ledger. */
struct ledger_fault {
	size_t line;		/* where, from 1 */
	char why[128];
};

/*
 * ledger_read(p, len, table, us, fault): read a ledger into the empty
 * ${table}, and when it was written.  Returns 0, or -1 with the fault told
 * and ${table} empty.
 */
int ledger_read(const char *, size_t, struct table *, int64_t *,
    struct ledger_fault *);

#endif
