/* SPDX-License-Identifier: ISC */
/*
 * The release rule, and nothing else.
 */
#include "monitor.h"

enum decision
decide_release(const struct client *client, uint64_t delay_ms,
    uint64_t waited_ms)
{
	/*
	 * First, and again whenever it is asked: whoever was disabled while
	 * somebody thought it over gets nothing.
	 */
	if (!(client->gate.flags & CLIENT_ENABLED))
		return DECISION_DISABLED;
	if (client->approved == APPROVAL_YES || delay_ms == 0)
		return DECISION_RELEASE;
	if (client->approved == APPROVAL_NO)
		return DECISION_DENIED;
	if (waited_ms < delay_ms)
		return DECISION_WAIT;
	return client->gate.flags & CLIENT_APPROVED_BY_DEFAULT ?
	    DECISION_RELEASE : DECISION_TIMED_OUT;
}
