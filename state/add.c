/* SPDX-License-Identifier: ISC */
/*
 * Clients that an administrator adds at run time.  They are in the ledger and
 * nowhere else, and the warden hears of one only when it is there.
 */
#include "state.h"

#include <errno.h>
#include <string.h>

/*
 * What is added needs locked memory in the monitor and a place in every ledger
 * that is written: whoever has taken over busd may not have all there is.
 */
#define ADDED_MAX 1000

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
	return added >= ADDED_MAX || state.last_number == UINT32_MAX ?
	    EDQUOT : 0;
}

/* On disk, and then told.  Returns 0, or errno: then it is still ours. */
static int
add(struct client *client)
{
	const struct merge_how how = { .now_us = state_now() };
	int error;

	if ((error = find_obstacle(client)) != 0)
		return error;
	client->is_added = client->has_secret = 1;
	merge_begin(client, &how);
	/* Nobody has its name. */
	(void)table_add(&state.table, client);
	if ((error = save_table(&state.table)) != 0) {
		table_remove(&state.table, client);
		/* It may be there all the same, and must not stay. */
		if (state.store.fd != -1)
			save_note(save_seq(), 0);
		return error;
	}
	table_number(&state.table, client, ++state.last_number);
	client->news.set = SET_ALL;
	client->news.is_new = 1;
	enrolled_tell(client);
	wire_wipe();
	return 0;
}

const char *
on_add(struct chan *chan, const struct msg_add *m, struct msg *msg)
{
	struct msg_added added = { .seq = m->seq };
	struct client *client = client_new("", 0);
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;

	(void)chan;
	if (wire_get(&m->f, &p, &left, &client->name, &client->own) == -1 ||
	    wire_get_secret(&p, &left, &client->secret) == -1) {
		client_free(client);
		return "bad strings";
	}
	added.error = (uint32_t)add(client);
	added.number = client->number;
	if (added.error != 0)
		client_free(client);
	warden_tell(MSG_ADDED, &added, NULL, 0);
	return NULL;
}
