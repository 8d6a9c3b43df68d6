/* SPDX-License-Identifier: ISC */
/*
 * Log lines as they arrive at descriptor 2.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static int reader;

/* Descriptor 2 becomes a socket of this type; ${reader} is its other end. */
static void
capture(int type)
{
	int fds[2];

	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, type, 0, fds));
	ATF_REQUIRE_EQ(STDERR_FILENO, dup2(fds[1], STDERR_FILENO));
	close(fds[1]);
	reader = fds[0];
}

static const char *
line(void)
{
	static char buf[4096];
	ssize_t n = recv(reader, buf, sizeof buf - 1, MSG_DONTWAIT);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

ATF_TC_WITHOUT_HEAD(stderr__prefix_level_and_errno);
ATF_TC_BODY(stderr__prefix_level_and_errno, tc)
{
	(void)tc;
	capture(SOCK_DGRAM);
	log_open("prog", LOG_WARNING);
	errno = ENOENT;
	log_warn("file %d", 7);
	ATF_CHECK_EQ(ENOENT, errno);
	ATF_CHECK_STREQ("<4>prog: file 7: No such file or directory\n", line());
	log_warnx("plain");
	ATF_CHECK_STREQ("<4>prog: plain\n", line());
	log_alertx("alert");
	ATF_CHECK_STREQ("<1>prog: alert\n", line());
	log_errx("error");
	ATF_CHECK_STREQ("<3>prog: error\n", line());
	log_info("unheard");
	log_debug("unheard");
	ATF_CHECK_STREQ("", line());
	log_open("prog", LOG_DEBUG);
	log_info("heard");
	ATF_CHECK_STREQ("<6>prog: heard\n", line());
	log_debug("heard");
	ATF_CHECK_STREQ("<7>prog: heard\n", line());
	ATF_CHECK_EQ(LOG_DEBUG, log_level());
}

ATF_TC_WITHOUT_HEAD(line__cannot_be_forged);
ATF_TC_BODY(line__cannot_be_forged, tc)
{
	char longer[3000];
	const char *got;

	(void)tc;
	capture(SOCK_DGRAM);
	log_open("prog", LOG_INFO);
	log_info("%s", "a\n<0>evil: b\r\t\x1b[0m\x7f\xc3\xa9");
	ATF_CHECK_STREQ("<6>prog: a\\x0a<0>evil: b\\x0d\\x09\\x1b[0m\\x7f"
	    "\xc3\xa9\n", line());
	memset(longer, '\n', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	log_info("%s", longer);
	got = line();
	ATF_CHECK(strlen(got) < 1200);
	ATF_CHECK_EQ('\n', got[strlen(got) - 1]);
	ATF_CHECK_EQ(got + strlen(got) - 1, strchr(got, '\n'));
}

ATF_TC_WITHOUT_HEAD(syslog__datagram);
ATF_TC_BODY(syslog__datagram, tc)
{
	char want[128], got[256];
	ssize_t n;

	(void)tc;
	capture(SOCK_DGRAM);
	log_open("prog", LOG_INFO);
	log_to_syslog();
	log_warnx("text");
	n = recv(reader, got, sizeof got, MSG_DONTWAIT);
	snprintf(want, sizeof want, "<28>Mandos [%d]: WARNING: text",
	    (int)getpid());
	ATF_CHECK_STREQ(want, got);
	ATF_CHECK_EQ((ssize_t)strlen(want) + 1, n);
}

ATF_TC_WITHOUT_HEAD(syslog__service_name);
ATF_TC_BODY(syslog__service_name, tc)
{
	char want[128], name[1000];
	const char *got;

	(void)tc;
	capture(SOCK_DGRAM);
	log_open("prog", LOG_INFO);
	log_to_syslog();
	log_service("Mandos #2");
	log_info("text");
	snprintf(want, sizeof want, "<30>Mandos (Mandos #2) [%d]: INFO: text",
	    (int)getpid());
	ATF_CHECK_STREQ(want, line());
	log_service("Mandos");
	log_info("text");
	snprintf(want, sizeof want, "<30>Mandos [%d]: INFO: text",
	    (int)getpid());
	ATF_CHECK_STREQ(want, line());
	memset(name, '\n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	log_service(name);
	log_info("text");
	got = line();
	ATF_CHECK(strlen(got) < 500);
	ATF_CHECK_EQ(NULL, strchr(got, '\n'));
	ATF_CHECK(strstr(got, "INFO: text") != NULL);
	log_service("Mandos");
}

static int
status_of(void (*die)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		die();
		_exit(99);
	}
	ATF_REQUIRE_EQ(pid, waitpid(pid, &status, 0));
	ATF_REQUIRE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
die_plain(void)
{
	fatalx("over");
}

static void
die_errno(void)
{
	errno = EPERM;
	fatal("over");
}

static void
die_status(void)
{
	fatalx_status(78, "over");
}

ATF_TC_WITHOUT_HEAD(fatal__status_and_line);
ATF_TC_BODY(fatal__status_and_line, tc)
{
	(void)tc;
	capture(SOCK_DGRAM);
	log_open("prog", LOG_WARNING);
	ATF_CHECK_EQ(1, status_of(die_plain));
	ATF_CHECK_STREQ("<2>prog: over\n", line());
	ATF_CHECK_EQ(1, status_of(die_errno));
	ATF_CHECK_STREQ("<2>prog: over: Operation not permitted\n", line());
	ATF_CHECK_EQ(78, status_of(die_status));
	ATF_CHECK_STREQ("<2>prog: over\n", line());
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, stderr__prefix_level_and_errno);
	ATF_TP_ADD_TC(tp, line__cannot_be_forged);
	ATF_TP_ADD_TC(tp, syslog__datagram);
	ATF_TP_ADD_TC(tp, syslog__service_name);
	ATF_TP_ADD_TC(tp, fatal__status_and_line);
	return atf_no_error();
}
