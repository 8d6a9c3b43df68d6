/* SPDX-License-Identifier: ISC */
/*
 * Checks signatures with nettle.  This runs in the monitor: the key is one
 * that an administrator has enrolled, the signature may be an attacker's.
 * EdDSA needs no parser.  An ECDSA signature is a DER pair of numbers, which
 * is read in the one strict form there is; so is an RSA key.  There is no
 * state and no logging here, and a key is never taken from a signature.
 */
#include "signature.h"

#include <sys/types.h>

#include <string.h>

#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/eddsa.h>
#include <nettle/nettle-meta.h>
#include <nettle/rsa.h>
#include <nettle/sha2.h>

#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OID 0x06
#define DER_SEQUENCE 0x30

/* Shorter keys can be broken; longer signatures do not fit a PROOF message. */
#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192

/*
 * A way to sign.  ${prefix} is how the SubjectPublicKeyInfo of such a key
 * begins, and ${width} bytes of point follow it, which are all that ${holds}
 * gets.  For RSA, ${prefix} is the object identifier of the kind of key,
 * ${width} is 0, and ${holds} gets the whole.
 */
struct scheme {
	unsigned int number;
	int (*holds)(const struct scheme *, struct bytes, struct bytes,
	    struct bytes);
	const char *prefix;
	size_t prefix_len;
	size_t width;
	const struct nettle_hash *hash;
	int (*eddsa)(const uint8_t *, size_t, const uint8_t *,
	    const uint8_t *);
	const struct ecc_curve *(*curve)(void);
	int (*pss)(const struct rsa_public_key *, size_t, const uint8_t *,
	    const mpz_t);
};

void
bytes_hash(const struct nettle_hash *hash, struct bytes in, uint8_t *digest)
{
	union {
		struct sha256_ctx sha256;
		struct sha512_ctx sha512;	/* SHA-384 is a cut SHA-512 */
	} ctx;

	hash->init(&ctx);
	hash->update(&ctx, in.len, in.p);
	hash->digest(&ctx, hash->digest_size, digest);
}

/*
 * Step over a DER element with this tag and give its contents.  Lengths must
 * be in their shortest form; two bytes of length are enough for any key.
 */
static int
der_take(struct bytes *in, uint8_t tag, struct bytes *out)
{
	size_t head = 2, least = 0, len;

	if (in->len < head || in->p[0] != tag)
		return 0;
	len = in->p[1];
	if (len == 0x81 || len == 0x82) {
		least = len == 0x81 ? 0x80 : 0x100;
		head += len - 0x80;
		if (in->len < head)
			return 0;
		len = in->p[2];
		if (head == 4)
			len = len << 8 | in->p[3];
	} else if (len >= 0x80)
		return 0;
	if (len < least || len > in->len - head)
		return 0;
	out->p = in->p + head;
	out->len = len;
	in->p += head + len;
	in->len -= head + len;
	return 1;
}

/* Go into an element behind which there is nothing. */
static int
der_enter(struct bytes *in, uint8_t tag)
{
	struct bytes contents;

	if (!der_take(in, tag, &contents) || in->len != 0)
		return 0;
	*in = contents;
	return 1;
}

/* A number above zero, without needless zero bytes before it. */
static int
der_take_number(struct bytes *in, mpz_t n)
{
	struct bytes num;

	if (!der_take(in, DER_INTEGER, &num) || num.len == 0 ||
	    num.p[0] >= 0x80 ||
	    (num.p[0] == 0 && (num.len == 1 || num.p[1] < 0x80)))
		return 0;
	nettle_mpz_set_str_256_u(n, num.len, num.p);
	return 1;
}

/* ECDSA signatures and RSA keys are both a sequence of just two numbers. */
static int
der_pair(struct bytes in, mpz_t a, mpz_t b)
{
	return der_enter(&in, DER_SEQUENCE) && der_take_number(&in, a) &&
	    der_take_number(&in, b) && in.len == 0;
}

/* nettle overlooks the last byte of Ed448, which RFC 8032 wants to be zero. */
static int
eddsa_holds(const struct scheme *sc, struct bytes point, struct bytes sig,
    struct bytes content)
{
	return sig.len == 2 * point.len &&
	    (point.len != ED448_KEY_SIZE || sig.p[sig.len - 1] == 0) &&
	    sc->eddsa(point.p, content.len, content.p, sig.p);
}

/* nettle refuses points off the curve, and r and s out of range. */
static int
ecdsa_holds(const struct scheme *sc, struct bytes point, struct bytes sig,
    struct bytes content)
{
	const size_t half = point.len / 2;
	uint8_t digest[SHA512_DIGEST_SIZE];
	struct dsa_signature rs;
	struct ecc_point key;
	mpz_t x, y;
	int ok;

