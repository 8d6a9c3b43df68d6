/* SPDX-License-Identifier: ISC */
/*
 * Signals that are to end a program that has children to end first.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

/*
 * signals_hear(cb): have ${cb} called, by the loop, with SIGCHLD, and with
 * each of SIGHUP, SIGINT, SIGQUIT and SIGTERM that is not ignored.  Once per
 * process.  Fatal if the kernel refuses.
 */
void signals_hear(void (*)(int));

/* signals_die(sig): end by one that has been heard. */
void signals_die(int);

#endif
