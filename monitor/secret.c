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
#define CHUNK_LEN ((size_t)256 * 1024)

/* Head of a chunk; it goes when its last secret does. */
struct secret_chunk {
	size_t len;
	size_t used;
	size_t secrets;
};

static struct secret_chunk *filling;

static struct secret_chunk *
chunk_new(size_t need)
{
	size_t len = need > CHUNK_LEN ? need : CHUNK_LEN;
	struct secret_chunk *chunk;

	chunk = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		fatal("cannot get memory for secrets: mmap");
	if (mlock(chunk, len) == -1)
		fatal("cannot lock memory for secrets: mlock");
	if (madvise(chunk, len, MADV_DONTDUMP) == -1)
		fatal("cannot guard memory for secrets: madvise");
	chunk->len = len;
	chunk->used = sizeof *chunk;
	return chunk;
}

static void
chunk_free(struct secret_chunk *chunk)
{
	if (chunk->secrets == 0 && munmap(chunk, chunk->len) == -1)
		fatal("munmap");
}

struct secret
secret_keep(const uint8_t *bytes, size_t len)
{
	struct secret_chunk *full = filling;
	struct secret secret;
	uint8_t *to;

	if (full == NULL || len > full->len - full->used) {
		filling = chunk_new(sizeof *filling + len);
		if (full != NULL)
			chunk_free(full);
	}
	to = (uint8_t *)filling + filling->used;
	memcpy(to, bytes, len);
	filling->used += len;
	filling->secrets++;
	secret.bytes = to;
	secret.len = len;
	secret.chunk = filling;
	return secret;
}

void
secret_drop(struct secret *secret)
{
	struct secret_chunk *chunk = secret->chunk;
	size_t at = (size_t)(secret->bytes - (const uint8_t *)chunk);

	explicit_bzero((uint8_t *)chunk + at, secret->len);
	chunk->secrets--;
	if (chunk != filling)
		chunk_free(chunk);
	memset(secret, 0, sizeof *secret);
}

int
secret_lend(const struct client *client, struct chan *chan)
{
	struct msg_secret m = { .secret_len = (uint32_t)client->secret.len };

	return chan_send(chan, MSG_SECRET, &m, client->secret.bytes,
	    client->secret.len, -1);
}
