/* SPDX-License-Identifier: ISC */
/*
 * mandos-state: main(), the order of its start, and its end.
 */
#include "state.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "log.h"
#include "sandbox.h"

/*
 * A server that is ended by a signal to all its processes is ended by the
 * end of the channel, when everything has been said.
 */
static void
ignore_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	size_t i;

	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		if (signal(signals[i], SIG_IGN) == SIG_ERR)
			fatal("signal");
}

static void
open_store(void)
{
	int status = store_open(&state.store, state.path);

	/* Who wants nothing back can do without a place to save it. */
	if (status != 0 && (status == EX_TEMPFAIL ||
	    state.flags & SETTING_RESTORE))
		fatalx_status(status, "%s", state.store.why);
	if (status != 0) {
		log_warnx("state will not be saved: %s", state.store.why);
		return;
	}
	if (state.store.fd == STATE_DIR_FD)
		return;
	if (dup3(state.store.fd, STATE_DIR_FD, O_CLOEXEC) == -1)
		fatal("dup3");
	close(state.store.fd);
	state.store.fd = STATE_DIR_FD;
}

static void
lock_down(void)
{
	const int has_dir = state.store.fd != -1;
	const struct sandbox_id id = { .root_here = has_dir,
		.empty_root = !has_dir };

	if (geteuid() == 0) {
		if (has_dir && fchdir(state.store.fd) == -1)
			fatal("%s", state.path);
		sandbox_drop(&id);
	}
	sandbox_enter(RULES_STATE);
}

/* The old ledger stays, under another name, which goes to ${name}. */
static void
keep_aside(char name[sizeof STORE_DAMAGED + STAMP_LEN])
{
	char stamp[STAMP_LEN];

	stamp_print(state_now(), stamp);
	snprintf(name, sizeof STORE_DAMAGED + STAMP_LEN, "%s%s",
	    STORE_DAMAGED, stamp);
	store_keep(&state.store, name);
}

static void
keep_damaged(const char *why)
{
	char name[sizeof STORE_DAMAGED + STAMP_LEN];

	keep_aside(name);
	state.is_damaged = 1;
	log_errx("%s/%s: every client starts disabled; the file is kept as %s",
	    state.path, why, name);
}

/*
 * Nothing is wanted of the old ledger.  A sound one is kept until the next
 * time; one that is not may be all that somebody has.
 */
static void
set_aside(void)
{
	char name[sizeof STORE_DAMAGED + STAMP_LEN];
	struct buffer buf = { 0 };
	struct ledger_fault fault;
	struct table table;
	int64_t written_us;
	int status;

	/* Without one, what was kept the last time is not in its way. */
	if (state.store.fd == -1 ||
	    (status = store_read(&state.store, &buf)) == -1)
		return;
	table_init(&table);
	if (status == 0 && ledger_read(buf.p, buf.used, &table, &written_us,
	    &fault) == -1) {
		keep_aside(name);
		log_warnx("%s/%s, line %zu: %s; it is kept as %s", state.path,
		    STORE_LEDGER, fault.line, fault.why, name);
	} else
		store_keep(&state.store, STORE_PREVIOUS);
	buffer_free(&buf);
	table_clear(&table);
}

static void
load(void)
{
	struct buffer buf = { 0 };
	struct ledger_fault fault;
	char why[sizeof state.store.why];
	int status;

	if ((status = store_read(&state.store, &buf)) == -1) {
		log_warnx("no saved state in %s: every client is as "
		    "clients.conf says", state.path);
		return;
	}
	strlcpy(why, state.store.why, sizeof why);
	if (status == 0 && ledger_read(buf.p, buf.used, &state.table,
	    &state.written_us, &fault) == -1) {
		status = EX_DATAERR;
		snprintf(why, sizeof why, "%s, line %zu: %s", STORE_LEDGER,
		    fault.line, fault.why);
	}
	buffer_free(&buf);
	if (status == EX_DATAERR && state.flags & SETTING_START_DISABLED)
		keep_damaged(why);
	else if (status == EX_DATAERR)
		fatalx_status(status, "%s/%s (it is left as it is; put a good "
		    "one in its place, or start once with --start-disabled)",
		    state.path, why);
	else if (status != 0)
		fatalx_status(status, "%s/%s", state.path, why);
}

int
main(int argc, char **argv)
{
	const struct msg_opened opened = { 0 };

	child_adopt(&state.warden, PROC_STATE, argc, argv);
	ignore_signals();
	table_init(&state.table);
	state.store.fd = -1;
	warden_await();
	open_store();
	loop_init();
	save_init();
	lock_down();
	if (state.store.fd != -1 && state.flags & SETTING_RESTORE)
		load();
	else
		set_aside();
	warden_tell(MSG_OPENED, &opened, NULL, 0);
	state.warden.phase = PHASE_RUN;
	warden_watch();
	loop_run();
	return 0;
}
