/* SPDX-License-Identifier: ISC */
/*
 * Nothing that is written by others moves the terminal, and lines end where
 * the screen does.
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <atf-c.h>

#include "tui_text.h"

#define ROOM 256

static void
utf8(void)
{
	ATF_REQUIRE_MSG(setlocale(LC_ALL, "C.UTF-8") != NULL,
	    "there is no locale C.UTF-8");
}

/* This text is shown as that one. */
static void
shows(const char *text, const wchar_t *expected)
{
	wchar_t out[ROOM];
	size_t n = text_clean(out, ROOM, text);

	ATF_CHECK_MSG(wcscmp(out, expected) == 0, "%s is shown as %ls", text,
	    out);
	ATF_CHECK(n == wcslen(expected));
}

ATF_TC_WITHOUT_HEAD(clean__plain);
ATF_TC_BODY(clean__plain, tc)
{
	utf8();
	shows("", L"");
	shows("foo.example-1", L"foo.example-1");
	shows("bj\xc3\xb6rn", L"bj\u00f6rn");
	shows("\xe6\x97\xa5\xe6\x9c\xac", L"\u65e5\u672c");
	shows("\xf0\x9f\x94\x91", L"\U0001f511");
}

ATF_TC_WITHOUT_HEAD(clean__controls);
ATF_TC_BODY(clean__controls, tc)
{
	char text[] = "a?b", expected[8];
	wchar_t out[ROOM], wide[8];
	int c;

	utf8();
	for (c = 1; c < 0x20; c++) {
		text[1] = (char)c;
		text_clean(out, ROOM, text);
		snprintf(expected, sizeof expected, "a\\x%02xb", c);
		mbstowcs(wide, expected, 8);
		ATF_CHECK_MSG(wcscmp(out, wide) == 0, "%x: %ls", c, out);
	}
	shows("\x7f", L"\\x7f");
	shows("\x1b[2J\x1b]0;title\x07", L"\\x1b[2J\\x1b]0;title\\x07");
	/* C1 has an introducer of its own, CSI. */
	shows("\xc2\x9b" "31m", L"\\x9b31m");
	shows("\xc2\x80\xc2\x9f", L"\\x80\\x9f");
}

ATF_TC_WITHOUT_HEAD(clean__orders);
ATF_TC_BODY(clean__orders, tc)
{
	utf8();
	shows("a\xe2\x80\xae" "b", L"a\\u202eb");
	shows("\xe2\x81\xa6", L"\\u2066");
	shows("\xe2\x80\xa8", L"\\u2028");
	shows("\xe2\x80\x8b", L"\\u200b");
	shows("\xc2\xad", L"\\xad");
	shows("\xef\xbb\xbf", L"\\ufeff");
	shows("\xd8\x9c", L"\\u061c");
	shows("\xef\xb8\x8f", L"\\ufe0f");
	shows("\xf3\xa0\x81\x81", L"\\U000e0041");
	shows("\xee\x82\xb0", L"\\ue0b0");
}

ATF_TC_WITHOUT_HEAD(clean__no_utf8);
ATF_TC_BODY(clean__no_utf8, tc)
{
	utf8();
	shows("\xff\xfe", L"\\xff\\xfe");
	shows("\x80", L"\\x80");
	/* Cut off, too long, half of a pair, too large. */
	shows("a\xc3", L"a\\xc3");
	shows("\xe6\x97", L"\\xe6\\x97");
	shows("\xf0\x9f\x94", L"\\xf0\\x9f\\x94");
	shows("\xc0\x9b", L"\\xc0\\x9b");
	shows("\xc1\xbf", L"\\xc1\\xbf");
	shows("\xe0\x82\x9b", L"\\xe0\\x82\\x9b");
	shows("\xed\xa0\x80", L"\\xed\\xa0\\x80");
	shows("\xf4\x90\x80\x80", L"\\xf4\\x90\\x80\\x80");
	shows("\xf8\x88\x80\x80\x80", L"\\xf8\\x88\\x80\\x80\\x80");
}

ATF_TC_WITHOUT_HEAD(clean__combining);
ATF_TC_BODY(clean__combining, tc)
{
	utf8();
	shows("e\xcc\x81", L"e\u0301");
	shows("e\xcc\x81\xcc\x82x", L"e\u0301\u0302x");
	shows("e\xcc\x81\xcc\x82\xcc\x83", L"e\u0301\u0302\\u0303");
	/* Nothing to be combined with. */
	shows("\xcc\x81", L"\\u0301");
	shows("\n\xcc\x81", L"\\x0a\\u0301");
}

/* Whatever the bytes are: no order, no zero width without a base. */
ATF_TC_WITHOUT_HEAD(clean__random);
ATF_TC_BODY(clean__random, tc)
{
	wchar_t out[40];
	char text[64];
	size_t len, i, n;
	int round;

	utf8();
	srandom(1);
	for (round = 0; round < 200000; round++) {
		len = (size_t)random() % sizeof text;
		for (i = 0; i < len; i++)
			text[i] = (char)(random() % 255 + 1);
		text[len == 0 ? 0 : len - 1] = '\0';
		n = text_clean(out, 40, text);
		ATF_REQUIRE(n < 40 && out[n] == L'\0');
		for (i = 0; i < n; i++) {
			ATF_REQUIRE(out[i] >= 0x20 && out[i] != 0x7f &&
			    (out[i] < 0x80 || out[i] > 0x9f));
			ATF_REQUIRE(wcwidth(out[i]) > 0 ||
			    (wcwidth(out[i]) == 0 && i > 0));
		}
	}
}

