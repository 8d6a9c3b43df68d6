/* SPDX-License-Identifier: ISC */
/*
 * Penalties per source, as sshd(8) knows them, in a table that never grows
 * beyond its bound and is never searched from end to end.  Runs in netd,
 * which an attacker feeds with addresses as he likes; it must forget the
 * least important source first, and a source with an enrolled client last.
 */
#include "limit.h"

#include <sys/types.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

/* Standard streams, channels, loop, listener, and what a fork needs. */
#define FILES_RESERVED 16
/* A session is a descriptor of the monitor; so many does it need besides. */
#define FILES_MONITOR 32

struct limit_entry {
	RB_ENTRY(limit_entry) by_key;
	RB_ENTRY(limit_entry) by_end;
	struct limit_key key;
	uint64_t number;
	int64_t end;		/* of penalty or exemption */
	uint8_t exempt;		/* proved a key: end is that of the exemption */
	uint8_t refused;	/* above penalty_min once: until the end */
};

static int
key_order(struct limit_entry *a, struct limit_entry *b)
{
	return limit_key_cmp(&a->key, &b->key);
}

/* What may be forgotten first: ends soonest, and of those the oldest. */
static int
end_order(struct limit_entry *a, struct limit_entry *b)
{
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

RB_GENERATE_INTERNAL(limit_by_key, limit_entry, by_key, key_order,
    __attribute__((unused)) static)
RB_GENERATE_INTERNAL(limit_by_end, limit_entry, by_end, end_order,
    __attribute__((unused)) static)

void
limit_key_init(struct limit_key *key, const uint8_t address[16],
    uint32_t scope_id)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	int link_local = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;

	memset(key, 0, sizeof *key);
	if (link_local || memcmp(address, mapped, sizeof mapped) == 0)
		memcpy(key->address, address, 16);
	else
		memcpy(key->address, address, 8);
	if (link_local)
		key->scope_id = scope_id;
}

int
limit_key_cmp(const struct limit_key *a, const struct limit_key *b)
{
	if (a->scope_id != b->scope_id)
		return a->scope_id < b->scope_id ? -1 : 1;
	return memcmp(a->address, b->address, sizeof a->address);
}

void
limit_table_init(struct limit_table *table, const struct limits *limits)
{
	memset(table, 0, sizeof *table);
	table->limits = *limits;
	RB_INIT(&table->by_key);
	RB_INIT(&table->by_end);
}

static void
forget(struct limit_table *table, struct limit_entry *entry)
{
	RB_REMOVE(limit_by_key, &table->by_key, entry);
	RB_REMOVE(limit_by_end, &table->by_end, entry);
	table->count--;
	free(entry);
}

void
limit_table_free(struct limit_table *table)
{
	struct limit_entry *entry;

	while ((entry = RB_MIN(limit_by_end, &table->by_end)) != NULL)
		forget(table, entry);
}

/* Forget what is over, then find the source. */
static struct limit_entry *
find(struct limit_table *table, const struct limit_key *key, int64_t now)
{
	struct limit_entry *entry, want = { .key = *key };

	while ((entry = RB_MIN(limit_by_end, &table->by_end)) != NULL &&
	    entry->end <= now)
		forget(table, entry);
	return RB_FIND(limit_by_key, &table->by_key, &want);
}

/*
 * Give the source this end, and an entry if it has none.  Returns NULL if
 * there was no room for it: all others are remembered longer.
 */
static struct limit_entry *
remember(struct limit_table *table, const struct limit_key *key,
    struct limit_entry *entry, int64_t end)
{
	if (entry != NULL) {
		RB_REMOVE(limit_by_end, &table->by_end, entry);
	} else {
		/* Without memory the source goes free: serving goes on. */
		if ((entry = calloc(1, sizeof *entry)) == NULL)
			return NULL;
		entry->key = *key;
		entry->number = table->made++;
		RB_INSERT(limit_by_key, &table->by_key, entry);
		table->count++;
	}
	entry->end = end;
	RB_INSERT(limit_by_end, &table->by_end, entry);
	if (table->count > table->limits.penalty_sources) {
		struct limit_entry *least =
		    RB_MIN(limit_by_end, &table->by_end);

		if (least == entry)
			entry = NULL;
		forget(table, least);
	}
	return entry;
}

int
limit_refuses(struct limit_table *table, const struct limit_key *key,
    int64_t now)
{
	struct limit_entry *entry = find(table, key, now);

	return entry != NULL && entry->refused;
}

static uint64_t
penalty(const struct limits *limits, enum limit_offence offence)
{
	switch (offence) {
	case LIMIT_CRASH:
		return limits->penalty_crash_ms;
	case LIMIT_LATE:
		return limits->penalty_late_ms;
	case LIMIT_REFUSED:
		return limits->penalty_refused_ms;
	}
	return 0;
}

/* ${now} and so many milliseconds, which may be any number. */
static int64_t
later(int64_t now, uint64_t ms)
{
	return ms > (uint64_t)(INT64_MAX - now) ? INT64_MAX :
	    now + (int64_t)ms;
}

uint64_t
limit_penalise(struct limit_table *table, const struct limit_key *key,
    enum limit_offence offence, int64_t now)
{
	const struct limits *limits = &table->limits;
	uint64_t left = 0, add = penalty(limits, offence);
	struct limit_entry *entry = find(table, key, now);

	if (add == 0 || (entry != NULL && entry->exempt))
		return 0;
	if (entry != NULL)
		left = (uint64_t)(entry->end - now);
	if (left > limits->penalty_max_ms)
		left = limits->penalty_max_ms;
	if (add > limits->penalty_max_ms - left)
		add = limits->penalty_max_ms - left;
	left += add;
	if (left == 0)
		return 0;
	entry = remember(table, key, entry, later(now, left));
	if (entry == NULL || entry->refused || left < limits->penalty_min_ms)
		return 0;
	entry->refused = 1;
	return left;
}

void
limit_prove(struct limit_table *table, const struct limit_key *key,
    int64_t now)
{
	struct limit_entry *entry = find(table, key, now);

	if (table->limits.penalty_max_ms == 0)
		return;
	entry = remember(table, key, entry,
	    later(now, table->limits.penalty_max_ms));
	if (entry != NULL) {
		entry->exempt = 1;
		entry->refused = 0;
	}
}

static uint32_t
at_most(uint32_t value, uint64_t ceiling)
{
	return value < ceiling ? value : (uint32_t)ceiling;
}

uint32_t
limit_ceilings(struct limits *limits, uint64_t files)
{
	uint64_t held;

	if (files <= FILES_MONITOR + 2)
		return 0;
	limits->max_sessions = at_most(limits->max_sessions,
	    files - FILES_MONITOR);
	/* A channel in reserve is a descriptor of ours, a session is none. */
	limits->spare_sessions = at_most(limits->spare_sessions,
	    (files - FILES_RESERVED) / 4);
	limits->spare_sessions = at_most(limits->spare_sessions,
	    limits->max_sessions);
	limits->max_sessions_per_source =
	    at_most(limits->max_sessions_per_source, limits->max_sessions);
	held = files - FILES_RESERVED - limits->spare_sessions;
	return at_most(limits->max_connections, held);
}
