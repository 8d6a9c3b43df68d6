/* SPDX-License-Identifier: ISC */
/*
 * The way to the server.  Run by mandos-monitor.  Only who owns the server's
 * name on the bus is listened to: anybody there may send us a signal.
 */
#include "tui_link.h"

#include <sys/types.h>

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "loop_dbus.h"
#include "tui.h"

/* Where libdbus looks for the bus if it is not told. */
#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"

#define DELAY_LEAST_MS 1000
#define DELAY_STEP_MS 1000
#define DELAY_MOST_MS 5000
#define LIST_AGAIN_MS 10000	/* when the server has not listed its clients */
#define CALL_MS 60000		/* a server with very many clients takes long */
#define AT_ONCE 256		/* messages before keys have their turn */

#define FROM_SERVER "type='signal',sender='" BUS_NAME "',interface='"

static const char *const rules[] = {
	"type='signal',sender='" DBUS_SERVICE_DBUS "',interface='"
	    DBUS_INTERFACE_DBUS "',member='NameOwnerChanged',arg0='" BUS_NAME
	    "'",
	FROM_SERVER BUS_MANAGER "'",
	FROM_SERVER BUS_PROPERTIES "',member='PropertiesChanged',arg0='"
	    BUS_CLIENT "'",
	FROM_SERVER BUS_SERVER "',member='ClientNotFound'",
	FROM_SERVER BUS_CLIENT "',member='CheckerStarted'",
	FROM_SERVER BUS_CLIENT "',member='CheckerCompleted'",
	FROM_SERVER BUS_CLIENT "',member='GotSecret'",
	FROM_SERVER BUS_CLIENT "',member='NeedApproval'",
	FROM_SERVER BUS_CLIENT "',member='Rejected'",
};

static struct {
	const char *address;
	DBusConnection *conn;
	enum link_state state;
	struct loop_timer retry;	/* for the bus, or for the listing */
	uint64_t delay_ms;
	int is_lost;		/* conn is to be closed */
	int was_up;		/* the bus has ever answered */
	char *owner;		/* the server's name of its own, or NULL */
	char *complaint;	/* about the listing: it is not said again */
} bus;

/* A question, and who wants the answer. */
struct question {
	void (*done)(DBusMessage *, void *);
	void *arg;
	void (*drop)(void *);
};

/* Something an administrator has ordered. */
struct order {
	const char *what;
	char *name;
};

enum link_state
link_state(void)
{
	return bus.state;
}

/* There is another server than before, or none. */
static void
set_owner(const char *owner)
{
	free(bus.owner);
	bus.owner = NULL;
	if (owner != NULL && (bus.owner = strdup(owner)) == NULL)
		err(EXIT_FAILURE, "strdup");
	free(bus.complaint);
	bus.complaint = NULL;
	model_clear(tui.model);
	detail_server();
	tui_changed();
}

static void
close_bus(void)
{
	loop_timer_del(&bus.retry);
	loop_dbus_detach();
	bus_close(bus.conn);
	bus.conn = NULL;
	bus.is_lost = 0;
	bus.state = LINK_NO_BUS;
	set_owner(NULL);
}

static void
retry_later(void)
{
	loop_timer_set(&bus.retry, bus.delay_ms);
	if (bus.delay_ms < DELAY_MOST_MS)
		bus.delay_ms += DELAY_STEP_MS;
}

/* Close what is lost, outside of libdbus's callbacks. */
static void
reap(void)
{
	if (bus.conn == NULL || !bus.is_lost)
		return;
	if (!bus.was_up) {
		tui_fail("the system bus has refused us");
		return;
	}
	if (bus.owner != NULL || bus.state != LINK_NO_BUS)
		tui_say(1, "The system bus is gone; waiting for it");
	close_bus();
	retry_later();
}

/* Dispatch some of what has come. */
static void
work(void)
{
	int i;

	for (i = 0; i < AT_ONCE && bus.conn != NULL && !bus.is_lost; i++)
		if (dbus_connection_dispatch(bus.conn) ==
		    DBUS_DISPATCH_COMPLETE)
			break;
	if (i == AT_ONCE)
		loop_dbus_again();
	reap();
}

