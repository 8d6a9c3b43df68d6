/* SPDX-License-Identifier: ISC */
/*
 * Handshakes in memory and forgeries made of them, for mktranscript.  Whatever
 * fails ends the program with a message.
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "keyid.h"

#define RANDOM_LEN 32

struct type {
	const char *name;
	gnutls_pk_algorithm_t pk;
	unsigned int bits;
	gnutls_sign_algorithm_t sign;
	unsigned int scheme;
	const char *priority;	/* where the default would sign otherwise */
};

#define SUITES 3
struct suite {
	const char *name;
	const char *priority;
	gnutls_digest_algorithm_t hash;
};

extern const struct suite suites[SUITES];

struct buf {
	uint8_t d[32768];
	size_t len;
	size_t taken;
};

struct key {
	const struct type *type;
	gnutls_privkey_t priv;
	gnutls_datum_t spki;
	uint8_t keyid[KEYID_LEN];
	gnutls_certificate_credentials_t cred;
};

/* What a handshake left, or a forgery made of it. */
struct shake {
	uint8_t nonce[RANDOM_LEN];
	uint8_t keyid[KEYID_LEN];
	struct buf tr;
	struct buf verify;
	gnutls_digest_algorithm_t hash;
};

enum { F_RETRY = 1, F_REQUEST = 2, F_TLS12 = 4, F_CLIENT_ROLE = 8 };

/* gtls(result, what): end the program if GnuTLS has failed at ${what}. */
void gtls(int, const char *);

void put(struct buf *, const void *, size_t);
void put_number(struct buf *, size_t, size_t);
void put_message(struct buf *, unsigned int, const void *, size_t);
size_t number(const uint8_t *, size_t);

/* message(b, type, n, len): body of the nth message of this type. */
uint8_t *message(struct buf *, unsigned int, int, size_t *);

/* type_find(name): by its name on the command line. */
const struct type *type_find(const char *);

/* key_make(key, type, bits): a fresh key; bits are usually the type's. */
void key_make(struct key *, const struct type *, unsigned int);

/*
 * shake_make(shake, key, suite, flags): one handshake, recorded by the side
 * that does not have ${key}.
 */
void shake_make(struct shake *, const struct key *, const struct suite *, int);

/*
 * shake_sign(shake, key, sign, scheme, spaces, role): sign the transcript as
 * it is.  resign(shake, key) does it as a TLS 1.3 server should.
 */
void shake_sign(struct shake *, const struct key *, gnutls_sign_algorithm_t,
    unsigned int, size_t, const char *);
void resign(struct shake *, const struct key *);

/* Where the cipher suite stands in the ServerHello. */
uint8_t *suite_at(struct shake *);

/*
 * certificate(body, spki, entries, extension, context): so many times the same
 * key, with so many bytes of extension and context.  set_certificate replaces
 * the last message of the transcript, which is Certificate, by another type
 * or body.
 */
void certificate(struct buf *, const gnutls_datum_t *, int, size_t, size_t);
void set_certificate(struct shake *, unsigned int, const struct buf *);

/* print(name, flaw, shake): a line of output. */
void print(const char *, const char *, const struct shake *);

/* bad(): print the forgeries; in mktranscript_bad.c. */
void bad(void);

#endif
