/* SPDX-License-Identifier: ISC */
/*
 * Signals: what has changed, and what has happened, in the order in which the
 * original says it.
 */
#include "table.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define CLIENT BUS_NAME ".Client"
#define CLIENT_OLD BUS_NAME_OLD ".Client"
#define MANAGER "org.freedesktop.DBus.ObjectManager"
#define MAPPED "::ffff:"	/* begins IPv4 addresses, as IPv6 has them */

/*
 * In what order changes are told depends on what has happened.  What is not
 * in these lists are settings, which come before, as they stand in the table.
 */
#define ORDER 8
static const enum property order_usual[ORDER] = {
	PROP_APPROVAL_PENDING, PROP_LAST_APPROVAL_REQUEST,
	PROP_ENABLED, PROP_LAST_ENABLED, PROP_CHECKER_RUNNING,
	PROP_LAST_CHECKED_OK, PROP_LAST_CHECKER_STATUS, PROP_EXPIRES
};
static const enum property order_disabled[ORDER] = {
	PROP_EXPIRES, PROP_CHECKER_RUNNING, PROP_ENABLED, PROP_LAST_ENABLED,
	PROP_APPROVAL_PENDING, PROP_LAST_APPROVAL_REQUEST,
	PROP_LAST_CHECKED_OK, PROP_LAST_CHECKER_STATUS
};
static const enum property order_checked[ORDER] = {
	PROP_CHECKER_RUNNING, PROP_LAST_CHECKER_STATUS, PROP_LAST_CHECKED_OK,
	PROP_EXPIRES, PROP_ENABLED, PROP_LAST_ENABLED,
	PROP_APPROVAL_PENDING, PROP_LAST_APPROVAL_REQUEST
};
static const enum property order_enabled[ORDER] = {
	PROP_ENABLED, PROP_LAST_ENABLED, PROP_EXPIRES, PROP_CHECKER_RUNNING,
	PROP_APPROVAL_PENDING, PROP_LAST_APPROVAL_REQUEST,
	PROP_LAST_CHECKED_OK, PROP_LAST_CHECKER_STATUS
};

/* On both interfaces most is said, first on the one in use. */
static const char *const of_server[2] = { BUS_NAME, BUS_NAME_OLD };
static const char *const of_client[2] = { CLIENT, CLIENT_OLD };

/*
 * Signals are made in the order that is least work for libdbus, which writes
 * the header anew for each argument and moves it for each field that is
 * replaced: first what a signal says, then the fields, each of them once.
 */
static DBusMessage *
signal_new(DBusMessageIter *iter)
{
	DBusMessage *msg = dbus_message_new(DBUS_MESSAGE_TYPE_SIGNAL);

	bus_must(msg != NULL);
	dbus_message_set_no_reply(msg, TRUE);
	dbus_message_iter_init_append(msg, iter);
	return msg;
}

static DBusMessage *
signal_copy(DBusMessage *msg)
{
	DBusMessage *copy = dbus_message_copy(msg);

	bus_must(copy != NULL);
	return copy;
}

static void
signal_name(DBusMessage *msg, const char *interface, const char *name)
{
	bus_must(dbus_message_set_interface(msg, interface) &&
	    dbus_message_set_member(msg, name));
}

/* Make two of it, one for each interface. */
static void
signal_both(DBusMessage *both[2], const char *const interfaces[2],
    const char *name)
{
	bus_must(dbus_message_set_member(both[0], name));
	both[1] = signal_copy(both[0]);
	bus_must(dbus_message_set_interface(both[0], interfaces[0]) &&
	    dbus_message_set_interface(both[1], interfaces[1]));
}

/* Send it from this object. */
static void
emit(DBusMessage *msg, const char *path)
{
	bus_must(dbus_message_set_path(msg, path));
	bus_send(msg);
}

static void
emit_both(DBusMessage *msg, const char *path, const char *const interfaces[2],
    const char *name)
{
	DBusMessage *both[2] = { msg, NULL };

	signal_both(both, interfaces, name);
	emit(both[0], path);
	emit(both[1], path);
}

static void
emit_once(DBusMessage *msg, const char *path, const char *interface,
    const char *name)
{
	signal_name(msg, interface, name);
	emit(msg, path);
}

static void
append(DBusMessageIter *iter, int type, const void *value)
{
	bus_must(dbus_message_iter_append_basic(iter, type, value));
}

/* An empty array of that type, or of one string. */
static void
append_array(DBusMessageIter *iter, const char *type, const char *text)
{
	DBusMessageIter array;

	bus_must(dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, type,
	    &array));
	if (text != NULL)
		append(&array, DBUS_TYPE_STRING, &text);
	bus_must(dbus_message_iter_close_container(iter, &array));
}

/* What a change of one property says. */
struct change {
	DBusMessage *one[2];	/* PropertyChanged, on both interfaces */
	DBusMessage *all;	/* PropertiesChanged */
};

