/* SPDX-License-Identifier: ISC */
/*
 * A whole session process, between a monitor and a netd that this test plays
 * and a Mandos client over TCP.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <atf-c.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netd.h"
#include "peer.h"
#include "proof.h"
#include "tls.h"

#define TIMEOUT_MS 20000 /* of every wait; none is meant to take so long */

struct client {
	uint8_t keyid[KEYID_LEN];
};

static struct client enrolled;
static struct msg_nonce nonce = { .nonce = "a nonce of thirty-two bytes or " };
static struct chan to_session;	/* as the monitor */
static int send_nonce = 1;
static pid_t session;
static struct peer_key *key;
static int client_fd = -1;	/* of a test that is the client itself */

/* What a client in a process of its own has come to. */
struct fetched {
	enum peer_result result;
	size_t len;
	uint8_t data[SECRET_MAX];
};

static struct fetched fetched;
static pid_t client;
static int client_pipe;

static struct client *
find(const uint8_t keyid[KEYID_LEN])
{
	return memcmp(keyid, enrolled.keyid, KEYID_LEN) == 0 ? &enrolled : NULL;
}

/* A listening socket on the loopback interface. */
static int
listen_somewhere(uint16_t *port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = sizeof sin6;
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)&sin6, sizeof sin6));
	ATF_REQUIRE_EQ(0, listen(fd, 1));
	ATF_REQUIRE_EQ(0, getsockname(fd, (struct sockaddr *)&sin6, &len));
	*port = ntohs(sin6.sin6_port);
	return fd;
}

/* Fork a session, give it its nonce, and this connection. */
static void
start_session(int fd)
{
	const struct conn conn = { .fd = fd };
	struct chan chan;
	int monitor[2];

	ATF_REQUIRE_EQ(NULL, tls_setup(""));
	ATF_REQUIRE_EQ(0, chan_pair(monitor));
	ATF_REQUIRE((session = fork()) != -1);
	if (session == 0) {
		close(monitor[0]);
		if (client_fd != -1)
			close(client_fd);
		if (dup2(fd, STDIN_FILENO) == -1)
			_exit(1);
		close(fd);
		chan_init(&chan, monitor[1], PROC_SESSION, PROC_MONITOR,
		    PHASE_BOOT);
		session_run(&chan, &conn);
	}
	close(monitor[1]);
	close(fd);
	chan_init(&to_session, monitor[0], PROC_MONITOR, PROC_SESSION,
	    PHASE_NONCED);
	if (send_nonce)
		ATF_REQUIRE_EQ(0, chan_send(&to_session, MSG_NONCE, &nonce,
		    NULL, 0, -1));
}

/* A client that fetches, in another process; its result comes by a pipe. */
static void
start_fetch(uint16_t port)
{
	struct peer_to to = { .port = port };
	uint8_t *data;
	int fds[2];

	ATF_REQUIRE_EQ(0, pipe(fds));
	ATF_REQUIRE((client = fork()) != -1);
	if (client > 0) {
		close(fds[1]);
		client_pipe = fds[0];
		return;
	}
	fetched.result = peer_fetch(&to, key, &data, &fetched.len);
	if (fetched.len > sizeof fetched.data)
		_exit(1);
	if (fetched.len > 0)
		memcpy(fetched.data, data, fetched.len);
	_exit(write(fds[1], &fetched, sizeof fetched) !=
	    (ssize_t)sizeof fetched);
}

/* Client and session; the client has the key of ${type}. */
static void
start(enum peer_keytype type)
{
	uint16_t port;
	int listener = listen_somewhere(&port), fd;

	peer_init();
	ATF_REQUIRE((key = peer_key_new(type)) != NULL);
	memcpy(enrolled.keyid, key->id, KEYID_LEN);
	start_fetch(port);
	ATF_REQUIRE((fd = accept(listener, NULL, NULL)) != -1);
	close(listener);
	start_session(fd);
}

/* The test itself is the client, at client_fd. */
static void
start_raw(void)
{
	struct peer_to to = { 0 };
	int listener = listen_somewhere(&to.port), fd;

	peer_init();
	ATF_REQUIRE((client_fd = peer_connect(&to)) != -1);
	ATF_REQUIRE((fd = accept(listener, NULL, NULL)) != -1);
	close(listener);
	start_session(fd);
}

