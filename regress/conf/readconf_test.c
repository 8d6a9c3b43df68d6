/* SPDX-License-Identifier: ISC */
/*
 * The configuration reader as the parent sees it: the messages it sends, and
 * that it sends none of a bad configuration.
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atf-c.h>

#include "msg.h"

#define ARGS_MAX 16
#define WAIT_MS 30000		/* much more than it should ever take */

#define KEYID "6B130D3154DA1007596BA38FDE9CE5A4201FFF84E8CB20B080497AE4B59391DC"
#define KEYID_LOWER						\
	"6b130d3154da1007 596ba38fde9ce5a4201fff84e8cb20b080497ae4b59391dc"

struct reader {
	struct chan chan;
	struct msg msg;
	pid_t pid;
};

static void
write_file(const char *path, const char *text)
{
	FILE *f;

	ATF_REQUIRE((f = fopen(path, "w")) != NULL);
	fputs(text, f);
	ATF_REQUIRE_EQ(0, fclose(f));
}

/* Start it with these arguments behind "--configdir etc". */
static void
start(const atf_tc_t *tc, struct reader *r, const char *a, const char *b,
    const char *c)
{
	char path[PATH_MAX], name[] = "mandos";
	int fds[2], fd;

	snprintf(path, sizeof path, "%s/../bin/mandos-readconf",
	    atf_tc_get_config_var(tc, "srcdir"));
	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE((r->pid = fork()) != -1);
	if (r->pid == 0) {
		/* A copy first: descriptor 3 may be either of them. */
		if ((fd = fcntl(fds[1], F_DUPFD, CHAN_FD + 1)) == -1 ||
		    dup2(fd, CHAN_FD) == -1)
			_exit(126);
		execl(path, name, "--configdir", "etc", a, b, c,
		    (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	chan_init(&r->chan, fds[0], PROC_PARENT, PROC_CONF, PHASE_BOOT);
}

/* The next message is of this type, and passes the table. */
static void
expect(struct reader *r, enum msg_type type, void *body)
{
	const char *flaw;

	ATF_REQUIRE_EQ(1, chan_recv_wait(&r->chan, &r->msg, WAIT_MS));
	flaw = msg_check(&r->chan, &r->msg);
	ATF_REQUIRE_MSG(flaw == NULL, "%s", flaw);
	ATF_REQUIRE_STREQ(msg_name(type), msg_name(r->msg.type));
	memcpy(body, r->msg.body, msg_rules[type].fixed);
	if (type == MSG_SETTINGS) {
		/* The clients are for another. */
		r->chan.me = PROC_STATE;
		r->chan.phase = PHASE_READING;
	}
}

/* The next string in the tail is this one. */
static void
expect_text(const uint8_t **p, size_t *left, const char *expected)
{
	char *text;

	ATF_REQUIRE_EQ(0, tail_get_text(p, left, *left, &text));
	ATF_CHECK_STREQ(expected, text);
	free(text);
}

/* It says nothing more and ends like this; returns its CPU time. */
static int64_t
expect_end(struct reader *r, int expected)
{
	struct rusage usage;
	int status;

	ATF_REQUIRE_EQ(-1, chan_recv_wait(&r->chan, &r->msg, WAIT_MS));
	ATF_REQUIRE_EQ(0, errno);
	ATF_REQUIRE_EQ(r->pid, wait4(r->pid, &status, 0, &usage));
	ATF_REQUIRE(WIFEXITED(status));
	ATF_REQUIRE_EQ(expected, WEXITSTATUS(status));
	chan_close(&r->chan);
	return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	    (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* This is complained about, and the reader ends. */
static void
expect_complaint(struct reader *r, const char *text)
{
	struct msg_complaint complaint;

	expect(r, MSG_COMPLAINT, &complaint);
	ATF_CHECK_EQ(strlen(text), r->msg.tail_len);
	ATF_CHECK_EQ_MSG(0, memcmp(text, r->msg.tail, r->msg.tail_len),
	    "%.*s", (int)r->msg.tail_len, (const char *)r->msg.tail);
	msg_free(&r->msg);
}

static void
write_example(void)
{
	ATF_REQUIRE_EQ(0, mkdir("etc", 0700));
	write_file("etc/mandos.conf", "[DEFAULT]\n"
	    "address = ::1\nport = 4711\nservicename = Us\nuse_dbus = no\n"
	    "statedir = /s\nmax_sessions = 7\npenalty_late = PT3S\n"
	    "debuglevel = info\nrestart_policy = strict\n"
	    "max_checkers = 5\nchecker_timeout = PT6S\n");
	write_file("etc/clients.conf", "[DEFAULT]\nsecfile = secret\n"
	    "[one]\nkey_id = " KEYID_LOWER "\nfingerprint = 01 ab\n"
	    "secret = AAECAw==\nhost = h1\n"
	    "checker = c %%(host)s\ntimeout = PT1S\nextended_timeout = PT2S\n"
	    "interval = PT3S\napproval_delay = PT4S\n"
	    "approval_duration = PT5S\n"
	    "[two]\nenabled = no\napproved_by_default = no\nhost = %(x)s\n"
	    "x = h2\n");
	write_file("secret", "from a file");
	ATF_REQUIRE_EQ(0, chmod("secret", 0600));
}

ATF_TC(messages__of_a_configuration);
ATF_TC_HEAD(messages__of_a_configuration, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "settings, each client in order, and the count are sent");
}
ATF_TC_BODY(messages__of_a_configuration, tc)
{
	struct reader r;
	struct msg_settings settings;
	struct msg_client client;
	struct msg_conf_end end;
	const uint8_t *p, *secret, loopback[16] = { [15] = 1 };
	char hex[KEYID_HEX_LEN];
	size_t left, len;

	write_example();
	start(tc, &r, "--no-restore", "--interface=lo", "--start-disabled");

	expect(&r, MSG_SETTINGS, &settings);
	ATF_CHECK_EQ(SETTING_ZEROCONF | SETTING_IPV6 | SETTING_BIND |
	    SETTING_STRICT | SETTING_START_DISABLED, settings.s.flags);
	ATF_CHECK_EQ(-1, settings.s.socket);
	ATF_CHECK_EQ(6, settings.s.log_level);
	ATF_CHECK_EQ(0, settings.s.scope_id);
	ATF_CHECK_EQ(0, memcmp(settings.s.address, loopback, 16));
	ATF_CHECK_EQ(4711, settings.s.port);
	ATF_CHECK_STREQ("lo", settings.s.interface);
	ATF_CHECK_EQ(7, settings.s.limits.max_sessions);
	ATF_CHECK_EQ(8192, settings.s.limits.max_connections);
	ATF_CHECK_EQ(3000, settings.s.limits.penalty_late_ms);
	ATF_CHECK_EQ(5, settings.s.checks.max_checkers);
	ATF_CHECK_EQ(6000, settings.s.checks.checker_timeout_ms);
	p = r.msg.tail;
	left = r.msg.tail_len;
	expect_text(&p, &left, "");
	expect_text(&p, &left, "Us");
	expect_text(&p, &left, "/s");
	ATF_CHECK_EQ(0, left);
	msg_free(&r.msg);

	expect(&r, MSG_CLIENT, &client);
	ATF_CHECK_EQ(CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT |
	    CLIENT_HAS_KEYID, client.f.flags);
	ATF_CHECK_STREQ(KEYID, keyid_print(client.f.keyid, hex));
	ATF_CHECK_EQ(1000, client.f.timeout_ms);
	ATF_CHECK_EQ(2000, client.f.extended_timeout_ms);
	ATF_CHECK_EQ(3000, client.f.interval_ms);
	ATF_CHECK_EQ(4000, client.f.approval_delay_ms);
	ATF_CHECK_EQ(5000, client.f.approval_duration_ms);
	p = r.msg.tail;
	left = r.msg.tail_len;
	expect_text(&p, &left, "one");
	expect_text(&p, &left, "h1");
	expect_text(&p, &left, "c %(host)s");
	expect_text(&p, &left, KEYID);
	expect_text(&p, &left, "01AB");
	ATF_REQUIRE_EQ(0, tail_get(&p, &left, SECRET_MAX, &secret, &len));
	ATF_CHECK_EQ(4, len);
	ATF_CHECK_EQ(0, memcmp(secret, "\0\1\2\3", 4));
	ATF_CHECK_EQ(0, left);
	msg_free(&r.msg);

	expect(&r, MSG_CLIENT, &client);
	ATF_CHECK_EQ(0, client.f.flags);
	p = r.msg.tail;
	left = r.msg.tail_len;
	expect_text(&p, &left, "two");
	expect_text(&p, &left, "h2");
	expect_text(&p, &left, "fping -q -- %(host)s");
	expect_text(&p, &left, "");
	expect_text(&p, &left, "");
	ATF_REQUIRE_EQ(0, tail_get(&p, &left, SECRET_MAX, &secret, &len));
	ATF_CHECK_EQ(11, len);
	ATF_CHECK_EQ(0, memcmp(secret, "from a file", 11));
	msg_free(&r.msg);

	expect(&r, MSG_CONF_END, &end);
	ATF_CHECK_EQ(2, end.clients);
	msg_free(&r.msg);
	expect_end(&r, 0);
}

ATF_TC(messages__none_of_a_bad_one);
ATF_TC_HEAD(messages__none_of_a_bad_one, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "a bad configuration, and a mere question, send nothing");
}
ATF_TC_BODY(messages__none_of_a_bad_one, tc)
{
	struct reader r;

	write_example();
	start(tc, &r, "-n", NULL, NULL);
	expect_end(&r, 0);
	start(tc, &r, "-T", NULL, NULL);
	expect_end(&r, 0);
	start(tc, &r, "--help", NULL, NULL);
	expect_end(&r, 0);
	start(tc, &r, "--version", NULL, NULL);
	expect_end(&r, 0);
	start(tc, &r, "--nonsense", NULL, NULL);
	expect_end(&r, 2);
	start(tc, &r, "--no-zeroconf", "--port=0", NULL);
	expect_end(&r, 2);
	start(tc, &r, "--port=65536", NULL, NULL);
	expect_end(&r, 78);
	/* The last client is the bad one. */
	write_file("etc/clients.conf", "[one]\nsecret = AAAA\n"
	    "[two]\nsecret = A\n");
	start(tc, &r, NULL, NULL, NULL);
	expect_end(&r, 78);
}

ATF_TC(messages__of_a_directory);
ATF_TC_HEAD(messages__of_a_directory, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "clients.conf comes first, then clients.d by the names' bytes");
}
ATF_TC_BODY(messages__of_a_directory, tc)
{
	static const char *const names[] = { "first", "upper", "lower",
		"umlaut" };
	struct reader r;
	struct msg_settings settings;
	struct msg_client client;
	struct msg_conf_end end;
	const uint8_t *p;
	size_t left, i;

	ATF_REQUIRE_EQ(0, mkdir("etc", 0700));
	ATF_REQUIRE_EQ(0, mkdir("etc/clients.d", 0700));
	write_file("etc/clients.conf", "[first]\nsecret =\n");
	write_file("etc/clients.d/b.conf", "[lower]\nsecret =\n");
	write_file("etc/clients.d/\303\244.conf", "[umlaut]\nsecret =\n");
	write_file("etc/clients.d/Z.conf", "[upper]\nsecret =\n");
	write_file("etc/clients.d/.conf", "nonsense");
	write_file("etc/clients.d/.hidden.conf", "nonsense");
	write_file("etc/clients.d/old.conf~", "nonsense");
	write_file("etc/clients.d/README", "nonsense");
	start(tc, &r, NULL, NULL, NULL);
	expect(&r, MSG_SETTINGS, &settings);
	msg_free(&r.msg);
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		expect(&r, MSG_CLIENT, &client);
		p = r.msg.tail;
		left = r.msg.tail_len;
		expect_text(&p, &left, names[i]);
		msg_free(&r.msg);
	}
	expect(&r, MSG_CONF_END, &end);
	ATF_CHECK_EQ(4, end.clients);
	msg_free(&r.msg);
	expect_end(&r, 0);
}

ATF_TC(messages__of_a_reload);
ATF_TC_HEAD(messages__of_a_reload, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "no file of clients is an error if it is not the first time");
}
ATF_TC_BODY(messages__of_a_reload, tc)
{
	struct reader r;
	struct msg_settings settings;
	struct msg_client client;
	struct msg_conf_end end;

	ATF_REQUIRE_EQ(0, mkdir("etc", 0700));
	ATF_REQUIRE_EQ(0, mkdir("etc/clients.d", 0700));
	start(tc, &r, NULL, NULL, NULL);
	expect(&r, MSG_SETTINGS, &settings);
	msg_free(&r.msg);
	expect(&r, MSG_CONF_END, &end);
	ATF_CHECK_EQ(0, end.clients);
	msg_free(&r.msg);
	expect_end(&r, 0);

	ATF_REQUIRE_EQ(0, setenv("MANDOS_RELOAD", "", 1));
	start(tc, &r, NULL, NULL, NULL);
	expect_complaint(&r, "etc: there is no clients.conf any more");
	expect_end(&r, 78);
	/* The first of all is said, and what it says is not a value. */
	write_file("etc/clients.d/a.conf", "[a]\ntimeout = canary\n");
	start(tc, &r, NULL, NULL, NULL);
	expect_complaint(&r, "etc/clients.d/a.conf:2: timeout is not a "
	    "duration, such as PT5M or P1DT12H");
	expect_end(&r, 78);
	start(tc, &r, "--no-zeroconf", NULL, NULL);
	expect_complaint(&r, "etc/mandos.conf: Needs port or socket to work "
	    "without Zeroconf");
	expect_end(&r, 78);
	/* Who wants to know for himself sees the log. */
	start(tc, &r, "--config-test", NULL, NULL);
	expect_end(&r, 78);
	write_file("etc/clients.d/a.conf", "[a]\nsecret =\n");
	start(tc, &r, NULL, NULL, NULL);
	expect(&r, MSG_SETTINGS, &settings);
	msg_free(&r.msg);
	expect(&r, MSG_CLIENT, &client);
	msg_free(&r.msg);
	expect(&r, MSG_CONF_END, &end);
	msg_free(&r.msg);
	expect_end(&r, 0);
}

