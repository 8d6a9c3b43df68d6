/* SPDX-License-Identifier: ISC */
/*
 * The connection to the system bus: it is made without waiting, lost without
 * harm, and made again.  Run by busd.  What comes over it is handed on, to
 * caller.c; what is not for us is dropped.
 */
#include "busd.h"

#include <sys/types.h>

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop_dbus.h"

/* Where libdbus looks for the bus if it is not told. */
#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"

#define DELAY_LEAST_MS 1000
#define DELAY_STEP_MS 1000
#define DELAY_MOST_MS 5000
#define AT_ONCE 64		/* messages before others have their turn */
#define END_MS 1000		/* to take leave in */

/* Bytes on their way to the bus: first nobody is heard, then it is given up. */
#define QUEUED_ENOUGH (4 * 1024 * 1024)
#define QUEUED_TOO_MUCH (128 * 1024 * 1024)

/* Bytes of messages that libdbus may hold for us. */
#define HELD_MOST (32 * 1024 * 1024)

/* More than a message's worth that libdbus keeps when it has been read. */
#define OVERWRITE_LEN 8192

#define GONE_RULE "type='signal',sender='" DBUS_SERVICE_DBUS "',path='"	\
	DBUS_PATH_DBUS "',interface='" DBUS_INTERFACE_DBUS		\
	"',member='NameOwnerChanged',arg2=''"

static struct {
	char *address;		/* NULL: there is none that we could use */
	DBusConnection *conn;
	struct loop_timer retry;
	uint64_t delay_ms;
	int is_lost;		/* conn is to be closed */
	int is_up;		/* all names are ours */
	int has_complained;	/* it need not be said again */
	unsigned int missing;	/* names that are not ours, as bits */
} bus;

static const char *const names[] = { BUS_NAME, BUS_NAME_OLD };
#define NAMES (sizeof names / sizeof names[0])

/* A question, and who wants the answer. */
struct question {
	void (*done)(DBusMessage *, void *);
	void *arg;
};

void
bus_must(dbus_bool_t ok)
{
	if (!ok)
		fatalx("libdbus: no memory");
}

/* We can make sockets of one kind, and start nothing. */
static int
is_usable(const char *address)
{
	DBusAddressEntry **entries;
	int i, n, usable = 1;

	if (!dbus_parse_address(address, &entries, &n, NULL))
		return 0;
	for (i = 0; i < n; i++)
		if (strcmp(dbus_address_entry_get_method(entries[i]),
		    "unix") != 0)
			usable = 0;
	dbus_address_entries_free(entries);
	return usable && n > 0;
}

void
bus_init(void)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	char *machine;

	if (address == NULL || *address == '\0')
		address = DEFAULT_ADDRESS;
	if (!is_usable(address))
		log_errx("%s is no address of a bus that could be used: "
		    "there is no D-Bus", address);
	else if ((bus.address = strdup(address)) == NULL)
		fatal("strdup");
	/* What is its own is copied, for ours it is kept. */
	if ((machine = dbus_try_get_local_machine_id(NULL)) != NULL) {
		if ((busd.machine = strdup(machine)) == NULL)
			fatal("strdup");
		dbus_free(machine);
	}
	dbus_connection_set_change_sigpipe(FALSE);
	/* What it refuses to do for us is our fault, but not worth dying. */
	setenv("DBUS_FATAL_WARNINGS", "0", 1);
}

static void
close_bus(void)
{
	loop_dbus_detach();
	caller_forget_all();
	dbus_connection_close(bus.conn);
	dbus_connection_unref(bus.conn);
	bus.conn = NULL;
	bus.is_lost = bus.is_up = 0;
}

static void
retry_later(void)
{
	loop_timer_set(&bus.retry, bus.delay_ms);
	if (bus.delay_ms < DELAY_MOST_MS)
		bus.delay_ms += DELAY_STEP_MS;
}

/* Say it once for each time that something is wrong. */
static void
complain(const char *what, const char *why_not)
{
	if (!bus.has_complained)
		log_errx("%s: %s; trying again", what, why_not);
	bus.has_complained = 1;
}

/* Close what is lost, outside of libdbus's callbacks. */
static void
reap(void)
{
	if (bus.conn == NULL || !bus.is_lost)
		return;
	complain("system bus", "the connection is lost");
	close_bus();
	retry_later();
}

static void
give_up(void)
{
	bus.is_lost = 1;
	loop_dbus_again();
}

