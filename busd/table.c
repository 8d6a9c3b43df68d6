/* SPDX-License-Identifier: ISC */
/*
 * The D-Bus interface as a table.  The names under se.recompile.Mandos and
 * se.bsnet.fukt.Mandos are a contract with programs that exist: nothing is
 * added to them.  What is ours is under org.openmandos.
 */
#include "table.h"

#include <sys/types.h>

#include <stddef.h>
#include <string.h>

#define IN(type, name) { type, name, 0 }
#define OUT(type, name) { type, name, 1 }
#define F(member) offsetof(struct client_fields, member)

// clang-format off
static const struct table_method introspectable[] = {
	{ "Introspect", { OUT("s", "xml_data") }, 0, call_introspect, 0 },
	{ NULL, { { NULL, NULL, 0 } }, 0, NULL, 0 }
};

static const struct table_method peer[] = {
	{ "Ping", { { NULL, NULL, 0 } }, 0, call_ping, 0 },
	{ "GetMachineId", { OUT("s", "machine_uuid") }, 0, call_machine, 0 },
	{ NULL, { { NULL, NULL, 0 } }, 0, NULL, 0 }
};

static const struct table_method properties[] = {
	{ "Get", { IN("s", "interface_name"), IN("s", "property_name"),
	    OUT("v", "value") }, 0, call_get, 0 },
	{ "Set", { IN("s", "interface_name"), IN("s", "property_name"),
	    IN("v", "value") }, 0, call_set, 0 },
	{ "GetAll", { IN("s", "interface_name"), OUT("a{sv}", "props") }, 0,
	    call_get_all, 0 },
	{ NULL, { { NULL, NULL, 0 } }, 0, NULL, 0 }
};
static const struct table_signal properties_signals[] = {
	{ "PropertiesChanged", { OUT("s", "interface_name"),
	    OUT("a{sv}", "changed_properties"),
	    OUT("as", "invalidated_properties") }, 0 },
	{ NULL, { { NULL, NULL, 0 } }, 0 }
};

static const struct table_method manager[] = {
	{ "GetManagedObjects", { OUT("a{oa{sa{sv}}}",
	    "objpath_interfaces_and_properties") }, 0, call_managed_objects,
	    0 },
	{ NULL, { { NULL, NULL, 0 } }, 0, NULL, 0 }
};
static const struct table_signal manager_signals[] = {
	{ "InterfacesAdded", { OUT("o", "object_path"),
	    OUT("a{sa{sv}}", "interfaces_and_properties") }, 0 },
	{ "InterfacesRemoved", { OUT("o", "object_path"),
	    OUT("as", "interfaces") }, 0 },
	{ NULL, { { NULL, NULL, 0 } }, 0 }
};

static const struct table_method mandos[] = {
	{ "GetAllClients", { OUT("ao", NULL) }, 1, call_all_clients, 0 },
	{ "GetAllClientsWithProperties", { OUT("a{oa{sv}}", NULL) }, 1,
	    call_all_properties, 0 },
	{ "RemoveClient", { IN("o", "object_path") }, 0, call_remove_client,
	    0 },
	{ NULL, { { NULL, NULL, 0 } }, 0, NULL, 0 }
};
static const struct table_signal mandos_signals[] = {
	{ "ClientAdded", { OUT("o", "objpath") }, 0 },
	{ "ClientNotFound", { OUT("s", "key_id"), OUT("s", "address") }, 0 },
	{ "ClientRemoved", { OUT("o", "objpath"), OUT("s", "name") }, 1 },
	{ NULL, { { NULL, NULL, 0 } }, 0 }
};

