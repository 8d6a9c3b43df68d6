/* SPDX-License-Identifier: ISC */
/*
 * The client table.
 */
#include "warden.h"

#include <sys/tree.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* The strings of a client, in order, and its secret. */
enum { NAME, HOST, CHECKER, KEYTEXT, FINGERPRINT, SECRET, STRINGS };

struct texts {
	const uint8_t *bytes[STRINGS];
	size_t len[STRINGS];
};

RB_HEAD(clients, client);

static struct clients clients = RB_INITIALIZER(&clients);
static uint32_t count;

static int
client_cmp(struct client *a, struct client *b)
{
	return a->f.number < b->f.number ? -1 : a->f.number > b->f.number;
}

RB_GENERATE_INTERNAL(clients, client, entry, client_cmp,
    __attribute__((unused)) static)

/* Take a tail apart; the secret need not be there. */
static int
texts_get(struct texts *t, const uint8_t *p, size_t left)
{
	int i;

	memset(t, 0, sizeof *t);
	for (i = 0; i < CLIENT_STRINGS; i++)
		if (tail_get(&p, &left, left, &t->bytes[i], &t->len[i]) == -1)
			return -1;
	if (left != 0 && tail_get(&p, &left, SECRET_MAX, &t->bytes[SECRET],
	    &t->len[SECRET]) == -1)
		return -1;
	return left == 0 ? 0 : -1;
}

int
client_check(const uint8_t *tail, size_t left)
{
	struct texts t;
	int i;

	if (texts_get(&t, tail, left) == -1 || t.bytes[SECRET] == NULL ||
	    t.len[NAME] == 0)
		return -1;
	for (i = 0; i < CLIENT_STRINGS; i++)
		if (memchr(t.bytes[i], '\0', t.len[i]) != NULL)
			return -1;
	return 0;
}

/* Does a checker's command name a time that changes by itself? */
static int
names_times(const uint8_t *command, size_t len)
{
	return memmem(command, len, "expires", 7) != NULL ||
	    memmem(command, len, "last_", 5) != NULL;
}

/* Put the strings together again, and the name for the log. */
static void
texts_put(struct client *c, const struct texts *t)
{
	uint8_t *strings;
	size_t size = 0, used = 0;
	int i;

	for (i = 0; i < CLIENT_STRINGS; i++)
		size += sizeof(uint32_t) + t->len[i];
	if ((strings = malloc(size)) == NULL)
		fatal("malloc");
	for (i = 0; i < CLIENT_STRINGS; i++)
		if (tail_put(strings, size, &used, t->bytes[i], t->len[i]) ==
		    -1)
			fatalx("strings do not fit");
	c->names_times = names_times(t->bytes[CHECKER], t->len[CHECKER]);
	/* Some of the old ones may be among the new. */
	free(c->strings);
	c->strings = strings;
	c->strings_len = used;
	if (c->name == NULL && (c->name = strndup(
	    (const char *)t->bytes[NAME], t->len[NAME])) == NULL)
		fatal("strndup");
}

/* The fixed fields that are settings. */
static void
assign_fields(struct client_fields *f, uint32_t set,
    const struct client_fields *from)
{
	uint32_t flags = 0;

	if (set & SET_KEYID) {
		memcpy(f->keyid, from->keyid, sizeof f->keyid);
		flags |= CLIENT_HAS_KEYID;
	}
	if (set & SET_TIMEOUT)
		f->timeout_ms = from->timeout_ms;
	if (set & SET_EXTENDED_TIMEOUT)
		f->extended_timeout_ms = from->extended_timeout_ms;
	if (set & SET_INTERVAL)
		f->interval_ms = from->interval_ms;
	if (set & SET_APPROVAL_DELAY)
		f->approval_delay_ms = from->approval_delay_ms;
	if (set & SET_APPROVAL_DURATION)
		f->approval_duration_ms = from->approval_duration_ms;
	if (set & SET_APPROVED_BY_DEFAULT)
		flags |= CLIENT_APPROVED_BY_DEFAULT;
	f->flags = (f->flags & ~flags) | (from->flags & flags);
}

int
client_assign(struct client *c, uint32_t set, const struct client_fields *f,
    const uint8_t *tail, size_t left)
{
	static const uint32_t bits[] = { 0, SET_HOST, SET_CHECKER, SET_KEYID,
		SET_FINGERPRINT };
	struct texts old, new;
	size_t size, kept_len = c->kept_len;
	int i;

	if (texts_get(&new, tail, left) == -1 ||
	    (set & SET_SECRET && new.bytes[SECRET] == NULL) ||
	    texts_get(&old, c->strings, c->strings_len) == -1)
		return EBADMSG;
	for (i = 0; i < CLIENT_STRINGS; i++)
		if (set & bits[i]) {
			/* Nobody behind us can use it. */
			if (memchr(new.bytes[i], '\0', new.len[i]) != NULL)
				return EBADMSG;
			old.bytes[i] = new.bytes[i];
			old.len[i] = new.len[i];
		}
	if (set & SET_SECRET)
		kept_len = new.len[SECRET];
	size = sizeof(uint32_t) + kept_len;
	for (i = 0; i < CLIENT_STRINGS; i++)
		size += sizeof(uint32_t) + old.len[i];
	/* Or it could not be saved, or not be told again after a restart. */
	if (size > msg_rules[MSG_SAVE].tail)
		return E2BIG;
	c->kept_len = kept_len;
	texts_put(c, &old);
	if (set & SET_SECRET) {
		client_drop_secret(c);
		/* An empty secret is one, too. */
		if ((c->secret = malloc(new.len[SECRET] + 1)) == NULL)
			fatal("malloc");
		memcpy(c->secret, new.bytes[SECRET], new.len[SECRET]);
		c->secret_len = new.len[SECRET];
	}
	assign_fields(&c->f, set, f);
	return 0;
}

void
client_drop_secret(struct client *c)
{
	if (c->secret != NULL)
		freezero(c->secret, c->secret_len);
	c->secret = NULL;
}

struct client *
client_new(const struct client_fields *f, const uint8_t *tail, size_t left)
{
	struct client *c;
	struct texts t;

	if (texts_get(&t, tail, left) == -1 || t.bytes[SECRET] == NULL ||
	    client_number(f->number) != NULL)
		return NULL;
	if ((c = calloc(1, sizeof *c)) == NULL)
		fatal("calloc");
	c->f = *f;
	c->f.approvals_pending = 0;
	c->f.flags &= ~CLIENT_CHECKER_RUNNING;
	c->kept_len = t.len[SECRET];
	texts_put(c, &t);
	RB_INSERT(clients, &clients, c);
	count++;
	monitor_enroll(c, t.bytes[SECRET], t.len[SECRET]);
	return c;
}

void
client_remove(struct client *c)
{
	monitor_unenroll(c);
	checkerd_forget(c);
	busd_gone(c);
	life_forget(c);
	RB_REMOVE(clients, &clients, c);
	count--;
	client_drop_secret(c);
	free(c->strings);
	free(c->name);
	free(c);
}

struct client *
client_number(uint32_t number)
{
	struct client key = { .f = { .number = number } };

	return RB_FIND(clients, &clients, &key);
}

struct client *
client_next(struct client *c)
{
	return c == NULL ? RB_MIN(clients, &clients) :
	    RB_NEXT(clients, &clients, c);
}

uint32_t
client_count(void)
{
	return count;
}
