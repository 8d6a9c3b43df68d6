/* SPDX-License-Identifier: ISC */
/*
 * Who calls, and whether he may: root, and the user of the checkers and
 * whoever is in his group, as the bus's policy has it; asked again here, for a
 * policy can be opened by mistake.  The bus knows who is behind a unique name,
 * and such a name is never used twice.  What somebody asks before that is
 * known has to wait.
 */
#include "busd.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define REQUESTS_MAX 256	/* of a caller, with the warden or waiting */
#define HELD_MAX (8 * 1024 * 1024)	/* bytes that wait, of all callers */

enum standing { STANDING_ASKED, STANDING_GOOD, STANDING_BAD };

struct held {
	STAILQ_ENTRY(held) entry;
	DBusMessage *msg;
	size_t size;
};

struct caller {
	RB_ENTRY(caller) entry;
	char *name;
	enum standing standing;
	size_t requests;
	STAILQ_HEAD(, held) held;
	size_t held_count;
};

RB_HEAD(callers, caller);

static struct callers callers = RB_INITIALIZER(&callers);
static size_t held_bytes;

static int
caller_cmp(struct caller *a, struct caller *b)
{
	return strcmp(a->name, b->name);
}

RB_GENERATE_INTERNAL(callers, caller, entry, caller_cmp,
    __attribute__((unused)) static)

static struct caller *
find(const char *name)
{
	struct caller key;

	/* The tree only reads the key; a name has no const there. */
	memcpy(&key.name, &name, sizeof name);
	return RB_FIND(callers, &callers, &key);
}

static struct held *
take_held(struct caller *caller)
{
	struct held *h = STAILQ_FIRST(&caller->held);

	if (h != NULL) {
		STAILQ_REMOVE_HEAD(&caller->held, entry);
		caller->held_count--;
		held_bytes -= h->size;
	}
	return h;
}

static void
caller_free(struct caller *caller)
{
	struct held *h;

	request_forget(caller);
	RB_REMOVE(callers, &callers, caller);
	while ((h = take_held(caller)) != NULL) {
		dbus_message_unref(h->msg);
		free(h);
	}
	free(caller->name);
	free(caller);
}

void
caller_gone(const char *name)
{
	struct caller *caller = find(name);

	/* One who is asked about is answered for, and has no name. */
	if (caller != NULL && caller->standing != STANDING_ASKED)
		caller_free(caller);
}

void
caller_forget_all(void)
{
	struct caller *caller;

	while ((caller = RB_ROOT(&callers)) != NULL)
		caller_free(caller);
}

static void
refuse(DBusMessage *msg, const char *name, const char *text)
{
	DBusMessage *reply;

	if (dbus_message_get_no_reply(msg))
		return;
	bus_must((reply = dbus_message_new_error(msg, name, text)) != NULL);
	bus_send(reply);
}

static void
decide(struct caller *caller, DBusMessage *msg)
{
	if (caller->standing == STANDING_GOOD)
		call_handle(msg, caller);
	else
		refuse(msg, DBUS_ERROR_ACCESS_DENIED,
		    "only root and members of the group of Mandos may do this");
}

/* Is one of the numbers in the variant, or in the array in it, this? */
static int
has_number(DBusMessageIter *variant, dbus_uint32_t number)
{
	const dbus_uint32_t *list;
	DBusMessageIter value, array;
	dbus_uint32_t one;
	int i, n = 0;

	dbus_message_iter_recurse(variant, &value);
	if (dbus_message_iter_get_arg_type(&value) == DBUS_TYPE_UINT32) {
		dbus_message_iter_get_basic(&value, &one);
		return one == number;
	}
	if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_ARRAY ||
	    dbus_message_iter_get_element_type(&value) != DBUS_TYPE_UINT32)
		return 0;
	dbus_message_iter_recurse(&value, &array);
	dbus_message_iter_get_fixed_array(&array, &list, &n);
	for (i = 0; i < n; i++)
		if (list[i] == number)
			return 1;
	return 0;
}