static const struct table_method client[] = {
	{ "Approve", { IN("b", "value") }, 0, call_approve, 0 },
	{ "CheckedOK", { { NULL, NULL, 0 } }, 0, NULL, CONTROL_CHECKED_OK },
	{ "Enable", { { NULL, NULL, 0 } }, 1, NULL, CONTROL_ENABLE },
	{ "Disable", { { NULL, NULL, 0 } }, 1, NULL, CONTROL_DISABLE },
	{ "StartChecker", { { NULL, NULL, 0 } }, 1, NULL,
	    CONTROL_START_CHECKER },
	{ "StopChecker", { { NULL, NULL, 0 } }, 1, NULL,
	    CONTROL_STOP_CHECKER },
	{ NULL, { { NULL, NULL, 0 } }, 0, NULL, 0 }
};
static const struct table_signal client_signals[] = {
	{ "CheckerCompleted", { OUT("n", "exitcode"), OUT("x", "waitstatus"),
	    OUT("s", "command") }, 0 },
	{ "CheckerStarted", { OUT("s", "command") }, 0 },
	{ "GotSecret", { { NULL, NULL, 0 } }, 0 },
	{ "NeedApproval", { OUT("t", "timeout"), OUT("b", "default") }, 0 },
	{ "PropertyChanged", { OUT("s", "property"), OUT("v", "value") }, 1 },
	{ "Rejected", { OUT("s", "reason") }, 0 },
	{ NULL, { { NULL, NULL, 0 } }, 0 }
};

#define SETTING(bit) SETTER_SETTING, bit, 0, 0, EMITS_CHANGE, 0
#define SWITCH(off, on) SETTER_SWITCH, 0, off, on, EMITS_CHANGE, 0
#define BUMP(on) SETTER_BUMP, 0, 0, on, EMITS_CHANGE, 0
#define READ SETTER_NONE, 0, 0, 0, EMITS_CHANGE, 0
#define CONSTANT SETTER_NONE, 0, 0, 0, EMITS_NOTHING, 0

const struct table_property table_client[PROP_MAX + 1] = {
	[PROP_APPROVAL_DELAY] = { "ApprovalDelay", "t", SOURCE_MS,
	    F(approval_delay_ms), SETTING(SET_APPROVAL_DELAY) },
	[PROP_APPROVAL_DURATION] = { "ApprovalDuration", "t", SOURCE_MS,
	    F(approval_duration_ms), SETTING(SET_APPROVAL_DURATION) },
	[PROP_APPROVAL_PENDING] = { "ApprovalPending", "b", SOURCE_PENDING, 0,
	    READ },
	[PROP_APPROVED_BY_DEFAULT] = { "ApprovedByDefault", "b", SOURCE_FLAG,
	    CLIENT_APPROVED_BY_DEFAULT, SETTING(SET_APPROVED_BY_DEFAULT) },
	[PROP_CHECKER_RUNNING] = { "CheckerRunning", "b", SOURCE_FLAG,
	    CLIENT_CHECKER_RUNNING,
	    SWITCH(CONTROL_STOP_CHECKER, CONTROL_START_CHECKER) },
	[PROP_CHECKER] = { "Checker", "s", SOURCE_TEXT, TEXT_CHECKER,
	    SETTING(SET_CHECKER) },
	[PROP_CREATED] = { "Created", "s", SOURCE_TIME, F(created_us),
	    CONSTANT },
	[PROP_ENABLED] = { "Enabled", "b", SOURCE_FLAG, CLIENT_ENABLED,
	    SWITCH(CONTROL_DISABLE, CONTROL_ENABLE) },
	[PROP_EXPIRES] = { "Expires", "s", SOURCE_TIME, F(expires_us), READ },
	[PROP_EXTENDED_TIMEOUT] = { "ExtendedTimeout", "t", SOURCE_MS,
	    F(extended_timeout_ms), SETTING(SET_EXTENDED_TIMEOUT) },
	[PROP_FINGERPRINT] = { "Fingerprint", "s", SOURCE_TEXT,
	    TEXT_FINGERPRINT, CONSTANT },
	[PROP_HOST] = { "Host", "s", SOURCE_TEXT, TEXT_HOST,
	    SETTING(SET_HOST) },
	[PROP_INTERVAL] = { "Interval", "t", SOURCE_MS, F(interval_ms),
	    SETTING(SET_INTERVAL) },
	[PROP_KEYID] = { "KeyID", "s", SOURCE_TEXT, TEXT_KEYID, CONSTANT },
	[PROP_LAST_APPROVAL_REQUEST] = { "LastApprovalRequest", "s",
	    SOURCE_TIME, F(last_approval_request_us), READ },
	[PROP_LAST_CHECKED_OK] = { "LastCheckedOK", "s", SOURCE_TIME,
	    F(last_checked_ok_us), BUMP(CONTROL_CHECKED_OK) },
	[PROP_LAST_CHECKER_STATUS] = { "LastCheckerStatus", "n", SOURCE_STATUS,
	    0, READ },
	[PROP_LAST_ENABLED] = { "LastEnabled", "s", SOURCE_TIME,
	    F(last_enabled_us), READ },
	[PROP_NAME] = { "Name", "s", SOURCE_TEXT, TEXT_NAME, CONSTANT },
	[PROP_OBJECT_PATH] = { "ObjectPath", "o", SOURCE_PATH, 0, SETTER_NONE,
	    0, 0, 0, EMITS_NOTHING, 1 },
	[PROP_SECRET] = { "Secret", "ay", SOURCE_SECRET, 0, SETTER_SETTING,
	    SET_SECRET, 0, 0, EMITS_INVALIDATION, 0 },
	[PROP_TIMEOUT] = { "Timeout", "t", SOURCE_MS, F(timeout_ms),
	    SETTING(SET_TIMEOUT) },
	[PROP_MAX] = { NULL, NULL, 0, 0, READ }
};