/* The next message of the session has to be this; it stays in ${msg}. */
static void
expect(struct msg *msg, enum msg_type type)
{
	const char *flaw;

	ATF_REQUIRE_EQ(1, chan_recv_wait(&to_session, msg, TIMEOUT_MS));
	flaw = msg_check(&to_session, msg);
	ATF_REQUIRE_MSG(flaw == NULL, "%s", flaw);
	ATF_REQUIRE_EQ((uint32_t)type, msg->type);
}

static void
expect_proof(void)
{
	struct proof proof = { .nonce = nonce.nonce };
	struct msg_proof body;
	struct msg msg;

	expect(&msg, MSG_PROOF);
	memcpy(&body, msg.body, sizeof body);
	ATF_REQUIRE_EQ(msg.tail_len, body.transcript_len + body.verify_len);
	proof.transcript = (struct bytes){ msg.tail, body.transcript_len };
	proof.verify = (struct bytes){ msg.tail + body.transcript_len,
		body.verify_len };
	ATF_CHECK_MSG(proof_check(&proof, find) == &enrolled, "%s",
	    proof.flaw != NULL ? proof.flaw : "refused");
	msg_free(&msg);
}

static void
send_secret(const uint8_t *secret, uint32_t len)
{
	struct msg_secret body = { .secret_len = len };

	to_session.phase = PHASE_LENT;
	ATF_REQUIRE_EQ(0, chan_send(&to_session, MSG_SECRET, &body, secret,
	    len, -1));
}

static void
expect_delivered(enum delivery result)
{
	struct msg_delivered body;
	struct msg msg;

	expect(&msg, MSG_DELIVERED);
	memcpy(&body, msg.body, sizeof body);
	ATF_CHECK_EQ((uint32_t)result, body.result);
	msg_free(&msg);
}

/* The session must end, and say this by its exit status. */
static void
expect_exit(int status)
{
	struct pollfd pfd = { .fd = to_session.fd, .events = POLLIN };
	struct msg msg;
	int got;

	/* Its channel closes with it, and nothing comes before. */
	ATF_REQUIRE_EQ(1, poll(&pfd, 1, TIMEOUT_MS));
	ATF_CHECK_EQ(-1, chan_recv(&to_session, &msg));
	ATF_REQUIRE_EQ(session, waitpid(session, &got, 0));
	ATF_REQUIRE(WIFEXITED(got));
	ATF_CHECK_EQ(status, WEXITSTATUS(got));
}

static void
expect_fetched(enum peer_result result, const uint8_t *secret, size_t len)
{
	uint8_t *p = (uint8_t *)&fetched;
	size_t at = 0;
	ssize_t n;
	int status;

	while (at < sizeof fetched &&
	    (n = read(client_pipe, p + at, sizeof fetched - at)) > 0)
		at += (size_t)n;
	ATF_REQUIRE_EQ(sizeof fetched, at);
	ATF_REQUIRE_EQ(client, waitpid(client, &status, 0));
	ATF_CHECK_STREQ(peer_result_name(result),
	    peer_result_name(fetched.result));
	ATF_CHECK_EQ(len, fetched.len);
	if (len > 0)
		ATF_CHECK_EQ(0, memcmp(secret, fetched.data, len));
}

/* The client has received nothing but this many bytes, and then the end. */
static void
expect_end_of_file(size_t most)
{
	struct pollfd pfd = { .fd = client_fd, .events = POLLIN };
	uint8_t bytes[4096];
	ssize_t n;

	for (;;) {
		ATF_REQUIRE_EQ(1, poll(&pfd, 1, TIMEOUT_MS));
		n = read(client_fd, bytes, sizeof bytes);
		if (n == 0 || (n == -1 && errno == ECONNRESET))
			return;
		ATF_REQUIRE(n > 0 && (size_t)n <= most);
		most -= (size_t)n;
	}
}

static void
deliver(enum peer_keytype type, size_t len)
{
	static uint8_t secret[SECRET_MAX];
	size_t i;

	for (i = 0; i < len; i++)
		secret[i] = (uint8_t)(i * 7 + i / 256);
	start(type);
	expect_proof();
	send_secret(secret, (uint32_t)len);
	expect_delivered(DELIVERY_SENT);
	expect_fetched(PEER_OK, secret, len);
	expect_exit(SESSION_OVER);
}

ATF_TC_WITHOUT_HEAD(secret__is_delivered);
ATF_TC_BODY(secret__is_delivered, tc)
{
	deliver(PEER_ED25519, 1185);
}

ATF_TC_WITHOUT_HEAD(secret__other_key);
ATF_TC_BODY(secret__other_key, tc)
{
	deliver(PEER_P384, 1185);
}

