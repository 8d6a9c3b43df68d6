/* SPDX-License-Identifier: ISC */
/*
 * Decrypts the secrets in the original's file: OpenPGP messages (RFC 4880) by
 * passphrase, as gpg --symmetric makes them.  gpg itself is not asked: it
 * would be a program to run, a home for its agent to make and to remove, and
 * a passphrase in a file.  Run by a process without any power; it must not
 * trust what it reads, and looks inside only if the message's own checksum is
 * right.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include <nettle/cfb.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>

#include "log.h"

/*
 * The passphrase is made of the secret in clients.conf: a word, and the
 * secret in hexadecimal; or, where gpg would not read that much, the secret
 * itself with three bytes escaped.
 */
#define PASS_PREFIX "mandos"
#define PASS_HEX_MAX 2048

#define BLOCK_MAX 16
#define KEY_MAX 32
#define HASH_MAX 64
#define MDC_LEN 22		/* two bytes of header and a SHA-1 */

struct cipher {
	int id;			/* as OpenPGP numbers them */
	const struct nettle_cipher *cipher;
};

struct hash {
	int id;
	const struct nettle_hash *hash;
};

static const struct cipher ciphers[] = {
	{ 3, &nettle_cast128 },
	{ 7, &nettle_aes128 },
	{ 8, &nettle_aes192 },
	{ 9, &nettle_aes256 },
	{ 10, &nettle_twofish256 },
	{ 11, &nettle_camellia128 },
	{ 12, &nettle_camellia192 },
	{ 13, &nettle_camellia256 },
};

static const struct hash hashes[] = {
	{ 2, &nettle_sha1 },
	{ 3, &nettle_ripemd160 },
	{ 8, &nettle_sha256 },
	{ 9, &nettle_sha384 },
	{ 10, &nettle_sha512 },
	{ 11, &nettle_sha224 },
};

#define LENGTH(array) (sizeof array / sizeof array[0])

/* How a passphrase becomes a key: a string-to-key specifier. */
struct s2k {
	const struct nettle_cipher *cipher;
	const struct nettle_hash *hash;
	const uint8_t *salt;
	size_t salt_len;
	size_t count;		/* of bytes to hash */
};

static int
read_s2k(struct input *in, struct s2k *s2k)
{
	struct input salt = { NULL, 0 };
	size_t version, cipher, type, hash, count = 0, i;

	if (packet_take_number(in, 1, &version) == -1 || version != 4 ||
	    packet_take_number(in, 1, &cipher) == -1 ||
	    packet_take_number(in, 1, &type) == -1 ||
	    packet_take_number(in, 1, &hash) == -1)
		return -1;
	for (i = 0; i < LENGTH(ciphers); i++)
		if ((size_t)ciphers[i].id == cipher)
			s2k->cipher = ciphers[i].cipher;
	for (i = 0; i < LENGTH(hashes); i++)
		if ((size_t)hashes[i].id == hash)
			s2k->hash = hashes[i].hash;
	if (s2k->cipher == NULL || s2k->hash == NULL ||
	    (type != 0 && type != 1 && type != 3) ||
	    (type != 0 && packet_take(in, 8, &salt) == -1) ||
	    (type == 3 && packet_take_number(in, 1, &count) == -1))
		return -1;
	s2k->salt = salt.p;
	s2k->salt_len = salt.len;
	s2k->count = type == 3 ? (16 + (count & 15)) << ((count >> 4) + 6) : 0;
	/* What is behind would be a session key of its own. */
	return in->len == 0 ? 0 : -1;
}

/* Hash salt and passphrase, over and over up to the count. */
static void
hash_pass(const struct s2k *s2k, void *ctx, const struct str *pass)
{
	size_t left = s2k->count, n;

	if (left < s2k->salt_len + pass->len)
		left = s2k->salt_len + pass->len;
	while (left > 0) {
		n = left < s2k->salt_len ? left : s2k->salt_len;
		if (n > 0)
			s2k->hash->update(ctx, n, s2k->salt);
		left -= n;
		n = left < pass->len ? left : pass->len;
		s2k->hash->update(ctx, n, (const uint8_t *)pass->p);
		left -= n;
	}
}

/* A key longer than the hash is made of several, each after more zeros. */
static void
make_key(const struct s2k *s2k, const struct str *pass, uint8_t key[KEY_MAX])
{
	static const uint8_t zero[1];
	uint8_t sum[HASH_MAX];
	void *ctx;
	size_t size = s2k->hash->digest_size, done, i, n;

	if ((ctx = calloc(1, s2k->hash->context_size)) == NULL)
		fatal("calloc");
	for (done = 0; done < s2k->cipher->key_size; done += n) {
		s2k->hash->init(ctx);
		for (i = 0; i < done / size; i++)
			s2k->hash->update(ctx, 1, zero);
		hash_pass(s2k, ctx, pass);
		s2k->hash->digest(ctx, size, sum);
		n = s2k->cipher->key_size - done;
		if (n > size)
			n = size;
		memcpy(key + done, sum, n);
	}
	explicit_bzero(sum, sizeof sum);
	freezero(ctx, s2k->hash->context_size);
}

