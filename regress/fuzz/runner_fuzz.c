/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of plugin-runner.conf: no word is empty or has in it what ends words,
 * all of them are in the text, in this order, and written down one in a line
 * they are read as the same ones.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct words words = { NULL, 0 }, again = { NULL, 0 };
	struct words list = { NULL, 0 };
	const char *at;
	char *copy, *text, *end;
	size_t i;

	/* In memory of its own, so that a step outside is seen. */
	require((copy = malloc(size + 1)) != NULL);
	memcpy(copy, data, size);
	require((text = malloc(2 * size + 1)) != NULL);
	words_parse(&words, copy, size);
	at = copy;
	end = text;
	for (i = 0; i < words.n; i++) {
		size_t len = strlen(words.v[i]);

		require(len > 0 &&
		    strcspn(words.v[i], " \t\n\v\f\r#") == len);
		at = memmem(at, (size_t)(copy + size - at), words.v[i], len);
		require(at != NULL);
		at += len;
		memcpy(end, words.v[i], len);
		end += len;
		*end++ = '\n';
		words_add_list(&list, words.v[i]);
		words_set(&list, words.v[i]);
	}
	words_parse(&again, text, (size_t)(end - text));
	require(again.n == words.n);
	for (i = 0; i < words.n; i++)
		require(strcmp(words.v[i], again.v[i]) == 0);
	words_free(&words);
	words_free(&again);
	words_free(&list);
	free(text);
	free(copy);
	return 0;
}
