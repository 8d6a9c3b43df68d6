/* SPDX-License-Identifier: ISC */
/*
 * Makes a filter of a rule table and loads it; the only file that includes
 * libseccomp.  What the table does not allow, and every call by the numbers
 * of another architecture, kills the process.
 */
#include "sandbox.h"

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <seccomp.h>

#include "log.h"
#include "rules.h"

struct sandbox_filter {
	struct sock_fprog program;
	struct sock_filter code[512];	/* several times what a table needs */
};

static const struct {
	const struct sandbox_rule *rules;
	int refuses;		/* the rows say what is refused, not allowed */
} tables[] = {
#define TABLE(upper, lower, refuses) \
	[RULES_##upper] = { rules_##lower, refuses },
	SANDBOX_TABLES(TABLE)
};

#ifdef SANDBOX_DEBUG
#define REFUSED SCMP_ACT_TRAP

/* Name the call, with nothing but what a signal handler may use. */
static void
tell_call(int sig, siginfo_t *info, void *context)
{
	char line[] = "<2>sandbox: refused system call 0000\n";
	char *digit = line + sizeof line - 3;
	int call = info->si_syscall;

	(void)context;
	for (; call > 0 && *digit == '0'; call /= 10)
		*digit-- += (char)(call % 10);
	_exit(write(STDERR_FILENO, line, sizeof line - 1) > 0 ? 128 + sig : 1);
}
#else
#define REFUSED SCMP_ACT_KILL_PROCESS
#endif

/* libseccomp returns a negative errno. */
static void
must(int rc, const char *what)
{
	errno = -rc;
	if (rc < 0)
		fatal("seccomp: %s", what);
}

static void
add_rules(scmp_filter_ctx ctx, const struct sandbox_rule *rule)
{
	struct scmp_arg_cmp cmp[SANDBOX_TESTS];
	unsigned int n;
	int call;

	for (; rule->call != NULL; rule++) {
		call = seccomp_syscall_resolve_name(rule->call);
		if (call == __NR_SCMP_ERROR)
			fatalx("seccomp: no system call %s", rule->call);
		for (n = 0; n < SANDBOX_TESTS && rule->tests[n].mask != 0; n++)
			cmp[n] = rule->tests[n].differs ?
			    SCMP_CMP64(rule->tests[n].arg, SCMP_CMP_NE,
			    rule->tests[n].value, 0) :
			    SCMP_CMP64(rule->tests[n].arg, SCMP_CMP_MASKED_EQ,
			    rule->tests[n].mask, rule->tests[n].value);
		must(seccomp_rule_add_array(ctx, rule->error == 0 ?
		    SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(rule->error), call, n,
		    cmp), rule->call);
	}
}

/* A linear program is the shortest; calls without tests do not run it. */
static scmp_filter_ctx
build(enum sandbox_rules rules)
{
	scmp_filter_ctx ctx = seccomp_init(tables[rules].refuses ?
	    SCMP_ACT_ALLOW : REFUSED);

	if (ctx == NULL)
		fatalx("seccomp: no filter");
	must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, REFUSED),
	    "foreign architectures");
	if (!tables[rules].refuses)
		add_rules(ctx, rules_base);
	add_rules(ctx, tables[rules].rules);
	return ctx;
}

void
sandbox_export(enum sandbox_rules rules, int fd)
{
	scmp_filter_ctx ctx = build(rules);

	must(seccomp_export_pfc(ctx, fd), "export");
	seccomp_release(ctx);
}

struct sandbox_filter *
sandbox_compile(enum sandbox_rules rules)
{
	scmp_filter_ctx ctx = build(rules);
	struct sandbox_filter *filter = calloc(1, sizeof *filter);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t n;

	if (filter == NULL || fd == -1)
		fatal("seccomp: memory");
	must(seccomp_export_bpf(ctx, fd), "export");
	n = pread(fd, filter->code, sizeof filter->code, 0);
	if (n <= 0 || (size_t)n == sizeof filter->code)
		fatalx("seccomp: no program, or too long");
	filter->program.filter = filter->code;
	filter->program.len = (unsigned short)((size_t)n /
	    sizeof *filter->code);
	close(fd);
	seccomp_release(ctx);
#ifdef SANDBOX_DEBUG
	sigaction(SIGSYS, &(struct sigaction) { .sa_sigaction = tell_call,
	    .sa_flags = SA_SIGINFO }, NULL);
#endif
	return filter;
}

void
sandbox_enter_compiled(const struct sandbox_filter *filter)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
	    &filter->program) == -1)
		fatal("seccomp");
}

void
sandbox_enter(enum sandbox_rules rules)
{
	struct sandbox_filter *filter = sandbox_compile(rules);

	/* Who had no privileges to drop has not done this. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("PR_SET_NO_NEW_PRIVS");
	sandbox_enter_compiled(filter);
	free(filter);
}
