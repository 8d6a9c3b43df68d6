/* SPDX-License-Identifier: ISC */
/*
 * The clients that clients.conf and the files beside it describe.  Run by the
 * configuration reader; the only file of it that knows which values are
 * secret.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static int
name_compare(const struct client *a, const struct client *b)
{
	return text_compare(a->name, b->name);
}

static int
keyid_compare(const struct client *a, const struct client *b)
{
	return memcmp(a->fields.keyid, b->fields.keyid, KEYID_LEN);
}

RB_GENERATE_INTERNAL(client_names, client, by_name, name_compare,
    static __attribute__((unused)))
RB_GENERATE_INTERNAL(client_keyids, client, by_keyid, keyid_compare,
    static __attribute__((unused)))

struct duration_key {
	const char *key;
	const char *builtin;
	size_t offset;		/* in struct client_fields */
	int is_positive;	/* must not be zero either */
};

struct flag_key {
	const char *key;
	uint32_t flag;
};

#define DURATION(key, builtin, is_positive)				\
	{ #key, builtin, offsetof(struct client_fields, key##_ms),	\
	    is_positive }

static const struct duration_key duration_keys[] = {
	DURATION(timeout, "PT5M", 0),
	DURATION(extended_timeout, "PT15M", 0),
	DURATION(interval, "PT2M", 1),
	DURATION(approval_delay, "PT0S", 0),
	DURATION(approval_duration, "PT1S", 0),
};

static const struct flag_key flag_keys[] = {
	{ "enabled", CLIENT_ENABLED },
	{ "approved_by_default", CLIENT_APPROVED_BY_DEFAULT },
};

#define LENGTH(array) (sizeof array / sizeof array[0])

/* What one section is read with. */
struct reading {
	struct ini *ini;
	struct ini_section *section;
	struct client *client;
};

void
clients_init(struct clients *clients)
{
	STAILQ_INIT(&clients->list);
	RB_INIT(&clients->names);
	RB_INIT(&clients->keyids);
}

void
clients_builtin(struct ini *ini)
{
	size_t i;

	ini_default(ini, "host", "");
	ini_default(ini, "checker", "fping -q -- %%(host)s");
	for (i = 0; i < LENGTH(duration_keys); i++)
		ini_default(ini, duration_keys[i].key,
		    duration_keys[i].builtin);
	for (i = 0; i < LENGTH(flag_keys); i++)
		ini_default(ini, flag_keys[i].key, "True");
}

/* A value and its entry, or NULL: there is none, or it cannot be expanded. */
static struct ini_entry *
get(struct reading *r, const char *key, struct text *value)
{
	struct ini_entry *entry;

	entry = ini_find(r->ini, r->section, text_from(key));
	if (entry == NULL ||
	    ini_expand(r->ini, r->section, entry, value) == -1)
		return NULL;
	return entry;
}

static int
read_text(struct reading *r, const char *key, struct text *value)
{
	struct ini_entry *entry;

	if ((entry = get(r, key, value)) == NULL)
		return -1;
	if (value->len == 0 || memchr(value->p, '\0', value->len) == NULL)
		return 0;
	problem_error(&entry->where, "%s contains a NUL byte", key);
	return -1;
}

static int
read_duration(struct reading *r, const struct duration_key *key)
{
	struct ini_entry *entry;
	enum duration result;
	struct text text;
	uint64_t value;
	int64_t ms;

	if ((entry = get(r, key->key, &text)) == NULL)
		return -1;
	if ((result = duration_parse(text, &ms)) != DURATION_OK) {
		problem_error(&entry->where, "%s is %s", key->key,
		    duration_strerror(result));
		return -1;
	}
	if (ms == 0 && key->is_positive) {
		problem_error(&entry->where, "%s is zero", key->key);
		return -1;
	}
	value = (uint64_t)ms;
	memcpy((char *)&r->client->fields + key->offset, &value, sizeof value);
	return 0;
}

static int
read_flag(struct reading *r, const struct flag_key *key)
{
	struct ini_entry *entry;
	struct text text;
	int value;

	if ((entry = get(r, key->key, &text)) == NULL)
		return -1;
	if (text_boolean(text, &value) == -1) {
		problem_error(&entry->where, "%s is neither yes nor no",
		    key->key);
		return -1;
	}
	if (value)
		r->client->fields.flags |= key->flag;
	return 0;
}

/* Upper case and without blanks, as key IDs and fingerprints are compared. */
static char *
normalize(struct text text)
{
	char *out;
	size_t i, len = 0;

	if ((out = calloc(1, text.len + 1)) == NULL)
		fatal("calloc");
	for (i = 0; i < text.len; i++) {
		/* A NUL would hide what is wrong behind it. */
		if (text.p[i] == '\0')
			out[len++] = '?';
		else if (text.p[i] >= 'a' && text.p[i] <= 'z')
			out[len++] = (char)(text.p[i] - 'a' + 'A');
		else if (text.p[i] != ' ')
			out[len++] = text.p[i];
	}
	return out;
}

/* Without a key ID the client is of no use yet; the original says nothing. */
static void
read_keyid(struct reading *r)
{
	struct client *client = r->client;
	struct text key_id = text_from(""), fingerprint = text_from("");
	struct ini_entry *entry;

	get(r, "fingerprint", &fingerprint);
	client->fingerprint = normalize(fingerprint);
	entry = get(r, "key_id", &key_id);
	client->key_id = normalize(key_id);
	if (keyid_parse(client->key_id, client->fields.keyid) == 0) {
		client->fields.flags |= CLIENT_HAS_KEYID;
		return;
	}
	if (client->key_id[0] == '\0')
		problem_warn(&client->where,
		    "this client has no key_id and can never match");
	else if (keyid_is_void(client->fields.keyid))
		problem_warn(&entry->where, "key_id is the hash of no key at "
		    "all: this client can never match");
	else
		problem_warn(&entry->where, "key_id is not the 64 hexadecimal "
		    "digits of a key: this client can never match");
	memset(client->fields.keyid, 0, sizeof client->fields.keyid);
}

