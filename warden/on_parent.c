/* SPDX-License-Identifier: ISC */
/*
 * The warden's end of the parent, which can read the configuration again.
 * One question at a time: who asks meanwhile is about files that may have
 * changed since it began, and waits for the next one.
 */
#include "warden.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "child.h"
#include "dispatch.h"
#include "log.h"

static struct chan parent;
static int is_asked;		/* and has not answered */
static int is_due;		/* to be asked again then */

void
parent_init(void)
{
	int type;
	socklen_t len = sizeof type;

	if (getsockopt(PARENT_FD, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_SEQPACKET)
		fatalx_status(EX_USAGE,
		    "this program is started by mandos(8) only");
	if (fcntl(PARENT_FD, F_SETFD, FD_CLOEXEC) == -1)
		fatal("fcntl");
	chan_init(&parent, PARENT_FD, PROC_WARDEN, PROC_PARENT, PHASE_RUN);
}

static void
ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;
	int rc = 0;

	(void)io;
	if (events & EPOLLOUT)
		rc = chan_flush(&parent);
	if (rc == 0 && events & ~(uint32_t)EPOLLOUT)
		rc = chan_recv(&parent, &msg);
	if (rc == 0)
		return;
	if (rc == -1) {
		/* The monitor ends with it, and we with the monitor. */
		loop_io_del(&parent.io);
		return;
	}
	type = msg.type;
	if ((flaw = warden_handle(&parent, &msg)) != NULL)
		fatalx_status(EX_SOFTWARE, "%s from the parent: %s",
		    msg_name(type), flaw);
}

void
parent_watch(void)
{
	if (loop_io_add(&parent.io, parent.fd, EPOLLIN, ready, NULL) == -1)
		fatal("epoll_ctl");
}

static void
ask(void)
{
	struct msg_reload m = { 0 };

	is_asked = 1;
	is_due = 0;
	busd_reloading();
	if (chan_send(&parent, MSG_RELOAD, &m, NULL, 0, -1) == -1)
		log_warn("the parent");
}

void
parent_reload(void)
{
	if (is_asked)
		is_due = 1;
	else
		ask();
}

const char *
on_reloaded(struct chan *chan, const struct msg_reloaded *m, struct msg *msg)
{
	(void)chan;
	if (!is_asked || m->result >= RELOADED_MAX)
		return "not asked for, or no such result";
	is_asked = 0;
	busd_reloaded((enum reloaded)m->result, msg->tail, msg->tail_len);
	if (is_due)
		ask();
	return NULL;
}