static void
answered(DBusPendingCall *pending, void *data)
{
	struct question *q = data;
	DBusMessage *reply = dbus_pending_call_steal_reply(pending);

	/* What belongs to a bus that is lost is of no use. */
	if (!bus.is_lost)
		q->done(reply, q->arg);
	dbus_message_unref(reply);
}

static void
forget(void *data)
{
	struct question *q = data;

	if (q->drop != NULL)
		q->drop(q->arg);
	free(q);
}

void
link_ask(DBusMessage *msg, void (*done)(DBusMessage *, void *), void *arg,
    void (*drop)(void *))
{
	DBusPendingCall *pending = NULL;
	struct question *q;

	if ((q = calloc(1, sizeof *q)) == NULL)
		err(EXIT_FAILURE, "calloc");
	*q = (struct question){ done, arg, drop };

	/* A server that is not there is not to be started by a key. */
	dbus_message_set_auto_start(msg, FALSE);
	if (bus.conn != NULL && !bus.is_lost)
		bus_must(dbus_connection_send_with_reply(bus.conn, msg,
		    &pending, CALL_MS));
	if (pending == NULL)
		forget(q);
	else {
		bus_must(dbus_pending_call_set_notify(pending, answered, q,
		    forget));
		/* The connection has it until the answer has come. */
		dbus_pending_call_unref(pending);
	}
	dbus_message_unref(msg);
}

/* What an error says; servers need not say anything. */
static const char *
error_text(DBusMessage *reply)
{
	const char *text;

	if (dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text,
	    DBUS_TYPE_INVALID) && *text != '\0')
		return text;
	text = dbus_message_get_error_name(reply);
	return text == NULL ? "no reason was given" : text;
}

static void
ordered(DBusMessage *reply, void *arg)
{
	struct order *o = arg;

	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		tui_say(1, "%s client %s failed: %s", o->what, o->name,
		    error_text(reply));
}

static void
order_free(void *arg)
{
	struct order *o = arg;

	free(o->name);
	free(o);
}

void
link_order(DBusMessage *msg, const char *what, const char *name)
{
	struct order *o;

	if (bus.state != LINK_UP) {
		dbus_message_unref(msg);
		return;
	}
	if ((o = calloc(1, sizeof *o)) == NULL ||
	    (o->name = strdup(name)) == NULL)
		err(EXIT_FAILURE, "calloc");
	o->what = what;
	link_ask(msg, ordered, o, order_free);
}

/* Say once for each server what is wrong with its list, and ask again. */
static void
complain(const char *text)
{
	if (bus.complaint == NULL || strcmp(bus.complaint, text) != 0) {
		tui_say(1, "The server does not list its clients: %s", text);
		free(bus.complaint);
		if ((bus.complaint = strdup(text)) == NULL)
			err(EXIT_FAILURE, "strdup");
	}
	loop_timer_set(&bus.retry, LIST_AGAIN_MS);
}

static void
listed(DBusMessage *reply, void *arg)
{
	(void)arg;
	/* It may be the answer, or the end, of a server that is gone. */
	if (bus.state != LINK_ASKING || bus.owner == NULL ||
	    (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_ERROR &&
	    !dbus_message_has_sender(reply, bus.owner)))
		return;
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		complain(error_text(reply));
	else if (event_listing(reply) == -1)
		complain("its answer makes no sense");
	else
		bus.state = LINK_UP;
	tui_changed();
}

static void
ask_listing(void)
{
	link_ask(bus_message(BUS_PATH, BUS_MANAGER, "GetManagedObjects"),
	    listed, NULL, NULL);
}

static void
server_is(const char *owner)
{
	int is_none = *owner == '\0';

	if (is_none && bus.state == LINK_NO_SERVER)
		return;
	if (!is_none && bus.owner != NULL && strcmp(owner, bus.owner) == 0)
		return;
	loop_timer_del(&bus.retry);
	set_owner(is_none ? NULL : owner);
	bus.state = is_none ? LINK_NO_SERVER : LINK_ASKING;
	if (is_none)
		tui_say(1, "Note: No Mandos server running.");
	else
		ask_listing();
}