/* Dispatch some of what has come, unless too much is waiting to go. */
static void
work(void)
{
	int i;

	for (i = 0; i < AT_ONCE && bus.conn != NULL && !bus.is_lost; i++) {
		if (dbus_connection_get_outgoing_size(bus.conn) >
		    QUEUED_ENOUGH ||
		    dbus_connection_dispatch(bus.conn) ==
		    DBUS_DISPATCH_COMPLETE)
			break;
	}
	if (i == AT_ONCE)
		loop_dbus_again();
	reap();
}

int
bus_is_up(void)
{
	return bus.is_up;
}

/* Hand it to libdbus; a bus that takes nothing is as good as none. */
static int
queue(DBusMessage *msg, DBusPendingCall **pending)
{
	if (bus.conn == NULL || bus.is_lost)
		return -1;
	if (dbus_connection_get_outgoing_size(bus.conn) > QUEUED_TOO_MUCH) {
		give_up();
		return -1;
	}
	if (pending == NULL)
		bus_must(dbus_connection_send(bus.conn, msg, NULL));
	else {
		bus_must(dbus_connection_send_with_reply(bus.conn, msg,
		    pending, DBUS_TIMEOUT_USE_DEFAULT));
		if (*pending == NULL)
			return -1;
	}
	return 0;
}

void
bus_send(DBusMessage *msg)
{
	queue(msg, NULL);
	dbus_message_unref(msg);
}

static void
answered(DBusPendingCall *pending, void *data)
{
	struct question *q = data;
	DBusMessage *reply = dbus_pending_call_steal_reply(pending);

	/* What belongs to a bus that is lost has been forgotten. */
	if (!bus.is_lost)
		q->done(reply, q->arg);
	dbus_message_unref(reply);
}

void
bus_ask(DBusMessage *msg, void (*done)(DBusMessage *, void *), void *arg)
{
	DBusPendingCall *pending;
	struct question *q;

	if ((q = calloc(1, sizeof *q)) == NULL)
		fatal("calloc");
	q->done = done;
	q->arg = arg;
	if (queue(msg, &pending) == -1)
		free(q);
	else {
		bus_must(dbus_pending_call_set_notify(pending, answered, q,
		    free));
		/* The connection has it until the answer has come. */
		dbus_pending_call_unref(pending);
	}
	dbus_message_unref(msg);
}

/*
 * What was read last may still stand in libdbus's buffer, which keeps a few
 * kilobytes: a signal to ourselves goes to the same place.
 */
void
bus_overwrite(void)
{
	static const uint8_t zeros[OVERWRITE_LEN];
	const uint8_t *p = zeros;
	const char *self;
	DBusMessage *msg;

	if (bus.conn == NULL || bus.is_lost ||
	    (self = dbus_bus_get_unique_name(bus.conn)) == NULL)
		return;
	msg = dbus_message_new_signal("/org/openmandos",
	    "org.openmandos.Server1", "Overwritten");
	bus_must(msg != NULL && dbus_message_set_destination(msg, self) &&
	    dbus_message_append_args(msg, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE, &p,
	    (int)sizeof zeros, DBUS_TYPE_INVALID));
	bus_send(msg);
}

/* A call of the bus itself, with a string if there is one. */
static DBusMessage *
bus_method(const char *name, const char *text)
{
	DBusMessage *msg = dbus_message_new_method_call(DBUS_SERVICE_DBUS,
	    DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, name);

	bus_must(msg != NULL);
	if (text != NULL)
		bus_must(dbus_message_append_args(msg, DBUS_TYPE_STRING,
		    &text, DBUS_TYPE_INVALID));
	return msg;
}

/* All names are ours: show what there is, as if it had just come. */
static void
come_up(void)
{
	struct bus_client *c;

	bus.is_up = 1;
	bus.delay_ms = DELAY_LEAST_MS;
	if (bus.has_complained)
		log_warnx("the clients are on the system bus again");
	bus.has_complained = 0;
	for (c = mirror_next(NULL); c != NULL; c = mirror_next(c))
		announce_added(c);
}

static void
name_asked(DBusMessage *reply, void *arg)
{
	const char *const *name = arg;
	unsigned int bit = 1U << (name - names);
	dbus_uint32_t code = 0;

	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		complain(*name, dbus_message_get_error_name(reply));
	else if (dbus_message_get_args(reply, NULL, DBUS_TYPE_UINT32, &code,
	    DBUS_TYPE_INVALID) &&
	    (code == DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER ||
	    code == DBUS_REQUEST_NAME_REPLY_ALREADY_OWNER))
		bus.missing &= ~bit;
	else
		complain(*name, "somebody else has this name on the bus");
	if (bus.missing == 0 && !bus.is_up)
		come_up();
	else if (bus.missing != 0 && bus.retry.due_ms == -1)
		retry_later();
}

