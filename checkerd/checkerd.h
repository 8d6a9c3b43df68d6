/* SPDX-License-Identifier: ISC */
/*
 * checkerd: runs the checkers of clients, when they are due, and says how
 * they ended.  It knows host names and commands; it knows no secret, and the
 * keys it knows are public.
 */
#ifndef CHECKERD_H
#define CHECKERD_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "expand.h"
#include "loop.h"
#include "msg.h"
#include "orders.h"

/* A checker that has been started; in run.c. */
struct run;

/* A client, as the warden has described it last. */
struct check_client {
	RB_ENTRY(check_client) entry;		/* by number */
	TAILQ_ENTRY(check_client) waiting_entry;
	struct client_fields f;
	const char *text[CLIENT_STRINGS];	/* by enum client_text */
	char *strings;		/* where they are */
	struct loop_timer tick;
	int64_t due_ms;		/* when that is */
	uint32_t stops;		/* for the warden, who counts them */
	int first;		/* no scheduled checker has started yet */
	int by_tick;		/* what waits was due, not ordered */
	int waiting;		/* for a place among those that run */
	int again;		/* to be started when run has ended */
	struct run *run;	/* its checker, or one that is being killed */
};

/* What the whole of checkerd works with; it is set up once. */
struct checkerd {
	struct orders warden;
	struct check_limits limits;
	int log_level;
	int debug;		/* what checkers print is logged */
};

extern struct checkerd checkerd;

/* on_warden.c */

/* checkerd_end(status): kill all checkers, and end. */
void checkerd_end(int) __attribute__((noreturn));

/* table.c */

/*
 * client_put(fields, tail, len): the client with this number, made if there is
 * none, as the message describes it.  Returns NULL if that cannot be: no
 * number, or strings that are none.  Fatal if there is no memory.
 */
struct check_client *client_put(const struct client_fields *, const uint8_t *,
    size_t);

/* client_find(number): the client, or NULL. */
struct check_client *client_find(uint32_t);

/* client_free(client): forget it; the scheduler must have, before. */
void client_free(struct check_client *);

/* schedule.c */

/*
 * schedule_order(client, orders, first_ms): do what the CHECK_* of ${orders}
 * say.  schedule_forget(client): the client will be gone.
 */
void schedule_order(struct check_client *, uint32_t, uint64_t);
void schedule_forget(struct check_client *);

/*
 * schedule_ended(client, command, status): its checker, whose memory is about
 * to be freed, has ended, with this wait status.  ${command} is NULL if
 * nobody wants to know, for it was stopped.
 */
void schedule_ended(struct check_client *, const char *, int);

/* schedule_work(): start what waits, as far as there are places. */
void schedule_work(void);

/* tell.c */

/* tell_init(): once, when there is a loop. */
void tell_init(void);

/*
 * tell_warden(type, body, command): it hears this, with ${command} behind it,
 * after what it was told before, now or a hundredth of a second later.
 */
void tell_warden(enum msg_type, const void *, const char *);

/* run.c */

/* run_init(): once, when all power is given up.  Fatal on failure. */
void run_init(void);

/*
 * run_start(client, command): start ${command}, which becomes the run's, as
 * checker of ${client}.  Returns 0, or -1 with errno: then it is the caller's.
 */
int run_start(struct check_client *, char *);

/*
 * run_stop(run): it is not wanted any more; it will be killed and its end not
 * reported.  run_is_stopped(run): that has been said.  run_orphan(run):
 * likewise, and its client is about to be freed.
 */
void run_stop(struct run *);
int run_is_stopped(const struct run *);
void run_orphan(struct run *);

/* run_count(): how many there are, also of those being killed. */
uint32_t run_count(void);

/* run_reap(): hear of processes that have ended. */
void run_reap(void);

/* run_kill_all(): leave no process behind.  Blocks until that is so. */
void run_kill_all(void);

/* run_find(pid): the checker whose shell, and session, this is, or NULL. */
struct run *run_find(pid_t);

/* stray.c */

/* stray_init(): once.  Logs if there is no way to find strays. */
void stray_init(void);

/*
 * stray_kill(): kill every child of ours that belongs to no checker's session:
 * what a checker has left behind is given to us.  Its own children come to us
 * when it has ended: call again after each end of a process.
 */
void stray_kill(void);

/* output.c */

/*
 * output_new(name, fd): a pipe, from whose other end, left in ${fd}, lines are
 * logged as those of the checker for ${name}.  Returns NULL, with errno, if
 * there can be none.  output_free(output): log what is in it, and close it.
 * Harmless on NULL.
 */
struct output;
struct output *output_new(const char *, int *);
void output_free(struct output *);

#endif
