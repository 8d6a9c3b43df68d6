/* SPDX-License-Identifier: ISC */
/*
 * control: takes the place of mandos-busd in a real server and lends its
 * powers to a test.  What the warden tells is written, as it comes, to a
 * log, one line each; what a test asks by way of admin is passed on, and
 * answered when the warden has answered.
 *
 * The lines of the log begin with milliseconds on CLOCK_BOOTTIME:
 *	start FLAGS PORT
 *	state NAME FIELD=VALUE...
 *	gone NAME
 *	event NAME WHAT...
 *	done ERRNO
 */
#include "control.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "log.h"

static struct chan warden;
static FILE *record;
static LIST_HEAD(, known) clients = LIST_HEAD_INITIALIZER(clients);

static struct known *
find_number(uint32_t number)
{
	struct known *known;

	LIST_FOREACH(known, &clients, entry)
		if (known->f.number == number)
			return known;
	return NULL;
}

struct known *
known_find(const char *name)
{
	struct known *known;

	LIST_FOREACH(known, &clients, entry)
		if (strcmp(known->text[TEXT_NAME], name) == 0)
			return known;
	return NULL;
}

void
known_names(FILE *out)
{
	struct known *known;

	LIST_FOREACH(known, &clients, entry) {
		put_text(out, known->text[TEXT_NAME]);
		fputc('\n', out);
	}
}

int
control_send(const struct known *known, enum control what, uint32_t set,
    const char *secret, uint64_t request)
{
	static uint8_t tail[CONTROL_PACKET_MAX];
	struct msg_control m = { .f = known->f, .request = request,
		.what = what, .set = set };
	size_t i, used = 0;

	for (i = 0; i < CLIENT_STRINGS; i++)
		if (tail_put(tail, sizeof tail, &used, known->text[i],
		    strlen(known->text[i])) == -1)
			goto too_long;
	if (set & SET_SECRET && tail_put(tail, sizeof tail, &used, secret,
	    strlen(secret)) == -1)
		goto too_long;
	return chan_send(&warden, MSG_CONTROL, &m, tail, used, -1);

too_long:
	errno = EMSGSIZE;
	return -1;
}

/* Begin a line of the log; line_end ends it and makes it seen. */
static FILE *
line(const char *what, const char *name)
{
	fprintf(record, "%" PRId64 " %s", loop_now(), what);
	if (name != NULL) {
		fputc(' ', record);
		put_text(record, name);
	}
	return record;
}

static void
line_end(void)
{
	fputc('\n', record);
	if (fflush(record) == EOF)
		fatal("the log");
}

static const char *
on_bus_start(const struct msg *msg)
{
	struct msg_bus_start m;
	struct msg_bus_ready ready = { 0 };

	memcpy(&m, msg->body, sizeof m);
	warden.phase = PHASE_RUN;
	fprintf(line("start", NULL), " %#" PRIx32 " %" PRIu16, m.flags,
	    m.port);
	line_end();
	if (chan_send(&warden, MSG_BUS_READY, &ready, NULL, 0, -1) == -1)
		fatal("BUS_READY");
	/* Whoever finds us there is sure to be answered. */
	ask_listen(getenv(CONTROL_VARIABLE));
	return NULL;
}

static void
record_state(const struct known *known)
{
	field_print_all(line("state", known->text[TEXT_NAME]), known, ' ');
	line_end();
}

static const char *
on_client_state(const struct msg *msg)
{
	char *text[CLIENT_STRINGS] = { NULL };
	const uint8_t *p = msg->tail;
	size_t i, left = msg->tail_len;
	struct msg_client_state m;
	struct known *known;

	memcpy(&m, msg->body, sizeof m);
	for (i = 0; i < CLIENT_STRINGS; i++)
		if (tail_get_text(&p, &left, left, &text[i]) == -1)
			return "bad strings";
	if (left != 0)
		return "more than the strings of a client";
	if ((known = find_number(m.f.number)) == NULL) {
		if ((known = calloc(1, sizeof *known)) == NULL)
			fatal("calloc");
		LIST_INSERT_HEAD(&clients, known, entry);
	}
	known->f = m.f;
	for (i = 0; i < CLIENT_STRINGS; i++) {
		free(known->text[i]);
		known->text[i] = text[i];
	}
	record_state(known);
	return NULL;
}

