/* SPDX-License-Identifier: ISC */
/*
 * The client table.
 */
#include "monitor.h"

#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

RB_HEAD(clients, client);

static struct clients clients = RB_INITIALIZER(&clients);

static int
client_cmp(struct client *a, struct client *b)
{
	return memcmp(a->keyid, b->keyid, KEYID_LEN);
}

RB_GENERATE_INTERNAL(clients, client, entry, client_cmp,
    __attribute__((unused)) static)

void
client_add(const struct msg_client *m, char *name, struct secret secret)
{
	struct client *client;

	if ((client = calloc(1, sizeof *client)) == NULL)
		fatal("calloc");
	memcpy(client->keyid, m->keyid, KEYID_LEN);
	client->name = name;
	client->enabled = (m->flags & CLIENT_ENABLED) != 0;
	client->approved_by_default =
	    (m->flags & CLIENT_APPROVED_BY_DEFAULT) != 0;
	client->approval_delay_ms = m->approval_delay_ms;
	client->secret = secret;
	/* Without a key ID, or with one that is taken, nobody can ask for it. */
	if (!(m->flags & CLIENT_HAS_KEYID) ||
	    RB_INSERT(clients, &clients, client) != NULL) {
		free(client->name);
		free(client);
	}
}

const struct client *
client_find(const uint8_t keyid[KEYID_LEN])
{
	struct client key;

	memcpy(key.keyid, keyid, KEYID_LEN);
	return RB_FIND(clients, &clients, &key);
}
