/* SPDX-License-Identifier: ISC */
/*
 * The only file that touches the bytes of stored secrets.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/mman.h>

#include <string.h>

#include "log.h"

/* Secrets lie end to end in chunks of this size, or longer ones of their own. */
#define CHUNK_LEN (256 * 1024)

static uint8_t *chunk;		/* the one being filled */
static size_t chunk_left;

static void
chunk_new(size_t len)
{
	chunk = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		fatal("cannot get memory for secrets: mmap");
	if (mlock(chunk, len) == -1)
		fatal("cannot lock memory for secrets: mlock");
	if (madvise(chunk, len, MADV_DONTDUMP) == -1)
		fatal("cannot guard memory for secrets: madvise");
	chunk_left = len;
}

struct secret
secret_keep(const uint8_t *bytes, size_t len)
{
	struct secret secret;

	if (chunk == NULL || len > chunk_left)
		chunk_new(len > CHUNK_LEN ? len : CHUNK_LEN);
	memcpy(chunk, bytes, len);
	secret.bytes = chunk;
	secret.len = len;
	chunk += len;
	chunk_left -= len;
	return secret;
}

int
secret_lend(const struct client *client, struct chan *chan)
{
	struct msg_secret m = { .secret_len = (uint32_t)client->secret.len };

	return chan_send(chan, MSG_SECRET, &m, client->secret.bytes,
	    client->secret.len, -1);
}
