/* SPDX-License-Identifier: ISC */
/*
 * What is in effect, in the form of the files: what this prints for
 * mandos.conf reads as mandos.conf again.  Run by the configuration reader;
 * never prints a secret.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "priority.h"

/*
 * Whether ${value} can stand in a file: the reader strips every line of it
 * and skips lines that look like comments.
 */
static int
is_writable(struct text value)
{
	struct text line, stripped;
	const char *end;
	int is_first = 1;

	if (value.len > 0 && value.p[value.len - 1] == '\n')
		return 0;
	while (value.len > 0) {
		line = value;
		end = memchr(value.p, '\n', value.len);
		if (end != NULL)
			line.len = (size_t)(end - value.p);
		stripped = text_strip(line);
		if (stripped.len != line.len ||
		    memchr(line.p, '\r', line.len) != NULL)
			return 0;
		if (!is_first && line.len > 0 && (line.p[0] == '#' ||
		    line.p[0] == ';'))
			return 0;
		is_first = 0;
		value.p += line.len + (end != NULL);
		value.len -= line.len + (end != NULL);
	}
	return 1;
}

/* A percent sign is doubled where the file would interpolate it. */
static void
print_text(FILE *f, const char *key, struct text value, int is_interpolated)
{
	size_t i;

	if (!is_writable(value)) {
		fprintf(f, "# %s cannot be written in this form\n", key);
		return;
	}
	fprintf(f, "%s =%s", key, value.len > 0 && value.p[0] != '\n' ?
	    " " : "");
	for (i = 0; i < value.len; i++) {
		fputc(value.p[i], f);
		if (value.p[i] == '%' && is_interpolated)
			fputc('%', f);
		/* The lines of a value are indented, but for empty ones. */
		if (value.p[i] == '\n' && value.p[i + 1] != '\n')
			fputc('\t', f);
	}
	fputc('\n', f);
}

static void
print_string(FILE *f, const char *key, const char *value)
{
	print_text(f, key, text_from(value), 0);
}

static void
print_duration(FILE *f, const char *key, uint64_t ms)
{
	char buf[DURATION_MAX_LEN];

	duration_print(buf, sizeof buf, ms);
	fprintf(f, "%s = %s\n", key, buf);
}

static void
print_flag(FILE *f, const char *key, uint32_t flags, uint32_t flag)
{
	fprintf(f, "%s = %s\n", key, flags & flag ? "yes" : "no");
}

static void
print_limits(FILE *f, const struct settings_msg *settings)
{
	const struct limit *limit;
	size_t i;

	for (i = 0; i < LIMITS_COUNT; i++) {
		limit = &limits_table[i];
		if (limit->is_duration)
			print_duration(f, limit->key,
			    limit_get(settings, limit));
		else
			fprintf(f, "%s = %" PRIu64 "\n", limit->key,
			    limit_get(settings, limit));
	}
}

void
print_settings(FILE *f, const struct settings *settings)
{
	const struct settings_msg *msg = &settings->msg;
	const char *priority = settings->priority.value;

	fprintf(f, "# mandos.conf\n[DEFAULT]\n");
	print_string(f, "interface", settings->interface.value);
	print_string(f, "address", settings->address.value);
	if (msg->port != 0)
		fprintf(f, "port = %u\n", msg->port);
	else
		fprintf(f, "port =\n");
	if (msg->socket != -1)
		fprintf(f, "socket = %d\n", msg->socket);
	else
		fprintf(f, "socket =\n");
	print_flag(f, "debug", msg->flags, SETTING_DEBUG);
	fprintf(f, "debuglevel = %s\n", settings_level_name(msg->log_level));
	print_flag(f, "foreground", msg->flags, SETTING_FOREGROUND);
	print_string(f, "priority", *priority != '\0' ? priority :
	    PRIORITY_DEFAULT);
	print_string(f, "servicename", settings->servicename.value);
	print_string(f, "statedir", settings->statedir.value);
	print_flag(f, "use_dbus", msg->flags, SETTING_DBUS);
	print_flag(f, "use_ipv6", msg->flags, SETTING_IPV6);
	print_flag(f, "restore", msg->flags, SETTING_RESTORE);
	print_flag(f, "zeroconf", msg->flags, SETTING_ZEROCONF);
	fprintf(f, "restart_policy = %s\n", msg->flags & SETTING_STRICT ?
	    "strict" : "original");
	print_limits(f, msg);
}

static void
print_client(FILE *f, const struct client *client)
{
	const struct client_fields *fields = &client->fields;

	fprintf(f, "\n[%.*s]\n", (int)client->name.len, client->name.p);
	print_text(f, "host", client->host, 1);
	print_text(f, "key_id", text_from(client->key_id), 1);
	if (client->fingerprint[0] != '\0')
		print_text(f, "fingerprint", text_from(client->fingerprint),
		    1);
	fprintf(f, "# secret: %zu bytes\n", client->secret_len);
	print_text(f, "checker", client->checker, 1);
	print_duration(f, "timeout", fields->timeout_ms);
	print_duration(f, "extended_timeout", fields->extended_timeout_ms);
	print_duration(f, "interval", fields->interval_ms);
	print_duration(f, "approval_delay", fields->approval_delay_ms);
	print_duration(f, "approval_duration", fields->approval_duration_ms);
	print_flag(f, "approved_by_default", fields->flags,
	    CLIENT_APPROVED_BY_DEFAULT);
	print_flag(f, "enabled", fields->flags, CLIENT_ENABLED);
}

void
print_clients(FILE *f, const struct clients *clients)
{
	const struct client *client;

	fprintf(f, "\n# clients.conf\n");
	STAILQ_FOREACH(client, &clients->list, entry)
		print_client(f, client);
}
