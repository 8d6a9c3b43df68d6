/* SPDX-License-Identifier: ISC */
/*
 * Looking for the daemon of a boot screen.  A command line in /proc is what
 * its process wants it to be: of others than root's it may keep us from
 * asking, and nothing else.
 */
#include "process.h"

#include <sys/types.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_MAX_LEN 131072	/* longer ones are cut */

/* The number that a name in /proc is, or 0. */
static pid_t
number(const char *name)
{
	const char *why;
	long long pid;

	if (name[strspn(name, "0123456789")] != '\0')
		return 0;
	pid = strtonum(name, 1, 1 << 30, &why);
	return why == NULL ? (pid_t)pid : 0;
}

static int
open_dir(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Read a file of /proc, NUL behind it.  Returns its length, or -1. */
static ssize_t
read_file(int dir, const char *name, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = -1;
	int fd;

	if ((fd = openat(dir, name, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	while (len < size - 1 &&
	    (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = '\0';
	return n == -1 ? -1 : (ssize_t)len;
}

int
process_runs(const char *name)
{
	struct dirent *entry;
	char command[4096];
	const char *base;
	ssize_t len;
	pid_t pid;
	DIR *proc;
	int dir, found = 0;

	if ((proc = opendir("/proc")) == NULL)
		return 0;
	while (!found && (entry = readdir(proc)) != NULL) {
		if ((pid = number(entry->d_name)) == 0 ||
		    (dir = open_dir(pid)) == -1)
			continue;
		len = read_file(dir, "cmdline", command, sizeof command);
		close(dir);
		if (len <= 0)
			continue;
		base = strrchr(command, '/');
		found = strcmp(base == NULL ? command : base + 1, name) == 0;
	}
	closedir(proc);
	return found;
}

/* By its inode: on some systems /sbin is a link, and /proc tells what to. */
static int
is_what_we_want(int dir, const struct stat *file)
{
	struct stat exe, owner;

	return fstat(dir, &owner) == 0 && owner.st_uid == 0 &&
	    fstatat(dir, "exe", &exe, 0) == 0 &&
	    exe.st_dev == file->st_dev && exe.st_ino == file->st_ino;
}

static int
hold(pid_t pid, const struct stat *file, struct process *process)
{
	if ((process->pidfd = pidfd_open(pid, 0)) == -1)
		return -1;
	/* If both exist at the end they are of one process. */
	if ((process->dir = open_dir(pid)) != -1 &&
	    is_what_we_want(process->dir, file) &&
	    pidfd_send_signal(process->pidfd, 0, NULL, 0) == 0)
		return 0;
	process_release(process);
	return -1;
}

int
process_hold(pid_t pid, const char *path, struct process *process)
{
	struct stat file;

	process->dir = process->pidfd = -1;
	return stat(path, &file) == -1 ? -1 : hold(pid, &file, process);
}

int
process_find(const char *path, struct process *process)
{
	struct dirent *entry;
	struct stat file;
	pid_t pid;
	DIR *proc;
	int rc = -1;

	process->dir = process->pidfd = -1;
	if (stat(path, &file) == -1 || (proc = opendir("/proc")) == NULL)
		return -1;
	while (rc == -1 && (entry = readdir(proc)) != NULL)
		if ((pid = number(entry->d_name)) != 0)
			rc = hold(pid, &file, process);
	closedir(proc);
	return rc;
}

char **
process_arguments(const struct process *process)
{
	char *text, *p, **argv = NULL;
	size_t n = 0;
	ssize_t len;

	if (process->dir == -1 || (text = malloc(CMDLINE_MAX_LEN)) == NULL)
		return NULL;
	len = read_file(process->dir, "cmdline", text, CMDLINE_MAX_LEN);
	for (p = text; p < text + len; p += strlen(p) + 1)
		n++;
	if (n == 0 || (argv = calloc(n + 1, sizeof *argv)) == NULL) {
		free(text);
		return NULL;
	}
	for (n = 0, p = text; p < text + len; p += strlen(p) + 1)
		argv[n++] = p;
	return argv;
}

int
process_kill(const struct process *process, int sig)
{
	return pidfd_send_signal(process->pidfd, sig, NULL, 0);
}

void
process_release(struct process *process)
{
	if (process->dir != -1)
		close(process->dir);
	if (process->pidfd != -1)
		close(process->pidfd);
	process->dir = process->pidfd = -1;
}
