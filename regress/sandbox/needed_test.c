/* SPDX-License-Identifier: ISC */
/*
 * The rule tables: what the processes need can be done under their filters.
 */
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>

#include "child.h"
#include "log.h"
#include "rules_kit.h"

/*
 * What must be possible, in the way the processes do it.
 */

static int epoll_fd, signal_fd;

static void
use_memory(void)
{
	char *p;

	MUST((p = malloc(4 << 20)) != NULL);
	memset(p, 1, 4 << 20);
	MUST((p = realloc(p, 8 << 20)) != NULL);
	free(p);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	MUST((p = mremap(p, 8192, 4096, 0)) != MAP_FAILED);
	MUST(madvise(p, 4096, MADV_DONTNEED) == 0);
	MUST(munmap(p, 4096) == 0);
	MUST(syscall(SYS_brk, 0) != -1);
}

static void
use_channel(void)
{
	char text[16] = "";
	struct iovec iov = { .iov_base = text, .iov_len = sizeof text };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct pollfd pfd = { .fd = wire[0], .events = POLLOUT };

	MUST(poll(&pfd, 1, 0) == 1);
	MUST(ppoll(&pfd, 1, NULL, NULL) == 1);
	MUST(sendmsg(wire[0], &hdr, MSG_NOSIGNAL) == sizeof text);
	MUST(recvmsg(wire[1], &hdr, MSG_DONTWAIT) == sizeof text);
}

/* Every table has this. */
static void
use_base(void)
{
	struct timespec ts;
	char text[16];

	use_memory();
	use_channel();
	MUST(syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &ts) == 0);
	MUST(syscall(SYS_futex, page, 1, 1, NULL, NULL, 0) == 0);
	MUST(syscall(SYS_getrandom, text, sizeof text, 0) == sizeof text);
	log_info("a line");
	log_to_syslog();
	log_info("a line");
}

static void
use_loop_only(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	MUST(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wire[0], &ev) == 0);
	MUST(epoll_wait(epoll_fd, &ev, 1, 0) == 0);
	MUST(epoll_pwait(epoll_fd, &ev, 1, 0, NULL) == 0);
	MUST(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, wire[0], NULL) == 0);
	MUST(syscall(SYS_timerfd_settime, -1, 0, NULL, NULL) == -1 &&
	    (errno == EFAULT || errno == EBADF || errno == EINVAL));
}

static void
use_loop(void)
{
	struct signalfd_siginfo info;
	int fd;

	use_loop_only();
	MUST(read(signal_fd, &info, sizeof info) == -1 && errno == EAGAIN);
	MUST((fd = fcntl(wire[0], F_DUPFD_CLOEXEC, 3)) != -1);
	MUST(close(fd) == 0);
}

static void
use_pair(void)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	MUST(close(fds[0]) == 0 && close(fds[1]) == 0);
}

static void
use_monitor(const void *arg)
{
	int fd, type;
	socklen_t len = sizeof type;

	(void)arg;
	make_wire();
	enter(RULES_MONITOR);
	use_base();
	use_loop_only();
	MUST((fd = fcntl(wire[0], F_DUPFD_CLOEXEC, 3)) != -1);
	MUST(close(fd) == 0);
	use_pair();
	MUST(getsockopt(wire[0], SOL_SOCKET, SO_TYPE, &type, &len) == 0);
	exit(0);
}

static void
use_conf(const void *arg)
{
	FILE *f;
	char text[16];

	(void)arg;
	make_wire();
	enter(RULES_CONF);
	use_base();
	MUST((f = fopen("file", "re")) != NULL);
	MUST(fgets(text, sizeof text, f) != NULL);
	MUST(strcmp(text, "text\n") == 0);
	MUST(fseek(f, 0, SEEK_END) == 0 && ftell(f) == 5);
	MUST(fclose(f) == 0);
	MUST(write(STDOUT_FILENO, "", 0) == 0);
	exit(0);
}

static void
use_warden(const void *arg)
{
	int fd;

	(void)arg;
	make_wire();
	enter(RULES_WARDEN);
	use_base();
	use_loop_only();
	MUST((fd = fcntl(wire[0], F_DUPFD_CLOEXEC, 3)) != -1);
	MUST(close(fd) == 0);
	MUST(shutdown(wire[0], SHUT_WR) == 0);
	exit(0);
}

