/* SPDX-License-Identifier: ISC */
/*
 * Handshakes with GnuTLS, in memory, recorded as netd records them.
 */
#include "transcript.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#define MANDOS "SECURE128:!CTYPE-X.509:+CTYPE-RAWPK:!RSA:!VERS-ALL:" \
	"+VERS-TLS1.3:%PROFILE_LOW"
#define TLS12 "NORMAL:-CTYPE-ALL:+CTYPE-RAWPK:-VERS-ALL:+VERS-TLS1.2"
/* No group of the peer's ClientHello has a key share: it is asked again. */
#define RETRY ":-GROUP-ALL:+GROUP-SECP384R1"

static const struct type types[] = {
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

const struct suite suites[SUITES] = {
	{ "aes256", ":-CIPHER-ALL:+AES-256-GCM", GNUTLS_DIG_SHA384 },
	{ "aes128", ":-CIPHER-ALL:+AES-128-GCM", GNUTLS_DIG_SHA256 },
	{ "chacha", ":-CIPHER-ALL:+CHACHA20-POLY1305", GNUTLS_DIG_SHA256 }
};

void
gtls(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, gnutls_strerror(r));
}

void
put(struct buf *b, const void *p, size_t len)
{
	if (len > sizeof(b->d) - b->len)
		errx(1, "buffer full");
	if (len != 0)
		memcpy(b->d + b->len, p, len);
	b->len += len;
}

void
put_number(struct buf *b, size_t n, size_t len)
{
	uint8_t c;

	while (len-- > 0) {
		c = (uint8_t)(n >> (8 * len));
		put(b, &c, 1);
	}
}

void
put_message(struct buf *b, unsigned int msg, const void *p, size_t len)
{
	put_number(b, msg, 1);
	put_number(b, len, 3);
	put(b, p, len);
}

size_t
number(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (len-- > 0)
		n = n << 8 | *p++;
	return n;
}

uint8_t *
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

const struct type *
type_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	errx(1, "%s: no such key type", name);
}

void
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

void
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

void
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

void
resign(struct shake *sh, const struct key *k)
{
	shake_sign(sh, k, k->type->sign, k->type->scheme, 64, "server");
}

uint8_t *
suite_at(struct shake *sh)
{
	size_t len;
	uint8_t *body = message(&sh->tr, 2, 0, &len);

	return body + 2 + RANDOM_LEN + 1 + body[2 + RANDOM_LEN];
}

void
set_certificate(struct shake *sh, unsigned int type, const struct buf *body)
{
	size_t len;
	uint8_t *cert = message(&sh->tr, 11, 0, &len);

	sh->tr.len = (size_t)(cert - 4 - sh->tr.d);
	put_message(&sh->tr, type, body->d, body->len);
}

void
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
