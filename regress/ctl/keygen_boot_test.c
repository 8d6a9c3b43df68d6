/* SPDX-License-Identifier: ISC */
/*
 * What a client is told at the boot, and the sections that are printed: pure
 * functions of mandos-keygen.
 */
#include "keygen_rehearse.h"

#include <stdlib.h>
#include <string.h>

#include <atf-c.h>

static void
cmdline(const char *text, int is_off, const char *connect)
{
	struct boot b;

	boot_init(&b);
	boot_read_cmdline(&b, text);
	ATF_CHECK_EQ_MSG(is_off, b.is_off, "%s", text);
	ATF_CHECK_STREQ_MSG(connect, b.connect, "%s", text);
}

ATF_TC_WITHOUT_HEAD(boot_read_cmdline__words);
ATF_TC_BODY(boot_read_cmdline__words, tc)
{
	(void)tc;
	cmdline("", 0, "");
	cmdline("root=/dev/sda quiet\n", 0, "");
	cmdline("mandos=off", 1, "");
	cmdline("quiet mandos=off\n", 1, "");
	cmdline("mandos=0", 1, "");
	cmdline("xmandos=off mandos=offset mandos= mandos", 0, "");
	cmdline("mandos=connect", 0, "");
	cmdline("mandos=connect:192.0.2.1:4711", 0, "192.0.2.1:4711");
	cmdline("mandos=connect:fe80::1:4711,off", 1, "fe80::1:4711");
	cmdline("mandos=connect:a:1 mandos=connect:b:2", 0, "b:2");
}

static void
runner(const char *text, int is_disabled, const char *connect,
    const char *priority, long uid, long gid)
{
	struct boot b;

	boot_init(&b);
	boot_read_runner(&b, text);
	ATF_CHECK_EQ_MSG(is_disabled, b.is_disabled, "%s", text);
	ATF_CHECK_STREQ_MSG(connect, b.connect, "%s", text);
	ATF_CHECK_STREQ_MSG(priority, b.priority, "%s", text);
	ATF_CHECK_EQ_MSG(uid, b.uid, "%s", text);
	ATF_CHECK_EQ_MSG(gid, b.gid, "%s", text);
}

ATF_TC_WITHOUT_HEAD(boot_read_runner__options);
ATF_TC_BODY(boot_read_runner__options, tc)
{
	(void)tc;
	runner("", 0, "", "", -1, -1);
	runner("#--disable=mandos-client\n", 0, "", "", -1, -1);
	runner("--user#--disable=mandos-client", 0, "", "", -1, -1);
	runner("--userid=103\n--groupid 111 # as whom", 0, "", "", 103, 111);
	runner("--userid=x", 0, "", "", -1, -1);
	runner("--disable=mandos-client", 1, "", "", -1, -1);
	runner("-d mandos-client", 1, "", "", -1, -1);
	runner("-dmandos-client -epassword-prompt", 1, "", "", -1, -1);
	runner("-dmandos-client --enable mandos-client", 0, "", "", -1, -1);
	runner("--disable=password-prompt --debug -dx", 0, "", "", -1, -1);
	runner("--debug --userid=1", 0, "", "", 1, -1);
	runner("--options-for=mandos-client:--connect=[::1]:4711", 0,
	    "[::1]:4711", "", -1, -1);
	runner("-o mandos-client:--delay=1,-c192.0.2.1:80", 0, "192.0.2.1:80",
	    "", -1, -1);
	runner("-g --connect=a:1,--priority=NORMAL:-VERS-ALL", 0, "a:1",
	    "NORMAL:-VERS-ALL", -1, -1);
	runner("--options-for=password-prompt:--connect=a:1", 0, "", "", -1,
	    -1);
	runner("--options-for=mandos-client", 0, "", "", -1, -1);
	runner("--options-for", 0, "", "", -1, -1);
}

static void
section(const struct section *s, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	f = open_memstream(&text, &len);
	ATF_REQUIRE(f != NULL);
	section_print(f, s);
	fclose(f);
	ATF_CHECK_STREQ(expected, text);
	free(text);
}

ATF_TC_WITHOUT_HEAD(section_print__base64);
ATF_TC_BODY(section_print__base64, tc)
{
	/* RFC 4648, section 10; and a line that is just full. */
	static const struct {
		const char *plain, *lines;
	} cases[] = {
		{ "", "" },
		{ "f", "    Zg==\n" },
		{ "fo", "    Zm8=\n" },
		{ "foo", "    Zm9v\n" },
		{ "foob", "    Zm9vYg==\n" },
		{ "fooba", "    Zm9vYmE=\n" },
		{ "foobar", "    Zm9vYmFy\n" },
		{ "012345678901234567890123456789012345678901234567",
		    "    MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4"
		    "OTAxMjM0NTY3\n" },
		{ "0123456789012345678901234567890123456789012345678",
		    "    MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4"
		    "OTAxMjM0NTY3\n    OA==\n" },
		{ "\xfb\xff\xfe", "    +//+\n" },
	};
	char plain[64], expected[256];
	struct buf b = { .p = (unsigned char *)plain };
	struct section s = { .name = "50%", .key_id = "", .secret = &b,
	    .fingerprint = "AB" };
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		b.used = strlcpy(plain, cases[i].plain, sizeof plain);
		snprintf(expected, sizeof expected, "[50%%]\nhost = 50%%%%\n"
		    "fingerprint = AB\nsecret =\n%s", cases[i].lines);
		section(&s, expected);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, boot_read_cmdline__words);
	ATF_TP_ADD_TC(tp, boot_read_runner__options);
	ATF_TP_ADD_TC(tp, section_print__base64);
	return atf_no_error();
}
