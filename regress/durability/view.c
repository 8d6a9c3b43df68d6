/* SPDX-License-Identifier: ISC */
/*
 * Directories read into memory, and written from it.
 */
#include "view.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
by_name(const void *a, const void *b)
{
	const struct view_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void
view_sort(struct view *view)
{
	qsort(view->file, view->files, sizeof view->file[0], by_name);
}

static void
read_file(struct view_file *file, int dir)
{
	struct stat st;
	uint8_t *data;
	int fd = openat(dir, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1)
		err(1, "%s", file->name);
	file->node = st.st_ino;
	file->hash = 0;
	file->len = (size_t)st.st_size;
	if ((data = calloc(1, file->len + 1)) == NULL ||
	    read(fd, data, file->len) != (ssize_t)file->len)
		err(1, "%s", file->name);
	file->data = data;
	close(fd);
}

void
view_read(struct view *view, const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		err(1, "%s", path);
	view->files = 0;
	while ((entry = readdir(dir)) != NULL) {
		struct view_file *file = &view->file[view->files];

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (view->files++ == VIEW_FILES ||
		    strlcpy(file->name, entry->d_name, sizeof file->name) >=
		    sizeof file->name)
			errx(1, "%s: too many files, or too long a name", path);
		read_file(file, dirfd(dir));
	}
	closedir(dir);
	view_sort(view);
}

void
view_free(struct view *view)
{
	size_t i;

	for (i = 0; i < view->files; i++) {
		void *data;

		memcpy(&data, &view->file[i].data, sizeof data);
		free(data);
	}
	view->files = 0;
}

const struct view_file *
view_find(const struct view *view, const char *name)
{
	size_t i;

	for (i = 0; i < view->files; i++) {
		if (strcmp(view->file[i].name, name) == 0)
			return &view->file[i];
	}
	return NULL;
}

static int
same(const struct view_file *a, const struct view_file *b)
{
	return a != NULL && b != NULL && a->len == b->len && a->hash != 0 &&
	    a->hash == b->hash;
}

static void
remove_others(int dir, const struct view *view)
{
	struct dirent *entry;
	DIR *list = fdopendir(dup(dir));

	if (list == NULL)
		err(1, "fdopendir");
	rewinddir(list);
	while ((entry = readdir(list)) != NULL) {
		if (entry->d_name[0] != '.' &&
		    view_find(view, entry->d_name) == NULL &&
		    unlinkat(dir, entry->d_name, 0) == -1)
			err(1, "%s", entry->d_name);
	}
	closedir(list);
}

void
view_write(const char *path, const struct view *view,
    const struct view *last)
{
	int fd, dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	if (dir == -1)
		err(1, "%s", path);
	remove_others(dir, view);
	for (i = 0; i < view->files; i++) {
		const struct view_file *file = &view->file[i];

		if (last != NULL && same(view_find(last, file->name), file))
			continue;
		fd = openat(dir, file->name, O_WRONLY | O_CREAT | O_TRUNC |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -1 || write(fd, file->data, file->len) !=
		    (ssize_t)file->len)
			err(1, "%s", file->name);
		close(fd);
	}
	close(dir);
}
