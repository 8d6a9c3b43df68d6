/* SPDX-License-Identifier: ISC */
/*
 * askpass-fifo: takes the password from whoever writes it to the named pipe
 * that cryptsetup's programs know, and prints it.  Set-uid root for the pipe
 * alone: what comes out of it is read without privileges.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "locked.h"
#include "log.h"
#include "privilege.h"

#define FIFO "/lib/cryptsetup/passfifo"

/* Waits until somebody writes.  Returns -1 after a message. */
static int
open_fifo(int *status)
{
	int fd = -1;

	privilege_raise();
	if (mkfifo(FIFO, S_IRUSR | S_IWUSR) == -1 && errno != EEXIST) {
		*status = errno == ENOENT ? EX_UNAVAILABLE : EX_OSFILE;
		log_warn("mkfifo: %s", FIFO);
	} else if ((fd = open(FIFO, O_RDONLY | O_CLOEXEC)) == -1) {
		*status = EX_OSFILE;
		log_warn("open: %s", FIFO);
	}
	return fd;
}

int
main(void)
{
	struct locked password = { NULL, 0, 0 };
	int fd, status = EXIT_SUCCESS;
	ssize_t n;

	log_open("askpass-fifo", LOG_INFO);
	privilege_start();
	fd = open_fifo(&status);
	privilege_drop();
	if (fd == -1)
		return status;
	while ((n = locked_read(&password, fd)) > 0 ||
	    (n == -1 && errno == EINTR))
		continue;
	close(fd);
	if (n == -1) {
		log_warn("read: %s", FIFO);
		status = EX_IOERR;
	} else if (locked_write(&password, STDOUT_FILENO) == -1) {
		log_warn("write: standard output");
		status = EX_IOERR;
	}
	locked_free(&password);
	return status;
}
