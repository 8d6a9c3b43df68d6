/* SPDX-License-Identifier: ISC */
/*
 * Memory, registers and descriptors of a traced process, from outside: by
 * process_vm_readv(2), ptrace(2) and proc(5).
 */
#include "tracee.h"

#include <sys/types.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct tracee tracee;

void
tracee_peek(uint64_t address, void *buf, size_t len)
{
	struct iovec here = { .iov_base = buf, .iov_len = len };
	struct iovec there = { .iov_len = len };
	uintptr_t p = (uintptr_t)address;

	memcpy(&there.iov_base, &p, sizeof p);
	memset(buf, 0, len);
	process_vm_readv(tracee.pid, &here, 1, &there, 1, 0);
}

static void
peek_string(uint64_t address, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size; i++) {
		tracee_peek(address + i, &buf[i], 1);
		if (buf[i] == '\0')
			return;
	}
	buf[i] = '\0';
}

static int
read_link(const char *what, char *buf, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)tracee.pid, what);
	if ((n = readlink(path, buf, size - 1)) == -1)
		return -1;
	buf[n] = '\0';
	return 0;
}

int
tracee_node(int fd, struct stat *st)
{
	char what[32], path[PATH_MAX], proc[64];
	size_t len = strlen(tracee.dir);

	snprintf(what, sizeof what, "fd/%d", fd);
	snprintf(proc, sizeof proc, "/proc/%d/%s", (int)tracee.pid, what);
	if (read_link(what, path, sizeof path) == -1 ||
	    strncmp(path, tracee.dir, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0') || stat(proc, st) == -1)
		return -1;
	return 0;
}

int
tracee_name(int dirfd, uint64_t address, char *name, size_t size)
{
	char path[PATH_MAX], base[PATH_MAX], what[32], full[2 * PATH_MAX];
	const char *p = path, *rest;
	size_t len = strlen(tracee.dir);

	peek_string(address, path, sizeof path);
	if (dirfd == AT_FDCWD || path[0] == '/')
		strlcpy(what, path[0] == '/' ? "root" : "cwd", sizeof what);
	else
		snprintf(what, sizeof what, "fd/%d", dirfd);
	if (read_link(what, base, sizeof base) == -1)
		return -1;
	while (*p == '/' || (p[0] == '.' && (p[1] == '/' || p[1] == '\0')))
		p++;
	if (strcmp(base, "/") == 0)
		base[0] = '\0';
	snprintf(full, sizeof full, "%s%s%s", base, *p == '\0' ? "" : "/", p);
	if (strncmp(full, tracee.dir, len) != 0 ||
	    (full[len] != '\0' && full[len] != '/'))
		return -1;
	rest = full[len] == '/' ? full + len + 1 : full + len;
	if (strchr(rest, '/') != NULL)
		return -1;
	return strlcpy(name, rest, size) < size ? 0 : -1;
}

uint64_t
tracee_position(int fd)
{
	char path[64], line[64];
	unsigned long position;
	FILE *fp;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)tracee.pid, fd);
	if ((fp = fopen(path, "re")) == NULL ||
	    fgets(line, sizeof line, fp) == NULL ||
	    sscanf(line, "pos: %lu", &position) != 1)
		errx(1, "%s: no position", path);
	fclose(fp);
	return position;
}

size_t
tracee_message(uint64_t header, uint8_t *buf, size_t size)
{
	struct msghdr hdr;
	struct iovec iov[4];
	size_t i, n, used = 0;

	tracee_peek(header, &hdr, sizeof hdr);
	n = hdr.msg_iovlen < 4 ? hdr.msg_iovlen : 4;
	tracee_peek((uintptr_t)hdr.msg_iov, iov, n * sizeof iov[0]);
	for (i = 0; i < n && used < size; i++) {
		size_t len = iov[i].iov_len < size - used ? iov[i].iov_len :
		    size - used;

		tracee_peek((uintptr_t)iov[i].iov_base, buf + used, len);
		used += len;
	}
	return used;
}

#ifdef __x86_64__
int
tracee_can_change(void)
{
	return 1;
}

void
tracee_change_call(uint64_t number, uint64_t third)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tracee.pid, NULL, &regs) == -1)
		err(1, "PTRACE_GETREGS");
	regs.orig_rax = number;
	regs.rdx = third;
	if (ptrace(PTRACE_SETREGS, tracee.pid, NULL, &regs) == -1)
		err(1, "PTRACE_SETREGS");
}

void
tracee_change_return(int64_t result, uint64_t third)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tracee.pid, NULL, &regs) == -1)
		err(1, "PTRACE_GETREGS");
	regs.rax = (uint64_t)result;
	regs.rdx = third;
	if (ptrace(PTRACE_SETREGS, tracee.pid, NULL, &regs) == -1)
		err(1, "PTRACE_SETREGS");
}
#else
int
tracee_can_change(void)
{
	return 0;
}

void
tracee_change_call(uint64_t number, uint64_t third)
{
	errx(1, "cannot change a call to %lu %lu", (unsigned long)number,
	    (unsigned long)third);
}

void
tracee_change_return(int64_t result, uint64_t third)
{
	errx(1, "cannot change a result to %ld %lu", (long)result,
	    (unsigned long)third);
}
#endif
