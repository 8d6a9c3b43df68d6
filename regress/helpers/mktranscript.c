/* SPDX-License-Identifier: ISC */
/*
 * Makes handshakes with GnuTLS, in memory and with fresh keys, and prints what
 * a session would hand to the monitor; and forgeries for which the private
 * key is needed.  Not a part of any daemon.
 *
 *	mktranscript good TYPE...	genuine handshakes of these key types
 *	mktranscript bad		forgeries
 *	mktranscript vector		monitor/proof_vector.h
 *	mktranscript seeds DIR		seeds for regress/fuzz/proof_fuzz.c, and
 *					regress/fuzz/proof_seeds.h
 *
 * A line of output is a name, the flaw that proof_check() is to find ("-" for
 * none), and in hexadecimal the nonce, the enrolled key ID, the transcript
 * and the CertificateVerify message, with tabs between.
 */
#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "keyid.h"

#define RANDOM_LEN 32

#define MANDOS "SECURE128:!CTYPE-X.509:+CTYPE-RAWPK:!RSA:!VERS-ALL:" \
	"+VERS-TLS1.3:%PROFILE_LOW"
#define TLS12 "NORMAL:-CTYPE-ALL:+CTYPE-RAWPK:-VERS-ALL:+VERS-TLS1.2"
/* No group of the peer's ClientHello has a key share: it is asked again. */
#define RETRY ":-GROUP-ALL:+GROUP-SECP384R1"

static const struct type {
	const char *name;
	gnutls_pk_algorithm_t pk;
	unsigned int bits;
	gnutls_sign_algorithm_t sign;
	unsigned int scheme;
	const char *priority;	/* where the default would sign otherwise */
} types[] = {
	{ "ed25519", GNUTLS_PK_EDDSA_ED25519,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519),
	    GNUTLS_SIGN_EDDSA_ED25519, 0x0807, "" },
	{ "ed448", GNUTLS_PK_EDDSA_ED448,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED448),
	    GNUTLS_SIGN_EDDSA_ED448, 0x0808, "" },
	{ "p256", GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
	    GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, 0x0403, "" },
	{ "p384", GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1),
	    GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, 0x0503, "" },
	{ "p521", GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1),
	    GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, 0x0603, "" },
	{ "rsa2048", GNUTLS_PK_RSA, 2048,
	    GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 0x0804, "" },
	{ "rsa2048-sha384", GNUTLS_PK_RSA, 2048,
	    GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, 0x0805,
	    ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA384" },
	{ "rsa3072-sha512", GNUTLS_PK_RSA, 3072,
	    GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, 0x0806,
	    ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA512" },
	{ "rsa4096", GNUTLS_PK_RSA, 4096,
	    GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 0x0804, "" },
	{ "pss2048", GNUTLS_PK_RSA_PSS, 2048,
	    GNUTLS_SIGN_RSA_PSS_SHA256, 0x0809, "" },
	{ "pss2048-sha384", GNUTLS_PK_RSA_PSS, 2048,
	    GNUTLS_SIGN_RSA_PSS_SHA384, 0x080a,
	    ":-SIGN-ALL:+SIGN-RSA-PSS-SHA384" },
	{ "pss3072-sha512", GNUTLS_PK_RSA_PSS, 3072,
	    GNUTLS_SIGN_RSA_PSS_SHA512, 0x080b,
	    ":-SIGN-ALL:+SIGN-RSA-PSS-SHA512" }
};

static const struct suite {
	const char *name;
	const char *priority;
	gnutls_digest_algorithm_t hash;
} suites[] = {
	{ "aes256", ":-CIPHER-ALL:+AES-256-GCM", GNUTLS_DIG_SHA384 },
	{ "aes128", ":-CIPHER-ALL:+AES-128-GCM", GNUTLS_DIG_SHA256 },
	{ "chacha", ":-CIPHER-ALL:+CHACHA20-POLY1305", GNUTLS_DIG_SHA256 }
};

struct buf {
	uint8_t d[32768];
	size_t len;
	size_t taken;
};

struct key {
	const struct type *type;
	gnutls_privkey_t priv;
	gnutls_datum_t spki;
	uint8_t keyid[KEYID_LEN];
	gnutls_certificate_credentials_t cred;
};

/* What a handshake left, or a forgery made of it. */
struct shake {
	uint8_t nonce[RANDOM_LEN];
	uint8_t keyid[KEYID_LEN];
	struct buf tr;
	struct buf verify;
	gnutls_digest_algorithm_t hash;
};

enum { F_RETRY = 1, F_REQUEST = 2, F_TLS12 = 4, F_CLIENT_ROLE = 8 };

static void
gtls(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, gnutls_strerror(r));
}

