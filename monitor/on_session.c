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

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispatch.h"
#include "log.h"
#include "peername.h"
#include "proof.h"

#define EVENT_TEXT_LEN (KEYID_HEX_LEN + INET6_ADDRSTRLEN)

RB_HEAD(sessions, session);

static struct sessions sessions = RB_INITIALIZER(&sessions);
static size_t session_count, session_most;
static uint64_t session_last;	/* the highest number netd has used */
static uint64_t records;	/* releases and refusals on record */

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

/*
 * The record: one line for every release and every refusal.  The name comes
 * last and goes to the end of the line, for it may contain anything.
 */
static void
record(const struct session *s, const char *what, const char *reason)
{
	char hex[KEYID_HEX_LEN];

	records++;
	if (s->client == NULL)
		log_record("%s seq=%llu peer=%s reason=%s", what,
		    (unsigned long long)records, peer_text(s), reason);
	else
		log_record("%s seq=%llu peer=%s reason=%s key_id=%s client=%s",
		    what, (unsigned long long)records, peer_text(s), reason,
		    keyid_print(s->keyid, hex), s->client->name);
}

/* Whether it counts as pending: people can see that. */
static void
session_pending(struct session *s, int pending)
{
	if (s->delay_ms == 0)
		return;
	s->client->pending += pending ? 1U : -1U;
	warden_news(EVENT_PENDING, s->client, s->client->pending, 0, NULL);
}

static void
session_end(struct session *s, enum verdict verdict)
{
	netd_tell_end(s->number, verdict);
	if (s->client != NULL) {
		TAILQ_REMOVE(&s->client->sessions, s, of_client);
		session_pending(s, 0);
	}
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
		log_warnx("session from %s ended before it said the secret "
		    "was sent", peer_text(s));
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
	if (s->client != NULL)
		warden_news(EVENT_REJECTED, s->client, reason, 0, NULL);
	session_end(s, verdict);
}

static void
session_release(struct session *s)
{
	struct client *c = s->client;

	log_info("Sending secret to %s at %s", c->name, peer_text(s));
	record(s, "release", c->approved == APPROVAL_YES ? "approved" :
	    s->delay_ms == 0 ? "enabled" : "approved-by-default");
	loop_timer_del(&s->approval);
	s->chan.phase = PHASE_LENT;
	if (secret_lend(c, &s->chan) == -1)
		session_gone(s);
}

static void
session_refuse(struct session *s, enum denial reason, const char *word)
{
	record(s, "refusal", word);
	session_deny(s, reason, VERDICT_DENIED);
}

/* The first time round: somebody has to be asked. */
static void
session_wait(struct session *s)
{
	struct client *c = s->client;

	if (s->approval.due_ms != -1)
		return;
	log_info("Client %s needs approval", c->name);
	loop_timer_set(&s->approval, s->delay_ms);
	netd_tell_wait(s->number, s->delay_ms);
	warden_news(EVENT_NEED_APPROVAL, c, (int64_t)s->delay_ms,
	    (c->gate.flags & CLIENT_APPROVED_BY_DEFAULT) != 0, NULL);
}

/* It has proven the key of s->client: ask the release rule, and do it. */
static void
session_ask(struct session *s, uint64_t waited_ms)
{
	const struct client *c = s->client;

	switch (decide_release(c, s->delay_ms, waited_ms)) {
	case DECISION_RELEASE:
		session_release(s);
		return;
	case DECISION_WAIT:
		session_wait(s);
		return;
	case DECISION_DISABLED:
		log_info("Client %s is disabled", c->name);
		session_refuse(s, DENIAL_DISABLED, "disabled");
		return;
	case DECISION_DENIED:
		log_warnx("Client %s was not approved", c->name);
		session_refuse(s, DENIAL_DENIED, "denied");
		return;
	case DECISION_TIMED_OUT:
		log_warnx("Client %s timed out while waiting for approval",
		    c->name);
		session_refuse(s, DENIAL_TIMED_OUT, "approval-timed-out");
		return;
	}
}

void
session_wake(struct client *c)
{
	struct session *s, *next;
	int64_t now = loop_now();

	TAILQ_FOREACH_SAFE(s, &c->sessions, of_client, next) {
		/* Who has the secret already is not asked again. */
		if (s->chan.phase != PHASE_OVER)
			continue;
		/* What it has proven may not be the client's key any more. */
		if (!(c->gate.flags & CLIENT_HAS_KEYID) ||
		    memcmp(s->keyid, c->gate.keyid, KEYID_LEN) != 0)
			session_refuse(s, DENIAL_UNKNOWN, "key-changed");
		else
			session_ask(s, (uint64_t)(now - s->proven_ms));
	}
}

void
session_forget(struct client *c)
{
	struct session *s, *next;

	TAILQ_FOREACH_SAFE(s, &c->sessions, of_client, next)
		if (s->chan.phase == PHASE_OVER)
			session_refuse(s, DENIAL_DISABLED, "removed");
		else {
			TAILQ_REMOVE(&c->sessions, s, of_client);
			s->client = NULL;
		}
}

/* Nobody has such a key, or its possession is not proven. */
static void
session_unproven(struct session *s, const struct proof *proof)
{
	char text[EVENT_TEXT_LEN];

	if (proof->key != PROOF_KEY_UNKNOWN) {
		log_warnx("proof from %s refused: %s", peer_text(s),
		    proof->flaw);
		record(s, "refusal", "bad-proof");
		session_deny(s, DENIAL_PROOF, VERDICT_BAD_PROOF);
		return;
	}
	/* The key ID, a blank, and the address without scope and port. */
	keyid_print(proof->keyid, text);
	log_info("Client not found for key ID: %s, address: %s", text,
	    peer_text(s));
	record(s, "refusal", "unknown-key");
	text[KEYID_HEX_LEN - 1] = ' ';
	inet_ntop(AF_INET6, s->peer.address, text + KEYID_HEX_LEN,
	    INET6_ADDRSTRLEN);
	warden_news(EVENT_UNKNOWN_KEY, NULL, 0, 0, text);
	session_deny(s, DENIAL_UNKNOWN, VERDICT_UNKNOWN);
}

const char *
on_proof(struct chan *chan, const struct msg_proof *m, struct msg *msg)
{
	struct session *s = chan->io.arg;
	struct proof proof = { .transcript = { msg->tail, m->transcript_len } };
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
		session_unproven(s, &proof);
		return NULL;
	}
	memcpy(s->keyid, proof.keyid, KEYID_LEN);
	TAILQ_INSERT_TAIL(&s->client->sessions, s, of_client);
	s->proven_ms = loop_now();
	s->delay_ms = s->client->gate.approval_delay_ms;
	session_pending(s, 1);
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
		log_warnx("the secret could not be sent to %s", peer_text(s));
	else if (s->client != NULL)
		warden_news(EVENT_GOT_SECRET, s->client, 0, 0, NULL);
	session_end(s, VERDICT_SERVED);
	return NULL;
}
