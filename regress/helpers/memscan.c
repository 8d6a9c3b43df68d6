/* SPDX-License-Identifier: ISC */
/*
 * memscan: search the memory of another process, all of it, for texts that
 * must not be there, as they are and in base64.  For tests; run by root.
 *
 *	memscan [-g] pid text...
 *
 * Prints a line for each mapping that has some: how often, the mapping's
 * name, and "locked" and "undumped" if it is.  With -g it leaves out mappings
 * of a gigabyte and more, which sanitizers make for their own records.  Exit
 * status: 0 if there was nothing, 1 if there was, 2 if it could not search.
 */
#include <sys/types.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEEDLES 64
#define CHUNK (4U << 20)
#define NEEDLE_MIN 6
#define NEEDLE_MAX 256

struct needle {
	uint8_t bytes[2 * NEEDLE_MAX];
	size_t len;
};

struct mapping {
	uint64_t start, end;
	char name[256];
	int locked, undumped;
};

static struct needle needles[NEEDLES];
static size_t needle_count, longest;
static int skip_giants;
static uint8_t *chunk;

static void
needle_add(const void *bytes, size_t len)
{
	struct needle *needle = &needles[needle_count];

	if (needle_count == NEEDLES)
		errx(2, "too many texts");
	memcpy(needle->bytes, bytes, len);
	needle->len = len;
	needle_count++;
	if (len > longest)
		longest = len;
}

/*
 * The characters of base64 that the text decides alone if ${skew} bytes of
 * something else are before it in its group of three.
 */
static void
needle_base64(const uint8_t *text, size_t len, size_t skew)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t out[2 * NEEDLE_MAX];
	size_t n = 0, bit, bits = len * 8;
	unsigned int value;
	int i;

	bit = skew == 0 ? 0 : skew == 1 ? 4 : 2;
	for (; bit + 6 <= bits; bit += 6) {
		for (value = 0, i = 0; i < 6; i++)
			value = value << 1 |
			    (text[(bit + (size_t)i) / 8] >>
			    (7 - (bit + (size_t)i) % 8) & 1);
		out[n++] = (uint8_t)digits[value];
	}
	needle_add(out, n);
}

static void
needle_text(const char *text)
{
	uint8_t bytes[NEEDLE_MAX];
	size_t skew, len = strlen(text);

	if (len < NEEDLE_MIN || len > sizeof bytes)
		errx(2, "a text has %d to %d bytes", NEEDLE_MIN, NEEDLE_MAX);
	memcpy(bytes, text, len);
	needle_add(bytes, len);
	for (skew = 0; skew < 3; skew++)
		needle_base64(bytes, len, skew);
}

static size_t
count_hits(const uint8_t *bytes, size_t len, size_t overlap)
{
	const uint8_t *p;
	size_t i, left, hits = 0;

	for (i = 0; i < needle_count; i++) {
		p = bytes;
		left = len;
		while ((p = memmem(p, left, needles[i].bytes,
		    needles[i].len)) != NULL) {
			/* One that ends in the overlap was counted. */
			if ((size_t)(p - bytes) + needles[i].len > overlap)
				hits++;
			p++;
			left = len - (size_t)(p - bytes);
		}
	}
	return hits;
}

/* How often are there needles in this mapping? */
static size_t
search(int mem, const struct mapping *m)
{
	size_t keep = 0, want, hits = 0;
	uint64_t at = m->start;
	ssize_t n;

	while (at < m->end) {
		want = CHUNK - keep;
		if (want > m->end - at)
			want = (size_t)(m->end - at);
		n = pread(mem, chunk + keep, want, (off_t)at);
		if (n <= 0)
			err(2, "cannot read %s", m->name);
		at += (uint64_t)n;
		hits += count_hits(chunk, keep + (size_t)n, keep);
		n += (ssize_t)keep;
		keep = (size_t)n < longest - 1 ? (size_t)n : longest - 1;
		memmove(chunk, chunk + n - keep, keep);
	}
	return hits;
}

static int
is_kernels_own(const char *name)
{
	return strncmp(name, "[vvar", 5) == 0 ||
	    strcmp(name, "[vsyscall]") == 0;
}

/* Returns whether anything was found. */
static int
report(int mem, const struct mapping *m)
{
	size_t hits;

	if (is_kernels_own(m->name) ||
	    (skip_giants && m->end - m->start >= UINT64_C(1) << 30))
		return 0;
	if ((hits = search(mem, m)) == 0)
		return 0;
	printf("%zu %s%s%s\n", hits, m->name, m->locked ? " locked" : "",
	    m->undumped ? " undumped" : "");
	return 1;
}

/* Each mapping is a line with its range, then lines about it, flags last. */
static int
scan(int mem, FILE *smaps)
{
	struct mapping m;
	char line[4096], perms[8];
	uint64_t start, end;
	int found = 0, name_at;

	memset(&m, 0, sizeof m);
	strlcpy(perms, "---", sizeof perms);
	while (fgets(line, sizeof line, smaps) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "VmFlags:", 8) == 0) {
			m.locked = strstr(line, " lo") != NULL;
			m.undumped = strstr(line, " dd") != NULL;
			/* What has no permission at all holds nothing. */
			if (strncmp(perms, "---", 3) != 0)
				found |= report(mem, &m);
			continue;
		}
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n",
		    &start, &end, perms, &name_at) != 3)
			continue;
		m.start = start;
		m.end = end;
		strlcpy(m.name, line[name_at] != '\0' ? line + name_at :
		    "anonymous", sizeof m.name);
	}
	if (ferror(smaps) || m.end == 0)
		errx(2, "no mappings");
	return found;
}

int
main(int argc, char **argv)
{
	char path[64];
	FILE *smaps;
	int ch, i, mem;

	while ((ch = getopt(argc, argv, "g")) != -1) {
		if (ch != 'g')
			exit(2);
		skip_giants = 1;
	}
	argc -= optind;
	argv += optind;
	if (argc < 2) {
		fprintf(stderr, "usage: memscan [-g] pid text...\n");
		return 2;
	}
	for (i = 1; i < argc; i++)
		needle_text(argv[i]);
	if ((chunk = malloc(CHUNK)) == NULL)
		err(2, "malloc");
	snprintf(path, sizeof path, "/proc/%s/smaps", argv[0]);
	if ((smaps = fopen(path, "re")) == NULL)
		err(2, "%s", path);
	snprintf(path, sizeof path, "/proc/%s/mem", argv[0]);
	if ((mem = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(2, "%s", path);
	return scan(mem, smaps);
}
