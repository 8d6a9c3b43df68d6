/* SPDX-License-Identifier: ISC */
/*
 * Local routes by rtnetlink(7).  Run by the keeper and by
 * mandos-client-iprouteadddel; needs CAP_NET_ADMIN.
 */
#include "route.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

struct request {
	struct nlmsghdr head;
	struct rtmsg route;
	uint8_t attributes[64];
};

struct answer {
	struct nlmsghdr head;
	struct nlmsgerr error;
	uint8_t rest[512];	/* the kernel may say more than we want */
};

static void
put(struct request *request, unsigned short type, const void *value,
    unsigned short len)
{
	struct rtattr attribute = { (unsigned short)RTA_LENGTH(len), type };
	size_t at = NLMSG_ALIGN(request->head.nlmsg_len) -
	    offsetof(struct request, attributes);

	memcpy(request->attributes + at, &attribute, sizeof attribute);
	memcpy(request->attributes + at + RTA_LENGTH(0), value, len);
	request->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(
	    request->head.nlmsg_len) + RTA_SPACE(len));
}

/* Returns 0 or the kernel's errno. */
static int
ask(const struct request *request)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct answer answer;
	ssize_t n;
	int fd, error;

	if ((fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
	    NETLINK_ROUTE)) == -1)
		return errno;
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof kernel) ==
	    -1 ||
	    send(fd, request, request->head.nlmsg_len, 0) == -1 ||
	    (n = recv(fd, &answer, sizeof answer, 0)) == -1) {
		error = errno;
		close(fd);
		return error;
	}
	close(fd);
	if ((size_t)n < sizeof answer.head + sizeof answer.error ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return EPROTO;
	return -answer.error.error;
}

int
route_change(const struct route *route, int add)
{
	struct request request;
	unsigned short len = route->family == AF_INET6 ? 16 : 4;

	memset(&request, 0, sizeof request);
	request.head.nlmsg_len = NLMSG_LENGTH(sizeof request.route);
	request.head.nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
	request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (add)
		request.head.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	request.route.rtm_family = (unsigned char)route->family;
	request.route.rtm_dst_len = (unsigned char)route->bits;
	request.route.rtm_table = RT_TABLE_MAIN;
	request.route.rtm_protocol = RTPROT_BOOT;
	request.route.rtm_scope = RT_SCOPE_LINK;
	request.route.rtm_type = RTN_UNICAST;
	put(&request, RTA_DST, route->address, len);
	put(&request, RTA_OIF, &route->ifindex, sizeof route->ifindex);
	errno = ask(&request);
	return errno == 0 ? 0 : -1;
}

static int
is_same(const struct route *a, const struct route *b)
{
	return a->family == b->family && a->ifindex == b->ifindex &&
	    a->bits == b->bits &&
	    memcmp(a->address, b->address, sizeof a->address) == 0;
}

int
routes_add(struct routes *routes, const struct route *route)
{
	size_t i;

	for (i = 0; i < ROUTES_MAX; i++)
		if (routes->list[i].family == 0)
			break;
	if (i == ROUTES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	if (route_change(route, 1) == -1)
		return -1;
	routes->list[i] = *route;
	return 0;
}

int
routes_del(struct routes *routes, const struct route *route)
{
	size_t i;

	for (i = 0; i < ROUTES_MAX; i++)
		if (routes->list[i].family != 0 &&
		    is_same(&routes->list[i], route)) {
			routes->list[i].family = 0;
			return route_change(route, 0);
		}
	errno = ENOENT;
	return -1;
}

void
routes_clear(struct routes *routes)
{
	size_t i;

	for (i = 0; i < ROUTES_MAX; i++) {
		if (routes->list[i].family == 0)
			continue;
		/* With its interface a route has gone already. */
		if (route_change(&routes->list[i], 0) == -1 &&
		    errno != ESRCH && errno != ENODEV)
			log_warn("local route not removed");
		routes->list[i].family = 0;
	}
}
