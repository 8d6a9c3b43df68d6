/* SPDX-License-Identifier: ISC */
/*
 * What is said of a client in its row, as pure functions of the client and the
 * time.
 */
#ifndef TUI_ROW_H
#define TUI_ROW_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "tui_model.h"

#define ROW_NAME_LEN 512	/* characters; a longer name is cut */
#define ROW_LEN (ROW_NAME_LEN + 128)
#define ROW_BAR_CELLS 10
#define ROW_BAR_LEN 24		/* enough for a bar with all that is round it */

/*
 * row_state(out, client, now): what state it is in, and for how long yet, as
 * UTF-8.
 */
void row_state(char [ROW_LEN], const struct client *, int64_t);

/* row_text(out, client, now): its name and state; returns the length. */
size_t row_text(wchar_t [ROW_LEN], const struct client *, int64_t);

/*
 * row_left(client, now): how many milliseconds it has until it is disabled,
 * approved or denied; 0 if that should have happened, or nobody knows when.
 */
uint64_t row_left(const struct client *, int64_t);

/*
 * row_bar(out, client, now, room): a bar that shows what part of its time is
 * left, and before it whether a checker runs, in no more than ${room} columns;
 * an empty text if there is nothing to show or no room.  Returns the length.
 */
size_t row_bar(wchar_t [ROW_BAR_LEN], const struct client *, int64_t, int);

/*
 * row_next(client, now): in how many milliseconds its row or bar will look
 * different by itself; UINT64_MAX if never.
 */
uint64_t row_next(const struct client *, int64_t);

#endif
