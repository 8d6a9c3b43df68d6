/* SPDX-License-Identifier: ISC */
/*
 * The form of the ledger: what is written reads as the same, and nothing else
 * reads at all.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger.h"

#define NOW INT64_C(1763763540123456)
#define KEY "6B130D3154DA1007596BA38FDE9CE5A4201FFF84E8CB20B080497AE4B59391DC"

static void
set(struct str *str, const char *text)
{
	str_set(str, text, strlen(text));
}

static void
fill(struct profile *profile)
{
	set(&profile->host, "host.example");
	set(&profile->checker, "fping -q -- %%(host)s");
	set(&profile->key_id, KEY);
	set(&profile->fingerprint, "");
	profile_find_key(profile);
	profile->flags |= CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT;
	profile->timeout_ms = 300000;
	profile->extended_timeout_ms = 900000;
	profile->interval_ms = 120000;
	profile->approval_delay_ms = 0;
	profile->approval_duration_ms = 1000;
}

static struct client *
add(struct table *table, const char *name)
{
	struct client *c = client_new(name, strlen(name));

	fill(&c->conf);
	fill(&c->own);
	digest("secret", 6, c->digest);
	c->has_digest = 1;
	c->last_checker_status = CHECKER_NEVER;
	c->created_us = NOW - 1000000;
	c->last_enabled_us = NOW - 1;
	c->expires_us = NOW + 1;
	ATF_REQUIRE_EQ(0, table_add(table, c));
	return c;
}

/* One client of every kind. */
static void
make_table(struct table *table)
{
	static const char bytes[] = "a\"b\\c\nd\0e\x7f\x80\xff\x1b[m ";
	struct client *c;

	table_init(table);
	add(table, "plain");
	c = add(table, "changed");
	str_set(&c->own.host, bytes, sizeof bytes - 1);
	c->own.flags &= ~(CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT);
	c->own.timeout_ms = UINT64_MAX;
	c->has_secret = 1;
	str_set(&c->secret, "\0\1\2\377", 4);
	c->last_checker_status = 255;
	c->last_checked_ok_us = INT64_MAX;
	c->last_approval_request_us = 1;
	c->expires_us = 0;
	c = add(table, "empty secret");
	c->has_secret = 1;
	set(&c->secret, "");
	c->has_digest = 0;
	c->last_checker_status = CHECKER_CRASHED;
	c = add(table, "");
	set(&c->own.key_id, "no key");
	profile_find_key(&c->own);
	c = add(table, "removed");
	c->is_removed = 1;
	c = add(table, "added");
	c->is_added = c->has_secret = 1;
	c->has_digest = 0;
	profile_free(&c->conf);
	set(&c->secret, "added");
	c->own.flags &= ~CLIENT_ENABLED;
	ATF_REQUIRE_EQ(0, table_add(table, client_new("a\nb", 3)));
	c = table_next(table_first(table));
	ATF_REQUIRE_EQ(3, c->name.len);
	c->is_removed = 1;
}

static void
make_ledger(struct buffer *buf)
{
	struct table table;

	make_table(&table);
	memset(buf, 0, sizeof *buf);
	ATF_REQUIRE_EQ(0, ledger_write(&table, NOW, buf));
	table_clear(&table);
}

/* Read from memory of its own, so that a step outside is seen. */
static int
read_bytes(const char *p, size_t len, struct ledger_fault *fault)
{
	struct table table;
	char *copy = malloc(len > 0 ? len : 1);
	int64_t us;
	int rc;

	ATF_REQUIRE(copy != NULL);
	memcpy(copy, p, len);
	table_init(&table);
	rc = ledger_read(copy, len, &table, &us, fault);
	if (rc == -1) {
		ATF_CHECK_EQ(0, table.count);
		ATF_CHECK(fault->why[0] != '\0');
	}
	table_clear(&table);
	free(copy);
	return rc;
}

