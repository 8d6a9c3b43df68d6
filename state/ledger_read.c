/* SPDX-License-Identifier: ISC */
/*
 * Reads the text of a ledger with suspicion: it may have been cut, changed or
 * made by anybody.  The form is described in ledger.h; nothing but that form
 * is taken.
 */
#include "ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define HEAD "mandos-ledger "
#define SUM "sha256 "
#define SUM_LINE_LEN (sizeof SUM - 1 + 2 * DIGEST_LEN + 1)
#define VERSION_DIGITS 9

struct reading {
	const char *p;		/* what has not been read */
	const char *end;	/* where the last line begins */
	struct ledger_fault *fault;	/* line: the one read last */
	uint64_t version;
	int has_added;		/* a client that was added at run time */
};

/* A piece of the text. */
struct slice {
	const char *p;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static int
fail(struct ledger_fault *fault, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fault->why, sizeof fault->why, fmt, ap);
	va_end(ap);
	return -1;
}

static int
slice_is(struct slice slice, const char *word)
{
	return slice.len == strlen(word) &&
	    memcmp(slice.p, word, slice.len) == 0;
}

/* The next line, without its newline. */
static int
read_line(struct reading *r, struct slice *line)
{
	const char *nl;

	r->fault->line++;
	if ((nl = memchr(r->p, '\n', (size_t)(r->end - r->p))) == NULL)
		return fail(r->fault, "a client is cut short");
	line->p = r->p;
	line->len = (size_t)(nl - r->p);
	r->p = nl + 1;
	return 0;
}

/* The next line, which must be about this, and have a value. */
static int
read_field(struct reading *r, const char *prefix, const char *key,
    struct slice *value)
{
	size_t prefix_len = strlen(prefix), len = strlen(key);

	if (read_line(r, value) == -1)
		return -1;
	if (value->len < prefix_len + len + 1 ||
	    memcmp(value->p, prefix, prefix_len) != 0 ||
	    memcmp(value->p + prefix_len, key, len) != 0 ||
	    value->p[prefix_len + len] != ' ')
		return fail(r->fault, "here should be %s%s", prefix, key);
	value->p += prefix_len + len + 1;
	value->len -= prefix_len + len + 1;
	return 0;
}

/* A lower-case digit, or -1. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
parse_digest(struct slice value, uint8_t out[DIGEST_LEN])
{
	int high, low;
	size_t i;

	if (value.len != 2 * DIGEST_LEN)
		return -1;
	for (i = 0; i < DIGEST_LEN; i++) {
		high = hex_value(value.p[2 * i]);
		low = hex_value(value.p[2 * i + 1]);
		if (high == -1 || low == -1)
			return -1;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* Decimal digits and no more of them than needed. */
static int
parse_number(struct slice value, uint64_t max, uint64_t *number)
{
	uint64_t digit;
	size_t i;

	if (value.len == 0 || (value.p[0] == '0' && value.len > 1))
		return -1;
	for (*number = 0, i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return -1;
		digit = (uint64_t)(value.p[i] - '0');
		if (*number > (max - digit) / 10)
			return -1;
		*number = *number * 10 + digit;
	}
	return *number > max ? -1 : 0;
}

/* One byte of a TEXT, in the only way there is to write it; or -1. */
static int
unescape(const char **p, const char *end)
{
	unsigned char c = (unsigned char)*(*p)++;
	int high, low;

	if (c < 0x20 || c >= 0x7f || c == '"')
		return -1;
	if (c != '\\')
		return c;
	if (end - *p < 3 || (*p)[0] != 'x' ||
	    (high = hex_value((*p)[1])) == -1 ||
	    (low = hex_value((*p)[2])) == -1)
		return -1;
	*p += 3;
	c = (unsigned char)(high << 4 | low);
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? -1 : c;
}

static int
parse_text(struct slice value, struct str *text)
{
	const char *p, *end;
	int c;

	if (value.len < 2 || value.p[0] != '"' ||
	    value.p[value.len - 1] != '"' ||
	    value.len - 2 > 4 * (size_t)LEDGER_STRING_MAX)
		return -1;
	p = value.p + 1;
	end = value.p + value.len - 1;
	/* As long as it can get; the rest stays unused. */
	str_free(text);
	if ((text->p = calloc(1, value.len - 1)) == NULL)
		fatal("calloc");
	while (p < end) {
		if ((c = unescape(&p, end)) == -1)
			return -1;
		text->p[text->len++] = (char)c;
	}
	return text->len > LEDGER_STRING_MAX ? -1 : 0;
}

