/* SPDX-License-Identifier: ISC */
/*
 * What busd may do, and the process of its that speaks to Avahi: connect to a
 * socket in the file system, which is where the system bus is, and speak and
 * listen there, as libdbus does.  It opens no file and starts nothing; of
 * sockets it can make no other kind.
 */
#include "rules.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

// clang-format off
const struct sandbox_rule rules_busd[] = {
	ALLOW("connect", "the bus"),
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW_IF("fcntl", "queued messages", IS(1, F_DUPFD_CLOEXEC)),
	ALLOW_IF("fcntl", "libdbus: a descriptor that somebody sends",
	    IS(1, F_GETFD)),
	ALLOW_IF("fcntl", "libdbus: does its socket wait?", IS(1, F_GETFL)),
	ALLOW_IF("fcntl", "libdbus: nobody is to inherit that descriptor",
	    IS(1, F_SETFD), IS(2, FD_CLOEXEC)),
	ALLOW_IF("fcntl", "libdbus: it must not", IS(1, F_SETFL),
	    ONLY(2, O_RDWR | O_NONBLOCK)),
	ALLOW("geteuid", "libdbus: says who we are"),
	ALLOW("getsockname", "libdbus: is it a socket of ours?"),
	ALLOW_IF("ioctl", "Zeroconf: the number of an interface",
	    IS(1, SIOCGIFINDEX)),
	ALLOW("read", "signalfd"),
	ALLOW_IF("recvfrom", "libdbus: being let in", IS(4, 0)),
	ALLOW_IF("sendto", "libdbus: being let in, but not to the log",
	    IS(4, 0), ONLY(3, MSG_NOSIGNAL), IS_NOT(0, STDERR_FILENO)),
	ALLOW_IF("socket", "the bus", IS(0, AF_UNIX),
	    IS(1, SOCK_STREAM | SOCK_CLOEXEC)),
	ALLOW("timerfd_settime", "loop"),
	END
};
