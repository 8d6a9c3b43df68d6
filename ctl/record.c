/* SPDX-License-Identifier: ISC */
/*
 * One client as the server shows it.  Run by mandos-ctl and mandos-monitor;
 * believes nothing of what comes from the bus without a look at its type.
 */
#include "record.h"

#include <sys/types.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
const struct record_rule record_rules[RECORD_COUNT] = {
	[RECORD_NAME] =
	    { "Name", "Name", RECORD_TEXT },
	[RECORD_ENABLED] =
	    { "Enabled", "Enabled", RECORD_FLAG },
	[RECORD_TIMEOUT] =
	    { "Timeout", "Timeout", RECORD_MS },
	[RECORD_LAST_CHECKED_OK] =
	    { "LastCheckedOK", "Last Successful Check", RECORD_TEXT },
	[RECORD_CREATED] =
	    { "Created", "Created", RECORD_TEXT },
	[RECORD_INTERVAL] =
	    { "Interval", "Interval", RECORD_MS },
	[RECORD_HOST] =
	    { "Host", "Host", RECORD_TEXT },
	[RECORD_KEY_ID] =
	    { "KeyID", "Key ID", RECORD_TEXT },
	[RECORD_FINGERPRINT] =
	    { "Fingerprint", "Fingerprint", RECORD_TEXT },
	[RECORD_CHECKER_RUNNING] =
	    { "CheckerRunning", "Check Is Running", RECORD_FLAG },
	[RECORD_LAST_ENABLED] =
	    { "LastEnabled", "Last Enabled", RECORD_TEXT },
	[RECORD_APPROVAL_PENDING] =
	    { "ApprovalPending", "Approval Is Pending", RECORD_FLAG },
	[RECORD_APPROVED_BY_DEFAULT] =
	    { "ApprovedByDefault", "Approved By Default", RECORD_FLAG },
	[RECORD_LAST_APPROVAL_REQUEST] =
	    { "LastApprovalRequest", "Last Approval Request", RECORD_TEXT },
	[RECORD_APPROVAL_DELAY] =
	    { "ApprovalDelay", "Approval Delay", RECORD_MS },
	[RECORD_APPROVAL_DURATION] =
	    { "ApprovalDuration", "Approval Duration", RECORD_MS },
	[RECORD_CHECKER] =
	    { "Checker", "Checker", RECORD_TEXT },
	[RECORD_EXTENDED_TIMEOUT] =
	    { "ExtendedTimeout", "Extended Timeout", RECORD_MS },
	[RECORD_EXPIRES] =
	    { "Expires", "Expires", RECORD_TEXT },
	[RECORD_LAST_CHECKER_STATUS] =
	    { "LastCheckerStatus", "Last Checker Status", RECORD_NUMBER },
};
// clang-format on

void
record_init(struct record *record, const char *path)
{
	memset(record, 0, sizeof *record);
	if ((record->path = strdup(path)) == NULL)
		err(EXIT_FAILURE, "strdup");
}

void
record_free(struct record *record)
{
	int i;

	free(record->path);
	for (i = 0; i < RECORD_COUNT; i++)
		if (record->values[i].is_known &&
		    record_rules[i].kind == RECORD_TEXT)
			free(record->values[i].text);
	memset(record, 0, sizeof *record);
}

static int
find(const char *name)
{
	int i;

	for (i = 0; i < RECORD_COUNT; i++)
		if (strcmp(record_rules[i].name, name) == 0)
			return i;
	return -1;
}