static const char *
on_client_gone(const struct msg *msg)
{
	struct msg_client_gone m;
	struct known *known;
	size_t i;

	memcpy(&m, msg->body, sizeof m);
	if ((known = find_number(m.number)) == NULL)
		return "there is no such client";
	line("gone", known->text[TEXT_NAME]);
	line_end();
	LIST_REMOVE(known, entry);
	for (i = 0; i < CLIENT_STRINGS; i++)
		free(known->text[i]);
	free(known);
	return NULL;
}

static const char *
on_event(const struct msg *msg)
{
	static const char *const names[EVENT_MAX] = {
		[EVENT_CHECKER_STARTED] = "checker-started",
		[EVENT_CHECKER_COMPLETED] = "checker-completed",
		[EVENT_GOT_SECRET] = "got-secret",
		[EVENT_REJECTED] = "rejected",
		[EVENT_NEED_APPROVAL] = "need-approval",
		[EVENT_UNKNOWN_KEY] = "unknown-key"
	};
	static const char *const denials[DENIAL_MAX] = {
		[DENIAL_PROOF] = "proof",
		[DENIAL_UNKNOWN] = "unknown",
		[DENIAL_DISABLED] = "disabled",
		[DENIAL_DENIED] = "denied",
		[DENIAL_TIMED_OUT] = "timed-out"
	};
	struct known *known = NULL;
	struct msg_event m;
	char *text;

	memcpy(&m, msg->body, sizeof m);
	if (m.e.event >= EVENT_MAX)
		return "no such event";
	if (m.e.number != 0 && (known = find_number(m.e.number)) == NULL)
		return "an event of no client";
	if (m.f.number != 0 && m.f.number != m.e.number)
		return "an event of two clients";
	if (m.f.number != 0) {
		known->f = m.f;
		record_state(known);
	}
	line("event", known != NULL ? known->text[TEXT_NAME] : "-");
	fprintf(record, " %s", names[m.e.event]);
	if (m.e.event == EVENT_REJECTED && m.e.value >= 0 &&
	    m.e.value < DENIAL_MAX)
		fprintf(record, " %s", denials[m.e.value]);
	else if (m.e.event == EVENT_NEED_APPROVAL)
		fprintf(record, " %" PRId64 " %" PRId64, m.e.value,
		    m.e.by_default);
	else if (m.e.event == EVENT_CHECKER_COMPLETED)
		fprintf(record, " %" PRId64, m.e.value);
	if (msg->tail_len > 0) {
		if ((text = strndup((const char *)msg->tail,
		    msg->tail_len)) == NULL)
			fatal("strndup");
		fputc(' ', record);
		put_text(record, text);
		free(text);
	}
	line_end();
	return NULL;
}

static const char *
on_control_done(const struct msg *msg)
{
	struct msg_control_done m;

	memcpy(&m, msg->body, sizeof m);
	fprintf(line("done", NULL), " %" PRIu32, m.error);
	line_end();
	ask_done(m.request, m.error);
	return NULL;
}

static const char *
handle(struct msg *msg)
{
	const char *flaw;

	if ((flaw = msg_check(&warden, msg)) != NULL)
		return flaw;
	/* msg_check has seen that it is one for busd. */
	if (msg->type == MSG_BUS_START)
		return on_bus_start(msg);
	if (msg->type == MSG_CLIENT_STATE)
		return on_client_state(msg);
	if (msg->type == MSG_CLIENT_GONE)
		return on_client_gone(msg);
	if (msg->type == MSG_EVENT)
		return on_event(msg);
	return on_control_done(msg);
}

static void
warden_ready(struct loop_io *io, uint32_t events)
{
	const char *flaw;
	struct msg msg;
	int n;

	(void)io;
	if (events & EPOLLOUT && chan_flush(&warden) == -1)
		fatal("the warden");
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	while ((n = chan_recv(&warden, &msg)) == 1) {
		flaw = handle(&msg);
		if (flaw != NULL)
			fatalx("%s: %s", msg_name(msg.type), flaw);
		msg_free(&msg);
	}
	if (n == -1)
		exit(0);
}

int
main(int argc, char **argv)
{
	const char *path = getenv(CONTROL_VARIABLE);
	char *name;

	child_adopt(&warden, PROC_BUSD, argc, argv);
	if (path == NULL)
		fatalx(CONTROL_VARIABLE " is not set");
	if (asprintf(&name, "%s.log", path) == -1)
		fatal("asprintf");
	if ((record = fopen(name, "ae")) == NULL)
		fatal("%s", name);
	free(name);
	loop_init();
	if (loop_io_add(&warden.io, warden.fd, EPOLLIN, warden_ready,
	    NULL) == -1)
		fatal("epoll_ctl");
	loop_run();
	return 0;
}
