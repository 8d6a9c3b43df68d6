/* SPDX-License-Identifier: ISC */
/*
 * Which files of the plugin directory are plugins: those that the user who
 * runs them may read and execute.  Looked for after root's power is gone, so
 * that it is the kernel who says what that user may.
 */
#include "runner.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

int
directory_skips(const char *name)
{
	static const char *const ends[] = { "~", ".dpkg-bak", ".dpkg-divert",
		".dpkg-new", ".dpkg-old" };
	size_t len = strlen(name), n, i;

	/* Files that are hidden, and those of editors and of dpkg. */
	if (name[0] == '.' || len == 0)
		return 1;
	if (len > 1 && name[0] == '#' && name[len - 1] == '#')
		return 1;
	for (i = 0; i < sizeof ends / sizeof *ends; i++) {
		n = strlen(ends[i]);
		if (len >= n && strcmp(name + len - n, ends[i]) == 0)
			return 1;
	}
	return 0;
}

static int
is_plugin_name(const struct dirent *entry)
{
	return !directory_skips(entry->d_name);
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Open it, if it is what a plugin is.  Returns -1 if not. */
static int
open_plugin(int dir, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, 0) == -1 || !S_ISREG(st.st_mode) ||
	    faccessat(dir, name, X_OK, 0) == -1) {
		log_debug("%s is not a file that can be run", name);
		return -1;
	}
	/* A pipe that has taken its place meanwhile is not waited for. */
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		log_warn("Could not open plugin: %s", name);
	return fd;
}

static void
consider(struct settings *settings, int dir, const char *name,
    struct plugin **last)
{
	struct plugin *plugin = settings_plugin(settings, name);

	if (plugin->is_disabled) {
		log_debug("%s is disabled", name);
		return;
	}
	if ((plugin->fd = open_plugin(dir, name)) == -1)
		return;
	plugin->is_file = 1;
	TAILQ_REMOVE(&settings->plugins, plugin, entry);
	if (*last == NULL)
		TAILQ_INSERT_HEAD(&settings->plugins, plugin, entry);
	else
		TAILQ_INSERT_AFTER(&settings->plugins, *last, plugin, entry);
	*last = plugin;
}

int
directory_scan(struct settings *settings)
{
	struct plugin *last = NULL;
	struct dirent **entries;
	int dir, i, n;

	dir = open(settings->plugin_dir, O_RDONLY | O_CLOEXEC);
	if (dir == -1) {
		log_warn("Could not open plugin dir: %s",
		    settings->plugin_dir);
		return EX_UNAVAILABLE;
	}
	n = scandirat(dir, ".", &entries, is_plugin_name, by_bytes);
	if (n == -1) {
		log_warn("Could not scan plugin dir: %s",
		    settings->plugin_dir);
		close(dir);
		return EX_OSERR;
	}
	for (i = 0; i < n; i++) {
		consider(settings, dir, entries[i]->d_name, &last);
		free(entries[i]);
	}
	free(entries);
	close(dir);
	return 0;
}