static void
put(struct buf *b, const void *p, size_t len)
{
	if (len > sizeof(b->d) - b->len)
		errx(1, "buffer full");
	if (len != 0)
		memcpy(b->d + b->len, p, len);
	b->len += len;
}

static void
put_number(struct buf *b, size_t n, size_t len)
{
	uint8_t c;

	while (len-- > 0) {
		c = (uint8_t)(n >> (8 * len));
		put(b, &c, 1);
	}
}

static void
put_message(struct buf *b, unsigned int msg, const void *p, size_t len)
{
	put_number(b, msg, 1);
	put_number(b, len, 3);
	put(b, p, len);
}

static size_t
number(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (len-- > 0)
		n = n << 8 | *p++;
	return n;
}

/* The body of the nth message of this type; its length in *len. */
static uint8_t *
message(struct buf *b, unsigned int type, int nth, size_t *len)
{
	size_t at = 0;

	while (b->len - at >= 4) {
		*len = number(b->d + at + 1, 3);
		if (b->d[at] == type && nth-- == 0)
			return b->d + at + 4;
		at += 4 + *len;
	}
	errx(1, "no message of type %u", type);
}

static const struct type *
type_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	errx(1, "%s: no such key type", name);
}

static void
key_make(struct key *k, const struct type *t, unsigned int bits)
{
	gnutls_pubkey_t pub;
	gnutls_pcert_st *pcert;

	k->type = t;
	gtls(gnutls_privkey_init(&k->priv), "gnutls_privkey_init");
	gtls(gnutls_privkey_generate(k->priv, t->pk, bits, 0), "generate");
	gtls(gnutls_pubkey_init(&pub), "gnutls_pubkey_init");
	gtls(gnutls_pubkey_import_privkey(pub, k->priv, 0, 0), "import");
	gtls(gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &k->spki),
	    "gnutls_pubkey_export2");
	gtls(gnutls_hash_fast(GNUTLS_DIG_SHA256, k->spki.data, k->spki.size,
	    k->keyid), "gnutls_hash_fast");
	if ((pcert = calloc(1, sizeof(*pcert))) == NULL)
		err(1, "calloc");
	gtls(gnutls_pcert_import_rawpk(pcert, pub, 0), "import_rawpk");
	gtls(gnutls_certificate_allocate_credentials(&k->cred), "credentials");
	gtls(gnutls_certificate_set_key(k->cred, NULL, 0, pcert, 1, k->priv),
	    "gnutls_certificate_set_key");
}

/* A session's transport is two buffers: where it reads, where it writes. */
struct wire {
	struct buf *in;
	struct buf *out;
	struct shake *record;
};

static ssize_t
push(gnutls_transport_ptr_t p, const void *data, size_t len)
{
	struct wire *w = p;

	put(w->out, data, len);
	return (ssize_t)len;
}

static ssize_t
pull(gnutls_transport_ptr_t p, void *data, size_t len)
{
	struct buf *b = ((struct wire *)p)->in;

	if (b->taken == b->len) {
		errno = EAGAIN;
		return -1;
	}
	if (len > b->len - b->taken)
		len = b->len - b->taken;
	memcpy(data, b->d + b->taken, len);
	b->taken += len;
	return (ssize_t)len;
}

/*
 * Record as netd does.  In the client-role forgery the recording side is the
 * TLS server, and what counts is the CertificateVerify that comes in.
 */
