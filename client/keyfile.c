/* SPDX-License-Identifier: ISC */
/*
 * Key files in memory.  Read with read(2): no buffer of a library's keeps a
 * copy.
 */
#include "keyfile.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "power.h"

#define SIZE_MAX_BYTES ((size_t)1024 * 1024)

int
keyfile_open(const char *path)
{
	uid_t uid;
	gid_t gid;
	int fd;

	power_caller(&uid, &gid);
	power_files_as(uid, gid);
	/* A FIFO without a writer must not stop us. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		log_warn("%s", path);
	power_files_own();
	return fd;
}

char *
keyfile_read(int fd, const char *path, size_t *len)
{
	/* One allocation for all, so that realloc(3) leaves nothing behind. */
	char *bytes = calloc(1, SIZE_MAX_BYTES + 2);
	size_t used = 0;
	ssize_t n = 1;

	while (bytes != NULL && used <= SIZE_MAX_BYTES && n > 0) {
		n = read(fd, bytes + used, SIZE_MAX_BYTES + 1 - used);
		if (n > 0)
			used += (size_t)n;
		else if (n == -1 && errno == EINTR)
			n = 1;
	}
	if (bytes == NULL || n == -1 || used > SIZE_MAX_BYTES) {
		if (used > SIZE_MAX_BYTES)
			errno = EFBIG;
		log_warn("%s", path);
		keyfile_free(bytes);
		bytes = NULL;
	}
	close(fd);
	if (len != NULL)
		*len = used;
	return bytes;
}

void
keyfile_free(char *bytes)
{
	freezero(bytes, SIZE_MAX_BYTES + 2);
}
