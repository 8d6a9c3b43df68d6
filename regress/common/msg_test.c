/* SPDX-License-Identifier: ISC */
/*
 * Channels, and every row of the message table: this file expands msgs.def
 * for itself and holds msg_check() against that, so that a row which is added
 * there is tested here without a further word.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

struct row {
	uint32_t type;
	const char *name;
	enum proc to;
	enum proc from;
	unsigned int phases;
	size_t fixed;
	size_t tail;
	int fds;
};

#define ROW(NAME, name, from, phases, tail, fds, to)			\
	{ MSG_##NAME, #NAME, to, PROC_##from, phases,			\
	    sizeof(struct msg_##name), tail, fds },
#define TO_MONITOR(NAME, name, from, phases, tail, fds, meaning)	\
	ROW(NAME, name, from, phases, tail, fds, PROC_MONITOR)
#define TO_PARENT(NAME, name, from, phases, tail, fds, meaning)		\
	ROW(NAME, name, from, phases, tail, fds, PROC_PARENT)
#define TO_WARDEN(NAME, name, from, phases, tail, fds, meaning)		\
	ROW(NAME, name, from, phases, tail, fds, PROC_WARDEN)
#define TO_STATE(NAME, name, from, phases, tail, fds, meaning)		\
	ROW(NAME, name, from, phases, tail, fds, PROC_STATE)
#define TO_NETD(NAME, name, from, phases, tail, fds, meaning)		\
	ROW(NAME, name, from, phases, tail, fds, PROC_NETD)
#define TO_SESSION(NAME, name, from, phases, tail, fds, meaning)	\
	ROW(NAME, name, from, phases, tail, fds, PROC_SESSION)
#define TO_CHECKERD(NAME, name, from, phases, tail, fds, meaning)	\
	ROW(NAME, name, from, phases, tail, fds, PROC_CHECKERD)
#define TO_BUSD(NAME, name, from, phases, tail, fds, meaning)		\
	ROW(NAME, name, from, phases, tail, fds, PROC_BUSD)

static const struct row rows[] = {
#include "msgs.def"
};

#define ROWS (sizeof rows / sizeof *rows)

static uint8_t big[262144];

static size_t
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	ATF_REQUIRE(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
pair(struct chan *a, struct chan *b)
{
	int fds[2];

	ATF_REQUIRE_EQ(0, chan_pair(fds));
	chan_init(a, fds[0], PROC_MONITOR, PROC_NETD, PHASE_RUN);
	chan_init(b, fds[1], PROC_NETD, PROC_MONITOR, PHASE_RUN);
}

/* Send ${len} raw bytes with ${nfds} descriptors. */
static void
send_raw(int fd, const void *bytes, size_t len, int nfds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = big, .iov_len = len };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	int fds[4] = { 0, 0, 0, 0 };

	memmove(big, bytes, len);
	if (nfds > 0) {
		memset(&control, 0, sizeof control);
		hdr.msg_control = control.space;
		hdr.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, (size_t)nfds * sizeof(int));
	}
	ATF_REQUIRE_EQ((ssize_t)len, sendmsg(fd, &hdr, 0));
}

/* What the table says about such a message, in the order of its checks. */
static const char *
expected(const struct row *r, enum proc me, enum proc peer, unsigned int phase,
    size_t len, int nfds)
{
	if (nfds > 1)
		return "more than one descriptor";
	if (r->to != me)
		return "not meant for this process";
	if (r->from != peer)
		return "not for this sender";
	if (!(r->phases & phase))
		return "out of order";
	if (len < r->fixed)
		return "too short";
	if (len > r->fixed + r->tail)
		return "too long";
	if (nfds < r->fds)
		return "descriptor missing";
	if (nfds > r->fds)
		return "stray descriptor";
	return NULL;
}

/* One message through a socketpair and msg_check(); counts in ${tried}. */
static void
try(const struct row *r, enum proc me, enum proc peer, unsigned int phase,
    size_t len, int nfds, size_t *tried)
{
	struct chan a, b;
	struct msg msg;
	const char *want, *got;

	pair(&a, &b);
	a.me = me;
	a.peer = peer;
	a.phase = (enum phase)phase;
	memset(big, 0x5a, sizeof r->type + len);
	memcpy(big, &r->type, sizeof r->type);
	send_raw(b.fd, big, sizeof r->type + len, nfds);
	ATF_REQUIRE_EQ(1, chan_recv(&a, &msg));
	want = expected(r, me, peer, phase, len, nfds);
	got = msg_check(&a, &msg);
	if ((want == NULL) != (got == NULL) ||
	    (want != NULL && strcmp(want, got) != 0))
		atf_tc_fail("%s to %d from %d phase %#x len %zu fds %d: "
		    "want %s, got %s", r->name, (int)me, (int)peer, phase, len,
		    nfds, want ? want : "ok", got ? got : "ok");
	if (got == NULL)
		ATF_REQUIRE_EQ(len - r->fixed, msg.tail_len);
	msg_free(&msg);
	chan_close(&a);
	chan_close(&b);
	(*tried)++;
}

