/* SPDX-License-Identifier: ISC */
/*
 * Reads a pickle of protocol 2, bounded in every direction.  Run by a process
 * that has given up everything and will only tell what it found.  It must not
 * trust a single byte: whoever has been the original's user has written this
 * file.  There is no recursion here; that a value contains itself does no
 * harm, because nobody follows values deeper than their kinds demand.
 */
#include "pickle.h"

#include <sys/types.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_PER_S INT64_C(1000)
#define US_PER_MS INT64_C(1000)
#define US_PER_S INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)
#define DAYS_MAX 999999999	/* of a timedelta */

enum name {
	NAME_ENCODE,
	NAME_BYTES,
	NAME_DATETIME,
	NAME_TIMEDELTA,
	NAME_BOOLEAN
};

/* Module, newline, name, newline: as they stand behind the opcode. */
static const char *const names[] = {
	[NAME_ENCODE] = "_codecs\nencode\n",
	[NAME_BYTES] = "__builtin__\nbytes\n",
	[NAME_DATETIME] = "datetime\ndatetime\n",
	[NAME_TIMEDELTA] = "datetime\ntimedelta\n",
	[NAME_BOOLEAN] = "dbus\nBoolean\n",
};

#define LENGTH(array) (sizeof array / sizeof array[0])

__attribute__((format(printf, 2, 3)))
static int
flaw(struct pickle *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->flaw, sizeof k->flaw, fmt, ap);
	va_end(ap);
	return -1;
}

/* Room for one more element in an array that may grow up to ${most}. */
static int
reserve(struct pickle *k, void *arrayp, uint32_t used, uint32_t *size,
    size_t element, uint32_t most)
{
	uint32_t wanted = *size == 0 ? 1024 : *size * 2;
	void *array;

	if (used < *size)
		return 0;
	if (used >= most)
		return flaw(k, "there are more than %u values", most);
	if (wanted > most)
		wanted = most;
	memcpy(&array, arrayp, sizeof array);
	if ((array = reallocarray(array, wanted, element)) == NULL)
		return flaw(k, "there is not enough memory");
	memcpy(arrayp, &array, sizeof array);
	*size = wanted;
	return 0;
}

static int
push(struct pickle *k, uint32_t value)
{
	if (k->depth == PICKLE_STACK_MAX)
		return flaw(k, "more than %u values are pending",
		    PICKLE_STACK_MAX);
	k->stack[k->depth++] = value;
	return 0;
}

/* A new value on the stack; NULL if that is too much. */
static struct value *
push_new(struct pickle *k, enum kind kind)
{
	struct value *v;

	if (reserve(k, &k->values, k->values_used, &k->values_size,
	    sizeof *k->values, PICKLE_VALUES_MAX) == -1 ||
	    push(k, k->values_used) == -1)
		return NULL;
	v = &k->values[k->values_used++];
	memset(v, 0, sizeof *v);
	v->kind = kind;
	return v;
}

static int
push_number(struct pickle *k, enum kind kind, int64_t number)
{
	struct value *v = push_new(k, kind);

	if (v == NULL)
		return -1;
	v->u.number = number;
	return 0;
}

static int
push_bytes(struct pickle *k, enum kind kind, const uint8_t *p, size_t len)
{
	struct value *v = push_new(k, kind);

	if (v == NULL)
		return -1;
	v->u.bytes.p = p;
	v->u.bytes.len = len;
	return 0;
}

/* The first of the values that are on the stack since the last mark. */
static uint32_t
base(const struct pickle *k)
{
	return k->marks_used == 0 ? 0 : k->marks[k->marks_used - 1];
}

/* The value ${below} places under the top of the stack, in this group. */
static struct value *
peek(struct pickle *k, uint32_t below)
{
	if (k->depth - base(k) <= below) {
		flaw(k, "the stack has too few values");
		return NULL;
	}
	return &k->values[k->stack[k->depth - 1 - below]];
}

/* An argument of ${n} bytes behind the opcode, or NULL. */
static const uint8_t *
take(struct pickle *k, size_t n)
{
	const uint8_t *p = k->p + k->at;

	if (n > k->len - k->at) {
		flaw(k, "the file ends within it");
		return NULL;
	}
	k->at += n;
	return p;
}

