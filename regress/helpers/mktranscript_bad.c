/* SPDX-License-Identifier: ISC */
/*
 * Forgeries for which the private key is needed: signed by the right key, but
 * not what the monitor may take for a proof.
 */
#include "transcript.h"

#include <string.h>

#include <gnutls/crypto.h>

static void
bad_signer(const struct shake *base, const struct key *a, const struct key *b)
{
	static struct shake sh;
	struct buf body;

	sh = *base;
	shake_sign(&sh, a, a->type->sign, a->type->scheme, 64, "server");
	print("control", "-", &sh);
	shake_sign(&sh, a, a->type->sign, a->type->scheme, 64, "client");
	print("client_context", "bad signature", &sh);
	shake_sign(&sh, a, a->type->sign, a->type->scheme, 63, "server");
	print("63_spaces", "bad signature", &sh);
	shake_sign(&sh, a, a->type->sign, a->type->scheme, 65, "server");
	print("65_spaces", "bad signature", &sh);
	resign(&sh, b);
	print("signed_by_other_key", "bad signature", &sh);

	sh = *base;
	certificate(&body, &b->spki, 1, 0, 0);
	set_certificate(&sh, 11, &body);
	memcpy(sh.keyid, b->keyid, KEYID_LEN);
	print("other_spki", "bad signature", &sh);
	resign(&sh, a);
	print("other_spki_signed_again", "bad signature", &sh);
}

static void
bad_hello(const struct shake *base, const struct key *a)
{
	static struct shake sh;
	uint8_t *p;
	size_t len;

	sh = *base;
	gtls(gnutls_rnd(GNUTLS_RND_NONCE, sh.nonce, RANDOM_LEN), "random");
	print("other_nonce", "wrong nonce", &sh);
	memcpy(message(&sh.tr, 1, 0, &len) + 2, sh.nonce, RANDOM_LEN);
	print("nonce_pasted", "bad signature", &sh);
	memcpy(sh.nonce, base->nonce, RANDOM_LEN);
	resign(&sh, a);
	print("other_nonce_signed", "wrong nonce", &sh);

	/* The last byte of the nonce is the type of the next message. */
	sh = *base;
	sh.nonce[RANDOM_LEN - 1] = 2;
	message(&sh.tr, 1, 0, &len);
	sh.tr.len = 0;
	put_message(&sh.tr, 1, "\3\3", 2);
	put(&sh.tr, sh.nonce, RANDOM_LEN - 1);
	put(&sh.tr, base->tr.d + 4 + len, base->tr.len - 4 - len);
	sh.tr.d[3] = 2 + RANDOM_LEN - 1;
	resign(&sh, a);
	print("nonce_across_messages", "bad ClientHello", &sh);

	sh = *base;
	memcpy(message(&sh.tr, 1, 0, &len), "\xfe\xfd", 2);
	resign(&sh, a);
	print("dtls_client", "bad ClientHello", &sh);
	sh = *base;
	memcpy(message(&sh.tr, 2, 0, &len), "\xfe\xfd", 2);
	resign(&sh, a);
	print("dtls_server", "bad ServerHello", &sh);
	sh = *base;
	p = message(&sh.tr, 2, 0, &len);
	p[2 + RANDOM_LEN] = 255;
	resign(&sh, a);
	print("session_id_outside", "bad ServerHello", &sh);

	sh = *base;
	memcpy(suite_at(&sh), "\x13\x01", 2);
	print("suite_switched", "bad signature", &sh);
	resign(&sh, a);
	print("suite_with_wrong_hash", "bad signature", &sh);
	memcpy(suite_at(&sh), "\xc0\x2c", 2);
	resign(&sh, a);
	print("suite_of_tls12", "not a cipher suite of TLS 1.3", &sh);
	memcpy(suite_at(&sh), "\x13\x00", 2);
	resign(&sh, a);
	print("suite_1300", "not a cipher suite of TLS 1.3", &sh);
	memcpy(suite_at(&sh), "\x13\x06", 2);
	resign(&sh, a);
	print("suite_1306", "not a cipher suite of TLS 1.3", &sh);
}

