/* SPDX-License-Identifier: ISC */
/*
 * Sessions as the monitor sees them: who gets a secret, and what becomes of
 * whoever does not keep to the table.  Proofs are forged with known keys.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <atf-c.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "forge.h"
#include "harness.h"

#define ON (CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT)

enum {
	GOOD, DISABLED, SLOW, SLOW_NO, PATIENT, EMPTY, CLIENTS, NOBODY = CLIENTS
};

static struct forge_key keys[CLIENTS + 1];
static struct harness_client clients[CLIENTS] = {
	[GOOD] = { .name = "good", .secret = "canary good", .flags = ON },
	[DISABLED] = { .name = "disabled", .secret = "canary disabled",
	    .flags = CLIENT_APPROVED_BY_DEFAULT },
	[SLOW] = { .name = "slow", .secret = "canary slow", .flags = ON,
	    .approval_delay_ms = 100 },
	[PATIENT] = { .name = "patient", .secret = "canary patient",
	    .flags = CLIENT_ENABLED, .approval_delay_ms = 600000 },
	[SLOW_NO] = { .name = "slow-no", .secret = "canary slow-no",
	    .flags = CLIENT_ENABLED, .approval_delay_ms = 100 },
	[EMPTY] = { .name = "empty", .secret = "", .flags = ON },
};

static struct harness h;

static void
start(uint32_t most)
{
	unsigned int i;

	for (i = 0; i <= CLIENTS; i++)
		forge_key(&keys[i], i);
	for (i = 0; i < CLIENTS; i++)
		memcpy(clients[i].keyid, keys[i].keyid, KEYID_LEN);
	harness_start(&h, clients, CLIENTS, most);
}

/* Prove the key ${who} with ${nonce}, in a sound message. */
static void
prove(struct chan *session, unsigned int who, const uint8_t nonce[NONCE_LEN])
{
	uint8_t tail[FORGE_MAX];
	struct msg_proof m;
	size_t len = forge_proof(&keys[who], nonce, tail, &m);

	ATF_REQUIRE_EQ(0, chan_send(session, MSG_PROOF, &m, tail, len, -1));
}

/* A session with a connection, which has proven the key ${who}. */
static void
proven(struct chan *session, unsigned int who)
{
	uint8_t nonce[NONCE_LEN];

	harness_session(&h, session, nonce);
	harness_peer(&h);
	prove(session, who, nonce);
}

static void
require_secret(struct chan *session, const char *secret)
{
	struct msg msg;

	harness_next(session, &msg);
	ATF_REQUIRE_EQ(MSG_SECRET, msg.type);
	ATF_REQUIRE_EQ(strlen(secret), msg.tail_len);
	ATF_CHECK_EQ(0, memcmp(msg.tail, secret, msg.tail_len));
	msg_free(&msg);
}

static void
require_denied(struct chan *session, enum denial reason)
{
	struct msg_denied m;
	struct msg msg;

	harness_next(session, &msg);
	ATF_REQUIRE_EQ(MSG_DENIED, msg.type);
	memcpy(&m, msg.body, sizeof m);
	ATF_CHECK_EQ(reason, m.reason);
	msg_free(&msg);
	ATF_CHECK(harness_ended(session));
	chan_close(session);
}

static void
deliver(struct chan *session, enum delivery result)
{
	struct msg_delivered m = { .result = result };

	ATF_REQUIRE_EQ(0, chan_send(session, MSG_DELIVERED, &m, NULL, 0, -1));
}

/* No secret comes; a denial may be lost, as closing loses what is unread. */
static void
require_nothing(struct chan *session)
{
	struct msg msg;

	while (chan_recv_wait(session, &msg, 10000) == 1) {
		ATF_CHECK_EQ(MSG_DENIED, msg.type);
		msg_free(&msg);
	}
	ATF_CHECK(errno != ETIMEDOUT);
	chan_close(session);
}

/* The session is cut off without an answer, and nothing else happens. */
static void
require_broken(struct chan *session)
{
	ATF_CHECK(harness_ended(session));
	ATF_CHECK_EQ(VERDICT_BROKEN, harness_verdict(&h, h.last));
	chan_close(session);
}

