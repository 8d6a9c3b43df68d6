/* SPDX-License-Identifier: ISC */
/*
 * References between values: %(key)s stands for another value of the section
 * or of [DEFAULT], %% for a percent sign.  Run by the configuration reader.
 *
 * Ten levels of references, each value naming the next many times, could make
 * more text than there is memory: what all expansions of a file may cost
 * together has a ceiling.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define NAME_SHOWN_MAX 64	/* bytes of a name in a complaint */

/* One expansion. */
struct expansion {
	struct ini *ini;
	struct ini_section *section;
	struct ini_entry *entry;	/* whose value it becomes */
	char *p;
	size_t len;
	size_t size;
};

static int expand(struct expansion *, struct text, int);

/* Complain about the value, only once however many sections inherit it. */
#define bad_value(x, ...) do {						\
	if (!(x)->entry->is_reported)					\
		problem_error(&(x)->entry->where, __VA_ARGS__);		\
	(x)->entry->is_reported = 1;					\
} while (0)

static int
shown(struct text name)
{
	return (int)(name.len < NAME_SHOWN_MAX ? name.len : NAME_SHOWN_MAX);
}

/* Once the ceiling is reached nothing more is expanded, nor complained of. */
static int
spend(struct expansion *x, size_t cost)
{
	struct ini *ini = x->ini;

	if (cost <= INI_WORK_MAX && ini->work <= INI_WORK_MAX - cost) {
		ini->work += cost;
		return 0;
	}
	if (!ini->is_exhausted)
		bad_value(x, "the references in this file expand to too much");
	ini->is_exhausted = 1;
	ini->work = INI_WORK_MAX;
	return -1;
}

static int
append(struct expansion *x, struct text text)
{
	size_t size;

	if (spend(x, text.len) == -1)
		return -1;
	if (text.len > x->size - x->len) {
		size = 2 * (x->len + text.len);
		x->p = recallocarray(x->p, x->size, size, 1);
		if (x->p == NULL)
			fatal("recallocarray");
		x->size = size;
	}
	if (text.len > 0)
		memcpy(x->p + x->len, text.p, text.len);
	x->len += text.len;
	return 0;
}

/*
 * The key named by the reference that ${rest} begins with, which is stepped
 * over; -1 if it is none.
 */
static int
take_reference(struct expansion *x, struct text *rest, struct text *key)
{
	const char *end;

	key->p = rest->p + 2;
	end = memchr(key->p, ')', rest->len - 2);
	if (end == NULL || end == key->p || end + 1 == rest->p + rest->len ||
	    end[1] != 's') {
		bad_value(x, "\"%%(\" must be followed by a key and \")s\"");
		return -1;
	}
	key->len = (size_t)(end - key->p);
	rest->len -= (size_t)(end + 2 - rest->p);
	rest->p = end + 2;
	return 0;
}

static int
find_reference(struct expansion *x, struct text key, struct text *value)
{
	struct ini_entry *found;
	struct text name = x->section->name;
	char *lower;
	size_t len;

	if (spend(x, INI_REFERENCE_COST + key.len) == -1)
		return -1;
	if ((lower = calloc(2, key.len)) == NULL)
		fatal("calloc");
	len = ini_lower(lower, key);
	found = ini_find(x->ini, x->section, (struct text) { lower, len });
	free(lower);
	if (found == NULL) {
		bad_value(x, "\"%%(%.*s)s\" names no key of section [%.*s]",
		    shown(key), key.p, shown(name), name.p);
		return -1;
	}
	*value = found->value;
	return 0;
}

/* Only a value with references is a further level. */
static int
substitute(struct expansion *x, struct text value, int depth)
{
	if (value.len > 0 && memchr(value.p, '%', value.len) != NULL)
		return expand(x, value, depth);
	return append(x, value);
}

static int
expand(struct expansion *x, struct text rest, int depth)
{
	struct text key, plain, value;
	const char *percent;

	if (depth > INI_DEPTH_MAX) {
		bad_value(x, "the references in this value go deeper than %d "
		    "levels, or in a circle", INI_DEPTH_MAX);
		return -1;
	}
	while (rest.len > 0 &&
	    (percent = memchr(rest.p, '%', rest.len)) != NULL) {
		plain.p = rest.p;
		plain.len = (size_t)(percent - rest.p);
		rest.len -= plain.len;
		rest.p = percent;
		if (append(x, plain) == -1)
			return -1;
		if (rest.len > 1 && rest.p[1] == '%') {
			rest.p += 2;
			rest.len -= 2;
			if (append(x, text_from("%")) == -1)
				return -1;
			continue;
		}
		if (rest.len < 2 || rest.p[1] != '(') {
			bad_value(x, "\"%%\" must be followed by \"%%\" or "
			    "\"(\"");
			return -1;
		}
		if (take_reference(x, &rest, &key) == -1 ||
		    find_reference(x, key, &value) == -1 ||
		    substitute(x, value, depth + 1) == -1)
			return -1;
	}
	return append(x, rest);
}

/* Give the expansion to ${ini}, to be wiped with it. */
static struct text
keep(struct expansion *x)
{
	struct ini_blob *blob;

	if ((blob = calloc(1, sizeof *blob)) == NULL)
		fatal("calloc");
	blob->p = x->p;
	blob->len = x->len;
	STAILQ_INSERT_TAIL(&x->ini->blobs, blob, entry);
	return (struct text) { .p = x->p != NULL ? x->p : "", .len = x->len };
}

int
ini_expand(struct ini *ini, struct ini_section *section,
    struct ini_entry *entry, struct text *value)
{
	struct expansion x = { .ini = ini, .section = section,
		.entry = entry };

	if (!entry->has_percent) {
		*value = entry->value;
		return 0;
	}
	if (entry->expanded.p != NULL) {
		*value = entry->expanded;
		return 0;
	}
	if (spend(&x, INI_REFERENCE_COST) == -1 ||
	    expand(&x, entry->value, 1) == -1) {
		freezero(x.p, x.len);
		return -1;
	}
	*value = keep(&x);
	/* What [DEFAULT] holds differs from section to section. */
	if (entry->section == section && section != &ini->defaults)
		entry->expanded = *value;
	return 0;
}

int
ini_check(struct ini *ini, struct ini_section *section)
{
	struct ini_entry *entry;
	struct text value;
	struct ini *from;
	int result = 0;

	STAILQ_FOREACH(entry, &section->percents, by_percent)
		if (ini_expand(ini, section, entry, &value) == -1)
			result = -1;
	for (from = ini; from != NULL; from = from->base)
		STAILQ_FOREACH(entry, &from->defaults.percents, by_percent) {
			/* Even a look at a value in vain is paid for. */
			ini->work += ini->work < INI_WORK_MAX;
			if (ini_find(ini, section, entry->key) == entry &&
			    ini_expand(ini, section, entry, &value) == -1)
				result = -1;
		}
	return result;
}
