/* SPDX-License-Identifier: ISC */
/*
 * Object paths of clients: for names that the original accepts, the
 * original's; for all others a legal one, so that no name can keep the server
 * off the bus.  mandos-dbus(7) describes the rule.
 */
#include "path.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slashes that leave no part between them empty make a deeper path. */
static int
has_sound_slashes(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && name[0] != '/' && name[len - 1] != '/' &&
	    strstr(name, "//") == NULL;
}

char *
path_make(const char *name)
{
	int deep = has_sound_slashes(name);
	const unsigned char *p;
	char *path, *end;

	/* A byte becomes at most three. */
	path = calloc(1, sizeof PATH_CLIENTS "/_" + 3 * strlen(name));
	if (path == NULL)
		return NULL;
	end = stpcpy(path, PATH_CLIENTS "/");
	if (name[0] == '\0')
		*end = '_';
	for (p = (const unsigned char *)name; *p != '\0'; p++) {
		if ((isascii(*p) && isalnum(*p)) || *p == '_' ||
		    (*p == '/' && deep))
			*end++ = (char)*p;
		else if (*p == '.' || *p == '-')
			*end++ = '_';
		else
			end += sprintf(end, "_%02x", (unsigned int)*p);
	}
	return path;
}
