/* SPDX-License-Identifier: ISC */
/*
 * Drives mandos-state: is the warden at the other end of its channel, and
 * the configuration reader behind another.  What goes wrong on our side ends
 * the test case; that mandos-state has ended is an answer, for it may have
 * been killed.
 */
#ifndef DRIVE_H
#define DRIVE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "msg.h"
#include "trace.h"

#define DRIVE_CLIENTS 64	/* most of them */
#define DRIVE_SECRET 640	/* bytes of a secret, about what one has */

enum drive_string {
	DRIVE_NAME,
	DRIVE_HOST,
	DRIVE_CHECKER,
	DRIVE_KEYID,
	DRIVE_FINGERPRINT
};

struct drive_client {
	struct client_fields f;
	char text[CLIENT_STRINGS][128];
	uint8_t secret[DRIVE_SECRET];
	size_t secret_len;
};

struct drive_set {
	size_t count;
	struct drive_client client[DRIVE_CLIENTS];
};

struct drive {
	struct chan chan;
	pid_t pid;		/* or 0, when it is traced */
	struct trace *trace;
	char log[64];		/* name of the file */
	int over;		/* the channel has ended */
	uint64_t seq;		/* of the last order to save */
	uint64_t saved;		/* is on disk */
	uint64_t adds;		/* ordered */
	struct drive_set held;	/* what the warden would have */
};

#define LONG_AGO_US INT64_C(1000000000000000)	/* in 2001 */
#define FAR_AHEAD_US INT64_C(4000000000000000)	/* in 2096 */

/*
 * drive_scratch(): have the current directory be a file system in memory, of
 * which only this process and its children know, where that is permitted: an
 * fsync(2) costs nothing there, and nothing here depends on what it does.
 */
void drive_scratch(void);

/* drive_conf(set, count): clients as clients.conf would have them. */
void drive_conf(struct drive_set *, size_t);

/* drive_find(set, name): the client, or NULL. */
struct drive_client *drive_find(struct drive_set *, const char *);

/*
 * drive_start(drive, dir, flags, order): start mandos-state, traced if there
 * is an order, and send STATE_OPEN with these flags.  Its log is a new file
 * beside the directory.  Returns 0, or -1 if it has ended instead of saying
 * OPENED.
 */
int drive_start(struct drive *, const char *, uint32_t,
    const struct trace_order *);

/*
 * drive_merge(drive, conf): send the configuration and take over what has
 * come of it.  Returns 0, 1 if it was refused, or -1 at the end.
 */
int drive_merge(struct drive *, const struct drive_set *);

/*
 * drive_save(drive, client, set, urgent), drive_forget(drive, client): order
 * it, and do not wait.  drive_wait(drive) waits until an answer to the last
 * order has come, and returns its error, 0 if all is saved, or -1 at the end.
 */
void drive_save(struct drive *, const struct drive_client *, uint32_t, int);
void drive_forget(struct drive *, const struct drive_client *);
int drive_wait(struct drive *);

/*
 * drive_add(drive, client): order it to add this one, and wait.  Returns the
 * error of its answer, 0 if it is there, or -1 at the end.
 */
int drive_add(struct drive *, const struct drive_client *);

/*
 * drive_hang_up(drive): say no more, as a warden that has ended.
 * drive_end(drive): the same, and wait; returns the status as from
 * waitpid(2).  A trace is the caller's to end and to free: then it is 0.
 */
void drive_hang_up(struct drive *);
int drive_end(struct drive *);

/* drive_logged(drive, text): how often the log has this. */
unsigned int drive_logged(const struct drive *, const char *);

/*
 * drive_load(set, dir, conf): what a server that starts on this directory
 * serves.  It saves one of its clients, too, so that nothing in the directory
 * can be in the way.  Returns 0, or -1 if it does not start.
 */
int drive_load(struct drive_set *, const char *, const struct drive_set *);

/*
 * drive_tell(set): all of it that a restart must keep, as text, which the
 * caller frees.  Times are told if they lie long ago: others depend on when
 * this is run.
 */
char *drive_tell(const struct drive_set *);

#endif
