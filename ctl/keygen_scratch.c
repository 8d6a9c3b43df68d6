/* SPDX-License-Identifier: ISC */
/*
 * Private directories that exist for one run of mandos-keygen.  The first
 * process makes and removes them; what is in them can be a private key, so it
 * is overwritten first, for what little that is worth on some file systems.
 */
#include "keygen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_DEPTH 8		/* GnuPG needs two */
/* GnuPG has sockets there, with names like this. */
#define BASE_MAX (sizeof ((struct sockaddr_un *)NULL)->sun_path -	\
    sizeof "/.mandos-keygen-XXXXXX/gnupg/S.gpg-agent.browser")

static int
is_memory(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC &&
	    access(path, W_OK | X_OK) == 0;
}

static const char *
default_base(void)
{
	const char *dir = getenv("TMPDIR");

	if (dir != NULL && dir[0] != '\0')
		return dir;
	/* A key that is only ever in memory need not be shredded. */
	if (is_memory("/run"))
		return "/run";
	if (is_memory("/dev/shm"))
		return "/dev/shm";
	return "/tmp";
}

int
scratch_new(struct scratch *s, const char *base)
{
	int n;

	s->fd = -1;
	if (base == NULL) {
		base = default_base();
		if (strlen(base) > BASE_MAX) {
			warnx("%s: the name is too long for sockets in it; "
			    "set TMPDIR", base);
			return -1;
		}
	}
	n = snprintf(s->path, sizeof s->path, "%s/.mandos-keygen-XXXXXX", base);
	if (n < 0 || (size_t)n >= sizeof s->path) {
		warnx("%s: the name is too long", base);
		return -1;
	}
	if (mkdtemp(s->path) == NULL) {
		warn("cannot make a directory in %s", base);
		return -1;
	}
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd == -1) {
		warn("%s", s->path);
		rmdir(s->path);
		return -1;
	}
	return 0;
}

static void
overwrite(int dir, const char *name, off_t size)
{
	static const char zero[4096];
	off_t left;
	ssize_t n;
	int fd;

	fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	for (left = size; left > 0; left -= n) {
		n = write(fd, zero, left < (off_t)sizeof zero ?
		    (size_t)left : sizeof zero);
		if (n <= 0)
			break;
	}
	fdatasync(fd);
	close(fd);
}

/* Remove what is in ${fd}, which is closed. */
static void
empty(int fd, int depth)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int sub;

	if (depth > SCRATCH_DEPTH || (dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		if (S_ISDIR(st.st_mode)) {
			sub = openat(fd, entry->d_name, O_RDONLY |
			    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (sub != -1)
				empty(sub, depth + 1);
			unlinkat(fd, entry->d_name, AT_REMOVEDIR);
			continue;
		}
		/* What has another name, too, has been put in place. */
		if (S_ISREG(st.st_mode) && st.st_nlink == 1)
			overwrite(fd, entry->d_name, st.st_size);
		unlinkat(fd, entry->d_name, 0);
	}
	closedir(dir);
}

void
scratch_remove(struct scratch *s)
{
	if (s->fd == -1)
		return;
	empty(s->fd, 0);
	s->fd = -1;
	if (rmdir(s->path) == -1)
		warn("%s is left behind", s->path);
}
