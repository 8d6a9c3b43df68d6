/* SPDX-License-Identifier: ISC */
/*
 * The warden's and the reader's side of mandos-state's channels.
 */
#include "drive.h"

#include <sys/types.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 10000	/* less than what is not urgent may wait */
#define OUR_TIME_US INT64_C(1600000000000000)	/* in 2020 */
#define MINUTE_MS UINT64_C(60000)

void
drive_scratch(void)
{
	char *here = realpath(".", NULL);

	ATF_REQUIRE(here != NULL);
	if (unshare(CLONE_NEWNS) == -1 || mount("none", "/", NULL,
	    MS_REC | MS_PRIVATE, NULL) == -1 || mount("scratch", here,
	    "tmpfs", 0, NULL) == -1)
		fprintf(stderr, "on disk: %s\n", strerror(errno));
	ATF_REQUIRE_EQ(0, chdir(here));
	free(here);
}

void
drive_conf(struct drive_set *set, size_t count)
{
	struct drive_client *c;
	size_t i, j;

	ATF_REQUIRE(count <= DRIVE_CLIENTS);
	memset(set, 0, sizeof *set);
	set->count = count;
	for (i = 0; i < count; i++) {
		c = &set->client[i];
		snprintf(c->text[DRIVE_NAME], sizeof c->text[0],
		    "client%02zu.example.org", i);
		snprintf(c->text[DRIVE_HOST], sizeof c->text[0],
		    "192.0.2.%zu", i);
		strlcpy(c->text[DRIVE_CHECKER], "fping -q -- %(host)s",
		    sizeof c->text[0]);
		for (j = 0; j < KEYID_LEN; j++) {
			c->f.keyid[j] = (uint8_t)(i * 37 + j);
			snprintf(c->text[DRIVE_KEYID] + 2 * j, 3, "%02x",
			    c->f.keyid[j]);
		}
		snprintf(c->text[DRIVE_FINGERPRINT], sizeof c->text[0],
		    "%040zX", i);
		c->secret_len = i % 2 == 0 ? DRIVE_SECRET : 17;
		for (j = 0; j < c->secret_len; j++)
			c->secret[j] = (uint8_t)(i * 11 + j * 7);
		c->f.flags = CLIENT_ENABLED | CLIENT_HAS_KEYID |
		    CLIENT_APPROVED_BY_DEFAULT;
		c->f.last_checker_status = CHECKER_NEVER;
		c->f.timeout_ms = 5 * MINUTE_MS;
		c->f.extended_timeout_ms = 15 * MINUTE_MS;
		c->f.interval_ms = 2 * MINUTE_MS;
		c->f.approval_duration_ms = 1000;
	}
}

struct drive_client *
drive_find(struct drive_set *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (strcmp(set->client[i].text[DRIVE_NAME], name) == 0)
			return &set->client[i];
	}
	return NULL;
}

static struct drive_client *
find_number(struct drive_set *set, uint32_t number)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (set->client[i].f.number == number)
			return &set->client[i];
	}
	return NULL;
}

/* What a new process becomes mandos-state with. */
struct birth {
	int chan;
	const char *log;
};

static void
become_state(void *arg)
{
	const struct birth *birth = arg;
	int log = open(birth->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND |
	    O_CLOEXEC, 0600);

	if (log == -1 || dup2(log, STDERR_FILENO) == -1)
		err(1, "%s", birth->log);
	if (birth->chan == CHAN_FD ? fcntl(CHAN_FD, F_SETFD, 0) == -1 :
	    dup2(birth->chan, CHAN_FD) == -1)
		err(1, "channel");
	execl(STATE_PROGRAM, "mandos-state", (char *)NULL);
	err(1, "%s", STATE_PROGRAM);
}

/* The tail of a message that has a client. */
static size_t
put_client(uint8_t *buf, size_t size, const struct drive_client *c, int secret)
{
	size_t i, used = 0;

	for (i = 0; i < CLIENT_STRINGS; i++)
		ATF_REQUIRE_EQ(0, tail_put(buf, size, &used, c->text[i],
		    strlen(c->text[i])));
	if (secret)
		ATF_REQUIRE_EQ(0, tail_put(buf, size, &used, c->secret,
		    c->secret_len));
	return used;
}

