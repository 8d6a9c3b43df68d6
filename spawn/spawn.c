/* SPDX-License-Identifier: ISC */
/*
 * The spawner: starts, kills and reaps the other programs for the monitor.
 *
 * It exists because a seccomp filter is inherited: what the monitor forbids
 * itself, every process it forks must do without, and a worker needs more than
 * the monitor does.  So the monitor starts this program first, before it has
 * read a secret, and then gives up fork, exec and every capability.  This
 * process is root with the few capabilities that workers need to lock
 * themselves down.  It reads nothing but the monitor's messages, which name a
 * worker by number; it never sees a secret, the network or a path from outside.
 */
#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "msg.h"
#include "paths.h"
#include "sandbox.h"

#define TO_SPAWN(NAME, name, ...)					\
static const char *on_##name(struct chan *, const struct msg_##name *,	\
    struct msg *);
#include "msgs.def"

/* What is running; 0 is none. */
static pid_t pids[PROC_MAX];

static struct chan monitor;
static char **server_argv;
static int have_syslog;

/* The only programs there are. */
static const char *
program(uint32_t worker)
{
	if (worker == PROC_CONF)
		return "mandos-readconf";
	if (worker == PROC_NETD)
		return "mandos-netd";
	return NULL;
}

/* In the new child: become the program, or end with status 127. */
static void
become(uint32_t worker, int fd)
{
	static char syslog_arg[] = "syslog";
	char path[4096], name[32], *argv[3];
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* A group of its own, so that a kill reaches what it forks. */
	if (setpgid(0, 0) == -1 || dup2(fd, CHAN_FD) == -1)
		_exit(127);
	/* Only the reader has a use for what we were started with. */
	if (worker != PROC_CONF &&
	    ((null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1))
		_exit(127);
	closefrom(CHAN_FD + 1);
	strlcpy(name, program(worker), sizeof name);
	snprintf(path, sizeof path, "%s/%s", path_libexec, name);
	argv[0] = server_argv[0] = name;
	argv[1] = have_syslog ? syslog_arg : NULL;
	argv[2] = NULL;
	/* The reader takes the command line of the server as its own. */
	execv(path, worker == PROC_CONF ? server_argv : argv);
	log_warn("%s", path);
	_exit(127);
}

static void end_all(void) __attribute__((noreturn));

static void
tell_exited(uint32_t worker, int status)
{
	struct msg_exited m = { .worker = worker, .status = status };

	if (chan_send(&monitor, MSG_EXITED, &m, NULL, 0, -1) == -1)
		end_all();
}

static const char *
on_spawn(struct chan *chan, const struct msg_spawn *m, struct msg *msg)
{
	int fd = msg_take_fd(msg);
	pid_t pid;

	(void)chan;
	if (program(m->worker) == NULL || pids[m->worker] != 0)
		return "no such worker, or it is running";
	if ((pid = fork()) == -1) {
		/* For the monitor it has ended, and it will try again. */
		log_warn("fork");
		close(fd);
		tell_exited(m->worker, W_EXITCODE(127, 0));
		return NULL;
	}
	if (pid == 0)
		become(m->worker, fd);
	/* Both do it, so that it is done whoever comes first. */
	setpgid(pid, pid);
	pids[m->worker] = pid;
	close(fd);
	return NULL;
}

static const char *
on_kill(struct chan *chan, const struct msg_kill *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	if (program(m->worker) == NULL)
		return "no such worker";
	if (pids[m->worker] != 0)
		kill(-pids[m->worker], SIGKILL);
	return NULL;
}

static const char *
on_logger(struct chan *chan, const struct msg_logger *m, struct msg *msg)
{
	int fd = msg_take_fd(msg), null;

	(void)chan;
	(void)m;
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 || dup2(fd, STDERR_FILENO) == -1)
		fatal("cannot change descriptors 0 to 2");
	close(null);
	close(fd);
	have_syslog = 1;
	log_to_syslog();
	return NULL;
}

static const char *
dispatch(struct chan *chan, struct msg *msg)
{
	switch (msg->type) {
#define TO_SPAWN(NAME, name, ...) case MSG_##NAME: {			\
	struct msg_##name body;						\
									\
	memcpy(&body, msg->body, sizeof body);				\
	return on_##name(chan, &body, msg);				\
	}
#include "msgs.def"
	}
	return "no handler";
}

/* The monitor has ended: so does everybody. */
static void
end_all(void)
{
	size_t i;

	for (i = 0; i < PROC_MAX; i++)
		if (pids[i] != 0)
			kill(-pids[i], SIGKILL);
	while (wait(NULL) != -1 || errno == EINTR)
		continue;
	_exit(0);
}

static void
monitor_ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;

	(void)io;
	if (events & EPOLLOUT && chan_flush(&monitor) == -1)
		end_all();
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	switch (chan_recv(&monitor, &msg)) {
	case 0:
		return;
	case -1:
		end_all();
	}
	if ((flaw = msg_check(&monitor, &msg)) == NULL)
		flaw = dispatch(&monitor, &msg);
	if (flaw != NULL) {
		/* The monitor is trusted; if it is mad, nothing is. */
		log_alertx("%s from the monitor: %s", msg_name(msg.type), flaw);
		end_all();
	}
	msg_free(&msg);
}

static void
child_ended(pid_t pid)
{
	uint32_t i;
	int status;

	for (i = 0; i < PROC_MAX && pids[i] != pid; i++)
		continue;
	/*
	 * What a worker has forked dies with it.  It is not reaped before
	 * that: until then nobody else can have its number.
	 */
	if (i < PROC_MAX)
		kill(-pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		fatal("waitpid");
	if (i == PROC_MAX)
		return;
	pids[i] = 0;
	tell_exited(i, status);
}

static void
on_signal(int signo)
{
	siginfo_t info;

	(void)signo;
	for (;;) {
		memset(&info, 0, sizeof info);
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ||
		    info.si_pid == 0)
			return;
		child_ended(info.si_pid);
	}
}

int
main(int argc, char **argv)
{
	/* Whoever ends the server ends the monitor, and that ends us. */
	static const int signals[] = { SIGCHLD, SIGHUP, SIGINT, SIGTERM, 0 };
	static const int caps[] = { CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID,
		CAP_SETUID, CAP_SETPCAP, CAP_SYS_CHROOT, -1 };
	static const struct sandbox_id id = { .keep_caps = caps,
		.for_children = 1 };

	log_open("mandos-spawn", LOG_WARNING);
	if (argc < 1 || fcntl(CHAN_FD, F_SETFD, FD_CLOEXEC) == -1)
		fatalx_status(64, "this program is started by mandos(8) only");
	server_argv = argv;
	/* Away from the terminal: its signals are for the monitor. */
	setsid();
	closefrom(CHAN_FD + 1);
	/* Sessions that outlive netd are ours to reap. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		fatal("prctl");
	/* Not root: the reader can run, to check a configuration, no more. */
	if (geteuid() == 0)
		sandbox_drop(&id);
	loop_init();
	loop_signals(signals, on_signal);
	chan_init(&monitor, CHAN_FD, PROC_SPAWN, PROC_MONITOR, PHASE_RUN);
	if (loop_io_add(&monitor.io, CHAN_FD, EPOLLIN, monitor_ready, NULL) ==
	    -1)
		fatalx_status(64, "this program is started by mandos(8) only");
	loop_run();
	return 0;
}
