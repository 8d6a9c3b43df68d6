/* SPDX-License-Identifier: ISC */
/*
 * Sessions: one process of netd, one channel, one nonce, at most one secret.
 *
 * Who sits at the other end may be an attacker.  A session that breaks the
 * table is an outsider like any other: it alone is cut off.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispatch.h"
#include "log.h"
#include "peername.h"
#include "proof.h"

RB_HEAD(sessions, session);

static struct sessions sessions = RB_INITIALIZER(&sessions);
static size_t session_count, session_most;
static uint64_t session_last;	/* the highest number netd has used */

static int
session_cmp(struct session *a, struct session *b)
{
	return a->number < b->number ? -1 : a->number > b->number;
}

RB_GENERATE_INTERNAL(sessions, session, entry, session_cmp,
    __attribute__((unused)) static)

/* The peer as text, in a buffer that the next call uses again. */
static const char *
peer_text(const struct session *s)
{
	static char text[PEERNAME_LEN];

	return peername_print(s->peer.address, s->peer.scope_id, s->peer.port,
	    text);
}

static void
session_end(struct session *s, enum verdict verdict)
{
	netd_tell_end(s->number, verdict);
	RB_REMOVE(sessions, &sessions, s);
	session_count--;
	loop_timer_del(&s->approval);
	chan_close(&s->chan);
	freezero(s, sizeof *s);
}

void
session_limit(size_t count)
{
	session_most = count;
}

void
session_end_all(void)
{
	struct session *s;

	while ((s = RB_MIN(sessions, &sessions)) != NULL)
		session_end(s, VERDICT_GONE);
	session_last = 0;
}

/* Its channel has closed: what it had come to decides what that means. */
static void
session_gone(struct session *s)
{
	if (s->chan.phase == PHASE_LENT) {
		log_warnx("session of %s ended before it said the secret was "
		    "sent", s->client->name);
		session_end(s, VERDICT_SERVED);
	} else
		session_end(s, s->client != NULL ? VERDICT_DENIED :
		    VERDICT_GONE);
}

static void
session_ready(struct loop_io *io, uint32_t events)
{
	struct session *s = io->arg;
	struct msg msg;
	const char *flaw;
	uint32_t type;

	if (events & EPOLLOUT && chan_flush(&s->chan) == -1) {
		session_gone(s);
		return;
	}
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	/* Before it has a connection there is nothing to hear but its end. */
	switch (s->has_peer ? chan_recv(&s->chan, &msg) : -1) {
	case 0:
		return;
	case -1:
		session_gone(s);
		return;
	}
	type = msg.type;
	if ((flaw = monitor_handle(&s->chan, &msg)) != NULL) {
		log_warnx("session from %s broke the message table: %s: %s",
		    peer_text(s), msg_name(type), flaw);
		session_end(s, VERDICT_BROKEN);
	}
}

static void session_ask(struct session *, uint64_t);

static void
approval_over(struct loop_timer *timer)
{
	struct session *s = timer->arg;

	session_ask(s, s->delay_ms);
}

const char *
session_new(uint64_t number, int fd)
{
	struct session *s;
	struct msg_nonce m;
	int type;
	socklen_t len = sizeof type;

	/* A descriptor from outside: refuse what could behave otherwise. */
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_SEQPACKET || number <= session_last ||
	    session_count >= session_most) {
		close(fd);
		return "no channel, a used number, or too many sessions";
	}
	if ((s = calloc(1, sizeof *s)) == NULL)
		fatal("calloc");
	s->number = session_last = number;
	chan_init(&s->chan, fd, PROC_MONITOR, PROC_SESSION, PHASE_NONCED);
	loop_timer_init(&s->approval, approval_over, s);
	RB_INSERT(sessions, &sessions, s);
	session_count++;
	if (getrandom(s->nonce, sizeof s->nonce, 0) != sizeof s->nonce)
		fatal("getrandom");
	memcpy(m.nonce, s->nonce, sizeof m.nonce);
	/* In the loop first: a channel outside it could block us. */
	if (loop_io_add(&s->chan.io, fd, 0, session_ready, s) == -1 ||
	    chan_send(&s->chan, MSG_NONCE, &m, NULL, 0, -1) == -1)
		session_end(s, VERDICT_GONE);
	return NULL;
}

