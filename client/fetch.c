/* SPDX-License-Identifier: ISC */
/*
 * One attempt at one server: connect, greet, TLS, and what it sends until it
 * says good-bye.  Run by net, in the loop; nothing waits.  However long a
 * server takes after the handshake it is waited for: somebody may have to
 * approve us first.
 */
#include "net.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "log.h"
#include "tls.h"

#define GREETING "1\r\n"	/* the version of the protocol */
#define CONNECT_MS 10000
#define HANDSHAKE_MS 120000	/* many may boot at the same time */
#define YOUNG_MS 3000
#define BUFFER_LEAST 16384	/* a record of TLS */
#define HELD_MAX ((size_t)48 * 1024 * 1024)	/* bytes in all attempts */

/* A host that does not answer any more is noticed after two minutes. */
#define KEEPALIVE_IDLE 60
#define KEEPALIVE_INTERVAL 10
#define KEEPALIVE_COUNT 6

enum state {
	STATE_ROUTING,		/* the keeper is asked for a route */
	STATE_CONNECTING,
	STATE_HANDSHAKE,
	STATE_READING
};

struct attempt {
	TAILQ_ENTRY(attempt) entry;
	struct server *server;
	enum state state;
	uint32_t id;
	int fd;
	struct loop_io io;
	struct loop_timer deadline;
	struct tls *tls;
	struct route route;
	int has_route;		/* which is to be removed */
	int error;		/* why it was wanted */
	uint8_t *buf;
	size_t len;
	size_t size;
};

TAILQ_HEAD(attempts, attempt);
static struct attempts attempts = TAILQ_HEAD_INITIALIZER(attempts);
static size_t held;
static uint32_t last_id;

static const char *
where(const struct attempt *a, char text[ADDRESS_TEXT_MAX])
{
	return address_print(&a->server->address, text);
}

static void
unconnect(struct attempt *a)
{
	tls_free(a->tls);
	a->tls = NULL;
	loop_io_del(&a->io);
	if (a->fd != -1)
		close(a->fd);
	a->fd = -1;
}

static void
attempt_free(struct attempt *a)
{
	unconnect(a);
	loop_timer_del(&a->deadline);
	if (a->has_route)
		net_ask_route(a->id, &a->route, 0);
	TAILQ_REMOVE(&attempts, a, entry);
	held -= a->size;
	freezero(a->buf, a->size);
	a->server->attempt = NULL;
	free(a);
}

static void
over(struct attempt *a, enum over how)
{
	struct server *server = a->server;

	attempt_free(a);
	servers_over(server, how);
}

void
fetch_drop(struct server *server)
{
	if (server->attempt != NULL)
		attempt_free(server->attempt);
}

int
fetch_is_young(const struct server *server)
{
	return server->attempt->state != STATE_ROUTING &&
	    loop_now() - server->tried_ms < YOUNG_MS;
}

/* All has come: it goes to the decrypter. */
static void
finish(struct attempt *a)
{
	char text[ADDRESS_TEXT_MAX];

	tls_bye(a->tls);
	if (a->len == 0) {
		log_debug("%s has nothing for us", where(a, text));
		over(a, OVER_FAILED);
		return;
	}
	log_debug("%zu bytes from %s", a->len, where(a, text));
	feed_put(a->buf, a->len);
	held -= a->size;
	a->buf = NULL;
	a->size = a->len = 0;
	over(a, OVER_FETCHED);
}

/*
 * Memory is short where we run, and whoever likes can be a server: of all that
 * is kept the largest goes, which will hardly be a password.
 */
static int
make_room(struct attempt *a, size_t more)
{
	struct attempt *other, *largest = a;

	if (held + more <= HELD_MAX)
		return 0;
	TAILQ_FOREACH(other, &attempts, entry)
		if (other->size > largest->size)
			largest = other;
	if (largest == a)
		return -1;
	over(largest, OVER_FAILED);
	return make_room(a, more);
}

static int
grow(struct attempt *a)
{
	size_t size = a->size == 0 ? BUFFER_LEAST : 2 * a->size;
	uint8_t *buf;

	if (size > SECRET_MAX)
		size = SECRET_MAX;
	if (a->size == SECRET_MAX || make_room(a, size - a->size) == -1)
		return -1;
	if ((buf = recallocarray(a->buf, a->size, size, 1)) == NULL)
		return -1;
	held += size - a->size;
	a->buf = buf;
	a->size = size;
	return 0;
}

static void
wait_for(struct attempt *a, enum tls_result wanted)
{
	loop_io_mod(&a->io, wanted == TLS_WANTS_WRITE ? EPOLLOUT : EPOLLIN);
}

static void
read_reply(struct attempt *a)
{
	char text[ADDRESS_TEXT_MAX];
	enum tls_result rc;
	size_t n;

	for (;;) {
		if (a->len == a->size && grow(a) == -1) {
			log_warnx("%s sends too much", where(a, text));
			over(a, OVER_FAILED);
			return;
		}
		rc = tls_read(a->tls, a->buf + a->len, a->size - a->len, &n);
		if (rc == TLS_FAILED) {
			log_warnx("Error while reading data from encrypted "
			    "session with Mandos server %s: %s",
			    where(a, text), tls_error(a->tls));
			over(a, OVER_FAILED);
			return;
		}
		if (rc != TLS_DONE) {
			wait_for(a, rc);
			return;
		}
		if (n == 0) {
			finish(a);
			return;
		}
		a->len += n;
	}
}

