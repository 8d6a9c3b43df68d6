/* SPDX-License-Identifier: ISC */
/*
 * User and group ids of plugins that are installed set-uid root.  They work as
 * far as possible without that, too: where nothing was given, nothing can be
 * raised, and what then fails says so itself.
 */
#include "privilege.h"

#include <sys/types.h>

#include <grp.h>
#include <unistd.h>

#include "locked.h"
#include "log.h"

void
privilege_start(void)
{
	if (geteuid() == 0 && setgroups(0, NULL) == -1)
		fatal("groups");
	privilege_lower();
	locked_process();
}

void
privilege_raise(void)
{
	/* Refused to who was not root at the start. */
	(void)!seteuid(0);
}

void
privilege_lower(void)
{
	if (seteuid(getuid()) == -1)
		fatal("privileges cannot be put aside");
}

void
privilege_drop(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	privilege_raise();
	if (setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		fatal("privileges cannot be dropped");
	if (uid != 0 && (seteuid(0) != -1 || setuid(0) != -1))
		fatalx("privileges came back");
}

int
privilege_root(void)
{
	privilege_raise();
	return setgroups(0, NULL) == -1 || setresgid(0, 0, 0) == -1 ||
	    setresuid(0, 0, 0) == -1 ? -1 : 0;
}