/* Whatever happened: a good client is served. */
static void
require_served(void)
{
	struct chan session;

	proven(&session, GOOD);
	require_secret(&session, "canary good");
	deliver(&session, DELIVERY_SENT);
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, h.last));
	chan_close(&session);
}

ATF_TC_WITHOUT_HEAD(release__proven_and_enabled);
ATF_TC_BODY(release__proven_and_enabled, tc)
{
	struct chan session;

	(void)tc;
	start(4);
	require_served();
	proven(&session, EMPTY);
	require_secret(&session, "");
	deliver(&session, DELIVERY_FAILED);
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, 2));
	ATF_CHECK(harness_ended(&session));
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(release__disabled_and_unknown_get_nothing);
ATF_TC_BODY(release__disabled_and_unknown_get_nothing, tc)
{
	struct chan session;

	(void)tc;
	start(4);
	proven(&session, DISABLED);
	require_denied(&session, DENIAL_DISABLED);
	ATF_CHECK_EQ(VERDICT_DENIED, harness_verdict(&h, 1));
	proven(&session, NOBODY);
	require_denied(&session, DENIAL_UNKNOWN);
	ATF_CHECK_EQ(VERDICT_UNKNOWN, harness_verdict(&h, 2));
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC(proof__of_another_nonce);
ATF_TC_HEAD(proof__of_another_nonce, tc)
{
	atf_tc_set_md_var(tc, "descr", "a genuine proof replayed on another "
	    "channel, and one made for another live channel's nonce");
}
ATF_TC_BODY(proof__of_another_nonce, tc)
{
	struct chan one, two;
	uint8_t first[NONCE_LEN], second[NONCE_LEN];

	(void)tc;
	start(4);
	harness_session(&h, &one, first);
	harness_peer(&h);
	harness_session(&h, &two, second);
	harness_peer(&h);
	ATF_CHECK(memcmp(first, second, sizeof first) != 0);
	prove(&two, GOOD, first);
	require_denied(&two, DENIAL_PROOF);
	ATF_CHECK_EQ(VERDICT_BAD_PROOF, harness_verdict(&h, 2));
	prove(&one, GOOD, first);
	require_secret(&one, "canary good");
	deliver(&one, DELIVERY_SENT);
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, 1));
	chan_close(&one);
	/* The spent nonce, on a new channel. */
	harness_session(&h, &two, second);
	harness_peer(&h);
	prove(&two, GOOD, first);
	require_denied(&two, DENIAL_PROOF);
	ATF_CHECK_EQ(VERDICT_BAD_PROOF, harness_verdict(&h, 3));
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(proof__twice_on_one_channel);
ATF_TC_BODY(proof__twice_on_one_channel, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN];

	(void)tc;
	start(4);
	/* Both at once: the second finds the secret lent. */
	harness_session(&h, &session, nonce);
	prove(&session, GOOD, nonce);
	prove(&session, GOOD, nonce);
	harness_peer(&h);
	require_secret(&session, "canary good");
	require_broken(&session);
	/* A proof that fails has spent the nonce for one that would not. */
	harness_session(&h, &session, nonce);
	prove(&session, NOBODY, nonce);
	prove(&session, GOOD, nonce);
	harness_peer(&h);
	require_nothing(&session);
	ATF_CHECK_EQ(VERDICT_UNKNOWN, harness_verdict(&h, 2));
	/* The same while the first waits for approval. */
	harness_session(&h, &session, nonce);
	prove(&session, SLOW, nonce);
	prove(&session, GOOD, nonce);
	harness_peer(&h);
	require_broken(&session);
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(proof__is_not_read_before_the_peer_is_known);
ATF_TC_BODY(proof__is_not_read_before_the_peer_is_known, tc)
{
	struct chan session;
	struct msg msg;
	uint8_t nonce[NONCE_LEN];

	(void)tc;
	start(4);
	harness_session(&h, &session, nonce);
	prove(&session, GOOD, nonce);
	ATF_CHECK_EQ(-1, chan_recv_wait(&session, &msg, 50));
	harness_peer(&h);
	require_secret(&session, "canary good");
	chan_close(&session);
	/* Its end without a word about delivery is no offence. */
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, 1));
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(proof__lengths_that_do_not_add_up);
ATF_TC_BODY(proof__lengths_that_do_not_add_up, tc)
{
	static const int64_t change[][2] = { { 1, 0 }, { 0, 1 }, { -1, 0 },
		{ 0, -1 }, { 1, 1 }, { INT32_MAX, 0 }, { UINT32_MAX, 0 },
		{ 0, UINT32_MAX }, { 0x80000000, 0x80000000 } };
	struct chan session;
	struct msg_proof m;
	uint8_t nonce[NONCE_LEN], tail[FORGE_MAX];
	size_t i, len;

	(void)tc;
	start(4);
	for (i = 0; i < sizeof change / sizeof *change; i++) {
		harness_session(&h, &session, nonce);
		harness_peer(&h);
		len = forge_proof(&keys[GOOD], nonce, tail, &m);
		m.transcript_len += (uint32_t)change[i][0];
		m.verify_len += (uint32_t)change[i][1];
		ATF_REQUIRE_EQ(0, chan_send(&session, MSG_PROOF, &m, tail, len,
		    -1));
		require_broken(&session);
	}
	/* They add up, but elsewhere: that is a bad proof. */
	harness_session(&h, &session, nonce);
	harness_peer(&h);
	len = forge_proof(&keys[GOOD], nonce, tail, &m);
	m.transcript_len++;
	m.verify_len--;
	ATF_REQUIRE_EQ(0, chan_send(&session, MSG_PROOF, &m, tail, len, -1));
	require_denied(&session, DENIAL_PROOF);
	ATF_CHECK_EQ(VERDICT_BAD_PROOF, harness_verdict(&h, h.last));
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(delivered__only_once_and_only_after_a_secret);
ATF_TC_BODY(delivered__only_once_and_only_after_a_secret, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN];

	(void)tc;
	start(4);
	harness_session(&h, &session, nonce);
	harness_peer(&h);
	deliver(&session, DELIVERY_SENT);
	require_broken(&session);
	proven(&session, GOOD);
	require_secret(&session, "canary good");
	deliver(&session, DELIVERY_MAX);
	require_broken(&session);
	proven(&session, SLOW);
	deliver(&session, DELIVERY_SENT);
	require_broken(&session);
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(approval__waits_then_does_as_configured);
ATF_TC_BODY(approval__waits_then_does_as_configured, tc)
{
	struct msg_session_wait wait;
	struct chan session;
	struct msg msg;
	int64_t began = loop_now();

	(void)tc;
	start(4);
	proven(&session, SLOW);
	harness_next(&h.netd, &msg);
	ATF_REQUIRE_EQ(MSG_SESSION_WAIT, msg.type);
	memcpy(&wait, msg.body, sizeof wait);
	msg_free(&msg);
	ATF_CHECK_EQ(1, wait.session);
	ATF_CHECK_EQ(100, wait.wait_ms);
	require_secret(&session, "canary slow");
	ATF_CHECK(loop_now() - began >= 100);
	deliver(&session, DELIVERY_SENT);
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, 1));
	chan_close(&session);
	proven(&session, SLOW_NO);
	require_denied(&session, DENIAL_TIMED_OUT);
	ATF_CHECK_EQ(VERDICT_DENIED, harness_verdict(&h, 2));
	/* Who hangs up meanwhile is forgotten, and its timer with it. */
	proven(&session, SLOW);
	chan_close(&session);
	ATF_CHECK_EQ(VERDICT_DENIED, harness_verdict(&h, 3));
	ATF_CHECK_EQ(-1, chan_recv_wait(&h.netd, &msg, 200));
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

