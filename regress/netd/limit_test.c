/* SPDX-License-Identifier: ISC */
/*
 * Penalties and ceilings: pure functions of a table and a clock.
 */
#include <sys/types.h>

#include <arpa/inet.h>

#include <atf-c.h>

#include <stdio.h>
#include <string.h>

#include "limit.h"

#define NOW 1000000

static const struct limits limits = {
	.max_connections = 2000,
	.max_sessions = 500,
	.max_sessions_per_source = 400,
	.spare_sessions = 16,
	.penalty_sources = 100,
	.penalty_crash_ms = 90000,
	.penalty_late_ms = 10000,
	.penalty_refused_ms = 5000,
	.penalty_min_ms = 15000,
	.penalty_max_ms = 600000
};

static struct limit_table table;

static struct limit_key
source(const char *text, uint32_t scope)
{
	struct limit_key key;
	uint8_t address[16];

	ATF_REQUIRE_EQ(1, inet_pton(AF_INET6, text, address));
	limit_key_init(&key, address, scope);
	return key;
}

static int
same(const char *a, uint32_t scope_a, const char *b, uint32_t scope_b)
{
	struct limit_key key_a = source(a, scope_a), key_b = source(b, scope_b);

	return limit_key_cmp(&key_a, &key_b) == 0;
}

ATF_TC_WITHOUT_HEAD(key__of_ipv4);
ATF_TC_BODY(key__of_ipv4, tc)
{
	ATF_CHECK(same("::ffff:192.0.2.1", 0, "::ffff:192.0.2.1", 0));
	ATF_CHECK(!same("::ffff:192.0.2.1", 0, "::ffff:192.0.2.2", 0));
	ATF_CHECK(!same("::ffff:192.0.2.1", 0, "::1", 0));
}

ATF_TC_WITHOUT_HEAD(key__of_ipv6_network);
ATF_TC_BODY(key__of_ipv6_network, tc)
{
	ATF_CHECK(same("2001:db8:1:2::1", 0, "2001:db8:1:2:ffff::9", 7));
	ATF_CHECK(!same("2001:db8:1:2::1", 0, "2001:db8:1:3::1", 0));
}

ATF_TC_WITHOUT_HEAD(key__of_link_local);
ATF_TC_BODY(key__of_link_local, tc)
{
	ATF_CHECK(same("fe80::1", 3, "fe80::1", 3));
	ATF_CHECK(!same("fe80::1", 3, "fe80::1", 4));
	ATF_CHECK(!same("fe80::1", 3, "fe80::2", 3));
	ATF_CHECK(!same("febf::1", 3, "febf::2", 3));
	ATF_CHECK(same("fec0::1", 3, "fec0::2", 4));
}

ATF_TC_WITHOUT_HEAD(penalty__below_minimum);
ATF_TC_BODY(penalty__below_minimum, tc)
{
	struct limit_key key = source("::1", 0);

	limit_table_init(&table, &limits);
	ATF_CHECK(!limit_refuses(&table, &key, NOW));
	ATF_CHECK_EQ(0, limit_penalise(&table, &key, LIMIT_LATE, NOW));
	ATF_CHECK(!limit_refuses(&table, &key, NOW));
	limit_table_free(&table);
}

ATF_TC_WITHOUT_HEAD(penalty__accumulates);
ATF_TC_BODY(penalty__accumulates, tc)
{
	struct limit_key key = source("::1", 0), other = source("fe80::1", 1);

	limit_table_init(&table, &limits);
	ATF_CHECK_EQ(0, limit_penalise(&table, &key, LIMIT_LATE, NOW));
	/* Half a second of it has passed when the next one comes. */
	ATF_CHECK_EQ(0, limit_penalise(&table, &key, LIMIT_REFUSED, NOW + 500));
	ATF_CHECK_EQ(19500,
	    limit_penalise(&table, &key, LIMIT_REFUSED, NOW + 500));
	ATF_CHECK(limit_refuses(&table, &key, NOW + 500));
	ATF_CHECK(!limit_refuses(&table, &other, NOW + 500));
	/* It holds to its end, also below the minimum. */
	ATF_CHECK(limit_refuses(&table, &key, NOW + 500 + 19499));
	ATF_CHECK(!limit_refuses(&table, &key, NOW + 500 + 19500));
	ATF_CHECK_EQ(0, table.count);
	limit_table_free(&table);
}

