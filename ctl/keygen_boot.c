/* SPDX-License-Identifier: ISC */
/*
 * What the client in a boot image is going to be told, by the kernel's command
 * line and by plugin-runner.conf, as far as it decides whether and where it
 * asks.  Pure functions of text.
 */
#include "keygen_rehearse.h"

#include <stdlib.h>
#include <string.h>

#define WHITE " \t\n\r\v\f"
#define CLIENT "mandos-client"

void
boot_init(struct boot *b)
{
	*b = (struct boot){ .uid = -1, .gid = -1 };
}

/* The rest of ${word} if it begins with ${prefix}, else NULL. */
static const char *
after(const char *word, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(word, prefix, len) == 0 ? word + len : NULL;
}

void
boot_read_cmdline(struct boot *b, const char *text)
{
	char *copy, *rest, *word, *list, *item;
	const char *value;

	if ((copy = rest = strdup(text)) == NULL)
		return;
	while ((word = strsep(&rest, WHITE)) != NULL) {
		if ((value = after(word, "mandos=")) == NULL)
			continue;
		list = word + (value - word);
		while ((item = strsep(&list, ",")) != NULL) {
			/* dracut reads it as a truth value. */
			if (strcmp(item, "off") == 0 || strcmp(item, "0") == 0)
				b->is_off = 1;
			else if ((value = after(item, "connect:")) != NULL)
				strlcpy(b->connect, value, sizeof b->connect);
		}
	}
	free(copy);
}

/* Options that plugin-runner gives to mandos-client, separated by commas. */
static void
read_client_options(struct boot *b, char *list)
{
	const char *value;
	char *item;

	while ((item = strsep(&list, ",")) != NULL)
		if ((value = after(item, "--connect=")) != NULL ||
		    (value = after(item, "-c")) != NULL)
			strlcpy(b->connect, value, sizeof b->connect);
		else if ((value = after(item, "--priority=")) != NULL)
			strlcpy(b->priority, value, sizeof b->priority);
}

static long
number(const char *text)
{
	char *end;
	long n;

	n = strtol(text, &end, 10);
	return end != text && *end == '\0' && n >= 0 ? n : -1;
}

/* An option of plugin-runner, and its value. */
static void
read_runner_option(struct boot *b, const char *name, char *value)
{
	char *colon;

	if (strcmp(name, "--userid") == 0)
		b->uid = number(value);
	else if (strcmp(name, "--groupid") == 0)
		b->gid = number(value);
	else if (strcmp(name, "--disable") == 0 || strcmp(name, "-d") == 0) {
		if (strcmp(value, CLIENT) == 0)
			b->is_disabled = 1;
	} else if (strcmp(name, "--enable") == 0 || strcmp(name, "-e") == 0) {
		if (strcmp(value, CLIENT) == 0)
			b->is_disabled = 0;
	} else if (strcmp(name, "--global-options") == 0 ||
	    strcmp(name, "-g") == 0)
		read_client_options(b, value);
	else if (strcmp(name, "--options-for") == 0 ||
	    strcmp(name, "-o") == 0) {
		if ((colon = strchr(value, ':')) == NULL)
			return;
		*colon = '\0';
		if (strcmp(value, CLIENT) == 0)
			read_client_options(b, colon + 1);
	}
}

/* One word, or two if the value of the option is the next. */
static void
read_runner_word(struct boot *b, char *word, char **pending)
{
	char brief[3] = "", *equals;

	if (*pending != NULL) {
		read_runner_option(b, *pending, word);
		*pending = NULL;
	} else if (strncmp(word, "--", 2) == 0) {
		if ((equals = strchr(word, '=')) != NULL) {
			*equals = '\0';
			read_runner_option(b, word, equals + 1);
		} else if (strcmp(word, "--debug") != 0)
			*pending = word;
	} else if (word[0] == '-' && word[1] != '\0') {
		if (word[2] == '\0')
			*pending = word;
		else {
			memcpy(brief, word, 2);
			read_runner_option(b, brief, word + 2);
		}
	}
}

void
boot_read_runner(struct boot *b, const char *text)
{
	char *copy, *rest, *p, *word, *pending = NULL;

	if ((copy = rest = strdup(text)) == NULL)
		return;
	/* A comment can begin in the middle of a word. */
	for (p = copy; (p = strchr(p, '#')) != NULL;)
		memset(p, ' ', strcspn(p, "\n"));
	while ((word = strsep(&rest, WHITE)) != NULL)
		if (*word != '\0')
			read_runner_word(b, word, &pending);
	free(copy);
}