ATF_TC_WITHOUT_HEAD(secret__largest);
ATF_TC_BODY(secret__largest, tc)
{
	deliver(PEER_ED25519, SECRET_MAX);
}

ATF_TC_WITHOUT_HEAD(secret__empty);
ATF_TC_BODY(secret__empty, tc)
{
	deliver(PEER_ED25519, 0);
}

ATF_TC(secret__late);
ATF_TC_HEAD(secret__late, tc)
{
	atf_tc_set_md_var(tc, "descr", "while the monitor takes its time, the "
	    "peer sees a complete handshake, and gets its secret after it");
}
ATF_TC_BODY(secret__late, tc)
{
	static const uint8_t secret[] = "after all";
	struct peer_to to = { 0 };
	struct peer peer;
	int listener = listen_somewhere(&to.port), fd;

	peer_init();
	ATF_REQUIRE((key = peer_key_new(PEER_ED25519)) != NULL);
	memcpy(enrolled.keyid, key->id, KEYID_LEN);
	ATF_REQUIRE_EQ(PEER_OK, peer_open(&peer, &to, key));
	ATF_REQUIRE((fd = accept(listener, NULL, NULL)) != -1);
	close(listener);
	client_fd = peer.fd;
	start_session(fd);
	ATF_CHECK_EQ(PEER_OK, peer_handshake(&peer));
	expect_proof();
	send_secret(secret, sizeof secret);
	ATF_CHECK_EQ(PEER_OK, peer_read(&peer));
	ATF_REQUIRE_EQ(sizeof secret, peer.len);
	ATF_CHECK_EQ(0, memcmp(secret, peer.data, sizeof secret));
	expect_delivered(DELIVERY_SENT);
	peer_close(&peer);
	expect_exit(SESSION_OVER);
}

ATF_TC_WITHOUT_HEAD(denied__gets_nothing);
ATF_TC_BODY(denied__gets_nothing, tc)
{
	struct msg_denied body = { .reason = DENIAL_DISABLED };

	start(PEER_ED25519);
	expect_proof();
	ATF_REQUIRE_EQ(0, chan_send(&to_session, MSG_DENIED, &body, NULL, 0,
	    -1));
	expect_fetched(PEER_OK, NULL, 0);
	expect_exit(SESSION_OVER);
}

ATF_TC_WITHOUT_HEAD(wait__peer_hangs_up);
ATF_TC_BODY(wait__peer_hangs_up, tc)
{
	struct peer_to to = { 0 };
	struct peer peer;
	int listener = listen_somewhere(&to.port), fd;

	peer_init();
	ATF_REQUIRE((key = peer_key_new(PEER_ED25519)) != NULL);
	memcpy(enrolled.keyid, key->id, KEYID_LEN);
	ATF_REQUIRE_EQ(PEER_OK, peer_open(&peer, &to, key));
	ATF_REQUIRE((fd = accept(listener, NULL, NULL)) != -1);
	close(listener);
	client_fd = peer.fd;
	start_session(fd);
	ATF_CHECK_EQ(PEER_OK, peer_handshake(&peer));
	expect_proof();
	peer_close(&peer);
	expect_exit(SESSION_GONE);
}

ATF_TC_WITHOUT_HEAD(wait__monitor_hangs_up);
ATF_TC_BODY(wait__monitor_hangs_up, tc)
{
	int status;

	start(PEER_ED25519);
	expect_proof();
	chan_close(&to_session);
	ATF_REQUIRE_EQ(session, waitpid(session, &status, 0));
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == SESSION_GONE);
	expect_fetched(PEER_NO_HANDSHAKE, NULL, 0);
}

ATF_TC_WITHOUT_HEAD(monitor__wrong_length);
ATF_TC_BODY(monitor__wrong_length, tc)
{
	struct msg_secret body = { .secret_len = 2 };

	start(PEER_ED25519);
	expect_proof();
	ATF_REQUIRE_EQ(0, chan_send(&to_session, MSG_SECRET, &body, "abc", 3,
	    -1));
	expect_exit(1);
	expect_fetched(PEER_NO_HANDSHAKE, NULL, 0);
}

