/* SPDX-License-Identifier: ISC */
/*
 * What becomes of clients when clients.conf is read: the restarts that were
 * observed of the original, each a case of its own, by way of a real ledger;
 * then reloads, and what the original does not do.
 */
#include <atf-c.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "state.h"

#define NOW INT64_C(1700000000000000)
#define SECOND INT64_C(1000000)
#define CREATED (NOW - 90000 * SECOND)
#define ENABLED (NOW - 80000 * SECOND)
#define REQUESTED (NOW - 70000 * SECOND)
#define NEVER INT32_MIN
#define MOST 3	/* clients in a vector */

#define KEY "6B130D3154DA1007596BA38FDE9CE5A4201FFF84E8CB20B080497AE4B59391DC"

struct conf {
	const char *name;
	const char *host;
	const char *key_id;
	const char *secret;
	const char *checker;
	uint64_t interval_ms;
	uint64_t timeout_ms;
	int is_disabled;
};

/* NULL, 0: as in clients.conf. */
struct saved {
	const char *name;
	const char *host;
	const char *checker;
	const char *secret;
	uint64_t timeout_ms;
	uint64_t approval_delay_ms;
	int is_enabled;
	int is_disabled;
	int is_denied;
	int32_t status;
	int32_t expires_s;	/* from now on */
	int32_t checked_s;
};

enum time { KEPT = 1, FRESH, EMPTY, WINDOW };

struct wanted {
	const char *name;
	const char *host;
	const char *checker;
	const char *secret;	/* NULL: it does not matter */
	uint64_t timeout_ms;
	uint64_t approval_delay_ms;
	int is_enabled;
	int is_denied;
	int32_t status;
	enum time created;
	enum time last_enabled;
	enum time last_approval_request;
	enum time last_checked_ok;
	enum time expires;
};

struct vector {
	struct conf old[MOST];
	struct saved saved[MOST];
	struct conf now[MOST];
	struct wanted wanted[MOST];
};

static const struct merge_how plain = { .now_us = NOW,
	.written_us = NOW - SECOND };

static void
set(struct str *str, const char *text)
{
	if (text == NULL)
		text = "";
	str_set(str, text, strlen(text));
}

/* As the reader has it. */
static struct client *
make_conf(const struct conf *conf)
{
	struct client *client = client_new(conf->name, strlen(conf->name));
	struct profile *profile = &client->conf;

	set(&profile->host, conf->host);
	set(&profile->checker, conf->checker);
	set(&profile->key_id, conf->key_id);
	set(&profile->fingerprint, "");
	profile_find_key(profile);
	profile->flags |= CLIENT_APPROVED_BY_DEFAULT;
	if (!conf->is_disabled)
		profile->flags |= CLIENT_ENABLED;
	profile->interval_ms = conf->interval_ms;
	profile->timeout_ms = conf->timeout_ms;
	profile->extended_timeout_ms = 900000;
	profile->approval_duration_ms = 1000;
	set(&client->news.secret, conf->secret);
	client->has_digest = 1;
	digest(client->news.secret.p, client->news.secret.len,
	    client->digest);
	return client;
}

static void
make_confs(struct table *table, const struct conf *confs)
{
	table_init(table);
	for (; confs->name != NULL; confs++)
		ATF_REQUIRE_EQ(0, table_add(table, make_conf(confs)));
}

static void
change(struct client *client, const struct saved *saved)
{
	struct profile *own = &client->own;

	if (saved->host != NULL)
		set(&own->host, saved->host);
	if (saved->checker != NULL)
		set(&own->checker, saved->checker);
	if (saved->timeout_ms != 0)
		own->timeout_ms = saved->timeout_ms;
	if (saved->approval_delay_ms != 0)
		own->approval_delay_ms = saved->approval_delay_ms;
	if (saved->is_enabled)
		own->flags |= CLIENT_ENABLED;
	if (saved->is_disabled)
		own->flags &= ~CLIENT_ENABLED;
	if (saved->is_denied)
		own->flags &= ~CLIENT_APPROVED_BY_DEFAULT;
	if (saved->secret != NULL) {
		client->has_secret = 1;
		set(&client->secret, saved->secret);
	}
	client->last_checker_status = saved->status;
	client->created_us = CREATED;
	client->last_enabled_us = ENABLED;
	client->last_approval_request_us = REQUESTED;
	client->last_checked_ok_us = saved->checked_s == NEVER ? 0 :
	    NOW + saved->checked_s * SECOND;
	client->expires_us = NOW + saved->expires_s * SECOND;
}

