/* SPDX-License-Identifier: ISC */
/*
 * What is put right before anything else.
 */
#ifndef START_H
#define START_H

struct options;

/*
 * start_repairs(opt): key files at their usual places are given to the
 * caller if they are still root's, /dev/fd is made if it is missing, and a
 * clock that has never been set is set to when the secret key was written,
 * because GnuPG would not use a key from the future.  What fails is told.
 */
void start_repairs(const struct options *);

#endif
