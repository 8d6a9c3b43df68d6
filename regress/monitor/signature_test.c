/* SPDX-License-Identifier: ISC */
/*
 * Signatures that are wrong in their numbers, and RSA keys that nobody should
 * enrol.  All keys are enrolled here; only the signature check refuses.
 */
#include "proof_lib.h"

#include <stdlib.h>
#include <string.h>

#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/nettle-meta.h>
#include <nettle/pss.h>
#include <nettle/rsa.h>
#include <nettle/sha2.h>

/* Add a little-endian number: true if there is room for the sum. */
static int
add_le(uint8_t *to, const uint8_t *n, size_t len)
{
	unsigned int carry = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		carry += (unsigned int)to[i] + n[i];
		to[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry == 0;
}

ATF_TC_WITHOUT_HEAD(ed25519__scalar_too_large);
ATF_TC_BODY(ed25519__scalar_too_large, tc)
{
	/* The order of the group, which may be added to S by anybody. */
	static const uint8_t order[32] = "\xed\xd3\xf5\x5c\x1a\x63\x12\x58"
	    "\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\x10";
	struct record *r = &records[0];
	int n;

	load(tc, "good ed25519");
	ATF_CHECK(accepted(r, &r->tr, &r->verify));
	for (n = 0; add_le(r->verify.d + 8 + 32, order, 32); n++)
		ATF_CHECK(!accepted(r, &r->tr, &r->verify));
	ATF_CHECK(n >= 14);
}

ATF_TC_WITHOUT_HEAD(ed448__scalar_too_large);
ATF_TC_BODY(ed448__scalar_too_large, tc)
{
	uint8_t order[56] = "\xf3\x44\x58\xab\x92\xc2\x78\x23\x55\x8f\xc5\x8d"
	    "\x72\xc2\x6c\x21\x90\x36\xd6\xae\x49\xdb\x4e\xc4\xe9\x23\xca\x7c";
	struct record *r = &records[0];
	int n;

	memset(order + 28, 0xff, 27);
	order[55] = 0x3f;
	load(tc, "good ed448");
	ATF_CHECK(accepted(r, &r->tr, &r->verify));
	for (n = 0; add_le(r->verify.d + 8 + 57, order, 56); n++)
		ATF_CHECK(!accepted(r, &r->tr, &r->verify));
	ATF_CHECK(n >= 2);
}

ATF_TC_WITHOUT_HEAD(ed448__last_byte);
ATF_TC_BODY(ed448__last_byte, tc)
{
	struct record *r = &records[0];
	unsigned int i;

	load(tc, "good ed448");
	for (i = 0; i < 256; i++) {
		r->verify.d[8 + 113] = (uint8_t)i;
		ATF_CHECK_EQ(i == 0, accepted(r, &r->tr, &r->verify));
	}
}

/* An INTEGER with so many needless zero bytes; -1: without the needed one. */
static void
append_integer(struct buf *b, const mpz_t n, int zeros)
{
	uint8_t num[8 + 136] = { 0 };
	size_t len = nettle_mpz_sizeinbase_256_s(n), all;

	nettle_mpz_get_str_256(len, num + 8, n);
	all = len + (size_t)(zeros + 8) - 8;
	append(b, (uint8_t[]){ 0x02, (uint8_t)all }, 2);
	append(b, num + 8 - zeros, all);
}

/* A signature of this pair, with so much behind it inside and outside. */
static int
accepted_pair(const struct record *r, const mpz_t a, const mpz_t b,
    int zeros_a, int zeros_b, size_t inside, size_t outside)
{
	static const uint8_t more[] = { 0x02, 0x01, 0x01 };
	struct buf pair = { .len = 0 }, sig = { .len = 0 };
	struct buf verify = r->verify;

	append_integer(&pair, a, zeros_a);
	append_integer(&pair, b, zeros_b);
	append(&pair, more, inside);
	append(&sig, (uint8_t[]){ 0x30, (uint8_t)pair.len }, 2);
	append(&sig, pair.d, pair.len);
	append(&sig, more, outside);
	set_signature(&verify, sig.d, sig.len);
	return accepted(r, &r->tr, &verify);
}

/* r and s of the signature; its only lengths of more than a byte are P-521. */
static void
read_pair(const struct record *r, mpz_t a, mpz_t b)
{
	const uint8_t *p = r->verify.d + 8 + 2;

	if (p[-1] == 0x81)
		p++;
	nettle_mpz_set_str_256_u(a, p[1], p + 2);
	p += 2 + p[1];
	nettle_mpz_set_str_256_u(b, p[1], p + 2);
}

ATF_TC(ecdsa__other_encodings);
ATF_TC_HEAD(ecdsa__other_encodings, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "A good signature in any form but DER's own is refused");
}
ATF_TC_BODY(ecdsa__other_encodings, tc)
{
	struct record *r;
	struct buf verify, sig;
	mpz_t a, b;
	size_t i;

	mpz_inits(a, b, NULL);
	load(tc, "good p256 p384");
	for (i = 0; i < nrecords; i++) {
		r = &records[i];
		read_pair(r, a, b);
		ATF_CHECK(accepted_pair(r, a, b, 0, 0, 0, 0));
		ATF_CHECK(!accepted_pair(r, a, b, 1, 0, 0, 0));
		ATF_CHECK(!accepted_pair(r, a, b, 0, 1, 0, 0));
		ATF_CHECK(!accepted_pair(r, a, b, 2, 2, 0, 0));
		ATF_CHECK(!accepted_pair(r, a, b, -1, 0, 0, 0));
		ATF_CHECK(!accepted_pair(r, a, b, 0, -1, 0, 0));
		ATF_CHECK(!accepted_pair(r, a, b, 0, 0, 1, 0));
		ATF_CHECK(!accepted_pair(r, a, b, 0, 0, 3, 0));
		ATF_CHECK(!accepted_pair(r, a, b, 0, 0, 0, 1));
		ATF_CHECK(!accepted_pair(r, a, b, 0, 0, 0, 3));
		ATF_CHECK(!accepted_pair(r, b, a, 0, 0, 0, 0));
		/* The length of the pair in two and three bytes, and open. */
		verify = r->verify;
		sig.len = 0;
		append(&sig, (uint8_t[]){ 0x30, 0x81 }, 2);
		append(&sig, r->verify.d + 9, r->verify.len - 9);
		set_signature(&verify, sig.d, sig.len);
		ATF_CHECK(!accepted(r, &r->tr, &verify));
		sig.len = 0;
		append(&sig, (uint8_t[]){ 0x30, 0x82, 0 }, 3);
		append(&sig, r->verify.d + 9, r->verify.len - 9);
		set_signature(&verify, sig.d, sig.len);
		ATF_CHECK(!accepted(r, &r->tr, &verify));
		sig.len = 0;
		append(&sig, (uint8_t[]){ 0x30, 0x80 }, 2);
		append(&sig, r->verify.d + 10, r->verify.len - 10);
		append(&sig, "\0", 2);
		set_signature(&verify, sig.d, sig.len);
		ATF_CHECK(!accepted(r, &r->tr, &verify));
	}
	mpz_clears(a, b, NULL);
}

