/* SPDX-License-Identifier: ISC */
/*
 * The only file of netd that includes GnuTLS.  In the Mandos protocol the
 * server is the TLS client: it chooses ClientHello.random, and the peer signs
 * the transcript that contains it.  The hook below records that transcript
 * for the monitor, which believes the signature and not this process.
 */
#include "tls.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "priority.h"

#define SESSION_FLAGS (GNUTLS_CLIENT | GNUTLS_ENABLE_RAWPK |		\
	GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL)

/* Handshake types with a meaning here (RFC 8446, section 4). */
#define HS_HELLO_REQUEST 0
#define HS_CLIENT_HELLO 1
#define HS_SERVER_HELLO 2
#define HS_NEW_SESSION_TICKET 4
#define HS_ENCRYPTED_EXTENSIONS 8
#define HS_CERTIFICATE 11
#define HS_CERTIFICATE_VERIFY 15
#define HS_KEY_UPDATE 24
#define HS_MESSAGE_HASH 254
#define HS_HELLO_RETRY_REQUEST 1025 /* GnuTLS's number; 2 on the wire */

#define SUITE_AES_256_GCM_SHA384 0x1302
#define HELLO_RANDOM 6		/* offset in a hello, header and all */
#define HELLO_SESSION_ID 38
#define CERTIFICATE_SPKI 11

struct tls_params {
	gnutls_priority_t priority;
	unsigned int flags;
};

static struct tls_params ours;	/* what the self-test uses */
static struct tls_params chosen;	/* what sessions use */
static gnutls_certificate_credentials_t no_credentials;

/* Which hash a hello's cipher suite brings; 0 for a hello cut short. */
static gnutls_digest_algorithm_t
suite_digest(const uint8_t *hello, size_t len)
{
	size_t at;

	if (len <= HELLO_SESSION_ID)
		return 0;
	at = HELLO_SESSION_ID + 1 + hello[HELLO_SESSION_ID];
	if (len < at + 2)
		return 0;
	return (hello[at] << 8 | hello[at + 1]) == SUITE_AES_256_GCM_SHA384 ?
	    GNUTLS_DIG_SHA384 : GNUTLS_DIG_SHA256;
}

static void
put_header(uint8_t *p, unsigned int type, size_t len)
{
	p[0] = (uint8_t)type;
	p[1] = (uint8_t)(len >> 16);
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
}

/*
 * Put the hash of the first ClientHello in its place, as RFC 8446, section
 * 4.4.1 has it, because the peer has answered with this HelloRetryRequest.
 */
static int
replace_hello(struct tls *tls, const gnutls_datum_t *retry)
{
	uint8_t hash[64], hello[HELLO_SESSION_ID + 1 + 32 + 2];
	gnutls_digest_algorithm_t digest;
	size_t len = sizeof hello - 4;
	int n;

	if (len > retry->size)
		len = retry->size;
	memset(hello, 0, 4);
	memcpy(hello + 4, retry->data, len);
	if ((digest = suite_digest(hello, len + 4)) == 0 ||
	    gnutls_hash_fast(digest, tls->proof, tls->transcript_len, hash) < 0)
		return -1;
	n = (int)gnutls_hash_get_len(digest);
	put_header(tls->proof, HS_MESSAGE_HASH, (size_t)n);
	memcpy(tls->proof + 4, hash, (size_t)n);
	tls->transcript_len = 4 + (size_t)n;
	return 0;
}