ATF_TC_WITHOUT_HEAD(ledger__round_trip);
ATF_TC_BODY(ledger__round_trip, tc)
{
	struct ledger_fault fault;
	struct table table, again;
	struct buffer first = { 0 }, second = { 0 };
	struct client *a, *b;
	size_t i;
	int64_t us;

	(void)tc;
	make_table(&table);
	table_init(&again);
	ATF_REQUIRE_EQ(0, ledger_write(&table, NOW, &first));
	ATF_REQUIRE_EQ_MSG(0, ledger_read(first.p, first.used, &again, &us,
	    &fault), "line %zu: %s", fault.line, fault.why);
	ATF_CHECK_EQ(NOW, us);
	ATF_REQUIRE_EQ(table.count, again.count);
	for (a = table_first(&table), b = table_first(&again); a != NULL;
	    a = table_next(a), b = table_next(b)) {
		ATF_CHECK(str_is_same(&a->name, &b->name));
		ATF_CHECK_EQ(a->is_removed, b->is_removed);
		ATF_CHECK_EQ(a->is_added, b->is_added);
		for (i = 0; i < PROFILE_FIELDS; i++) {
			ATF_CHECK(profile_is_same(&a->conf, &b->conf,
			    &profile_fields[i]));
			if (!a->is_removed)
				ATF_CHECK(profile_is_same(&a->own, &b->own,
				    &profile_fields[i]));
		}
		if (a->is_removed)
			continue;
		ATF_CHECK_EQ(a->own.flags, b->own.flags);
		ATF_CHECK_EQ(0, memcmp(a->own.keyid, b->own.keyid, KEYID_LEN));
		ATF_CHECK_EQ(a->has_digest, b->has_digest);
		ATF_CHECK(!a->has_digest ||
		    memcmp(a->digest, b->digest, DIGEST_LEN) == 0);
		ATF_CHECK_EQ(a->has_secret, b->has_secret);
		ATF_CHECK(str_is_same(&a->secret, &b->secret));
		ATF_CHECK_EQ(a->last_checker_status, b->last_checker_status);
		ATF_CHECK_EQ(a->created_us, b->created_us);
		ATF_CHECK_EQ(a->last_enabled_us, b->last_enabled_us);
		ATF_CHECK_EQ(a->last_checked_ok_us, b->last_checked_ok_us);
		ATF_CHECK_EQ(a->last_approval_request_us,
		    b->last_approval_request_us);
		ATF_CHECK_EQ(a->expires_us, b->expires_us);
	}
	ATF_REQUIRE_EQ(0, ledger_write(&again, us, &second));
	ATF_REQUIRE_EQ(first.used, second.used);
	ATF_CHECK_EQ(0, memcmp(first.p, second.p, first.used));
	buffer_free(&first);
	buffer_free(&second);
	table_clear(&table);
	table_clear(&again);
}

ATF_TC_WITHOUT_HEAD(ledger__is_plain_text);
ATF_TC_BODY(ledger__is_plain_text, tc)
{
	struct buffer buf;
	size_t i, secrets = 0;

	(void)tc;
	make_ledger(&buf);
	for (i = 0; i < buf.used; i++)
		ATF_REQUIRE(buf.p[i] == '\n' ||
		    (buf.p[i] >= 0x20 && buf.p[i] <= 0x7e));
	/* A removed client's secret leaves no trace. */
	for (i = 0; i + 12 < buf.used; i++)
		secrets += memcmp(buf.p + i, "\nconf_secret ", 13) == 0;
	ATF_CHECK_EQ(4, secrets);
	buffer_free(&buf);
}

ATF_TC_WITHOUT_HEAD(ledger__empty_table);
ATF_TC_BODY(ledger__empty_table, tc)
{
	struct ledger_fault fault;
	struct buffer buf = { 0 };
	struct table table;

	(void)tc;
	table_init(&table);
	ATF_REQUIRE_EQ(0, ledger_write(&table, NOW, &buf));
	ATF_CHECK_EQ(0, read_bytes(buf.p, buf.used, &fault));
	ATF_CHECK_EQ(0, strncmp(buf.p, "mandos-ledger 1\n"
	    "written 2025-11-21T22:19:00.123456Z\nsha256 ", 59));
	buffer_free(&buf);
}

ATF_TC_WITHOUT_HEAD(truncation__at_every_byte);
ATF_TC_BODY(truncation__at_every_byte, tc)
{
	struct ledger_fault fault;
	struct buffer buf;
	size_t len;

	(void)tc;
	make_ledger(&buf);
	for (len = 0; len < buf.used; len++)
		if (read_bytes(buf.p, len, &fault) == 0)
			atf_tc_fail("taken when cut after %zu bytes", len);
	ATF_CHECK_EQ(0, read_bytes(buf.p, len, &fault));
	buffer_free(&buf);
}

