/* SPDX-License-Identifier: ISC */
/*
 * Standard input, output and error.
 */
#ifndef STANDARD_H
#define STANDARD_H

/*
 * standard_open(): see to it that all three are open, so that nothing that is
 * opened later becomes one of them.  One that was not cannot be used for its
 * purpose: what is written to it is an error, and not lost.  Ends the program
 * if that is not possible.
 */
void standard_open(void);

#endif
