/* SPDX-License-Identifier: ISC */
/*
 * A warden for tests: the daemon's own objects without its main() in a child
 * process, with the test at the other ends of all its channels.
 */
#ifndef HOUSE_H
#define HOUSE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "msg.h"

#define HOUSE_SECRET "a secret to be kept"

struct house {
	pid_t pid;
	struct chan monitor;	/* the test's ends, in these parts */
	struct chan parent;
	struct chan state;
	struct chan checkerd;
	struct chan busd;
	uint64_t seq;		/* of the last SAVE or FORGET met */
};

/*
 * house_start(h): a warden that has a state process, which has opened its
 * directory; checkerd and busd come by house_checkerd and house_busd, which
 * may be called again and play them until they are ready.
 */
void house_start(struct house *);
void house_checkerd(struct house *);
void house_busd(struct house *);

/* house_stop(h): end it, and hold that it did so by itself, with status 0. */
void house_stop(struct house *);

/* house_dies(h): it ends by itself, because of what it has heard: status 70. */
void house_dies(struct house *);

/*
 * house_fields(number): an enabled client that checks every minute, expires
 * after five, or fifteen when it got its secret.
 */
struct client_fields house_fields(uint32_t);

/*
 * house_enroll(h, f, set): as state, ENROLLED with these fields and the
 * strings "name", "host", house_checker, "key", "print", and HOUSE_SECRET if
 * SET_SECRET is in ${set}; a new client if that is SET_ALL.
 */
extern const char *house_checker;	/* "checker" */
void house_enroll(struct house *, const struct client_fields *, uint32_t);

/*
 * house_next(chan, type, body, size): the next message on ${chan}, which must
 * be of this type; its fixed struct goes to ${body}.  house_until skips others
 * until there is one.  The tail is in house_tail until the next one.
 */
void house_next(struct chan *, enum msg_type, void *, size_t);
void house_until(struct chan *, enum msg_type, void *, size_t);
extern uint8_t house_tail[131072];
extern size_t house_tail_len;

/* house_silent(chan): nothing comes on ${chan} for a moment. */
int house_silent(struct chan *);

/* house_saved(h, error): as state, answer the last SAVE met. */
void house_saved(struct house *, int);

/* house_save(h, m): take the next SAVE. */
void house_save(struct house *, struct msg_save *);

/*
 * house_enrolled(h, f): house_enroll, with what is said about it taken; the
 * monitor's is returned.
 */
struct msg_enroll house_enrolled(struct house *, const struct client_fields *);

/* house_expires_in(f, ms): it does, by its fields, give or take 10 seconds. */
int house_expires_in(const struct client_fields *, int64_t);

/* house_checked(h, number, status): as checkerd, CHECK_DONE. */
void house_checked(struct house *, uint32_t, int);

/* house_news(h, event, number, value): as monitor, NEWS. */
void house_news(struct house *, enum event, uint32_t, int64_t);

/* house_say(chan, type, body, tail, len): send a message. */
void house_say(struct chan *, enum msg_type, const void *, const void *,
    size_t);

/* house_control(h, request, what, f, set): as busd, with house strings. */
void house_control(struct house *, uint64_t, enum control,
    const struct client_fields *, uint32_t);

/*
 * house_done(h, request): as monitor, answer one SYNC; as busd, take
 * CONTROL_DONE for this request and return its error.
 */
int house_done(struct house *, uint64_t);

/* house_now_us(): wall clock. */
int64_t house_now_us(void);

#endif
