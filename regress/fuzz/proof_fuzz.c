/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of the proof check.  An input is a nonce, the length of the
 * transcript in two bytes, the transcript, and the CertificateVerify message.
 *
 * Each is tried twice.  If every key is enrolled, there only has to be no
 * fault: a fuzzer may well find a key that is so weak that anybody can sign.
 * If just the seeds' keys are, then what is accepted has to be a seed.
 */
#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "keyid.h"
#include "msgs.h"

#include "proof.h"

#include "proof_seeds.h"

struct client {
	size_t seed;
};

static struct client clients[sizeof(seeds) / sizeof(seeds[0])];

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct client *
find_any(const uint8_t keyid[KEYID_LEN])
{
	(void)keyid;
	return clients;
}

static struct client *
find_seed(const uint8_t keyid[KEYID_LEN])
{
	size_t i;

	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		if (memcmp(keyid, seeds[i].keyid, KEYID_LEN) == 0)
			return &clients[i];
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct client *client;
	struct sha256_ctx sha;
	struct proof pf;
	uint8_t digest[SHA256_DIGEST_SIZE], *tr, *verify;
	size_t len;

	if (size < NONCE_LEN + 2)
		return 0;
	sha256_init(&sha);
	sha256_update(&sha, size, data);
	sha256_digest(&sha, sizeof(digest), digest);
	len = (size_t)data[NONCE_LEN] << 8 | data[NONCE_LEN + 1];
	pf.nonce = data;
	data += NONCE_LEN + 2;
	size -= NONCE_LEN + 2;
	if (len > size)
		len = size;
	/* Each at the end of its own memory, so that a step outside is seen. */
	if ((tr = malloc(1 + len)) == NULL ||
	    (verify = malloc(1 + size - len)) == NULL)
		abort();
	memcpy(tr + 1, data, len);
	memcpy(verify + 1, data + len, size - len);
	pf.transcript = (struct bytes){ tr + 1, len };
	pf.verify = (struct bytes){ verify + 1, size - len };
	proof_check(&pf, find_any);
	client = proof_check(&pf, find_seed);
	if ((client == NULL) != (pf.flaw != NULL))
		abort();
	if (client != NULL &&
	    memcmp(digest, seeds[client - clients].input, sizeof(digest)) != 0)
		abort();
	free(tr);
	free(verify);
	return 0;
}