/* An argument of ${n} bytes as a number, least significant byte first. */
static int
take_number(struct pickle *k, size_t n, uint32_t *number)
{
	const uint8_t *p = take(k, n);

	*number = 0;
	if (p == NULL)
		return -1;
	while (n-- > 0)
		*number = *number << 8 | p[n];
	return 0;
}

static int
op_proto(struct pickle *k)
{
	uint32_t protocol;

	if (take_number(k, 1, &protocol) == -1)
		return -1;
	if (protocol != 2)
		return flaw(k, "the protocol is %u and not 2", protocol);
	if (k->at != 2)
		return flaw(k, "the protocol is named in the middle");
	return 0;
}

static int
op_mark(struct pickle *k)
{
	if (k->marks_used == PICKLE_MARKS_MAX)
		return flaw(k, "more than %u groups are open",
		    PICKLE_MARKS_MAX);
	k->marks[k->marks_used++] = k->depth;
	return 0;
}

/* Only one of four bytes can be negative. */
static int
op_int(struct pickle *k, size_t n)
{
	uint32_t number;

	return take_number(k, n, &number) == -1 ? -1 :
	    push_number(k, KIND_INT, (int32_t)number);
}

/* LONG1: an integer of so many bytes, the last of which has the sign. */
static int
op_long(struct pickle *k)
{
	const uint8_t *p;
	uint64_t number;
	uint32_t n;

	if (take_number(k, 1, &n) == -1)
		return -1;
	if (n > sizeof number)
		return flaw(k, "an integer has %u bytes", n);
	if ((p = take(k, n)) == NULL)
		return -1;
	number = n > 0 && p[n - 1] & 0x80 ? UINT64_MAX : 0;
	while (n-- > 0)
		number = number << 8 | p[n];
	return push_number(k, KIND_INT, (int64_t)number);
}

