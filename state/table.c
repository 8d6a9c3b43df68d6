/* SPDX-License-Identifier: ISC */
/*
 * Clients by name, which is what they are in files, and by number, which is
 * what they are to the warden.
 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static int
name_cmp(const struct client *a, const struct client *b)
{
	size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
	int cmp = len > 0 ? memcmp(a->name.p, b->name.p, len) : 0;

	if (cmp != 0)
		return cmp;
	return a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}

static int
number_cmp(const struct client *a, const struct client *b)
{
	return a->number < b->number ? -1 : a->number > b->number;
}

RB_GENERATE_INTERNAL(table_names, client, by_name, name_cmp,
    __attribute__((unused)) static)
RB_GENERATE_INTERNAL(table_numbers, client, by_number, number_cmp,
    __attribute__((unused)) static)

struct client *
client_new(const void *name, size_t len)
{
	struct client *client;

	if ((client = calloc(1, sizeof *client)) == NULL)
		fatal("calloc");
	str_set(&client->name, name, len);
	return client;
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	str_free(&client->name);
	profile_free(&client->conf);
	profile_free(&client->own);
	profile_free(&client->before);
	str_free(&client->secret);
	str_free(&client->news.secret);
	freezero(client, sizeof *client);
}

void
table_init(struct table *table)
{
	RB_INIT(&table->by_name);
	RB_INIT(&table->by_number);
	table->count = 0;
}

void
table_clear(struct table *table)
{
	struct client *client;

	while ((client = RB_ROOT(&table->by_name)) != NULL) {
		RB_REMOVE(table_names, &table->by_name, client);
		client_free(client);
	}
	table_init(table);
}

int
table_add(struct table *table, struct client *client)
{
	if (RB_INSERT(table_names, &table->by_name, client) != NULL)
		return -1;
	table->count++;
	return 0;
}

void
table_remove(struct table *table, struct client *client)
{
	table_number(table, client, 0);
	RB_REMOVE(table_names, &table->by_name, client);
	table->count--;
}

struct client *
table_find(struct table *table, const struct str *name)
{
	struct client key = { .name = *name };

	return RB_FIND(table_names, &table->by_name, &key);
}

void
table_number(struct table *table, struct client *client, uint32_t number)
{
	if (client->number != 0)
		RB_REMOVE(table_numbers, &table->by_number, client);
	client->number = number;
	if (number != 0 &&
	    RB_INSERT(table_numbers, &table->by_number, client) != NULL)
		fatalx("number %u is taken", number);
}

struct client *
table_find_number(struct table *table, uint32_t number)
{
	struct client key = { .number = number };

	return RB_FIND(table_numbers, &table->by_number, &key);
}

struct client *
table_first(const struct table *table)
{
	/* The macro has no const; nothing is changed. */
	struct table_names names = table->by_name;

	return RB_MIN(table_names, &names);
}

struct client *
table_next(struct client *client)
{
	return RB_NEXT(table_names, NULL, client);
}
