/* SPDX-License-Identifier: ISC */
/*
 * Runs a program under the system call filters that systemd would make of a
 * unit with SystemCallFilter=, RestrictAddressFamilies=, RestrictNamespaces=,
 * RestrictRealtime=, RestrictSUIDSGID=, LockPersonality=,
 * MemoryDenyWriteExecute= and NoNewPrivileges=, for machines where systemd
 * does not run.  As with systemd, two filters hold: a list of what is
 * permitted, and what is forbidden of that for its arguments.
 *
 * confine SYSCALLS FAMILIES PROGRAM ARGUMENT...
 * SYSCALLS is a file with the name of a permitted system call in each line,
 * FAMILIES the numbers of the permitted address families, with commas.
 */
#include <sys/types.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DENY SCMP_ACT_ERRNO(EPERM)
#define FAMILY_MAX 64

static const unsigned int namespaces[] = { CLONE_NEWCGROUP, CLONE_NEWIPC,
	CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS };

static scmp_filter_ctx ctx;

/* Forbid a call whose argument number ${arg}, masked, is ${value}. */
static void
deny_masked(const char *name, unsigned int arg, scmp_datum_t mask,
    scmp_datum_t value)
{
	int number = seccomp_syscall_resolve_name(name);

	if (seccomp_rule_add(ctx, DENY, number, 1,
	    SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value)) != 0)
		errx(1, "no rule for %s", name);
}

static void
deny_if(const char *name, unsigned int arg, enum scmp_compare op,
    scmp_datum_t value)
{
	int number = seccomp_syscall_resolve_name(name);

	if (seccomp_rule_add(ctx, DENY, number, 1,
	    SCMP_CMP(arg, op, value, 0)) != 0)
		errx(1, "no rule for %s", name);
}

static void
load(void)
{
	if (seccomp_load(ctx) != 0)
		errx(1, "the kernel takes no filter");
	seccomp_release(ctx);
}

/* Whatever is not in the file fails. */
static void
permit_listed(const char *path)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file;
	int number, rules = 0;

	if ((file = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	if ((ctx = seccomp_init(DENY)) == NULL)
		errx(1, "no filter");
	while (getline(&line, &size, file) != -1) {
		line[strcspn(line, "\n")] = '\0';
		/* The file has the calls of every machine. */
		number = seccomp_syscall_resolve_name(line);
		if (number == __NR_SCMP_ERROR)
			continue;
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0) != 0)
			errx(1, "no rule for %s", line);
		rules++;
	}
	if (rules == 0)
		errx(1, "%s has no system call", path);
	free(line);
	fclose(file);
}

static void
deny_families(const char *permitted)
{
	char field[16], list[256];
	unsigned int family;

	snprintf(list, sizeof list, ",%s,", permitted);
	for (family = 0; family < FAMILY_MAX; family++) {
		snprintf(field, sizeof field, ",%u,", family);
		if (strstr(list, field) == NULL)
			deny_if("socket", 0, SCMP_CMP_EQ, family);
	}
	deny_if("socket", 0, SCMP_CMP_GE, FAMILY_MAX);
}

static void
deny_namespaces(void)
{
	size_t i;

	for (i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++) {
		deny_masked("clone", 0, namespaces[i], namespaces[i]);
		deny_masked("unshare", 0, namespaces[i], namespaces[i]);
	}
	if (seccomp_rule_add(ctx, DENY, SCMP_SYS(setns), 0) != 0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3),
	    0) != 0)
		errx(1, "no rule for setns or clone3");
}

static void
deny_set_id_bits(void)
{
	static const mode_t bits[] = { S_ISUID, S_ISGID };
	size_t i;

	for (i = 0; i < 2; i++) {
		deny_masked("chmod", 1, bits[i], bits[i]);
		deny_masked("fchmod", 1, bits[i], bits[i]);
		deny_masked("fchmodat", 2, bits[i], bits[i]);
		deny_masked("mkdir", 1, bits[i], bits[i]);
		deny_masked("mkdirat", 2, bits[i], bits[i]);
		deny_masked("mknod", 1, bits[i], bits[i]);
		deny_masked("mknodat", 2, bits[i], bits[i]);
		deny_masked("creat", 1, bits[i], bits[i]);
	}
}

static void
deny_arguments(const char *families)
{
	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) == NULL)
		errx(1, "no filter");
	deny_families(families);
	deny_namespaces();
	deny_set_id_bits();
	deny_masked("mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC);
	deny_masked("mprotect", 2, PROT_EXEC, PROT_EXEC);
	deny_masked("pkey_mprotect", 2, PROT_EXEC, PROT_EXEC);
	deny_if("personality", 0, SCMP_CMP_NE, 0);
	deny_if("sched_setscheduler", 1, SCMP_CMP_EQ, SCHED_FIFO);
	deny_if("sched_setscheduler", 1, SCMP_CMP_EQ, SCHED_RR);
}

int
main(int argc, char **argv)
{
	if (argc < 4)
		errx(2, "usage: confine SYSCALLS FAMILIES PROGRAM ...");
	/* The arguments first: the list may permit no further filter. */
	deny_arguments(argv[2]);
	load();
	permit_listed(argv[1]);
	load();
	execvp(argv[3], argv + 3);
	err(127, "%s", argv[3]);
}
