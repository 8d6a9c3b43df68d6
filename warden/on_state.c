/* SPDX-License-Identifier: ISC */
/*
 * The warden's end of the state process, which has the ledger.  If it ends, so
 * does the server: the monitor hears of that.
 */
#include "warden.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "dispatch.h"
#include "log.h"

#define TAIL_MAX 131072		/* of SAVE */

static struct chan state = { .fd = -1 };
static uint64_t seq;		/* of the last SAVE */
static uint64_t urgent_seq;	/* of the last urgent one */
static uint64_t saved_seq;	/* up to which SAVED has come */
static uint64_t merged_seq = UINT64_MAX; /* MERGED is to be told after it */
static int merged_refused;
static uint64_t adds;		/* the number of the last ADD */
static int stopping;
static int is_told_all;		/* and that there is no more */
static uint8_t buffer[TAIL_MAX];

/* When all has been sent, it hears the end of file, writes and ends. */
static void
stop_if_sent(void)
{
	if (!stopping || state.queued > 0 || is_told_all)
		return;
	is_told_all = 1;
	shutdown(state.fd, SHUT_WR);
}

static void
ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;

	(void)io;
	if (events & EPOLLOUT) {
		if (chan_flush(&state) == -1)
			fatal("mandos-state");
		if (state.queued == 0)
			life_catch_up();
		stop_if_sent();
	}
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	switch (chan_recv(&state, &msg)) {
	case 0:
		return;
	case -1:
		/* The monitor hears how it ended. */
		loop_io_del(&state.io);
		return;
	}
	type = msg.type;
	if ((flaw = warden_handle(&state, &msg)) != NULL)
		fatalx_status(EX_SOFTWARE, "%s from mandos-state: %s",
		    msg_name(type), flaw);
}

/* A reload is over when all it has changed is in force. */
static void
tell_if_in_force(void)
{
	if (saved_seq < merged_seq)
		return;
	merged_seq = UINT64_MAX;
	monitor_configured(merged_refused);
}

/* Send it a message; it is there as long as we are. */
static void
tell(enum msg_type type, const void *body, const void *tail, size_t len,
    int fd)
{
	if (state.io.fd != -1 && !is_told_all &&
	    chan_send(&state, type, body, tail, len, fd) == -1) {
		/* Without it the next SAVED would tell a lie. */
		if (errno != EPIPE && errno != ECONNRESET)
			fatal("mandos-state");
		log_warn("mandos-state");
	}
}

void
state_open(const struct boot *boot, int fd)
{
	struct msg_state_open m = { .flags = boot->settings.flags,
		.log_level = boot->settings.log_level };
	size_t len = 0;

	if (state.fd != -1)
		fatalx("the state process was started twice");
	if (tail_put(buffer, sizeof buffer, &len, boot->statedir,
	    strlen(boot->statedir)) == -1)
		fatalx("the name of the state directory is too long");
	chan_init(&state, fd, PROC_WARDEN, PROC_STATE, PHASE_BOOT);
	/* It reads all we send: there is no bound but the clients' number. */
	state.most = SIZE_MAX;
	if (loop_io_add(&state.io, state.fd, EPOLLIN, ready, NULL) == -1)
		fatal("epoll_ctl");
	tell(MSG_STATE_OPEN, &m, buffer, len, -1);
}

void
state_merge(int fd)
{
	struct msg_merge m = { 0 };

	tell(MSG_MERGE, &m, NULL, 0, fd);
}

uint64_t
state_save(const struct client *c, int urgent, int with_secret)
{
	struct msg_save m = { .f = c->f, .seq = ++seq,
		.urgent = urgent != 0 };
	size_t len = c->strings_len;

	if (urgent)
		urgent_seq = seq;
	if (!with_secret) {
		tell(MSG_SAVE, &m, c->strings, len, -1);
		return seq;
	}
	memcpy(buffer, c->strings, len);
	if (tail_put(buffer, sizeof buffer, &len, c->secret, c->secret_len) ==
	    -1)
		fatalx("client %s does not fit into a message", c->name);
	m.set = SET_SECRET;
	tell(MSG_SAVE, &m, buffer, len, -1);
	explicit_bzero(buffer, len);
	return seq;
}

uint64_t
state_forget(const struct client *c)
{
	struct msg_forget m = { .number = c->f.number, .seq = ++seq };

	tell(MSG_FORGET, &m, NULL, 0, -1);
	return seq;
}

uint64_t
state_add(const struct client_fields *f, const uint8_t *tail, size_t len)
{
	/* Of what else it may have been given, nothing is a setting. */
	struct msg_add m = { .seq = ++adds, .f = {
		.flags = f->flags & (CLIENT_ENABLED |
		    CLIENT_APPROVED_BY_DEFAULT),
		.timeout_ms = f->timeout_ms,
		.extended_timeout_ms = f->extended_timeout_ms,
		.interval_ms = f->interval_ms,
		.approval_delay_ms = f->approval_delay_ms,
		.approval_duration_ms = f->approval_duration_ms } };

	tell(MSG_ADD, &m, tail, len, -1);
	return m.seq;
}

void
state_put_off(uint64_t was, uint64_t later)
{
	if (merged_seq != UINT64_MAX && was <= merged_seq)
		merged_seq = later;
}

int
state_is_behind(void)
{
	return state.queued > 0;
}

void
state_stop(void)
{
	stopping = 1;
	stop_if_sent();
}

const char *
on_opened(struct chan *chan, const struct msg_opened *m, struct msg *msg)
{
	(void)m;
	(void)msg;
	chan->phase = PHASE_RUN;
	return NULL;
}

const char *
on_enrolled(struct chan *chan, const struct msg_enrolled *m, struct msg *msg)
{
	struct client *c;

	(void)chan;
	if (m->is_new) {
		if ((c = client_new(&m->f, msg->tail, msg->tail_len)) == NULL)
			return "bad strings, or a number that is taken";
		life_begin(c);
		return NULL;
	}
	/* An administrator may have removed it a moment ago. */
	if ((c = client_number(m->f.number)) == NULL)
		return NULL;
	if (m->set & SET_ENABLED && !(m->f.flags & CLIENT_ENABLED))
		life_disable(c);
	if (m->set & ~SET_ENABLED && life_set(c, m->set & ~SET_ENABLED, &m->f,
	    msg->tail, msg->tail_len) != 0)
		return "bad strings";
	if (m->set & SET_ENABLED && m->f.flags & CLIENT_ENABLED)
		life_enable(c);
	return NULL;
}

const char *
on_dropped(struct chan *chan, const struct msg_dropped *m, struct msg *msg)
{
	struct client *c = client_number(m->number);

	(void)chan;
	(void)msg;
	if (c != NULL)
		client_remove(c);
	return NULL;
}

const char *
on_merged(struct chan *chan, const struct msg_merged *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	merged_refused = m->refused != 0;
	merged_seq = urgent_seq;
	tell_if_in_force();
	return NULL;
}

const char *
on_added(struct chan *chan, const struct msg_added *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	if (m->seq == 0 || m->seq > adds)
		return "nobody was to be added by that number";
	busd_added(m->seq, (int)m->error, m->number);
	return NULL;
}

const char *
on_saved(struct chan *chan, const struct msg_saved *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	if (m->seq > seq)
		return "nothing of that number was to be saved";
	if (m->error != 0)
		log_errx("state is not saved: %s", strerror((int)m->error));
	life_saved(m->seq, (int)m->error);
	saved_seq = m->seq;
	tell_if_in_force();
	busd_saved(m->seq, (int)m->error);
	return NULL;
}