ATF_TC_WITHOUT_HEAD(table__every_row_is_in_it);
ATF_TC_BODY(table__every_row_is_in_it, tc)
{
	size_t i;

	(void)tc;
	ATF_REQUIRE_EQ((size_t)MSG_MAX_TYPE, ROWS);
	for (i = 0; i < ROWS; i++) {
		ATF_CHECK_EQ(i, rows[i].type);
		ATF_CHECK_STREQ(rows[i].name, msg_name(rows[i].type));
		ATF_CHECK(rows[i].fixed > 0);
		ATF_CHECK(rows[i].phases != 0);
		ATF_CHECK(strlen(msg_rules[i].meaning) > 10);
	}
	ATF_CHECK_STREQ("?", msg_name(MSG_MAX_TYPE));
}

ATF_TC(table__every_misuse_is_refused);
ATF_TC_HEAD(table__every_misuse_is_refused, tc)
{
	atf_tc_set_md_var(tc, "descr", "each row with each receiver, sender, "
	    "phase, length and number of descriptors");
}
ATF_TC_BODY(table__every_misuse_is_refused, tc)
{
	const struct row *r;
	size_t tried = 0, fds = open_fds();
	unsigned int p, q, phase, good;
	int n;

	(void)tc;
	for (r = rows; r < rows + ROWS; r++) {
		for (good = 1; !(r->phases & good); good <<= 1)
			continue;
		for (p = 0; p < PROC_MAX; p++)
			for (q = 0; q < PROC_MAX; q++)
				for (phase = 1; phase <= PHASE_OVER;
				    phase <<= 1)
					try(r, (enum proc)p, (enum proc)q,
					    phase, r->fixed, r->fds, &tried);
		for (n = 0; n <= 3; n++) {
			try(r, r->to, r->from, good, r->fixed, n, &tried);
			try(r, r->to, r->from, good, 0, n, &tried);
			try(r, r->to, r->from, good, r->fixed - 1, n, &tried);
			try(r, r->to, r->from, good, r->fixed + 1, n, &tried);
			try(r, r->to, r->from, good, r->fixed + r->tail, n,
			    &tried);
			try(r, r->to, r->from, good, r->fixed + r->tail + 1, n,
			    &tried);
		}
	}
	/* All pairs of processes, 8 phases, 24 lengths with descriptors. */
	ATF_CHECK_EQ(ROWS * (PROC_MAX * PROC_MAX * 8 + 24), tried);
	ATF_CHECK_EQ(fds, open_fds());
}

ATF_TC_WITHOUT_HEAD(table__unknown_types_are_refused);
ATF_TC_BODY(table__unknown_types_are_refused, tc)
{
	static const uint32_t types[] = { MSG_MAX_TYPE, MSG_MAX_TYPE + 1, 255,
		256, 65536, 0x7fffffff, 0x80000000, 0xffffffff };
	struct chan a, b;
	struct msg msg;
	size_t i;

	(void)tc;
	pair(&a, &b);
	for (i = 0; i < sizeof types / sizeof *types; i++) {
		send_raw(b.fd, &types[i], sizeof types[i], 0);
		ATF_REQUIRE_EQ(1, chan_recv(&a, &msg));
		ATF_CHECK_STREQ("unknown type", msg_check(&a, &msg));
		msg_free(&msg);
	}
}

