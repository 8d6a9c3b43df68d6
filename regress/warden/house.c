/* SPDX-License-Identifier: ISC */
/*
 * Plays everybody around a warden.
 */
#include "house.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "log.h"
#include "warden.h"

#define PATIENCE_MS 20000	/* for what must come */
#define GRACE_MS 100		/* for what must not */

uint8_t house_tail[131072];
size_t house_tail_len;
const char *house_checker = "checker";

static void
warden(int fd, int second)
{
	static char name[] = "warden", *argv[] = { name, NULL };

	if ((second = fcntl(second, F_DUPFD, PARENT_FD + 1)) == -1 ||
	    dup2(fd, CHAN_FD) == -1 || dup2(second, PARENT_FD) == -1)
		_exit(99);
	parent_init();
	monitor_init(1, argv);
	log_open("warden", LOG_EMERG);
	loop_init();
	monitor_watch();
	parent_watch();
	loop_run();
	_exit(98);
}

/* Give the warden a channel, as the monitor does, and keep the other end. */
static void
lend(struct house *h, struct chan *chan, enum proc proc)
{
	struct msg_channel m = { .worker = proc };
	int fds[2];

	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE_EQ(0, chan_send(&h->monitor, MSG_CHANNEL, &m, NULL, 0,
	    fds[1]));
	close(fds[1]);
	chan_init(chan, fds[0], proc, PROC_WARDEN, PHASE_BOOT);
}

void
house_start(struct house *h)
{
	struct msg_warden_start start = { .port = 4711 };
	struct msg_opened opened = { 0 };
	struct msg_state_open m;
	uint8_t tail[64];
	size_t len = 0;
	int fds[2], seconds[2];

	memset(h, 0, sizeof *h);
	chan_init(&h->checkerd, -1, PROC_CHECKERD, PROC_WARDEN, PHASE_BOOT);
	chan_init(&h->busd, -1, PROC_BUSD, PROC_WARDEN, PHASE_BOOT);
	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE_EQ(0, chan_pair(seconds));
	ATF_REQUIRE((h->pid = fork()) != -1);
	if (h->pid == 0)
		warden(fds[1], seconds[1]);
	close(fds[1]);
	close(seconds[1]);
	chan_init(&h->parent, seconds[0], PROC_PARENT, PROC_WARDEN, PHASE_RUN);
	chan_init(&h->monitor, fds[0], PROC_MONITOR, PROC_WARDEN, PHASE_RUN);
	tail_put(tail, sizeof tail, &len, "NORMAL", 6);
	tail_put(tail, sizeof tail, &len, "Mandos", 6);
	tail_put(tail, sizeof tail, &len, "/state", 6);
	start.s.flags = SETTING_DBUS;
	start.s.checks.max_checkers = 5;
	house_say(&h->monitor, MSG_WARDEN_START, &start, tail, len);
	lend(h, &h->state, PROC_STATE);
	house_next(&h->state, MSG_STATE_OPEN, &m, sizeof m);
	h->state.phase = PHASE_RUN;
	house_say(&h->state, MSG_OPENED, &opened, NULL, 0);
}

