/* SPDX-License-Identifier: ISC */
/*
 * The other end of checkerd, for its tests.
 */
#include "warden.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>

#include "checkerd.h"
#include "child.h"
#include "log.h"

#define PATIENCE_MS 10000
#define APART_UID 0x40000000	/* and up are users that no machine has */

struct client_fields fields = { .flags = CLIENT_ENABLED,
	.timeout_ms = 300000, .interval_ms = 120000 };
const char *text[CLIENT_STRINGS] = { "foo", "localhost", ":",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"" };
struct msg_check_start limits = { .limits = { .max_checkers = 64 },
	.log_level = LOG_DEBUG };

uint32_t stops;
int warden_apart;

static const struct timespec beat = { .tv_nsec = 10000000 };

static struct chan chan;
static pid_t pid;
static char mark[64];		/* as it is in the environment */

static void
on_signal(int signo)
{
	if (signo == SIGCHLD)
		run_reap();
	else if (signo == SIGTERM)
		checkerd_end(0);
}

/* All of checkerd but its giving up of power, which root alone can do. */
static void
be_checkerd(void)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0 };
	static char name[] = "mandos-checkerd";
	char *argv[] = { name, NULL };
	const struct msg_check_ready ready = { 0 };

	child_adopt(&checkerd.warden.chan, PROC_CHECKERD, 1, argv);
	orders_await(&checkerd.warden, MSG_CHECK_START);
	log_open(name, checkerd.log_level);
	if (chdir("/") == -1)
		fatal("/");
	loop_init();
	loop_signals(signals, on_signal);
	run_init();
	tell_init();
	orders_watch(&checkerd.warden);
	orders_tell(&checkerd.warden, MSG_CHECK_READY, &ready, NULL, 0, -1);
	loop_run();
	exit(0);
}

static void
begin(int fd)
{
	int log = open("log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	const uid_t apart = APART_UID + (uid_t)getpid();

	if (log == -1 || dup2(log, STDERR_FILENO) == -1 ||
	    dup2(fd, CHAN_FD) == -1 || putenv(mark) != 0)
		_exit(98);
	if (warden_apart && geteuid() == 0 && (setgroups(0, NULL) == -1 ||
	    setresgid(apart, apart, apart) == -1 ||
	    setresuid(apart, apart, apart) == -1))
		_exit(98);
	if (geteuid() != 0)
		be_checkerd();
	execl(CHECKERD_PATH, "mandos-checkerd", (char *)NULL);
	_exit(127);
}

void
warden_start(void)
{
	int fds[2];
	struct msg msg;

	snprintf(mark, sizeof mark, "CHECKER_OF=%d", (int)getpid());
	ATF_REQUIRE(chan_pair(fds) == 0);
	/* The checkers' user must be able to get here. */
	ATF_REQUIRE(chmod(".", 0777) == 0);
	fflush(NULL);
	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0)
		begin(fds[1]);
	close(fds[1]);
	chan_init(&chan, fds[0], PROC_WARDEN, PROC_CHECKERD, PHASE_BOOT);
	warden_send(MSG_CHECK_START, &limits, NULL, 0);
	ATF_REQUIRE_EQ(1, chan_recv_wait(&chan, &msg, PATIENCE_MS));
	ATF_REQUIRE(msg_check(&chan, &msg) == NULL);
	ATF_REQUIRE_EQ(MSG_CHECK_READY, msg.type);
	msg_free(&msg);
	chan.phase = PHASE_RUN;
}

pid_t
warden_pid(void)
{
	return pid;
}

void
warden_send(enum msg_type type, const void *body, const void *tail,
    size_t len)
{
	ATF_REQUIRE(chan_send(&chan, type, body, tail, len, -1) == 0);
}

void
warden_order(uint32_t number, uint32_t orders, uint64_t first_ms)
{
	static uint8_t tail[131072];
	struct msg_check m = { .f = fields, .orders = orders,
		.stops = stops, .first_ms = first_ms };
	size_t i, used = 0;

	m.f.number = number;
	for (i = 0; i < CLIENT_STRINGS; i++)
		ATF_REQUIRE(tail_put(tail, sizeof tail, &used, text[i],
		    strlen(text[i])) == 0);
	warden_send(MSG_CHECK, &m, tail, used);
}

void
warden_forget(uint32_t number)
{
	struct msg_check_forget m = { .number = number };

	warden_send(MSG_CHECK_FORGET, &m, NULL, 0);
}

