/* SPDX-License-Identifier: ISC */
/*
 * Words: of a configuration file, between commas, of an environment.
 */
#include <atf-c.h>

#include <stdio.h>
#include <string.h>

#include "words.h"

/* The words as text, each in angle brackets. */
static const char *
shown(const struct words *words)
{
	static char text[512];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < words->n; i++) {
		strlcat(text, "<", sizeof text);
		strlcat(text, words->v[i], sizeof text);
		strlcat(text, ">", sizeof text);
	}
	ATF_REQUIRE(words->v == NULL || words->v[words->n] == NULL);
	return text;
}

ATF_TC_WITHOUT_HEAD(words_parse__words);
ATF_TC_BODY(words_parse__words, tc)
{
#define ROW(text, expected) { text, sizeof text - 1, expected }
	static const struct {
		const char *text;
		size_t len;
		const char *expected;
	} rows[] = {
		ROW("", ""),
		ROW(" \t\n\v\f\r", ""),
		ROW("a", "<a>"),
		ROW("a\tb\nc\vd\fe\rf g", "<a><b><c><d><e><f><g>"),
		ROW("  a  ", "<a>"),
		ROW("a#b c\nd", "<a><d>"),
		ROW("#", ""),
		ROW("#\n#\n", ""),
		ROW("a # b # c\n\n d#", "<a><d>"),
		ROW("a\0b c\nd", "<a><d>"),
		ROW("\0", ""),
		ROW("a\0", "<a>"),
		ROW("\"a b\" \\", "<\"a><b\"><\\>"),
		ROW("\xff\x80 \x1f", "<\xff\x80><\x1f>"),
		ROW("a #\0\n b", "<a><b>"),
	};
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct words words = { NULL, 0 };

		words_parse(&words, rows[i].text, rows[i].len);
		ATF_CHECK_STREQ(rows[i].expected, shown(&words));
		words_free(&words);
		ATF_CHECK_EQ(0, words.n);
		ATF_CHECK(words.v == NULL);
	}
}

ATF_TC_WITHOUT_HEAD(words_add_list__parts);
ATF_TC_BODY(words_add_list__parts, tc)
{
	struct words words = { NULL, 0 }, copy = { NULL, 0 };

	(void)tc;
	words_add_list(&words, "a,b");
	ATF_CHECK_STREQ("<a><b>", shown(&words));
	words_add_list(&words, "");
	words_add_list(&words, ",c,");
	ATF_CHECK_STREQ("<a><b><><><c><>", shown(&words));
	words_add_all(&copy, &words);
	words_free(&words);
	ATF_CHECK_STREQ("<a><b><><><c><>", shown(&copy));
	words_free(&copy);
}

ATF_TC_WITHOUT_HEAD(words_set__replaces);
ATF_TC_BODY(words_set__replaces, tc)
{
	struct words words = { NULL, 0 };

	(void)tc;
	words_set(&words, "A=1");
	words_set(&words, "AB=2");
	words_set(&words, "A");
	words_set(&words, "C");
	words_set(&words, "A=3=4");
	words_set(&words, "AB=");
	ATF_CHECK_STREQ("<A=3=4><AB=>", shown(&words));
	words_free(&words);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, words_parse__words);
	ATF_TP_ADD_TC(tp, words_add_list__parts);
	ATF_TP_ADD_TC(tp, words_set__replaces);
	return atf_no_error();
}
