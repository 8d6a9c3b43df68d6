/* SPDX-License-Identifier: ISC */
/*
 * From templates to commands: as recorded from the original, and whatever a
 * host is called, one word to the shell.
 */
#include "expand.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atf-c.h>

#define US INT64_C(1000000)
#define CREATED (1767323045 * US)	/* 2026-01-02 03:04:05 */

static struct client_fields fields;
static const char *text[CLIENT_STRINGS];

/* The client of the recorded expansions. */
static void
set_up(void)
{
	fields = (struct client_fields) { .flags = CLIENT_ENABLED,
		.timeout_ms = 300000, .extended_timeout_ms = 900000,
		.interval_ms = 120000, .approval_duration_ms = 1000,
		.created_us = CREATED + 678901,
		.last_enabled_us = CREATED + 600000,
		.last_checked_ok_us = CREATED,
		.expires_us = CREATED + 300 * US };
	text[TEXT_NAME] = "foo.bar-1";
	text[TEXT_HOST] = "foo.example.org";
	text[TEXT_KEYID] = "ABABABABABABABABABABABABABABABAB"
	    "ABABABABABABABABABABABABABABABAB";
	text[TEXT_FINGERPRINT] = "";
}

static void
must_be(const char *template, const char *command)
{
	char why[128] = "", *got;

	text[TEXT_CHECKER] = template;
	got = expand_command(&fields, text, why, sizeof why);
	if (got == NULL)
		atf_tc_fail_nonfatal("%s: %s", template, why);
	else
		ATF_CHECK_STREQ(command, got);
	free(got);
}

static void
must_not_be(const char *template, const char *reason)
{
	char why[128] = "", *got;

	text[TEXT_CHECKER] = template;
	got = expand_command(&fields, text, why, sizeof why);
	ATF_CHECK_MSG(got == NULL, "%s: %s", template, got);
	if (reason != NULL)
		ATF_CHECK_STREQ(reason, why);
	ATF_CHECK(*why != '\0');
	free(got);
}

ATF_TC_WITHOUT_HEAD(command__as_recorded);
ATF_TC_BODY(command__as_recorded, tc)
{
	(void)tc;
	set_up();
#define COMMAND(template, command) must_be(template, command);
#include "expansions.def"
}

ATF_TC_WITHOUT_HEAD(refused__as_recorded);
ATF_TC_BODY(refused__as_recorded, tc)
{
	(void)tc;
	set_up();
#define REFUSED(template) must_not_be(template, NULL);
#include "expansions.def"
}

ATF_TC_WITHOUT_HEAD(host__as_recorded);
ATF_TC_BODY(host__as_recorded, tc)
{
	(void)tc;
	set_up();
#define QUOTED(host, word) text[TEXT_HOST] = host; must_be("%(host)s", word);
#include "expansions.def"
}

ATF_TC_WITHOUT_HEAD(duration__as_recorded);
ATF_TC_BODY(duration__as_recorded, tc)
{
	(void)tc;
	set_up();
#define DURATION(ms, word) fields.timeout_ms = ms; must_be("%(timeout)s", word);
#include "expansions.def"
}

ATF_TC_WITHOUT_HEAD(duration__of_any_length);
ATF_TC_BODY(duration__of_any_length, tc)
{
	(void)tc;
	set_up();
	fields.timeout_ms = UINT64_C(5000000000);
	must_be("%(timeout)s", "'57 days, 20:53:20'");
	fields.timeout_ms = UINT64_MAX;
	must_be("%(timeout)s", "'213503982334 days, 14:25:51.615000'");
}

ATF_TC_WITHOUT_HEAD(time__is_none_or_utc);
ATF_TC_BODY(time__is_none_or_utc, tc)
{
	(void)tc;
	set_up();
	ATF_REQUIRE(setenv("TZ", "Asia/Tokyo", 1) == 0);
	must_be("%(last_approval_request)s", "None");
	fields.last_approval_request_us = CREATED + 1;
	must_be("%(last_approval_request)s", "'2026-01-02 03:04:05.000001'");
	fields.flags = 0;
	fields.expires_us = 0;
	must_be("%(enabled)s %(expires)s", "False None");
}

