/* SPDX-License-Identifier: ISC */
/*
 * Channels to programs that come and go.  The monitor has them started and
 * killed; here is only what is said.
 */
#include "warden.h"

#include <errno.h>
#include <unistd.h>

#include "dispatch.h"
#include "log.h"

static void
close_link(struct link *l)
{
	chan_close(&l->chan);
	if (l->lost != NULL)
		l->lost();
}

static void
ready(struct loop_io *io, uint32_t events)
{
	struct link *l = io->arg;
	struct msg msg;
	const char *flaw;
	uint32_t type;
	int rc = 0;

	if (l->chan.phase == PHASE_OVER ||
	    (events & EPOLLOUT && chan_flush(&l->chan) == -1))
		rc = -1;
	else if (events & ~(uint32_t)EPOLLOUT)
		rc = chan_recv(&l->chan, &msg);
	if (rc == -1) {
		/* Who was told nothing more is being killed already. */
		if (l->chan.phase != PHASE_OVER)
			monitor_worker(l, WORKER_DONE_WITH);
		close_link(l);
	}
	if (rc != 1)
		return;
	type = msg.type;
	if ((flaw = warden_handle(&l->chan, &msg)) == NULL)
		return;
	log_alertx("%s broke the message table and is killed: %s: %s",
	    l->name, msg_name(type), flaw);
	close_link(l);
	monitor_worker(l, WORKER_BROKEN);
}

void
link_open(struct link *l, int fd)
{
	/* The end of the old one may be news still on their way. */
	if (l->chan.fd != -1)
		close_link(l);
	l->life++;
	chan_init(&l->chan, fd, PROC_WARDEN, l->proc, PHASE_BOOT);
	if (loop_io_add(&l->chan.io, fd, EPOLLIN, ready, l) == -1)
		fatal("epoll_ctl");
}

void
link_ready(struct link *l)
{
	l->chan.phase = PHASE_RUN;
	monitor_worker(l, WORKER_READY);
}

int
link_is_ready(const struct link *l)
{
	return l->chan.fd != -1 && l->chan.phase == PHASE_RUN;
}

void
link_tell(struct link *l, enum msg_type type, const void *body,
    const void *tail, size_t len)
{
	/* Room for news of every client. */
	l->chan.most = CHAN_QUEUE_MAX + 4 * (size_t)client_count();
	if (l->chan.fd == -1 || l->chan.phase == PHASE_OVER ||
	    chan_send(&l->chan, type, body, tail, len, -1) == 0)
		return;
	/* Our caller is about something else: the loop will close it. */
	if (errno == ENOBUFS)
		log_warnx("%s leaves its messages unread", l->name);
	l->chan.phase = PHASE_OVER;
	monitor_worker(l, WORKER_DONE_WITH);
}