static int
read_value(struct reading *r, const char *prefix,
    const struct profile_field *field, struct profile *profile)
{
	struct slice value;
	int ok = 0;

	if (read_field(r, prefix, field->key, &value) == -1)
		return -1;
	switch (field->kind) {
	case PROFILE_TEXT:
		ok = parse_text(value, profile_text(profile, field)) == 0;
		break;
	case PROFILE_MS:
		ok = parse_number(value, UINT64_MAX,
		    profile_ms(profile, field)) == 0;
		break;
	case PROFILE_FLAG:
		if ((ok = slice_is(value, "yes")))
			profile->flags |= field->flag;
		else
			ok = slice_is(value, "no");
		break;
	}
	return ok ? 0 : fail(r->fault, "bad value of %s%s", prefix,
	    field->key);
}

static int
read_profile(struct reading *r, const char *prefix, struct profile *profile)
{
	size_t i;

	for (i = 0; i < PROFILE_FIELDS; i++)
		if (read_value(r, prefix, &profile_fields[i], profile) == -1)
			return -1;
	profile_find_key(profile);
	return 0;
}

static int
read_time(struct reading *r, const char *key, int64_t *us)
{
	struct slice value;

	if (read_field(r, "", key, &value) == -1)
		return -1;
	if (slice_is(value, "never")) {
		*us = 0;
		return 0;
	}
	/* What is never is not written as a time. */
	if (stamp_parse(value.p, value.len, us) == -1 || *us == 0)
		return fail(r->fault, "bad time in %s", key);
	return 0;
}

static int
read_digest(struct reading *r, struct client *client)
{
	struct slice value;

	if (read_field(r, "", "conf_secret", &value) == -1)
		return -1;
	if (slice_is(value, "unknown"))
		return 0;
	client->has_digest = 1;
	return parse_digest(value, client->digest) == 0 ? 0 :
	    fail(r->fault, "bad value of conf_secret");
}

static int
read_secret(struct reading *r, struct client *client)
{
	struct slice value;
	struct str *secret = &client->secret;
	ssize_t len = -1;

	if (read_field(r, "", "secret", &value) == -1)
		return -1;
	if (slice_is(value, "configured") && !client->is_added)
		return 0;
	if (value.len >= 2 && value.p[0] == '"' &&
	    value.p[value.len - 1] == '"' &&
	    value.len - 2 <= BASE64_LEN(SECRET_MAX)) {
		str_set(secret, value.p, value.len);
		memset(secret->p, 0, secret->len);
		len = base64_decode(value.p + 1, value.len - 2,
		    (uint8_t *)secret->p);
	}
	if (len == -1 || len > SECRET_MAX)
		return fail(r->fault, "bad value of secret");
	secret->len = (size_t)len;
	client->has_secret = 1;
	return 0;
}

static int
read_status(struct reading *r, int32_t *status)
{
	struct slice value;
	uint64_t number;

	if (read_field(r, "", "last_checker_status", &value) == -1)
		return -1;
	if (slice_is(value, "-2"))
		*status = CHECKER_NEVER;
	else if (slice_is(value, "-1"))
		*status = CHECKER_CRASHED;
	else if (parse_number(value, 255, &number) == 0)
		*status = (int32_t)number;
	else
		return fail(r->fault, "bad value of last_checker_status");
	return 0;
}

/* The warden and the monitor must be able to hear of it. */
static int
check_added(struct reading *r, const struct client *client)
{
	const struct profile *own = &client->own;

	if (client->is_added && client->name.len + own->host.len +
	    own->checker.len + own->key_id.len + own->fingerprint.len +
	    client->secret.len > LEDGER_ADDED_MAX)
		return fail(r->fault, "its texts are too long together");
	return 0;
}

/* What is behind the name. */
static int
read_client(struct reading *r, struct client *client)
{
	if (!client->is_added &&
	    read_profile(r, "conf_", &client->conf) == -1)
		return -1;
	if (client->is_removed)
		return 0;
	return (!client->is_added && read_digest(r, client) == -1) ||
	    read_profile(r, "", &client->own) == -1 ||
	    read_secret(r, client) == -1 ||
	    check_added(r, client) == -1 ||
	    read_status(r, &client->last_checker_status) == -1 ||
	    read_time(r, "created", &client->created_us) == -1 ||
	    read_time(r, "last_enabled", &client->last_enabled_us) == -1 ||
	    read_time(r, "last_checked_ok",
	    &client->last_checked_ok_us) == -1 ||
	    read_time(r, "last_approval_request",
	    &client->last_approval_request_us) == -1 ||
	    read_time(r, "expires", &client->expires_us) == -1 ? -1 : 0;
}

