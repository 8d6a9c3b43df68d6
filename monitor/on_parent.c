/* SPDX-License-Identifier: ISC */
/*
 * The monitor's end of the parent, which starts and ends all other programs
 * and hears the signals.  The parent is root and must be sound.
 */
#include "monitor.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "child.h"
#include "dispatch.h"
#include "log.h"

static struct chan parent;
static struct boot boot;
static int listener = -1;

const char *
on_boot(struct chan *chan, const struct msg_boot *m, struct msg *msg)
{
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;

	boot.settings = m->s;
	if (tail_get_text(&p, &left, left, &boot.priority) == -1)
		return "bad strings";
	/* The others are for the warden. */
	boot.strings_len = msg->tail_len;
	if ((boot.strings = malloc(boot.strings_len)) == NULL)
		fatal("malloc");
	memcpy(boot.strings, msg->tail, boot.strings_len);
	chan->phase = PHASE_STARTED;
	return NULL;
}

const char *
on_listener(struct chan *chan, const struct msg_listener *m, struct msg *msg)
{
	(void)m;
	listener = msg_take_fd(msg);
	chan->phase = PHASE_RUN;
	return NULL;
}

const char *
on_reader(struct chan *chan, const struct msg_reader *m, struct msg *msg)
{
	(void)chan;
	(void)m;
	warden_configure(msg->fd);
	return NULL;
}

const char *
on_exited(struct chan *chan, const struct msg_exited *m, struct msg *msg)
{
	struct worker *w;

	(void)chan;
	(void)msg;
	if (m->worker >= PROC_MAX)
		return "no such worker";
	if ((w = worker_of(m->worker)) != NULL)
		worker_exited(w, m->status);
	else if (m->worker == PROC_WARDEN || m->worker == PROC_STATE)
		warden_exited(m->worker, m->status);
	else
		return "this worker was not running";
	return NULL;
}

const char *
on_ping(struct chan *chan, const struct msg_ping *m, struct msg *msg)
{
	struct msg_pong pong;

	(void)m;
	(void)msg;
	pong.clients = client_count(&pong.enabled);
	if (chan_send(chan, MSG_PONG, &pong, NULL, 0, -1) == -1)
		fatal("the parent");
	return NULL;
}

const char *
on_stop(struct chan *chan, const struct msg_stop *m, struct msg *msg)
{
	(void)chan;
	(void)m;
	(void)msg;
	warden_stop();
	return NULL;
}

/* One message. */
static void
serve(int ms)
{
	struct msg msg;
	const char *flaw;

	if (chan_recv_wait(&parent, &msg, ms) != 1)
		fatalx("the parent has ended");
	if ((flaw = monitor_handle(&parent, &msg)) != NULL)
		fatalx_status(EX_SOFTWARE, "the parent: %s", flaw);
}

const struct boot *
parent_init(int argc, char **argv, int *fd)
{
	child_adopt(&parent, PROC_MONITOR, argc, argv);
	serve(-1);
	if (!(boot.settings.flags & SETTING_CHECK))
		serve(-1);
	*fd = listener;
	return &boot;
}

static void
ready(struct loop_io *io, uint32_t events)
{
	(void)io;
	if (events & EPOLLOUT && chan_flush(&parent) == -1)
		fatal("the parent");
	if (events & ~(uint32_t)EPOLLOUT)
		serve(0);
}

void
parent_watch(void)
{
	if (loop_io_add(&parent.io, parent.fd, EPOLLIN, ready, NULL) == -1)
		fatal("epoll_ctl");
}

void
parent_spawn(enum proc worker, int fd)
{
	struct msg_spawn m = { .worker = worker };

	if (chan_send(&parent, MSG_SPAWN, &m, NULL, 0, fd) == -1)
		fatal("the parent");
}

void
parent_kill(enum proc worker)
{
	struct msg_kill m = { .worker = worker };

	if (chan_send(&parent, MSG_KILL, &m, NULL, 0, -1) == -1)
		fatal("the parent");
}

void
parent_serving(int refused)
{
	struct msg_serving m = { .refused = refused != 0 };

	m.clients = client_count(&m.enabled);
	if (chan_send(&parent, MSG_SERVING, &m, NULL, 0, -1) == -1)
		fatal("the parent");
}
