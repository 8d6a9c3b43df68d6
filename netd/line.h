/* SPDX-License-Identifier: ISC */
/*
 * The first line of a peer: the protocol version.
 */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES 4096 /* a longer line is refused */

enum line {
	LINE_MORE,	/* not complete yet */
	LINE_OK,	/* a version we speak */
	LINE_BAD	/* anything else */
};

/*
 * line_judge(bytes, len, eof, used): judge what the peer has sent so far;
 * ${eof} says that no more will come.  With LINE_OK, ${used} tells how many
 * bytes the line was; those behind it belong to TLS.
 */
enum line line_judge(const uint8_t *, size_t, int, size_t *);

/*
 * line_quote(bytes, len, text, size): the line as it may be logged: printable
 * ASCII as it is, all else escaped, cut to fit.  Returns ${text}.
 */
const char *line_quote(const uint8_t *, size_t, char *, size_t);

#endif
