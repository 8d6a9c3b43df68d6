/* SPDX-License-Identifier: ISC */
/*
 * usplash: has usplash ask for the password on its screen, by way of its two
 * named pipes, and prints the answer.  usplash can only be made to stop asking
 * by being started anew.  Installed set-uid root for that and for the pipes.
 */
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "device.h"
#include "locked.h"
#include "log.h"
#include "privilege.h"
#include "process.h"
#include "screen.h"

#define USPLASH "/sbin/usplash"
#define COMMANDS "/dev/.initramfs/usplash_fifo"
#define ANSWERS "/dev/.initramfs/usplash_outfifo"

#define READER_TICK_MS 100	/* until usplash reads its commands */
#define LAST_TICKS 10

static int
open_pipe(const char *path, int flags)
{
	int fd, error;

	privilege_raise();
	fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	error = errno;
	privilege_lower();
	errno = error;
	return fd;
}

/*
 * Write a command and the NUL behind it, as soon as somebody reads, if that is
 * within so many ticks; -1 is without end.  Returns 0, or SCREEN_SIGNAL, or
 * SCREEN_FAILED after a message.
 */
static int
tell(const char *command, int ticks)
{
	size_t len = strlen(command) + 1;
	ssize_t n;
	int fd, rc = 0;

	while ((fd = open_pipe(COMMANDS, O_WRONLY)) == -1 && errno == ENXIO &&
	    ticks-- != 0)
		if (screen_wait(-1, 0, READER_TICK_MS) == SCREEN_SIGNAL)
			return SCREEN_SIGNAL;
	if (fd == -1) {
		log_warn("usplash_write: %s", COMMANDS);
		return SCREEN_FAILED;
	}
	while (len > 0 && rc == 0) {
		if ((rc = screen_wait(fd, POLLOUT, -1)) != 0)
			break;
		n = write(fd, command, len);
		if (n > 0) {
			command += n;
			len -= (size_t)n;
		} else if (n == -1 && errno != EAGAIN) {
			log_warn("usplash_write: %s", COMMANDS);
			rc = SCREEN_FAILED;
		}
	}
	close(fd);
	return rc;
}

/* Read until the end that comes when whoever has opened the pipe closes it. */
static int
hear_answer(int fd, struct locked *password)
{
	ssize_t n;
	int rc;

	for (;;) {
		if ((rc = screen_wait(fd, POLLIN, -1)) != 0)
			return rc;
		n = locked_read(password, fd);
		if (n == 0)
			return 0;
		if (n == -1 && errno != EAGAIN && errno != EINTR) {
			log_warn("%s", ANSWERS);
			return SCREEN_FAILED;
		}
	}
}

static int
ask(const char *question, struct locked *password)
{
	int fd, rc;

	if ((fd = open_pipe(ANSWERS, O_RDONLY)) == -1) {
		log_warn("%s", ANSWERS);
		return SCREEN_FAILED;
	}
	if ((rc = tell("TIMEOUT 0", -1)) == 0 &&
	    (rc = tell(question, -1)) == 0)
		rc = hear_answer(fd, password);
	close(fd);
	if (rc != 0)
		return rc;
	if (locked_write(password, STDOUT_FILENO) == -1) {
		log_warn("standard output");
		return SCREEN_FAILED;
	}
	/* The password is there; whether usplash has heard is of no matter. */
	tell("TIMEOUT 15", LAST_TICKS);
	return 0;
}

/* usplash, with the arguments that it had. */
static void
restart(struct process *usplash)
{
	char **argv;

	privilege_raise();
	argv = process_arguments(usplash);
	privilege_lower();
	screen_end(usplash);
	if (argv == NULL)
		log_warnx("%s is not started again", USPLASH);
	else
		screen_daemon(USPLASH, (const char *const *)argv);
	if (argv != NULL)
		free(*argv);
	free(argv);
}

int
main(void)
{
	struct locked password = { NULL, 0, 0 };
	struct process usplash;
	char *question;
	int rc;

	log_open("usplash", LOG_INFO);
	privilege_start();
	screen_start();
	question = device_text("INPUTQUIET Enter passphrase to unlock the disk",
	    ": ");
	if (question == NULL)
		fatal("prompt");
	privilege_raise();
	rc = process_find(USPLASH, &usplash);
	privilege_lower();
	if (rc == -1) {
		free(question);
		return EX_UNAVAILABLE;
	}
	rc = ask(question, &password);
	locked_free(&password);
	free(question);
	if (rc != 0)
		restart(&usplash);
	process_release(&usplash);
	if (rc == SCREEN_SIGNAL)
		screen_die();
	return rc == 0 ? EXIT_SUCCESS : EX_OSERR;
}