ATF_TC_WITHOUT_HEAD(packet__short_long_and_empty);
ATF_TC_BODY(packet__short_long_and_empty, tc)
{
	struct chan a, b;
	struct msg msg;
	size_t len, fds;
	int on = 4 * 1024 * 1024;

	(void)tc;
	pair(&a, &b);
	fds = open_fds();
	setsockopt(b.fd, SOL_SOCKET, SO_SNDBUFFORCE, &on, sizeof on);
	for (len = 1; len < 4; len++) {
		send_raw(b.fd, "\1\1\1", len, 1);
		ATF_REQUIRE_EQ(1, chan_recv(&a, &msg));
		ATF_CHECK_STREQ("shorter than any message",
		    msg_check(&a, &msg));
		msg_free(&msg);
	}
	send_raw(b.fd, big, 200000, 0);
	ATF_REQUIRE_EQ(1, chan_recv(&a, &msg));
	ATF_CHECK_STREQ("longer than any message", msg_check(&a, &msg));
	msg_free(&msg);
	/* An empty packet looks like the end; its descriptor is closed. */
	send_raw(b.fd, "", 0, 1);
	errno = EINVAL;
	ATF_CHECK_EQ(-1, chan_recv(&a, &msg));
	ATF_CHECK_EQ(0, errno);
	ATF_CHECK_EQ(fds, open_fds());
}

ATF_TC_WITHOUT_HEAD(recv__nothing_and_end_of_file);
ATF_TC_BODY(recv__nothing_and_end_of_file, tc)
{
	struct chan a, b;
	struct msg msg;

	(void)tc;
	pair(&a, &b);
	ATF_CHECK_EQ(0, chan_recv(&a, &msg));
	ATF_CHECK_EQ(-1, chan_recv_wait(&a, &msg, 10));
	ATF_CHECK_EQ(ETIMEDOUT, errno);
	chan_close(&b);
	ATF_CHECK_EQ(-1, chan_recv_wait(&a, &msg, -1));
	ATF_CHECK_EQ(0, errno);
}

ATF_TC_WITHOUT_HEAD(msg_free__leaves_no_byte_behind);
ATF_TC_BODY(msg_free__leaves_no_byte_behind, tc)
{
	struct chan a, b;
	struct msg msg;
	struct msg_start start;
	const uint8_t *body, *tail;
	size_t i;

	(void)tc;
	memset(&start, 0x5a, sizeof start);
	pair(&a, &b);
	b.phase = PHASE_BOOT;
	ATF_REQUIRE_EQ(0, chan_send(&a, MSG_START, &start, "canary", 6, -1));
	ATF_REQUIRE_EQ(1, chan_recv(&b, &msg));
	ATF_REQUIRE_EQ(NULL, msg_check(&b, &msg));
	body = msg.body;
	tail = msg.tail;
	ATF_CHECK_EQ(0, memcmp(body, &start, sizeof start));
	ATF_CHECK_EQ(0, memcmp(tail, "canary", 6));
	msg_free(&msg);
	for (i = 0; i < sizeof start + 6; i++)
		ATF_REQUIRE_EQ(0, body[i]);
}

static void
idle(struct loop_io *io, uint32_t events)
{
	(void)io;
	(void)events;
}

ATF_TC_WITHOUT_HEAD(chan_send__queues_in_order_and_is_bounded);
ATF_TC_BODY(chan_send__queues_in_order_and_is_bounded, tc)
{
	struct msg_session_open m;
	struct chan a, b;
	struct msg msg;
	struct stat st;
	uint64_t sent = 0, seen = 0;
	size_t fds;
	int fd;

	(void)tc;
	loop_init();
	fds = open_fds();
	pair(&a, &b);
	ATF_REQUIRE_EQ(0, loop_io_add(&b.io, b.fd, EPOLLIN, idle, NULL));
	do
		m.session = sent;
	while (chan_send(&b, MSG_SESSION_OPEN, &m, NULL, 0, 0) == 0 && ++sent);
	ATF_CHECK_EQ(ENOBUFS, errno);
	ATF_CHECK_EQ((size_t)CHAN_QUEUE_MAX, b.queued);
	ATF_CHECK(b.io.events & EPOLLOUT);
	while (seen < sent) {
		ATF_REQUIRE_EQ(0, chan_flush(&b));
		while (chan_recv(&a, &msg) == 1) {
			ATF_REQUIRE_EQ(NULL, msg_check(&a, &msg));
			memcpy(&m, msg.body, sizeof m);
			ATF_REQUIRE_EQ(seen, m.session);
			fd = msg_take_fd(&msg);
			ATF_REQUIRE_EQ(0, fstat(fd, &st));
			ATF_CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			close(fd);
			msg_free(&msg);
			seen++;
		}
	}
	ATF_CHECK_EQ(0, b.queued);
	ATF_CHECK(!(b.io.events & EPOLLOUT));
	chan_close(&a);
	chan_close(&b);
	ATF_CHECK_EQ(fds, open_fds());
}

