/* SPDX-License-Identifier: ISC */
/*
 * Memory that is given back is wiped, also by libraries: a new secret passes
 * through buffers of libdbus, which frees them as they are.  This takes the
 * place of the C library's free() and realloc() in the whole of mandos-busd,
 * and of mandos-ctl.
 */
#include <sys/types.h>

#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* AddressSanitizer has a free() of its own, and wants to keep it. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)

void
free(void *p)
{
	static void (*next)(void *);
	void *symbol;

	if (p == NULL)
		return;
	if (next == NULL) {
		/* ISO C has no way from an object to a function but this. */
		if ((symbol = dlsym(RTLD_NEXT, "free")) == NULL)
			abort();
		memcpy(&next, &symbol, sizeof next);
	}
	explicit_bzero(p, malloc_usable_size(p));
	next(p);
}

void *
realloc(void *p, size_t size)
{
	size_t old = p == NULL ? 0 : malloc_usable_size(p);
	void *new;

	if (p != NULL && size == 0) {
		free(p);
		return NULL;
	}
	if ((new = malloc(size)) == NULL)
		return NULL;
	if (p != NULL)
		memcpy(new, p, old < size ? old : size);
	free(p);
	return new;
}

#endif
