/* SPDX-License-Identifier: ISC */
/*
 * Memory for secrets, in the process that has all of them.  The processes it
 * forks read what a stranger may have written; they do not inherit it.
 */
#include "import.h"

#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

void
vault_keep(struct str *str)
{
	char *p;

	if (str->len == 0) {
		str_free(str);
		return;
	}
	p = mmap(NULL, str->len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		fatal("mmap");
	if (madvise(p, str->len, MADV_DONTFORK) == -1 ||
	    madvise(p, str->len, MADV_DONTDUMP) == -1)
		fatal("madvise");
	memcpy(p, str->p, str->len);
	freezero(str->p, str->len);
	str->p = p;
}
