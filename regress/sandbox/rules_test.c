/* SPDX-License-Identifier: ISC */
/*
 * The rule tables: under each real filter everything that a taken-over
 * process would like to do is tried.
 */
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>
#include <cap-ng.h>
#include <seccomp.h>

#include "child.h"
#include "log.h"
#include "rules_kit.h"

/* A bit for each table that something is about. */
#define MONITOR (1U << RULES_MONITOR)
#define CONF	(1U << RULES_CONF)
#define WARDEN	(1U << RULES_WARDEN)
#define STATE	(1U << RULES_STATE)
#define NETD	(1U << RULES_NETD)
#define SESSION (1U << RULES_SESSION)
#define CHECKERD (1U << RULES_CHECKERD)	/* refuses, but kills nobody */
#define BUSD	(1U << RULES_BUSD)
#define IMPORT	(1U << RULES_IMPORT)
#define AGENT	(1U << RULES_AGENT)
#define CLIENT	(1U << RULES_CLIENT_NET)
#define DECRYPT (1U << RULES_CLIENT_DECRYPT)	/* refuses, on top of those */
#define ALL							\
	(MONITOR | CONF | WARDEN | STATE | NETD | SESSION | BUSD | IMPORT | \
	AGENT | CLIENT)
#define EACH	(ALL | CHECKERD | DECRYPT)

#ifdef __x86_64__
static long
call_i386(void)
{
	long number = 20;	/* getpid */

	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
	return number;
}
#endif

/* What comes of an attempt, kept so that no compiler leaves it out. */
static volatile long gain;

#define FORBIDDEN(name, tables, ...)					\
static void								\
try_##name(void)							\
{									\
	gain = (long)(__VA_ARGS__);					\
}
#include "forbidden.def"
#undef FORBIDDEN

static const struct attempt {
	const char *name;
	void (*attempt)(void);
	unsigned int tables;
} attempts[] = {
#define FORBIDDEN(name, tables, ...) { #name, try_##name, tables },
#include "forbidden.def"
#undef FORBIDDEN
};

#define MERELY_FAILED 77	/* exit status */
#define WAS_REFUSED 78

/* Rows that refuse, instead of to kill, are for sanitizers only. */
#ifdef SANDBOX_SANITIZER
static const int may_merely_fail = 1;
#else
static const int may_merely_fail;
#endif

static void
attempt_under(enum sandbox_rules rules, const struct attempt *attempt)
{
	pid_t pid;
	int status;

	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		enter(rules);
		errno = 0;
		attempt->attempt();
		/* Root, with all its power, has no other reason to fail so. */
		if (merely_refuses(rules) && (errno == EPERM ||
		    (errno == ENOSYS && attempt->attempt == try_clone3)))
			_exit(WAS_REFUSED);
		_exit(errno == EACCES || errno == EPERM ? MERELY_FAILED : 0);
	}
	ATF_REQUIRE(waitpid(pid, &status, 0) == pid);
	if (merely_refuses(rules) && WIFEXITED(status) &&
	    WEXITSTATUS(status) == WAS_REFUSED)
		return;
	if (may_merely_fail && WIFEXITED(status) &&
	    WEXITSTATUS(status) == MERELY_FAILED)
		return;
	ATF_CHECK_MSG(is_refused(status), "%s under %s: status %#x",
	    attempt->name, table_names[rules], (unsigned)status);
}

ATF_TC(forbidden__is_refused);
ATF_TC_HEAD(forbidden__is_refused, tc)
{
	atf_tc_set_md_var(tc, "descr", "every attempt in forbidden.def ends "
	    "the process, or fails in a checker");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(forbidden__is_refused, tc)
{
	size_t i;
	int t;

	(void)tc;
	set_up();
	for (i = 0; i < sizeof attempts / sizeof *attempts; i++)
		for (t = 0; t < TABLES; t++)
			if (attempts[i].tables & 1U << t)
				attempt_under((enum sandbox_rules)t,
				    &attempts[i]);
	clean_up();
}

/* Is ${call} in a table?  A session needs it in netd's, too. */
static int
is_in_table(enum sandbox_rules rules, const char *call)
{
	const struct sandbox_rule *rule;

	for (rule = rules_base; rule->call != NULL; rule++)
		if (strcmp(rule->call, call) == 0)
			return 1;
	for (rule = tables[rules]; rule->call != NULL; rule++)
		if (strcmp(rule->call, call) == 0)
			return 1;
	return 0;
}

#define LAST_CALL 511	/* the kernel has fewer */

/*
 * Two calls, with which the kernel's own uprobes return to it, are answered
 * before any filter sees them; made by anybody else they do nothing.
 */
static int
is_uprobe(int number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	(void)number;
	return 0;
#endif
}

/* The child is as powerless as can be, in case that a filter has a hole. */
static void
call_under(enum sandbox_rules rules, int number)
{
	static const struct sandbox_id id = { .user = "nobody" };
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
	    number);
	pid_t pid;
	int status;

	if (is_uprobe(number) || (name != NULL && is_in_table(rules, name))) {
		free(name);
		return;
	}
	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		sandbox_drop(&id);
		enter(rules);
		syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
		_exit(0);
	}
	ATF_REQUIRE(waitpid(pid, &status, 0) == pid);
	ATF_CHECK_MSG(is_refused(status), "call %d (%s) under %s: status %#x",
	    number, name != NULL ? name : "no name", table_names[rules],
	    (unsigned)status);
	free(name);
}