/* As warden: this holds for the client from here on. */
static void
gate(unsigned int who, uint32_t flags)
{
	struct msg_gate m;

	memset(&m, 0, sizeof m);
	memcpy(m.g.keyid, keys[who].keyid, KEYID_LEN);
	m.g.number = who + 1;
	m.g.flags = flags | CLIENT_HAS_KEYID;
	m.g.approval_delay_ms = clients[who].approval_delay_ms;
	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_GATE, &m, NULL, 0, -1));
}

/* As warden: everything said so far is in force. */
static void
sync_with(uint64_t seq)
{
	struct msg_sync m = { .seq = seq };
	struct msg_synced answer;
	struct msg msg;
	uint32_t type;

	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_SYNC, &m, NULL, 0, -1));
	do {
		harness_next(&h.warden, &msg);
		type = msg.type;
		if (type == MSG_WARDEN_START)
			h.warden.phase = PHASE_RUN;
		if (type == MSG_SYNCED)
			memcpy(&answer, msg.body, sizeof answer);
		msg_free(&msg);
	} while (type != MSG_SYNCED);
	ATF_CHECK_EQ(seq, answer.seq);
}

static void
approve(unsigned int who, enum approval approval, uint64_t ms)
{
	struct msg_approve m = { .number = who + 1, .approval = approval,
		.ms = ms };

	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_APPROVE, &m, NULL, 0, -1));
}

