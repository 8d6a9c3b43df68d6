/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes the message decoder: a packet through a real channel, the check of
 * the table, and the strings of its tail.  The first three bytes say who
 * receives it, who has sent it and in which phase, so that every row can be
 * reached; what the check passes must keep to its row.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Walk the tail as text and as bytes; neither may leave it. */
static void
walk(const struct msg *msg)
{
	const uint8_t *p = msg->tail, *end = p + msg->tail_len, *bytes;
	size_t left = msg->tail_len, len;
	char *text;

	while (tail_get(&p, &left, SECRET_MAX, &bytes, &len) == 0)
		if (bytes < msg->tail || len > (size_t)(end - bytes) ||
		    p + left != end)
			abort();
	p = msg->tail;
	left = msg->tail_len;
	while (tail_get_text(&p, &left, left, &text) == 0) {
		if (strlen(text) > msg->tail_len)
			abort();
		free(text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chan chan;
	struct msg msg;
	const struct msg_rule *rule;
	int fds[2];

	if (size < 4 || chan_pair(fds) == -1)
		return 0;
	chan_init(&chan, fds[0], (enum proc)(data[0] % PROC_MAX),
	    (enum proc)(data[1] % PROC_MAX), (enum phase)(1 << data[2] % 9));
	if (send(fds[1], data + 3, size - 3, MSG_DONTWAIT) != -1 &&
	    chan_recv(&chan, &msg) == 1) {
		if (msg_check(&chan, &msg) == NULL) {
			rule = &msg_rules[msg.type];
			if (rule->to != chan.me || rule->from != chan.peer ||
			    msg.tail_len > rule->tail || rule->fds != 0 ||
			    msg.len != rule->fixed + msg.tail_len)
				abort();
			walk(&msg);
		}
		msg_free(&msg);
	}
	close(fds[1]);
	chan_close(&chan);
	return 0;
}
