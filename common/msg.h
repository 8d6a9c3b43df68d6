/* SPDX-License-Identifier: ISC */
/*
 * Channels between our processes: SOCK_SEQPACKET socketpairs that carry the
 * messages of msgs.def, one message per packet, at most one descriptor each.
 * A packet is a uint32_t type, the row's fixed struct, and the tail.
 *
 * The order on the receiving side is always: chan_recv, msg_check, a handler
 * through the receiver's dispatch switch, msg_free.  No handler sees a byte
 * that msg_check has not passed.
 */
#ifndef MSG_H
#define MSG_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "msgs.h"

/* The channel is this descriptor in every worker that is exec'd. */
#define CHAN_FD 3

/* A row of the table. */
struct msg_rule {
	const char *name;
	enum proc to;
	enum proc from;
	unsigned int phases;
	size_t fixed;		/* bytes of the struct */
	size_t tail;		/* most bytes behind it */
	int fds;
	const char *meaning;
};

extern const struct msg_rule msg_rules[MSG_MAX_TYPE];

/* A message as received; the bytes lie in the one receive buffer. */
struct msg {
	uint32_t type;
	const uint8_t *body;	/* the fixed struct, not aligned: copy it */
	const uint8_t *tail;	/* behind it; valid after msg_check */
	size_t len;		/* body and tail together */
	size_t tail_len;
	int fd;			/* -1 if none came, or it was taken */
	const char *flaw;	/* the packet itself was bad, and how */
};

struct chan_out;

struct chan {
	int fd;			/* owned; -1 when closed */
	enum proc me;
	enum proc peer;
	enum phase phase;	/* set by the owner */
	struct loop_io io;	/* used by owners that have a loop */
	size_t queued;		/* messages waiting to be sent */
	size_t most;		/* that may; the owner may permit more */
	STAILQ_HEAD(, chan_out) out;
};

/*
 * chan_init(chan, fd, me, peer, phase): take over ${fd}.  chan_close closes
 * it, wipes and drops what is queued, and takes it out of the loop.
 */
void chan_init(struct chan *, int, enum proc, enum proc, enum phase);
void chan_close(struct chan *);

/*
 * chan_pair(fds): a socketpair(2) as channels want it: SOCK_SEQPACKET and
 * close-on-exec.  Returns 0, or -1 with errno.
 */
int chan_pair(int[2]);

/*
 * chan_send(chan, type, body, tail, tail_len, fd): send a message; ${body} is
 * the row's struct, ${fd} a descriptor to go with it or -1 and stays the
 * caller's.  Nothing is copied if the kernel takes it at once.  A channel that
 * is in the loop never blocks: a copy is queued and the loop is asked for
 * EPOLLOUT, when the owner calls chan_flush.  Any other channel blocks.
 * Returns 0, or -1 with errno: the peer is gone, or has left
 * chan->most messages unread (ENOBUFS) and is to be treated as dead.
 */
#define CHAN_QUEUE_MAX 4096
int chan_send(struct chan *, enum msg_type, const void *, const void *,
    size_t, int);
int chan_flush(struct chan *);

/*
 * chan_recv(chan, msg): receive one packet into ${msg}; one message can be
 * held at a time.  Returns 1 with a message, 0 if there is none now, -1 at
 * end of file (errno 0) or error.  chan_recv_wait waits for one, up to ${ms}
 * milliseconds (-1: for ever), and returns -1 with ETIMEDOUT instead of 0.
 */
int chan_recv(struct chan *, struct msg *);
int chan_recv_wait(struct chan *, struct msg *, int);

/*
 * msg_check(chan, msg): hold ${msg} against the table: a sound packet, known
 * type, meant for me, from this peer, legal in this phase, length between
 * fixed and fixed + tail, as many descriptors as declared.  Returns NULL, or
 * the reason as text for the log.
 */
const char *msg_check(const struct chan *, struct msg *);

/* msg_take_fd(msg): the descriptor, now the caller's. */
int msg_take_fd(struct msg *);

/* msg_free(msg): wipe the receive buffer and close an untaken descriptor. */
void msg_free(struct msg *);

/* msg_name(type): the row's name, or "?" for no row. */
const char *msg_name(uint32_t);

/*
 * Strings in a tail: a uint32_t length and the bytes, one after the other.
 * tail_get(&p, &left, max, &bytes, &len) steps over one; it returns 0 or -1
 * if the length is over ${max} or leads outside.  The bytes lie in the
 * receive buffer and have no NUL.  tail_get_text is the same for a string
 * without NUL bytes, copied to a new NUL-terminated one which the caller
 * frees.  tail_put(buf, size, &used, bytes, len) appends one and returns 0,
 * or -1 if it does not fit.
 */
int tail_get(const uint8_t **, size_t *, size_t, const uint8_t **, size_t *);
int tail_get_text(const uint8_t **, size_t *, size_t, char **);
int tail_put(uint8_t *, size_t, size_t *, const void *, size_t);

#endif
