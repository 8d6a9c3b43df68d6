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

struct pending {
	STAILQ_ENTRY(pending) entry;
	uint64_t request;
	uint64_t seq;		/* to be saved first */
	uint64_t sync;		/* to be in force first; 0: not saved yet */
	int error;
};

/* Somebody who wants the configuration to be read again. */
struct reload {
	STAILQ_ENTRY(reload) entry;
	uint64_t request;
	int has_begun;		/* the answer that comes is his */
};

static STAILQ_HEAD(, reload) reloads = STAILQ_HEAD_INITIALIZER(reloads);
static size_t reload_count;
static STAILQ_HEAD(, pending) pending = STAILQ_HEAD_INITIALIZER(pending);
static size_t pending_count;
static uint64_t syncs;		/* the number of the last SYNC */

static void
forget_pending(void)
{
	struct pending *p;
	struct reload *r;

	while ((p = STAILQ_FIRST(&pending)) != NULL) {
		STAILQ_REMOVE_HEAD(&pending, entry);
		free(p);
	}
	pending_count = 0;
	while ((r = STAILQ_FIRST(&reloads)) != NULL) {
		STAILQ_REMOVE_HEAD(&reloads, entry);
		free(r);
	}
	reload_count = 0;
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
busd_event(enum event event, uint32_t number, int64_t value,
    int64_t by_default, const void *tail, size_t len)
{
	struct msg_event m = { .e = { .event = event, .number = number,
		.value = value, .by_default = by_default } };

	tell(MSG_EVENT, &m, tail, len);
}

static void
answer_why(uint64_t request, int error, const void *why, size_t len)
{
	struct msg_control_done m = { .request = request,
		.error = (uint32_t)error };

	tell(MSG_CONTROL_DONE, &m, why, len);
}

static void
answer(uint64_t request, int error)
{
	answer_why(request, error, NULL, 0);
}

void
busd_put_off(uint64_t was, uint64_t seq)
{
	struct pending *p;

	STAILQ_FOREACH(p, &pending, entry)
		if (p->sync == 0 && p->seq == was)
			p->seq = seq;
}

void
busd_saved(uint64_t seq, int error)
{
	struct pending *p;

	STAILQ_FOREACH(p, &pending, entry)
		if (p->sync == 0 && p->seq <= seq) {
			p->error = error;
			p->sync = ++syncs;
			monitor_sync(p->sync);
		}
}

void
busd_synced(uint64_t sync)
{
	struct pending *p, *next;

	STAILQ_FOREACH_SAFE(p, &pending, entry, next)
		if (p->sync != 0 && p->sync <= sync) {
			STAILQ_REMOVE(&pending, p, pending, entry);
			pending_count--;
			answer(p->request, p->error);
			free(p);
		}
}

/* Answer when this SAVE, 0 for none, is on disk, and all is in force. */
static const char *
answer_saved(uint64_t request, uint64_t seq)
{
	struct pending *p;

	if (pending_count == PENDING_MAX)
		return "too many requests at once";
	if ((p = calloc(1, sizeof *p)) == NULL)
		fatal("calloc");
	p->request = request;
	p->seq = seq;
	STAILQ_INSERT_TAIL(&pending, p, entry);
	pending_count++;
	if (seq == 0) {
		p->sync = ++syncs;
		monitor_sync(p->sync);
	}
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

static const char *
control_reload(uint64_t request)
{
	struct reload *r;

	if (reload_count == PENDING_MAX)
		return "too many requests at once";
	if ((r = calloc(1, sizeof *r)) == NULL)
		fatal("calloc");
	r->request = request;
	STAILQ_INSERT_TAIL(&reloads, r, entry);
	reload_count++;
	parent_reload();
	return NULL;
}

void
busd_reloading(void)
{
	struct reload *r;

	STAILQ_FOREACH(r, &reloads, entry)
		r->has_begun = 1;
}

void
busd_reloaded(enum reloaded result, const void *why, size_t len)
{
	struct reload *r;
	int error = 0;

	if (result == RELOADED_BAD)
		error = EINVAL;
	else if (result != RELOADED_IN_FORCE)
		error = EIO;
	/* Who has come later waits for the next one. */
	while ((r = STAILQ_FIRST(&reloads)) != NULL && r->has_begun) {
		STAILQ_REMOVE_HEAD(&reloads, entry);
		reload_count--;
		answer_why(r->request, error, why, len);
		free(r);
	}
}

const char *
on_control(struct chan *chan, const struct msg_control *m, struct msg *msg)
{
	struct client *c = client_number(m->f.number);
	int error;

	(void)chan;
	if (m->what >= CONTROL_MAX || m->set & ~SET_AT_RUN_TIME)
		return "no such thing can be done";
	if (m->what == CONTROL_RELOAD)
		return control_reload(m->request);
	if (c == NULL) {
		answer(m->request, ENOENT);
		return NULL;
	}
	switch ((enum control)m->what) {
	case CONTROL_SET:
		error = life_set(c, m->set, &m->f, msg->tail, msg->tail_len);
		if (error == EBADMSG)
			return "bad strings";
		if (error != 0) {
			answer(m->request, error);
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
		checkerd_tell(c, CHECK_NOW);
		break;
	case CONTROL_STOP_CHECKER:
		life_check_stopped(c);
		break;
	case CONTROL_REMOVE:
		return control_remove(c, m->request);
	case CONTROL_RELOAD:
	case CONTROL_MAX:
		break;
	}
	/* What this has changed, and what it waited for, is saved first. */
	return answer_saved(m->request, c->unsaved);
}
