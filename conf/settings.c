/* SPDX-License-Identifier: ISC */
/*
 * What mandos.conf and the command line come to together.  Run by the
 * configuration reader, before it reads any secret.
 */
#include "conf.h"

#include <sys/types.h>

#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* The keys with text, and the options that override them. */
struct text_key {
	const char *key;
	const char *option;
	size_t setting;			/* in struct settings */
	size_t given;			/* in struct options */
	const char *builtin;
	size_t most;			/* bytes */
};

#define TEXT(key, builtin, most)					\
	{ #key, "--" #key, offsetof(struct settings, key),		\
	    offsetof(struct options, key), builtin, most }

static const struct text_key text_keys[] = {
	TEXT(interface, "", IFNAME_LEN - 1),
	TEXT(address, "", 1024),
	TEXT(debuglevel, "", 64),
	TEXT(priority, "", PRIORITY_MAX),
	TEXT(servicename, "Mandos", SERVICENAME_MAX),
	TEXT(statedir, STATEDIR_DEFAULT, STATEDIR_MAX),
};

/* The booleans; an option can set a flag to one value only. */
struct flag_key {
	const char *key;
	uint32_t flag;
	const char *builtin;
	size_t given;
	int when_given;
};

#define FLAG(key, flag, builtin, option, when_given)			\
	{ #key, SETTING_##flag, builtin,				\
	    offsetof(struct options, option), when_given }

static const struct flag_key flag_keys[] = {
	FLAG(debug, DEBUG, "False", debug, 1),
	FLAG(foreground, FOREGROUND, "False", foreground, 1),
	FLAG(use_dbus, DBUS, "True", no_dbus, 0),
	FLAG(use_ipv6, IPV6, "True", no_ipv6, 0),
	FLAG(restore, RESTORE, "True", no_restore, 0),
	FLAG(zeroconf, ZEROCONF, "True", no_zeroconf, 0),
};

#define LENGTH(array) (sizeof array / sizeof array[0])

/* The original's levels, as syslog(3) numbers them. */
static const struct {
	const char *name;
	uint32_t level;
} levels[] = {
	{ "CRITICAL", LOG_CRIT },
	{ "ERROR", LOG_ERR },
	{ "WARNING", LOG_WARNING },
	{ "INFO", LOG_INFO },
	{ "DEBUG", LOG_DEBUG },
	/* Other names for the same. */
	{ "FATAL", LOG_CRIT },
	{ "WARN", LOG_WARNING },
	{ "NOTSET", LOG_WARNING },
};

void
settings_builtin(struct ini *ini)
{
	size_t i;

	for (i = 0; i < LENGTH(text_keys); i++)
		ini_default(ini, text_keys[i].key, text_keys[i].builtin);
	for (i = 0; i < LENGTH(flag_keys); i++)
		ini_default(ini, flag_keys[i].key, flag_keys[i].builtin);
	for (i = 0; i < LIMITS_COUNT; i++)
		ini_default(ini, limits_table[i].key, limits_table[i].builtin);
	ini_default(ini, "port", "");
	ini_default(ini, "socket", "");
	ini_default(ini, "restart_policy", "original");
}

/* Text is taken as it stands: a percent sign means nothing in it. */
static int
merge_text(struct settings *settings, struct ini *ini,
    const struct options *options, const struct text_key *key)
{
	struct setting *setting = (struct setting *)(void *)
	    ((char *)settings + key->setting);
	const char *given;
	struct ini_entry *entry;
	struct text text;

	memcpy(&given, (const char *)options + key->given, sizeof given);
	if (given != NULL) {
		setting->where.file = key->option;
		text = text_from(given);
	} else {
		entry = ini_find(ini, &ini->defaults, text_from(key->key));
		setting->where = entry->where;
		text = entry->value;
	}
	if ((setting->value = text_dup(text)) == NULL)
		problem_error(&setting->where, "%s contains a NUL byte",
		    key->key);
	else if (text.len > key->most)
		problem_error(&setting->where, "%s is longer than %zu bytes",
		    key->key, key->most);
	else
		return 0;
	return -1;
}

static int
merge_flag(struct settings *settings, struct ini *ini,
    const struct options *options, const struct flag_key *key)
{
	struct ini_entry *entry;
	struct text text;
	int value, given;

	entry = ini_find(ini, &ini->defaults, text_from(key->key));
	if (ini_expand(ini, &ini->defaults, entry, &text) == -1)
		return -1;
	if (text_boolean(text, &value) == -1) {
		problem_error(&entry->where, "%s is neither yes nor no",
		    key->key);
		return -1;
	}
	memcpy(&given, (const char *)options + key->given, sizeof given);
	if (given)
		value = key->when_given;
	if (value)
		settings->msg.flags |= key->flag;
	return 0;
}

/*
 * An integer or nothing, from 0 to ${most}.  A bad one in the file is an
 * error also if the command line has another.
 */