/* What is in the ledger, read back from one. */
static void
make_old(struct table *table, const struct vector *v)
{
	struct ledger_fault fault;
	struct buffer buf = { 0 };
	struct client *client;
	const struct saved *saved;
	int64_t us;

	make_confs(table, v->old);
	for (client = table_first(table); client != NULL;
	    client = table_next(client)) {
		str_free(&client->news.secret);
		for (saved = v->saved; saved->name != NULL; saved++)
			if (strcmp(saved->name, client->name.p) == 0)
				break;
		if (saved->name == NULL) {
			client->is_removed = 1;
			continue;
		}
		profile_copy(&client->own, &client->conf);
		change(client, saved);
	}
	ATF_REQUIRE_EQ(0, ledger_write(table, NOW - SECOND, &buf));
	table_clear(table);
	ATF_REQUIRE_EQ_MSG(0, ledger_read(buf.p, buf.used, table, &us, &fault),
	    "line %zu: %s", fault.line, fault.why);
	buffer_free(&buf);
}

static void
check_time(const char *what, int64_t us, enum time wanted, int64_t kept)
{
	switch (wanted) {
	case KEPT:
		ATF_CHECK_MSG(us == kept, "%s is not kept", what);
		return;
	case FRESH:
		ATF_CHECK_MSG(us == NOW, "%s is not new", what);
		return;
	case EMPTY:
		ATF_CHECK_MSG(us == 0, "%s is not empty", what);
		return;
	case WINDOW:
		/* What it is to be is the warden's business. */
		ATF_CHECK_MSG(us != 0, "%s is empty", what);
		return;
	}
	atf_tc_fail("%s is not in the vector", what);
}

static void
check_client(const struct client *c, const struct wanted *w,
    const struct vector *v)
{
	const struct saved *saved = v->saved;
	const struct str *secret = c->has_secret ? &c->secret :
	    &c->news.secret;

	ATF_CHECK_STREQ(w->name, c->name.p);
	ATF_CHECK_EQ(w->is_enabled, (c->own.flags & CLIENT_ENABLED) != 0);
	ATF_CHECK_EQ(w->is_denied,
	    !(c->own.flags & CLIENT_APPROVED_BY_DEFAULT));
	ATF_CHECK_STREQ(w->host != NULL ? w->host : "", c->own.host.p);
	ATF_CHECK_STREQ(w->checker, c->own.checker.p);
	ATF_CHECK_EQ(w->timeout_ms, c->own.timeout_ms);
	ATF_CHECK_EQ(w->approval_delay_ms, c->own.approval_delay_ms);
	ATF_CHECK_EQ(w->status, c->last_checker_status);
	/* Every vector's key ID is that of the new clients.conf. */
	ATF_CHECK(str_is_same(&c->own.key_id, &c->conf.key_id));
	ATF_CHECK_EQ(strcmp(KEY, c->own.key_id.p) == 0,
	    (c->own.flags & CLIENT_HAS_KEYID) != 0);
	check_time("created", c->created_us, w->created, CREATED);
	check_time("last_enabled", c->last_enabled_us, w->last_enabled,
	    ENABLED);
	check_time("last_approval_request", c->last_approval_request_us,
	    w->last_approval_request, REQUESTED);
	check_time("last_checked_ok", c->last_checked_ok_us,
	    w->last_checked_ok, NOW + saved->checked_s * SECOND);
	check_time("expires", c->expires_us, w->expires, 0);
	if (w->secret != NULL)
		ATF_CHECK_STREQ(w->secret, secret->p);
	/* At a start the warden knows nobody. */
	ATF_CHECK(c->news.is_new);
	ATF_CHECK_EQ(SET_ALL, c->news.set);
}

