/* SPDX-License-Identifier: ISC */
/*
 * Checkers as processes: how they are started, how they end, and that nothing
 * is left of them, whatever they are up to.
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>

#include "loop.h"
#include "warden.h"

#define LATE_MS 1500	/* for a slow machine; no test is about so little */

#define CASE_FOR(user, name, text)					\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", text);				\
	atf_tc_set_md_var(tc, "timeout", "120");			\
	if (*(user) != '\0')						\
		atf_tc_set_md_var(tc, "require.user", user);		\
}									\
ATF_TC_BODY(name, tc)
#define CASE(name, text) CASE_FOR("", name, text)

#define BETWEEN(least, value, most) do {				\
	int64_t v = (value);						\
									\
	ATF_CHECK_MSG(v >= (least) && v <= (most), "%s is %lld", #value, \
	    (long long)v);						\
} while (0)

/* Run this checker once, and see it end so. */
static void
check(const char *checker, int status)
{
	text[TEXT_CHECKER] = checker;
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, checker);
	warden_done(1, status);
}

/* Its exit status is 0. */
#define HOLDS(checker) check(checker, 0)

CASE(exit__each_status, "0 to 255 are told apart")
{
	static char checkers[256][16];
	static int seen[256];
	struct heard heard;
	int i;

	(void)tc;
	warden_start();
	for (i = 0; i < 256; i++) {
		snprintf(checkers[i], sizeof checkers[i], "exit %d", i);
		text[TEXT_CHECKER] = checkers[i];
		warden_order((uint32_t)i + 1, CHECK_NOW, 0);
	}
	for (i = 0; i < 512; i++) {
		ATF_REQUIRE_EQ(1, warden_hear(&heard, 10000));
		ATF_CHECK_STREQ(checkers[heard.number - 1], heard.command);
		if (heard.type != MSG_CHECK_DONE)
			continue;
		ATF_CHECK_EQ(W_EXITCODE((int)heard.number - 1, 0),
		    heard.status);
		seen[heard.number - 1]++;
	}
	for (i = 0; i < 256; i++)
		ATF_CHECK_EQ(1, seen[i]);
	ATF_CHECK_EQ(1, log_has("Checker for foo succeeded\n"));
	ATF_CHECK_EQ(255, log_has("Checker for foo failed\n"));
}

/* Those by which a process ends, if it does nothing about them. */
static int
ends_a_process(int signo)
{
	switch (signo) {
	case SIGCHLD:
	case SIGCONT:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGURG:
	case SIGWINCH:
		return 0;
	default:
		return signo < 32 || signo >= SIGRTMIN;
	}
}

CASE(signal__each, "each one is told, and no core is dumped")
{
	char checker[64];
	unsigned int count = 0;
	int i;

	(void)tc;
	warden_start();
	for (i = 1; i <= SIGRTMAX; i++)
		if (ends_a_process(i)) {
			snprintf(checker, sizeof checker, "kill -%d $$", i);
			check(checker, i);
			count++;
		}
	ATF_CHECK_EQ(count, log_has("<4>mandos-checkerd: Checker for foo "
	    "crashed?\n"));
	/* Inside the shell it is the shell that tells. */
	check("sh -c 'kill -9 $$'; exit $?", W_EXITCODE(137, 0));
}

CASE(command__not_found, "is as the shell says, and so is an empty one")
{
	(void)tc;
	warden_start();
	check("/nonexistent/checker", W_EXITCODE(127, 0));
	check("/etc/passwd", W_EXITCODE(126, 0));
	check("", 0);
	check("'", W_EXITCODE(2, 0));
}

CASE(command__of_any_length, "up to what a program can be given")
{
	static char checker[COMMAND_MAX + 2];

	(void)tc;
	warden_start();
	memset(checker, ' ', 100000);
	strlcpy(checker + 100000, "exit 5", sizeof checker - 100000);
	text[TEXT_CHECKER] = checker;
	warden_order(1, CHECK_NOW, 0);
	{
		struct heard heard;

		ATF_REQUIRE_EQ(1, warden_hear(&heard, 10000));
		ATF_CHECK_EQ(MSG_CHECK_STARTED, heard.type);
	}
	warden_done(1, W_EXITCODE(5, 0));
}

