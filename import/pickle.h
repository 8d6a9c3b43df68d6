/* SPDX-License-Identifier: ISC */
/*
 * A reader of pickles as the original server writes them: just the opcodes,
 * and just the four names of types and functions, that such a file needs.
 * Everything else is refused.  Nothing is ever executed or looked up: a name
 * stands for one of four things that are done here.
 */
#ifndef PICKLE_H
#define PICKLE_H

#include <stddef.h>
#include <stdint.h>

#define PICKLE_SIZE_MAX (64U << 20)	/* bytes of a file */
#define PICKLE_VALUES_MAX (1U << 21)	/* values in it */
#define PICKLE_STACK_MAX (1U << 16)	/* values not yet in another */
#define PICKLE_MARKS_MAX 64		/* groups not yet complete */

enum kind {
	KIND_NONE,
	KIND_BOOL,		/* number */
	KIND_INT,		/* number */
	KIND_TEXT,		/* bytes, valid UTF-8 */
	KIND_BYTES,		/* bytes */
	KIND_TIME,		/* number: microseconds since 1970 */
	KIND_DURATION,		/* number: milliseconds */
	KIND_TUPLE,		/* items */
	KIND_LIST,		/* nobody wants what is in it: it is dropped */
	KIND_DICT,		/* first, count */
	KIND_NAME		/* number: one of the names */
};

struct value {
	enum kind kind;
	uint32_t count;		/* of items */
	union {
		int64_t number;
		struct {
			const uint8_t *p;
			size_t len;
		} bytes;
		uint32_t items[3];	/* values, of a tuple */
		struct {
			uint32_t first;	/* pair + 1, or 0 */
			uint32_t last;
		} dict;
	} u;
};

struct pair {
	uint32_t key;		/* values */
	uint32_t value;
	uint32_t next;		/* pair + 1, or 0 */
};

/* A file that is being read, and what is in it. */
struct pickle {
	const uint8_t *p;
	size_t len;
	size_t at;		/* offset of the next opcode */
	size_t flaw_at;		/* offset of the one that was refused */
	char flaw[128];		/* why, in printable characters */
	struct value *values;
	uint32_t values_used;
	uint32_t values_size;
	struct pair *pairs;
	uint32_t pairs_used;
	uint32_t pairs_size;
	uint32_t *memo;
	uint32_t memo_used;
	uint32_t memo_size;
	uint32_t *stack;
	uint32_t depth;
	uint32_t marks[PICKLE_MARKS_MAX];	/* depths */
	uint32_t marks_used;
	uint8_t **blobs;	/* bytes that are not in the file as such */
	size_t blobs_used;
	size_t blobs_size;
};

/*
 * pickle_read(pickle, bytes, len): read all of ${bytes}, which must stay as
 * long as ${pickle}.  Returns what is in it, or NULL: then flaw and flaw_at
 * say what is wrong and where.  pickle_free is for both cases.
 */
const struct value *pickle_read(struct pickle *, const uint8_t *, size_t);
void pickle_free(struct pickle *);

/*
 * pickle_get(pickle, dict, key): the value that the text ${key} has in
 * ${dict}, the last if there are several, or NULL.
 */
const struct value *pickle_get(const struct pickle *, const struct value *,
    const char *);

/* datetime.c */

/*
 * datetime_parse(bytes, us): a time as Python packs it: two bytes of year, one
 * each of month, day, hour, minute and second, three of microseconds.  Returns
 * 0 and microseconds since 1970, or -1 if there is no such time.
 */
#define DATETIME_LEN 10
int datetime_parse(const uint8_t[DATETIME_LEN], int64_t *);

#endif
