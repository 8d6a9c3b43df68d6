/* SPDX-License-Identifier: ISC */
/*
 * Clients in messages: a fixed struct, and strings behind it.
 */
#include "state.h"

#include <string.h>

#include "log.h"

#define TAIL_MAX 131072		/* of ENROLLED */

static uint8_t tail[TAIL_MAX];
static size_t tail_used;

static int
get_str(const uint8_t **p, size_t *left, size_t max, struct str *str)
{
	const uint8_t *bytes;
	size_t len;

	if (tail_get(p, left, max, &bytes, &len) == -1)
		return -1;
	str_set(str, bytes, len);
	return 0;
}

int
wire_get(const struct client_fields *f, const uint8_t **p, size_t *left,
    struct str *name, struct profile *profile)
{
	profile->flags = f->flags & PROFILE_FLAGS;
	profile->timeout_ms = f->timeout_ms;
	profile->extended_timeout_ms = f->extended_timeout_ms;
	profile->interval_ms = f->interval_ms;
	profile->approval_delay_ms = f->approval_delay_ms;
	profile->approval_duration_ms = f->approval_duration_ms;
	if (get_str(p, left, *left, name) == -1 ||
	    get_str(p, left, *left, &profile->host) == -1 ||
	    get_str(p, left, *left, &profile->checker) == -1 ||
	    get_str(p, left, *left, &profile->key_id) == -1 ||
	    get_str(p, left, *left, &profile->fingerprint) == -1)
		return -1;
	/* As it would be after a restart, whatever the sender makes of it. */
	profile_find_key(profile);
	return 0;
}

int
wire_get_secret(const uint8_t **p, size_t *left, struct str *secret)
{
	return get_str(p, left, SECRET_MAX, secret) == -1 || *left != 0 ?
	    -1 : 0;
}

int
wire_fits(const struct str *name, const struct profile *profile,
    const struct str *secret)
{
	const struct str *all[] = { name, &profile->host, &profile->checker,
		&profile->key_id, &profile->fingerprint, secret };
	size_t i, used = 0;

	for (i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i]->len > TAIL_MAX)
			return 0;
		used += sizeof(uint32_t) + all[i]->len;
	}
	return used <= TAIL_MAX;
}

void
wire_put(const struct client *client, struct client_fields *f)
{
	const struct profile *own = &client->own;

	memset(f, 0, sizeof *f);
	memcpy(f->keyid, own->keyid, KEYID_LEN);
	f->number = client->number;
	f->flags = own->flags;
	f->last_checker_status = client->last_checker_status;
	f->timeout_ms = own->timeout_ms;
	f->extended_timeout_ms = own->extended_timeout_ms;
	f->interval_ms = own->interval_ms;
	f->approval_delay_ms = own->approval_delay_ms;
	f->approval_duration_ms = own->approval_duration_ms;
	f->created_us = client->created_us;
	f->last_enabled_us = client->last_enabled_us;
	f->last_checked_ok_us = client->last_checked_ok_us;
	f->last_approval_request_us = client->last_approval_request_us;
	f->expires_us = client->expires_us;
}

static int
put_str(const struct str *str)
{
	return tail_put(tail, sizeof tail, &tail_used, str->p, str->len);
}

const uint8_t *
wire_put_tail(const struct client *client, const struct str *secret,
    size_t *len)
{
	const struct profile *own = &client->own;

	tail_used = 0;
	/* merge_clients() has seen to it that it fits. */
	if (put_str(&client->name) == -1 || put_str(&own->host) == -1 ||
	    put_str(&own->checker) == -1 || put_str(&own->key_id) == -1 ||
	    put_str(&own->fingerprint) == -1 ||
	    (secret != NULL && put_str(secret) == -1))
		fatalx("client %s does not fit into a message",
		    client->name.p);
	*len = tail_used;
	return tail;
}

void
wire_wipe(void)
{
	explicit_bzero(tail, sizeof tail);
}
