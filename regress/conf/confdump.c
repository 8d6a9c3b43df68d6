/* SPDX-License-Identifier: ISC */
/*
 * confdump MODE: what the configuration reader makes of many inputs, for the
 * Python scripts here, which know what it should make of them.  One process
 * reads them all: standard input has records, each a count of strings and the
 * strings, all numbers as 32 bits, little-endian.  For each record lines of
 * words are written, strings in hexadecimal behind an "=", and then a ".".
 */
#include <sys/types.h>
#include <sys/queue.h>

#include <endian.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "log.h"

#define STRINGS_MAX 64
#define STRING_MAX (16U << 20)

static struct text strings[STRINGS_MAX];
static size_t count;

static int
read_number(uint32_t *n)
{
	if (fread(n, sizeof *n, 1, stdin) != 1)
		return 0;
	*n = le32toh(*n);
	return 1;
}

/* A string is followed by a NUL, so that it can be an argument too. */
static void
read_string(struct text *text)
{
	uint32_t len;
	char *p;

	if (!read_number(&len) || len > STRING_MAX)
		errx(1, "bad record");
	if ((p = calloc(1, (size_t)len + 1)) == NULL)
		err(1, NULL);
	if (len > 0 && fread(p, len, 1, stdin) != 1)
		errx(1, "bad record");
	text->p = p;
	text->len = len;
}

static int
read_record(void)
{
	uint32_t n;

	if (!read_number(&n))
		return 0;
	if (n > STRINGS_MAX)
		errx(1, "bad record");
	for (count = 0; count < n; count++)
		read_string(&strings[count]);
	return 1;
}

static void
free_record(void)
{
	char *p;

	while (count > 0) {
		count--;
		memcpy(&p, &strings[count].p, sizeof p);
		free(p);
	}
}

static void
put(struct text text)
{
	size_t i;

	printf(" =");
	for (i = 0; i < text.len; i++)
		printf("%02x", (unsigned char)text.p[i]);
}

static void
put_problem(int is_error, const char *line)
{
	printf("%s", is_error ? "error" : "warning");
	put(text_from(line));
	printf("\n");
}

/* Every value, raw and expanded. */
static void
dump_section(struct ini *ini, struct ini_section *section)
{
	struct ini_entry *entry;
	struct text value;

	printf("section");
	put(section->name);
	printf("\n");
	STAILQ_FOREACH(entry, &section->list, entry) {
		printf("key");
		put(entry->key);
		put(entry->value);
		entry->is_reported = 1;
		if (ini_expand(ini, section, entry, &value) == 0)
			put(value);
		else
			printf(" failed");
		printf("\n");
	}
}

static void
dump_ini(void)
{
	struct ini_section *section;
	struct ini ini;

	ini_init(&ini, "f");
	if (ini_parse(&ini, strings[0].p, strings[0].len) == 0) {
		dump_section(&ini, &ini.defaults);
		STAILQ_FOREACH(section, &ini.list, entry)
			dump_section(&ini, section);
	}
	ini_free(&ini);
}

static void
dump_client(const struct client *client)
{
	const struct client_fields *fields = &client->fields;
	char hex[KEYID_HEX_LEN];

	printf("client");
	put(client->name);
	put(client->host);
	put(client->checker);
	put(text_from(client->key_id));
	put(text_from(client->fingerprint));
	put((struct text) { (char *)client->secret, client->secret_len });
	printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
	    fields->timeout_ms, fields->extended_timeout_ms,
	    fields->interval_ms, fields->approval_delay_ms,
	    fields->approval_duration_ms);
	printf(" %d %d %s\n",
	    (fields->flags & CLIENT_APPROVED_BY_DEFAULT) != 0,
	    (fields->flags & CLIENT_ENABLED) != 0,
	    fields->flags & CLIENT_HAS_KEYID ?
	    keyid_print(fields->keyid, hex) : "none");
}

static void
dump_clients(void)
{
	struct clients clients;
	struct client *client;
	struct ini ini;

	clients_init(&clients);
	ini_init(&ini, "f");
	clients_builtin(&ini);
	if (ini_parse(&ini, strings[0].p, strings[0].len) == 0 &&
	    clients_read(&clients, &ini) == 0)
		STAILQ_FOREACH(client, &clients.list, entry)
			dump_client(client);
	clients_free(&clients);
	ini_free(&ini);
}