static int
hook(gnutls_session_t s, unsigned int type, unsigned int when,
    unsigned int incoming, const gnutls_datum_t *body)
{
	struct shake *sh = ((struct wire *)gnutls_transport_get_ptr(s))->record;
	uint8_t digest[64];
	size_t len;

	(void)when;
	if (sh->verify.len != 0 || type == GNUTLS_HANDSHAKE_HELLO_REQUEST ||
	    type == GNUTLS_HANDSHAKE_NEW_SESSION_TICKET ||
	    type == GNUTLS_HANDSHAKE_KEY_UPDATE)
		return 0;
	if (type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY && incoming) {
		put_message(&sh->verify, type, body->data, body->size);
		return 0;
	}
	if (type == GNUTLS_HANDSHAKE_HELLO_RETRY_REQUEST) {
		len = gnutls_hash_get_len(sh->hash);
		gtls(gnutls_hash_fast(sh->hash, sh->tr.d, sh->tr.len, digest),
		    "gnutls_hash_fast");
		sh->tr.len = 0;
		put_message(&sh->tr, 254, digest, len);
		type = GNUTLS_HANDSHAKE_SERVER_HELLO;
	}
	put_message(&sh->tr, type, body->data, body->size);
	return 0;
}

static gnutls_session_t
session(unsigned int flags, const char *prio, const char *more,
    const char *retry, gnutls_certificate_credentials_t cred, struct wire *w)
{
	gnutls_session_t s;
	char all[512];

	snprintf(all, sizeof(all), "%s%s%s", prio, more, retry);
	gtls(gnutls_init(&s, flags | GNUTLS_ENABLE_RAWPK | GNUTLS_NO_SIGNAL |
	    GNUTLS_NO_TICKETS), "gnutls_init");
	gtls(gnutls_priority_set_direct(s, all, NULL), all);
	gtls(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred),
	    "gnutls_credentials_set");
	gnutls_transport_set_ptr(s, w);
	gnutls_transport_set_push_function(s, push);
	gnutls_transport_set_pull_function(s, pull);
	if (w->record != NULL)
		gnutls_handshake_set_hook_function(s, GNUTLS_HANDSHAKE_ANY,
		    GNUTLS_HOOK_PRE, hook);
	return s;
}