/* One character of UTF-8: how many bytes, or 0 if it is none. */
static size_t
utf8(const uint8_t *p, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;

	n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 :
	    p[0] < 0xf0 ? 3 : p[0] < 0xf8 ? 4 : 0;
	if (n == 0 || n > len)
		return 0;
	*cp = n == 1 ? p[0] : p[0] & (0x7fU >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

static int
op_text(struct pickle *k)
{
	const uint8_t *p;
	uint32_t len, cp;
	size_t i, n;

	if (take_number(k, 4, &len) == -1 || (p = take(k, len)) == NULL)
		return -1;
	for (i = 0; i < len; i += n)
		if ((n = utf8(p + i, len - i, &cp)) == 0)
			return flaw(k, "a text is not UTF-8");
	return push_bytes(k, KIND_TEXT, p, len);
}

/* Numbers count up from 0, so that a gap is a mistake, or worse. */
static int
op_put(struct pickle *k, size_t n)
{
	uint32_t number;

	if (take_number(k, n, &number) == -1 || peek(k, 0) == NULL)
		return -1;
	if (number > k->memo_used)
		return flaw(k, "number %u is given out of order", number);
	if (number == k->memo_used) {
		if (reserve(k, &k->memo, k->memo_used, &k->memo_size,
		    sizeof *k->memo, PICKLE_VALUES_MAX) == -1)
			return -1;
		k->memo_used++;
	}
	k->memo[number] = k->stack[k->depth - 1];
	return 0;
}

static int
op_get(struct pickle *k, size_t n)
{
	uint32_t number;

	if (take_number(k, n, &number) == -1)
		return -1;
	if (number >= k->memo_used)
		return flaw(k, "number %u is not given to a value", number);
	return push(k, k->memo[number]);
}

static int
op_tuple(struct pickle *k, uint32_t count)
{
	struct value *v;
	uint32_t items[3] = { 0, 0, 0 }, i;

	if (count > 0 && peek(k, count - 1) == NULL)
		return -1;
	k->depth -= count;
	for (i = 0; i < count; i++)
		items[i] = k->stack[k->depth + i];
	if ((v = push_new(k, KIND_TUPLE)) == NULL)
		return -1;
	memcpy(v->u.items, items, sizeof items);
	v->count = count;
	return 0;
}

/* Take the values since the last mark, which go into what is below it. */
static int
take_group(struct pickle *k, uint32_t *count)
{
	if (k->marks_used == 0)
		return flaw(k, "no group is open");
	*count = k->depth - k->marks[--k->marks_used];
	k->depth -= *count;
	return 0;
}

/* The same for a single one, or a pair, which has no mark. */
static int
take_few(struct pickle *k, uint32_t count)
{
	if (peek(k, count - 1) == NULL)
		return -1;
	k->depth -= count;
	return 0;
}

static int
append(struct pickle *k)
{
	struct value *list = peek(k, 0);

	if (list == NULL)
		return -1;
	if (list->kind != KIND_LIST)
		return flaw(k, "something is appended to what is no list");
	return 0;
}

static int
add_pair(struct pickle *k, struct value *dict, uint32_t key, uint32_t value)
{
	struct pair *pair;

	if (k->values[key].kind != KIND_TEXT)
		return flaw(k, "a key is no text");
	if (reserve(k, &k->pairs, k->pairs_used, &k->pairs_size,
	    sizeof *k->pairs, PICKLE_VALUES_MAX) == -1)
		return -1;
	pair = &k->pairs[k->pairs_used++];
	pair->key = key;
	pair->value = value;
	pair->next = 0;
	if (dict->u.dict.first == 0)
		dict->u.dict.first = k->pairs_used;
	else
		k->pairs[dict->u.dict.last - 1].next = k->pairs_used;
	dict->u.dict.last = k->pairs_used;
	dict->count++;
	return 0;
}

static int
set_items(struct pickle *k, uint32_t count)
{
	struct value *dict = peek(k, 0);
	const uint32_t *items = k->stack + k->depth;
	uint32_t i;

	if (dict == NULL)
		return -1;
	if (dict->kind != KIND_DICT)
		return flaw(k, "items are set in what is no dictionary");
	if (count % 2 != 0)
		return flaw(k, "a key has no value");
	/* They are still there, above the top of the stack. */
	for (i = 0; i < count; i += 2)
		if (add_pair(k, dict, items[i], items[i + 1]) == -1)
			return -1;
	return 0;
}

/* A name that is refused is shown up to the first odd character. */
static int
op_name(struct pickle *k)
{
	const char *rest = (const char *)k->p + k->at;
	size_t left = k->len - k->at, len, i;
	char shown[64];

	for (i = 0; i < LENGTH(names); i++) {
		len = strlen(names[i]);
		if (len <= left && memcmp(rest, names[i], len) == 0) {
			k->at += len;
			return push_number(k, KIND_NAME, (int64_t)i);
		}
	}
	for (i = len = 0; i < left && i < sizeof shown - 1 && len < 2; i++) {
		shown[i] = rest[i];
		if (rest[i] == '\n')
			shown[i] = len++ == 0 ? '.' : '\0';
		else if (rest[i] <= ' ' || rest[i] > '~')
			break;
	}
	shown[i] = '\0';
	return flaw(k, "the name %s has no place in such a file", shown);
}

static uint8_t *
new_blob(struct pickle *k, size_t len)
{
	uint8_t **blobs, *blob;
	size_t wanted;

	if (k->blobs_used == k->blobs_size) {
		wanted = k->blobs_size == 0 ? 64 : k->blobs_size * 2;
		blobs = reallocarray(k->blobs, wanted, sizeof *blobs);
		if (blobs == NULL)
			return NULL;
		k->blobs = blobs;
		k->blobs_size = wanted;
	}
	if ((blob = malloc(len == 0 ? 1 : len)) != NULL)
		k->blobs[k->blobs_used++] = blob;
	return blob;
}

/* encode(text, "latin1"): how protocol 2 spells bytes. */
static int
call_encode(struct pickle *k, const struct value *args)
{
	const struct value *text, *coding;
	uint8_t *blob;
	uint32_t cp;
	size_t len = 0, i, n;

	if (args->count != 2)
		return flaw(k, "encode has %u arguments", args->count);
	text = &k->values[args->u.items[0]];
	coding = &k->values[args->u.items[1]];
	if (text->kind != KIND_TEXT || coding->kind != KIND_TEXT ||
	    coding->u.bytes.len != strlen("latin1") ||
	    memcmp(coding->u.bytes.p, "latin1", strlen("latin1")) != 0)
		return flaw(k, "encode is not asked for latin1");
	if ((blob = new_blob(k, text->u.bytes.len)) == NULL)
		return flaw(k, "there is not enough memory");
	for (i = 0; i < text->u.bytes.len; i += n) {
		n = utf8(text->u.bytes.p + i, text->u.bytes.len - i, &cp);
		if (n == 0 || cp > UINT8_MAX)
			return flaw(k, "a byte is more than one");
		blob[len++] = (uint8_t)cp;
	}
	return push_bytes(k, KIND_BYTES, blob, len);
}

/* datetime(bytes) */
static int
call_datetime(struct pickle *k, const struct value *args)
{
	const struct value *state;
	int64_t us;

	if (args->count != 1)
		return flaw(k, "datetime has %u arguments", args->count);
	state = &k->values[args->u.items[0]];
	if (state->kind != KIND_BYTES || state->u.bytes.len != DATETIME_LEN)
		return flaw(k, "datetime has no argument of ten bytes");
	if (datetime_parse(state->u.bytes.p, &us) == -1)
		return flaw(k, "a time does not exist");
	return push_number(k, KIND_TIME, us);
}

/* timedelta(days, seconds, microseconds) */
static int
call_timedelta(struct pickle *k, const struct value *args)
{
	static const int64_t most[] = { DAYS_MAX, S_PER_DAY - 1, US_PER_S - 1 };
	const struct value *v;
	int64_t n[3];
	int i;

	if (args->count != 3)
		return flaw(k, "timedelta has %u arguments", args->count);
	for (i = 0; i < 3; i++) {
		v = &k->values[args->u.items[i]];
		/* Only days are negative, in a negative duration. */
		if (v->kind != KIND_INT || v->u.number > most[i] ||
		    v->u.number < (i == 0 ? -most[i] : 0))
			return flaw(k, "a duration does not exist");
		n[i] = v->u.number;
	}
	return push_number(k, KIND_DURATION,
	    (n[0] * S_PER_DAY + n[1]) * MS_PER_S + n[2] / US_PER_MS);
}

static int
op_reduce(struct pickle *k)
{
	const struct value *name = peek(k, 1), *args;

	if (name == NULL)
		return -1;
	args = peek(k, 0);
	if (name->kind != KIND_NAME || args->kind != KIND_TUPLE)
		return flaw(k,
		    "what is called is no name, or not with a tuple");
	k->depth -= 2;
	switch ((enum name)name->u.number) {
	case NAME_ENCODE:
		return call_encode(k, args);
	case NAME_DATETIME:
		return call_datetime(k, args);
	case NAME_TIMEDELTA:
		return call_timedelta(k, args);
	case NAME_BOOLEAN:
		return flaw(k, "a boolean is not made by a call");
	case NAME_BYTES:
		break;
	}
	/* bytes(): no other way is found for empty ones. */
	if (args->count != 0)
		return flaw(k, "bytes has %u arguments", args->count);
	return push_bytes(k, KIND_BYTES, k->p, 0);
}

/* The only new object: an approval that came over D-Bus. */
static int
op_new(struct pickle *k)
{
	const struct value *name = peek(k, 1), *args, *v;

	if (name == NULL)
		return -1;
	args = peek(k, 0);
	if (name->kind != KIND_NAME || name->u.number != NAME_BOOLEAN ||
	    args->kind != KIND_TUPLE || args->count != 1)
		return flaw(k, "a new object that has no place in such a file");
	v = &k->values[args->u.items[0]];
	if (v->kind != KIND_INT || v->u.number < 0 || v->u.number > 1)
		return flaw(k, "a boolean that is neither 0 nor 1");
	k->depth -= 2;
	return push_number(k, KIND_BOOL, v->u.number);
}

/* Opcodes that take something from the stack. */
static int
step_group(struct pickle *k, uint8_t op)
{
	uint32_t count = 0;

	switch (op) {
	case ')':	/* EMPTY_TUPLE */
		return op_tuple(k, 0);
	case 0x85:	/* TUPLE1 */
	case 0x86:	/* TUPLE2 */
	case 0x87:	/* TUPLE3 */
		return op_tuple(k, op - 0x84U);
	case 'a':	/* APPEND */
		return take_few(k, 1) == -1 ? -1 : append(k);
	case 'e':	/* APPENDS */
		return take_group(k, &count) == -1 ? -1 : append(k);
	case 's':	/* SETITEM */
		return take_few(k, 2) == -1 ? -1 : set_items(k, 2);
	case 'u':	/* SETITEMS */
		return take_group(k, &count) == -1 ? -1 : set_items(k, count);
	case 'R':	/* REDUCE */
		return op_reduce(k);
	case 0x81:	/* NEWOBJ */
		return op_new(k);
	default:
		return flaw(k, "opcode 0x%02x has no place in such a file", op);
	}
}

static int
step(struct pickle *k, uint8_t op)
{
	switch (op) {
	case 0x80:	/* PROTO */
		return op_proto(k);
	case '(':	/* MARK */
		return op_mark(k);
	case 'N':	/* NONE */
		return push_number(k, KIND_NONE, 0);
	case 0x88:	/* NEWTRUE */
		return push_number(k, KIND_BOOL, 1);
	case 0x89:	/* NEWFALSE */
		return push_number(k, KIND_BOOL, 0);
	case 'K':	/* BININT1 */
		return op_int(k, 1);
	case 'M':	/* BININT2 */
		return op_int(k, 2);
	case 'J':	/* BININT */
		return op_int(k, 4);
	case 0x8a:	/* LONG1 */
		return op_long(k);
	case 'X':	/* BINUNICODE */
		return op_text(k);
	case 'q':	/* BINPUT */
		return op_put(k, 1);
	case 'r':	/* LONG_BINPUT */
		return op_put(k, 4);
	case 'h':	/* BINGET */
		return op_get(k, 1);
	case 'j':	/* LONG_BINGET */
		return op_get(k, 4);
	case 'c':	/* GLOBAL */
		return op_name(k);
	case ']':	/* EMPTY_LIST */
		return push_number(k, KIND_LIST, 0);
	case '}':	/* EMPTY_DICT */
		return push_number(k, KIND_DICT, 0);
	default:
		return step_group(k, op);
	}
}

/* Everything up to STOP, with which the file must end. */
static int
run(struct pickle *k)
{
	const uint8_t *op;

	for (;;) {
		k->flaw_at = k->at;
		if (k->at == k->len)
			return flaw(k, "the file ends too early");
		op = take(k, 1);
		if (k->at == 1 && *op != 0x80)
			return flaw(k, "this is no pickle of protocol 2");
		if (*op == '.')
			break;
		if (step(k, *op) == -1)
			return -1;
	}
	if (k->at != k->len)
		return flaw(k, "the file goes on behind its end");
	if (k->depth != 1 || k->marks_used != 0)
		return flaw(k, "the file ends with %u values", k->depth);
	return 0;
}

const struct value *
pickle_read(struct pickle *k, const uint8_t *p, size_t len)
{
	memset(k, 0, sizeof *k);
	k->p = p;
	k->len = len;
	if (len > PICKLE_SIZE_MAX) {
		flaw(k, "the file is longer than %u bytes", PICKLE_SIZE_MAX);
		return NULL;
	}
	k->stack = calloc(PICKLE_STACK_MAX, sizeof *k->stack);
	if (k->stack == NULL) {
		flaw(k, "there is not enough memory");
		return NULL;
	}
	if (run(k) == -1)
		return NULL;
	return &k->values[k->stack[0]];
}

void
pickle_free(struct pickle *k)
{
	while (k->blobs_used > 0)
		free(k->blobs[--k->blobs_used]);
	free(k->blobs);
	free(k->values);
	free(k->pairs);
	free(k->memo);
	free(k->stack);
	memset(k, 0, sizeof *k);
}

const struct value *
pickle_get(const struct pickle *k, const struct value *dict, const char *key)
{
	const struct value *name, *found = NULL;
	size_t len = strlen(key);
	uint32_t i;

	for (i = dict->u.dict.first; i != 0; i = k->pairs[i - 1].next) {
		name = &k->values[k->pairs[i - 1].key];
		if (name->u.bytes.len == len &&
		    memcmp(name->u.bytes.p, key, len) == 0)
			found = &k->values[k->pairs[i - 1].value];
	}
	return found;
}
