/* SPDX-License-Identifier: ISC */
/*
 * The verified handoff.  This runs in the monitor, on bytes that a hostile
 * session may have made up.  It is a function of its arguments alone: no
 * input or output, no memory allocated before the key is known to be enrolled,
 * and framing at fixed places is all that is read of a handshake.
 *
 * What is not looked at (the rest of ClientHello, extensions, the HelloRetry-
 * Request) is covered by the signature, and a TLS server signs with the
 * context string below only when it speaks TLS 1.3, in a handshake whose
 * messages begin and end where it has seen them begin and end.  A transcript
 * that begins with message_hash is signed only after a HelloRetryRequest;
 * the ClientHello that carries the nonce is then the second.
 */
#include "proof.h"

#include <sys/types.h>

#include <string.h>

#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>

#include "msgs.h"
#include "proof_vector.h"

/* TLS handshake message types.  A CertificateRequest has no place here. */
#define CLIENT_HELLO 1
#define SERVER_HELLO 2
#define ENCRYPTED_EXTENSIONS 8
#define CERTIFICATE 11
#define CERTIFICATE_VERIFY 15
#define MESSAGE_HASH 254

#define LEGACY_VERSION 0x0303	/* of TLS 1.3; DTLS has another */

/* 64 spaces, the context string and its zero byte: RFC 8446, section 4.4.3 */
#define CONTENT \
	"                                                                " \
	"TLS 1.3, server CertificateVerify"

/* The messages in their order; the first two if there was a HelloRetry. */
enum { HASH, RETRY, HELLO, SERVER, EXTENSIONS, CERT, MESSAGES };
static const uint8_t order[MESSAGES] = { MESSAGE_HASH, SERVER_HELLO,
	CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE };

/* The parts of a handshake, where they lie in the caller's buffer. */
struct handshake {
	struct bytes msg[MESSAGES];
	struct bytes spki;
	struct bytes signature;
	unsigned int scheme;
	const struct nettle_hash *hash;
};

static size_t
number(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (len-- > 0)
		n = n << 8 | *p++;
	return n;
}

/* Step over the message that comes next, if it is of this type. */
static int
take(struct bytes *in, uint8_t type, struct bytes *body)
{
	size_t len;

	if (in->len < 4 || in->p[0] != type)
		return 0;
	len = number(in->p + 1, 3);
	if (len > in->len - 4)
		return 0;
	body->p = in->p + 4;
	body->len = len;
	in->p += 4 + len;
	in->len -= 4 + len;
	return 1;
}

/* The list of messages, which has two forms and no other. */
static const char *
check_messages(const struct proof *pf, struct handshake *hs)
{
	struct bytes in = pf->transcript, verify = pf->verify, *sig;
	int i;

	if (in.len > TRANSCRIPT_MAX || verify.len > VERIFY_MAX)
		return "oversized handshake";
	memset(hs, 0, sizeof(*hs));
	for (i = in.len > 0 && in.p[0] == MESSAGE_HASH ? HASH : HELLO;
	    i < MESSAGES; i++)
		if (!take(&in, order[i], &hs->msg[i]))
			return "wrong handshake messages";
	if (in.len != 0)
		return "too many handshake messages";
	sig = &hs->signature;
	if (!take(&verify, CERTIFICATE_VERIFY, sig) || verify.len != 0 ||
	    sig->len < 4 || number(sig->p + 2, 2) != sig->len - 4)
		return "bad CertificateVerify";
	hs->scheme = (unsigned int)number(sig->p, 2);
	sig->p += 4;
	sig->len -= 4;
	return NULL;
}

