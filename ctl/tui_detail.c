/* SPDX-License-Identifier: ISC */
/*
 * The pane for one client: all that the server tells about it, and whether it
 * would get its secret now, from a server that can be asked.  Run by
 * mandos-monitor.
 */
#include "tui.h"

#include <sys/types.h>

#include <err.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tui_link.h"
#include "tui_row.h"
#include "tui_screen.h"
#include "tui_text.h"
#include "tui_time.h"

#define LABEL_WIDTH 23		/* of the longest, and a gap */
#define LABEL_MOST 3		/* not more than a third of the screen */
#define VALUE_LEN 20000		/* characters; the longest command is shorter */
#define HINT "Enter: Back  Up, Down: Scroll  + - a d s S C R: as in the list"

static struct {
	int skip;		/* rows above the screen */
	int rows;		/* of all, when it was drawn */
	int is_asking;		/* the answer to Why has not come yet */
	int is_stale;		/* and is about what was before */
	int cannot;		/* the server has no such method */
	char *why;		/* its answer, or NULL */
	char *path;		/* the client it is about, or NULL */
} pane;

/* Where the next row goes. */
struct pen {
	int row;		/* on the screen, or above it */
	int height;		/* rows for the pane */
	int width;
	int label;		/* columns for labels */
};

static void
forget_why(void)
{
	free(pane.why);
	pane.why = NULL;
}

static void ask_why(void);

static void
why_told(DBusMessage *reply, void *arg)
{
	const char *path = arg, *code, *sentence;

	pane.is_asking = 0;
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR) {
		forget_why();
		/* The original has no such object; or is it the client? */
		pane.cannot = model_find(tui.model, path) != NULL &&
		    bus_is_unknown(dbus_message_get_error_name(reply));
	} else if (pane.path != NULL && strcmp(path, pane.path) == 0 &&
	    dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &code,
	    DBUS_TYPE_STRING, &sentence, DBUS_TYPE_INVALID)) {
		forget_why();
		if (asprintf(&pane.why, "%s (%s)", sentence, code) == -1)
			err(EXIT_FAILURE, "asprintf");
	}
	if (pane.is_stale)
		ask_why();
	tui_changed();
}

static void
ask_why(void)
{
	DBusMessage *msg;
	char *path;

	/* One question at a time, however fast things change. */
	pane.is_stale = pane.is_asking;
	if (pane.is_asking || pane.cannot || pane.path == NULL ||
	    link_state() != LINK_UP)
		return;
	msg = bus_message(BUS_OWN_PATH, BUS_OWN, "Why");
	bus_must(dbus_message_append_args(msg, DBUS_TYPE_OBJECT_PATH,
	    &pane.path, DBUS_TYPE_INVALID));
	if ((path = strdup(pane.path)) == NULL)
		err(EXIT_FAILURE, "strdup");
	pane.is_asking = 1;
	link_ask(msg, why_told, path, free);
}

/* It is about the client with the cursor, whichever that is. */
static void
look_at(const struct client *c)
{
	if (pane.path != NULL && strcmp(pane.path, c->record.path) == 0)
		return;
	free(pane.path);
	if ((pane.path = strdup(c->record.path)) == NULL)
		err(EXIT_FAILURE, "strdup");
	pane.skip = 0;
	forget_why();
	ask_why();
}

void
detail_open(void)
{
	struct client *c = model_focus(tui.model);

	if (c == NULL)
		return;
	/* What is looked at is not to be another one by and by. */
	model_set_focus(tui.model, c);
	tui.is_detail = 1;
	look_at(c);
}

void
detail_close(void)
{
	tui.is_detail = 0;
	forget_why();
	free(pane.path);
	pane.path = NULL;
}

void
detail_changed(const struct client *c)
{
	if (!tui.is_detail)
		return;
	/* If it is gone, one goes back to see what is there. */
	if (pane.path == NULL || model_find(tui.model, pane.path) == NULL)
		detail_close();
	else if (c != NULL && strcmp(c->record.path, pane.path) == 0)
		ask_why();
}

void
detail_server(void)
{
	pane.cannot = pane.is_asking = pane.is_stale = 0;
	if (tui.is_detail)
		detail_close();
}

/* A label, and its value in as many rows as it needs. */
static void
put_line(struct pen *pen, const char *label, const char *value,
    enum screen_look look)
{
	static wchar_t text[VALUE_LEN];
	wchar_t clean[64];
	size_t len = text_clean(text, VALUE_LEN, value), at = 0, next, n;
	size_t label_len = text_clean(clean, 64, label);

	if (pen->row >= 0 && pen->row < pen->height)
		screen_put(pen->row, 0, clean, text_fit(clean, label_len,
		    pen->label - 1), LOOK_PLAIN);
	do {
		n = text_line(text + at, len - at, pen->width - pen->label,
		    TEXT_WORD, &next);
		if (pen->row >= 0 && pen->row < pen->height)
			screen_put(pen->row, pen->label, text + at, n, look);
		at += next;
		pen->row++;
	} while (at < len);
}

