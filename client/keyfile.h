/* SPDX-License-Identifier: ISC */
/*
 * Key files: opened by the keeper, with the rights of who has called, and read
 * by the process that needs what is in them.
 */
#ifndef KEYFILE_H
#define KEYFILE_H

#include <stddef.h>

/* keyfile_open(path): a descriptor, or -1 with a message. */
int keyfile_open(const char *);

/*
 * keyfile_read(fd, path, len): all of it, from the heap, with a NUL behind it
 * and its length in *len, unless that is NULL; ${fd} is closed.  NULL, with a
 * message that has ${path}, if that is not possible.
 */
char *keyfile_read(int, const char *, size_t *);

/* keyfile_free(bytes): wiped before.  Harmless on NULL. */
void keyfile_free(char *);

#endif
