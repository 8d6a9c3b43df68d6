/* SPDX-License-Identifier: ISC */
/*
 * What every process may do under its filter: use memory, never executable,
 * use its channels, log, tell the time, end.  And what the two may do besides
 * that keep uid 0.  The monitor, after start, has the secrets: it must not
 * open, connect, start or signal anything.  The configuration reader, from
 * before it opens clients.conf, may read any file, which is its task: it must
 * change none, nor tell anybody but the monitor and its standard output.
 */
#include "rules.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// clang-format off
const struct sandbox_rule rules_base[] = {
	ALLOW("brk", "heap"),
	ALLOW("clock_gettime", "deadlines, where the vDSO cannot tell"),
	ALLOW("close", "descriptors done with"),
	ALLOW("exit", "the end"),
	ALLOW("exit_group", "the end"),
	ALLOW("futex", "locks of libc"),
	ALLOW("getpid", "log lines for syslogd"),
	ALLOW("getrandom", "nonces; the TLS library's generator"),
	ALLOW("madvise", "heap given back"),
	ALLOW_IF("mmap", "heap", WITHOUT(2, PROT_EXEC)),
	ALLOW("mremap", "heap; it keeps the protection"),
	ALLOW("munmap", "heap"),
	ALLOW("poll", "channels"),
	ALLOW("ppoll", "channels, where there is no poll"),
	ALLOW("recvmsg", "channels"),
	ALLOW("restart_syscall", "made by the kernel after a stop"),
	ALLOW("rt_sigreturn", "end of a signal handler"),
	ALLOW_IF("sendmsg", "channels; MSG_FASTOPEN would connect",
	    ONLY(2, MSG_DONTWAIT | MSG_NOSIGNAL)),
	ALLOW_IF("write", "log lines", IS(0, STDERR_FILENO)),
#ifdef SANDBOX_SANITIZER
	DENY_IF("ioctl", "sanitizer: a report is not for a terminal",
	    IS(1, TCGETS)),
	REFUSE("open", "sanitizer: a report without names"),
	REFUSE("pipe2", "sanitizer: a report without a look at memory"),
	REFUSE("readlink", "sanitizer: a report without a name"),
	ALLOW("sigaltstack", "sanitizer: exit"),
#endif
	END
};

const struct sandbox_rule rules_monitor[] = {
	ALLOW("epoll_ctl", "loop"),
	ALLOW("epoll_pwait", "loop, where there is no epoll_wait"),
	ALLOW("epoll_wait", "loop"),
	ALLOW_IF("fcntl", "queued messages", IS(1, F_DUPFD_CLOEXEC)),
	ALLOW_IF("getsockopt", "is it a channel that a session got?",
	    IS(1, SOL_SOCKET), IS(2, SO_TYPE)),
	ALLOW_IF("socketpair", "channel of a new worker", IS(0, AF_UNIX),
	    IS(1, SOCK_SEQPACKET | SOCK_CLOEXEC)),
	ALLOW("timerfd_settime", "loop"),
	END
};

const struct sandbox_rule rules_conf[] = {
	ALLOW("fstat", "size of a file"),
	ALLOW("getdents64", "clients.d"),
	ALLOW("lseek", "stdio"),
	ALLOW("newfstatat", "fstat, as libc calls it"),
	ALLOW_IF("openat", "clients.conf, clients.d, files of secrets", ONLY(2,
	    O_CLOEXEC | O_DIRECTORY | O_LARGEFILE | O_NOCTTY | O_NOFOLLOW |
	    O_NONBLOCK)),
	ALLOW("read", "what was opened"),
	ALLOW_IF("write", "--show-config", IS(0, STDOUT_FILENO)),
	END
};
