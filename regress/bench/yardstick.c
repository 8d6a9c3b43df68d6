/* SPDX-License-Identifier: ISC */
/*
 * yardstick: what a Mandos server costs at least on this machine.  One
 * process, no privilege separation, no sandbox, no policy, a table of keys and
 * secrets in memory, the same TLS parameters as mandos-netd.  The benchmark
 * compares with it; it must never serve anybody's real secrets.
 *
 * It is meant to be a good opponent: level-triggered epoll(7), one read for
 * all records that have arrived, and one write for Finished, the secret and
 * close_notify.
 *
 * With --fork it has a process for each connection, and still no sandbox and
 * nobody who checks what that process does: so much is the price of processes.
 */
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "priority.h"

#include "keytable.h"

#define DEADLINE_MS 60000
#define LINE_MAX_LEN 256
#define READ_AHEAD 2048
#define READ_BUDGET 16384	/* bytes one peer may send */
#define EVENTS 256
#define ACCEPTS 64		/* in a row, before others get their turn */

enum state {
	STATE_LINE,
	STATE_HANDSHAKE,
	STATE_DRAIN
};

struct conn {
	TAILQ_ENTRY(conn) entry;	/* in order of deadline */
	int64_t deadline_ms;
	int fd;
	enum state state;
	int wants_out;			/* epoll is told to wait for EPOLLOUT */
	int ended;			/* the peer has sent end of file */
	gnutls_session_t tls;
	size_t budget;
	size_t in_off, in_len;
	uint8_t in[READ_AHEAD];
	size_t out_off, out_len;
	uint8_t out[];			/* out_size bytes */
};

static TAILQ_HEAD(, conn) conns = TAILQ_HEAD_INITIALIZER(conns);
static int epoll_fd, listen_fd;
static int forks, is_child;
static size_t out_size;
static gnutls_priority_t priority;
static gnutls_certificate_credentials_t cred;

static struct keytable table;
static uint8_t *secrets;
static uint8_t (*keyids)[KEYTABLE_KEYID_LEN];
static uint32_t *slots;			/* client number + 1, or 0 */
static uint32_t slot_mask;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Key IDs are hashes already. */
static uint32_t
slot_of(const uint8_t *keyid)
{
	uint32_t h;

	memcpy(&h, keyid, sizeof(h));
	return h & slot_mask;
}

static void
table_load(const char *path)
{
	uint8_t spki[KEYTABLE_SPKI_LEN];
	uint32_t i, s;

	if (keytable_read(&table, path) == -1)
		err(1, "%s", path);
	for (slot_mask = 1; slot_mask < 2 * table.count; slot_mask *= 2)
		continue;
	slots = calloc(slot_mask, sizeof(*slots));
	slot_mask--;
	keyids = calloc(table.count + 1, sizeof(*keyids));
	secrets = calloc(table.count + 1, table.secret_size);
	if (slots == NULL || keyids == NULL || secrets == NULL)
		err(1, "calloc");
	for (i = 0; i < table.count; i++) {
		keytable_secret(&table, i,
		    secrets + (size_t)i * table.secret_size);
		keytable_spki(&table.entries[i], spki);
		keytable_keyid(spki, sizeof(spki), keyids[i]);
		for (s = slot_of(keyids[i]); slots[s] != 0;
		    s = (s + 1) & slot_mask)
			continue;
		slots[s] = i + 1;
	}
	/* Records of up to 16384 bytes, what frames them, and the handshake. */
	out_size = table.secret_size + 64 * (table.secret_size / 16384 + 1) +
	    1024;
}

static const uint8_t *
table_find(const gnutls_datum_t *spki)
{
	uint8_t keyid[KEYTABLE_KEYID_LEN];
	uint32_t s;

	keytable_keyid(spki->data, spki->size, keyid);
	for (s = slot_of(keyid); slots[s] != 0; s = (s + 1) & slot_mask)
		if (memcmp(keyids[slots[s] - 1], keyid, sizeof(keyid)) == 0)
			return secrets +
			    (size_t)(slots[s] - 1) * table.secret_size;
	return NULL;
}

static void
conn_free(struct conn *conn)
{
	TAILQ_REMOVE(&conns, conn, entry);
	if (conn->tls != NULL)
		gnutls_deinit(conn->tls);
	close(conn->fd);
	free(conn);
}

