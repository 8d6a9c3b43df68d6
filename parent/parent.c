/* SPDX-License-Identifier: ISC */
/*
 * mandos(8), the parent: boot order, signals, end.
 */
#include "parent.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

#define STOP_MS 5000		/* to save and end, when it is told to */

static struct chan monitor = { .fd = -1 };
static struct loop_timer stop_timer;
static int is_stopping;

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

static const char *
dispatch(struct chan *chan, struct msg *msg)
{
	switch (msg->type) {
#define TO_PARENT(NAME, name, ...) case MSG_##NAME: {			\
	struct msg_##name body;						\
									\
	memcpy(&body, msg->body, sizeof body);				\
	return on_##name(chan, &body, msg);				\
	}
#include "msgs.def"
	}
	return "no handler";
}

const char *
parent_handle(struct chan *chan, struct msg *msg)
{
	const char *flaw;

	if ((flaw = msg_check(chan, msg)) == NULL)
		flaw = dispatch(chan, msg);
	msg_free(msg);
	return flaw;
}

void
parent_end(int status)
{
	spawn_end();
	exit(status);
}

void
parent_tell(enum msg_type type, const void *body, const void *tail,
    size_t tail_len, int fd)
{
	if (monitor.fd == -1 ||
	    chan_send(&monitor, type, body, tail, tail_len, fd) == 0)
		return;
	/* That it has ended we hear from the kernel. */
	if (errno == EPIPE || errno == ECONNRESET)
		return;
	log_alertx("the monitor cannot be told %s: %s", msg_name(type),
	    strerror(errno));
	parent_end(EX_SOFTWARE);
}

int
parent_is_stopping(void)
{
	return is_stopping;
}

void
parent_ended(enum proc worker, int status)
{
	if (worker == PROC_CONF)
		reader_ended();
	if (worker != PROC_MONITOR)
		return;
	if (WIFSIGNALED(status))
		log_alertx("the monitor was ended by signal %d",
		    WTERMSIG(status));
	parent_end(spawn_status(status));
}

static void
out_of_patience(struct loop_timer *timer)
{
	(void)timer;
	log_alertx("the monitor does not end");
	parent_end(EX_SOFTWARE);
}

const char *
on_serving(struct chan *chan, const struct msg_serving *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	if (m->enabled > m->clients)
		return "more clients enabled than there are";
	if (is_stopping)
		return NULL;
	daemon_serves();
	notify_serving(m);
	reader_done(m->refused != 0);
	return NULL;
}

const char *
on_pong(struct chan *chan, const struct msg_pong *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	if (m->enabled > m->clients)
		return "more clients enabled than there are";
	if (!is_stopping)
		notify_alive(m);
	return NULL;
}

static void
monitor_ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;
	int got;

	(void)io;
	got = events & EPOLLOUT ? chan_flush(&monitor) : 0;
	if (got == 0 && !(events & ~(uint32_t)EPOLLOUT))
		return;
	if (got == 0 && (got = chan_recv(&monitor, &msg)) == 0)
		return;
	if (got == -1) {
		/* It is ending, and may take as long as if told to. */
		chan_close(&monitor);
		if (!is_stopping)
			loop_timer_set(&stop_timer, STOP_MS);
		return;
	}
	type = msg.type;
	if ((flaw = parent_handle(&monitor, &msg)) != NULL) {
		/* The monitor is trusted; if it is mad, nothing is. */
		log_alertx("%s from the monitor: %s", msg_name(type), flaw);
		parent_end(EX_SOFTWARE);
	}
}

static void
start_monitor(void)
{
	int fds[2];

	if (chan_pair(fds) == -1 ||
	    spawn_start(PROC_MONITOR, fds[1], 0) == -1)
		fatal("cannot start the monitor");
	close(fds[1]);
	chan_init(&monitor, fds[0], PROC_PARENT, PROC_MONITOR, PHASE_RUN);
}

static void
stop(int signo)
{
	struct msg_stop m = { 0 };

	if (is_stopping)
		return;
	is_stopping = 1;
	log_debug("Server exiting on signal %d", signo);
	notify_stopping();
	loop_timer_set(&stop_timer, STOP_MS);
	parent_tell(MSG_STOP, &m, NULL, 0, -1);
}

static void
on_signal(int signo)
{
	switch (signo) {
	case SIGCHLD:
		spawn_reap();
		break;
	case SIGHUP:
		if (!is_stopping)
			reader_reload();
		break;
	default:
		stop(signo);
	}
}

/* Not much is left that needs all of root's power: starting the others. */
static void
lock_down(void)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGINT, SIGTERM, 0 };
	static const int caps[] = { CAP_DAC_READ_SEARCH, CAP_IPC_LOCK,
		CAP_KILL, CAP_NET_RAW, CAP_SETGID, CAP_SETPCAP, CAP_SETUID,
		CAP_SYS_CHROOT, -1 };
	static const struct sandbox_id id = { .keep_caps = caps,
		.for_children = 1 };

	/* What outlives the worker that has forked it is ours to end. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		fatal("prctl");
	sandbox_drop(&id);
	loop_init();
	loop_signals(signals, on_signal);
	loop_timer_init(&stop_timer, out_of_patience, NULL);
}

/* The monitor alone: it tries itself and says what came out. */
static int
check(const struct settings_msg *settings)
{
	start_monitor();
	reader_settings(MSG_BOOT, settings);
	return spawn_await(PROC_MONITOR);
}

static void
serve(struct settings_msg *settings, int inherited)
{
	struct msg_listener m = { 0 };
	int listener = listen_open(settings);
	char *service = reader_service();

	log_service(service);
	spawn_service(service);
	close_inherited(inherited);
	limit_fit(&settings->limits);
	if (!(settings->flags & SETTING_FOREGROUND))
		daemon_start();
	listen_log(listener);
	lock_down();
	start_monitor();
	if (loop_io_add(&monitor.io, monitor.fd, EPOLLIN, monitor_ready,
	    NULL) == -1)
		fatal("epoll_ctl");
	reader_settings(MSG_BOOT, settings);
	parent_tell(MSG_LISTENER, &m, NULL, 0, listener);
	close(listener);
	reader_pass();
	/* Who ended before signals were ours to take. */
	spawn_reap();
	loop_run();
}

int
main(int argc, char **argv)
{
	static struct settings_msg settings;
	int inherited;

	if (argc < 1)
		return EX_USAGE;
	log_open("mandos", LOG_WARNING);
	open_stdio();
	/* Ignored by who started us, it would be by the others, too. */
	signal(SIGCHLD, SIG_DFL);
	notify_init();
	inherited = limit_raise();
	spawn_init(argv);
	reader_boot(&settings);
	log_open("mandos", (int)settings.log_level);
	if (settings.flags & SETTING_CHECK)
		return check(&settings);
	if (geteuid() != 0)
		fatalx_status(EX_NOPERM, "must be started by root, to be able "
		    "to give that up");
	serve(&settings, inherited);
	return EX_SOFTWARE;
}
