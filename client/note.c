/* SPDX-License-Identifier: ISC */
/*
 * Notes between net and the keeper, and what the keeper believes of them.
 */
#include "note.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

int
note_send(int fd, const struct note *note)
{
	return send(fd, note, sizeof *note, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)sizeof *note ? 0 : -1;
}

int
note_recv(int fd, struct note *note)
{
	ssize_t n = recv(fd, note, sizeof *note, MSG_DONTWAIT | MSG_TRUNC);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		return -1;
	return n == (ssize_t)sizeof *note;
}

int
note_route_is_sane(const struct route *route)
{
	struct in6_addr in6;
	uint8_t first = route->address[0];

	memcpy(&in6, route->address, sizeof in6);
	if (route->ifindex == 0)
		return 0;
	if (route->family == AF_INET)
		return route->bits == 32 && first != 0 && first != 127 &&
		    first < 224;
	return route->family == AF_INET6 && route->bits == 128 &&
	    !IN6_IS_ADDR_UNSPECIFIED(&in6) && !IN6_IS_ADDR_LOOPBACK(&in6) &&
	    !IN6_IS_ADDR_MULTICAST(&in6) && !IN6_IS_ADDR_V4MAPPED(&in6);
}
