/* SPDX-License-Identifier: ISC */
/*
 * The disk: replays a trace, keeping apart what the kernel knows and what is
 * surely on disk, and deals out what may be there.
 */
#include "disk.h"

#include <sys/types.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

#define SECTOR ((size_t)512)
#define BLOCK ((size_t)4096)
#define NODES 64
#define PENDING 6		/* names not on disk at one time */
#define NODE_MAX ((size_t)1 << 20)

enum sector_state {
	SURE,			/* as in base and in now */
	DIRTY,			/* as in now when an fsync has succeeded */
	LOST			/* a failed fsync has given it up */
};

struct node {
	uint64_t number;
	size_t base_len, now_len;
	uint8_t *base;		/* on disk; NODE_MAX bytes each */
	uint8_t *now;
	uint8_t *sector;	/* enum sector_state */
	int size_dirty;
};

struct names {
	size_t count;
	struct {
		char name[128];
		struct node *node;
	} entry[VIEW_FILES];
};

struct disk {
	struct node node[NODES];
	size_t nodes;
	struct names base;	/* on disk */
	struct pending {
		struct trace_event event;
		struct node *node;
	} pending[PENDING];
	size_t pendings;
	const uint8_t *stale;	/* what freed blocks hold */
	size_t stale_len;
	struct disk_told told;
	/* Whom to tell, and what he has been told. */
	unsigned int chance;
	disk_visitor *visit;
	void *arg;
	uint64_t *seen;		/* hashes; 0 is a free place */
	size_t seens, places;
	uint64_t random;
	uint8_t *mixed;
};

/* Names. */

static struct node **
lookup(struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (strcmp(names->entry[i].name, name) == 0)
			return &names->entry[i].node;
	}
	return NULL;
}

static void
set_name(struct names *names, const char *name, struct node *node)
{
	struct node **old = lookup(names, name);

	if (old != NULL) {
		*old = node;
		return;
	}
	if (names->count == VIEW_FILES)
		errx(1, "too many names");
	strlcpy(names->entry[names->count].name, name,
	    sizeof names->entry[0].name);
	names->entry[names->count++].node = node;
}

static void
drop_name(struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (strcmp(names->entry[i].name, name) == 0) {
			names->entry[i] = names->entry[--names->count];
			return;
		}
	}
}

/* Nodes. */

static struct node *
new_node(struct disk *disk, uint64_t number)
{
	struct node *node;

	if (disk->nodes == NODES)
		errx(1, "too many files");
	node = &disk->node[disk->nodes++];
	node->number = number;
	node->base = calloc(1, NODE_MAX);
	node->now = calloc(1, NODE_MAX);
	node->sector = calloc(1, NODE_MAX / SECTOR);
	if (node->base == NULL || node->now == NULL || node->sector == NULL)
		err(1, "calloc");
	return node;
}

/* A number is given again when a file is gone: the youngest has it. */
static struct node *
find_node(struct disk *disk, uint64_t number)
{
	size_t i;

	for (i = disk->nodes; i-- > 0;) {
		if (disk->node[i].number == number)
			return &disk->node[i];
	}
	errx(1, "a file from nowhere");
}

static size_t
sectors(size_t len)
{
	return (len + SECTOR - 1) / SECTOR;
}

static void
write_node(struct node *node, const struct trace_event *event)
{
	size_t i, end = event->offset + event->len;

	if (event->offset > NODE_MAX || event->len > NODE_MAX - event->offset)
		errx(1, "a file is too large");
	memcpy(node->now + event->offset, event->data, event->len);
	for (i = event->offset / SECTOR; i < sectors(end); i++)
		node->sector[i] = DIRTY;
	if (end > node->now_len) {
		node->now_len = end;
		node->size_dirty = 1;
	}
}

static void
truncate_node(struct node *node, size_t len)
{
	size_t i;

	if (len > NODE_MAX)
		errx(1, "a file is too large");
	if (len < node->now_len)
		memset(node->now + len, 0, node->now_len - len);
	for (i = len / SECTOR; i < sectors(node->now_len); i++)
		node->sector[i] = DIRTY;
	node->now_len = len;
	node->size_dirty = 1;
}

