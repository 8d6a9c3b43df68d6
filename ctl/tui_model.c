/* SPDX-License-Identifier: ISC */
/*
 * The clients, in order.  Run by mandos-monitor.  There may be tens of
 * thousands: they are found by path in a tree, and by place in an array, in
 * which one that changes is moved by itself.
 */
#include "tui_model.h"

#include <sys/types.h>
#include <sys/tree.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "tui_time.h"

RB_HEAD(clients, client);

struct model {
	struct clients by_path;
	struct client **sorted;
	size_t count;
	size_t room;
	enum model_order order;
	unsigned int listing;	/* the present one */
	int is_listing;
	struct client *focus;	/* NULL: the first */
	char *wanted;		/* path that is to have the cursor, or NULL */
	int was_empty;		/* since somebody has put the cursor there */
};

static int
path_cmp(struct client *a, struct client *b)
{
	return strcmp(a->record.path, b->record.path);
}

RB_GENERATE_INTERNAL(clients, client, entry, path_cmp,
    __attribute__((unused)) static)

const char *
client_name(const struct client *c)
{
	return c->record.values[RECORD_NAME].is_known ?
	    record_text(&c->record, RECORD_NAME) : c->record.path;
}

/* What the server's values come to. */
static void
derive(struct client *c)
{
	const struct record *r = &c->record;
	int64_t enabled = time_parse(record_text(r, RECORD_LAST_ENABLED));

	c->since = time_parse(record_text(r, RECORD_LAST_CHECKED_OK));
	if (enabled > c->since)
		c->since = enabled;
	c->expires = time_parse(record_text(r, RECORD_EXPIRES));
	c->asked = time_parse(record_text(r, RECORD_LAST_APPROVAL_REQUEST));
	if (!record_flag(r, RECORD_ENABLED))
		c->state = CLIENT_DISABLED;
	else if (record_flag(r, RECORD_APPROVAL_PENDING))
		c->state = record_flag(r, RECORD_APPROVED_BY_DEFAULT) ?
		    CLIENT_APPROVAL : CLIENT_DENIAL;
	else if (record_number(r, RECORD_LAST_CHECKER_STATUS) != 0)
		c->state = CLIENT_FAILED;
	else
		c->state = CLIENT_ENABLED;
}

/* When it ends, for the order; what does not, comes last. */
static int64_t
end_of(const struct client *c)
{
	return c->state == CLIENT_DISABLED || c->expires == TIME_NONE ?
	    INT64_MAX : c->expires;
}

/* No two clients are equal: in the end their paths differ. */
static int
compare(enum model_order order, const struct client *a,
    const struct client *b)
{
	int64_t end_a, end_b;
	int diff;

	if (order == ORDER_STATE && a->state != b->state)
		return a->state < b->state ? -1 : 1;
	if (order == ORDER_EXPIRY && (end_a = end_of(a)) != (end_b = end_of(b)))
		return end_a < end_b ? -1 : 1;
	if ((diff = strcmp(client_name(a), client_name(b))) != 0)
		return diff;
	return strcmp(a->record.path, b->record.path);
}

static int
compare_entries(const void *a, const void *b, void *order)
{
	return compare(*(enum model_order *)order,
	    *(struct client *const *)a, *(struct client *const *)b);
}

static void
sort(struct model *m)
{
	if (m->count > 1)
		qsort_r(m->sorted, m->count, sizeof *m->sorted,
		    compare_entries, &m->order);
}

struct model *
model_new(void)
{
	struct model *m = calloc(1, sizeof *m);

	if (m == NULL)
		err(EXIT_FAILURE, "calloc");
	RB_INIT(&m->by_path);
	return m;
}

/* Free all clients, and nothing else. */
static void
drop_all(struct model *m)
{
	struct client *c, *next;

	RB_FOREACH_SAFE(c, clients, &m->by_path, next) {
		RB_REMOVE(clients, &m->by_path, c);
		record_free(&c->record);
		free(c);
	}
	m->count = 0;
	m->focus = NULL;
}

void
model_free(struct model *m)
{
	if (m == NULL)
		return;
	drop_all(m);
	free(m->sorted);
	free(m->wanted);
	free(m);
}

size_t
model_count(const struct model *m)
{
	return m->count;
}

struct client *
model_at(const struct model *m, size_t i)
{
	return m->sorted[i];
}

