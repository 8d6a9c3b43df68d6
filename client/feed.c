/* SPDX-License-Identifier: ISC */
/*
 * From net to the decrypter: each reply behind its length, one after the
 * other.  While one is being decrypted the others wait here.  Run by net.
 */
#include "net.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define WAITING_MAX 64	/* replies, most of them small */
#define WAITING_BYTES_MAX ((size_t)32 * 1024 * 1024)

struct reply {
	STAILQ_ENTRY(reply) entry;
	uint32_t head;		/* the length, as it is sent */
	uint8_t *bytes;
	size_t len;
	size_t sent;		/* of head and bytes together */
};

static STAILQ_HEAD(, reply) replies = STAILQ_HEAD_INITIALIZER(replies);
static size_t waiting, waiting_bytes;
static int feed_fd;
static struct loop_io feed_io = { .fd = -1 };

static void
drop_first(void)
{
	struct reply *r = STAILQ_FIRST(&replies);

	STAILQ_REMOVE_HEAD(&replies, entry);
	waiting--;
	waiting_bytes -= r->len;
	freezero(r->bytes, r->len);
	free(r);
}

/* Returns 1 if all of it is gone, 0 if not, -1 with errno. */
static int
send_some(struct reply *r)
{
	const uint8_t *from;
	size_t n;
	ssize_t sent;

	while (r->sent < sizeof r->head + r->len) {
		if (r->sent < sizeof r->head) {
			from = (const uint8_t *)&r->head + r->sent;
			n = sizeof r->head - r->sent;
		} else {
			from = r->bytes + (r->sent - sizeof r->head);
			n = r->len - (r->sent - sizeof r->head);
		}
		sent = send(feed_fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == -1)
			return errno == EAGAIN ? 0 : -1;
		r->sent += (size_t)sent;
	}
	return 1;
}

static void
flush(struct loop_io *io, uint32_t events)
{
	(void)io;
	(void)events;
	while (!STAILQ_EMPTY(&replies))
		switch (send_some(STAILQ_FIRST(&replies))) {
		case 1:
			drop_first();
			break;
		case 0:
			if (feed_io.fd == -1 && loop_io_add(&feed_io, feed_fd,
			    EPOLLOUT, flush, NULL) == -1)
				fatal("epoll_ctl");
			return;
		default:
			/* The decrypter has ended: the keeper sees to it. */
			drop_first();
		}
	loop_io_del(&feed_io);
}

void
feed_init(int fd)
{
	feed_fd = fd;
}

void
feed_put(uint8_t *bytes, size_t len)
{
	struct reply *r = NULL;

	if (waiting < WAITING_MAX && waiting_bytes + len <= WAITING_BYTES_MAX)
		r = calloc(1, sizeof *r);
	if (r == NULL) {
		log_warnx("Too many replies: one is not looked at");
		freezero(bytes, len);
		return;
	}
	r->head = (uint32_t)len;
	r->bytes = bytes;
	r->len = len;
	STAILQ_INSERT_TAIL(&replies, r, entry);
	waiting++;
	waiting_bytes += len;
	flush(NULL, 0);
}
