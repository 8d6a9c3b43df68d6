/* SPDX-License-Identifier: ISC */
/*
 * The power of a set-uid plugin, put aside while it is not needed.
 */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

/*
 * privilege_start(): act as whoever started us, without other groups; no core
 * dumps.  Fatal if that is not possible.
 */
void privilege_start(void);

/* privilege_raise(), privilege_lower(): act as root, and no more. */
void privilege_raise(void);
void privilege_lower(void);

/*
 * privilege_drop(): be whoever started us for good, and see that there is no
 * way back.  Fatal if that is not possible.
 */
void privilege_drop(void);

/*
 * privilege_root(): be root and nobody else, with its group, in a child that
 * is to become a daemon.  Returns 0, or -1 with errno.
 */
int privilege_root(void);

#endif