ATF_TC_WITHOUT_HEAD(gate__disabled_and_enabled_at_run_time);
ATF_TC_BODY(gate__disabled_and_enabled_at_run_time, tc)
{
	struct chan session;

	(void)tc;
	start(4);
	gate(GOOD, 0);
	sync_with(1);
	proven(&session, GOOD);
	require_denied(&session, DENIAL_DISABLED);
	ATF_CHECK_EQ(VERDICT_DENIED, harness_verdict(&h, 1));
	gate(GOOD, ON);
	gate(DISABLED, ON);
	sync_with(2);
	require_served();
	proven(&session, DISABLED);
	require_secret(&session, "canary disabled");
	chan_close(&session);
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC(gate__disabled_or_removed_while_it_waits);
ATF_TC_HEAD(gate__disabled_or_removed_while_it_waits, tc)
{
	atf_tc_set_md_var(tc, "descr", "whoever is disabled or removed while "
	    "it waits for approval is refused at once, approved or not");
}
ATF_TC_BODY(gate__disabled_or_removed_while_it_waits, tc)
{
	struct msg_unenroll gone = { .number = PATIENT + 1 };
	struct chan session, other;
	int64_t value;

	(void)tc;
	start(4);
	proven(&session, PATIENT);
	ATF_CHECK_EQ(PATIENT + 1, harness_news(&h, EVENT_NEED_APPROVAL,
	    &value));
	ATF_CHECK_EQ(600000, value);
	gate(PATIENT, 0);
	require_denied(&session, DENIAL_DISABLED);
	ATF_CHECK_EQ(VERDICT_DENIED, harness_verdict(&h, 1));
	ATF_CHECK_EQ(PATIENT + 1, harness_news(&h, EVENT_REJECTED, &value));
	ATF_CHECK_EQ(DENIAL_DISABLED, value);
	gate(PATIENT, CLIENT_ENABLED);
	sync_with(1);
	proven(&session, PATIENT);
	proven(&other, PATIENT);
	harness_news(&h, EVENT_NEED_APPROVAL, &value);
	harness_news(&h, EVENT_NEED_APPROVAL, &value);
	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_UNENROLL, &gone, NULL, 0,
	    -1));
	require_denied(&session, DENIAL_DISABLED);
	require_denied(&other, DENIAL_DISABLED);
	ATF_CHECK_EQ(VERDICT_DENIED, harness_verdict(&h, 2));
	ATF_CHECK_EQ(VERDICT_DENIED, harness_verdict(&h, 3));
	proven(&session, PATIENT);
	require_denied(&session, DENIAL_UNKNOWN);
	ATF_CHECK_EQ(VERDICT_UNKNOWN, harness_verdict(&h, 4));
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(gate__removed_while_the_secret_is_lent);
ATF_TC_BODY(gate__removed_while_the_secret_is_lent, tc)
{
	struct msg_unenroll gone = { .number = GOOD + 1 };
	struct chan session;

	(void)tc;
	start(4);
	proven(&session, GOOD);
	require_secret(&session, "canary good");
	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_UNENROLL, &gone, NULL, 0,
	    -1));
	sync_with(1);
	deliver(&session, DELIVERY_SENT);
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, 1));
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(gate__a_new_secret_and_a_new_key);
ATF_TC_BODY(gate__a_new_secret_and_a_new_key, tc)
{
	struct msg_gate m;
	struct chan session;
	uint8_t tail[64];
	size_t len = 0;

	(void)tc;
	start(4);
	memset(&m, 0, sizeof m);
	m.g.number = GOOD + 1;
	m.g.flags = ON | CLIENT_HAS_KEYID;
	memcpy(m.g.keyid, keys[NOBODY].keyid, KEYID_LEN);
	ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &len, "changed", 7));
	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_GATE, &m, tail, len, -1));
	sync_with(1);
	proven(&session, NOBODY);
	require_secret(&session, "changed");
	deliver(&session, DELIVERY_SENT);
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, 1));
	chan_close(&session);
	proven(&session, GOOD);
	require_denied(&session, DENIAL_UNKNOWN);
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC(gate__a_key_withdrawn_while_it_waits);
ATF_TC_HEAD(gate__a_key_withdrawn_while_it_waits, tc)
{
	atf_tc_set_md_var(tc, "descr", "who has proven a key that is not the "
	    "client's any more gets nothing, whatever is approved then");
}
ATF_TC_BODY(gate__a_key_withdrawn_while_it_waits, tc)
{
	struct msg_gate m;
	struct chan session;
	uint8_t tail[64];
	size_t len = 0;
	int64_t value;

	(void)tc;
	start(4);
	proven(&session, PATIENT);
	harness_news(&h, EVENT_NEED_APPROVAL, &value);
	memset(&m, 0, sizeof m);
	m.g.number = PATIENT + 1;
	m.g.flags = CLIENT_ENABLED | CLIENT_HAS_KEYID;
	m.g.approval_delay_ms = 600000;
	memcpy(m.g.keyid, keys[NOBODY].keyid, KEYID_LEN);
	ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &len, "brand new", 9));
	ATF_REQUIRE_EQ(0, chan_send(&h.warden, MSG_GATE, &m, tail, len, -1));
	sync_with(1);
	approve(PATIENT, APPROVAL_YES, 600000);
	require_nothing(&session);
	proven(&session, NOBODY);
	require_secret(&session, "brand new");
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(approve__before_and_during_the_wait);
ATF_TC_BODY(approve__before_and_during_the_wait, tc)
{
	struct chan session, other;
	int64_t value;

	(void)tc;
	start(4);
	/* Two wait: both are decided alike. */
	proven(&session, PATIENT);
	proven(&other, PATIENT);
	do
		ATF_CHECK_EQ(PATIENT + 1, harness_news(&h, EVENT_PENDING,
		    &value));
	while (value != 2);
	approve(PATIENT, APPROVAL_YES, 600000);
	require_secret(&session, "canary patient");
	require_secret(&other, "canary patient");
	deliver(&session, DELIVERY_SENT);
	ATF_CHECK_EQ(PATIENT + 1, harness_news(&h, EVENT_GOT_SECRET, &value));
	chan_close(&session);
	chan_close(&other);
	harness_verdict(&h, 1);
	harness_verdict(&h, 2);
	/* In advance, and it holds on. */
	proven(&session, PATIENT);
	require_secret(&session, "canary patient");
	chan_close(&session);
	harness_verdict(&h, 3);
	approve(PATIENT, APPROVAL_NO, 600000);
	sync_with(1);
	proven(&session, PATIENT);
	require_denied(&session, DENIAL_DENIED);
	harness_verdict(&h, 4);
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(approve__holds_for_its_time);
ATF_TC_BODY(approve__holds_for_its_time, tc)
{
	struct chan session;
	int i;

	(void)tc;
	start(4);
	/* An earlier one that runs out does not end a later one. */
	approve(PATIENT, APPROVAL_YES, 1);
	approve(PATIENT, APPROVAL_YES, 600000);
	for (i = 0; i < 3; i++) {
		proven(&session, PATIENT);
		require_secret(&session, "canary patient");
		chan_close(&session);
		harness_verdict(&h, h.last);
	}
	approve(PATIENT, APPROVAL_NO, 1);
	sync_with(1);
	for (i = 0; i < 100; i++) {
		proven(&session, PATIENT);
		if (poll(&(struct pollfd) { .fd = session.fd,
		    .events = POLLIN }, 1, 200) == 0)
			break;
		chan_close(&session);
	}
	ATF_CHECK(i < 100);
	/* It waits: no approval is left. */
	gate(PATIENT, 0);
	require_denied(&session, DENIAL_DISABLED);
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(session__hangs_up_in_every_phase);
ATF_TC_BODY(session__hangs_up_in_every_phase, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN];

	(void)tc;
	start(1);
	harness_session(&h, &session, nonce);
	chan_close(&session);
	ATF_CHECK_EQ(VERDICT_GONE, harness_verdict(&h, 1));
	/* A connection for one that has gone is news that crossed. */
	harness_peer(&h);
	harness_session(&h, &session, nonce);
	harness_peer(&h);
	chan_close(&session);
	ATF_CHECK_EQ(VERDICT_GONE, harness_verdict(&h, 2));
	harness_session(&h, &session, nonce);
	harness_peer(&h);
	prove(&session, GOOD, nonce);
	chan_close(&session);
	ATF_CHECK_EQ(VERDICT_SERVED, harness_verdict(&h, 3));
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

/* netd opens a session with this number and descriptor. */
static void
open_with(uint64_t number, int fd)
{
	struct msg_session_open m = { .session = number };

	ATF_REQUIRE_EQ(0, chan_send(&h.netd, MSG_SESSION_OPEN, &m, NULL, 0,
	    fd));
	if (fd != -1)
		close(fd);
}

/* netd has broken the table: it is killed, and works again afterwards. */
static void
require_breach(void)
{
	ATF_CHECK(harness_killed(&h));
	harness_again(&h);
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

static int
one_of_pair(int type)
{
	int fds[2];

	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, type, 0, fds));
	close(fds[0]);
	return fds[1];
}

ATF_TC_WITHOUT_HEAD(session_open__descriptors_that_are_no_channel);
ATF_TC_BODY(session_open__descriptors_that_are_no_channel, tc)
{
	int fds[2];

	(void)tc;
	ATF_REQUIRE_EQ(0, pipe(fds));
	start(4);
	open_with(1, fds[0]);
	require_breach();
	start(4);
	open_with(1, open("/dev/null", O_RDWR));
	require_breach();
	start(4);
	open_with(1, one_of_pair(SOCK_STREAM));
	require_breach();
	start(4);
	open_with(1, one_of_pair(SOCK_DGRAM));
	require_breach();
	start(4);
	open_with(1, socket(AF_INET6, SOCK_STREAM, 0));
	require_breach();
	start(4);
	open_with(1, -1);
	require_breach();
}

ATF_TC(session_open__a_channel_that_is_full);
ATF_TC_HEAD(session_open__a_channel_that_is_full, tc)
{
	atf_tc_set_md_var(tc, "descr", "the monitor never blocks on a channel "
	    "that netd has chosen");
}
ATF_TC_BODY(session_open__a_channel_that_is_full, tc)
{
	int fds[2];
	char byte = 0;

	(void)tc;
	start(4);
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	while (send(fds[1], &byte, 1, MSG_DONTWAIT) == 1)
		continue;
	open_with(++h.last, fds[1]);
	require_served();
	close(fds[0]);
	ATF_CHECK_EQ(VERDICT_GONE, harness_verdict(&h, 1));
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(session_open__numbers_and_ceiling);
ATF_TC_BODY(session_open__numbers_and_ceiling, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN];

	(void)tc;
	start(4);
	h.last = 6;
	harness_session(&h, &session, nonce);
	open_with(7, one_of_pair(SOCK_SEQPACKET));
	require_breach();
	start(4);
	h.last = 6;
	harness_session(&h, &session, nonce);
	open_with(6, one_of_pair(SOCK_SEQPACKET));
	require_breach();
	start(4);
	open_with(0, one_of_pair(SOCK_SEQPACKET));
	require_breach();
	start(1);
	harness_session(&h, &session, nonce);
	open_with(2, one_of_pair(SOCK_SEQPACKET));
	require_breach();
}

ATF_TC_WITHOUT_HEAD(session_peer__wrong_ones);
ATF_TC_BODY(session_peer__wrong_ones, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN];

	(void)tc;
	start(4);
	harness_session(&h, &session, nonce);
	harness_peer(&h);
	harness_peer(&h);
	require_breach();
	start(4);
	h.last = 1;
	harness_peer(&h);
	require_breach();
}

