/* SPDX-License-Identifier: ISC */
/*
 * The first steps of a worker, before it does anything of its own.
 */
#include "child.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Who has the other end of a worker's channel. */
static enum proc
starter_of(enum proc me)
{
	switch ((int)me) {
	case PROC_MONITOR:
		return PROC_PARENT;
	case PROC_STATE:
	case PROC_CHECKERD:
	case PROC_BUSD:
		return PROC_WARDEN;
	default:
		return PROC_MONITOR;
	}
}

void
child_adopt(struct chan *chan, enum proc me, int argc, char **argv)
{
	int type;
	socklen_t len = sizeof type;

	log_open(argc > 0 ? argv[0] : "worker", LOG_WARNING);
	if (argc > 1 && argc <= 3 && strcmp(argv[1], "syslog") == 0) {
		log_to_syslog();
		if (argc == 3)
			log_service(argv[2]);
	} else if (argc != 1)
		fatalx_status(64, "this program is started by mandos(8) only");
	if (getsockopt(CHAN_FD, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_SEQPACKET)
		fatalx_status(64, "this program is started by mandos(8) only");
	if (fcntl(CHAN_FD, F_SETFD, FD_CLOEXEC) == -1)
		fatal("fcntl");
	closefrom((me == PROC_WARDEN ? PARENT_FD : CHAN_FD) + 1);
	chan_init(chan, CHAN_FD, me, starter_of(me), PHASE_BOOT);
}
