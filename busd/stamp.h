/* SPDX-License-Identifier: ISC */
/*
 * Points in time as the D-Bus interface has them.
 */
#ifndef STAMP_H
#define STAMP_H

#include <stdint.h>

#define STAMP_LEN sizeof "YYYY-MM-DDTHH:MM:SS.ffffff"

/*
 * stamp_print(us, text): ${us}, microseconds since 1970, in UTC, always with
 * six digits of fraction, or "" for 0, never.  What lies outside the years 1
 * to 9999 is taken as their first or last microsecond.  Returns ${text}.
 */
char *stamp_print(int64_t, char[STAMP_LEN]);

#endif
