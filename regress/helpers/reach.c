/* SPDX-License-Identifier: ISC */
/*
 * reach: try every way by which a process can look into another one or take
 * something from it, and print those that are open, one in a line.  For tests;
 * run as whoever is not to succeed.
 *
 *	reach pid
 */
#include <sys/types.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t pid;

static int
opens(const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	if ((fd = open(path, flags | O_CLOEXEC)) == -1)
		return 0;
	close(fd);
	return 1;
}

static int
way_signal(void)
{
	return kill(pid, 0) == 0;
}

static int
way_ptrace(void)
{
	/* Our end lets go of it. */
	return ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
}

static int
way_mem(void)
{
	return opens("mem", O_RDONLY);
}

static int
way_mem_write(void)
{
	return opens("mem", O_RDWR);
}

static int
way_vm_read(void)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { NULL, 1 };

	/* Who has leave to read hears that there is nothing at 0. */
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) != -1 ||
	    errno == EFAULT;
}

static int
way_get_fd(void)
{
	int fd, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd == -1)
		return 0;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	close(pidfd);
	if (fd == -1)
		return 0;
	close(fd);
	return 1;
}

static int
way_files(void)
{
	char path[64], target[64];

	/* The names of descriptors tell nothing, what is behind them does. */
	snprintf(path, sizeof path, "/proc/%d/fd/0", (int)pid);
	return readlink(path, target, sizeof target) != -1;
}

static int
way_maps(void)
{
	return opens("maps", O_RDONLY);
}

static int
way_environ(void)
{
	return opens("environ", O_RDONLY);
}

static int
way_root(void)
{
	return opens("root", O_RDONLY | O_DIRECTORY);
}

static const struct {
	const char *name;
	int (*try)(void);
} ways[] = {
	{ "signal", way_signal },
	{ "ptrace", way_ptrace },
	{ "mem", way_mem },
	{ "mem_write", way_mem_write },
	{ "vm_read", way_vm_read },
	{ "get_fd", way_get_fd },
	{ "files", way_files },
	{ "maps", way_maps },
	{ "environ", way_environ },
	{ "root", way_root }
};

int
main(int argc, char **argv)
{
	const char *why;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: reach pid\n");
		return 2;
	}
	pid = (pid_t)strtonum(argv[1], 1, 1 << 22, &why);
	if (why != NULL)
		errx(2, "pid is %s: %s", why, argv[1]);
	for (i = 0; i < sizeof ways / sizeof *ways; i++)
		if (ways[i].try())
			puts(ways[i].name);
	/* So that nobody takes "nothing is open" for "nothing is there". */
	if (kill(pid, 0) == -1 && errno == ESRCH)
		errx(2, "there is no process %d", (int)pid);
	return 0;
}
