/* SPDX-License-Identifier: ISC */
/*
 * spawnloop COUNT [PAUSE]: run "/bin/sh -c :" so many times, one after the
 * other, with so many microseconds between, and print the microseconds of CPU
 * that one took, of the shell and of this process together.  What runs
 * checkers cannot do with less.
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t
used_us(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage) == -1)
		err(1, "getrusage");
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
	    INT64_C(1000000) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int
main(int argc, char **argv)
{
	static char sh[] = "sh", option[] = "-c", command[] = ":";
	char *args[] = { sh, option, command, NULL };
	const char *why;
	long long i, count, pause_us = 0;
	int64_t begin;
	pid_t pid;

	if (argc != 2 && argc != 3)
		errx(1, "usage: spawnloop count [pause]");
	count = strtonum(argv[1], 1, INT32_MAX, &why);
	if (why == NULL && argc == 3)
		pause_us = strtonum(argv[2], 0, 999999, &why);
	if (why != NULL)
		errx(1, "a number is %s", why);
	begin = used_us(RUSAGE_SELF) + used_us(RUSAGE_CHILDREN);
	for (i = 0; i < count; i++) {
		if (pause_us > 0)
			usleep((useconds_t)pause_us);
		if ((errno = posix_spawn(&pid, "/bin/sh", NULL, NULL, args,
		    environ)) != 0 || waitpid(pid, NULL, 0) != pid)
			err(1, "/bin/sh");
	}
	printf("%lld\n", (long long)(used_us(RUSAGE_SELF) +
	    used_us(RUSAGE_CHILDREN) - begin) / count);
	return 0;
}
