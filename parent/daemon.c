/* SPDX-License-Identifier: ISC */
/*
 * Becoming a daemon: the process that was started ends when the daemon serves,
 * or has given up, and whoever started it learns which.  Run by the parent.
 */
#include "parent.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

#define PID_FILE "/run/mandos.pid"

static int pid_fd = -1;

/* Where the original process waits for a byte; -1 in the foreground. */
static int starter = -1;

/* The original process: wait until the daemon serves or has given up. */
__attribute__((noreturn))
static void
await_daemon(pid_t pid, int fd)
{
	ssize_t n;
	char byte;
	int status;

	do
		n = read(fd, &byte, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid)
		_exit(EX_SOFTWARE);
	_exit(spawn_status(status));
}

/* The lines go to syslogd; without one, where the daemon's output goes. */
static void
connect_log(int null)
{
	if (log_connect() == 0) {
		log_to_syslog();
		spawn_to_syslog();
	} else if (dup2(null, STDERR_FILENO) == -1)
		fatal("cannot become a daemon");
}

void
daemon_start(void)
{
	int fds[2], null;
	pid_t pid;

	/* What another daemon may have written there stays until we serve. */
	if ((pid_fd = open(PID_FILE, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0644)) == -1)
		log_errx("Could not open file '%s': %s", PID_FILE,
		    strerror(errno));
	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("cannot become a daemon");
	if (pid != 0) {
		/* Else the reader would write to us when the daemon is gone. */
		reader_abandon();
		close(fds[1]);
		await_daemon(pid, fds[0]);
	}
	close(fds[0]);
	starter = fds[1];
	/* It is a child of the original process. */
	spawn_forget(PROC_CONF);
	if (setsid() == -1 || chdir("/") == -1 ||
	    (null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		fatal("cannot become a daemon");
	connect_log(null);
	close(null);
}

void
daemon_serves(void)
{
	if (starter == -1)
		return;
	if (pid_fd != -1 && (ftruncate(pid_fd, 0) == -1 ||
	    dprintf(pid_fd, "%d\n", (int)getpid()) < 0 ||
	    close(pid_fd) == -1))
		log_errx("Could not write to file '%s' with PID %d", PID_FILE,
		    (int)getpid());
	/* Whoever started us need not be there any more. */
	if (write(starter, "", 1) == -1)
		log_debug("nobody waits for the daemon");
	close(starter);
	starter = -1;
}
