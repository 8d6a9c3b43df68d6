/* SPDX-License-Identifier: ISC */
/*
 * TLS as a session speaks it: what is recorded is what the monitor's proof
 * check accepts, and no peer gets it to do more than it should.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "peer.h"
#include "proof.h"
#include "tls.h"

/* Mandos clients that know only one group, so that ours needs a retry. */
#define PEER_P256_ONLY PEER_PRIORITY ":-GROUP-ALL:+GROUP-SECP256R1"
#define PEER_FFDHE_ONLY PEER_PRIORITY ":-GROUP-ALL:+GROUP-FFDHE2048"
#define PEER_TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CTYPE-ALL:+CTYPE-RAWPK"

struct client {
	uint8_t keyid[KEYID_LEN];
};

static struct client enrolled;
static const uint8_t nonce[NONCE_LEN] = "this nonce has 32 bytes exactly";
static struct tls tls;
static struct wire wire;

static struct client *
find(const uint8_t keyid[KEYID_LEN])
{
	return memcmp(keyid, enrolled.keyid, KEYID_LEN) == 0 ? &enrolled : NULL;
}

/* The peer's side of a connection, in a process of its own. */
static pid_t
fork_peer(int fd, int other, const struct peer_key *key, const char *priority)
{
	gnutls_session_t session;
	pid_t pid = fork();
	int ret;

	ATF_REQUIRE(pid != -1);
	if (pid > 0) {
		close(fd);
		return pid;
	}
	close(other);
	if (peer_session(&session, fd, key, priority, 0) < 0)
		_exit(2);
	do
		ret = gnutls_handshake(session);
	while (ret < 0 && !gnutls_error_is_fatal(ret));
	_exit(ret < 0);
}

/* Shake hands with a peer; returns what ours has come to. */
static enum tls_result
shake_hands(const struct peer_key *key, const char *priority)
{
	enum tls_result result;
	const char *why;
	int fds[2], status;
	pid_t pid;

	ATF_REQUIRE_EQ(NULL, tls_setup(""));
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	pid = fork_peer(fds[1], fds[0], key, priority);
	wire_init(&wire, fds[0]);
	ATF_REQUIRE_EQ(0, tls_open(&tls, &wire, nonce));
	result = tls_handshake(&tls, &why);
	if (result == TLS_DONE)
		ATF_CHECK_EQ(0, wire_flush(&wire, 0));
	close(fds[0]);
	ATF_REQUIRE_EQ(pid, waitpid(pid, &status, 0));
	ATF_CHECK(WIFEXITED(status));
	if (result == TLS_DONE)
		ATF_CHECK_EQ(0, WEXITSTATUS(status));
	else
		ATF_CHECK_EQ(1, WEXITSTATUS(status));
	return result;
}

/* The monitor must find this proof good, and no longer with a bit changed. */
static void
check_proof(const struct peer_key *key)
{
	struct proof proof = { .nonce = nonce,
		.transcript = { tls.proof, tls.transcript_len },
		.verify = { tls.proof + tls.transcript_len, tls.verify_len } };

	memcpy(enrolled.keyid, key->id, KEYID_LEN);
	ATF_CHECK_MSG(proof_check(&proof, find) == &enrolled, "%s",
	    proof.flaw != NULL ? proof.flaw : "refused");
	tls.proof[tls.transcript_len - 60] ^= 1;
	ATF_CHECK_EQ(NULL, proof_check(&proof, find));
}

static void
check_peer(enum peer_keytype type, const char *priority, int retries)
{
	struct peer_key *key;

	peer_init();
	ATF_REQUIRE((key = peer_key_new(type)) != NULL);
	ATF_CHECK_EQ_MSG(TLS_DONE, shake_hands(key, priority), "%s",
	    peer_keytype_name(type));
	ATF_CHECK(tls_peer_is_raw(&tls));
	ATF_CHECK_EQ(retries ? 254 : 1, tls.proof[0]);
	check_proof(key);
	tls_close(&tls);
	peer_key_free(key);
}

ATF_TC_WITHOUT_HEAD(selftest__passes);
ATF_TC_BODY(selftest__passes, tc)
{
	const char *fault = tls_selftest();

	ATF_CHECK_MSG(fault == NULL, "%s", fault);
	/* It leaves nothing behind that a second one would stumble over. */
	ATF_CHECK_EQ(NULL, tls_selftest());
}

