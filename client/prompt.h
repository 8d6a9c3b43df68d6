/* SPDX-License-Identifier: ISC */
/*
 * Asking a person for a password.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "locked.h"

enum prompt {
	PROMPT_OK,
	PROMPT_EOF,		/* the input has ended, and nothing came */
	PROMPT_SIGNAL,		/* prompt_die() is to be called soon */
	PROMPT_ERROR		/* see errno */
};

/*
 * prompt_ask(in, out, text, answer): write ${text} to ${out} and append one
 * line from ${in}, without its newline, to ${answer}.  If ${in} is a terminal
 * it shows nothing meanwhile, and nobody else who asks for this lock reads
 * from it; it is as before when this returns, and while the process is
 * stopped.
 */
enum prompt prompt_ask(int, int, const char *, struct locked *);

/*
 * prompt_die(): end the process by the signal that has ended prompt_ask.  If
 * there was none, return.
 */
void prompt_die(void);

#endif