static void
dump_settings(const struct settings *settings)
{
	const struct settings_msg *msg = &settings->msg;
	size_t i;

	if (!settings_is_findable(settings)) {
		printf("unfindable\n");
		return;
	}
	printf("settings");
	put(text_from(settings->interface.value));
	put(text_from(settings->address.value));
	put(text_from(settings->priority.value));
	put(text_from(settings->servicename.value));
	put(text_from(settings->statedir.value));
	printf(" %u %" PRId32 " %" PRIu32 " %" PRIu32, msg->port, msg->socket,
	    msg->flags, msg->log_level);
	for (i = 0; i < LIMITS_COUNT; i++)
		printf(" %" PRIu64, limit_get(msg, &limits_table[i]));
	printf("\n");
}

static void
dump_shown(const struct settings *settings)
{
	char *text;
	size_t len;
	FILE *f;

	if ((f = open_memstream(&text, &len)) == NULL)
		err(1, NULL);
	print_settings(f, settings);
	fclose(f);
	printf("shown");
	put((struct text) { text, len });
	printf("\n");
	free(text);
}

/* mandos.conf, and then the command line from its first word on. */
static void
dump_mandos(void)
{
	struct options options;
	struct settings settings;
	char *argv[STRINGS_MAX + 1], *error;
	struct ini ini;
	size_t i;

	for (i = 1; i < count; i++)
		memcpy(&argv[i - 1], &strings[i].p, sizeof argv[0]);
	argv[count - 1] = NULL;
	switch (options_parse(&options, (int)count - 1, argv, &error)) {
	case ARGPARSE_HELP:
		printf("help\n");
		return;
	case ARGPARSE_VERSION:
		printf("version\n");
		return;
	case ARGPARSE_ERROR:
		printf("usage");
		put(text_from(error));
		printf("\n");
		free(error);
		return;
	case ARGPARSE_RUN:
		break;
	}
	ini_init(&ini, "f");
	settings_builtin(&ini);
	if (ini_parse(&ini, strings[0].p, strings[0].len) == 0) {
		if (settings_merge(&settings, &ini, &options) == 0) {
			dump_settings(&settings);
			dump_shown(&settings);
		}
		settings_free(&settings);
	}
	ini_free(&ini);
}

static void
dump_duration(void)
{
	char shown[DURATION_MAX_LEN];
	enum duration result;
	int64_t ms;

	result = duration_parse(strings[0], &ms);
	if (result != DURATION_OK && result != DURATION_NEGATIVE) {
		printf("error %d\n", result);
		return;
	}
	printf("%s %" PRId64, result == DURATION_OK ? "ok" : "negative", ms);
	if (result == DURATION_OK) {
		duration_print(shown, sizeof shown, (uint64_t)ms);
		printf(" %s", shown);
	}
	printf("\n");
}

static void
dump_base64(void)
{
	uint8_t *bytes;
	size_t len;

	if ((bytes = base64_decode(strings[0], &len)) == NULL) {
		printf("error\n");
		return;
	}
	put((struct text) { (char *)bytes, len });
	printf("\n");
	freezero(bytes, len);
}

/* Every character there is; no record is read. */
static void
dump_unicode(void)
{
	char out[4];
	uint32_t cp, again;
	size_t n;

	for (cp = 0; cp < 0x110000; cp++) {
		n = utf8_encode(cp, out);
		if (utf8_decode(out, n, &again) == n && again == cp)
			printf("%" PRIx32 " %d %d %" PRIx32 "\n", cp,
			    unicode_is_space(cp), unicode_digit(cp),
			    unicode_lower(cp));
	}
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*dump)(void);
		size_t least;		/* strings in a record */
	} modes[] = {
		{ "base64", dump_base64, 1 },
		{ "clients", dump_clients, 1 },
		{ "duration", dump_duration, 1 },
		{ "ini", dump_ini, 1 },
		{ "mandos", dump_mandos, 2 },
	};
	size_t i;

	log_open("confdump", LOG_WARNING);
	if (argc == 2 && strcmp(argv[1], "unicode") == 0) {
		dump_unicode();
		return 0;
	}
	for (i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (argc == 2 && strcmp(argv[1], modes[i].name) == 0)
			break;
	if (i == sizeof modes / sizeof modes[0])
		errx(1, "usage: confdump mode");
	while (read_record()) {
		if (count < modes[i].least)
			errx(1, "bad record");
		problem_reset(put_problem);
		modes[i].dump();
		printf(".\n");
		free_record();
	}
	return 0;
}