/* Decrypt in place; then the checksum at the end must be right. */
static int
decrypt(const struct s2k *s2k, const uint8_t *key, struct str *text)
{
	const struct nettle_cipher *c = s2k->cipher;
	uint8_t iv[BLOCK_MAX] = { 0 }, sum[20], *p = (uint8_t *)text->p;
	struct sha1_ctx sha;
	void *ctx;

	if ((ctx = calloc(1, c->context_size)) == NULL)
		fatal("calloc");
	c->set_encrypt_key(ctx, key);
	cfb_decrypt(ctx, c->encrypt, c->block_size, iv, text->len, p, p);
	freezero(ctx, c->context_size);
	sha1_init(&sha);
	sha1_update(&sha, text->len - (MDC_LEN - 2), p);
	sha1_digest(&sha, sizeof sum, sum);
	p += text->len - MDC_LEN;
	return p[0] == 0xd3 && p[1] == 0x14 &&
	    memcmp(p + 2, sum, sizeof sum) == 0 ? 0 : -1;
}

static void
pass_in_hex(const uint8_t *key, size_t len, struct str *pass)
{
	static const char hex[] = "0123456789abcdef";
	char *p = pass->p + pass->len;
	size_t i;

	for (i = 0; i < len; i++) {
		*p++ = hex[key[i] >> 4];
		*p++ = hex[key[i] & 0x0f];
	}
	pass->len += 2 * len;
}

static void
pass_escaped(const uint8_t *key, size_t len, struct str *pass)
{
	char *p = pass->p + pass->len;
	size_t i;

	for (i = 0; i < len; i++) {
		if (key[i] == '\\')
			p = stpcpy(p, "\\\\");
		else if (key[i] == '\n')
			p = stpcpy(p, "\\n");
		else if (key[i] == '\0')
			p = stpcpy(p, "\\x00");
		else
			*p++ = (char)key[i];
	}
	pass->len = (size_t)(p - pass->p);
}

static void
make_pass(const uint8_t *key, size_t len, struct str *pass)
{
	size_t prefix = strlen(PASS_PREFIX);

	/* An escaped byte is four at most. */
	if ((pass->p = calloc(1, prefix + 4 * len + 1)) == NULL)
		fatal("calloc");
	memcpy(pass->p, PASS_PREFIX, prefix);
	pass->len = prefix;
	if (prefix + 2 * len <= PASS_HEX_MAX)
		pass_in_hex(key, len, pass);
	else
		pass_escaped(key, len, pass);
}

static int
open_message(const struct s2k *s2k, const uint8_t *key, size_t len,
    struct str *text, struct str *out, const char **why)
{
	struct str pass = { NULL, 0 };
	uint8_t session[KEY_MAX];
	size_t head = s2k->cipher->block_size + 2;
	struct input in;
	int rc = -1;

	make_pass(key, len, &pass);
	make_key(s2k, &pass, session);
	str_free(&pass);
	*why = "the secret in clients.conf has changed";
	if (decrypt(s2k, session, text) == 0) {
		*why = "what is encrypted cannot be read";
		/* Behind a random block and two bytes of it once more. */
		in.p = (const uint8_t *)text->p + head;
		in.len = text->len - head - MDC_LEN;
		rc = packet_read(in, out);
	}
	explicit_bzero(session, sizeof session);
	return rc;
}

int
unlock(const uint8_t *sealed, size_t sealed_len, const uint8_t *key,
    size_t key_len, struct str *out, const char **why)
{
	struct input in = { sealed, sealed_len }, rest;
	struct s2k s2k = { .cipher = NULL };
	struct str spec = { NULL, 0 }, text = { NULL, 0 };
	int rc = -1;

	*why = "it is not encrypted as expected";
	if (packet_take_body(&in, PACKET_PASSPHRASE, &spec) == 0) {
		rest.p = (const uint8_t *)spec.p;
		rest.len = spec.len;
		if (read_s2k(&rest, &s2k) == 0 &&
		    packet_take_body(&in, PACKET_ENCRYPTED, &text) == 0 &&
		    in.len == 0 &&
		    text.len >= 1 + s2k.cipher->block_size + 2 + MDC_LEN &&
		    text.p[0] == 1) {
			/* The first byte is a version and not encrypted. */
			memmove(text.p, text.p + 1, --text.len);
			rc = open_message(&s2k, key, key_len, &text, out, why);
		}
	}
	str_free(&spec);
	str_free(&text);
	return rc;
}
