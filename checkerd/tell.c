/* SPDX-License-Identifier: ISC */
/*
 * What the warden is told.  Each message wakes it up, and then busd, and the
 * state process; many in a row cost each of them hardly more than one does.
 * So one is sent at once, but what follows shortly afterwards, together.
 */
#include "checkerd.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define TOGETHER_MS 10

struct held {
	STAILQ_ENTRY(held) entry;
	enum msg_type type;
	size_t fixed, len;	/* of the body, and the tail behind it */
	uint8_t bytes[];
};

static STAILQ_HEAD(, held) held = STAILQ_HEAD_INITIALIZER(held);
static struct loop_timer timer;
static int64_t next_ms;		/* it is as good as alone from then on */

static void
send_held(struct loop_timer *unused)
{
	struct held *h;

	(void)unused;
	while ((h = STAILQ_FIRST(&held)) != NULL) {
		STAILQ_REMOVE_HEAD(&held, entry);
		orders_tell(&checkerd.warden, h->type, h->bytes,
		    h->bytes + h->fixed, h->len, -1);
		freezero(h, sizeof *h + h->fixed + h->len);
	}
	next_ms = loop_now() + TOGETHER_MS;
}

static void
hold(enum msg_type type, const void *body, const char *command, size_t len)
{
	size_t fixed = msg_rules[type].fixed;
	struct held *h;

	if ((h = malloc(sizeof *h + fixed + len)) == NULL)
		fatal("malloc");
	h->type = type;
	h->fixed = fixed;
	h->len = len;
	memcpy(h->bytes, body, fixed);
	memcpy(h->bytes + fixed, command, len);
	STAILQ_INSERT_TAIL(&held, h, entry);
}

void
tell_init(void)
{
	loop_timer_init(&timer, send_held, NULL);
}

void
tell_warden(enum msg_type type, const void *body, const char *command)
{
	int64_t now = loop_now();
	size_t len = strlen(command);

	if (now < next_ms) {
		if (STAILQ_EMPTY(&held))
			loop_timer_set(&timer, (uint64_t)(next_ms - now));
		hold(type, body, command, len);
		return;
	}
	/* A callback that takes long keeps the timer from doing this. */
	loop_timer_del(&timer);
	send_held(&timer);
	orders_tell(&checkerd.warden, type, body, command, len, -1);
}
