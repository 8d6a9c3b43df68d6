/* SPDX-License-Identifier: ISC */
/*
 * mandos(8), the monitor: boot order, lock-down, shutdown.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "proof.h"
#include "sandbox.h"

#define PID_FILE "/run/mandos.pid"

static int exit_status;

/* Where whoever started a daemon waits for a byte; -1 in the foreground. */
static struct chan starter = { .fd = -1 };

void
monitor_serving(void)
{
	struct msg_ready m = { 0 };

	if (starter.fd == -1)
		return;
	(void)chan_send(&starter, MSG_READY, &m, NULL, 0, -1);
	chan_close(&starter);
}

void
monitor_stop(int status)
{
	exit_status = status;
	loop_stop();
}

static void
on_signal(int signo)
{
	log_debug("Server exiting on signal %d", signo);
	monitor_stop(0);
}

/* Descriptors 0 to 2 must be something, or a socket would become one. */
static void
open_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		fatal("/dev/null");
	close(fd);
}

/*
 * What we were started with and have no use for is closed.  All of our own
 * descriptors are close-on-exec, and none of those was there at our start.
 */
static void
close_inherited(int end)
{
	int fd, flags;

	/* Nobody starts us with a million, whatever the limit would permit. */
	for (fd = STDERR_FILENO + 1; fd < end && fd < 1 << 20; fd++)
		if ((flags = fcntl(fd, F_GETFD)) != -1 && !(flags & FD_CLOEXEC))
			close(fd);
}

/* Say once what was asked for and is not there. */
static void
say_missing(uint32_t flags)
{
	if (flags & SETTING_DBUS)
		log_warnx("there is no D-Bus interface in this version; "
		    "say --no-dbus");
	if (flags & SETTING_ZEROCONF)
		log_warnx("there is no Zeroconf announcement in this version; "
		    "say --no-zeroconf");
	if (flags & SETTING_RESTORE)
		log_warnx("no state is kept over a restart in this version; "
		    "say --no-restore");
}

/* No more sessions than there are descriptors for. */
static void
fit_limits(struct limits *limits)
{
	struct rlimit nofile;
	rlim_t room, others = 32 + limits->spare_sessions;

	if (getrlimit(RLIMIT_NOFILE, &nofile) == -1)
		fatal("getrlimit");
	room = nofile.rlim_cur;
	if (room <= others)
		fatalx("%llu descriptors are too few (ulimit -n)",
		    (unsigned long long)room);
	if (limits->max_sessions <= room - others)
		return;
	limits->max_sessions = (uint32_t)(room - others);
	log_warnx("max_sessions is %u, as more descriptors are not allowed "
	    "(ulimit -n)", limits->max_sessions);
}

/*
 * Take all the descriptors we are allowed; our programs inherit that.
 * Returns the limit that we were started with.
 */
static int
raise_descriptors(void)
{
	struct rlimit nofile;
	int before = getdtablesize();

	if (getrlimit(RLIMIT_NOFILE, &nofile) == -1)
		fatal("getrlimit");
	nofile.rlim_cur = nofile.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &nofile) == -1)
		fatal("setrlimit");
	return before;
}

/* The original process: wait until the daemon serves or has given up. */
static void
await_daemon(pid_t pid, int fd)
{
	struct chan daemon;
	struct msg msg;
	int status;

	chan_init(&daemon, fd, PROC_MONITOR, PROC_NETD, PHASE_BOOT);
	if (chan_recv_wait(&daemon, &msg, -1) == 1)
		_exit(0);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(EX_SOFTWARE);
}

/* Become a daemon; log to syslog from here on. */
static void
daemonize(void)
{
	int fds[2], null, pid_fd;
	pid_t pid;

	if ((pid_fd = open(PID_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0644)) == -1)
		log_errx("Could not open file '%s': %s", PID_FILE,
		    strerror(errno));
	if (chan_pair(fds) == -1 || (pid = fork()) == -1)
		fatal("cannot become a daemon");
	if (pid != 0) {
		close(fds[0]);
		await_daemon(pid, fds[1]);
	}
	close(fds[1]);
	chan_init(&starter, fds[0], PROC_NETD, PROC_MONITOR, PHASE_BOOT);
	if (setsid() == -1 || chdir("/") == -1 ||
	    (null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		fatal("cannot become a daemon");
	if (pid_fd != -1 && (dprintf(pid_fd, "%d\n", (int)getpid()) < 0 ||
	    close(pid_fd) == -1))
		log_errx("Could not write to file '%s' with PID %d", PID_FILE,
		    (int)getpid());
	if (log_connect() == 0) {
		log_to_syslog();
		worker_logger(STDERR_FILENO);
		return;
	}
	/* No syslogd: the lines go where the daemon's output goes. */
	if (dup2(null, STDERR_FILENO) == -1)
		fatal("cannot become a daemon");
	worker_logger(null);
}

/*
 * Below us on the stack lie registers that the dynamic linker has saved when
 * a library's function was bound: what copied the secrets had used them.
 */
static void __attribute__((noinline))
wipe_stack(void)
{
	uint8_t below[64 * 1024];

	explicit_bzero(below, sizeof below);
}

/* Nothing that follows needs a capability, a new file or a new process. */
static void
lock_down(void)
{
	static const struct sandbox_id id = { .user = NULL };
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, 0 };

	loop_init();
	loop_signals(signals, on_signal);
	worker_watch();
	sandbox_drop(&id);
	sandbox_enter(RULES_MONITOR);
	wipe_stack();
}

int
main(int argc, char **argv)
{
	static struct msg_settings settings;
	int listener, inherited;

	if (argc < 1)
		return EX_USAGE;
	log_open("mandos", LOG_WARNING);
	open_stdio();
	/* Ignored by who started us, it would be by the spawner, too. */
	signal(SIGCHLD, SIG_DFL);
	inherited = raise_descriptors();
	worker_boot(argv);
	config_settings(&settings);
	log_open("mandos", (int)settings.log_level);
	if (proof_selftest() == -1)
		fatalx("the proof check errs: refusing to run");
	if (settings.flags & SETTING_CHECK) {
		fputs("OK\n", stderr);
		worker_end();
		return 0;
	}
	if (geteuid() != 0)
		fatalx_status(EX_NOPERM, "must be started by root, to be able "
		    "to give that up");
	say_missing(settings.flags);
	listener = listen_open(&settings);
	close_inherited(inherited);
	fit_limits(&settings.limits);
	if (!(settings.flags & SETTING_FOREGROUND))
		daemonize();
	listen_log(listener);
	if (config_clients() == 0)
		log_warnx("No clients defined");
	netd_init(&settings, listener);
	lock_down();
	netd_start();
	loop_run();
	worker_end();
	return exit_status;
}
