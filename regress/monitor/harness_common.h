/* SPDX-License-Identifier: ISC */
/*
 * Between harness_common.c and the two harnesses.
 */
#ifndef HARNESS_COMMON_H
#define HARNESS_COMMON_H

#include "harness.h"

/*
 * harness_order(h, ms): the next byte on h->commands, 0 if none comes in time.
 * With 'R' comes the channel of a new netd, which h->netd becomes; with 'W'
 * that of the warden.
 */
char harness_order(struct harness *, int);

/* harness_begin(h): play netd from its start until it serves. */
void harness_begin(struct harness *);

#endif
