/* SPDX-License-Identifier: ISC */
/*
 * Plays the warden and the configuration reader for mandos-state.
 */
#ifndef KIT_H
#define KIT_H

#include <sys/types.h>

#include "msg.h"

#define KIT_MS 30000	/* of every wait; none is meant to take so long */

/* One section of clients.conf. */
struct kit_client {
	const char *name;
	const char *host;
	const char *checker;
	const char *key_id;
	const char *secret;
	uint64_t timeout_ms;
	int disabled;
};

struct kit {
	struct chan chan;	/* as the warden */
	pid_t pid;
	uint64_t seq;		/* of the latest SAVE or FORGET */
	uint64_t adds;		/* of the latest ADD */
};

/* A message that has come, with its tail. */
struct kit_msg {
	uint32_t type;
	union {
		struct msg_enrolled enrolled;
		struct msg_dropped dropped;
		struct msg_merged merged;
		struct msg_saved saved;
		struct msg_added added;
	} u;
	char *strings[CLIENT_STRINGS + 1];	/* the last is the secret */
};

/*
 * kit_start(kit, dir, flags): start the program, with its log in ./log, and
 * send STATE_OPEN.  kit_open is the same, and waits for OPENED.
 */
void kit_start(struct kit *, const char *, uint32_t);
void kit_open(struct kit *, const char *, uint32_t);

/* kit_get(kit, msg, ms): the next message; 0 if none came, or none can. */
int kit_get(struct kit *, struct kit_msg *, int);

/* kit_expect(kit, msg, type): the next message, which is of this type. */
void kit_expect(struct kit *, struct kit_msg *, enum msg_type);

/*
 * kit_merge(kit, clients, count, said): have it merge these, of which the
 * reader says that they are ${said}.
 */
void kit_merge(struct kit *, const struct kit_client *, size_t, uint32_t);

/*
 * kit_begin(kit, client): have it merge this only client, and get it back.
 */
void kit_begin(struct kit *, const struct kit_client *, struct kit_msg *);

/*
 * kit_save(kit, enrolled, urgent, secret): SAVE the client as it is there,
 * with ${secret} unless NULL.  kit_forget(kit, number): FORGET.
 */
void kit_save(struct kit *, const struct kit_msg *, int, const char *);
void kit_forget(struct kit *, uint32_t);

/*
 * kit_add(kit, client): ADD such a client.  kit_added(kit, error): the next
 * message but SAVED says so of it; returns its number.
 */
void kit_add(struct kit *, const struct kit_client *);
uint32_t kit_added(struct kit *, int);

/* kit_saved(kit, error): wait until SAVED says so of everything sent. */
void kit_saved(struct kit *, int);

/* kit_end(kit): hang up; returns the exit status.  kit_wait: only wait. */
int kit_end(struct kit *);
int kit_wait(struct kit *);

/*
 * kit_logged(text): whether the log has it.  kit_saved_text(text): whether the
 * ledger has it.  kit_file(path, len): a file's content, to be freed.
 */
#define KIT_LEDGER "state/clients.ledger"
int kit_logged(const char *);
int kit_saved_text(const char *);
char *kit_file(const char *, size_t *);

/* kit_now(): the wall clock in microseconds. */
int64_t kit_now(void);

#endif