ATF_TC_WITHOUT_HEAD(path__has_letters_only);
ATF_TC_BODY(path__has_letters_only, tc)
{
	(void)tc;
	set_up();
	text[TEXT_NAME] = "a b'$(c)\303\2459_Z";
	must_be("%(dbus_object_path)s", "/clients/a_b___c___9_Z");
}

ATF_TC_WITHOUT_HEAD(conversion__as_in_python);
ATF_TC_BODY(conversion__as_in_python, tc)
{
	(void)tc;
	set_up();
	text[TEXT_HOST] = "x";
	must_be("%(host)-+ #05s|", "x    |");
	must_be("%(host)5.s|", "   ''|");
	must_be("%(host)hs%(host)ls%(host)Ls", "xxx");
	must_be("%(host)ss", "xs");
	must_be("%(host)r %(host)a", "'x' 'x'");
	/* Characters are counted, not bytes. */
	text[TEXT_HOST] = "\303\245\303\244\303\266";
	must_be("%(host)7s|", "  '\303\245\303\244\303\266'|");
	must_be("%(host).2s|", "'\303\245\303\244'|");
	must_be("%(host)-6.1s|", "'\303\245'   |");
}

ATF_TC_WITHOUT_HEAD(refused__says_why);
ATF_TC_BODY(refused__says_why, tc)
{
	(void)tc;
	set_up();
	must_not_be("a %(host", "a conversion is incomplete");
	must_not_be("%(host)-5.3", "a conversion is incomplete");
	must_not_be("%(host)5 s", "a text cannot be converted to \" \"");
	must_not_be("%(host)*s", "a text cannot be converted to \"*\"");
	must_not_be("%(host)hls", "a text cannot be converted to \"l\"");
	must_not_be("%(host)%", "a text cannot be converted to \"%\"");
	must_not_be("%(host)d", "a text cannot be converted to \"d\"");
	must_not_be("%s", "a conversion to \"s\" has no name");
	must_not_be("%5%", "a conversion to \"%\" has no name");
	must_not_be("%(hos)s", "there is no \"hos\"");
	must_not_be("%(hostt)s", "there is no \"hostt\"");
	must_not_be("%(a(b)c)s", "there is no \"a(b)c\"");
	must_not_be("%(secret)s", "there is no \"secret\"");
}

ATF_TC_WITHOUT_HEAD(length__has_a_limit);
ATF_TC_BODY(length__has_a_limit, tc)
{
	static char template[2 * COMMAND_MAX + 1];
	static char host[COMMAND_MAX + 1];
	size_t i;

	(void)tc;
	set_up();
	memset(template, 'a', COMMAND_MAX);
	must_be(template, template);
	template[COMMAND_MAX] = 'a';
	must_not_be(template, "the command is too long");
	must_not_be("%(host)131072s", "the command is too long");
	must_not_be("%(host)-99999999999999999999999s",
	    "the command is too long");
	must_be("%(host).99999999999999999999999s", "foo.example.org");
	/* Each becomes five, and quotes around all. */
	memset(host, '\'', COMMAND_MAX / 5);
	text[TEXT_HOST] = host;
	must_not_be("%(host)s", "the command is too long");
	/* Two thousand times as much as there may be. */
	memset(host, 'a', COMMAND_MAX);
	for (i = 0; i < 2000; i++)
		memcpy(template + i * 8, "%(host)s", 8);
	template[i * 8] = '\0';
	must_not_be(template, "the command is too long");
}

static const char *const hostile[] = {
	"'", "''", "a'b\"c", "\\", "a\\", "\n", "a\nb", "$(touch made)",
	"`touch made`", "'; touch made; '", "\"; touch made; \"",
	"' $(touch made) '", "\\'; touch made; \\'", "%", "%%", "%(name)s",
	"%s",
	"* ? [a-z] ~root {a,b}", "a;b&c|d<e>f", "#", "!", "-n", "\t ", "\r",
	"it's 100% `sure`", "\303\245\342\202\254\360\237\220\247",
	"'\"'\"'", "a'b", "a''b", "\001\002\033[2J\177",
};

