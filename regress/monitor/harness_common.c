/* SPDX-License-Identifier: ISC */
/*
 * What both harnesses do: play netd and its sessions on lent channels.
 */
#include "harness.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <atf-c.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "harness_common.h"

#define PATIENCE_MS 20000	/* for what must come */

char harness_srcdir[4096];

char
harness_order(struct harness *h, int ms)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct pollfd pfd = { .fd = h->commands, .events = POLLIN };
	char what = 0;
	struct iovec iov = { .iov_base = &what, .iov_len = 1 };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	struct cmsghdr *cmsg;
	int fd;

	if (poll(&pfd, 1, ms) != 1 || recvmsg(h->commands, &hdr, 0) != 1)
		return 0;
	cmsg = CMSG_FIRSTHDR(&hdr);
	if (what == 'R') {
		ATF_REQUIRE(cmsg != NULL);
		memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
		chan_close(&h->netd);
		chan_init(&h->netd, fd, PROC_NETD, PROC_MONITOR, PHASE_BOOT);
		h->last = 0;
	}
	if (what == 'W') {
		ATF_REQUIRE(cmsg != NULL);
		memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
		chan_init(&h->warden, fd, PROC_WARDEN, PROC_MONITOR,
		    PHASE_BOOT);
	}
	return what;
}

void
harness_next(struct chan *chan, struct msg *msg)
{
	const char *flaw;

	ATF_REQUIRE_EQ(1, chan_recv_wait(chan, msg, PATIENCE_MS));
	if ((flaw = msg_check(chan, msg)) != NULL)
		atf_tc_fail("the monitor sent %s: %s", msg_name(msg->type),
		    flaw);
}

void
harness_begin(struct harness *h)
{
	struct msg_ready ready = { 0 };
	struct msg msg;

	harness_next(&h->netd, &msg);
	ATF_REQUIRE_EQ(MSG_START, msg.type);
	msg_free(&msg);
	h->netd.phase = PHASE_STARTED;
	harness_next(&h->netd, &msg);
	ATF_REQUIRE_EQ(MSG_ACCEPT_FROM, msg.type);
	msg_free(&msg);
	ATF_REQUIRE_EQ(0, chan_send(&h->netd, MSG_READY, &ready, NULL, 0, -1));
	h->netd.phase = PHASE_RUN;
}

void
harness_session(struct harness *h, struct chan *session,
    uint8_t nonce[NONCE_LEN])
{
	struct msg_session_open m = { .session = ++h->last };
	struct msg msg;
	int fds[2];

	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE_EQ(0, chan_send(&h->netd, MSG_SESSION_OPEN, &m, NULL, 0,
	    fds[1]));
	close(fds[1]);
	chan_init(session, fds[0], PROC_SESSION, PROC_MONITOR, PHASE_BOOT);
	harness_next(session, &msg);
	ATF_REQUIRE_EQ(MSG_NONCE, msg.type);
	memcpy(nonce, msg.body, NONCE_LEN);
	msg_free(&msg);
	session->phase = PHASE_ASKED;
}

void
harness_peer(struct harness *h)
{
	struct msg_session_peer m = { .session = h->last,
		.address = { [15] = 1 }, .port = 4711 };

	ATF_REQUIRE_EQ(0, chan_send(&h->netd, MSG_SESSION_PEER, &m, NULL, 0,
	    -1));
}

int
harness_verdict(struct harness *h, uint64_t number)
{
	struct msg_session_end m;
	struct msg msg;

	for (;;) {
		harness_next(&h->netd, &msg);
		memcpy(&m, msg.body, sizeof m);
		if (msg.type == MSG_SESSION_END)
			break;
		ATF_REQUIRE_EQ(MSG_SESSION_WAIT, msg.type);
		msg_free(&msg);
	}
	msg_free(&msg);
	ATF_REQUIRE_EQ(number, m.session);
	return (int)m.verdict;
}

int
harness_ended(struct chan *chan)
{
	struct msg msg;
	int n = chan_recv_wait(chan, &msg, PATIENCE_MS);

	if (n == 1)
		msg_free(&msg);
	return n == -1;
}