ATF_TC_WITHOUT_HEAD(ecdsa__numbers_of_no_bytes);
ATF_TC_BODY(ecdsa__numbers_of_no_bytes, tc)
{
	static const uint8_t second[] = { 0x30, 5, 0x02, 1, 1, 0x02, 0 };
	static const uint8_t both[] = { 0x30, 4, 0x02, 0, 0x02, 0 };
	static const uint8_t none[] = { 0x30, 0 };
	struct record *r = &records[0];
	struct buf verify;

	load(tc, "good p256");
	verify = r->verify;
	set_signature(&verify, second, sizeof(second));
	ATF_CHECK(!accepted(r, &r->tr, &verify));
	set_signature(&verify, both, sizeof(both));
	ATF_CHECK(!accepted(r, &r->tr, &verify));
	set_signature(&verify, none, sizeof(none));
	ATF_CHECK(!accepted(r, &r->tr, &verify));
}

ATF_TC_WITHOUT_HEAD(ecdsa__numbers_out_of_range);
ATF_TC_BODY(ecdsa__numbers_out_of_range, tc)
{
	struct record *r = &records[0];
	mpz_t a, b, n, zero, x;
	int i;

	mpz_inits(a, b, zero, x, NULL);
	mpz_init_set_str(n, "ffffffff00000000ffffffffffffffff"
	    "bce6faada7179e84f3b9cac2fc632551", 16);
	load(tc, "good p256");
	read_pair(r, a, b);
	ATF_CHECK(accepted_pair(r, a, b, 0, 0, 0, 0));
	for (i = 1; i < 4; i++) {
		mpz_set(x, a);
		mpz_addmul_ui(x, n, (unsigned long)i);
		ATF_CHECK(!accepted_pair(r, x, b, 0, 0, 0, 0));
		mpz_set(x, b);
		mpz_addmul_ui(x, n, (unsigned long)i);
		ATF_CHECK(!accepted_pair(r, a, x, 0, 0, 0, 0));
	}
	for (i = 0; i < 3; i++) {
		mpz_sub_ui(x, n, 1);
		mpz_add_ui(x, x, (unsigned long)i);
		ATF_CHECK(!accepted_pair(r, x, b, 0, 0, 0, 0));
		ATF_CHECK(!accepted_pair(r, a, x, 0, 0, 0, 0));
		ATF_CHECK(!accepted_pair(r, x, x, 0, 0, 0, 0));
	}
	ATF_CHECK(!accepted_pair(r, zero, b, 0, 0, 0, 0));
	ATF_CHECK(!accepted_pair(r, a, zero, 0, 0, 0, 0));
	ATF_CHECK(!accepted_pair(r, zero, zero, 0, 0, 0, 0));
	mpz_clears(a, b, n, zero, x, NULL);
}

