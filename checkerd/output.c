/* SPDX-License-Identifier: ISC */
/*
 * What checkers print, for the log, while debugging.  Otherwise it goes to
 * /dev/null and is none of our business.
 */
#include "checkerd.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Of one checker's output, this is logged, and the rest thrown away. */
#define LOGGED_MAX 65536

struct output {
	struct loop_io io;
	int fd;
	char *name;		/* of the client */
	size_t left;		/* bytes that are still logged */
	size_t len;
	char line[512];
};

static void
end_line(struct output *o)
{
	log_debug("Checker for %s prints: %.*s", o->name, (int)o->len,
	    o->line);
	o->len = 0;
}

static void
take(struct output *o, const char *bytes, size_t count)
{
	for (; count > 0 && o->left > 0; count--, bytes++) {
		o->left--;
		/* A NUL would end the line that is logged. */
		if (*bytes != '\n')
			o->line[o->len++] = *bytes == '\0' ? ' ' : *bytes;
		if (*bytes == '\n' || o->len == sizeof o->line)
			end_line(o);
	}
}

/* Returns what read(2) does. */
static ssize_t
drain(struct output *o)
{
	static char buf[LOGGED_MAX];
	ssize_t n = read(o->fd, buf, sizeof buf);

	if (n > 0)
		take(o, buf, (size_t)n);
	return n;
}

static void
output_ready(struct loop_io *io, uint32_t events)
{
	struct output *o = io->arg;
	ssize_t n;

	(void)events;
	/* Once: a checker that prints for ever is not the only one. */
	n = drain(o);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		loop_io_del(&o->io);
}

struct output *
output_new(const char *name, int *fd)
{
	struct output *o;
	int fds[2];

	if ((o = calloc(1, sizeof *o)) == NULL)
		return NULL;
	if ((o->name = strdup(name)) == NULL || pipe2(fds, O_CLOEXEC) == -1)
		goto out_free;
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1 ||
	    loop_io_add(&o->io, fds[0], EPOLLIN, output_ready, o) == -1)
		goto out_close;
	o->fd = fds[0];
	o->left = LOGGED_MAX;
	*fd = fds[1];
	return o;

out_close:
	close(fds[0]);
	close(fds[1]);
out_free:
	free(o->name);
	free(o);
	return NULL;
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	/* Whoever still writes into it has been killed. */
	while (o->left > 0 && drain(o) > 0)
		continue;
	if (o->len > 0)
		end_line(o);
	loop_io_del(&o->io);
	close(o->fd);
	free(o->name);
	free(o);
}
