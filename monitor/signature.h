/* SPDX-License-Identifier: ISC */
/*
 * Signatures of TLS 1.3, and the hashes that go with them.
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

struct nettle_hash;

/* A piece of somebody else's buffer. */
struct bytes {
	const uint8_t *p;
	size_t len;
};

/*
 * bytes_hash(hash, in, digest): write the ${hash} of ${in}, SHA-256, SHA-384
 * or SHA-512, into ${digest}, which has room for it.
 */
void bytes_hash(const struct nettle_hash *, struct bytes, uint8_t *);

/*
 * signature_holds(scheme, spki, signature, content): true if ${signature} was
 * made over ${content}, in the way ${scheme} (a TLS SignatureScheme number)
 * says, with the key of which ${spki} is the DER SubjectPublicKeyInfo.  A
 * scheme that TLS 1.3 forbids or that does not fit the key is false.
 *
 * ${signature} and ${content} may be anybody's; ${spki} is to be what an
 * administrator has enrolled.  It would be read safely if it were not, but
 * nobody else is to choose what this takes for a key.  Never logs.
 */
int signature_holds(unsigned int, struct bytes, struct bytes, struct bytes);

#endif
