/* SPDX-License-Identifier: ISC */
/*
 * A Mandos client as a library for tests.  Blocking; a deadline for each
 * connection.  Runs in the test's own process, at the far end of everything
 * that is under test.
 */
#include "peer.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "keytable.h"

static const struct {
	const char *name;
	gnutls_pk_algorithm_t pk;
	unsigned int bits;
} types[PEER_KEYTYPES] = {
	[PEER_ED25519] = { "ed25519", GNUTLS_PK_EDDSA_ED25519,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519) },
	[PEER_ED448] = { "ed448", GNUTLS_PK_EDDSA_ED448,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED448) },
	[PEER_P256] = { "p256", GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) },
	[PEER_P384] = { "p384", GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1) },
	[PEER_P521] = { "p521", GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1) },
	[PEER_RSA] = { "rsa", GNUTLS_PK_RSA, 3072 },
	[PEER_RSA_PSS] = { "rsa-pss", GNUTLS_PK_RSA_PSS, 3072 }
};

/* Parsed once, because storm makes thousands of sessions. */
static gnutls_priority_t default_priority;

void
peer_init(void)
{
	int r;

	if ((r = gnutls_global_init()) < 0 ||
	    (r = gnutls_priority_init(&default_priority, PEER_PRIORITY,
	    NULL)) < 0)
		errx(1, "GnuTLS: %s", gnutls_strerror(r));
}

