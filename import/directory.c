/* SPDX-License-Identifier: ISC */
/*
 * The state directory: it is taken from the original's user, so that from
 * then on only root can say what the server knows of its clients.  Everything
 * in it is reached by the descriptor of the directory, which is locked as a
 * server's is.
 */
#include "import.h"

#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "store.h"

int
directory_open(const char *path)
{
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		fatalx_status(EX_CANTCREAT,
		    "%s is no directory, or a symbolic link", path);
	if (fd == -1)
		fatalx_status(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		fatalx_status(EX_TEMPFAIL,
		    "%s is locked: a server is running on it", path);
	fatal("%s: flock", path);
}

int
directory_has_ledger(int fd)
{
	struct stat st;

	if (fstatat(fd, STORE_LEDGER, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	if (errno != ENOENT)
		fatal("%s", STORE_LEDGER);
	return 0;
}

void
directory_own(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		fatal("%s", path);
	if (st.st_uid == 0 && st.st_gid == 0 &&
	    (st.st_mode & ALLPERMS) == S_IRWXU)
		return;
	if (fchown(fd, 0, 0) == -1 || fchmod(fd, S_IRWXU) == -1)
		fatal("%s: owner and mode", path);
	log_warnx("%s is root's from here on, with mode 0700; it was user "
	    "%u's, with mode 0%o", path, (unsigned int)st.st_uid,
	    (unsigned int)(st.st_mode & ALLPERMS));
}
