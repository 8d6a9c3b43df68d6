/* SPDX-License-Identifier: ISC */
/*
 * What net and the keeper say to each other, one note per packet.  The keeper
 * takes nothing from net but these few numbers.
 */
#ifndef NOTE_H
#define NOTE_H

#include <stdint.h>

#include "route.h"

enum note_type {
	NOTE_ROUTE_ADD = 1,	/* net: this route is wanted */
	NOTE_ROUTE_DEL,		/* net: and is not any more */
	NOTE_ROUTED		/* keeper: the answer to NOTE_ROUTE_ADD */
};

struct note {
	uint32_t type;
	uint32_t id;		/* net's own, comes back in the answer */
	int32_t error;		/* an errno, or 0 */
	struct route route;
};

/* note_send(fd, note): never waits.  Returns 0, or -1 with errno. */
int note_send(int, const struct note *);

/*
 * note_recv(fd, note): never waits.  Returns 1 with a note, 0 if there is
 * none or it is malformed, -1 at the end of file.
 */
int note_recv(int, struct note *);

/* note_route_is_sane(route): to one host that may be on a cable. */
int note_route_is_sane(const struct route *);

#endif
