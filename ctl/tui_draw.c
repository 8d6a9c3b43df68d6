/* SPDX-License-Identifier: ISC */
/*
 * What is on the screen: clients above, a rule, and the log below.  Run by
 * mandos-monitor.  Only what can be seen is looked at, and only when something
 * of it looks different by itself it is drawn again without a reason.
 */
#include "tui.h"

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "loop.h"
#include "tui_link.h"
#include "tui_row.h"
#include "tui_screen.h"
#include "tui_text.h"
#include "tui_time.h"

#define GAP 2			/* columns between a client and its bar */
#define TICK_MOST_MS 10000	/* the wall clock may be set meanwhile */

static struct {
	size_t top;		/* the first client that is shown */
	size_t focus;		/* where the cursor was when that was so */
	size_t shown;		/* how many are seen */
	struct loop_timer tick;
} view;

/* Where the halves are. */
struct layout {
	int width;
	int list;		/* rows for clients, from 0 on */
	int rule;		/* its row, or -1 */
	int log;		/* rows for the log, below the rule */
};

static struct layout
lay_out(void)
{
	struct layout l;
	int height;

	screen_size(&height, &l.width);
	if (height == 1)
		l.rule = -1;
	else if (tui.hides_log || height == 2)
		l.rule = height - 1;
	else
		l.rule = (height + 1) / 2 - 1;
	l.list = l.rule == -1 ? height : l.rule;
	l.log = height - 1 - l.list;
	return l;
}

static void
tick_due(struct loop_timer *timer)
{
	(void)timer;
	tui_draw();
}

void
tui_draw_init(void)
{
	loop_timer_init(&view.tick, tick_due, NULL);
}

/* How many rows of the screen a client needs. */
static int
height_of(const struct client *c, int width, int64_t now)
{
	wchar_t text[ROW_LEN];
	size_t len = row_text(text, c, now);

	return text_lines(text, len, width, TEXT_WORD);
}

/*
 * See that the cursor is on the screen, and that there is no room left below
 * while there are clients above.  What moves above the cursor moves nothing on
 * the screen.
 */
static void
place_view(const struct layout *l, size_t focus, int64_t now)
{
	size_t count = model_count(tui.model), i;
	int rows = 0;

	if (focus > view.focus)
		view.top += focus - view.focus;
	else
		view.top -= view.top < view.focus - focus ? view.top :
		    view.focus - focus;
	view.focus = focus;
	if (view.top > focus)
		view.top = focus;
	/* Back from the cursor to the top, or as far as there are rows. */
	for (i = focus; ; i--) {
		rows += height_of(model_at(tui.model, i), l->width, now);
		if (rows > l->list && i < focus) {
			view.top = i + 1;
			break;
		}
		if (i == view.top)
			break;
	}
	for (i = focus + 1; i < count && rows < l->list; i++)
		rows += height_of(model_at(tui.model, i), l->width, now);
	while (i == count && view.top > 0) {
		rows += height_of(model_at(tui.model, view.top - 1), l->width,
		    now);
		if (rows > l->list)
			break;
		view.top--;
	}
}

static enum screen_look
look_of(const struct client *c)
{
	switch (c->state) {
	case CLIENT_DENIAL:
	case CLIENT_APPROVAL:
		return LOOK_URGENT;
	case CLIENT_FAILED:
		return LOOK_BAD;
	case CLIENT_DISABLED:
		return LOOK_FAINT;
	case CLIENT_ENABLED:
		break;
	}
	return LOOK_PLAIN;
}

/* Draw one client at ${row}; returns how many rows it has. */
static int
draw_client(const struct client *c, const struct layout *l, int row,
    int64_t now)
{
	wchar_t text[ROW_LEN], bar[ROW_BAR_LEN];
	size_t len = row_text(text, c, now), at = 0, next, n;
	int rows = 0, room, has_focus = c == model_focus(tui.model);

	do {
		n = text_line(text + at, len - at, l->width, TEXT_WORD, &next);
		if (row + rows < l->list)
			screen_put(row + rows, 0, text + at, n, look_of(c));
		if (rows == 0) {
			room = l->width - text_width(text, n) - GAP;
			n = row_bar(bar, c, now, room);
			screen_put(row, l->width - (int)n, bar, n,
			    c->state == CLIENT_ENABLED ? LOOK_GOOD :
			    look_of(c));
		}
		if (has_focus && row + rows < l->list)
			screen_mark(row + rows, tui.focuses_log ?
			    A_UNDERLINE : A_REVERSE);
		at += next;
		rows++;
	} while (at < len);
	return rows;
}

/* Draw the clients; returns in how many milliseconds they look different. */
static uint64_t
draw_list(const struct layout *l, int64_t now)
{
	size_t count = model_count(tui.model), i;
	uint64_t next = UINT64_MAX, ms;
	const struct client *c;
	int row = 0;

	view.shown = 0;
	if (count == 0) {
		view.top = view.focus = 0;
		return next;
	}
	place_view(l, model_index(tui.model, model_focus(tui.model)), now);
	for (i = view.top; i < count && row < l->list; i++) {
		c = model_at(tui.model, i);
		row += draw_client(c, l, row, now);
		if ((ms = row_next(c, now)) < next)
			next = ms;
		if (row <= l->list)
			view.shown++;
	}
	return next;
}