/* An integer of any type; 64 bits with their sign apart. */
static int
take_integer(DBusMessageIter *iter, uint64_t *value, int *is_negative)
{
	int64_t number;
	union {
		unsigned char y;
		dbus_int16_t n;
		dbus_uint16_t q;
		dbus_int32_t i;
		dbus_uint32_t u;
		dbus_int64_t x;
		dbus_uint64_t t;
	} raw;

	*is_negative = 0;
	switch (dbus_message_iter_get_arg_type(iter)) {
	case DBUS_TYPE_BYTE:
		dbus_message_iter_get_basic(iter, &raw.y);
		number = raw.y;
		break;
	case DBUS_TYPE_INT16:
		dbus_message_iter_get_basic(iter, &raw.n);
		number = raw.n;
		break;
	case DBUS_TYPE_UINT16:
		dbus_message_iter_get_basic(iter, &raw.q);
		number = raw.q;
		break;
	case DBUS_TYPE_INT32:
		dbus_message_iter_get_basic(iter, &raw.i);
		number = raw.i;
		break;
	case DBUS_TYPE_UINT32:
		dbus_message_iter_get_basic(iter, &raw.u);
		number = raw.u;
		break;
	case DBUS_TYPE_INT64:
		dbus_message_iter_get_basic(iter, &raw.x);
		number = raw.x;
		break;
	case DBUS_TYPE_UINT64:
		dbus_message_iter_get_basic(iter, &raw.t);
		*value = raw.t;
		return 0;
	default:
		return -1;
	}
	*is_negative = number < 0;
	*value = (uint64_t)number;
	return 0;
}

static int
take_value(enum record_kind kind, DBusMessageIter *iter,
    struct record_value *value)
{
	int type = dbus_message_iter_get_arg_type(iter), is_negative;
	dbus_bool_t truth;
	const char *text;
	uint64_t number;

	switch (kind) {
	case RECORD_TEXT:
		if (type != DBUS_TYPE_STRING && type != DBUS_TYPE_OBJECT_PATH)
			return -1;
		dbus_message_iter_get_basic(iter, &text);
		if ((value->text = strdup(text)) == NULL)
			err(EXIT_FAILURE, "strdup");
		return 0;
	case RECORD_FLAG:
		if (type != DBUS_TYPE_BOOLEAN)
			return -1;
		dbus_message_iter_get_basic(iter, &truth);
		value->flag = truth != FALSE;
		return 0;
	case RECORD_MS:
		if (take_integer(iter, &number, &is_negative) == -1 ||
		    is_negative)
			return -1;
		value->ms = number;
		return 0;
	case RECORD_NUMBER:
		if (take_integer(iter, &number, &is_negative) == -1 ||
		    (!is_negative && number > INT64_MAX))
			return -1;
		value->number = (int64_t)number;
		return 0;
	}
	return -1;
}

int
record_update(struct record *record, const char *name,
    DBusMessageIter *variant)
{
	struct record_value value = { .is_known = 1 };
	DBusMessageIter iter;
	int i = find(name);

	if (i == -1 ||
	    dbus_message_iter_get_arg_type(variant) != DBUS_TYPE_VARIANT)
		return -1;
	dbus_message_iter_recurse(variant, &iter);
	if (take_value(record_rules[i].kind, &iter, &value) == -1)
		return -1;
	if (record->values[i].is_known && record_rules[i].kind == RECORD_TEXT)
		free(record->values[i].text);
	record->values[i] = value;
	return i;
}

void
record_fill(struct record *record, DBusMessageIter *dict)
{
	DBusMessageIter entries, entry;
	const char *name;

	if (dbus_message_iter_get_arg_type(dict) != DBUS_TYPE_ARRAY ||
	    dbus_message_iter_get_element_type(dict) != DBUS_TYPE_DICT_ENTRY)
		return;
	dbus_message_iter_recurse(dict, &entries);
	for (; dbus_message_iter_get_arg_type(&entries) ==
	    DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&entries)) {
		dbus_message_iter_recurse(&entries, &entry);
		if (dbus_message_iter_get_arg_type(&entry) !=
		    DBUS_TYPE_STRING)
			return;
		dbus_message_iter_get_basic(&entry, &name);
		if (dbus_message_iter_next(&entry))
			record_update(record, name, &entry);
	}
}

const char *
record_text(const struct record *record, enum record_property property)
{
	const struct record_value *value = &record->values[property];

	return value->is_known ? value->text : "";
}

int
record_flag(const struct record *record, enum record_property property)
{
	const struct record_value *value = &record->values[property];

	return value->is_known && value->flag;
}

uint64_t
record_ms(const struct record *record, enum record_property property)
{
	const struct record_value *value = &record->values[property];

	return value->is_known ? value->ms : 0;
}

int64_t
record_number(const struct record *record, enum record_property property)
{
	const struct record_value *value = &record->values[property];

	return value->is_known ? value->number : 0;
}
