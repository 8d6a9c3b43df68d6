/* SPDX-License-Identifier: ISC */
/*
 * A password that is typed.  It is what has been typed, to the last blank: only
 * the end of the line does not belong to it.  The first process of
 * mandos-keygen, before there is another.
 */
#include "keygen.h"

#include <err.h>
#include <errno.h>
#include <string.h>
#include <readpassphrase.h>
#include <unistd.h>

#define TYPED_MAX 4096		/* what a terminal gives in one line */

/* One line, a byte at a time, so that no library has a copy of it. */
static int
read_line(struct buf *b)
{
	unsigned char c;
	ssize_t n;

	for (b->used = 0;;) {
		if ((n = read(STDIN_FILENO, &c, 1)) == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			warn("stdin");
			return -1;
		}
		if (n == 0 && b->used == 0) {
			warnx("stdin ends where a password should be");
			return -1;
		}
		if (n == 0 || c == '\n')
			break;
		if (buf_add(b, &c, 1) == -1) {
			warnx("the password is too long");
			return -1;
		}
	}
	explicit_bzero(&c, sizeof c);
	return 0;
}

static int
ask(const char *prompt, struct buf *b)
{
	if (!isatty(STDIN_FILENO))
		return read_line(b);
	if (readpassphrase(prompt, (char *)b->p, TYPED_MAX,
	    RPP_ECHO_OFF | RPP_REQUIRE_TTY) == NULL) {
		warn("cannot ask for a password");
		return -1;
	}
	b->used = strlen((char *)b->p);
	return 0;
}

int
password_ask(struct buf *password)
{
	struct buf again = { .p = NULL };
	int rv = -1;

	if (buf_new(&again, password->size) == -1)
		return -1;
	for (;;) {
		if (ask("Enter passphrase: ", password) == -1 ||
		    ask("Repeat passphrase: ", &again) == -1)
			break;
		if (password->used == again.used &&
		    memcmp(password->p, again.p, again.used) == 0) {
			rv = 0;
			break;
		}
		warnx("Passphrase mismatch");
		if (!isatty(STDIN_FILENO))
			break;
	}
	buf_free(&again);
	return rv;
}