static void
get_client(struct drive_client *c, const struct msg *msg, uint32_t set)
{
	const uint8_t *p = msg->tail, *bytes;
	size_t i, len, left = msg->tail_len;

	for (i = 0; i < CLIENT_STRINGS; i++) {
		ATF_REQUIRE_EQ(0, tail_get(&p, &left, sizeof c->text[0] - 1,
		    &bytes, &len));
		memset(c->text[i], 0, sizeof c->text[0]);
		memcpy(c->text[i], bytes, len);
	}
	if (set & SET_SECRET) {
		ATF_REQUIRE_EQ(0, tail_get(&p, &left, DRIVE_SECRET, &bytes,
		    &len));
		memcpy(c->secret, bytes, len);
		c->secret_len = len;
	}
	ATF_REQUIRE_EQ(0, left);
}

static void
take_flag(struct client_fields *to, const struct client_fields *from,
    uint32_t flag)
{
	to->flags = (to->flags & ~flag) | (from->flags & flag);
}

/* The settings of a client that the warden has. */
static void
take_settings(struct drive_client *c, const struct drive_client *from,
    uint32_t set)
{
	static const uint32_t texts[] = { [DRIVE_HOST] = SET_HOST,
		[DRIVE_CHECKER] = SET_CHECKER, [DRIVE_KEYID] = SET_KEYID,
		[DRIVE_FINGERPRINT] = SET_FINGERPRINT };
	size_t i;

	for (i = DRIVE_HOST; i <= DRIVE_FINGERPRINT; i++) {
		if (set & texts[i])
			memcpy(c->text[i], from->text[i], sizeof c->text[i]);
	}
	if (set & SET_KEYID) {
		memcpy(c->f.keyid, from->f.keyid, KEYID_LEN);
		take_flag(&c->f, &from->f, CLIENT_HAS_KEYID);
	}
	if (set & SET_TIMEOUT)
		c->f.timeout_ms = from->f.timeout_ms;
	if (set & SET_EXTENDED_TIMEOUT)
		c->f.extended_timeout_ms = from->f.extended_timeout_ms;
	if (set & SET_INTERVAL)
		c->f.interval_ms = from->f.interval_ms;
	if (set & SET_APPROVAL_DELAY)
		c->f.approval_delay_ms = from->f.approval_delay_ms;
	if (set & SET_APPROVAL_DURATION)
		c->f.approval_duration_ms = from->f.approval_duration_ms;
	if (set & SET_APPROVED_BY_DEFAULT)
		take_flag(&c->f, &from->f, CLIENT_APPROVED_BY_DEFAULT);
	if (set & SET_ENABLED) {
		take_flag(&c->f, &from->f, CLIENT_ENABLED);
		if (!(c->f.flags & CLIENT_ENABLED))
			c->f.last_enabled_us = 0;
	}
	if (set & SET_SECRET) {
		memcpy(c->secret, from->secret, sizeof c->secret);
		c->secret_len = from->secret_len;
	}
}

/* As the warden would. */
static void
enrol(struct drive *drive, const struct msg *msg)
{
	struct drive_set *held = &drive->held;
	struct drive_client told, *c;
	struct msg_enrolled m;

	memset(&told, 0, sizeof told);
	memcpy(&m, msg->body, sizeof m);
	told.f = m.f;
	get_client(&told, msg, m.set);
	ATF_REQUIRE(m.f.number != 0);
	c = find_number(held, m.f.number);
	ATF_REQUIRE_EQ(m.is_new != 0, c == NULL);
	if (c != NULL) {
		take_settings(c, &told, m.set);
		return;
	}
	ATF_REQUIRE_EQ(SET_ALL, m.set);
	ATF_REQUIRE(held->count < DRIVE_CLIENTS);
	held->client[held->count++] = told;
}

static void
drop(struct drive *drive, const struct msg *msg)
{
	struct drive_set *held = &drive->held;
	struct drive_client *c;
	struct msg_dropped m;

	memcpy(&m, msg->body, sizeof m);
	ATF_REQUIRE((c = find_number(held, m.number)) != NULL);
	*c = held->client[--held->count];
}

/*
 * The next message that says that something has come to its end, with all
 * others taken in; -1 at the end of the channel.
 */
static int
next(struct drive *drive, struct msg *msg)
{
	for (;;) {
		if (chan_recv_wait(&drive->chan, msg, PATIENCE_MS) == -1) {
			ATF_REQUIRE_MSG(errno != ETIMEDOUT,
			    "mandos-state says nothing");
			drive->over = 1;
			return -1;
		}
		ATF_REQUIRE_STREQ("", msg_check(&drive->chan, msg) == NULL ?
		    "" : msg_check(&drive->chan, msg));
		if (msg->type == MSG_ENROLLED)
			enrol(drive, msg);
		else if (msg->type == MSG_DROPPED)
			drop(drive, msg);
		else
			return 0;
		msg_free(msg);
	}
}