void
house_checkerd(struct house *h)
{
	struct msg_check_ready ready = { 0 };
	struct msg_check_start m;
	struct msg_worker w;

	lend(h, &h->checkerd, PROC_CHECKERD);
	house_next(&h->checkerd, MSG_CHECK_START, &m, sizeof m);
	ATF_CHECK_EQ(5, m.limits.max_checkers);
	h->checkerd.phase = PHASE_RUN;
	house_say(&h->checkerd, MSG_CHECK_READY, &ready, NULL, 0);
	house_until(&h->monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(PROC_CHECKERD, w.worker);
	ATF_CHECK_EQ(WORKER_READY, w.news);
}

void
house_busd(struct house *h)
{
	struct msg_bus_ready ready = { 0 };
	struct msg_bus_start m;
	struct msg_worker w;

	lend(h, &h->busd, PROC_BUSD);
	house_next(&h->busd, MSG_BUS_START, &m, sizeof m);
	ATF_CHECK_EQ(4711, m.port);
	ATF_CHECK_EQ(SETTING_DBUS, m.flags);
	h->busd.phase = PHASE_RUN;
	house_say(&h->busd, MSG_BUS_READY, &ready, NULL, 0);
	house_until(&h->monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(PROC_BUSD, w.worker);
	ATF_CHECK_EQ(WORKER_READY, w.news);
}

static void
close_all(struct house *h)
{
	chan_close(&h->parent);
	chan_close(&h->state);
	chan_close(&h->checkerd);
	chan_close(&h->busd);
}

void
house_stop(struct house *h)
{
	struct msg_halt m = { 0 };
	struct pollfd pfd;
	struct msg msg;
	int status, n;

	house_say(&h->monitor, MSG_HALT, &m, NULL, 0);
	/* The state process hears of the end after everything else. */
	while ((n = chan_recv_wait(&h->state, &msg, PATIENCE_MS)) == 1)
		msg_free(&msg);
	ATF_CHECK_EQ(-1, n);
	pfd = (struct pollfd) { .fd = h->state.fd, .events = POLLIN };
	ATF_CHECK_EQ(1, poll(&pfd, 1, 0));
	chan_close(&h->monitor);
	ATF_REQUIRE_EQ(h->pid, waitpid(h->pid, &status, 0));
	ATF_CHECK_EQ(0, status);
	close_all(h);
}

void
house_dies(struct house *h)
{
	int status;

	ATF_REQUIRE_EQ(h->pid, waitpid(h->pid, &status, 0));
	ATF_CHECK(WIFEXITED(status));
	ATF_CHECK_EQ(EX_SOFTWARE, WEXITSTATUS(status));
	chan_close(&h->monitor);
	close_all(h);
}

struct client_fields
house_fields(uint32_t number)
{
	struct client_fields f = { .number = number,
		.flags = CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT |
		    CLIENT_HAS_KEYID,
		.last_checker_status = CHECKER_NEVER,
		.interval_ms = 60000, .timeout_ms = 300000,
		.extended_timeout_ms = 900000,
		.approval_duration_ms = 1000 };

	f.keyid[0] = (uint8_t)number;
	return f;
}

static size_t
strings(uint8_t *tail, size_t size, uint32_t set)
{
	const char *const text[] = { "name", "host", house_checker, "key",
		"print" };
	size_t i, len = 0;

	for (i = 0; i < CLIENT_STRINGS; i++)
		ATF_REQUIRE_EQ(0, tail_put(tail, size, &len, text[i],
		    strlen(text[i])));
	if (set & SET_SECRET)
		ATF_REQUIRE_EQ(0, tail_put(tail, size, &len, HOUSE_SECRET,
		    strlen(HOUSE_SECRET)));
	return len;
}

void
house_enroll(struct house *h, const struct client_fields *f, uint32_t set)
{
	struct msg_enrolled m = { .f = *f, .set = set,
		.is_new = set == SET_ALL };
	uint8_t tail[256];
	size_t len = strings(tail, sizeof tail, set);

	house_say(&h->state, MSG_ENROLLED, &m, tail, len);
}

/* Take a message; how it is called. */
static uint32_t
take(struct chan *chan, void *body, size_t size)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;

	ATF_REQUIRE_EQ(1, chan_recv_wait(chan, &msg, PATIENCE_MS));
	type = msg.type;
	if ((flaw = msg_check(chan, &msg)) != NULL)
		atf_tc_fail("the warden sent %s: %s", msg_name(type), flaw);
	memset(body, 0, size);
	memcpy(body, msg.body, size < msg.len ? size : msg.len);
	memcpy(house_tail, msg.tail, msg.tail_len);
	house_tail_len = msg.tail_len;
	msg_free(&msg);
	return type;
}

void
house_next(struct chan *chan, enum msg_type type, void *body, size_t size)
{
	uint32_t met = take(chan, body, size);

	if (met != type)
		atf_tc_fail("%s in place of %s", msg_name(met),
		    msg_name(type));
}

void
house_until(struct chan *chan, enum msg_type type, void *body, size_t size)
{
	while (take(chan, body, size) != type)
		continue;
}

int
house_silent(struct chan *chan)
{
	struct pollfd pfd = { .fd = chan->fd, .events = POLLIN };

	return poll(&pfd, 1, GRACE_MS) == 0;
}

void
house_saved(struct house *h, int error)
{
	struct msg_saved m = { .seq = h->seq, .error = (uint32_t)error };

	house_say(&h->state, MSG_SAVED, &m, NULL, 0);
}

void
house_save(struct house *h, struct msg_save *m)
{
	house_next(&h->state, MSG_SAVE, m, sizeof *m);
	ATF_CHECK_EQ(h->seq + 1, m->seq);
	h->seq = m->seq;
}

void
house_say(struct chan *chan, enum msg_type type, const void *body,
    const void *tail, size_t len)
{
	ATF_REQUIRE_EQ(0, chan_send(chan, type, body, tail, len, -1));
}

void
house_control(struct house *h, uint64_t request, enum control what,
    const struct client_fields *f, uint32_t set)
{
	struct msg_control m = { .f = *f, .request = request, .what = what,
		.set = set };
	uint8_t tail[256];
	size_t len = what == CONTROL_SET ? strings(tail, sizeof tail, set) : 0;

	house_say(&h->busd, MSG_CONTROL, &m, tail, len);
}

int
house_done(struct house *h, uint64_t request)
{
	struct msg_control_done done;
	struct msg_synced synced;
	struct msg_sync sync;

	house_until(&h->monitor, MSG_SYNC, &sync, sizeof sync);
	/* There is no answer yet, whatever else there is to hear. */
	while (!house_silent(&h->busd))
		ATF_CHECK(take(&h->busd, &done, sizeof done) !=
		    MSG_CONTROL_DONE);
	synced.seq = sync.seq;
	house_say(&h->monitor, MSG_SYNCED, &synced, NULL, 0);
	house_until(&h->busd, MSG_CONTROL_DONE, &done, sizeof done);
	ATF_CHECK_EQ(request, done.request);
	return (int)done.error;
}

int64_t
house_now_us(void)
{
	struct timespec ts;

	ATF_REQUIRE_EQ(0, clock_gettime(CLOCK_REALTIME, &ts));
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct msg_enroll
house_enrolled(struct house *h, const struct client_fields *f)
{
	struct msg_enroll m;
	struct msg_save save;

	house_enroll(h, f, SET_ALL);
	house_until(&h->monitor, MSG_ENROLL, &m, sizeof m);
	house_save(h, &save);
	return m;
}

int
house_expires_in(const struct client_fields *f, int64_t ms)
{
	int64_t left = (f->expires_us - house_now_us()) / 1000;

	return left <= ms && left > ms - 10000;
}

void
house_checked(struct house *h, uint32_t number, int status)
{
	struct msg_check_done m = { .number = number, .status = status };

	house_say(&h->checkerd, MSG_CHECK_DONE, &m, "cmd", 3);
}

void
house_news(struct house *h, enum event event, uint32_t number, int64_t value)
{
	struct msg_news m = { .e = { .event = event, .number = number,
		.value = value } };

	house_say(&h->monitor, MSG_NEWS, &m, NULL, 0);
}
