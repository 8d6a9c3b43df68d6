/* SPDX-License-Identifier: ISC */
/*
 * Taken-over sessions and a taken-over netd, by the ten thousand: every
 * message in every phase, then whatever a random number generator thinks of.
 * Each client's secret is a canary of its own; no byte of one may arrive on a
 * channel on which its key was not proven.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <atf-c.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forge.h"
#include "harness.h"

/* Sequences of a hostile session, and of a hostile netd. */
#ifdef HARNESS_REAL
#define SESSIONS 100000
#define NETDS 100
#else
#define SESSIONS 20000
#define NETDS 1500
#endif

/* Kilobytes of growth that are no leak; ASan keeps freed memory to watch it. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MORE (300 * 1024)
#else
#define MEMORY_MORE 512
#endif

#define CANARY "CANARY"

enum { OURS, THEIRS, SLOW, CLIENTS, NOBODY = CLIENTS };

static struct forge_key keys[CLIENTS + 1];
static struct harness_client clients[CLIENTS] = {
	[OURS] = { .name = "ours", .secret = CANARY "-ours",
	    .flags = CLIENT_ENABLED },
	[THEIRS] = { .name = "theirs", .secret = CANARY "-theirs",
	    .flags = CLIENT_ENABLED },
	[SLOW] = { .name = "slow", .secret = CANARY "-slow",
	    .flags = CLIENT_ENABLED, .approval_delay_ms = 3600000 },
};

static struct harness h;
static uint64_t state = 0x9e3779b97f4a7c15;

/* How far a hostile session goes along before it turns. */
enum turn {
	TURN_NO_PEER,		/* as soon as it has its nonce */
	TURN_NONCED,		/* with a connection */
	TURN_WAITING,		/* proven, waits for approval */
	TURN_LENT,		/* has got its own secret */
	TURN_MAX
};

static uint32_t
number(uint32_t below)
{
	/* xorshift64*: the sequences are the same in every run. */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 33) % below;
}

static void
start(const atf_tc_t *tc)
{
	unsigned int i;

	strlcpy(harness_srcdir, atf_tc_get_config_var(tc, "srcdir"),
	    sizeof harness_srcdir);
	for (i = 0; i <= CLIENTS; i++)
		forge_key(&keys[i], i);
	for (i = 0; i < CLIENTS; i++)
		memcpy(clients[i].keyid, keys[i].keyid, KEYID_LEN);
	harness_start(&h, clients, CLIENTS, 8);
}

