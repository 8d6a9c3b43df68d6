/* SPDX-License-Identifier: ISC */
/*
 * What keys do.  Run by mandos-monitor.
 */
#include "tui.h"

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "tui_link.h"
#include "tui_screen.h"

#define CTRL(c) ((c) & 0x1f)
#define ESCAPE 27
#define META(c) ((c) | 0x40000000)	/* above all characters */
#define FUNCTION(code) ((wint_t)(code) | 0x20000000)

static char *search_path;	/* where the cursor was before, or NULL */

/* --- orders to the server, about the client with the cursor */

static void
set_property(const char *property, dbus_bool_t value, const char *what)
{
	const struct bus_value v = { .type = DBUS_TYPE_BOOLEAN,
		.truth = value };
	struct client *c = model_focus(tui.model);

	if (c != NULL)
		link_order(bus_message_set(c->record.path, property, &v), what,
		    client_name(c));
}

static void
enable(void)
{
	set_property("Enabled", TRUE, "Enabling");
}

static void
disable(void)
{
	set_property("Enabled", FALSE, "Disabling");
}

static void
start_checker(void)
{
	set_property("CheckerRunning", TRUE, "Starting a checker for");
}

static void
stop_checker(void)
{
	set_property("CheckerRunning", FALSE, "Stopping the checker of");
}

static void
decide(dbus_bool_t yes, const char *what)
{
	struct client *c = model_focus(tui.model);
	DBusMessage *msg;

	if (c == NULL)
		return;
	msg = bus_message(c->record.path, BUS_CLIENT, "Approve");
	bus_must(dbus_message_append_args(msg, DBUS_TYPE_BOOLEAN, &yes,
	    DBUS_TYPE_INVALID));
	link_order(msg, what, client_name(c));
}

static void
approve(void)
{
	decide(TRUE, "Approving");
}

static void
deny(void)
{
	decide(FALSE, "Denying");
}

static void
checked_ok(void)
{
	struct client *c = model_focus(tui.model);

	if (c != NULL)
		link_order(bus_message(c->record.path, BUS_CLIENT,
		    "CheckedOK"), "Marking as checked", client_name(c));
}

static void
remove_client(void)
{
	struct client *c = model_focus(tui.model);
	DBusMessage *msg;

	if (c == NULL)
		return;
	msg = bus_message(BUS_PATH, BUS_SERVER, "RemoveClient");
	bus_must(dbus_message_append_args(msg, DBUS_TYPE_OBJECT_PATH,
	    &c->record.path, DBUS_TYPE_INVALID));
	link_order(msg, "Removing", client_name(c));
}

/* --- what is seen */

static void
show_log(int shows)
{
	if (tui.hides_log == !shows)
		return;
	tui.hides_log = !shows;
	if (!shows)
		tui.focuses_log = 0;
	tui_say_verbose("Log visibility changed to: %s",
	    shows ? "True" : "False");
}

static void
toggle_log(void)
{
	show_log(tui.hides_log);
}

static void
help(void)
{
	detail_close();
	tui.hides_log = 0;
	tui.log->follows = 1;
	tui_tell("q: Quit  ?: Help  l: Log  TAB: Switch half  w: Wrap  "
	    "v: Verbose  Enter: Details");
	tui_tell("/: Search  n: Next  N: Previous  o: Order by name, state, "
	    "expiry");
	tui_tell("+: Enable  -: Disable  a: Approve  d: Deny  s: Check  "
	    "S: Stop  C: OK  R: Remove");
}

static void
switch_focus(void)
{
	if (!tui.hides_log)
		tui.focuses_log = !tui.focuses_log;
}

static void
toggle_wrap(void)
{
	enum text_wrap wrap = tui.log->wrap == TEXT_ANY ? TEXT_CLIP : TEXT_ANY;

	evlog_set_wrap(tui.log, wrap);
	tui_say_verbose("Wrap mode: %s", wrap == TEXT_ANY ? "any" : "clip");
}

