/* SPDX-License-Identifier: ISC */
/*
 * The terminal, by way of ncurses.  Whatever is shown has been made by
 * text_clean().
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include <stddef.h>
#include <wchar.h>

#include <curses.h>

enum screen_look {
	LOOK_PLAIN,
	LOOK_BOLD,
	LOOK_URGENT,		/* somebody has to do something */
	LOOK_BAD,
	LOOK_FAINT,
	LOOK_GOOD,
	LOOK_COUNT
};

/*
 * screen_open(): take the terminal.  Returns 0, or -1 with a message on
 * standard error.  screen_close() gives it back; harmless if it was not taken.
 */
int screen_open(void);
void screen_close(void);

/* screen_size(height, width): of the terminal, each at least 1. */
void screen_size(int *, int *);

/* screen_resized(): take what size the terminal is of. */
void screen_resized(void);

/* screen_suspend(): give the terminal to the shell until we are continued. */
void screen_suspend(void);

/* screen_redraw(): all of it is drawn anew with the next screen_show(). */
void screen_redraw(void);

/*
 * screen_put(row, column, text, len, look): these characters, which fit there.
 * screen_mark(row, attributes): have all of that row look so in addition.
 */
void screen_put(int, int, const wchar_t *, size_t, enum screen_look);
void screen_mark(int, attr_t);

/* screen_rule(row): a line from side to side. */
void screen_rule(int);

/* screen_clear(): nothing is on it.  screen_show(): let it be seen. */
void screen_clear(void);
void screen_show(void);

/* screen_cursor(row, column): show the cursor there; nowhere for -1. */
void screen_cursor(int, int);

#endif
