/* SPDX-License-Identifier: ISC */
/*
 * The session processes: a channel to the monitor for each, opened before
 * there is a connection, so that the nonce is there when one comes; then a
 * process forked for that connection, watched by the clock, reaped.  A session
 * is forgotten only when its process has been reaped and the monitor has said
 * the last word on it.  What a session itself says, by its exit status, can
 * harm nobody but its own peer.
 */
#include "netd.h"

#include <sys/types.h>
#include <sys/tree.h>
#include <sys/wait.h>

#include <arpa/inet.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* When a session has proven nothing for so long, a connection from a source
 * that has fewer of them may take its place. */
#define PATIENCE_MS 1000
/* On a slow machine: so many times what a fetch takes at the moment. */
#define PATIENCE_FACTOR 8

/*
 * Of sessions younger than this there are at most so many.  A session that
 * need not wait for its peer is done by then, and a few at a time are done
 * sooner, because what they need stays in the processor's cache: with all at
 * once, each costs a third more.
 */
#define YOUNG_MS 30
#define YOUNG_MAX 32

#define RETRY_MS 1000 /* after there was no channel or no process to be had */

struct session {
	RB_ENTRY(session) by_number;
	RB_ENTRY(session) by_pid;
	TAILQ_ENTRY(session) ready;
	TAILQ_ENTRY(session) overdue;
	uint64_t number;
	int fd;			/* its end of the channel, -1 once forked */
	pid_t pid;
	struct source *source;	/* NULL until it has a connection */
	uint8_t address[16];
	int64_t since_ms;
	int64_t deadline_ms;
	struct loop_timer timer;
	enum verdict verdict;
	int status;		/* from wait4 */
	uint8_t is_young;
	uint8_t is_overdue;
	uint8_t is_proven;
	uint8_t is_ended;	/* the monitor has said so */
	uint8_t is_reaped;	/* or there was never a process */
	uint8_t is_killed;	/* by us */
	uint8_t is_late;	/* killed before the monitor had done with it */
};

RB_HEAD(number_tree, session);
RB_HEAD(pid_tree, session);
RB_HEAD(overdue_tree, source);

static struct number_tree numbers = RB_INITIALIZER(&numbers);
static struct pid_tree pids = RB_INITIALIZER(&pids);
static struct session_list ready = TAILQ_HEAD_INITIALIZER(ready);
static struct overdue_tree overdue = RB_INITIALIZER(&overdue);
static const struct sandbox_filter *session_filter;
static struct loop_timer retry;
static uint64_t last_number;
static uint32_t total, ready_len, young, dying;
static int64_t usual_ms;	/* how long a proven session takes */

static int
number_cmp(struct session *a, struct session *b)
{
	return a->number < b->number ? -1 : a->number > b->number;
}