static size_t
fds_of(pid_t pid)
{
	char path[64];
	DIR *dir;
	size_t n = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	ATF_REQUIRE((dir = opendir(path)) != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* Kilobytes of resident memory. */
static unsigned long
memory_of(pid_t pid)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	ATF_REQUIRE((f = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof line, f) != NULL)
		sscanf(line, "VmRSS: %lu", &kb);
	fclose(f);
	ATF_REQUIRE(kb > 0);
	return kb;
}

/* Send ${len} bytes and ${nfds} descriptors; the other end may be gone. */
static void
send_raw(int fd, const uint8_t *bytes, size_t len, unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(3 * sizeof(int))];
	} control;
	int fds[3] = { STDIN_FILENO, STDIN_FILENO, STDIN_FILENO };
	struct iovec iov;
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	memcpy(&iov.iov_base, &bytes, sizeof bytes);
	iov.iov_len = len;
	if (nfds > 0) {
		memset(&control, 0, sizeof control);
		hdr.msg_control = control.space;
		hdr.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
	}
	if (sendmsg(fd, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		ATF_REQUIRE_MSG(errno == EPIPE || errno == ECONNRESET ||
		    errno == EAGAIN || errno == EMSGSIZE, "sendmsg: %s",
		    strerror(errno));
}

/*
 * A message of type ${type} whose length is off by the sort ${sort} says,
 * with ${nfds} descriptors; its bytes are random or small numbers.
 */
static void
send_message(int fd, uint32_t type, unsigned int sort, unsigned int nfds)
{
	static uint8_t packet[4 + 1024 + 131072 + 16];
	const struct msg_rule *rule = type < MSG_MAX_TYPE ? &msg_rules[type] :
	    NULL;
	size_t fixed = rule != NULL ? rule->fixed : 8;
	size_t tail = rule != NULL ? rule->tail : 0, len, i;

	switch (sort) {
	case 0:
		len = fixed;
		break;
	case 1:
		len = fixed - 1;
		break;
	case 2:
		len = fixed + tail;
		break;
	case 3:
		len = fixed + tail + 1;
		break;
	case 4:
		len = 0;
		break;
	default:
		len = number((uint32_t)(fixed + (tail < 300 ? tail : 300)) + 8);
	}
	memcpy(packet, &type, sizeof type);
	for (i = 0; i < len; i++)
		packet[4 + i] = number(3) == 0 ? (uint8_t)number(256) : 0;
	send_raw(fd, packet, 4 + len, nfds);
}

#define SORTS 6

/* A sound PROOF message; it may find the channel full or closed. */
static void
send_proof(int fd, const struct msg_proof *m, const uint8_t *tail, size_t len)
{
	uint8_t packet[4 + sizeof *m + FORGE_MAX];
	const uint32_t type = MSG_PROOF;

	memcpy(packet, &type, sizeof type);
	memcpy(packet + 4, m, sizeof *m);
	memcpy(packet + 4 + sizeof *m, tail, len);
	send_raw(fd, packet, 4 + sizeof *m + len, 0);
}

static void
prove(struct chan *session, unsigned int who, const uint8_t nonce[NONCE_LEN])
{
	uint8_t tail[FORGE_MAX];
	struct msg_proof m;
	size_t len = forge_proof(&keys[who], nonce, tail, &m);

	send_proof(session->fd, &m, tail, len);
}

/*
 * Everything the monitor still has for this session, to its end.  Fails the
 * test if it holds a canary byte: ${secrets} whole messages are ours to have.
 */
static void
drain(struct chan *session, unsigned int secrets)
{
	struct msg msg;

	while (chan_recv_wait(session, &msg, 10000) == 1) {
		if (msg.type == MSG_SECRET && secrets > 0) {
			secrets--;
			ATF_REQUIRE_EQ(NULL, msg_check(session, &msg));
			ATF_REQUIRE_EQ(strlen(clients[OURS].secret),
			    msg.tail_len);
			ATF_REQUIRE_EQ(0, memcmp(clients[OURS].secret,
			    msg.tail, msg.tail_len));
		} else
			ATF_REQUIRE_EQ(NULL, memmem(msg.body, msg.len, CANARY,
			    strlen(CANARY)));
		msg_free(&msg);
	}
	ATF_REQUIRE(errno != ETIMEDOUT);
	ATF_REQUIRE_EQ(0, secrets);
}

/* Open a session and go along until the turn. */
static void
behave(struct chan *session, enum turn turn, uint8_t nonce[NONCE_LEN])
{
	struct msg msg;

	harness_session(&h, session, nonce);
	if (turn == TURN_NO_PEER)
		return;
	harness_peer(&h);
	if (turn == TURN_WAITING) {
		prove(session, SLOW, nonce);
		harness_next(&h.netd, &msg);
		ATF_REQUIRE_EQ(MSG_SESSION_WAIT, msg.type);
		msg_free(&msg);
	} else if (turn == TURN_LENT) {
		prove(session, OURS, nonce);
		harness_next(session, &msg);
		ATF_REQUIRE_EQ(MSG_SECRET, msg.type);
		msg_free(&msg);
	}
}

/* As warden, of which there is none with a whole server: hear what it said. */
static void
hear_news(void)
{
	struct msg msg;

	if (h.warden.fd == -1)
		return;
	while (chan_recv(&h.warden, &msg) == 1)
		msg_free(&msg);
}

/* The end of a hostile session: it always ends, and only it. */
static void
finish(struct chan *session, enum turn turn)
{
	int verdict;

	hear_news();

	/* A session that has gone on behaving would wait for ever. */
	ATF_REQUIRE_EQ(0, shutdown(session->fd, SHUT_WR));
	if (turn == TURN_NO_PEER)
		harness_peer(&h);
	drain(session, 0);
	verdict = harness_verdict(&h, h.last);
	ATF_REQUIRE(verdict >= 0 && verdict < VERDICT_MAX);
	if (turn == TURN_NO_PEER || turn == TURN_NONCED)
		ATF_REQUIRE(verdict != VERDICT_SERVED);
	chan_close(session);
}

/* A good client among them. */
static void
require_served(void)
{
	struct msg_delivered done = { .result = DELIVERY_SENT };
	struct chan session;
	uint8_t nonce[NONCE_LEN];

	harness_session(&h, &session, nonce);
	harness_peer(&h);
	prove(&session, OURS, nonce);
	ATF_REQUIRE_EQ(0, chan_send(&session, MSG_DELIVERED, &done, NULL, 0,
	    -1));
	drain(&session, 1);
	ATF_REQUIRE_EQ(VERDICT_SERVED, harness_verdict(&h, h.last));
	chan_close(&session);
}

ATF_TC(session__every_message_in_every_phase);
ATF_TC_HEAD(session__every_message_in_every_phase, tc)
{
	atf_tc_set_md_var(tc, "descr", "each type, known or not, at each turn, "
	    "good, short, long and empty, with 0 to 3 descriptors");
}
ATF_TC_BODY(session__every_message_in_every_phase, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN];
	unsigned int turn, sort, nfds;
	uint32_t type;

	start(tc);
	for (turn = 0; turn < TURN_MAX; turn++)
		for (type = 0; type < MSG_MAX_TYPE + 2; type++)
			for (sort = 0; sort < SORTS; sort++)
				for (nfds = 0; nfds <= 3; nfds++) {
					behave(&session, (enum turn)turn,
					    nonce);
					send_message(session.fd, type, sort,
					    nfds);
					finish(&session, (enum turn)turn);
				}
	require_served();
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

/* One random thing a hostile session may do. */
static void
misbehave(struct chan *session, const uint8_t nonce[NONCE_LEN],
    const uint8_t stale[NONCE_LEN])
{
	uint8_t noise[256], tail[FORGE_MAX];
	struct msg_proof m;
	size_t i, len;

	switch (number(8)) {
	case 0:
		for (i = 0; i < sizeof noise; i++)
			noise[i] = (uint8_t)number(256);
		send_raw(session->fd, noise, number(sizeof noise), number(4));
		return;
	case 1:
		/* Another client's key, with a signature of ours under it. */
		len = forge_proof(&keys[THEIRS], nonce, tail, &m);
		tail[len - 1 - number(64)] ^= (uint8_t)(1 << number(8));
		send_proof(session->fd, &m, tail, len);
		return;
	case 2:
		/* A proof that was good once. */
		prove(session, THEIRS, stale);
		return;
	case 3:
		/* A good proof of the wrong key, one bit changed, or cut. */
		len = forge_proof(&keys[THEIRS], nonce, tail, &m);
		tail[number((uint32_t)len)] ^= (uint8_t)(1 << number(8));
		if (number(2) == 0)
			len -= number((uint32_t)len);
		send_proof(session->fd, &m, tail, len);
		return;
	case 4:
		prove(session, NOBODY, nonce);
		return;
	case 5:
		/* Word of a delivery that there may or may not have been. */
		send_message(session->fd, MSG_DELIVERED, 0, 0);
		return;
	default:
		send_message(session->fd, number(MSG_MAX_TYPE + 3),
		    number(SORTS), number(5) == 0 ? number(4) : 0);
	}
}

ATF_TC(session__random_sequences);
ATF_TC_HEAD(session__random_sequences, tc)
{
	atf_tc_set_md_var(tc, "descr", "no canary byte, the same process, "
	    "descriptors and memory back where they were");
	atf_tc_set_md_var(tc, "timeout", "600");
}
ATF_TC_BODY(session__random_sequences, tc)
{
	struct chan session;
	uint8_t nonce[NONCE_LEN], stale[NONCE_LEN] = { 0 };
	unsigned long memory = 0;
	enum turn turn;
	size_t i, fds = 0;
	uint32_t steps;

	start(tc);
	for (i = 0; i < SESSIONS; i++) {
		if (i == 1000) {
			/* Warm: what there is from here on is to stay. */
			fds = fds_of(h.pid);
			memory = memory_of(h.pid);
		}
		turn = (enum turn)number(TURN_MAX);
		behave(&session, turn, nonce);
		for (steps = number(4) + 1; steps > 0; steps--)
			misbehave(&session, nonce, stale);
		finish(&session, turn);
		memcpy(stale, nonce, sizeof stale);
		if (i % 1000 == 0)
			require_served();
	}
	ATF_CHECK_EQ(fds, fds_of(h.pid));
	ATF_CHECK_MSG(memory_of(h.pid) < memory + MEMORY_MORE, "memory grew "
	    "from %lu to %lu kB", memory, memory_of(h.pid));
	ATF_CHECK_EQ(HARNESS_RUNS, harness_stop(&h));
}

/* One random message on netd's own channel. */
static void
netd_misbehaves(void)
{
	uint8_t noise[64], nonce[NONCE_LEN];
	size_t i;

	switch (number(5)) {
	case 0:
		for (i = 0; i < sizeof noise; i++)
			noise[i] = (uint8_t)number(256);
		send_raw(h.netd.fd, noise, number(sizeof noise), number(4));
		return;
	case 1:
		/* A secret asked for on the wrong channel. */
		memset(nonce, 0, sizeof nonce);
		prove(&h.netd, THEIRS, nonce);
		return;
	default:
		send_message(h.netd.fd, number(MSG_MAX_TYPE + 3),
		    number(SORTS), number(4));
	}
}

ATF_TC(netd__random_sequences);
ATF_TC_HEAD(netd__random_sequences, tc)
{
	atf_tc_set_md_var(tc, "descr", "a hostile netd gets no canary byte, "
	    "and cannot crash the monitor");
	atf_tc_set_md_var(tc, "timeout", "600");
}
ATF_TC_BODY(netd__random_sequences, tc)
{
	struct chan session;
	struct msg msg;
	uint8_t nonce[NONCE_LEN];
	int i;

	for (i = 0; i < NETDS; i++) {
		start(tc);
		if (number(2) == 0) {
			/* It was sound until here. */
			harness_session(&h, &session, nonce);
			harness_peer(&h);
			chan_close(&session);
		}
		do
			netd_misbehaves();
		while (number(3) != 0);
		ATF_REQUIRE_EQ(0, shutdown(h.netd.fd, SHUT_WR));
		while (chan_recv_wait(&h.netd, &msg, 10000) == 1) {
			ATF_REQUIRE_EQ(NULL, memmem(msg.body, msg.len, CANARY,
			    strlen(CANARY)));
			msg_free(&msg);
		}
		/* The first breach is forgiven; the second was not reached. */
		ATF_REQUIRE(harness_killed(&h));
		harness_again(&h);
		require_served();
		harness_kill(&h);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, session__every_message_in_every_phase);
	ATF_TP_ADD_TC(tp, session__random_sequences);
	ATF_TP_ADD_TC(tp, netd__random_sequences);
	return atf_no_error();
}
