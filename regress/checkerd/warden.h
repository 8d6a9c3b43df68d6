/* SPDX-License-Identifier: ISC */
/*
 * The other end of checkerd, for its tests: a warden that orders what the
 * test wants, and remembers when it heard what.
 */
#ifndef CHECKERD_WARDEN_H
#define CHECKERD_WARDEN_H

#include <sys/types.h>

#include <stdint.h>

#include "expand.h"
#include "msg.h"

/* Something that checkerd has said. */
struct heard {
	uint32_t type;		/* MSG_CHECK_STARTED or MSG_CHECK_DONE */
	uint32_t number;
	uint32_t scheduled;	/* of the one */
	uint32_t stops;
	int32_t status;		/* of the other */
	int64_t at_ms;		/* loop_now() time */
	char command[256];	/* its beginning */
};

/* The client that is told of next; each test begins with an ordinary one. */
extern struct client_fields fields;
extern const char *text[CLIENT_STRINGS];
extern uint32_t stops;

/* What checkerd is started with; likewise. */
extern struct msg_check_start limits;

/*
 * Not 0: it is not the program, but its parts, as a user whom nobody else on
 * this machine is; for limits that are for all processes of a user.
 */
extern int warden_apart;

/*
 * warden_start(): start checkerd, which is the program if we are root, and
 * its parts without giving up power if not, and wait until it is ready.  Its
 * log is the file "log".  Every checker has a mark in its environment.
 */
void warden_start(void);

/* warden_pid(): of checkerd. */
pid_t warden_pid(void);

/* warden_order(number, orders, first_ms): send a CHECK. */
void warden_order(uint32_t, uint32_t, uint64_t);

/* warden_forget(number): send a CHECK_FORGET. */
void warden_forget(uint32_t);

/* warden_send(type, body, tail, len): send anything. */
void warden_send(enum msg_type, const void *, const void *, size_t);

/*
 * warden_hear(heard, ms): wait for a message.  Returns 1; 0 if there is none
 * in that time; -1 if checkerd has ended.
 */
int warden_hear(struct heard *, int);

/*
 * The next message must be this one, within ten seconds.  Returns what was
 * heard, until the next call.
 */
const struct heard *warden_started(uint32_t, const char *);
const struct heard *warden_done(uint32_t, int);

/* warden_silent(ms): nothing is heard for so long. */
void warden_silent(int);

/* warden_hang_up(): close the channel.  warden_wait(): the wait status. */
void warden_hang_up(void);
int warden_wait(void);

/*
 * survivors(): how many processes have the mark, checkerd excepted.
 * no_survivors(): wait until there are none, and checkerd has no children
 * either; ten seconds are enough.  has_survivors(n): wait until there are at
 * least so many.
 */
unsigned int survivors(void);
void no_survivors(void);
void has_survivors(unsigned int);

/* log_has(line): how many lines of the log have this text in them. */
unsigned int log_has(const char *);

#endif