static void
bad_certificate(const struct shake *base, const struct key *a)
{
	static struct shake sh;
	static const struct {
		const char *name;
		int entries;
		size_t extension;
		size_t context;
	} forms[] = {
		{ "no_entry", 0, 0, 0 },
		{ "two_entries", 2, 0, 0 },
		{ "extension", 1, 4, 0 },
		{ "context", 1, 0, 1 }
	};
	/* Single bytes of the frame, counted from one of its ends. */
	static const struct {
		const char *name;
		size_t at;
		size_t before_end;
	} bytes[] = {
		{ "context_length", 0, 0 },
		{ "list_length", 3, 0 },
		{ "list_length_high", 1, 0 },
		{ "key_length", 6, 0 },
		{ "extension_length", 0, 1 },
		{ "extension_length_high", 0, 2 }
	};
	struct buf body;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		sh = *base;
		certificate(&body, &a->spki, forms[i].entries,
		    forms[i].extension, forms[i].context);
		set_certificate(&sh, 11, &body);
		resign(&sh, a);
		print(forms[i].name, "bad Certificate", &sh);
	}
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		sh = *base;
		certificate(&body, &a->spki, 1, 0, 0);
		body.d[bytes[i].before_end != 0 ?
		    body.len - bytes[i].before_end : bytes[i].at] ^= 1;
		set_certificate(&sh, 11, &body);
		resign(&sh, a);
		print(bytes[i].name, "bad Certificate", &sh);
	}
}

/* Other messages than the ones there must be, and other keys. */
static void
bad_message(const struct shake *base, const struct key *a)
{
	static struct shake sh;
	gnutls_datum_t empty = { NULL, 0 };
	struct buf body;
	size_t len;

	sh = *base;
	certificate(&body, &empty, 1, 0, 0);
	set_certificate(&sh, 11, &body);
	gtls(gnutls_hash_fast(GNUTLS_DIG_SHA256, "", 0, sh.keyid), "hash");
	resign(&sh, a);
	print("empty_key", "unknown key", &sh);
	sh = *base;
	certificate(&body, &a->spki, 1, 0, 0);
	set_certificate(&sh, 25, &body);
	resign(&sh, a);
	print("compressed_certificate", "wrong handshake messages", &sh);
	sh = *base;
	message(&sh.tr, 11, 0, &len);
	sh.tr.len -= len + 4;
	resign(&sh, a);
	print("no_certificate", "wrong handshake messages", &sh);
	sh = *base;
	put_message(&sh.tr, 20, "", 0);
	resign(&sh, a);
	print("message_behind", "too many handshake messages", &sh);
	/* The point is right, but it says that it is one of X25519. */
	sh = *base;
	certificate(&body, &a->spki, 1, 0, 0);
	body.d[7 + 8] = 0x6e;
	set_certificate(&sh, 11, &body);
	gtls(gnutls_hash_fast(GNUTLS_DIG_SHA256, body.d + 7, a->spki.size,
	    sh.keyid), "hash");
	resign(&sh, a);
	print("other_kind_of_key", "bad signature", &sh);
	sh = *base;
	sh.verify.d[0] = 20;
	print("finished_for_verify", "bad CertificateVerify", &sh);
	shake_make(&sh, a, &suites[0], F_REQUEST);
	print("certificate_request", "wrong handshake messages", &sh);
}

static void
bad_retry(const struct key *a)
{
	static struct shake base, sh;
	uint8_t *p;
	size_t len;

	shake_make(&base, a, &suites[0], F_RETRY);
	sh = base;
	message(&sh.tr, 1, 0, &len)[2] ^= 1;
	resign(&sh, a);
	print("retry_other_nonce", "wrong nonce", &sh);
	sh = base;
	message(&sh.tr, 254, 0, &len)[0] ^= 1;
	print("retry_other_hash", "bad signature", &sh);
	sh = base;
	sh.tr.len = 0;
	put_message(&sh.tr, 254, base.tr.d + 4, 32);
	put(&sh.tr, base.tr.d + 52, base.tr.len - 52);
	resign(&sh, a);
	print("retry_hash_length", "bad message_hash", &sh);
	p = message(&base.tr, 1, 0, &len) - 4;
	sh.tr.len = 0;
	put(&sh.tr, p, base.tr.len - (size_t)(p - base.tr.d));
	memcpy(&sh.verify, &base.verify, sizeof(sh.verify));
	print("retry_removed", "bad signature", &sh);
	sh.tr.len = 0;
	p = message(&base.tr, 1, 0, &len);
	put_message(&sh.tr, 1, p, len);
	put(&sh.tr, base.tr.d + 52, base.tr.len - 52);
	resign(&sh, a);
	print("two_client_hellos", "wrong handshake messages", &sh);
}