static void
toggle_verbose(void)
{
	tui.is_verbose = !tui.is_verbose;
	tui_say(0, "Verbose mode: %s", tui.is_verbose ? "On" : "Off");
}

static void
next_order(void)
{
	model_set_order(tui.model, (model_order(tui.model) + 1) % ORDER_COUNT);
}

/* --- where the cursor is */

static void
up(void)
{
	tui_move(-1);
}

static void
down(void)
{
	tui_move(1);
}

static void
page_up(void)
{
	tui_page(-1);
}

static void
page_down(void)
{
	tui_page(1);
}

static void
first(void)
{
	tui_jump(0);
}

static void
last(void)
{
	tui_jump(1);
}

/* --- search */

static void
find(int step)
{
	struct client *c;

	if (*tui.search == '\0')
		return;
	if ((c = model_search(tui.model, tui.search, step)) != NULL)
		model_set_focus(tui.model, c);
	else
		snprintf(tui.notice, sizeof tui.notice, "not found: %s",
		    tui.search);
}

static void
search_begin(void)
{
	struct client *c = model_focus(tui.model);

	tui.is_prompting = 1;
	tui.focuses_log = 0;
	*tui.search = '\0';
	free(search_path);
	search_path = c == NULL ? NULL : strdup(c->record.path);
}

/* Back to where it began, if that is still there. */
static void
search_return(void)
{
	struct client *c = search_path == NULL ? NULL :
	    model_find(tui.model, search_path);

	if (c != NULL)
		model_set_focus(tui.model, c);
}

static void
search_next(void)
{
	find(1);
}

static void
search_previous(void)
{
	find(-1);
}

/* Append one character as UTF-8, whatever the locale is. */
static void
search_type(wint_t c)
{
	size_t len = strlen(tui.search);
	char *p = tui.search + len;
	uint32_t u = (uint32_t)c;

	if (u < 0x20 || u == 0x7f || u > 0x10ffff ||
	    (u >= 0xd800 && u <= 0xdfff) || len + 5 > sizeof tui.search)
		return;
	if (u < 0x80)
		*p++ = (char)u;
	else if (u < 0x800)
		*p++ = (char)(0xc0 | u >> 6);
	else if (u < 0x10000)
		*p++ = (char)(0xe0 | u >> 12);
	else
		*p++ = (char)(0xf0 | u >> 18);
	if (u >= 0x10000)
		*p++ = (char)(0x80 | (u >> 12 & 0x3f));
	if (u >= 0x800)
		*p++ = (char)(0x80 | (u >> 6 & 0x3f));
	if (u >= 0x80)
		*p++ = (char)(0x80 | (u & 0x3f));
	*p = '\0';
}

static void
search_rub_out(void)
{
	size_t len = strlen(tui.search);

	while (len > 0 && (tui.search[--len] & 0xc0) == 0x80)
		continue;
	tui.search[len] = '\0';
}

/* A key, while the text to search for is being typed. */
static void
search_key(wint_t key)
{
	switch (key) {
	case '\r':
	case '\n':
	case FUNCTION(KEY_ENTER):
		tui.is_prompting = 0;
		find(0);
		return;
	case ESCAPE:
		tui.is_prompting = 0;
		*tui.search = '\0';
		search_return();
		return;
	case CTRL('h'):
	case 0x7f:
	case FUNCTION(KEY_BACKSPACE):
		search_rub_out();
		break;
	case CTRL('u'):
		*tui.search = '\0';
		break;
	default:
		search_type(key);
	}
	/* Each letter is a search of its own from where it began. */
	search_return();
	find(0);
}

/* --- the table */

#define LIST 1			/* with the focus on the clients */
#define LOG 2
#define DETAIL 4
#define EVERYWHERE (LIST | LOG | DETAIL)