/* What a checker finds when it starts. */

CASE(start__environment, "the server's own; the root directory; the umask")
{
	(void)tc;
	ATF_REQUIRE(setenv("SOME_SETTING", "a value", 1) == 0);
	ATF_REQUIRE(setenv("EXPECTED_PATH", getenv("PATH"), 1) == 0);
	umask(0027);
	warden_start();
	HOLDS("[ \"$SOME_SETTING\" = 'a value' ]");
	HOLDS("[ \"$PATH\" = \"$EXPECTED_PATH\" ]");
	HOLDS("[ \"$(readlink /proc/self/cwd)\" = / ]");
	HOLDS("[ \"$(umask)\" = 0027 ]");
}

/* Descriptors but 0 to 2. */
#define NO_OTHERS							\
	"i=3; while [ $i -lt 64 ]; do [ ! -e /proc/$$/fd/$i ] || exit 1; "  \
	"i=$((i+1)); done"

CASE(start__descriptors, "three, and all are /dev/null")
{
	int fd;

	(void)tc;
	/* Such as a server might be started with. */
	ATF_REQUIRE((fd = open("/etc/passwd", O_RDONLY)) != -1);
	ATF_REQUIRE(dup2(fd, 17) == 17);
	warden_start();
	HOLDS(NO_OTHERS);
	HOLDS("for fd in 0 1 2; do "
	    "[ \"$(readlink /proc/$$/fd/$fd)\" = /dev/null ] || exit 1; done");
	check("read -r line", W_EXITCODE(1, 0));
	HOLDS("echo line && echo line >&2");
	ATF_CHECK_EQ(0, log_has("line\n"));
}

CASE(start__session, "one of its own, without a terminal")
{
	(void)tc;
	warden_start();
	/* Process group, session and terminal are fields 5 to 7. */
	HOLDS("read -r pid name state parent group session tty rest "
	    "</proc/$$/stat && [ $group = $$ ] && [ $session = $$ ] && "
	    "[ $tty = 0 ]");
}

CASE(start__signals, "nothing is blocked or ignored")
{
	sigset_t set;
	int i;

	(void)tc;
	sigfillset(&set);
	for (i = 1; i < 32; i++)
		if (i != SIGKILL && i != SIGSTOP && i != SIGCHLD)
			ATF_REQUIRE(signal(i, SIG_IGN) != SIG_ERR);
	warden_start();
	/* Signals 32 and 33 are the C library's own affair. */
	HOLDS("[ \"$(grep -c -e '^SigBlk:\t0000000000000000$' "
	    "-e '^SigIgn:\t0000000[01][08]0000000$' /proc/self/status)\" "
	    "= 2 ]");
}

CASE(start__limits, "no core, processes, files as the server")
{
	struct rlimit limit;

	(void)tc;
	ATF_REQUIRE(getrlimit(RLIMIT_NPROC, &limit) == 0);
	if (limit.rlim_max < 4096)
		atf_tc_skip("this user may not have many processes");
	ATF_REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 123;
	ATF_REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	limits.limits.max_checkers = 100;
	warden_start();
	HOLDS("[ \"$(ulimit -S -n)\" = 123 ]");
	/* It comes a moment after the start. */
	HOLDS("until [ \"$(ulimit -S -p)\" = 3200 ]; do sleep 0.01; done; "
	    "[ \"$(ulimit -H -p)\" = 3200 ]");
	HOLDS("[ \"$(ulimit -f)\" = unlimited ]");
	warden_hang_up();
	ATF_CHECK_EQ(0, warden_wait());
}