/* One handshake, recorded by the side that does not have key ${k}. */
static void
shake_make(struct shake *sh, const struct key *k, const struct suite *su,
    int flags)
{
	static struct buf up, down;
	gnutls_certificate_credentials_t none;
	gnutls_session_t c, s;
	int role = flags & F_CLIENT_ROLE, rc = -1, rs = -1;
	struct wire wc = { &down, &up, role ? NULL : sh };
	struct wire ws = { &up, &down, role ? sh : NULL };
	const char *prio = flags & F_TLS12 ? TLS12 : MANDOS;
	struct key other;

	memset(sh, 0, sizeof(*sh));
	up.len = up.taken = down.len = down.taken = 0;
	sh->hash = su->hash;
	memcpy(sh->keyid, k->keyid, KEYID_LEN);
	if (role)
		key_make(&other, k->type, k->type->bits);
	gtls(gnutls_certificate_allocate_credentials(&none), "credentials");
	c = session(GNUTLS_CLIENT, prio, flags & F_TLS12 ? "" : su->priority,
	    "", role ? k->cred : none, &wc);
	s = session(GNUTLS_SERVER, prio, k->type->priority,
	    flags & F_RETRY ? RETRY : "", role ? other.cred : k->cred, &ws);
	if (flags & (F_REQUEST | F_CLIENT_ROLE))
		gnutls_certificate_server_set_request(s,
		    role ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	gtls(gnutls_rnd(GNUTLS_RND_NONCE, sh->nonce, RANDOM_LEN), "random");
	gnutls_handshake_set_random(c,
	    &(gnutls_datum_t){ sh->nonce, RANDOM_LEN });
	while (rc != 0 || rs != 0) {
		if (rc != 0 && (rc = gnutls_handshake(c)) < 0 &&
		    gnutls_error_is_fatal(rc))
			errx(1, "%s client: %s", k->type->name,
			    gnutls_strerror(rc));
		if (rs != 0 && (rs = gnutls_handshake(s)) < 0 &&
		    gnutls_error_is_fatal(rs))
			errx(1, "%s server: %s", k->type->name,
			    gnutls_strerror(rs));
	}
	gnutls_deinit(c);
	gnutls_deinit(s);
	gnutls_certificate_free_credentials(none);
}

/* Sign the transcript as it is; by default as a TLS 1.3 server does. */
static void
shake_sign(struct shake *sh, const struct key *k, gnutls_sign_algorithm_t sign,
    unsigned int scheme, size_t spaces, const char *role)
{
	struct buf content = { .len = 0 };
	gnutls_datum_t in, sig;
	uint8_t digest[64];

	memset(content.d, ' ', spaces);
	content.len = spaces;
	put(&content, "TLS 1.3, ", 9);
	put(&content, role, strlen(role));
	put(&content, " CertificateVerify", 19);
	gtls(gnutls_hash_fast(sh->hash, sh->tr.d, sh->tr.len, digest), "hash");
	put(&content, digest, gnutls_hash_get_len(sh->hash));
	in.data = content.d;
	in.size = (unsigned int)content.len;
	gtls(gnutls_privkey_sign_data2(k->priv, sign, 0, &in, &sig), "sign");
	sh->verify.len = 0;
	put_number(&sh->verify, 15, 1);
	put_number(&sh->verify, sig.size + 4, 3);
	put_number(&sh->verify, scheme, 2);
	put_number(&sh->verify, sig.size, 2);
	put(&sh->verify, sig.data, sig.size);
	gnutls_free(sig.data);
}

static void
resign(struct shake *sh, const struct key *k)
{
	shake_sign(sh, k, k->type->sign, k->type->scheme, 64, "server");
}

static void
print_hex(char before, const uint8_t *p, size_t len)
{
	putchar(before);
	while (len-- > 0)
		printf("%02x", *p++);
}

static void
print(const char *name, const char *flaw, const struct shake *sh)
{
	printf("%s\t%s", name, flaw);
	print_hex('\t', sh->nonce, RANDOM_LEN);
	print_hex('\t', sh->keyid, KEYID_LEN);
	print_hex('\t', sh->tr.d, sh->tr.len);
	print_hex('\t', sh->verify.d, sh->verify.len);
	putchar('\n');
}

static void
good(const char *name)
{
	static struct shake sh;
	struct key k;
	char line[64];
	size_t i;
	int retry;

	key_make(&k, type_find(name), type_find(name)->bits);
	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		for (retry = 0; retry < 2; retry++) {
			shake_make(&sh, &k, &suites[i], retry ? F_RETRY : 0);
			snprintf(line, sizeof(line), "%s_%s_%s", name,
			    suites[i].name, retry ? "hrr" : "plain");
			print(line, "-", &sh);
		}
}

/* Where the cipher suite stands in the body of a ServerHello. */
static uint8_t *
suite_at(struct shake *sh)
{
	size_t len;
	uint8_t *body = message(&sh->tr, 2, 0, &len);

	return body + 2 + RANDOM_LEN + 1 + body[2 + RANDOM_LEN];
}

/* Replace the body of the last message, which is Certificate. */
static void
set_certificate(struct shake *sh, unsigned int type, const struct buf *body)
{
	size_t len;
	uint8_t *cert = message(&sh->tr, 11, 0, &len);

	sh->tr.len = (size_t)(cert - 4 - sh->tr.d);
	put_message(&sh->tr, type, body->d, body->len);
}

/* A Certificate with these keys and extension and context lengths. */
static void
certificate(struct buf *b, const gnutls_datum_t *spki, int entries,
    size_t extension, size_t context)
{
	static const uint8_t zero[16];

	b->len = 0;
	put_number(b, context, 1);
	put(b, zero, context);
	put_number(b, (size_t)entries * (3 + spki->size + 2 + extension), 3);
	while (entries-- > 0) {
		put_number(b, spki->size, 3);
		put(b, spki->data, spki->size);
		put_number(b, extension, 2);
		put(b, zero, extension);
	}
}

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
	gnutls_datum_t empty = { NULL, 0 };
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
	message(&sh.tr, 11, 0, &i);
	sh.tr.len -= i + 4;
	resign(&sh, a);
	print("no_certificate", "wrong handshake messages", &sh);
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

static void
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
	bad_retry(&a);
	bad_protocol(&a);
	bad_protocol(&p256);
	bad_scheme(&base);
}

static void
print_array(const char *between, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		printf("%s\\x%02x", i % 16 != 0 ? "" : i == 0 ? "\t\"" :
		    between, p[i]);
	putchar('"');
}

