/* SPDX-License-Identifier: ISC */
/*
 * The genuine half of storm: fetches that must each get exactly the canary of
 * the client whose key they hold, and the figures about them.
 */
#include "storm.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COMPLAINTS 5		/* failures that are told one by one */

static const char *const failure_names[FAILURES] = {
	[FAILURE_NONE] = "none",
	[FAILURE_CONNECT] = "connect",
	[FAILURE_HANDSHAKE] = "handshake",
	[FAILURE_TRUNCATED] = "truncated",
	[FAILURE_NOTHING] = "nothing",
	[FAILURE_WRONG] = "wrong",
	[FAILURE_LATE] = "late"
};

struct peer_key *
fetch_key(uint32_t client)
{
	const struct keytable_entry *entry = &storm.table.entries[client];

	if (storm.keys[client] == NULL) {
		storm.keys[client] = peer_key_seed(entry->seed, entry->point);
		if (storm.keys[client] == NULL)
			errx(2, "client %" PRIu32 " has no good key", client);
	}
	return storm.keys[client];
}

/* One fetch is over. */
static void
count_end(struct conn *conn, enum failure failure, int tls_error)
{
	int64_t now = now_us();

	if (failure != FAILURE_NONE && conn->wrong)
		failure = FAILURE_WRONG;
	storm.failures[failure]++;
	if (failure == FAILURE_NONE)
		storm.latencies[storm.served++] = now - conn->start_us;
	else if (storm.ended - storm.served < COMPLAINTS)
		warnx("client %" PRIu32 " after %" PRId64 " us and %zu bytes: "
		    "%s%s%s", conn->client, now - conn->start_us, conn->got,
		    failure_names[failure], tls_error ? ": " : "",
		    tls_error ? gnutls_strerror(tls_error) : "");
	storm.ended++;
	storm.last_us = now;
	conn_reset(conn);
}

/* Begin the next fetch, if there is one, on a connection that is idle. */
void
fetch_begin(struct conn *conn)
{
	while (storm.started < storm.fetches) {
		if (storm.client >= 0)
			conn->client = (uint32_t)storm.client;
		else if (storm.random)
			conn->client = arc4random_uniform(storm.table.count);
		else
			conn->client = storm.started % storm.table.count;
		conn->number = storm.started++;
		keytable_secret(&storm.table, conn->client, conn->expected);
		if (conn_connect(conn) == 0)
			return;
		count_end(conn, FAILURE_CONNECT, 0);
	}
}

static void
fetch_end(struct conn *conn, enum failure failure, int tls_error)
{
	count_end(conn, failure, tls_error);
	fetch_begin(conn);
}

/* Epoll waits for what GnuTLS waits for. */
static void
follow(struct conn *conn)
{
	int wants = gnutls_record_get_direction(conn->tls);

	if (wants == conn->wants_out)
		return;
	conn->wants_out = wants;
	if (conn_watch(conn, wants ? EPOLLOUT : EPOLLIN) == -1)
		err(2, "epoll_ctl");
}

static void
talk(struct conn *conn)
{
	int r;

	r = gnutls_handshake(conn->tls);
	if (r == 0)
		conn->state = STATE_DATA;
	else if (gnutls_error_is_fatal(r))
		fetch_end(conn, FAILURE_HANDSHAKE, r);
	else
		follow(conn);
}

static void
take(struct conn *conn, const uint8_t *bytes, size_t len)
{
	size_t size = storm.table.secret_size;

	if (len > size - conn->got || memcmp(conn->expected + conn->got, bytes,
	    len) != 0)
		conn->wrong = 1;
	else
		conn->got += len;
}

