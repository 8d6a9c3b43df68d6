/* SPDX-License-Identifier: ISC */
/*
 * The terminal, by way of ncurses.  Run by mandos-monitor.  It is given back
 * however the program ends, short of a kill.
 */
#include "tui_screen.h"

#include <sys/types.h>
#include <sys/ioctl.h>

#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <term.h>

#define ESCAPE_MS 25		/* a key that begins with Escape comes at once */

static SCREEN *screen;
static attr_t looks[LOOK_COUNT] = {
	[LOOK_BOLD] = A_BOLD,
	[LOOK_URGENT] = A_BOLD,
	[LOOK_FAINT] = A_DIM,
};
static int cursor_row = -1, cursor_column;

/* Colours add to what is readable without them. */
static void
set_colours(void)
{
	static const struct {
		enum screen_look look;
		short colour;
	} colours[] = {
		{ LOOK_URGENT, COLOR_MAGENTA },
		{ LOOK_BAD, COLOR_RED },
		{ LOOK_GOOD, COLOR_GREEN },
	};
	const char *no_colour = getenv("NO_COLOR");
	size_t i;

	if ((no_colour != NULL && *no_colour != '\0') || !has_colors() ||
	    start_color() == ERR || use_default_colors() == ERR)
		return;
	for (i = 0; i < sizeof colours / sizeof colours[0]; i++)
		if (init_pair((short)(i + 1), colours[i].colour, -1) != ERR)
			looks[colours[i].look] |= COLOR_PAIR(i + 1);
}

int
screen_open(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fprintf(stderr, "mandos-monitor: standard input and output "
		    "must be a terminal\n");
		return -1;
	}
	if (term == NULL || *term == '\0' ||
	    (screen = newterm(NULL, stdout, stdin)) == NULL) {
		fprintf(stderr, "mandos-monitor: the terminal, of type "
		    "\"%.64s\" by TERM, is not known\n",
		    term == NULL ? "" : term);
		return -1;
	}
	if (tigetstr("cup") == NULL) {
		screen_close();
		fprintf(stderr, "mandos-monitor: on a terminal of type "
		    "\"%.64s\" the cursor cannot be moved\n", term);
		return -1;
	}
	/* Not raw: Ctrl-C, Ctrl-\ and Ctrl-Z are signals as ever. */
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	/* What is drawn is drawn, whoever types meanwhile. */
	typeahead(-1);
	set_escdelay(ESCAPE_MS);
	set_colours();
	curs_set(0);
	/* LINES and COLUMNS in the environment may be of another terminal. */
	screen_resized();
	atexit(screen_close);
	return 0;
}

void
screen_close(void)
{
	if (screen == NULL)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

void
screen_size(int *height, int *width)
{
	*height = LINES > 0 ? LINES : 1;
	*width = COLS > 0 ? COLS : 1;
}

void
screen_resized(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 ||
	    size.ws_row == 0 || size.ws_col == 0)
		return;
	if (is_term_resized(size.ws_row, size.ws_col))
		resizeterm(size.ws_row, size.ws_col);
}

void
screen_suspend(void)
{
	endwin();
	raise(SIGSTOP);
	/* Here we are continued; it may be another size by then. */
	screen_resized();
	screen_redraw();
}

void
screen_redraw(void)
{
	clearok(curscr, TRUE);
}

void
screen_put(int row, int column, const wchar_t *text, size_t len,
    enum screen_look look)
{
	attrset(looks[look]);
	/* It says that it failed where it has filled the last cell of all. */
	mvaddnwstr(row, column, text, (int)len);
	attrset(A_NORMAL);
}

void
screen_mark(int row, attr_t attributes)
{
	cchar_t cell;
	wchar_t text[CCHARW_MAX];
	attr_t attrs;
	short pair;
	int height, width, column;

	screen_size(&height, &width);
	for (column = 0; column < width; column++) {
		if (mvin_wch(row, column, &cell) == ERR ||
		    getcchar(&cell, text, &attrs, &pair, NULL) == ERR)
			continue;
		mvchgat(row, column, 1, attrs | attributes, pair, NULL);
	}
}

void
screen_rule(int row)
{
	int height, width;

	screen_size(&height, &width);
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		mvhline_set(row, 0, WACS_HLINE, width);
	else
		mvhline(row, 0, '_', width);
}

void
screen_clear(void)
{
	erase();
	cursor_row = -1;
}

void
screen_cursor(int row, int column)
{
	cursor_row = row;
	cursor_column = column;
}

void
screen_show(void)
{
	curs_set(cursor_row != -1);
	if (cursor_row != -1)
		move(cursor_row, cursor_column);
	refresh();
}
