/* SPDX-License-Identifier: ISC */
/*
 * Values of properties, out of the mirror and out of messages.
 */
#include "table.h"

#include <sys/types.h>

#include <string.h>

void
value_get(const struct table_property *p, const struct bus_client *c,
    struct value *v)
{
	const char *field = c == NULL ? NULL : (const char *)&c->f + p->where;
	int64_t us;

	memset(v, 0, sizeof *v);
	v->type = p->type[0];
	switch (p->source) {
	case SOURCE_MS:
		memcpy(&v->number, field, sizeof v->number);
		break;
	case SOURCE_TIME:
		memcpy(&us, field, sizeof us);
		v->text = stamp_print(us, v->stamp);
		break;
	case SOURCE_FLAG:
		v->truth = (c->f.flags & p->where) != 0;
		break;
	case SOURCE_TEXT:
		v->text = c->text[p->where];
		break;
	case SOURCE_STATUS:
		v->status = (dbus_int16_t)c->f.last_checker_status;
		break;
	case SOURCE_PENDING:
		v->truth = c->f.approvals_pending > 0;
		break;
	case SOURCE_PATH:
		v->text = c->path;
		break;
	case SOURCE_SECRET:
		v->text = "";
		break;
	case SOURCE_VERSION:
		v->text = PACKAGE_VERSION;
		break;
	}
}

int
value_differs(const struct table_property *p, const struct bus_client *c,
    const struct bus_client *was)
{
	struct value a, b;

	/* Times are compared so often that they are not printed for it. */
	if (p->source == SOURCE_TIME)
		return memcmp((const char *)&c->f + p->where,
		    (const char *)&was->f + p->where, sizeof(int64_t)) != 0;
	value_get(p, c, &a);
	value_get(p, was, &b);
	if (a.text != NULL && b.text != NULL)
		return strcmp(a.text, b.text) != 0;
	return a.number != b.number || a.status != b.status ||
	    a.truth != b.truth;
}

void
value_append(DBusMessageIter *iter, const struct value *v)
{
	const char type[] = { (char)v->type, '\0' };
	const void *basic = &v->text;
	DBusMessageIter variant;

	if (v->type == DBUS_TYPE_UINT64)
		basic = &v->number;
	else if (v->type == DBUS_TYPE_INT16)
		basic = &v->status;
	else if (v->type == DBUS_TYPE_BOOLEAN)
		basic = &v->truth;
	bus_must(dbus_message_iter_open_container(iter, DBUS_TYPE_VARIANT,
	    type, &variant));
	bus_must(dbus_message_iter_append_basic(&variant, v->type, basic));
	bus_must(dbus_message_iter_close_container(iter, &variant));
}

void
value_append_all(DBusMessageIter *iter, const struct table_interface *i,
    const struct bus_client *c)
{
	const struct table_property *p;
	DBusMessageIter dict, entry;
	struct value v;

	bus_must(dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY,
	    "{sv}", &dict));
	for (p = i == NULL ? NULL : i->properties;
	    p != NULL && p->name != NULL; p++) {
		if (p->source == SOURCE_SECRET)
			continue;
		bus_must(dbus_message_iter_open_container(&dict,
		    DBUS_TYPE_DICT_ENTRY, NULL, &entry));
		bus_must(dbus_message_iter_append_basic(&entry,
		    DBUS_TYPE_STRING, &p->name));
		value_get(p, c, &v);
		value_append(&entry, &v);
		bus_must(dbus_message_iter_close_container(&dict, &entry));
	}
	bus_must(dbus_message_iter_close_container(iter, &dict));
}

/* Some callers put variants into variants. */
static void
unwrap(DBusMessageIter *iter)
{
	DBusMessageIter inner;

	while (dbus_message_iter_get_arg_type(iter) == DBUS_TYPE_VARIANT) {
		dbus_message_iter_recurse(iter, &inner);
		*iter = inner;
	}
}

int
value_take_number(DBusMessageIter *iter, uint64_t *number)
{
	DBusBasicValue v;
	int64_t n;

	unwrap(iter);
	switch (dbus_message_iter_get_arg_type(iter)) {
	case DBUS_TYPE_BYTE:
		dbus_message_iter_get_basic(iter, &v);
		n = v.byt;
		break;
	case DBUS_TYPE_INT16:
		dbus_message_iter_get_basic(iter, &v);
		n = v.i16;
		break;
	case DBUS_TYPE_UINT16:
		dbus_message_iter_get_basic(iter, &v);
		n = v.u16;
		break;
	case DBUS_TYPE_INT32:
		dbus_message_iter_get_basic(iter, &v);
		n = v.i32;
		break;
	case DBUS_TYPE_UINT32:
		dbus_message_iter_get_basic(iter, &v);
		n = v.u32;
		break;
	case DBUS_TYPE_INT64:
		dbus_message_iter_get_basic(iter, &v);
		n = v.i64;
		break;
	case DBUS_TYPE_UINT64:
		dbus_message_iter_get_basic(iter, &v);
		*number = v.u64;
		return 0;
	default:
		return -1;
	}
	*number = (uint64_t)n;
	return n < 0 ? -1 : 0;
}

int
value_take_truth(DBusMessageIter *iter, int *truth)
{
	dbus_bool_t b;

	unwrap(iter);
	if (dbus_message_iter_get_arg_type(iter) != DBUS_TYPE_BOOLEAN)
		return -1;
	dbus_message_iter_get_basic(iter, &b);
	*truth = b != FALSE;
	return 0;
}

int
value_take_text(DBusMessageIter *iter, const char **text)
{
	unwrap(iter);
	if (dbus_message_iter_get_arg_type(iter) != DBUS_TYPE_STRING)
		return -1;
	dbus_message_iter_get_basic(iter, text);
	return 0;
}

int
value_take_bytes(DBusMessageIter *iter, const uint8_t **bytes, size_t *len)
{
	DBusMessageIter array;
	int n = 0;

	unwrap(iter);
	if (dbus_message_iter_get_arg_type(iter) != DBUS_TYPE_ARRAY ||
	    dbus_message_iter_get_element_type(iter) != DBUS_TYPE_BYTE)
		return -1;
	dbus_message_iter_recurse(iter, &array);
	*bytes = NULL;
	dbus_message_iter_get_fixed_array(&array, bytes, &n);
	*len = (size_t)n;
	return 0;
}