static void
data(struct conn *conn)
{
	uint8_t buf[16384];
	ssize_t n;

	while ((n = gnutls_record_recv(conn->tls, buf, sizeof(buf))) > 0)
		take(conn, buf, (size_t)n);
	if (n < 0 && !gnutls_error_is_fatal((int)n)) {
		follow(conn);
		return;
	}
	if (n < 0) {
		fetch_end(conn, FAILURE_TRUNCATED, (int)n);
		return;
	}
	gnutls_bye(conn->tls, GNUTLS_SHUT_WR);
	if (conn->wrong)
		fetch_end(conn, FAILURE_WRONG, 0);
	else if (conn->got == 0)
		fetch_end(conn, FAILURE_NOTHING, 0);
	else if (conn->got != storm.table.secret_size)
		fetch_end(conn, FAILURE_WRONG, 0);
	else
		fetch_end(conn, FAILURE_NONE, 0);
}

void
fetch_event(struct conn *conn)
{
	int r;

	if (conn->state == STATE_CONNECT) {
		if (conn_finish_connect(conn) == -1 ||
		    send(conn->fd, "1\r\n", 3, MSG_NOSIGNAL) != 3 ||
		    conn_watch(conn, EPOLLIN) == -1) {
			fetch_end(conn, FAILURE_CONNECT, 0);
			return;
		}
		r = peer_session(&conn->tls, conn->fd, fetch_key(conn->client),
		    NULL, GNUTLS_NONBLOCK);
		if (r < 0)
			errx(2, "GnuTLS: %s", gnutls_strerror(r));
		conn->state = STATE_TALK;
		return;
	}
	if (conn->state == STATE_TALK)
		talk(conn);
	if (conn->state == STATE_DATA)
		data(conn);
}

void
fetch_tick(struct conn *conn, int64_t now)
{
	if (conn->state != STATE_OFF &&
	    now - conn->start_us > storm.timeout_us)
		fetch_end(conn, FAILURE_LATE, 0);
}

/* Try until the server serves, for measuring how long it needs to start. */
void
fetch_first(void)
{
	const struct timespec pause = { .tv_nsec = 500000 };
	struct peer_to to = {
		.address = storm.address_text,
		.port = storm.port
	};
	int64_t begin_us = storm.since_us >= 0 ? storm.since_us : now_us();
	uint32_t client = storm.client >= 0 ? (uint32_t)storm.client : 0;
	uint8_t *expected, *got;
	size_t len;
	int good;

	if ((expected = malloc(storm.table.secret_size)) == NULL)
		err(2, "malloc");
	keytable_secret(&storm.table, client, expected);
	for (;;) {
		good = peer_fetch(&to, fetch_key(client), &got, &len) ==
		    PEER_OK && len == storm.table.secret_size &&
		    memcmp(got, expected, len) == 0;
		free(got);
		if (good)
			break;
		if (now_us() - begin_us > storm.timeout_us)
			errx(2, "not served");
		nanosleep(&pause, NULL);
	}
	free(expected);
	printf("first_us %" PRId64 "\n", now_us() - begin_us);
	fflush(stdout);
}

static int
compare(const void *a, const void *b)
{
	int64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

void
fetch_report(void)
{
	const int64_t *us = storm.latencies;
	uint32_t i, n = storm.served;

	qsort(storm.latencies, n, sizeof(int64_t), compare);
	printf("fetches %" PRIu32 "\nserved %" PRIu32 "\nfailed %" PRIu32 "\n",
	    storm.fetches, n, storm.fetches - n);
	for (i = FAILURE_NONE + 1; i < FAILURES; i++)
		if (storm.failures[i] > 0)
			printf("failed_%s %" PRIu32 "\n", failure_names[i],
			    storm.failures[i]);
	if (n > 0)
		printf("p50_us %" PRId64 "\np99_us %" PRId64 "\n"
		    "max_us %" PRId64 "\nlast_us %" PRId64 "\n", us[n / 2],
		    us[(size_t)n * 99 / 100], us[n - 1],
		    storm.last_us - storm.begin_us);
	if (storm.bad_count > 0)
		printf("bad %" PRIu32 "\nbad_opened %" PRIu64 "\n"
		    "bad_cut %" PRIu64 "\nleaked %" PRIu64 "\n",
		    storm.bad_count, storm.bad_opened, storm.bad_cut,
		    storm.leaked);
	fflush(stdout);
}