int
drive_start(struct drive *drive, const char *dir, uint32_t flags,
    const struct trace_order *order)
{
	struct msg_state_open m = { .flags = flags, .log_level = 7 };
	struct birth birth;
	uint8_t tail[4096];
	char *path = realpath(dir, NULL);
	size_t used = 0;
	struct msg msg;
	int fds[2];

	memset(drive, 0, sizeof *drive);
	ATF_REQUIRE(path != NULL);
	ATF_REQUIRE_EQ(0, chan_pair(fds));
	snprintf(drive->log, sizeof drive->log, "%s.log", dir);
	birth.chan = fds[1];
	birth.log = drive->log;
	if (order != NULL)
		drive->trace = trace_start(order, become_state, &birth);
	else if ((drive->pid = fork()) == 0)
		become_state(&birth);
	ATF_REQUIRE(drive->pid != -1);
	close(fds[1]);
	chan_init(&drive->chan, fds[0], PROC_WARDEN, PROC_STATE, PHASE_BOOT);
	ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &used, path,
	    strlen(path)));
	free(path);
	if (chan_send(&drive->chan, MSG_STATE_OPEN, &m, tail, used, -1) == -1 ||
	    next(drive, &msg) == -1)
		return -1;
	ATF_REQUIRE_EQ(MSG_OPENED, msg.type);
	msg_free(&msg);
	drive->chan.phase = PHASE_RUN;
	return 0;
}

/* The reader's side; an end of the channel shows on the other one, too. */
static void
send_conf(int fd, const struct drive_set *conf)
{
	static uint8_t tail[131072];
	struct msg_conf_end end = { .clients = (uint32_t)conf->count };
	struct msg_client m;
	struct chan reader;
	size_t i, used;
	int rc = 0;

	chan_init(&reader, fd, PROC_CONF, PROC_STATE, PHASE_READING);
	for (i = 0; rc == 0 && i < conf->count; i++) {
		memset(&m, 0, sizeof m);
		m.f = conf->client[i].f;
		m.f.last_checker_status = 0;
		used = put_client(tail, sizeof tail, &conf->client[i], 1);
		rc = chan_send(&reader, MSG_CLIENT, &m, tail, used, -1);
	}
	if (rc == 0)
		chan_send(&reader, MSG_CONF_END, &end, NULL, 0, -1);
	chan_close(&reader);
}

int
drive_merge(struct drive *drive, const struct drive_set *conf)
{
	struct msg_merge m = { .zero = 0 };
	struct msg_merged merged;
	struct msg msg;
	int rc, fds[2];

	ATF_REQUIRE_EQ(0, chan_pair(fds));
	rc = chan_send(&drive->chan, MSG_MERGE, &m, NULL, 0, fds[1]);
	close(fds[1]);
	if (rc == 0)
		send_conf(fds[0], conf);
	else
		close(fds[0]);
	if (next(drive, &msg) == -1)
		return -1;
	ATF_REQUIRE_EQ_MSG(MSG_MERGED, msg.type, "%s", msg_name(msg.type));
	memcpy(&merged, msg.body, sizeof merged);
	msg_free(&msg);
	return merged.refused != 0;
}

void
drive_save(struct drive *drive, const struct drive_client *c, uint32_t set,
    int urgent)
{
	static uint8_t tail[131072];
	struct msg_save m = { .f = c->f, .urgent = (uint32_t)urgent,
		.set = set };
	size_t used = put_client(tail, sizeof tail, c, (set & SET_SECRET) != 0);

	m.seq = ++drive->seq;
	chan_send(&drive->chan, MSG_SAVE, &m, tail, used, -1);
}

void
drive_forget(struct drive *drive, const struct drive_client *c)
{
	struct msg_forget m = { .number = c->f.number };

	m.seq = ++drive->seq;
	chan_send(&drive->chan, MSG_FORGET, &m, NULL, 0, -1);
}

int
drive_wait(struct drive *drive)
{
	struct msg_saved saved;
	struct msg msg;

	for (;;) {
		if (next(drive, &msg) == -1)
			return -1;
		ATF_REQUIRE_EQ_MSG(MSG_SAVED, msg.type, "%s",
		    msg_name(msg.type));
		memcpy(&saved, msg.body, sizeof saved);
		msg_free(&msg);
		ATF_REQUIRE(saved.seq <= drive->seq);
		if (saved.error == 0 && saved.seq > drive->saved)
			drive->saved = saved.seq;
		if (saved.seq == drive->seq)
			return (int)saved.error;
	}
}

