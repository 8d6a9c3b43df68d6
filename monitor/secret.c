/* SPDX-License-Identifier: ISC */
/*
 * The only file that touches the bytes of stored secrets.
 */
#include "monitor.h"

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/queue.h>

#include <string.h>

#include "log.h"

/*
 * Secrets lie end to end in chunks, and chunks in the arena: address space
 * that is locked while that is still permitted, each page when it is first
 * used.  It is never given back, but used again.
 */
#define CHUNK_LEN ((size_t)256 * 1024)
#define ARENA_LEN ((size_t)768 * 1024 * 1024)

/* Head of a chunk; it is free again when its last secret is dropped. */
struct secret_chunk {
	SLIST_ENTRY(secret_chunk) entry;
	size_t used;
	size_t secrets;
};

static uint8_t *arena;
static size_t arena_left;
static struct secret_chunk *filling;
static SLIST_HEAD(, secret_chunk) unused = SLIST_HEAD_INITIALIZER(unused);

void
secret_init(void)
{
	arena = mmap(NULL, ARENA_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		fatal("cannot get memory for secrets: mmap");
	/* Without CAP_IPC_LOCK, as much as RLIMIT_MEMLOCK permits. */
	for (arena_left = ARENA_LEN; mlock2(arena, arena_left,
	    MLOCK_ONFAULT) == -1; arena_left /= 2)
		if (arena_left <= CHUNK_LEN)
			fatal("cannot lock memory for secrets: mlock2");
	if (madvise(arena, ARENA_LEN, MADV_DONTDUMP) == -1)
		fatal("cannot guard memory for secrets: madvise");
}

static struct secret_chunk *
chunk_get(void)
{
	struct secret_chunk *chunk = SLIST_FIRST(&unused);

	if (chunk != NULL)
		SLIST_REMOVE_HEAD(&unused, entry);
	else {
		if (arena_left < CHUNK_LEN)
			fatalx("cannot lock memory for so many secrets");
		chunk = (struct secret_chunk *)(void *)arena;
		arena += CHUNK_LEN;
		arena_left -= CHUNK_LEN;
	}
	chunk->used = sizeof *chunk;
	chunk->secrets = 0;
	return chunk;
}

static void
chunk_put(struct secret_chunk *chunk)
{
	if (chunk->secrets == 0)
		SLIST_INSERT_HEAD(&unused, chunk, entry);
}

struct secret
secret_keep(const uint8_t *bytes, size_t len)
{
	struct secret_chunk *full = filling;
	struct secret secret = { .len = len };
	uint8_t *to;

	_Static_assert(SECRET_MAX <= CHUNK_LEN / 2, "no secret is longer");
	if (full == NULL || len > CHUNK_LEN - full->used) {
		filling = chunk_get();
		if (full != NULL)
			chunk_put(full);
	}
	to = (uint8_t *)filling + filling->used;
	memcpy(to, bytes, len);
	filling->used += len;
	filling->secrets++;
	secret.bytes = to;
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
		chunk_put(chunk);
	memset(secret, 0, sizeof *secret);
}

int
secret_lend(const struct client *client, struct chan *chan)
{
	struct msg_secret m = { .secret_len = (uint32_t)client->secret.len };

	return chan_send(chan, MSG_SECRET, &m, client->secret.bytes,
	    client->secret.len, -1);
}