static void
sync_node(struct node *node, int lost)
{
	size_t i;

	for (i = 0; i < NODE_MAX / SECTOR; i++) {
		if (node->sector[i] != DIRTY)
			continue;
		if (lost) {
			node->sector[i] = LOST;
			continue;
		}
		memcpy(node->base + i * SECTOR, node->now + i * SECTOR,
		    SECTOR);
		node->sector[i] = SURE;
	}
	if (lost)
		return;
	node->base_len = node->now_len;
	node->size_dirty = 0;
}

static int
is_sure(const struct node *node)
{
	size_t i;

	for (i = 0; i < sectors(node->now_len); i++) {
		if (node->sector[i] != SURE)
			return 0;
	}
	return !node->size_dirty;
}

/* One pending change of names; a rename may leave the old name behind. */
static void
change_names(struct names *names, const struct pending *pending, int half)
{
	const struct trace_event *event = &pending->event;

	switch (event->what) {
	case TRACE_CREATE:
		set_name(names, event->name, pending->node);
		break;
	case TRACE_RENAME:
		if (!half)
			drop_name(names, event->name);
		set_name(names, event->name2, pending->node);
		break;
	case TRACE_LINK:
		set_name(names, event->name2, pending->node);
		break;
	case TRACE_UNLINK:
		drop_name(names, event->name);
		break;
	case TRACE_TRUNCATE:
	case TRACE_WRITE:
	case TRACE_SYNC:
	case TRACE_SYNC_LOST:
	case TRACE_DIRSYNC:
	case TRACE_SENT:
	case TRACE_ENDED:
		break;
	}
}

/* Which file does a name mean to the kernel? */
static struct node *
known_as(const struct disk *disk, const char *name)
{
	struct names names = disk->base;
	struct node **node;
	size_t i;

	for (i = 0; i < disk->pendings; i++)
		change_names(&names, &disk->pending[i], 0);
	if ((node = lookup(&names, name)) == NULL)
		errx(1, "%s: a name from nowhere", name);
	return *node;
}

static void
pend(struct disk *disk, const struct trace_event *event)
{
	struct pending *pending = &disk->pending[disk->pendings];

	if (disk->pendings == PENDING)
		errx(1, "too many names are not on disk");
	pending->event = *event;
	pending->node = event->what == TRACE_CREATE ?
	    new_node(disk, event->node) : known_as(disk, event->name);
	disk->pendings++;
}

/* The event happens. */
static void
replay(struct disk *disk, const struct trace_event *event)
{
	size_t i;

	switch (event->what) {
	case TRACE_CREATE:
	case TRACE_RENAME:
	case TRACE_LINK:
	case TRACE_UNLINK:
		pend(disk, event);
		break;
	case TRACE_TRUNCATE:
		truncate_node(find_node(disk, event->node), event->offset);
		break;
	case TRACE_WRITE:
		write_node(find_node(disk, event->node), event);
		break;
	case TRACE_SYNC:
		sync_node(find_node(disk, event->node), 0);
		break;
	case TRACE_SYNC_LOST:
		sync_node(find_node(disk, event->node), 1);
		break;
	case TRACE_DIRSYNC:
		for (i = 0; i < disk->pendings; i++)
			change_names(&disk->base, &disk->pending[i], 0);
		disk->pendings = 0;
		break;
	case TRACE_SENT:
		if (event->type == MSG_SAVED && event->error == 0 &&
		    event->seq > disk->told.saved)
			disk->told.saved = event->seq;
		if (event->type == MSG_MERGED)
			disk->told.merged++;
		break;
	case TRACE_ENDED:
		disk->told.ended = 1;
		break;
	}
}

/* What may be there. */

static uint64_t
hash(uint64_t h, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t word;

	for (h ^= len; len > 0;) {
		size_t n = len < sizeof word ? len : sizeof word;

		word = 0;
		memcpy(&word, p, n);
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
		p += n;
		len -= n;
	}
	return h;
}

