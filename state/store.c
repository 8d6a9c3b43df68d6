/* SPDX-License-Identifier: ISC */
/*
 * The state directory.  Whoever could write here could enable clients and
 * change what is run to check them, so it must be ours alone.  Every change
 * is made to a new file; the ledger itself is never written to.
 */
#include "store.h"

#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"
#include "log.h"

/* A server that was killed may still be saving what it has. */
#define LOCK_TRIES 100
#define LOCK_PAUSE_NS 20000000

__attribute__((format(printf, 3, 4)))
static int
fail(struct store *store, int result, const char *fmt, ...)
{
	va_list ap;

	store->error = errno != 0 ? errno : EPERM;
	va_start(ap, fmt);
	vsnprintf(store->why, sizeof store->why, fmt, ap);
	va_end(ap);
	return result;
}

/*
 * The path as it is looked up: without what at its end would have a symbolic
 * link followed.
 */
static char *
clean_path(const char *path)
{
	char *clean = strdup(path);
	size_t len;

	if (clean == NULL)
		fatal("strdup");
	for (len = strlen(clean); len > 1; clean[len] = '\0')
		if (clean[len - 1] == '/')
			len--;
		else if (len > 2 && clean[len - 1] == '.' &&
		    clean[len - 2] == '/')
			len--;
		else
			break;
	return clean;
}