static void
change_write(struct change *change, const struct table_property *p,
    const struct value *v)
{
	const char *interface = CLIENT;
	DBusMessageIter iter, dict, entry;

	change->one[0] = signal_new(&iter);
	append(&iter, DBUS_TYPE_STRING, &p->name);
	value_append(&iter, v);
	signal_both(change->one, of_client, "PropertyChanged");
	change->all = signal_new(&iter);
	append(&iter, DBUS_TYPE_STRING, &interface);
	bus_must(dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY,
	    "{sv}", &dict));
	bus_must(dbus_message_iter_open_container(&dict,
	    DBUS_TYPE_DICT_ENTRY, NULL, &entry));
	append(&entry, DBUS_TYPE_STRING, &p->name);
	value_append(&entry, v);
	bus_must(dbus_message_iter_close_container(&dict, &entry));
	bus_must(dbus_message_iter_close_container(&iter, &dict));
	append_array(&iter, "s", NULL);
	signal_name(change->all, DBUS_INTERFACE_PROPERTIES,
	    "PropertiesChanged");
}

static void
change_copy(struct change *change, const struct change *kept)
{
	change->one[0] = signal_copy(kept->one[0]);
	change->one[1] = signal_copy(kept->one[1]);
	change->all = signal_copy(kept->all);
}

static void
tell_property(const struct bus_client *c, enum property property)
{
	/* What is true or false is said of every client in the same words. */
	static struct change kept[PROP_MAX][2];
	const struct table_property *p = &table_client[property];
	struct change *words, change;
	struct value v;

	value_get(p, c, &v);
	if (v.type == DBUS_TYPE_BOOLEAN) {
		words = &kept[property][v.truth != FALSE];
		if (words->all == NULL)
			change_write(words, p, &v);
		change_copy(&change, words);
	} else
		change_write(&change, p, &v);
	emit(change.one[0], c->path);
	emit(change.one[1], c->path);
	emit(change.all, c->path);
}

static int
differs(enum property property, const struct bus_client *c,
    const struct bus_client *was)
{
	return value_differs(&table_client[property], c, was);
}

static int
is_ordered(enum property property)
{
	int i;

	for (i = 0; i < ORDER; i++)
		if (order_usual[i] == property)
			return 1;
	return 0;
}

void
announce_changed(const struct bus_client *c, const struct bus_client *was)
{
	const enum property *order = order_usual;
	int i;

	if (!bus_is_up())
		return;
	if (differs(PROP_ENABLED, c, was))
		order = c->f.flags & CLIENT_ENABLED ? order_enabled :
		    order_disabled;
	else if (was->f.flags & ~c->f.flags & CLIENT_CHECKER_RUNNING)
		order = order_checked;
	for (i = 0; i < PROP_MAX; i++)
		if (table_client[i].emits == EMITS_CHANGE &&
		    !is_ordered((enum property)i) &&
		    differs((enum property)i, c, was))
			tell_property(c, (enum property)i);
	for (i = 0; i < ORDER; i++)
		if (differs(order[i], c, was))
			tell_property(c, order[i]);
}

void
announce_secret(const struct bus_client *c)
{
	const char *interface = CLIENT;
	DBusMessageIter iter;
	DBusMessage *msg;

	if (!bus_is_up())
		return;
	msg = signal_new(&iter);
	append(&iter, DBUS_TYPE_STRING, &interface);
	append_array(&iter, "{sv}", NULL);
	append_array(&iter, "s", table_client[PROP_SECRET].name);
	emit_once(msg, c->path, DBUS_INTERFACE_PROPERTIES,
	    "PropertiesChanged");
}

void
announce_added(const struct bus_client *c)
{
	const char *path = c->path;
	DBusMessageIter iter;
	DBusMessage *msg;

	if (!bus_is_up())
		return;
	msg = signal_new(&iter);
	append(&iter, DBUS_TYPE_OBJECT_PATH, &path);
	manager_append(&iter, c);
	emit_once(msg, "/", MANAGER, "InterfacesAdded");
	msg = signal_new(&iter);
	append(&iter, DBUS_TYPE_OBJECT_PATH, &path);
	emit_both(msg, "/", of_server, "ClientAdded");
	if (c->f.flags & CLIENT_ENABLED)
		tell_property(c, PROP_EXPIRES);
}

void
announce_removed(const struct bus_client *c)
{
	const char *path = c->path, *name = c->text[TEXT_NAME];
	DBusMessageIter iter;
	DBusMessage *msg;

	if (!bus_is_up())
		return;
	msg = signal_new(&iter);
	append(&iter, DBUS_TYPE_OBJECT_PATH, &path);
	manager_append_names(&iter);
	emit_once(msg, "/", MANAGER, "InterfacesRemoved");
	msg = signal_new(&iter);
	append(&iter, DBUS_TYPE_OBJECT_PATH, &path);
	append(&iter, DBUS_TYPE_STRING, &name);
	emit_both(msg, "/", of_server, "ClientRemoved");
}

