/* SPDX-License-Identifier: ISC */
/*
 * What plugin-runner and password-agent hear of: the end of their children,
 * and that they are to end themselves, which they do by that very signal.
 */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

#include "loop.h"

void
signals_hear(void (*cb)(int))
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	int list[sizeof ends / sizeof *ends + 2] = { SIGCHLD }, n = 1;
	struct sigaction action;
	size_t i;

	/* Whoever was started with a signal ignored is not ended by it. */
	for (i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			list[n++] = ends[i];
	/* Whoever does not want to know would not be told of children. */
	signal(SIGCHLD, SIG_DFL);
	loop_signals(list, cb);
}

void
signals_die(int sig)
{
	sigset_t set;

	/* It waits until it is let through, since it is blocked to be heard. */
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
