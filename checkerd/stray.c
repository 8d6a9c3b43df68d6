/* SPDX-License-Identifier: ISC */
/*
 * What checkers leave behind.  A process whose parent ends is given to us, for
 * we are a subreaper: none gets away by calling setsid(2) or forking twice.
 */
#include "checkerd.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static int children = -1;	/* the kernel's list of them, in decimal */

void
stray_init(void)
{
	char path[64];

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		fatal("PR_SET_CHILD_SUBREAPER");
	snprintf(path, sizeof path, "/proc/self/task/%d/children",
	    (int)getpid());
	if ((children = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		log_warn("%s: what checkers leave behind outside of their "
		    "process group may stay", path);
}

static void
consider(pid_t pid)
{
	pid_t session, group;

	if (run_find(pid) != NULL || (session = getsid(pid)) == -1 ||
	    run_find(session) != NULL)
		return;
	log_debug("killing process %d, which a checker has left behind",
	    (int)pid);
	/* A group is part of one session, so all of it is left behind. */
	group = getpgid(pid);
	if (group > 1 && group != getpgrp())
		kill(-group, SIGKILL);
	kill(pid, SIGKILL);
}

void
stray_kill(void)
{
	char buf[4096];
	pid_t pid = 0;
	ssize_t n, i;

	if (children == -1 || lseek(children, 0, SEEK_SET) == -1)
		return;
	/* A number may be cut in two; each has a blank behind it. */
	while ((n = read(children, buf, sizeof buf)) > 0)
		for (i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
				continue;
			}
			if (pid > 0)
				consider(pid);
			pid = 0;
		}
}
