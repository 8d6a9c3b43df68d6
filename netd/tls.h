/* SPDX-License-Identifier: ISC */
/*
 * TLS as netd and its sessions use it, without GnuTLS's own header: tls.c is
 * the only file of this program that includes that.
 */
#ifndef TLS_H
#define TLS_H

#include <stddef.h>
#include <stdint.h>

#include "msgs.h"
#include "wire.h"

struct gnutls_session_int;

/* One connection, and the handshake as the peer has signed it. */
struct tls {
	struct gnutls_session_int *session;
	struct wire *wire;
	int over;		/* CertificateVerify was seen */
	size_t transcript_len;
	size_t verify_len;
	uint8_t proof[TRANSCRIPT_MAX + VERIFY_MAX]; /* one behind the other */
};

enum tls_result {
	TLS_DONE,
	TLS_GONE,		/* the peer went away or did not want to */
	TLS_GARBAGE		/* the peer does not speak our TLS */
};

/*
 * tls_setup(priority): choose the parameters of all sessions of this process;
 * "" is for our default.  Returns NULL, or why not, as text for the log.  A
 * priority that can negotiate anything below TLS 1.3, or no raw public keys,
 * is refused: a handshake that cannot be proven is of no use.
 */
const char *tls_setup(const char *);

/*
 * tls_selftest(): complete handshakes with ourselves, with and without a
 * HelloRetryRequest, and check that what tls.c records is byte for byte what
 * the peer has signed.  Touches on the way all that a session needs, so that
 * nothing is left to be initialised after the fork.  Returns NULL, or what is
 * wrong, as text for the log.
 */
const char *tls_selftest(void);

/*
 * tls_warm(): once more with the parameters of tls_setup.  It may fail, if
 * those are very special.
 */
void tls_warm(void);

/*
 * tls_open(tls, wire, nonce): prepare a connection over ${wire}, with
 * ${nonce} for ClientHello.random.  Returns 0 or -1.  tls_close frees it,
 * which a process that ends need not do.
 */
int tls_open(struct tls *, struct wire *, const uint8_t[NONCE_LEN]);
void tls_close(struct tls *);

/*
 * tls_handshake(tls, why): all of it.  With TLS_DONE, ${tls} has the proof,
 * and the last message may still be in the wire's buffer; else ${why} is set
 * to text for the log.
 */
enum tls_result tls_handshake(struct tls *, const char **);

/* tls_peer_is_raw(tls): did the peer show a raw public key? */
int tls_peer_is_raw(const struct tls *);

/*
 * tls_send(tls, bytes, len): as application data; nothing for no bytes.
 * tls_bye(tls) says that no more follows, and closes our direction.  Both
 * return 0 or -1.
 */
int tls_send(struct tls *, const uint8_t *, size_t);
int tls_bye(struct tls *);

/* tls_drain(tls): ignore what comes until the peer has said goodbye. */
void tls_drain(struct tls *);

#endif
