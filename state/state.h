/* SPDX-License-Identifier: ISC */
/*
 * mandos-state: keeps what must outlive the server.  It reads the ledger,
 * takes the clients that the configuration reader sends, merges the two, and
 * tells the warden; it saves what the warden says, and says when it is on
 * disk.  It decides nothing while the server runs, and speaks to nobody else.
 */
#ifndef STATE_H
#define STATE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "loop.h"
#include "msg.h"
#include "store.h"

/* The state directory, under the filter; as in sandbox/rules_state.c. */
#define STATE_DIR_FD 4

/* What all files of this program share. */
struct state {
	struct chan warden;	/* blocks: the warden always reads */
	uint32_t flags;		/* SETTING_*, of STATE_OPEN */
	char *path;		/* of the directory, as it was named */
	struct store store;
	struct table table;	/* what is, or will be, on disk */
	uint32_t last_number;	/* given to a client */
	int64_t written_us;	/* when the ledger was written */
	int is_damaged;		/* it was: all clients start disabled */
	int is_started;		/* the first merge has been made */
	int is_ending;		/* the warden has gone */
};

extern struct state state;

/* restart.c */

/* What holds for all clients of a merge. */
struct merge_how {
	int64_t now_us;		/* wall clock */
	int64_t written_us;	/* when the ledger was written */
	int is_strict;		/* restart_policy */
	int is_damaged;		/* new clients start disabled */
};

/*
 * restart_decide(client, how): what becomes of a saved client when the server
 * starts; pure.  The window of a client that is disabled is no matter.
 *
 *	original: a window that has not passed, or that there is none of, is
 *	kept, and so is one that has, if the last checker succeeded.
 *	strict: only a window that has not passed is kept, and only if the
 *	clock has not been set back.
 */
enum restart restart_decide(const struct client *, const struct merge_how *);

/*
 * restart_is_disabled(verdict): whether that means that it is disabled.
 * restart_log(client): say what has become of it, if it is worth a word.
 */
int restart_is_disabled(enum restart);
void restart_log(const struct client *);

/* merge.c */

/*
 * merge_clients(old, conf, how, out): make the empty table ${out} of what is
 * saved in ${old} and what clients.conf has in ${conf}: pure, but that the
 * configured secrets are taken out of ${conf}.  A client of ${conf} has its
 * name, conf, the digest, and the secret in news.secret.
 *
 * A client with a number is one the warden knows: it keeps its number, and
 * its news is what has changed in clients.conf.  One without is news as a
 * whole, and the server's restart counts for it.
 *
 * One that was added at run time stays as it is, unless clients.conf has one
 * of its name: then it is that, with that one's key ID and secret, but stays
 * disabled if it is.
 */
void merge_clients(struct table *, struct table *, const struct merge_how *,
    struct table *);

/*
 * merge_begin(client, how): the life of a client, which has its settings in
 * ${client}->own, begins.
 */
void merge_begin(struct client *, const struct merge_how *);

/* wire.c: records as messages have them */

/*
 * wire_get(fields, p, left, name, profile): the client of a message: its
 * fields and the strings at the front of its tail, into an empty ${name} and
 * ${profile}.  The key ID is made of its text.  Returns 0, or -1 if they
 * cannot be; then both are to be freed all the same.
 */
int wire_get(const struct client_fields *, const uint8_t **, size_t *,
    struct str *, struct profile *);

/* wire_get_secret(p, left, secret): the secret, which is the rest. */
int wire_get_secret(const uint8_t **, size_t *, struct str *);

/*
 * wire_fits(name, profile, secret): whether one message can have all this.
 * wire_put(client, fields): the fields of ${client}.
 * wire_put_tail(client, secret, len): its strings, and ${secret} unless that
 * is NULL, in a static buffer; wire_wipe() wipes it.
 */
int wire_fits(const struct str *, const struct profile *, const struct str *);
void wire_put(const struct client *, struct client_fields *);
const uint8_t *wire_put_tail(const struct client *, const struct str *,
    size_t *);
void wire_wipe(void);

/* save.c: when what is saved */

#define SAVE_BATCH_MS 14000	/* a client's times are on disk after that */
#define SAVE_RETRY_MS 10000	/* after a failure */

/* save_init(): in the loop. */
void save_init(void);

/*
 * save_note(seq, urgent): the table is as the warden's ${seq} wants it.
 * save_urgent(): write, if anything of that was urgent.  Returns 0, or errno.
 * save_last(): write, if there is anything to be written; for the end.
 * Returns 0, or -1 if that could not be done.
 */
void save_note(uint64_t, int);
int save_urgent(void);
int save_last(void);

/* save_seq(): the latest number. */
uint64_t save_seq(void);

/*
 * save_table(table): write ${table} in place of ours, at once.  Returns 0,
 * and then everything noted is on disk, or errno, but EIO in place of those
 * that have another meaning in ADDED or CONTROL_DONE; a failure is logged.
 */
int save_table(const struct table *);

/* add.c */

/*
 * add_finish(error): the clients that were to be added are on disk, and the
 * warden is told of them; or they are not, for this reason, and are forgotten.
 */
void add_finish(int);

/* on_warden.c */

/*
 * warden_await(): wait for STATE_OPEN.  warden_watch(): serve the warden
 * in the loop.  warden_drain(): take what it has sent so far.
 */
void warden_await(void);
void warden_watch(void);
void warden_drain(void);

/*
 * warden_tell(type, body, tail, len): send it a message; if it has gone,
 * end, with all saved.
 */
void warden_tell(enum msg_type, const void *, const void *, size_t);

/* on_reader.c */

/* reader_begin(fd): take clients from the reader at the other end. */
void reader_begin(int);

/*
 * enrolled_tell(client): tell the warden its news, which is none any more.
 * The caller is to call wire_wipe().
 */
void enrolled_tell(struct client *);

/* dispatch.c */

/*
 * state_handle(chan, msg): check a message and have it handled; it is freed.
 * Returns NULL, or why a sound sender cannot have sent it.
 */
const char *state_handle(struct chan *, struct msg *);

/* state_now(): the wall clock in microseconds. */
int64_t state_now(void);

/*
 * state_end(): the warden has gone: save, and end, with status 73 if that
 * was not possible.
 */
void state_end(void) __attribute__((noreturn));

/* The handlers, one for each message that is meant for this process. */
#define TO_STATE(NAME, name, ...)					\
const char *on_##name(struct chan *, const struct msg_##name *, struct msg *);
#include "msgs.def"

#endif
