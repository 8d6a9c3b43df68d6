/* SPDX-License-Identifier: ISC */
/*
 * mandos-core, the monitor: boot order and lock-down.  The parent starts it,
 * and is the one to be told to end.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "proof.h"
#include "sandbox.h"

static int exit_status;
static int configured;		/* the first configuration is in force */
static int serving;

void
monitor_stop(int status)
{
	exit_status = status;
	loop_stop();
}

/*
 * Below us on the stack lie registers that the dynamic linker has saved when
 * a library's function was bound: what copied the secrets had used them.
 */
static void __attribute__((noinline))
wipe_stack(void)
{
	uint8_t below[64 * 1024];

	explicit_bzero(below, sizeof below);
}

void
monitor_configured(int refused)
{
	uint32_t enabled;

	if (configured) {
		parent_serving(refused);
		return;
	}
	if (refused) {
		log_errx("the configuration did not arrive");
		monitor_stop(EX_SOFTWARE);
		return;
	}
	configured = 1;
	wipe_stack();
	if (client_count(&enabled) == 0)
		log_warnx("No clients defined");
	netd_start();
}

void
monitor_serving(void)
{
	if (!serving)
		parent_serving(0);
	serving = 1;
}

/* The port, to be announced. */
static int
port_of(int listener)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	socklen_t len = sizeof in6;

	if (getsockname(listener, (struct sockaddr *)&in6, &len) == -1)
		fatal("getsockname");
	if (in6.sin6_family == AF_INET6)
		return ntohs(in6.sin6_port);
	memcpy(&in, &in6, sizeof in);
	return ntohs(in.sin_port);
}

int
main(int argc, char **argv)
{
	static const struct sandbox_id id = { .user = NULL };
	const struct boot *boot;
	int listener, port;

	boot = parent_init(argc, argv, &listener);
	log_open("mandos", (int)boot->settings.log_level);
	if (proof_selftest() == -1)
		fatalx("the proof check errs: refusing to run");
	if (boot->settings.flags & SETTING_CHECK) {
		fputs("OK\n", stderr);
		return 0;
	}
	loop_init();
	netd_init(boot, listener);
	port = port_of(listener);
	secret_init();
	sandbox_drop(&id);
	sandbox_enter(RULES_MONITOR);
	parent_watch();
	warden_start(boot, port);
	loop_run();
	return exit_status;
}
