/* SPDX-License-Identifier: ISC */
/*
 * Why a client would get its secret at this moment, or would not: the release
 * rule in words, for people.  Nothing is decided by what this says.
 */
#include "busd.h"

#include <sys/types.h>

#include <inttypes.h>
#include <stdio.h>

#include "stamp.h"

/* Milliseconds as seconds, for a sentence. */
static const char *
seconds(uint64_t ms, char text[32])
{
	if (ms % 1000 == 0)
		snprintf(text, 32, "%" PRIu64, ms / 1000);
	else
		snprintf(text, 32, "%" PRIu64 ".%03" PRIu64, ms / 1000,
		    ms % 1000);
	return text;
}

#define SAY(reason, what, ...)						\
	do {								\
		(reason)->code = what;					\
		snprintf((reason)->sentence, sizeof (reason)->sentence,	\
		    __VA_ARGS__);					\
	} while (0)

void
why(const struct bus_client *c, struct reason *reason)
{
	const struct client_fields *f = &c->f;
	int by_default = (f->flags & CLIENT_APPROVED_BY_DEFAULT) != 0;
	char until[STAMP_LEN], delay[32];

	stamp_print(f->expires_us, until);
	seconds(f->approval_delay_ms, delay);
	if (!(f->flags & CLIENT_HAS_KEYID))
		SAY(reason, "no-key-id", "It would get nothing: clients.conf "
		    "has no usable key ID for it, so no key is its key.");
	else if (!(f->flags & CLIENT_ENABLED))
		SAY(reason, "disabled", "It would get nothing: it is "
		    "disabled, and only an administrator enables it again.");
	else if (f->approval_delay_ms == 0)
		SAY(reason, "enabled", "It would get its secret at once: it "
		    "is enabled until %s UTC, and needs no approval.", until);
	else if (f->approvals_pending > 0)
		SAY(reason, by_default ? "pending-approval" : "pending-denial",
		    "It is waiting for its secret: unless an administrator "
		    "decides otherwise, it %s %s seconds after it asked.",
		    by_default ? "gets it" : "is refused", delay);
	else if (by_default)
		SAY(reason, "approved-by-default", "It would get its secret "
		    "%s seconds after it asks, or as soon as an administrator "
		    "approves, unless one denies; it is enabled until %s UTC.",
		    delay, until);
	else
		SAY(reason, "needs-approval", "It would get its secret only "
		    "if an administrator approves before %s seconds have "
		    "passed; it is enabled until %s UTC.", delay, until);
}
