/* SPDX-License-Identifier: ISC */
/*
 * Takes the place of mandos-busd or mandos-checkerd in a real server, and is
 * in hostile hands; the one that HOSTILE does not name is itself.  Without
 * HOSTILE it only prints how many types of messages there are.
 *
 * In the directory HOSTILE_DIR it counts its lives in "life", and writes all
 * that it is told to "heard", with the word DESCRIPTOR for each one it is
 * given.  In its first life it gets ready as it should, and then gives orders
 * or news about any client but "good", a hundred at least; in its second it is
 * never ready.  When there is a file "go.LIFE" it sends a message of the type
 * HOSTILE_TYPE that is wrong in some way, and then one of no type.  It does not
 * end with its channel: a server has to kill it.  Where there is none any more
 * that could, because the test was interrupted, time does.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <err.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

#define PACKET_MAX (4 + 1024 + 131072 + 16)
#define WAYS 6			/* in which a length can be wrong, or right */
#define FDS_MAX 2
#define CHECKER 2		/* which of a client's strings it is */
#define NUMBERS 8		/* of clients, and of some that are none */
#define SAYINGS 100		/* at least, before it breaks the table */
#define LIFE_S 600		/* at most: no type of message takes as long */
#define LINGER_S 60		/* without a channel */

static enum proc self;
static unsigned int life;
static uint32_t spared;		/* the number of the client "good" */
static int heard;

static FILE *
file_of(const char *name, const char *mode)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", getenv("HOSTILE_DIR"), name);
	return fopen(path, mode);
}

static int
is_time(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/go.%u", getenv("HOSTILE_DIR"), life);
	return access(path, F_OK) == 0;
}

/* Which life this is, from 1. */
static unsigned int
count_life(void)
{
	unsigned int n = 0;
	FILE *f;

	if ((f = file_of("life", "r")) != NULL) {
		if (fscanf(f, "%u", &n) != 1)
			errx(1, "life");
		fclose(f);
	}
	if ((f = file_of("life", "w")) == NULL || fprintf(f, "%u\n", ++n) < 0 ||
	    fclose(f) == EOF)
		err(1, "life");
	return n;
}

static void
send_packet(const uint8_t *packet, size_t len, size_t fds)
{
	const int stdins[FDS_MAX] = { STDIN_FILENO, STDIN_FILENO };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(&iov.iov_base, &packet, sizeof packet);
	iov.iov_len = len;
	if (fds > 0) {
		memset(&control, 0, sizeof control);
		hdr.msg_control = control.space;
		hdr.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		CMSG_FIRSTHDR(&hdr)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&hdr)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&hdr)->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&hdr)), stdins,
		    fds * sizeof(int));
	}
	/* The other end may have closed it, or not read yet. */
	(void)sendmsg(CHAN_FD, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
send_message(uint32_t type, const void *body, const uint8_t *tail, size_t len)
{
	static uint8_t packet[PACKET_MAX];
	size_t fixed = msg_rules[type].fixed;

	memcpy(packet, &type, sizeof type);
	memcpy(packet + 4, body, fixed);
	if (len > 0)
		memcpy(packet + 4 + fixed, tail, len);
	send_packet(packet, 4 + fixed + len, 0);
}

/* Who is to be left alone; its number is in what we are told of it. */
static void
look_at(const uint8_t *packet, size_t len)
{
	uint32_t type, name_len;
	size_t fixed;

	memcpy(&type, packet, sizeof type);
	if (type != MSG_CLIENT_STATE && type != MSG_CHECK)
		return;
	fixed = msg_rules[type].fixed;
	if (len < 4 + fixed + 8)
		return;
	memcpy(&name_len, packet + 4 + fixed, sizeof name_len);
	if (name_len == 4 && memcmp(packet + 8 + fixed, "good", 4) == 0)
		memcpy(&spared, packet + 4 + offsetof(struct client_fields,
		    number), sizeof spared);
}

/* Take what we are told; returns -1 when there is nobody any more. */
static int
hear(void)
{
	static uint8_t packet[PACKET_MAX];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = packet, .iov_len = sizeof packet };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	ssize_t n;

	while ((n = recvmsg(CHAN_FD, &hdr, MSG_DONTWAIT)) > 0) {
		if (write(heard, packet, (size_t)n) != n ||
		    (hdr.msg_controllen > 0 &&
		    write(heard, "DESCRIPTOR", 10) != 10))
			err(1, "heard");
		if (n >= 4)
			look_at(packet, (size_t)n);
		hdr.msg_controllen = sizeof control.space;
	}
	return n == 0 ? -1 : 0;
}

/*
 * Strings of a client, or the first ones of them: of any bytes but NUL, half of
 * the time of those that can be printed.
 */
