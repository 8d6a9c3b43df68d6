/* SPDX-License-Identifier: ISC */
/*
 * The rule tables: under each real filter everything that a taken-over
 * process would like to do is tried, and what the process needs is done.
 */
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
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
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>
#include <cap-ng.h>
#include <seccomp.h>

#include "child.h"
#include "log.h"
#include "rules.h"
#include "sandbox.h"

#define TABLE(upper, lower, refuses) + 1
#define TABLES (0 SANDBOX_TABLES(TABLE))

/* A bit for each table that something is about. */
#define MONITOR (1U << RULES_MONITOR)
#define CONF	(1U << RULES_CONF)
#define WARDEN	(1U << RULES_WARDEN)
#define STATE	(1U << RULES_STATE)
#define NETD	(1U << RULES_NETD)
#define SESSION (1U << RULES_SESSION)
#define CHECKERD (1U << RULES_CHECKERD)	/* refuses, but kills nobody */
#define BUSD	(1U << RULES_BUSD)
#define IMPORT	(1U << RULES_IMPORT)
#define AGENT	(1U << RULES_AGENT)
#define CLIENT	(1U << RULES_CLIENT_NET)
#define DECRYPT (1U << RULES_CLIENT_DECRYPT)	/* refuses, on top of those */
#define ALL							\
	(MONITOR | CONF | WARDEN | STATE | NETD | SESSION | BUSD | IMPORT | \
	AGENT | CLIENT)
#define EACH	(ALL | CHECKERD | DECRYPT)

#define TABLE_NAME(upper, lower, refuses) [RULES_##upper] = #lower,
static const char *const table_names[TABLES] = {
	SANDBOX_TABLES(TABLE_NAME)
};

#define TABLE_RULES(upper, lower, refuses) [RULES_##upper] = rules_##lower,
static const struct sandbox_rule *const tables[TABLES] = {
	SANDBOX_TABLES(TABLE_RULES)
};

static struct sandbox_filter *filters[TABLES];

/* Not lazily: a child under a filter could not make them. */
static void
compile(void)
{
	int i;

	for (i = 0; i < TABLES; i++)
		filters[i] = sandbox_compile((enum sandbox_rules)i);
}

/* The table says what is refused, and kills nobody. */
static int
merely_refuses(enum sandbox_rules rules)
{
	return rules == RULES_CHECKERD || rules == RULES_CLIENT_DECRYPT;
}

/* As the processes do it, a session on top of netd. */
static void
enter(enum sandbox_rules rules)
{
	const struct rlimit none = { 0, 0 };

	MUST(setrlimit(RLIMIT_CORE, &none) == 0);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (rules == RULES_SESSION)
		sandbox_enter_compiled(filters[RULES_NETD]);
	if (rules == RULES_CLIENT_DECRYPT)
		sandbox_enter_compiled(filters[RULES_CHECKERD]);
	sandbox_enter_compiled(filters[rules]);
}

static int
is_refused(int status)
{
#ifdef SANDBOX_DEBUG
	return WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGSYS;
#else
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
#endif
}

/*
 * What the attempts in forbidden.def work on.
 */

static int sibling;		/* a process to be attacked */
static int listener = -1;	/* a socket that listens */
static int wire[2];		/* a connected pair */
static char *page;		/* memory that can be written to */

#ifdef __x86_64__
static long
call_i386(void)
{
	long number = 20;	/* getpid */

	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
	return number;
}
#endif

/* What comes of an attempt, kept so that no compiler leaves it out. */
static volatile long gain;

#define FORBIDDEN(name, tables, ...)					\
static void								\
try_##name(void)							\
{									\
	gain = (long)(__VA_ARGS__);					\
}
#include "forbidden.def"
#undef FORBIDDEN

static const struct attempt {
	const char *name;
	void (*attempt)(void);
	unsigned int tables;
} attempts[] = {
#define FORBIDDEN(name, tables, ...) { #name, try_##name, tables },
#include "forbidden.def"
#undef FORBIDDEN
};

static void
make_wire(void)
{
	ATF_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0);
}

/* Started once per test: something to attack, and something to use. */
static void
set_up(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "listener" };

	compile();
	ATF_REQUIRE((sibling = fork()) != -1);
	if (sibling == 0)
		for (;;)
			pause();
	make_wire();
	ATF_REQUIRE((listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK,
	    0)) != -1);
	ATF_REQUIRE(bind(listener, (struct sockaddr *)&sun, sizeof sun) == 0);
	ATF_REQUIRE(listen(listener, 8) == 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);
	ATF_REQUIRE(page != MAP_FAILED);
	ATF_REQUIRE_EQ(0, system("echo text >file"));
}

