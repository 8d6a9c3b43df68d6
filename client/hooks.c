/* SPDX-License-Identifier: ISC */
/*
 * Network hooks: programs of the administrator that make interfaces ready
 * before, and undo it afterwards.  Run by the keeper, and they by root.
 */
#include "client.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "power.h"

/* The last part of the path of a directory of hooks, in image and host. */
#define HOOKS_NAME "network-hooks.d"

static int
has_valid_name(const char *name)
{
	return name[0] != '\0' && name[strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "_.-")] == '\0';
}

/* Is root to run something for somebody else, who has called? */
static int
is_for_other(void)
{
	uid_t uid;
	gid_t gid;

	power_caller(&uid, &gid);
	return power_is_root() && uid != 0;
}

/* Nobody but root has a say in what root is to run for somebody else. */
static int
is_roots(const struct stat *st)
{
	return !is_for_other() ||
	    (st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

/* Can nobody but root replace what is at this path, which has no links? */
static int
is_roots_path(const char *path)
{
	struct stat st;

	/* Where all may write, the sticky bit protects what is root's. */
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == 0 && ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
	    (st.st_mode & S_ISVTX) != 0);
}

/* From the top, so that what has been seen cannot be replaced any more. */
static int
is_fixed(char *real)
{
	char *slash = real;
	int is_so = is_roots_path("/");

	while (is_so && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		is_so = is_roots_path(real);
		*slash = '/';
	}
	return is_so && is_roots_path(real);
}

/*
 * Why root runs nothing in this directory for somebody else, or NULL.  Of all
 * directories that are root's only one of hooks is meant: a shell, an editor
 * or reboot(8) would do as they are told by whoever has called.
 */
static const char *
why_not(char *real)
{
	const char *name = strrchr(real, '/') + 1;

	if (strcmp(name, HOOKS_NAME) != 0)
		return "its name is not " HOOKS_NAME;
	if (!is_fixed(real))
		return "others than root may write to it, or to one "
		    "above it";
	return NULL;
}

/*
 * The path by which hooks are found and run, allocated; NULL, perhaps after a
 * message, if there is none.  For somebody else it has no links: one of his
 * would lead elsewhere by the time that a hook runs.
 */
static char *
find_dir(const char *path)
{
	char *dir = is_for_other() ? realpath(path, NULL) : strdup(path);
	const char *why;

	if (dir == NULL) {
		if (errno != ENOENT)
			log_warn("network hook directory \"%s\"", path);
		return NULL;
	}
	if (!is_for_other() || (why = why_not(dir)) == NULL)
		return dir;
	log_warnx("Warning: network hook directory \"%s\" is not used: %s",
	    path, why);
	free(dir);
	return NULL;
}

static int
is_hook(int dir, const char *name)
{
	struct stat st;

	if (!has_valid_name(name) || fstatat(dir, name, &st, 0) == -1 ||
	    !S_ISREG(st.st_mode) ||
	    (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		return 0;
	if (!is_roots(&st)) {
		log_warnx("Warning: network hook \"%s\" is not run: others "
		    "than root may write to it", name);
		return 0;
	}
	return 1;
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1) == -1)
		_exit(EX_OSERR);
}

/*
 * Far too many variables have some program read a file or run code: who has
 * called sets none.
 */
static void
clean_environment(void)
{
	if (!is_for_other())
		return;
	if (clearenv() != 0)
		_exit(EX_OSERR);
	set("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
}

/* DEVICE is the list as it was given, with what a hook is yet to make. */
static void
set_device(const struct ifnames *names)
{
	const struct ifname *name;
	char *text = strdup("");
	char *longer;

	STAILQ_FOREACH(name, names, entry) {
		if (text == NULL || asprintf(&longer, "%s%s%s", text,
		    *text == '\0' ? "" : ",", name->name) == -1)
			_exit(EX_OSERR);
		free(text);
		text = longer;
	}
	if (text == NULL)
		_exit(EX_OSERR);
	set("DEVICE", text);
}

static void
set_environment(const struct keeper *k, const char *dir, const char *mode)
{
	char delay[64];

	clean_environment();
	snprintf(delay, sizeof delay, "%f", k->opt.delay);
	set("MANDOSNETHOOKDIR", dir);
	set_device(&k->opt.ifnames);
	set("MODE", mode);
	set("VERBOSITY", k->opt.debug ? "1" : "0");
	set("DELAY", delay);
	if (!STAILQ_EMPTY(&k->opt.connects))
		set("CONNECT", STAILQ_FIRST(&k->opt.connects)->text);
}

/* In the child. */
static void __attribute__((noreturn))
become_hook(const struct keeper *k, const char *dir, char *name,
    const char *mode)
{
	char mode_copy[8], *path;
	char *argv[] = { name, mode_copy, NULL };
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	strlcpy(mode_copy, mode, sizeof mode_copy);
	sigemptyset(&none);
	if (power_become_root() == -1)
		log_warn("root's power for network hook \"%s\"", name);
	set_environment(k, dir, mode);
	if (asprintf(&path, "%s/%s", dir, name) == -1)
		_exit(EX_OSERR);
	/* Nor does he choose where root is, and its umask. */
	if (is_for_other()) {
		umask(S_IWGRP | S_IWOTH);
		if (chdir("/") == -1)
			_exit(EX_OSERR);
	}
	/* What is on standard output is taken for the password. */
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) == -1)
		_exit(EX_OSERR);
	/* Descriptors of whoever has called are not for root. */
	closefrom(STDERR_FILENO + 1);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(path, argv);
	log_warn("network hook \"%s\"", name);
	_exit(EX_UNAVAILABLE);
}

