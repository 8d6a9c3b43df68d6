/* SPDX-License-Identifier: ISC */
/*
 * TLS keys with GnuTLS: a pair is made, or looked at.  The second process of
 * mandos-keygen.  Never prints a private key.
 */
#include "keygen.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

/*
 * Types that can sign in TLS 1.3, by the names that certtool(1) has for them.
 */
static const struct {
	const char *name;
	gnutls_pk_algorithm_t pk;
} types[] = {
	{ "ed25519", GNUTLS_PK_EDDSA_ED25519 },
	{ "ed448", GNUTLS_PK_EDDSA_ED448 },
	{ "ecdsa", GNUTLS_PK_ECDSA },
	{ "ecc", GNUTLS_PK_ECDSA },
	{ "rsa", GNUTLS_PK_RSA },
	{ "rsa-pss", GNUTLS_PK_RSA_PSS },
};

static gnutls_pk_algorithm_t
find_type(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcasecmp(name, types[i].name) == 0)
			return types[i].pk;
	return GNUTLS_PK_UNKNOWN;
}

int
tls_type_known(const char *name)
{
	return find_type(name) != GNUTLS_PK_UNKNOWN;
}

/* Write what GnuTLS has made of a key, and wipe it. */
static int
store(gnutls_datum_t *pem, int dir, const char *name)
{
	struct buf buf = { .p = pem->data, .size = pem->size,
	    .used = pem->size };
	int rv = buf_store(&buf, dir, name);

	explicit_bzero(pem->data, pem->size);
	gnutls_free(pem->data);
	pem->data = NULL;
	return rv;
}

static int
store_private(gnutls_x509_privkey_t key, int dir)
{
	gnutls_datum_t pem;
	int rv;

	rv = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
	    GNUTLS_PKCS_PLAIN, &pem);
	if (rv < 0) {
		warnx("the TLS key cannot be exported: %s",
		    gnutls_strerror(rv));
		return -1;
	}
	return store(&pem, dir, key_names[TLS_PRIVATE]);
}

static int
store_public(gnutls_x509_privkey_t key, int dir)
{
	gnutls_privkey_t private = NULL;
	gnutls_pubkey_t public = NULL;
	gnutls_datum_t pem = { NULL, 0 };
	int rv;

	if ((rv = gnutls_privkey_init(&private)) == 0 &&
	    (rv = gnutls_pubkey_init(&public)) == 0 &&
	    (rv = gnutls_privkey_import_x509(private, key, 0)) == 0 &&
	    (rv = gnutls_pubkey_import_privkey(public, private,
	    GNUTLS_KEY_DIGITAL_SIGNATURE, 0)) == 0)
		rv = gnutls_pubkey_export2(public, GNUTLS_X509_FMT_PEM, &pem);
	if (public != NULL)
		gnutls_pubkey_deinit(public);
	if (private != NULL)
		gnutls_privkey_deinit(private);
	if (rv < 0) {
		warnx("the public TLS key cannot be exported: %s",
		    gnutls_strerror(rv));
		return -1;
	}
	return store(&pem, dir, key_names[TLS_PUBLIC]);
}

int
tls_generate(const char *type, int dir)
{
	gnutls_pk_algorithm_t pk = find_type(type);
	gnutls_x509_privkey_t key;
	unsigned int bits;
	int rv;

	bits = gnutls_sec_param_to_pk_bits(pk, GNUTLS_SEC_PARAM_ULTRA);
	if ((rv = gnutls_x509_privkey_init(&key)) < 0) {
		warnx("GnuTLS: %s", gnutls_strerror(rv));
		return -1;
	}
	if ((rv = gnutls_x509_privkey_generate(key, pk, bits, 0)) < 0) {
		warnx("no TLS key of type %s can be made: %s", type,
		    gnutls_strerror(rv));
		rv = -1;
	} else if (store_private(key, dir) == -1 ||
	    store_public(key, dir) == -1)
		rv = -1;
	gnutls_x509_privkey_deinit(key);
	return rv;
}

static gnutls_datum_t
datum(const struct buf *b)
{
	return (gnutls_datum_t){ .data = b->p, .size = (unsigned int)b->used };
}

int
tls_key_id(const struct buf *pem, char id[KEY_ID_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	gnutls_datum_t in = datum(pem), der;
	unsigned char hash[KEY_ID_LEN / 2];
	size_t i;
	int rv;

	/* What is in the file is what the client sends, byte for byte. */
	if (gnutls_pem_base64_decode2("PUBLIC KEY", &in, &der) < 0)
		return -1;
	rv = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, hash);
	gnutls_free(der.data);
	if (rv < 0)
		return -1;
	for (i = 0; i < sizeof hash; i++) {
		id[2 * i] = hex[hash[i] >> 4];
		id[2 * i + 1] = hex[hash[i] & 15];
	}
	id[KEY_ID_LEN] = '\0';
	return 0;
}

/* The two keys agree when the public one believes what the other has signed. */
static const char *
try_signature(gnutls_privkey_t private, gnutls_pubkey_t public)
{
	const gnutls_datum_t data = { .data = (unsigned char[]){ "rehearsal" },
	    .size = 9 };
	gnutls_datum_t signature;
	gnutls_sign_algorithm_t algo;
	gnutls_digest_algorithm_t hash;
	int pk, rv;

	pk = gnutls_pubkey_get_pk_algorithm(public, NULL);
	if (gnutls_privkey_get_pk_algorithm(private, NULL) != pk)
		return "the private and the public TLS key do not belong "
		    "together";
	if (gnutls_pubkey_get_preferred_hash_algorithm(public, &hash,
	    NULL) < 0 || (algo = gnutls_pk_to_sign((gnutls_pk_algorithm_t)pk,
	    hash)) == GNUTLS_SIGN_UNKNOWN || gnutls_privkey_sign_data2(private,
	    algo, 0, &data, &signature) < 0)
		return "the private TLS key cannot sign";
	rv = gnutls_pubkey_verify_data2(public, algo, 0, &data, &signature);
	gnutls_free(signature.data);
	return rv < 0 ? "the private and the public TLS key do not belong "
	    "together" : NULL;
}

const char *
tls_check_pair(const struct buf *private_pem, const struct buf *public_pem)
{
	const char *why = "there is not enough memory";
	gnutls_privkey_t private = NULL;
	gnutls_pubkey_t public = NULL;
	gnutls_datum_t pem;
	int rv;

	if (gnutls_privkey_init(&private) < 0 ||
	    gnutls_pubkey_init(&public) < 0)
		goto out;
	pem = datum(private_pem);
	rv = gnutls_privkey_import_x509_raw(private, &pem, GNUTLS_X509_FMT_PEM,
	    NULL, 0);
	if (rv == GNUTLS_E_DECRYPTION_FAILED) {
		why = "the private TLS key is encrypted";
		goto out;
	}
	if (rv < 0) {
		why = "the private TLS key is none, or damaged";
		goto out;
	}
	pem = datum(public_pem);
	if (gnutls_pubkey_import(public, &pem, GNUTLS_X509_FMT_PEM) < 0) {
		why = "the public TLS key is none, or damaged";
		goto out;
	}
	why = try_signature(private, public);

out:
	if (public != NULL)
		gnutls_pubkey_deinit(public);
	if (private != NULL)
		gnutls_privkey_deinit(private);
	return why;
}
