/* SPDX-License-Identifier: ISC */
/*
 * control: takes commands from admin and answers them.
 *
 *	approve|deny|enable|disable|checked-ok|start-checker|stop-checker|
 *	    remove NAME		done, and on disk
 *	set NAME [FIELD VALUE]...	any number of settings at once
 *	show NAME [FIELD]	all fields, one a line, or the value of one
 *	list			the names, one a line
 *
 * #N in place of a name is the client with this number, known or not.
 */
#include "control.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define WORDS_MAX 32

/* A connection with one command. */
struct asker {
	LIST_ENTRY(asker) entry;
	struct loop_io io;
	uint64_t request;	/* 0: nothing is with the warden */
};

static LIST_HEAD(, asker) askers = LIST_HEAD_INITIALIZER(askers);
static struct loop_io listener;
static uint64_t requests;

static const struct {
	const char *word;
	enum control what;
} commands[] = {
	{ "approve", CONTROL_APPROVE },
	{ "deny", CONTROL_DENY },
	{ "enable", CONTROL_ENABLE },
	{ "disable", CONTROL_DISABLE },
	{ "checked-ok", CONTROL_CHECKED_OK },
	{ "start-checker", CONTROL_START_CHECKER },
	{ "stop-checker", CONTROL_STOP_CHECKER },
	{ "remove", CONTROL_REMOVE }
};

static void
asker_end(struct asker *asker)
{
	int fd = asker->io.fd;

	loop_io_del(&asker->io);
	close(fd);
	LIST_REMOVE(asker, entry);
	free(asker);
}

/* Answer, and have done with it.  Whoever asked may have gone. */
static void
answer(struct asker *asker, uint32_t error, const char *text, size_t len)
{
	struct iovec iov[2] = {
		{ .iov_base = &error, .iov_len = sizeof error }
	};
	struct msghdr hdr = { .msg_iov = iov, .msg_iovlen = 2 };

	/* sendmsg(2) only reads; iovec has no const. */
	memcpy(&iov[1].iov_base, &text, sizeof text);
	iov[1].iov_len = len;
	if (sendmsg(asker->io.fd, &hdr, MSG_NOSIGNAL) == -1)
		log_warn("answer");
	asker_end(asker);
}

void
ask_done(uint64_t request, uint32_t error)
{
	struct asker *asker;

	LIST_FOREACH(asker, &askers, entry)
		if (asker->request == request) {
			answer(asker, error, NULL, 0);
			return;
		}
}

static void
show(struct asker *asker, char **words, int count)
{
	const struct known *known;
	uint32_t error = 0;
	char *text;
	size_t len;
	FILE *out;

	if ((out = open_memstream(&text, &len)) == NULL)
		fatal("open_memstream");
	if (count == 1)
		known_names(out);
	else if ((known = known_find(words[1])) == NULL)
		error = ENOENT;
	else if (count == 2) {
		fprintf(out, "name=");
		put_text(out, known->text[TEXT_NAME]);
		field_print_all(out, known, '\n');
		fputc('\n', out);
	}
	else if (field_print(out, known, words[2]) == -1)
		error = EINVAL;
	fclose(out);
	answer(asker, error, text, len);
	free(text);
}

/* A client to ask for, with texts of its own, from a known one or not. */
static int
borrow(struct known *copy, const char *name)
{
	static char empty[] = "";
	const struct known *known;
	int i;

	memset(copy, 0, sizeof *copy);
	if (*name == '#')
		copy->f.number = (uint32_t)strtoul(name + 1, NULL, 10);
	else if ((known = known_find(name)) == NULL)
		return -1;
	else
		*copy = *known;
	for (i = 0; i < CLIENT_STRINGS; i++)
		if ((copy->text[i] = strdup(copy->text[i] != NULL ?
		    copy->text[i] : empty)) == NULL)
			fatal("strdup");
	return 0;
}

/* Pass a command on; returns 0, or the errno of an immediate answer. */
static uint32_t
pass(struct asker *asker, char **words, int count)
{
	enum control what = CONTROL_MAX;
	const char *secret = NULL;
	uint32_t bit, error = 0, set = 0;
	struct known copy;
	size_t i;
	int n;

	for (i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(words[0], commands[i].word) == 0 && count == 2)
			what = commands[i].what;
	if (strcmp(words[0], "set") == 0 && count >= 2 && count % 2 == 0)
		what = CONTROL_SET;
	if (what == CONTROL_MAX)
		return EINVAL;
	if (borrow(&copy, words[1]) == -1)
		return ENOENT;
	for (n = 2; n < count; n += 2) {
		bit = field_set(&copy, words[n], words[n + 1]);
		if (bit == 0)
			error = EINVAL;
		if (bit == SET_SECRET)
			secret = words[n + 1];
		set |= bit;
	}
	if (error == 0) {
		asker->request = ++requests;
		if (control_send(&copy, what, set, secret,
		    asker->request) == -1)
			error = (uint32_t)errno;
	}
	for (i = 0; i < CLIENT_STRINGS; i++)
		free(copy.text[i]);
	return error;
}

static void
asker_ready(struct loop_io *io, uint32_t events)
{
	static char packet[CONTROL_PACKET_MAX];
	struct asker *asker = io->arg;
	char *words[WORDS_MAX];
	uint32_t error;
	int count = 0;
	ssize_t n, at;

	(void)events;
	n = recv(io->fd, packet, sizeof packet, MSG_DONTWAIT);
	if (n <= 0 || asker->request != 0 || packet[n - 1] != '\0') {
		if (n == -1 && errno == EAGAIN)
			return;
		asker_end(asker);
		return;
	}
	for (at = 0; at < n && count < WORDS_MAX; at += strlen(packet + at) + 1)
		words[count++] = packet + at;
	if ((strcmp(words[0], "list") == 0 && count == 1) ||
	    (strcmp(words[0], "show") == 0 && (count == 2 || count == 3)))
		show(asker, words, count);
	else if ((error = pass(asker, words, count)) != 0)
		answer(asker, error, NULL, 0);
}

static void
listener_ready(struct loop_io *io, uint32_t events)
{
	struct asker *asker;
	int fd;

	(void)events;
	if ((fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC)) == -1)
		fatal("accept4");
	if ((asker = calloc(1, sizeof *asker)) == NULL)
		fatal("calloc");
	LIST_INSERT_HEAD(&askers, asker, entry);
	if (loop_io_add(&asker->io, fd, EPOLLIN, asker_ready, asker) == -1)
		fatal("epoll_ctl");
}

void
ask_listen(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlcpy(sun.sun_path, path, sizeof sun.sun_path) >=
	    sizeof sun.sun_path)
		fatalx(CONTROL_VARIABLE " is too long");
	/* One that is there is of a server that has ended. */
	unlink(path);
	umask(077);
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    listen(fd, 64) == -1)
		fatal("%s", path);
	if (loop_io_add(&listener, fd, EPOLLIN, listener_ready, NULL) == -1)
		fatal("epoll_ctl");
}