ATF_TC_WITHOUT_HEAD(chan_close__drops_what_is_queued);
ATF_TC_BODY(chan_close__drops_what_is_queued, tc)
{
	struct msg_session_open m = { .session = 1 };
	struct chan a, b;
	size_t fds;

	(void)tc;
	loop_init();
	fds = open_fds();
	pair(&a, &b);
	ATF_REQUIRE_EQ(0, loop_io_add(&b.io, b.fd, EPOLLIN, idle, NULL));
	while (b.queued < 10)
		ATF_REQUIRE_EQ(0, chan_send(&b, MSG_SESSION_OPEN, &m, NULL, 0,
		    0));
	chan_close(&b);
	ATF_CHECK_EQ(-1, b.fd);
	chan_close(&b);
	chan_close(&a);
	ATF_CHECK_EQ(fds, open_fds());
}

ATF_TC_WITHOUT_HEAD(chan_send__peer_gone);
ATF_TC_BODY(chan_send__peer_gone, tc)
{
	struct msg_ready m = { 0 };
	struct chan a, b;

	(void)tc;
	pair(&a, &b);
	chan_close(&a);
	ATF_CHECK_EQ(-1, chan_send(&b, MSG_READY, &m, NULL, 0, -1));
	ATF_CHECK_EQ(EPIPE, errno);
}

ATF_TC_WITHOUT_HEAD(tail__round_trip_and_lies);
ATF_TC_BODY(tail__round_trip_and_lies, tc)
{
	uint8_t buf[32];
	const uint8_t *p = buf, *bytes;
	size_t used = 0, left, len;
	uint32_t lie;
	char *text;

	(void)tc;
	ATF_CHECK_EQ(0, tail_put(buf, sizeof buf, &used, "abc", 3));
	ATF_CHECK_EQ(0, tail_put(buf, sizeof buf, &used, "", 0));
	ATF_CHECK_EQ(0, tail_put(buf, sizeof buf, &used, "d\0e", 3));
	ATF_CHECK_EQ(-1, tail_put(buf, sizeof buf, &used, "123456789012", 12));
	ATF_CHECK_EQ(18, used);
	left = used;
	ATF_REQUIRE_EQ(0, tail_get_text(&p, &left, 3, &text));
	ATF_CHECK_STREQ("abc", text);
	free(text);
	ATF_REQUIRE_EQ(0, tail_get(&p, &left, 0, &bytes, &len));
	ATF_CHECK_EQ(0, len);
	/* A NUL inside is no text, and more than the limit is nothing. */
	ATF_CHECK_EQ(-1, tail_get(&p, &left, 2, &bytes, &len));
	ATF_CHECK_EQ(7, left);
	ATF_CHECK_EQ(-1, tail_get_text(&p, &left, 3, &text));

	for (lie = 0; lie < 8; lie++) {
		memset(buf, 0, sizeof buf);
		memcpy(buf, &lie, sizeof lie);
		p = buf;
		left = 7;
		ATF_CHECK_EQ(lie <= 3 ? 0 : -1,
		    tail_get(&p, &left, 100, &bytes, &len));
	}
	for (left = 0; left < 4; ) {
		size_t was = left;

		p = buf;
		ATF_CHECK_EQ(-1, tail_get(&p, &left, 100, &bytes, &len));
		ATF_REQUIRE_EQ(was, left);
		left++;
	}
	lie = UINT32_MAX;
	memcpy(buf, &lie, sizeof lie);
	p = buf;
	left = sizeof buf;
	ATF_CHECK_EQ(-1, tail_get(&p, &left, SIZE_MAX, &bytes, &len));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, table__every_row_is_in_it);
	ATF_TP_ADD_TC(tp, table__every_misuse_is_refused);
	ATF_TP_ADD_TC(tp, table__unknown_types_are_refused);
	ATF_TP_ADD_TC(tp, packet__short_long_and_empty);
	ATF_TP_ADD_TC(tp, recv__nothing_and_end_of_file);
	ATF_TP_ADD_TC(tp, msg_free__leaves_no_byte_behind);
	ATF_TP_ADD_TC(tp, chan_send__queues_in_order_and_is_bounded);
	ATF_TP_ADD_TC(tp, chan_close__drops_what_is_queued);
	ATF_TP_ADD_TC(tp, chan_send__peer_gone);
	ATF_TP_ADD_TC(tp, tail__round_trip_and_lies);
	return atf_no_error();
}
