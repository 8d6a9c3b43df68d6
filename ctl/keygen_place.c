/* SPDX-License-Identifier: ISC */
/*
 * New files take their places: under all names or under none, and no name is
 * without a file for a moment.  The first process of mandos-keygen, which no
 * signal disturbs meanwhile.  Never writes into a file that has a name.
 */
#include "keygen.h"

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BACKUPS_MAX 9999

/* What has become of a name. */
struct placed {
	char backup[300];	/* "": there was nothing */
	int is_new;		/* the name is the new file's */
};

const char *
place_exists(int dir, const char *const *names, size_t n)
{
	struct stat st;
	size_t i;

	for (i = 0; i < n; i++)
		if (fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 ||
		    errno != ENOENT)
			return names[i];
	return NULL;
}

/*
 * Give what has this name another one in addition.  A link is to the file
 * itself, so the copy is whole, and its mode and owner are the same.
 */
static int
make_backup(int dir, const char *name, struct placed *placed)
{
	int i, n;

	for (i = 1; i <= BACKUPS_MAX; i++) {
		n = snprintf(placed->backup, sizeof placed->backup, "%s.~%d~",
		    name, i);
		if (n < 0 || (size_t)n >= sizeof placed->backup)
			break;
		if (linkat(dir, name, dir, placed->backup, 0) == 0)
			return 0;
		if (errno != EEXIST) {
			n = errno == ENOENT ? 0 : -1;
			if (n == -1)
				warn("%s: cannot be kept", name);
			placed->backup[0] = '\0';
			return n;
		}
	}
	placed->backup[0] = '\0';
	warnx("%s: has too many backups", name);
	return -1;
}

static void
undo(int to, const char *name, struct placed *placed)
{
	if (placed->backup[0] != '\0') {
		/* When both are one file, rename(2) leaves both names. */
		if (placed->is_new)
			renameat(to, placed->backup, to, name);
		else
			unlinkat(to, placed->backup, 0);
	} else if (placed->is_new)
		unlinkat(to, name, 0);
}

static int
place(int from, int to, const char *name, struct placed *placed, int force)
{
	int rv;

	if (force && make_backup(to, name, placed) == -1)
		return -1;
	if (placed->backup[0] != '\0')
		rv = renameat(from, name, to, name);
	else
		rv = linkat(from, name, to, name, 0);
	if (rv == -1) {
		warn("%s", name);
		return -1;
	}
	placed->is_new = 1;
	return 0;
}

int
place_files(int from, int to, const char *const *names, size_t n, int force)
{
	struct placed placed[KEY_FILES] = { { .is_new = 0 } };
	size_t i;

	for (i = 0; i < n; i++)
		if (place(from, to, names[i], &placed[i], force) == -1) {
			undo(to, names[i], &placed[i]);
			while (i-- > 0)
				undo(to, names[i], &placed[i]);
			return -1;
		}
	if (fsync(to) == -1)
		warn("fsync");
	return 0;
}
