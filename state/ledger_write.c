/* SPDX-License-Identifier: ISC */
/*
 * Makes the text of a ledger, in memory: the form is described in ledger.h.
 * Ten thousand clients are ten megabytes, several times a minute, so there is
 * no printf here.
 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define FIRST_SIZE 65536

static const char hex[] = "0123456789abcdef";

void
buffer_free(struct buffer *buf)
{
	if (buf->p != NULL) {
		explicit_bzero(buf->p, buf->used);
		free(buf->p);
	}
	memset(buf, 0, sizeof *buf);
}

/* Room for ${len} more bytes, which the caller counts as used. */
static char *
room(struct buffer *buf, size_t len)
{
	size_t size = buf->size > 0 ? buf->size : FIRST_SIZE;

	if (buf->p == NULL || len > buf->size - buf->used) {
		while (len > size - buf->used)
			size *= 2;
		/* This one wipes what it frees. */
		buf->p = recallocarray(buf->p, buf->size, size, 1);
		if (buf->p == NULL)
			fatal("recallocarray");
		buf->size = size;
	}
	return buf->p + buf->used;
}

static void
put(struct buffer *buf, const char *p, size_t len)
{
	memcpy(room(buf, len), p, len);
	buf->used += len;
}

static void
put_word(struct buffer *buf, const char *word)
{
	put(buf, word, strlen(word));
}

/* The beginning of a line. */
static void
put_key(struct buffer *buf, const char *prefix, const char *key)
{
	put_word(buf, prefix);
	put_word(buf, key);
	put(buf, " ", 1);
}

static void
put_text(struct buffer *buf, const struct str *text)
{
	unsigned char c;
	char *out = room(buf, 4 * text->len + 3), *start = out;
	size_t i;

	*out++ = '"';
	for (i = 0; i < text->len; i++) {
		c = (unsigned char)text->p[i];
		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			*out++ = (char)c;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[c >> 4];
		*out++ = hex[c & 0x0f];
	}
	*out++ = '"';
	*out++ = '\n';
	buf->used += (size_t)(out - start);
}

static void
put_number(struct buffer *buf, uint64_t value)
{
	char digits[24], *p = digits + sizeof digits;

	*--p = '\n';
	do
		*--p = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	put(buf, p, (size_t)(digits + sizeof digits - p));
}

static void
put_digest(struct buffer *buf, const uint8_t bytes[DIGEST_LEN])
{
	char *out = room(buf, 2 * DIGEST_LEN + 1);
	size_t i;

	for (i = 0; i < DIGEST_LEN; i++) {
		*out++ = hex[bytes[i] >> 4];
		*out++ = hex[bytes[i] & 0x0f];
	}
	*out = '\n';
	buf->used += 2 * DIGEST_LEN + 1;
}

static void
put_time(struct buffer *buf, const char *key, int64_t us)
{
	char stamp[STAMP_LEN];

	put_key(buf, "", key);
	if (us <= 0)
		put_word(buf, "never");
	else
		put(buf, stamp, stamp_print(us, stamp));
	put(buf, "\n", 1);
}

static void
put_profile(struct buffer *buf, const char *prefix, struct profile *profile)
{
	const struct profile_field *field;
	size_t i;

	for (i = 0; i < PROFILE_FIELDS; i++) {
		field = &profile_fields[i];
		put_key(buf, prefix, field->key);
		switch (field->kind) {
		case PROFILE_TEXT:
			put_text(buf, profile_text(profile, field));
			break;
		case PROFILE_MS:
			put_number(buf, *profile_ms(profile, field));
			break;
		case PROFILE_FLAG:
			put_word(buf, profile->flags & field->flag ?
			    "yes\n" : "no\n");
			break;
		}
	}
}

static void
put_secret(struct buffer *buf, const struct client *client)
{
	size_t len = BASE64_LEN(client->secret.len);

	put_key(buf, "", "secret");
	if (!client->has_secret) {
		put_word(buf, "configured\n");
		return;
	}
	put(buf, "\"", 1);
	base64_encode((const uint8_t *)client->secret.p, client->secret.len,
	    room(buf, len));
	buf->used += len;
	put(buf, "\"\n", 2);
}

static void
put_status(struct buffer *buf, int32_t status)
{
	put_key(buf, "", "last_checker_status");
	if (status < 0)
		put(buf, "-", 1);
	put_number(buf, (uint64_t)(status < 0 ? -(int64_t)status : status));
}

static void
put_conf_secret(struct buffer *buf, const struct client *client)
{
	put_key(buf, "", "conf_secret");
	if (client->has_digest)
		put_digest(buf, client->digest);
	else
		put_word(buf, "unknown\n");
}

static void
put_client(struct buffer *buf, struct client *client)
{
	put(buf, "\n", 1);
	if (client->is_added) {
		put_key(buf, "", "added");
		put_text(buf, &client->name);
	} else {
		put_key(buf, "", client->is_removed ? "removed" : "client");
		put_text(buf, &client->name);
		put_profile(buf, "conf_", &client->conf);
		if (client->is_removed)
			return;
		put_conf_secret(buf, client);
	}
	put_profile(buf, "", &client->own);
	put_secret(buf, client);
	put_status(buf, client->last_checker_status);
	put_time(buf, "created", client->created_us);
	put_time(buf, "last_enabled", client->last_enabled_us);
	put_time(buf, "last_checked_ok", client->last_checked_ok_us);
	put_time(buf, "last_approval_request",
	    client->last_approval_request_us);
	put_time(buf, "expires", client->expires_us);
}

static int
has_added(const struct table *table)
{
	struct client *c = table_first(table);

	while (c != NULL && !c->is_added)
		c = table_next(c);
	return c != NULL;
}

int
ledger_write(const struct table *table, int64_t us, struct buffer *out)
{
	uint8_t sum[DIGEST_LEN];
	struct client *client;

	put_key(out, "", "mandos-ledger");
	put_number(out, has_added(table) ? LEDGER_VERSION :
	    LEDGER_VERSION_PLAIN);
	put_time(out, "written", us);
	for (client = table_first(table); client != NULL;
	    client = table_next(client)) {
		put_client(out, client);
		if (out->used > LEDGER_MAX)
			return -1;
	}
	digest(out->p, out->used, sum);
	put_key(out, "", "sha256");
	put_digest(out, sum);
	return out->used > LEDGER_MAX ? -1 : 0;
}