static void
clean_up(void)
{
	kill(sibling, SIGKILL);
	waitpid(sibling, NULL, 0);
}

#define MERELY_FAILED 77	/* exit status */
#define WAS_REFUSED 78

/* Rows that refuse, instead of to kill, are for sanitizers only. */
#ifdef SANDBOX_SANITIZER
static const int may_merely_fail = 1;
#else
static const int may_merely_fail;
#endif

static void
attempt_under(enum sandbox_rules rules, const struct attempt *attempt)
{
	pid_t pid;
	int status;

	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		enter(rules);
		errno = 0;
		attempt->attempt();
		/* Root, with all its power, has no other reason to fail so. */
		if (merely_refuses(rules) && (errno == EPERM ||
		    (errno == ENOSYS && attempt->attempt == try_clone3)))
			_exit(WAS_REFUSED);
		_exit(errno == EACCES || errno == EPERM ? MERELY_FAILED : 0);
	}
	ATF_REQUIRE(waitpid(pid, &status, 0) == pid);
	if (merely_refuses(rules) && WIFEXITED(status) &&
	    WEXITSTATUS(status) == WAS_REFUSED)
		return;
	if (may_merely_fail && WIFEXITED(status) &&
	    WEXITSTATUS(status) == MERELY_FAILED)
		return;
	ATF_CHECK_MSG(is_refused(status), "%s under %s: status %#x",
	    attempt->name, table_names[rules], (unsigned)status);
}

ATF_TC(forbidden__is_refused);
ATF_TC_HEAD(forbidden__is_refused, tc)
{
	atf_tc_set_md_var(tc, "descr", "every attempt in forbidden.def ends "
	    "the process, or fails in a checker");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(forbidden__is_refused, tc)
{
	size_t i;
	int t;

	(void)tc;
	set_up();
	for (i = 0; i < sizeof attempts / sizeof *attempts; i++)
		for (t = 0; t < TABLES; t++)
			if (attempts[i].tables & 1U << t)
				attempt_under((enum sandbox_rules)t,
				    &attempts[i]);
	clean_up();
}

/* Is ${call} in a table?  A session needs it in netd's, too. */
static int
is_in_table(enum sandbox_rules rules, const char *call)
{
	const struct sandbox_rule *rule;

	for (rule = rules_base; rule->call != NULL; rule++)
		if (strcmp(rule->call, call) == 0)
			return 1;
	for (rule = tables[rules]; rule->call != NULL; rule++)
		if (strcmp(rule->call, call) == 0)
			return 1;
	return 0;
}

#define LAST_CALL 511	/* the kernel has fewer */

/*
 * Two calls, with which the kernel's own uprobes return to it, are answered
 * before any filter sees them; made by anybody else they do nothing.
 */
static int
is_uprobe(int number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	(void)number;
	return 0;
#endif
}

/* The child is as powerless as can be, in case that a filter has a hole. */
static void
call_under(enum sandbox_rules rules, int number)
{
	static const struct sandbox_id id = { .user = "nobody" };
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
	    number);
	pid_t pid;
	int status;

	if (is_uprobe(number) || (name != NULL && is_in_table(rules, name))) {
		free(name);
		return;
	}
	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		sandbox_drop(&id);
		enter(rules);
		syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
		_exit(0);
	}
	ATF_REQUIRE(waitpid(pid, &status, 0) == pid);
	ATF_CHECK_MSG(is_refused(status), "call %d (%s) under %s: status %#x",
	    number, name != NULL ? name : "no name", table_names[rules],
	    (unsigned)status);
	free(name);
}