static uint64_t
chance(struct disk *disk, uint64_t below)
{
	/* xorshift64: the same in each run. */
	disk->random ^= disk->random << 13;
	disk->random ^= disk->random >> 7;
	disk->random ^= disk->random << 17;
	return disk->random % below;
}

static void
widen(struct disk *disk)
{
	size_t i, old = disk->places;
	uint64_t *places = disk->seen;

	disk->places = old == 0 ? 4096 : 4 * old;
	if ((disk->seen = calloc(disk->places, sizeof *disk->seen)) == NULL)
		err(1, "calloc");
	for (i = 0; i < old; i++) {
		size_t at = places[i] % disk->places;

		while (places[i] != 0 && disk->seen[at] != 0)
			at = (at + 1) % disk->places;
		if (places[i] != 0)
			disk->seen[at] = places[i];
	}
	free(places);
}

/* Remember a hash; 0 if it was known. */
static int
is_new(struct disk *disk, uint64_t h)
{
	size_t at;

	if (2 * disk->seens >= disk->places)
		widen(disk);
	if (h == 0)
		h = 1;
	for (at = h % disk->places; disk->seen[at] != 0;
	    at = (at + 1) % disk->places) {
		if (disk->seen[at] == h)
			return 0;
	}
	disk->seen[at] = h;
	disk->seens++;
	return 1;
}

static void
show(struct disk *disk, struct view *view)
{
	uint64_t h = hash(0, &disk->told, sizeof disk->told);
	size_t i;

	view_sort(view);
	for (i = 0; i < view->files; i++) {
		struct view_file *file = &view->file[i];

		file->hash = hash(0, file->data, file->len);
		h = hash(h, file->name, strlen(file->name));
		h = hash(h, &file->hash, sizeof file->hash);
	}
	if (is_new(disk, h))
		disk->visit(disk->arg, view, &disk->told);
}

/* What is in the place of a sector that did not get there. */
enum filling { ZEROS, STALE, BASE, FILLINGS };

static void
fill(struct disk *disk, const struct node *node, size_t sector,
    enum filling filling)
{
	uint8_t *to = disk->mixed + sector * SECTOR;
	size_t at = sector * SECTOR, len = 0;

	if (node->sector[sector] == SURE)
		return;
	memset(to, 0, SECTOR);
	if (filling == BASE)
		memcpy(to, node->base + at, SECTOR);
	else if (filling == STALE && at < disk->stale_len) {
		len = disk->stale_len - at;
		memcpy(to, disk->stale + at, len < SECTOR ? len : SECTOR);
	}
}

/* Sectors from..to, or all others, did not get there. */
static void
hole(struct disk *disk, const struct node *node, size_t from, size_t to,
    int others, enum filling filling)
{
	size_t i;

	memcpy(disk->mixed, node->now, node->now_len);
	for (i = 0; i < sectors(node->now_len); i++) {
		if ((i >= from && i < to) != others)
			fill(disk, node, i, filling);
	}
}

static size_t
mix_at_random(struct disk *disk, const struct node *node)
{
	size_t i, step = chance(disk, 2) == 0 ? 1 : BLOCK / SECTOR;
	uint64_t odds = 1 + chance(disk, 15);
	enum filling filling = (enum filling)chance(disk, FILLINGS);
	size_t count = sectors(node->now_len);

	memcpy(disk->mixed, node->now, node->now_len);
	for (i = 0; i < count; i++) {
		if (chance(disk, 16) < odds && i % step == 0) {
			size_t end = i + step < count ? i + step : count;
			size_t j;

			for (j = i; j < end; j++)
				fill(disk, node, j, filling);
		}
	}
	if (!node->size_dirty || chance(disk, 2) == 0)
		return node->now_len;
	return (size_t)chance(disk, node->now_len + 1);
}

/*
 * The view, with each thing that the file ${at}, which is ${node}, may hold.
 */
