/* SPDX-License-Identifier: ISC */
/*
 * hydra: a hostile checker's child.  It never stays one process: each forks
 * the next, which leads a session of its own, and ends.  Ten seconds after it
 * was started it gives up, so that a test that fails leaves nothing behind.
 */
#include <sys/types.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
main(void)
{
	time_t end = time(NULL) + 10;

	while (time(NULL) < end) {
		switch (fork()) {
		case -1:
			/* Too many: those before us must end first. */
			continue;
		case 0:
			setsid();
			break;
		default:
			_exit(0);
		}
	}
	return 0;
}
