/* SPDX-License-Identifier: ISC */
/*
 * The parent's end of the warden, which can ask for one thing, by a message
 * that has no content: that the configuration be read again.  The channel is
 * made with the process, so that nothing of this goes through the monitor.
 */
#include "parent.h"

#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

static struct chan warden = { .fd = -1 };

static void
ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;
	int got;

	(void)io;
	got = events & EPOLLOUT ? chan_flush(&warden) : 0;
	if (got == 0 && !(events & ~(uint32_t)EPOLLOUT))
		return;
	if (got == 0 && (got = chan_recv(&warden, &msg)) == 0)
		return;
	if (got == -1) {
		/* The monitor ends with it, and we with the monitor. */
		chan_close(&warden);
		return;
	}
	type = msg.type;
	if ((flaw = parent_handle(&warden, &msg)) != NULL) {
		/* It is trusted as the monitor is. */
		log_alertx("%s from the warden: %s", msg_name(type), flaw);
		parent_end(EX_SOFTWARE);
	}
}

int
warden_pair(void)
{
	int fds[2];

	if (chan_pair(fds) == -1)
		return -1;
	if (warden.fd != -1)
		chan_close(&warden);
	chan_init(&warden, fds[0], PROC_PARENT, PROC_WARDEN, PHASE_RUN);
	if (loop_io_add(&warden.io, fds[0], EPOLLIN, ready, NULL) == -1)
		fatal("epoll_ctl");
	return fds[1];
}

void
warden_reloaded(enum reloaded result, const char *why)
{
	struct msg_reloaded m = { .result = result };

	if (warden.fd == -1 || chan_send(&warden, MSG_RELOADED, &m, why,
	    strlen(why), -1) == 0)
		return;
	/* That it has ended we hear from the kernel. */
	if (errno == EPIPE || errno == ECONNRESET)
		return;
	log_alertx("the warden cannot be told: %s", strerror(errno));
	parent_end(EX_SOFTWARE);
}

const char *
on_reload(struct chan *chan, const struct msg_reload *m, struct msg *msg)
{
	(void)chan;
	(void)m;
	(void)msg;
	return reader_ask() == -1 ? "it has asked already" : NULL;
}