static size_t
some_strings(uint8_t *tail, size_t size, int count)
{
	const int any = arc4random_uniform(2) == 0;
	char text[64];
	size_t len = 0, i, n;
	int s;

	for (s = 0; s < count; s++) {
		/* A new client has to have a name. */
		n = 1 + arc4random_uniform(sizeof text - 1);
		for (i = 0; i < n; i++)
			text[i] = (char)(any ? 1 + arc4random_uniform(255) :
			    '!' + arc4random_uniform(90));
		/* Who knows what a shell would make of that. */
		if (s == CHECKER) {
			n = 1;
			text[0] = ':';
		}
		if (tail_put(tail, size, &len, text, n) == -1)
			errx(1, "tail");
	}
	return len;
}

/* Something that may well be said. */
static void
say_something(void)
{
	uint8_t tail[1024];
	struct msg_control c;
	struct msg_check_started s;
	struct msg_check_done d;
	uint32_t number = 1 + arc4random_uniform(NUMBERS);

	if (spared == 0 || number == spared)
		number = NUMBERS + 1;
	if (self == PROC_BUSD) {
		arc4random_buf(&c, sizeof c);
		c.f.number = number;
		c.what = arc4random_uniform(CONTROL_MAX);
		if (c.what == CONTROL_REMOVE && arc4random_uniform(16) != 0)
			c.what = CONTROL_ENABLE;
		c.set &= SET_AT_RUN_TIME;
		send_message(MSG_CONTROL, &c, tail, some_strings(tail,
		    sizeof tail, CLIENT_STRINGS + 1));
	} else if (arc4random_uniform(2) == 0) {
		s = (struct msg_check_started) { .number = number,
			.scheduled = arc4random_uniform(3),
			.stops = arc4random_uniform(3) };
		send_message(MSG_CHECK_STARTED, &s, tail, some_strings(tail,
		    sizeof tail, 1));
	} else {
		d = (struct msg_check_done) { .number = number,
			.status = (int32_t)arc4random_uniform(65536) };
		send_message(MSG_CHECK_DONE, &d, tail, some_strings(tail,
		    sizeof tail, 1));
	}
}

/* The message of this type, in a way that depends on type and life. */
static void
break_table(uint32_t type)
{
	static uint8_t packet[PACKET_MAX];
	const uint32_t none = MSG_MAX_TYPE + 7;
	size_t fixed = 8, tail = 0, len = 0;

	if (type < MSG_MAX_TYPE) {
		fixed = msg_rules[type].fixed;
		tail = msg_rules[type].tail;
	}
	switch ((type + 3 * life) % WAYS) {
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
		len = arc4random_uniform((uint32_t)fixed + 300);
		break;
	case 5:
		break;
	}
	arc4random_buf(packet, sizeof packet);
	memcpy(packet, &type, sizeof type);
	send_packet(packet, 4 + len, (type / WAYS + life) % (FDS_MAX + 1));
	memcpy(packet, &none, sizeof none);
	send_packet(packet, 4 + fixed, 0);
}

static void
live(uint32_t type)
{
	struct pollfd pfd = { .fd = CHAN_FD, .events = POLLIN };
	const struct msg_bus_ready zero = { 0 };
	unsigned int left = life == 1 ? SAYINGS : 0;

	/* It is not for us to begin. */
	if (poll(&pfd, 1, -1) != 1)
		err(1, "poll");
	if (life == 1)
		send_message(self == PROC_BUSD ? MSG_BUS_READY :
		    MSG_CHECK_READY, &zero, NULL, 0);
	while (left > 0 || !is_time()) {
		if (hear() == -1)
			return;
		if (life == 1)
			say_something();
		if (left > 0)
			left--;
		(void)poll(NULL, 0, 1);
	}
	break_table(type);
	while (hear() == 0)
		(void)poll(NULL, 0, 1);
}

int
main(int argc, char **argv)
{
	const char *hostile = getenv("HOSTILE"), *type = getenv("HOSTILE_TYPE");
	char path[PATH_MAX];
	FILE *f;

	if (hostile == NULL || argc < 1) {
		printf("%d\n", MSG_MAX_TYPE);
		return 0;
	}
	if (strcmp(hostile, argv[0]) != 0) {
		snprintf(path, sizeof path, "%s/%s", REAL_PROGRAMS, argv[0]);
		execv(path, argv);
		err(127, "%s", path);
	}
	self = strcmp(hostile, "mandos-busd") == 0 ? PROC_BUSD : PROC_CHECKERD;
	life = count_life();
	if (type == NULL || (f = file_of("heard", "a")) == NULL)
		err(1, "heard");
	heard = fileno(f);
	alarm(LIFE_S);
	live((uint32_t)strtonum(type, 0, MSG_MAX_TYPE, NULL));
	/* To be killed is how this ends, long before that. */
	alarm(LINGER_S);
	for (;;)
		pause();
}