ATF_TC(flip__of_every_bit);
ATF_TC_HEAD(flip__of_every_bit, tc)
{
	atf_tc_set_md_var(tc, "timeout", "600");
}
ATF_TC_BODY(flip__of_every_bit, tc)
{
	struct ledger_fault fault;
	struct buffer buf;
	size_t bit;

	(void)tc;
	make_ledger(&buf);
	for (bit = 0; bit < 8 * buf.used; bit++) {
		buf.p[bit / 8] = (char)(buf.p[bit / 8] ^ 1 << bit % 8);
		if (read_bytes(buf.p, buf.used, &fault) == 0)
			atf_tc_fail("bit %zu of byte %zu is not noticed",
			    bit % 8, bit / 8);
		buf.p[bit / 8] = (char)(buf.p[bit / 8] ^ 1 << bit % 8);
	}
	ATF_CHECK_EQ(0, read_bytes(buf.p, buf.used, &fault));
	buffer_free(&buf);
}

/* A good one, of which lines are replaced, with its checksum made anew. */
static const char *const sample[] = {
	"mandos-ledger 1",
	"written 2025-11-21T22:19:00.000000Z",
	"",
	"client \"foo\"",
	"conf_enabled yes",
	"conf_host \"h\"",
	"conf_checker \"true\"",
	"conf_key_id \"" KEY "\"",
	"conf_fingerprint \"\"",
	"conf_timeout_ms 300000",
	"conf_extended_timeout_ms 900000",
	"conf_interval_ms 120000",
	"conf_approval_delay_ms 0",
	"conf_approval_duration_ms 1000",
	"conf_approved_by_default yes",
	"conf_secret unknown",
	"enabled yes",
	"host \"h\"",
	"checker \"true\"",
	"key_id \"" KEY "\"",
	"fingerprint \"\"",
	"timeout_ms 300000",
	"extended_timeout_ms 900000",
	"interval_ms 120000",
	"approval_delay_ms 0",
	"approval_duration_ms 1000",
	"approved_by_default yes",
	"secret configured",
	"last_checker_status 0",
	"created 2025-11-21T22:18:00.000000Z",
	"last_enabled never",
	"last_checked_ok never",
	"last_approval_request never",
	"expires never",
};

#define LINES (sizeof sample / sizeof *sample)

/* The sample with ${line} (from 1) replaced; NULL leaves it out. */
static char *
make_text(size_t line, const char *text, size_t *len)
{
	uint8_t sum[DIGEST_LEN];
	char *p;
	size_t i;
	FILE *f = open_memstream(&p, len);

	ATF_REQUIRE(f != NULL);
	for (i = 0; i < LINES; i++) {
		if (i + 1 != line)
			fprintf(f, "%s\n", sample[i]);
		else if (text != NULL)
			fprintf(f, "%s\n", text);
	}
	fflush(f);
	digest(p, *len, sum);
	fputs("sha256 ", f);
	for (i = 0; i < DIGEST_LEN; i++)
		fprintf(f, "%02x", sum[i]);
	fputs("\n", f);
	fclose(f);
	return p;
}

static void
check_line(size_t line, const char *text, const char *why)
{
	struct ledger_fault fault;
	size_t len;
	char *p = make_text(line, text, &len);

	if (read_bytes(p, len, &fault) == 0)
		atf_tc_fail_nonfatal("line %zu can be: %s", line, text);
	else {
		ATF_CHECK_MSG(fault.line == line, "line %zu is blamed for "
		    "line %zu: %s", fault.line, line, text);
		ATF_CHECK_MSG(strcmp(fault.why, why) == 0, "\"%s\" is why "
		    "line %zu cannot be %s, not \"%s\"", fault.why, line,
		    text, why);
	}
	free(p);
}

ATF_TC_WITHOUT_HEAD(sample__is_good);
ATF_TC_BODY(sample__is_good, tc)
{
	struct ledger_fault fault;
	size_t len;
	char *p = make_text(0, NULL, &len);

	(void)tc;
	ATF_CHECK_EQ_MSG(0, read_bytes(p, len, &fault), "line %zu: %s",
	    fault.line, fault.why);
	free(p);
}

/* The value is what comes behind the first blank. */
static void
key_of(size_t line, char *key, size_t size)
{
	strlcpy(key, sample[line - 1], size);
	key[strcspn(key, " ")] = '\0';
}

