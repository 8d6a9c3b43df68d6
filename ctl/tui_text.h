/* SPDX-License-Identifier: ISC */
/*
 * Text from outside, made fit for a terminal: what leaves text_clean() has a
 * width, moves no cursor, starts no escape sequence and turns no direction.
 */
#ifndef TUI_TEXT_H
#define TUI_TEXT_H

#include <stddef.h>
#include <wchar.h>

enum text_wrap {
	TEXT_CLIP,		/* one line, and the rest is not shown */
	TEXT_ANY,		/* a line ends where the screen does */
	TEXT_WORD		/* a line ends before a word, if it can */
};

/*
 * text_clean(out, size, text): write ${text}, UTF-8, to ${out}, which has room
 * for ${size} characters, at least 8, and end it with a zero.  Control
 * characters, whatever changes the direction of writing, characters without a
 * width and bytes that are no UTF-8 are written as \xNN or \uNNNN; characters
 * that the locale cannot show as a question mark.  A combining character stays
 * if there are not more than two on its base.  What does not fit is replaced
 * by "...".  Returns the number of characters.
 */
size_t text_clean(wchar_t *, size_t, const char *);

/* text_width(text, len): how many columns these characters of it need. */
int text_width(const wchar_t *, size_t);

/*
 * text_fit(text, len, width): how many characters, from the first on, fit into
 * so many columns.
 */
size_t text_fit(const wchar_t *, size_t, int);

/*
 * text_line(text, len, width, wrap, next): the length of the first line of
 * ${text} on a screen with so many columns, at least 1.  Where the next one
 * begins goes to ${next}; that is ${len} after the last.  Every call makes
 * progress, even if a character is wider than the screen.
 */
size_t text_line(const wchar_t *, size_t, int, enum text_wrap, size_t *);

/* text_lines(text, len, width, wrap): how many lines; an empty text is one. */
int text_lines(const wchar_t *, size_t, int, enum text_wrap);

#endif
