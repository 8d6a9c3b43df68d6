/* SPDX-License-Identifier: ISC */
/*
 * The only file of mandos-client that includes GnuTLS.  Run by net, which has
 * the private key, as it must.  The server is not authenticated: whoever
 * answers can send us something, and it is of use only if it was encrypted for
 * us.  No key and no traffic is ever logged.
 */
#include "tls.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "log.h"

struct tls {
	gnutls_session_t session;
	int fd;
	int error;
};

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priorities;

static void
log_gnutls(int level, const char *text)
{
	log_debug("GnuTLS %d: %.*s", level, (int)strcspn(text, "\n"), text);
}

/*
 * A signature by the one must be good for the other: with a key pair that is
 * none every handshake would fail, at the server.
 */
static int
check_pair(gnutls_privkey_t private, gnutls_pubkey_t public)
{
	static unsigned char text[] = "a key pair";
	const gnutls_datum_t data = { text, sizeof text };
	gnutls_datum_t signature = { NULL, 0 };
	gnutls_digest_algorithm_t hash;
	gnutls_sign_algorithm_t algorithm;
	int rc;

	rc = gnutls_pubkey_get_preferred_hash_algorithm(public, &hash, NULL);
	if (rc < 0)
		return rc;
	algorithm = gnutls_pk_to_sign((gnutls_pk_algorithm_t)
	    gnutls_pubkey_get_pk_algorithm(public, NULL), hash);
	rc = gnutls_privkey_sign_data2(private, algorithm, 0, &data,
	    &signature);
	if (rc >= 0)
		rc = gnutls_pubkey_verify_data2(public, algorithm, 0, &data,
		    &signature);
	gnutls_free(signature.data);
	return rc;
}

/* Returns 0 or GnuTLS's error. */
static int
load_pair(const gnutls_datum_t *pubkey, const gnutls_datum_t *privkey)
{
	gnutls_privkey_t private = NULL;
	gnutls_pubkey_t public = NULL;
	int rc;

	if ((rc = gnutls_privkey_init(&private)) < 0 ||
	    (rc = gnutls_pubkey_init(&public)) < 0)
		goto out;
	rc = gnutls_privkey_import_x509_raw(private, privkey,
	    GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc < 0) {
		log_warnx("TLS private key: %s", gnutls_strerror(rc));
		goto out;
	}
	rc = gnutls_pubkey_import(public, pubkey, GNUTLS_X509_FMT_PEM);
	if (rc < 0) {
		log_warnx("TLS public key: %s", gnutls_strerror(rc));
		goto out;
	}
	if ((rc = check_pair(private, public)) < 0) {
		log_warnx("TLS public and private key do not belong "
		    "together: %s", gnutls_strerror(rc));
		goto out;
	}
	rc = gnutls_certificate_set_rawpk_key_mem(credentials, pubkey,
	    privkey, GNUTLS_X509_FMT_PEM, NULL, 0, NULL, 0, 0);
	if (rc < 0)
		log_warnx("TLS keys: %s", gnutls_strerror(rc));
out:
	if (public != NULL)
		gnutls_pubkey_deinit(public);
	if (private != NULL)
		gnutls_privkey_deinit(private);
	return rc;
}

static gnutls_datum_t
as_datum(const char *text)
{
	gnutls_datum_t datum = { NULL, (unsigned int)strlen(text) };

	memcpy(&datum.data, &text, sizeof datum.data);
	return datum;
}

int
tls_init(const char *priority, const char *pubkey, const char *privkey,
    int debug)
{
	gnutls_datum_t public = as_datum(pubkey), private = as_datum(privkey);
	const char *at = priority;
	int rc;

	gnutls_global_set_log_function(log_gnutls);
	/* Above 2 it would log what is to stay secret. */
	gnutls_global_set_log_level(debug ? 2 : 0);
	if ((rc = gnutls_certificate_allocate_credentials(&credentials)) < 0) {
		log_warnx("GnuTLS: %s", gnutls_strerror(rc));
		return EX_UNAVAILABLE;
	}
	if (load_pair(&public, &private) < 0)
		return EX_UNAVAILABLE;
	if ((rc = gnutls_priority_init(&priorities, priority, &at)) < 0) {
		log_warnx("Bad priority string, at \"%s\": %s",
		    at == NULL ? "" : at, gnutls_strerror(rc));
		return EX_USAGE;
	}
	return 0;
}

static ssize_t
push(gnutls_transport_ptr_t ptr, const void *bytes, size_t len)
{
	const struct tls *tls = ptr;
	ssize_t n = send(tls->fd, bytes, len, MSG_NOSIGNAL);

	if (n == -1)
		gnutls_transport_set_errno(tls->session, errno);
	return n;
}

static ssize_t
pull(gnutls_transport_ptr_t ptr, void *bytes, size_t len)
{
	const struct tls *tls = ptr;
	ssize_t n = recv(tls->fd, bytes, len, 0);

	if (n == -1)
		gnutls_transport_set_errno(tls->session, errno);
	return n;
}

struct tls *
tls_new(int fd)
{
	struct tls *tls = calloc(1, sizeof *tls);

	if (tls == NULL)
		return NULL;
	tls->fd = fd;
	if (gnutls_init(&tls->session, GNUTLS_SERVER | GNUTLS_NONBLOCK |
	    GNUTLS_NO_TICKETS | GNUTLS_ENABLE_RAWPK | GNUTLS_NO_SIGNAL) < 0) {
		free(tls);
		return NULL;
	}
	if (gnutls_priority_set(tls->session, priorities) < 0 ||
	    gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
	    credentials) < 0) {
		tls_free(tls);
		return NULL;
	}
	gnutls_certificate_server_set_request(tls->session,
	    GNUTLS_CERT_IGNORE);
	/* The time it may take is the caller's affair. */
	gnutls_handshake_set_timeout(tls->session, 0);
	gnutls_transport_set_ptr(tls->session, tls);
	gnutls_transport_set_push_function(tls->session, push);
	gnutls_transport_set_pull_function(tls->session, pull);
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	gnutls_deinit(tls->session);
	free(tls);
}

static enum tls_result
wanted(const struct tls *tls)
{
	return gnutls_record_get_direction(tls->session) == 0 ?
	    TLS_WANTS_READ : TLS_WANTS_WRITE;
}

enum tls_result
tls_handshake(struct tls *tls)
{
	do
		tls->error = gnutls_handshake(tls->session);
	while (tls->error < 0 && tls->error != GNUTLS_E_AGAIN &&
	    !gnutls_error_is_fatal(tls->error));
	if (tls->error == GNUTLS_E_AGAIN)
		return wanted(tls);
	return tls->error < 0 ? TLS_FAILED : TLS_DONE;
}

enum tls_result
tls_read(struct tls *tls, void *buf, size_t size, size_t *len)
{
	ssize_t n;

	do
		n = gnutls_record_recv(tls->session, buf, size);
	while (n == GNUTLS_E_INTERRUPTED ||
	    n == GNUTLS_E_WARNING_ALERT_RECEIVED);
	*len = n > 0 ? (size_t)n : 0;
	tls->error = n < 0 ? (int)n : 0;
	if (n == GNUTLS_E_AGAIN)
		return wanted(tls);
	/* Another handshake, in TLS 1.2, is none of the protocol. */
	return n < 0 ? TLS_FAILED : TLS_DONE;
}

void
tls_bye(struct tls *tls)
{
	gnutls_bye(tls->session, GNUTLS_SHUT_WR);
}

const char *
tls_error(const struct tls *tls)
{
	return gnutls_strerror(tls->error);
}