/* The directory that ${path} is in, for fsync(2). */
static int
open_parent(const char *path)
{
	char *parent = strdup(path), *slash;
	int fd;

	if (parent == NULL)
		fatal("strdup");
	if ((slash = strrchr(parent, '/')) != NULL)
		slash[slash == parent] = '\0';
	fd = open(slash != NULL ? parent : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	return fd;
}

/* Make it if it is missing; its name in its parent is to last, too. */
static int
make_directory(const char *path)
{
	int made = mkdir(path, 0700) == 0, error = errno, fd;

	if (!made && error != EEXIST)
		return -1;
	fd = open_parent(path);
	/* If it was there, this is for a start that was cut short. */
	if ((fd == -1 || fsync(fd) == -1) && made) {
		error = errno;
		if (fd != -1)
			close(fd);
		errno = error;
		return -1;
	}
	if (fd != -1)
		close(fd);
	errno = error;
	return 0;
}

static int
lock(int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return -1;
}

/*
 * Look before it is opened for good: root without its powers cannot open
 * what belongs to somebody else, and would not be told so.
 */
static int
check_directory(struct store *store, const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return fail(store, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	errno = EPERM;
	if (st.st_uid != store->owner)
		return fail(store, EX_NOPERM, "%s belongs to another user "
		    "(%u): chown root %s; chmod 700 %s", path,
		    (unsigned int)st.st_uid, path, path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(store, EX_NOPERM, "%s can be written to by other "
		    "users: chown root %s; chmod 700 %s", path, path, path);
	return 0;
}

static int
open_directory(struct store *store, const char *path)
{
	struct stat st;
	int look, status;

	if (make_directory(path) == -1)
		return fail(store, EX_CANTCREAT, "%s cannot be made: %s", path,
		    strerror(errno));
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		errno = ELOOP;
		return fail(store, EX_NOPERM, "%s is a symbolic link: "
		    "name the directory itself", path);
	}
	look = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (look == -1)
		return fail(store, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	if ((status = check_directory(store, path, look)) == 0 &&
	    (store->fd = openat(look, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1)
		status = fail(store, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	close(look);
	return status;
}

int
store_open(struct store *store, const char *path)
{
	char *clean = clean_path(path);
	int status;

	memset(store, 0, sizeof *store);
	store->fd = -1;
	store->owner = geteuid();
	if ((status = open_directory(store, clean)) == 0 &&
	    lock(store->fd) == -1)
		status = errno == EWOULDBLOCK ?
		    fail(store, EX_TEMPFAIL, "%s is in use by another server",
		    clean) :
		    fail(store, EX_CANTCREAT, "%s cannot be locked: %s",
		    clean, strerror(errno));
	if (status != 0)
		store_close(store);
	free(clean);
	return status;
}

void
store_close(struct store *store)
{
	if (store->fd != -1)
		close(store->fd);
	store->fd = -1;
}

void
store_keep(struct store *store, const char *name)
{
	strlcpy(store->keep, name, sizeof store->keep);
}

static int
check_ledger(struct store *store, int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return fail(store, EX_DATAERR, "%s: %s", STORE_LEDGER,
		    strerror(errno));
	errno = EPERM;
	if (!S_ISREG(st.st_mode))
		return fail(store, EX_NOPERM, "%s is no regular file",
		    STORE_LEDGER);
	if (st.st_uid != store->owner)
		return fail(store, EX_NOPERM, "%s belongs to another user "
		    "(%u)", STORE_LEDGER, (unsigned int)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(store, EX_NOPERM, "%s can be written to by other "
		    "users", STORE_LEDGER);
	if (st.st_size < 0 || (uintmax_t)st.st_size > LEDGER_MAX) {
		errno = EFBIG;
		return fail(store, EX_DATAERR, "%s is too large",
		    STORE_LEDGER);
	}
	*size = (size_t)st.st_size;
	return 0;
}

static int
read_all(struct store *store, int fd, size_t size, struct buffer *out)
{
	ssize_t n;

	/* One byte more than there should be, to see whether there is. */
	out->size = size + 1;
	if ((out->p = calloc(1, out->size)) == NULL)
		fatal("calloc");
	do {
		n = read(fd, out->p + out->used, out->size - out->used);
		if (n > 0)
			out->used += (size_t)n;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == 0 && out->used == size)
		return 0;
	if (n == 0)
		errno = EBUSY;
	buffer_free(out);
	return fail(store, EX_DATAERR, "%s cannot be read: %s", STORE_LEDGER,
	    strerror(errno));
}

int
store_read(struct store *store, struct buffer *out)
{
	size_t size = 0;
	int fd, status;

	/* Not to hang on a pipe, nor to be led elsewhere. */
	fd = openat(store->fd, STORE_LEDGER,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return -1;
	if (fd == -1 && errno == ELOOP)
		return fail(store, EX_NOPERM, "%s is a symbolic link",
		    STORE_LEDGER);
	/* Without the powers of root its owner is asked for, and no more. */
	if (fd == -1 && errno == EACCES)
		return fail(store, EX_NOPERM, "%s belongs to another user, or "
		    "its owner may not read it", STORE_LEDGER);
	if (fd == -1)
		return fail(store, errno == EPERM || errno == ENXIO ?
		    EX_NOPERM : EX_DATAERR, "%s: %s", STORE_LEDGER,
		    strerror(errno));
	if ((status = check_ledger(store, fd, &size)) == 0)
		status = read_all(store, fd, size, out);
	close(fd);
	return status;
}

static int
write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The new file, complete and on disk. */
static int
write_new(struct store *store, const char *p, size_t len)
{
	int fd, error;

	/* What a server that was killed has left unfinished. */
	if (unlinkat(store->fd, STORE_NEW, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(store->fd, STORE_NEW,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (write_all(fd, p, len) == -1 || fsync(fd) == -1) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return close(fd);
}

/* Another name for the old ledger, on disk before the first is taken away. */
static int
keep_old(struct store *store)
{
	if (store->keep[0] == '\0')
		return 0;
	if (strcmp(store->keep, STORE_PREVIOUS) == 0 &&
	    unlinkat(store->fd, store->keep, 0) == -1 && errno != ENOENT)
		return -1;
	if (linkat(store->fd, STORE_LEDGER, store->fd, store->keep, 0) == -1 &&
	    errno != ENOENT)
		return -1;
	if (fsync(store->fd) == -1)
		return -1;
	store->keep[0] = '\0';
	return 0;
}

int
store_write(struct store *store, const char *p, size_t len)
{
	const char *what = NULL;
	int error;

	if (store->fd == -1)
		return store->error;
	if (write_new(store, p, len) == -1)
		what = STORE_NEW " cannot be written";
	else if (keep_old(store) == -1)
		what = "the old " STORE_LEDGER " cannot be kept";
	else if (renameat(store->fd, STORE_NEW, store->fd,
	    STORE_LEDGER) == -1)
		what = STORE_LEDGER " cannot be replaced";
	else if (fsync(store->fd) == 0)
		return 0;
	error = errno;
	snprintf(store->why, sizeof store->why, "%s: %s", what != NULL ? what :
	    "the state directory cannot be written", strerror(error));
	/* Room for others; nobody would read it. */
	(void)unlinkat(store->fd, STORE_NEW, 0);
	return error;
}
