/* SPDX-License-Identifier: ISC */
/*
 * What the warden sends, and the way to it.  The warden is trusted: if a
 * message from it cannot be, one of us is broken, and nothing that follows
 * may reach the ledger.
 */
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"

/* One write for all that has come, but not for what never ends. */
#define DRAIN_MAX 8192

/*
 * The warden answers a change of clients.conf with a SAVE, at once.  What it
 * sends before it has heard of the change has the old values; they are not
 * to be saved over the new, however late they come: an old key ID beside a
 * secret that is configured for another one would be worth a crash.  Only to
 * enable who is enabled, or disable who is not, is no change to the warden:
 * then no answer may come, and is not waited for for ever.
 */
#define UNHEARD_MS 10000

static struct loop_io warden_io = { .fd = -1 };

static void
handle(struct msg *msg)
{
	uint32_t type = msg->type;
	const char *flaw;

	if ((flaw = state_handle(&state.warden, msg)) == NULL)
		return;
	(void)save_last();
	fatalx_status(EX_SOFTWARE, "message %s of the warden: %s",
	    msg_name(type), flaw);
}

void
warden_await(void)
{
	struct msg msg;

	if (chan_recv_wait(&state.warden, &msg, -1) != 1)
		state_end();
	handle(&msg);
}

void
warden_drain(void)
{
	struct msg msg;
	int i, n;

	for (i = 0; i < DRAIN_MAX; i++) {
		if ((n = chan_recv(&state.warden, &msg)) == 0)
			break;
		if (n == -1)
			state_end();
		handle(&msg);
	}
	add_finish(save_urgent());
}

static void
warden_ready(struct loop_io *io, uint32_t events)
{
	(void)io;
	(void)events;
	warden_drain();
}

void
warden_watch(void)
{
	/* Not the channel's own, so that sending waits. */
	if (loop_io_add(&warden_io, state.warden.fd, EPOLLIN, warden_ready,
	    NULL) == -1)
		fatal("epoll_ctl");
}

void
warden_tell(enum msg_type type, const void *body, const void *tail,
    size_t len)
{
	if (chan_send(&state.warden, type, body, tail, len, -1) == -1 &&
	    !state.is_ending)
		state_end();
}

const char *
on_state_open(struct chan *chan, const struct msg_state_open *m,
    struct msg *msg)
{
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;

	(void)chan;
	if (tail_get_text(&p, &left, left, &state.path) == -1 || left != 0)
		return "bad strings";
	log_open("mandos-state", (int)m->log_level);
	state.flags = m->flags;
	return NULL;
}

const char *
on_merge(struct chan *chan, const struct msg_merge *m, struct msg *msg)
{
	(void)chan;
	(void)m;
	reader_begin(msg_take_fd(msg));
	return NULL;
}

/* What was set at run time to what clients.conf says is not of its own. */
static void
take_secret(struct client *client, struct str *secret)
{
	uint8_t sum[DIGEST_LEN];

	digest(secret->p, secret->len, sum);
	str_free(&client->secret);
	client->has_secret = !client->has_digest ||
	    memcmp(sum, client->digest, DIGEST_LEN) != 0;
	if (client->has_secret)
		client->secret = *secret;
	else
		str_free(secret);
	memset(secret, 0, sizeof *secret);
}

/*
 * Have ${own}, as the warden sees it, be what a reload has made of it where
 * the warden still has what was before that.
 */
static void
correct_unheard(struct client *client, struct profile *own)
{
	const struct profile_field *field;
	size_t i;

	if (loop_now() - client->unheard_ms > UNHEARD_MS)
		client->unheard &= ~SET_ENABLED;
	for (i = 0; i < PROFILE_FIELDS; i++) {
		field = &profile_fields[i];
		if (!(client->unheard & field->bit))
			continue;
		if (!profile_is_same(own, &client->own, field) &&
		    profile_is_same(own, &client->before, field))
			profile_take(own, &client->own, field);
		else
			client->unheard &= ~field->bit;
	}
	if ((client->unheard & ~SET_SECRET) == 0) {
		client->unheard = 0;
		profile_free(&client->before);
	}
}

static void
take_fields(struct client *client, const struct client_fields *f,
    struct profile *own)
{
	int64_t enabled_us = client->last_enabled_us;
	int64_t expires_us = client->expires_us;
	uint32_t is_unheard;

	if (client->unheard != 0)
		correct_unheard(client, own);
	is_unheard = client->unheard & SET_ENABLED;
	profile_free(&client->own);
	client->own = *own;
	memset(own, 0, sizeof *own);
	client->last_checker_status = f->last_checker_status;
	client->created_us = f->created_us;
	client->last_checked_ok_us = f->last_checked_ok_us;
	client->last_approval_request_us = f->last_approval_request_us;
	/* These go with the setting. */
	client->last_enabled_us = is_unheard ? enabled_us :
	    f->last_enabled_us;
	client->expires_us = is_unheard ? expires_us : f->expires_us;
}

static const char *
find_flaw(const struct msg_save *m)
{
	const struct client_fields *f = &m->f;

	if (m->seq <= save_seq())
		return "not in sequence";
	if (f->number == 0 || f->number > state.last_number)
		return "no such client";
	if (f->last_checker_status < CHECKER_NEVER ||
	    f->last_checker_status > 255)
		return "no such checker status";
	if (f->created_us < 0 || f->last_enabled_us < 0 ||
	    f->last_checked_ok_us < 0 || f->last_approval_request_us < 0 ||
	    f->expires_us < 0)
		return "a time before 1970";
	return m->set & ~SET_SECRET ? "no such setting" : NULL;
}

const char *
on_save(struct chan *chan, const struct msg_save *m, struct msg *msg)
{
	struct client *client = table_find_number(&state.table, m->f.number);
	struct str name = { NULL, 0 }, secret = { NULL, 0 };
	struct profile own = { .flags = 0 };
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;
	const char *flaw;

	(void)chan;
	if ((flaw = find_flaw(m)) != NULL)
		return flaw;
	if (wire_get(&m->f, &p, &left, &name, &own) == -1 ||
	    (m->set & SET_SECRET ? wire_get_secret(&p, &left, &secret) == -1 :
	    left != 0))
		flaw = "bad strings";
	else if (client != NULL && !str_is_same(&name, &client->name))
		flaw = "the client has another name";
	if (flaw == NULL && client != NULL) {
		take_fields(client, &m->f, &own);
		if (m->set & SET_SECRET)
			take_secret(client, &secret);
	}
	str_free(&name);
	str_free(&secret);
	profile_free(&own);
	/* One that is gone was saved before the warden heard of that. */
	if (flaw == NULL)
		save_note(m->seq, m->urgent != 0);
	return flaw;
}

const char *
on_forget(struct chan *chan, const struct msg_forget *m, struct msg *msg)
{
	struct client *client = table_find_number(&state.table, m->number);

	(void)chan;
	(void)msg;
	if (m->seq <= save_seq())
		return "not in sequence";
	if (m->number == 0 || m->number > state.last_number)
		return "no such client";
	if (client != NULL && client->is_added) {
		/* Nothing would bring it back. */
		table_remove(&state.table, client);
		client_free(client);
	} else if (client != NULL) {
		table_number(&state.table, client, 0);
		client->is_removed = 1;
		client->has_digest = 0;
		client->has_secret = 0;
		str_free(&client->secret);
		profile_free(&client->own);
	}
	save_note(m->seq, 1);
	return NULL;
}
