/* SPDX-License-Identifier: ISC */
/*
 * Takes the place of mandos-netd in a real server and lends its channel, which
 * is descriptor 3, to a test: connects to the socket that EVIL_SOCKET names,
 * passes the channel there, and waits to be killed.  So whatever the test does
 * is done by this process, as far as the monitor can see.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

int
main(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char what = 'R';
	struct iovec iov = { .iov_base = &what, .iov_len = 1 };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	struct cmsghdr *cmsg;
	const char *path = getenv("EVIL_SOCKET");
	const int channel = CHAN_FD;
	int fd;

	if (path == NULL || strlen(path) >= sizeof sun.sun_path)
		errx(1, "EVIL_SOCKET");
	strlcpy(sun.sun_path, path, sizeof sun.sun_path);
	memset(&control, 0, sizeof control);
	cmsg = CMSG_FIRSTHDR(&hdr);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &channel, sizeof channel);
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    sendmsg(fd, &hdr, 0) != 1)
		err(1, "%s", path);
	close(channel);
	/* The test sees the end of this connection when we are killed. */
	while (read(fd, &what, 1) != 0)
		continue;
	return 0;
}