CASE_FOR("root", start__power, "one capability, and no way to any other")
{
	(void)tc;
	warden_start();
	HOLDS("[ \"$(grep -c '^Cap[A-Z][a-z]*:\t0000000000002000$' "
	    "/proc/self/status)\" = 5 ]");
	HOLDS("grep -q '^NoNewPrivs:\t1$' /proc/self/status");
	HOLDS("grep -q '^Seccomp:\t2$' /proc/self/status");
	HOLDS("[ \"$(id -un)\" = " CHECKER_USER " ]");
	HOLDS("[ \"$(grep '^Groups:' /proc/self/status)\" = 'Groups:\t ' ]");
	HOLDS("! unshare --user true 2>/dev/null");
	HOLDS("! cat /etc/shadow 2>/dev/null");
	HOLDS("! cat /proc/$PPID/environ 2>/dev/null");
	HOLDS("! ls /proc/$PPID/fd 2>/dev/null");
}

CASE_FOR("root", start__ping, "fping works, as the manual has it")
{
	(void)tc;
	if (system("command -v fping >/dev/null") != 0)
		atf_tc_skip("fping is not installed");
	warden_start();
	text[TEXT_HOST] = "::1";
	text[TEXT_CHECKER] = "fping -q -- %(host)s";
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, "fping -q -- ::1");
	warden_done(1, 0);
}

CASE(host__hostile, "is one word to the checker")
{
	static const char *const hosts[] = { "a'b\"c", "$(touch made)",
		"`touch made`", "'; touch made; '", "a\nb\n", "100%",
		"%(name)s", "-n", "", "\033]0;title\007", "b\303\245r" };
	char command[512];
	struct heard heard;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		snprintf(command, sizeof command, "HOST%zu", i);
		ATF_REQUIRE(setenv(command, hosts[i], 1) == 0);
	}
	warden_start();
	for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		snprintf(command, sizeof command,
		    "touch made-%zu; [ x%%(host)s = x\"$HOST%zu\" ]", i, i);
		text[TEXT_HOST] = hosts[i];
		text[TEXT_CHECKER] = command;
		warden_order(1, CHECK_NOW, 0);
		ATF_REQUIRE_EQ(1, warden_hear(&heard, 10000));
		ATF_CHECK_EQ(MSG_CHECK_STARTED, heard.type);
		warden_done(1, 0);
	}
	ATF_CHECK(access("made", F_OK) == -1);
	/* No host name makes a line of its own in the log. */
	ATF_CHECK_EQ(2 * i, log_has("<6>mandos-checkerd: "));
	ATF_CHECK_EQ(2 * i, log_has("\n"));
}

/* Deadlines. */

CASE(deadline__configured, "is that of all checkers")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	limits.limits.checker_timeout_ms = 1200;
	warden_start();
	begin = loop_now();
	text[TEXT_CHECKER] = "sleep 1000 & sleep 1000";
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, text[TEXT_CHECKER]);
	heard = warden_done(1, SIGTERM);
	BETWEEN(1200, heard->at_ms - begin, 1200 + LATE_MS);
	ATF_CHECK_EQ(1, log_has("<4>mandos-checkerd: Checker for foo takes too "
	    "long and is stopped\n"));
	no_survivors();
}

CASE(deadline__of_the_client, "is its timeout, if there is no other")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	fields.timeout_ms = 1300;
	warden_start();
	begin = loop_now();
	text[TEXT_CHECKER] = "sleep 1000";
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, text[TEXT_CHECKER]);
	heard = warden_done(1, SIGTERM);
	BETWEEN(1300, heard->at_ms - begin, 1300 + LATE_MS);
}

CASE(deadline__is_heeded, "a checker can end as it likes when it is told to")
{
	(void)tc;
	limits.limits.checker_timeout_ms = 1000;
	warden_start();
	check("trap 'exit 4' TERM; while :; do sleep 0.05; done",
	    W_EXITCODE(4, 0));
	no_survivors();
}

CASE(deadline__is_ignored, "then it is killed")
{
	const struct heard *heard;
	int64_t begin;

	(void)tc;
	limits.limits.checker_timeout_ms = 1000;
	warden_start();
	begin = loop_now();
	text[TEXT_CHECKER] = "trap '' TERM; sleep 1000; sleep 1000";
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, text[TEXT_CHECKER]);
	heard = warden_done(1, SIGKILL);
	BETWEEN(3000, heard->at_ms - begin, 3000 + LATE_MS);
	no_survivors();
	/* Also one that does not even run. */
	check("kill -STOP $$", SIGKILL);
}

