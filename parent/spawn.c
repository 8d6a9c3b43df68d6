/* SPDX-License-Identifier: ISC */
/*
 * Starts, kills and reaps all other processes.  The monitor names a worker by
 * number; no path, no argument and no user comes from outside.
 *
 * Workers are started here and not by the monitor because a seccomp filter is
 * inherited: what the monitor forbids itself, every process that it forked
 * would have to do without, and a worker needs more than the monitor does.
 */
#include "parent.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "log.h"
#include "paths.h"

#define NOT_RUN 127		/* exit status, as the shell has it */
#define LEAVE_MS 2000		/* to write what is not on disk yet */

/* What is running; 0 is none. */
static pid_t pids[PROC_MAX];

static char **server_argv;
static char server_cwd[PATH_MAX];
static int have_syslog;
static char *service;		/* its name, for syslogd */

static const char *const programs[PROC_MAX] = {
	[PROC_MONITOR] = "mandos-core",
	[PROC_CONF] = "mandos-readconf",
	[PROC_WARDEN] = "mandos-warden",
	[PROC_STATE] = "mandos-state",
	[PROC_NETD] = "mandos-netd",
	[PROC_CHECKERD] = "mandos-checkerd",
	[PROC_BUSD] = "mandos-busd",
};

void
spawn_service(char *name)
{
	service = name;
}

void
spawn_init(char **argv)
{
	server_argv = argv;
	/* Unknown, it is "", where no reader can be started again. */
	if (getcwd(server_cwd, sizeof server_cwd) == NULL)
		server_cwd[0] = '\0';
}

void
spawn_to_syslog(void)
{
	have_syslog = 1;
}

