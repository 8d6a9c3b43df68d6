/* SPDX-License-Identifier: ISC */
/*
 * What is said of a client in its row.  Run by mandos-monitor.
 */
#include "tui_row.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "tui_text.h"
#include "tui_time.h"

#define MS_PER_S 1000
#define US_PER_MS 1000

static int
is_waiting(const struct client *c)
{
	return c->state == CLIENT_APPROVAL || c->state == CLIENT_DENIAL;
}

uint64_t
row_left(const struct client *c, int64_t now)
{
	uint64_t delay, past;

	if (!is_waiting(c))
		return c->expires == TIME_NONE || c->expires <= now ? 0 :
		    (uint64_t)(c->expires - now) / US_PER_MS;
	if (c->asked == TIME_NONE)
		return 0;
	delay = record_ms(&c->record, RECORD_APPROVAL_DELAY);
	/* A clock that has been put back has not made the delay longer. */
	past = c->asked < now ? (uint64_t)(now - c->asked) / US_PER_MS : 0;
	return past < delay ? delay - past : 0;
}

void
row_state(char out[ROW_LEN], const struct client *c, int64_t now)
{
	char left[TIME_LEN];

	time_span(left, row_left(c, now));
	switch (c->state) {
	case CLIENT_DISABLED:
		snprintf(out, ROW_LEN, "DISABLED");
		break;
	case CLIENT_APPROVAL:
		snprintf(out, ROW_LEN, "Approval in %s. (d)eny?", left);
		break;
	case CLIENT_DENIAL:
		snprintf(out, ROW_LEN, "Denial in %s. (a)pprove?", left);
		break;
	case CLIENT_FAILED:
		snprintf(out, ROW_LEN, "A checker has failed! "
		    "Time until client gets disabled: %s", left);
		break;
	case CLIENT_ENABLED:
		snprintf(out, ROW_LEN, "enabled");
		break;
	}
}

size_t
row_text(wchar_t out[ROW_LEN], const struct client *c, int64_t now)
{
	char state[ROW_LEN];
	size_t n = text_clean(out, ROW_NAME_LEN, client_name(c));

	row_state(state, c, now);
	out[n++] = L':';
	out[n++] = L' ';
	return n + text_clean(out + n, ROW_LEN - n, state);
}

/*
 * All the time that it was given last.  That may be the timeout, the extended
 * one, or what they were then: what is certain is when it began and ends.
 */
static uint64_t
whole(const struct client *c)
{
	if (is_waiting(c))
		return record_ms(&c->record, RECORD_APPROVAL_DELAY);
	if (c->since == TIME_NONE || c->since >= c->expires)
		return record_ms(&c->record, RECORD_TIMEOUT);
	/* Both have a year of four digits: the difference cannot overflow. */
	return (uint64_t)(c->expires - c->since) / US_PER_MS;
}

/* How many cells of the bar are full: none, only if no time is left. */
static int
full_cells(const struct client *c, uint64_t left)
{
	uint64_t all = whole(c);

	if (left == 0)
		return 0;
	if (left >= all)
		return ROW_BAR_CELLS;
	return (int)((double)(left - 1) * ROW_BAR_CELLS / (double)all) + 1;
}

static int
has_bar(const struct client *c)
{
	return is_waiting(c) ? c->asked != TIME_NONE :
	    c->state != CLIENT_DISABLED && c->expires != TIME_NONE;
}

size_t
row_bar(wchar_t out[ROW_BAR_LEN], const struct client *c, int64_t now,
    int room)
{
	static const wchar_t word[] = L"checking ", mark[] = L"*";
	int is_running = record_flag(&c->record, RECORD_CHECKER_RUNNING);
	int bar = has_bar(c) ? ROW_BAR_CELLS + 2 : 0, full, i;
	size_t n = 0;

	if (bar > room)
		bar = 0;
	if (is_running && room >= bar + (int)wcslen(word))
		n = wcslen(wcscpy(out, word)) - (bar == 0);
	else if (is_running && room >= bar + (int)wcslen(mark))
		n = wcslen(wcscpy(out, mark));
	if (bar != 0) {
		full = full_cells(c, row_left(c, now));
		out[n++] = L'[';
		for (i = 0; i < ROW_BAR_CELLS; i++)
			out[n++] = i < full ? L'=' : L' ';
		out[n++] = L']';
	}
	out[n] = L'\0';
	return n;
}

uint64_t
row_next(const struct client *c, int64_t now)
{
	uint64_t left = row_left(c, now), all, cell;

	if (!has_bar(c) || left == 0)
		return UINT64_MAX;
	/* The countdown is of whole seconds, of which it shows the rest. */
	if (c->state != CLIENT_ENABLED)
		return left % MS_PER_S + 1;
	all = whole(c);
	if ((cell = all / ROW_BAR_CELLS) == 0)
		return MS_PER_S;
	/* One that has more than all its time waits longer for that. */
	return left > all ? left - all + cell : (left - 1) % cell + 1;
}
