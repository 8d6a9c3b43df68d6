/* SPDX-License-Identifier: ISC */
/*
 * One session: one connection, from its first line to its end, in a process
 * that serves no other.  Straight-line blocking code without timers: netd
 * kills the process when its time is up.  It holds at most the secret of the
 * very client that has proven its key to the monitor, for a moment.
 */
#include "netd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "line.h"
#include "log.h"
#include "peername.h"
#include "tls.h"

/* So long is our last handshake message kept back, to go with the secret. */
#define HOLD_MS 20

static struct wire wire;
static struct tls tls;
static struct conn peer;	/* for log lines only */

/* The peer for a log line; made only when there is one to write. */
static const char *
peer_text(void)
{
	static char text[PEERNAME_LEN];

	return peername_print(peer.address, peer.scope_id, peer.port, text);
}

int
session_first_line(struct wire *w)
{
	char text[128];
	enum line result;
	size_t used = 0;
	int n;

	do {
		n = wire_fill(w);
		result = line_judge(w->in, w->in_len, n <= 0, &used);
	} while (n == 1 && result == LINE_MORE);
	if (n == -1 && errno != EMSGSIZE)
		return SESSION_GONE;
#ifdef TEST_CRASH
	if (w->in_len >= 5 && memcmp(w->in, "crash", 5) == 0)
		__builtin_trap();
#endif
	line_quote(w->in, result == LINE_OK ? used : w->in_len, text,
	    sizeof text);
	if (n == -1 || result != LINE_OK) {
		log_errx("Unknown protocol version: '%s' from %s", text,
		    peer_text());
		return SESSION_GARBAGE;
	}
	log_debug("Protocol version: '%s'", text);
	w->in_at = used;
	return 0;
}

/* Receive the nonce for the ClientHello. */
static void
await_nonce(struct chan *monitor, struct msg_nonce *nonce)
{
	struct msg msg;
	const char *flaw;

	/* The monitor has gone: there is nothing to do. */
	if (chan_recv_wait(monitor, &msg, -1) != 1)
		_exit(SESSION_GONE);
	if ((flaw = msg_check(monitor, &msg)) != NULL)
		fatalx("message %s: %s", msg_name(msg.type), flaw);
	memcpy(nonce, msg.body, sizeof *nonce);
	msg_free(&msg);
	monitor->phase = PHASE_NONCED;
}

/*
 * Wait for the monitor's answer to the proof.  Returns 1 with a message, 0 if
 * the peer hung up first, -1 if the monitor did.
 */
static int
await_answer(struct chan *monitor, struct msg *msg)
{
	struct pollfd fds[2] = {
		{ .fd = monitor->fd, .events = POLLIN },
		{ .fd = wire.fd, .events = POLLRDHUP }
	};
	int n;

	while ((n = poll(fds, 2, wire.out_len > 0 ? HOLD_MS : -1)) <= 0) {
		if (n == -1 && errno != EINTR)
			fatal("poll");
		/* It takes longer: the peer is to see a whole handshake. */
		if (n == 0 && wire_flush(&wire, 0) == -1)
			return 0;
	}
	if (fds[0].revents == 0)
		return 0;
	return chan_recv_wait(monitor, msg, -1);
}

/* Handshake, and have the monitor see it. */
static int
prove(struct chan *monitor)
{
	struct msg_proof body;
	const char *why;

	switch (tls_handshake(&tls, &why)) {
	case TLS_DONE:
		break;
	case TLS_GONE:
		log_warnx("Handshake failed: %s, from %s", why, peer_text());
		return SESSION_GONE;
	case TLS_GARBAGE:
		log_warnx("Handshake failed: %s, from %s", why, peer_text());
		return SESSION_GARBAGE;
	}
	log_debug("Handshake succeeded");
	if (!tls_peer_is_raw(&tls)) {
		log_warnx("Bad certificate: not a raw public key, from %s",
		    peer_text());
		(void)tls_bye(&tls);
		return SESSION_GARBAGE;
	}
	body.transcript_len = (uint32_t)tls.transcript_len;
	body.verify_len = (uint32_t)tls.verify_len;
	if (chan_send(monitor, MSG_PROOF, &body, tls.proof,
	    tls.transcript_len + tls.verify_len, -1) == -1)
		return SESSION_GONE;
	monitor->phase = PHASE_ASKED;
	return 0;
}

/* The monitor has said yes: send what it has lent us. */
static int
hand_over(struct chan *monitor, struct msg *msg)
{
	struct msg_secret secret;
	struct msg_delivered body = { .result = DELIVERY_SENT };

	memcpy(&secret, msg->body, sizeof secret);
	if (secret.secret_len != msg->tail_len)
		fatalx("message SECRET: length %u is wrong", secret.secret_len);
	if (tls_send(&tls, msg->tail, msg->tail_len) == -1 ||
	    tls_bye(&tls) == -1)
		body.result = DELIVERY_FAILED;
	/* This wipes it. */
	msg_free(msg);
	if (chan_send(monitor, MSG_DELIVERED, &body, NULL, 0, -1) == -1 ||
	    body.result != DELIVERY_SENT)
		return SESSION_GONE;
	return 0;
}

static int
serve(struct chan *monitor)
{
	struct msg msg;
	const char *flaw;
	int status;

	if ((status = session_first_line(&wire)) != 0 ||
	    (status = prove(monitor)) != 0)
		return status;
	if (await_answer(monitor, &msg) != 1)
		return SESSION_GONE;
	if ((flaw = msg_check(monitor, &msg)) != NULL)
		fatalx("message %s: %s", msg_name(msg.type), flaw);
	monitor->phase = PHASE_OVER;
	if (msg.type == MSG_SECRET) {
		if ((status = hand_over(monitor, &msg)) != 0)
			return status;
	} else if (tls_bye(&tls) == -1) {
		/* Denied: goodbye is all that the peer is told. */
		return SESSION_GONE;
	}
	/* Closed while bytes are unread, TCP would take back what we sent. */
	tls_drain(&tls);
	return SESSION_OVER;
}

void
session_run(struct chan *monitor, const struct conn *conn)
{
	struct msg_nonce nonce;

	peer = *conn;
	wire_init(&wire, STDIN_FILENO);
	await_nonce(monitor, &nonce);
	if (tls_open(&tls, &wire, nonce.nonce) == -1)
		fatalx("cannot prepare a TLS session");
	_exit(serve(monitor));
}