/* Whether the next line begins with this word and a blank. */
static int
is_next(const struct reading *r, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(r->end - r->p) > len + 1 &&
	    memcmp(r->p, word, len) == 0 && r->p[len] == ' ';
}

/* The empty line and the name; ${client} is an empty one. */
static int
read_name(struct reading *r, struct client *client)
{
	const char *word = "client";
	struct slice value;

	if (read_line(r, &value) == -1)
		return -1;
	if (value.len != 0)
		return fail(r->fault, "here should be an empty line");
	if ((client->is_removed = is_next(r, "removed")))
		word = "removed";
	else if (r->version != LEDGER_VERSION_PLAIN &&
	    (client->is_added = is_next(r, "added"))) {
		word = "added";
		r->has_added = 1;
	}
	if (read_field(r, "", word, &value) == -1)
		return -1;
	if (parse_text(value, &client->name) == -1)
		return fail(r->fault, "bad name");
	return 0;
}

static int
read_clients(struct reading *r, struct table *table)
{
	struct client *client, *last = NULL;

	while (r->p < r->end) {
		client = client_new("", 0);
		if (read_name(r, client) == -1 ||
		    read_client(r, client) == -1) {
			client_free(client);
			return -1;
		}
		if (table_add(table, client) == -1) {
			client_free(client);
			return fail(r->fault, "two clients have one name");
		}
		if (last != NULL && table_next(last) != client)
			return fail(r->fault, "clients are not in order");
		last = client;
	}
	return 0;
}

/* Whose is it?  What a newer version means by the rest is not for us. */
static int
check_version(const char *p, size_t len, struct ledger_fault *fault,
    uint64_t *number)
{
	struct slice version = { p, 0 };
	const char *nl;

	fault->line = 1;
	if (len == 0)
		return fail(fault, "it is empty");
	nl = memchr(p, '\n', len < 64 ? len : 64);
	if (nl == NULL || (size_t)(nl - p) < sizeof HEAD - 1 ||
	    memcmp(p, HEAD, sizeof HEAD - 1) != 0)
		return fail(fault, "this is no ledger of mandos");
	version.p += sizeof HEAD - 1;
	version.len = (size_t)(nl - version.p);
	if (version.len > VERSION_DIGITS ||
	    parse_number(version, UINT32_MAX, number) == -1 || *number == 0)
		return fail(fault, "this is no ledger of mandos");
	if (*number > LEDGER_VERSION)
		return fail(fault, "written by a newer version of mandos");
	return 0;
}

/* The last line, and whether all before it is as it was written. */
static int
check_sum(const char *p, size_t len, struct ledger_fault *fault)
{
	const char *sum, *nl = p;
	uint8_t told[DIGEST_LEN], found[DIGEST_LEN];
	struct slice value = { NULL, 2 * DIGEST_LEN };

	/* The faulty line is the last one. */
	for (fault->line = 0; nl < p + len; fault->line++)
		if ((nl = memchr(nl, '\n', (size_t)(p + len - nl))) == NULL)
			nl = p + len;
		else
			nl++;
	if (len <= SUM_LINE_LEN)
		return fail(fault, "the end is missing");
	sum = p + len - SUM_LINE_LEN;
	value.p = sum + sizeof SUM - 1;
	if (p[len - 1] != '\n' || sum[-1] != '\n' ||
	    memcmp(sum, SUM, sizeof SUM - 1) != 0 ||
	    parse_digest(value, told) == -1)
		return fail(fault, "the end is missing or damaged");
	digest(p, len - SUM_LINE_LEN, found);
	if (memcmp(told, found, DIGEST_LEN) != 0)
		return fail(fault, "damaged: the checksum is wrong");
	return 0;
}

/* There is one version only that is right for what is in it. */
static int
check_added_version(struct reading *r)
{
	if ((r->version == LEDGER_VERSION_PLAIN) == !r->has_added)
		return 0;
	r->fault->line = 1;
	return fail(r->fault, "of this version, but no client was added");
}

int
ledger_read(const char *p, size_t len, struct table *table, int64_t *us,
    struct ledger_fault *fault)
{
	struct reading r = { .fault = fault };
	struct slice skipped;

	memset(fault, 0, sizeof *fault);
	if (len > LEDGER_MAX)
		return fail(fault, "it is too large");
	if (check_version(p, len, fault, &r.version) == -1 ||
	    check_sum(p, len, fault) == -1)
		return -1;
	r.p = p;
	r.end = p + len - SUM_LINE_LEN;
	fault->line = 0;
	if (read_line(&r, &skipped) == 0 &&
	    read_time(&r, "written", us) == 0 &&
	    read_clients(&r, table) == 0 && check_added_version(&r) == 0)
		return 0;
	table_clear(table);
	return -1;
}