ATF_TC(netd__second_breach_ends_the_server);
ATF_TC_HEAD(netd__second_breach_ends_the_server, tc)
{
	atf_tc_set_md_var(tc, "descr", "netd is started again once; a second "
	    "breach within a minute ends the server with status 70");
}
ATF_TC_BODY(netd__second_breach_ends_the_server, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN];

	(void)tc;
	start(4);
	harness_session(&h, &session, nonce);
	open_with(0, one_of_pair(SOCK_SEQPACKET));
	ATF_CHECK(harness_killed(&h));
	/* Its sessions have ended with it. */
	ATF_CHECK(harness_ended(&session));
	harness_again(&h);
	open_with(0, one_of_pair(SOCK_SEQPACKET));
	ATF_CHECK(harness_killed(&h));
	ATF_CHECK_EQ(70, harness_stop(&h));
}

ATF_TC_WITHOUT_HEAD(netd__ends_and_is_started_again);
ATF_TC_BODY(netd__ends_and_is_started_again, tc)
{
	int i;

	(void)tc;
	start(4);
	for (i = 0; i < 10; i++) {
		require_served();
		chan_close(&h.netd);
		ATF_CHECK(harness_killed(&h));
		harness_again(&h);
	}
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, release__proven_and_enabled);
	ATF_TP_ADD_TC(tp, release__disabled_and_unknown_get_nothing);
	ATF_TP_ADD_TC(tp, proof__of_another_nonce);
	ATF_TP_ADD_TC(tp, proof__twice_on_one_channel);
	ATF_TP_ADD_TC(tp, proof__is_not_read_before_the_peer_is_known);
	ATF_TP_ADD_TC(tp, proof__lengths_that_do_not_add_up);
	ATF_TP_ADD_TC(tp, delivered__only_once_and_only_after_a_secret);
	ATF_TP_ADD_TC(tp, approval__waits_then_does_as_configured);
	ATF_TP_ADD_TC(tp, gate__disabled_and_enabled_at_run_time);
	ATF_TP_ADD_TC(tp, gate__disabled_or_removed_while_it_waits);
	ATF_TP_ADD_TC(tp, gate__removed_while_the_secret_is_lent);
	ATF_TP_ADD_TC(tp, gate__a_new_secret_and_a_new_key);
	ATF_TP_ADD_TC(tp, gate__a_key_withdrawn_while_it_waits);
	ATF_TP_ADD_TC(tp, approve__before_and_during_the_wait);
	ATF_TP_ADD_TC(tp, approve__holds_for_its_time);
	ATF_TP_ADD_TC(tp, session__hangs_up_in_every_phase);
	ATF_TP_ADD_TC(tp, session_open__descriptors_that_are_no_channel);
	ATF_TP_ADD_TC(tp, session_open__a_channel_that_is_full);
	ATF_TP_ADD_TC(tp, session_open__numbers_and_ceiling);
	ATF_TP_ADD_TC(tp, session_peer__wrong_ones);
	ATF_TP_ADD_TC(tp, netd__second_breach_ends_the_server);
	ATF_TP_ADD_TC(tp, netd__ends_and_is_started_again);
	return atf_no_error();
}