ATF_TC(messages__of_check);
ATF_TC_HEAD(messages__of_check, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "--check reads no file and passes itself on");
}
ATF_TC_BODY(messages__of_check, tc)
{
	struct reader r;
	struct msg_settings settings;
	struct msg_conf_end end;

	ATF_REQUIRE_EQ(0, mkdir("etc", 0700));
	write_file("etc/mandos.conf", "nonsense\n");
	write_file("etc/clients.conf", "nonsense\n");
	start(tc, &r, "--check", NULL, NULL);
	expect(&r, MSG_SETTINGS, &settings);
	ATF_CHECK(settings.s.flags & SETTING_CHECK);
	msg_free(&r.msg);
	expect(&r, MSG_CONF_END, &end);
	ATF_CHECK_EQ(0, end.clients);
	msg_free(&r.msg);
	expect_end(&r, 0);
}

ATF_TC(messages__largest);
ATF_TC_HEAD(messages__largest, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "the largest secret is sent, beside long texts");
}
ATF_TC_BODY(messages__largest, tc)
{
	struct reader r;
	struct msg_settings settings;
	struct msg_client client;
	struct msg_conf_end end;
	FILE *f;
	int extra, i;

	ATF_REQUIRE_EQ(0, mkdir("etc", 0700));
	write_file("secret", "");
	ATF_REQUIRE_EQ(0, truncate("secret", SECRET_MAX));
	for (extra = 0; extra < 2; extra++) {
		ATF_REQUIRE((f = fopen("etc/clients.conf", "w")) != NULL);
		fprintf(f, "[a]\nsecfile = secret\nchecker = 22\n"
		    "key_id = 333\nfingerprint = 4444\nhost = ");
		/* The strings may have so much, less the others'. */
		for (i = 0; i < 60000 - 1 - 2 - 3 - 4 + extra; i++)
			fputc('x', f);
		ATF_REQUIRE_EQ(0, fclose(f));
		start(tc, &r, NULL, NULL, NULL);
		if (extra == 1) {
			expect_end(&r, 78);
			break;
		}
		expect(&r, MSG_SETTINGS, &settings);
		msg_free(&r.msg);
		expect(&r, MSG_CLIENT, &client);
		ATF_CHECK_EQ(6 * sizeof(uint32_t) + 60000 + SECRET_MAX,
		    r.msg.tail_len);
		msg_free(&r.msg);
		expect(&r, MSG_CONF_END, &end);
		msg_free(&r.msg);
		expect_end(&r, 0);
	}
}