ATF_TC(all_else__is_refused);
ATF_TC_HEAD(all_else__is_refused, tc)
{
	atf_tc_set_md_var(tc, "descr", "no system call but those in the table "
	    "can be made");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(all_else__is_refused, tc)
{
	int number, t;

	(void)tc;
	compile();
	for (t = 0; t < TABLES; t++)
		for (number = 0; number <= LAST_CALL; number++)
			if (ALL & 1U << t)
				call_under((enum sandbox_rules)t, number);
}

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

/* As libdbus does it, up to a bus that is not there. */
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

/*
 * The reader may open any file, and still not look into the monitor.
 */
static void
read_sibling(const void *arg)
{
	static const int caps[] = { CAP_DAC_READ_SEARCH, -1 };
	static const struct sandbox_id as_monitor = { .user = NULL };
	static const struct sandbox_id as_reader = { .keep_caps = caps };
	static const char *const files[] = { "mem", "environ", "maps",
		"pagemap", "auxv", "io", "fd/0", "root/etc/passwd", "cwd/file",
		"exe", "stack", "syscall" };
	char path[64], c;
	size_t i;
	pid_t pid;
	int fds[2];

	(void)arg;
	MUST(pipe(fds) == 0 && (pid = fork()) != -1);
	if (pid == 0) {
		sandbox_drop(&as_monitor);
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		MUST(write(fds[1], "", 1) == 1);
		for (;;)
			pause();
	}
	MUST(read(fds[0], &c, 1) == 1);
	sandbox_drop(&as_reader);
	enter(RULES_CONF);
	MUST(open("/etc/shadow", O_RDONLY) != -1);
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, files[i]);
		/* Some can be opened by all, and then not be read. */
		fds[0] = open(path, O_RDONLY);
		if (fds[0] != -1 && read(fds[0], &c, 1) != -1)
			child_fails(path, __LINE__, "could be read");
	}
}

