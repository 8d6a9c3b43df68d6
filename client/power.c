/* SPDX-License-Identifier: ISC */
/*
 * Ids and capabilities of the keeper and its children.  What must be given up
 * and is not, ends the program.
 *
 * The keeper's real user stays the caller, who may end it by a signal, and its
 * effective user root.  In an initramfs there is no list of users: they are
 * numbers here.
 */
#include "power.h"

#include <sys/types.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <cap-ng.h>

#include "log.h"

#define NOBODY 65534

static uid_t caller_uid;
static gid_t caller_gid;
static uid_t child_uid;
static gid_t child_gid;
static int is_root;

/*
 * Root's children are nobody in particular, unless the namespace does not
 * even know nobody.  setfsuid(2) returns what was before.
 */
static void
choose_child(void)
{
	child_uid = caller_uid;
	child_gid = caller_gid;
	if (!is_root || caller_uid != 0)
		return;
	setfsuid(NOBODY);
	setfsgid(NOBODY);
	child_gid = (gid_t)setfsgid(caller_gid);
	child_uid = (uid_t)setfsuid(0);
}

void
power_start(void)
{
	const struct rlimit none = { 0, 0 };
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };

	caller_uid = getuid();
	caller_gid = getgid();
	is_root = geteuid() == 0;
	choose_child();
	if (is_root) {
		/* In some namespaces nobody may have groups, or lose them. */
		if ((setgroups(0, NULL) == -1 && errno != EPERM) ||
		    setresgid(caller_gid, caller_gid, caller_gid) == -1)
			fatal("groups cannot be dropped");
		/* So that those who read keys can keep their memory. */
		setrlimit(RLIMIT_MEMLOCK, &any);
	} else if (geteuid() != caller_uid)
		fatalx("set-uid, but not to root");
	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("core dumps cannot be forbidden");
}

int
power_is_root(void)
{
	return is_root;
}

void
power_caller(uid_t *uid, gid_t *gid)
{
	*uid = caller_uid;
	*gid = caller_gid;
}

uid_t
power_child_uid(void)
{
	return child_uid;
}

gid_t
power_child_gid(void)
{
	return child_gid;
}

void
power_reduce(void)
{
	if (!is_root)
		return;
	/*
	 * Those it does not have, in a container, cannot be kept: what needs
	 * them fails then, and says so.
	 */
	if (capng_get_caps_process() == -1)
		fatalx("capabilities are unknown");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (cap == CAP_KILL || cap == CAP_NET_ADMIN ||
		    cap == CAP_SETGID || cap == CAP_SETUID ||
		    cap == CAP_SYSLOG)
			continue;
		if (capng_update(CAPNG_DROP,
		    CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
		    (unsigned int)cap) == -1)
			fatalx("capabilities cannot be dropped");
	}
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		fatalx("capabilities cannot be dropped");
}

/* setfsuid(2) tells of no failure; what it returns is the one before. */
static void
files_as(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
	if ((uid_t)setfsuid((uid_t)-1) != uid ||
	    (gid_t)setfsgid((gid_t)-1) != gid)
		fatalx("files cannot be opened as user %u", (unsigned)uid);
}

void
power_files_as(uid_t uid, gid_t gid)
{
	if (is_root)
		files_as(uid, gid);
}

void
power_files_own(void)
{
	if (is_root)
		files_as(0, caller_gid);
}

int
power_become_root(void)
{
	if (!is_root)
		return 0;
	return setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1 ? -1 : 0;
}

void
power_drop(pid_t parent)
{
	if (is_root) {
		if (setresgid(child_gid, child_gid, child_gid) == -1 ||
		    setresuid(child_uid, child_uid, child_uid) == -1)
			fatal("user and group ids cannot be dropped");
		if (child_uid != 0 && (setuid(0) != -1 || seteuid(0) != -1))
			fatalx("privileges came back");
	}
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 ||
	    capng_get_caps_process() == -1 ||
	    capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		fatalx("capabilities are left");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		fatal("new privileges cannot be forbidden");
	/* Of a parent that has ended already, no signal will tell. */
	if (getppid() != parent)
		_exit(1);
}

void
power_lock(void)
{
	struct rlimit memory;

	/* With a limit to what may be locked, malloc(3) would fail there. */
	if (getrlimit(RLIMIT_MEMLOCK, &memory) == 0 &&
	    memory.rlim_cur == RLIM_INFINITY &&
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == -1)
		log_debug("memory is not locked");
}

void
power_unplug(void)
{
	/* The filter sees to the same; this is for what it may not see. */
	if (is_root && unshare(CLONE_NEWNET) == -1)
		log_debug("no network namespace of its own for GnuPG");
}