ATF_TC_WITHOUT_HEAD(fields__missing_twice_or_unknown);
ATF_TC_BODY(fields__missing_twice_or_unknown, tc)
{
	char key[64], text[256], why[128], next[64];
	size_t line;

	(void)tc;
	for (line = 5; line <= LINES; line++) {
		key_of(line, key, sizeof key);
		snprintf(why, sizeof why, "here should be %s", key);
		check_line(line, "", why);
		check_line(line, key, why);
		check_line(line, "strange 1", why);
		snprintf(text, sizeof text, " %s", sample[line - 1]);
		check_line(line, text, why);
		if (line < LINES) {
			check_line(line, NULL, why);
			/* The one that follows is missed then. */
			key_of(line + 1, next, sizeof next);
			snprintf(text, sizeof text, "%s\n%s",
			    sample[line - 1], sample[line - 1]);
			snprintf(why, sizeof why, "here should be %s", next);
		} else {
			check_line(line, NULL, "a client is cut short");
			snprintf(text, sizeof text, "%s\n%s",
			    sample[line - 1], sample[line - 1]);
			snprintf(why, sizeof why,
			    "here should be an empty line");
		}
		if (line >= 5) {
			struct ledger_fault fault;
			size_t len;
			char *p = make_text(line, text, &len);

			ATF_CHECK_EQ(-1, read_bytes(p, len, &fault));
			ATF_CHECK_EQ(line + 1, fault.line);
			ATF_CHECK_STREQ(why, fault.why);
			free(p);
		}
	}
}

ATF_TC_WITHOUT_HEAD(values__bad);
ATF_TC_BODY(values__bad, tc)
{
	static const char *const texts[] = { "", "h", "\"", "\"h", "h\"",
		"\"h\" ", " \"h\"", "\"\"\"", "\"\\\"", "\"\\n\"", "\"\\x0\"",
		"\"\\x0A\"", "\"\\x41\"", "\"\\x22\\\"", "\"\\X0a\"",
		"\"\\x5\\\"", "\"\xc3\xa4\"", "\"\x7f\"", "\"\t\"", "'h'" };
	static const char *const numbers[] = { "", "-1", "+1", "01", "00",
		"1 ", " 1", "1.0", "0x1", "1e3", "18446744073709551616",
		"99999999999999999999999", "\"1\"", "PT5M" };
	static const char *const flags[] = { "", "Yes", "YES", "true", "1",
		"yes ", "noo", "n" };
	static const char *const times[] = { "", "Never", "0", "never ",
		"1970-01-01T00:00:00.000000Z", "2025-11-21T22:19:00Z",
		"2025-11-21 22:19:00.000000Z", "2025-11-21T22:19:00.000000",
		"2025-02-29T00:00:00.000000Z", "2025-13-01T00:00:00.000000Z",
		"2025-00-01T00:00:00.000000Z", "2025-01-00T00:00:00.000000Z",
		"2025-01-01T24:00:00.000000Z", "2025-01-01T00:60:00.000000Z",
		"2025-01-01T00:00:60.000000Z", "1969-12-31T23:59:59.999999Z",
		"02025-11-21T22:19:00.000000Z", "2025-1-01T00:00:00.000000Z",
		"2025-01-01T00:00:00.0000000Z", "999999-01-01T00:00:00.000000Z",
		"294247-01-10T04:00:54.775808Z", "9999999-01-01T0:0:0.0Z" };
	static const char *const secrets[] = { "", "Configured", "\"",
		"\"YQ\"", "\"YQ=\"", "\"YQ===\"", "\"YR==\"", "\"YWF=\"",
		"\"Y Q==\"", "\"YQ==YQ==\"", "\"Y===\"", "\"====\"",
		"\"YQ==", "YQ==\"", "YQ==", "\"Y-_=\"" };
	static const char *const statuses[] = { "", "-3", "256", "-0", "+1",
		"1000", "never", "-", "--1" };
	static const char *const sums[] = { "", "unknown ", "none", "\"\"",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff0",
		"00112233445566778899AABBCCDDEEFF"
		"00112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeefg" };
	char key[64], text[256], why[128];
	const char *const *values;
	const char *kind;
	size_t line, i, count;

	(void)tc;
#define TRY(list, what) do {						\
	values = list;							\
	count = sizeof list / sizeof *list;				\
	kind = what;							\
} while (0)
	for (line = 2; line <= LINES; line++) {
		key_of(line, key, sizeof key);
		if (line == 2 || line >= LINES - 4)
			TRY(times, "bad time in");
		else if (line == 3)
			continue;
		else if (strcmp(key, "secret") == 0)
			TRY(secrets, "bad value of");
		else if (strcmp(key, "conf_secret") == 0)
			TRY(sums, "bad value of");
		else if (strcmp(key, "last_checker_status") == 0)
			TRY(statuses, "bad value of");
		else if (strstr(key, "_ms") != NULL)
			TRY(numbers, "bad value of");
		else if (strchr(sample[line - 1], '"') != NULL)
			TRY(texts, "bad value of");
		else
			TRY(flags, "bad value of");
		for (i = 0; i < count; i++) {
			snprintf(text, sizeof text, "%s %s", key, values[i]);
			snprintf(why, sizeof why, "%s %s", kind, key);
			check_line(line, text, strcmp(key, "client") == 0 ?
			    "bad name" : why);
		}
	}
}

