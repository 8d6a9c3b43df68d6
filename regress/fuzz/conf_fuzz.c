/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of the configuration reader.  An input is the text of a file, and is
 * read as clients.conf, as mandos.conf, as a command line with one argument
 * in each line, as a duration and as base64.
 *
 * Besides having no fault, what is accepted has to be usable: every client
 * fits into a message and has an interval, and what --show-config prints
 * reads as the same settings.
 */
#include <sys/types.h>
#include <sys/queue.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define ARGS_MAX 32
#define TAIL_MAX 131072

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
ignore(int is_error, const char *line)
{
	(void)is_error;
	(void)line;
}

static void
require(int is_true)
{
	if (!is_true)
		abort();
}

static void
try_clients(struct text text)
{
	static uint8_t tail[TAIL_MAX];
	struct clients clients;
	struct client *client;
	struct ini ini;
	size_t used;
	int is_good;

	problem_reset(ignore);
	clients_init(&clients);
	ini_init(&ini, "f");
	clients_builtin(&ini);
	is_good = ini_parse(&ini, text.p, text.len) == 0 &&
	    clients_read(&clients, &ini) == 0;
	require(is_good == (problem_count() == 0));
	if (is_good) {
		STAILQ_FOREACH(client, &clients.list, entry) {
			require(client->fields.interval_ms > 0);
			require(clients_pack(client, tail, sizeof tail,
			    &used) == 0);
		}
	}
	clients_free(&clients);
	ini_free(&ini);
}

/* Returns what --show-config prints, or NULL. */
static char *
try_mandos(struct text text, const struct options *options,
    struct settings *settings)
{
	static uint8_t tail[TAIL_MAX];
	char *shown = NULL;
	struct ini ini;
	size_t len, used;
	int is_good;
	FILE *f;

	problem_reset(ignore);
	ini_init(&ini, "f");
	settings_builtin(&ini);
	memset(settings, 0, sizeof *settings);
	is_good = ini_parse(&ini, text.p, text.len) == 0 &&
	    settings_merge(settings, &ini, options) == 0;
	require(is_good == (problem_count() == 0));
	if (is_good) {
		require(settings_pack(settings, tail, 8192, &used) == 0);
		require((f = open_memstream(&shown, &len)) != NULL);
		print_settings(f, settings);
		fclose(f);
	}
	ini_free(&ini);
	return shown;
}

static void
try_settings(struct text text)
{
	static const struct options none;
	struct settings first, second;
	char *shown, *again;

	shown = try_mandos(text, &none, &first);
	if (shown != NULL) {
		again = try_mandos(text_from(shown), &none, &second);
		require(again != NULL && strcmp(shown, again) == 0);
		require(memcmp(&first.msg, &second.msg,
		    sizeof first.msg) == 0);
		free(again);
		settings_free(&second);
	}
	free(shown);
	settings_free(&first);
}

static void
try_options(struct text text)
{
	static char name[] = "mandos";
	static const char empty[] = "";
	struct options options;
	struct settings settings;
	char *argv[ARGS_MAX + 1] = { name }, *copy, *rest, *error = NULL;
	int argc = 1;

	if ((copy = text_dup(text)) == NULL)
		return;
	rest = copy;
	while (argc < ARGS_MAX &&
	    (argv[argc] = strsep(&rest, "\n")) != NULL)
		argc++;
	argv[argc] = NULL;
	if (options_parse(&options, argc, argv, &error) == ARGPARSE_RUN) {
		free(try_mandos(text_from(empty), &options, &settings));
		settings_free(&settings);
	}
	free(error);
	free(copy);
}

static void
try_values(struct text text)
{
	char shown[DURATION_MAX_LEN];
	int64_t ms, again;
	uint8_t *bytes;
	size_t len;

	if (duration_parse(text, &ms) == DURATION_OK) {
		duration_print(shown, sizeof shown, (uint64_t)ms);
		require(duration_parse(text_from(shown), &again) ==
		    DURATION_OK && again == ms);
	}
	if ((bytes = base64_decode(text, &len)) != NULL)
		freezero(bytes, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text;
	char *copy;

	/* In memory of its own, so that a step outside is seen. */
	require((copy = malloc(size == 0 ? 1 : size)) != NULL);
	memcpy(copy, data, size);
	text.p = copy;
	text.len = size;
	try_clients(text);
	try_settings(text);
	try_options(text);
	try_values(text);
	free(copy);
	return 0;
}