static void
check_vector(const struct vector *v)
{
	struct table old, now, out;
	const struct wanted *w;
	struct client *c;
	size_t found = 0, wanted = 0;

	make_old(&old, v);
	make_confs(&now, v->now);
	table_init(&out);
	merge_clients(&old, &now, &plain, &out);
	for (c = table_first(&out); c != NULL; c = table_next(c))
		found += !c->is_removed;
	for (w = v->wanted; w->name != NULL; w++, wanted++) {
		struct str name = { NULL, 0 };

		set(&name, w->name);
		c = table_find(&out, &name);
		str_free(&name);
		ATF_REQUIRE_MSG(c != NULL && !c->is_removed, "no %s",
		    w->name);
		check_client(c, w, v);
	}
	ATF_CHECK_EQ(wanted, found);
	table_clear(&old);
	table_clear(&now);
	table_clear(&out);
}

#define VECTOR(name, ...)						\
ATF_TC_WITHOUT_HEAD(name);						\
ATF_TC_BODY(name, tc)							\
{									\
	static const struct vector vector = { __VA_ARGS__ };		\
									\
	(void)tc;							\
	check_vector(&vector);						\
}
#include "merge_vectors.def"
#undef VECTOR

static const struct conf foo = { .name = "foo", .host = "h", .key_id = KEY,
	.secret = "old", .checker = "true", .interval_ms = 10000,
	.timeout_ms = 300000 };

/* Merge ${now} with what is in ${table}, which becomes the outcome. */
static void
merge(struct table *table, const struct conf *now,
    const struct merge_how *how)
{
	const struct conf confs[2] = { *now };
	struct table conf, out;

	make_confs(&conf, confs);
	table_init(&out);
	merge_clients(table, &conf, how, &out);
	table_clear(&conf);
	table_clear(table);
	*table = out;
}

/* The only client after a start with ${foo}, and known as number 7. */
static struct client *
begin(struct table *table)
{
	struct client *c;

	table_init(table);
	merge(table, &foo, &plain);
	c = table_first(table);
	table_number(table, c, 7);
	memset(&c->news, 0, sizeof c->news);
	return c;
}

