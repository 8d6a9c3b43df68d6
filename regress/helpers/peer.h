/* SPDX-License-Identifier: ISC */
/*
 * A Mandos client for tests: TCP client, TLS server with a raw public key.
 * It behaves as Debian's mandos-client does on the wire, but for what a test
 * asks it to do differently, and it never decrypts anything.
 */
#ifndef PEER_H
#define PEER_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <gnutls/gnutls.h>

#define PEER_KEYID_LEN 32

/* What the original client uses when it is told nothing. */
#define PEER_PRIORITY "SECURE128:!CTYPE-X.509:+CTYPE-RAWPK:!RSA:" \
	"!VERS-ALL:+VERS-TLS1.3:%PROFILE_ULTRA"

enum peer_keytype {
	PEER_ED25519,
	PEER_ED448,
	PEER_P256,
	PEER_P384,
	PEER_P521,
	PEER_RSA,		/* 3072 bits */
	PEER_RSA_PSS,		/* 3072 bits, bound to PSS by its SPKI */
	PEER_KEYTYPES
};

/* A key pair, ready for use by any number of connections at once. */
struct peer_key {
	gnutls_datum_t spki;	/* DER */
	gnutls_datum_t private;	/* DER, PKCS#8 */
	gnutls_certificate_credentials_t cred;
	uint8_t id[PEER_KEYID_LEN];
};

/* peer_init(): once per process, before all else.  Exits if GnuTLS fails. */
void peer_init(void);

/* peer_keytype(name): by its name in lower case, or -1. */
int peer_keytype(const char *);
const char *peer_keytype_name(enum peer_keytype);

/*
 * Makers of keys; each returns a key for peer_key_free, or NULL.
 * peer_key_seed makes the Ed25519 key of this seed and point; peer_key_load
 * reads two PEM files as mandos-keygen makes them; peer_key_forge is a key
 * that shows the public half of ${public} and signs with ${private}.
 */
struct peer_key *peer_key_new(enum peer_keytype);
struct peer_key *peer_key_seed(const uint8_t[32], const uint8_t[32]);
struct peer_key *peer_key_load(const char *, const char *);
struct peer_key *peer_key_forge(const struct peer_key *,
    const struct peer_key *);
void peer_key_free(struct peer_key *);

/*
 * peer_key_save(key, private, public): write both PEM files.  Returns 0, or
 * -1 with errno.
 */
int peer_key_save(const struct peer_key *, const char *, const char *);

/* Whom to call, and how.  Zero and NULL everywhere but the port is fine. */
struct peer_to {
	const char *address;	/* numeric, may have %scope; NULL: ::1 */
	uint16_t port;
	const char *source;	/* numeric address to call from */
	const char *greeting;	/* first line; NULL: "1\r\n" */
	const char *priority;	/* NULL: PEER_PRIORITY */
	int timeout_ms;		/* for all steps together; 0: 10 seconds */
	int linger_ms;		/* until it hangs up when all is said */
};

enum peer_result {
	PEER_OK,		/* ended by close_notify; maybe without data */
	PEER_NO_CONNECTION,	/* errno says why */
	PEER_NO_HANDSHAKE,	/* closed, reset or refused in the handshake */
	PEER_TRUNCATED,		/* end of file without close_notify, or reset */
	PEER_LATE,		/* the time was over */
	PEER_TOO_MUCH		/* more than PEER_DATA_MAX bytes came */
};

#define PEER_DATA_MAX (1024 * 1024)

/* One connection, for tests that stop half way. */
struct peer {
	int fd;
	gnutls_session_t tls;	/* NULL before peer_handshake */
	const struct peer_key *key;
	const char *priority;
	int64_t deadline_ms;
	int tls_error;		/* GnuTLS's number for the latest failure */
	uint8_t *data;		/* what came so far; of peer_read */
	size_t len;
};

/*
 * peer_session(session, fd, key, priority, flags): set up ${session} for ${fd}
 * as all peers here do; ${flags} are more gnutls_init flags.  ${priority} may
 * be NULL.  Returns 0 or GnuTLS's error.
 */
int peer_session(gnutls_session_t *, int, const struct peer_key *,
    const char *, unsigned int);

/*
 * peer_connect(to): a connected socket with nothing sent, or -1 with errno.
 * For those that only want to misbehave.
 */
int peer_connect(const struct peer_to *);

/*
 * peer_open(peer, to, key): connect and send the first line.
 * peer_handshake(peer): TLS until it stands.
 * peer_read(peer): collect data until close_notify.
 * peer_close(peer): answer with close_notify if TLS stands, and close; the
 * data are gone.  Always needed, also after failures; harmless twice.
 */
enum peer_result peer_open(struct peer *, const struct peer_to *,
    const struct peer_key *);
enum peer_result peer_handshake(struct peer *);
enum peer_result peer_read(struct peer *);
void peer_close(struct peer *);

/*
 * peer_fetch(to, key, data, len): all of this in one.  With PEER_OK, *${data}
 * are *${len} bytes which the caller frees; NULL and 0 with all else.
 */
enum peer_result peer_fetch(const struct peer_to *, const struct peer_key *,
    uint8_t **, size_t *);

const char *peer_result_name(enum peer_result);

#endif
