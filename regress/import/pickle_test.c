/* SPDX-License-Identifier: ISC */
/*
 * The reader of pickles, and what becomes of one: a file of the original's
 * own making, that file damaged in every way, and files nobody should make.
 */
#include <sys/types.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atf-c.h>

#include "import.h"

#define RUN VECTORS "/run.pickle"
#define PROTO "\x80\x02"

/* What the reader has to say of these bytes. */
static struct pickle pickle;
static struct table table;

static uint8_t *
load(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
		err(1, "%s", path);
	rewind(f);
	*len = (size_t)size;
	if ((bytes = malloc(*len)) == NULL || fread(bytes, *len, 1, f) != 1)
		err(1, "%s", path);
	fclose(f);
	return bytes;
}

/* Bytes in memory of just their size, so that a step outside is seen. */
static const struct value *
read_bytes(const void *bytes, size_t len)
{
	static uint8_t *copy;

	free(copy);
	if ((copy = malloc(len == 0 ? 1 : len)) == NULL)
		err(1, NULL);
	memcpy(copy, bytes, len);
	pickle_free(&pickle);
	return pickle_read(&pickle, copy, len);
}

/* Hold that it is refused, at this offset, with these words in the reason. */
static void
refused(const void *bytes, size_t len, size_t at, const char *why)
{
	ATF_CHECK(read_bytes(bytes, len) == NULL);
	ATF_CHECK_MSG(strstr(pickle.flaw, why) != NULL, "\"%s\" for \"%s\"",
	    pickle.flaw, why);
	ATF_CHECK_EQ_MSG(at, pickle.flaw_at, "%zu for %zu: %s",
	    pickle.flaw_at, at, why);
}

#define REFUSED(literal, at, why)					\
	refused(PROTO literal, sizeof PROTO literal - 1, at, why)

/* What these bytes stand for, when they are sound. */
static const struct value *
accepted(const void *bytes, size_t len)
{
	const struct value *top = read_bytes(bytes, len);

	ATF_REQUIRE_MSG(top != NULL, "at %zu: %s", pickle.flaw_at,
	    pickle.flaw);
	return top;
}

#define ACCEPTED(literal)						\
	accepted(PROTO literal, sizeof PROTO literal - 1)

/* Whether it is sound as a whole; if it is, its ledger must be, too. */
static int
is_whole(const uint8_t *bytes, size_t len)
{
	struct buffer text = { NULL, 0, 0 }, again = { NULL, 0, 0 };
	const struct value *top = read_bytes(bytes, len);
	struct ledger_fault fault;
	struct table copy;
	int64_t us;
	char *why;

	if (top == NULL)
		return 0;
	if (saved_table(&pickle, top, &table, &why) == -1) {
		ATF_CHECK(why != NULL);
		free(why);
		return 0;
	}
	table_init(&copy);
	ATF_REQUIRE(ledger_write(&table, 1, &text) == 0);
	ATF_REQUIRE_MSG(ledger_read(text.p, text.used, &copy, &us,
	    &fault) == 0, "line %zu: %s", fault.line, fault.why);
	ATF_REQUIRE(ledger_write(&copy, 1, &again) == 0);
	ATF_CHECK(text.used == again.used &&
	    memcmp(text.p, again.p, text.used) == 0);
	table_clear(&copy);
	table_clear(&table);
	buffer_free(&text);
	buffer_free(&again);
	return 1;
}

ATF_TC_WITHOUT_HEAD(read__original_file);
ATF_TC_BODY(read__original_file, tc)
{
	const struct str settings = { (char[]) { "settings" }, 8 };
	const struct str removed = { (char[]) { "removed" }, 7 };
	const struct client *client;
	const struct value *top;
	uint8_t *bytes;
	char *why;
	size_t len;

	(void)tc;
	bytes = load(RUN, &len);
	top = accepted(bytes, len);
	ATF_REQUIRE(saved_table(&pickle, top, &table, &why) == 0);
	ATF_CHECK_EQ(12, table.count);
	client = table_find(&table, &settings);
	ATF_REQUIRE(client != NULL && !client->is_removed);
	ATF_CHECK_STREQ("exit 0 # \"x\" \\", client->own.checker.p);
	ATF_CHECK_STREQ("true", client->conf.checker.p);
	ATF_CHECK_EQ(UINT64_C(4000000001), client->own.extended_timeout_ms);
	ATF_CHECK(client->own.flags & CLIENT_HAS_KEYID);
	ATF_CHECK(client->has_secret && client->secret.len > 40);
	client = table_find(&table, &removed);
	ATF_REQUIRE(client != NULL && client->is_removed);
	table_clear(&table);
	free(bytes);
}