/* Called by GnuTLS with the body of each message before it is parsed. */
static int
record_message(gnutls_session_t session, unsigned int type, unsigned int when,
    unsigned int incoming, const gnutls_datum_t *body)
{
	struct tls *tls = gnutls_session_get_ptr(session);
	uint8_t *p = tls->proof + tls->transcript_len;
	size_t room = TRANSCRIPT_MAX - tls->transcript_len;

	(void)when;
	(void)incoming;
	if (tls->over || type == HS_HELLO_REQUEST ||
	    type == HS_NEW_SESSION_TICKET || type == HS_KEY_UPDATE)
		return 0;
	if (type == HS_HELLO_RETRY_REQUEST) {
		if (replace_hello(tls, body) == -1)
			return GNUTLS_E_UNEXPECTED_PACKET_LENGTH;
		type = HS_SERVER_HELLO;
		p = tls->proof + tls->transcript_len;
		room = TRANSCRIPT_MAX - tls->transcript_len;
	}
	if (type == HS_CERTIFICATE_VERIFY) {
		/* Not part of what it signs itself: kept apart. */
		room = VERIFY_MAX;
		tls->over = 1;
	}
	if (room < 4 || body->size > room - 4)
		return GNUTLS_E_HANDSHAKE_TOO_LARGE;
	put_header(p, type, body->size);
	memcpy(p + 4, body->data, body->size);
	if (tls->over)
		tls->verify_len = 4 + body->size;
	else
		tls->transcript_len += 4 + body->size;
	return 0;
}

static ssize_t
push(gnutls_transport_ptr_t ptr, const void *bytes, size_t len)
{
	struct tls *tls = ptr;

	if (wire_put(tls->wire, bytes, len) == -1) {
		gnutls_transport_set_errno(tls->session, errno);
		return -1;
	}
	return (ssize_t)len;
}

static ssize_t
pull(gnutls_transport_ptr_t ptr, void *bytes, size_t len)
{
	struct tls *tls = ptr;
	struct wire *wire = tls->wire;
	size_t have;
	int n;

	if (wire->in_at == wire->in_len) {
		/*
		 * Whoever is about to wait has said all he had to say.  Even
		 * a lone ChangeCipherSpec goes at once: it takes the ACK along
		 * for which the peer's TCP holds back the next messages.
		 */
		if (wire->out_len > 0 && wire_flush(wire, 0) == -1)
			n = -1;
		else
			n = wire_fill(wire);
		if (n == -1)
			gnutls_transport_set_errno(tls->session, errno);
		if (n <= 0)
			return n;
	}
	have = wire->in_len - wire->in_at;
	if (len > have)
		len = have;
	memcpy(bytes, wire->in + wire->in_at, len);
	wire->in_at += len;
	return (ssize_t)len;
}

/* Would any handshake under this priority be one that we cannot prove? */
static const char *
find_fault(gnutls_priority_t priority)
{
	const unsigned int *list;
	int i, n;

	if ((n = gnutls_priority_protocol_list(priority, &list)) <= 0)
		return "it allows no version of TLS";
	for (i = 0; i < n; i++)
		if (list[i] != GNUTLS_TLS1_3)
			return "it allows a version other than TLS 1.3, with "
			    "which the key of a client cannot be verified";
	n = gnutls_priority_certificate_type_list2(priority, &list,
	    GNUTLS_CTYPE_SERVER);
	for (i = 0; i < n; i++)
		if (list[i] == GNUTLS_CRT_RAWPK)
			return NULL;
	return "it does not allow raw public keys (CTYPE-RAWPK), which are "
	    "all that clients have";
}

static const char *
load_priority(struct tls_params *params, const char *string)
{
	gnutls_priority_t priority;
	const char *fault;
	int ret;

	if ((ret = gnutls_priority_init2(&priority, string, NULL, 0)) < 0)
		return ret == GNUTLS_E_INVALID_REQUEST ?
		    "it is no priority string for GnuTLS" :
		    gnutls_strerror(ret);
	if ((fault = find_fault(priority)) != NULL) {
		gnutls_priority_deinit(priority);
		return fault;
	}
	params->priority = priority;
	return NULL;
}

static const char *
load_ours(void)
{
	int ret;

	if (ours.priority != NULL)
		return NULL;
	if ((ret = gnutls_global_init()) < 0 ||
	    (ret = gnutls_certificate_allocate_credentials(&no_credentials)) <
	    0)
		return gnutls_strerror(ret);
	ours.flags = SESSION_FLAGS | GNUTLS_KEY_SHARE_TOP;
	return load_priority(&ours, PRIORITY_DEFAULT);
}

const char *
tls_setup(const char *string)
{
	const char *fault;

	if ((fault = load_ours()) != NULL)
		return fault;
	if (*string == '\0' || strcmp(string, PRIORITY_DEFAULT) == 0) {
		chosen = ours;
		return NULL;
	}
	/* An administrator's own choice is used as it is. */
	chosen.flags = SESSION_FLAGS;
	return load_priority(&chosen, string);
}

