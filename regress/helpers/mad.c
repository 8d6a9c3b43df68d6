/* SPDX-License-Identifier: ISC */
/*
 * Takes the place of a program that the parent starts, and is that program
 * unless it is told to be mad: then it sends one packet on its channel, which
 * is descriptor 3 or MAD_CHANNEL, and waits to be killed.  MAD names the
 * program that is to be it ("mandos-core"), MAD_PACKET is the packet in
 * hexadecimal, sent again if there is MAD_TWICE; with MAD_FD a descriptor goes
 * with it.  A reader is mad only when it is not the first.  With MAD_CHANNEL
 * it ends when descriptor 3 has nobody at its other end.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

#define PACKET_MAX_LEN 256

/* The packet; returns its length. */
static size_t
decode(const char *hex, unsigned char *packet)
{
	size_t len = 0;
	unsigned int byte;

	while (len < PACKET_MAX_LEN && sscanf(hex + 2 * len, "%2x", &byte) == 1)
		packet[len++] = (unsigned char)byte;
	return len;
}

static void
go_mad(void)
{
	unsigned char packet[PACKET_MAX_LEN];
	const char *hex = getenv("MAD_PACKET"), *number;
	struct iovec iov = { .iov_base = packet };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	const int fd = STDIN_FILENO;
	int channel = CHAN_FD;

	if (hex == NULL)
		errx(1, "MAD_PACKET");
	iov.iov_len = decode(hex, packet);
	if (getenv("MAD_FD") != NULL) {
		memset(&control, 0, sizeof control);
		hdr.msg_control = control.space;
		hdr.msg_controllen = sizeof control.space;
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	}
	if ((number = getenv("MAD_CHANNEL")) != NULL)
		channel = atoi(number);
	if (sendmsg(channel, &hdr, MSG_NOSIGNAL) == -1 ||
	    (getenv("MAD_TWICE") != NULL &&
	    sendmsg(channel, &hdr, MSG_NOSIGNAL) == -1))
		err(1, "sendmsg");
	while (number != NULL)
		if (read(CHAN_FD, packet, sizeof packet) <= 0)
			exit(1);
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	const char *mad = getenv("MAD");
	char path[PATH_MAX];

	if (argc < 1)
		return 1;
	if (mad != NULL && strcmp(mad, argv[0]) == 0 &&
	    (strcmp(mad, "mandos-readconf") != 0 ||
	    getenv("MANDOS_RELOAD") != NULL))
		go_mad();
	snprintf(path, sizeof path, "%s/%s", REAL_PROGRAMS, argv[0]);
	execv(path, argv);
	err(127, "%s", path);
}
