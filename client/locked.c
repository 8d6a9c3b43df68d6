/* SPDX-License-Identifier: ISC */
/*
 * Passwords in memory.  Every program here that has one keeps it in a mapping
 * of its own: the heap, with copies that realloc(3) leaves behind, and the
 * buffers of stdio never see it.
 */
#include "locked.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define FIRST_SIZE ((size_t)4096)

/* Make room for ${more} bytes behind those that are there. */
static int
reserve(struct locked *locked, size_t more)
{
	struct locked bigger = { NULL, 0, FIRST_SIZE };

	if (more > LOCKED_MAX - locked->len) {
		errno = EFBIG;
		return -1;
	}
	if (more <= locked->size - locked->len)
		return 0;
	while (bigger.size < locked->len + more)
		bigger.size *= 2;
	bigger.bytes = mmap(NULL, bigger.size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bigger.bytes == MAP_FAILED)
		return -1;
	/* A host that is not unlocked is no safer: none of these is needed. */
	(void)mlock(bigger.bytes, bigger.size);
	(void)madvise(bigger.bytes, bigger.size, MADV_DONTDUMP);
	(void)madvise(bigger.bytes, bigger.size, MADV_DONTFORK);
	bigger.len = locked->len;
	if (locked->len > 0)
		memcpy(bigger.bytes, locked->bytes, locked->len);
	locked_free(locked);
	*locked = bigger;
	return 0;
}

int
locked_add(struct locked *locked, const void *bytes, size_t len)
{
	if (reserve(locked, len) == -1)
		return -1;
	if (len > 0)
		memcpy(locked->bytes + locked->len, bytes, len);
	locked->len += len;
	return 0;
}

ssize_t
locked_read(struct locked *locked, int fd)
{
	ssize_t n;

	if (reserve(locked, 1) == -1)
		return -1;
	n = read(fd, locked->bytes + locked->len, locked->size - locked->len);
	if (n > 0)
		locked->len += (size_t)n;
	return n;
}

int
locked_write(const struct locked *locked, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	size_t done = 0;
	ssize_t n;

	while (done < locked->len) {
		n = write(fd, locked->bytes + done, locked->len - done);
		/* Whoever gave us the descriptor may not want to wait. */
		if (n == -1 && errno == EAGAIN)
			poll(&pfd, 1, -1);
		else if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

void
locked_free(struct locked *locked)
{
	if (locked->bytes != NULL) {
		explicit_bzero(locked->bytes, locked->size);
		munmap(locked->bytes, locked->size);
	}
	memset(locked, 0, sizeof *locked);
}

void
locked_process(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("core dumps cannot be forbidden");
}