ATF_TC_WITHOUT_HEAD(read__truncated_at_every_byte);
ATF_TC_BODY(read__truncated_at_every_byte, tc)
{
	uint8_t *bytes;
	size_t len, i;

	(void)tc;
	bytes = load(RUN, &len);
	for (i = 0; i < len; i++)
		ATF_CHECK_MSG(read_bytes(bytes, i) == NULL &&
		    pickle.flaw[0] != '\0' && pickle.flaw_at <= i,
		    "%zu bytes are enough", i);
	ATF_CHECK(is_whole(bytes, len));
	free(bytes);
}

/* Whatever it turns into, there is no fault, and no bad ledger. */
ATF_TC_WITHOUT_HEAD(read__every_bit_flipped);
ATF_TC_BODY(read__every_bit_flipped, tc)
{
	uint8_t *bytes;
	size_t len, i, whole = 0;

	(void)tc;
	bytes = load(RUN, &len);
	for (i = 0; i < len * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1U << i % 8);
		whole += (size_t)is_whole(bytes, len);
		bytes[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	/* Many are in encrypted bytes, or in names. */
	ATF_CHECK(whole > 0 && whole < len * 8);
	free(bytes);
}

ATF_TC_WITHOUT_HEAD(read__bytes_behind_the_end);
ATF_TC_BODY(read__bytes_behind_the_end, tc)
{
	(void)tc;
	REFUSED("N.N", 3, "goes on behind its end");
	REFUSED("NN.", 4, "ends with 2 values");
	REFUSED(".", 2, "ends with 0 values");
	REFUSED("(N.", 4, "ends with 1 values");
}

ATF_TC_WITHOUT_HEAD(read__other_protocols);
ATF_TC_BODY(read__other_protocols, tc)
{
	(void)tc;
	refused("", 0, 0, "ends too early");
	refused("N.", 2, 0, "no pickle of protocol 2");
	refused("\x80\x03N.", 4, 0, "the protocol is 3");
	refused("\x80\x04\x95", 3, 0, "the protocol is 4");
	REFUSED("\x80\x02N.", 2, "in the middle");
}

ATF_TC_WITHOUT_HEAD(read__every_other_opcode);
ATF_TC_BODY(read__every_other_opcode, tc)
{
	static const char known[] = "(.NKMJXqrhjcR]})aesu"
	    "\x80\x81\x85\x86\x87\x88\x89\x8a";
	char bytes[] = PROTO "?aaaaaaaa", why[32];
	int op, others = 0;

	(void)tc;
	for (op = 0; op < 256; op++) {
		if (memchr(known, op, sizeof known - 1) != NULL)
			continue;
		others++;
		bytes[2] = (char)op;
		snprintf(why, sizeof why, "opcode 0x%02x has no place", op);
		refused(bytes, sizeof bytes - 1, 2, why);
	}
	ATF_CHECK_EQ(256 - 28, others);
}

ATF_TC_WITHOUT_HEAD(read__foreign_names);
ATF_TC_BODY(read__foreign_names, tc)
{
	(void)tc;
	REFUSED("cos\nsystem\nX\4\0\0\0true\x85R.", 2, "the name os.system ");
	REFUSED("cposix\nsystem\n.", 2, "the name posix.system ");
	REFUSED("c__builtin__\neval\n.", 2, "the name __builtin__.eval ");
	REFUSED("c__builtin__\nbytesx\n.", 2, "__builtin__.bytesx ");
	REFUSED("cdatetime\ndatetime.now\n.", 2, "datetime.datetime.now ");
	REFUSED("cdatetime\ndate\n.", 2, "datetime.date ");
	REFUSED("c\x1b[31m\n.", 2, "the name  has");
	REFUSED("cdatetime\n", 2, "the name datetime. has");
	REFUSED("c", 2, "the name  has");
}

ATF_TC(read__boolean_of_the_bus);
ATF_TC_HEAD(read__boolean_of_the_bus, tc)
{
	atf_tc_set_md_var(tc, "descr", "an approval that was given over D-Bus "
	    "is the one new object there may be");
}
ATF_TC_BODY(read__boolean_of_the_bus, tc)
{
	static const char yes[] = PROTO "cdbus\nBoolean\nK\1\x85\x81.";
	static const char no[] = PROTO "cdbus\nBoolean\nK\0\x85\x81.";
	const struct value *v;

	(void)tc;
	ATF_REQUIRE((v = read_bytes(yes, sizeof yes - 1)) != NULL);
	ATF_CHECK_EQ(KIND_BOOL, v->kind);
	ATF_CHECK_EQ(1, v->u.number);
	ATF_REQUIRE((v = read_bytes(no, sizeof no - 1)) != NULL);
	ATF_CHECK_EQ(KIND_BOOL, v->kind);
	ATF_CHECK_EQ(0, v->u.number);
	REFUSED("cdbus\nBoolean\nK\2\x85\x81.", 19, "neither 0 nor 1");
	REFUSED("cdbus\nBoolean\nN\x85\x81.", 18, "neither 0 nor 1");
	REFUSED("cdbus\nBoolean\n)\x81.", 17, "a new object");
	REFUSED("cdbus\nBoolean\nK\1\x85R.", 19, "not made by a call");
	REFUSED("cdatetime\ntimedelta\nK\1\x85\x81.", 25, "a new object");
	REFUSED("\x81.", 2, "");
}

ATF_TC_WITHOUT_HEAD(read__calls_of_what_is_no_name);
ATF_TC_BODY(read__calls_of_what_is_no_name, tc)
{
	(void)tc;
	REFUSED("X\2\0\0\0os)R.", 10, "no name");
	REFUSED("cdatetime\ndatetime\n]R.", 22, "not with a tuple");
	REFUSED("cdatetime\ndatetime\n)R.", 22, "0 arguments");
	REFUSED("c__builtin__\nbytes\nK\4\x85R.", 24, "1 arguments");
	REFUSED("c_codecs\nencode\nX\1\0\0\0aX\5\0\0\0utf-8\x86R.", 35,
	    "not asked for latin1");
	REFUSED("c_codecs\nencode\nX\2\0\0\0\xc4\x80X\6\0\0\0latin1\x86R.",
	    37, "a byte is more than one");
}

ATF_TC_WITHOUT_HEAD(read__huge_sizes);
ATF_TC_BODY(read__huge_sizes, tc)
{
	(void)tc;
	REFUSED("X\xff\xff\xff\xff" "a", 2, "ends within it");
	REFUSED("X\xff\xff\xff\x7f" "a", 2, "ends within it");
	REFUSED("X\2\0\0\0a", 2, "ends within it");
	REFUSED("\x8a\xff" "a", 2, "255 bytes");
	REFUSED("\x8a\x09" "123456789", 2, "9 bytes");
	REFUSED("\x8a\x08" "1234567", 2, "ends within it");
	REFUSED("Nr\xff\xff\xff\xff.", 3, "out of order");
	REFUSED("Nq\1.", 3, "out of order");
	REFUSED("Nq\0j\1\0\0\0.", 5, "is not given");
	REFUSED("h\0.", 2, "is not given");
	REFUSED("q\0.", 2, "too few values");
}

ATF_TC_WITHOUT_HEAD(read__too_few_values);
ATF_TC_BODY(read__too_few_values, tc)
{
	static const char ops[] = "aesuR\x85\x86\x87";
	char bytes[] = PROTO "?", inside[] = PROTO "NNNN(?";
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof ops - 1; i++) {
		bytes[2] = inside[7] = ops[i];
		ATF_CHECK(read_bytes(bytes, sizeof bytes - 1) == NULL);
		ATF_CHECK_EQ(2, pickle.flaw_at);
		/* Those below the mark belong to others. */
		if (ops[i] != 'e' && ops[i] != 'u') {
			ATF_CHECK(read_bytes(inside,
			    sizeof inside - 1) == NULL);
			ATF_CHECK_EQ(7, pickle.flaw_at);
		}
	}
	REFUSED("NNa", 4, "what is no list");
	REFUSED("N(Ne", 5, "what is no list");
	REFUSED("NX\1\0\0\0aNs", 10, "what is no dictionary");
	REFUSED("}NNs", 5, "a key is no text");
	REFUSED("}(X\1\0\0\0au", 10, "a key has no value");
}

