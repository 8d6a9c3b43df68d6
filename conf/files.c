/* SPDX-License-Identifier: ISC */
/*
 * The files that clients come from: clients.conf, whose [DEFAULT] holds for
 * every client, and those in clients.d, each with a [DEFAULT] for its own.
 * Run by the configuration reader when it has nothing left but the right to
 * read files.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static struct client_file *
file_add(struct client_files *files, const char *dir, const char *name)
{
	struct client_file *file;

	if ((file = calloc(1, sizeof *file)) == NULL ||
	    asprintf(&file->path, "%s/%s", dir, name) == -1)
		fatal("calloc");
	ini_init(&file->ini, file->path);
	STAILQ_INSERT_TAIL(files, file, entry);
	return file;
}

static int
read_one(struct client_file *file, struct clients *clients)
{
	if (ini_load(&file->ini) == -1)
		return -1;
	return clients_read(clients, &file->ini);
}

/* As the pattern "*.conf" of a shell. */
static int
is_wanted(const struct dirent *item)
{
	size_t len = strlen(item->d_name);

	return item->d_name[0] != '.' && len > strlen(".conf") &&
	    strcmp(item->d_name + len - strlen(".conf"), ".conf") == 0;
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A file that is listed and not there is as bad as one that cannot be read. */
static int
read_listed(struct client_file *file, struct clients *clients)
{
	struct where where = { .file = file->path };
	int result = read_one(file, clients);

	if (file->ini.is_there)
		return result;
	problem_error(&where, "%s", strerror(ENOENT));
	return -1;
}

static int
read_directory(struct client_files *files, struct clients *clients,
    const char *dir)
{
	struct ini *base = &STAILQ_FIRST(files)->ini;
	struct where where = { .file = dir };
	struct client_file *file;
	struct dirent **items;
	int i, count, result = 0;

	if ((count = scandir(dir, &items, is_wanted, by_bytes)) == -1) {
		if (errno == ENOENT)
			return 0;
		problem_error(&where, "%s", strerror(errno));
		return -1;
	}
	for (i = 0; i < count; i++) {
		file = file_add(files, dir, items[i]->d_name);
		file->ini.base = base;
		if (read_listed(file, clients) == -1)
			result = -1;
		free(items[i]);
	}
	free(items);
	return result;
}

int
files_read(struct client_files *files, struct clients *clients,
    const char *configdir)
{
	struct client_file *file;
	char *dir;
	int result;

	STAILQ_INIT(files);
	file = file_add(files, configdir, "clients.conf");
	clients_builtin(&file->ini);
	result = read_one(file, clients);
	if (asprintf(&dir, "%s/clients.d", configdir) == -1)
		fatal("asprintf");
	if (read_directory(files, clients, dir) == -1)
		result = -1;
	free(dir);
	return result;
}

int
files_are_there(const struct client_files *files)
{
	const struct client_file *file;

	STAILQ_FOREACH(file, files, entry)
		if (file->ini.is_there)
			return 1;
	return 0;
}

void
files_free(struct client_files *files)
{
	struct client_file *file;

	while ((file = STAILQ_FIRST(files)) != NULL) {
		STAILQ_REMOVE_HEAD(files, entry);
		ini_free(&file->ini);
		free(file->path);
		free(file);
	}
}
