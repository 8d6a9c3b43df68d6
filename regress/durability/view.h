/* SPDX-License-Identifier: ISC */
/*
 * What a directory of files holds, in memory.
 */
#ifndef VIEW_H
#define VIEW_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#define VIEW_FILES 16

struct view_file {
	char name[128];
	uint64_t node;		/* hard links have the same */
	const uint8_t *data;
	size_t len;
	uint64_t hash;		/* of data; 0 is not known */
};

/* One directory, sorted by name. */
struct view {
	size_t files;
	struct view_file file[VIEW_FILES];
};

/*
 * view_read(view, dir): as it is; view_free frees the data.  view_write(dir,
 * view): make it so, mode 0600; only what differs from the last view written
 * there by this process is touched, if ${last} is that, and all if NULL.
 */
void view_read(struct view *, const char *);
void view_free(struct view *);
void view_write(const char *, const struct view *,
    const struct view *);

/* view_find(view, name): that file, or NULL. */
const struct view_file *view_find(const struct view *, const char *);

/* view_sort(view): by name, as view_read() has it. */
void view_sort(struct view *);

#endif