ATF_TC_WITHOUT_HEAD(values__too_long);
ATF_TC_BODY(values__too_long, tc)
{
	size_t len = 4 * ((size_t)LEDGER_STRING_MAX + 1);
	char *text = calloc(1, len + 32), *p;
	struct ledger_fault fault;
	size_t text_len, start;

	(void)tc;
	ATF_REQUIRE(text != NULL);
	start = strlcpy(text, "host \"", len);
	memset(text + start, 'x', LEDGER_STRING_MAX);
	text[start + LEDGER_STRING_MAX] = '"';
	p = make_text(18, text, &text_len);
	ATF_CHECK_EQ(0, read_bytes(p, text_len, &fault));
	free(p);
	text[start + LEDGER_STRING_MAX] = 'x';
	text[start + LEDGER_STRING_MAX + 1] = '"';
	check_line(18, text, "bad value of host");
	start = strlcpy(text, "secret \"", len);
	memset(text + start, 'A', BASE64_LEN(SECRET_MAX));
	memcpy(text + start + BASE64_LEN(SECRET_MAX) - 2, "==\"", 4);
	p = make_text(28, text, &text_len);
	ATF_CHECK_EQ(0, read_bytes(p, text_len, &fault));
	free(p);
	memcpy(text + start + BASE64_LEN(SECRET_MAX) - 2, "A=\"", 4);
	check_line(28, text, "bad value of secret");
	free(text);
}

ATF_TC_WITHOUT_HEAD(head__no_ledger_or_newer);
ATF_TC_BODY(head__no_ledger_or_newer, tc)
{
	static const char *const foreign[] = { "", "mandos-ledger",
		"mandos-ledger ", "mandos-ledger 0", "mandos-ledger 01",
		"mandos-ledger 1 ", "mandos-ledger -1", "mandos-ledger 1.0",
		"Mandos-ledger 1", " mandos-ledger 1", "mandos-ledger x",
		"mandos-ledger 4294967296", "mandos-ledger 3\r" };
	struct ledger_fault fault;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof foreign / sizeof *foreign; i++)
		check_line(1, foreign[i], "this is no ledger of mandos");
	check_line(1, "mandos-ledger 3",
	    "written by a newer version of mandos");
	check_line(1, "mandos-ledger 999999999",
	    "written by a newer version of mandos");
	/* Whatever such a version writes behind that. */
	ATF_CHECK_EQ(-1, read_bytes("mandos-ledger 7\n", 16, &fault));
	ATF_CHECK_STREQ("written by a newer version of mandos", fault.why);
	ATF_CHECK_EQ(-1, read_bytes("", 0, &fault));
	ATF_CHECK_STREQ("it is empty", fault.why);
}

/*
 * A ledger of this version that has one client, from which so many lines are
 * left out, and of which the first is this.
 */
