/* SPDX-License-Identifier: ISC */
/*
 * Other programs: ssh-keyscan, gpgconf, mandos-client, cryptsetup.  They are
 * given secrets through pipes, never as arguments or in the environment, which
 * is made anew.  Both processes of mandos-keygen.
 */
#include "keygen.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"
#define ADMIN_PATH "/usr/local/sbin:/usr/sbin:/sbin"
#define GRACE_MS 10000		/* from TERM to KILL */
#define TICK_MS 100
#define EXEC_FAILED 127

enum { IN, OUT, ERR, STREAMS };

/* A program that runs: our ends of its pipes, -1 when closed. */
struct running {
	pid_t pid;
	int fds[STREAMS];
	size_t written;
};

int64_t
run_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

__attribute__((noreturn))
static void
become(const struct run *run, const int theirs[STREAMS])
{
	static char path[8192], locale[] = "LC_ALL=C";
	char *const env[] = { path, locale, NULL };
	const char *given = getenv("PATH");
	char *argv[32];
	sigset_t none;
	size_t i;

	for (i = 0; run->argv[i] != NULL && i < 31; i++)
		/* exec(3) takes them without const, and changes nothing. */
		argv[i] = (char *)(uintptr_t)run->argv[i];
	argv[i] = NULL;
	for (i = 0; i < STREAMS; i++)
		if (dup2(theirs[i], (int)i) == -1)
			_exit(EXEC_FAILED);
	/* Should we be killed, it is not to go on for ever. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	closefrom(STREAMS);
	snprintf(path, sizeof path, "PATH=%s:%s", given != NULL &&
	    given[0] != '\0' ? given : USUAL_PATH, ADMIN_PATH);
	environ = (char **)(uintptr_t)env;
	execvp(argv[0], argv);
	_exit(EXEC_FAILED);
}

/* Pipes to it and from it, /dev/null where nothing is wanted. */
static int
open_streams(const struct run *run, int ours[STREAMS], int theirs[STREAMS])
{
	const struct buf *bufs[STREAMS] = { run->in, run->out, run->err };
	int i, ends[2];

	for (i = 0; i < STREAMS; i++)
		ours[i] = theirs[i] = -1;
	for (i = 0; i < STREAMS; i++) {
		if (bufs[i] == NULL) {
			theirs[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
			if (theirs[i] == -1)
				goto fail;
			continue;
		}
		if (pipe2(ends, O_CLOEXEC) == -1)
			goto fail;
		ours[i] = i == IN ? ends[1] : ends[0];
		theirs[i] = i == IN ? ends[0] : ends[1];
		if (fcntl(ours[i], F_SETFL, O_NONBLOCK) == -1)
			goto fail;
	}
	return 0;

fail:
	warn("cannot run %s", run->argv[0]);
	for (i = 0; i < STREAMS; i++) {
		close_fd(&ours[i]);
		close_fd(&theirs[i]);
	}
	return -1;
}

static void
feed(const struct run *run, struct running *r)
{
	ssize_t n;

	n = write(r->fds[IN], run->in->p + r->written,
	    run->in->used - r->written);
	if (n > 0)
		r->written += (size_t)n;
	if ((n == -1 && errno != EAGAIN && errno != EINTR) ||
	    r->written == run->in->used)
		close_fd(&r->fds[IN]);
}

/* Take what it says; what there is no room for is thrown away. */
static void
take(struct buf *b, int *fd)
{
	unsigned char rest[256];
	ssize_t n;

	if (b->used < b->size) {
		n = read(*fd, b->p + b->used, b->size - b->used);
		if (n > 0)
			b->used += (size_t)n;
	} else {
		n = read(*fd, rest, sizeof rest);
		explicit_bzero(rest, sizeof rest);
	}
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		close_fd(fd);
}

static void
serve(struct run *run, struct running *r)
{
	struct pollfd p[STREAMS];
	int i;

	for (i = 0; i < STREAMS; i++)
		p[i] = (struct pollfd){ .fd = r->fds[i],
		    .events = i == IN ? POLLOUT : POLLIN };
	if (poll(p, STREAMS, TICK_MS) <= 0)
		return;
	if (p[IN].revents != 0)
		feed(run, r);
	if (p[OUT].revents != 0)
		take(run->out, &r->fds[OUT]);
	if (p[ERR].revents != 0)
		take(run->err, &r->fds[ERR]);
}

/* Serve it until it ends, or has to be ended. */
static void
attend(struct run *run, struct running *r)
{
	int64_t deadline = run_now() + (int64_t)run->timeout * 1000;
	pid_t pid;
	int i;

	for (;;) {
		pid = waitpid(r->pid, &run->status, WNOHANG);
		if (pid == r->pid)
			break;
		if (run_now() >= deadline && !run->is_late) {
			run->is_late = 1;
			deadline += GRACE_MS;
			kill(r->pid, SIGTERM);
		} else if (run_now() >= deadline) {
			run->is_stuck = 1;
			kill(r->pid, SIGKILL);
		}
		serve(run, r);
	}
	/* What it has said at the end; others may have these pipes, too. */
	for (i = OUT; i < STREAMS; i++) {
		struct pollfd p = { .fd = r->fds[i], .events = POLLIN };

		while (r->fds[i] != -1 && poll(&p, 1, 0) > 0) {
			take(i == OUT ? run->out : run->err, &r->fds[i]);
			p.fd = r->fds[i];
		}
	}
}

int
run_program(struct run *run)
{
	struct running r = { .pid = -1 };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int theirs[STREAMS], i;

	run->is_late = run->is_stuck = run->is_missing = 0;
	if (open_streams(run, r.fds, theirs) == -1)
		return -1;
	if ((r.pid = fork()) == 0)
		become(run, theirs);
	for (i = 0; i < STREAMS; i++)
		close_fd(&theirs[i]);
	if (r.pid == -1) {
		warn("cannot run %s", run->argv[0]);
		for (i = 0; i < STREAMS; i++)
			close_fd(&r.fds[i]);
		return -1;
	}
	if (r.fds[IN] != -1 && run->in->used == 0)
		close_fd(&r.fds[IN]);
	sigaction(SIGPIPE, &ignore, &old);
	attend(run, &r);
	sigaction(SIGPIPE, &old, NULL);
	for (i = 0; i < STREAMS; i++)
		close_fd(&r.fds[i]);
	run->is_missing = run_exited(run, EXEC_FAILED);
	return run->is_missing ? -1 : 0;
}

int
run_exited(const struct run *run, int status)
{
	return !run->is_late && WIFEXITED(run->status) &&
	    WEXITSTATUS(run->status) == status;
}