/* The nonce, and the cipher suite, which says what hash the handshake has. */
static const char *
check_hellos(const uint8_t *nonce, struct handshake *hs)
{
	const size_t fixed = 2 + NONCE_LEN;	/* version and random */
	const struct bytes *ch = &hs->msg[HELLO], *sh = &hs->msg[SERVER];
	size_t suite;

	if (ch->len < fixed || number(ch->p, 2) != LEGACY_VERSION)
		return "bad ClientHello";
	if (!memeql_sec(ch->p + 2, nonce, NONCE_LEN))
		return "wrong nonce";
	if (sh->len < fixed + 1 || number(sh->p, 2) != LEGACY_VERSION ||
	    sh->len - (fixed + 1) < sh->p[fixed] + 2U)
		return "bad ServerHello";
	suite = number(sh->p + fixed + 1 + sh->p[fixed], 2);
	if (suite < 0x1301 || suite > 0x1305)
		return "not a cipher suite of TLS 1.3";
	hs->hash = suite == 0x1302 ? &nettle_sha384 : &nettle_sha256;
	if (hs->msg[HASH].p != NULL &&
	    hs->msg[HASH].len != hs->hash->digest_size)
		return "bad message_hash";
	return NULL;
}

/* No context, and one raw public key without extensions. */
static const char *
check_certificate(struct handshake *hs)
{
	const size_t before = 1 + 3 + 3, behind = 2;
	const struct bytes *cert = &hs->msg[CERT];

	if (cert->len < before + behind || cert->p[0] != 0 ||
	    number(cert->p + 1, 3) != cert->len - 4 ||
	    number(cert->p + 4, 3) != cert->len - before - behind ||
	    number(cert->p + cert->len - behind, behind) != 0)
		return "bad Certificate";
	hs->spki.p = cert->p + before;
	hs->spki.len = cert->len - before - behind;
	return NULL;
}

static int
check_signature(const struct proof *pf, const struct handshake *hs)
{
	uint8_t content[sizeof(CONTENT) + SHA384_DIGEST_SIZE];
	struct bytes in = { content, sizeof(CONTENT) + hs->hash->digest_size };

	memcpy(content, CONTENT, sizeof(CONTENT));
	bytes_hash(hs->hash, pf->transcript, content + sizeof(CONTENT));
	return signature_holds(hs->scheme, hs->spki, hs->signature, in);
}

struct client *
proof_check(struct proof *pf,
    struct client *(*find)(const uint8_t[KEYID_LEN]))
{
	struct handshake hs;
	struct client *client;

	pf->key = PROOF_KEY_NONE;
	if ((pf->flaw = check_messages(pf, &hs)) != NULL ||
	    (pf->flaw = check_hellos(pf->nonce, &hs)) != NULL ||
	    (pf->flaw = check_certificate(&hs)) != NULL)
		return NULL;
	bytes_hash(&nettle_sha256, hs.spki, pf->keyid);
	if (keyid_is_void(pf->keyid) || (client = find(pf->keyid)) == NULL) {
		pf->key = PROOF_KEY_UNKNOWN;
		pf->flaw = "unknown key";
		return NULL;
	}
	pf->key = PROOF_KEY_ENROLLED;
	if (!check_signature(pf, &hs)) {
		pf->flaw = "bad signature";
		return NULL;
	}
	return client;
}

/* The self-test's client table: one key, of a client that nobody looks at. */
static struct client *
find_vector(const uint8_t keyid[KEYID_LEN])
{
	static max_align_t somebody;

	return memcmp(keyid, PROOF_VECTOR_KEYID, KEYID_LEN) == 0 ?
	    (struct client *)(void *)&somebody : NULL;
}

int
proof_selftest(void)
{
	uint8_t good[] = PROOF_VECTOR, nonce[NONCE_LEN];
	const size_t len = sizeof(good) - 1;
	struct proof pf = { nonce, { good, PROOF_VECTOR_VERIFY },
	    { good + PROOF_VECTOR_VERIFY, len - PROOF_VECTOR_VERIFY },
	    NULL, PROOF_KEY_NONE, { 0 } };
	size_t i;

	memcpy(nonce, good + 4 + 2, NONCE_LEN);
	if (proof_check(&pf, find_vector) == NULL)
		return -1;
	for (i = 0; i < len; i += 13) {
		good[i] ^= 1;
		if (proof_check(&pf, find_vector) != NULL)
			return -1;
		good[i] ^= 1;
	}
	return 0;
}