/*
 * The credentials: a dictionary of names and variants.  libdbus takes anybody's
 * reply, and a policy can be so open that the bus passes it on.
 */
static int
is_good(DBusMessage *reply)
{
	DBusMessageIter iter, dict, entry;
	const char *key;
	int good = 0;

	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR ||
	    !dbus_message_has_sender(reply, DBUS_SERVICE_DBUS) ||
	    !dbus_message_has_signature(reply, "a{sv}"))
		return 0;
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &dict);
	for (; dbus_message_iter_get_arg_type(&dict) ==
	    DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&dict)) {
		dbus_message_iter_recurse(&dict, &entry);
		dbus_message_iter_get_basic(&entry, &key);
		dbus_message_iter_next(&entry);
		if (strcmp(key, "UnixUserID") == 0)
			good |= has_number(&entry, 0) ||
			    has_number(&entry, busd.uid);
		else if (strcmp(key, "UnixGroupIDs") == 0)
			good |= has_number(&entry, busd.gid);
	}
	return good;
}

static void
known(DBusMessage *reply, void *arg)
{
	struct caller *caller = arg;
	struct held *h;

	caller->standing = is_good(reply) ? STANDING_GOOD : STANDING_BAD;
	while ((h = take_held(caller)) != NULL) {
		decide(caller, h->msg);
		dbus_message_unref(h->msg);
		free(h);
	}
	/* Nobody there: no news of his leaving will come. */
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		caller_free(caller);
}

static struct caller *
caller_new(const char *name)
{
	struct caller *caller = calloc(1, sizeof *caller);
	DBusMessage *msg;

	if (caller == NULL || (caller->name = strdup(name)) == NULL)
		fatal("caller");
	STAILQ_INIT(&caller->held);
	RB_INSERT(callers, &callers, caller);
	msg = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
	    DBUS_INTERFACE_DBUS, "GetConnectionCredentials");
	bus_must(msg != NULL && dbus_message_append_args(msg,
	    DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID));
	bus_ask(msg, known, caller);
	return caller;
}

/* How long it is; libdbus says so only by writing it down. */
static size_t
size_of(DBusMessage *msg)
{
	char *bytes;
	int len;

	bus_must(dbus_message_marshal(msg, &bytes, &len));
	explicit_bzero(bytes, (size_t)len);
	dbus_free(bytes);
	return (size_t)len;
}

/* Keep it until the bus has said who he is. */
static void
hold(struct caller *caller, DBusMessage *msg)
{
	size_t size = size_of(msg);
	struct held *h;

	if (caller->held_count >= REQUESTS_MAX ||
	    size > HELD_MAX - held_bytes) {
		refuse(msg, DBUS_ERROR_LIMITS_EXCEEDED,
		    "too many calls at once");
		return;
	}
	if ((h = calloc(1, sizeof *h)) == NULL)
		fatal("calloc");
	h->msg = dbus_message_ref(msg);
	h->size = size;
	STAILQ_INSERT_TAIL(&caller->held, h, entry);
	caller->held_count++;
	held_bytes += size;
}

void
caller_call(DBusMessage *msg)
{
	const char *name = dbus_message_get_sender(msg);
	struct caller *caller;

	/* The bus says who it is from; nobody else can reach us. */
	if (name == NULL)
		return;
	/* No method takes any, and those of a call that waits stay open. */
	if (dbus_message_contains_unix_fds(msg)) {
		refuse(msg, DBUS_ERROR_ACCESS_DENIED,
		    "no descriptors are taken");
		return;
	}
	if ((caller = find(name)) == NULL)
		caller = caller_new(name);
	if (caller->standing == STANDING_ASKED)
		hold(caller, msg);
	else
		decide(caller, msg);
}

int
caller_begin(struct caller *caller)
{
	if (caller->requests >= REQUESTS_MAX)
		return -1;
	caller->requests++;
	return 0;
}

void
caller_end(struct caller *caller)
{
	caller->requests--;
}

const char *
caller_name(const struct caller *caller)
{
	return caller->name;
}