ATF_TC_WITHOUT_HEAD(penalty__crash_is_enough);
ATF_TC_BODY(penalty__crash_is_enough, tc)
{
	struct limit_key key = source("::ffff:192.0.2.1", 0);

	limit_table_init(&table, &limits);
	ATF_CHECK_EQ(90000, limit_penalise(&table, &key, LIMIT_CRASH, NOW));
	ATF_CHECK(limit_refuses(&table, &key, NOW + 89999));
	ATF_CHECK(!limit_refuses(&table, &key, NOW + 90000));
	limit_table_free(&table);
}

ATF_TC_WITHOUT_HEAD(penalty__is_capped);
ATF_TC_BODY(penalty__is_capped, tc)
{
	struct limit_key key = source("::1", 0);
	int i;

	limit_table_init(&table, &limits);
	for (i = 0; i < 1000; i++)
		limit_penalise(&table, &key, LIMIT_CRASH, NOW);
	ATF_CHECK(limit_refuses(&table, &key, NOW + 599999));
	ATF_CHECK(!limit_refuses(&table, &key, NOW + 600000));
	limit_table_free(&table);
}

ATF_TC_WITHOUT_HEAD(penalty__switched_off);
ATF_TC_BODY(penalty__switched_off, tc)
{
	struct limits none = limits;
	struct limit_key key = source("::1", 0);

	none.penalty_crash_ms = 0;
	limit_table_init(&table, &none);
	ATF_CHECK_EQ(0, limit_penalise(&table, &key, LIMIT_CRASH, NOW));
	ATF_CHECK_EQ(0, table.count);
	limit_table_free(&table);
}

ATF_TC_WITHOUT_HEAD(penalty__numbers_do_not_wrap);
ATF_TC_BODY(penalty__numbers_do_not_wrap, tc)
{
	struct limits huge = limits;
	struct limit_key key = source("::1", 0);

	huge.penalty_crash_ms = huge.penalty_max_ms = UINT64_MAX;
	limit_table_init(&table, &huge);
	limit_penalise(&table, &key, LIMIT_CRASH, INT64_MAX - 5);
	limit_penalise(&table, &key, LIMIT_CRASH, INT64_MAX - 4);
	ATF_CHECK(limit_refuses(&table, &key, INT64_MAX - 1));
	limit_table_free(&table);
}

ATF_TC_WITHOUT_HEAD(proof__clears_and_exempts);
ATF_TC_BODY(proof__clears_and_exempts, tc)
{
	struct limit_key key = source("::1", 0);

	limit_table_init(&table, &limits);
	limit_penalise(&table, &key, LIMIT_CRASH, NOW);
	ATF_CHECK(limit_refuses(&table, &key, NOW));
	limit_prove(&table, &key, NOW + 1);
	ATF_CHECK(!limit_refuses(&table, &key, NOW + 1));
	ATF_CHECK_EQ(0, limit_penalise(&table, &key, LIMIT_CRASH,
	    NOW + 600000));
	ATF_CHECK(!limit_refuses(&table, &key, NOW + 600000));
	/* Over: it is a source as any other. */
	ATF_CHECK_EQ(90000,
	    limit_penalise(&table, &key, LIMIT_CRASH, NOW + 600001));
	ATF_CHECK(limit_refuses(&table, &key, NOW + 600001));
	limit_table_free(&table);
}