ATF_TC_WITHOUT_HEAD(priority__accepted);
ATF_TC_BODY(priority__accepted, tc)
{
	static const char *const good[] = {
		"",
		PEER_PRIORITY,
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:+CTYPE-RAWPK",
		"SECURE256:-VERS-ALL:+VERS-TLS1.3:-CTYPE-ALL:+CTYPE-RAWPK",
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:+CTYPE-SRV-RAWPK"
	};
	const char *fault;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		fault = tls_setup(good[i]);
		ATF_CHECK_MSG(fault == NULL, "%s: %s", good[i], fault);
		tls_warm();
	}
}

ATF_TC_WITHOUT_HEAD(priority__refused);
ATF_TC_BODY(priority__refused, tc)
{
	static const struct {
		const char *string;
		const char *fault;
	} bad[] = {
		{ "no such thing", "no priority string" },
		{ "NORMAL:+NONSENSE", "no priority string" },
		{ "NORMAL", "other than TLS 1.3" },
		{ "SECURE128", "other than TLS 1.3" },
		{ "SECURE128:+CTYPE-RAWPK:+VERS-TLS1.2", "other than TLS 1.3" },
		{ PEER_PRIORITY ":+VERS-TLS1.2", "other than TLS 1.3" },
		{ PEER_PRIORITY ":+VERS-DTLS1.2", "other than TLS 1.3" },
		{ PEER_TLS12, "other than TLS 1.3" },
		{ "NORMAL:-VERS-ALL", "priorities" },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.3", "raw public keys" },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.3:+CTYPE-CLI-RAWPK",
		    "raw public keys" }
	};
	const char *fault;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		fault = tls_setup(bad[i].string);
		ATF_REQUIRE_MSG(fault != NULL, "%s", bad[i].string);
		ATF_CHECK_MSG(strstr(fault, bad[i].fault) != NULL, "%s: %s",
		    bad[i].string, fault);
	}
}

ATF_TC(record__every_key);
ATF_TC_HEAD(record__every_key, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "the monitor accepts what is recorded, with keys of every type");
}
ATF_TC_BODY(record__every_key, tc)
{
	check_peer(PEER_ED25519, NULL, 0);
	check_peer(PEER_ED448, NULL, 0);
	check_peer(PEER_P256, NULL, 0);
	check_peer(PEER_P384, NULL, 0);
	check_peer(PEER_P521, NULL, 0);
	check_peer(PEER_RSA_PSS, NULL, 0);
}

ATF_TC(record__retry);
ATF_TC_HEAD(record__retry, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "a peer without X25519 is served after a HelloRetryRequest");
}
ATF_TC_BODY(record__retry, tc)
{
	check_peer(PEER_ED25519, PEER_P256_ONLY, 1);
	check_peer(PEER_ED25519, PEER_P256_ONLY ":-AES-256-GCM", 1);
	check_peer(PEER_P384, PEER_FFDHE_ONLY, 1);
}

ATF_TC_WITHOUT_HEAD(handshake__old_version);
ATF_TC_BODY(handshake__old_version, tc)
{
	struct peer_key *key;

	peer_init();
	ATF_REQUIRE((key = peer_key_new(PEER_ED25519)) != NULL);
	ATF_CHECK(shake_hands(key, PEER_TLS12) != TLS_DONE);
	peer_key_free(key);
}

/* Give the session these bytes for an answer to its ClientHello. */
static enum tls_result
answer(const uint8_t *bytes, size_t len, size_t *taken)
{
	enum tls_result result;
	const char *why = NULL;
	int fds[2], status;
	uint8_t byte;
	pid_t pid;

	ATF_REQUIRE_EQ(NULL, tls_setup(""));
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		close(fds[0]);
		while (len > 0 &&
		    send(fds[1], bytes, len < 4096 ? len : 4096,
		    MSG_NOSIGNAL) > 0) {
			bytes += len < 4096 ? len : 4096;
			len -= len < 4096 ? len : 4096;
		}
		/* Stay until what was sent to us could be sent. */
		shutdown(fds[1], SHUT_WR);
		while (read(fds[1], &byte, 1) == 1)
			continue;
		_exit(0);
	}
	close(fds[1]);
	wire_init(&wire, fds[0]);
	ATF_REQUIRE_EQ(0, tls_open(&tls, &wire, nonce));
	result = tls_handshake(&tls, &why);
	ATF_CHECK(result == TLS_DONE || why != NULL);
	*taken = WIRE_BUDGET - wire.budget;
	tls_close(&tls);
	close(fds[0]);
	ATF_REQUIRE_EQ(pid, waitpid(pid, &status, 0));
	return result;
}