// clang-format off
static const struct {
	wint_t key;
	int where;
	void (*act)(void);
} table[] = {
	{ 'q', EVERYWHERE, tui_quit },
	{ 'Q', EVERYWHERE, tui_quit },
	{ CTRL('l'), EVERYWHERE, screen_redraw },
	{ '?', EVERYWHERE, help },
	{ FUNCTION(KEY_F(1)), EVERYWHERE, help },
	{ ESCAPE, LIST | LOG, help },
	{ ESCAPE, DETAIL, detail_close },
	{ '\r', LIST, detail_open },
	{ '\n', LIST, detail_open },
	{ FUNCTION(KEY_ENTER), LIST, detail_open },
	{ '\r', DETAIL, detail_close },
	{ '\n', DETAIL, detail_close },
	{ FUNCTION(KEY_ENTER), DETAIL, detail_close },
	{ 'l', LIST | LOG, toggle_log },
	{ 'D', LIST | LOG, toggle_log },
	{ '\t', LIST | LOG, switch_focus },
	{ 'w', LIST | LOG, toggle_wrap },
	{ 'i', LIST | LOG, toggle_wrap },
	{ 'v', LIST | LOG, toggle_verbose },
	{ FUNCTION(KEY_UP), EVERYWHERE, up },
	{ CTRL('p'), EVERYWHERE, up },
	{ 'k', EVERYWHERE, up },
	{ FUNCTION(KEY_DOWN), EVERYWHERE, down },
	{ CTRL('n'), EVERYWHERE, down },
	{ 'j', EVERYWHERE, down },
	{ FUNCTION(KEY_PPAGE), EVERYWHERE, page_up },
	{ META('v'), EVERYWHERE, page_up },
	{ 'b', EVERYWHERE, page_up },
	{ FUNCTION(KEY_NPAGE), EVERYWHERE, page_down },
	{ CTRL('v'), EVERYWHERE, page_down },
	{ ' ', EVERYWHERE, page_down },
	{ 'f', EVERYWHERE, page_down },
	{ FUNCTION(KEY_HOME), EVERYWHERE, first },
	{ 'g', EVERYWHERE, first },
	{ FUNCTION(KEY_END), EVERYWHERE, last },
	{ 'G', EVERYWHERE, last },
	{ '/', LIST | LOG, search_begin },
	{ 'n', LIST, search_next },
	{ 'N', LIST, search_previous },
	{ 'o', LIST, next_order },
	{ '+', LIST | DETAIL, enable },
	{ '-', LIST | DETAIL, disable },
	{ 'a', LIST | DETAIL, approve },
	{ 'd', LIST | DETAIL, deny },
	{ 'R', LIST | DETAIL, remove_client },
	{ '_', LIST | DETAIL, remove_client },
	{ CTRL('k'), LIST | DETAIL, remove_client },
	{ 's', LIST | DETAIL, start_checker },
	{ 'S', LIST | DETAIL, stop_checker },
	{ 'C', LIST | DETAIL, checked_ok },
};
// clang-format on

static void
do_key(wint_t key)
{
	int where = tui.is_detail ? DETAIL : tui.focuses_log ? LOG : LIST;
	size_t i;

	*tui.notice = '\0';
	if (tui.is_prompting) {
		search_key(key);
		return;
	}
	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].key == key && table[i].where & where) {
			table[i].act();
			return;
		}
}

/* A key that has been pressed, or 0; what no terminal sends is no key. */
static wint_t
next_key(void)
{
	wint_t c;

	switch (get_wch(&c)) {
	case OK:
		/* So that no character can be taken for something else. */
		return c != 0 && c <= 0x10ffff ? c : 0xfffd;
	case KEY_CODE_YES:
		return FUNCTION(c);
	default:
		return 0;
	}
}

void
tui_keys(void)
{
	wint_t key, second;

	while ((key = next_key()) != 0) {
		/* A letter right behind Escape comes of the Meta key. */
		if (key == ESCAPE && !tui.is_prompting &&
		    (second = next_key()) != 0) {
			if (second < 0x80)
				second = META(second);
			key = second;
		}
		if (key == FUNCTION(KEY_RESIZE))
			continue;
		do_key(key);
	}
	tui_draw();
}