/* Deeper than any stack of calls would be. */
ATF_TC_WITHOUT_HEAD(read__deep_nesting);
ATF_TC_BODY(read__deep_nesting, tc)
{
	static const char openings[] = "(]})";
	const size_t len = 3000000;
	uint8_t *bytes;
	size_t i;

	(void)tc;
	ATF_REQUIRE((bytes = malloc(len)) != NULL);
	for (i = 0; i < sizeof openings - 1; i++) {
		memset(bytes, openings[i], len);
		memcpy(bytes, PROTO, 2);
		refused(bytes, len, i == 0 ? 2 + PICKLE_MARKS_MAX :
		    2 + PICKLE_STACK_MAX, "more than");
	}
	/* A tuple of a tuple of a tuple ... */
	memset(bytes, 0x85, len);
	memcpy(bytes, PROTO ")", 3);
	refused(bytes, len, 2 + PICKLE_VALUES_MAX, "more than 2097152 values");
	bytes[1000000] = '.';
	ATF_CHECK(!is_whole(bytes, 1000001));
	ATF_CHECK(read_bytes(bytes, 1000001) != NULL);
	free(bytes);
}

ATF_TC_WITHOUT_HEAD(read__contains_itself);
ATF_TC_BODY(read__contains_itself, tc)
{
	static const char loop[] = PROTO "}q\0X\1\0\0\0ah\0sh\0\x86.";
	static const char list[] = PROTO "]q\0h\0ah\0\x86.";

	(void)tc;
	accepted(loop, sizeof loop - 1);
	ATF_CHECK(!is_whole((const uint8_t *)loop, sizeof loop - 1));
	ATF_CHECK(!is_whole((const uint8_t *)list, sizeof list - 1));
}