ATF_TC(clients__ten_thousand);
ATF_TC_HEAD(clients__ten_thousand, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "ten thousand clients are read in half a second");
}
ATF_TC_BODY(clients__ten_thousand, tc)
{
	struct reader r;
	struct msg_settings settings;
	struct msg_client client;
	struct msg_conf_end end;
	int64_t cpu_ms;
	FILE *f;
	int i, k;

	ATF_REQUIRE_EQ(0, mkdir("etc", 0700));
	ATF_REQUIRE((f = fopen("etc/clients.conf", "w")) != NULL);
	for (i = 0; i < 10000; i++) {
		fprintf(f, "[client%d]\nkey_id = %064X\nhost = h%d\n"
		    "secret =\n", i, i, i);
		/* An OpenPGP message for an RSA key: about a kilobyte. */
		for (k = 0; k < 16; k++)
			fprintf(f, "\tAAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ"
			    "KKKKLLLLMMMMNNNNOOOOPPPPQQQQRRRRSSSSTTTT\n");
	}
	ATF_REQUIRE_EQ(0, fclose(f));
	start(tc, &r, NULL, NULL, NULL);
	expect(&r, MSG_SETTINGS, &settings);
	msg_free(&r.msg);
	for (i = 0; i < 10000; i++) {
		expect(&r, MSG_CLIENT, &client);
		msg_free(&r.msg);
	}
	expect(&r, MSG_CONF_END, &end);
	ATF_CHECK_EQ(10000, end.clients);
	msg_free(&r.msg);
	cpu_ms = expect_end(&r, 0);
	printf("%lld ms\n", (long long)cpu_ms);
#ifndef __SANITIZE_ADDRESS__
	ATF_CHECK(cpu_ms < 500);
#endif
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, messages__of_a_configuration);
	ATF_TP_ADD_TC(tp, messages__none_of_a_bad_one);
	ATF_TP_ADD_TC(tp, messages__of_a_directory);
	ATF_TP_ADD_TC(tp, messages__of_a_reload);
	ATF_TP_ADD_TC(tp, messages__of_check);
	ATF_TP_ADD_TC(tp, messages__largest);
	ATF_TP_ADD_TC(tp, clients__ten_thousand);
	return atf_no_error();
}
