/* SPDX-License-Identifier: ISC */
/*
 * mandos-import: makes a ledger of what the original server has saved.  What
 * the files of this directory share.
 */
#ifndef IMPORT_H
#define IMPORT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger.h"
#include "pickle.h"

/* saved.c */

/*
 * saved_table(pickle, top, table, why): fill the empty ${table} with the
 * clients that the original's file ${pickle} has, ${top} being all that is in
 * it.  A client's secret is what the file has: still encrypted.  Returns 0,
 * or -1 with the reason in ${why}, to be freed.
 */
int saved_table(const struct pickle *, const struct value *, struct table *,
    char **);

/* packet.c */

/* Bytes that are being read. */
struct input {
	const uint8_t *p;
	size_t len;
};

enum packet {
	PACKET_PASSPHRASE = 3,	/* how a passphrase becomes a key */
	PACKET_COMPRESSED = 8,
	PACKET_LITERAL = 11,
	PACKET_ENCRYPTED = 18	/* with a checksum */
};

/*
 * packet_take(in, n, out): step over ${n} bytes, which ${out} then is.
 * packet_take_number(in, n, number): as a number, most significant byte first.
 * packet_take_body(in, packet, body): over a packet, which must be of that
 * kind; what is in it is copied to ${body}.  Return 0, or -1 if it is not
 * there; ${body} is to be freed in both cases.
 */
int packet_take(struct input *, size_t, struct input *);
int packet_take_number(struct input *, size_t, size_t *);
int packet_take_body(struct input *, enum packet, struct str *);

/*
 * packet_read(in, out): the text in ${in}, a literal packet, as it is or in a
 * compressed one.  Returns 0 or -1.
 */
int packet_read(struct input, struct str *);

/* unlock.c */

/*
 * unlock(sealed, sealed_len, key, key_len, out, why): decrypt what the
 * original has saved of a client's secret; ${key} is the secret that
 * clients.conf had in that run.  Returns 0, or -1 with the reason.
 */
int unlock(const uint8_t *, size_t, const uint8_t *, size_t, struct str *,
    const char **);

/* jail.c */

/*
 * jail_pickle(fd, table, why): read the file that ${fd} is, in a process of
 * its own without any power, and fill the empty ${table} as saved_table does.
 * Returns 0, or -1 with the reason in ${why}, to be freed.
 *
 * jail_unlock(sealed, key, out, why): unlock, likewise.  The process is told
 * ${key}; it cannot see any other secret that vault_keep keeps.  ${out} is
 * for vault_keep at once.
 */
int jail_pickle(int, struct table *, char **);
int jail_unlock(const struct str *, const struct str *, struct str *,
    const char **);

/* vault.c */

/*
 * vault_keep(str): move these bytes into memory that no process forked later
 * has, and that is never given back.  Never for str_set or str_free.
 */
void vault_keep(struct str *);

/* config.c */

/* A client of clients.conf: only what matters here. */
struct configured {
	RB_ENTRY(configured) by_name;
	struct str name;
	struct str secret;	/* in the vault */
};

RB_HEAD(config, configured);

/*
 * config_read(config, directory, statedir): ask mandos-readconf for the
 * clients and for the state directory, to be freed; NULL is the default
 * ${directory}.  mandos-readconf complains by itself.  Returns 0, or its exit
 * status.
 */
int config_read(struct config *, const char *, char **);

/* config_find(config, name): the client with this name, or NULL. */
const struct configured *config_find(struct config *, const struct str *);

/* directory.c */

#define PICKLE_NAME "clients.pickle"

/*
 * directory_open(path): open and lock the state directory, as a server does.
 * Returns a descriptor, or ends the program with the status for what is wrong.
 *
 * directory_has_ledger(fd): whether there is one.
 *
 * directory_own(fd, path): make it root's and nobody else's, and say so if it
 * was not.
 */
int directory_open(const char *);
int directory_has_ledger(int);
void directory_own(int, const char *);

#endif