	ecc_point_init(&key, sc->curve());
	dsa_signature_init(&rs);
	nettle_mpz_init_set_str_256_u(x, half, point.p);
	nettle_mpz_init_set_str_256_u(y, half, point.p + half);
	bytes_hash(sc->hash, content, digest);
	ok = der_pair(sig, rs.r, rs.s) && ecc_point_set(&key, x, y) &&
	    ecdsa_verify(&key, sc->hash->digest_size, digest, &rs);
	mpz_clear(y);
	mpz_clear(x);
	dsa_signature_clear(&rs);
	ecc_point_clear(&key);
	return ok;
}

/*
 * Parameters of the algorithm, which stand behind the object identifier, are
 * not read: they bind the key's owner, and he is the one who has signed.
 * Exponents below 3 would let anybody sign; above 32 bits they only cost time.
 */
static int
rsa_key(const struct scheme *sc, struct bytes spki, struct rsa_public_key *key)
{
	struct bytes algorithm, oid;

	if (!der_enter(&spki, DER_SEQUENCE) ||
	    !der_take(&spki, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &oid) ||
	    oid.len != sc->prefix_len ||
	    memcmp(oid.p, sc->prefix, oid.len) != 0 ||
	    !der_enter(&spki, DER_BIT_STRING) ||
	    spki.len == 0 || spki.p[0] != 0)
		return 0;
	spki.p++;	/* the number of unused bits */
	spki.len--;
	return der_pair(spki, key->n, key->e) &&
	    mpz_sizeinbase(key->n, 2) >= RSA_MIN_BITS &&
	    mpz_sizeinbase(key->n, 2) <= RSA_MAX_BITS &&
	    mpz_cmp_ui(key->e, 3) >= 0 && mpz_sizeinbase(key->e, 2) <= 32 &&
	    rsa_public_key_prepare(key);
}

static int
rsa_holds(const struct scheme *sc, struct bytes spki, struct bytes sig,
    struct bytes content)
{
	uint8_t digest[SHA512_DIGEST_SIZE];
	struct rsa_public_key key;
	mpz_t s;
	int ok;

	rsa_public_key_init(&key);
	nettle_mpz_init_set_str_256_u(s, sig.len, sig.p);
	bytes_hash(sc->hash, content, digest);
	ok = rsa_key(sc, spki, &key) && sig.len == key.size &&
	    sc->pss(&key, sc->hash->digest_size, digest, s);
	mpz_clear(s);
	rsa_public_key_clear(&key);
	return ok;
}

#define BEGINS(s) s, sizeof(s) - 1
#define RSAE BEGINS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define RSA_PSS BEGINS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
#define PSS_SHA(n) &nettle_sha##n, .pss = rsa_pss_sha##n##_verify_digest

// clang-format off
static const struct scheme schemes[] = {
	{ 0x0807, eddsa_holds, BEGINS("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70"
	    "\x03\x21\x00"), 32, .eddsa = ed25519_sha512_verify },
	{ 0x0808, eddsa_holds, BEGINS("\x30\x43\x30\x05\x06\x03\x2b\x65\x71"
	    "\x03\x3a\x00"), 57, .eddsa = ed448_shake256_verify },
	{ 0x0403, ecdsa_holds, BEGINS("\x30\x59\x30\x13\x06\x07\x2a\x86\x48"
	    "\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42"
	    "\x00\x04"), 2 * 32, &nettle_sha256,
	    .curve = nettle_get_secp_256r1 },
	{ 0x0503, ecdsa_holds, BEGINS("\x30\x76\x30\x10\x06\x07\x2a\x86\x48"
	    "\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04"),
	    2 * 48, &nettle_sha384, .curve = nettle_get_secp_384r1 },
	{ 0x0603, ecdsa_holds, BEGINS("\x30\x81\x9b\x30\x10\x06\x07\x2a\x86"
	    "\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00"
	    "\x04"), 2 * 66, &nettle_sha512, .curve = nettle_get_secp_521r1 },
	{ 0x0804, rsa_holds, RSAE, 0, PSS_SHA(256) },
	{ 0x0805, rsa_holds, RSAE, 0, PSS_SHA(384) },
	{ 0x0806, rsa_holds, RSAE, 0, PSS_SHA(512) },
	{ 0x0809, rsa_holds, RSA_PSS, 0, PSS_SHA(256) },
	{ 0x080a, rsa_holds, RSA_PSS, 0, PSS_SHA(384) },
	{ 0x080b, rsa_holds, RSA_PSS, 0, PSS_SHA(512) }
};
// clang-format on

int
signature_holds(unsigned int number, struct bytes spki, struct bytes sig,
    struct bytes content)
{
	const struct scheme *sc = schemes;
	const struct scheme *end = sc + sizeof(schemes) / sizeof(schemes[0]);

	while (sc->number != number)
		if (++sc == end)
			return 0;
	if (sc->width != 0) {
		if (spki.len != sc->prefix_len + sc->width ||
		    memcmp(spki.p, sc->prefix, sc->prefix_len) != 0)
			return 0;
		spki.p += sc->prefix_len;
		spki.len = sc->width;
	}
	return sc->holds(sc, spki, sig, content);
}
