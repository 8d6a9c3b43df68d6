/* SPDX-License-Identifier: ISC */
/*
 * Accepts connections and holds those that have not said anything yet.  No
 * byte from the network is read here: that a connection is readable is all
 * that netd ever learns of its content.
 */
#include "netd.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* A client speaks as soon as it is connected.  One that is silent for longer
 * than this makes room for others, if room is short. */
#define SILENT_GRACE_MS 100

/* Further ones wait as well in the kernel: each that is open here makes every
 * fork a little slower. */
#define QUEUE_MAX 512

#define ACCEPT_AT_ONCE 64 /* before others have their turn */

static struct loop_io listener = { .fd = -1 };
static struct conn_list silent = TAILQ_HEAD_INITIALIZER(silent);
static uint32_t silent_len;
static struct loop_timer relief; /* while the listener is not watched */

static void
conn_drop(struct conn *conn)
{
	TAILQ_REMOVE(&silent, conn, entry);
	silent_len--;
	loop_timer_del(&conn->timer);
	loop_io_del(&conn->io);
	close(conn->fd);
	queue_release(&netd.queue, conn->source);
	free(conn);
}

/* Make room by dropping the connection that has been silent for longest. */
static int
drop_silent(void)
{
	struct conn *conn = TAILQ_FIRST(&silent);

	if (conn == NULL || loop_now() - conn->since_ms < SILENT_GRACE_MS)
		return -1;
	conn_drop(conn);
	return 0;
}

static int
is_full(void)
{
	size_t held = silent_len + netd.queue.len;

	return held >= netd.held_max ||
	    held + pool_busy() >= netd.limits.max_connections;
}

/* Is there room for one more, or can it be made? */
static int
have_room(void)
{
	if (netd.queue.len >= QUEUE_MAX)
		return 0;
	return !is_full() || drop_silent() == 0;
}

/* Leave further connections to the kernel until something ends. */
static void
pause_listening(void)
{
	loop_io_mod(&listener, 0);
	loop_timer_set(&relief, SILENT_GRACE_MS);
}

void
listen_more(void)
{
	/* Not for each that leaves the queue. */
	if (listener.events != 0 || netd.queue.len > QUEUE_MAX / 2 ||
	    is_full())
		return;
	loop_timer_del(&relief);
	loop_io_mod(&listener, EPOLLIN);
}

static void
relief_due(struct loop_timer *timer)
{
	(void)timer;
	loop_io_mod(&listener, EPOLLIN);
}

static void
silence_over(struct loop_timer *timer)
{
	/* It has cost next to nothing: no penalty. */
	conn_drop(timer->arg);
	listen_more();
}

static void
conn_ready(struct loop_io *io, uint32_t events)
{
	struct conn *conn = io->arg;

	if (events & (EPOLLERR | EPOLLHUP)) {
		conn_drop(conn);
		listen_more();
		return;
	}
	TAILQ_REMOVE(&silent, conn, entry);
	silent_len--;
	loop_timer_del(&conn->timer);
	loop_io_del(&conn->io);
	pool_offer(conn);
	pool_work();
}

/* Watch ${conn} until it says something. */
static void
conn_watch(struct conn *conn)
{
	loop_timer_init(&conn->timer, silence_over, conn);
	loop_timer_set(&conn->timer, netd.limits.handshake_timeout_ms);
	TAILQ_INSERT_TAIL(&silent, conn, entry);
	silent_len++;
	if (loop_io_add(&conn->io, conn->fd, EPOLLIN, conn_ready, conn) == -1)
		conn_drop(conn);
}

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Keep the address in the form that IPv6 sockets have for all. */
static void
conn_set_address(struct conn *conn, const union address *a)
{
	if (a->sa.sa_family == AF_INET6) {
		memcpy(conn->address, &a->in6.sin6_addr, 16);
		conn->scope_id = a->in6.sin6_scope_id;
		conn->port = ntohs(a->in6.sin6_port);
	} else {
		conn->address[10] = conn->address[11] = 0xff;
		memcpy(conn->address + 12, &a->in.sin_addr, 4);
		conn->port = ntohs(a->in.sin_port);
	}
}

/* Take over a new connection, whose descriptor is ${fd}. */
static void
conn_new(int fd, const union address *a)
{
	struct pollfd first = { .fd = fd, .events = POLLIN };
	struct limit_key key;
	struct conn *conn;

	if ((conn = calloc(1, sizeof *conn)) == NULL)
		goto out_close;
	conn->fd = fd;
	conn->io.fd = -1;
	conn->since_ms = loop_now();
	conn_set_address(conn, a);
	limit_key_init(&key, conn->address, conn->scope_id);
	if (limit_refuses(&netd.penalties, &key, conn->since_ms) ||
	    (conn->source = queue_source(&netd.queue, &key)) == NULL)
		goto out_free;
	/* Most have spoken while they waited to be accepted. */
	if (poll(&first, 1, 0) == 1)
		pool_offer(conn);
	else
		conn_watch(conn);
	return;
out_free:
	free(conn);
out_close:
	close(fd);
}

/* Returns 0, or -1 if no connection can be had at the moment. */
static int
accept_one(void)
{
	union address a;
	socklen_t len = sizeof a;
	int fd;

	if (!have_room()) {
		pause_listening();
		return -1;
	}
	memset(&a, 0, sizeof a);
	/* The session will want to block on it. */
	if ((fd = accept4(listener.fd, &a.sa, &len, SOCK_CLOEXEC)) != -1) {
		conn_new(fd, &a);
		return 0;
	}
	switch (errno) {
	case EAGAIN:
		return -1;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		if (drop_silent() == 0)
			return 0;
		pause_listening();
		return -1;
	case EBADF:
	case EFAULT:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		fatal("accept4");
	default:
		/* Trouble of that one connection, see accept(2). */
		return 0;
	}
}

static void
listener_ready(struct loop_io *io, uint32_t events)
{
	int i;

	(void)io;
	(void)events;
	for (i = 0; i < ACCEPT_AT_ONCE; i++)
		if (accept_one() == -1)
			break;
	pool_work();
}

void
listen_start(int fd)
{
	loop_timer_init(&relief, relief_due, NULL);
	if (loop_io_add(&listener, fd, EPOLLIN, listener_ready, NULL) == -1)
		fatal("epoll_ctl");
}
