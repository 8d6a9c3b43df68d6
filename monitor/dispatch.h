/* SPDX-License-Identifier: ISC */
/*
 * The handlers of every message to the monitor, one for each row of msgs.def:
 * a row without a handler does not link.  Each returns NULL, or why the
 * message cannot be meant by a sound sender; it must not have freed the
 * channel's owner then.
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "msg.h"

#define TO_MONITOR(NAME, name, ...)					\
const char *on_##name(struct chan *, const struct msg_##name *, struct msg *);
#include "msgs.def"

/*
 * monitor_handle(chan, msg): hold a received message against the table, give
 * it to its handler, wipe it.  Returns NULL, or what was wrong with it.  After
 * NULL the handler may have ended a session: do not touch it again.
 */
const char *monitor_handle(struct chan *, struct msg *);

#endif
