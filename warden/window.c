/* SPDX-License-Identifier: ISC */
/*
 * How long a client that is not heard of stays enabled.
 */
#include "warden.h"

static uint64_t
sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t
window_start(const struct client_fields *f, uint64_t delay_ms)
{
	return sum(delay_ms, f->interval_ms);
}

uint64_t
window_restart(const struct client_fields *f, uint64_t delay_ms,
    uint64_t left_ms)
{
	uint64_t most = f->timeout_ms > f->extended_timeout_ms ?
	    f->timeout_ms : f->extended_timeout_ms;

	/* What the wall clock says cannot be more than was ever given. */
	if (left_ms > most)
		left_ms = most;
	return left_ms > window_enabled(f) ? left_ms :
	    window_start(f, delay_ms);
}

uint64_t
window_first_check(const struct client_fields *f, uint64_t left_ms)
{
	return left_ms > f->interval_ms ? left_ms : f->interval_ms;
}

uint64_t
window_enabled(const struct client_fields *f)
{
	return sum(f->interval_ms, f->interval_ms);
}

uint64_t
window_checked(const struct client_fields *f)
{
	return f->timeout_ms;
}

uint64_t
window_delivered(const struct client_fields *f)
{
	return f->extended_timeout_ms;
}

uint64_t
window_timeout(const struct client_fields *f, uint64_t was_ms,
    uint64_t left_ms)
{
	if (f->timeout_ms >= was_ms)
		return sum(left_ms, f->timeout_ms - was_ms);
	return left_ms > was_ms - f->timeout_ms ?
	    left_ms - (was_ms - f->timeout_ms) : 0;
}
