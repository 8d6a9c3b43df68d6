/* SPDX-License-Identifier: ISC */
/*
 * Question files: as systemd 252 writes them, and what else there may be.
 */
#include <atf-c.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define HEAD "[Ask]\nPID=7\nSocket=/s\n"
#define PATH_107 "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *
parse(const char *text, struct question *question)
{
	return question_parse(text, strlen(text), question);
}

ATF_TC_WITHOUT_HEAD(question_parse__of_systemd);
ATF_TC_BODY(question_parse__of_systemd, tc)
{
	struct question question;

	(void)tc;
	ATF_REQUIRE(parse("[Ask]\nPID=1234\n"
	    "Socket=/run/systemd/ask-password/sck.8d51f3a2\n"
	    "AcceptCached=1\nEcho=0\nNotAfter=1234567890123\nSilent=0\n"
	    "Message=Please enter passphrase for disk x=y:\n"
	    "Icon=drive-harddisk\nId=cryptsetup:/dev/x\n", &question) == NULL);
	ATF_CHECK_EQ(1234, question.pid);
	ATF_CHECK_EQ(UINT64_C(1234567890123), question.not_after);
	ATF_CHECK_STREQ("/run/systemd/ask-password/sck.8d51f3a2",
	    question.socket);
}

ATF_TC_WITHOUT_HEAD(question_parse__accepts);
ATF_TC_BODY(question_parse__accepts, tc)
{
	static const char *const texts[] = {
		HEAD,
		"[Ask]\nPID=7\nSocket=/s",
		"# comment\n; another\n\n" HEAD "NotAfter=0\n",
		"[Other]\nPID=x\nPID=y\n" HEAD "[More]\nSocket=z\nNotAfter=-\n",
		"[Ask]\nPID=2147483647\nSocket=" PATH_107 "\n",
		HEAD "NotAfter=9223372036854775807\nMessage=\xff\xfe\n",
		HEAD "Pid=x\nSocketx=y\n",
	};
	struct question question;
	const char *why;
	size_t i;

	(void)tc;
	ATF_REQUIRE_EQ(107, strlen(PATH_107));
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		why = parse(texts[i], &question);
		ATF_CHECK_MSG(why == NULL, "%s: %s", texts[i], why);
	}
}

ATF_TC_WITHOUT_HEAD(question_parse__without_end);
ATF_TC_BODY(question_parse__without_end, tc)
{
	static const char *const texts[] = {
		"[Ask]\nPID=0\nSocket=/s\n",
		HEAD "NotAfter=0\n",
		HEAD "NotAfter=\n",
		HEAD "NotAfter=-1\n",
		HEAD "NotAfter=1.5\n",
		HEAD "NotAfter=9223372036854775808\n",
		HEAD "NotAfter=18446744073709551616\n",
	};
	struct question question;
	const char *why;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		why = parse(texts[i], &question);
		ATF_CHECK_MSG(why == NULL, "%s: %s", texts[i], why);
		ATF_CHECK_EQ(0, question.not_after);
	}
}

ATF_TC_WITHOUT_HEAD(question_parse__refuses);
ATF_TC_BODY(question_parse__refuses, tc)
{
	static const char *const rows[][2] = {
		{ "", "no section [Ask]" },
		{ "[Ask]\n", "no PID" },
		{ "[Ask]\nPID=7\n", "no Socket" },
		{ "[Ask]\nSocket=/s\n", "no PID" },
		{ "[ask]\nPID=7\nSocket=/s\n", "no section [Ask]" },
		{ " [Ask]\n", "a line that is not KEY=VALUE" },
		{ "[Ask\nPID=7\nSocket=/s\n", "bad section" },
		{ "[Ask]\nPID 7\n", "a line that is not KEY=VALUE" },
		{ "[Ask]\n=7\n", "a line that is not KEY=VALUE" },
		{ HEAD "[Ask]\n", "two sections [Ask]" },
		{ HEAD "PID=7\n", "bad PID" },
		{ HEAD "Socket=/s\n", "bad Socket" },
		{ HEAD "NotAfter=1\nNotAfter=1\n", "bad NotAfter" },
		{ "[Ask]\nPID=\n", "bad PID" },
		{ "[Ask]\nPID=-1\n", "bad PID" },
		{ "[Ask]\nPID=+1\n", "bad PID" },
		{ "[Ask]\nPID= 1\n", "bad PID" },
		{ "[Ask]\nPID=1 \n", "bad PID" },
		{ "[Ask]\nPID=1\r\n", "bad PID" },
		{ "[Ask]\nPID=0x1\n", "bad PID" },
		{ "[Ask]\nPID=2147483648\n", "bad PID" },
		{ "[Ask]\nPID=99999999999999999999999\n", "bad PID" },
		{ "[Ask]\nSocket=\n", "bad Socket" },
		{ "[Ask]\nSocket=s\n", "bad Socket" },
		{ "[Ask]\nSocket=" PATH_107 "x\n", "bad Socket" },
	};
	struct question question;
	const char *why;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		why = parse(rows[i][0], &question);
		ATF_CHECK_MSG(why != NULL && strcmp(why, rows[i][1]) == 0,
		    "%s: %s", rows[i][0], why == NULL ? "accepted" : why);
	}
}

ATF_TC_WITHOUT_HEAD(question_parse__limits);
ATF_TC_BODY(question_parse__limits, tc)
{
	struct question question;
	char *text = malloc(QUESTION_MAX_LEN + 1);

	(void)tc;
	ATF_REQUIRE(text != NULL);
	memset(text, '#', QUESTION_MAX_LEN + 1);
	memcpy(text, HEAD, strlen(HEAD));
	ATF_CHECK(question_parse(text, QUESTION_MAX_LEN, &question) == NULL);
	ATF_CHECK_STREQ("too long",
	    question_parse(text, QUESTION_MAX_LEN + 1, &question));
	text[QUESTION_MAX_LEN - 1] = '\0';
	ATF_CHECK_STREQ("a NUL",
	    question_parse(text, QUESTION_MAX_LEN, &question));
	free(text);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, question_parse__of_systemd);
	ATF_TP_ADD_TC(tp, question_parse__accepts);
	ATF_TP_ADD_TC(tp, question_parse__without_end);
	ATF_TP_ADD_TC(tp, question_parse__refuses);
	ATF_TP_ADD_TC(tp, question_parse__limits);
	return atf_no_error();
}
