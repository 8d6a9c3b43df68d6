/* SPDX-License-Identifier: ISC */
/*
 * From the original's way to save clients to ours.  Its file is a pair of
 * dictionaries by client name: the clients as they were at the end, without
 * those removed at run time, and all clients as clients.conf had them.  Run by
 * a process without any power; it must not trust what it reads.
 */
#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* The original has 26 entries for each client. */
#define ENTRIES_MAX 256

/* What is being done, for complaints. */
struct saving {
	const struct pickle *pickle;
	const struct value *dict;	/* of one client */
	const char *name;
	char *why;
};

__attribute__((format(printf, 3, 4)))
static int
complain(struct saving *s, const char *key, const char *fmt, ...)
{
	char what[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	free(s->why);
	if (asprintf(&s->why, "client %s: %s %s", s->name, key, what) == -1)
		fatal("asprintf");
	return -1;
}

/* The value of ${key} if it is of this kind, or NULL after a complaint. */
static const struct value *
get(struct saving *s, const char *key, enum kind kind)
{
	const struct value *v = pickle_get(s->pickle, s->dict, key);

	if (v != NULL && v->kind == kind)
		return v;
	complain(s, key, v == NULL ? "is missing" : "is of the wrong kind");
	return NULL;
}

/* What a setting of the ledger is called by the original. */
static void
find_key(const struct profile_field *field, char key[32])
{
	size_t len = strlcpy(key, field->key, 32);

	if (field->bit == SET_CHECKER)
		strlcpy(key, "checker_command", 32);
	else if (field->kind == PROFILE_MS)
		key[len - strlen("_ms")] = '\0';
}

static int
read_text(struct saving *s, const char *key, struct str *text)
{
	static const struct value none = { .kind = KIND_TEXT };
	const struct value *v = pickle_get(s->pickle, s->dict, key);

	/* Older servers knew no key IDs. */
	if (v == NULL && strcmp(key, "key_id") == 0)
		v = &none;
	else if ((v = get(s, key, KIND_TEXT)) == NULL)
		return -1;
	if (v->u.bytes.len > 0 &&
	    memchr(v->u.bytes.p, '\0', v->u.bytes.len) != NULL)
		return complain(s, key, "contains a NUL byte");
	str_set(text, v->u.bytes.p, v->u.bytes.len);
	return 0;
}

static int
read_ms(struct saving *s, const char *key, uint64_t *ms)
{
	const struct value *v = get(s, key, KIND_DURATION);

	if (v == NULL)
		return -1;
	if (v->u.number < 0)
		return complain(s, key, "is negative");
	*ms = (uint64_t)v->u.number;
	return 0;
}

static int
read_flag(struct saving *s, const char *key, uint32_t flag, uint32_t *flags)
{
	const struct value *v = get(s, key, KIND_BOOL);

	if (v == NULL)
		return -1;
	if (v->u.number)
		*flags |= flag;
	return 0;
}

static int
read_profile(struct saving *s, struct profile *profile)
{
	const struct profile_field *field;
	char key[32];
	size_t i;
	int rc = -1;

	for (i = 0; i < PROFILE_FIELDS; i++) {
		field = &profile_fields[i];
		find_key(field, key);
		switch (field->kind) {
		case PROFILE_TEXT:
			rc = read_text(s, key, profile_text(profile, field));
			break;
		case PROFILE_MS:
			rc = read_ms(s, key, profile_ms(profile, field));
			break;
		case PROFILE_FLAG:
			rc = read_flag(s, key, field->flag, &profile->flags);
			break;
		}
		if (rc == -1)
			return -1;
	}
	profile_find_key(profile);
	return 0;
}

/* A machine without a clock begins in 1970, but 0 means never. */
static int
read_time(struct saving *s, const char *key, int64_t *us)
{
	const struct value *v = pickle_get(s->pickle, s->dict, key);

	if (v == NULL || v->kind == KIND_NONE)
		return 0;
	if ((v = get(s, key, KIND_TIME)) == NULL)
		return -1;
	*us = v->u.number > 0 ? v->u.number : 1;
	return 0;
}

static int
read_times(struct saving *s, struct client *client)
{
	return read_time(s, "created", &client->created_us) == -1 ||
	    read_time(s, "last_enabled", &client->last_enabled_us) == -1 ||
	    read_time(s, "last_checked_ok",
	    &client->last_checked_ok_us) == -1 ||
	    read_time(s, "last_approval_request",
	    &client->last_approval_request_us) == -1 ||
	    read_time(s, "expires", &client->expires_us) == -1 ? -1 : 0;
}

static int
read_status(struct saving *s, int32_t *status)
{
	static const char key[] = "last_checker_status";
	const struct value *v = pickle_get(s->pickle, s->dict, key);

	*status = CHECKER_NEVER;
	if (v == NULL || v->kind == KIND_NONE)
		return 0;
	if ((v = get(s, key, KIND_INT)) == NULL)
		return -1;
	if (v->u.number < CHECKER_NEVER || v->u.number > 255)
		return complain(s, key, "is no exit status");
	*status = (int32_t)v->u.number;
	return 0;
}

/* One that does not fit is as good as one that cannot be decrypted. */
static int
read_sealed(struct saving *s, struct client *client)
{
	static const char key[] = "encrypted_secret";
	const struct value *v = pickle_get(s->pickle, s->dict, key);

	if (v == NULL)
		return 0;
	if ((v = get(s, key, KIND_BYTES)) == NULL)
		return -1;
	client->has_secret = 1;
	if (v->u.bytes.len <= SECRET_MAX)
		str_set(&client->secret, v->u.bytes.p, v->u.bytes.len);
	else
		str_set(&client->secret, NULL, 0);
	return 0;
}

/* The client as it was, if it was not removed. */
static int
read_saved(struct saving *s, const struct value *dict, struct client *client)
{
	if (dict == NULL) {
		client->is_removed = 1;
		return 0;
	}
	if (dict->kind != KIND_DICT || dict->count > ENTRIES_MAX)
		return complain(s, "what is saved", "is no dictionary");
	s->dict = dict;
	return read_profile(s, &client->own) == -1 ||
	    read_times(s, client) == -1 ||
	    read_status(s, &client->last_checker_status) == -1 ||
	    read_sealed(s, client) == -1 ? -1 : 0;
}

/*
 * Checkers that never pause, as the original lets them be, do not exist here.
 * A configured interval of 0 is one that no clients.conf can have any more:
 * whatever it has instead will count as changed, and so will it in place of 1.
 */
static void
mend_intervals(struct client *client)
{
	if (client->conf.interval_ms == 0)
		client->conf.interval_ms = 1;
	if (!client->is_removed && client->own.interval_ms == 0)
		client->own.interval_ms = client->conf.interval_ms;
}

/* The values of one dictionary by their keys. */
struct entry {
	RB_ENTRY(entry) by_key;
	const struct value *key;
	const struct value *value;
};

RB_HEAD(entries, entry);

static int
entry_cmp(const struct entry *a, const struct entry *b)
{
	size_t a_len = a->key->u.bytes.len, b_len = b->key->u.bytes.len;

	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return a_len == 0 ? 0 :
	    memcmp(a->key->u.bytes.p, b->key->u.bytes.p, a_len);
}

RB_GENERATE_INTERNAL(entries, entry, by_key, entry_cmp,
    static __attribute__((unused)))

/* Returns all of them to be freed, or NULL if a key is there twice. */
static struct entry *
index_dict(const struct pickle *k, const struct value *dict,
    struct entries *entries)
{
	struct entry *all, *e;
	const struct pair *pair;
	uint32_t i;

	RB_INIT(entries);
	if ((all = calloc(dict->count + 1, sizeof *all)) == NULL)
		fatal("calloc");
	e = all;
	for (i = dict->u.dict.first; i != 0; i = pair->next, e++) {
		pair = &k->pairs[i - 1];
		e->key = &k->values[pair->key];
		e->value = &k->values[pair->value];
		if (RB_INSERT(entries, entries, e) != NULL) {
			free(all);
			return NULL;
		}
	}
	return all;
}

static char *
show(const struct value *name)
{
	char *shown, *p;
	size_t len = name->u.bytes.len < 64 ? name->u.bytes.len : 64;

	if ((shown = calloc(1, len + 1)) == NULL)
		fatal("calloc");
	memcpy(shown, name->u.bytes.p, len);
	for (p = shown; p < shown + len; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return shown;
}

/* One client, by its entry in the configuration of that run. */
static int
add_client(struct saving *s, const struct entry *conf,
    const struct entry *saved, struct table *table)
{
	const struct value *name = conf->key;
	struct client *client;
	char *shown = show(name);
	int rc = -1;

	s->name = shown;
	s->dict = conf->value;
	client = client_new(name->u.bytes.p, name->u.bytes.len);
	if (name->u.bytes.len == 0 ||
	    memchr(name->u.bytes.p, '\0', name->u.bytes.len) != NULL)
		complain(s, "the name", "is empty or contains a NUL byte");
	else if (s->dict->kind != KIND_DICT || s->dict->count > ENTRIES_MAX)
		complain(s, "the configuration", "is no dictionary");
	else if (read_profile(s, &client->conf) == 0 &&
	    read_saved(s, saved == NULL ? NULL : saved->value, client) == 0) {
		mend_intervals(client);
		rc = table_add(table, client);
	}
	if (rc == -1)
		client_free(client);
	free(shown);
	return rc;
}

/* A client that was saved but not configured is none: it is left out. */
static int
add_clients(struct saving *s, const struct value *saved,
    const struct value *conf, struct table *table)
{
	struct entries by_name, configured;
	struct entry *all, *also, *e;
	int rc = 0;

	all = index_dict(s->pickle, saved, &by_name);
	also = index_dict(s->pickle, conf, &configured);
	if (all == NULL || also == NULL) {
		s->name = "?";
		rc = complain(s, "the name", "is there twice");
	} else
		RB_FOREACH(e, entries, &configured)
			if ((rc = add_client(s, e, RB_FIND(entries, &by_name,
			    e), table)) == -1)
				break;
	free(all);
	free(also);
	return rc;
}

int
saved_table(const struct pickle *k, const struct value *top,
    struct table *table, char **why)
{
	struct saving s = { .pickle = k };
	const struct value *saved = NULL, *conf = NULL;
	int rc = -1;

	table_init(table);
	if (top->kind == KIND_TUPLE && top->count == 2) {
		saved = &k->values[top->u.items[0]];
		conf = &k->values[top->u.items[1]];
	}
	if (saved != NULL && saved->kind == KIND_DICT &&
	    conf->kind == KIND_DICT)
		rc = add_clients(&s, saved, conf, table);
	else if ((s.why = strdup("the file does not hold two "
	    "dictionaries")) == NULL)
		fatal("strdup");
	if (rc == -1)
		table_clear(table);
	*why = s.why;
	return rc;
}