ATF_TC_WITHOUT_HEAD(new__has_a_window_from_the_first);
ATF_TC_BODY(new__has_a_window_from_the_first, tc)
{
	struct conf long_one = foo;
	struct table table;
	struct client *c;

	(void)tc;
	table_init(&table);
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(NOW + 20 * SECOND, c->expires_us);
	ATF_CHECK_EQ(RESTART_KEEP, c->news.restart);
	table_clear(&table);
	long_one.interval_ms = UINT64_MAX / 2;
	merge(&table, &long_one, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(INT64_MAX, c->expires_us);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(new__disabled_after_damage);
ATF_TC_BODY(new__disabled_after_damage, tc)
{
	const struct merge_how damaged = { .now_us = NOW, .is_damaged = 1 };
	struct table table;
	struct client *c;

	(void)tc;
	table_init(&table);
	merge(&table, &foo, &damaged);
	c = table_first(&table);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	ATF_CHECK(c->conf.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(0, c->last_enabled_us);
	ATF_CHECK_EQ(0, c->expires_us);
	/* And so it stays. */
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(reload__nothing_changed_is_no_news);
ATF_TC_BODY(reload__nothing_changed_is_no_news, tc)
{
	struct table table;
	struct client *c = begin(&table);

	(void)tc;
	set(&c->own.host, "rt");
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(0, c->news.set);
	ATF_CHECK(!c->news.is_new);
	ATF_CHECK_EQ(0, c->news.secret.len);
	ATF_CHECK_EQ(7, c->number);
	ATF_CHECK_EQ(c, table_find_number(&table, 7));
	ATF_CHECK_STREQ("rt", c->own.host.p);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(reload__only_what_changed_is_news);
ATF_TC_BODY(reload__only_what_changed_is_news, tc)
{
	struct table table;
	struct conf now = foo;
	struct client *c = begin(&table);

	(void)tc;
	set(&c->own.host, "rt");
	now.timeout_ms = 1;
	merge(&table, &now, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(SET_TIMEOUT, c->news.set);
	ATF_CHECK_EQ(0, c->news.secret.len);
	ATF_CHECK_STREQ("rt", c->own.host.p);
	now.secret = "new";
	now.host = "there";
	merge(&table, &now, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(SET_HOST | SET_SECRET, c->news.set);
	ATF_CHECK_STREQ("new", c->news.secret.p);
	ATF_CHECK_STREQ("there", c->own.host.p);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(reload__restart_rule_does_not_count);
ATF_TC_BODY(reload__restart_rule_does_not_count, tc)
{
	const struct merge_how strict = { .now_us = NOW + 1000 * SECOND,
		.written_us = NOW + 2000 * SECOND, .is_strict = 1 };
	struct table table;
	struct client *c = begin(&table);

	(void)tc;
	merge(&table, &foo, &strict);
	c = table_first(&table);
	ATF_CHECK(c->own.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(RESTART_KEEP, c->news.restart);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(reload__enabled_by_clients_conf);
ATF_TC_BODY(reload__enabled_by_clients_conf, tc)
{
	struct table table;
	struct conf off = foo;
	struct client *c = begin(&table);

	(void)tc;
	off.is_disabled = 1;
	merge(&table, &off, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(SET_ENABLED, c->news.set);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(0, c->expires_us);
	c->last_enabled_us = 1;
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(SET_ENABLED, c->news.set);
	ATF_CHECK(c->own.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(NOW, c->last_enabled_us);
	ATF_CHECK_EQ(NOW + 20 * SECOND, c->expires_us);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(removed__stays_until_it_is_gone_once);
ATF_TC_BODY(removed__stays_until_it_is_gone_once, tc)
{
	struct table table;
	struct conf other = foo;
	struct client *c = begin(&table);

	(void)tc;
	table_number(&table, c, 0);
	c->is_removed = 1;
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK(c->is_removed);
	ATF_CHECK_EQ(0, c->news.set);
	ATF_CHECK_EQ(0, c->news.secret.len);
	ATF_CHECK(!c->has_digest);
	other.name = "other";
	merge(&table, &other, &plain);
	ATF_CHECK_EQ(1, table.count);
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK(!c->is_removed);
	ATF_CHECK(c->news.is_new);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(secret__unknown_before_is_the_configured_one);
ATF_TC_BODY(secret__unknown_before_is_the_configured_one, tc)
{
	struct table table;
	struct client *c = begin(&table);

	(void)tc;
	table_number(&table, c, 0);
	c->has_digest = 0;
	c->has_secret = 1;
	set(&c->secret, "runtime");
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK(!c->has_secret);
	ATF_CHECK_STREQ("old", c->news.secret.p);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(strict__downtime_counts);
ATF_TC_BODY(strict__downtime_counts, tc)
{
	struct merge_how strict = { .now_us = NOW, .is_strict = 1 };
	struct table table;
	struct client *c = begin(&table);

	(void)tc;
	table_number(&table, c, 0);
	strict.written_us = NOW;
	merge(&table, &foo, &strict);
	c = table_first(&table);
	ATF_CHECK(c->own.flags & CLIENT_ENABLED);
	strict.now_us = c->expires_us;
	merge(&table, &foo, &strict);
	c = table_first(&table);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(RESTART_LATE, c->news.restart);
	ATF_CHECK_EQ(0, c->last_enabled_us);
	ATF_CHECK_EQ(0, c->expires_us);
	table_clear(&table);
	c = begin(&table);
	table_number(&table, c, 0);
	strict.now_us = NOW - 1;
	merge(&table, &foo, &strict);
	c = table_first(&table);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(RESTART_CLOCK, c->news.restart);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(texts__too_long_together);
ATF_TC_BODY(texts__too_long_together, tc)
{
	static char text[100001];
	struct table table;
	struct conf now = foo;
	struct client *c = begin(&table);

	(void)tc;
	memset(text, 'x', sizeof text - 1);
	set(&c->own.checker, text);
	now.host = text;
	merge(&table, &now, &plain);
	c = table_first(&table);
	ATF_CHECK(c->news.is_cut);
	ATF_CHECK_STREQ("true", c->own.checker.p);
	ATF_CHECK_STREQ("old", c->news.secret.p);
	ATF_CHECK_EQ(SET_HOST | SET_CHECKER | SET_KEYID | SET_FINGERPRINT |
	    SET_SECRET, c->news.set);
	ATF_CHECK(wire_fits(&c->name, &c->own, &c->news.secret));
	table_clear(&table);
}

#define OTHER_KEY \
	"ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"

static const struct conf bar = { .name = "bar", .secret = "", .checker = "" };

/* One that was added at run time as number 7, and nobody else. */
static struct client *
begin_added(struct table *table)
{
	struct client *c = client_new("foo", 3);

	table_init(table);
	c->is_added = c->has_secret = 1;
	set(&c->own.host, "own host");
	set(&c->own.checker, "own checker");
	set(&c->own.key_id, OTHER_KEY);
	set(&c->own.fingerprint, "");
	profile_find_key(&c->own);
	c->own.flags |= CLIENT_ENABLED;
	c->own.interval_ms = 10000;
	set(&c->secret, "own");
	merge_begin(c, &plain);
	ATF_REQUIRE_EQ(0, table_add(table, c));
	table_number(table, c, 7);
	return c;
}

ATF_TC_WITHOUT_HEAD(added__begins_as_any_other);
ATF_TC_BODY(added__begins_as_any_other, tc)
{
	struct table table;
	struct client *c = begin_added(&table);

	(void)tc;
	ATF_CHECK_EQ(NOW, c->created_us);
	ATF_CHECK_EQ(NOW, c->last_enabled_us);
	ATF_CHECK_EQ(NOW + 20 * SECOND, c->expires_us);
	ATF_CHECK_EQ(CHECKER_NEVER, c->last_checker_status);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(added__kept_by_a_reload);
ATF_TC_BODY(added__kept_by_a_reload, tc)
{
	struct table table;
	struct client *c = begin_added(&table);

	(void)tc;
	c->last_checked_ok_us = NOW - SECOND;
	merge(&table, &bar, &plain);
	ATF_REQUIRE_EQ(2, table.count);
	ATF_REQUIRE((c = table_find_number(&table, 7)) != NULL);
	ATF_CHECK(c->is_added);
	ATF_CHECK_EQ(0, c->news.set);
	ATF_CHECK(!c->news.is_new);
	ATF_CHECK_STREQ("own", c->secret.p);
	ATF_CHECK_STREQ("own host", c->own.host.p);
	ATF_CHECK_EQ(NOW - SECOND, c->last_checked_ok_us);
	ATF_CHECK_EQ(NOW + 20 * SECOND, c->expires_us);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(added__over_a_restart);
ATF_TC_BODY(added__over_a_restart, tc)
{
	const struct merge_how strict = { .now_us = NOW + 21 * SECOND,
		.written_us = NOW, .is_strict = 1 };
	struct table table;
	struct client *c = begin_added(&table);

	(void)tc;
	table_number(&table, c, 0);
	merge(&table, &bar, &plain);
	c = table_next(table_first(&table));
	ATF_REQUIRE_STREQ("foo", c->name.p);
	ATF_CHECK_EQ(SET_ALL, c->news.set);
	ATF_CHECK(c->news.is_new);
	ATF_CHECK(c->own.flags & CLIENT_ENABLED);
	ATF_CHECK(c->own.flags & CLIENT_HAS_KEYID);
	ATF_CHECK_STREQ("own", c->secret.p);
	/* As any other it is disabled for what happened meanwhile. */
	merge(&table, &bar, &strict);
	c = table_next(table_first(&table));
	ATF_CHECK(c->is_added);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(RESTART_LATE, c->news.restart);
	merge(&table, &bar, &plain);
	c = table_next(table_first(&table));
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	table_clear(&table);
}

/* Its key never goes with the secret of clients.conf, nor the reverse. */
ATF_TC_WITHOUT_HEAD(added__then_in_clients_conf);
ATF_TC_BODY(added__then_in_clients_conf, tc)
{
	struct conf keyless = foo;
	struct table table;
	struct client *c = begin_added(&table);

	(void)tc;
	keyless.key_id = "";
	merge(&table, &keyless, &plain);
	c = table_first(&table);
	ATF_CHECK_EQ(7, c->number);
	ATF_CHECK(!c->is_added);
	ATF_CHECK(!c->has_secret);
	ATF_CHECK_STREQ("old", c->news.secret.p);
	ATF_CHECK(!(c->own.flags & CLIENT_HAS_KEYID));
	ATF_CHECK_STREQ("", c->own.key_id.p);
	ATF_CHECK_STREQ("h", c->own.host.p);
	ATF_CHECK_STREQ("true", c->own.checker.p);
	ATF_CHECK_EQ(SET_ALL & ~SET_ENABLED, c->news.set);
	ATF_CHECK(c->own.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(NOW + 20 * SECOND, c->expires_us);
	/* From there on it is one of clients.conf, and goes with it. */
	merge(&table, &bar, &plain);
	ATF_CHECK_EQ(1, table.count);
	ATF_CHECK_STREQ("bar", table_first(&table)->name.p);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(added__disabled_then_in_clients_conf);
ATF_TC_BODY(added__disabled_then_in_clients_conf, tc)
{
	struct table table;
	struct conf off = foo;
	struct client *c = begin_added(&table);

	(void)tc;
	/* To find it in a file is no reason to enable it. */
	c->own.flags &= ~CLIENT_ENABLED;
	merge(&table, &foo, &plain);
	c = table_first(&table);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	ATF_CHECK(c->conf.flags & CLIENT_ENABLED);
	ATF_CHECK_EQ(0, c->news.set & SET_ENABLED);
	ATF_CHECK_EQ(0, c->expires_us);
	table_clear(&table);
	/* But to find it disabled there is one to disable it. */
	c = begin_added(&table);
	off.is_disabled = 1;
	merge(&table, &off, &plain);
	c = table_first(&table);
	ATF_CHECK(!(c->own.flags & CLIENT_ENABLED));
	ATF_CHECK_EQ(SET_ALL, c->news.set);
	table_clear(&table);
}

ATF_TP_ADD_TCS(tp)
{
#define VECTOR(name, ...) ATF_TP_ADD_TC(tp, name);
#include "merge_vectors.def"
	ATF_TP_ADD_TC(tp, new__has_a_window_from_the_first);
	ATF_TP_ADD_TC(tp, new__disabled_after_damage);
	ATF_TP_ADD_TC(tp, reload__nothing_changed_is_no_news);
	ATF_TP_ADD_TC(tp, reload__only_what_changed_is_news);
	ATF_TP_ADD_TC(tp, reload__restart_rule_does_not_count);
	ATF_TP_ADD_TC(tp, reload__enabled_by_clients_conf);
	ATF_TP_ADD_TC(tp, removed__stays_until_it_is_gone_once);
	ATF_TP_ADD_TC(tp, secret__unknown_before_is_the_configured_one);
	ATF_TP_ADD_TC(tp, strict__downtime_counts);
	ATF_TP_ADD_TC(tp, texts__too_long_together);
	ATF_TP_ADD_TC(tp, added__begins_as_any_other);
	ATF_TP_ADD_TC(tp, added__kept_by_a_reload);
	ATF_TP_ADD_TC(tp, added__over_a_restart);
	ATF_TP_ADD_TC(tp, added__then_in_clients_conf);
	ATF_TP_ADD_TC(tp, added__disabled_then_in_clients_conf);
	return atf_no_error();
}
