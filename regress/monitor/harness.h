/* SPDX-License-Identifier: ISC */
/*
 * A monitor for tests, which play netd and the sessions at the other ends of
 * its channels.  There are two to link: harness.c runs the daemon's own
 * objects without its main() in a child process, with a parent that is a
 * pretence; harness_real.c starts a whole server.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <sys/types.h>

#include "msg.h"

/* How the monitor ended. */
#define HARNESS_RUNS -1

/* The test program's directory; a test that starts a whole server sets it. */
extern char harness_srcdir[4096];

/* A client to be in the monitor's table; the first one has number 1. */
struct harness_client {
	const char *name;
	uint8_t keyid[KEYID_LEN];
	const char *secret;
	uint32_t flags;
	uint64_t approval_delay_ms;
};

struct harness {
	pid_t pid;
	struct chan netd;	/* the test's end, as netd */
	struct chan warden;	/* as warden; not with a whole server */
	int commands;		/* what the monitor asked of the parent */
	uint64_t last;		/* the session number used last */
};

/*
 * harness_start(h, clients, count, most): a monitor with these clients, which
 * permits ${most} sessions; netd has received START and ACCEPT_FROM and has
 * said READY.
 */
void harness_start(struct harness *, const struct harness_client *, size_t,
    uint32_t);

/*
 * harness_stop(h): end it by closing netd's channel for good.  Returns the
 * status it gave to monitor_stop(), or HARNESS_RUNS if it would have gone on.
 */
int harness_stop(struct harness *);

/* harness_kill(h): it is known to run; end it without waiting. */
void harness_kill(struct harness *);

/*
 * harness_killed(h): true once the monitor has asked for netd to be killed;
 * waits for that.  harness_again(h): play the netd that is started then.
 */
int harness_killed(struct harness *);
void harness_again(struct harness *);

/*
 * harness_session(h, session, nonce): open a session with the next number, as
 * netd does, and receive its nonce.
 */
void harness_session(struct harness *, struct chan *, uint8_t[NONCE_LEN]);

/* harness_peer(h): the session opened last has a connection from ::1. */
void harness_peer(struct harness *);

/*
 * harness_verdict(h): receive SESSION_END of the session ${number} and return
 * its verdict; any other message but SESSION_WAIT fails the test.
 */
int harness_verdict(struct harness *, uint64_t);

/*
 * harness_news(h, event, value): as warden, take messages until there is NEWS
 * of this event, and return the number of the client; ${value} is its value.
 */
uint32_t harness_news(struct harness *, enum event, int64_t *);

/* harness_next(chan, msg): receive one message, which must be sound. */
void harness_next(struct chan *, struct msg *);

/* harness_ended(chan): true if the next thing on ${chan} is its end. */
int harness_ended(struct chan *);

#endif