static char *
make_client(int version, const char *first, size_t skip, const char *secret,
    size_t *len)
{
	uint8_t sum[DIGEST_LEN];
	char *p;
	size_t i;
	FILE *f = open_memstream(&p, len);

	ATF_REQUIRE(f != NULL);
	fprintf(f, "mandos-ledger %d\n%s\n\n%s\n", version, sample[1], first);
	for (i = 4 + skip; i < LINES; i++)
		fprintf(f, "%s\n", strncmp(sample[i], "secret ", 7) == 0 ?
		    secret : sample[i]);
	fflush(f);
	digest(p, *len, sum);
	fputs("sha256 ", f);
	for (i = 0; i < DIGEST_LEN; i++)
		fprintf(f, "%02x", sum[i]);
	fputs("\n", f);
	fclose(f);
	return p;
}

static void
check_client(int version, const char *first, size_t skip, const char *secret,
    size_t line, const char *why)
{
	struct ledger_fault fault;
	size_t len;
	char *p = make_client(version, first, skip, secret, &len);
	int rc = read_bytes(p, len, &fault);

	ATF_CHECK_EQ_MSG(line == 0 ? 0 : -1, rc, "version %d, %s", version,
	    first);
	if (line != 0) {
		ATF_CHECK_EQ(line, fault.line);
		ATF_CHECK_STREQ(why, fault.why);
	}
	free(p);
}

#define CONF_LINES 12		/* of the sample */

ATF_TC_WITHOUT_HEAD(added__of_its_version);
ATF_TC_BODY(added__of_its_version, tc)
{
	const char *own = "secret \"YQ==\"";
	char *text = calloc(1, LEDGER_STRING_MAX + 32);
	size_t start;

	(void)tc;
	ATF_REQUIRE(text != NULL);
	check_client(2, "added \"foo\"", CONF_LINES, own, 0, NULL);
	/* One that knows nothing of such clients does not meet any. */
	check_client(1, "added \"foo\"", CONF_LINES, own, 4,
	    "here should be client");
	/* And needs none to know of that. */
	check_client(2, "client \"foo\"", 0, own, 1,
	    "of this version, but no client was added");
	/* There is no clients.conf for it, and no secret in there. */
	check_client(2, "added \"foo\"", 0, own, 5, "here should be enabled");
	check_client(2, "client \"foo\"", CONF_LINES, own, 5,
	    "here should be conf_enabled");
	check_client(2, "added \"foo\"", CONF_LINES, "secret configured", 16,
	    "bad value of secret");
	/* It must fit into a message. */
	start = strlcpy(text, "added \"", 32);
	memset(text + start, 'x', LEDGER_ADDED_MAX - 70);
	text[start + LEDGER_ADDED_MAX - 70] = '"';
	check_client(2, text, CONF_LINES, own, 0, NULL);
	memcpy(text + start + LEDGER_ADDED_MAX - 70, "x\"", 2);
	check_client(2, text, CONF_LINES, own, 16,
	    "its texts are too long together");
	free(text);
}

ATF_TC_WITHOUT_HEAD(clients__twice_or_out_of_order);
ATF_TC_BODY(clients__twice_or_out_of_order, tc)
{
	static const char *const names[] = { "foo", "bar", "fo", "foo2" };
	static const char *const whys[] = { "two clients have one name",
		"clients are not in order", "clients are not in order", "" };
	struct ledger_fault fault;
	char *p, *block, *second;
	size_t i, j, len, block_len;

	(void)tc;
	for (i = 0; i < 4; i++) {
		FILE *f = open_memstream(&block, &block_len);

		ATF_REQUIRE(f != NULL);
		fprintf(f, "expires never\n\nclient \"%s\"", names[i]);
		for (j = 4; j < LINES; j++)
			fprintf(f, "\n%s", sample[j]);
		fclose(f);
		second = make_text(LINES, block, &len);
		p = second;
		ATF_CHECK_EQ(i == 3 ? 0 : -1, read_bytes(p, len, &fault));
		ATF_CHECK_STREQ(whys[i], fault.why);
		free(second);
		free(block);
	}
}

