/* SPDX-License-Identifier: ISC */
/*
 * What plugins say, shown with their names.  A line is shown when it is whole.
 * What has waited for its end for a while is a prompt: it is shown as it is,
 * and again when another plugin has said something in between.
 */
#include "runner.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define PROMPT_MS 100		/* no longer does a line take to be written */
#define PATIENCE_MS 200		/* for a console that does not take it */
#define NAME_MAX_LEN 255	/* of a file */
#define LAST_READS 16		/* what is in a pipe at one time */

static struct label *prompting;	/* whose prompt the cursor is behind */

/* A console that is stopped costs lines, and not the password. */
static void
show(const char *text, size_t len)
{
	static int patience = PATIENCE_MS;
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;

	while (len > 0) {
		if (poll(&pfd, 1, patience) != 1) {
			/* Not for each of many lines. */
			patience = 0;
			return;
		}
		patience = PATIENCE_MS;
		n = write(STDERR_FILENO, text, len);
		if (n == -1 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

/* Does the plugin itself say who it is? */
static int
is_labelled(const struct label *label)
{
	size_t len = strlen(label->name);

	return label->len > len + 1 &&
	    strncmp(label->line, label->name, len) == 0 &&
	    label->line[len] == ':';
}

/* The start of a line, as a prompt. */
static void
show_prompt(struct label *label)
{
	if (prompting != NULL && prompting != label) {
		show("\n", 1);
		prompting->shown = 0;
	}
	prompting = label;
	show(label->line + label->shown, label->len - label->shown);
	label->shown = label->len;
}

/* All of a line, whose newline is its last byte. */
static void
show_line(struct label *label)
{
	char text[sizeof label->line + NAME_MAX_LEN + 4];
	struct label *other = prompting;
	size_t n = 0;

	if (other == label) {
		/* Behind what is on the screen. */
		prompting = other = NULL;
	} else if (other != NULL) {
		text[n++] = '\n';
		other->shown = 0;
		prompting = NULL;
	}
	if (label->shown == 0 && !is_labelled(label)) {
		n += strlcpy(text + n, label->name, NAME_MAX_LEN + 1);
		text[n++] = ':';
		text[n++] = ' ';
	}
	memcpy(text + n, label->line + label->shown,
	    label->len - label->shown);
	show(text, n + label->len - label->shown);
	label->len = label->shown = 0;
	if (other != NULL)
		show_prompt(other);
}

static void
on_timer(struct loop_timer *timer)
{
	struct label *label = timer->arg;

	if (label->len > label->shown)
		show_prompt(label);
}

static void
take(struct label *label, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		label->line[label->len++] = bytes[i];
		if (bytes[i] != '\n' && label->len == sizeof label->line - 1)
			label->line[label->len++] = '\n';
		if (label->line[label->len - 1] == '\n')
			show_line(label);
	}
	if (label->len > label->shown)
		loop_timer_set(&label->timer, PROMPT_MS);
	else
		loop_timer_del(&label->timer);
}

/* Returns 1, or 0 when there is nothing at the moment, or -1 at the end. */
static int
read_some(struct label *label)
{
	char buf[4096];
	ssize_t n = read(label->io.fd, buf, sizeof buf);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	take(label, buf, (size_t)n);
	return 1;
}

static void
end(struct label *label)
{
	int fd = label->io.fd;

	loop_timer_del(&label->timer);
	/* What nobody will end any more is a line, too. */
	if (label->len > 0) {
		label->line[label->len++] = '\n';
		show_line(label);
	}
	if (prompting == label)
		prompting = NULL;
	loop_io_del(&label->io);
	label->io.fd = -1;
	close(fd);
}

static void
on_io(struct loop_io *io, uint32_t events)
{
	struct label *label = io->arg;

	(void)events;
	if (read_some(label) == -1)
		end(label);
}

void
label_start(struct label *label, const char *name, int fd)
{
	memset(label, 0, sizeof *label);
	label->name = name;
	label->io.fd = -1;
	loop_timer_init(&label->timer, on_timer, label);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    loop_io_add(&label->io, fd, EPOLLIN, on_io, label) == -1)
		close(fd);
}

void
label_stop(struct label *label)
{
	int rc = 1, left = LAST_READS;

	if (label->io.fd == -1)
		return;
	/* A daemon that a plugin has left may have no end of words. */
	while (rc == 1 && left-- > 0)
		rc = read_some(label);
	end(label);
}