static int
open_with(struct tls *tls, struct wire *wire, const uint8_t nonce[NONCE_LEN],
    const struct tls_params *params)
{
	gnutls_datum_t random;
	uint8_t copy[NONCE_LEN];

	tls->wire = wire;
	tls->over = 0;
	tls->transcript_len = tls->verify_len = 0;
	memcpy(copy, nonce, sizeof copy);
	random.data = copy;
	random.size = sizeof copy;
	if (gnutls_init(&tls->session, params->flags) < 0)
		return -1;
	if (gnutls_priority_set(tls->session, params->priority) < 0 ||
	    gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
	    no_credentials) < 0 ||
	    gnutls_handshake_set_random(tls->session, &random) < 0) {
		gnutls_deinit(tls->session);
		return -1;
	}
	gnutls_session_set_ptr(tls->session, tls);
	gnutls_handshake_set_hook_function(tls->session, GNUTLS_HANDSHAKE_ANY,
	    GNUTLS_HOOK_PRE, record_message);
	gnutls_transport_set_ptr(tls->session, tls);
	gnutls_transport_set_push_function(tls->session, push);
	gnutls_transport_set_pull_function(tls->session, pull);
	return 0;
}

int
tls_open(struct tls *tls, struct wire *wire, const uint8_t nonce[NONCE_LEN])
{
	return open_with(tls, wire, nonce, &chosen);
}

void
tls_close(struct tls *tls)
{
	gnutls_deinit(tls->session);
	tls->session = NULL;
}

enum tls_result
tls_handshake(struct tls *tls, const char **why)
{
	int ret;

	/*
	 * GnuTLS gives up its turn within long messages and for warnings; the
	 * budget of the wire ends that.
	 */
	do
		ret = gnutls_handshake(tls->session);
	while (ret < 0 && !gnutls_error_is_fatal(ret));
	if (ret == 0 && tls->verify_len > 0)
		return TLS_DONE;
	*why = ret == 0 ? "The peer has signed nothing." :
	    gnutls_strerror(ret);
	switch (ret) {
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
	case GNUTLS_E_SESSION_EOF:
		return tls->wire->budget > 0 ? TLS_GONE : TLS_GARBAGE;
	default:
		return TLS_GARBAGE;
	}
}

int
tls_peer_is_raw(const struct tls *tls)
{
	return gnutls_certificate_type_get2(tls->session, GNUTLS_CTYPE_PEERS) ==
	    GNUTLS_CRT_RAWPK;
}

int
tls_send(struct tls *tls, const uint8_t *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = gnutls_record_send(tls->session, bytes, len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int
tls_bye(struct tls *tls)
{
	if (gnutls_bye(tls->session, GNUTLS_SHUT_WR) < 0)
		return -1;
	return wire_finish(tls->wire);
}

void
tls_drain(struct tls *tls)
{
	uint8_t bytes[512];
	ssize_t n;

	tls->wire->budget = WIRE_BUDGET;
	do
		n = gnutls_record_recv(tls->session, bytes, sizeof bytes);
	while (n > 0 || (n < 0 && !gnutls_error_is_fatal((int)n)));
}

/*
 * The self-test: the other side of a connection, as a Mandos client is it,
 * with a key of its own that nothing else ever sees.
 */
struct mirror {
	gnutls_certificate_credentials_t credentials;
	gnutls_pubkey_t key;
	gnutls_priority_t priority;
	gnutls_session_t session;
};

#define MIRROR "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CTYPE-ALL:+CTYPE-RAWPK"
/* We offer a key share for X25519 alone: this peer asks for another. */
#define MIRROR_RETRIES MIRROR ":-GROUP-ALL:+GROUP-SECP256R1"

static const char *const no_memory = "its peer cannot be prepared";

static int
mirror_make_key(struct mirror *mirror)
{
	gnutls_privkey_t key;
	gnutls_pubkey_t shown;
	gnutls_pcert_st cert;

	/* What is left behind on failure dies with the process. */
	if (gnutls_privkey_init(&key) < 0 ||
	    gnutls_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519), 0) < 0 ||
	    gnutls_pubkey_init(&mirror->key) < 0 ||
	    gnutls_pubkey_import_privkey(mirror->key, key, 0, 0) < 0 ||
	    gnutls_pubkey_init(&shown) < 0 ||
	    gnutls_pubkey_import_privkey(shown, key, 0, 0) < 0 ||
	    gnutls_pcert_import_rawpk(&cert, shown, 0) < 0 ||
	    gnutls_certificate_allocate_credentials(&mirror->credentials) < 0)
		return -1;
	/* The credentials own certificate and key from here on. */
	return gnutls_certificate_set_key(mirror->credentials, NULL, 0, &cert,
	    1, key) < 0 ? -1 : 0;
}

