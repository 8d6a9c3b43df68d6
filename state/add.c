/* SPDX-License-Identifier: ISC */
/*
 * Clients that an administrator adds at run time.  They are in the ledger and
 * nowhere else, and the warden hears of one only when it is there.
 */
#include "state.h"

#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/*
 * What is added needs locked memory in the monitor and a place in every ledger
 * that is written: whoever has taken over busd may not have all there is.
 */
#define ADDED_MAX 1000
#define NUMBER_MAX (UINT32_MAX - ADDED_MAX)

/* One that is in the table, but not known to be on disk. */
struct adding {
	STAILQ_ENTRY(adding) entry;
	struct client *client;
	uint64_t seq;		/* of ADD */
};

static STAILQ_HEAD(, adding) adding = STAILQ_HEAD_INITIALIZER(adding);

/* Why it cannot be added, or 0. */
static int
find_obstacle(const struct client *client)
{
	struct client *c;
	unsigned int added = 0;

	/* Only when it has been read once is it known who is there. */
	if (!state.is_started)
		return EAGAIN;
	/* One that was removed would come back with what the file says. */
	if (table_find(&state.table, &client->name) != NULL)
		return EEXIST;
	for (c = table_first(&state.table); c != NULL; c = table_next(c)) {
		added += c->is_added != 0;
		if (c->own.flags & client->own.flags & CLIENT_HAS_KEYID &&
		    memcmp(c->own.keyid, client->own.keyid, KEYID_LEN) == 0)
			return EEXIST;
	}
	return added >= ADDED_MAX || state.last_number >= NUMBER_MAX ?
	    EDQUOT : 0;
}

static void
tell_added(uint64_t seq, uint32_t number, int error)
{
	struct msg_added m = { .seq = seq, .number = number,
		.error = (uint32_t)error };

	warden_tell(MSG_ADDED, &m, NULL, 0);
}

/* Into the table, to be written with all that comes with it. */
static void
begin(struct client *client, uint64_t seq)
{
	const struct merge_how how = { .now_us = state_now() };
	struct adding *a;

	if ((a = calloc(1, sizeof *a)) == NULL)
		fatal("calloc");
	client->is_added = client->has_secret = 1;
	merge_begin(client, &how);
	/* Nobody has its name. */
	(void)table_add(&state.table, client);
	a->client = client;
	a->seq = seq;
	STAILQ_INSERT_TAIL(&adding, a, entry);
	save_note(save_seq(), 1);
}

static void
finish(struct client *client, uint64_t seq, int error)
{
	if (error != 0) {
		/* What is written next is without it. */
		table_remove(&state.table, client);
		client_free(client);
		tell_added(seq, 0, error);
		return;
	}
	table_number(&state.table, client, ++state.last_number);
	client->news.set = SET_ALL;
	client->news.is_new = 1;
	enrolled_tell(client);
	tell_added(seq, client->number, 0);
}

void
add_finish(int error)
{
	struct adding *a;

	if (STAILQ_EMPTY(&adding))
		return;
	while ((a = STAILQ_FIRST(&adding)) != NULL) {
		STAILQ_REMOVE_HEAD(&adding, entry);
		finish(a->client, a->seq, error);
		free(a);
	}
	wire_wipe();
}

const char *
on_add(struct chan *chan, const struct msg_add *m, struct msg *msg)
{
	struct client *client = client_new("", 0);
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;
	int error;

	(void)chan;
	if (wire_get(&m->f, &p, &left, &client->name, &client->own) == -1 ||
	    wire_get_secret(&p, &left, &client->secret) == -1) {
		client_free(client);
		return "bad strings";
	}
	if ((error = find_obstacle(client)) == 0) {
		begin(client, m->seq);
		return NULL;
	}
	client_free(client);
	tell_added(m->seq, 0, error);
	return NULL;
}