/* Workers have no terminal, and nothing to read or to show. */
static void
detach(enum proc worker)
{
	int null;

	/* A group of its own, so that a kill reaches what it forks. */
	if (setsid() == -1)
		_exit(NOT_RUN);
	if (worker == PROC_CONF)
		return;
	if ((null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		_exit(NOT_RUN);
}

/*
 * Who meets outsiders has a socket to syslogd of its own: what it does to that
 * is no other process's loss, and the kernel tells who has written.  Returns
 * whether descriptor 2 is a socket to syslogd.
 */
static int
split_log(enum proc worker)
{
	struct stat st;

	if ((worker == PROC_NETD || worker == PROC_CHECKERD ||
	    worker == PROC_BUSD) && fstat(STDERR_FILENO, &st) == 0 &&
	    S_ISSOCK(st.st_mode) && log_connect() == 0)
		return 1;
	return have_syslog;
}

/*
 * The reader is told what a first one finds out by itself or need not know.
 * It starts where the server was started, for its paths may be relative.
 */
static void
prepare_reader(int again)
{
	if (unsetenv("MANDOS_RELOAD") == -1)
		_exit(NOT_RUN);
	if (!again) {
		/* It looks up names, and must not outlive us at that. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
			_exit(NOT_RUN);
		return;
	}
	if (chdir(server_cwd) == -1) {
		log_warn("%s", server_cwd);
		_exit(NOT_RUN);
	}
	if (setenv("MANDOS_RELOAD", have_syslog ? "syslog" : "", 1) == -1)
		_exit(NOT_RUN);
}

/* Descriptor 3, and 4 for ${second} unless that is -1; others are closed. */
static void
give_channels(int fd, int second)
{
	/* It may have one of the numbers itself. */
	if (second != -1 &&
	    (second = fcntl(second, F_DUPFD, PARENT_FD + 1)) == -1)
		_exit(NOT_RUN);
	if (dup2(fd, CHAN_FD) == -1 ||
	    (fd == CHAN_FD && fcntl(fd, F_SETFD, 0) == -1))
		_exit(NOT_RUN);
	if (second != -1 && dup2(second, PARENT_FD) == -1)
		_exit(NOT_RUN);
	closefrom((second != -1 ? PARENT_FD : CHAN_FD) + 1);
}

/* In the new child: become the program, or end with status 127. */
__attribute__((noreturn))
static void
become(enum proc worker, int fd, int second, int again)
{
	static char syslog_arg[] = "syslog";
	char path[PATH_MAX], name[32], *argv[4];
	sigset_t none;
	int is_syslog;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	detach(worker);
	if (worker == PROC_CONF)
		prepare_reader(again);
	limit_give_back(worker);
	is_syslog = split_log(worker);
	give_channels(fd, second);
	strlcpy(name, programs[worker], sizeof name);
	snprintf(path, sizeof path, "%s/%s", path_libexec, name);
	argv[0] = server_argv[0] = name;
	argv[1] = is_syslog ? syslog_arg : NULL;
	argv[2] = is_syslog ? service : NULL;
	argv[3] = NULL;
	/* The reader takes the command line of the server as its own. */
	execv(path, worker == PROC_CONF ? server_argv : argv);
	/* Where there is no D-Bus program, the monitor says what is missing. */
	if (worker != PROC_BUSD || errno != ENOENT)
		log_warn("%s", path);
	_exit(NOT_RUN);
}

int
spawn_start(enum proc worker, int fd, int again)
{
	int second = -1;
	pid_t pid;

	if (worker == PROC_WARDEN && (second = warden_pair()) == -1)
		return -1;
	if ((pid = fork()) == 0)
		become(worker, fd, second, again);
	if (second != -1)
		close(second);
	if (pid == -1)
		return -1;
	pids[worker] = pid;
	return 0;
}

static void
tell_exited(enum proc worker, int status)
{
	struct msg_exited m = { .worker = worker, .status = status };

	parent_tell(MSG_EXITED, &m, NULL, 0, -1);
}

/* The monitor may start all but itself and the reader. */
static int
is_worker(uint32_t worker)
{
	return worker < PROC_MAX && programs[worker] != NULL &&
	    worker != PROC_MONITOR && worker != PROC_CONF;
}

const char *
on_spawn(struct chan *chan, const struct msg_spawn *m, struct msg *msg)
{
	int fd = msg_take_fd(msg);

	(void)chan;
	if (!is_worker(m->worker) || pids[m->worker] != 0) {
		close(fd);
		return "no such worker, or it is running";
	}
	if (spawn_start(m->worker, fd, 0) == -1) {
		/* For the monitor it has ended, and it will try again. */
		log_warn("fork");
		tell_exited(m->worker, W_EXITCODE(EX_OSERR, 0));
	}
	close(fd);
	return NULL;
}

const char *
on_kill(struct chan *chan, const struct msg_kill *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	if (!is_worker(m->worker))
		return "no such worker";
	spawn_kill(m->worker);
	return NULL;
}

int
spawn_is_running(enum proc worker)
{
	return pids[worker] != 0;
}

void
spawn_kill(enum proc worker)
{
	/* Who has no group of its own yet has not forked anything either. */
	if (pids[worker] != 0 && kill(-pids[worker], SIGKILL) == -1)
		kill(pids[worker], SIGKILL);
}

void
spawn_forget(enum proc worker)
{
	pids[worker] = 0;
}

int
spawn_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

int
spawn_await(enum proc worker)
{
	int status;

	while (waitpid(pids[worker], &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	pids[worker] = 0;
	return spawn_status(status);
}

/* Which worker has this pid, or PROC_MAX. */
static size_t
find_worker(pid_t pid)
{
	size_t i;

	for (i = 0; i < PROC_MAX && pids[i] != pid; i++)
		continue;
	return i;
}

/*
 * Kill what a worker has left behind: our children that are no workers.  A
 * checker may be in a session of its own, where no kill of a group reaches it.
 * In our own session, on the other hand, is only what was there before us.
 * Returns how many there were.
 */
static int
kill_orphans(void)
{
	char path[64];
	pid_t session = getsid(0);
	FILE *f;
	int pid, count = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children",
	    (int)getpid());
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	while (fscanf(f, "%d", &pid) == 1) {
		if (find_worker(pid) < PROC_MAX || getsid(pid) == session)
			continue;
		if (getpgid(pid) == pid)
			kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		count++;
	}
	fclose(f);
	return count;
}

/* Reap a child that has ended. */
static void
reap(pid_t pid)
{
	size_t worker = find_worker(pid);
	int status;

	/*
	 * What a worker has forked dies with it.  It is not reaped before
	 * that: until then nobody else can have its number.
	 */
	if (worker < PROC_MAX)
		kill(-pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		fatal("waitpid");
	if (worker == PROC_MAX)
		return;
	pids[worker] = 0;
	parent_ended((enum proc)worker, status);
	if (is_worker((uint32_t)worker))
		tell_exited((enum proc)worker, status);
}

void
spawn_reap(void)
{
	siginfo_t info;

	for (;;) {
		memset(&info, 0, sizeof info);
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ==
		    -1 || info.si_pid == 0)
			break;
		reap(info.si_pid);
	}
	kill_orphans();
}

/*
 * The ledger's keeper, and who tells it what to write; and who tells the bus
 * that clients are gone.
 */
static int
takes_leave(enum proc worker)
{
	return worker == PROC_WARDEN || worker == PROC_STATE ||
	    worker == PROC_BUSD;
}

/* One hears of the monitor's end, and then the others: wait for them. */
static void
await_leave(void)
{
	const struct timespec beat = { .tv_nsec = 5000000 };
	int64_t end = loop_now() + LEAVE_MS;
	enum proc worker;

	for (worker = 0; worker < PROC_MAX; worker++) {
		if (!takes_leave(worker) || pids[worker] == 0)
			continue;
		while (waitpid(pids[worker], NULL, WNOHANG) == 0) {
			if (loop_now() >= end) {
				log_errx("%s did not end by itself",
				    programs[worker]);
				return;
			}
			nanosleep(&beat, NULL);
		}
		pids[worker] = 0;
	}
}

void
spawn_end(void)
{
	enum proc worker;

	for (worker = 0; worker < PROC_MAX; worker++)
		if (!takes_leave(worker))
			spawn_kill(worker);
	await_leave();
	for (worker = 0; worker < PROC_MAX; worker++) {
		spawn_kill(worker);
		if (pids[worker] != 0)
			spawn_await(worker);
	}
	/* With each that ends there may be others. */
	while (kill_orphans() > 0)
		(void)wait(NULL);
}
