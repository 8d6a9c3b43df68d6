/* SPDX-License-Identifier: ISC */
/*
 * Proofs without TLS, for tests of the monitor: who has a private key can
 * write and sign the messages of a handshake that never took place, and the
 * monitor cannot tell, nor need it.
 */
#ifndef FORGE_H
#define FORGE_H

#include <stddef.h>
#include <stdint.h>

#include "msgs.h"

struct forge_key {
	uint8_t private[32];
	uint8_t public[32];
	uint8_t keyid[KEYID_LEN];
};

/* forge_key(key, number): the Ed25519 key of this number. */
void forge_key(struct forge_key *, unsigned int);

/*
 * forge_proof(key, nonce, out, m): write the tail of a PROOF message, which
 * is FORGE_MAX bytes at most, to ${out} and its lengths to ${m}.  Returns how
 * long the tail is.
 */
#define FORGE_MAX 512
size_t forge_proof(const struct forge_key *, const uint8_t[NONCE_LEN],
    uint8_t *, struct msg_proof *);

#endif