/* What is left. */

CASE(survivors__of_the_group, "are killed when the shell has ended")
{
	(void)tc;
	warden_start();
	check("sleep 1000 & sleep 1000 & exit 3", W_EXITCODE(3, 0));
	no_survivors();
	check("(trap '' HUP TERM INT QUIT; sleep 1000) & kill -9 $$", SIGKILL);
	no_survivors();
}

CASE(survivors__of_other_groups, "likewise")
{
	(void)tc;
	warden_start();
	check("set -m; sleep 1000 & (sleep 1000; sleep 1000) & :", 0);
	no_survivors();
}

CASE(survivors__of_other_sessions, "likewise, however deep")
{
	(void)tc;
	warden_start();
	check("setsid sleep 1000 & setsid -f sleep 1000; :", 0);
	no_survivors();
	check("setsid -f setsid -f sh -c 'trap \"\" TERM HUP; "
	    "setsid sh -c \"sleep 1000 & sleep 1000\" & sleep 1000'; :", 0);
	no_survivors();
}

CASE(survivors__of_a_stop, "likewise, if they were ordered to end")
{
	(void)tc;
	warden_start();
	text[TEXT_CHECKER] = "setsid -f sleep 1000; trap '' TERM; sleep 1000 & "
	    "set -m; sleep 1000 & while :; do sleep 0.1; done";
	warden_order(1, CHECK_NOW, 0);
	warden_started(1, text[TEXT_CHECKER]);
	has_survivors(5);
	warden_order(1, CHECK_CEASE, 0);
	no_survivors();
	warden_silent(100);
}

CASE(survivors__of_others, "are not killed while their checker runs")
{
	int i;

	(void)tc;
	warden_start();
	/* Given to us while it runs, but in its session. */
	text[TEXT_CHECKER] = "(sleep 1000 & echo $!) | { read -r pid; "
	    "sleep 1; kill -0 $pid && exit 7; }";
	warden_order(2, CHECK_NOW, 0);
	warden_started(2, text[TEXT_CHECKER]);
	/* While others end, and we look for what they have left. */
	for (i = 0; i < 10; i++)
		check("sleep 0.02; exit 3", W_EXITCODE(3, 0));
	warden_done(2, W_EXITCODE(7, 0));
	no_survivors();
}

CASE(thousand__children, "all end with their checker")
{
	(void)tc;
	warden_start();
	/* Two, if the user may not have so many processes. */
	check("i=0; while [ $i -lt 1000 ]; do sleep 1000 & i=$((i+1)); done; "
	    "exit 2", W_EXITCODE(2, 0));
	no_survivors();
}

CASE(thousand__daemons, "likewise")
{
	(void)tc;
	warden_start();
	check("i=0; while [ $i -lt 500 ]; do setsid -f sleep 1000; "
	    "(setsid sleep 1000 &); i=$((i+1)); done; exit 2",
	    W_EXITCODE(2, 0));
	no_survivors();
}

CASE(hydra__is_slain, "who never stays one process is killed all the same")
{
	char checker[1024];
	int64_t begin = loop_now();
	int i;

	(void)tc;
	warden_start();
	snprintf(checker, sizeof checker, "%s & sleep 0.1; exit 3", HYDRA_PATH);
	for (i = 0; i < 5; i++)
		check(checker, W_EXITCODE(3, 0));
	/* It is quick: to have missed it once means nothing. */
	for (i = 0; i < 50; i++)
		no_survivors();
	/* After ten seconds it would have given up by itself. */
	BETWEEN(0, loop_now() - begin, 9000);
}

