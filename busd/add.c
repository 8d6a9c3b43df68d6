/* SPDX-License-Identifier: ISC */
/*
 * AddClient: a client out of a name and a dictionary of settings, by the rules
 * of clients.conf.  Nothing is asked of the warden before all of it is found
 * to be good; the secret is wiped where it lies, whatever comes of it.
 */
#include "table.h"

#include <sys/types.h>

#include <string.h>

#include "log.h"

#define NAME_MOST 1024		/* bytes */

/* A client in the making. */
struct draft {
	struct client_fields f;
	const char *text[CLIENT_STRINGS];
	char keyid[TEXT_MOST + 1];
	char fingerprint[TEXT_MOST + 1];
	const uint8_t *secret;
	size_t secret_len;
	uint32_t seen;		/* properties, as bits */
};

/* As those of clients.conf, where nothing is said. */
static const struct draft defaults = {
	.f = {
		.flags = CLIENT_ENABLED | CLIENT_APPROVED_BY_DEFAULT,
		.timeout_ms = 300000,
		.extended_timeout_ms = 900000,
		.interval_ms = 120000,
		.approval_delay_ms = 0,
		.approval_duration_ms = 1000
	},
	.text = {
		[TEXT_NAME] = "",
		[TEXT_HOST] = "",
		[TEXT_CHECKER] = "fping -q -- %(host)s",
		[TEXT_KEYID] = "",
		[TEXT_FINGERPRINT] = ""
	}
};

/* Without blanks, and in upper case, as the reader has such texts. */
static void
normalize(char out[TEXT_MOST + 1], const char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'a' && *text <= 'z')
			*out++ = (char)(*text - 'a' + 'A');
		else if (*text != ' ')
			*out++ = *text;
	*out = '\0';
}

/* What the name of a section can be.  Returns NULL, or what it cannot. */
static const char *
check_name(const char *name)
{
	if (*name == '\0')
		return "be empty";
	if (strlen(name) > NAME_MOST)
		return "be as long as that";
	if (strpbrk(name, "\r\n") != NULL)
		return "have two lines";
	return strcmp(name, "DEFAULT") == 0 ? "be DEFAULT" : NULL;
}

/* Each takes a value and returns NULL, or what it should have been. */

static const char *
take_ms(struct draft *d, const struct table_property *p,
    DBusMessageIter *value)
{
	uint64_t ms;

	if (value_take_number(value, &ms) == -1 || ms > MOST_MS)
		return "a number of milliseconds";
	if (ms == 0 && p->where == offsetof(struct client_fields, interval_ms))
		return "more than no time";
	memcpy((char *)&d->f + p->where, &ms, sizeof ms);
	return NULL;
}

static const char *
take_flag(struct draft *d, const struct table_property *p,
    DBusMessageIter *value)
{
	int truth;

	if (value_take_truth(value, &truth) == -1)
		return "a boolean";
	d->f.flags &= ~(uint32_t)p->where;
	if (truth)
		d->f.flags |= (uint32_t)p->where;
	return NULL;
}

static const char *
take_text(struct draft *d, const struct table_property *p,
    DBusMessageIter *value)
{
	uint8_t keyid[KEYID_LEN];
	const char *text;

	if (value_take_text(value, &text) == -1)
		return "a string";
	if (strlen(text) > TEXT_MOST)
		return "no string as long as that";
	if (p->where == TEXT_KEYID) {
		normalize(d->keyid, text);
		text = d->keyid;
		if (keyid_parse(text, keyid) == -1)
			return "the 64 hexadecimal digits of a key";
	} else if (p->where == TEXT_FINGERPRINT) {
		normalize(d->fingerprint, text);
		text = d->fingerprint;
	}
	d->text[p->where] = text;
	return NULL;
}

static const char *
take_secret(struct draft *d, DBusMessageIter *value)
{
	if (value_take_bytes(value, &d->secret, &d->secret_len) == -1)
		return "an array of bytes";
	return d->secret_len > SECRET_MAX ? "no secret as long as that" : NULL;
}

