/* SPDX-License-Identifier: ISC */
/*
 * The client table that mkclients makes and that storm and yardstick read:
 * one Ed25519 key pair per client and what its secret is made from.  For
 * tests only: nothing in it is worth anything.
 */
#ifndef KEYTABLE_H
#define KEYTABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define KEYTABLE_MAX 1000000
#define KEYTABLE_SALT_LEN 16
#define KEYTABLE_SPKI_LEN 44
#define KEYTABLE_KEYID_LEN 32
#define KEYTABLE_SECRET_MIN 64
#define KEYTABLE_SECRET_MAX 65536

/* Bytes only, so that the file is the array. */
struct keytable_entry {
	uint8_t seed[32];	/* Ed25519 private key */
	uint8_t point[32];	/* Ed25519 public key */
	uint8_t salt[KEYTABLE_SALT_LEN];
};

struct keytable {
	uint32_t count;
	uint32_t secret_size;
	struct keytable_entry *entries;
};

/*
 * keytable_make(table, count, secret_size): fill ${table} with ${count} new
 * keys.  Returns 0, or -1 with errno.
 */
int keytable_make(struct keytable *, uint32_t, uint32_t);

/*
 * keytable_write(table, path), keytable_read(table, path): to and from a
 * file.  Return 0, or -1 with errno; EINVAL says that it is no such file.
 */
int keytable_write(const struct keytable *, const char *);
int keytable_read(struct keytable *, const char *);
void keytable_free(struct keytable *);

/*
 * keytable_secret(table, n, buf): write the secret of client ${n}, which has
 * secret_size bytes: "CANARY-<n>-<32 hex digits>;" over and over, so that any
 * piece of it is recognised.
 */
void keytable_secret(const struct keytable *, uint32_t, uint8_t *);

/* keytable_spki(entry, spki): the DER SubjectPublicKeyInfo. */
void keytable_spki(const struct keytable_entry *, uint8_t[KEYTABLE_SPKI_LEN]);

/* keytable_keyid(spki, len, keyid): its SHA-256. */
void keytable_keyid(const uint8_t *, size_t, uint8_t[KEYTABLE_KEYID_LEN]);

/*
 * keytable_section(out, name, keyid, secret, len): write a section of
 * clients.conf.  Returns 0, or -1 if it could not be written.
 */
int keytable_section(FILE *, const char *, const uint8_t[KEYTABLE_KEYID_LEN],
    const uint8_t *, size_t);

#endif
