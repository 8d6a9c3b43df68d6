/* SPDX-License-Identifier: ISC */
/*
 * mandos-monitor: what its parts share.  One process, one loop; keys and
 * messages change the model and the log, and drawing reads them.
 */
#ifndef TUI_H
#define TUI_H

#include <stddef.h>
#include <stdint.h>

#include "tui_log.h"
#include "tui_model.h"

#define TUI_SEARCH_LEN 128	/* bytes, with the zero */

struct tui {
	struct model *model;
	struct evlog *log;
	int hides_log;
	int focuses_log;
	int is_verbose;
	int is_detail;		/* one client is shown, and nothing else */
	int is_prompting;	/* a text to search for is being typed */
	char search[TUI_SEARCH_LEN];
	char notice[TUI_SEARCH_LEN + 32]; /* for once, until the next key */
};
extern struct tui tui;

/* mandos_monitor.c */

/* tui_changed(): draw what has changed, soon, and with what comes till then. */
void tui_changed(void);

/* tui_quit(): end the program; with status 1 after tui_fail. */
void tui_quit(void);

/*
 * tui_fail(reason): end the program with status 1 and ${reason} on standard
 * error, after the terminal has been given back.
 */
void tui_fail(const char *);

/*
 * tui_say(is_bold, format, ...): a line in the log, with the time before it.
 * tui_say_verbose() does so only in verbose mode.
 */
void tui_say(int, const char *, ...) __attribute__((format(printf, 2, 3)));
void tui_say_verbose(const char *, ...)
    __attribute__((format(printf, 1, 2)));

/* tui_tell(text): a bold line without the time. */
void tui_tell(const char *);

/* tui_draw.c */

/* tui_draw(): all of it, and see when it has to be drawn again. */
void tui_draw(void);

/* tui_draw_init(): before the first tui_draw(). */
void tui_draw_init(void);

/*
 * tui_move(rows), tui_page(pages): move the cursor among the clients, or
 * scroll what has the focus.  tui_jump(to_end): to the first or last.
 */
void tui_move(int);
void tui_page(int);
void tui_jump(int);

/* tui_keys.c */

/* tui_keys(): do what the keys say that have been pressed. */
void tui_keys(void);

/* tui_event.c */

/* event_init(): before all else of these. */
void event_init(void);

/* event_signal(msg): a signal of the server. */
void event_signal(DBusMessage *);

/*
 * event_listing(reply): the answer to GetManagedObjects.  Returns 0, or -1 if
 * it is no such answer.
 */
int event_listing(DBusMessage *);

/* tui_detail.c */

/* detail_open(), detail_close(): the pane for the client with the cursor. */
void detail_open(void);
void detail_close(void);

/*
 * detail_changed(client): the server has told something about it; NULL: one
 * or more are gone.  The pane is open only as long as its client is there.
 */
void detail_changed(const struct client *);

/* detail_server(): there is another server, or none. */
void detail_server(void);

/* detail_draw(now): the pane, on all of the screen. */
void detail_draw(int64_t);

/* detail_scroll(rows): so many rows further down, or up. */
void detail_scroll(int);

#endif
