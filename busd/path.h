/* SPDX-License-Identifier: ISC */
/*
 * Object paths of clients.
 */
#ifndef PATH_H
#define PATH_H

#define PATH_CLIENTS "/clients"

/*
 * path_make(name): the object path of the client ${name}, in new memory, or
 * NULL without memory.  Two names may have one path: that is for the caller.
 */
char *path_make(const char *);

#endif
