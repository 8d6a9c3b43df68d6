/* SPDX-License-Identifier: ISC */
/*
 * Buffered, budgeted bytes from and to the peer.  Runs in a session.  It must
 * never read more than the budget, whatever is asked of it.
 */
#include "wire.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

void
wire_init(struct wire *wire, int fd)
{
	wire->fd = fd;
	wire->eof = 0;
	wire->budget = WIRE_BUDGET;
	wire->in_at = wire->in_len = wire->out_len = 0;
}

int
wire_fill(struct wire *wire)
{
	size_t room;
	ssize_t n;

	if (wire->eof)
		return 0;
	if (wire->in_at == wire->in_len)
		wire->in_at = wire->in_len = 0;
	room = sizeof wire->in - wire->in_len;
	if (room > wire->budget)
		room = wire->budget;
	if (room == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	do
		n = recv(wire->fd, wire->in + wire->in_len, room, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	if (n == 0) {
		wire->eof = 1;
		return 0;
	}
	wire->in_len += (size_t)n;
	wire->budget -= (size_t)n;
	return 1;
}

static int
send_all(int fd, const uint8_t *bytes, size_t len, int flags)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, bytes, len, flags | MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int
wire_flush(struct wire *wire, int more)
{
	size_t len = wire->out_len;

	wire->out_len = 0;
	return send_all(wire->fd, wire->out, len, more ? MSG_MORE : 0);
}

int
wire_put(struct wire *wire, const void *bytes, size_t len)
{
	if (len > sizeof wire->out - wire->out_len) {
		if (wire_flush(wire, 1) == -1)
			return -1;
		if (len > sizeof wire->out)
			return send_all(wire->fd, bytes, len, MSG_MORE);
	}
	memcpy(wire->out + wire->out_len, bytes, len);
	wire->out_len += len;
	return 0;
}

int
wire_finish(struct wire *wire)
{
	/* The FIN sends what MSG_MORE has held back. */
	if (wire_flush(wire, 1) == -1)
		return -1;
	return shutdown(wire->fd, SHUT_WR);
}