CASE(bomb__has_a_limit, "checkerd lives, and other checkers come to run")
{
	(void)tc;
	/* No other test is to run into this limit. */
	warden_apart = 1;
	limits.limits.checker_timeout_ms = 5000;
	limits.log_level = 4;
	warden_start();
	text[TEXT_CHECKER] = "f() { f & f & sleep 1000; }; f";
	warden_order(2, CHECK_NOW, 0);
	warden_started(2, text[TEXT_CHECKER]);
	has_survivors(100);
	/* Whatever the shell can do without forking. */
	check("exit 3", W_EXITCODE(3, 0));
	no_survivors();
}

CASE(end__leaves_nothing, "nor does the end of checkerd, by either way")
{
	(void)tc;
	text[TEXT_CHECKER] = "setsid -f sleep 1000; trap '' TERM; sleep 1000 & "
	    "set -m; sleep 1000 & while :; do sleep 0.1; done";
	warden_start();
	warden_order(1, CHECK_NOW, 0);
	warden_order(2, CHECK_NOW, 0);
	has_survivors(10);
	warden_hang_up();
	ATF_CHECK_EQ(0, warden_wait());
	ATF_CHECK_EQ(0, survivors());

	warden_start();
	warden_order(1, CHECK_NOW, 0);
	has_survivors(5);
	ATF_REQUIRE(kill(warden_pid(), SIGTERM) == 0);
	ATF_CHECK_EQ(0, warden_wait());
	ATF_CHECK_EQ(0, survivors());
	warden_hang_up();
}

/* Output. */

CASE(output__gigabyte, "is thrown away")
{
	(void)tc;
	warden_start();
	HOLDS("head -c 1G /dev/zero; head -c 1M /dev/zero >&2");
}

static off_t
log_size(void)
{
	struct stat st;

	ATF_REQUIRE(stat("log", &st) == 0);
	return st.st_size;
}

CASE(output__gigabyte_in_debug, "is thrown away but for its beginning")
{
	(void)tc;
	limits.debug = 1;
	warden_start();
	HOLDS("yes 'this is a line' | head -c 1G");
	ATF_CHECK(log_has("<7>mandos-checkerd: Checker for foo prints: this is "
	    "a line\n") > 3000);
	BETWEEN(65536, log_size(), 10 * 65536);
	no_survivors();
}

CASE(output__in_debug, "is logged, line by line")
{
	(void)tc;
	limits.debug = 1;
	warden_start();
	HOLDS("echo one; echo two >&2; printf 'a\\tb\\000c\\033'");
	ATF_CHECK_EQ(1, log_has("Checker for foo prints: one\n"));
	ATF_CHECK_EQ(1, log_has("Checker for foo prints: two\n"));
	ATF_CHECK_EQ(1, log_has("Checker for foo prints: a\\x09b c\\x1b\n"));
	/* Nobody reads it when the checker has ended. */
	HOLDS("(sleep 0.2; echo three) & echo four");
	ATF_CHECK_EQ(1, log_has("Checker for foo prints: four\n"));
	no_survivors();
	ATF_CHECK_EQ(0, log_has("Checker for foo prints: three\n"));
	HOLDS(NO_OTHERS "; [ \"$(readlink /proc/$$/fd/0)\" = /dev/null ]");
}

CASE(output__closed, "is no end of a checker, and nothing to wait for")
{
	(void)tc;
	limits.debug = 1;
	warden_start();
	/* The processor time of checkerd is fields 14 and 15. */
	check("exec >/dev/null 2>&1; sleep 1; "
	    "set -- $(cat /proc/$PPID/stat); [ $((${14} + ${15})) -lt 15 ]", 0);
}

/* Failure. */

CASE(start__impossible, "is logged, and tried again")
{
	const struct rlimit none = { 0, 0 };

	(void)tc;
	if (geteuid() != 0)
		atf_tc_skip("the test itself could start nothing either");
	ATF_REQUIRE(setrlimit(RLIMIT_NPROC, &none) == 0);
	warden_start();
	fields.interval_ms = 300;
	warden_order(1, CHECK_SCHEDULE, 0);
	warden_silent(1000);
	ATF_CHECK(log_has("<4>mandos-checkerd: the checker for foo cannot be "
	    "started: Resource temporarily unavailable\n") >= 2);
}

