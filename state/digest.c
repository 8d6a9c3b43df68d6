/* SPDX-License-Identifier: ISC */
/*
 * SHA-256: the checksum of a ledger, and what is kept of a secret to see
 * whether it has changed.  The only file here that includes nettle.
 */
#include "ledger.h"

#include <string.h>

#include <nettle/sha2.h>

void
digest(const void *bytes, size_t len, uint8_t out[DIGEST_LEN])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, bytes);
	sha256_digest(&sha, DIGEST_LEN, out);
	explicit_bzero(&sha, sizeof sha);
}
