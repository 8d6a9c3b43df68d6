/* SPDX-License-Identifier: ISC */
/*
 * What is in a boot image.  The kernel takes several archives one behind the
 * other: firmware for the processor first, not compressed, and then the rest.
 * libarchive reads each; where one that is not compressed ends has to be found
 * out here.  Nothing is unpacked; keys are only ever in locked memory.
 */
#include "keygen_rehearse.h"

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#define NEWC_HEADER 110		/* bytes, all in hexadecimal digits */
#define NEWC_SIZE 54		/* where the size of a file is */
#define NEWC_NAMESIZE 94
#define NEWC_NAME_MAX 4096
#define NEWC_TRAILER "TRAILER!!!"
#define CHUNK 65536

/* A part of the image, as libarchive reads it. */
struct source {
	int fd;
	off_t pos;
	off_t end;		/* -1: that of the file */
	unsigned char chunk[CHUNK];
};

/* A file that we look for, by any of its names. */
struct wanted {
	const char *name;
	struct image_file *file;
	struct buf *bytes;	/* NULL: not wanted */
	size_t max;
};

static char why_text[256];

static int
fail(const char **why, const char *text)
{
	strlcpy(why_text, text != NULL ? text : "unknown", sizeof why_text);
	*why = why_text;
	return -1;
}

static la_ssize_t
read_source(struct archive *a, void *arg, const void **p)
{
	struct source *s = arg;
	size_t want = sizeof s->chunk;
	ssize_t n;

	if (s->end != -1 && (off_t)want > s->end - s->pos)
		want = (size_t)(s->end - s->pos);
	while ((n = pread(s->fd, s->chunk, want, s->pos)) == -1)
		if (errno != EINTR) {
			archive_set_error(a, errno, "%s", strerror(errno));
			return -1;
		}
	s->pos += n;
	*p = s->chunk;
	return n;
}

static int
take_bytes(struct archive *a, const struct wanted *w, const char **why)
{
	la_ssize_t n;

	buf_free(w->bytes);
	if (buf_new(w->bytes, w->max) == -1)
		return fail(why, "there is not enough memory");
	while (w->bytes->used < w->bytes->size) {
		n = archive_read_data(a, w->bytes->p + w->bytes->used,
		    w->bytes->size - w->bytes->used);
		if (n < 0)
			return fail(why, archive_error_string(a));
		if (n == 0)
			return 0;
		w->bytes->used += (size_t)n;
	}
	return fail(why, "a file of ours in it is too large");
}

/* Is this the name we look for?  "/lib" can be a link to "/usr/lib". */
static int
is_name(const char *path, const char *name)
{
	while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	if (strcmp(path, name) == 0)
		return 1;
	return strncmp(path, "usr/", 4) == 0 && strcmp(path + 4, name) == 0;
}