/* In the directory that is descriptor 4, as it is there. */
static void
use_state(const void *arg)
{
	struct stat st;
	char text[4] = "";
	int fd;

	(void)arg;
	make_wire();
	MUST((fd = open(".", O_RDONLY | O_DIRECTORY)) != -1);
	MUST(dup2(fd, 4) == 4);
	enter(RULES_STATE);
	use_base();
	use_loop_only();
	MUST((fd = openat(4, "new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600)) != -1);
	MUST(write(fd, "text", 4) == 4 && fsync(fd) == 0 && close(fd) == 0);
	MUST(linkat(4, "new", 4, "kept", 0) == 0);
	MUST(renameat(4, "new", 4, "ledger") == 0);
	MUST(fsync(4) == 0);
	MUST((fd = openat(4, "ledger", O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC)) != -1);
	MUST(fstat(fd, &st) == 0 && st.st_size == 4);
	MUST(read(fd, text, 4) == 4 && memcmp(text, "text", 4) == 0);
	MUST(close(fd) == 0);
	MUST(unlinkat(4, "kept", 0) == 0 && unlinkat(4, "ledger", 0) == 0);
	exit(0);
}

static void
use_session(void)
{
	char text[4] = "text";
	struct iovec iov = { .iov_base = text, .iov_len = sizeof text };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };

	MUST(close_range(1000, ~0U, 0) == 0);
	sandbox_enter_compiled(filters[RULES_SESSION]);
	use_base();
	MUST(sendmsg(wire[1], &hdr, MSG_NOSIGNAL) == sizeof text);
	MUST(recv(STDIN_FILENO, text, sizeof text, 0) == sizeof text);
	MUST(send(STDIN_FILENO, text, sizeof text, MSG_NOSIGNAL) ==
	    sizeof text);
	MUST(shutdown(STDIN_FILENO, SHUT_WR) == 0);
	_exit(17);
}

static void
use_netd(const void *arg)
{
	pid_t pid;
	int status;

	(void)arg;
	make_wire();
	MUST(dup2(wire[0], STDIN_FILENO) == STDIN_FILENO);
	enter(RULES_NETD);
	use_base();
	use_loop();
	use_pair();
	MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC) == -1);
	MUST(errno == EAGAIN);
	MUST((pid = fork()) != -1);
	if (pid == 0)
		use_session();
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(WIFEXITED(status) && WEXITSTATUS(status) == 17);
	MUST((pid = fork()) != -1);
	if (pid == 0)
		for (;;)
			poll(NULL, 0, -1);
	MUST(kill(pid, SIGKILL) == 0);
	MUST(waitpid(pid, &status, 0) == pid);
	exit(0);
}

/* Its own pidfd stands for mandos-client's. */
static void
use_agent(const void *arg)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "none" };
	struct stat st;
	sigset_t set;
	char text[4] = "";
	pid_t self = getpid();
	int fd, own;
	DIR *dir;

	(void)arg;
	make_wire();
	MUST((dir = opendir(".")) != NULL);
	MUST((own = (int)syscall(SYS_pidfd_open, self, 0)) != -1);
	enter(RULES_AGENT);
	use_base();
	use_loop_only();
	MUST(readdir(dir) != NULL);
	rewinddir(dir);
	MUST((fd = openat(dirfd(dir), "file", O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK)) != -1);
	MUST(fstat(fd, &st) == 0 && read(fd, text, 4) == 4);
	MUST(close(fd) == 0);
	MUST((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) != -1);
	MUST(connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1);
	MUST(errno == ENOENT);
	MUST(send(wire[0], text, sizeof text, MSG_NOSIGNAL) == sizeof text);
	MUST(mlock(page, 4096) == 0);
	MUST(kill(self, 0) == 0);
	MUST(syscall(SYS_pidfd_send_signal, own, 0, NULL, 0) == 0);
	MUST(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGTERM) == 0);
	exit(0);
}

