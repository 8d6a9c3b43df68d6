/* SPDX-License-Identifier: ISC */
/*
 * One client as the server shows it: its path and its 20 properties.  A
 * property that has not come, or that has come with another type than it must
 * have, is not known.  No function here ends the program for what the bus
 * says; only for want of memory.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "bus.h"

/* In the order of columns. */
enum record_property {
	RECORD_NAME,
	RECORD_ENABLED,
	RECORD_TIMEOUT,
	RECORD_LAST_CHECKED_OK,
	RECORD_CREATED,
	RECORD_INTERVAL,
	RECORD_HOST,
	RECORD_KEY_ID,
	RECORD_FINGERPRINT,
	RECORD_CHECKER_RUNNING,
	RECORD_LAST_ENABLED,
	RECORD_APPROVAL_PENDING,
	RECORD_APPROVED_BY_DEFAULT,
	RECORD_LAST_APPROVAL_REQUEST,
	RECORD_APPROVAL_DELAY,
	RECORD_APPROVAL_DURATION,
	RECORD_CHECKER,
	RECORD_EXTENDED_TIMEOUT,
	RECORD_EXPIRES,
	RECORD_LAST_CHECKER_STATUS,
	RECORD_COUNT
};

enum record_kind {
	RECORD_TEXT,
	RECORD_FLAG,
	RECORD_MS,		/* milliseconds */
	RECORD_NUMBER
};

struct record_rule {
	const char *name;	/* of the property */
	const char *title;	/* of its column */
	enum record_kind kind;
};

extern const struct record_rule record_rules[RECORD_COUNT];

struct record_value {
	int is_known;
	union {			/* as its kind says */
		char *text;	/* valid UTF-8 */
		int flag;	/* 0 or 1 */
		uint64_t ms;
		int64_t number;
	};
};

struct record {
	char *path;		/* a valid object path */
	struct record_value values[RECORD_COUNT];
};

/*
 * record_init(record, path): a client of which nothing is known.  ${path} is
 * copied.  record_free frees what is in it, not ${record}; a record of zeroes
 * is freed, too.
 */
void record_init(struct record *, const char *);
void record_free(struct record *);

/*
 * record_fill(record, dict): take all properties out of ${dict}, an iterator
 * at a value of type a{sv}; anything else is left alone.  Names that are not
 * in record_rules are skipped.
 */
void record_fill(struct record *, DBusMessageIter *);

/*
 * record_update(record, name, variant): the property ${name} is what ${variant}
 * has, an iterator at a variant.  Integers of every type do for a number.
 * Returns which property that is, or -1 if there is none of this name or the
 * value is of no use; then the record stays as it is.
 */
int record_update(struct record *, const char *, DBusMessageIter *);

/*
 * record_text(record, property), and so on: the value, which must be of that
 * kind; "" or 0 if it is not known.
 */
const char *record_text(const struct record *, enum record_property);
int record_flag(const struct record *, enum record_property);
uint64_t record_ms(const struct record *, enum record_property);
int64_t record_number(const struct record *, enum record_property);

#endif
