/* SPDX-License-Identifier: ISC */
/*
 * Children for the sandbox tests.
 */
#include "child.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <atf-c.h>

#include "log.h"

void
child_fails(const char *file, int line, const char *what)
{
	char text[512];
	int len;

	len = snprintf(text, sizeof text, "%s:%d: %s: %s\n", file, line, what,
	    strerror(errno));
	if (write(STDERR_FILENO, text, (size_t)len) == -1)
		_exit(98);
	_exit(99);
}

void
child_run(struct outcome *o, void (*body)(const void *), const void *arg)
{
	char buf[512];
	size_t len = 0;
	ssize_t n;
	pid_t pid;
	int fds[2];

	fflush(NULL);
	ATF_REQUIRE(pipe(fds) == 0);
	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		close(fds[0]);
		if (dup2(fds[1], STDERR_FILENO) == -1)
			_exit(98);
		close(fds[1]);
		log_open("child", LOG_DEBUG);
		body(arg);
		_exit(0);
	}
	close(fds[1]);
	/* All is read, so that the child can say it; what fits is kept. */
	while ((n = read(fds[0], buf, sizeof buf)) > 0) {
		if ((size_t)n > sizeof o->text - 1 - len)
			n = (ssize_t)(sizeof o->text - 1 - len);
		memcpy(o->text + len, buf, (size_t)n);
		len += (size_t)n;
	}
	o->text[len] = '\0';
	close(fds[0]);
	ATF_REQUIRE(waitpid(pid, &o->status, 0) == pid);
}
