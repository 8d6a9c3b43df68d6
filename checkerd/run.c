/* SPDX-License-Identifier: ISC */
/*
 * Checkers as processes: started as a shell that leads a session of its own,
 * ended at their deadline or by order, and never survived by what they have
 * started themselves.
 */
#include "checkerd.h"

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/tree.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* From SIGTERM to SIGKILL. */
#define GRACE_MS 2000

/* A deadline of nothing would let no checker succeed. */
#define DEADLINE_MIN_MS 1000

/*
 * The processes that all checkers together may have.  It is no share that any
 * of them is promised: it keeps one which forks without end from taking more
 * of the machine.  checkerd itself may start some more than that.
 *
 * Of other limits, cores are forbidden, by sandbox_drop.  Files may be as many
 * and as large as the server's: a checker may well keep some.
 */
#define PROCESSES_MIN 1024
#define PROCESSES_EACH 32
#define PROCESSES_RESERVE 256

struct run {
	RB_ENTRY(run) entry;		/* by pid */
	pid_t pid;
	struct check_client *client;	/* NULL: it has been removed */
	int stopped;			/* by order: not to be reported */
	int terminated;			/* SIGTERM has been sent */
	char *command;
	struct loop_timer deadline;
	struct output *output;		/* NULL: not logged */
};

RB_HEAD(runs, run);

static struct runs runs = RB_INITIALIZER(&runs);
static uint32_t count;
static posix_spawnattr_t attr;
static posix_spawn_file_actions_t to_null;
static struct rlimit processes;

static int
run_cmp(struct run *a, struct run *b)
{
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

RB_GENERATE_INTERNAL(runs, run, entry, run_cmp,
    __attribute__((unused)) static)

static void
must(int error, const char *what)
{
	errno = error;
	if (error != 0)
		fatal("%s", what);
}

/* Descriptors 0 and 1 are /dev/null, for every checker; 2 is the log's. */
static void
open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1 ||
	    dup2(fd, STDOUT_FILENO) == -1)
		fatal("/dev/null");
	close(fd);
}

static void
limit_processes(void)
{
	struct rlimit own;
	rlim_t wanted = (rlim_t)checkerd.limits.max_checkers * PROCESSES_EACH;

	if (wanted < PROCESSES_MIN)
		wanted = PROCESSES_MIN;
	if (getrlimit(RLIMIT_NPROC, &own) == -1)
		fatal("RLIMIT_NPROC");
	if (own.rlim_max > wanted + PROCESSES_RESERVE)
		own.rlim_max = wanted + PROCESSES_RESERVE;
	own.rlim_cur = own.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &own) == -1)
		fatal("RLIMIT_NPROC");
	if (wanted > own.rlim_max)
		wanted = own.rlim_max;
	processes.rlim_cur = processes.rlim_max = wanted;
}

void
run_init(void)
{
	sigset_t signals;

	open_null();
	limit_processes();
	must(posix_spawnattr_init(&attr), "posix_spawnattr_init");
	must(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF), "posix_spawn");
	sigemptyset(&signals);
	must(posix_spawnattr_setsigmask(&attr, &signals), "posix_spawn");
	sigfillset(&signals);
	sigdelset(&signals, SIGKILL);
	sigdelset(&signals, SIGSTOP);
	must(posix_spawnattr_setsigdefault(&attr, &signals), "posix_spawn");
	must(posix_spawn_file_actions_init(&to_null), "posix_spawn");
	must(posix_spawn_file_actions_adddup2(&to_null, STDOUT_FILENO,
	    STDERR_FILENO), "posix_spawn");
	stray_init();
}

uint32_t
run_count(void)
{
	return count;
}

struct run *
run_find(pid_t pid)
{
	struct run key = { .pid = pid };

	return RB_FIND(runs, &runs, &key);
}

int
run_is_stopped(const struct run *run)
{
	return run->stopped;
}

