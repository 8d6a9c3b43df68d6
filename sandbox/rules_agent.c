/* SPDX-License-Identifier: ISC */
/*
 * What password-agent may do once mandos-client is started: read question
 * files, send datagrams to the sockets that they name, see who is alive, and
 * end mandos-client, by the pidfd that it has.  It changes no file, and starts
 * nothing.
 */
#include "rules.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

// clang-format off
const struct sandbox_rule rules_agent[] = {
	ALLOW("connect", "the socket of whoever asks"),
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW("fstat", "is it a file?"),
	ALLOW("getdents64", "the directory"),
	ALLOW("gettid", "the end, by the signal that was heard"),
	ALLOW_IF("kill", "is there still who asks?", IS(1, 0)),
	ALLOW("lseek", "the directory, again"),
	ALLOW("mlock", "room for the password"),
	ALLOW_IF("newfstatat", "fstat, as libc calls it", IS(3, AT_EMPTY_PATH)),
	ALLOW_IF("openat", "question files", IS(2,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)),
	ALLOW("pidfd_send_signal", "mandos-client's end"),
	ALLOW("read", "events, signals, the password, question files"),
	ALLOW("rt_sigprocmask", "the end, by the signal that was heard"),
	ALLOW_IF("sendto", "the answer, but not to the log", IS(4, 0),
	    IS(3, MSG_NOSIGNAL), IS_NOT(0, STDERR_FILENO)),
	ALLOW_IF("socket", "for the answer", IS(0, AF_UNIX),
	    IS(1, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK)),
	ALLOW_IF("tgkill", "the end, by the signal that was heard",
	    IS(2, SIGHUP)),
	ALLOW_IF("tgkill", "the same", IS(2, SIGINT)),
	ALLOW_IF("tgkill", "the same", IS(2, SIGQUIT)),
	ALLOW_IF("tgkill", "the same", IS(2, SIGTERM)),
	ALLOW("timerfd_settime", "loop"),
	ALLOW("wait4", "mandos-client"),
	END
};
