/* SPDX-License-Identifier: ISC */
/*
 * The bad half of storm: peers that a server must endure.  Each is opened
 * again some time after the server has cut it off, so that their number stays
 * what was asked for.  None of them may ever get a byte of a secret.
 */
#include "storm.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define DRIP_US 1000000

static void
bad_end(struct conn *conn)
{
	storm.bad_cut++;
	conn_reset(conn);
	conn->start_us = now_us() + storm.respawn_us;
}

void
bad_begin(struct conn *conn)
{
	if (conn_connect(conn) == -1)
		bad_end(conn);
}

/* Failure is the server's way to be rid of us: the event will tell. */
static void
say(const struct conn *conn, const void *bytes, size_t len)
{
	if (send(conn->fd, bytes, len, MSG_NOSIGNAL) == -1)
		return;
}

/* Random bytes at once, or after a good first line. */
static void
say_garbage(const struct conn *conn)
{
	uint8_t bytes[300];

	arc4random_buf(bytes, sizeof(bytes));
	if (conn->number % 2 == 0)
		say(conn, "1\r\n", 3);
	say(conn, bytes, sizeof(bytes));
}

static void
say_rst(const struct conn *conn)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	say(conn, "1\r\n", 3);
	setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* The connection stands: say what this kind says. */
static void
bad_up(struct conn *conn)
{
	storm.bad_opened++;
	conn->state = STATE_STUCK;
	switch (conn->kind) {
	case KIND_DRIP:
		say(conn, "1", 1);
		conn->next_us = now_us() + DRIP_US;
		break;
	case KIND_GARBAGE:
		say_garbage(conn);
		break;
	case KIND_UNKNOWN:
		say(conn, "1\r\n", 3);
		if (peer_session(&conn->tls, conn->fd, storm.stranger, NULL,
		    GNUTLS_NONBLOCK) < 0)
			errx(2, "GnuTLS");
		conn->state = STATE_TALK;
		break;
	case KIND_HALF:
		say(conn, "1\r\n", 3);
		conn->state = STATE_TALK;
		break;
	case KIND_RST:
		say_rst(conn);
		bad_end(conn);
		return;
	case KIND_IDLE:
	case KIND_FETCH:
	case KINDS:
		break;
	}
	if (conn_watch(conn, EPOLLIN) == -1)
		err(2, "epoll_ctl");
}

/* Read and forget; at the end of it, the server has cut us off. */
static void
swallow(struct conn *conn)
{
	uint8_t buf[4096];
	ssize_t n;

	n = recv(conn->fd, buf, sizeof(buf), 0);
	if (n > 0 && conn->kind == KIND_HALF && conn->state == STATE_TALK) {
		/* The beginning of a record that promises 122 bytes. */
		say(conn, "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11);
		conn->state = STATE_STUCK;
	}
	if (n == 0 || n == -1)
		bad_end(conn);
}

static void
unknown_talk(struct conn *conn)
{
	uint8_t buf[1024];
	ssize_t n = 0;

	if (conn->state == STATE_TALK) {
		if ((n = gnutls_handshake(conn->tls)) == 0)
			conn->state = STATE_DATA;
		else if (gnutls_error_is_fatal((int)n))
			bad_end(conn);
	}
	if (conn->state != STATE_DATA)
		return;
	while ((n = gnutls_record_recv(conn->tls, buf, sizeof(buf))) > 0)
		storm.leaked += (uint64_t)n;
	if (n == 0 || gnutls_error_is_fatal((int)n))
		bad_end(conn);
}

void
bad_event(struct conn *conn)
{
	if (conn->state == STATE_OFF)
		return;
	if (conn->state == STATE_CONNECT) {
		if (conn_finish_connect(conn) == -1)
			bad_end(conn);
		else
			bad_up(conn);
		return;
	}
	if (conn->tls != NULL)
		unknown_talk(conn);
	else
		swallow(conn);
}

void
bad_tick(struct conn *conn, int64_t now)
{
	if (conn->state == STATE_OFF) {
		if (now >= conn->start_us)
			bad_begin(conn);
		return;
	}
	if (conn->kind == KIND_DRIP && conn->state == STATE_STUCK &&
	    now >= conn->next_us) {
		/* Blanks: the version never ends. */
		say(conn, " ", 1);
		conn->next_us = now + DRIP_US;
	}
}

/* True once every bad peer has been connected at least once. */
int
bad_all_up(void)
{
	uint32_t i;

	for (i = 0; i < storm.bad_count; i++)
		if (storm.bad_conns[i].state == STATE_CONNECT)
			return 0;
	return 1;
}
