/* SPDX-License-Identifier: ISC */
/*
 * The monitor's end of the warden, which knows how clients are and what has
 * been decided about them.  The warden and the state process behind it are
 * trusted: if one of them ends, so does the server.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "dispatch.h"
#include "log.h"

static struct chan warden = { .fd = -1 };
static int stopping;

/* Send it a message; it is there as long as we are. */
static void
tell(enum msg_type type, const void *body, const void *tail, size_t len,
    int fd)
{
	if (chan_send(&warden, type, body, tail, len, fd) == -1)
		fatal("mandos-warden");
}

static void
ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;

	(void)io;
	if (events & EPOLLOUT && chan_flush(&warden) == -1)
		fatal("mandos-warden");
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	switch (chan_recv(&warden, &msg)) {
	case 0:
		return;
	case -1:
		/* The parent will say how it ended. */
		loop_io_del(&warden.io);
		return;
	}
	type = msg.type;
	if ((flaw = monitor_handle(&warden, &msg)) != NULL)
		fatalx_status(EX_SOFTWARE, "%s from mandos-warden: %s",
		    msg_name(type), flaw);
}

/* Start what the warden is to have the other end of. */
static void
begin_for(enum proc proc, int fd)
{
	struct msg_channel m = { .worker = proc };

	tell(MSG_CHANNEL, &m, NULL, 0, fd);
	close(fd);
}

static struct worker checkerd = { .proc = PROC_CHECKERD, .name = "checkerd",
	.begin = begin_for };
static struct worker busd = { .proc = PROC_BUSD, .name = "busd",
	.begin = begin_for, .optional = 1 };

/* A channel with the other end in a program that the parent starts. */
static int
spawn(enum proc proc)
{
	int fds[2];

	if (chan_pair(fds) == -1)
		fatal("socketpair");
	parent_spawn(proc, fds[1]);
	close(fds[1]);
	return fds[0];
}

void
warden_start(const struct boot *boot, int port)
{
	struct msg_warden_start m = { .s = boot->settings,
		.port = (uint32_t)port };
	int fd = spawn(PROC_WARDEN);

	chan_init(&warden, fd, PROC_MONITOR, PROC_WARDEN, PHASE_RUN);
	warden.most = SIZE_MAX;
	if (loop_io_add(&warden.io, fd, EPOLLIN, ready, NULL) == -1)
		fatal("epoll_ctl");
	tell(MSG_WARDEN_START, &m, boot->strings, boot->strings_len, -1);
	begin_for(PROC_STATE, spawn(PROC_STATE));
	worker_start(&checkerd);
	if (boot->settings.flags & (SETTING_DBUS | SETTING_ZEROCONF))
		worker_start(&busd);
}

void
warden_configure(int fd)
{
	struct msg_configure m = { 0 };

	tell(MSG_CONFIGURE, &m, NULL, 0, fd);
}

void
warden_stop(void)
{
	struct msg_halt m = { 0 };

	stopping = 1;
	tell(MSG_HALT, &m, NULL, 0, -1);
}

void
warden_exited(enum proc proc, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;

	if (proc == PROC_STATE && stopping && code == 0) {
		monitor_stop(0);
		return;
	}
	if (WIFSIGNALED(status))
		log_errx("the %s process was ended by signal %d",
		    proc == PROC_STATE ? "state" : "warden", WTERMSIG(status));
	monitor_stop(code != 0 ? code : EX_SOFTWARE);
}

void
warden_news(enum event event, const struct client *c, int64_t value,
    int64_t by_default, const char *text)
{
	struct msg_news m = { .e = { .event = event, .value = value,
		.by_default = by_default } };

	if (c != NULL)
		m.e.number = c->gate.number;
	tell(MSG_NEWS, &m, text, text == NULL ? 0 : strlen(text), -1);
}

const char *
on_enroll(struct chan *chan, const struct msg_enroll *m, struct msg *msg)
{
	const uint8_t *p = msg->tail, *secret;
	size_t left = msg->tail_len, len;
	char *name;

	(void)chan;
	if (tail_get_text(&p, &left, left, &name) == -1)
		return "bad strings";
	if (tail_get(&p, &left, SECRET_MAX, &secret, &len) == -1 ||
	    left != 0) {
		free(name);
		return "bad strings";
	}
	if (client_new(&m->g, name, secret_keep(secret, len)) == NULL)
		return "this number is taken";
	return NULL;
}

const char *
on_gate(struct chan *chan, const struct msg_gate *m, struct msg *msg)
{
	struct client *c = client_number(m->g.number);
	const uint8_t *p = msg->tail, *secret;
	size_t left = msg->tail_len, len;

	(void)chan;
	if (c == NULL)
		return "no such client";
	if (left > 0) {
		if (tail_get(&p, &left, SECRET_MAX, &secret, &len) == -1 ||
		    left != 0)
			return "bad strings";
		secret_drop(&c->secret);
		c->secret = secret_keep(secret, len);
	}
	client_gate(c, &m->g);
	return NULL;
}

const char *
on_unenroll(struct chan *chan, const struct msg_unenroll *m, struct msg *msg)
{
	struct client *c = client_number(m->number);

	(void)chan;
	(void)msg;
	if (c == NULL)
		return "no such client";
	client_remove(c);
	return NULL;
}

const char *
on_approve(struct chan *chan, const struct msg_approve *m, struct msg *msg)
{
	struct client *c = client_number(m->number);

	(void)chan;
	(void)msg;
	if (c == NULL || m->approval >= APPROVAL_MAX)
		return "no such client or approval";
	client_approve(c, (enum approval)m->approval, m->ms);
	return NULL;
}

const char *
on_sync(struct chan *chan, const struct msg_sync *m, struct msg *msg)
{
	struct msg_synced synced = { .seq = m->seq };

	(void)chan;
	(void)msg;
	tell(MSG_SYNCED, &synced, NULL, 0, -1);
	return NULL;
}

const char *
on_configured(struct chan *chan, const struct msg_configured *m,
    struct msg *msg)
{
	(void)chan;
	(void)msg;
	monitor_configured(m->refused != 0);
	return NULL;
}

const char *
on_worker(struct chan *chan, const struct msg_worker *m, struct msg *msg)
{
	struct worker *w = m->worker < PROC_MAX ? worker_of(m->worker) : NULL;

	(void)chan;
	(void)msg;
	if ((w != &checkerd && w != &busd) || m->news >= WORKER_MAX)
		return "no such worker or news";
	/* Late news of one that has ended are none of the next one. */
	if (m->life == w->life && m->news == WORKER_READY)
		worker_ready(w);
	if (m->life == w->life && m->news != WORKER_READY)
		parent_kill(w->proc);
	if (m->news == WORKER_BROKEN)
		worker_broken(w);
	return NULL;
}
