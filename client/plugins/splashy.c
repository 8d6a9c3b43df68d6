/* SPDX-License-Identifier: ISC */
/*
 * splashy: has Splashy ask for the password on its screen; the program that
 * asks prints it to our standard output itself.  Splashy can only be made to
 * stop asking by being started anew.  Installed set-uid root for that.
 */
#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "device.h"
#include "log.h"
#include "privilege.h"
#include "process.h"
#include "screen.h"

#define SPLASHY "/sbin/splashy"
#define UPDATE "/sbin/splashy_update"

int
main(void)
{
	static const char *const boot[] = { SPLASHY, "boot", NULL };
	const char *ask[] = { UPDATE, NULL, NULL };
	struct process splashy;
	char *command;
	int rc;

	log_open("splashy", LOG_INFO);
	privilege_start();
	screen_start();
	command = device_text("getpass Enter passphrase to unlock the disk",
	    ": ");
	if (command == NULL)
		fatal("prompt");
	ask[1] = command;
	privilege_raise();
	rc = process_find(SPLASHY, &splashy);
	privilege_lower();
	if (rc == -1) {
		free(command);
		return EX_UNAVAILABLE;
	}
	rc = screen_run(ask, -1);
	free(command);
	if (rc == SCREEN_SIGNAL) {
		screen_end(&splashy);
		screen_daemon(SPLASHY, boot);
	}
	process_release(&splashy);
	if (rc == SCREEN_SIGNAL)
		screen_die();
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
