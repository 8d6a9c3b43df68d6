/* SPDX-License-Identifier: ISC */
/*
 * What administrators want: it goes to the warden, and they are answered when
 * it has answered, which is when the change is on disk.  Of a call nothing is
 * kept but whom to answer.
 */
#include "busd.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* With the warden at once, from all callers; it takes some more. */
#define ALL_MAX 2048
#define TAIL_MAX 131072		/* of CONTROL */

struct request {
	TAILQ_ENTRY(request) entry;
	uint64_t number;
	uint32_t client;	/* 0: of no client */
	int is_add;
	int is_secret;
	struct caller *caller;	/* NULL if he is gone */
	dbus_uint32_t serial;	/* of his call; 0 if he wants no answer */
};

static TAILQ_HEAD(, request) requests = TAILQ_HEAD_INITIALIZER(requests);
static size_t count;
static uint64_t last;

/* Keep in mind whom to answer.  Returns NULL if it is too much: he is told. */
static struct request *
request_new(const struct call *call, const struct bus_client *c)
{
	struct request *r;

	if (count >= ALL_MAX || caller_begin(call->caller) == -1) {
		call_error(call, DBUS_ERROR_LIMITS_EXCEEDED,
		    "too many calls at once");
		return NULL;
	}
	if ((r = calloc(1, sizeof *r)) == NULL)
		fatal("calloc");
	r->number = ++last;
	r->client = c == NULL ? 0 : c->f.number;
	r->caller = call->caller;
	if (!dbus_message_get_no_reply(call->msg))
		r->serial = dbus_message_get_serial(call->msg);
	TAILQ_INSERT_TAIL(&requests, r, entry);
	count++;
	return r;
}

void
request_control(const struct call *call, const struct bus_client *c,
    enum control what)
{
	struct msg_control m = { .what = what };
	struct request *r = request_new(call, c);

	if (r == NULL)
		return;
	m.f.number = r->client;
	m.request = r->number;
	orders_tell(&busd.warden, MSG_CONTROL, &m, NULL, 0, -1);
}

/* The warden looks only at the string that is to be set. */
static size_t
put_strings(uint8_t *tail, uint32_t set, const void *text, size_t len)
{
	static const uint32_t bits[CLIENT_STRINGS] = {
		[TEXT_HOST] = SET_HOST,
		[TEXT_CHECKER] = SET_CHECKER
	};
	size_t used = 0;
	int i, rc = 0;

	for (i = 0; i < CLIENT_STRINGS; i++)
		rc |= tail_put(tail, TAIL_MAX, &used, text,
		    set & bits[i] ? len : 0);
	if (set & SET_SECRET)
		rc |= tail_put(tail, TAIL_MAX, &used, text, len);
	if (rc == -1)
		fatalx("a string is too long");
	return used;
}

void
request_set(const struct call *call, const struct bus_client *c,
    const struct client_fields *f, uint32_t set, const void *text, size_t len)
{
	static uint8_t tail[TAIL_MAX];
	struct msg_control m = { .f = *f, .what = CONTROL_SET, .set = set };
	struct request *r = request_new(call, c);
	size_t used;

	if (r == NULL)
		return;
	r->is_secret = (set & SET_SECRET) != 0;
	m.f.number = c->f.number;
	m.request = r->number;
	used = put_strings(tail, set, text, len);
	orders_tell(&busd.warden, MSG_CONTROL, &m, tail, used, -1);
	explicit_bzero(tail, used);
}

void
request_add(const struct call *call, const struct client_fields *f,
    const char *const text[CLIENT_STRINGS], const void *secret, size_t len)
{
	static uint8_t tail[TAIL_MAX];
	struct msg_control m = { .f = *f, .what = CONTROL_ADD };
	struct request *r = request_new(call, NULL);
	size_t used = 0;
	int i, rc = 0;

	if (r == NULL)
		return;
	r->is_add = 1;
	m.request = r->number;
	for (i = 0; i < CLIENT_STRINGS; i++)
		rc |= tail_put(tail, sizeof tail, &used, text[i],
		    strlen(text[i]));
	rc |= tail_put(tail, sizeof tail, &used, secret, len);
	if (rc == -1)
		fatalx("a client is too long");
	orders_tell(&busd.warden, MSG_CONTROL, &m, tail, used, -1);
	explicit_bzero(tail, used);
}

/* What an error is called on the bus, and in words, in new memory. */
static const char *
error_name(uint32_t error, const void *why, size_t len, char **text)
{
	const char *name, *words;

	switch (error) {
	case ENOENT:
		name = DBUS_ERROR_UNKNOWN_OBJECT;
		words = "there is no such client any more";
		break;
	case E2BIG:
		name = DBUS_ERROR_INVALID_ARGS;
		words = "with what the client has already, it is too long";
		break;
	case EEXIST:
		name = OWN_NAME ".Error.Exists";
		words = "there is a client of this name or key ID, or one of "
		    "this name was removed and is in clients.conf still";
		break;
	case EDQUOT:
		name = DBUS_ERROR_LIMITS_EXCEEDED;
		words = "too many clients have been added at run time";
		break;
	case EINVAL:
		*text = mirror_line(why, len);
		return OWN_NAME ".Error.Configuration";
	default:
		if (asprintf(text, "the state could not be saved: %s",
		    strerror((int)error)) == -1)
			fatal("asprintf");
		return DBUS_ERROR_IO_ERROR;
	}
	if ((*text = strdup(words)) == NULL)
		fatal("strdup");
	return name;
}

/* Answer, if that is still of interest; ${c} is the client, if any. */
static void
answer(const struct request *r, const struct bus_client *c, uint32_t error,
    const void *why, size_t len)
{
	const char *name;
	DBusMessage *msg;
	char *text;

	if (r->caller == NULL || r->serial == 0)
		return;
	msg = dbus_message_new(error == 0 ? DBUS_MESSAGE_TYPE_METHOD_RETURN :
	    DBUS_MESSAGE_TYPE_ERROR);
	bus_must(msg != NULL &&
	    dbus_message_set_destination(msg, caller_name(r->caller)) &&
	    dbus_message_set_reply_serial(msg, r->serial));
	dbus_message_set_no_reply(msg, TRUE);
	if (error != 0) {
		name = error_name(error, why, len, &text);
		bus_must(dbus_message_set_error_name(msg, name) &&
		    dbus_message_append_args(msg, DBUS_TYPE_STRING, &text,
		    DBUS_TYPE_INVALID));
		free(text);
	} else if (r->is_add)
		bus_must(dbus_message_append_args(msg, DBUS_TYPE_OBJECT_PATH,
		    &c->path, DBUS_TYPE_INVALID));
	bus_send(msg);
}

int
request_done(const struct msg_control_done *m, const void *why, size_t len)
{
	uint32_t error = m->error;
	struct bus_client *c;
	struct request *r;

	TAILQ_FOREACH(r, &requests, entry)
		if (r->number == m->request)
			break;
	if (r == NULL)
		return -1;
	TAILQ_REMOVE(&requests, r, entry);
	count--;
	c = mirror_find(r->is_add ? m->number : r->client);
	if (r->is_secret && error == 0 && c != NULL)
		announce_secret(c);
	/* It can have been removed again already. */
	if (r->is_add && error == 0 && c == NULL)
		error = ENOENT;
	answer(r, c, error, why, len);
	if (r->caller != NULL)
		caller_end(r->caller);
	free(r);
	return 0;
}

void
request_forget(const struct caller *caller)
{
	struct request *r;

	TAILQ_FOREACH(r, &requests, entry)
		if (r->caller == caller)
			r->caller = NULL;
}
