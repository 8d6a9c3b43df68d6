/* SPDX-License-Identifier: ISC */
/*
 * The one description of our D-Bus interface: what can be called, read, set
 * and heard on which object.  Introspection, dispatch, Get, GetAll, Set and
 * signals all go by it.
 */
#ifndef TABLE_H
#define TABLE_H

#include "busd.h"
#include "stamp.h"

#define TABLE_ARGS 3

struct table_arg {
	const char *type;	/* NULL ends the list */
	const char *name;	/* or NULL */
	int is_out;
};

struct table_method {
	const char *name;	/* NULL ends the list */
	struct table_arg args[TABLE_ARGS + 1];
	int is_deprecated;
	void (*handle)(const struct call *);	/* or NULL: ... */
	enum control what;	/* ... the warden does this */
};

struct table_signal {
	const char *name;
	struct table_arg args[TABLE_ARGS + 1];
	int is_deprecated;
};

/* Where the value of a property is, and what it is made of. */
enum source {
	SOURCE_MS,		/* where: offset of milliseconds */
	SOURCE_TIME,		/* offset of a point in time */
	SOURCE_FLAG,		/* CLIENT_* */
	SOURCE_TEXT,		/* enum client_text */
	SOURCE_STATUS,
	SOURCE_PENDING,
	SOURCE_PATH,
	SOURCE_SECRET,		/* can only be set */
	SOURCE_VERSION		/* ours */
};

enum emits { EMITS_CHANGE, EMITS_NOTHING, EMITS_INVALIDATION };

/* What it takes to set a property. */
enum setter {
	SETTER_NONE,		/* it cannot be */
	SETTER_SETTING,		/* set has the bit */
	SETTER_SWITCH,		/* controls for off and on */
	SETTER_BUMP		/* any value is one control */
};

/* The properties of a client, in the table's order. */
enum property {
	PROP_APPROVAL_DELAY,
	PROP_APPROVAL_DURATION,
	PROP_APPROVAL_PENDING,
	PROP_APPROVED_BY_DEFAULT,
	PROP_CHECKER_RUNNING,
	PROP_CHECKER,
	PROP_CREATED,
	PROP_ENABLED,
	PROP_EXPIRES,
	PROP_EXTENDED_TIMEOUT,
	PROP_FINGERPRINT,
	PROP_HOST,
	PROP_INTERVAL,
	PROP_KEYID,
	PROP_LAST_APPROVAL_REQUEST,
	PROP_LAST_CHECKED_OK,
	PROP_LAST_CHECKER_STATUS,
	PROP_LAST_ENABLED,
	PROP_NAME,
	PROP_OBJECT_PATH,
	PROP_SECRET,
	PROP_TIMEOUT,
	PROP_MAX
};

struct table_property {
	const char *name;
	const char *type;
	enum source source;
	size_t where;
	enum setter setter;
	uint32_t set;		/* SET_*, for SETTER_SETTING */
	enum control off, on;	/* for SETTER_SWITCH; on for SETTER_BUMP */
	enum emits emits;
	int is_deprecated;
};

struct table_interface {
	const char *name;	/* NULL ends the list */
	unsigned int objects;	/* OBJECT_* that have it */
	const struct table_method *methods;
	const struct table_signal *signals;
	const struct table_property *properties;
	int is_deprecated;
	int is_hidden;		/* everybody knows that it is there */
};

extern const struct table_interface table_interfaces[];
extern const struct table_property table_client[PROP_MAX + 1];

/* table_interface(name, object): that interface of such an object, or NULL. */
const struct table_interface *table_interface(const char *, enum object);

/* table_property(interface, name): that property of it, or NULL. */
const struct table_property *table_property(const struct table_interface *,
    const char *);

/* The longest duration there is in clients.conf(5): 999999999 days. */
#define MOST_MS (UINT64_C(999999999) * 86400 * 1000)
/* Bytes of a text; so that it fits a message with everything else. */
#define TEXT_MOST 16384

/* A value that is being read; ${text} leads into the client or ${stamp}. */
struct value {
	int type;		/* DBUS_TYPE_* */
	dbus_uint64_t number;	/* of t */
	dbus_int16_t status;	/* of n */
	dbus_bool_t truth;	/* of b */
	const char *text;	/* of s and o */
	char stamp[STAMP_LEN];
};

/*
 * value_get(property, client, value): read it; not of SOURCE_SECRET.  What is
 * of no client is so with NULL.
 */
void value_get(const struct table_property *, const struct bus_client *,
    struct value *);

/* value_differs(property, client, was): is it another one than it was? */
int value_differs(const struct table_property *, const struct bus_client *,
    const struct bus_client *);

/* value_append(iter, value): as a variant. */
void value_append(DBusMessageIter *, const struct value *);

/*
 * value_append_all(iter, interface, client): a dictionary of all that can be
 * read of an interface; of none for NULL.
 */
void value_append_all(DBusMessageIter *, const struct table_interface *,
    const struct bus_client *);

/*
 * What somebody has sent, out of its variants.  value_take_number(iter, n): an
 * integer of any type that is not negative; value_take_truth(iter, truth): a
 * boolean; value_take_bytes(iter, bytes, len): an array of bytes, which lies in
 * the message.  Each returns 0, or -1 for another type or value.
 */
int value_take_number(DBusMessageIter *, uint64_t *);
int value_take_truth(DBusMessageIter *, int *);
int value_take_text(DBusMessageIter *, const char **);
int value_take_bytes(DBusMessageIter *, const uint8_t **, size_t *);

/* The handlers of methods. */

/* add.c */
void call_add_client(const struct call *);

/* call.c */
void call_introspect(const struct call *);
void call_ping(const struct call *);
void call_machine(const struct call *);
void call_approve(const struct call *);
void call_remove_client(const struct call *);
void call_why(const struct call *);

/* property.c */
void call_get(const struct call *);
void call_get_all(const struct call *);
void call_set(const struct call *);

/* manager.c */
void call_managed_objects(const struct call *);
void call_all_clients(const struct call *);
void call_all_properties(const struct call *);

/*
 * manager_append(iter, client): the interfaces of a client with their
 * properties; manager_append_names(iter): their names alone.
 */
void manager_append(DBusMessageIter *, const struct bus_client *);
void manager_append_names(DBusMessageIter *);

#endif
