/* SPDX-License-Identifier: ISC */
/*
 * When the ledger is written: at once for what is urgent, all that is waiting
 * in one go; else when a while has passed; and again and again after a
 * failure.
 */
#include "state.h"

#include <errno.h>
#include <string.h>

#include "log.h"

static uint64_t seq;		/* of the latest message noted */
static uint64_t told;		/* and the latest SAVED has said */
static int told_error;
static int is_dirty;		/* the table is not as on disk */
static int is_urgent;
static int logged_error;	/* the failure that the log tells of */
static struct loop_timer timer;

static void
tell_saved(int error)
{
	struct msg_saved m = { .seq = seq, .error = (uint32_t)error };

	if (seq == told && error == told_error)
		return;
	told = seq;
	told_error = error;
	warden_tell(MSG_SAVED, &m, NULL, 0);
}

/* Once for every trouble, and not for every try. */
static void
log_result(int error)
{
	if (error != 0 && error != logged_error)
		log_errx("state is not saved: %s", state.store.why);
	else if (error == 0 && logged_error != 0)
		log_warnx("state is saved again");
	logged_error = error;
}

static int
write_table(const struct table *table, int64_t now)
{
	struct buffer buf = { 0 };
	int error;

	if (ledger_write(table, now, &buf) == 0)
		error = store_write(&state.store, buf.p, buf.used);
	else {
		error = EFBIG;
		strlcpy(state.store.why, STORE_LEDGER " would be too large",
		    sizeof state.store.why);
	}
	buffer_free(&buf);
	return error;
}

/*
 * An administrator who is answered takes some errors for something else: that
 * there is no such client, say, or that there are too many.  What it was, the
 * log tells.
 */
static int
plain_error(int error)
{
	switch (error) {
	case ENOENT:
	case E2BIG:
	case EEXIST:
	case EINVAL:
	case EDQUOT:
		return EIO;
	default:
		return error;
	}
}

int
save_table(const struct table *table)
{
	int64_t now = state_now();
	int error;

	/* It has been said that nothing can be saved. */
	if (state.store.fd == -1)
		return plain_error(state.store.error);
	error = write_table(table, now);
	log_result(error);
	if (error != 0)
		return plain_error(error);
	state.written_us = now;
	is_dirty = is_urgent = 0;
	loop_timer_del(&timer);
	tell_saved(0);
	return 0;
}

static int
save_now(void)
{
	int error;

	is_urgent = 0;
	if ((error = save_table(&state.table)) == 0)
		return 0;
	/* A directory that could not be used at the start is not tried. */
	if ((is_dirty = state.store.fd != -1))
		loop_timer_set(&timer, SAVE_RETRY_MS);
	tell_saved(error);
	return error;
}

static void
on_timer(struct loop_timer *unused)
{
	(void)unused;
	(void)save_now();
}

void
save_init(void)
{
	loop_timer_init(&timer, on_timer, NULL);
}

void
save_note(uint64_t number, int urgent)
{
	seq = number;
	is_urgent |= urgent;
	if (is_dirty)
		return;
	is_dirty = 1;
	loop_timer_set(&timer, SAVE_BATCH_MS);
}

int
save_urgent(void)
{
	return is_urgent ? save_now() : 0;
}

int
save_last(void)
{
	/*
	 * Under the strict policy it counts when the server was last seen, so
	 * that the clock cannot be set back to before that.
	 */
	if (is_dirty || (state.is_started && state.flags & SETTING_STRICT))
		(void)save_now();
	return is_dirty ? -1 : 0;
}

uint64_t
save_seq(void)
{
	return seq;
}