static void
shake_hands(struct attempt *a)
{
	char text[ADDRESS_TEXT_MAX];
	enum tls_result rc = tls_handshake(a->tls);

	if (rc == TLS_FAILED) {
		log_debug("No TLS handshake with %s: %s", where(a, text),
		    tls_error(a->tls));
		over(a, OVER_FAILED);
	} else if (rc != TLS_DONE)
		wait_for(a, rc);
	else {
		log_debug("TLS session with %s established", where(a, text));
		loop_timer_del(&a->deadline);
		a->state = STATE_READING;
		/* Something may have come along already. */
		read_reply(a);
	}
}

/* A host that vanishes must not be waited for until somebody looks. */
static void
keep_alive(int fd)
{
	static const int on = 1, idle = KEEPALIVE_IDLE,
	    interval = KEEPALIVE_INTERVAL, count = KEEPALIVE_COUNT;

	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle,
	    sizeof idle) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
	    sizeof interval) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count,
	    sizeof count) == -1)
		log_debug("no keepalive");
}

static void
greet(struct attempt *a)
{
	/* A new connection has room for three bytes. */
	if (send(a->fd, GREETING, strlen(GREETING), MSG_NOSIGNAL) !=
	    (ssize_t)strlen(GREETING) || (a->tls = tls_new(a->fd)) == NULL) {
		over(a, OVER_FAILED);
		return;
	}
	a->state = STATE_HANDSHAKE;
	loop_timer_set(&a->deadline, HANDSHAKE_MS);
	shake_hands(a);
}

/* Ask for a route to a host of which the kernel knows none. */
static int
ask_route(struct attempt *a)
{
	const struct address *to = &a->server->address;

	if (a->server->ifindex == 0 || a->has_route ||
	    address_is_link_local(to))
		return -1;
	memset(&a->route, 0, sizeof a->route);
	a->route.ifindex = a->server->ifindex;
	a->route.family = to->sa.any.sa_family;
	if (to->sa.any.sa_family == AF_INET6) {
		a->route.bits = 128;
		memcpy(a->route.address, &to->sa.in6.sin6_addr, 16);
	} else {
		a->route.bits = 32;
		memcpy(a->route.address, &to->sa.in.sin_addr, 4);
	}
	if (net_ask_route(a->id, &a->route, 1) == -1)
		return -1;
	a->state = STATE_ROUTING;
	return 0;
}

/*
 * An interface that has just been raised has an address that is tentative for
 * a second or two, or none yet, or waits for a router to say what its net is.
 */
static int
is_too_early(const struct attempt *a, int error)
{
	return servers_may_hurry(a->server) && (error == EADDRNOTAVAIL ||
	    (error == ENETUNREACH && (a->server->name == NULL ||
	    address_is_link_local(&a->server->address))));
}

static void
connect_failed(struct attempt *a, int error)
{
	char text[ADDRESS_TEXT_MAX];

	unconnect(a);
	a->error = error;
	if (is_too_early(a, error)) {
		log_debug("connect to %s: %s", where(a, text),
		    strerror(error));
		over(a, OVER_TOO_EARLY);
		return;
	}
	if ((error == ENETUNREACH || error == EHOSTUNREACH) &&
	    ask_route(a) == 0)
		return;
	if (error == ECONNREFUSED)
		log_debug("connect to %s: %s", where(a, text),
		    strerror(error));
	else
		log_warnx("connect: %s: %s", where(a, text),
		    strerror(error));
	over(a, OVER_FAILED);
}

static void
ready(struct loop_io *io, uint32_t events)
{
	struct attempt *a = io->arg;
	int error = 0;
	socklen_t len = sizeof error;

	(void)events;
	switch (a->state) {
	case STATE_ROUTING:
		break;
	case STATE_CONNECTING:
		if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error,
		    &len) == -1)
			error = errno;
		if (error != 0)
			connect_failed(a, error);
		else
			greet(a);
		break;
	case STATE_HANDSHAKE:
		shake_hands(a);
		break;
	case STATE_READING:
		read_reply(a);
		break;
	}
}

static void
start_connecting(struct attempt *a)
{
	const struct address *to = &a->server->address;

	a->state = STATE_CONNECTING;
	a->fd = socket(to->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (a->fd == -1) {
		connect_failed(a, errno);
		return;
	}
	keep_alive(a->fd);
	if (connect(a->fd, &to->sa.any, to->len) == -1 &&
	    errno != EINPROGRESS)
		connect_failed(a, errno);
	else if (loop_io_add(&a->io, a->fd, EPOLLOUT, ready, a) == -1)
		connect_failed(a, errno);
	else
		loop_timer_set(&a->deadline, CONNECT_MS);
}

static void
too_late(struct loop_timer *timer)
{
	struct attempt *a = timer->arg;
	char text[ADDRESS_TEXT_MAX];

	log_debug("%s does not answer", where(a, text));
	over(a, OVER_FAILED);
}

void
fetch_routed(uint32_t id, int error)
{
	char text[ADDRESS_TEXT_MAX];
	struct attempt *a;

	TAILQ_FOREACH(a, &attempts, entry)
		if (a->id == id && a->state == STATE_ROUTING)
			break;
	if (a == NULL)
		return;		/* given up meanwhile */
	if (error != 0) {
		log_warnx("connect: %s: %s", where(a, text),
		    strerror(a->error));
		over(a, OVER_FAILED);
		return;
	}
	a->has_route = 1;
	start_connecting(a);
}

void
fetch_start(struct server *server)
{
	struct attempt *a = calloc(1, sizeof *a);
	char text[ADDRESS_TEXT_MAX];

	if (a == NULL) {
		servers_over(server, OVER_FAILED);
		return;
	}
	a->server = server;
	a->fd = a->io.fd = -1;
	a->id = ++last_id;
	loop_timer_init(&a->deadline, too_late, a);
	TAILQ_INSERT_TAIL(&attempts, a, entry);
	server->attempt = a;
	log_debug("Trying %s", where(a, text));
	start_connecting(a);
}
