/* SPDX-License-Identifier: ISC */
/*
 * The warden's end of busd, through which administrators see and decide.
 * What it says is done, for that is its task; what it hears is public.
 */
#include "warden.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "log.h"

#define PENDING_MAX 4096	/* requests that wait for the disk */
#define TAIL_MAX 8192		/* of BUS_START */

static const char too_many[] = "too many requests at once";

/* What a request waits for; in the end, that all of it is in force. */
enum wait {
	WAIT_SAVED,		/* until this SAVE is on disk */
	WAIT_ADDED,		/* until this ADD is */
	WAIT_RELOAD,		/* for a reload that has not begun */
	WAIT_RELOADED,		/* and for one that has */
	WAIT_SYNCED		/* until this SYNC is answered */
};

struct pending {
	STAILQ_ENTRY(pending) entry;
	uint64_t request;
	enum wait wait;
	uint64_t seq;		/* of what it waits for */
	int error;
	uint32_t number;	/* of a client that was added */
};

static STAILQ_HEAD(, pending) pending = STAILQ_HEAD_INITIALIZER(pending);
static size_t pending_count;
static uint64_t syncs;		/* the number of the last SYNC */

static void
forget_pending(void)
{
	struct pending *p;

	while ((p = STAILQ_FIRST(&pending)) != NULL) {
		STAILQ_REMOVE_HEAD(&pending, entry);
		free(p);
	}
	pending_count = 0;
}

static struct link busd = { .proc = PROC_BUSD, .name = "busd",
	.chan = { .fd = -1 }, .lost = forget_pending };

void
busd_open(const struct boot *boot, int fd)
{
	struct msg_bus_start m = { .flags = boot->settings.flags,
		.log_level = boot->settings.log_level, .port = boot->port };
	const char *interface = boot->settings.interface;
	uint8_t tail[TAIL_MAX];
	size_t len = 0;

	if (tail_put(tail, sizeof tail, &len, boot->servicename,
	    strlen(boot->servicename)) == -1 ||
	    tail_put(tail, sizeof tail, &len, interface,
	    strnlen(interface, IFNAME_LEN)) == -1)
		fatalx("the service name is too long");
	link_open(&busd, fd);
	link_tell(&busd, MSG_BUS_START, &m, tail, len);
}

/* Until it is ready nothing is kept for it: it will be told all. */
static void
tell(enum msg_type type, const void *body, const void *tail, size_t len)
{
	if (link_is_ready(&busd))
		link_tell(&busd, type, body, tail, len);
}

void
busd_tell(const struct client *c)
{
	struct msg_client_state m = { .f = c->f };

	tell(MSG_CLIENT_STATE, &m, c->strings, c->strings_len);
}

void
busd_gone(const struct client *c)
{
	struct msg_client_gone m = { .number = c->f.number };

	tell(MSG_CLIENT_GONE, &m, NULL, 0);
}

void
busd_event(enum event event, const struct client *c, int64_t value,
    int64_t by_default, const void *tail, size_t len)
{
	struct msg_event m = { .e = { .event = event, .value = value,
		.by_default = by_default } };

	if (c != NULL)
		m.e.number = c->f.number;
	/* What is not on disk is not told. */
	if (c != NULL && c->unsaved == 0)
		m.f = c->f;
	tell(MSG_EVENT, &m, tail, len);
}

static void
answer(uint64_t request, int error, uint32_t number)
{
	struct msg_control_done m = { .request = request,
		.error = (uint32_t)error, .number = number };

	tell(MSG_CONTROL_DONE, &m, NULL, 0);
}

static void
forget(struct pending *p)
{
	STAILQ_REMOVE(&pending, p, pending, entry);
	pending_count--;
	free(p);
}

/* What was done is done; it is answered when it is in force. */
static void
wait_for_sync(struct pending *p)
{
	p->wait = WAIT_SYNCED;
	p->seq = ++syncs;
	monitor_sync(p->seq);
}

void
busd_put_off(uint64_t was, uint64_t seq)
{
	struct pending *p;

	STAILQ_FOREACH(p, &pending, entry)
		if (p->wait == WAIT_SAVED && p->seq == was)
			p->seq = seq;
}

void
busd_saved(uint64_t seq, int error)
{
	struct pending *p;

	STAILQ_FOREACH(p, &pending, entry)
		if (p->wait == WAIT_SAVED && p->seq <= seq) {
			p->error = error;
			wait_for_sync(p);
		}
}

void
busd_synced(uint64_t sync)
{
	struct pending *p, *next;

	STAILQ_FOREACH_SAFE(p, &pending, entry, next)
		if (p->wait == WAIT_SYNCED && p->seq <= sync) {
			answer(p->request, p->error, p->number);
			forget(p);
		}
}

