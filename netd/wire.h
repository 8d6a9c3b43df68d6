/* SPDX-License-Identifier: ISC */
/*
 * A session's connection: bytes in through one buffer, which the first line
 * and TLS share, and bytes out in as few packets as possible.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "line.h"

/* So much may a peer send before it has proven anything.  A real client
 * sends less than 2 kB; GnuTLS alone would buffer 16 MB. */
#define WIRE_BUDGET 16384
#define WIRE_IN (LINE_BYTES + 2)
#define WIRE_OUT 4096

struct wire {
	int fd;			/* owned */
	int eof;		/* the peer has sent all it wanted to */
	size_t budget;		/* bytes that it may still send */
	size_t in_at;		/* read from here ... */
	size_t in_len;		/* ... to here */
	size_t out_len;
	uint8_t in[WIRE_IN];
	uint8_t out[WIRE_OUT];
};

/* wire_init(wire, fd): take over the connected socket ${fd}. */
void wire_init(struct wire *, int);

/*
 * wire_fill(wire): receive more behind what is there.  Returns 1 with more
 * bytes, 0 at the end of the stream, -1 with errno; EMSGSIZE means that the
 * peer's budget is spent or the buffer is full.
 */
int wire_fill(struct wire *);

/*
 * wire_put(wire, bytes, len): to be sent with the next wire_flush, or at once
 * if there is no more room.  wire_flush(wire, more) sends; ${more} tells the
 * kernel that something follows at once.  Both return 0, or -1 with errno.
 */
int wire_put(struct wire *, const void *, size_t);
int wire_flush(struct wire *, int);

/*
 * wire_finish(wire): flush and close our direction, in one packet if it fits.
 * Returns 0, or -1 with errno.
 */
int wire_finish(struct wire *);

#endif
