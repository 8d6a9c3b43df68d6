/* SPDX-License-Identifier: ISC */
/*
 * The handshake messages of TLS 1.3 that a proof consists of (RFC 8446,
 * sections 4.1.2, 4.1.3, 4.3.1, 4.4.2 and 4.4.3), as short as they can be.
 */
#include "forge.h"

#include <string.h>

#include <nettle/eddsa.h>
#include <nettle/sha2.h>

#define SPKI_LEN 44

static const uint8_t spki_head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b,
	0x65, 0x70, 0x03, 0x21, 0x00 };

static void
make_spki(const struct forge_key *key, uint8_t spki[SPKI_LEN])
{
	memcpy(spki, spki_head, sizeof spki_head);
	memcpy(spki + sizeof spki_head, key->public, sizeof key->public);
}

void
forge_key(struct forge_key *key, unsigned int number)
{
	struct sha256_ctx sha;
	uint8_t spki[SPKI_LEN];

	memset(key->private, 0x77, sizeof key->private);
	memcpy(key->private, &number, sizeof number);
	ed25519_sha512_public_key(key->public, key->private);
	make_spki(key, spki);
	sha256_init(&sha);
	sha256_update(&sha, sizeof spki, spki);
	sha256_digest(&sha, sizeof key->keyid, key->keyid);
}

/* Append a handshake message. */
static void
put(uint8_t **p, uint8_t type, const uint8_t *body, size_t len)
{
	*(*p)++ = type;
	*(*p)++ = 0;
	*(*p)++ = (uint8_t)(len >> 8);
	*(*p)++ = (uint8_t)len;
	memcpy(*p, body, len);
	*p += len;
}

size_t
forge_proof(const struct forge_key *key, const uint8_t nonce[NONCE_LEN],
    uint8_t *out, struct msg_proof *m)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	uint8_t hello[44] = { 0x03, 0x03 }, answer[40] = { 0x03, 0x03 };
	uint8_t certificate[9 + SPKI_LEN + 1] = { 0, 0, 0, SPKI_LEN + 5, 0, 0,
		SPKI_LEN };
	uint8_t content[64 + sizeof context + 32], verify[4 + 64];
	uint8_t *p = out;
	struct sha256_ctx sha;

	memcpy(hello + 2, nonce, NONCE_LEN);
	put(&p, 1, hello, sizeof hello);
	/* No session ID; TLS_AES_128_GCM_SHA256. */
	answer[35] = 0x13;
	answer[36] = 0x01;
	put(&p, 2, answer, sizeof answer);
	put(&p, 8, (const uint8_t[]){ 0, 0 }, 2);
	make_spki(key, certificate + 7);
	put(&p, 11, certificate, 7 + SPKI_LEN + 2);
	m->transcript_len = (uint32_t)(p - out);

	memset(content, ' ', 64);
	memcpy(content + 64, context, sizeof context);
	sha256_init(&sha);
	sha256_update(&sha, m->transcript_len, out);
	sha256_digest(&sha, 32, content + 64 + sizeof context);
	verify[0] = 0x08;
	verify[1] = 0x07;
	verify[2] = 0;
	verify[3] = 64;
	ed25519_sha512_sign(key->public, key->private, sizeof content, content,
	    verify + 4);
	put(&p, 15, verify, sizeof verify);
	m->verify_len = (uint32_t)(p - out) - m->transcript_len;
	return (size_t)(p - out);
}