/* More of what has arrived: 1, 0 if nothing has, -1 if the peer is gone. */
static int
conn_fill(struct conn *conn)
{
	ssize_t n;

	if (conn->in_off == conn->in_len)
		conn->in_off = conn->in_len = 0;
	if (conn->budget == 0)
		return -1;
	n = recv(conn->fd, conn->in + conn->in_len,
	    sizeof(conn->in) - conn->in_len, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		conn->ended = 1;
		return -1;
	}
	conn->in_len += (size_t)n;
	conn->budget -= (size_t)n < conn->budget ? (size_t)n : conn->budget;
	return 1;
}

static ssize_t
tls_pull(gnutls_transport_ptr_t ptr, void *buf, size_t len)
{
	struct conn *conn = ptr;
	int r;

	if (conn->in_off == conn->in_len && (r = conn_fill(conn)) != 1) {
		gnutls_transport_set_errno(conn->tls, EAGAIN);
		return r == 0 ? -1 : 0;
	}
	if (len > conn->in_len - conn->in_off)
		len = conn->in_len - conn->in_off;
	memcpy(buf, conn->in + conn->in_off, len);
	conn->in_off += len;
	return (ssize_t)len;
}

static ssize_t
tls_push(gnutls_transport_ptr_t ptr, const void *buf, size_t len)
{
	struct conn *conn = ptr;

	if (len > out_size - conn->out_len) {
		gnutls_transport_set_errno(conn->tls, EMSGSIZE);
		return -1;
	}
	memcpy(conn->out + conn->out_len, buf, len);
	conn->out_len += len;
	return (ssize_t)len;
}

/* Send what is queued; returns -1 if the peer is gone. */
static int
conn_flush(struct conn *conn)
{
	struct epoll_event event = { .data.ptr = conn };
	ssize_t n;
	int wants;

	if (conn->out_off < conn->out_len) {
		n = send(conn->fd, conn->out + conn->out_off,
		    conn->out_len - conn->out_off, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n > 0)
			conn->out_off += (size_t)n;
	}
	wants = conn->out_off < conn->out_len;
	if (!wants) {
		conn->out_off = conn->out_len = 0;
		if (conn->state == STATE_DRAIN)
			shutdown(conn->fd, SHUT_WR);
	}
	if (wants == conn->wants_out)
		return 0;
	conn->wants_out = wants;
	event.events = EPOLLIN | (wants ? EPOLLOUT : 0);
	return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
}

/* Returns -1 for a line that is not a version up to 1, or too long. */
static int
conn_line(struct conn *conn)
{
	char line[LINE_MAX_LEN + 1], *end;
	uint8_t *newline;
	size_t len;
	long version;

	newline = memchr(conn->in, '\n', conn->in_len);
	if (newline == NULL)
		return conn->in_len < LINE_MAX_LEN ? 0 : -1;
	len = (size_t)(newline - conn->in);
	if (len > LINE_MAX_LEN)
		return -1;
	memcpy(line, conn->in, len);
	line[len] = '\0';
	errno = 0;
	version = strtol(line, &end, 10);
	if (end == line || strchr(" \t\r", *end) == NULL || errno != 0 ||
	    version > 1)
		return -1;
	conn->in_off = len + 1;
	if (gnutls_init(&conn->tls, GNUTLS_CLIENT | GNUTLS_ENABLE_RAWPK |
	    GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL | GNUTLS_NONBLOCK |
	    GNUTLS_KEY_SHARE_TOP) < 0 ||
	    gnutls_priority_set(conn->tls, priority) < 0 ||
	    gnutls_credentials_set(conn->tls, GNUTLS_CRD_CERTIFICATE,
	    cred) < 0)
		return -1;
	gnutls_transport_set_ptr(conn->tls, conn);
	gnutls_transport_set_pull_function(conn->tls, tls_pull);
	gnutls_transport_set_push_function(conn->tls, tls_push);
	conn->state = STATE_HANDSHAKE;
	return 0;
}

static int
conn_answer(struct conn *conn)
{
	const gnutls_datum_t *spki;
	const uint8_t *secret;
	unsigned int n;
	size_t done;
	ssize_t sent;

	spki = gnutls_certificate_get_peers(conn->tls, &n);
	if (spki == NULL || n != 1 ||
	    gnutls_certificate_type_get2(conn->tls, GNUTLS_CTYPE_PEERS) !=
	    GNUTLS_CRT_RAWPK)
		return -1;
	if ((secret = table_find(spki)) != NULL) {
		for (done = 0; done < table.secret_size; done += (size_t)sent)
			if ((sent = gnutls_record_send(conn->tls,
			    secret + done, table.secret_size - done)) <= 0)
				return -1;
	}
	if (gnutls_bye(conn->tls, GNUTLS_SHUT_WR) < 0)
		return -1;
	conn->state = STATE_DRAIN;
	return 0;
}

