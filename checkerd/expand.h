/* SPDX-License-Identifier: ISC */
/*
 * From the checker of clients.conf to the command that is run.
 */
#ifndef EXPAND_H
#define EXPAND_H

#include <stddef.h>

#include "msgs.h"

/* A client's strings, in the order they have in every message. */
enum client_text {
	TEXT_NAME,
	TEXT_HOST,
	TEXT_CHECKER,
	TEXT_KEYID,
	TEXT_FINGERPRINT
};

/* Longest command: what execve(2) takes as one argument, less its NUL. */
#define COMMAND_MAX 131071

/*
 * expand_command(fields, text, why, size): put the client's values, quoted for
 * a shell, in place of each %(name)s of its checker, as Python's % operator
 * would.  Returns the command, which the caller frees, or NULL with the reason
 * in ${why}.
 */
char *expand_command(const struct client_fields *, const char *const *, char *,
    size_t);

/*
 * expand_repr(text): as Python shows a string, in quotes.  The caller frees
 * it; NULL if there is no memory.
 */
char *expand_repr(const char *);

#endif
