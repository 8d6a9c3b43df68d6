/* SPDX-License-Identifier: ISC */
/*
 * The rule for what happened while nobody looked.  A disabled client never
 * comes back by it, under either policy.
 */
#include "state.h"

#include "log.h"

enum restart
restart_decide(const struct client *client, const struct merge_how *how)
{
	int64_t expires = client->expires_us;

	if (!(client->own.flags & CLIENT_ENABLED))
		return RESTART_KEEP;
	if (how->is_strict) {
		if (how->now_us < how->written_us)
			return RESTART_CLOCK;
		/* One without a window has none that is left. */
		return how->now_us >= expires ? RESTART_LATE : RESTART_KEEP;
	}
	if (expires == 0 || how->now_us < expires)
		return RESTART_KEEP;
	if (client->last_checked_ok_us == 0)
		return RESTART_NEVER_CHECKED;
	if (client->last_checker_status != 0)
		return RESTART_FAILED;
	return RESTART_KEEP_LATE;
}

int
restart_is_disabled(enum restart verdict)
{
	switch (verdict) {
	case RESTART_KEEP:
	case RESTART_KEEP_LATE:
		return 0;
	case RESTART_NEVER_CHECKED:
	case RESTART_FAILED:
	case RESTART_LATE:
	case RESTART_CLOCK:
		break;
	}
	return 1;
}

void
restart_log(const struct client *client)
{
	const char *name = client->name.p;

	switch (client->news.restart) {
	case RESTART_KEEP:
		break;
	case RESTART_KEEP_LATE:
		log_debug("Last checker succeeded, keeping %s enabled", name);
		break;
	case RESTART_NEVER_CHECKED:
		log_warnx("disabling client %s - Client never performed a "
		    "successful checker", name);
		break;
	case RESTART_FAILED:
		log_warnx("disabling client %s - Client last checker failed "
		    "with error code %d", name, client->last_checker_status);
		break;
	case RESTART_LATE:
		log_warnx("disabling client %s - Its time ran out while the "
		    "server was down", name);
		break;
	case RESTART_CLOCK:
		log_warnx("disabling client %s - The clock was set back while "
		    "the server was down", name);
		break;
	}
}
