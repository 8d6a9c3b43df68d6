/* SPDX-License-Identifier: ISC */
/*
 * mandos-warden: lock-down, then the loop.  It ends when the monitor does.
 */
#include "warden.h"

#include "log.h"
#include "sandbox.h"

int
main(int argc, char **argv)
{
	/* Still root's: nobody else may signal it.  Root without powers. */
	static const struct sandbox_id id = { .empty_root = 1 };
	const struct boot *boot;

	parent_init();
	boot = monitor_init(argc, argv);
	log_open("mandos-warden", (int)boot->settings.log_level);
	loop_init();
	sandbox_drop(&id);
	sandbox_enter(RULES_WARDEN);
	monitor_watch();
	parent_watch();
	loop_run();
	return 0;
}