ATF_TC(all_else__is_refused);
ATF_TC_HEAD(all_else__is_refused, tc)
{
	atf_tc_set_md_var(tc, "descr", "no system call but those in the table "
	    "can be made");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(all_else__is_refused, tc)
{
	int number, t;

	(void)tc;
	compile_filters();
	for (t = 0; t < TABLES; t++)
		for (number = 0; number <= LAST_CALL; number++)
			if (ALL & 1U << t)
				call_under((enum sandbox_rules)t, number);
}

/*
 * The reader may open any file, and still not look into the monitor.
 */
static void
read_sibling(const void *arg)
{
	static const int caps[] = { CAP_DAC_READ_SEARCH, -1 };
	static const struct sandbox_id as_monitor = { .user = NULL };
	static const struct sandbox_id as_reader = { .keep_caps = caps };
	static const char *const files[] = { "mem", "environ", "maps",
		"pagemap", "auxv", "io", "fd/0", "root/etc/passwd", "cwd/file",
		"exe", "stack", "syscall" };
	char path[64], c;
	size_t i;
	pid_t pid;
	int fds[2];

	(void)arg;
	MUST(pipe(fds) == 0 && (pid = fork()) != -1);
	if (pid == 0) {
		sandbox_drop(&as_monitor);
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		MUST(write(fds[1], "", 1) == 1);
		for (;;)
			pause();
	}
	MUST(read(fds[0], &c, 1) == 1);
	sandbox_drop(&as_reader);
	enter(RULES_CONF);
	MUST(open("/etc/shadow", O_RDONLY) != -1);
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, files[i]);
		/* Some can be opened by all, and then not be read. */
		fds[0] = open(path, O_RDONLY);
		if (fds[0] != -1 && read(fds[0], &c, 1) != -1)
			child_fails(path, __LINE__, "could be read");
	}
}

