/* SPDX-License-Identifier: ISC */
/*
 * From a received message to its handler: the one way into the warden.
 */
#include "dispatch.h"

#include <string.h>

static const char *
dispatch(struct chan *chan, struct msg *msg)
{
	/* Handlers get a copy: the receive buffer is not aligned. */
	switch (msg->type) {
#define TO_WARDEN(NAME, name, ...) case MSG_##NAME: {			\
	struct msg_##name body;						\
									\
	memcpy(&body, msg->body, sizeof body);				\
	return on_##name(chan, &body, msg);				\
	}
#include "msgs.def"
	}
	return "no handler";
}

const char *
warden_handle(struct chan *chan, struct msg *msg)
{
	const char *flaw;

	if ((flaw = msg_check(chan, msg)) == NULL)
		flaw = dispatch(chan, msg);
	msg_free(msg);
	return flaw;
}
