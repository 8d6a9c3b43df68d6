/* SPDX-License-Identifier: ISC */
/*
 * From a received message to its handler, and what else all files of this
 * program need.
 */
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "log.h"

struct state state;

int64_t
state_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		fatal("clock_gettime");
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
state_end(void)
{
	state.is_ending = 1;
	exit(save_last() == 0 ? 0 : EX_CANTCREAT);
}

static const char *
dispatch(struct chan *chan, struct msg *msg)
{
	/* Handlers get a copy: the receive buffer is not aligned. */
	switch (msg->type) {
#define TO_STATE(NAME, name, ...) case MSG_##NAME: {			\
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
state_handle(struct chan *chan, struct msg *msg)
{
	const char *flaw;

	if ((flaw = msg_check(chan, msg)) == NULL)
		flaw = dispatch(chan, msg);
	msg_free(msg);
	return flaw;
}