static void
ask_names(void)
{
	dbus_uint32_t flags = DBUS_NAME_FLAG_DO_NOT_QUEUE;
	DBusMessage *msg;
	size_t i;

	for (i = 0; i < NAMES; i++) {
		if (!(bus.missing & 1U << i))
			continue;
		msg = bus_method("RequestName", names[i]);
		bus_must(dbus_message_append_args(msg, DBUS_TYPE_UINT32,
		    &flags, DBUS_TYPE_INVALID));
		/* It is given back as the pointer it was. */
		bus_ask(msg, name_asked, (void *)(uintptr_t)&names[i]);
	}
}

static void
greeted(DBusMessage *reply, void *arg)
{
	const char *name;

	(void)arg;
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR ||
	    !dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &name,
	    DBUS_TYPE_INVALID) ||
	    !dbus_bus_set_unique_name(bus.conn, name)) {
		give_up();
		return;
	}
	bus_send(bus_method("AddMatch", GONE_RULE));
	bus.missing = (1U << NAMES) - 1;
	ask_names();
}

static DBusHandlerResult
heard(DBusConnection *conn, DBusMessage *msg, void *data)
{
	const char *name, *old, *new;

	(void)conn;
	(void)data;
	if (dbus_message_is_signal(msg, DBUS_INTERFACE_LOCAL, "Disconnected"))
		bus.is_lost = 1;
	else if (dbus_message_get_type(msg) == DBUS_MESSAGE_TYPE_METHOD_CALL)
		caller_call(msg);
	else if (dbus_message_is_signal(msg, DBUS_INTERFACE_DBUS,
	    "NameOwnerChanged") &&
	    dbus_message_has_sender(msg, DBUS_SERVICE_DBUS) &&
	    dbus_message_get_args(msg, NULL, DBUS_TYPE_STRING, &name,
	    DBUS_TYPE_STRING, &old, DBUS_TYPE_STRING, &new,
	    DBUS_TYPE_INVALID) && *new == '\0')
		caller_gone(name);
	return DBUS_HANDLER_RESULT_HANDLED;
}

static void
connect_bus(void)
{
	DBusError error = DBUS_ERROR_INIT;

	bus.conn = dbus_connection_open_private(bus.address, &error);
	if (bus.conn == NULL) {
		complain("system bus", error.message);
		dbus_error_free(&error);
		retry_later();
		return;
	}
	dbus_connection_set_exit_on_disconnect(bus.conn, FALSE);
	/* Its answer to GetMachineId would open a file: ours does not. */
	dbus_connection_set_route_peer_messages(bus.conn, TRUE);
	dbus_connection_set_max_received_size(bus.conn, HELD_MOST);
	bus_must(dbus_connection_add_filter(bus.conn, heard, NULL, NULL));
	if (loop_dbus_attach(bus.conn, work) == -1)
		fatalx("libdbus: no memory");
	bus_ask(bus_method("Hello", NULL), greeted, NULL);
}

static void
retry_due(struct loop_timer *timer)
{
	(void)timer;
	if (bus.conn == NULL)
		connect_bus();
	else if (!bus.is_lost && bus.missing != 0)
		ask_names();
}

void
bus_start(void)
{
	bus.delay_ms = DELAY_LEAST_MS;
	loop_timer_init(&bus.retry, retry_due, NULL);
	if (bus.address != NULL)
		connect_bus();
}

void
bus_end(void)
{
	int64_t end = loop_now() + END_MS, left;
	struct bus_client *c;
	struct pollfd pfd = { .events = POLLOUT };

	if (bus.conn == NULL || bus.is_lost)
		return;
	if (bus.is_up)
		for (c = mirror_next(NULL); c != NULL; c = mirror_next(c))
			announce_removed(c);
	if (!dbus_connection_get_unix_fd(bus.conn, &pfd.fd))
		return;
	while (dbus_connection_has_messages_to_send(bus.conn) &&
	    dbus_connection_get_is_connected(bus.conn) &&
	    (left = end - loop_now()) > 0) {
		poll(&pfd, 1, (int)left);
		dbus_connection_read_write(bus.conn, 0);
	}
	dbus_connection_close(bus.conn);
}
