/* SPDX-License-Identifier: ISC */
/*
 * linger: a Mandos client that fetches, writes what it got to standard output,
 * and then keeps its connection, saying nothing, until standard input ends.
 * The session that served it waits for its goodbye meanwhile.  For tests.
 *
 *	linger address port private public
 */
#include <sys/types.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

int
main(int argc, char **argv)
{
	struct peer_to to = { .timeout_ms = 0 };
	enum peer_result result;
	struct peer_key *key;
	struct peer peer;
	const char *why;
	char buf[64];

	if (argc != 5) {
		fprintf(stderr, "usage: linger address port private public\n");
		return 2;
	}
	to.address = argv[1];
	to.port = (uint16_t)strtonum(argv[2], 1, 65535, &why);
	if (why != NULL)
		errx(2, "port is %s: %s", why, argv[2]);
	peer_init();
	if ((key = peer_key_load(argv[3], argv[4])) == NULL)
		errx(2, "no key pair: %s, %s", argv[3], argv[4]);
	if ((result = peer_open(&peer, &to, key)) == PEER_OK &&
	    (result = peer_handshake(&peer)) == PEER_OK)
		result = peer_read(&peer);
	if (result != PEER_OK)
		errx(1, "%s", peer_result_name(result));
	if (peer.len > 0)
		fwrite(peer.data, 1, peer.len, stdout);
	fflush(stdout);
	while (read(STDIN_FILENO, buf, sizeof buf) > 0)
		continue;
	peer_close(&peer);
	peer_key_free(key);
	return 0;
}