/* What clients.conf could say of a client, too. */
static int
is_setting(const struct table_property *p)
{
	return p->setter == SETTER_SETTING ||
	    p == &table_client[PROP_ENABLED] ||
	    p == &table_client[PROP_KEYID] ||
	    p == &table_client[PROP_FINGERPRINT];
}

static const char *
take_value(struct draft *d, const struct table_property *p,
    DBusMessageIter *value)
{
	if (p->source == SOURCE_MS)
		return take_ms(d, p, value);
	if (p->source == SOURCE_FLAG)
		return take_flag(d, p, value);
	if (p->source == SOURCE_TEXT)
		return take_text(d, p, value);
	return take_secret(d, value);
}

/* One entry of the dictionary.  Returns 0, or -1: he has been told. */
static int
take_setting(const struct call *call, struct draft *d, DBusMessageIter *entry)
{
	const struct table_interface *i = table_interface(BUS_NAME ".Client",
	    OBJECT_CLIENT);
	const struct table_property *p;
	const char *key, *wanted;
	uint32_t bit;

	dbus_message_iter_get_basic(entry, &key);
	dbus_message_iter_next(entry);
	if ((p = table_property(i, key)) == NULL || !is_setting(p)) {
		call_error(call, DBUS_ERROR_INVALID_ARGS,
		    "%s is no setting of a client", strlen(key) > 64 ?
		    "something" : key);
		return -1;
	}
	bit = UINT32_C(1) << (p - table_client);
	if (d->seen & bit) {
		call_error(call, DBUS_ERROR_INVALID_ARGS, "%s is there twice",
		    p->name);
		return -1;
	}
	d->seen |= bit;
	if ((wanted = take_value(d, p, entry)) == NULL)
		return 0;
	call_error(call, DBUS_ERROR_INVALID_ARGS, "%s takes %s", p->name,
	    wanted);
	return -1;
}

/* What there must be.  Returns 0, or -1: he has been told. */
static int
check_all(const struct call *call, const struct draft *d)
{
	static const enum property musts[] = { PROP_KEYID, PROP_SECRET };
	const char *cannot;
	size_t i;

	if ((cannot = check_name(d->text[TEXT_NAME])) != NULL) {
		call_error(call, DBUS_ERROR_INVALID_ARGS,
		    "the name cannot %s", cannot);
		return -1;
	}
	for (i = 0; i < sizeof musts / sizeof *musts; i++)
		if (!(d->seen & UINT32_C(1) << musts[i])) {
			call_error(call, DBUS_ERROR_INVALID_ARGS,
			    "%s is missing", table_client[musts[i]].name);
			return -1;
		}
	return 0;
}

/* Every array of bytes: who has misspelt Secret has sent one, too. */
static void
wipe(DBusMessageIter *dict)
{
	DBusMessageIter entry;
	const uint8_t *bytes;
	uint8_t *place;
	size_t len;

	for (; dbus_message_iter_get_arg_type(dict) ==
	    DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(dict)) {
		dbus_message_iter_recurse(dict, &entry);
		dbus_message_iter_next(&entry);
		if (value_take_bytes(&entry, &bytes, &len) == -1 || len == 0)
			continue;
		/* The message is ours alone; libdbus does not know that. */
		memcpy(&place, &bytes, sizeof place);
		explicit_bzero(place, len);
	}
	bus_overwrite();
}

static int
take_all(const struct call *call, struct draft *d, DBusMessageIter dict)
{
	DBusMessageIter entry;

	for (; dbus_message_iter_get_arg_type(&dict) ==
	    DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&dict)) {
		dbus_message_iter_recurse(&dict, &entry);
		if (take_setting(call, d, &entry) == -1)
			return -1;
	}
	return check_all(call, d);
}

void
call_add_client(const struct call *call)
{
	static struct draft draft;
	DBusMessageIter iter, dict;

	draft = defaults;
	dbus_message_iter_init(call->msg, &iter);
	dbus_message_iter_get_basic(&iter, &draft.text[TEXT_NAME]);
	dbus_message_iter_next(&iter);
	dbus_message_iter_recurse(&iter, &dict);
	if (take_all(call, &draft, dict) == 0)
		request_add(call, &draft.f, draft.text, draft.secret,
		    draft.secret_len);
	wipe(&dict);
}
