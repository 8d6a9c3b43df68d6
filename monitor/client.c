/* SPDX-License-Identifier: ISC */
/*
 * The client table: by key ID for sessions, by number for the warden.
 */
#include "monitor.h"

#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

RB_HEAD(by_number, client);
RB_HEAD(by_key, client);

static struct by_number numbers = RB_INITIALIZER(&numbers);
static struct by_key keys = RB_INITIALIZER(&keys);
static uint32_t count, enabled_count;

static int
number_cmp(struct client *a, struct client *b)
{
	return a->gate.number < b->gate.number ? -1 :
	    a->gate.number > b->gate.number;
}

static int
key_cmp(struct client *a, struct client *b)
{
	return memcmp(a->gate.keyid, b->gate.keyid, KEYID_LEN);
}

RB_GENERATE_INTERNAL(by_number, client, by_number, number_cmp,
    __attribute__((unused)) static)
RB_GENERATE_INTERNAL(by_key, client, by_key, key_cmp,
    __attribute__((unused)) static)

/* Without a key ID, or with one that is taken, nobody can ask for it. */
static void
key_insert(struct client *c)
{
	if (!c->keyed && c->gate.flags & CLIENT_HAS_KEYID)
		c->keyed = RB_INSERT(by_key, &keys, c) == NULL;
}

/* A key that becomes free may be another client's, too. */
static void
key_remove(struct client *c)
{
	struct client *other;

	if (!c->keyed)
		return;
	RB_REMOVE(by_key, &keys, c);
	c->keyed = 0;
	RB_FOREACH(other, by_number, &numbers)
		if (other != c && key_cmp(other, c) == 0)
			key_insert(other);
}

static uint32_t
is_enabled(const struct gate *gate)
{
	return (gate->flags & CLIENT_ENABLED) != 0;
}

static void
forget_approval(struct loop_timer *timer)
{
	struct client *c = timer->arg;

	c->approved = APPROVAL_NONE;
}

struct client *
client_new(const struct gate *gate, char *name, struct secret secret)
{
	struct client *c;

	if (client_number(gate->number) != NULL)
		return NULL;
	if ((c = calloc(1, sizeof *c)) == NULL)
		fatal("calloc");
	c->gate = *gate;
	c->name = name;
	c->secret = secret;
	TAILQ_INIT(&c->sessions);
	loop_timer_init(&c->forget_approval, forget_approval, c);
	RB_INSERT(by_number, &numbers, c);
	key_insert(c);
	count++;
	enabled_count += is_enabled(gate);
	return c;
}

void
client_gate(struct client *c, const struct gate *gate)
{
	enabled_count -= is_enabled(&c->gate);
	enabled_count += is_enabled(gate);
	/* Its place in the tree hangs on the old key. */
	if (memcmp(c->gate.keyid, gate->keyid, KEYID_LEN) != 0 ||
	    (c->gate.flags ^ gate->flags) & CLIENT_HAS_KEYID)
		key_remove(c);
	c->gate = *gate;
	key_insert(c);
	session_wake(c);
}

void
client_remove(struct client *c)
{
	session_forget(c);
	loop_timer_del(&c->forget_approval);
	key_remove(c);
	RB_REMOVE(by_number, &numbers, c);
	count--;
	enabled_count -= is_enabled(&c->gate);
	secret_drop(&c->secret);
	free(c->name);
	free(c);
}

void
client_approve(struct client *c, enum approval approval, uint64_t ms)
{
	c->approved = approval;
	loop_timer_set(&c->forget_approval, ms);
	session_wake(c);
}

struct client *
client_find(const uint8_t keyid[KEYID_LEN])
{
	struct client key;

	memcpy(key.gate.keyid, keyid, KEYID_LEN);
	return RB_FIND(by_key, &keys, &key);
}

struct client *
client_number(uint32_t number)
{
	struct client key = { .gate = { .number = number } };

	return RB_FIND(by_number, &numbers, &key);
}

uint32_t
client_count(uint32_t *enabled)
{
	*enabled = enabled_count;
	return count;
}