/* Where it is, or where it would have to be inserted. */
static size_t
place(const struct model *m, const struct client *c)
{
	size_t low = 0, high = m->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(m->order, m->sorted[middle], c) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
model_index(const struct model *m, const struct client *c)
{
	return place(m, c);
}

struct client *
model_find(struct model *m, const char *path)
{
	struct client key;

	/* A key is only compared: the path is not changed through it. */
	memset(&key, 0, sizeof key);
	key.record.path = (char *)(uintptr_t)path;
	return RB_FIND(clients, &m->by_path, &key);
}

static void
insert(struct model *m, struct client *c)
{
	size_t i;

	if (m->count == m->room) {
		m->room = m->room == 0 ? 64 : m->room * 2;
		if ((m->sorted = reallocarray(m->sorted, m->room,
		    sizeof *m->sorted)) == NULL)
			err(EXIT_FAILURE, "reallocarray");
	}
	i = m->is_listing ? m->count : place(m, c);
	memmove(m->sorted + i + 1, m->sorted + i,
	    (m->count - i) * sizeof *m->sorted);
	m->sorted[i] = c;
	m->count++;
}

/* Take it out of the array, while it still compares as it did. */
static void
take_out(struct model *m, const struct client *c)
{
	size_t i = place(m, c);

	m->count--;
	memmove(m->sorted + i, m->sorted + i + 1,
	    (m->count - i) * sizeof *m->sorted);
}

struct client *
model_put(struct model *m, struct record *record, int *is_new)
{
	struct client *c = model_find(m, record->path);

	if (is_new != NULL)
		*is_new = c == NULL;
	if (c == NULL) {
		if ((c = calloc(1, sizeof *c)) == NULL)
			err(EXIT_FAILURE, "calloc");
		c->record = *record;
		derive(c);
		RB_INSERT(clients, &m->by_path, c);
		insert(m, c);
	} else {
		if (!m->is_listing)
			take_out(m, c);
		record_free(&c->record);
		c->record = *record;
		derive(c);
		if (!m->is_listing)
			insert(m, c);
	}
	memset(record, 0, sizeof *record);
	c->listing = m->listing;
	if (m->wanted != NULL && strcmp(m->wanted, c->record.path) == 0 &&
	    m->was_empty)
		model_set_focus(m, c);
	return c;
}

void
model_change(struct model *m, struct client *c, DBusMessageIter *dict)
{
	take_out(m, c);
	record_fill(&c->record, dict);
	derive(c);
	insert(m, c);
}

/* The client with the cursor is going; it may be the server that goes. */
static void
want_back(struct model *m)
{
	/* Of several that go one by one it is the first. */
	if (m->focus == NULL || m->wanted != NULL)
		return;
	if ((m->wanted = strdup(m->focus->record.path)) == NULL)
		err(EXIT_FAILURE, "strdup");
}

void
model_remove(struct model *m, struct client *c)
{
	size_t i = place(m, c);

	take_out(m, c);
	if (m->focus == c)
		want_back(m);
	if (m->count == 0)
		m->was_empty = 1;
	if (m->focus == c && m->count > 0)
		m->focus = m->sorted[i < m->count ? i : m->count - 1];
	else if (m->focus == c)
		m->focus = NULL;
	RB_REMOVE(clients, &m->by_path, c);
	record_free(&c->record);
	free(c);
}

void
model_list_begin(struct model *m)
{
	m->listing++;
	m->is_listing = 1;
}

void
model_list_end(struct model *m)
{
	struct client *c;
	size_t i, gone = 0;

	m->is_listing = 0;
	sort(m);
	for (i = 0; i < m->count; i++)
		gone += m->sorted[i]->listing != m->listing;
	/* Seldom more than a few have gone meanwhile. */
	for (i = m->count; i > 0 && gone > 0; i--) {
		c = m->sorted[i - 1];
		if (c->listing != m->listing) {
			model_remove(m, c);
			gone--;
		}
	}
}

void
model_clear(struct model *m)
{
	want_back(m);
	drop_all(m);
	m->was_empty = 1;
}

void
model_set_order(struct model *m, enum model_order order)
{
	m->order = order;
	sort(m);
}

enum model_order
model_order(const struct model *m)
{
	return m->order;
}

struct client *
model_focus(const struct model *m)
{
	if (m->count == 0)
		return NULL;
	return m->focus != NULL ? m->focus : m->sorted[0];
}

void
model_set_focus(struct model *m, struct client *c)
{
	m->focus = c;
	free(m->wanted);
	m->wanted = NULL;
	m->was_empty = 0;
}

struct client *
model_search(const struct model *m, const char *text, int step)
{
	size_t at, i, n;

	if (m->count == 0)
		return NULL;
	at = model_index(m, model_focus(m));
	for (n = step == 0 ? 0 : 1; n < m->count + (step != 0); n++) {
		i = step < 0 ? (at + m->count - n % m->count) % m->count :
		    (at + n) % m->count;
		if (strcasestr(client_name(m->sorted[i]), text) != NULL)
			return m->sorted[i];
	}
	return NULL;
}