/* What is not as usual, at the right end of the rule. */
static void
rule_text(char *out, size_t size)
{
	static const char *const links[] = {
		[LINK_NO_BUS] = "no system bus",
		[LINK_NO_SERVER] = "no server",
		[LINK_ASKING] = "waiting for the server",
		[LINK_UP] = NULL,
	};
	static const char *const orders[] = {
		[ORDER_NAME] = NULL,
		[ORDER_STATE] = "by state",
		[ORDER_EXPIRY] = "by expiry",
	};
	size_t count = model_count(tui.model);
	const char *order = orders[model_order(tui.model)];
	const char *state = links[link_state()];

	*out = '\0';
	if (*tui.notice != '\0')
		snprintf(out, size, " %s ", tui.notice);
	else if (state != NULL)
		snprintf(out, size, " %s ", state);
	else if (view.shown < count)
		snprintf(out, size, " %s%s%zu-%zu of %zu ",
		    order == NULL ? "" : order, order == NULL ? "" : ", ",
		    view.top + 1, view.top + view.shown, count);
	else if (order != NULL)
		snprintf(out, size, " %s ", order);
}

/* What is typed, in place of the rule. */
static void
draw_prompt(const struct layout *l)
{
	static const wchar_t none[] = L"not found";
	wchar_t clean[4 * TUI_SEARCH_LEN];
	size_t len = text_clean(clean, 4 * TUI_SEARCH_LEN, tui.search), skip;
	int room = l->width - 2, width;

	/* Its end, where the typing goes on, has to be seen. */
	for (skip = 0; (width = text_width(clean + skip, len - skip)) > room &&
	    skip < len;)
		skip++;
	screen_put(l->rule, 0, L"/", 1, LOOK_BOLD);
	screen_put(l->rule, 1, clean + skip, len - skip, LOOK_PLAIN);
	if (*tui.notice != '\0' && room - width > (int)wcslen(none))
		screen_put(l->rule, l->width - 1 - (int)wcslen(none), none,
		    wcslen(none), LOOK_BOLD);
	screen_cursor(l->rule, 1 + width);
}

static void
draw_rule(const struct layout *l)
{
	char text[sizeof tui.notice + 64];
	wchar_t clean[4 * sizeof text];
	size_t len;
	int room = l->width - 1;

	if (tui.is_prompting) {
		draw_prompt(l);
		return;
	}
	screen_rule(l->rule);
	rule_text(text, sizeof text);
	len = text_clean(clean, sizeof clean / sizeof clean[0], text);
	len = text_fit(clean, len, room);
	screen_put(l->rule, room - text_width(clean, len), clean, len,
	    LOOK_BOLD);
}

static void
draw_log(const struct layout *l)
{
	const struct evlog_line *line;
	uint64_t number;
	size_t at, next, n;
	int skip, row;

	number = evlog_top(tui.log, l->width, l->log, &skip);
	for (row = -skip; row < l->log && number < tui.log->end; number++) {
		line = evlog_line(tui.log, number);
		at = 0;
		do {
			n = text_line(line->text + at, line->len - at,
			    l->width, tui.log->wrap, &next);
			if (row >= 0 && row < l->log)
				screen_put(l->rule + 1 + row, 0,
				    line->text + at, n, line->is_bold ?
				    LOOK_BOLD : LOOK_PLAIN);
			at += next;
			row++;
		} while (at < line->len && row < l->log);
	}
}

void
tui_draw(void)
{
	struct layout l = lay_out();
	int64_t now = time_now();
	uint64_t next;

	screen_clear();
	if (tui.is_detail) {
		detail_draw(now);
		next = 1000;
	} else {
		next = draw_list(&l, now);
		if (l.rule != -1)
			draw_rule(&l);
		if (l.log > 0)
			draw_log(&l);
	}
	screen_show();
	if (next == UINT64_MAX)
		loop_timer_del(&view.tick);
	else
		loop_timer_set(&view.tick, next < TICK_MOST_MS ? next :
		    TICK_MOST_MS);
}

/* The cursor goes so many clients down, and the screen with it, or not. */
static void
move_cursor(int64_t by, int scrolls)
{
	size_t count = model_count(tui.model), at, to;

	if (count == 0)
		return;
	at = model_index(tui.model, model_focus(tui.model));
	if (by < 0)
		to = (uint64_t)-by > at ? 0 : at - (size_t)-by;
	else
		to = (uint64_t)by > count - 1 - at ? count - 1 :
		    at + (size_t)by;
	model_set_focus(tui.model, model_at(tui.model, to));
	if (!scrolls)
		view.focus = to;
}

void
tui_move(int rows)
{
	struct layout l = lay_out();

	if (tui.is_detail)
		detail_scroll(rows);
	else if (tui.focuses_log)
		evlog_scroll(tui.log, l.width, l.log, rows);
	else
		move_cursor(rows, 0);
}

void
tui_page(int pages)
{
	struct layout l = lay_out();
	int height, width;

	screen_size(&height, &width);
	if (tui.is_detail)
		detail_scroll(pages * height);
	else if (tui.focuses_log)
		evlog_scroll(tui.log, l.width, l.log, pages * l.log);
	else
		move_cursor(pages * (int64_t)(view.shown > 0 ? view.shown : 1),
		    1);
}

void
tui_jump(int to_end)
{
	struct layout l = lay_out();
	int far = to_end ? EVLOG_LINES * EVLOG_LINE_LEN :
	    -EVLOG_LINES * EVLOG_LINE_LEN;

	if (tui.is_detail)
		detail_scroll(far);
	else if (tui.focuses_log)
		evlog_scroll(tui.log, l.width, l.log, far);
	else
		move_cursor(to_end ? INT32_MAX : INT32_MIN, 0);
}