static int
read_secfile(struct reading *r, struct ini_entry *entry, struct text text)
{
	struct client *client = r->client;
	const char *why;
	char *path, *copy;

	if ((copy = text_dup(text)) == NULL) {
		problem_error(&entry->where, "secfile contains a NUL byte");
		return -1;
	}
	path = secfile_expand(copy);
	free(copy);
	client->secret = secfile_read(path, &client->secret_len, &why);
	if (client->secret == NULL)
		problem_error(&entry->where, "secfile %s: %s", path, why);
	free(path);
	return client->secret == NULL ? -1 : 0;
}

static int
read_secret(struct reading *r)
{
	struct client *client = r->client;
	struct ini_entry *entry;
	struct text text;

	if ((entry = get(r, "secret", &text)) == NULL) {
		if ((entry = get(r, "secfile", &text)) != NULL)
			return read_secfile(r, entry, text);
		problem_error(&client->where,
		    "this client has neither secret nor secfile");
		return -1;
	}
	client->secret = base64_decode(text, &client->secret_len);
	if (client->secret == NULL) {
		problem_error(&entry->where, "secret is no valid base64");
		return -1;
	}
	if (client->secret_len > SECRET_MAX) {
		problem_error(&entry->where,
		    "secret is longer than %d bytes", SECRET_MAX);
		return -1;
	}
	return 0;
}

static int
read_values(struct reading *r)
{
	struct client *client = r->client;
	size_t i;
	int result = 0;

	if (memchr(client->name.p, '\0', client->name.len) != NULL) {
		problem_error(&client->where,
		    "the section's name contains a NUL byte");
		result = -1;
	}
	/* Also what no key of ours uses must expand. */
	if (ini_check(r->ini, r->section) == -1)
		return -1;
	if (read_text(r, "host", &client->host) == -1 ||
	    read_text(r, "checker", &client->checker) == -1)
		result = -1;
	for (i = 0; i < LENGTH(duration_keys); i++)
		if (read_duration(r, &duration_keys[i]) == -1)
			result = -1;
	for (i = 0; i < LENGTH(flag_keys); i++)
		if (read_flag(r, &flag_keys[i]) == -1)
			result = -1;
	read_keyid(r);
	if (read_secret(r) == -1)
		result = -1;
	return result;
}

static void
client_free(struct client *client)
{
	free(client->key_id);
	free(client->fingerprint);
	freezero(client->secret, client->secret_len);
	free(client);
}

static int
check_size(const struct client *client)
{
	size_t left = CLIENT_STRINGS_MAX;
	const size_t lens[CLIENT_STRINGS] = { client->name.len,
		client->host.len, client->checker.len,
		strlen(client->key_id), strlen(client->fingerprint) };
	size_t i;

	for (i = 0; i < CLIENT_STRINGS && lens[i] <= left; i++)
		left -= lens[i];
	if (i == CLIENT_STRINGS)
		return 0;
	problem_error(&client->where, "name, host, checker, key_id and "
	    "fingerprint of this client are too long together");
	return -1;
}

/* A name is a client's only once, in whatever files. */
static int
check_name(struct clients *clients, struct client *client)
{
	struct client *other = RB_INSERT(client_names, &clients->names, client);

	/* Of the same file, the lines have been complained about. */
	if (other == NULL || other->where.file == client->where.file)
		return 0;
	problem_error(&client->where, "there is a client of this name "
	    "already, in %s:%u", other->where.file, other->where.line);
	return -1;
}

static void
check_keyid(struct clients *clients, struct client *client)
{
	struct client *other;

	if (!(client->fields.flags & CLIENT_HAS_KEYID) || (other =
	    RB_INSERT(client_keyids, &clients->keyids, client)) == NULL)
		return;
	if (other->where.file == client->where.file)
		problem_warn(&client->where, "this client has the key_id of "
		    "the one in line %u, and can never match",
		    other->where.line);
	else
		problem_warn(&client->where, "this client has the key_id of "
		    "the one in %s:%u, and can never match",
		    other->where.file, other->where.line);
}

int
clients_read(struct clients *clients, struct ini *ini)
{
	struct reading r = { .ini = ini };
	int result = 0;

	STAILQ_FOREACH(r.section, &ini->list, entry) {
		if ((r.client = calloc(1, sizeof *r.client)) == NULL)
			fatal("calloc");
		STAILQ_INSERT_TAIL(&clients->list, r.client, entry);
		r.client->where = r.section->where;
		r.client->name = r.section->name;
		if (check_name(clients, r.client) == -1 ||
		    read_values(&r) == -1 || check_size(r.client) == -1)
			result = -1;
		else
			check_keyid(clients, r.client);
	}
	return result;
}

void
clients_free(struct clients *clients)
{
	struct client *client;

	while ((client = STAILQ_FIRST(&clients->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&clients->list, entry);
		client_free(client);
	}
	clients_init(clients);
}

int
clients_pack(const struct client *client, uint8_t *buf, size_t size,
    size_t *used)
{
	const struct text strings[] = { client->name, client->host,
		client->checker, text_from(client->key_id),
		text_from(client->fingerprint),
		{ (const char *)client->secret, client->secret_len } };
	size_t i;

	*used = 0;
	for (i = 0; i < LENGTH(strings); i++)
		if (tail_put(buf, size, used, strings[i].p,
		    strings[i].len) == -1)
			return -1;
	return 0;
}