/* TLS 1.2, as it comes and in the clothes of TLS 1.3; the client role. */
static void
bad_protocol(const struct key *k)
{
	static struct shake sh, cut;
	struct buf body;
	uint8_t *p;
	size_t len, pub;

	shake_make(&sh, k, &suites[0], F_TLS12);
	p = message(&sh.tr, 12, 0, &len);
	pub = 4 + (size_t)p[3];
	put_message(&sh.verify, 15, p + pub, len - pub);
	print("tls12", "wrong handshake messages", &sh);
	cut = sh;
	cut.tr.len = 0;
	put(&cut.tr, sh.tr.d, (size_t)(message(&sh.tr, 11, 0, &len) - 4 -
	    sh.tr.d));
	put_message(&cut.tr, 8, "\0\0", 2);
	certificate(&body, &k->spki, 1, 0, 0);
	put_message(&cut.tr, 11, body.d, body.len);
	print("tls12_dressed", "not a cipher suite of TLS 1.3", &cut);
	memcpy(suite_at(&cut), "\x13\x02", 2);
	print("tls12_dressed_suite", "bad signature", &cut);

	shake_make(&sh, k, &suites[0], F_CLIENT_ROLE);
	print("client_role", "wrong handshake messages", &sh);
	cut = sh;
	cut.tr.len = 0;
	put(&cut.tr, sh.tr.d, (size_t)(message(&sh.tr, 13, 0, &len) - 4 -
	    sh.tr.d));
	p = message(&sh.tr, 11, 1, &len);
	put_message(&cut.tr, 11, p, len);
	print("client_role_cut", "bad signature", &cut);
}

/* Schemes and keys that do not belong together, but a sound signature. */
static void
bad_scheme(const struct shake *base)
{
	static struct shake sh;
	struct key rsa, p256, small;
	struct buf body;
	uint8_t point[59] = "\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02"
	    "\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x22\x00";
	gnutls_datum_t compressed = { point, sizeof(point) };

	key_make(&rsa, type_find("rsa2048"), 2048);
	sh = *base;
	memcpy(sh.keyid, rsa.keyid, KEYID_LEN);
	certificate(&body, &rsa.spki, 1, 0, 0);
	set_certificate(&sh, 11, &body);
	resign(&sh, &rsa);
	print("rsa_control", "-", &sh);
	shake_sign(&sh, &rsa, GNUTLS_SIGN_RSA_SHA256, 0x0401, 64, "server");
	print("pkcs1", "bad signature", &sh);
	shake_sign(&sh, &rsa, GNUTLS_SIGN_RSA_SHA256, 0x0804, 64, "server");
	print("pkcs1_as_pss", "bad signature", &sh);
	key_make(&small, type_find("rsa2048"), 1024);
	memcpy(sh.keyid, small.keyid, KEYID_LEN);
	certificate(&body, &small.spki, 1, 0, 0);
	set_certificate(&sh, 11, &body);
	resign(&sh, &small);
	print("rsa1024", "bad signature", &sh);

	key_make(&p256, type_find("p256"), type_find("p256")->bits);
	memcpy(sh.keyid, p256.keyid, KEYID_LEN);
	certificate(&body, &p256.spki, 1, 0, 0);
	set_certificate(&sh, 11, &body);
	resign(&sh, &p256);
	print("p256_control", "-", &sh);
	shake_sign(&sh, &p256, GNUTLS_SIGN_ECDSA_SHA384, 0x0503, 64, "server");
	print("p256_sha384", "bad signature", &sh);
	shake_sign(&sh, &p256, GNUTLS_SIGN_ECDSA_SHA384, 0x0403, 64, "server");
	print("p256_sha384_as_sha256", "bad signature", &sh);
	point[26] = (uint8_t)(2 + (p256.spki.data[p256.spki.size - 1] & 1));
	memcpy(point + 27, p256.spki.data + 27, 32);
	gtls(gnutls_hash_fast(GNUTLS_DIG_SHA256, point, sizeof(point),
	    sh.keyid), "hash");
	certificate(&body, &compressed, 1, 0, 0);
	set_certificate(&sh, 11, &body);
	resign(&sh, &p256);
	print("p256_compressed_point", "bad signature", &sh);
}

void
bad(void)
{
	static struct shake base;
	struct key a, b, p256;

	key_make(&a, type_find("ed25519"), type_find("ed25519")->bits);
	key_make(&b, type_find("ed25519"), type_find("ed25519")->bits);
	key_make(&p256, type_find("p256"), type_find("p256")->bits);
	shake_make(&base, &a, &suites[0], 0);
	bad_signer(&base, &a, &b);
	bad_hello(&base, &a);
	bad_certificate(&base, &a);
	bad_message(&base, &a);
	bad_retry(&a);
	bad_protocol(&a);
	bad_protocol(&p256);
	bad_scheme(&base);
}
