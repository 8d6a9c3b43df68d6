/* SPDX-License-Identifier: ISC */
/*
 * What the parts of control share, and what it and admin say to each other.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "msg.h"

/* The variable with the path of the socket; the log is beside it, ".log". */
#define CONTROL_VARIABLE "MANDOS_CONTROL"

/*
 * One packet each way on a SOCK_SEQPACKET connection: the words of a command,
 * each with a NUL behind it; then an errno, 0 for success, and a text.
 */
#define CONTROL_PACKET_MAX (128 * 1024)

enum control_text {
	TEXT_NAME,
	TEXT_HOST,
	TEXT_CHECKER,
	TEXT_KEYID,
	TEXT_FINGERPRINT
};

/* A client as the warden told last. */
struct known {
	LIST_ENTRY(known) entry;
	struct client_fields f;
	char *text[CLIENT_STRINGS];	/* by enum control_text */
};

/* control.c */

/* known_find(name): the client of this name, or NULL. */
struct known *known_find(const char *);

/*
 * control_send(known, what, set, secret, request): have the warden do this
 * to this client; ${secret} only with SET_SECRET.  Returns 0, or -1 with
 * errno.
 */
int control_send(const struct known *, enum control, uint32_t, const char *,
    uint64_t);

/* known_names(out): the name of every client, one a line. */
void known_names(FILE *);

/* control_field.c */

/* put_text(out, text): with backslash and control characters as \xNN. */
void put_text(FILE *, const char *);

/*
 * field_print_all(out, known, between): "name=value" of all fields but the
 * client's name, with ${between} before each.  field_print(out, known, name):
 * the value of one; returns 0, or -1 if there is no such field.
 */
void field_print_all(FILE *, const struct known *, char);
int field_print(FILE *, const struct known *, const char *);

/*
 * field_set(known, name, value): put ${value} in place of this setting.
 * Texts of ${known} must be the caller's to free.  Returns the bit of SET_*,
 * or 0 if there is no such setting or ${value} is none for it.  The secret is
 * a setting without a field: only its bit is returned.
 */
uint32_t field_set(struct known *, const char *, const char *);

/* control_ask.c */

/* ask_listen(path): take commands there from now on.  Exits on failure. */
void ask_listen(const char *);

/* ask_done(request, error): the warden has answered. */
void ask_done(uint64_t, uint32_t);

#endif
