/* SPDX-License-Identifier: ISC */
/*
 * The configuration reader as the parent sees it: a process that complains and
 * ends, or sends the settings and has clients to send as well.  Those are not
 * for us: they hold secrets.  The channel goes to the monitor, and from there
 * to whoever keeps them.
 */
#include "parent.h"

#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define STRINGS_MAX 8192	/* as SETTINGS may have */
#define COMPLAINT_MAX 1024	/* as COMPLAINT may have, and a NUL */
#define RELOAD_MS 60000		/* what a reader may take at most */

/*
 * Who may ask for reloads over D-Bus could ask for one after the other: then
 * it is our turn to rest for as long as the last one took.
 */
#define REST_MIN_MS 10
#define REST_MAX_MS 10000

enum reload {
	RELOAD_FIRST,		/* at start: not in force yet */
	RELOAD_NONE,
	RELOAD_READING,		/* the reader has not sent settings yet */
	RELOAD_MERGING		/* the monitor has its channel */
};

/* What the warden wants to know. */
enum asked {
	ASKED_NOTHING,
	ASKED_NEXT,		/* what comes of the next reload */
	ASKED_THIS		/* of the one that has begun */
};

static struct chan reader = { .fd = -1 };
static enum reload reload;
static int again;		/* once more after this one */
static enum asked asked;
static char complaint[COMPLAINT_MAX];	/* the reader's first one */
static struct loop_timer patience;
static int64_t begun_ms;	/* when the last one began */
static int64_t rested_ms;	/* and another may, for the warden */
static struct loop_timer rest;

/* What the server was started with. */
static struct settings_msg settings;
static uint8_t strings[STRINGS_MAX];
static size_t strings_len;
static int is_booted;

static void out_of_patience(struct loop_timer *);
static void rested(struct loop_timer *);

static int
start(int is_again)
{
	int fds[2];

	if (chan_pair(fds) == -1)
		return -1;
	if (spawn_start(PROC_CONF, fds[1], is_again) == -1) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	close(fds[1]);
	chan_init(&reader, fds[0], PROC_PARENT, PROC_CONF, PHASE_BOOT);
	return 0;
}

const char *
on_settings(struct chan *chan, const struct msg_settings *m, struct msg *msg)
{
	if (memchr(m->s.interface, '\0', sizeof m->s.interface) == NULL)
		return "unterminated string";
	chan->phase = PHASE_OVER;
	if (!is_booted) {
		settings = m->s;
		memcpy(strings, msg->tail, msg->tail_len);
		strings_len = msg->tail_len;
		is_booted = 1;
	} else if (memcmp(&settings, &m->s, sizeof settings) != 0 ||
	    strings_len != msg->tail_len ||
	    memcmp(strings, msg->tail, strings_len) != 0)
		log_warnx("settings have changed that take effect at the next "
		    "start only");
	return NULL;
}

const char *
on_complaint(struct chan *chan, const struct msg_complaint *m,
    struct msg *msg)
{
	(void)m;
	/* The first one complains to who has started us. */
	if (!is_booted || msg->tail_len >= sizeof complaint)
		return "not wanted";
	chan->phase = PHASE_OVER;
	memcpy(complaint, msg->tail, msg->tail_len);
	complaint[msg->tail_len] = '\0';
	return NULL;
}

void
reader_boot(struct settings_msg *s)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;

	loop_timer_init(&patience, out_of_patience, NULL);
	loop_timer_init(&rest, rested, NULL);
	if (start(0) == -1)
		fatal("cannot start mandos-readconf");
	if (chan_recv_wait(&reader, &msg, -1) != 1) {
		/* It has said why, or printed what was asked for. */
		chan_close(&reader);
		exit(spawn_await(PROC_CONF));
	}
	type = msg.type;
	if ((flaw = parent_handle(&reader, &msg)) != NULL) {
		log_alertx("%s from mandos-readconf: %s", msg_name(type), flaw);
		parent_end(70);
	}
	*s = settings;
}

void
reader_settings(enum msg_type type, const struct settings_msg *s)
{
	parent_tell(type, s, strings, strings_len, -1);
}