static int
accepted_number(const struct record *r, const mpz_t s, size_t len)
{
	struct buf verify = r->verify;
	uint8_t sig[300];

	ATF_REQUIRE(len <= sizeof(sig));
	nettle_mpz_get_str_256(len, sig, s);
	set_signature(&verify, sig, len);
	return accepted(r, &r->tr, &verify);
}

ATF_TC_WITHOUT_HEAD(rsa__numbers_out_of_range);
ATF_TC_BODY(rsa__numbers_out_of_range, tc)
{
	struct record *r = &records[0];
	uint8_t *spki;
	size_t len;
	mpz_t n, s, x;
	int i;

	mpz_inits(n, s, x, NULL);
	load(tc, "good rsa2048");
	spki = spki_at(&r->tr, &len);
	nettle_mpz_set_str_256_u(n, 256, spki + 33);
	nettle_mpz_set_str_256_u(s, 256, r->verify.d + 8);
	ATF_REQUIRE(mpz_cmp(s, n) < 0);
	ATF_CHECK(accepted_number(r, s, 256));
	ATF_CHECK(!accepted_number(r, s, 257));
	mpz_sub(x, n, s);
	ATF_CHECK(!accepted_number(r, x, 256));
	mpz_add(x, s, n);
	ATF_CHECK(!accepted_number(r, x, 257));
	if (mpz_sizeinbase(x, 2) <= 2048)
		ATF_CHECK(!accepted_number(r, x, 256));
	for (i = 0; i < 3; i++) {
		mpz_sub_ui(x, n, 1);
		mpz_add_ui(x, x, (unsigned long)i);
		ATF_CHECK(!accepted_number(r, x, 256));
		mpz_set_ui(x, (unsigned long)i);
		ATF_CHECK(!accepted_number(r, x, 256));
	}
	mpz_clears(n, s, x, NULL);
}

static void
put_der(struct buf *to, uint8_t tag, const struct buf *in)
{
	uint8_t head[4] = { tag, 0x82 };

	put_number(head + 2, in->len, 2);
	append(to, head, sizeof(head));
	append(to, in->d, in->len);
}

static void
put_der_number(struct buf *to, const mpz_t n)
{
	uint8_t num[1100];
	size_t len = nettle_mpz_sizeinbase_256_s(n);
	struct buf in = { .len = 0 };

	nettle_mpz_get_str_256(len, num, n);
	if (len < 128)
		append(to, (uint8_t[]){ 0x02, (uint8_t)len }, 2);
	append(&in, num, len);
	if (len < 128)
		append(to, num, len);
	else
		put_der(to, 0x02, &in);
}

