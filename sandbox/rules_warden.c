/* SPDX-License-Identifier: ISC */
/*
 * What the warden may do: hear and say messages, and tell the time.  It runs
 * as root, so that nobody else can signal it, and hears busd and checkerd,
 * which an outsider may have taken over.
 */
#include "rules.h"

#include <sys/socket.h>

#include <fcntl.h>

// clang-format off
const struct sandbox_rule rules_warden[] = {
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW_IF("fcntl", "queued messages", IS(1, F_DUPFD_CLOEXEC)),
	ALLOW_IF("shutdown", "the state process is told to end",
	    IS(1, SHUT_WR)),
	ALLOW("timerfd_settime", "loop"),
	END
};