static int
consider(struct archive *a, struct archive_entry *entry,
    const struct wanted *wanted, const char **why)
{
	const char *path = archive_entry_pathname(entry);
	const struct wanted *w;

	if (path == NULL || archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	for (w = wanted; w->name != NULL; w++) {
		if (!is_name(path, w->name))
			continue;
		strlcpy(w->file->path, path, sizeof w->file->path);
		w->file->mode = archive_entry_perm(entry);
		w->file->uid = (uid_t)archive_entry_uid(entry);
		w->file->gid = (gid_t)archive_entry_gid(entry);
		if (w->bytes != NULL && take_bytes(a, w, why) == -1)
			return -1;
	}
	return 0;
}

/* One archive. */
static int
read_archive(struct image *image, struct source *s, const struct wanted *wanted,
    const char **why)
{
	struct archive_entry *entry;
	struct archive *a;
	int rv;

	if ((a = archive_read_new()) == NULL)
		return fail(why, "there is not enough memory");
	archive_read_support_filter_all(a);
	archive_read_support_format_cpio(a);
	rv = archive_read_open(a, s, NULL, read_source, NULL);
	if (rv != ARCHIVE_OK) {
		fail(why, archive_error_string(a));
		archive_read_free(a);
		return -1;
	}
	while ((rv = archive_read_next_header(a, &entry)) >= ARCHIVE_WARN &&
	    rv != ARCHIVE_EOF) {
		image->files++;
		if (consider(a, entry, wanted, why) == -1) {
			archive_read_free(a);
			return -1;
		}
	}
	if (rv != ARCHIVE_EOF)
		fail(why, archive_error_string(a));
	archive_read_free(a);
	return rv == ARCHIVE_EOF ? 0 : -1;
}

/* Eight hexadecimal digits. */
static off_t
hex(const unsigned char *p)
{
	off_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
		if (p[i] >= '0' && p[i] <= '9')
			n = n * 16 + (p[i] - '0');
		else if ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')
			n = n * 16 + ((p[i] | 32) - 'a' + 10);
		else
			return -1;
	return n;
}

static int
is_newc(const unsigned char *p)
{
	return memcmp(p, "070701", 6) == 0 || memcmp(p, "070702", 6) == 0;
}

/* Where an archive that is not compressed ends; -1 if it never does. */
static off_t
find_end(int fd, off_t pos)
{
	unsigned char header[NEWC_HEADER];
	char name[sizeof NEWC_TRAILER];
	off_t size, name_size;
	int is_last;

	for (;;) {
		if (pread(fd, header, sizeof header, pos) !=
		    (ssize_t)sizeof header || !is_newc(header) ||
		    (size = hex(header + NEWC_SIZE)) == -1 ||
		    (name_size = hex(header + NEWC_NAMESIZE)) < 1 ||
		    name_size > NEWC_NAME_MAX)
			return -1;
		pos += NEWC_HEADER;
		is_last = name_size == sizeof name &&
		    pread(fd, name, sizeof name, pos) ==
		    (ssize_t)sizeof name &&
		    memcmp(name, NEWC_TRAILER, sizeof name) == 0;
		/* Names and contents are padded to a multiple of four. */
		pos = (pos + name_size + 3) & ~(off_t)3;
		if (is_last)
			return pos;
		pos = (pos + size + 3) & ~(off_t)3;
	}
}

/* The next byte that is none of the zeros between archives; -1: the end. */
static off_t
skip_zeros(int fd, off_t pos)
{
	unsigned char b[512];
	ssize_t n, i;

	while ((n = pread(fd, b, sizeof b, pos)) > 0) {
		for (i = 0; i < n; i++)
			if (b[i] != 0)
				return pos + i;
		pos += n;
	}
	return -1;
}

static int
read_archives(struct image *image, int fd, const struct wanted *wanted,
    const char **why)
{
	struct source s = { .fd = fd };
	unsigned char magic[6];
	off_t pos = 0;

	while ((pos = skip_zeros(fd, pos)) != -1) {
		s.pos = pos;
		s.end = -1;
		if (pread(fd, magic, sizeof magic, pos) == sizeof magic &&
		    is_newc(magic)) {
			if ((s.end = find_end(fd, pos)) == -1)
				return fail(why, "it ends too early");
			pos = s.end;
		}
		if (read_archive(image, &s, wanted, why) == -1)
			return -1;
		/* What is compressed reaches to the end. */
		if (s.end == -1)
			break;
	}
	return image->files > 0 ? 0 : fail(why, "there is no file in it");
}

int
image_read(struct image *image, int fd, const char **why)
{
	struct wanted wanted[32] = { { .name = NULL } }, *w = wanted;
	static char names[2 * KEY_FILES][64];
	size_t i;

	*image = (struct image){ .files = 0 };
	/* initramfs-tools and dracut. */
	for (i = 0; i < 2 * KEY_FILES; i++) {
		snprintf(names[i], sizeof names[i], "%s/%s", i < KEY_FILES ?
		    "conf/conf.d/mandos" : "etc/mandos/keys",
		    key_names[i % KEY_FILES]);
		*w++ = (struct wanted){ names[i], &image->keys[i % KEY_FILES],
		    &image->key_bytes[i % KEY_FILES], KEY_MAX };
	}
	*w++ = (struct wanted){ "lib/mandos/plugins.d/mandos-client",
	    &image->client, NULL, 0 };
	*w++ = (struct wanted){ "lib/mandos/mandos-client", &image->client,
	    NULL, 0 };
	*w++ = (struct wanted){ "lib/mandos/plugin-runner", &image->runner,
	    NULL, 0 };
	*w++ = (struct wanted){ "lib/mandos/password-agent", &image->agent,
	    NULL, 0 };
	*w++ = (struct wanted){ "bin/gpg", &image->gpg, NULL, 0 };
	*w++ = (struct wanted){ "bin/gpg-agent", &image->gpg_agent, NULL, 0 };
	*w++ = (struct wanted){ "conf/conf.d/mandos/plugin-runner.conf",
	    &image->conf, &image->conf_bytes, IMAGE_TEXT_MAX };
	*w++ = (struct wanted){ "etc/mandos/plugin-runner.conf", &image->conf,
	    &image->conf_bytes, IMAGE_TEXT_MAX };
	*w = (struct wanted){ "cryptroot/crypttab", &image->crypttab,
	    &image->crypttab_bytes, IMAGE_TEXT_MAX };
	if (read_archives(image, fd, wanted, why) == 0)
		return 0;
	image_free(image);
	return -1;
}

void
image_free(struct image *image)
{
	size_t i;

	for (i = 0; i < KEY_FILES; i++)
		buf_free(&image->key_bytes[i]);
	buf_free(&image->conf_bytes);
	buf_free(&image->crypttab_bytes);
}
