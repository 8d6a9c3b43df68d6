/* SPDX-License-Identifier: ISC */
/*
 * Bytes that are not to be seen: read without a buffer that nobody wipes, and
 * forgotten by libdbus.  What libraries free is wiped by wipe.c.
 */
#include "ctl.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536		/* bytes to begin with */

/* Neither a core file nor a debugger of the same user gets at this process. */
void
secret_guard(void)
{
	static const struct rlimit none;

	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0) == -1)
		err(EXIT_FAILURE, "core files cannot be prevented");
}

static unsigned char *
read_all(int fd, size_t *len)
{
	unsigned char *bytes, *more;
	size_t size = PIECE;
	ssize_t n = 1;
	int saved;

	*len = 0;
	if ((bytes = calloc(1, size)) == NULL)
		return NULL;
	while (*len <= SECRET_FILE_MAX) {
		if (*len == size) {
			more = recallocarray(bytes, size, 2 * size, 1);
			if (more == NULL)
				break;
			bytes = more;
			size *= 2;
		}
		n = read(fd, bytes + *len, size - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			return bytes;
		if (n == -1)
			break;
		*len += (size_t)n;
	}
	saved = *len > SECRET_FILE_MAX ? EFBIG : errno;
	freezero(bytes, size);
	errno = saved;
	return NULL;
}

unsigned char *
secret_read(const char *file, size_t *len)
{
	unsigned char *bytes;
	int fd, saved;

	secret_guard();
	if (strcmp(file, "-") == 0)
		return read_all(STDIN_FILENO, len);
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	bytes = read_all(fd, len);
	saved = errno;
	close(fd);
	errno = saved;
	return bytes;
}

/*
 * libdbus keeps up to five messages of up to 10 kB for use again, with what
 * was in them, and takes those first.  It keeps none that has become longer.
 */
#define KEPT_MESSAGES 5
#define KEPT_BYTES 16384

void
secret_forget(void)
{
	static const unsigned char zeroes[KEPT_BYTES];
	const unsigned char *bytes = zeroes;
	DBusMessage *messages[KEPT_MESSAGES];
	size_t i;

	for (i = 0; i < KEPT_MESSAGES; i++) {
		messages[i] = bus_message(BUS_PATH, BUS_SERVER, "Forget");
		bus_must(dbus_message_append_args(messages[i], DBUS_TYPE_ARRAY,
		    DBUS_TYPE_BYTE, &bytes, KEPT_BYTES, DBUS_TYPE_INVALID));
	}
	for (i = 0; i < KEPT_MESSAGES; i++)
		dbus_message_unref(messages[i]);
}
