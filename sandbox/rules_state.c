/* SPDX-License-Identifier: ISC */
/*
 * What the process may do that keeps the ledger.  Its root is the state
 * directory, so that names lead nowhere else, and every name it uses is one
 * in descriptor 4, which is that directory.  It makes new files, and never
 * opens an old one to write to it.
 */
#include "rules.h"

#include <sys/types.h>

#include <fcntl.h>

#define DIRECTORY 4	/* as in state/state.h */

// clang-format off
const struct sandbox_rule rules_state[] = {
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW("fstat", "owner, mode and size of the ledger"),
	ALLOW("fsync", "the new ledger, the directory"),
	ALLOW_IF("linkat", "the old ledger is kept", IS(0, DIRECTORY),
	    IS(2, DIRECTORY), IS(4, 0)),
	ALLOW_IF("newfstatat", "fstat, as libc calls it",
	    IS(3, AT_EMPTY_PATH)),
	ALLOW_IF("openat", "the ledger is read", IS(0, DIRECTORY),
	    IS(2, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)),
	ALLOW_IF("openat", "a new ledger", IS(0, DIRECTORY),
	    IS(2, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)),
	ALLOW("read", "the ledger"),
	ALLOW_IF("renameat", "the new ledger becomes the ledger",
	    IS(0, DIRECTORY), IS(2, DIRECTORY)),
	ALLOW_IF("renameat2", "the same, where there is no renameat",
	    IS(0, DIRECTORY), IS(2, DIRECTORY), IS(4, 0)),
	ALLOW("timerfd_settime", "loop"),
	ALLOW_IF("unlinkat", "a new ledger that was left unfinished",
	    IS(0, DIRECTORY), IS(2, 0)),
	ALLOW("write", "the new ledger"),
	END
};
