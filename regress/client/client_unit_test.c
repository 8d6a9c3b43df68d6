/* SPDX-License-Identifier: ISC */
/*
 * What mandos-client does to the clock and to the console, which a test must
 * not do to the machine, what it never tells a console, and what the keeper
 * believes of net.
 */
#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>

#include "client.h"
#include "log.h"
#include "note.h"
#include "power.h"
#include "start.h"

int __wrap_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_settime(clockid_t, const struct timespec *);
int __wrap_klogctl(int, char *, int);
FILE *__wrap_fopen(const char *, const char *);
FILE *__real_fopen(const char *, const char *);

static time_t now, set_to;
static int is_root = 1;
static int console_level, klog_calls;
static const char *printk = "7\t4\t1\t7\n";

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	ATF_REQUIRE_EQ(CLOCK_REALTIME, id);
	ts->tv_sec = now;
	ts->tv_nsec = 0;
	return 0;
}

int
__wrap_clock_settime(clockid_t id, const struct timespec *ts)
{
	ATF_REQUIRE_EQ(CLOCK_REALTIME, id);
	set_to = ts->tv_sec;
	return 0;
}

int
__wrap_klogctl(int type, char *buf, int level)
{
	ATF_REQUIRE_EQ(8, type);
	ATF_REQUIRE(buf == NULL);
	console_level = level;
	klog_calls++;
	return 0;
}

FILE *
__wrap_fopen(const char *path, const char *mode)
{
	static char text[32];

	if (strcmp(path, "/proc/sys/kernel/printk") != 0)
		return __real_fopen(path, mode);
	strlcpy(text, printk, sizeof text);
	return fmemopen(text, strlen(text), "r");
}

/* What the keeper has elsewhere. */
int
keeper_wait(struct keeper *k, int ms)
{
	(void)ms;
	return k->signal != 0;
}

int
power_is_root(void)
{
	return is_root;
}

void
power_caller(uid_t *uid, gid_t *gid)
{
	*uid = *gid = 0;
}

ATF_TC_WITHOUT_HEAD(clock__set_if_never_set);
ATF_TC_BODY(clock__set_if_never_set, tc)
{
	static const struct timespec written[2] = {
		{ .tv_sec = 1600000000 }, { .tv_sec = 1600000000 } };
	struct options opt = { .seckey = "seckey", .pubkey = "pubkey" };

	(void)tc;
	ATF_REQUIRE_EQ(0, close(creat("seckey", 0600)));
	ATF_REQUIRE_EQ(0, utimensat(AT_FDCWD, "seckey", written, 0));
	for (now = 0; now <= 2670000; now += 2670000) {
		set_to = 0;
		start_repairs(&opt);
		ATF_CHECK_EQ(1600000000, set_to);
	}
	set_to = 0;
	now = 2678400;
	start_repairs(&opt);
	ATF_CHECK_EQ(0, set_to);
	now = 0;
	is_root = 0;
	start_repairs(&opt);
	ATF_CHECK_EQ(0, set_to);
	is_root = 1;
	opt.seckey = "none";
	start_repairs(&opt);
	ATF_CHECK_EQ(0, set_to);
}

static int
loopback_is_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0);

	ATF_REQUIRE_EQ(0, ioctl(sock, SIOCGIFFLAGS, &request));
	close(sock);
	return (request.ifr_flags & IFF_UP) != 0;
}

/* A host of our own, whose only interface is down. */
static void
make_keeper(struct keeper *k)
{
	struct ifname *name = calloc(1, sizeof *name + sizeof "lo");

	if (unshare(CLONE_NEWNET) == -1)
		atf_tc_skip("no network namespace");
	memset(k, 0, sizeof *k);
	STAILQ_INIT(&k->opt.ifnames);
	STAILQ_INIT(&k->opt.connects);
	strcpy(name->name, "lo");
	STAILQ_INSERT_TAIL(&k->opt.ifnames, name, entry);
	k->opt.delay = 1;
	ATF_REQUIRE_EQ(0, ifaces_select(k));
	ATF_REQUIRE_EQ(1, k->ifaces.count);
	ATF_REQUIRE(!loopback_is_up());
}

