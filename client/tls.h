/* SPDX-License-Identifier: ISC */
/*
 * TLS as Mandos has it: who connects is the TLS server, and shows a raw
 * public key.  Nothing here waits.
 */
#ifndef TLS_H
#define TLS_H

#include <stddef.h>

struct tls;

enum tls_result {
	TLS_DONE,
	TLS_WANTS_READ,
	TLS_WANTS_WRITE,
	TLS_FAILED
};

/*
 * tls_init(priority, pubkey, privkey, debug): take the PEM texts of the key
 * pair, and see that they belong together.  Returns 0, or an exit status with
 * a message.
 */
int tls_init(const char *, const char *, const char *, int);

/*
 * tls_new(fd): a connection over this socket, which stays the caller's.
 * Returns NULL if there is no memory.
 */
struct tls *tls_new(int);

/* tls_free(tls): harmless on NULL. */
void tls_free(struct tls *);

/* tls_handshake(tls): as far as it gets.  TLS_FAILED with a debug message. */
enum tls_result tls_handshake(struct tls *);

/*
 * tls_read(tls, buf, size, len): some bytes.  TLS_DONE with *len 0 is the
 * peer's close_notify: an end of file without one is TLS_FAILED.
 */
enum tls_result tls_read(struct tls *, void *, size_t, size_t *);

/* tls_bye(tls): say good-bye, if that can be done at once. */
void tls_bye(struct tls *);

/* tls_error(tls): why the last call failed, as text. */
const char *tls_error(const struct tls *);

#endif