ATF_TC(reader__cannot_read_the_monitor);
ATF_TC_HEAD(reader__cannot_read_the_monitor, tc)
{
	atf_tc_set_md_var(tc, "descr", "files of /proc about another root "
	    "process stay shut");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(reader__cannot_read_the_monitor, tc)
{
	(void)tc;
	compile_filters();
	PASSES(read_sibling, NULL);
}

static void
enter_bare(const void *arg)
{
	(void)arg;
	if (geteuid() == 0)
		MUST(setresuid(65534, 65534, 65534) == 0);
	sandbox_enter_compiled(filters[RULES_MONITOR]);
}

ATF_TC_WITHOUT_HEAD(enter__that_fails_is_the_end);
ATF_TC_BODY(enter__that_fails_is_the_end, tc)
{
	(void)tc;
	compile_filters();
	/* The kernel refuses a filter to who could gain privileges by exec. */
	DIES(enter_bare, NULL, "seccomp: Permission denied");
}

/* sandbox_enter is compiling and loading in one. */
static void
enter_and_try(const void *arg)
{
	const enum sandbox_rules *rules = arg;
	const struct rlimit none = { 0, 0 };

	MUST(setrlimit(RLIMIT_CORE, &none) == 0);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	sandbox_enter(*rules);
	log_info("still there");
	/* Nobody may do this. */
	gain = unshare(CLONE_NEWUSER);
}

ATF_TC_WITHOUT_HEAD(enter__loads_the_table);
ATF_TC_BODY(enter__loads_the_table, tc)
{
	enum sandbox_rules rules;
	struct outcome o;
	char text[128] = "<6>child: still there\n";
	int t;

	(void)tc;
#ifdef SANDBOX_DEBUG
	snprintf(text + strlen(text), sizeof text - strlen(text),
	    "<2>sandbox: refused system call %04d\n", SYS_unshare);
#endif
	for (t = 0; t < TABLES; t++) {
		if (!(ALL & 1U << t))
			continue;
		rules = (enum sandbox_rules)t;
		child_run(&o, enter_and_try, &rules);
		ATF_CHECK_MSG(is_refused(o.status), "status %#x: %s",
		    (unsigned)o.status, o.text);
		ATF_CHECK_STREQ(text, o.text);
	}
}

/*
 * The tables as texts.
 */

static size_t
count_tests(const struct sandbox_rule *rule)
{
	size_t n;

	for (n = 0; n < SANDBOX_TESTS && rule->tests[n].mask != 0; n++)
		continue;
	return n;
}

/* Rows of one call are alternatives only if each of them has tests. */
static void
lint_pair(const char *table, const struct sandbox_rule *a,
    const struct sandbox_rule *b)
{
	if (strcmp(a->call, b->call) != 0)
		return;
	ATF_CHECK_MSG(count_tests(a) > 0 && count_tests(b) > 0,
	    "%s: %s has a row that swallows another", table, a->call);
	ATF_CHECK_MSG(memcmp(a->tests, b->tests, sizeof a->tests) != 0,
	    "%s: %s has the same row twice", table, a->call);
}

/* A table may permit in general what all may do in one way. */
static int
is_widened(const struct sandbox_rule *base, const struct sandbox_rule *rule)
{
	return count_tests(base) > 0 && count_tests(rule) == 0;
}

static int
is_for_sanitizer(const struct sandbox_rule *rule)
{
	return strncmp(rule->why, "sanitizer: ", 11) == 0;
}

static void
lint_table(const char *name, const struct sandbox_rule *table)
{
	const struct sandbox_rule *rule, *base;
	size_t i;

	for (rule = table; rule->call != NULL; rule++) {
		/* Rows for sanitizers come last, in an order of their own. */
		ATF_CHECK_MSG(rule == table ||
		    is_for_sanitizer(&rule[-1]) < is_for_sanitizer(rule) ||
		    strcmp(rule[-1].call, rule->call) <= 0,
		    "%s: %s is not in its place", name, rule->call);
		ATF_CHECK_MSG(rule->why != NULL && strlen(rule->why) > 2,
		    "%s: %s has no reason", name, rule->call);
		if (table == rules_checkerd || table == rules_client_decrypt)
			ATF_CHECK_MSG(rule->error == EPERM ||
			    strcmp(rule->call, "clone3") == 0,
			    "%s: %s is not refused", name, rule->call);
		else
			ATF_CHECK_MSG(rule->error == 0 ||
			    is_for_sanitizer(rule), "%s: %s does not kill",
			    name, rule->call);
		ATF_CHECK_MSG(!is_for_sanitizer(rule) || may_merely_fail,
		    "%s: %s is no row for this build", name, rule->call);
		ATF_CHECK_MSG(seccomp_syscall_resolve_name(rule->call) !=
		    __NR_SCMP_ERROR, "%s: there is no %s", name, rule->call);
		for (i = 0; i < count_tests(rule); i++)
			ATF_CHECK_MSG(rule->tests[i].arg < 6 &&
			    (rule->tests[i].value &
			    ~rule->tests[i].mask) == 0 &&
			    (!rule->tests[i].differs ||
			    rule->tests[i].mask == UINT64_MAX),
			    "%s: %s has a test that never holds", name,
			    rule->call);
		if (rule != table)
			lint_pair(name, &rule[-1], rule);
		if (table != rules_base && table != rules_checkerd &&
		    table != rules_client_decrypt)
			for (base = rules_base; base->call != NULL; base++)
				if (!is_widened(base, rule))
					lint_pair(name, base, rule);
	}
}

ATF_TC_WITHOUT_HEAD(tables__are_in_order);
ATF_TC_BODY(tables__are_in_order, tc)
{
	int t;

	(void)tc;
	lint_table("base", rules_base);
	for (t = 0; t < TABLES; t++)
		lint_table(table_names[t], tables[t]);
}

ATF_TC_WITHOUT_HEAD(session__has_no_more_than_netd);
ATF_TC_BODY(session__has_no_more_than_netd, tc)
{
	const struct sandbox_rule *rule;

	(void)tc;
	for (rule = rules_session; rule->call != NULL; rule++)
		ATF_CHECK_MSG(is_in_table(RULES_NETD, rule->call),
		    "%s is of no use without a row for netd", rule->call);
}

#ifdef SANDBOX_SANITIZER
static void
use_after_free(const void *arg)
{
	const enum sandbox_rules *rules = arg;
	char *volatile p = malloc(16);

	MUST(p != NULL);
	enter(*rules);
	free(p);
	gain = *p;
}
#endif

ATF_TC_WITHOUT_HEAD(sanitizer__can_report);
ATF_TC_BODY(sanitizer__can_report, tc)
{
	(void)tc;
#ifdef SANDBOX_SANITIZER
	struct outcome o;
	enum sandbox_rules rules;
	int t;

	compile_filters();
	for (t = 0; t < TABLES; t++) {
		rules = (enum sandbox_rules)t;
		child_run(&o, use_after_free, &rules);
		ATF_CHECK(WIFEXITED(o.status) && WEXITSTATUS(o.status) != 0);
		ATF_CHECK_MSG(strstr(o.text, "heap-use-after-free") != NULL,
		    "under %s: %s", table_names[t], o.text);
	}
#else
	atf_tc_skip("this build has no sanitizer");
#endif
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, forbidden__is_refused);
	ATF_TP_ADD_TC(tp, all_else__is_refused);
	ATF_TP_ADD_TC(tp, reader__cannot_read_the_monitor);
	ATF_TP_ADD_TC(tp, enter__that_fails_is_the_end);
	ATF_TP_ADD_TC(tp, enter__loads_the_table);
	ATF_TP_ADD_TC(tp, tables__are_in_order);
	ATF_TP_ADD_TC(tp, session__has_no_more_than_netd);
	ATF_TP_ADD_TC(tp, sanitizer__can_report);
	return atf_no_error();
}