/* What the shell makes of a command, which is to be "printf ... WORD". */
static void
must_print(const char *template, const char *expected)
{
	char why[128] = "", got[1024] = "", *command;
	size_t len;
	FILE *f;

	text[TEXT_CHECKER] = template;
	command = expand_command(&fields, text, why, sizeof why);
	ATF_REQUIRE_MSG(command != NULL, "%s", why);
	ATF_REQUIRE((f = popen(command, "r")) != NULL);
	len = fread(got, 1, sizeof got - 1, f);
	got[len] = '\0';
	ATF_CHECK_EQ_MSG(0, pclose(f), "%s", command);
	ATF_CHECK_STREQ_MSG(expected, got, "%s", command);
	free(command);
}

ATF_TC_WITHOUT_HEAD(host__is_one_word_to_the_shell);
ATF_TC_BODY(host__is_one_word_to_the_shell, tc)
{
	char expected[1024], bytes[256];
	size_t i, k;

	(void)tc;
	set_up();
	for (i = 1; i < 256; i++)
		bytes[i - 1] = (char)i;
	bytes[255] = '\0';
	for (i = 0; i <= sizeof hostile / sizeof *hostile; i++) {
		text[TEXT_HOST] = i < sizeof hostile / sizeof *hostile ?
		    hostile[i] : bytes;
		snprintf(expected, sizeof expected, "<%s>", text[TEXT_HOST]);
		must_print("printf '<%%s>' %(host)s", expected);
		must_print("printf '<%%s>' %(host)r", expected);
		must_print("printf '<%%s>' %(host)40s", expected);
		must_print("printf '<%%s>' %(host)-40s", expected);
		text[TEXT_NAME] = text[TEXT_HOST];
		must_print("printf '<%%s>' %(name)s", expected);
	}
	/* Cut anywhere, the word still ends where it should. */
	for (i = 0; i < sizeof hostile / sizeof *hostile; i++)
		for (k = 1; k < 8; k++) {
			char template[64];

			text[TEXT_HOST] = text[TEXT_NAME] = hostile[i];
			if (strlen(hostile[i]) < k ||
			    (unsigned char)*hostile[i] > 0x7f)
				continue;
			snprintf(template, sizeof template,
			    "printf '<%%%%s>' %%(host).%zus %%(name)s", k);
			snprintf(expected, sizeof expected, "<%.*s><%s>",
			    (int)k, hostile[i], hostile[i]);
			must_print(template, expected);
		}
	ATF_CHECK_MSG(fopen("made", "r") == NULL, "a host name was run");
}

ATF_TC_WITHOUT_HEAD(repr__as_in_python);
ATF_TC_BODY(repr__as_in_python, tc)
{
	static const char *const rows[][2] = {
		{ "", "''" }, { "fping -q -- a", "'fping -q -- a'" },
		{ "it's", "\"it's\"" }, { "a\"b", "'a\"b'" },
		{ "'\"", "'\\'\"'" }, { "a\\b", "'a\\\\b'" },
		{ "a\nb\tc\rd", "'a\\nb\\tc\\rd'" },
		{ "\001\033\177", "'\\x01\\x1b\\x7f'" },
		{ "b\303\245r", "'b\303\245r'" },
	};
	size_t i;
	char *got;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		ATF_REQUIRE((got = expand_repr(rows[i][0])) != NULL);
		ATF_CHECK_STREQ(rows[i][1], got);
		free(got);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, command__as_recorded);
	ATF_TP_ADD_TC(tp, refused__as_recorded);
	ATF_TP_ADD_TC(tp, refused__says_why);
	ATF_TP_ADD_TC(tp, host__as_recorded);
	ATF_TP_ADD_TC(tp, host__is_one_word_to_the_shell);
	ATF_TP_ADD_TC(tp, duration__as_recorded);
	ATF_TP_ADD_TC(tp, duration__of_any_length);
	ATF_TP_ADD_TC(tp, time__is_none_or_utc);
	ATF_TP_ADD_TC(tp, path__has_letters_only);
	ATF_TP_ADD_TC(tp, conversion__as_in_python);
	ATF_TP_ADD_TC(tp, length__has_a_limit);
	ATF_TP_ADD_TC(tp, repr__as_in_python);
	return atf_no_error();
}
