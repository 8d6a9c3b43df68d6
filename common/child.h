/* SPDX-License-Identifier: ISC */
/*
 * The first steps of every program that the parent starts.
 */
#ifndef CHILD_H
#define CHILD_H

#include "msg.h"

/* The warden has a second channel, to the parent, at this descriptor. */
#define PARENT_FD (CHAN_FD + 1)

/*
 * child_adopt(chan, me, argc, argv): become worker ${me}: take descriptor 3
 * as channel to whoever it is to hear, close every higher one but the warden's
 * PARENT_FD, and log as told by the only arguments there may be, "syslog" and
 * the service name.  A worker ends when that channel does.  Fatal, with status
 * 64, if descriptor 3 is no channel: these programs are not for users to start.
 */
void child_adopt(struct chan *, enum proc, int, char **);

#endif