static int
conn_handshake(struct conn *conn)
{
	int r;

	/* The buffer may hold records after "again": go on with them. */
	do
		r = gnutls_handshake(conn->tls);
	while (r < 0 && !gnutls_error_is_fatal(r) &&
	    conn->in_off < conn->in_len);
	if (r < 0 && gnutls_error_is_fatal(r))
		return -1;
	if (r == 0 && conn_answer(conn) == -1)
		return -1;
	return 0;
}

/* One connection is ready.  Returns -1 when it has ended. */
static int
conn_step(struct conn *conn, uint32_t events)
{
	if (events & EPOLLOUT)
		return conn_flush(conn);
	if (conn->state == STATE_DRAIN) {
		/* What has been read ahead, too, is of no interest. */
		conn->in_off = conn->in_len;
		return conn_fill(conn) == -1 ? -1 : 0;
	}
	if (conn->state == STATE_LINE &&
	    (conn_fill(conn) == -1 || conn_line(conn) == -1))
		return -1;
	if (conn->state == STATE_HANDSHAKE && conn_handshake(conn) == -1)
		return -1;
	if (conn->out_len > 0)
		return conn_flush(conn);
	return conn->ended ? -1 : 0;
}

static int
watch(int fd, struct conn *conn)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* The child leaves accept_some and has the one connection. */
static void
give_to_child(struct conn *conn)
{
	pid_t pid;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	if ((pid = fork()) != 0) {
		conn_free(conn);
		return;
	}
	is_child = 1;
	close(listen_fd);
	close(epoll_fd);
	if ((epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    watch(conn->fd, conn) == -1)
		_exit(1);
}

static void
accept_some(void)
{
	struct conn *conn;
	int fd, i;

	for (i = 0; i < ACCEPTS && !is_child; i++) {
		fd = accept4(listen_fd, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			return;
		if ((conn = malloc(sizeof(*conn) + out_size)) == NULL)
			err(1, "malloc");
		memset(conn, 0, sizeof(*conn));
		conn->fd = fd;
		conn->budget = READ_BUDGET;
		conn->deadline_ms = now_ms() + DEADLINE_MS;
		TAILQ_INSERT_TAIL(&conns, conn, entry);
		if (forks)
			give_to_child(conn);
		else if (watch(fd, conn) == -1)
			conn_free(conn);
	}
}

static void
serve(void)
{
	struct epoll_event events[EVENTS];
	struct conn *conn;
	int i, n, wait_ms;

	while (!is_child || !TAILQ_EMPTY(&conns)) {
		wait_ms = -1;
		while ((conn = TAILQ_FIRST(&conns)) != NULL) {
			wait_ms = (int)(conn->deadline_ms - now_ms());
			if (wait_ms > 0)
				break;
			conn_free(conn);
			wait_ms = -1;
		}
		n = epoll_wait(epoll_fd, events, EVENTS, wait_ms);
		for (i = 0; i < n; i++) {
			if ((conn = events[i].data.ptr) == NULL)
				accept_some();
			else if (conn_step(conn, events[i].events) == -1)
				conn_free(conn);
		}
	}
}

static void
listen_on(const char *address, const char *port)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM
	};
	struct addrinfo *ai;
	int r, one = 1;

	if ((r = getaddrinfo(address, port, &hints, &ai)) != 0)
		errx(1, "%s: %s", address, gai_strerror(r));
	listen_fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (listen_fd == -1 || setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR,
	    &one, sizeof(one)) == -1 ||
	    bind(listen_fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(listen_fd, SOMAXCONN) == -1)
		err(1, "listen: %s", address);
	freeaddrinfo(ai);
	if ((epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    watch(listen_fd, NULL) == -1)
		err(1, "epoll");
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	int r;

	if (argc == 5 && strcmp(argv[1], "--fork") == 0) {
		forks = 1;
		argc--;
		argv++;
	}
	if (argc != 4) {
		fprintf(stderr, "usage: yardstick [--fork] address port "
		    "keys.bin\n");
		return 1;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	table_load(argv[3]);
	if ((r = gnutls_global_init()) < 0 ||
	    (r = gnutls_priority_init(&priority, PRIORITY_DEFAULT,
	    NULL)) < 0 ||
	    (r = gnutls_certificate_allocate_credentials(&cred)) < 0)
		errx(1, "GnuTLS: %s", gnutls_strerror(r));
	listen_on(argv[1], argv[2]);
	serve();
	/* A child is here; what is left in it is of no use to anybody. */
	_exit(0);
}