ATF_TC_WITHOUT_HEAD(stamp__known_and_round_trip);
ATF_TC_BODY(stamp__known_and_round_trip, tc)
{
	static const struct {
		int64_t us;
		const char *text;
	} known[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 1, "1970-01-01T00:00:00.000001Z" },
		{ INT64_C(951782399999999), "2000-02-28T23:59:59.999999Z" },
		{ INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z" },
		{ INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z" },
		{ NOW, "2025-11-21T22:19:00.123456Z" },
		{ INT64_C(253402300800000000),
		    "10000-01-01T00:00:00.000000Z" },
		{ INT64_MAX, "294247-01-10T04:00:54.775807Z" },
	};
	char text[STAMP_LEN], by_libc[STAMP_LEN];
	struct tm tm;
	time_t s;
	int64_t us;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof known / sizeof *known; i++) {
		ATF_CHECK_EQ(strlen(known[i].text),
		    stamp_print(known[i].us, text));
		ATF_CHECK_STREQ(known[i].text, text);
		ATF_CHECK_EQ(0, stamp_parse(text, strlen(text), &us));
		ATF_CHECK_EQ(known[i].us, us);
	}
	for (s = 0; s < INT64_C(20000000000); s += 86399 * 7) {
		stamp_print((int64_t)s * 1000000, text);
		gmtime_r(&s, &tm);
		strftime(by_libc, sizeof by_libc, "%Y-%m-%dT%H:%M:%S.000000Z",
		    &tm);
		ATF_REQUIRE_STREQ(by_libc, text);
		ATF_REQUIRE_EQ(0, stamp_parse(text, strlen(text), &us));
		ATF_REQUIRE_EQ((int64_t)s * 1000000, us);
	}
}

ATF_TC_WITHOUT_HEAD(base64__round_trip);
ATF_TC_BODY(base64__round_trip, tc)
{
	uint8_t bytes[100], back[102];
	char text[BASE64_LEN(100)];
	size_t len, i;

	(void)tc;
	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 37 + 251);
	for (len = 0; len <= sizeof bytes; len++) {
		base64_encode(bytes, len, text);
		ATF_REQUIRE_EQ((ssize_t)len, base64_decode(text,
		    BASE64_LEN(len), back));
		ATF_REQUIRE_EQ(0, memcmp(bytes, back, len));
	}
	base64_encode((const uint8_t *)"foobar", 5, text);
	ATF_CHECK_EQ(0, memcmp(text, "Zm9vYmE=", 8));
}

static int
is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return 1;
#else
	return 0;
#endif
#else
	return 0;
#endif
}

ATF_TC_WITHOUT_HEAD(size__ten_thousand_clients);
ATF_TC_BODY(size__ten_thousand_clients, tc)
{
	struct ledger_fault fault;
	struct buffer buf = { 0 };
	struct table table, again;
	char name[32];
	clock_t start, written, read;
	int64_t us;
	int i;

	(void)tc;
	table_init(&table);
	table_init(&again);
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "client%d.example", i);
		add(&table, name);
	}
	start = clock();
	ATF_REQUIRE_EQ(0, ledger_write(&table, NOW, &buf));
	written = clock();
	ATF_REQUIRE_EQ(0, ledger_read(buf.p, buf.used, &again, &us, &fault));
	read = clock();
	written -= start;
	read -= start + written;
	printf("%zu bytes, written in %ld us, read in %ld us\n", buf.used,
	    (long)(written * 1000000 / CLOCKS_PER_SEC),
	    (long)(read * 1000000 / CLOCKS_PER_SEC));
	ATF_CHECK_EQ(10000, again.count);
	if (!is_sanitized()) {
		ATF_CHECK(written < CLOCKS_PER_SEC / 10);
		ATF_CHECK(read < CLOCKS_PER_SEC / 2);
	}
	buffer_free(&buf);
	table_clear(&table);
	table_clear(&again);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, ledger__round_trip);
	ATF_TP_ADD_TC(tp, ledger__is_plain_text);
	ATF_TP_ADD_TC(tp, ledger__empty_table);
	ATF_TP_ADD_TC(tp, truncation__at_every_byte);
	ATF_TP_ADD_TC(tp, flip__of_every_bit);
	ATF_TP_ADD_TC(tp, sample__is_good);
	ATF_TP_ADD_TC(tp, fields__missing_twice_or_unknown);
	ATF_TP_ADD_TC(tp, values__bad);
	ATF_TP_ADD_TC(tp, values__too_long);
	ATF_TP_ADD_TC(tp, head__no_ledger_or_newer);
	ATF_TP_ADD_TC(tp, added__of_its_version);
	ATF_TP_ADD_TC(tp, clients__twice_or_out_of_order);
	ATF_TP_ADD_TC(tp, stamp__known_and_round_trip);
	ATF_TP_ADD_TC(tp, base64__round_trip);
	ATF_TP_ADD_TC(tp, size__ten_thousand_clients);
	return atf_no_error();
}
