/* SPDX-License-Identifier: ISC */
/*
 * Times as the server tells them and as people read them.  All are of the wall
 * clock, in microseconds since 1970.
 */
#ifndef TUI_TIME_H
#define TUI_TIME_H

#include <stddef.h>
#include <stdint.h>

#define TIME_NONE INT64_MIN	/* no time at all, and before all times */
#define TIME_LEN 64		/* enough for any of these texts */

/* time_now(): the wall clock. */
int64_t time_now(void);

/*
 * time_parse(text): the time in ${text}, YYYY-MM-DDTHH:MM:SS in UTC with a
 * fraction or without; TIME_NONE if it is empty or anything else.
 */
int64_t time_parse(const char *);

/*
 * time_span(out, ms): write a duration as "[N day[s], ]H:MM:SS", without what
 * is left of a second.
 */
void time_span(char [TIME_LEN], uint64_t);

/*
 * time_stamp(out, us): write "YYYY-MM-DD HH:MM:SS,mmm" in local time, as the
 * lines of the log begin.  time_local(out, us): the same without the fraction.
 */
void time_stamp(char [TIME_LEN], int64_t);
void time_local(char [TIME_LEN], int64_t);

#endif
