/* SPDX-License-Identifier: ISC */
/*
 * What plugins leave behind.  A plugin that is a shell script is ended, and
 * the command that it was waiting for goes on, with the terminal that a person
 * is to type on.  Such a process is given to us, for we are a subreaper.
 */
#include "runner.h"

#include <sys/types.h>
#include <sys/prctl.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

static int children = -1;	/* the kernel's list of them, in decimal */

void
stray_init(void)
{
	char path[64];

	/* Without either it is as if nobody looked after them. */
	snprintf(path, sizeof path, "/proc/self/task/%d/children",
	    (int)getpid());
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 ||
	    (children = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		log_debug("what plugins leave behind stays");
}

static int
is_plugin(const struct settings *settings, pid_t pid)
{
	const struct plugin *plugin;

	TAILQ_FOREACH(plugin, &settings->plugins, entry)
		if (plugin->pid == pid)
			return 1;
	return 0;
}

int
stray_kill(const struct settings *settings, int sig)
{
	char buf[4096];
	int count = 0;
	pid_t pid = 0;
	ssize_t n, i;

	if (children == -1 || lseek(children, 0, SEEK_SET) == -1)
		return 0;
	/* A number may be cut in two; each has a blank behind it. */
	while ((n = read(children, buf, sizeof buf)) > 0)
		for (i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
				continue;
			}
			if (pid > 0 && !is_plugin(settings, pid) &&
			    getsid(pid) == getsid(0) && kill(pid, sig) == 0)
				count++;
			pid = 0;
		}
	return count;
}