/* A secret that lies there too early goes to nobody. */
ATF_TC_WITHOUT_HEAD(monitor__secret_before_proof);
ATF_TC_BODY(monitor__secret_before_proof, tc)
{
	struct msg_secret body = { .secret_len = 3 };

	start_raw();
	ATF_REQUIRE_EQ(0, chan_send(&to_session, MSG_SECRET, &body, "abc", 3,
	    -1));
	ATF_REQUIRE_EQ(5, write(client_fd, "1\r\nxx", 5));
	ATF_REQUIRE_EQ(0, shutdown(client_fd, SHUT_WR));
	/* The ClientHello. */
	expect_end_of_file(400);
	expect_exit(SESSION_GONE);
}

ATF_TC_WITHOUT_HEAD(monitor__second_nonce);
ATF_TC_BODY(monitor__second_nonce, tc)
{
	start(PEER_ED25519);
	ATF_REQUIRE_EQ(0, chan_send(&to_session, MSG_NONCE, &nonce, NULL, 0,
	    -1));
	expect_proof();
	expect_exit(1);
	expect_fetched(PEER_NO_HANDSHAKE, NULL, 0);
}

ATF_TC_WITHOUT_HEAD(line__in_pieces);
ATF_TC_BODY(line__in_pieces, tc)
{
	struct pollfd pfd;
	uint8_t hello[43];

	start_raw();
	pfd.fd = client_fd;
	pfd.events = POLLIN;
	ATF_REQUIRE_EQ(1, write(client_fd, "1", 1));
	ATF_CHECK_EQ(0, poll(&pfd, 1, 50));
	ATF_REQUIRE_EQ(1, write(client_fd, "\r", 1));
	ATF_CHECK_EQ(0, poll(&pfd, 1, 50));
	ATF_REQUIRE_EQ(1, write(client_fd, "\n", 1));
	ATF_REQUIRE_EQ((ssize_t)sizeof hello,
	    recv(client_fd, hello, sizeof hello, MSG_WAITALL));
	/* A handshake record with a ClientHello that has the nonce. */
	ATF_CHECK_EQ(22, hello[0]);
	ATF_CHECK_EQ(1, hello[5]);
	ATF_CHECK_EQ(0, memcmp(hello + 11, nonce.nonce, NONCE_LEN));
	close(client_fd);
	expect_exit(SESSION_GONE);
}

ATF_TC_WITHOUT_HEAD(line__garbage);
ATF_TC_BODY(line__garbage, tc)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";

	start_raw();
	ATF_REQUIRE_EQ((ssize_t)sizeof request,
	    write(client_fd, request, sizeof request));
	expect_end_of_file(0);
	expect_exit(SESSION_GARBAGE);
}

ATF_TC_WITHOUT_HEAD(handshake__garbage);
ATF_TC_BODY(handshake__garbage, tc)
{
	static const char garbage[] = "1\r\nand then no TLS at all";

	start_raw();
	ATF_REQUIRE_EQ((ssize_t)sizeof garbage,
	    write(client_fd, garbage, sizeof garbage));
	/* The ClientHello, and no alert. */
	expect_end_of_file(400);
	expect_exit(SESSION_GARBAGE);
}

/* A session that is not sent its nonce says nothing to anybody. */
ATF_TC_WITHOUT_HEAD(nonce__monitor_hangs_up);
ATF_TC_BODY(nonce__monitor_hangs_up, tc)
{
	int status;

	send_nonce = 0;
	start_raw();
	ATF_REQUIRE_EQ(3, write(client_fd, "1\r\n", 3));
	chan_close(&to_session);
	ATF_REQUIRE_EQ(session, waitpid(session, &status, 0));
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == SESSION_GONE);
	expect_end_of_file(0);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, secret__is_delivered);
	ATF_TP_ADD_TC(tp, secret__other_key);
	ATF_TP_ADD_TC(tp, secret__largest);
	ATF_TP_ADD_TC(tp, secret__empty);
	ATF_TP_ADD_TC(tp, secret__late);
	ATF_TP_ADD_TC(tp, denied__gets_nothing);
	ATF_TP_ADD_TC(tp, wait__peer_hangs_up);
	ATF_TP_ADD_TC(tp, wait__monitor_hangs_up);
	ATF_TP_ADD_TC(tp, monitor__wrong_length);
	ATF_TP_ADD_TC(tp, monitor__secret_before_proof);
	ATF_TP_ADD_TC(tp, monitor__second_nonce);
	ATF_TP_ADD_TC(tp, line__in_pieces);
	ATF_TP_ADD_TC(tp, line__garbage);
	ATF_TP_ADD_TC(tp, handshake__garbage);
	ATF_TP_ADD_TC(tp, nonce__monitor_hangs_up);
	return atf_no_error();
}