/* A SubjectPublicKeyInfo with rsaEncryption. */
static void
make_spki(struct buf *spki, const mpz_t n, const mpz_t e)
{
	static const uint8_t algorithm[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86"
	    "\xf7\x0d\x01\x01\x01\x05";
	struct buf pair = { .len = 0 }, bits = { .len = 0 };
	struct buf all = { .len = 0 };

	put_der_number(&pair, n);
	put_der_number(&pair, e);
	append(&bits, "", 1);
	put_der(&bits, 0x30, &pair);
	append(&all, algorithm, sizeof(algorithm));
	put_der(&all, 0x03, &bits);
	spki->len = 0;
	put_der(spki, 0x30, &all);
}

/* Something signed, and what nettle says of it, without our limits. */
struct signed_text {
	struct buf spki;
	uint8_t sig[1100];
	size_t len;
	int sound;
};

static const uint8_t text[] = "whatever is signed";

/*
 * Sign with an RSA key made of these Mersenne primes, 2^k - 1: the sum of the
 * exponents is the length of the modulus, and nothing has to be searched for.
 */
static void
mersenne(struct signed_text *st, const unsigned long *k, const char *exponent,
    size_t salt_len)
{
	static const uint8_t salt[64];
	struct rsa_public_key key;
	struct sha256_ctx sha;
	uint8_t digest[SHA256_DIGEST_SIZE];
	mpz_t d, m, p, lambda;

	rsa_public_key_init(&key);
	mpz_inits(d, m, p, lambda, NULL);
	mpz_set_ui(key.n, 1);
	mpz_set_ui(lambda, 1);
	mpz_set_str(key.e, exponent, 10);
	for (; *k != 0; k++) {
		mpz_set_ui(p, 0);
		mpz_setbit(p, *k);
		mpz_sub_ui(p, p, 1);
		mpz_mul(key.n, key.n, p);
		mpz_sub_ui(p, p, 1);
		mpz_lcm(lambda, lambda, p);
	}
	ATF_REQUIRE(mpz_invert(d, key.e, lambda) != 0);
	ATF_REQUIRE(rsa_public_key_prepare(&key));
	sha256_init(&sha);
	sha256_update(&sha, sizeof(text), text);
	sha256_digest(&sha, sizeof(digest), digest);
	ATF_REQUIRE(pss_encode_mgf1(m, mpz_sizeinbase(key.n, 2) - 1,
	    &nettle_sha256, salt_len, salt, digest));
	mpz_powm(m, m, d, key.n);
	st->len = key.size;
	nettle_mpz_get_str_256(st->len, st->sig, m);
	make_spki(&st->spki, key.n, key.e);
	st->sound = rsa_pss_sha256_verify_digest(&key, salt_len, digest, m);
	mpz_clears(d, m, p, lambda, NULL);
	rsa_public_key_clear(&key);
}

static int
text_holds(const struct signed_text *st)
{
	uint8_t *memory;
	int holds;

	holds = signature_holds(0x0804,
	    apart(&memory, st->spki.d, st->spki.len),
	    (struct bytes){ st->sig, st->len },
	    (struct bytes){ text, sizeof(text) });
	free(memory);
	return holds;
}

static const unsigned long bits2048[] = { 1279, 607, 89, 61, 7, 5, 0 };

ATF_TC(rsa__bounds_of_keys);
ATF_TC_HEAD(rsa__bounds_of_keys, tc)
{
	atf_tc_set_md_var(tc, "descr", "Moduli of 2048 to 8192 bits, exponents "
	    "of 3 to 32 bits; with an exponent of 1 anybody can sign");
}
ATF_TC_BODY(rsa__bounds_of_keys, tc)
{
	static const struct {
		unsigned long k[8];
		const char *e;
		int holds;
	} keys[] = {
		{ { 1279, 607, 127, 31, 3 }, "65537", 0 },	/* 2047 */
		{ { 1279, 607, 89, 61, 7, 5 }, "65537", 1 },	/* 2048 */
		{ { 4423, 3217, 521, 31 }, "65537", 1 },	/* 8192 */
		{ { 4423, 3217, 521, 19, 13 }, "65537", 0 },	/* 8193 */
		{ { 1279, 607, 89, 61, 7, 5 }, "1", 0 },
		{ { 1279, 607, 89, 61, 7, 5 }, "257", 1 },
		{ { 1279, 607, 89, 61, 7, 5 }, "4294967291", 1 },
		{ { 1279, 607, 89, 61, 7, 5 }, "4294967311", 0 }
	};
	struct signed_text st;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		mersenne(&st, keys[i].k, keys[i].e, 32);
		ATF_CHECK_MSG(st.sound, "key %zu is not what it seems", i);
		ATF_CHECK_EQ_MSG(keys[i].holds, text_holds(&st), "key %zu", i);
	}
}