static int
merge_number(struct ini *ini, const char *key, const char *given,
    const char *option, int64_t most, int64_t *value)
{
	struct ini_entry *entry;
	struct where where;
	struct text text;

	entry = ini_find(ini, &ini->defaults, text_from(key));
	where = entry->where;
	*value = -1;
	if (entry->value.len > 0) {
		if (ini_expand(ini, &ini->defaults, entry, &text) == -1)
			return -1;
		if (text_integer(text, value) == -1) {
			problem_error(&where, "%s is not an integer", key);
			return -1;
		}
	}
	if (given != NULL) {
		where.file = option;
		where.line = 0;
		/* The option's value has been checked by options_parse(). */
		text_integer(text_from(given), value);
	} else if (entry->value.len == 0)
		return 0;
	if (*value < 0 || *value > most) {
		problem_error(&where, "%s is not between 0 and %lld", key,
		    (long long)most);
		return -1;
	}
	return 0;
}

static int
merge_level(struct settings *settings)
{
	const char *name = settings->debuglevel.value;
	size_t i;

	settings->msg.log_level = LOG_WARNING;
	if (settings->msg.flags & SETTING_DEBUG) {
		/* The level is then ignored, and not even looked at. */
		settings->msg.flags |= SETTING_FOREGROUND;
		settings->msg.log_level = LOG_DEBUG;
		return 0;
	}
	if (*name == '\0')
		return 0;
	for (i = 0; i < LENGTH(levels); i++) {
		if (strcasecmp(name, levels[i].name) == 0) {
			settings->msg.log_level = levels[i].level;
			return 0;
		}
	}
	problem_error(&settings->debuglevel.where, "debuglevel is none of "
	    "CRITICAL, ERROR, WARNING, INFO and DEBUG");
	return -1;
}

/* What becomes of a client whose time ran out while nobody was looking. */
static int
merge_policy(struct settings *settings, struct ini *ini)
{
	struct ini_entry *entry;

	entry = ini_find(ini, &ini->defaults, text_from("restart_policy"));
	if (text_is(entry->value, "strict"))
		settings->msg.flags |= SETTING_STRICT;
	else if (!text_is(entry->value, "original")) {
		problem_error(&entry->where,
		    "restart_policy is neither original nor strict");
		return -1;
	}
	return 0;
}

int
settings_merge(struct settings *settings, struct ini *ini,
    const struct options *options)
{
	struct settings_msg *msg = &settings->msg;
	int64_t port, fd;
	size_t i;
	int result = 0;

	memset(settings, 0, sizeof *settings);
	settings->configdir = options->configdir != NULL ?
	    options->configdir : CONFIGDIR_DEFAULT;
	for (i = 0; i < LENGTH(text_keys); i++)
		if (merge_text(settings, ini, options, &text_keys[i]) == -1)
			result = -1;
	for (i = 0; i < LENGTH(flag_keys); i++)
		if (merge_flag(settings, ini, options, &flag_keys[i]) == -1)
			result = -1;
	if (merge_number(ini, "port", options->port, "--port", UINT16_MAX,
	    &port) == -1)
		result = -1;
	if (merge_number(ini, "socket", options->socket, "--socket",
	    INT32_MAX, &fd) == -1)
		result = -1;
	if (limits_merge(msg, ini) == -1)
		result = -1;
	if (merge_policy(settings, ini) == -1)
		result = -1;
	if (result == -1 || merge_level(settings) == -1)
		return -1;
	if (options->check)
		msg->flags |= SETTING_CHECK;
	if (options->start_disabled)
		msg->flags |= SETTING_START_DISABLED;
	/* Port 0 is none. */
	msg->port = port > 0 ? (uint16_t)port : 0;
	msg->socket = (int32_t)fd;
	if (msg->port != 0 || settings->address.value[0] != '\0')
		msg->flags |= SETTING_BIND;
	strlcpy(msg->interface, settings->interface.value,
	    sizeof msg->interface);
	return 0;
}

void
settings_free(struct settings *settings)
{
	free(settings->interface.value);
	free(settings->address.value);
	free(settings->debuglevel.value);
	free(settings->priority.value);
	free(settings->servicename.value);
	free(settings->statedir.value);
	memset(settings, 0, sizeof *settings);
}

int
settings_is_findable(const struct settings *settings)
{
	return (settings->msg.flags & SETTING_ZEROCONF) ||
	    settings->msg.port != 0 || settings->msg.socket != -1;
}

int
settings_pack(const struct settings *settings, uint8_t *buf, size_t size,
    size_t *used)
{
	*used = 0;
	return tail_put(buf, size, used, settings->priority.value,
	    strlen(settings->priority.value)) == -1 ||
	    tail_put(buf, size, used, settings->servicename.value,
	    strlen(settings->servicename.value)) == -1 ||
	    tail_put(buf, size, used, settings->statedir.value,
	    strlen(settings->statedir.value)) == -1 ? -1 : 0;
}

const char *
settings_level_name(uint32_t level)
{
	size_t i;

	for (i = 0; i < LENGTH(levels); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "?";
}
