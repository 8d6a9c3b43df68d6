/* SPDX-License-Identifier: ISC */
/*
 * What mandos-monitor says of a client in its row.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <atf-c.h>

#include "monitor_clients.h"
#include "tui_row.h"
#include "tui_time.h"

#define NOW INT64_C(1546418400000000)	/* 2019-01-02T08:40:00 */
#define SECOND INT64_C(1000000)

static struct model *m;

static struct client *
client(const char *expires, const char *asked)
{
	struct record r = enabled("foo");

	if (m == NULL)
		m = model_new();
	set_ms(&r, RECORD_TIMEOUT, 300000);
	set_ms(&r, RECORD_APPROVAL_DELAY, 30000);
	set_text(&r, RECORD_EXPIRES, expires);
	set_text(&r, RECORD_LAST_APPROVAL_REQUEST, asked);
	return put(m, r);
}

static void
shows(const struct client *c, int64_t now, const wchar_t *expected)
{
	wchar_t out[ROW_LEN];
	size_t n = row_text(out, c, now);

	ATF_CHECK_MSG(wcscmp(out, expected) == 0, "%ls", out);
	ATF_CHECK(n == wcslen(expected));
}

static void
bar(const struct client *c, int64_t now, int room, const wchar_t *expected)
{
	wchar_t out[ROW_BAR_LEN];
	size_t n = row_bar(out, c, now, room);

	ATF_CHECK_MSG(wcscmp(out, expected) == 0, "%ls", out);
	ATF_CHECK(n == wcslen(expected));
}

ATF_TC_WITHOUT_HEAD(text__of_each_state);
ATF_TC_BODY(text__of_each_state, tc)
{
	struct client *c = client("2019-01-02T08:41:00.000000",
	    "2019-01-02T08:39:58.500000");

	shows(c, NOW, L"foo: enabled");
	c->state = CLIENT_DISABLED;
	shows(c, NOW, L"foo: DISABLED");
	c->state = CLIENT_FAILED;
	shows(c, NOW, L"foo: A checker has failed! "
	    "Time until client gets disabled: 0:01:00");
	shows(c, NOW + SECOND / 2, L"foo: A checker has failed! "
	    "Time until client gets disabled: 0:00:59");
	/* Never less than nothing. */
	shows(c, NOW + 100 * SECOND, L"foo: A checker has failed! "
	    "Time until client gets disabled: 0:00:00");
	c->state = CLIENT_APPROVAL;
	shows(c, NOW, L"foo: Approval in 0:00:28. (d)eny?");
	c->state = CLIENT_DENIAL;
	shows(c, NOW, L"foo: Denial in 0:00:28. (a)pprove?");
	shows(c, NOW + 60 * SECOND, L"foo: Denial in 0:00:00. (a)pprove?");
	/* The clock has been put back. */
	shows(c, NOW - 60 * SECOND, L"foo: Denial in 0:00:30. (a)pprove?");

	c = client("", "");
	c->state = CLIENT_DENIAL;
	shows(c, NOW, L"foo: Denial in 0:00:00. (a)pprove?");
	c->state = CLIENT_FAILED;
	shows(c, NOW, L"foo: A checker has failed! "
	    "Time until client gets disabled: 0:00:00");
	c = client("2019-01-04T08:40:00.000000", "");
	c->state = CLIENT_FAILED;
	shows(c, NOW, L"foo: A checker has failed! "
	    "Time until client gets disabled: 2 days, 0:00:00");
}

ATF_TC_WITHOUT_HEAD(text__evil_name);
ATF_TC_BODY(text__evil_name, tc)
{
	struct client *c = client("", "");
	char name[4000];
	wchar_t out[ROW_LEN];
	size_t n;

	ATF_REQUIRE(setlocale(LC_ALL, "C.UTF-8") != NULL);
	free(c->record.values[RECORD_NAME].text);
	set_text(&c->record, RECORD_NAME, "a\x1b[2J\n: enabled");
	shows(c, NOW, L"a\\x1b[2J\\x0a: enabled: enabled");
	free(c->record.values[RECORD_NAME].text);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	set_text(&c->record, RECORD_NAME, name);
	n = row_text(out, c, NOW);
	ATF_CHECK(n < ROW_LEN && n == wcslen(out));
	ATF_CHECK(wcscmp(out + n - 12, L"...: enabled") == 0);
}

ATF_TC_WITHOUT_HEAD(bar__part_of_time);
ATF_TC_BODY(bar__part_of_time, tc)
{
	struct client *c = client("2019-01-02T08:45:00.000000",
	    "2019-01-02T08:40:00.000000");

	bar(c, NOW, 80, L"[==========]");
	bar(c, NOW + SECOND, 80, L"[==========]");
	bar(c, NOW + 31 * SECOND, 80, L"[========= ]");
	bar(c, NOW + 299 * SECOND, 80, L"[=         ]");
	bar(c, NOW + 300 * SECOND, 80, L"[          ]");
	bar(c, NOW - 300 * SECOND, 80, L"[==========]");
	c->state = CLIENT_DENIAL;
	bar(c, NOW + 15 * SECOND + 1, 80, L"[=====     ]");
	c->state = CLIENT_DISABLED;
	bar(c, NOW, 80, L"");
	c = client("", "");
	bar(c, NOW, 80, L"");
	c->state = CLIENT_DENIAL;
	bar(c, NOW, 80, L"");
}

