/* SPDX-License-Identifier: ISC */
/*
 * The directory in which GnuPG has the keys for as long as it takes.  Run by
 * the keeper, which makes and removes it as the decrypter's user: nothing
 * there can make it remove what is not that user's.
 */
#include "client.h"

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "power.h"

#define DEPTH_MAX 8	/* GnuPG makes directories in it, but not many */

int
home_make(struct keeper *k)
{
	static const char *const templates[] = { "/run/tmp/mandosXXXXXX",
		"/tmp/mandosXXXXXX" };
	char path[sizeof k->home];
	size_t i;

	power_files_as(power_child_uid(), power_child_gid());
	for (i = 0; i < sizeof templates / sizeof *templates; i++) {
		strlcpy(path, templates[i], sizeof path);
		if (mkdtemp(path) != NULL) {
			strlcpy(k->home, path, sizeof k->home);
			break;
		}
	}
	if (k->home[0] == '\0')
		log_warn("mkdtemp");
	power_files_own();
	return k->home[0] == '\0' ? -1 : 0;
}

static void remove_in(int, const char *, int);

/* All that is in the directory ${fd}, which it closes. */
static void
remove_content(int fd, int depth)
{
	struct dirent *entry;
	DIR *dir;

	if ((dir = fdopendir(fd)) == NULL) {
		log_warn("fdopendir");
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			remove_in(dirfd(dir), entry->d_name, depth);
	closedir(dir);
}

/* No link is followed: what is none but a directory is just unlinked. */
static void
remove_in(int dir, const char *name, int depth)
{
	int fd;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return;
	if (errno != EISDIR && errno != EPERM) {
		log_warn("%s not removed", name);
		return;
	}
	if (depth < DEPTH_MAX && (fd = openat(dir, name, O_RDONLY |
	    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) != -1)
		remove_content(fd, depth + 1);
	if (unlinkat(dir, name, AT_REMOVEDIR) == -1)
		log_warn("%s not removed", name);
}

/*
 * For a user who has logged in, GnuPG puts its sockets in another directory,
 * and only it knows which: a hash of our directory's name is in its name.
 */
static void
remove_sockets(const struct keeper *k)
{
	char user[64];
	pid_t pid, me = getpid();
	int null;

	snprintf(user, sizeof user, "/run/user/%u/gnupg",
	    (unsigned)power_child_uid());
	if (access(user, F_OK) == -1)
		return;
	if ((pid = fork()) == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		power_drop(me);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execlp("gpgconf", "gpgconf", "--homedir", k->home,
		    "--remove-socketdir", (char *)NULL);
		_exit(1);
	}
	if (pid == -1 || waitpid(pid, NULL, 0) == -1)
		log_warn("gpgconf");
}

void
home_remove(struct keeper *k)
{
	if (k->home[0] == '\0')
		return;
	remove_sockets(k);
	power_files_as(power_child_uid(), power_child_gid());
	remove_in(AT_FDCWD, k->home, 0);
	power_files_own();
	k->home[0] = '\0';
}
