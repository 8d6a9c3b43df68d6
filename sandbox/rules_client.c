/* SPDX-License-Identifier: ISC */
/*
 * mandos-client's two processes that meet what strangers send.  The one on the
 * network opens TCP connections and listens to multicast on sockets that it
 * has made before; it opens no file and starts nothing.  The one for GnuPG
 * starts programs, which have its filter, too: that of checkers and, on top of
 * it, this one, which says what else is refused: every network, and to signal
 * the keeper, which may have the same user.
 */
#include "rules.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

// clang-format off
const struct sandbox_rule rules_client_net[] = {
	ALLOW("connect", "servers"),
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW_IF("getsockopt", "has it been connected?", IS(1, SOL_SOCKET),
	    IS(2, SO_ERROR)),
	ALLOW_IF("ioctl", "Avahi: how much has come?", IS(1, FIONREAD)),
	ALLOW_IF("recvfrom", "TLS; notes and netlink, without addresses",
	    IS(4, 0)),
	ALLOW_IF("sendto", "TLS; notes and netlink, without addresses",
	    IS(4, 0), ONLY(3, MSG_DONTWAIT | MSG_NOSIGNAL),
	    IS_NOT(0, STDERR_FILENO)),
	ALLOW_IF("setsockopt", "Avahi: an interface has come, IPv4",
	    IS(1, IPPROTO_IP), IS(2, IP_ADD_MEMBERSHIP)),
	ALLOW_IF("setsockopt", "Avahi: an interface has gone, IPv4",
	    IS(1, IPPROTO_IP), IS(2, IP_DROP_MEMBERSHIP)),
	ALLOW_IF("setsockopt", "Avahi: an interface has come, IPv6",
	    IS(1, IPPROTO_IPV6), IS(2, IPV6_ADD_MEMBERSHIP)),
	ALLOW_IF("setsockopt", "Avahi: an interface has gone, IPv6",
	    IS(1, IPPROTO_IPV6), IS(2, IPV6_DROP_MEMBERSHIP)),
	ALLOW_IF("setsockopt", "servers that vanish", IS(1, SOL_SOCKET),
	    IS(2, SO_KEEPALIVE)),
	ALLOW_IF("setsockopt", "when that is noticed", IS(1, IPPROTO_TCP),
	    IS(2, TCP_KEEPIDLE)),
	ALLOW_IF("setsockopt", "when that is noticed", IS(1, IPPROTO_TCP),
	    IS(2, TCP_KEEPINTVL)),
	ALLOW_IF("setsockopt", "when that is noticed", IS(1, IPPROTO_TCP),
	    IS(2, TCP_KEEPCNT)),
	ALLOW_IF("socket", "servers, IPv4", IS(0, AF_INET),
	    IS(1, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)),
	ALLOW_IF("socket", "servers, IPv6", IS(0, AF_INET6),
	    IS(1, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)),
	ALLOW("timerfd_settime", "loop"),
	END
};

const struct sandbox_rule rules_client_decrypt[] = {
	DENY_IF("kill", "the keeper; but is a process there?", IS_NOT(1, 0)),
	DENY("pidfd_send_signal", "the keeper"),
	DENY("rt_sigqueueinfo", "the keeper"),
	DENY("rt_tgsigqueueinfo", "the keeper"),
	DENY_IF("socket", "every network; GnuPG's agent is AF_UNIX",
	    IS_NOT(0, AF_UNIX)),
	DENY_IF("socketpair", "every network", IS_NOT(0, AF_UNIX)),
	DENY("tgkill", "the keeper"),
	DENY("tkill", "the keeper"),
	END
};