static const struct table_method own[] = {
	{ "AddClient", { IN("s", "name"), IN("a{sv}", "settings"),
	    OUT("o", "path") }, 0, call_add_client, 0 },
	{ "Reload", { { NULL, NULL, 0 } }, 0, NULL, CONTROL_RELOAD },
	{ "Why", { IN("o", "client"), OUT("s", "code"), OUT("s", "sentence") },
	    0, call_why, 0 },
	{ NULL, { { NULL, NULL, 0 } }, 0, NULL, 0 }
};
static const struct table_property own_properties[] = {
	{ "Version", "s", SOURCE_VERSION, 0, CONSTANT },
	{ NULL, NULL, 0, 0, READ }
};

#define ALL (OBJECT_ROOT | OBJECT_NODE | OBJECT_CLIENT | OBJECT_OWN)

const struct table_interface table_interfaces[] = {
	{ DBUS_INTERFACE_INTROSPECTABLE, ALL, introspectable, NULL, NULL, 0,
	    0 },
	{ DBUS_INTERFACE_PEER, ALL, peer, NULL, NULL, 0, 1 },
	{ DBUS_INTERFACE_PROPERTIES, OBJECT_CLIENT | OBJECT_OWN, properties,
	    properties_signals, NULL, 0, 0 },
	{ "org.freedesktop.DBus.ObjectManager", OBJECT_ROOT, manager,
	    manager_signals, NULL, 0, 0 },
	{ BUS_NAME, OBJECT_ROOT, mandos, mandos_signals, NULL, 0, 0 },
	{ BUS_NAME_OLD, OBJECT_ROOT, mandos, mandos_signals, NULL, 1, 0 },
	{ BUS_NAME ".Client", OBJECT_CLIENT, client, client_signals,
	    table_client, 0, 0 },
	{ BUS_NAME_OLD ".Client", OBJECT_CLIENT, client, client_signals,
	    table_client, 1, 0 },
	{ OWN_NAME ".Server1", OBJECT_OWN, own, NULL, own_properties, 0,
	    0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 }
};
// clang-format on

const struct table_interface *
table_interface(const char *name, enum object object)
{
	const struct table_interface *i;

	for (i = table_interfaces; i->name != NULL; i++)
		if (i->objects & object && strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

const struct table_property *
table_property(const struct table_interface *interface, const char *name)
{
	const struct table_property *p;

	if (interface == NULL || interface->properties == NULL)
		return NULL;
	for (p = interface->properties; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}
