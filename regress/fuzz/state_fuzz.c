/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of the ledger reader.  An input is a ledger; its last line, the
 * checksum, is also made anew, so that what is before it is read at all.
 *
 * Besides having no fault, what is accepted has to be, byte for byte, what
 * would be written, and can be merged with clients.conf as it was, of which
 * the outcome can be written and read.
 */
#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "state.h"

#define SUM_LINE_LEN (7 + 2 * DIGEST_LEN + 1)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int is_true)
{
	if (!is_true)
		abort();
}

/* What is written of ${table} is ${p}, unless that is NULL; and it reads. */
static void
check_written(const struct table *table, int64_t us, const char *p, size_t len)
{
	struct buffer buf = { 0 };
	struct ledger_fault fault;
	struct table again;
	int64_t when;

	require(ledger_write(table, us, &buf) == 0);
	if (p != NULL)
		require(buf.used == len && memcmp(buf.p, p, len) == 0);
	table_init(&again);
	require(ledger_read(buf.p, buf.used, &again, &when, &fault) == 0);
	require(again.count == table->count && when == us);
	table_clear(&again);
	buffer_free(&buf);
}

/* clients.conf as it was, for all clients; or with those that were added. */
static void
make_conf(struct table *conf, const struct table *table, int with_added)
{
	struct client *c, *made;

	for (c = table_first(table); c != NULL; c = table_next(c)) {
		if (c->is_added && !with_added)
			continue;
		made = client_new(c->name.p, c->name.len);
		profile_copy(&made->conf, &c->conf);
		made->has_digest = 1;
		memcpy(made->digest, c->digest, DIGEST_LEN);
		str_set(&made->news.secret, "", 0);
		require(table_add(conf, made) == 0);
	}
}

static void
try_merge(struct table *table, int64_t us, int is_strict, int with_added)
{
	struct merge_how how = { .now_us = us, .written_us = us,
		.is_strict = is_strict };
	struct table conf, out;
	struct client *was, *c;
	uint32_t enabled;

	table_init(&conf);
	table_init(&out);
	make_conf(&conf, table, with_added);
	merge_clients(table, &conf, &how, &out);
	require(out.count == table->count);
	for (was = table_first(table), c = table_first(&out); c != NULL;
	    was = table_next(was), c = table_next(c)) {
		require(c->is_removed == was->is_removed);
		require(c->is_added == (was->is_added && !with_added));
		/* A key goes with the secret it came with. */
		if (was->is_added)
			require(c->has_secret == c->is_added &&
			    (with_added || str_is_same(&c->own.key_id,
			    &was->own.key_id)));
		if (c->is_removed)
			continue;
		/* No disabled client comes back by itself. */
		enabled = c->own.flags & CLIENT_ENABLED;
		require(!enabled || was->own.flags & CLIENT_ENABLED);
		require(wire_fits(&c->name, &c->own, c->has_secret ?
		    &c->secret : &c->news.secret));
	}
	check_written(&out, us, NULL, 0);
	table_clear(&conf);
	table_clear(&out);
}

static void
try_ledger(const char *p, size_t len)
{
	struct ledger_fault fault;
	struct table table;
	int64_t us = 0;

	table_init(&table);
	if (ledger_read(p, len, &table, &us, &fault) == -1) {
		require(table.count == 0 && fault.why[0] != '\0');
		return;
	}
	check_written(&table, us, p, len);
	try_merge(&table, us, 0, 0);
	try_merge(&table, us, 1, 0);
	try_merge(&table, us, 0, 1);
	table_clear(&table);
}

/* Replace the last line by what it should be. */
static void
sign(char *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[DIGEST_LEN];
	char *out = p + len - SUM_LINE_LEN;
	size_t i;

	digest(p, len - SUM_LINE_LEN, sum);
	memcpy(out, "sha256 ", 7);
	for (i = 0, out += 7; i < DIGEST_LEN; i++) {
		*out++ = digits[sum[i] >> 4];
		*out++ = digits[sum[i] & 0x0f];
	}
	*out = '\n';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	/* In memory of its own, so that a step outside is seen. */
	require((copy = malloc(size == 0 ? 1 : size)) != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	try_ledger(copy, size);
	if (size > SUM_LINE_LEN) {
		sign(copy, size);
		try_ledger(copy, size);
	}
	free(copy);
	return 0;
}
