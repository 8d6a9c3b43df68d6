/* SPDX-License-Identifier: ISC */
/*
 * The monitor's end of netd: starts it, starts it again, hears of sessions.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "dispatch.h"
#include "log.h"

/* Delay before netd is started again; it doubles until netd is ready. */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000

/* A second breach of the table within this time ends the server. */
#define BREACH_MS 60000

static struct chan netd = { .fd = -1 };
static struct msg_start start;
static int listener;
static int served;		/* it has been ready at least once */
static uint64_t backoff_ms;
static int64_t breach_at = -1;	/* when it last broke the table */
static struct loop_timer restart;

static void
restart_due(struct loop_timer *timer)
{
	(void)timer;
	netd_start();
}

void
netd_init(const struct msg_settings *settings, int fd)
{
	memset(&start, 0, sizeof start);
	start.limits = settings->limits;
	start.log_level = settings->log_level;
	listener = fd;
	session_limit(settings->limits.max_sessions +
	    settings->limits.spare_sessions);
	loop_timer_init(&restart, restart_due, NULL);
}

/* No more messages to or from it; what is left of it is killed. */
static void
netd_cut(void)
{
	if (netd.fd == -1)
		return;
	chan_close(&netd);
	session_end_all();
	worker_kill(PROC_NETD);
}

static void
netd_breach(uint32_t type, const char *flaw)
{
	int64_t now = loop_now();

	log_alertx("netd broke the message table and is killed: %s: %s",
	    msg_name(type), flaw);
	netd_cut();
	if (breach_at != -1 && now - breach_at < BREACH_MS) {
		log_alertx("netd broke the message table twice in a minute");
		monitor_stop(EX_SOFTWARE);
	}
	breach_at = now;
}

static void
netd_ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;

	(void)io;
	if (netd.phase == PHASE_OVER ||
	    (events & EPOLLOUT && chan_flush(&netd) == -1)) {
		netd_cut();
		return;
	}
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	switch (chan_recv(&netd, &msg)) {
	case 0:
		return;
	case -1:
		netd_cut();
		return;
	}
	type = msg.type;
	if ((flaw = monitor_handle(&netd, &msg)) != NULL)
		netd_breach(type, flaw);
}

void
netd_start(void)
{
	struct msg_listener m = { 0 };

	if (worker_run(PROC_NETD, &netd) == -1) {
		log_warn("cannot start netd");
		loop_timer_set(&restart, BACKOFF_MAX_MS);
		return;
	}
	if (loop_io_add(&netd.io, netd.fd, EPOLLIN, netd_ready, NULL) == -1)
		fatal("epoll_ctl");
	if (chan_send(&netd, MSG_START, &start, config_priority,
	    strlen(config_priority), -1) == -1 ||
	    chan_send(&netd, MSG_LISTENER, &m, NULL, 0, listener) == -1)
		netd_cut();
}

void
netd_exited(int status)
{
	netd_cut();
	if (WIFSIGNALED(status))
		log_warnx("netd was ended by signal %d", WTERMSIG(status));
	else
		log_warnx("netd ended with status %d", WEXITSTATUS(status));
	if (!served) {
		/* It has said what is wrong; trying again changes nothing. */
		monitor_stop(WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
		    WEXITSTATUS(status) : EX_SOFTWARE);
		return;
	}
	loop_timer_set(&restart, backoff_ms);
	if ((backoff_ms *= 2) > BACKOFF_MAX_MS)
		backoff_ms = BACKOFF_MAX_MS;
}

static void
netd_tell(enum msg_type type, const void *body)
{
	if (netd.fd == -1 || netd.phase == PHASE_OVER ||
	    chan_send(&netd, type, body, NULL, 0, -1) == 0)
		return;
	/* Our caller is about to end a session: the loop will cut it off. */
	if (errno == ENOBUFS)
		log_warnx("netd leaves its messages unread and is killed");
	netd.phase = PHASE_OVER;
	worker_kill(PROC_NETD);
}

void
netd_tell_end(uint64_t number, enum verdict verdict)
{
	struct msg_session_end m = { .session = number, .verdict = verdict };

	netd_tell(MSG_SESSION_END, &m);
}

void
netd_tell_wait(uint64_t number, uint64_t ms)
{
	struct msg_session_wait m = { .session = number, .wait_ms = ms };

	netd_tell(MSG_SESSION_WAIT, &m);
}

const char *
on_ready(struct chan *chan, const struct msg_ready *m, struct msg *msg)
{
	(void)m;
	(void)msg;
	chan->phase = PHASE_RUN;
	served = 1;
	backoff_ms = BACKOFF_MIN_MS;
	monitor_serving();
	return NULL;
}

const char *
on_session_open(struct chan *chan, const struct msg_session_open *m,
    struct msg *msg)
{
	(void)chan;
	return session_new(m->session, msg_take_fd(msg));
}

const char *
on_session_peer(struct chan *chan, const struct msg_session_peer *m,
    struct msg *msg)
{
	(void)chan;
	(void)msg;
	return session_peer(m);
}
