/* SPDX-License-Identifier: ISC */
/*
 * Programs that are started again when they end: netd, checkerd, busd.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <sysexits.h>
#include <unistd.h>

#include "log.h"

/* Delay before one is started again; it doubles until it is ready. */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000

/* A second breach of the table within this time ends the server. */
#define BREACH_MS 60000

#define STATUS_ABSENT 127	/* the parent found no such program */

static struct worker *workers[PROC_MAX];

static void
restart_due(struct loop_timer *timer)
{
	worker_start(timer->arg);
}

void
worker_start(struct worker *w)
{
	int fds[2];

	if (workers[w->proc] == NULL) {
		workers[w->proc] = w;
		w->backoff_ms = BACKOFF_MIN_MS;
		loop_timer_init(&w->restart, restart_due, w);
	}
	if (chan_pair(fds) == -1) {
		log_warn("cannot start %s", w->name);
		loop_timer_set(&w->restart, BACKOFF_MAX_MS);
		return;
	}
	parent_spawn(w->proc, fds[1]);
	close(fds[1]);
	w->life++;
	w->begin(w->proc, fds[0]);
}

void
worker_ready(struct worker *w)
{
	w->served = 1;
	w->backoff_ms = BACKOFF_MIN_MS;
}

void
worker_broken(struct worker *w)
{
	int64_t now = loop_now();

	if (w->breach_at != 0 && now - w->breach_at < BREACH_MS) {
		log_alertx("%s broke the message table twice in a minute",
		    w->name);
		monitor_stop(EX_SOFTWARE);
	}
	w->breach_at = now;
}

void
worker_exited(struct worker *w, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;

	if (w->lost != NULL)
		w->lost();
	if (code == STATUS_ABSENT && w->optional && !w->served) {
		log_warnx("%s is not installed: going on without it", w->name);
		return;
	}
	if (WIFSIGNALED(status))
		log_warnx("%s was ended by signal %d", w->name,
		    WTERMSIG(status));
	else
		log_warnx("%s ended with status %d", w->name, code);
	if (!w->served && !w->optional) {
		/* It has said what is wrong; trying again changes nothing. */
		monitor_stop(code != 0 ? code : EX_SOFTWARE);
		return;
	}
	loop_timer_set(&w->restart, w->backoff_ms);
	if ((w->backoff_ms *= 2) > BACKOFF_MAX_MS)
		w->backoff_ms = BACKOFF_MAX_MS;
}

struct worker *
worker_of(enum proc proc)
{
	return workers[proc];
}
