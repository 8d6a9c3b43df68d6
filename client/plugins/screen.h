/* SPDX-License-Identifier: ISC */
/*
 * What plugins share that ask on a boot screen: its daemon may have to be
 * ended and started again when the plugin is told to end, since it goes on
 * asking otherwise.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "process.h"

#define SCREEN_SIGNAL (-1)	/* we are to end */
#define SCREEN_FAILED (-2)	/* after a message */
#define SCREEN_TIME (-3)	/* it took too long */

/*
 * screen_start(): hear of the signals that are to end us, unless they are
 * ignored, in what follows.  Fatal if the kernel refuses.
 */
void screen_start(void);

/*
 * screen_wait(fd, events, ms): wait for poll(2) events of a descriptor, or for
 * so many milliseconds; a ${ms} of -1 is without end.  Returns 0, or one of
 * the above.
 */
int screen_wait(int, short, int);

/*
 * screen_run(argv, ms): run a program as root, in name of whoever started us,
 * with a clean environment.  Returns its exit status, or one of the above:
 * then it has been ended.  A program that is killed has SCREEN_FAILED.
 */
int screen_run(const char *const *, int);

/*
 * screen_end(process): have a daemon ended, by force if it takes too long.
 */
void screen_end(struct process *);

/*
 * screen_daemon(file, argv): start a daemon, as root alone, in a session of
 * its own.  It may outlive us.  Returns 0, or -1 after a message.
 */
int screen_daemon(const char *, const char *const *);

/* screen_deaf(): from now on signals do not matter; what is left is short. */
void screen_deaf(void);

/* screen_die(): end by the signal that was heard; return if there was none. */
void screen_die(void);

#endif
