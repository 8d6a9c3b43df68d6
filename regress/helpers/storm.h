/* SPDX-License-Identifier: ISC */
/*
 * What the parts of storm share.
 */
#ifndef STORM_H
#define STORM_H

#include <sys/types.h>
#include <sys/socket.h>

#include <stdint.h>

#include <gnutls/gnutls.h>

#include "keytable.h"
#include "peer.h"

/* The first is genuine, the others are the bad peers. */
enum kind {
	KIND_FETCH,
	KIND_IDLE,		/* connects and says nothing */
	KIND_DRIP,		/* one byte of the first line a second */
	KIND_GARBAGE,		/* random bytes, or random bytes for TLS */
	KIND_UNKNOWN,		/* a sound handshake with nobody's key */
	KIND_HALF,		/* stops in the middle of its ServerHello */
	KIND_RST,		/* resets after the first line */
	KINDS
};

enum state {
	STATE_OFF,		/* bad peers: until start_us */
	STATE_CONNECT,
	STATE_TALK,		/* whatever this kind does; TLS handshake */
	STATE_DATA,		/* TLS stands */
	STATE_STUCK		/* waits for the server to lose patience */
};

enum failure {
	FAILURE_NONE,
	FAILURE_CONNECT,
	FAILURE_HANDSHAKE,
	FAILURE_TRUNCATED,	/* the end came without close_notify */
	FAILURE_NOTHING,	/* close_notify, but no secret */
	FAILURE_WRONG,		/* not exactly the client's own canary */
	FAILURE_LATE,
	FAILURES
};

struct conn {
	enum kind kind;
	enum state state;
	uint32_t number;	/* of its kind, for the source address */
	uint32_t client;
	int fd;
	int wants_out;
	int wrong;
	gnutls_session_t tls;
	int64_t start_us;
	int64_t next_us;	/* next dripped byte */
	size_t got;
	uint8_t *expected;	/* secret_size bytes, of fetches */
};

struct storm {
	struct sockaddr_storage address;
	socklen_t address_len;
	uint16_t port;
	const char *address_text;
	uint32_t fetches, concurrency;
	uint32_t sources, bad_sources;	/* 0: do not bind */
	uint32_t bad[KINDS];
	int64_t client;			/* -1: one after the other */
	int random, hold, wait;
	int64_t since_us;		/* -1: from our own start */
	int64_t timeout_us, respawn_us;

	int epoll_fd;
	struct keytable table;
	struct peer_key **keys;		/* made when first needed */
	struct peer_key *stranger;
	struct conn *fetch_conns, *bad_conns;
	uint32_t bad_count;

	uint32_t started, ended, served;
	uint32_t failures[FAILURES];
	uint64_t bad_opened, bad_cut, leaked;
	int64_t begin_us, last_us;
	int64_t *latencies;
};

extern struct storm storm;

/* storm.c */
int64_t now_us(void);
int conn_watch(struct conn *, uint32_t);
int conn_connect(struct conn *);
int conn_finish_connect(struct conn *);
void conn_reset(struct conn *);

/* storm_fetch.c */
void fetch_begin(struct conn *);
void fetch_event(struct conn *);
void fetch_tick(struct conn *, int64_t);
struct peer_key *fetch_key(uint32_t);
void fetch_first(void);
void fetch_report(void);

/* storm_bad.c */
void bad_begin(struct conn *);
void bad_event(struct conn *);
void bad_tick(struct conn *, int64_t);
int bad_all_up(void);

#endif
