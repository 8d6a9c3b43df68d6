/* SPDX-License-Identifier: ISC */
/*
 * A wall clock that a test can move: the linker puts this in place of
 * clock_gettime (--wrap) in a server's programs.  MANDOS_WALL names a file of
 * one number, 20 characters long: so many seconds CLOCK_REALTIME is ahead.
 * It is mapped before main(), and so before any filter; the test changes it
 * while the programs run.  All other clocks are what they are.
 */
#include <sys/types.h>
#include <sys/mman.h>

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WALL_LEN 20

int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);

static const char *wall;

__attribute__((constructor))
static void
wall_map(void)
{
	const char *path = getenv("MANDOS_WALL");
	void *p;
	int fd;

	if (path == NULL)
		return;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    (p = mmap(NULL, WALL_LEN, PROT_READ, MAP_SHARED, fd, 0)) ==
	    MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	wall = p;
}

/* What the file says, not in the middle of being changed. */
static long long
ahead(void)
{
	char text[WALL_LEN + 1], again[WALL_LEN];

	do {
		memcpy(text, wall, WALL_LEN);
		__asm__ volatile("" : : : "memory");
		memcpy(again, wall, WALL_LEN);
	} while (memcmp(text, again, WALL_LEN) != 0);
	text[WALL_LEN] = '\0';
	return strtoll(text, NULL, 10);
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	int r = __real_clock_gettime(clock, ts);

	if (r == 0 && clock == CLOCK_REALTIME && wall != NULL)
		ts->tv_sec += (time_t)ahead();
	return r;
}
