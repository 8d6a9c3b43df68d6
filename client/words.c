/* SPDX-License-Identifier: ISC */
/*
 * Arguments, variables, and the words of plugin-runner.conf(5).
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static void
append(struct words *words, char *word)
{
	char **v = reallocarray(words->v, words->n + 2, sizeof *v);

	if (v == NULL || word == NULL)
		fatal("no memory");
	words->v = v;
	words->v[words->n++] = word;
	words->v[words->n] = NULL;
}

void
words_add(struct words *words, const char *text, size_t len)
{
	append(words, strndup(text, len));
}

void
words_add_list(struct words *words, const char *text)
{
	size_t len;

	for (;;) {
		len = strcspn(text, ",");
		words_add(words, text, len);
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
}

void
words_add_all(struct words *words, const struct words *others)
{
	size_t i;

	for (i = 0; i < others->n; i++)
		words_add(words, others->v[i], strlen(others->v[i]));
}

void
words_set(struct words *words, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t i;

	if (equals == NULL)
		return;
	for (i = 0; i < words->n; i++)
		if (strncmp(words->v[i], text, (size_t)(equals + 1 - text)) ==
		    0)
			break;
	if (i == words->n) {
		append(words, strdup(text));
		return;
	}
	free(words->v[i]);
	if ((words->v[i] = strdup(text)) == NULL)
		fatal("no memory");
}

static int
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void
words_parse(struct words *words, const char *text, size_t len)
{
	const char *end = text + len, *word;

	while (text < end) {
		word = text;
		while (text < end && !is_space(*text) && *text != '#' &&
		    *text != '\0')
			text++;
		if (text > word)
			words_add(words, word, (size_t)(text - word));
		if (text < end && !is_space(*text))
			while (text < end && *text != '\n')
				text++;
		if (text < end)
			text++;
	}
}

void
words_free(struct words *words)
{
	while (words->n > 0)
		free(words->v[--words->n]);
	free(words->v);
	words->v = NULL;
}