static void
tell_end(const char *name, int status)
{
	if (WIFSIGNALED(status))
		log_warnx("Warning: network hook \"%s\" died by signal %d",
		    name, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_warnx("Warning: network hook \"%s\" exited with status "
		    "%d", name, WEXITSTATUS(status));
	else
		log_debug("Network hook \"%s\" done", name);
}

static void
run(struct keeper *k, const char *dir, char *name, const char *mode)
{
	int is_start = strcmp(mode, "start") == 0;
	int is_told = 0;

	log_debug("Running network hook \"%s\" %s", name, mode);
	if ((k->hook = fork()) == -1) {
		log_warn("fork");
		k->hook = 0;
		return;
	}
	if (k->hook == 0)
		become_hook(k, dir, name, mode);
	while (k->hook != 0) {
		/* Its end is seen in keeper_wait(). */
		if (keeper_wait(k, -1) && is_start && k->hook != 0 &&
		    !is_told) {
			kill(k->hook, SIGTERM);
			is_told = 1;
		}
	}
	tell_end(name, k->hook_status);
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of hooks, in order.  The caller frees them and the list. */
static size_t
find_hooks(const char *path, char ***names)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	char **longer;
	size_t count = 0;

	*names = NULL;
	if (dir == NULL) {
		if (errno != ENOENT)
			log_warn("network hook directory \"%s\"", path);
		return 0;
	}
	if (fstat(dirfd(dir), &st) == -1 || !is_roots(&st)) {
		log_warnx("Warning: network hook directory \"%s\" is not "
		    "used: others than root may write to it", path);
		closedir(dir);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (!is_hook(dirfd(dir), entry->d_name))
			continue;
		longer = reallocarray(*names, count + 1, sizeof *longer);
		if (longer == NULL)
			break;
		*names = longer;
		if ((longer[count] = strdup(entry->d_name)) == NULL)
			break;
		count++;
	}
	closedir(dir);
	if (count > 0)
		qsort(*names, count, sizeof **names, by_bytes);
	return count;
}

void
hooks_run(struct keeper *k, const char *mode)
{
	char **names, *dir = find_dir(k->opt.hook_dir);
	size_t i, count;

	if (dir == NULL)
		return;
	count = find_hooks(dir, &names);
	for (i = 0; i < count; i++) {
		if (k->signal == 0 || strcmp(mode, "stop") == 0)
			run(k, dir, names[i], mode);
		free(names[i]);
	}
	free(names);
	free(dir);
}
