/* SPDX-License-Identifier: ISC */
/*
 * Strings, and the settings of clients as a table: whoever reads, writes,
 * compares or copies settings does so by its rows.
 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "keyid.h"
#include "log.h"

#define AT(member) offsetof(struct profile, member)

// clang-format off
const struct profile_field profile_fields[PROFILE_FIELDS] = {
	{ "enabled", SET_ENABLED, PROFILE_FLAG, 0, CLIENT_ENABLED },
	{ "host", SET_HOST, PROFILE_TEXT, AT(host), 0 },
	{ "checker", SET_CHECKER, PROFILE_TEXT, AT(checker), 0 },
	{ "key_id", SET_KEYID, PROFILE_TEXT, AT(key_id), 0 },
	{ "fingerprint", SET_FINGERPRINT, PROFILE_TEXT, AT(fingerprint), 0 },
	{ "timeout_ms", SET_TIMEOUT, PROFILE_MS, AT(timeout_ms), 0 },
	{ "extended_timeout_ms", SET_EXTENDED_TIMEOUT, PROFILE_MS,
	    AT(extended_timeout_ms), 0 },
	{ "interval_ms", SET_INTERVAL, PROFILE_MS, AT(interval_ms), 0 },
	{ "approval_delay_ms", SET_APPROVAL_DELAY, PROFILE_MS,
	    AT(approval_delay_ms), 0 },
	{ "approval_duration_ms", SET_APPROVAL_DURATION, PROFILE_MS,
	    AT(approval_duration_ms), 0 },
	{ "approved_by_default", SET_APPROVED_BY_DEFAULT, PROFILE_FLAG, 0,
	    CLIENT_APPROVED_BY_DEFAULT },
};
// clang-format on

void
str_free(struct str *str)
{
	if (str->p != NULL)
		freezero(str->p, str->len);
	str->p = NULL;
	str->len = 0;
}

void
str_set(struct str *str, const void *bytes, size_t len)
{
	char *p;

	if ((p = calloc(1, len + 1)) == NULL)
		fatal("calloc");
	if (len > 0)
		memcpy(p, bytes, len);
	str_free(str);
	str->p = p;
	str->len = len;
}

int
str_is_same(const struct str *a, const struct str *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

struct str *
profile_text(struct profile *profile, const struct profile_field *field)
{
	return (void *)((char *)profile + field->offset);
}

uint64_t *
profile_ms(struct profile *profile, const struct profile_field *field)
{
	return (void *)((char *)profile + field->offset);
}

static const void *
value_of(const struct profile *profile, const struct profile_field *field)
{
	return (const char *)profile + field->offset;
}

int
profile_is_same(const struct profile *a, const struct profile *b,
    const struct profile_field *field)
{
	switch (field->kind) {
	case PROFILE_TEXT:
		return str_is_same(value_of(a, field), value_of(b, field));
	case PROFILE_MS:
		return memcmp(value_of(a, field), value_of(b, field),
		    sizeof(uint64_t)) == 0;
	case PROFILE_FLAG:
		return !((a->flags ^ b->flags) & field->flag);
	}
	return 0;
}

void
profile_take(struct profile *to, const struct profile *from,
    const struct profile_field *field)
{
	const struct str *text;
	uint32_t mask = field->flag;

	switch (field->kind) {
	case PROFILE_TEXT:
		text = value_of(from, field);
		str_set(profile_text(to, field), text->p, text->len);
		break;
	case PROFILE_MS:
		memcpy(profile_ms(to, field), value_of(from, field),
		    sizeof(uint64_t));
		break;
	case PROFILE_FLAG:
		break;
	}
	/* The key ID belongs to its text. */
	if (field->bit == SET_KEYID) {
		memcpy(to->keyid, from->keyid, KEYID_LEN);
		mask = CLIENT_HAS_KEYID;
	}
	to->flags = (to->flags & ~mask) | (from->flags & mask);
}

void
profile_find_key(struct profile *profile)
{
	/* What has a NUL in it is no key ID. */
	if (strlen(profile->key_id.p) == profile->key_id.len &&
	    keyid_parse(profile->key_id.p, profile->keyid) == 0) {
		profile->flags |= CLIENT_HAS_KEYID;
		return;
	}
	profile->flags &= ~CLIENT_HAS_KEYID;
	memset(profile->keyid, 0, KEYID_LEN);
}

void
profile_copy(struct profile *to, const struct profile *from)
{
	size_t i;

	for (i = 0; i < PROFILE_FIELDS; i++)
		profile_take(to, from, &profile_fields[i]);
}

void
profile_free(struct profile *profile)
{
	str_free(&profile->host);
	str_free(&profile->checker);
	str_free(&profile->key_id);
	str_free(&profile->fingerprint);
	memset(profile, 0, sizeof *profile);
}