static struct limit_key
numbered(unsigned int n)
{
	char text[32];

	snprintf(text, sizeof text, "2001:db8:0:%x::1", n);
	return source(text, 0);
}

ATF_TC_WITHOUT_HEAD(table__is_bounded);
ATF_TC_BODY(table__is_bounded, tc)
{
	struct limit_key genuine = source("fe80::1", 2), worst = numbered(0);
	struct limit_key key;
	unsigned int i;

	limit_table_init(&table, &limits);
	limit_prove(&table, &genuine, NOW);
	for (i = 0; i < 3; i++)
		limit_penalise(&table, &worst, LIMIT_CRASH, NOW);
	for (i = 1; i < 5000; i++) {
		key = numbered(i);
		limit_penalise(&table, &key, LIMIT_CRASH, NOW);
		ATF_REQUIRE(table.count <= limits.penalty_sources);
	}
	ATF_CHECK_EQ(limits.penalty_sources, table.count);
	/* Those remain who have the most of it, and who is known for good. */
	ATF_CHECK(limit_refuses(&table, &worst, NOW));
	limit_penalise(&table, &genuine, LIMIT_CRASH, NOW);
	ATF_CHECK(!limit_refuses(&table, &genuine, NOW));
	/* Of equals the oldest has gone, the youngest is there. */
	key = numbered(1);
	ATF_CHECK(!limit_refuses(&table, &key, NOW));
	key = numbered(4999);
	ATF_CHECK(limit_refuses(&table, &key, NOW));
	/* All of that ends by itself. */
	ATF_CHECK(!limit_refuses(&table, &key, NOW + 600001));
	ATF_CHECK_EQ(0, table.count);
	limit_table_free(&table);
}

ATF_TC_WITHOUT_HEAD(ceilings__as_configured);
ATF_TC_BODY(ceilings__as_configured, tc)
{
	struct limits l = limits;

	ATF_CHECK_EQ(2000, limit_ceilings(&l, 1048576));
	ATF_CHECK_EQ(0, memcmp(&l, &limits, sizeof l));
}

ATF_TC_WITHOUT_HEAD(ceilings__few_descriptors);
ATF_TC_BODY(ceilings__few_descriptors, tc)
{
	struct limits l;
	uint64_t files;
	uint32_t held;

	for (files = 35; files < 3000; files++) {
		l = limits;
		held = limit_ceilings(&l, files);
		ATF_REQUIRE(held > 0 && held <= l.max_connections);
		ATF_REQUIRE(l.max_sessions > 0);
		ATF_REQUIRE(l.spare_sessions <= l.max_sessions);
		ATF_REQUIRE(l.max_sessions_per_source <= l.max_sessions);
		/* What is held, channels, and what a fork needs. */
		ATF_REQUIRE(held + l.spare_sessions + 16 <= files);
	}
	l = limits;
	ATF_CHECK_EQ(0, limit_ceilings(&l, 34));
	ATF_CHECK_EQ(0, limit_ceilings(&l, 0));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, key__of_ipv4);
	ATF_TP_ADD_TC(tp, key__of_ipv6_network);
	ATF_TP_ADD_TC(tp, key__of_link_local);
	ATF_TP_ADD_TC(tp, penalty__below_minimum);
	ATF_TP_ADD_TC(tp, penalty__accumulates);
	ATF_TP_ADD_TC(tp, penalty__crash_is_enough);
	ATF_TP_ADD_TC(tp, penalty__is_capped);
	ATF_TP_ADD_TC(tp, penalty__switched_off);
	ATF_TP_ADD_TC(tp, penalty__numbers_do_not_wrap);
	ATF_TP_ADD_TC(tp, proof__clears_and_exempts);
	ATF_TP_ADD_TC(tp, table__is_bounded);
	ATF_TP_ADD_TC(tp, ceilings__as_configured);
	ATF_TP_ADD_TC(tp, ceilings__few_descriptors);
	return atf_no_error();
}