void
busd_added(uint64_t seq, int error, uint32_t number)
{
	struct pending *p;

	STAILQ_FOREACH(p, &pending, entry)
		if (p->wait == WAIT_ADDED && p->seq == seq)
			break;
	/* Whose busd has ended is not answered. */
	if (p == NULL)
		return;
	p->error = error;
	p->number = number;
	wait_for_sync(p);
}

void
busd_reloading(void)
{
	struct pending *p;

	STAILQ_FOREACH(p, &pending, entry)
		if (p->wait == WAIT_RELOAD)
			p->wait = WAIT_RELOADED;
}

void
busd_reloaded(enum reloaded result, const void *why, size_t len)
{
	struct msg_control_done m = { .error = 0 };
	struct pending *p, *next;

	if (result == RELOADED_BAD)
		m.error = EINVAL;
	else if (result != RELOADED_IN_FORCE)
		m.error = EIO;
	/* Who has come later waits for the next one. */
	STAILQ_FOREACH_SAFE(p, &pending, entry, next)
		if (p->wait == WAIT_RELOADED) {
			m.request = p->request;
			tell(MSG_CONTROL_DONE, &m, why, len);
			forget(p);
		}
}

/* Answer this one later; returns NULL if there are too many already. */
static struct pending *
wait_new(uint64_t request, enum wait wait)
{
	struct pending *p;

	if (pending_count == PENDING_MAX)
		return NULL;
	if ((p = calloc(1, sizeof *p)) == NULL)
		fatal("calloc");
	p->request = request;
	p->wait = wait;
	STAILQ_INSERT_TAIL(&pending, p, entry);
	pending_count++;
	return p;
}

/* Answer when this SAVE, 0 for none, is on disk, and all is in force. */
static const char *
answer_saved(uint64_t request, uint64_t seq)
{
	struct pending *p = wait_new(request, WAIT_SAVED);

	if (p == NULL)
		return too_many;
	p->seq = seq;
	if (seq == 0)
		wait_for_sync(p);
	return NULL;
}

const char *
on_bus_ready(struct chan *chan, const struct msg_bus_ready *m,
    struct msg *msg)
{
	struct client *c;

	(void)chan;
	(void)m;
	(void)msg;
	link_ready(&busd);
	for (c = client_next(NULL); c != NULL; c = client_next(c))
		if (c->unsaved == 0)
			busd_tell(c);
	return NULL;
}

/* An administrator has removed it: not even clients.conf brings it back. */
static const char *
control_remove(struct client *c, uint64_t request)
{
	uint64_t seq = state_forget(c);

	log_info("Client %s is removed", c->name);
	client_remove(c);
	return answer_saved(request, seq);
}

/* What is about no client that is known. */
static const char *
control_server(const struct msg_control *m, const struct msg *msg)
{
	struct pending *p;

	if (m->what == CONTROL_ADD &&
	    client_check(msg->tail, msg->tail_len) == -1)
		return "bad strings";
	p = wait_new(m->request, m->what == CONTROL_ADD ? WAIT_ADDED :
	    WAIT_RELOAD);
	if (p == NULL)
		return too_many;
	if (m->what == CONTROL_ADD)
		p->seq = state_add(&m->f, msg->tail, msg->tail_len);
	else
		parent_reload();
	return NULL;
}

const char *
on_control(struct chan *chan, const struct msg_control *m, struct msg *msg)
{
	struct client *c = client_number(m->f.number);
	int error;

	(void)chan;
	if (m->what >= CONTROL_MAX || m->set & ~SET_AT_RUN_TIME)
		return "no such thing can be done";
	if (m->what == CONTROL_RELOAD || m->what == CONTROL_ADD)
		return control_server(m, msg);
	if (c == NULL) {
		answer(m->request, ENOENT, 0);
		return NULL;
	}
	switch ((enum control)m->what) {
	case CONTROL_SET:
		error = life_set(c, m->set, &m->f, msg->tail, msg->tail_len);
		if (error == EBADMSG)
			return "bad strings";
		if (error != 0) {
			answer(m->request, error, 0);
			return NULL;
		}
		break;
	case CONTROL_APPROVE:
	case CONTROL_DENY:
		monitor_approve(c, m->what == CONTROL_APPROVE ? APPROVAL_YES :
		    APPROVAL_NO, c->f.approval_duration_ms);
		break;
	case CONTROL_ENABLE:
		life_enable(c);
		break;
	case CONTROL_DISABLE:
		life_disable(c);
		break;
	case CONTROL_CHECKED_OK:
		life_checked_ok(c);
		break;
	case CONTROL_START_CHECKER:
		life_check_wanted(c);
		break;
	case CONTROL_STOP_CHECKER:
		life_check_stopped(c);
		break;
	case CONTROL_REMOVE:
		return control_remove(c, m->request);
	case CONTROL_RELOAD:
	case CONTROL_ADD:
	case CONTROL_MAX:
		break;
	}
	/* What this has changed, and what it waited for, is saved first. */
	return answer_saved(m->request, c->unsaved);
}
