/* SPDX-License-Identifier: ISC */
/*
 * The clients, by number.
 */
#include "checkerd.h"

#include <sys/types.h>
#include <sys/tree.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

RB_HEAD(clients, check_client);

static struct clients clients = RB_INITIALIZER(&clients);

static int
client_cmp(struct check_client *a, struct check_client *b)
{
	return a->f.number < b->f.number ? -1 : a->f.number > b->f.number;
}

RB_GENERATE_INTERNAL(clients, check_client, entry, client_cmp,
    __attribute__((unused)) static)

struct check_client *
client_find(uint32_t number)
{
	struct check_client key;

	key.f.number = number;
	return RB_FIND(clients, &clients, &key);
}

/*
 * Copy the strings of a tail, with a NUL behind each, to new memory.  Returns
 * NULL if they are not CLIENT_STRINGS strings, without a NUL, and no more.
 */
static char *
copy_strings(const char **text, const uint8_t *tail, size_t left)
{
	const uint8_t *bytes;
	char *strings, *at;
	size_t i, len;

	/* Each has a length of four bytes in the tail: room for the NUL. */
	if ((strings = at = malloc(left + 1)) == NULL)
		fatal("malloc");
	for (i = 0; i < CLIENT_STRINGS; i++) {
		if (tail_get(&tail, &left, left, &bytes, &len) == -1 ||
		    memchr(bytes, '\0', len) != NULL)
			goto out_free;
		text[i] = memcpy(at, bytes, len);
		at += len;
		*at++ = '\0';
	}
	if (left == 0)
		return strings;

out_free:
	free(strings);
	return NULL;
}

struct check_client *
client_put(const struct client_fields *f, const uint8_t *tail, size_t len)
{
	const char *text[CLIENT_STRINGS];
	struct check_client *c;
	char *strings;

	if (f->number == 0 || (strings = copy_strings(text, tail, len)) == NULL)
		return NULL;
	if ((c = client_find(f->number)) == NULL) {
		if ((c = calloc(1, sizeof *c)) == NULL)
			fatal("calloc");
		c->f.number = f->number;
		RB_INSERT(clients, &clients, c);
	}
	free(c->strings);
	c->strings = strings;
	memcpy(c->text, text, sizeof text);
	c->f = *f;
	return c;
}

void
client_free(struct check_client *c)
{
	RB_REMOVE(clients, &clients, c);
	free(c->strings);
	free(c);
}