ATF_TC_WITHOUT_HEAD(read__texts);
ATF_TC_BODY(read__texts, tc)
{
	const struct value *v;

	(void)tc;
	v = ACCEPTED("X\4\0\0\0\xf0\x9f\x98\x80.");
	ATF_CHECK(v->kind == KIND_TEXT && v->u.bytes.len == 4);
	REFUSED("X\1\0\0\0\x80.", 2, "not UTF-8");
	REFUSED("X\1\0\0\0\xc3.", 2, "not UTF-8");
	REFUSED("X\2\0\0\0\xc0\x80.", 2, "not UTF-8");
	REFUSED("X\3\0\0\0\xe0\x80\x80.", 2, "not UTF-8");
	REFUSED("X\3\0\0\0\xed\xa0\x80.", 2, "not UTF-8");
	REFUSED("X\4\0\0\0\xf4\x90\x80\x80.", 2, "not UTF-8");
	REFUSED("X\4\0\0\0\xf8\x90\x80\x80.", 2, "not UTF-8");
	v = ACCEPTED("c_codecs\nencode\nX\3\0\0\0a\xc3\xbf"
	    "X\6\0\0\0latin1\x86R.");
	ATF_CHECK(v->kind == KIND_BYTES && v->u.bytes.len == 2 &&
	    memcmp(v->u.bytes.p, "a\xff", 2) == 0);
	v = ACCEPTED("c__builtin__\nbytes\n)R.");
	ATF_CHECK(v->kind == KIND_BYTES && v->u.bytes.len == 0);
}

