/* SPDX-License-Identifier: ISC */
/*
 * The way down, and the proof that no way leads up.  Run once by every
 * process before it serves anybody.  It must never succeed in part: what
 * cannot be given up, or is still there afterwards, ends the process.
 *
 * The empty root is a directory that has been removed already.  A process can
 * stay in it, but nobody, not even root, can give anything a name in it or
 * mount over it again.  Its mode is 0: without a capability nobody opens it.
 */
#include "sandbox.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <cap-ng.h>

#include "log.h"

/* A read-only /run is no reason to fail. */
static void
enter_empty_root(void)
{
	char run[] = "/run/mandos.XXXXXX", tmp[] = "/tmp/mandos.XXXXXX";
	const char *path;

	if ((path = mkdtemp(run)) == NULL && (path = mkdtemp(tmp)) == NULL)
		fatal("no empty root in /run or /tmp");
	if (chmod(path, 0) == -1 || chdir(path) == -1 || rmdir(path) == -1 ||
	    chroot(".") == -1 || chdir("/") == -1)
		fatal("empty root %s", path);
}

/*
 * A chroot that did nothing would leave the way up open: at a root, and only
 * there, ".." leads nowhere.
 */
static void
enter_root_here(void)
{
	struct stat here, root, above;

	if (stat(".", &here) == -1 || chroot(".") == -1 || chdir("/") == -1 ||
	    stat("/", &root) == -1 || stat("..", &above) == -1)
		fatal("the current directory cannot be the root");
	if (root.st_dev != here.st_dev || root.st_ino != here.st_ino ||
	    above.st_dev != here.st_dev || above.st_ino != here.st_ino)
		fatalx("the current directory did not become the root");
}

/* The ids of ${user}, who must not be root under another name. */
static void
find_user(const char *user, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL)
		fatalx("user %s does not exist", user);
	if (pw->pw_uid == 0 || pw->pw_gid == 0)
		fatalx("user %s has the user or group id of root", user);
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	endpwent();
}

/* The capabilities stay, for those to be kept are picked from them. */
static void
drop_ids(uid_t uid, gid_t gid)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1 ||
	    setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1 ||
	    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == -1)
		fatal("user and group ids cannot be dropped");
}

/* No capability in ${sets} but those in ${keep}. */
static void
drop_caps(capng_select_t sets, capng_type_t types, const int *keep)
{
	int rc = 0;

	capng_clear(CAPNG_SELECT_ALL);
	for (; keep != NULL && *keep != -1; keep++)
		rc |= capng_update(CAPNG_ADD, types, (unsigned int)*keep);
	if (rc != 0 || capng_apply(sets) != 0)
		fatalx("capabilities cannot be dropped");
}

/* Try to get power back; with a saved id of 0, seteuid would succeed. */
static void
prove_ids(uid_t uid, gid_t gid)
{
	if (uid != 0 && (setgroups(0, NULL) != -1 || setegid(0) != -1 ||
	    setuid(0) != -1 || seteuid(0) != -1))
		fatalx("privileges came back");
	if (getuid() != uid || geteuid() != uid || getgid() != gid ||
	    getegid() != gid || getgroups(0, NULL) != 0)
		fatalx("user or group ids are left");
}

/* Ask the kernel itself, not the library that made the change. */
static void
prove_caps(const struct sandbox_id *id)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
		0 };
	struct __user_cap_data_struct have[2];
	uint32_t want[2] = { 0, 0 };
	const int *keep = id->keep_caps;
	int cap, i, wanted;

	for (; keep != NULL && *keep != -1; keep++)
		want[*keep / 32] |= UINT32_C(1) << *keep % 32;
	if (syscall(SYS_capget, &head, have) == -1)
		fatal("capget");
	for (i = 0; i < 2; i++)
		if (have[i].permitted != want[i] ||
		    have[i].effective != want[i] ||
		    have[i].inheritable != (id->ambient ? want[i] : 0))
			fatalx("capabilities are left");
	/* The end is the first number that the kernel does not know. */
	for (cap = 0; (i = prctl(PR_CAPBSET_READ, cap, 0, 0, 0)) != -1; cap++) {
		wanted = (int)(want[cap / 32] >> cap % 32 & 1);
		if (i != ((id->for_children || id->ambient) && wanted) ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) !=
		    (id->ambient && wanted))
			fatalx("capability %d can come back", cap);
	}
	if (cap <= CAP_SETPCAP)
		fatal("capability bounding set");
}

void
sandbox_drop(const struct sandbox_id *id)
{
	const struct rlimit none = { 0, 0 };
	capng_type_t types = CAPNG_EFFECTIVE | CAPNG_PERMITTED;
	uid_t uid = 0;
	gid_t gid = 0;

	if (geteuid() != 0)
		fatalx("only root can drop privileges");
	if (id->user != NULL)
		find_user(id->user, &uid, &gid);
	if (id->ambient)
		types |= CAPNG_INHERITABLE | CAPNG_AMBIENT;
	drop_caps(CAPNG_SELECT_BOUNDS, CAPNG_BOUNDING_SET,
	    id->for_children || id->ambient ? id->keep_caps : NULL);
	if (id->empty_root)
		enter_empty_root();
	else if (id->root_here)
		enter_root_here();
	drop_ids(uid, gid);
	/* The ambient set is emptied with the ids, so it comes after them. */
	drop_caps(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT, types,
	    id->keep_caps);
	prove_ids(uid, gid);
	prove_caps(id);
	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("core dumps or new privileges cannot be forbidden");
}