static int
mirror_open(struct mirror *mirror, const char *priority, int fd)
{
	if (gnutls_priority_init2(&mirror->priority, priority, NULL, 0) < 0 ||
	    gnutls_init(&mirror->session, GNUTLS_SERVER | GNUTLS_ENABLE_RAWPK |
	    GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL | GNUTLS_NONBLOCK) < 0 ||
	    gnutls_priority_set(mirror->session, mirror->priority) < 0 ||
	    gnutls_credentials_set(mirror->session, GNUTLS_CRD_CERTIFICATE,
	    mirror->credentials) < 0)
		return -1;
	gnutls_transport_set_int(mirror->session, fd);
	return 0;
}

static void
mirror_close(struct mirror *mirror)
{
	gnutls_deinit(mirror->session);
	gnutls_priority_deinit(mirror->priority);
	gnutls_certificate_free_credentials(mirror->credentials);
	gnutls_pubkey_deinit(mirror->key);
}

/* The next message of the record, if it is of this type. */
static const uint8_t *
next_message(const struct tls *tls, size_t *at, unsigned int type, size_t *len)
{
	const uint8_t *p = tls->proof + *at;

	if (tls->transcript_len - *at < 4 || p[0] != type)
		return NULL;
	*len = 4 + ((size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
	if (*len > tls->transcript_len - *at)
		return NULL;
	*at += *len;
	return p;
}

/* Does this CertificateVerify sign the record? */
static int
verify(const struct tls *tls, gnutls_digest_algorithm_t digest,
    gnutls_pubkey_t key)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	const uint8_t *p = tls->proof + tls->transcript_len;
	uint8_t content[64 + sizeof context + 64], bytes[64];
	gnutls_datum_t data = { content, 0 }, signature = { bytes, 64 };

	/* Ed25519: type, length, scheme, length, signature. */
	if (digest == 0 || tls->verify_len != 8 + 64 ||
	    memcmp(p, "\017\0\0\104\010\007\0\100", 8) != 0)
		return -1;
	memset(content, ' ', 64);
	memcpy(content + 64, context, sizeof context);
	if (gnutls_hash_fast(digest, tls->proof, tls->transcript_len,
	    content + 64 + sizeof context) < 0)
		return -1;
	data.size = (unsigned int)(64 + sizeof context +
	    (size_t)gnutls_hash_get_len(digest));
	memcpy(bytes, p + 8, sizeof bytes);
	return gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0,
	    &data, &signature) < 0 ? -1 : 0;
}

static const char *
check_record(const struct tls *tls, const uint8_t nonce[NONCE_LEN],
    gnutls_pubkey_t key, int retried)
{
	const uint8_t *hello, *answer, *cert;
	gnutls_datum_t spki;
	gnutls_digest_algorithm_t digest;
	size_t at = 0, len, answer_len;
	int same;

	if (retried &&
	    (next_message(tls, &at, HS_MESSAGE_HASH, &len) == NULL ||
	    next_message(tls, &at, HS_SERVER_HELLO, &len) == NULL))
		return "it records no HelloRetryRequest";
	if ((hello = next_message(tls, &at, HS_CLIENT_HELLO, &len)) == NULL ||
	    len < HELLO_RANDOM + NONCE_LEN)
		return "it records no ClientHello";
	if (memcmp(hello + HELLO_RANDOM, nonce, NONCE_LEN) != 0)
		return "it does not use the random bytes it is given";
	if ((answer = next_message(tls, &at, HS_SERVER_HELLO, &answer_len)) ==
	    NULL ||
	    next_message(tls, &at, HS_ENCRYPTED_EXTENSIONS, &len) == NULL ||
	    (cert = next_message(tls, &at, HS_CERTIFICATE, &len)) == NULL ||
	    at != tls->transcript_len)
		return "it records other messages than it should";
	if (gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki) < 0)
		return no_memory;
	same = len == CERTIFICATE_SPKI + spki.size + 2 &&
	    memcmp(cert + CERTIFICATE_SPKI, spki.data, spki.size) == 0;
	gnutls_free(spki.data);
	if (!same)
		return "it records another key than the peer's";
	digest = suite_digest(answer, answer_len);
	return verify(tls, digest, key) == -1 ?
	    "it records other bytes than the peer has signed" : NULL;
}

