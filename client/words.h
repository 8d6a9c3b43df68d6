/* SPDX-License-Identifier: ISC */
/*
 * Vectors of strings that grow, always with a NULL behind the last one.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

struct words {
	char **v;		/* NULL while there is none */
	size_t n;
};

/* words_add(words, text, len): append a copy.  Fatal without memory. */
void words_add(struct words *, const char *, size_t);

/* words_add_list(words, text): append each part between commas. */
void words_add_list(struct words *, const char *);

/* words_add_all(words, others): append copies of all of them. */
void words_add_all(struct words *, const struct words *);

/*
 * words_set(words, text): ${text} is VAR=value, and replaces another value of
 * VAR.  Without a "=" it is none, and ignored.
 */
void words_set(struct words *, const char *);

/*
 * words_parse(words, text, len): append the words of a configuration file:
 * what is between white space, but not what is behind a "#" or a NUL in the
 * same line.
 */
void words_parse(struct words *, const char *, size_t);

/* words_free(words): forget them. */
void words_free(struct words *);

#endif
