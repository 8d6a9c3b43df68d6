/* SPDX-License-Identifier: ISC */
/*
 * The handlers of every message to the warden, one for each row of msgs.def: a
 * row without a handler does not link.  Each returns NULL, or why the message
 * cannot be meant by a sound sender.
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "msg.h"

#define TO_WARDEN(NAME, name, ...)					\
const char *on_##name(struct chan *, const struct msg_##name *, struct msg *);
#include "msgs.def"

/*
 * warden_handle(chan, msg): hold a received message against the table, give it
 * to its handler, wipe it.  Returns NULL, or what was wrong with it.
 */
const char *warden_handle(struct chan *, struct msg *);

#endif
