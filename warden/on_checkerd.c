/* SPDX-License-Identifier: ISC */
/*
 * The warden's end of checkerd, which says how clients are doing.  It is
 * believed in that, and in nothing else.
 */
#include "warden.h"

#include <sys/types.h>
#include <sys/wait.h>

#include "dispatch.h"

static struct link checkerd = { .proc = PROC_CHECKERD, .name = "checkerd",
	.chan = { .fd = -1 } };

void
checkerd_open(const struct boot *boot, int fd)
{
	struct msg_check_start m = { .limits = boot->settings.checks,
		.log_level = boot->settings.log_level };

	m.debug = (boot->settings.flags & SETTING_DEBUG) != 0;
	link_open(&checkerd, fd);
	link_tell(&checkerd, MSG_CHECK_START, &m, NULL, 0);
}

int
checkerd_is_there(void)
{
	return link_is_ready(&checkerd);
}

void
checkerd_tell(const struct client *c, uint32_t orders)
{
	struct msg_check m = { .f = c->f, .orders = orders,
		.stops = c->stops, .first_ms = c->f.interval_ms };
	int64_t now = loop_now();

	/* Until it is ready nothing is kept for it: it will be told all. */
	if (!link_is_ready(&checkerd))
		return;
	if (c->first_due_ms != 0)
		m.first_ms = c->first_due_ms > now ?
		    (uint64_t)(c->first_due_ms - now) : 0;
	link_tell(&checkerd, MSG_CHECK, &m, c->strings, c->strings_len);
}

void
checkerd_forget(const struct client *c)
{
	struct msg_check_forget m = { .number = c->f.number };

	if (link_is_ready(&checkerd))
		link_tell(&checkerd, MSG_CHECK_FORGET, &m, NULL, 0);
}

const char *
on_check_ready(struct chan *chan, const struct msg_check_ready *m,
    struct msg *msg)
{
	struct client *c;

	(void)chan;
	(void)m;
	(void)msg;
	link_ready(&checkerd);
	for (c = client_next(NULL); c != NULL; c = client_next(c))
		life_check_again(c);
	return NULL;
}

/* Its news may be of a client that has been removed meanwhile. */
const char *
on_check_started(struct chan *chan, const struct msg_check_started *m,
    struct msg *msg)
{
	struct client *c = client_number(m->number);

	(void)chan;
	if (c == NULL)
		return NULL;
	life_check_started(c, m->scheduled != 0, m->stops);
	busd_event(EVENT_CHECKER_STARTED, c, 0, 0, msg->tail, msg->tail_len);
	return NULL;
}

const char *
on_check_done(struct chan *chan, const struct msg_check_done *m,
    struct msg *msg)
{
	struct client *c = client_number(m->number);

	(void)chan;
	if (c == NULL)
		return NULL;
	life_checked(c, WIFEXITED(m->status) ? WEXITSTATUS(m->status) :
	    CHECKER_CRASHED);
	busd_event(EVENT_CHECKER_COMPLETED, c, m->status, 0, msg->tail,
	    msg->tail_len);
	return NULL;
}
