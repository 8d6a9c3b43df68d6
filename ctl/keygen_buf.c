/* SPDX-License-Identifier: ISC */
/*
 * Memory for secrets, and files that hold them.  Both processes of
 * mandos-keygen.  Nothing that is in here is ever printed.
 */
#include "keygen.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int
buf_new(struct buf *b, size_t size)
{
	void *p;

	*b = (struct buf){ .p = NULL };
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		warn("mmap");
		return -1;
	}
	if (mlock(p, size) == -1) {
		warn("cannot lock memory for secrets");
		munmap(p, size);
		return -1;
	}
	if (madvise(p, size, MADV_DONTDUMP) == -1) {
		warn("madvise");
		munmap(p, size);
		return -1;
	}
	b->p = p;
	b->size = size;
	return 0;
}

void
buf_free(struct buf *b)
{
	if (b->p != NULL) {
		explicit_bzero(b->p, b->size);
		munmap(b->p, b->size);
	}
	*b = (struct buf){ .p = NULL };
}

int
buf_add(struct buf *b, const void *p, size_t len)
{
	if (len > b->size - b->used)
		return -1;
	memcpy(b->p + b->used, p, len);
	b->used += len;
	return 0;
}

int
buf_read(struct buf *b, int fd, const char *what)
{
	unsigned char more;
	ssize_t n;

	for (;;) {
		/* When it is full, one byte tells whether that was all. */
		if (b->used < b->size)
			n = read(fd, b->p + b->used, b->size - b->used);
		else
			n = read(fd, &more, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			warn("%s", what);
			return -1;
		}
		if (n == 0)
			return 0;
		if (b->used == b->size) {
			explicit_bzero(&more, 1);
			warnx("%s: more than %zu bytes", what, b->size);
			return -1;
		}
		b->used += (size_t)n;
	}
}

int
buf_load(struct buf *b, const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, n, rv = -1;

	n = snprintf(path, sizeof path, "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof path) {
		warnx("%s: the name is too long", dir);
		return -1;
	}
	/* Not to wait for whoever writes into a FIFO. */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1)
		warn("%s", path);
	else if (!S_ISREG(st.st_mode))
		warnx("%s is no regular file", path);
	else
		rv = buf_read(b, fd, path);
	if (fd != -1)
		close(fd);
	return rv;
}

int
buf_store(const struct buf *b, int dir, const char *name)
{
	size_t done = 0;
	ssize_t n;
	int fd;

	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1) {
		warn("%s", name);
		return -1;
	}
	while (done < b->used) {
		n = write(fd, b->p + done, b->used - done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto fail;
		done += (size_t)n;
	}
	if (fsync(fd) == -1)
		goto fail;
	if (close(fd) == -1) {
		warn("%s", name);
		return -1;
	}
	return 0;

fail:
	warn("%s", name);
	close(fd);
	return -1;
}
