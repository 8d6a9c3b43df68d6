/* SPDX-License-Identifier: ISC */
/*
 * Who may connect: penalties per source, and ceilings that fit the process.
 * Pure functions of their arguments and the time they are told; no I/O.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <sys/types.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "msgs.h"

/*
 * What counts as one source: an IPv4 address, an IPv6 /64, or a link-local
 * address on its link.
 */
struct limit_key {
	uint8_t address[16];
	uint32_t scope_id;
};

/* limit_key_init(key, address, scope_id): the source of an IPv6 address. */
void limit_key_init(struct limit_key *, const uint8_t[16], uint32_t);

/* limit_key_cmp(a, b): order for trees. */
int limit_key_cmp(const struct limit_key *, const struct limit_key *);

enum limit_offence {
	LIMIT_CRASH,	/* its session crashed or was taken over */
	LIMIT_LATE,	/* its session ran out of time */
	LIMIT_REFUSED	/* it spoke no Mandos, or had no key of ours */
};

struct limit_entry;
RB_HEAD(limit_by_key, limit_entry);
RB_HEAD(limit_by_end, limit_entry);

struct limit_table {
	struct limits limits;
	struct limit_by_key by_key;
	struct limit_by_end by_end;
	uint64_t made;		/* entries ever made: their order of age */
	size_t count;
};

/*
 * limit_table_init(table, limits): an empty table with a copy of ${limits}.
 * limit_table_free empties it.
 */
void limit_table_init(struct limit_table *, const struct limits *);
void limit_table_free(struct limit_table *);

/* limit_refuses(table, key, now): is this source to be turned away? */
int limit_refuses(struct limit_table *, const struct limit_key *, int64_t);

/*
 * limit_penalise(table, key, offence, now): add the offence's penalty to what
 * the source has left of earlier ones.  A source that proved an enrolled key
 * not long ago is spared.  Returns the milliseconds for which the source is
 * turned away if this offence began that, else 0.
 */
uint64_t limit_penalise(struct limit_table *, const struct limit_key *,
    enum limit_offence, int64_t);

/*
 * limit_prove(table, key, now): the source has an enrolled client: forgive
 * it, and spare it for penalty_max.
 */
void limit_prove(struct limit_table *, const struct limit_key *, int64_t);

/*
 * limit_ceilings(limits, files): lower the ceilings in ${limits} to what a
 * process, and the monitor beside it, can have with ${files} descriptors.
 * Returns how many connections may be held by netd itself, that is, without
 * a session; 0 if there are too few descriptors to serve anybody.
 */
uint32_t limit_ceilings(struct limits *, uint64_t);

#endif
