/* SPDX-License-Identifier: ISC */
/*
 * The warden's end of the monitor.
 */
#include "warden.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "child.h"
#include "dispatch.h"
#include "log.h"

#define TAIL_MAX 131072		/* of ENROLL and GATE */

static struct chan monitor;
static struct boot boot;

const char *
on_warden_start(struct chan *chan, const struct msg_warden_start *m,
    struct msg *msg)
{
	const uint8_t *p = msg->tail, *skipped;
	size_t left = msg->tail_len, len;

	/* The first one is netd's business. */
	if (m->port > UINT16_MAX ||
	    tail_get(&p, &left, left, &skipped, &len) == -1 ||
	    tail_get_text(&p, &left, left, &boot.servicename) == -1 ||
	    tail_get_text(&p, &left, left, &boot.statedir) == -1 || left != 0)
		return "bad strings";
	boot.settings = m->s;
	boot.port = (uint16_t)m->port;
	chan->phase = PHASE_RUN;
	return NULL;
}

const char *
on_channel(struct chan *chan, const struct msg_channel *m, struct msg *msg)
{
	(void)chan;
	switch (m->worker) {
	case PROC_STATE:
		state_open(&boot, msg_take_fd(msg));
		return NULL;
	case PROC_CHECKERD:
		checkerd_open(&boot, msg_take_fd(msg));
		return NULL;
	case PROC_BUSD:
		busd_open(&boot, msg_take_fd(msg));
		return NULL;
	}
	return "not a worker of mine";
}

const char *
on_configure(struct chan *chan, const struct msg_configure *m,
    struct msg *msg)
{
	(void)chan;
	(void)m;
	state_merge(msg->fd);
	return NULL;
}

const char *
on_halt(struct chan *chan, const struct msg_halt *m, struct msg *msg)
{
	(void)chan;
	(void)m;
	(void)msg;
	life_halt();
	state_stop();
	return NULL;
}

/* What busd is to know is told after what follows from it. */
const char *
on_news(struct chan *chan, const struct msg_news *m, struct msg *msg)
{
	struct client *c = client_number(m->e.number);

	(void)chan;
	if (m->e.event >= EVENT_MAX)
		return "no such event";
	/* It may have been removed meanwhile. */
	if (c == NULL && m->e.event != EVENT_UNKNOWN_KEY)
		return NULL;
	if (m->e.event == EVENT_PENDING) {
		life_pending(c, (uint32_t)m->e.value);
		return NULL;
	}
	if (m->e.event == EVENT_GOT_SECRET)
		life_delivered(c);
	if (m->e.event == EVENT_NEED_APPROVAL)
		life_approval_asked(c);
	busd_event((enum event)m->e.event, c, m->e.value, m->e.by_default,
	    msg->tail, msg->tail_len);
	return NULL;
}

const char *
on_synced(struct chan *chan, const struct msg_synced *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	busd_synced(m->seq);
	return NULL;
}

/* One message.  Without the monitor there is nothing to watch over. */
static void
serve(int ms)
{
	struct msg msg;
	const char *flaw;

	if (chan_recv_wait(&monitor, &msg, ms) != 1)
		exit(0);
	if ((flaw = warden_handle(&monitor, &msg)) != NULL)
		fatalx_status(EX_SOFTWARE, "the monitor: %s", flaw);
}

const struct boot *
monitor_init(int argc, char **argv)
{
	child_adopt(&monitor, PROC_WARDEN, argc, argv);
	serve(-1);
	return &boot;
}

static void
ready(struct loop_io *io, uint32_t events)
{
	(void)io;
	if (events & EPOLLOUT && chan_flush(&monitor) == -1)
		exit(0);
	if (events & ~(uint32_t)EPOLLOUT)
		serve(0);
}

void
monitor_watch(void)
{
	monitor.most = SIZE_MAX;
	if (loop_io_add(&monitor.io, monitor.fd, EPOLLIN, ready, NULL) == -1)
		fatal("epoll_ctl");
}

static void
tell(enum msg_type type, const void *body, const void *tail, size_t len)
{
	if (chan_send(&monitor, type, body, tail, len, -1) == -1)
		exit(0);
}

static struct gate
gate_of(const struct client *c)
{
	struct gate gate = { .number = c->f.number,
		.approval_delay_ms = c->f.approval_delay_ms };

	memcpy(gate.keyid, c->f.keyid, sizeof gate.keyid);
	gate.flags = c->f.flags & (CLIENT_ENABLED |
	    CLIENT_APPROVED_BY_DEFAULT | CLIENT_HAS_KEYID);
	return gate;
}

void
monitor_enroll(struct client *c, const uint8_t *secret, size_t secret_len)
{
	static uint8_t tail[TAIL_MAX];
	struct msg_enroll m = { .g = gate_of(c) };
	size_t len = 0;

	if (tail_put(tail, sizeof tail, &len, c->name, strlen(c->name)) ==
	    -1 || tail_put(tail, sizeof tail, &len, secret, secret_len) == -1)
		fatalx("client %s does not fit into a message", c->name);
	tell(MSG_ENROLL, &m, tail, len);
	explicit_bzero(tail, len);
	c->gate = m.g;
}

void
monitor_gate(struct client *c)
{
	static uint8_t tail[TAIL_MAX];
	struct msg_gate m = { .g = gate_of(c) };
	size_t len = 0;

	if (c->secret == NULL && memcmp(&m.g, &c->gate, sizeof m.g) == 0)
		return;
	if (c->secret != NULL && tail_put(tail, sizeof tail, &len, c->secret,
	    c->secret_len) == -1)
		fatalx("client %s does not fit into a message", c->name);
	tell(MSG_GATE, &m, tail, len);
	explicit_bzero(tail, len);
	client_drop_secret(c);
	c->gate = m.g;
}

void
monitor_unenroll(const struct client *c)
{
	struct msg_unenroll m = { .number = c->f.number };

	tell(MSG_UNENROLL, &m, NULL, 0);
}

void
monitor_approve(const struct client *c, enum approval approval, uint64_t ms)
{
	struct msg_approve m = { .number = c->f.number,
		.approval = approval, .ms = ms };

	tell(MSG_APPROVE, &m, NULL, 0);
}

void
monitor_sync(uint64_t seq)
{
	struct msg_sync m = { .seq = seq };

	tell(MSG_SYNC, &m, NULL, 0);
}

void
monitor_configured(int refused)
{
	struct msg_configured m = { .refused = refused != 0 };

	tell(MSG_CONFIGURED, &m, NULL, 0);
}

void
monitor_worker(const struct link *l, enum worker_news news)
{
	struct msg_worker m = { .worker = l->proc, .news = news,
		.life = l->life };

	tell(MSG_WORKER, &m, NULL, 0);
}