static void
owner_told(DBusMessage *reply, void *arg)
{
	const char *owner;

	(void)arg;
	/* A change of the owner that was told meanwhile is as new. */
	if (bus.state != LINK_NO_BUS)
		return;
	if (dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &owner,
	    DBUS_TYPE_INVALID) &&
	    dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_ERROR)
		server_is(owner);
	else
		server_is("");
}

static DBusMessage *
bus_method(const char *name)
{
	DBusMessage *msg = dbus_message_new_method_call(DBUS_SERVICE_DBUS,
	    DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, name);

	bus_must(msg != NULL);
	return msg;
}

static void
greeted(DBusMessage *reply, void *arg)
{
	const char *name, *server = BUS_NAME;
	DBusMessage *msg;
	size_t i;

	(void)arg;
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR ||
	    !dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &name,
	    DBUS_TYPE_INVALID) ||
	    !dbus_bus_set_unique_name(bus.conn, name)) {
		bus.is_lost = 1;
		loop_dbus_again();
		return;
	}
	if (bus.was_up)
		tui_say(1, "The system bus is back");
	bus.was_up = 1;
	bus.delay_ms = DELAY_LEAST_MS;
	for (i = 0; i < sizeof rules / sizeof rules[0]; i++)
		dbus_bus_add_match(bus.conn, rules[i], NULL);
	msg = bus_method("GetNameOwner");
	bus_must(dbus_message_append_args(msg, DBUS_TYPE_STRING, &server,
	    DBUS_TYPE_INVALID));
	link_ask(msg, owner_told, NULL, NULL);
}

static DBusHandlerResult
heard(DBusConnection *conn, DBusMessage *msg, void *data)
{
	const char *name, *old, *new;

	(void)conn;
	(void)data;
	if (dbus_message_is_signal(msg, DBUS_INTERFACE_LOCAL,
	    "Disconnected")) {
		bus.is_lost = 1;
		loop_dbus_again();
	} else if (dbus_message_get_type(msg) != DBUS_MESSAGE_TYPE_SIGNAL)
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	else if (dbus_message_has_sender(msg, DBUS_SERVICE_DBUS)) {
		if (dbus_message_is_signal(msg, DBUS_INTERFACE_DBUS,
		    "NameOwnerChanged") &&
		    dbus_message_get_args(msg, NULL, DBUS_TYPE_STRING, &name,
		    DBUS_TYPE_STRING, &old, DBUS_TYPE_STRING, &new,
		    DBUS_TYPE_INVALID) && strcmp(name, BUS_NAME) == 0)
			server_is(new);
	} else if (bus.owner != NULL &&
	    dbus_message_has_sender(msg, bus.owner))
		event_signal(msg);
	return DBUS_HANDLER_RESULT_HANDLED;
}

/* Returns 0, or -1 with ${error} set. */
static int
connect_bus(DBusError *error)
{
	bus.conn = dbus_connection_open_private(bus.address, error);
	if (bus.conn == NULL)
		return -1;
	dbus_connection_set_exit_on_disconnect(bus.conn, FALSE);
	bus_must(dbus_connection_add_filter(bus.conn, heard, NULL, NULL));
	bus_must(loop_dbus_attach(bus.conn, work) != -1);
	link_ask(bus_method("Hello"), greeted, NULL, NULL);
	return 0;
}

static void
retry_due(struct loop_timer *timer)
{
	DBusError error = DBUS_ERROR_INIT;

	(void)timer;
	if (bus.conn != NULL) {
		if (bus.state == LINK_ASKING)
			ask_listing();
	} else if (connect_bus(&error) == -1) {
		dbus_error_free(&error);
		retry_later();
	}
}

int
link_open(void)
{
	DBusError error = DBUS_ERROR_INIT;

	bus.address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	if (bus.address == NULL || *bus.address == '\0')
		bus.address = DEFAULT_ADDRESS;
	dbus_connection_set_change_sigpipe(FALSE);
	bus.delay_ms = DELAY_LEAST_MS;
	loop_timer_init(&bus.retry, retry_due, NULL);
	if (connect_bus(&error) == -1) {
		fprintf(stderr, "mandos-monitor: no system bus: %s\n",
		    error.message);
		dbus_error_free(&error);
		return -1;
	}
	return 0;
}

void
link_close(void)
{
	if (bus.conn != NULL)
		close_bus();
	free(bus.complaint);
}