int
drive_add(struct drive *drive, const struct drive_client *c)
{
	static uint8_t tail[131072];
	struct msg_add m = { .f = c->f, .seq = ++drive->adds };
	struct msg_added added;
	struct msg msg;
	size_t used = put_client(tail, sizeof tail, c, 1);

	chan_send(&drive->chan, MSG_ADD, &m, tail, used, -1);
	do {
		if (next(drive, &msg) == -1)
			return -1;
		if (msg.type == MSG_ADDED)
			memcpy(&added, msg.body, sizeof added);
		/* What was to be saved before may be, with it. */
		else
			ATF_REQUIRE_EQ(MSG_SAVED, msg.type);
		msg_free(&msg);
	} while (msg.type != MSG_ADDED);
	ATF_REQUIRE_EQ(drive->adds, added.seq);
	ATF_REQUIRE_EQ(added.error == 0, added.number != 0);
	return (int)added.error;
}

void
drive_hang_up(struct drive *drive)
{
	chan_close(&drive->chan);
	drive->over = 1;
}

int
drive_end(struct drive *drive)
{
	int status = 0;

	drive_hang_up(drive);
	if (drive->pid != 0)
		ATF_REQUIRE_EQ(drive->pid, waitpid(drive->pid, &status, 0));
	return status;
}

unsigned int
drive_logged(const struct drive *drive, const char *text)
{
	static char log[65536];
	FILE *fp = fopen(drive->log, "re");
	unsigned int count = 0;
	const char *p;
	size_t n;

	ATF_REQUIRE(fp != NULL);
	n = fread(log, 1, sizeof log - 1, fp);
	fclose(fp);
	log[n] = '\0';
	for (p = log; (p = strstr(p, text)) != NULL; p++)
		count++;
	return count;
}

int
drive_load(struct drive_set *set, const char *dir, const struct drive_set *conf)
{
	static struct drive drive;
	int status, rc;

	if ((rc = drive_start(&drive, dir, SETTING_RESTORE, NULL)) == 0 &&
	    (rc = drive_merge(&drive, conf)) == 0 && drive.held.count > 0) {
		drive_save(&drive, &drive.held.client[0], 0, 1);
		rc = drive_wait(&drive);
	}
	*set = drive.held;
	status = drive_end(&drive);
	return rc == 0 && status == 0 ? 0 : -1;
}

static void
tell_time(FILE *fp, const char *what, int64_t time)
{
	if (time < OUR_TIME_US)
		fprintf(fp, "%s %" PRId64 "\n", what, time);
	else
		fprintf(fp, "%s recently\n", what);
}

static void
tell_client(FILE *fp, const struct drive_client *c)
{
	size_t i;

	for (i = 0; i < CLIENT_STRINGS; i++)
		fprintf(fp, "%s\n", c->text[i]);
	fprintf(fp, "flags %#x status %d\n", c->f.flags &
	    ~(unsigned int)CLIENT_CHECKER_RUNNING, c->f.last_checker_status);
	fprintf(fp, "durations %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
	    " %" PRIu64 "\n", c->f.timeout_ms, c->f.extended_timeout_ms,
	    c->f.interval_ms, c->f.approval_delay_ms,
	    c->f.approval_duration_ms);
	tell_time(fp, "created", c->f.created_us);
	tell_time(fp, "last enabled", c->f.last_enabled_us);
	tell_time(fp, "last checked ok", c->f.last_checked_ok_us);
	tell_time(fp, "last approval request", c->f.last_approval_request_us);
	fputs("key ", fp);
	for (i = 0; i < KEYID_LEN; i++)
		fprintf(fp, "%02x", c->f.keyid[i]);
	fputs("\nsecret ", fp);
	for (i = 0; i < c->secret_len; i++)
		fprintf(fp, "%02x", c->secret[i]);
	fputs("\n\n", fp);
}

static int
by_name(const void *a, const void *b)
{
	const struct drive_client *const *x = a, *const *y = b;

	return strcmp((*x)->text[DRIVE_NAME], (*y)->text[DRIVE_NAME]);
}

char *
drive_tell(const struct drive_set *set)
{
	const struct drive_client *sorted[DRIVE_CLIENTS];
	char *text = NULL;
	size_t i, size;
	FILE *fp = open_memstream(&text, &size);

	ATF_REQUIRE(fp != NULL);
	for (i = 0; i < set->count; i++)
		sorted[i] = &set->client[i];
	qsort(sorted, set->count, sizeof sorted[0], by_name);
	for (i = 0; i < set->count; i++)
		tell_client(fp, sorted[i]);
	ATF_REQUIRE_EQ(0, fclose(fp));
	return text;
}