static void
tell_checker(const struct bus_client *c, const struct event_msg *e,
    const char *command)
{
	int status = (int)e->value;
	dbus_int16_t code = WIFEXITED(status) ?
	    (dbus_int16_t)WEXITSTATUS(status) : -1;
	/* As the original has it, and mandos-monitor wants it. */
	dbus_int64_t wait = WIFEXITED(status) ? WEXITSTATUS(status) << 8 :
	    WTERMSIG(status) - 256;
	DBusMessageIter iter;
	DBusMessage *msg = signal_new(&iter);

	if (e->event == EVENT_CHECKER_COMPLETED) {
		append(&iter, DBUS_TYPE_INT16, &code);
		append(&iter, DBUS_TYPE_INT64, &wait);
	}
	append(&iter, DBUS_TYPE_STRING, &command);
	emit_both(msg, c->path, of_client,
	    e->event == EVENT_CHECKER_STARTED ? "CheckerStarted" :
	    "CheckerCompleted");
}

/*
 * The original asks once for each interface, and each time is the time of the
 * last request.
 */
static void
tell_approval(const struct bus_client *c, const struct event_msg *e)
{
	dbus_uint64_t timeout = (dbus_uint64_t)e->value;
	dbus_bool_t by_default = e->by_default != 0;
	DBusMessageIter iter;
	DBusMessage *both[2] = { signal_new(&iter), NULL };

	append(&iter, DBUS_TYPE_UINT64, &timeout);
	append(&iter, DBUS_TYPE_BOOLEAN, &by_default);
	signal_both(both, of_client, "NeedApproval");
	emit(both[0], c->path);
	tell_property(c, PROP_LAST_APPROVAL_REQUEST);
	emit(both[1], c->path);
}

static void
tell_end(const struct bus_client *c, const struct event_msg *e)
{
	static const char *const reasons[DENIAL_MAX] = {
		[DENIAL_DISABLED] = "Disabled",
		[DENIAL_DENIED] = "Denied",
		[DENIAL_TIMED_OUT] = "Approval timed out"
	};
	const char *reason = NULL;
	DBusMessageIter iter;
	DBusMessage *msg;

	if (e->event == EVENT_REJECTED) {
		if (e->value < 0 || e->value >= DENIAL_MAX ||
		    (reason = reasons[e->value]) == NULL)
			return;
	}
	msg = signal_new(&iter);
	if (reason != NULL)
		append(&iter, DBUS_TYPE_STRING, &reason);
	emit_both(msg, c->path, of_client,
	    e->event == EVENT_REJECTED ? "Rejected" : "GotSecret");
}

/* "KEYID [address%scope]:port", of which nobody wants all. */
static void
tell_unknown(const char *text)
{
	size_t i, len = strcspn(text, " ");
	char *copy = strdup(text), *keyid = copy, *address;
	DBusMessageIter iter;
	DBusMessage *msg;

	if (copy == NULL)
		fatal("strdup");
	address = copy + len + (copy[len] == ' ');
	copy[len] = '\0';
	if (*address == '[')
		address[strcspn(address, "%]")] = '\0', address++;
	/* To an IPv4 socket peers have no IPv6 addresses. */
	if (!(busd.flags & SETTING_IPV6) &&
	    strncmp(address, MAPPED, strlen(MAPPED)) == 0)
		address += strlen(MAPPED);
	for (i = 0; i < len; i++)
		keyid[i] = (char)toupper((unsigned char)keyid[i]);
	msg = signal_new(&iter);
	append(&iter, DBUS_TYPE_STRING, &keyid);
	append(&iter, DBUS_TYPE_STRING, &address);
	emit_both(msg, "/", of_server, "ClientNotFound");
	free(copy);
}

static void
tell_event(const struct bus_client *c, const struct event_msg *e,
    const char *text)
{
	switch (e->event) {
	case EVENT_CHECKER_STARTED:
	case EVENT_CHECKER_COMPLETED:
		tell_checker(c, e, text);
		break;
	case EVENT_NEED_APPROVAL:
		tell_approval(c, e);
		break;
	default:
		tell_end(c, e);
	}
}

int
announce_event(const struct bus_client *c, const struct event_msg *e,
    const uint8_t *tail, size_t len)
{
	char *text;

	if (e->event >= EVENT_PENDING)
		return -1;
	if (!bus_is_up())
		return 0;
	text = mirror_text(tail, len);
	if (e->event == EVENT_UNKNOWN_KEY)
		tell_unknown(text);
	else if (c != NULL)
		tell_event(c, e, text);
	free(text);
	return 0;
}