#define TURNS 16 /* more than enough for either side */

static const char *
shake_hands(struct tls *tls, struct mirror *mirror)
{
	int a = GNUTLS_E_AGAIN, b = GNUTLS_E_AGAIN, turn;

	for (turn = 0; turn < TURNS && (a < 0 || b < 0); turn++) {
		if (a < 0 && (a = gnutls_handshake(tls->session)) < 0 &&
		    gnutls_error_is_fatal(a))
			return gnutls_strerror(a);
		if (a == 0 && wire_flush(tls->wire, 0) == -1)
			return strerror(errno);
		if (b < 0 && (b = gnutls_handshake(mirror->session)) < 0 &&
		    gnutls_error_is_fatal(b))
			return gnutls_strerror(b);
	}
	return a == 0 && b == 0 ? NULL : "it comes to no end";
}

/* The rest of a connection, from the secret to the peer's goodbye. */
static const char *
say_goodbye(struct tls *tls, struct mirror *mirror)
{
	static const uint8_t text[1200] = "not a secret";
	uint8_t got[sizeof text];

	if (tls_send(tls, text, sizeof text) == -1 || tls_bye(tls) == -1 ||
	    gnutls_record_recv(mirror->session, got, sizeof got) !=
	    (ssize_t)sizeof text || memcmp(text, got, sizeof text) != 0 ||
	    gnutls_bye(mirror->session, GNUTLS_SHUT_RDWR) < 0)
		return "it does not deliver what is sent";
	tls_drain(tls);
	return NULL;
}

/* One connection with ourselves, over a socket pair. */
static const char *
try_connection(const struct tls_params *params, const char *priority,
    int retried)
{
	static struct tls tls;
	static struct wire wire;
	struct mirror mirror;
	uint8_t nonce[NONCE_LEN];
	const char *fault = no_memory;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    fds) == -1)
		return strerror(errno);
	wire_init(&wire, fds[0]);
	if (gnutls_rnd(GNUTLS_RND_NONCE, nonce, sizeof nonce) < 0 ||
	    gnutls_rnd(GNUTLS_RND_RANDOM, nonce, sizeof nonce) < 0 ||
	    gnutls_rnd(GNUTLS_RND_KEY, nonce, sizeof nonce) < 0 ||
	    open_with(&tls, &wire, nonce, params) == -1)
		goto out_close;
	if (mirror_make_key(&mirror) == -1 ||
	    mirror_open(&mirror, priority, fds[1]) == -1)
		goto out_tls;
	if ((fault = shake_hands(&tls, &mirror)) == NULL &&
	    (fault = check_record(&tls, nonce, mirror.key, retried)) == NULL)
		fault = say_goodbye(&tls, &mirror);
	mirror_close(&mirror);
out_tls:
	tls_close(&tls);
out_close:
	close(fds[0]);
	close(fds[1]);
	return fault;
}

const char *
tls_selftest(void)
{
	const char *fault;

	if ((fault = load_ours()) != NULL ||
	    (fault = try_connection(&ours, MIRROR_RETRIES, 1)) != NULL)
		return fault;
	/* Last what happens most: it leaves its traces in the caches. */
	return try_connection(&ours, MIRROR, 0);
}

void
tls_warm(void)
{
	if (chosen.priority != ours.priority)
		(void)try_connection(&chosen, MIRROR, 0);
}
