/* SPDX-License-Identifier: ISC */
/*
 * Other processes, found in /proc.  A process that has been found is held by
 * descriptors: another one that gets its number later is not taken for it.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

struct process {
	int dir;		/* its directory in /proc, or -1 */
	int pidfd;
};

/* process_runs(name): is there a process whose argv[0] has this last part? */
int process_runs(const char *);

/*
 * process_find(file, process): find a process that runs this executable and
 * belongs to root.  The file may have any name by now.  Returns 0, or -1 if
 * there is none.
 */
int process_find(const char *, struct process *);

/*
 * process_hold(pid, file, process): the same for a number that somebody has
 * told, and that may be out of date.
 */
int process_hold(pid_t, const char *, struct process *);

/*
 * process_arguments(process): its command line, an allocated vector that ends
 * with NULL, of which the strings are one allocation, the first one.  NULL if
 * it cannot be had.
 */
char **process_arguments(const struct process *);

/* process_kill(process, sig): Returns 0, or -1 with errno. */
int process_kill(const struct process *, int);

/* process_release(process): forget it. */
void process_release(struct process *);

#endif
