/* SPDX-License-Identifier: ISC */
/*
 * admin: an administrator for tests: has control, which takes mandos-busd's
 * place, pass a command to the warden, and prints what it answers.
 *
 *	admin command [word...]
 *
 * The commands are those of control_ask.c; the environment says where it is.
 * Exit status: 0 done; 1 refused, and the reason is on standard error; 2 there
 * is nobody to ask.
 */
#include "control.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 10

int
main(int argc, char **argv)
{
	static char packet[CONTROL_PACKET_MAX];
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = getenv(CONTROL_VARIABLE);
	uint32_t error;
	size_t len = 0;
	ssize_t n;
	int fd, i;

	if (argc < 2 || path == NULL || strlcpy(sun.sun_path, path,
	    sizeof sun.sun_path) >= sizeof sun.sun_path)
		errx(2, "usage: " CONTROL_VARIABLE "=path admin command ...");
	for (i = 1; i < argc; i++) {
		if (strlen(argv[i]) >= sizeof packet - len)
			errx(2, "that is too long");
		memcpy(packet + len, argv[i], strlen(argv[i]) + 1);
		len += strlen(argv[i]) + 1;
	}
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof patience) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    send(fd, packet, len, MSG_NOSIGNAL) == -1)
		err(2, "%s", path);
	if ((n = recv(fd, packet, sizeof packet, 0)) == -1)
		err(2, "no answer");
	if ((size_t)n < sizeof error)
		errx(2, "no answer: the server has ended");
	memcpy(&error, packet, sizeof error);
	fwrite(packet + sizeof error, 1, (size_t)n - sizeof error, stdout);
	if (error != 0)
		errx(1, "%s", strerror((int)error));
	return 0;
}