/* "2026-11-22 01:22:48 (in 0:03:20)"; local time, as in the log. */
static void
put_time(struct pen *pen, const char *label, const char *text, int64_t now)
{
	char value[2 * TIME_LEN + 32], span[TIME_LEN], local[TIME_LEN];
	int64_t us = time_parse(text);

	if (us == TIME_NONE) {
		put_line(pen, label, *text == '\0' ? "never" : text,
		    LOOK_PLAIN);
		return;
	}
	time_local(local, us);
	time_span(span, (uint64_t)(us > now ? us - now : now - us) / 1000);
	if (us > now)
		snprintf(value, sizeof value, "%s (in %s)", local, span);
	else
		snprintf(value, sizeof value, "%s (%s ago)", local, span);
	put_line(pen, label, value, LOOK_PLAIN);
}

static void
put_status(struct pen *pen, const char *label, int64_t status)
{
	char value[64];

	if (status == -2)
		snprintf(value, sizeof value, "no check yet");
	else if (status == -1)
		snprintf(value, sizeof value, "killed by a signal");
	else
		snprintf(value, sizeof value, "%" PRId64 "%s", status,
		    status == 0 ? " (success)" : "");
	put_line(pen, label, value, status == 0 ? LOOK_PLAIN : LOOK_BAD);
}

static int
is_time(enum record_property p)
{
	return p == RECORD_LAST_CHECKED_OK || p == RECORD_CREATED ||
	    p == RECORD_LAST_ENABLED || p == RECORD_LAST_APPROVAL_REQUEST ||
	    p == RECORD_EXPIRES;
}

static void
put_property(struct pen *pen, const struct record *r, enum record_property p,
    int64_t now)
{
	const struct record_rule *rule = &record_rules[p];
	char span[TIME_LEN];

	if (!r->values[p].is_known) {
		put_line(pen, rule->title, "(not told)", LOOK_FAINT);
		return;
	}
	switch (rule->kind) {
	case RECORD_TEXT:
		if (is_time(p))
			put_time(pen, rule->title, record_text(r, p), now);
		else
			put_line(pen, rule->title, record_text(r, p),
			    LOOK_PLAIN);
		break;
	case RECORD_FLAG:
		put_line(pen, rule->title, record_flag(r, p) ? "Yes" : "No",
		    LOOK_PLAIN);
		break;
	case RECORD_MS:
		time_span(span, record_ms(r, p));
		put_line(pen, rule->title, span, LOOK_PLAIN);
		break;
	case RECORD_NUMBER:
		put_status(pen, rule->title, record_number(r, p));
		break;
	}
}

static void
put_hint(int row, int width)
{
	wchar_t text[sizeof HINT];
	size_t len = text_clean(text, sizeof HINT, HINT);

	screen_put(row, 0, text, text_fit(text, len, width), LOOK_BOLD);
}

/* What is asked most comes first, then the rest in the order of columns. */
static void
put_all(struct pen *pen, const struct client *c, int64_t now)
{
	char state[ROW_LEN];
	enum record_property p;

	put_property(pen, &c->record, RECORD_NAME, now);
	row_state(state, c, now);
	put_line(pen, "State", state, LOOK_BOLD);
	if (pane.why != NULL)
		put_line(pen, "If it asked now", pane.why, LOOK_PLAIN);
	put_property(pen, &c->record, RECORD_EXPIRES, now);
	for (p = 0; p < RECORD_COUNT; p++)
		if (p != RECORD_NAME && p != RECORD_EXPIRES)
			put_property(pen, &c->record, p, now);
}

void
detail_draw(int64_t now)
{
	const struct client *c = model_focus(tui.model);
	struct pen pen;
	int most;

	screen_size(&pen.height, &pen.width);
	put_hint(--pen.height, pen.width);
	pen.label = LABEL_WIDTH;
	if (pen.label > pen.width / LABEL_MOST)
		pen.label = pen.width / LABEL_MOST;
	look_at(c);
	/* As far down as there was something when it was drawn last. */
	most = pane.rows > pen.height ? pane.rows - pen.height : 0;
	if (pane.skip > most)
		pane.skip = most;
	pen.row = -pane.skip;
	put_all(&pen, c, now);
	pane.rows = pen.row + pane.skip;
}

void
detail_scroll(int rows)
{
	/* Many keys may come before it is drawn, which limits it well. */
	if (rows < 0)
		pane.skip = pane.skip < -rows ? 0 : pane.skip + rows;
	else
		pane.skip = rows > pane.rows - pane.skip ? pane.rows :
		    pane.skip + rows;
}