/* As libdbus does it, up to a bus that is not there. */
static void
use_busd(const void *arg)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "none" };
	socklen_t len = sizeof sun;
	char text[4] = "text";
	int fd, flags;

	(void)arg;
	make_wire();
	enter(RULES_BUSD);
	use_base();
	use_loop();
	MUST((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) != -1);
	MUST(connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1);
	MUST(errno == ENOENT);
	MUST((flags = fcntl(fd, F_GETFL)) != -1);
	MUST(fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
	MUST(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	MUST(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&sun, &len) == 0);
	MUST(close(fd) == 0);
	MUST(geteuid() == (uid_t)syscall(SYS_geteuid));
	MUST(send(wire[0], text, sizeof text, MSG_NOSIGNAL) == sizeof text);
	MUST(recv(wire[1], text, sizeof text, 0) == sizeof text);
	exit(0);
}

/* Whatever a checker does, it begins like this. */
static void
use_checkerd(const void *arg)
{
	static char sh[] = "sh", option[] = "-c", command[] =
	    "x=$(echo text | cat) && [ \"$x\" = text ] && (exit 3) & wait $!";
	static char *const argv[] = { sh, option, command, NULL };
	pid_t pid;
	int status, fd;

	(void)arg;
	make_wire();
	enter(RULES_CHECKERD);
	use_base();
	use_loop();
	MUST(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0);
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	MUST((pid = fork()) != -1);
	if (pid == 0)
		_exit(setsid() == -1);
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	MUST((fd = socket(AF_INET6, SOCK_DGRAM, 0)) != -1 && close(fd) == 0);
	MUST((fd = open("file", O_RDONLY)) != -1 && close(fd) == 0);
	MUST(personality(0xffffffff) != -1);
	/* The library's way of asking for what it can do without. */
	MUST(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS);
	exit(0);
}

/* As the process on the network does it, to a server that is not there. */
static void
use_client_net(const void *arg)
{
	const struct sockaddr_in in = { .sin_family = AF_INET };
	const int on = 1;
	int fd, error;
	socklen_t len = sizeof error;
	char text[4] = "text";

	(void)arg;
	make_wire();
	enter(RULES_CLIENT_NET);
	use_base();
	use_loop_only();
	MUST((fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0)) != -1 && close(fd) == 0);
	MUST((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0)) != -1);
	MUST(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0);
	MUST(setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &on, sizeof on) == 0);
	connect(fd, (const struct sockaddr *)&in, sizeof in);
	MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0);
	MUST(ioctl(fd, FIONREAD, &error) == 0);
	MUST(close(fd) == 0);
	MUST(send(wire[0], text, sizeof text, MSG_NOSIGNAL) == sizeof text);
	MUST(recv(wire[1], text, sizeof text, 0) == sizeof text);
	exit(0);
}

/* GnuPG's way to its agent; and like all it starts programs. */
static void
use_client_decrypt(const void *arg)
{
	pid_t pid;
	int fd, status;

	(void)arg;
	enter(RULES_CLIENT_DECRYPT);
	MUST((fd = socket(AF_UNIX, SOCK_STREAM, 0)) != -1 && close(fd) == 0);
	use_pair();
	MUST((pid = fork()) != -1);
	if (pid == 0)
		_exit(execl("/bin/true", "true", (char *)NULL));
	MUST(kill(pid, 0) == 0);
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	MUST((fd = open("file", O_RDWR | O_CREAT, 0600)) != -1 &&
	    close(fd) == 0);
	exit(0);
}

ATF_TC(needed__is_allowed);
ATF_TC_HEAD(needed__is_allowed, tc)
{
	atf_tc_set_md_var(tc, "descr", "what the processes live from works "
	    "under their filters");
}
ATF_TC_BODY(needed__is_allowed, tc)
{
	sigset_t set;

	(void)tc;
	set_up();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ATF_REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	ATF_REQUIRE((signal_fd = signalfd(-1, &set, SFD_NONBLOCK)) != -1);
	ATF_REQUIRE((epoll_fd = epoll_create1(0)) != -1);
	PASSES(use_monitor, NULL);
	PASSES(use_conf, NULL);
	PASSES(use_warden, NULL);
	PASSES(use_state, NULL);
	PASSES(use_netd, NULL);
	PASSES(use_busd, NULL);
	PASSES(use_agent, NULL);
	PASSES(use_checkerd, NULL);
	PASSES(use_client_net, NULL);
	PASSES(use_client_decrypt, NULL);
	clean_up();
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, needed__is_allowed);
	return atf_no_error();
}