int
peer_keytype(const char *name)
{
	int i;

	for (i = 0; i < PEER_KEYTYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return i;
	return -1;
}

const char *
peer_keytype_name(enum peer_keytype type)
{
	return types[type].name;
}

/* Takes over both data, which are GnuTLS's memory. */
static struct peer_key *
key_make(gnutls_datum_t spki, gnutls_datum_t private)
{
	struct peer_key *key;

	if ((key = calloc(1, sizeof(*key))) == NULL) {
		gnutls_free(spki.data);
		gnutls_free(private.data);
		return NULL;
	}
	key->spki = spki;
	key->private = private;
	keytable_keyid(spki.data, spki.size, key->id);
	if (gnutls_certificate_allocate_credentials(&key->cred) < 0) {
		key->cred = NULL;
		goto bad;
	}
	/* GnuTLS's own check of the pair costs a signature; see forge, too. */
	gnutls_certificate_set_flags(key->cred,
	    GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	if (gnutls_certificate_set_rawpk_key_mem(key->cred, &key->spki,
	    &key->private, GNUTLS_X509_FMT_DER, NULL, 0, NULL, 0, 0) < 0)
		goto bad;
	return key;

bad:
	peer_key_free(key);
	return NULL;
}

static struct peer_key *
key_from_private(gnutls_x509_privkey_t x509)
{
	gnutls_datum_t spki = { NULL, 0 }, private = { NULL, 0 };
	struct peer_key *key = NULL;
	gnutls_privkey_t privkey;
	gnutls_pubkey_t pubkey;

	if (gnutls_privkey_init(&privkey) < 0)
		return NULL;
	if (gnutls_pubkey_init(&pubkey) < 0)
		goto out_privkey;
	if (gnutls_privkey_import_x509(privkey, x509, 0) == 0 &&
	    gnutls_pubkey_import_privkey(pubkey, privkey, 0, 0) == 0 &&
	    gnutls_pubkey_export2(pubkey, GNUTLS_X509_FMT_DER, &spki) == 0 &&
	    gnutls_x509_privkey_export2_pkcs8(x509, GNUTLS_X509_FMT_DER, NULL,
	    GNUTLS_PKCS_PLAIN, &private) == 0)
		key = key_make(spki, private);
	else
		gnutls_free(spki.data);
	gnutls_pubkey_deinit(pubkey);
out_privkey:
	gnutls_privkey_deinit(privkey);
	return key;
}

struct peer_key *
peer_key_new(enum peer_keytype type)
{
	struct peer_key *key = NULL;
	gnutls_x509_privkey_t x509;

	if (gnutls_x509_privkey_init(&x509) < 0)
		return NULL;
	if (gnutls_x509_privkey_generate(x509, types[type].pk,
	    types[type].bits, 0) == 0)
		key = key_from_private(x509);
	gnutls_x509_privkey_deinit(x509);
	return key;
}

static int
datum_copy(gnutls_datum_t *to, const void *data, size_t len)
{
	if ((to->data = gnutls_malloc(len)) == NULL)
		return -1;
	memcpy(to->data, data, len);
	to->size = (unsigned int)len;
	return 0;
}

struct peer_key *
peer_key_seed(const uint8_t seed[32], const uint8_t point[32])
{
	static const uint8_t prefix[16] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30,
		0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
	uint8_t der[KEYTABLE_SPKI_LEN], pkcs8[sizeof(prefix) + 32];
	struct keytable_entry entry;
	gnutls_datum_t spki, private;

	memcpy(entry.point, point, sizeof(entry.point));
	keytable_spki(&entry, der);
	memcpy(pkcs8, prefix, sizeof(prefix));
	memcpy(pkcs8 + sizeof(prefix), seed, 32);
	if (datum_copy(&spki, der, sizeof(der)) == -1)
		return NULL;
	if (datum_copy(&private, pkcs8, sizeof(pkcs8)) == -1) {
		gnutls_free(spki.data);
		return NULL;
	}
	return key_make(spki, private);
}

struct peer_key *
peer_key_load(const char *private_path, const char *public_path)
{
	gnutls_datum_t pem, public, spki, private;
	struct peer_key *key = NULL;
	gnutls_x509_privkey_t x509;

	if (gnutls_load_file(private_path, &pem) < 0)
		return NULL;
	if (gnutls_load_file(public_path, &public) < 0)
		goto out_pem;
	if (gnutls_x509_privkey_init(&x509) < 0)
		goto out_public;
	if (gnutls_x509_privkey_import(x509, &pem, GNUTLS_X509_FMT_PEM) < 0 ||
	    gnutls_pem_base64_decode2("PUBLIC KEY", &public, &spki) < 0)
		goto out_x509;
	if (gnutls_x509_privkey_export2_pkcs8(x509, GNUTLS_X509_FMT_DER, NULL,
	    GNUTLS_PKCS_PLAIN, &private) == 0)
		key = key_make(spki, private);
	else
		gnutls_free(spki.data);
out_x509:
	gnutls_x509_privkey_deinit(x509);
out_public:
	gnutls_free(public.data);
out_pem:
	gnutls_free(pem.data);
	return key;
}

struct peer_key *
peer_key_forge(const struct peer_key *public, const struct peer_key *private)
{
	gnutls_datum_t spki, secret;

	if (datum_copy(&spki, public->spki.data, public->spki.size) == -1)
		return NULL;
	if (datum_copy(&secret, private->private.data,
	    private->private.size) == -1) {
		gnutls_free(spki.data);
		return NULL;
	}
	return key_make(spki, secret);
}

void
peer_key_free(struct peer_key *key)
{
	if (key == NULL)
		return;
	if (key->cred != NULL)
		gnutls_certificate_free_credentials(key->cred);
	gnutls_free(key->spki.data);
	gnutls_free(key->private.data);
	free(key);
}

static int
pem_save(const char *path, const char *title, const gnutls_datum_t *der)
{
	gnutls_datum_t pem;
	ssize_t done = -1;
	int fd;

	if (gnutls_pem_base64_encode2(title, der, &pem) < 0) {
		errno = ENOMEM;
		return -1;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd != -1) {
		done = write(fd, pem.data, pem.size);
		if (close(fd) == -1)
			done = -1;
	}
	if (done != -1 && (size_t)done != pem.size) {
		errno = EIO;
		done = -1;
	}
	gnutls_free(pem.data);
	return done == -1 ? -1 : 0;
}

int
peer_key_save(const struct peer_key *key, const char *private,
    const char *public)
{
	if (pem_save(private, "PRIVATE KEY", &key->private) == -1)
		return -1;
	return pem_save(public, "PUBLIC KEY", &key->spki);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Milliseconds to the deadline; never 0, which GnuTLS takes as "at once". */
static unsigned int
left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - now_ms();

	return left > 0 ? (unsigned int)left : 1;
}

static int64_t
deadline_of(const struct peer_to *to)
{
	return now_ms() + (to->timeout_ms > 0 ? to->timeout_ms : 10000);
}

/* An address of text; getaddrinfo(3) is what understands "%scope". */
static struct addrinfo *
resolve(const char *address, uint16_t port, int family)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_family = family,
		.ai_socktype = SOCK_STREAM
	};
	struct addrinfo *ai;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &ai) != 0) {
		errno = EINVAL;
		return NULL;
	}
	return ai;
}