static int
pid_cmp(struct session *a, struct session *b)
{
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* Last is who has the most overdue sessions. */
static int
overdue_cmp(struct source *a, struct source *b)
{
	if (a->overdue_len != b->overdue_len)
		return a->overdue_len < b->overdue_len ? -1 : 1;
	return limit_key_cmp(&a->key, &b->key);
}

RB_GENERATE_INTERNAL(number_tree, session, by_number, number_cmp,
    __attribute__((unused)) static)
RB_GENERATE_INTERNAL(pid_tree, session, by_pid, pid_cmp,
    __attribute__((unused)) static)
RB_GENERATE_INTERNAL(overdue_tree, source, by_overdue, overdue_cmp,
    __attribute__((unused)) static)

uint32_t
pool_busy(void)
{
	return total - ready_len;
}

/* Close all descriptors above the standard ones but this one. */
static void
close_others(unsigned int fd)
{
	if ((fd > STDERR_FILENO + 1 &&
	    close_range(STDERR_FILENO + 1, fd - 1, 0) == -1) ||
	    close_range(fd + 1, ~0U, 0) == -1)
		fatal("close_range");
}

static void __attribute__((noreturn))
become_session(int fd, const struct conn *conn)
{
	struct chan monitor;

	/* The filter knows the connection as 0, the lowest that is free. */
	close(STDIN_FILENO);
	if (fcntl(conn->fd, F_DUPFD_CLOEXEC, 0) != STDIN_FILENO)
		fatal("F_DUPFD_CLOEXEC");
	/* The loop, its signals and all other connections go with this. */
	close_others((unsigned int)fd);
	log_open("mandos-session", log_level());
	chan_init(&monitor, fd, PROC_SESSION, PROC_MONITOR, PHASE_BOOT);
	sandbox_enter_compiled(session_filter);
	session_run(&monitor, conn);
}

/* It has its process, or will never have one. */
static void
ready_remove(struct session *s)
{
	TAILQ_REMOVE(&ready, s, ready);
	ready_len--;
}

static void
channel_close(struct session *s)
{
	close(s->fd);
	s->fd = -1;
}

static void
young_remove(struct session *s)
{
	young -= s->is_young;
	s->is_young = 0;
}

/* Count ${source} anew among those with overdue sessions. */
static void
overdue_count(struct source *source, size_t len)
{
	if (source->overdue_len > 0)
		RB_REMOVE(overdue_tree, &overdue, source);
	source->overdue_len = len;
	if (len > 0)
		RB_INSERT(overdue_tree, &overdue, source);
}

static void
overdue_add(struct session *s)
{
	TAILQ_INSERT_TAIL(&s->source->overdue, s, overdue);
	overdue_count(s->source, s->source->overdue_len + 1);
	s->is_overdue = 1;
}

static void
overdue_remove(struct session *s)
{
	if (!s->is_overdue)
		return;
	TAILQ_REMOVE(&s->source->overdue, s, overdue);
	overdue_count(s->source, s->source->overdue_len - 1);
	s->is_overdue = 0;
}

static void
kill_session(struct session *s)
{
	if (s->is_killed || s->is_reaped)
		return;
	young_remove(s);
	overdue_remove(s);
	loop_timer_del(&s->timer);
	s->is_killed = 1;
	s->is_late = !s->is_ended;
	dying++;
	/* It has not been reaped: the pid is its own still. */
	if (kill(s->pid, SIGKILL) == -1)
		fatal("kill");
}

/*
 * A connection waits, and there is no process for it.  Who has the most
 * overdue sessions loses the oldest of these, if he keeps more than the other
 * would have then.  So nobody can take all sessions from others; and many
 * clients at once from one place, or one from each of many, do not kill each
 * other's, however slow they are.
 */
static void
make_room(void)
{
	struct conn *conn = queue_next(&netd.queue);
	struct source *source = RB_MAX(overdue_tree, &overdue);

	if (conn != NULL && source != NULL && dying < netd.queue.len &&
	    total >= netd.limits.max_sessions &&
	    source->overdue_len > conn->source->working + 1)
		kill_session(TAILQ_FIRST(&source->overdue));
}

/* How long a session may prove nothing before others come first. */
static int64_t
patience_ms(void)
{
	int64_t ms = usual_ms * PATIENCE_FACTOR;

	return ms > PATIENCE_MS ? ms : PATIENCE_MS;
}

/* Next: it is not young any more, it is overdue, its time is up. */
static void
session_due(struct loop_timer *timer)
{
	struct session *s = timer->arg;
	int64_t now = loop_now(), next = s->deadline_ms;

	if (now >= s->deadline_ms) {
		kill_session(s);
		return;
	}
	if (s->is_young) {
		young_remove(s);
		if (next > s->since_ms + patience_ms())
			next = s->since_ms + patience_ms();
	} else if (!s->is_proven && !s->is_ended) {
		overdue_add(s);
		make_room();
	}
	if (!s->is_killed)
		loop_timer_set(timer, (uint64_t)(next > now ? next - now : 0));
	pool_work();
}

static void
session_new(int fd)
{
	struct session *s;

	if ((s = calloc(1, sizeof *s)) == NULL)
		fatal("calloc");
	s->number = ++last_number;
	s->fd = fd;
	loop_timer_init(&s->timer, session_due, s);
	RB_INSERT(number_tree, &numbers, s);
	TAILQ_INSERT_TAIL(&ready, s, ready);
	ready_len++;
	total++;
}

/* Not once for each connection that waits. */
static void
try_later(const char *what)
{
	log_warn("cannot %s a session", what);
	loop_timer_set(&retry, RETRY_MS);
}

/* Open the channel of a session to come; the monitor sends it a nonce. */
static void
prepare(void)
{
	struct msg_session_open body;
	int fds[2];

	if (chan_pair(fds) == -1) {
		try_later("prepare");
		return;
	}
	session_new(fds[1]);
	body.session = last_number;
	orders_tell(&netd.monitor, MSG_SESSION_OPEN, &body, NULL, 0, fds[0]);
	close(fds[0]);
}

/* Have channels ready for so many sessions, if there may be so many. */
static void
prepare_all(uint32_t want)
{
	while (ready_len < want && total < netd.limits.max_sessions &&
	    retry.due_ms == -1)
		prepare();
}

static void
tell_peer(const struct session *s, const struct conn *conn)
{
	struct msg_session_peer body = { .session = s->number,
		.scope_id = conn->scope_id, .port = conn->port };

	memcpy(body.address, conn->address, sizeof body.address);
	orders_tell(&netd.monitor, MSG_SESSION_PEER, &body, NULL, 0, -1);
}

/* The process of ${s} has this connection. */
static void
session_begin(struct session *s, struct conn *conn)
{
	RB_INSERT(pid_tree, &pids, s);
	s->source = conn->source;
	memcpy(s->address, conn->address, sizeof s->address);
	s->since_ms = loop_now();
	s->deadline_ms = INT64_MAX;
	if (netd.limits.handshake_timeout_ms <
	    (uint64_t)(INT64_MAX - s->since_ms))
		s->deadline_ms = s->since_ms +
		    (int64_t)netd.limits.handshake_timeout_ms;
	close(conn->fd);
	free(conn);
	s->is_young = 1;
	young++;
	loop_timer_set(&s->timer, YOUNG_MS);
}

/*
 * Fork a session for the connection whose turn it is.  The monitor listens to
 * a session only when it knows its peer, so that it is told first; a channel
 * for which that was in vain is of no more use.
 */
static void
give(struct session *s)
{
	struct conn *conn = queue_next(&netd.queue);

	ready_remove(s);
	/* Along with the next channel: the monitor wakes up once for both. */
	prepare_all(netd.limits.spare_sessions);
	tell_peer(s, conn);
	/* libc's fork: GnuTLS must hear of it, or two sessions would draw the
	 * same random numbers. */
	if ((s->pid = fork()) == 0)
		become_session(s->fd, conn);
	if (s->pid == -1) {
		try_later("fork");
		s->is_reaped = 1;
	} else
		session_begin(s, queue_take(&netd.queue));
	channel_close(s);
}

static void
give_all(void)
{
	while (queue_next(&netd.queue) != NULL && young < YOUNG_MAX) {
		prepare_all(1);
		if (TAILQ_EMPTY(&ready) || retry.due_ms != -1)
			break;
		/* The oldest: the nonce is the likeliest to have come. */
		give(TAILQ_FIRST(&ready));
	}
}

void
pool_offer(struct conn *conn)
{
	queue_put(&netd.queue, conn);
	give_all();
	make_room();
}

void
pool_work(void)
{
	give_all();
	prepare_all(netd.limits.spare_sessions);
	listen_more();
}

static void
retry_due(struct loop_timer *timer)
{
	(void)timer;
	pool_work();
}

void
pool_start(const struct sandbox_filter *filter)
{
	session_filter = filter;
	loop_timer_init(&retry, retry_due, NULL);
	pool_work();
}

static void
penalise(const struct session *s, enum limit_offence offence,
    const char *reason)
{
	char text[INET6_ADDRSTRLEN];
	struct limit_key key = s->source->key;
	uint64_t ms;

	ms = limit_penalise(&netd.penalties, &key, offence, loop_now());
	if (ms > 0)
		log_warnx("connections from %s are refused for %llu s: %s",
		    inet_ntop(AF_INET6, s->address, text, sizeof text),
		    (unsigned long long)(ms + 999) / 1000, reason);
}

/* Both have spoken: what is the source to be blamed for? */
static void
judge(const struct session *s)
{
	int crashed = WIFSIGNALED(s->status) && !s->is_killed;

	if (crashed)
		log_warnx("a session was ended by signal %d",
		    WTERMSIG(s->status));
	if (s->is_proven)
		return;
	if (s->verdict == VERDICT_BROKEN)
		penalise(s, LIMIT_CRASH, "its session broke the message table");
	else if (crashed)
		penalise(s, LIMIT_CRASH, "its session crashed");
	else if (s->verdict == VERDICT_UNKNOWN)
		penalise(s, LIMIT_REFUSED, "no client has its key");
	else if (s->verdict == VERDICT_BAD_PROOF)
		penalise(s, LIMIT_REFUSED, "it could not prove its key");
	else if (s->is_late)
		penalise(s, LIMIT_LATE, "it took too long");
	else if (WIFEXITED(s->status) &&
	    WEXITSTATUS(s->status) == SESSION_GARBAGE)
		penalise(s, LIMIT_REFUSED, "it does not speak the protocol");
}

static void
session_free(struct session *s)
{
	if (s->is_killed)
		dying--;
	if (s->source != NULL) {
		judge(s);
		queue_done(&netd.queue, s->source);
		queue_release(&netd.queue, s->source);
	}
	RB_REMOVE(number_tree, &numbers, s);
	total--;
	free(s);
}

static void
reaped(struct session *s, int status)
{
	RB_REMOVE(pid_tree, &pids, s);
	young_remove(s);
	overdue_remove(s);
	loop_timer_del(&s->timer);
	s->is_reaped = 1;
	s->status = status;
	if (s->is_ended)
		session_free(s);
}

void
pool_reap(void)
{
	struct session want, *s;
	int status;

	while ((want.pid = waitpid(-1, &status, WNOHANG)) > 0)
		if ((s = RB_FIND(pid_tree, &pids, &want)) != NULL)
			reaped(s, status);
	pool_work();
}

static struct session *
find_number(uint64_t number)
{
	struct session want = { .number = number };

	return RB_FIND(number_tree, &numbers, &want);
}

/* It has proven a key that is enrolled. */
static void
proven(struct session *s)
{
	int64_t now = loop_now();

	if (s->is_proven)
		return;
	s->is_proven = 1;
	young_remove(s);
	overdue_remove(s);
	limit_prove(&netd.penalties, &s->source->key, now);
	/* A moving average; one quarter is new. */
	usual_ms += (now - s->since_ms - usual_ms) / 4;
}

const char *
pool_wait(uint64_t number, uint64_t ms)
{
	struct session *s = find_number(number);
	int64_t now = loop_now();

	if (s == NULL || s->source == NULL || s->is_ended || s->is_proven)
		return "no session can be waiting so";
	proven(s);
	if (ms > (uint64_t)(INT64_MAX - s->deadline_ms))
		s->deadline_ms = INT64_MAX;
	else
		s->deadline_ms += (int64_t)ms;
	if (!s->is_reaped && !s->is_killed)
		loop_timer_set(&s->timer, (uint64_t)(s->deadline_ms - now));
	return NULL;
}

const char *
pool_verdict(uint64_t number, enum verdict verdict)
{
	struct session *s = find_number(number);

	if (s == NULL || s->is_ended)
		return "no such session";
	s->is_ended = 1;
	s->verdict = verdict;
	if (s->fd != -1) {
		/* The monitor has closed its channel: it is of no use. */
		ready_remove(s);
		channel_close(s);
		s->is_reaped = 1;
	} else if (s->source != NULL && (verdict == VERDICT_SERVED ||
	    verdict == VERDICT_DENIED))
		proven(s);
	young_remove(s);
	overdue_remove(s);
	if (s->is_reaped) {
		session_free(s);
		return NULL;
	}
	s->deadline_ms = loop_now() + (int64_t)netd.limits.close_timeout_ms;
	if (!s->is_killed)
		loop_timer_set(&s->timer, netd.limits.close_timeout_ms);
	return NULL;
}

void
netd_end(int status)
{
	struct session *s;

	RB_FOREACH(s, pid_tree, &pids)
		(void)kill(s->pid, SIGKILL);
	_exit(status);
}