ATF_TC_WITHOUT_HEAD(read__integers);
ATF_TC_BODY(read__integers, tc)
{
	(void)tc;
	ATF_CHECK_EQ(255, ACCEPTED("K\xff.")->u.number);
	ATF_CHECK_EQ(65535, ACCEPTED("M\xff\xff.")->u.number);
	ATF_CHECK_EQ(-2, ACCEPTED("J\xfe\xff\xff\xff.")->u.number);
	ATF_CHECK_EQ(0, ACCEPTED("\x8a\0.")->u.number);
	ATF_CHECK_EQ(255, ACCEPTED("\x8a\2\xff\0.")->u.number);
	ATF_CHECK_EQ(-256, ACCEPTED("\x8a\2\0\xff.")->u.number);
	ATF_CHECK_EQ(INT64_MIN,
	    ACCEPTED("\x8a\x08\0\0\0\0\0\0\0\x80.")->u.number);
}

/* A datetime made of these ten bytes, all of them below 128. */
static const struct value *
datetime(int year, int month, int day, int hour, int minute, int second,
    int us)
{
	static const char head[] = PROTO "cdatetime\ndatetime\n"
	    "c_codecs\nencode\n";
	const int state[10] = { year >> 8, year & 255, month, day, hour,
	    minute, second, us >> 16, us >> 8 & 255, us & 255 };
	char bytes[128], text[20];
	size_t used = sizeof head - 1, len = 0;
	int i;

	for (i = 0; i < 10; i++)
		if (state[i] < 128)
			text[len++] = (char)state[i];
		else {
			text[len++] = (char)(0xc0 | state[i] >> 6);
			text[len++] = (char)(0x80 | (state[i] & 63));
		}
	memcpy(bytes, head, used);
	memcpy(bytes + used, "X?\0\0\0", 5);
	bytes[used + 1] = (char)len;
	memcpy(bytes + used + 5, text, len);
	used += 5 + len;
	memcpy(bytes + used, "X\6\0\0\0latin1\x86R\x85R.", 16);
	return read_bytes(bytes, used + 16);
}

