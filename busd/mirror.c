/* SPDX-License-Identifier: ISC */
/*
 * The mirror of the clients, from which every read is answered.
 */
#include "busd.h"

#include <sys/types.h>
#include <sys/tree.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "path.h"

RB_HEAD(numbers, bus_client);
RB_HEAD(paths, bus_client);

static struct numbers numbers = RB_INITIALIZER(&numbers);
static struct paths paths = RB_INITIALIZER(&paths);
static size_t count;

static int
number_cmp(struct bus_client *a, struct bus_client *b)
{
	return a->f.number < b->f.number ? -1 : a->f.number > b->f.number;
}

static int
path_cmp(struct bus_client *a, struct bus_client *b)
{
	return strcmp(a->path, b->path);
}

RB_GENERATE_INTERNAL(numbers, bus_client, by_number, number_cmp,
    __attribute__((unused)) static)
RB_GENERATE_INTERNAL(paths, bus_client, by_path, path_cmp,
    __attribute__((unused)) static)

char *
mirror_text(const uint8_t *bytes, size_t len)
{
	char *text, *p;

	if ((text = calloc(1, len + 1)) == NULL)
		fatal("calloc");
	if (len > 0)
		memcpy(text, bytes, len);
	if (!dbus_validate_utf8(text, NULL))
		for (p = text; *p != '\0'; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
	return text;
}

char *
mirror_line(const uint8_t *bytes, size_t len)
{
	char *text = mirror_text(bytes, len);
	unsigned char c;
	size_t i;

	for (i = 0; text[i] != '\0'; i++) {
		c = (unsigned char)text[i];
		if (c < 0x20 || c == 0x7f)
			text[i] = '?';
		/* U+0080 to U+009F, which are controls as well. */
		else if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0) {
			text[i] = '?';
			text[i + 1] = '?';
		}
	}
	return text;
}

/* Take the strings out of a tail.  Returns 0, or -1 if they are none. */
static int
take_texts(char *text[CLIENT_STRINGS], const uint8_t *p, size_t left)
{
	const uint8_t *bytes[CLIENT_STRINGS];
	size_t len[CLIENT_STRINGS];
	int i;

	for (i = 0; i < CLIENT_STRINGS; i++)
		if (tail_get(&p, &left, left, &bytes[i], &len[i]) == -1 ||
		    memchr(bytes[i], '\0', len[i]) != NULL)
			return -1;
	if (left != 0)
		return -1;
	for (i = 0; i < CLIENT_STRINGS; i++)
		text[i] = mirror_text(bytes[i], len[i]);
	return 0;
}

/* A path of its own; where names collide, with a number behind it. */
static void
give_path(struct bus_client *c)
{
	char *path = path_make(c->text[TEXT_NAME]);
	unsigned int n = 1;

	if ((c->path = path) == NULL)
		fatal("path");
	while (RB_FIND(paths, &paths, c) != NULL) {
		if (c->path != path)
			free(c->path);
		if (asprintf(&c->path, "%s_%u", path, ++n) == -1)
			fatal("asprintf");
	}
	if (c->path != path)
		free(path);
}

struct bus_client *
mirror_put(const struct client_fields *f, const uint8_t *tail, size_t len,
    struct bus_client *was)
{
	struct bus_client *c = mirror_find(f->number);
	char *text[CLIENT_STRINGS];

	memset(was, 0, sizeof *was);
	if (f->number == 0 || take_texts(text, tail, len) == -1)
		return NULL;
	if (c != NULL) {
		was->f = c->f;
		was->path = c->path;
		memcpy(was->text, c->text, sizeof was->text);
	} else if ((c = calloc(1, sizeof *c)) == NULL)
		fatal("calloc");
	c->f = *f;
	memcpy(c->text, text, sizeof c->text);
	if (c->path != NULL)
		return c;
	give_path(c);
	RB_INSERT(numbers, &numbers, c);
	RB_INSERT(paths, &paths, c);
	count++;
	return c;
}

static void
free_texts(struct bus_client *c)
{
	int i;

	for (i = 0; i < CLIENT_STRINGS; i++)
		free(c->text[i]);
}

void
mirror_forget(struct bus_client *was)
{
	free_texts(was);
}

struct bus_client *
mirror_find(uint32_t number)
{
	struct bus_client key = { .f = { .number = number } };

	return RB_FIND(numbers, &numbers, &key);
}

/* The tree only reads the key; a path has no const there. */
static struct bus_client
path_key(const char *path)
{
	struct bus_client key = { .path = NULL };

	memcpy(&key.path, &path, sizeof path);
	return key;
}

struct bus_client *
mirror_path(const char *path)
{
	struct bus_client key = path_key(path);

	return RB_FIND(paths, &paths, &key);
}

struct bus_client *
mirror_next(struct bus_client *c)
{
	return c == NULL ? RB_MIN(numbers, &numbers) :
	    RB_NEXT(numbers, &numbers, c);
}

struct bus_client *
mirror_below(const char *path)
{
	struct bus_client key = path_key(path), *c;
	size_t len = strlen(path);

	c = RB_NFIND(paths, &paths, &key);
	return c != NULL && strncmp(c->path, path, len) == 0 ? c : NULL;
}

struct bus_client *
mirror_after(struct bus_client *c)
{
	return RB_NEXT(paths, &paths, c);
}

void
mirror_remove(struct bus_client *c)
{
	RB_REMOVE(numbers, &numbers, c);
	RB_REMOVE(paths, &paths, c);
	count--;
	free_texts(c);
	free(c->path);
	free(c);
}

size_t
mirror_count(void)
{
	return count;
}
