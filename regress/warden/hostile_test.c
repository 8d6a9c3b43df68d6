/* SPDX-License-Identifier: ISC */
/*
 * A busd and a checkerd in hostile hands: whatever they say, they hear no byte
 * of a secret, the warden lives, and nobody else notices.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <atf-c.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "house.h"

#define SEQUENCES 10000		/* of messages, each */
#define ADDED_MOST 50

static struct house h;
static int is_cut_off;		/* the monitor has been told so */
static uint64_t was_added;	/* the number of the last ADD answered */

/* Read all there is; a secret must not be in it.  Returns -1 at the end. */
static int
listen_to(struct chan *chan)
{
	static uint8_t packet[140000];
	ssize_t n;

	while ((n = recv(chan->fd, packet, sizeof packet, MSG_DONTWAIT)) > 0)
		ATF_REQUIRE(memmem(packet, (size_t)n, HOUSE_SECRET,
		    strlen(HOUSE_SECRET)) == NULL);
	return n == 0 ? -1 : 0;
}

/* It is there, with what must not be heard; or there are too many. */
static void
add_one(uint64_t seq)
{
	struct msg_added m = { .seq = seq, .error = EDQUOT };
	struct client_fields f = house_fields(1000 + (uint32_t)seq);

	if (seq <= ADDED_MOST) {
		m.error = 0;
		m.number = f.number;
		house_enroll(&h, &f, SET_ALL);
	}
	house_say(&h.state, MSG_ADDED, &m, NULL, 0);
}

/* As everybody else: read and answer, so that nothing waits for us. */
static void
be_good(void)
{
	struct msg_reloaded reloaded = { .result = RELOADED_BAD };
	struct msg_synced synced;
	struct msg_added added = { .seq = was_added };
	struct msg_saved saved = { 0 };
	struct msg_worker w;
	struct msg msg;

	while (chan_recv(&h.state, &msg) == 1) {
		if (msg.type == MSG_ADD)
			added.seq++;
		if (msg.type == MSG_SAVE)
			saved.seq = ++h.seq;
		if (msg.type == MSG_FORGET)
			saved.seq = ++h.seq;
		msg_free(&msg);
	}
	for (; was_added < added.seq; was_added++)
		add_one(was_added + 1);
	if (saved.seq != 0)
		house_say(&h.state, MSG_SAVED, &saved, NULL, 0);
	while (chan_recv(&h.parent, &msg) == 1) {
		/* Whoever asks, there is one at a time. */
		ATF_REQUIRE_EQ(MSG_RELOAD, msg.type);
		msg_free(&msg);
		ATF_REQUIRE_EQ(0, chan_recv(&h.parent, &msg));
		house_say(&h.parent, MSG_RELOADED, &reloaded, "no", 2);
	}
	while (chan_recv(&h.monitor, &msg) == 1) {
		if (msg.type == MSG_SYNC) {
			memcpy(&synced, msg.body, sizeof synced);
			msg_free(&msg);
			house_say(&h.monitor, MSG_SYNCED, &synced, NULL, 0);
			continue;
		}
		if (msg.type == MSG_WORKER) {
			memcpy(&w, msg.body, sizeof w);
			is_cut_off |= w.news != WORKER_READY;
		}
		msg_free(&msg);
	}
}

/* A sound ADD, in place of what was to be said. */
static size_t
put_add(uint8_t *packet, size_t size)
{
	struct msg_control m = { .f = house_fields(0), .what = CONTROL_ADD,
		.request = 1 };
	size_t i, len = 4 + sizeof m;

	memcpy(packet + 4, &m, sizeof m);
	for (i = 0; i <= CLIENT_STRINGS; i++)
		ATF_REQUIRE_EQ(0, tail_put(packet, size, &len, "text", 4));
	return len - 4;
}

/* One packet: of any type, of about the right length, with any content. */
static void
say_anything(struct chan *chan)
{
	static uint8_t packet[4096];
	uint32_t type = arc4random_uniform(MSG_MAX_TYPE + 2), number;
	size_t len = arc4random_uniform(600);

	arc4random_buf(packet, sizeof packet);
	/* Mostly what it may say, as it should be. */
	if (arc4random_uniform(4) != 0) {
		do
			type = arc4random_uniform(MSG_MAX_TYPE);
		while (msg_rules[type].from != chan->me);
		len = msg_rules[type].fixed;
		if (arc4random_uniform(2) != 0)
			len += arc4random_uniform(64);
		if (type == MSG_CONTROL) {
			packet[4 + offsetof(struct msg_control, what)] %=
			    CONTROL_MAX + 3;
			memset(packet + 4 + offsetof(struct msg_control, what)
			    + 1, 0, 3);
			memset(packet + 4 + offsetof(struct msg_control, set)
			    + 1, 0, 3);
		}
		number = arc4random_uniform(6);
		memcpy(packet + 4 + (type == MSG_CONTROL ?
		    offsetof(struct msg_control, f.number) : 0), &number,
		    sizeof number);
	}
	if (type == MSG_CONTROL && arc4random_uniform(16) == 0)
		len = put_add(packet, sizeof packet);
	memcpy(packet, &type, sizeof type);
	(void)send(chan->fd, packet, 4 + len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
play(struct chan *chan, void (*again)(struct house *))
{
	struct pollfd pfd;
	struct client_fields f;
	uint32_t i, breaches = 0;

	house_start(&h);
	was_added = 0;
	for (i = 1; i <= 4; i++) {
		f = house_fields(i);
		f.timeout_ms = f.interval_ms = i;
		house_enroll(&h, &f, SET_ALL);
	}
	again(&h);
	for (i = 0; i < SEQUENCES; i++) {
		say_anything(chan);
		if (i % 8 == 0)
			be_good();
		if (listen_to(chan) == -1) {
			/* Cut off; the monitor is told, and starts another. */
			chan_close(chan);
			pfd = (struct pollfd) { .fd = h.monitor.fd,
				.events = POLLIN };
			while (!is_cut_off) {
				ATF_REQUIRE_EQ(1, poll(&pfd, 1, 10000));
				be_good();
			}
			is_cut_off = 0;
			breaches++;
			again(&h);
		}
	}
	ATF_CHECK(breaches > SEQUENCES / 100);
	ATF_CHECK_EQ(chan == &h.busd, was_added > ADDED_MOST);
	printf("%" PRIu32 " sequences, cut off %" PRIu32 " times\n", i,
	    breaches);
	chan_close(chan);
	be_good();
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(busd__hostile);
ATF_TC_BODY(busd__hostile, tc)
{
	(void)tc;
	play(&h.busd, house_busd);
}

ATF_TC_WITHOUT_HEAD(checkerd__hostile);
ATF_TC_BODY(checkerd__hostile, tc)
{
	(void)tc;
	play(&h.checkerd, house_checkerd);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, busd__hostile);
	ATF_TP_ADD_TC(tp, checkerd__hostile);
	return atf_no_error();
}
