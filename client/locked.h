/* SPDX-License-Identifier: ISC */
/*
 * Bytes that grow, for passwords: in memory that is not swapped out, is in no
 * core dump and no child, and is wiped before it is given back.
 */
#ifndef LOCKED_H
#define LOCKED_H

#include <sys/types.h>

#include <stddef.h>

#define LOCKED_MAX ((size_t)16 << 20)	/* no password is that long */

struct locked {
	char *bytes;
	size_t len;
	size_t size;		/* of the mapping */
};

/*
 * locked_add(locked, bytes, len): append.  Returns 0, or -1 with errno, EFBIG
 * if it would be more than LOCKED_MAX: then nothing has changed.  Memory that
 * may not be locked, because a limit is too low, is used all the same.
 */
int locked_add(struct locked *, const void *, size_t);

/*
 * locked_read(locked, fd): read(2) once and append what comes.  Returns as
 * read does, with -1 and EFBIG if there would be more than LOCKED_MAX.
 */
ssize_t locked_read(struct locked *, int);

/*
 * locked_write(locked, fd): write all of it, however long that takes.
 * Returns 0, or -1 with errno.
 */
int locked_write(const struct locked *, int);

/* locked_free(locked): wipe it and give it back; it is empty then. */
void locked_free(struct locked *);

/*
 * locked_process(): no core dump of this process or of what it starts, and no
 * other process of its user looks into it.  Fatal if that is not possible.
 */
void locked_process(void);

#endif
