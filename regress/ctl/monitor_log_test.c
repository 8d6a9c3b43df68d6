/* SPDX-License-Identifier: ISC */
/*
 * The event log of mandos-monitor.
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <atf-c.h>

#include "tui_log.h"

static struct evlog *
many(int count)
{
	struct evlog *log = evlog_new();
	char text[32];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(text, sizeof text, "line %d", i);
		evlog_add(log, i % 2, text);
	}
	return log;
}

/* The window begins with that row of that line. */
static void
begins(const struct evlog *log, int width, int height, uint64_t number,
    int rows)
{
	uint64_t top;
	int skip;

	top = evlog_top(log, width, height, &skip);
	ATF_CHECK_MSG(top == number && skip == rows, "it begins with %ju, %d",
	    (uintmax_t)top, skip);
}

ATF_TC_WITHOUT_HEAD(add__one_line);
ATF_TC_BODY(add__one_line, tc)
{
	struct evlog *log = evlog_new();
	char text[10000];

	ATF_REQUIRE(setlocale(LC_ALL, "C.UTF-8") != NULL);
	begins(log, 80, 10, 0, 0);
	evlog_add(log, 1, "a\n2026-01-01 00:00:00,000: b\x1b[m");
	ATF_CHECK(log->end == 1);
	ATF_CHECK(wcscmp(evlog_line(log, 0)->text,
	    L"a\\x0a2026-01-01 00:00:00,000: b\\x1b[m") == 0);
	ATF_CHECK(evlog_line(log, 0)->is_bold);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	evlog_add(log, 0, text);
	ATF_CHECK(evlog_line(log, 1)->len < EVLOG_LINE_LEN);
	evlog_add(log, 0, "");
	ATF_CHECK(evlog_line(log, 2)->len == 0);
	evlog_free(log);
	evlog_free(NULL);
}

ATF_TC_WITHOUT_HEAD(add__keeps_the_latest);
ATF_TC_BODY(add__keeps_the_latest, tc)
{
	struct evlog *log = many(EVLOG_LINES);

	ATF_CHECK(log->first == 0 && log->end == EVLOG_LINES);
	evlog_add(log, 0, "one more");
	ATF_CHECK(log->first == 1 && log->end == EVLOG_LINES + 1);
	ATF_CHECK(wcscmp(evlog_line(log, 1)->text, L"line 1") == 0);
	ATF_CHECK(wcscmp(evlog_line(log, EVLOG_LINES)->text,
	    L"one more") == 0);
	evlog_free(log);
}

ATF_TC_WITHOUT_HEAD(top__follows);
ATF_TC_BODY(top__follows, tc)
{
	struct evlog *log = many(5);

	begins(log, 80, 10, 0, 0);
	begins(log, 80, 5, 0, 0);
	begins(log, 80, 3, 2, 0);
	evlog_add(log, 0, "sixth");
	begins(log, 80, 3, 3, 0);
	/* Each is two rows, the last one as well. */
	begins(log, 4, 3, 4, 1);
	begins(log, 4, 2, 5, 0);
	begins(log, 4, 1, 5, 1);
	evlog_free(log);
}

ATF_TC_WITHOUT_HEAD(scroll__and_stay);
ATF_TC_BODY(scroll__and_stay, tc)
{
	struct evlog *log = many(20);

	evlog_scroll(log, 80, 5, -1);
	begins(log, 80, 5, 14, 0);
	evlog_add(log, 0, "more");
	begins(log, 80, 5, 14, 0);
	evlog_scroll(log, 80, 5, -1000);
	begins(log, 80, 5, 0, 0);
	evlog_scroll(log, 80, 5, 3);
	begins(log, 80, 5, 3, 0);
	ATF_CHECK(!log->follows);
	evlog_scroll(log, 80, 5, 1000);
	begins(log, 80, 5, 16, 0);
	ATF_CHECK(log->follows);
	evlog_add(log, 0, "more");
	begins(log, 80, 5, 17, 0);
	/* Row by row where lines have several. */
	evlog_scroll(log, 3, 5, -1);
	begins(log, 3, 5, 19, 1);
	evlog_scroll(log, 3, 5, -2);
	begins(log, 3, 5, 18, 2);
	evlog_scroll(log, 3, 5, 1);
	begins(log, 3, 5, 19, 0);
	/* In a wider window that line has no such row. */
	evlog_scroll(log, 3, 5, -1);
	begins(log, 80, 2, 18, 0);
	evlog_set_wrap(log, TEXT_CLIP);
	begins(log, 3, 2, 18, 0);
	evlog_free(log);
}

ATF_TC_WITHOUT_HEAD(scroll__what_is_dropped);
ATF_TC_BODY(scroll__what_is_dropped, tc)
{
	struct evlog *log = many(EVLOG_LINES);
	int i;

	evlog_scroll(log, 80, 5, -2000);
	for (i = 0; i < 10; i++)
		evlog_add(log, 0, "more");
	begins(log, 80, 5, 10, 0);
	evlog_free(log);
}

ATF_TC_WITHOUT_HEAD(scroll__random);
ATF_TC_BODY(scroll__random, tc)
{
	struct evlog *log = evlog_new();
	char text[200];
	uint64_t top;
	int round, skip, width, height;
	size_t len;

	srandom(3);
	for (round = 0; round < 50000; round++) {
		width = (int)(random() % 20) + 1;
		height = (int)(random() % 20) + 1;
		switch (random() % 4) {
		case 0:
			len = (size_t)random() % sizeof text;
			memset(text, 'x', len);
			text[len == 0 ? 0 : len - 1] = '\0';
			evlog_add(log, 0, text);
			break;
		case 1:
			evlog_scroll(log, width, height,
			    (int)(random() % 60) - 30);
			break;
		case 2:
			if (random() % 10 == 0)
				evlog_set_wrap(log, random() % 2 == 0 ?
				    TEXT_ANY : TEXT_CLIP);
			break;
		}
		top = evlog_top(log, width, height, &skip);
		ATF_REQUIRE(top >= log->first && top <= log->end);
		ATF_REQUIRE(top < log->end || log->first == log->end);
		ATF_REQUIRE(skip >= 0);
		if (top < log->end)
			ATF_REQUIRE(skip < text_lines(
			    evlog_line(log, top)->text,
			    evlog_line(log, top)->len, width, log->wrap));
	}
	evlog_free(log);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, add__one_line);
	ATF_TP_ADD_TC(tp, add__keeps_the_latest);
	ATF_TP_ADD_TC(tp, top__follows);
	ATF_TP_ADD_TC(tp, scroll__and_stay);
	ATF_TP_ADD_TC(tp, scroll__what_is_dropped);
	ATF_TP_ADD_TC(tp, scroll__random);
	return atf_no_error();
}