ATF_TC(reader__cannot_read_the_monitor);
ATF_TC_HEAD(reader__cannot_read_the_monitor, tc)
{
	atf_tc_set_md_var(tc, "descr", "files of /proc about another root "
	    "process stay shut");
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(reader__cannot_read_the_monitor, tc)
{
	(void)tc;
	compile();
	PASSES(read_sibling, NULL);
}

static void
enter_bare(const void *arg)
{
	(void)arg;
	if (geteuid() == 0)
		MUST(setresuid(65534, 65534, 65534) == 0);
	sandbox_enter_compiled(filters[RULES_MONITOR]);
}

ATF_TC_WITHOUT_HEAD(enter__that_fails_is_the_end);
ATF_TC_BODY(enter__that_fails_is_the_end, tc)
{
	(void)tc;
	compile();
	/* The kernel refuses a filter to who could gain privileges by exec. */
	DIES(enter_bare, NULL, "seccomp: Permission denied");
}

/* sandbox_enter is compiling and loading in one. */
static void
enter_and_try(const void *arg)
{
	const enum sandbox_rules *rules = arg;
	const struct rlimit none = { 0, 0 };

	MUST(setrlimit(RLIMIT_CORE, &none) == 0);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	sandbox_enter(*rules);
	log_info("still there");
	/* Nobody may do this. */
	gain = unshare(CLONE_NEWUSER);
}

ATF_TC_WITHOUT_HEAD(enter__loads_the_table);
ATF_TC_BODY(enter__loads_the_table, tc)
{
	enum sandbox_rules rules;
	struct outcome o;
	char text[128] = "<6>child: still there\n";
	int t;

	(void)tc;
#ifdef SANDBOX_DEBUG
	snprintf(text + strlen(text), sizeof text - strlen(text),
	    "<2>sandbox: refused system call %04d\n", SYS_unshare);
#endif
	for (t = 0; t < TABLES; t++) {
		if (!(ALL & 1U << t))
			continue;
		rules = (enum sandbox_rules)t;
		child_run(&o, enter_and_try, &rules);
		ATF_CHECK_MSG(is_refused(o.status), "status %#x: %s",
		    (unsigned)o.status, o.text);
		ATF_CHECK_STREQ(text, o.text);
	}
}

/*
 * The tables as texts.
 */

static size_t
count_tests(const struct sandbox_rule *rule)
{
	size_t n;

	for (n = 0; n < SANDBOX_TESTS && rule->tests[n].mask != 0; n++)
		continue;
	return n;
}

/* Rows of one call are alternatives only if each of them has tests. */
static void
lint_pair(const char *table, const struct sandbox_rule *a,
    const struct sandbox_rule *b)
{
	if (strcmp(a->call, b->call) != 0)
		return;
	ATF_CHECK_MSG(count_tests(a) > 0 && count_tests(b) > 0,
	    "%s: %s has a row that swallows another", table, a->call);
	ATF_CHECK_MSG(memcmp(a->tests, b->tests, sizeof a->tests) != 0,
	    "%s: %s has the same row twice", table, a->call);
}

/* A table may permit in general what all may do in one way. */
static int
is_widened(const struct sandbox_rule *base, const struct sandbox_rule *rule)
{
	return count_tests(base) > 0 && count_tests(rule) == 0;
}

static int
is_for_sanitizer(const struct sandbox_rule *rule)
{
	return strncmp(rule->why, "sanitizer: ", 11) == 0;
}

static void
lint_table(const char *name, const struct sandbox_rule *table)
{
	const struct sandbox_rule *rule, *base;
	size_t i;

	for (rule = table; rule->call != NULL; rule++) {
		/* Rows for sanitizers come last, in an order of their own. */
		ATF_CHECK_MSG(rule == table ||
		    is_for_sanitizer(&rule[-1]) < is_for_sanitizer(rule) ||
		    strcmp(rule[-1].call, rule->call) <= 0,
		    "%s: %s is not in its place", name, rule->call);
		ATF_CHECK_MSG(rule->why != NULL && strlen(rule->why) > 2,
		    "%s: %s has no reason", name, rule->call);
		if (table == rules_checkerd || table == rules_client_decrypt)
			ATF_CHECK_MSG(rule->error == EPERM ||
			    strcmp(rule->call, "clone3") == 0,
			    "%s: %s is not refused", name, rule->call);
		else
			ATF_CHECK_MSG(rule->error == 0 ||
			    is_for_sanitizer(rule), "%s: %s does not kill",
			    name, rule->call);
		ATF_CHECK_MSG(!is_for_sanitizer(rule) || may_merely_fail,
		    "%s: %s is no row for this build", name, rule->call);
		ATF_CHECK_MSG(seccomp_syscall_resolve_name(rule->call) !=
		    __NR_SCMP_ERROR, "%s: there is no %s", name, rule->call);
		for (i = 0; i < count_tests(rule); i++)
			ATF_CHECK_MSG(rule->tests[i].arg < 6 &&
			    (rule->tests[i].value & ~rule->tests[i].mask) == 0 &&
			    (!rule->tests[i].differs ||
			    rule->tests[i].mask == UINT64_MAX),
			    "%s: %s has a test that never holds", name,
			    rule->call);
		if (rule != table)
			lint_pair(name, &rule[-1], rule);
		if (table != rules_base && table != rules_checkerd &&
		    table != rules_client_decrypt)
			for (base = rules_base; base->call != NULL; base++)
				if (!is_widened(base, rule))
					lint_pair(name, base, rule);
	}
}

ATF_TC_WITHOUT_HEAD(tables__are_in_order);
ATF_TC_BODY(tables__are_in_order, tc)
{
	int t;

	(void)tc;
	lint_table("base", rules_base);
	for (t = 0; t < TABLES; t++)
		lint_table(table_names[t], tables[t]);
}

ATF_TC_WITHOUT_HEAD(session__has_no_more_than_netd);
ATF_TC_BODY(session__has_no_more_than_netd, tc)
{
	const struct sandbox_rule *rule;

	(void)tc;
	for (rule = rules_session; rule->call != NULL; rule++)
		ATF_CHECK_MSG(is_in_table(RULES_NETD, rule->call),
		    "%s is of no use without a row for netd", rule->call);
}

#ifdef SANDBOX_SANITIZER
static void
use_after_free(const void *arg)
{
	const enum sandbox_rules *rules = arg;
	char *volatile p = malloc(16);

	MUST(p != NULL);
	enter(*rules);
	free(p);
	gain = *p;
}
#endif

ATF_TC_WITHOUT_HEAD(sanitizer__can_report);
ATF_TC_BODY(sanitizer__can_report, tc)
{
	(void)tc;
#ifdef SANDBOX_SANITIZER
	struct outcome o;
	enum sandbox_rules rules;
	int t;

	compile();
	for (t = 0; t < TABLES; t++) {
		rules = (enum sandbox_rules)t;
		child_run(&o, use_after_free, &rules);
		ATF_CHECK(WIFEXITED(o.status) && WEXITSTATUS(o.status) != 0);
		ATF_CHECK_MSG(strstr(o.text, "heap-use-after-free") != NULL,
		    "under %s: %s", table_names[t], o.text);
	}
#else
	atf_tc_skip("this build has no sanitizer");
#endif
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, forbidden__is_refused);
	ATF_TP_ADD_TC(tp, all_else__is_refused);
	ATF_TP_ADD_TC(tp, needed__is_allowed);
	ATF_TP_ADD_TC(tp, reader__cannot_read_the_monitor);
	ATF_TP_ADD_TC(tp, enter__that_fails_is_the_end);
	ATF_TP_ADD_TC(tp, enter__loads_the_table);
	ATF_TP_ADD_TC(tp, tables__are_in_order);
	ATF_TP_ADD_TC(tp, session__has_no_more_than_netd);
	ATF_TP_ADD_TC(tp, sanitizer__can_report);
	return atf_no_error();
}
