/* SPDX-License-Identifier: ISC */
/*
 * Repairs of the machine as an initramfs is when it starts.  Run by the
 * keeper, with all of root's power, on names that are in the program: a key
 * file of another name is never given to anybody.
 */
#include "start.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "log.h"
#include "power.h"

#define CLOCK_LEAST (31 * 24 * 60 * 60)	/* it has run since 1970 */

/* The image's files may all be root's, and the client is not. */
static void
give_to_caller(const char *path, const char *usual)
{
	struct stat st;
	uid_t uid;
	gid_t gid;
	int fd;

	power_caller(&uid, &gid);
	if (strcmp(path, usual) != 0 || uid == 0)
		return;
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC)) == -1)
		return;		/* will be told by who reads it */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    st.st_gid == 0 && fchown(fd, uid, gid) == -1)
		log_warn("owner of %s not changed", path);
	close(fd);
}

static void
make_dev_fd(void)
{
	struct stat st;

	if (stat("/dev/fd", &st) == -1 && errno == ENOENT &&
	    symlink("/proc/self/fd", "/dev/fd") == -1)
		log_warn("/dev/fd not made");
}

static void
set_clock(const char *seckey)
{
	struct timespec now, then = { .tv_nsec = 0 };
	struct stat st;

	if (clock_gettime(CLOCK_REALTIME, &now) == -1 ||
	    now.tv_sec >= CLOCK_LEAST)
		return;
	if (stat(seckey, &st) == -1 || st.st_mtime <= now.tv_sec)
		return;
	then.tv_sec = st.st_mtime;
	if (clock_settime(CLOCK_REALTIME, &then) == -1)
		log_warn("clock not set");
}

void
start_repairs(const struct options *opt)
{
	if (!power_is_root())
		return;
	give_to_caller(opt->seckey, FILE_SECKEY);
	give_to_caller(opt->pubkey, FILE_PUBKEY);
	make_dev_fd();
	set_clock(opt->seckey);
}
