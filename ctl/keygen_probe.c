/* SPDX-License-Identifier: ISC */
/*
 * Why has a server given no password?  Asks it as a client does, with the
 * client's TLS key, and tells one reason from another, which a mandos-client
 * need not do.  In Mandos the roles of TLS are reversed: we are its server.
 */
#include "keygen_rehearse.h"

#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#define GREETING "1\r\n"
#define PRIORITY "SECURE128:-CTYPE-X.509:+CTYPE-RAWPK:-RSA:-VERS-ALL:"	\
	"+VERS-TLS1.3:%PROFILE_ULTRA"
#define SECRET_MAX 1048576
#define AT_ONCE_MS 2500		/* so long may a server take to say no */

static void
name_server(struct probe *p, const struct server *s)
{
	char host[64], port[16];

	if (getnameinfo((const struct sockaddr *)&s->address, s->len, host,
	    sizeof host, port, sizeof port, NI_NUMERICHOST |
	    NI_NUMERICSERV) != 0)
		strlcpy(host, "?", sizeof host);
	if (s->address.ss_family == AF_INET6)
		snprintf(p->where, sizeof p->where, "[%s]:%s", host, port);
	else
		snprintf(p->where, sizeof p->where, "%s:%s", host, port);
}

/* Returns a socket, or an errno, negative. */
static int
connect_to(const struct server *s, int64_t end)
{
	struct pollfd p = { .events = POLLOUT };
	socklen_t len = sizeof(int);
	int64_t left = end - run_now();
	int error = 0;

	p.fd = socket(s->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (p.fd == -1)
		return -errno;
	if (connect(p.fd, (const struct sockaddr *)&s->address, s->len) == -1) {
		error = errno;
		if (error == EINPROGRESS &&
		    poll(&p, 1, left > 0 ? (int)left : 0) == 0)
			error = ETIMEDOUT;
		else if (error == EINPROGRESS && getsockopt(p.fd, SOL_SOCKET,
		    SO_ERROR, &error, &len) == -1)
			error = errno;
	}
	if (error == 0 && send(p.fd, GREETING, strlen(GREETING),
	    MSG_NOSIGNAL) != (ssize_t)strlen(GREETING))
		error = errno;
	if (error == 0)
		return p.fd;
	close(p.fd);
	return -error;
}

/* Wait for what GnuTLS waits for.  Returns 0 when the time is up. */
static int
wait_more(gnutls_session_t tls, int fd, int64_t end)
{
	struct pollfd p = { .fd = fd,
	    .events = gnutls_record_get_direction(tls) ? POLLOUT : POLLIN };
	int64_t left = end - run_now();

	return left > 0 && poll(&p, 1, (int)left) != 0;
}

/* Read all that the server has to give. */
static void
read_secret(struct probe *p, gnutls_session_t tls, int fd, int64_t end)
{
	int64_t begun = run_now();
	ssize_t n;

	if (buf_new(&p->secret, SECRET_MAX) == -1) {
		p->result = PROBE_BROKEN;
		return;
	}
	for (;;) {
		if (p->secret.used == p->secret.size) {
			strlcpy(p->why, "the secret has no end", sizeof p->why);
			p->result = PROBE_BROKEN;
			return;
		}
		n = gnutls_record_recv(tls, p->secret.p + p->secret.used,
		    p->secret.size - p->secret.used);
		if (n == 0)
			break;
		if (n > 0)
			p->secret.used += (size_t)n;
		else if (gnutls_error_is_fatal((int)n)) {
			strlcpy(p->why, gnutls_strerror((int)n), sizeof p->why);
			p->result = PROBE_BROKEN;
			return;
		} else if (!wait_more(tls, fd, end)) {
			p->result = PROBE_SILENT;
			return;
		}
	}
	if (p->secret.used > 0)
		p->result = PROBE_SECRET;
	else if (run_now() - begun < AT_ONCE_MS)
		p->result = PROBE_REFUSED;
	else
		p->result = PROBE_NOT_APPROVED;
}

/* A session, with our key as the credential of a server. */
static int
begin_tls(gnutls_session_t *tls, gnutls_certificate_credentials_t *cred,
    const struct buf *private, const struct buf *public)
{
	const gnutls_datum_t key = { private->p, (unsigned int)private->used };
	const gnutls_datum_t raw = { public->p, (unsigned int)public->used };
	int rv;

	*tls = NULL;
	if ((rv = gnutls_certificate_allocate_credentials(cred)) < 0) {
		*cred = NULL;
		return rv;
	}
	if ((rv = gnutls_certificate_set_rawpk_key_mem(*cred, &raw, &key,
	    GNUTLS_X509_FMT_PEM, NULL, 0, NULL, 0, 0)) < 0 ||
	    (rv = gnutls_init(tls, GNUTLS_SERVER | GNUTLS_NONBLOCK |
	    GNUTLS_ENABLE_RAWPK | GNUTLS_NO_TICKETS)) < 0 ||
	    (rv = gnutls_priority_set_direct(*tls, PRIORITY, NULL)) < 0)
		return rv;
	return gnutls_credentials_set(*tls, GNUTLS_CRD_CERTIFICATE, *cred);
}

static int
shake_hands(gnutls_session_t tls, int fd, int64_t end)
{
	int rv;

	gnutls_transport_set_int(tls, fd);
	while ((rv = gnutls_handshake(tls)) < 0 && !gnutls_error_is_fatal(rv))
		if (!wait_more(tls, fd, end))
			return GNUTLS_E_TIMEDOUT;
	return rv;
}

void
probe_server(struct probe *p, const struct server *server,
    const struct buf *private, const struct buf *public, unsigned int seconds)
{
	int64_t end = run_now() + (int64_t)seconds * 1000;
	gnutls_certificate_credentials_t cred;
	gnutls_session_t tls;
	int fd, rv;

	*p = (struct probe){ .result = PROBE_UNREACHABLE };
	name_server(p, server);
	if ((fd = connect_to(server, end)) < 0) {
		strlcpy(p->why, strerror(-fd), sizeof p->why);
		return;
	}
	rv = begin_tls(&tls, &cred, private, public);
	if (rv >= 0)
		rv = shake_hands(tls, fd, end);
	if (rv < 0) {
		p->result = PROBE_NO_TLS;
		strlcpy(p->why, gnutls_strerror(rv), sizeof p->why);
	} else {
		read_secret(p, tls, fd, end);
		gnutls_bye(tls, GNUTLS_SHUT_WR);
	}
	if (tls != NULL)
		gnutls_deinit(tls);
	if (cred != NULL)
		gnutls_certificate_free_credentials(cred);
	close(fd);
}