ATF_TC(rsa__length_of_salt);
ATF_TC_HEAD(rsa__length_of_salt, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "The salt is as long as the hash, as TLS 1.3 wants it");
}
ATF_TC_BODY(rsa__length_of_salt, tc)
{
	struct signed_text st;
	size_t len;

	(void)tc;
	for (len = 0; len <= 64; len++) {
		mersenne(&st, bits2048, "65537", len);
		ATF_CHECK(st.sound);
		ATF_CHECK_EQ(len == 32, text_holds(&st));
	}
}

/* The same key with one byte of its frame changed. */
static int
text_holds_with(const struct signed_text *st, size_t at, uint8_t byte)
{
	struct signed_text other = *st;

	other.spki.d[at] = byte;
	return text_holds(&other);
}

/* Put a byte behind it all, in these two or fewer elements. */
static int
text_holds_behind(const struct signed_text *st, size_t outer, size_t inner)
{
	struct signed_text other = *st;
	uint8_t *d = other.spki.d;

	append(&other.spki, "", 1);
	if (outer != 0)
		put_number(d + outer, number(d + outer, 2) + 1, 2);
	if (inner != 0)
		put_number(d + inner, number(d + inner, 2) + 1, 2);
	return text_holds(&other);
}

ATF_TC(rsa__form_of_keys);
ATF_TC_HEAD(rsa__form_of_keys, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "A key in another frame is none, but parameters are not read");
}
ATF_TC_BODY(rsa__form_of_keys, tc)
{
	/* 30 82 l l 30 0d 06 09 oid[9] 05 00 03 82 l l 00 30 82 l l n e */
	struct signed_text st, other;
	size_t len;

	(void)tc;
	mersenne(&st, bits2048, "65537", 32);
	ATF_REQUIRE(text_holds(&st));
	ATF_CHECK(text_holds_with(&st, 17, 0x0c));
	ATF_CHECK(!text_holds_with(&st, 0, 0x31));
	ATF_CHECK(!text_holds_with(&st, 4, 0x31));
	ATF_CHECK(!text_holds_with(&st, 6, 0x05));
	ATF_CHECK(!text_holds_with(&st, 7, 8));
	ATF_CHECK(!text_holds_with(&st, 7, 10));
	ATF_CHECK(!text_holds_with(&st, 16, 0x0a));
	ATF_CHECK(!text_holds_with(&st, 16, 0x0b));
	ATF_CHECK(!text_holds_with(&st, 19, 0x04));
	ATF_CHECK(!text_holds_with(&st, 23, 1));
	ATF_CHECK(!text_holds_behind(&st, 0, 0));
	ATF_CHECK(!text_holds_behind(&st, 2, 0));
	ATF_CHECK(!text_holds_behind(&st, 2, 21));
	for (len = 0; len < st.spki.len; len++) {
		other = st;
		other.spki.len = len;
		ATF_CHECK(!text_holds(&other));
		/* The same in a frame that fits again. */
		if (len < 4 + 256)
			continue;
		put_number(other.spki.d + 2, len - 4, 2);
		ATF_CHECK(!text_holds(&other));
		if (len < 23 + 256)
			continue;
		put_number(other.spki.d + 21, len - 23, 2);
		ATF_CHECK(!text_holds(&other));
	}
	other.spki.len = 0;
	append(&other.spki, (uint8_t[]){ 0x30, 17 }, 2);
	append(&other.spki, st.spki.d + 4, 15);
	append(&other.spki, (uint8_t[]){ 0x03, 0 }, 2);
	ATF_CHECK(!text_holds(&other));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, ed25519__scalar_too_large);
	ATF_TP_ADD_TC(tp, ed448__scalar_too_large);
	ATF_TP_ADD_TC(tp, ed448__last_byte);
	ATF_TP_ADD_TC(tp, ecdsa__other_encodings);
	ATF_TP_ADD_TC(tp, ecdsa__numbers_of_no_bytes);
	ATF_TP_ADD_TC(tp, ecdsa__numbers_out_of_range);
	ATF_TP_ADD_TC(tp, rsa__numbers_out_of_range);
	ATF_TP_ADD_TC(tp, rsa__bounds_of_keys);
	ATF_TP_ADD_TC(tp, rsa__form_of_keys);
	ATF_TP_ADD_TC(tp, rsa__length_of_salt);
	return atf_no_error();
}
