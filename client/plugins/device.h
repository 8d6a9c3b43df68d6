/* SPDX-License-Identifier: ISC */
/*
 * Which device a password is wanted for, as cryptsetup's scripts tell it.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stddef.h>

/*
 * device_source(), device_name(): from CRYPTTAB_SOURCE and CRYPTTAB_NAME, or
 * else cryptsource and crypttarget, as they were called earlier.  NULL if
 * nothing was told; it may be empty.
 */
const char *device_source(void);
const char *device_name(void);

/*
 * device_text(before, after): ${before}, then " SOURCE" and " (NAME)", as far
 * as they are known, then ${after}.  Allocated; NULL without memory.
 */
char *device_text(const char *, const char *);

#endif