static int
bind_source(int fd, const char *source, int family)
{
	struct addrinfo *ai;
	int r;

	if ((ai = resolve(source, 0, family)) == NULL)
		return -1;
	r = bind(fd, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	return r;
}

/* Non-blocking, so that it can be given up at the deadline. */
static int
connect_until(int fd, const struct addrinfo *ai, int64_t deadline_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error, n;

	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -1;
	while ((n = poll(&pfd, 1, (int)left_ms(deadline_ms))) == -1 &&
	    errno == EINTR)
		continue;
	if (n == 0)
		errno = ETIMEDOUT;
	if (n != 1)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

int
peer_connect(const struct peer_to *to)
{
	struct addrinfo *ai;
	int fd, flags, saved_errno;

	ai = resolve(to->address ? to->address : "::1", to->port, AF_UNSPEC);
	if (ai == NULL)
		return -1;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		goto out;
	if ((to->source != NULL &&
	    bind_source(fd, to->source, ai->ai_family) == -1) ||
	    connect_until(fd, ai, deadline_of(to)) == -1 ||
	    (flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == -1) {
		saved_errno = errno;
		close(fd);
		errno = saved_errno;
		fd = -1;
	}
out:
	freeaddrinfo(ai);
	return fd;
}

int
peer_session(gnutls_session_t *session, int fd, const struct peer_key *key,
    const char *priority, unsigned int flags)
{
	int r;

	r = gnutls_init(session, GNUTLS_SERVER | GNUTLS_ENABLE_RAWPK |
	    GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL | flags);
	if (r < 0)
		return r;
	if (priority != NULL)
		r = gnutls_priority_set_direct(*session, priority, NULL);
	else
		r = gnutls_priority_set(*session, default_priority);
	if (r == 0)
		r = gnutls_credentials_set(*session, GNUTLS_CRD_CERTIFICATE,
		    key->cred);
	if (r < 0) {
		gnutls_deinit(*session);
		*session = NULL;
		return r;
	}
	gnutls_certificate_server_set_request(*session, GNUTLS_CERT_IGNORE);
	gnutls_transport_set_int(*session, fd);
	return 0;
}

enum peer_result
peer_open(struct peer *peer, const struct peer_to *to,
    const struct peer_key *key)
{
	const char *greeting = to->greeting ? to->greeting : "1\r\n";
	size_t len = strlen(greeting);
	ssize_t sent;

	memset(peer, 0, sizeof(*peer));
	peer->key = key;
	peer->priority = to->priority;
	peer->deadline_ms = deadline_of(to);
	if ((peer->fd = peer_connect(to)) == -1)
		return PEER_NO_CONNECTION;
	sent = send(peer->fd, greeting, len, MSG_NOSIGNAL);
	return sent == (ssize_t)len ? PEER_OK : PEER_NO_CONNECTION;
}

enum peer_result
peer_handshake(struct peer *peer)
{
	int r;

	r = peer_session(&peer->tls, peer->fd, peer->key, peer->priority, 0);
	if (r < 0) {
		peer->tls_error = r;
		return PEER_NO_HANDSHAKE;
	}
	gnutls_handshake_set_timeout(peer->tls, left_ms(peer->deadline_ms));
	do
		r = gnutls_handshake(peer->tls);
	while (r < 0 && !gnutls_error_is_fatal(r));
	if (r == 0)
		return PEER_OK;
	peer->tls_error = r;
	return r == GNUTLS_E_TIMEDOUT ? PEER_LATE : PEER_NO_HANDSHAKE;
}

enum peer_result
peer_read(struct peer *peer)
{
	uint8_t buf[16384], *grown;
	ssize_t n;

	for (;;) {
		gnutls_record_set_timeout(peer->tls,
		    left_ms(peer->deadline_ms));
		n = gnutls_record_recv(peer->tls, buf, sizeof(buf));
		if (n == 0)
			return PEER_OK;
		if (n < 0) {
			peer->tls_error = (int)n;
			if (n == GNUTLS_E_TIMEDOUT ||
			    now_ms() >= peer->deadline_ms)
				return PEER_LATE;
			if (gnutls_error_is_fatal((int)n))
				return PEER_TRUNCATED;
			continue;
		}
		if ((size_t)n > PEER_DATA_MAX - peer->len)
			return PEER_TOO_MUCH;
		if ((grown = realloc(peer->data, peer->len + (size_t)n)) ==
		    NULL)
			err(1, "realloc");
		memcpy(grown + peer->len, buf, (size_t)n);
		peer->data = grown;
		peer->len += (size_t)n;
	}
}

void
peer_close(struct peer *peer)
{
	if (peer->tls != NULL) {
		if (peer->tls_error == 0)
			gnutls_bye(peer->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(peer->tls);
		peer->tls = NULL;
	}
	if (peer->fd != -1)
		close(peer->fd);
	peer->fd = -1;
	free(peer->data);
	peer->data = NULL;
	peer->len = 0;
}

enum peer_result
peer_fetch(const struct peer_to *to, const struct peer_key *key,
    uint8_t **data, size_t *len)
{
	enum peer_result result;
	struct peer peer;

	*data = NULL;
	*len = 0;
	result = peer_open(&peer, to, key);
	if (result == PEER_OK)
		result = peer_handshake(&peer);
	if (result == PEER_OK)
		result = peer_read(&peer);
	if (result == PEER_OK) {
		*data = peer.data;
		*len = peer.len;
		peer.data = NULL;
		if (to->linger_ms > 0)
			(void)poll(NULL, 0, to->linger_ms);
	}
	peer_close(&peer);
	return result;
}

const char *
peer_result_name(enum peer_result result)
{
	switch (result) {
	case PEER_OK:
		return "ok";
	case PEER_NO_CONNECTION:
		return "no connection";
	case PEER_NO_HANDSHAKE:
		return "no handshake";
	case PEER_TRUNCATED:
		return "truncated";
	case PEER_LATE:
		return "late";
	case PEER_TOO_MUCH:
		return "too much";
	}
	return "?";
}