int
warden_hear(struct heard *heard, int ms)
{
	struct msg_check_started started;
	struct msg_check_done done;
	struct msg msg;
	const char *flaw;
	int n;

	if ((n = chan_recv_wait(&chan, &msg, ms)) != 1)
		return n == -1 && errno == ETIMEDOUT ? 0 : -1;
	memset(heard, 0, sizeof *heard);
	if ((flaw = msg_check(&chan, &msg)) != NULL)
		atf_tc_fail("%s: %s", msg_name(msg.type), flaw);
	heard->type = msg.type;
	heard->at_ms = loop_now();
	if (msg.type == MSG_CHECK_STARTED) {
		memcpy(&started, msg.body, sizeof started);
		heard->number = started.number;
		heard->scheduled = started.scheduled;
		heard->stops = started.stops;
	} else {
		memcpy(&done, msg.body, sizeof done);
		heard->number = done.number;
		heard->status = done.status;
	}
	snprintf(heard->command, sizeof heard->command, "%.*s",
	    (int)msg.tail_len, (const char *)msg.tail);
	msg_free(&msg);
	return 1;
}

const struct heard *
warden_started(uint32_t number, const char *command)
{
	static struct heard heard;

	ATF_REQUIRE_EQ(1, warden_hear(&heard, PATIENCE_MS));
	ATF_REQUIRE_EQ_MSG(MSG_CHECK_STARTED, heard.type, "%s of %u",
	    msg_name(heard.type), heard.number);
	ATF_REQUIRE_EQ(number, heard.number);
	ATF_REQUIRE_STREQ(command, heard.command);
	return &heard;
}

const struct heard *
warden_done(uint32_t number, int status)
{
	static struct heard heard;

	ATF_REQUIRE_EQ(1, warden_hear(&heard, PATIENCE_MS));
	ATF_REQUIRE_EQ_MSG(MSG_CHECK_DONE, heard.type, "%s of %u",
	    msg_name(heard.type), heard.number);
	ATF_REQUIRE_EQ(number, heard.number);
	ATF_REQUIRE_EQ_MSG(status, heard.status, "%s: status %#x, not %#x",
	    heard.command, (unsigned int)heard.status, (unsigned int)status);
	return &heard;
}

void
warden_silent(int ms)
{
	struct heard heard;

	ATF_REQUIRE_EQ_MSG(0, warden_hear(&heard, ms), "%s of %u",
	    msg_name(heard.type), heard.number);
}

void
warden_hang_up(void)
{
	chan_close(&chan);
}

int
warden_wait(void)
{
	int64_t end = loop_now() + PATIENCE_MS;
	int status;
	pid_t ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
		if (loop_now() > end)
			atf_tc_fail("checkerd does not end");
		nanosleep(&beat, NULL);
	}
	ATF_REQUIRE_EQ(pid, ended);
	return status;
}

/* Has the process of this name the mark in its environment? */
static int
is_marked(const char *name)
{
	static char environment[65536];
	char path[300];
	const char *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%s/environ", name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, environment, sizeof environment - 1);
	close(fd);
	if (n <= 0)
		return 0;
	environment[n] = '\0';
	for (p = environment; p < environment + n; p += strlen(p) + 1)
		if (strcmp(p, mark) == 0)
			return 1;
	return 0;
}

unsigned int
survivors(void)
{
	const struct dirent *ent;
	unsigned int count = 0;
	DIR *proc;

	ATF_REQUIRE((proc = opendir("/proc")) != NULL);
	while ((ent = readdir(proc)) != NULL)
		if (ent->d_name[0] >= '1' && ent->d_name[0] <= '9' &&
		    atoi(ent->d_name) != pid)
			count += (unsigned int)is_marked(ent->d_name);
	closedir(proc);
	return count;
}

/* Has checkerd a child, alive or not? */
static int
has_children(void)
{
	char path[64], c;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid,
	    (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, &c, 1);
	close(fd);
	return n == 1;
}

void
no_survivors(void)
{
	int64_t end = loop_now() + PATIENCE_MS;
	unsigned int n;

	while ((n = survivors()) > 0 || has_children()) {
		if (loop_now() > end)
			atf_tc_fail("there are %u processes, and %s", n,
			    has_children() ? "children" : "no children");
		nanosleep(&beat, NULL);
	}
}

void
has_survivors(unsigned int least)
{
	int64_t end = loop_now() + PATIENCE_MS;

	while (survivors() < least) {
		if (loop_now() > end)
			atf_tc_fail("there are %u processes", survivors());
		nanosleep(&beat, NULL);
	}
}

unsigned int
log_has(const char *what)
{
	char line[4096];
	unsigned int count = 0;
	FILE *f;

	ATF_REQUIRE((f = fopen("log", "re")) != NULL);
	while (fgets(line, sizeof line, f) != NULL)
		count += strstr(line, what) != NULL;
	fclose(f);
	return count;
}
