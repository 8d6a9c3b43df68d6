/* SPDX-License-Identifier: ISC */
/*
 * Descriptors 0 to 2, the first thing that a program here looks after.  For
 * set-uid ones libc does it.
 */
#include "standard.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

void
standard_open(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };
	int fd;

	/* The lowest number that is free is the one that is missing. */
	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", modes[fd]) == -1)
			_exit(EX_OSERR);
}
