/* SPDX-License-Identifier: ISC */
/*
 * mandos-busd: main(), the order of its start, and its end.
 *
 * It has a user of its own, in the group that may own our names on the bus,
 * and no power.  It stays in the root directory: the bus is found there again
 * by its path when it has been away.
 */
#include "busd.h"

#include <sys/types.h>

#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include "avahi.h"
#include "child.h"
#include "log.h"
#include "sandbox.h"

#define LONG_LEN (128 * 1024)	/* longer than anything that stays */

#ifndef BUS_USER
#define BUS_USER "_mandos-bus"
#endif
#ifndef CHECKER_USER
#define CHECKER_USER "_mandos"
#endif

static void
on_signal(int signo)
{
	if (signo == SIGTERM)
		busd_end(0);
	/* An interrupt from the terminal is for the parent to act upon. */
}

/* Whoever may run checkers, and his group, may call, too. */
static void
find_callers(void)
{
	const struct passwd *pw = getpwnam(CHECKER_USER);

	if (pw == NULL)
		fatalx("user %s does not exist", CHECKER_USER);
	busd.uid = pw->pw_uid;
	busd.gid = pw->pw_gid;
	endpwent();
}

static void
lock_down(void)
{
	static const struct sandbox_id id = { .user = BUS_USER };

	sandbox_drop(&id);
	if (busd.flags & SETTING_ZEROCONF)
		zeroconf_start();
	sandbox_enter(RULES_BUSD);
}

int
main(int argc, char **argv)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	const struct msg_bus_ready ready = { 0 };

	/* What is as long as a list of all clients is to be given back. */
	mallopt(M_MMAP_THRESHOLD, LONG_LEN);
	log_open("mandos-busd", LOG_WARNING);
	child_adopt(&busd.warden.chan, PROC_BUSD, argc, argv);
	orders_await(&busd.warden, MSG_BUS_START);
	log_open("mandos-busd", busd.log_level);
	if (chdir("/") == -1)
		fatal("/");
	find_callers();
	loop_init();
	loop_signals(signals, on_signal);
	if (busd.flags & SETTING_DBUS)
		bus_init();
	lock_down();
	orders_watch(&busd.warden);
	orders_tell(&busd.warden, MSG_BUS_READY, &ready, NULL, 0, -1);
	if (busd.flags & SETTING_DBUS)
		bus_start();
	loop_run();
	return 0;
}
