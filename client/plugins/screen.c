/* SPDX-License-Identifier: ISC */
/*
 * Programs and daemons of boot screens, and the signals that end us, which
 * are only looked at while we wait: what has been begun is not torn apart.
 *
 * plugin-runner gives its plugins 10 seconds from SIGTERM to SIGKILL.  What is
 * done in that time has its own limits, which are less together.
 */
#include "screen.h"

#include <sys/types.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "privilege.h"
#include "words.h"

#define END_MS 1500		/* from SIGTERM to SIGKILL, and from there */

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
#define SIGNALS (sizeof signals / sizeof *signals)

static const char clean[] = "PATH=/sbin:/usr/sbin:/bin:/usr/bin";
static sigset_t before;		/* the mask that children have */
static int signal_fd = -1, child_fd = -1, is_deaf;
static int heard;

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
screen_start(void)
{
	struct sigaction action;
	sigset_t set, child;
	size_t i;

	sigemptyset(&set);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (i = 0; i < SIGNALS; i++)
		if (sigaction(signals[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, &before) == -1 ||
	    sigprocmask(SIG_BLOCK, &child, NULL) == -1 ||
	    signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    (signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) ==
	    -1 || (child_fd = signalfd(-1, &child, SFD_CLOEXEC |
	    SFD_NONBLOCK)) == -1)
		fatal("signals");
}

void
screen_deaf(void)
{
	is_deaf = 1;
}

void
screen_die(void)
{
	sigset_t set;

	if (heard == 0)
		return;
	signal(heard, SIG_DFL);
	raise(heard);
	sigemptyset(&set);
	sigaddset(&set, heard);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int
hear(void)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof info) != sizeof info)
		return 0;
	heard = (int)info.ssi_signo;
	return SCREEN_SIGNAL;
}

int
screen_wait(int fd, short events, int ms)
{
	struct pollfd pfds[] = {
		{ .fd = is_deaf ? -1 : signal_fd, .events = POLLIN },
		{ .fd = fd, .events = events },
	};
	int64_t end = now() + ms;
	int n;

	for (;;) {
		n = poll(pfds, 2, ms == -1 ? -1 :
		    end > now() ? (int)(end - now()) : 0);
		if (n == -1 && errno != EINTR) {
			log_warn("poll");
			return SCREEN_FAILED;
		}
		if (n == 0)
			return SCREEN_TIME;
		if (n > 0 && pfds[0].revents != 0 && hear() != 0)
			return SCREEN_SIGNAL;
		if (n > 0 && pfds[1].revents != 0)
			return 0;
	}
}

/* Returns 0 when it has ended, or one of the results of screen_wait. */
static int
wait_child(pid_t pid, int *status, int ms)
{
	struct signalfd_siginfo info;
	int64_t end = now() + ms, left;
	int rc;

	while (waitpid(pid, status, WNOHANG) == 0) {
		left = end - now();
		rc = screen_wait(child_fd, POLLIN, ms == -1 ? -1 :
		    left > 0 ? (int)left : 0);
		if (rc != 0)
			return rc;
		(void)!read(child_fd, &info, sizeof info);
	}
	return 0;
}

/* In an orderly way, if possible. */
static void
end_child(pid_t pid)
{
	int was_deaf = is_deaf, status;

	is_deaf = 1;
	privilege_raise();
	kill(pid, SIGTERM);
	if (wait_child(pid, &status, END_MS) != 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	privilege_lower();
	is_deaf = was_deaf;
}

/* Execute it in this child, or end. */
static void __attribute__((noreturn))
become(const char *file, const char *const *argv)
{
	struct words args = { NULL, 0 }, env = { NULL, 0 };

	words_add(&env, clean, strlen(clean));
	for (; *argv != NULL; argv++)
		words_add(&args, *argv, strlen(*argv));
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	execve(file, args.v, env.v);
	log_warn("%s", file);
	_exit(EX_OSERR);
}

int
screen_run(const char *const *argv, int ms)
{
	pid_t pid;
	int status = 0, rc;

	if ((pid = fork()) == -1) {
		log_warn("fork");
		return SCREEN_FAILED;
	}
	if (pid == 0) {
		privilege_raise();
		become(argv[0], argv);
	}
	if ((rc = wait_child(pid, &status, ms)) != 0) {
		end_child(pid);
		return rc;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	log_warnx("%s was killed by signal %d", argv[0], WTERMSIG(status));
	return SCREEN_FAILED;
}

void
screen_end(struct process *process)
{
	int was_deaf = is_deaf;

	is_deaf = 1;
	privilege_raise();
	/* A pidfd can be read when its process has ended. */
	if (process_kill(process, SIGTERM) == 0 &&
	    screen_wait(process->pidfd, POLLIN, END_MS) == SCREEN_TIME &&
	    process_kill(process, SIGKILL) == 0)
		screen_wait(process->pidfd, POLLIN, END_MS);
	privilege_lower();
	is_deaf = was_deaf;
}

/*
 * Nothing of ours: whoever reads our output is not to wait for a daemon.  And
 * nothing of whoever started us: root's files are not for his umask.
 */
static int
detach(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 || setsid() == -1 ||
	    chdir("/") == -1)
		return -1;
	closefrom(STDERR_FILENO + 1);
	umask(S_IWGRP | S_IWOTH);
	return 0;
}

int
screen_daemon(const char *file, const char *const *argv)
{
	pid_t pid = fork();

	if (pid == -1) {
		log_warn("%s cannot be started", file);
		return -1;
	}
	if (pid != 0)
		return 0;
	if (privilege_root() == -1 || detach() == -1) {
		log_warn("%s cannot be started", file);
		_exit(EX_OSERR);
	}
	become(file, argv);
}
