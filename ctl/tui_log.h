/* SPDX-License-Identifier: ISC */
/*
 * The event log: its lines, the latest ones of which are kept, and which part
 * of them is looked at.  Knows nothing of screens but their width and height.
 */
#ifndef TUI_LOG_H
#define TUI_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "tui_text.h"

#define EVLOG_LINES 1000		/* kept */
#define EVLOG_LINE_LEN 4096	/* characters; a longer line is cut */

struct evlog_line {
	wchar_t *text;		/* fit for a terminal */
	size_t len;
	int is_bold;
};

struct evlog {
	struct evlog_line lines[EVLOG_LINES];
	uint64_t first;		/* the number of the oldest that is there */
	uint64_t end;		/* and of the one that will come next */
	enum text_wrap wrap;	/* TEXT_ANY or TEXT_CLIP */
	int follows;		/* the end is looked at, wherever it goes */
	uint64_t top;		/* else: the line at the top, */
	int skip;		/* and how many rows of it are above that */
};

/* evlog_new(): an empty one, of which the end is looked at. */
struct evlog *evlog_new(void);
void evlog_free(struct evlog *);

/*
 * evlog_add(log, is_bold, text): a line more.  ${text} is UTF-8; whatever is
 * in it, it becomes one line of what text_clean() lets through.
 */
void evlog_add(struct evlog *, int, const char *);

/* evlog_line(log, number): the line; ${number} is from first to end - 1. */
const struct evlog_line *evlog_line(const struct evlog *, uint64_t);

/*
 * evlog_top(log, width, height, skip): the line at the top of a window of that
 * size, and in ${skip} how many rows of it are not shown.
 */
uint64_t evlog_top(const struct evlog *, int, int, int *);

/*
 * evlog_scroll(log, width, height, rows): look ${rows} further down; up, if it
 * is less than 0.  Whoever comes to the end follows it.
 */
void evlog_scroll(struct evlog *, int, int, int);

/* evlog_set_wrap(log, wrap): how lines that are too long are shown. */
void evlog_set_wrap(struct evlog *, enum text_wrap);

#endif