ATF_TC(budget__long_message);
ATF_TC_HEAD(budget__long_message, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "of a message that claims 16 MB no more than the budget is read");
}
ATF_TC_BODY(budget__long_message, tc)
{
	static uint8_t flood[17 * 1024 * 1024];
	const uint8_t record[] = { 22, 3, 3, 0x3f, 0xff };
	const uint8_t hello[] = { 2, 0xff, 0xff, 0xff, 3, 3 };
	size_t at, taken;

	for (at = 0; at + 5 + 0x3fff < sizeof flood; at += 5 + 0x3fff)
		memcpy(flood + at, record, sizeof record);
	memcpy(flood + 5, hello, sizeof hello);
	ATF_CHECK_EQ(TLS_GARBAGE, answer(flood, sizeof flood, &taken));
	ATF_CHECK(taken <= WIRE_BUDGET);
}

ATF_TC_WITHOUT_HEAD(budget__many_records);
ATF_TC_BODY(budget__many_records, tc)
{
	static uint8_t flood[1024 * 1024];
	/* ChangeCipherSpec may come and is ignored; but not for ever. */
	const uint8_t record[] = { 20, 3, 3, 0, 1, 1 };
	size_t at, taken;

	for (at = 0; at + sizeof record <= sizeof flood; at += sizeof record)
		memcpy(flood + at, record, sizeof record);
	ATF_CHECK_EQ(TLS_GARBAGE, answer(flood, sizeof flood, &taken));
	ATF_CHECK(taken <= WIRE_BUDGET);
}

ATF_TC_WITHOUT_HEAD(handshake__garbage);
ATF_TC_BODY(handshake__garbage, tc)
{
	static const uint8_t garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	size_t taken;

	ATF_CHECK_EQ(TLS_GARBAGE, answer(garbage, sizeof garbage, &taken));
}

ATF_TC_WITHOUT_HEAD(handshake__hang_up);
ATF_TC_BODY(handshake__hang_up, tc)
{
	size_t taken;

	ATF_CHECK_EQ(TLS_GONE, answer(NULL, 0, &taken));
	ATF_CHECK_EQ(0, taken);
}

/* The ClientHello: the nonce, one key share, and it is for X25519. */
ATF_TC_WITHOUT_HEAD(hello__as_designed);
ATF_TC_BODY(hello__as_designed, tc)
{
	static const uint8_t share[] = { 0, 0x33, 0, 38, 0, 36, 0, 0x1d, 0,
		32 };
	uint8_t hello[1024];
	const char *why;
	ssize_t len;
	int fds[2];

	ATF_REQUIRE_EQ(NULL, tls_setup(""));
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	ATF_REQUIRE_EQ(0, shutdown(fds[1], SHUT_WR));
	wire_init(&wire, fds[0]);
	ATF_REQUIRE_EQ(0, tls_open(&tls, &wire, nonce));
	ATF_CHECK_EQ(TLS_GONE, tls_handshake(&tls, &why));
	ATF_REQUIRE((len = read(fds[1], hello, sizeof hello)) > 43);
	/* Behind the record header, the message header and the version. */
	ATF_CHECK_EQ(0, memcmp(hello + 11, nonce, sizeof nonce));
	ATF_CHECK(memmem(hello, (size_t)len, share, sizeof share) != NULL);
	tls_close(&tls);
	close(fds[0]);
	close(fds[1]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, selftest__passes);
	ATF_TP_ADD_TC(tp, priority__accepted);
	ATF_TP_ADD_TC(tp, priority__refused);
	ATF_TP_ADD_TC(tp, record__every_key);
	ATF_TP_ADD_TC(tp, record__retry);
	ATF_TP_ADD_TC(tp, handshake__old_version);
	ATF_TP_ADD_TC(tp, handshake__garbage);
	ATF_TP_ADD_TC(tp, handshake__hang_up);
	ATF_TP_ADD_TC(tp, budget__long_message);
	ATF_TP_ADD_TC(tp, budget__many_records);
	ATF_TP_ADD_TC(tp, hello__as_designed);
	return atf_no_error();
}