/* A CHECK with this tail; it is to end checkerd, or not. */
static void
try_message(uint32_t number, const char *tail, size_t len, int is_good)
{
	struct msg_check m = { .f = fields, .orders = CHECK_NOW };

	m.f.number = number;
	warden_start();
	warden_send(MSG_CHECK, &m, tail, len);
	if (is_good) {
		warden_started(number, "");
		warden_done(number, 0);
		warden_hang_up();
		ATF_CHECK_EQ(0, warden_wait());
		return;
	}
	ATF_CHECK_EQ(W_EXITCODE(1, 0), warden_wait());
	ATF_CHECK_EQ(1, log_has("<3>mandos-checkerd: message CHECK of the "
	    "warden: not a client\n"));
	warden_hang_up();
}

CASE(message__that_is_none, "is the end of checkerd")
{
	/* Five strings; all but the first are empty, and one byte follows. */
	static const char good[] = "\1\0\0\0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	static const char nul[] =
	    "\2\0\0\0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	const size_t len = sizeof good - 1;

	(void)tc;
	try_message(1, good, len, 1);
	try_message(0, good, len, 0);
	try_message(1, good, len + 1, 0);
	try_message(1, good, len - 1, 0);
	try_message(1, good, len - 4, 0);
	try_message(1, nul, sizeof nul - 1, 0);
	try_message(1, "\377\377\377\377", 4, 0);
	try_message(1, "", 0, 0);
}

CASE(message__out_of_order, "likewise")
{
	(void)tc;
	warden_start();
	warden_send(MSG_CHECK_START, &limits, NULL, 0);
	ATF_CHECK_EQ(W_EXITCODE(1, 0), warden_wait());
	ATF_CHECK_EQ(1, log_has("message CHECK_START of the warden: out of "
	    "order\n"));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, exit__each_status);
	ATF_TP_ADD_TC(tp, signal__each);
	ATF_TP_ADD_TC(tp, command__not_found);
	ATF_TP_ADD_TC(tp, command__of_any_length);
	ATF_TP_ADD_TC(tp, start__environment);
	ATF_TP_ADD_TC(tp, start__descriptors);
	ATF_TP_ADD_TC(tp, start__session);
	ATF_TP_ADD_TC(tp, start__signals);
	ATF_TP_ADD_TC(tp, start__limits);
	ATF_TP_ADD_TC(tp, start__power);
	ATF_TP_ADD_TC(tp, start__ping);
	ATF_TP_ADD_TC(tp, start__impossible);
	ATF_TP_ADD_TC(tp, host__hostile);
	ATF_TP_ADD_TC(tp, deadline__configured);
	ATF_TP_ADD_TC(tp, deadline__of_the_client);
	ATF_TP_ADD_TC(tp, deadline__is_heeded);
	ATF_TP_ADD_TC(tp, deadline__is_ignored);
	ATF_TP_ADD_TC(tp, survivors__of_the_group);
	ATF_TP_ADD_TC(tp, survivors__of_other_groups);
	ATF_TP_ADD_TC(tp, survivors__of_other_sessions);
	ATF_TP_ADD_TC(tp, survivors__of_a_stop);
	ATF_TP_ADD_TC(tp, survivors__of_others);
	ATF_TP_ADD_TC(tp, thousand__children);
	ATF_TP_ADD_TC(tp, thousand__daemons);
	ATF_TP_ADD_TC(tp, hydra__is_slain);
	ATF_TP_ADD_TC(tp, bomb__has_a_limit);
	ATF_TP_ADD_TC(tp, end__leaves_nothing);
	ATF_TP_ADD_TC(tp, output__gigabyte);
	ATF_TP_ADD_TC(tp, output__gigabyte_in_debug);
	ATF_TP_ADD_TC(tp, output__in_debug);
	ATF_TP_ADD_TC(tp, output__closed);
	ATF_TP_ADD_TC(tp, message__that_is_none);
	ATF_TP_ADD_TC(tp, message__out_of_order);
	return atf_no_error();
}