ATF_TC_WITHOUT_HEAD(read__times);
ATF_TC_BODY(read__times, tc)
{
	(void)tc;
	ATF_REQUIRE(datetime(1970, 1, 1, 0, 0, 0, 0) != NULL);
	ATF_CHECK_EQ(0, datetime(1970, 1, 1, 0, 0, 0, 0)->u.number);
	ATF_CHECK_EQ(-1, datetime(1969, 12, 31, 23, 59, 59, 999999)->u.number);
	ATF_CHECK_EQ(INT64_C(951782400000001),
	    datetime(2000, 2, 29, 0, 0, 0, 1)->u.number);
	ATF_CHECK_EQ(INT64_C(1795299686000000),
	    datetime(2026, 11, 21, 22, 21, 26, 0)->u.number);
	ATF_CHECK_EQ(INT64_C(253402300799999999),
	    datetime(9999, 12, 31, 23, 59, 59, 999999)->u.number);
	ATF_CHECK_EQ(INT64_C(-62135596800000000),
	    datetime(1, 1, 1, 0, 0, 0, 0)->u.number);
	ATF_CHECK(datetime(2023, 2, 29, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(1900, 2, 29, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 2, 30, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 4, 31, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(0, 1, 1, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(10000, 1, 1, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 13, 1, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 0, 1, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 1, 0, 0, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 1, 1, 24, 0, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 1, 1, 0, 60, 0, 0) == NULL);
	ATF_CHECK(datetime(2024, 1, 1, 0, 0, 60, 0) == NULL);
	ATF_CHECK(datetime(2024, 1, 1, 0, 0, 0, 1000000) == NULL);
}

#define DELTA "cdatetime\ntimedelta\n"

ATF_TC_WITHOUT_HEAD(read__durations);
ATF_TC_BODY(read__durations, tc)
{
	(void)tc;
	ATF_CHECK_EQ(0, ACCEPTED(DELTA "K\0K\0K\0\x87R.")->u.number);
	/* A day, a second and a bit more than a millisecond. */
	ATF_CHECK_EQ(86401001,
	    ACCEPTED(DELTA "K\1K\1M\xff\4\x87R.")->u.number);
	ATF_CHECK_EQ(INT64_C(999999999) * 86400000,
	    ACCEPTED(DELTA "J\xff\xc9\x9a;K\0K\0\x87R.")->u.number);
	ATF_CHECK_EQ(-86399000,
	    ACCEPTED(DELTA "J\xff\xff\xff\xffK\1K\0\x87R.")->u.number);
	REFUSED(DELTA "J\0\xca\x9a;K\0K\0\x87R.", 32, "does not exist");
	REFUSED(DELTA "K\0J\x80\x51\1\0K\0\x87R.", 32, "does not exist");
	REFUSED(DELTA "K\0K\0J\x40\x42\x0f\0\x87R.", 32, "does not exist");
	REFUSED(DELTA "K\0K\0N\x87R.", 28, "does not exist");
	REFUSED(DELTA "K\0K\0\x86R.", 27, "2 arguments");
}

/*
 * Files of one client, as pairs of key and value in Python's clothes; each
 * test replaces one of them.
 */
struct entry {
	const char *key;
	const char *value;
	size_t len;
};

#define V(literal) literal, sizeof literal - 1
#define MINUTE DELTA "K\0K<K\0\x87R"
#define ENTRIES 17
#define OURS 11			/* those that are settings */

static const struct entry sound[ENTRIES] = {
	{ "enabled", V("\x88") },
	{ "host", V("X\1\0\0\0h") },
	{ "checker_command", V("X\4\0\0\0true") },
	{ "key_id", V("X\2\0\0\0" "AB") },
	{ "fingerprint", V("X\0\0\0\0") },
	{ "timeout", V(MINUTE) },
	{ "extended_timeout", V(MINUTE) },
	{ "interval", V(MINUTE) },
	{ "approval_delay", V(MINUTE) },
	{ "approval_duration", V(MINUTE) },
	{ "approved_by_default", V("\x89") },
	{ "created", V("N") },
	{ "last_enabled", V("N") },
	{ "last_checked_ok", V("N") },
	{ "expires", V("N") },
	{ "last_checker_status", V("J\xfe\xff\xff\xff") },
	{ "encrypted_secret", V("c__builtin__\nbytes\n)R") },
};

static uint8_t file[4096];
static size_t file_len;

static void
put(const void *bytes, size_t len)
{
	ATF_REQUIRE(len <= sizeof file - file_len);
	memcpy(file + file_len, bytes, len);
	file_len += len;
}

static void
put_text(const char *text)
{
	char head[5] = { 'X', (char)strlen(text), 0, 0, 0 };

	put(head, sizeof head);
	put(text, strlen(text));
}

/* One dictionary, of one client; a NULL value leaves the entry out. */
static void
put_client(const char *name, const struct entry *entries, size_t count,
    const struct entry *instead)
{
	const struct entry *e;
	size_t i;

	put("}", 1);
	put_text(name);
	put("}(", 2);
	for (i = 0; i < count; i++) {
		e = instead != NULL && strcmp(instead->key,
		    entries[i].key) == 0 ? instead : &entries[i];
		if (e->value == NULL)
			continue;
		put_text(e->key);
		put(e->value, e->len);
	}
	put("us", 2);
}

/* What a file with these entries is told, or NULL. */
static const char *
trouble(const struct entry *saved, const struct entry *conf)
{
	static char told[256];
	const struct value *top;
	char *why;

	file_len = 0;
	put(PROTO, 2);
	put_client("foo", sound, ENTRIES, saved);
	put_client("foo", sound, OURS, conf);
	put("\x86.", 2);
	top = accepted(file, file_len);
	if (saved_table(&pickle, top, &table, &why) == 0)
		return NULL;
	strlcpy(told, why, sizeof told);
	free(why);
	return told;
}

static void
troubled(const struct entry *saved, const struct entry *conf, const char *why)
{
	const char *told = trouble(saved, conf);

	ATF_CHECK_MSG(told != NULL && strcmp(told, why) == 0,
	    "\"%s\" for \"%s\"", told != NULL ? told : "", why);
	if (told == NULL)
		table_clear(&table);
}

/* The only client of the table. */
static const struct client *
only(void)
{
	ATF_REQUIRE_EQ(1, table.count);
	return table_first(&table);
}

ATF_TC_WITHOUT_HEAD(saved__missing_entries);
ATF_TC_BODY(saved__missing_entries, tc)
{
	struct entry none = { NULL, NULL, 0 };
	char why[64];
	size_t i;

	(void)tc;
	ATF_REQUIRE(trouble(NULL, NULL) == NULL);
	table_clear(&table);
	for (i = 0; i < ENTRIES; i++) {
		none.key = sound[i].key;
		/* Older servers had no key IDs; times may be unknown. */
		if (i >= OURS || strcmp(none.key, "key_id") == 0) {
			ATF_CHECK(trouble(&none, NULL) == NULL);
			table_clear(&table);
			continue;
		}
		snprintf(why, sizeof why, "client foo: %s is missing",
		    none.key);
		troubled(&none, NULL, why);
		troubled(NULL, &none, why);
	}
}

ATF_TC_WITHOUT_HEAD(saved__wrong_kinds);
ATF_TC_BODY(saved__wrong_kinds, tc)
{
	struct entry wrong = { NULL, V("]") };
	char why[64];
	size_t i;

	(void)tc;
	for (i = 0; i < ENTRIES; i++) {
		wrong.key = sound[i].key;
		snprintf(why, sizeof why, "client foo: %s is of the wrong kind",
		    wrong.key);
		troubled(&wrong, NULL, why);
		if (i < OURS)
			troubled(NULL, &wrong, why);
	}
}

ATF_TC_WITHOUT_HEAD(saved__values_out_of_range);
ATF_TC_BODY(saved__values_out_of_range, tc)
{
	static const struct entry negative = { "timeout",
		V(DELTA "J\xff\xff\xff\xffK\1K\0\x87R") };
	static const struct entry nul = { "host", V("X\3\0\0\0a\0b") };
	static const struct entry status = { "last_checker_status",
		V("M\0\1") };
	static const struct entry crash = { "last_checker_status",
		V("J\xfd\xff\xff\xff") };

	(void)tc;
	troubled(&negative, NULL, "client foo: timeout is negative");
	troubled(NULL, &nul, "client foo: host contains a NUL byte");
	troubled(&status, NULL,
	    "client foo: last_checker_status is no exit status");
	troubled(&crash, NULL,
	    "client foo: last_checker_status is no exit status");
}

/* Checkers without a pause are what the original lets one ask for. */
ATF_TC_WITHOUT_HEAD(saved__interval_zero);
ATF_TC_BODY(saved__interval_zero, tc)
{
	static const struct entry zero = { "interval",
		V(DELTA "K\0K\0K\0\x87R") };

	(void)tc;
	ATF_REQUIRE(trouble(&zero, NULL) == NULL);
	ATF_CHECK_EQ(60000, only()->own.interval_ms);
	ATF_CHECK_EQ(60000, only()->conf.interval_ms);
	table_clear(&table);
	ATF_REQUIRE(trouble(NULL, &zero) == NULL);
	ATF_CHECK_EQ(60000, only()->own.interval_ms);
	ATF_CHECK_EQ(1, only()->conf.interval_ms);
	table_clear(&table);
	ATF_REQUIRE(trouble(&zero, &zero) == NULL);
	ATF_CHECK_EQ(1, only()->own.interval_ms);
	table_clear(&table);
}

/* A clock that was never set tells 1970, which is not never. */
ATF_TC_WITHOUT_HEAD(saved__times_of_1970);
ATF_TC_BODY(saved__times_of_1970, tc)
{
	static const struct entry epoch = { "created",
		V("cdatetime\ndatetime\nc_codecs\nencode\n"
		"X\x0b\0\0\0\7\xc2\xb2\1\1\0\0\0\0\0\0"
		"X\6\0\0\0latin1\x86R\x85R") };

	(void)tc;
	ATF_REQUIRE(trouble(&epoch, NULL) == NULL);
	ATF_CHECK_EQ(1, only()->created_us);
	ATF_CHECK_EQ(0, only()->expires_us);
	table_clear(&table);
}

/* Only who was configured is a client, and who was not saved was removed. */
ATF_TC_WITHOUT_HEAD(saved__in_one_of_the_two);
ATF_TC_BODY(saved__in_one_of_the_two, tc)
{
	const struct value *top;
	char *why;

	(void)tc;
	file_len = 0;
	put(PROTO, 2);
	put_client("saved", sound, ENTRIES, NULL);
	put_client("configured", sound, OURS, NULL);
	put("\x86.", 2);
	top = accepted(file, file_len);
	ATF_REQUIRE(saved_table(&pickle, top, &table, &why) == 0);
	ATF_CHECK_STREQ("configured", only()->name.p);
	ATF_CHECK(only()->is_removed);
	table_clear(&table);
}

ATF_TC_WITHOUT_HEAD(saved__not_two_dictionaries);
ATF_TC_BODY(saved__not_two_dictionaries, tc)
{
	static const char *const files[] = {
		PROTO "N.", PROTO "}.", PROTO "}}}\x87.", PROTO "}\x85.",
		PROTO "}N\x86.", PROTO "N}\x86."
	};
	const struct value *top;
	char *why;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		top = accepted(files[i], strlen(files[i]));
		ATF_CHECK(saved_table(&pickle, top, &table, &why) == -1);
		ATF_CHECK_STREQ("the file does not hold two dictionaries",
		    why);
		free(why);
	}
	top = ACCEPTED("}}\x86.");
	ATF_CHECK(saved_table(&pickle, top, &table, &why) == 0);
	ATF_CHECK_EQ(0, table.count);
	top = ACCEPTED("}}X\1\0\0\0aNs\x86.");
	ATF_CHECK(saved_table(&pickle, top, &table, &why) == -1);
	ATF_CHECK_STREQ("client a: the configuration is no dictionary", why);
	free(why);
	top = ACCEPTED("}}(X\1\0\0\0aNX\1\0\0\0aNu\x86.");
	ATF_CHECK(saved_table(&pickle, top, &table, &why) == -1);
	ATF_CHECK_STREQ("client ?: the name is there twice", why);
	free(why);
	top = ACCEPTED("}}X\0\0\0\0}s\x86.");
	ATF_CHECK(saved_table(&pickle, top, &table, &why) == -1);
	ATF_CHECK_STREQ("client : the name is empty or contains a NUL byte",
	    why);
	free(why);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, read__original_file);
	ATF_TP_ADD_TC(tp, read__truncated_at_every_byte);
	ATF_TP_ADD_TC(tp, read__every_bit_flipped);
	ATF_TP_ADD_TC(tp, read__bytes_behind_the_end);
	ATF_TP_ADD_TC(tp, read__other_protocols);
	ATF_TP_ADD_TC(tp, read__every_other_opcode);
	ATF_TP_ADD_TC(tp, read__foreign_names);
	ATF_TP_ADD_TC(tp, read__boolean_of_the_bus);
	ATF_TP_ADD_TC(tp, read__calls_of_what_is_no_name);
	ATF_TP_ADD_TC(tp, read__huge_sizes);
	ATF_TP_ADD_TC(tp, read__too_few_values);
	ATF_TP_ADD_TC(tp, read__deep_nesting);
	ATF_TP_ADD_TC(tp, read__contains_itself);
	ATF_TP_ADD_TC(tp, read__texts);
	ATF_TP_ADD_TC(tp, read__integers);
	ATF_TP_ADD_TC(tp, read__times);
	ATF_TP_ADD_TC(tp, read__durations);
	ATF_TP_ADD_TC(tp, saved__missing_entries);
	ATF_TP_ADD_TC(tp, saved__wrong_kinds);
	ATF_TP_ADD_TC(tp, saved__values_out_of_range);
	ATF_TP_ADD_TC(tp, saved__interval_zero);
	ATF_TP_ADD_TC(tp, saved__times_of_1970);
	ATF_TP_ADD_TC(tp, saved__in_one_of_the_two);
	ATF_TP_ADD_TC(tp, saved__not_two_dictionaries);
	return atf_no_error();
}
