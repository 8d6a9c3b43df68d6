/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of what a server sends to mandos-client: a TLS connection takes
 * whatever bytes, in pieces of any size, and comes to an end.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "tls.h"

#define STEPS_MAX 10000

/* A key pair for tests, and for nothing else. */
static const char pubkey[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAQH7paqx/QC808PcVY/TNyOTbiCjQsB5PDy3cpl3PdOA=\n"
    "-----END PUBLIC KEY-----\n";
static const char privkey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIHk6+lAhKZWYqX4LyBCWNONvc4538AW0kvW6nubc+8id\n"
    "-----END PRIVATE KEY-----\n";

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_open("fuzz", LOG_CRIT);
	return tls_init("NORMAL:-CTYPE-ALL:+CTYPE-RAWPK", pubkey, privkey, 0);
}

/* As fetch.c does it.  Returns 1 when there is nothing more to come. */
static int
go_on(struct tls *tls, int *is_up, uint8_t *buf, size_t size)
{
	enum tls_result rc;
	size_t n, total = 0;

	if (!*is_up) {
		if ((rc = tls_handshake(tls)) != TLS_DONE)
			return rc == TLS_FAILED;
		*is_up = 1;
	}
	while ((rc = tls_read(tls, buf, size, &n)) == TLS_DONE && n > 0)
		if (n > size || (total += n) > 1 << 20)
			abort();
	if (rc == TLS_DONE)
		tls_bye(tls);
	return rc == TLS_DONE || rc == TLS_FAILED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t buf[512];
	struct tls *tls;
	int fds[2], is_up = 0, steps;
	size_t piece;

	if (len > 16384 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds) == -1)
		return 0;
	if ((tls = tls_new(fds[0])) == NULL)
		abort();
	for (steps = 0; steps < STEPS_MAX; steps++) {
		/* The first byte says in what pieces. */
		piece = len == 0 ? 0 : (size_t)data[0] * 16 + 1;
		if (piece > len)
			piece = len;
		if (piece == 0)
			shutdown(fds[1], SHUT_WR);
		else if (send(fds[1], data, piece, MSG_NOSIGNAL) == -1)
			break;
		data += piece;
		len -= piece;
		if (go_on(tls, &is_up, buf, sizeof buf) || piece == 0)
			break;
		while (recv(fds[1], buf, sizeof buf, 0) > 0)
			continue;
	}
	tls_error(tls);
	tls_free(tls);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
