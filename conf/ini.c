/* SPDX-License-Identifier: ISC */
/*
 * Files as Python's ConfigParser reads them: sections, keys, values that run
 * over several lines, and references between values.  Run by the
 * configuration reader, which is root: everything here is bounded, takes time
 * in proportion to the file, and never shows a value.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/tree.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define CAPITAL_I_WITH_DOT 0x130

/* What is open while lines are read. */
struct reading {
	struct ini *ini;
	struct where where;		/* the line */
	struct ini_section *section;	/* or NULL before the first */
	struct ini_entry *entry;	/* the one that may be continued */
	size_t indent;			/* of the line that opened it */
	size_t blanks;			/* empty lines since its last piece */
	int is_headless;		/* complained about that */
	size_t items;			/* sections and keys so far */
	unsigned int errors;
};

static int
entry_compare(const struct ini_entry *a, const struct ini_entry *b)
{
	return text_compare(a->key, b->key);
}

static int
section_compare(const struct ini_section *a, const struct ini_section *b)
{
	return text_compare(a->name, b->name);
}

RB_GENERATE_INTERNAL(ini_entries, ini_entry, by_key, entry_compare,
    static __attribute__((unused)))
RB_GENERATE_INTERNAL(ini_sections, ini_section, by_name, section_compare,
    static __attribute__((unused)))

static void
section_init(struct ini_section *section, struct text name)
{
	memset(section, 0, sizeof *section);
	section->name = name;
	RB_INIT(&section->tree);
	STAILQ_INIT(&section->list);
	STAILQ_INIT(&section->percents);
}

void
ini_init(struct ini *ini, const char *file)
{
	memset(ini, 0, sizeof *ini);
	ini->file = file;
	RB_INIT(&ini->tree);
	STAILQ_INIT(&ini->list);
	STAILQ_INIT(&ini->blobs);
	section_init(&ini->defaults, text_from("DEFAULT"));
}