ATF_TC(console__quiet_for_a_while);
ATF_TC_HEAD(console__quiet_for_a_while, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(console__quiet_for_a_while, tc)
{
	static struct keeper k;

	(void)tc;
	make_keeper(&k);
	ifaces_raise(&k);
	ATF_CHECK(loopback_is_up());
	ATF_CHECK_EQ(5, console_level);
	ifaces_wait(&k);
	ATF_CHECK_EQ(7, console_level);
	ATF_CHECK_EQ(2, klog_calls);
	ifaces_restore(&k);
	ATF_CHECK(!loopback_is_up());
	ATF_CHECK_EQ(2, klog_calls);
}

ATF_TC(console__restored_without_the_wait);
ATF_TC_HEAD(console__restored_without_the_wait, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(console__restored_without_the_wait, tc)
{
	static struct keeper k;

	(void)tc;
	make_keeper(&k);
	ifaces_raise(&k);
	ATF_CHECK_EQ(5, console_level);
	ifaces_restore(&k);
	ATF_CHECK_EQ(7, console_level);
	ATF_CHECK(!loopback_is_up());
	/* What is quiet already is not made louder. */
	printk = "4\t4\t1\t7\n";
	klog_calls = 0;
	ifaces_raise(&k);
	ifaces_restore(&k);
	ATF_CHECK_EQ(0, klog_calls);
}

static int
is_sane(int family, const char *text, uint16_t bits, uint32_t ifindex)
{
	struct route route;

	memset(&route, 0, sizeof route);
	route.family = (uint16_t)family;
	route.bits = bits;
	route.ifindex = ifindex;
	ATF_REQUIRE_EQ(1, inet_pton(family, text, route.address));
	return note_route_is_sane(&route);
}

ATF_TC_WITHOUT_HEAD(note__routes_to_one_host_only);
ATF_TC_BODY(note__routes_to_one_host_only, tc)
{
	struct route none;

	(void)tc;
	ATF_CHECK(is_sane(AF_INET6, "2001:db8::1", 128, 2));
	ATF_CHECK(is_sane(AF_INET, "192.0.2.1", 32, 2));
	ATF_CHECK(!is_sane(AF_INET6, "2001:db8::1", 64, 2));
	ATF_CHECK(!is_sane(AF_INET6, "2001:db8::1", 128, 0));
	ATF_CHECK(!is_sane(AF_INET6, "::", 128, 2));
	ATF_CHECK(!is_sane(AF_INET6, "::1", 128, 2));
	ATF_CHECK(!is_sane(AF_INET6, "ff02::fb", 128, 2));
	ATF_CHECK(!is_sane(AF_INET6, "::ffff:1.2.3.4", 128, 2));
	ATF_CHECK(!is_sane(AF_INET, "192.0.2.0", 24, 2));
	ATF_CHECK(!is_sane(AF_INET, "0.0.0.0", 0, 2));
	ATF_CHECK(!is_sane(AF_INET, "0.0.0.0", 32, 2));
	ATF_CHECK(!is_sane(AF_INET, "127.0.0.1", 32, 2));
	ATF_CHECK(!is_sane(AF_INET, "224.0.0.251", 32, 2));
	ATF_CHECK(!is_sane(AF_INET, "255.255.255.255", 32, 2));
	memset(&none, 0, sizeof none);
	none.ifindex = 2;
	ATF_CHECK(!note_route_is_sane(&none));
}

ATF_TC_WITHOUT_HEAD(note__of_its_size_only);
ATF_TC_BODY(note__of_its_size_only, tc)
{
	struct note note, got;
	char large[sizeof note + 1];
	int fds[2];

	(void)tc;
	memset(&note, 0, sizeof note);
	memset(large, 0, sizeof large);
	note.type = NOTE_ROUTE_ADD;
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	ATF_CHECK_EQ(0, note_recv(fds[1], &got));
	ATF_REQUIRE_EQ(0, note_send(fds[0], &note));
	ATF_CHECK_EQ(1, note_recv(fds[1], &got));
	ATF_CHECK_EQ(0, memcmp(&note, &got, sizeof note));
	ATF_REQUIRE(send(fds[0], large, sizeof large, 0) != -1);
	ATF_CHECK_EQ(0, note_recv(fds[1], &got));
	ATF_REQUIRE(send(fds[0], large, sizeof note - 1, 0) != -1);
	ATF_CHECK_EQ(0, note_recv(fds[1], &got));
	close(fds[0]);
	ATF_CHECK_EQ(-1, note_recv(fds[1], &got));
}

ATF_TC(iface__without_descriptors);
ATF_TC_HEAD(iface__without_descriptors, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(iface__without_descriptors, tc)
{
	static struct keeper k;
	struct rlimit before, none;

	(void)tc;
	make_keeper(&k);
	ifaces_raise(&k);
	ATF_REQUIRE_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	none = before;
	none.rlim_cur = 0;
	ATF_REQUIRE_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	/* The keeper has more to restore, and has to come that far. */
	ifaces_wait(&k);
	ifaces_restore(&k);
	ATF_REQUIRE_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	ATF_CHECK(loopback_is_up());
	ATF_CHECK_EQ(7, console_level);
}

ATF_TC_WITHOUT_HEAD(log__no_commands);
ATF_TC_BODY(log__no_commands, tc)
{
	int saved = dup(STDERR_FILENO);
	int fd = open("log", O_CREAT | O_RDWR, 0600);

	(void)tc;
	ATF_REQUIRE(fd != -1 && saved != -1);
	log_open("me", LOG_INFO);
	ATF_REQUIRE_EQ(STDERR_FILENO, dup2(fd, STDERR_FILENO));
	log_warnx("%s", "a ~\n\033[6n\177 \302\2336n \2336n \303\233");
	ATF_REQUIRE_EQ(STDERR_FILENO, dup2(saved, STDERR_FILENO));
	atf_utils_cat_file("log", "");
	ATF_CHECK(atf_utils_compare_file("log", "me: a ~\\x0a\\x1b[6n\\x7f "
	    "\\xc2\\x9b6n \\x9b6n \\xc3\\x9b\n"));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, clock__set_if_never_set);
	ATF_TP_ADD_TC(tp, console__quiet_for_a_while);
	ATF_TP_ADD_TC(tp, console__restored_without_the_wait);
	ATF_TP_ADD_TC(tp, iface__without_descriptors);
	ATF_TP_ADD_TC(tp, log__no_commands);
	ATF_TP_ADD_TC(tp, note__routes_to_one_host_only);
	ATF_TP_ADD_TC(tp, note__of_its_size_only);
	return atf_no_error();
}
