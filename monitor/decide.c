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
	 * First, and again after a wait: whoever was disabled while somebody
	 * thought it over gets nothing.
	 */
	if (!client->enabled)
		return DECISION_DISABLED;
	if (delay_ms == 0)
		return DECISION_RELEASE;
	if (waited_ms < delay_ms)
		return DECISION_WAIT;
	return client->approved_by_default ? DECISION_RELEASE :
	    DECISION_TIMED_OUT;
}
