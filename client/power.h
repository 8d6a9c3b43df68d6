/* SPDX-License-Identifier: ISC */
/*
 * Whose power there is, and less and less of it.  The program is set-uid
 * root, or was started by root, or by somebody who cannot do more than fetch.
 */
#ifndef POWER_H
#define POWER_H

#include <sys/types.h>

/*
 * power_start(): learn who has called, and give up his groups; no core dumps,
 * and nobody may look into this process.  Fatal if that is not possible.
 */
void power_start(void);

/* power_is_root(): there is power to do something with. */
int power_is_root(void);

/*
 * power_caller(uid, gid): who has called.  power_child_uid(),
 * power_child_gid(): who the processes on the network and for GnuPG are: the
 * caller, or nobody in particular if that is root.
 */
void power_caller(uid_t *, gid_t *);
uid_t power_child_uid(void);
gid_t power_child_gid(void);

/*
 * power_reduce(): keep of root's capabilities what is needed for interfaces,
 * routes, the console, hooks and children.  Fatal if that is not possible.
 */
void power_reduce(void);

/*
 * power_files_as(uid, gid): files are opened and made with this user's rights,
 * until power_files_own().  Without power this does nothing.  Fatal if that
 * is not possible.
 */
void power_files_as(uid_t, gid_t);
void power_files_own(void);

/*
 * power_become_root(): all ids and no groups, for a hook.  Without power this
 * does nothing.  Returns 0, or -1 with errno.
 */
int power_become_root(void);

/*
 * power_drop(parent): be the unprivileged user for good, without capabilities,
 * and end when ${parent} does.  Proves that there is no way back.  Fatal if
 * that is not possible.
 */
void power_drop(pid_t);

/*
 * power_lock(): no memory of this process is written to a disk, if all of it
 * may be locked.
 */
void power_lock(void);

/* power_unplug(): a process of its own on no network, where that is allowed. */
void power_unplug(void);

#endif