/* First politely; a shell's children are in its group, if it asks for none. */
static void
terminate(struct run *run)
{
	if (run->terminated)
		return;
	run->terminated = 1;
	kill(-run->pid, SIGTERM);
	loop_timer_set(&run->deadline, GRACE_MS);
}

static void
deadline(struct loop_timer *timer)
{
	struct run *run = timer->arg;

	if (run->terminated) {
		kill(-run->pid, SIGKILL);
		return;
	}
	log_warnx("Checker for %s takes too long and is stopped",
	    run->client->text[TEXT_NAME]);
	terminate(run);
}

void
run_stop(struct run *run)
{
	run->stopped = 1;
	terminate(run);
}

void
run_orphan(struct run *run)
{
	run->client = NULL;
	run_stop(run);
}

static int
spawn(pid_t *pid, char *command, const posix_spawn_file_actions_t *actions)
{
	static char sh[] = "sh", option[] = "-c";
	char *argv[] = { sh, option, command, NULL };

	return posix_spawn(pid, "/bin/sh", actions, &attr, argv, environ);
}

/* With its output in a pipe, if there can be one. */
static int
spawn_logged(struct run *run, const char *name)
{
	posix_spawn_file_actions_t actions;
	int error, fd;

	if ((run->output = output_new(name, &fd)) == NULL)
		return spawn(&run->pid, run->command, &to_null);
	if ((error = posix_spawn_file_actions_init(&actions)) == 0) {
		error = posix_spawn_file_actions_adddup2(&actions, fd,
		    STDOUT_FILENO);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions, fd,
			    STDERR_FILENO);
		if (error == 0)
			error = spawn(&run->pid, run->command, &actions);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(fd);
	return error;
}

int
run_start(struct check_client *c, char *command)
{
	struct run *run;
	uint64_t ms = checkerd.limits.checker_timeout_ms;
	int error;

	if ((run = calloc(1, sizeof *run)) == NULL)
		return -1;
	run->command = command;
	error = checkerd.debug ? spawn_logged(run, c->text[TEXT_NAME]) :
	    spawn(&run->pid, command, &to_null);
	if (error != 0) {
		output_free(run->output);
		free(run);
		errno = error;
		return -1;
	}
	/* Its own, which is lower than ours. */
	if (prlimit(run->pid, RLIMIT_NPROC, &processes, NULL) == -1)
		log_warn("RLIMIT_NPROC");
	run->client = c;
	c->run = run;
	RB_INSERT(runs, &runs, run);
	count++;
	if (ms == 0)
		ms = c->f.timeout_ms;
	loop_timer_init(&run->deadline, deadline, run);
	loop_timer_set(&run->deadline, ms < DEADLINE_MIN_MS ? DEADLINE_MIN_MS :
	    ms);
	return 0;
}

static void
run_end(struct run *run, int status)
{
	RB_REMOVE(runs, &runs, run);
	count--;
	loop_timer_del(&run->deadline);
	output_free(run->output);
	if (run->client != NULL)
		schedule_ended(run->client, run->stopped ? NULL : run->command,
		    status);
	free(run->command);
	free(run);
}

void
run_reap(void)
{
	struct run *run;
	siginfo_t info;
	int status;

	for (;;) {
		memset(&info, 0, sizeof info);
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ==
		    -1 || info.si_pid == 0)
			break;
		/* Until it is reaped nobody else can have this number. */
		if ((run = run_find(info.si_pid)) != NULL)
			kill(-run->pid, SIGKILL);
		if (waitpid(info.si_pid, &status, 0) != info.si_pid)
			fatal("waitpid");
		if (run != NULL)
			run_end(run, status);
	}
	stray_kill();
	schedule_work();
}

void
run_kill_all(void)
{
	struct run *run, *next;

	RB_FOREACH_SAFE(run, runs, &runs, next) {
		kill(-run->pid, SIGKILL);
		/* From here on it is a stray like any other. */
		RB_REMOVE(runs, &runs, run);
	}
	do
		stray_kill();
	while (wait(NULL) != -1 || errno == EINTR);
}
