/* SPDX-License-Identifier: ISC */
/*
 * netd as listener, and the sessions forked from it.  A session's filter is
 * loaded on top of netd's, for every connection: a call must be in both, and
 * the session's must be short.
 */
#include "rules.h"

#include <sys/socket.h>

#include <linux/seccomp.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

// clang-format off
const struct sandbox_rule rules_netd[] = {
	ALLOW("accept4", "connections"),
	ALLOW_IF("clone", "fork, but no thread and no namespace",
	    IS(0, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD)),
	ALLOW("close_range", "session: what is not its own"),
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW_IF("fcntl", "queued messages; session: its connection",
	    IS(1, F_DUPFD_CLOEXEC)),
	ALLOW_IF("kill", "sessions past their deadline", IS(1, SIGKILL)),
	ALLOW("read", "signalfd"),
	ALLOW_IF("recvfrom", "session", IS(0, STDIN_FILENO)),
	ALLOW("rt_sigprocmask", "fork"),
	ALLOW_IF("seccomp", "session: its own filter",
	    IS(0, SECCOMP_SET_MODE_FILTER), IS(1, 0)),
	ALLOW_IF("sendto", "session", IS(0, STDIN_FILENO),
	    ONLY(3, MSG_MORE | MSG_NOSIGNAL)),
	ALLOW("set_robust_list", "fork"),
	ALLOW_IF("shutdown", "session", IS(0, STDIN_FILENO), IS(1, SHUT_WR)),
	ALLOW_IF("socketpair", "channel of a session", IS(0, AF_UNIX),
	    IS(1, SOCK_SEQPACKET | SOCK_CLOEXEC)),
	ALLOW("timerfd_settime", "loop"),
	ALLOW("wait4", "sessions that ended"),
	END
};

/* The connection is descriptor 0: others, the log's, are everybody's. */
const struct sandbox_rule rules_session[] = {
	ALLOW_IF("recvfrom", "TLS", IS(0, STDIN_FILENO)),
	ALLOW_IF("sendto", "TLS", IS(0, STDIN_FILENO),
	    ONLY(3, MSG_MORE | MSG_NOSIGNAL)),
	ALLOW_IF("shutdown", "end of the connection", IS(0, STDIN_FILENO),
	    IS(1, SHUT_WR)),
	END
};