/* The shortest handshake there can be, with a key that is thrown away. */
static void
vector(void)
{
	static struct shake sh;
	struct key k;
	struct buf body = { .len = 0 };
	uint8_t random[RANDOM_LEN] = { 0 };

	key_make(&k, type_find("ed25519"), type_find("ed25519")->bits);
	gtls(gnutls_rnd(GNUTLS_RND_NONCE, sh.nonce, RANDOM_LEN), "random");
	put(&body, "\x03\x03", 2);
	put(&body, sh.nonce, RANDOM_LEN);
	put_message(&sh.tr, 1, body.d, body.len);
	body.len = 2;
	put(&body, random, RANDOM_LEN);
	put(&body, "\0\x13\x02\0", 4);
	put_message(&sh.tr, 2, body.d, body.len);
	put_message(&sh.tr, 8, "\0\0", 2);
	certificate(&body, &k.spki, 1, 0, 0);
	put_message(&sh.tr, 11, body.d, body.len);
	sh.hash = GNUTLS_DIG_SHA384;
	resign(&sh, &k);
	printf("/* SPDX-License-Identifier: ISC */\n/*\n"
	    " * The handshake of proof_selftest(), the shortest there can be, "
	    "with Ed25519.\n"
	    " * Made by \"mktranscript vector\"; nobody has the key.\n */\n");
	printf("#define PROOF_VECTOR_VERIFY %zu /* where this begins */\n",
	    sh.tr.len);
	put(&sh.tr, sh.verify.d, sh.verify.len);
	printf("#define PROOF_VECTOR \\\n");
	print_array("\" \\\n\t\"", sh.tr.d, sh.tr.len);
	printf("\n#define PROOF_VECTOR_KEYID \\\n");
	print_array("\" \\\n\t\"", k.keyid, KEYID_LEN);
	putchar('\n');
}

/* For the fuzzer: nonce, length of the transcript, transcript, verify. */
static void
seeds(const char *dir)
{
	static const char *const names[] = { "ed25519", "ed448", "p256",
		"p384", "p521", "rsa2048", "pss2048" };
	static struct shake sh;
	struct key k;
	struct buf out;
	char path[1024];
	FILE *f;
	size_t i;

	printf("/* SPDX-License-Identifier: ISC */\n/*\n"
	    " * Key ID and SHA-256 of each of the fuzzer's seeds.\n"
	    " * Made by \"mktranscript seeds\"; nobody has the keys.\n */\n"
	    "static const struct {\n\tconst char *keyid;\n"
	    "\tconst char *input;\n} seeds[] = {\n");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		key_make(&k, type_find(names[i]), type_find(names[i])->bits);
		shake_make(&sh, &k, &suites[i % 3], i % 2 ? F_RETRY : 0);
		out.len = 0;
		put(&out, sh.nonce, RANDOM_LEN);
		put_number(&out, sh.tr.len, 2);
		put(&out, sh.tr.d, sh.tr.len);
		put(&out, sh.verify.d, sh.verify.len);
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if ((f = fopen(path, "wx")) == NULL ||
		    fwrite(out.d, out.len, 1, f) != 1 || fclose(f) != 0)
			err(1, "%s", path);
		printf("%s\t{\n", i == 0 ? "" : ",\n");
		print_array("\"\n\t\"", k.keyid, KEYID_LEN);
		printf(",\n");
		gtls(gnutls_hash_fast(GNUTLS_DIG_SHA256, out.d, out.len,
		    k.keyid), "hash");
		print_array("\"\n\t\"", k.keyid, KEYID_LEN);
		printf("\n\t}");
	}
	printf("\n};\n");
}

int
main(int argc, char **argv)
{
	int i;

	if (argc > 2 && strcmp(argv[1], "good") == 0)
		for (i = 2; i < argc; i++)
			good(argv[i]);
	else if (argc == 2 && strcmp(argv[1], "bad") == 0)
		bad();
	else if (argc == 2 && strcmp(argv[1], "vector") == 0)
		vector();
	else if (argc == 3 && strcmp(argv[1], "seeds") == 0)
		seeds(argv[2]);
	else
		errx(2, "usage: mktranscript good TYPE... | bad | vector | "
		    "seeds DIR");
	if (fflush(stdout) != 0)
		err(1, "stdout");
	return 0;
}
