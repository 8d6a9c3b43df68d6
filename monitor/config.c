/* SPDX-License-Identifier: ISC */
/*
 * The monitor's end of the configuration reader: takes what it has read.
 */
#include "monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "log.h"

char *config_priority;

static struct chan reader = { .fd = -1 };
static struct msg_settings *settings;
static size_t clients;

const char *
on_settings(struct chan *chan, const struct msg_settings *m, struct msg *msg)
{
	const uint8_t *p = msg->tail, *skipped;
	size_t left = msg->tail_len, len;

	/* The service name and the state directory belong to other processes. */
	if (tail_get_text(&p, &left, left, &config_priority) == -1 ||
	    tail_get(&p, &left, left, &skipped, &len) == -1 ||
	    tail_get(&p, &left, left, &skipped, &len) == -1 || left != 0)
		return "bad strings";
	if (memchr(m->interface, '\0', sizeof m->interface) == NULL)
		return "unterminated string";
	*settings = *m;
	chan->phase = PHASE_READING;
	return NULL;
}

const char *
on_client(struct chan *chan, const struct msg_client *m, struct msg *msg)
{
	const uint8_t *p = msg->tail, *skipped, *secret;
	size_t left = msg->tail_len, len;
	char *name;

	(void)chan;
	if (tail_get_text(&p, &left, left, &name) == -1)
		return "bad strings";
	/* Host and checker are checkerd's business. */
	if (tail_get(&p, &left, left, &skipped, &len) == -1 ||
	    tail_get(&p, &left, left, &skipped, &len) == -1 ||
	    tail_get(&p, &left, SECRET_MAX, &secret, &len) == -1 ||
	    left != 0) {
		free(name);
		return "bad strings";
	}
	client_add(m, name, secret_keep(secret, len));
	clients++;
	return NULL;
}

const char *
on_conf_end(struct chan *chan, const struct msg_conf_end *m, struct msg *msg)
{
	(void)msg;
	if (m->clients != clients)
		return "wrong number of clients";
	chan->phase = PHASE_OVER;
	return NULL;
}

/* Take messages until the reader's channel comes to ${phase}. */
static void
read_until(enum phase phase)
{
	struct msg msg;
	const char *flaw;
	uint32_t type;
	int status;

	while (reader.phase != phase) {
		if (chan_recv_wait(&reader, &msg, -1) != 1) {
			/* It has said why, or printed what was asked for. */
			chan_close(&reader);
			status = worker_await(PROC_CONF);
			worker_end();
			exit(status);
		}
		type = msg.type;
		if ((flaw = monitor_handle(&reader, &msg)) != NULL)
			fatalx_status(70, "%s from mandos-readconf: %s",
			    msg_name(type), flaw);
	}
}

void
config_settings(struct msg_settings *m)
{
	settings = m;
	if (worker_run(PROC_CONF, &reader) == -1)
		fatal("cannot start mandos-readconf");
	read_until(PHASE_READING);
}

size_t
config_clients(void)
{
	read_until(PHASE_OVER);
	chan_close(&reader);
	worker_await(PROC_CONF);
	return clients;
}
