/* SPDX-License-Identifier: ISC */
/*
 * mandos-checkerd: main(), the order of its start, and its end.
 *
 * It has a user of its own and of all root's power one capability, which it
 * hands on: to send what ping(8) sends.  It is in the root directory, as any
 * program may be a checker.
 */
#include "checkerd.h"

#include <sys/types.h>
#include <sys/prctl.h>

#include <linux/capability.h>
#include <signal.h>
#include <unistd.h>

#include "child.h"
#include "log.h"
#include "sandbox.h"

#ifndef CHECKER_USER
#define CHECKER_USER "_mandos"
#endif

static void
on_signal(int signo)
{
	if (signo == SIGCHLD)
		run_reap();
	else if (signo == SIGTERM)
		checkerd_end(0);
	/* An interrupt from the terminal is for the parent to act upon. */
}

/* Give up all power but that. */
static void
lock_down(void)
{
	static const int caps[] = { CAP_NET_RAW, -1 };
	static const struct sandbox_id id = { .user = CHECKER_USER,
		.keep_caps = caps, .ambient = 1 };

	sandbox_drop(&id);
	/* If the parent is killed: time to kill the checkers, too. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1)
		fatal("PR_SET_PDEATHSIG");
	sandbox_enter(RULES_CHECKERD);
}

int
main(int argc, char **argv)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0 };
	const struct msg_check_ready ready = { 0 };

	log_open("mandos-checkerd", LOG_WARNING);
	child_adopt(&checkerd.warden.chan, PROC_CHECKERD, argc, argv);
	orders_await(&checkerd.warden, MSG_CHECK_START);
	log_open("mandos-checkerd", checkerd.log_level);
	if (chdir("/") == -1)
		fatal("/");
	loop_init();
	loop_signals(signals, on_signal);
	lock_down();
	run_init();
	tell_init();
	orders_watch(&checkerd.warden);
	orders_tell(&checkerd.warden, MSG_CHECK_READY, &ready, NULL, 0, -1);
	loop_run();
	return 0;
}