static void
show_mixtures(struct disk *disk, struct view *view, size_t at,
    const struct node *node)
{
	struct view copy;
	size_t i, count = sectors(node->now_len), step = BLOCK / SECTOR;
	unsigned int n;
	int filling, others;

#define SHOW(length) do {						\
	copy = *view;							\
	copy.file[at].data = disk->mixed;				\
	copy.file[at].len = length;					\
	show(disk, &copy);						\
} while (0)
	for (i = 0; i < count; i++) {
		hole(disk, node, count, count, 0, ZEROS);
		if (node->size_dirty)
			SHOW(i * SECTOR);
	}
	for (filling = ZEROS; filling < FILLINGS; filling++) {
		for (others = 0; others <= 1; others++) {
			for (i = 0; i < count; i++) {
				hole(disk, node, i, i + 1, others,
				    (enum filling)filling);
				SHOW(node->now_len);
				hole(disk, node, i, count, others,
				    (enum filling)filling);
				SHOW(node->now_len);
			}
			for (i = 0; i < count; i += step) {
				hole(disk, node, i, i + step, others,
				    (enum filling)filling);
				SHOW(node->now_len);
			}
		}
	}
	for (n = 0; n < disk->chance; n++) {
		size_t len = mix_at_random(disk, node);

		SHOW(len);
	}
#undef SHOW
}

/* Power is cut, and these names are there. */
static void
show_names(struct disk *disk, const struct names *names)
{
	struct view view = { .files = names->count };
	size_t i;
	int all;

	/* Of the other files all or nothing has got there. */
	for (all = 0; all <= 1; all++) {
		for (i = 0; i < names->count; i++) {
			const struct node *node = names->entry[i].node;
			struct view_file *file = &view.file[i];

			strlcpy(file->name, names->entry[i].name,
			    sizeof file->name);
			file->node = node->number;
			file->data = all ? node->now : node->base;
			file->len = all ? node->now_len : node->base_len;
		}
		for (i = 0; i < names->count; i++) {
			if (!is_sure(names->entry[i].node))
				show_mixtures(disk, &view, i,
				    names->entry[i].node);
		}
		show(disk, &view);
	}
}

static void
cut_power(struct disk *disk)
{
	struct names names;
	unsigned int set;
	size_t i;
	int half;

	for (set = 0; set < 1U << disk->pendings; set++) {
		for (half = 0; half <= 1; half++) {
			names = disk->base;
			for (i = 0; i < disk->pendings; i++) {
				if (set & (1U << i))
					change_names(&names,
					    &disk->pending[i], half);
			}
			show_names(disk, &names);
		}
	}
}

/* What is there before is on disk; its largest file is what blocks held. */
static void
lay_out(struct disk *disk, const struct view *before)
{
	struct node *node;
	size_t i, j;

	for (i = 0; i < before->files; i++) {
		const struct view_file *file = &before->file[i];

		for (j = 0; j < disk->nodes; j++) {
			if (disk->node[j].number == file->node)
				break;
		}
		if (j == disk->nodes) {
			node = new_node(disk, file->node);
			if (file->len > NODE_MAX)
				errx(1, "%s is too large", file->name);
			memcpy(node->base, file->data, file->len);
			memcpy(node->now, file->data, file->len);
			node->base_len = node->now_len = file->len;
		}
		set_name(&disk->base, file->name, &disk->node[j]);
		if (file->len > disk->stale_len) {
			disk->stale = file->data;
			disk->stale_len = file->len;
		}
	}
}

size_t
disk_enumerate(const struct view *before, const struct trace *trace,
    unsigned int mixtures, disk_visitor *visit, void *arg)
{
	struct disk *disk = calloc(1, sizeof *disk);
	struct trace_event event;
	size_t i, count, place = 0;

	if (disk == NULL || (disk->mixed = calloc(1, NODE_MAX)) == NULL)
		err(1, "calloc");
	disk->chance = mixtures;
	disk->visit = visit;
	disk->arg = arg;
	disk->random = 0x6d616e646f73;
	lay_out(disk, before);
	while (trace_next(trace, &event, &place)) {
		replay(disk, &event);
		if (event.on_path)
			cut_power(disk);
	}
	count = disk->seens;
	for (i = 0; i < disk->nodes; i++) {
		free(disk->node[i].base);
		free(disk->node[i].now);
		free(disk->node[i].sector);
	}
	free(disk->seen);
	free(disk->mixed);
	free(disk);
	return count;
}