const char *
session_peer(const struct msg_session_peer *m)
{
	struct session key = { .number = m->session }, *s;

	if ((s = RB_FIND(sessions, &sessions, &key)) == NULL)
		/* It may have ended while the message was under way. */
		return m->session <= session_last ? NULL : "no such session";
	if (s->has_peer)
		return "this session has a peer";
	s->has_peer = 1;
	s->peer = *m;
	loop_io_mod(&s->chan.io, s->chan.io.events | EPOLLIN);
	log_info("TCP connection from: %s", peer_text(s));
	return NULL;
}

static void
session_deny(struct session *s, enum denial reason, enum verdict verdict)
{
	struct msg_denied m = { .reason = reason };

	/* If it is gone it needs no answer. */
	(void)chan_send(&s->chan, MSG_DENIED, &m, NULL, 0, -1);
	session_end(s, verdict);
}

/* It has proven the key of s->client: ask the release rule, and do it. */
static void
session_ask(struct session *s, uint64_t waited_ms)
{
	const char *name = s->client->name;

	switch (decide_release(s->client, s->delay_ms, waited_ms)) {
	case DECISION_RELEASE:
		log_info("Sending secret to %s at %s", name, peer_text(s));
		s->chan.phase = PHASE_LENT;
		if (secret_lend(s->client, &s->chan) == -1)
			session_gone(s);
		return;
	case DECISION_WAIT:
		log_info("Client %s needs approval", name);
		loop_timer_set(&s->approval, s->delay_ms);
		netd_tell_wait(s->number, s->delay_ms);
		return;
	case DECISION_DISABLED:
		log_info("Client %s is disabled", name);
		session_deny(s, DENIAL_DISABLED, VERDICT_DENIED);
		return;
	case DECISION_TIMED_OUT:
		log_warnx("Client %s timed out while waiting for approval",
		    name);
		session_deny(s, DENIAL_NOT_APPROVED, VERDICT_DENIED);
		return;
	}
}

const char *
on_proof(struct chan *chan, const struct msg_proof *m, struct msg *msg)
{
	struct session *s = chan->io.arg;
	struct proof proof = { .transcript = { msg->tail, m->transcript_len } };
	char hex[KEYID_HEX_LEN];
	uint8_t nonce[NONCE_LEN];

	if (m->transcript_len > msg->tail_len ||
	    m->verify_len != msg->tail_len - m->transcript_len)
		return "lengths do not add up";
	proof.verify.p = msg->tail + m->transcript_len;
	proof.verify.len = m->verify_len;
	/* The nonce is spent, whatever follows. */
	chan->phase = PHASE_OVER;
	memcpy(nonce, s->nonce, sizeof nonce);
	explicit_bzero(s->nonce, sizeof s->nonce);
	proof.nonce = nonce;

	if ((s->client = proof_check(&proof, client_find)) == NULL) {
		if (proof.key == PROOF_KEY_UNKNOWN) {
			log_info("Client not found for key ID: %s, address: %s",
			    keyid_print(proof.keyid, hex), peer_text(s));
			session_deny(s, DENIAL_UNKNOWN, VERDICT_UNKNOWN);
			return NULL;
		}
		log_warnx("proof from %s refused: %s", peer_text(s),
		    proof.flaw);
		session_deny(s, DENIAL_PROOF, VERDICT_BAD_PROOF);
		return NULL;
	}
	s->delay_ms = s->client->approval_delay_ms;
	session_ask(s, 0);
	return NULL;
}

const char *
on_delivered(struct chan *chan, const struct msg_delivered *m,
    struct msg *msg)
{
	struct session *s = chan->io.arg;

	(void)msg;
	if (m->result >= DELIVERY_MAX)
		return "no such result";
	if (m->result == DELIVERY_FAILED)
		log_warnx("secret of %s could not be sent to %s",
		    s->client->name, peer_text(s));
	session_end(s, VERDICT_SERVED);
	return NULL;
}
