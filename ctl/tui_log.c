/* SPDX-License-Identifier: ISC */
/*
 * The event log.  Run by mandos-monitor.  Nothing is shown here: where a window
 * begins is found by counting rows, for no more lines than there are in it.
 */
#include "tui_log.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct evlog *
evlog_new(void)
{
	struct evlog *log = calloc(1, sizeof *log);

	if (log == NULL)
		err(EXIT_FAILURE, "calloc");
	log->wrap = TEXT_ANY;
	log->follows = 1;
	return log;
}

void
evlog_free(struct evlog *log)
{
	size_t i;

	if (log == NULL)
		return;
	for (i = 0; i < EVLOG_LINES; i++)
		free(log->lines[i].text);
	free(log);
}

void
evlog_add(struct evlog *log, int is_bold, const char *text)
{
	struct evlog_line *line = &log->lines[log->end % EVLOG_LINES];
	wchar_t clean[EVLOG_LINE_LEN];

	free(line->text);
	line->len = text_clean(clean, EVLOG_LINE_LEN, text);
	line->is_bold = is_bold;
	if ((line->text = calloc(line->len + 1, sizeof *line->text)) == NULL)
		err(EXIT_FAILURE, "calloc");
	wmemcpy(line->text, clean, line->len);
	log->end++;
	if (log->end - log->first > EVLOG_LINES)
		log->first++;
	/* Who looks at what is dropped sees what is now the first. */
	if (!log->follows && log->top < log->first) {
		log->top = log->first;
		log->skip = 0;
	}
}

const struct evlog_line *
evlog_line(const struct evlog *log, uint64_t number)
{
	return &log->lines[number % EVLOG_LINES];
}

static int
rows_of(const struct evlog *log, uint64_t number, int width)
{
	const struct evlog_line *line = evlog_line(log, number);

	return text_lines(line->text, line->len, width, log->wrap);
}

/* The top of a window that ends with the last line. */
static uint64_t
last_top(const struct evlog *log, int width, int height, int *skip)
{
	uint64_t number = log->end;
	int rows = 0;

	while (number > log->first && rows < height)
		rows += rows_of(log, --number, width);
	*skip = rows > height ? rows - height : 0;
	return number;
}

uint64_t
evlog_top(const struct evlog *log, int width, int height, int *skip)
{
	uint64_t last = last_top(log, width, height, skip);
	int rows;

	if (log->follows || log->top > last ||
	    (log->top == last && log->skip >= *skip))
		return last;
	/* After the width has changed, it may have fewer rows. */
	rows = rows_of(log, log->top, width);
	*skip = log->skip < rows ? log->skip : rows - 1;
	return log->top;
}

void
evlog_scroll(struct evlog *log, int width, int height, int rows)
{
	uint64_t top, last;
	int skip, last_skip;

	top = evlog_top(log, width, height, &skip);
	last = last_top(log, width, height, &last_skip);
	if (log->first == log->end)
		return;
	for (skip += rows; skip < 0 && top > log->first;)
		skip += rows_of(log, --top, width);
	if (skip < 0)
		skip = 0;
	while (top < last && skip >= rows_of(log, top, width))
		skip -= rows_of(log, top++, width);
	log->follows = top > last || (top == last && skip >= last_skip);
	log->top = top;
	log->skip = skip;
}

void
evlog_set_wrap(struct evlog *log, enum text_wrap wrap)
{
	log->wrap = wrap;
	log->skip = 0;
}
