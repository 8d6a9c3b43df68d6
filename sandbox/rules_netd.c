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

// clang-format off
const struct sandbox_rule rules_netd[] = {
	ALLOW("accept4", "connections"),
	ALLOW_IF("clone", "fork, but no thread and no namespace",
	    IS(0, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD)),
	ALLOW("close_range", "session: what is not its own"),
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW_IF("fcntl", "queued messages", IS(1, F_DUPFD_CLOEXEC)),
	ALLOW_IF("kill", "sessions past their deadline", IS(1, SIGKILL)),
	ALLOW("read", "signalfd"),
	ALLOW("recvfrom", "session"),
	ALLOW("rt_sigprocmask", "fork"),
	ALLOW_IF("seccomp", "session: its own filter",
	    IS(0, SECCOMP_SET_MODE_FILTER), IS(1, 0)),
	ALLOW("sendto", "session"),
	ALLOW("set_robust_list", "fork"),
	ALLOW("shutdown", "session"),
	ALLOW_IF("socketpair", "channel of a session", IS(0, AF_UNIX)),
	ALLOW("wait4", "sessions that ended"),
	END
};

const struct sandbox_rule rules_session[] = {
	ALLOW("recvfrom", "TLS"),
	ALLOW("sendto", "TLS"),
	ALLOW("shutdown", "end of the connection"),
	END
};
