/* SPDX-License-Identifier: ISC */
/*
 * What is of clients when clients.conf has been read.  For each setting: if
 * clients.conf has changed since it was read last, what it says; else what
 * was saved, which may have been set at run time.
 */
#include "state.h"

#include <string.h>

/*
 * A client that is enabled afresh has a window in the ledger from the first
 * moment, as long as the longest that the warden can give it.
 */
static void
begin_window(struct client *client, const struct merge_how *how)
{
	uint64_t us, left = (uint64_t)(INT64_MAX - how->now_us);

	client->last_enabled_us = how->now_us;
	if (__builtin_mul_overflow(client->own.interval_ms, UINT64_C(2000),
	    &us) || us > left)
		us = left;
	client->expires_us = how->now_us + (int64_t)us;
}

static void
move_secret(struct client *client, struct client *conf)
{
	client->news.secret = conf->news.secret;
	memset(&conf->news.secret, 0, sizeof conf->news.secret);
}

/* What clients.conf says, as it is kept for the next time. */
static struct client *
new_client(struct client *conf)
{
	struct client *client = client_new(conf->name.p, conf->name.len);

	profile_copy(&client->conf, &conf->conf);
	client->has_digest = conf->has_digest;
	memcpy(client->digest, conf->digest, DIGEST_LEN);
	move_secret(client, conf);
	return client;
}

void
merge_begin(struct client *client, const struct merge_how *how)
{
	client->last_checker_status = CHECKER_NEVER;
	client->created_us = how->now_us;
	if (how->is_damaged)
		client->own.flags &= ~CLIENT_ENABLED;
	if (client->own.flags & CLIENT_ENABLED)
		begin_window(client, how);
}

static struct client *
merge_new(struct client *conf, const struct merge_how *how)
{
	struct client *client = new_client(conf);

	profile_copy(&client->own, &conf->conf);
	merge_begin(client, how);
	return client;
}

static struct client *
merge_removed(struct client *conf)
{
	struct client *client = new_client(conf);

	client->is_removed = 1;
	client->has_digest = 0;
	memset(client->digest, 0, DIGEST_LEN);
	str_free(&client->news.secret);
	return client;
}

/*
 * Does clients.conf say what it said before?  Of one that was added at run
 * time it said nothing; but to find it there is no reason to enable it.
 */
static int
is_old_news(const struct client *client, const struct client *old,
    const struct profile_field *field)
{
	if (old->is_added)
		return field->bit == SET_ENABLED &&
		    client->conf.flags & CLIENT_ENABLED;
	return profile_is_same(&client->conf, &old->conf, field);
}

/* The settings of ${client}, which has its conf; returns what has changed. */
static uint32_t
merge_settings(struct client *client, const struct client *old)
{
	const struct profile_field *field;
	uint32_t changed = 0;
	size_t i;

	for (i = 0; i < PROFILE_FIELDS; i++) {
		field = &profile_fields[i];
		if (is_old_news(client, old, field)) {
			profile_take(&client->own, &old->own, field);
			continue;
		}
		profile_take(&client->own, &client->conf, field);
		changed |= field->bit;
	}
	if (old->has_digest && client->has_digest &&
	    memcmp(old->digest, client->digest, DIGEST_LEN) == 0) {
		client->has_secret = old->has_secret;
		if (old->has_secret)
			str_set(&client->secret, old->secret.p,
			    old->secret.len);
	} else
		changed |= SET_SECRET;
	return changed;
}

/*
 * Values of clients.conf beside some set at run time may be too long for any
 * message; clients.conf alone is not, as it came in one.
 */
static uint32_t
merge_fit(struct client *client)
{
	static const uint32_t texts = SET_HOST | SET_CHECKER | SET_KEYID |
	    SET_FINGERPRINT;
	size_t i;

	if (wire_fits(&client->name, &client->own, client->has_secret ?
	    &client->secret : &client->news.secret))
		return 0;
	for (i = 0; i < PROFILE_FIELDS; i++)
		if (profile_fields[i].bit & texts)
			profile_take(&client->own, &client->conf,
			    &profile_fields[i]);
	str_free(&client->secret);
	client->has_secret = 0;
	client->news.is_cut = 1;
	return texts | SET_SECRET;
}

/* Enabled or not, and since when. */
static void
merge_enabled(struct client *client, const struct client *old,
    const struct merge_how *how)
{
	int was = (old->own.flags & CLIENT_ENABLED) != 0;

	if (client->own.flags & CLIENT_ENABLED && !was)
		begin_window(client, how);
	else if (old->number == 0) {
		client->news.restart = restart_decide(client, how);
		if (restart_is_disabled(client->news.restart))
			client->own.flags &= ~CLIENT_ENABLED;
	}
	if (client->own.flags & CLIENT_ENABLED)
		return;
	client->expires_us = 0;
	if (old->number == 0)
		client->last_enabled_us = 0;
}

/* What has happened to it so far. */
static void
copy_life(struct client *client, const struct client *old)
{
	client->last_checker_status = old->last_checker_status;
	client->created_us = old->created_us;
	client->last_enabled_us = old->last_enabled_us;
	client->last_checked_ok_us = old->last_checked_ok_us;
	client->last_approval_request_us = old->last_approval_request_us;
	client->expires_us = old->expires_us;
}

/* One that was added at run time, and that clients.conf does not have. */
static struct client *
merge_added(const struct client *old, const struct merge_how *how)
{
	struct client *client = client_new(old->name.p, old->name.len);

	client->is_added = client->has_secret = 1;
	profile_copy(&client->own, &old->own);
	str_set(&client->secret, old->secret.p, old->secret.len);
	copy_life(client, old);
	merge_enabled(client, old, how);
	return client;
}

static struct client *
merge_both(struct client *conf, const struct client *old,
    const struct merge_how *how)
{
	struct client *client = new_client(conf);
	uint32_t changed;

	copy_life(client, old);
	changed = merge_settings(client, old);
	changed |= merge_fit(client);
	merge_enabled(client, old, how);
	if (old->number == 0)
		return client;
	client->news.set = changed;
	if (!(changed & SET_SECRET))
		str_free(&client->news.secret);
	if (changed != 0 || old->unheard != 0)
		profile_copy(&client->before, changed != 0 ? &old->own :
		    &old->before);
	client->unheard = changed != 0 ? changed : old->unheard;
	client->unheard_ms = old->unheard_ms;
	return client;
}

/* It goes on, or begins again, by the number it has or is to be given. */
static void
put(struct table *out, struct client *client, const struct client *was)
{
	if (!client->is_removed && (was == NULL || was->number == 0)) {
		client->news.set = SET_ALL;
		client->news.is_new = 1;
	}
	/* The names in conf, and those that are not, are all different. */
	(void)table_add(out, client);
	if (was != NULL && was->number != 0)
		table_number(out, client, was->number);
}

void
merge_clients(struct table *old, struct table *conf,
    const struct merge_how *how, struct table *out)
{
	struct client *c, *was, *client;

	for (c = table_first(conf); c != NULL; c = table_next(c)) {
		was = table_find(old, &c->name);
		if (was == NULL)
			client = merge_new(c, how);
		else if (was->is_removed)
			client = merge_removed(c);
		else
			client = merge_both(c, was, how);
		put(out, client, was);
	}
	for (c = table_first(old); c != NULL; c = table_next(c))
		if (c->is_added && table_find(conf, &c->name) == NULL)
			put(out, merge_added(c, how), c);
}