/* It has had its secret, and then another timeout. */
ATF_TC_WITHOUT_HEAD(bar__longer_time);
ATF_TC_BODY(bar__longer_time, tc)
{
	struct record r = enabled("bar");
	struct client *c;

	m = model_new();
	set_ms(&r, RECORD_TIMEOUT, 300000);
	set_text(&r, RECORD_LAST_ENABLED, "2019-01-02T08:30:00");
	set_text(&r, RECORD_LAST_CHECKED_OK, "2019-01-02T08:40:00");
	set_text(&r, RECORD_EXPIRES, "2019-01-02T08:50:00");
	c = put(m, r);
	bar(c, NOW, 80, L"[==========]");
	bar(c, NOW + 300 * SECOND, 80, L"[=====     ]");
	/* Enabled again after that check. */
	r = enabled("bar");
	set_text(&r, RECORD_LAST_CHECKED_OK, "2019-01-02T08:20:00");
	set_text(&r, RECORD_LAST_ENABLED, "2019-01-02T08:30:00");
	set_text(&r, RECORD_EXPIRES, "2019-01-02T08:50:00");
	c = put(m, r);
	bar(c, NOW, 80, L"[=====     ]");
}

ATF_TC_WITHOUT_HEAD(bar__checker_runs);
ATF_TC_BODY(bar__checker_runs, tc)
{
	struct client *c = client("2019-01-02T08:45:00.000000", "");

	set_flag(&c->record, RECORD_CHECKER_RUNNING, 1);
	bar(c, NOW, 21, L"checking [==========]");
	bar(c, NOW, 20, L"*[==========]");
	bar(c, NOW, 13, L"*[==========]");
	bar(c, NOW, 12, L"[==========]");
	bar(c, NOW, 11, L"checking");
	bar(c, NOW, 8, L"*");
	bar(c, NOW, 0, L"");
	bar(c, NOW, -1, L"");
	c->state = CLIENT_DISABLED;
	bar(c, NOW, 80, L"checking");
}

ATF_TC_WITHOUT_HEAD(bar__nonsense);
ATF_TC_BODY(bar__nonsense, tc)
{
	struct client *c = client("9999-12-31T23:59:59.999999",
	    "9999-12-31T23:59:59.999999");

	bar(c, NOW, 80, L"[==========]");
	set_ms(&c->record, RECORD_TIMEOUT, 0);
	bar(c, NOW, 80, L"[==========]");
	set_ms(&c->record, RECORD_TIMEOUT, UINT64_MAX);
	bar(c, NOW, 80, L"[=         ]");
	set_ms(&c->record, RECORD_APPROVAL_DELAY, UINT64_MAX);
	c->state = CLIENT_DENIAL;
	bar(c, NOW, 80, L"[==========]");
	bar(c, INT64_MAX, 80, L"[==========]");
}

/* Between now and what row_next() says, nothing changes; then it does. */
ATF_TC_WITHOUT_HEAD(next__when_it_changes);
ATF_TC_BODY(next__when_it_changes, tc)
{
	static const enum client_state states[] = { CLIENT_DENIAL,
		CLIENT_APPROVAL, CLIENT_FAILED, CLIENT_ENABLED };
	struct client *c = client("2019-01-02T08:50:00.250000",
	    "2019-01-02T08:40:00.125000");
	wchar_t now[ROW_LEN + ROW_BAR_LEN], then[ROW_LEN + ROW_BAR_LEN];
	int64_t at;
	uint64_t ms;
	size_t i, n;

	for (i = 0; i < sizeof states / sizeof states[0]; i++) {
		c->state = states[i];
		at = NOW;
		while ((ms = row_next(c, at)) != UINT64_MAX) {
			n = row_text(now, c, at);
			row_bar(now + n, c, at, 80);
			at += ((int64_t)ms - 2) * 1000;
			n = row_text(then, c, at);
			row_bar(then + n, c, at, 80);
			if (ms > 2)
				ATF_REQUIRE_MSG(wcscmp(now, then) == 0,
				    "%ls after %ju ms: %ls", now,
				    (uintmax_t)ms, then);
			at += 2000;
			n = row_text(then, c, at);
			row_bar(then + n, c, at, 80);
			ATF_REQUIRE_MSG(wcscmp(now, then) != 0 ||
			    row_next(c, at) < 1000, "%ls", now);
		}
		ATF_CHECK(row_left(c, at) == 0);
	}
	c->state = CLIENT_DISABLED;
	ATF_CHECK(row_next(c, NOW) == UINT64_MAX);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, text__of_each_state);
	ATF_TP_ADD_TC(tp, text__evil_name);
	ATF_TP_ADD_TC(tp, bar__part_of_time);
	ATF_TP_ADD_TC(tp, bar__longer_time);
	ATF_TP_ADD_TC(tp, bar__checker_runs);
	ATF_TP_ADD_TC(tp, bar__nonsense);
	ATF_TP_ADD_TC(tp, next__when_it_changes);
	return atf_no_error();
}