ATF_TC_WITHOUT_HEAD(clean__cut);
ATF_TC_BODY(clean__cut, tc)
{
	wchar_t out[11];

	utf8();
	ATF_CHECK(text_clean(out, 11, "0123456789") == 10);
	ATF_CHECK(wcscmp(out, L"0123456789") == 0);
	ATF_CHECK(text_clean(out, 11, "0123456789a") == 9 ||
	    text_clean(out, 11, "0123456789a") == 10);
	ATF_CHECK(wcsncmp(out, L"012345", 6) == 0);
	ATF_CHECK(wcscmp(out + wcslen(out) - 3, L"...") == 0);
	/* Not in the middle of an escape, and not before a mark. */
	text_clean(out, 11, "01234\n\n\n");
	ATF_CHECK_MSG(wcscmp(out, L"01234...") == 0, "%ls", out);
	text_clean(out, 11, "012345e\xcc\x81zzzz");
	ATF_CHECK_MSG(wcscmp(out, L"012345...") == 0, "%ls", out);
}

ATF_TC_WITHOUT_HEAD(clean__other_locale);
ATF_TC_BODY(clean__other_locale, tc)
{
	ATF_REQUIRE(setlocale(LC_ALL, "C") != NULL);
	shows("bj\xc3\xb6rn", L"bj?rn");
	shows("\xe6\x97\xa5", L"?");
	shows("a\x1b[m\xc2\x9b\xe2\x80\xae", L"a\\x1b[m\\x9b\\u202e");
}

ATF_TC_WITHOUT_HEAD(width__wide);
ATF_TC_BODY(width__wide, tc)
{
	const wchar_t *text = L"a\u65e5e\u0301b";

	utf8();
	ATF_CHECK(text_width(text, 5) == 5);
	ATF_CHECK(text_fit(text, 5, 5) == 5);
	ATF_CHECK(text_fit(text, 5, 4) == 4);
	ATF_CHECK(text_fit(text, 5, 3) == 2);
	ATF_CHECK(text_fit(text, 5, 2) == 1);
	ATF_CHECK(text_fit(text, 5, 0) == 0);
}

/* The lines of this text, with "|" between them. */
static void
breaks(const wchar_t *text, int width, enum text_wrap wrap,
    const wchar_t *expected)
{
	wchar_t out[ROOM] = L"";
	size_t len = wcslen(text), at = 0, next, n;
	int lines = 0;

	do {
		if (lines++ > 0)
			wcscat(out, L"|");
		n = text_line(text + at, len - at, width, wrap, &next);
		wcsncat(out, text + at, n);
		at += next;
	} while (at < len);
	ATF_CHECK_MSG(wcscmp(out, expected) == 0, "%ls: %ls", text, out);
	ATF_CHECK(text_lines(text, len, width, wrap) == lines);
}

ATF_TC_WITHOUT_HEAD(line__any);
ATF_TC_BODY(line__any, tc)
{
	utf8();
	breaks(L"", 4, TEXT_ANY, L"");
	breaks(L"abcd", 4, TEXT_ANY, L"abcd");
	breaks(L"abcdefghi", 4, TEXT_ANY, L"abcd|efgh|i");
	breaks(L"a\u65e5\u672cb", 2, TEXT_ANY, L"a|\u65e5|\u672c|b");
	/* Wider than the screen: left out. */
	breaks(L"a\u65e5b", 1, TEXT_ANY, L"a||b");
	breaks(L"a e\u0301", 2, TEXT_ANY, L"a |e\u0301");
}

ATF_TC_WITHOUT_HEAD(line__clip);
ATF_TC_BODY(line__clip, tc)
{
	utf8();
	breaks(L"abcdefghi", 4, TEXT_CLIP, L"abcd");
	breaks(L"abc\u65e5", 4, TEXT_CLIP, L"abc");
}

ATF_TC_WITHOUT_HEAD(line__word);
ATF_TC_BODY(line__word, tc)
{
	utf8();
	breaks(L"alpha: A checker has failed!", 20, TEXT_WORD,
	    L"alpha: A checker has|failed!");
	breaks(L"alpha: A checker has failed!", 21, TEXT_WORD,
	    L"alpha: A checker has|failed!");
	breaks(L"abcdefgh i", 4, TEXT_WORD, L"abcd|efgh|i");
	breaks(L"ab cdefgh", 4, TEXT_WORD, L"ab|cdef|gh");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, clean__plain);
	ATF_TP_ADD_TC(tp, clean__controls);
	ATF_TP_ADD_TC(tp, clean__orders);
	ATF_TP_ADD_TC(tp, clean__no_utf8);
	ATF_TP_ADD_TC(tp, clean__combining);
	ATF_TP_ADD_TC(tp, clean__random);
	ATF_TP_ADD_TC(tp, clean__cut);
	ATF_TP_ADD_TC(tp, clean__other_locale);
	ATF_TP_ADD_TC(tp, width__wide);
	ATF_TP_ADD_TC(tp, line__any);
	ATF_TP_ADD_TC(tp, line__clip);
	ATF_TP_ADD_TC(tp, line__word);
	return atf_no_error();
}