static void
section_clear(struct ini_section *section)
{
	struct ini_entry *entry;

	while ((entry = STAILQ_FIRST(&section->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&section->list, entry);
		free(entry);
	}
}

void
ini_free(struct ini *ini)
{
	struct ini_section *section;
	struct ini_blob *blob;

	section_clear(&ini->defaults);
	while ((section = STAILQ_FIRST(&ini->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&ini->list, entry);
		section_clear(section);
		free(section);
	}
	while ((blob = STAILQ_FIRST(&ini->blobs)) != NULL) {
		STAILQ_REMOVE_HEAD(&ini->blobs, entry);
		freezero(blob->p, blob->len);
		free(blob);
	}
	freezero(ini->bytes, ini->len);
	/* What was never used is still zero. */
	freezero(ini->arena, ini->used);
	ini_init(ini, ini->file);
}

static struct ini_entry *
entry_new(struct ini_section *section, struct text key)
{
	struct ini_entry *entry;

	if ((entry = calloc(1, sizeof *entry)) == NULL)
		fatal("calloc");
	entry->section = section;
	entry->key = key;
	STAILQ_INSERT_TAIL(&section->list, entry, entry);
	return entry;
}

static void
bad_line(struct reading *r, const char *reason)
{
	r->errors++;
	problem_error(&r->where, "%s", reason);
}

/*
 * The arena is three times as large as the file.  No name or value takes more
 * of it than it took of the file; a key may grow by half in lower case, and
 * is given room for twice its length.
 */
static char *
arena_put(struct ini *ini, const char *p, size_t len)
{
	char *at = ini->arena + ini->used;

	if (len > ini->size - ini->used)
		fatalx("%s: out of room", ini->file);
	if (len > 0)
		memcpy(at, p, len);
	ini->used += len;
	return at;
}

size_t
ini_lower(char *out, struct text key)
{
	size_t n, len = 0;
	uint32_t cp;

	for (; key.len > 0; key.p += n, key.len -= n) {
		if ((n = utf8_decode(key.p, key.len, &cp)) == 0) {
			n = 1;
			out[len++] = key.p[0];
		} else if (cp == CAPITAL_I_WITH_DOT) {
			/* The one letter whose lower case are two. */
			memcpy(out + len, "i\xcc\x87", 3);
			len += 3;
		} else
			len += utf8_encode(unicode_lower(cp), out + len);
	}
	return len;
}

static struct text
arena_put_lower(struct ini *ini, struct text key)
{
	struct text lower = { .p = ini->arena + ini->used };

	/* As much as it may become, lest it be written over the end. */
	if (ini->size - ini->used < 2 * key.len)
		fatalx("%s: out of room", ini->file);
	lower.len = ini_lower(ini->arena + ini->used, key);
	ini->used += lower.len;
	return lower;
}

/* A value with references is on a list of its own. */
static void
note_percent(struct ini_entry *entry, struct text piece)
{
	if (entry->has_percent || piece.len == 0 ||
	    memchr(piece.p, '%', piece.len) == NULL)
		return;
	entry->has_percent = 1;
	STAILQ_INSERT_TAIL(&entry->section->percents, entry, by_percent);
}

void
ini_default(struct ini *ini, const char *key, const char *value)
{
	struct ini_entry *entry;

	entry = entry_new(&ini->defaults, text_from(key));
	entry->where.file = "built-in default";
	entry->value = text_from(value);
	note_percent(entry, entry->value);
	RB_INSERT(ini_entries, &ini->defaults.tree, entry);
}

/* A further piece of the open value. */
static void
continue_value(struct reading *r, struct text piece)
{
	struct ini_entry *entry = r->entry;
	size_t before = r->ini->used;

	for (; r->blanks > 0; r->blanks--)
		arena_put(r->ini, "\n", 1);
	arena_put(r->ini, "\n", 1);
	arena_put(r->ini, piece.p, piece.len);
	entry->value.len += r->ini->used - before;
	note_percent(entry, piece);
}

/* [name]: up to the last bracket of the line; what follows is ignored. */
static int
open_section(struct reading *r, struct text line)
{
	struct ini *ini = r->ini;
	struct ini_section *section;
	struct text name;
	const char *end;

	if (line.p[0] != '[' ||
	    (end = memrchr(line.p, ']', line.len)) == NULL ||
	    end == line.p + 1)
		return 0;
	r->entry = NULL;
	name.len = (size_t)(end - line.p) - 1;
	name.p = line.p + 1;
	if (text_is(name, "DEFAULT")) {
		r->section = &ini->defaults;
		return 1;
	}
	name.p = arena_put(ini, name.p, name.len);
	if ((section = calloc(1, sizeof *section)) == NULL)
		fatal("calloc");
	section_init(section, name);
	section->where = r->where;
	STAILQ_INSERT_TAIL(&ini->list, section, entry);
	if (RB_INSERT(ini_sections, &ini->tree, section) != NULL)
		bad_line(r, "there is a section of this name already");
	r->section = section;
	return 1;
}

static void
open_entry(struct reading *r, struct text line)
{
	struct ini_entry *entry, *old;
	struct text key, value;
	size_t i = 0;

	while (i < line.len && line.p[i] != '=' && line.p[i] != ':')
		i++;
	r->entry = NULL;
	if (i == line.len) {
		bad_line(r, line.p[0] == '[' ? "this section has no name" :
		    "this is no section, comment or \"key = value\"");
		return;
	}
	key = text_strip((struct text) { .p = line.p, .len = i });
	value = text_strip((struct text) { .p = line.p + i + 1,
	    .len = line.len - i - 1 });
	if (key.len == 0) {
		bad_line(r, "there is no key before the delimiter");
		return;
	}
	key = arena_put_lower(r->ini, key);
	value.p = arena_put(r->ini, value.p, value.len);
	entry = entry_new(r->section, key);
	entry->where = r->where;
	entry->value = value;
	note_percent(entry, value);
	old = RB_INSERT(ini_entries, &r->section->tree, entry);
	if (old != NULL && old->where.line == 0) {
		RB_REMOVE(ini_entries, &r->section->tree, old);
		RB_INSERT(ini_entries, &r->section->tree, entry);
	} else if (old != NULL)
		bad_line(r, "this section has this key already");
	r->entry = entry;
	r->blanks = 0;
}

/* How many characters of white space a line begins with. */
static size_t
line_indent(const char *p, const char *end)
{
	size_t i, count = 0;

	/* The end is where text_strip() stopped: all before is white space. */
	for (i = 0; p + i < end; i++)
		if ((p[i] & 0xc0) != 0x80)
			count++;
	return count;
}

static void
read_line(struct reading *r, struct text line)
{
	struct text rest = text_strip(line);
	size_t indent;

	if (rest.len == 0) {
		r->blanks++;
		return;
	}
	if (rest.p[0] == '#' || rest.p[0] == ';')
		return;
	indent = line_indent(line.p, rest.p);
	if (r->entry != NULL && indent > r->indent) {
		continue_value(r, rest);
		return;
	}
	r->indent = indent;
	r->items++;
	if (open_section(r, rest))
		return;
	if (r->section != NULL)
		open_entry(r, rest);
	else if (!r->is_headless) {
		r->is_headless = 1;
		bad_line(r, "there must be a [section] before this line");
	}
}

/* Whether all is UTF-8; if not, say in which line it ends to be so. */
static int
check_encoding(struct reading *r, const char *p, size_t len)
{
	unsigned int line = 1;
	uint32_t cp;
	size_t i = 0, n;

	while (i < len) {
		if ((n = utf8_decode(p + i, len - i, &cp)) == 0) {
			r->where.line = line;
			bad_line(r, "this is not valid UTF-8");
			return -1;
		}
		if (cp == '\n' ||
		    (cp == '\r' && (i + 1 == len || p[i + 1] != '\n')))
			line++;
		i += n;
	}
	return 0;
}

int
ini_parse(struct ini *ini, const char *p, size_t len)
{
	struct reading r = { .ini = ini, .where = { .file = ini->file } };
	struct text line;
	size_t i = 0;

	if (check_encoding(&r, p, len) == -1)
		return -1;
	ini->size = 3 * len;
	if (len > 0 && (ini->arena = calloc(3, len)) == NULL)
		fatal("calloc");
	while (i < len && r.items <= INI_ITEMS_MAX) {
		line.p = p + i;
		while (i < len && p[i] != '\n' && p[i] != '\r')
			i++;
		line.len = (size_t)(p + i - line.p);
		/* LF, CRLF and a lone CR all end a line. */
		if (i + 1 < len && p[i] == '\r' && p[i + 1] == '\n')
			i++;
		i++;
		r.where.line++;
		read_line(&r, line);
	}
	if (r.items > INI_ITEMS_MAX)
		bad_line(&r, "there are too many keys before this line");
	return r.errors > 0 ? -1 : 0;
}

/* Read all of ${fd}. */
static int
read_bytes(struct ini *ini, int fd)
{
	struct where where = { .file = ini->file };
	struct stat st;
	ssize_t n;
	size_t size;

	if (fstat(fd, &st) == -1) {
		problem_error(&where, "%s", strerror(errno));
		return -1;
	}
	/* One more than it has, to notice its end, or one that grows. */
	size = S_ISREG(st.st_mode) && st.st_size < (off_t)INI_SIZE_MAX ?
	    (size_t)st.st_size + 1 : INI_SIZE_MAX + 1;
	if ((ini->bytes = calloc(1, size)) == NULL)
		fatal("calloc");
	while (ini->len < size) {
		n = read(fd, ini->bytes + ini->len, size - ini->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			problem_error(&where, "%s", strerror(errno));
			return -1;
		}
		if (n == 0)
			return 0;
		ini->len += (size_t)n;
	}
	problem_error(&where, size > INI_SIZE_MAX ?
	    "this file is larger than 64 MiB" :
	    "this file grew while it was read");
	return -1;
}

int
ini_load(struct ini *ini)
{
	struct where where = { .file = ini->file };
	int fd, result;

	ini->is_there = 1;
	if ((fd = open(ini->file, O_RDONLY | O_CLOEXEC)) == -1) {
		ini->is_there = errno != ENOENT;
		if (!ini->is_there)
			return 0;
		problem_error(&where, "%s", strerror(errno));
		return -1;
	}
	result = read_bytes(ini, fd);
	close(fd);
	if (result == 0)
		result = ini_parse(ini, ini->bytes, ini->len);
	freezero(ini->bytes, ini->len);
	ini->bytes = NULL;
	ini->len = 0;
	return result;
}

struct ini_entry *
ini_find(struct ini *ini, struct ini_section *section, struct text key)
{
	struct ini_entry wanted = { .key = key }, *entry;

	entry = RB_FIND(ini_entries, &section->tree, &wanted);
	for (; entry == NULL && ini != NULL; ini = ini->base)
		entry = RB_FIND(ini_entries, &ini->defaults.tree, &wanted);
	return entry;
}
