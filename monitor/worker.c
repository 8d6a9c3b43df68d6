/* SPDX-License-Identifier: ISC */
/*
 * The monitor's end of the spawner, which starts and ends all other programs.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "dispatch.h"
#include "log.h"
#include "paths.h"

#define END_MS 900	/* how long the spawner may take to end everybody */

static struct chan spawner = { .fd = -1 };
static int running[PROC_MAX];
static int statuses[PROC_MAX];	/* exit status of who has ended */

void
worker_boot(char **argv)
{
	static char name[] = "mandos-spawn";
	char path[4096];
	int fds[2];
	pid_t pid;

	if (chan_pair(fds) == -1 || (pid = fork()) == -1)
		fatal("cannot start mandos-spawn");
	if (pid == 0) {
		snprintf(path, sizeof path, "%s/%s", path_libexec, name);
		argv[0] = name;
		if (dup2(fds[1], CHAN_FD) != -1)
			execv(path, argv);
		fatal("%s", path);
	}
	close(fds[1]);
	chan_init(&spawner, fds[0], PROC_MONITOR, PROC_SPAWN, PHASE_RUN);
}

int
worker_run(enum proc worker, struct chan *chan)
{
	struct msg_spawn m = { .worker = worker };
	int fds[2];

	if (chan_pair(fds) == -1)
		return -1;
	if (chan_send(&spawner, MSG_SPAWN, &m, NULL, 0, fds[1]) == -1)
		fatal("mandos-spawn");
	close(fds[1]);
	running[worker] = 1;
	chan_init(chan, fds[0], PROC_MONITOR, worker, PHASE_BOOT);
	return 0;
}

void
worker_kill(enum proc worker)
{
	struct msg_kill m = { .worker = worker };

	if (chan_send(&spawner, MSG_KILL, &m, NULL, 0, -1) == -1)
		fatal("mandos-spawn");
}

void
worker_logger(int fd)
{
	struct msg_logger m = { 0 };

	if (chan_send(&spawner, MSG_LOGGER, &m, NULL, 0, fd) == -1)
		fatal("mandos-spawn");
}

const char *
on_exited(struct chan *chan, const struct msg_exited *m, struct msg *msg)
{
	(void)chan;
	(void)msg;
	if (m->worker >= PROC_MAX || !running[m->worker])
		return "this worker was not running";
	running[m->worker] = 0;
	statuses[m->worker] = WIFEXITED(m->status) ? WEXITSTATUS(m->status) :
	    EX_SOFTWARE;
	if (m->worker == PROC_NETD)
		netd_exited(m->status);
	return NULL;
}

/* One message of the spawner, which is root and must be sound. */
static void
serve(int ms)
{
	struct msg msg;
	const char *flaw;

	if (chan_recv_wait(&spawner, &msg, ms) != 1)
		fatalx("mandos-spawn has ended");
	if ((flaw = monitor_handle(&spawner, &msg)) != NULL)
		fatalx("mandos-spawn: %s", flaw);
}

int
worker_await(enum proc worker)
{
	while (running[worker])
		serve(-1);
	return statuses[worker];
}

static void
spawner_ready(struct loop_io *io, uint32_t events)
{
	(void)io;
	if (events & EPOLLOUT && chan_flush(&spawner) == -1)
		fatal("mandos-spawn");
	if (events & ~(uint32_t)EPOLLOUT)
		serve(0);
}

void
worker_watch(void)
{
	if (loop_io_add(&spawner.io, spawner.fd, EPOLLIN, spawner_ready,
	    NULL) == -1)
		fatal("epoll_ctl");
}

void
worker_end(void)
{
	struct msg msg;

	/* It hears the end of file, ends everybody, and its own end says so. */
	shutdown(spawner.fd, SHUT_WR);
	while (chan_recv_wait(&spawner, &msg, END_MS) == 1)
		msg_free(&msg);
	chan_close(&spawner);
}
