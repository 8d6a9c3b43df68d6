/* SPDX-License-Identifier: ISC */
/*
 * The state directory: whose it is, who uses it, and how a ledger in it is
 * replaced so that whenever the machine stops there is the old one or the new
 * one.  Nothing of this logs; what is to be said is in the store.
 */
#ifndef STORE_H
#define STORE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

struct buffer;

#define STORE_LEDGER "clients.ledger"
#define STORE_NEW "clients.ledger.new"	/* while it is being written */
#define STORE_PREVIOUS "clients.ledger.previous"
#define STORE_DAMAGED "clients.ledger.damaged-"	/* and the time */

struct store {
	int fd;			/* the directory, locked; or -1 */
	uid_t owner;		/* whose all of it must be: ours */
	int error;		/* without one: errno to answer SAVEs with */
	char keep[64];		/* next, the old ledger is kept as this */
	char why[256];		/* the latest trouble, for the log */
};

/*
 * store_open(store, path): open the directory ${path}, which is made if only
 * its last component is missing, see that it is ours alone, and lock it.
 * Returns 0, or with store->why and store->error set an exit status: 73 it
 * cannot be opened or made; 75 somebody else has it locked; 77 it belongs to
 * another user, can be written to by others or is a symbolic link.
 */
int store_open(struct store *, const char *);

/*
 * store_read(store, out): the ledger's bytes, into the empty ${out}.  Returns
 * 0; or -1 if there is none; or with store->why set an exit status: 65 it
 * cannot be read, or is too large; 77 it is not a file that only we can have
 * written.
 */
int store_read(struct store *, struct buffer *);

/*
 * store_keep(store, name): at the next store_write, before the old ledger is
 * replaced, give it the name ${name} too; "" not to.
 */
void store_keep(struct store *, const char *);

/*
 * store_write(store, p, len): replace the ledger.  Returns 0 when it is on
 * disk under its name.  Else errno, with store->why set; then the old one is
 * there as before, or the new one is there but might not outlive a power
 * failure.
 */
int store_write(struct store *, const char *, size_t);

/* store_close(store): harmless if it is not open. */
void store_close(struct store *);

#endif
