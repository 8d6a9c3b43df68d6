/* SPDX-License-Identifier: ISC */
/*
 * The configuration reader, and what is made of what it sends: all of it or
 * nothing.  Nobody hears of a change before it is on disk.
 */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"

#define MESSAGES_AT_ONCE 64	/* before others have their turn */

static struct chan reader = { .fd = -1 };
static struct table incoming;	/* what it has sent so far */

static void
tell_merged(int refused)
{
	struct msg_merged m = { .refused = refused != 0 };

	warden_tell(MSG_MERGED, &m, NULL, 0);
}

static void
refuse(const char *why)
{
	log_errx("the configuration is not taken: %s", why);
	table_clear(&incoming);
	chan_close(&reader);
	tell_merged(1);
}

static void
tell_dropped(struct table *old, struct table *merged)
{
	struct msg_dropped m;
	struct client *c;

	for (c = table_first(old); c != NULL; c = table_next(c)) {
		if (c->number == 0 || table_find(merged, &c->name) != NULL)
			continue;
		m.number = c->number;
		warden_tell(MSG_DROPPED, &m, NULL, 0);
	}
}

void
enrolled_tell(struct client *c)
{
	struct msg_enrolled m = { .set = c->news.set,
		.is_new = c->news.is_new != 0 };
	const struct str *secret = NULL;
	const uint8_t *tail;
	size_t len;

	if (m.set & SET_SECRET)
		secret = c->has_secret ? &c->secret : &c->news.secret;
	wire_put(c, &m.f);
	tail = wire_put_tail(c, secret, &len);
	warden_tell(MSG_ENROLLED, &m, tail, len);
	c->unheard_ms = loop_now();
	str_free(&c->news.secret);
	memset(&c->news, 0, sizeof c->news);
}

/* For whoever reads the log. */
static void
log_news(const struct client *c)
{
	restart_log(c);
	if (c->news.is_cut)
		log_warnx("client %s: what was set at run time is too long "
		    "beside what clients.conf says, and is dropped",
		    c->name.p);
	log_debug(c->news.is_new ? "Creating client '%s'" :
	    "Changing client '%s'", c->name.p);
}

static void
tell_news(void)
{
	uint32_t *numbers;
	struct client *c;
	size_t i, count = 0;

	numbers = calloc(state.table.count + 1, sizeof *numbers);
	if (numbers == NULL)
		fatal("calloc");
	for (c = table_first(&state.table); c != NULL; c = table_next(c))
		if (c->news.set != 0)
			numbers[count++] = c->number;
	for (i = 0; i < count; i++) {
		/* It may have been removed while we are about it. */
		c = table_find_number(&state.table, numbers[i]);
		if (c == NULL || c->news.set == 0)
			continue;
		log_news(c);
		enrolled_tell(c);
		/* The warden may have much to say about it at once. */
		if ((i + 1) % MESSAGES_AT_ONCE == 0)
			warden_drain();
	}
	free(numbers);
	wire_wipe();
}

/* The reader has seen to those of clients.conf. */
static void
warn_of_doubles(void)
{
	struct client *c, *other;

	for (c = table_first(&state.table); c != NULL; c = table_next(c)) {
		if (!c->is_added || !(c->own.flags & CLIENT_HAS_KEYID))
			continue;
		for (other = table_first(&state.table); other != NULL;
		    other = table_next(other))
			if (other != c && other->own.flags &
			    CLIENT_HAS_KEYID && memcmp(other->own.keyid,
			    c->own.keyid, KEYID_LEN) == 0)
				log_warnx("client %s, which was added at run "
				    "time, has the key ID of %s: one of them "
				    "can never match", c->name.p,
				    other->name.p);
	}
}

/* The merged table is ours, and the warden may know. */
static void
enforce(struct table *merged)
{
	struct table old = state.table;
	struct client *c;

	for (c = table_first(merged); c != NULL; c = table_next(c))
		if (c->news.is_new)
			table_number(merged, c, ++state.last_number);
	state.table = *merged;
	state.is_started = 1;
	state.is_damaged = 0;
	tell_dropped(&old, &state.table);
	table_clear(&old);
	warn_of_doubles();
	tell_news();
	tell_merged(0);
}

static void
merge(void)
{
	const struct merge_how how = {
		.now_us = state_now(),
		.written_us = state.written_us,
		.is_strict = (state.flags & SETTING_STRICT) != 0,
		.is_damaged = state.is_damaged
	};
	struct table merged;
	int error;

	table_init(&merged);
	merge_clients(&state.table, &incoming, &how, &merged);
	table_clear(&incoming);
	error = save_table(&merged);
	if (error != 0 && state.store.fd != -1) {
		if (state.is_started) {
			table_clear(&merged);
			/* It may be there all the same, and must not stay. */
			save_note(save_seq(), 0);
			refuse("it cannot be saved");
			return;
		}
		if (state.flags & SETTING_RESTORE)
			fatalx_status(EX_CANTCREAT, "%s: %s", state.path,
			    state.store.why);
		/* What nobody wants to have back is tried again later. */
		save_note(save_seq(), 0);
	}
	enforce(&merged);
}

static void
reader_ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	int i, n;

	(void)io;
	(void)events;
	for (i = 0; i < MESSAGES_AT_ONCE; i++) {
		if ((n = chan_recv(&reader, &msg)) == 0)
			return;
		if (n == -1) {
			refuse("mandos-readconf has not sent all of it");
			return;
		}
		if ((flaw = state_handle(&reader, &msg)) != NULL) {
			refuse(flaw);
			return;
		}
		if (reader.phase == PHASE_OVER) {
			chan_close(&reader);
			merge();
			return;
		}
	}
}

void
reader_begin(int fd)
{
	/* The newer one knows better. */
	if (reader.fd != -1)
		refuse("there is a newer one");
	table_init(&incoming);
	chan_init(&reader, fd, PROC_STATE, PROC_CONF, PHASE_READING);
	if (loop_io_add(&reader.io, fd, EPOLLIN, reader_ready, NULL) == -1)
		refuse(strerror(errno));
}

const char *
on_client(struct chan *chan, const struct msg_client *m, struct msg *msg)
{
	struct client *client = client_new("", 0);
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;
	const char *flaw = NULL;

	(void)chan;
	if (wire_get(&m->f, &p, &left, &client->name, &client->conf) == -1 ||
	    wire_get_secret(&p, &left, &client->news.secret) == -1)
		flaw = "bad strings in a client";
	else if (table_add(&incoming, client) == -1)
		flaw = "two clients have one name";
	if (flaw != NULL) {
		client_free(client);
		return flaw;
	}
	client->has_digest = 1;
	digest(client->news.secret.p, client->news.secret.len,
	    client->digest);
	return NULL;
}

const char *
on_conf_end(struct chan *chan, const struct msg_conf_end *m, struct msg *msg)
{
	(void)msg;
	if (m->clients != incoming.count)
		return "wrong number of clients";
	chan->phase = PHASE_OVER;
	return NULL;
}