char *
reader_service(void)
{
	const uint8_t *p = strings, *skipped;
	size_t left = strings_len, len;
	char *name;

	/* The first one is the priority. */
	if (tail_get(&p, &left, left, &skipped, &len) == -1 ||
	    tail_get_text(&p, &left, left, &name) == -1)
		fatalx("no service name among the settings");
	return name;
}

void
reader_pass(void)
{
	struct msg_reader m = { 0 };

	parent_tell(MSG_READER, &m, NULL, 0, reader.fd);
	chan_close(&reader);
}

void
reader_abandon(void)
{
	chan_close(&reader);
}

/* Begin the next one, if there is to be one, as soon as may be. */
static void
next(void)
{
	int64_t left = rested_ms - loop_now();

	if (reload != RELOAD_NONE || spawn_is_running(PROC_CONF) ||
	    parent_is_stopping())
		return;
	if (again) {
		reader_reload();
		return;
	}
	if (asked == ASKED_NEXT && left > 0)
		loop_timer_set(&rest, (uint64_t)left);
	else if (asked == ASKED_NEXT)
		reader_reload();
}

static void
rested(struct loop_timer *timer)
{
	(void)timer;
	next();
}

/* The one that has begun is over. */
static void
over(enum reloaded result)
{
	int64_t now = loop_now(), took = now - begun_ms;

	loop_timer_del(&patience);
	if (took < REST_MIN_MS)
		took = REST_MIN_MS;
	else if (took > REST_MAX_MS)
		took = REST_MAX_MS;
	/* The first one was nobody's wish. */
	if (reload != RELOAD_FIRST)
		rested_ms = now + took;
	reload = RELOAD_NONE;
	if (asked == ASKED_THIS) {
		asked = ASKED_NOTHING;
		warden_reloaded(result, result == RELOADED_BAD ? complaint :
		    "");
	}
	next();
}

/* With this reason, unless the reader has given one. */
static void
refuse(const char *why)
{
	log_errx("configuration not reloaded, the old one stays in force");
	if (complaint[0] == '\0')
		strlcpy(complaint, why, sizeof complaint);
	spawn_kill(PROC_CONF);
	chan_close(&reader);
	notify_refused();
	over(RELOADED_BAD);
}

static void
reader_ready(struct loop_io *io, uint32_t events)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;

	(void)io;
	(void)events;
	switch (chan_recv(&reader, &msg)) {
	case 0:
		return;
	case -1:
		refuse("it could not be read; the log may say why");
		return;
	}
	type = msg.type;
	if ((flaw = parent_handle(&reader, &msg)) != NULL) {
		log_alertx("%s from mandos-readconf: %s", msg_name(type), flaw);
		refuse("the reader is broken");
		return;
	}
	/* It has complained, and ends. */
	if (type != MSG_SETTINGS)
		return;
	reload = RELOAD_MERGING;
	reader_pass();
}

/* It waits for a file that is none, or a name service that does not answer. */
static void
out_of_patience(struct loop_timer *timer)
{
	(void)timer;
	if (reload == RELOAD_READING) {
		log_errx("the configuration could not be read in time");
		refuse("it could not be read in time");
	}
}

void
reader_reload(void)
{
	if (reload != RELOAD_NONE || spawn_is_running(PROC_CONF)) {
		again = 1;
		return;
	}
	notify_reloading();
	loop_timer_del(&rest);
	begun_ms = loop_now();
	again = 0;
	complaint[0] = '\0';
	if (asked == ASKED_NEXT)
		asked = ASKED_THIS;
	reload = RELOAD_READING;
	if (start(1) == -1 || loop_io_add(&reader.io, reader.fd, EPOLLIN,
	    reader_ready, NULL) == -1) {
		log_warn("cannot start mandos-readconf");
		refuse("the reader could not be started");
		return;
	}
	loop_timer_set(&patience, RELOAD_MS);
}

void
reader_done(int refused)
{
	if (refused && reload == RELOAD_MERGING)
		log_errx("configuration not reloaded, the old one stays in "
		    "force");
	over(refused ? RELOADED_NOT_TAKEN : RELOADED_IN_FORCE);
}

void
reader_ended(void)
{
	next();
}

int
reader_ask(void)
{
	if (asked != ASKED_NOTHING)
		return -1;
	asked = ASKED_NEXT;
	next();
	return 0;
}
