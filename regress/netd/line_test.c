/* SPDX-License-Identifier: ISC */
/*
 * The first line, against the vectors that were taken from the original, and
 * through the function that sessions use.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <atf-c.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line.h"
#include "netd.h"

#define VECTORS_LEAST 26 /* how many the file had when this was written */

struct vector {
	uint8_t bytes[256];
	size_t len;
	int accept;
	char text[512];
};

static void
put_utf8(struct vector *v, unsigned int c)
{
	if (c < 0x80) {
		v->bytes[v->len++] = (uint8_t)c;
	} else if (c < 0x800) {
		v->bytes[v->len++] = (uint8_t)(0xc0 | c >> 6);
		v->bytes[v->len++] = (uint8_t)(0x80 | (c & 0x3f));
	} else {
		v->bytes[v->len++] = (uint8_t)(0xe0 | c >> 12);
		v->bytes[v->len++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		v->bytes[v->len++] = (uint8_t)(0x80 | (c & 0x3f));
	}
}

/* A JSON string; returns what is behind it. */
static const char *
parse_json(struct vector *v, const char *p)
{
	unsigned int c;

	for (p++; *p != '"'; p++) {
		ATF_REQUIRE(*p != '\0' && v->len < sizeof v->bytes - 4);
		if (*p != '\\') {
			v->bytes[v->len++] = (uint8_t)*p;
			continue;
		}
		switch (*++p) {
		case 'r':
			put_utf8(v, '\r');
			break;
		case 'n':
			put_utf8(v, '\n');
			break;
		case 't':
			put_utf8(v, '\t');
			break;
		case 'u':
			ATF_REQUIRE_EQ(1, sscanf(p + 1, "%4x", &c));
			put_utf8(v, c);
			p += 4;
			break;
		default:
			atf_tc_fail("escape in %s", v->text);
		}
	}
	return p + 1;
}

static const char *
parse_hex(struct vector *v, const char *p)
{
	unsigned int c;

	for (; sscanf(p, "%2x", &c) == 1; p += 2)
		v->bytes[v->len++] = (uint8_t)c;
	return p;
}

/* The next vector of the file; returns 0 at its end. */
static int
next_vector(FILE *f, struct vector *v)
{
	const char *p;

	do {
		if (fgets(v->text, sizeof v->text, f) == NULL)
			return 0;
	} while (v->text[0] == '#' && strncmp(v->text, "#hex:", 5) != 0);
	v->len = 0;
	p = v->text[0] == '#' ? parse_hex(v, v->text + 5) :
	    parse_json(v, v->text);
	v->accept = strncmp(p, "\taccept", 7) == 0;
	ATF_REQUIRE_MSG(v->accept || strncmp(p, "\treject", 7) == 0,
	    "%s", v->text);
	return 1;
}

static void
for_each_vector(void (*check)(const struct vector *))
{
	struct vector v;
	FILE *f = fopen(VECTORS, "r");
	int n = 0;

	ATF_REQUIRE(f != NULL);
	while (next_vector(f, &v)) {
		check(&v);
		n++;
	}
	fclose(f);
	ATF_CHECK(n >= VECTORS_LEAST);
}

/* Have the real function read ${v} from a socket; see what it sends. */
static int
first_line(const struct vector *v, int half_close, struct wire *wire)
{
	uint8_t byte;
	int fds[2], result;

	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	ATF_REQUIRE_EQ((ssize_t)v->len, write(fds[1], v->bytes, v->len));
	if (half_close)
		ATF_REQUIRE_EQ(0, shutdown(fds[1], SHUT_WR));
	wire_init(wire, fds[0]);
	result = session_first_line(wire);
	ATF_CHECK_EQ(-1, recv(fds[1], &byte, 1, MSG_DONTWAIT));
	ATF_CHECK_EQ(EAGAIN, errno);
	close(fds[0]);
	close(fds[1]);
	return result;
}

static void
check_session(const struct vector *v)
{
	static struct wire wire;
	const uint8_t *end = memchr(v->bytes, '\n', v->len);
	size_t behind;

	ATF_CHECK_EQ_MSG(v->accept ? 0 : SESSION_GARBAGE,
	    first_line(v, 1, &wire), "%s", v->text);
	if (end == NULL)
		return;
	/* A whole line needs no end of file; what is behind it is kept. */
	ATF_CHECK_EQ_MSG(v->accept ? 0 : SESSION_GARBAGE,
	    first_line(v, 0, &wire), "%s", v->text);
	behind = v->len - (size_t)(end + 1 - v->bytes);
	if (v->accept)
		ATF_CHECK_EQ_MSG(behind, wire.in_len - wire.in_at, "%s",
		    v->text);
}

ATF_TC_WITHOUT_HEAD(session__vectors);
ATF_TC_BODY(session__vectors, tc)
{
	for_each_vector(check_session);
}

/* Byte by byte, the verdict is the same and comes no earlier than it may. */
static void
check_pieces(const struct vector *v)
{
	enum line result = LINE_MORE;
	size_t len, used = 0;

	for (len = 0; len <= v->len && result == LINE_MORE; len++)
		result = line_judge(v->bytes, len, 0, &used);
	if (result == LINE_MORE)
		result = line_judge(v->bytes, v->len, 1, &used);
	ATF_CHECK_EQ_MSG(v->accept ? LINE_OK : LINE_BAD, result, "%s", v->text);
	ATF_CHECK(used <= v->len);
}

ATF_TC_WITHOUT_HEAD(judge__byte_by_byte);
ATF_TC_BODY(judge__byte_by_byte, tc)
{
	for_each_vector(check_pieces);
}

static enum line
judge(const char *text)
{
	size_t used;

	return line_judge((const uint8_t *)text, strlen(text), 1, &used);
}

ATF_TC_WITHOUT_HEAD(judge__integers);
ATF_TC_BODY(judge__integers, tc)
{
	ATF_CHECK_EQ(LINE_OK, judge("-99999999999999999999999\n"));
	ATF_CHECK_EQ(LINE_OK, judge("+0000000000000000000000001\n"));
	ATF_CHECK_EQ(LINE_OK, judge("-\xd9\xa1\n"));
	ATF_CHECK_EQ(LINE_OK, judge("\xe2\x80\x83" "1\xc2\xa0" "5\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("+\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("+-1\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("+ 1\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("_1\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1_\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("0__1\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1_ 2\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("+_1\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("10\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("02\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("18446744073709551616\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("\xd9\xa2\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("\xc2\xb9\n"));
}

ATF_TC_WITHOUT_HEAD(judge__bad_utf8);
ATF_TC_BODY(judge__bad_utf8, tc)
{
	ATF_CHECK_EQ(LINE_OK, judge("1 \xf0\x9f\x98\x80\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1 \x80\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1 \xc3\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1 \xc0\xb1\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1 \xe0\x80\xb1\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1 \xed\xa0\x80\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1 \xf4\x90\x80\x80\n"));
	ATF_CHECK_EQ(LINE_BAD, judge("1 \xf8\x88\x80\x80\x80\n"));
}

ATF_TC_WITHOUT_HEAD(judge__too_long);
ATF_TC_BODY(judge__too_long, tc)
{
	static uint8_t bytes[LINE_BYTES + 2];
	size_t used;

	memset(bytes, 'a', sizeof bytes);
	memcpy(bytes, "1 ", 2);
	ATF_CHECK_EQ(LINE_MORE, line_judge(bytes, LINE_BYTES - 1, 0, &used));
	ATF_CHECK_EQ(LINE_BAD, line_judge(bytes, LINE_BYTES, 0, &used));
	bytes[LINE_BYTES - 1] = '\n';
	ATF_CHECK_EQ(LINE_OK, line_judge(bytes, LINE_BYTES, 0, &used));
	ATF_CHECK_EQ(LINE_BYTES, used);
	bytes[LINE_BYTES - 1] = 'a';
	bytes[LINE_BYTES] = '\n';
	ATF_CHECK_EQ(LINE_BAD, line_judge(bytes, LINE_BYTES + 1, 0, &used));
}

/* A peer that sends no end of line is cut off, and is not waited for. */
ATF_TC_WITHOUT_HEAD(session__endless_line);
ATF_TC_BODY(session__endless_line, tc)
{
	static struct wire wire;
	static uint8_t bytes[2 * LINE_BYTES];
	int fds[2];

	memset(bytes, '1', sizeof bytes);
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	ATF_REQUIRE_EQ((ssize_t)sizeof bytes,
	    write(fds[1], bytes, sizeof bytes));
	wire_init(&wire, fds[0]);
	ATF_CHECK_EQ(SESSION_GARBAGE, session_first_line(&wire));
	close(fds[0]);
	close(fds[1]);
}

ATF_TC_WITHOUT_HEAD(quote__escapes);
ATF_TC_BODY(quote__escapes, tc)
{
	static const uint8_t line[] = "1 'x\\\x1b[31m\n\xff";
	char text[64], small[8];

	ATF_CHECK_STREQ("1 \\x27x\\x5c\\x1b[31m\\x0a\\xff",
	    line_quote(line, sizeof line - 1, text, sizeof text));
	ATF_CHECK_STREQ("1 \\x27",
	    line_quote(line, sizeof line - 1, small, sizeof small));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, session__vectors);
	ATF_TP_ADD_TC(tp, session__endless_line);
	ATF_TP_ADD_TC(tp, judge__byte_by_byte);
	ATF_TP_ADD_TC(tp, judge__integers);
	ATF_TP_ADD_TC(tp, judge__bad_utf8);
	ATF_TP_ADD_TC(tp, judge__too_long);
	ATF_TP_ADD_TC(tp, quote__escapes);
	return atf_no_error();
}
