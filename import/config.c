/* SPDX-License-Identifier: ISC */
/*
 * The configuration, as the server's own reader understands it: it is started
 * as mandos(8) starts it, and says the same.  The secrets of clients.conf are
 * needed to decrypt those that the original has saved.
 */
#include "import.h"

#include <sys/types.h>
#include <sys/tree.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "msg.h"
#include "paths.h"

#define READER "mandos-readconf"

static int
configured_cmp(const struct configured *a, const struct configured *b)
{
	if (a->name.len != b->name.len)
		return a->name.len < b->name.len ? -1 : 1;
	return memcmp(a->name.p, b->name.p, a->name.len);
}

RB_GENERATE_INTERNAL(config, configured, by_name, configured_cmp,
    static __attribute__((unused)))

/* Where and how to serve is of no interest, and must not be in the way. */
__attribute__((noreturn))
static void
exec_reader(int fd, const char *directory)
{
	char *path;

	if (fd != CHAN_FD && dup2(fd, CHAN_FD) == -1)
		fatal("dup2");
	if (fcntl(CHAN_FD, F_SETFD, 0) == -1)
		fatal("fcntl");
	if (asprintf(&path, "%s/%s", path_libexec, READER) == -1)
		fatal("asprintf");
	/* A NULL ${directory} ends the list where it stands. */
	execl(path, READER, "--address=", "--interface=", "--port=1",
	    directory == NULL ? NULL : "--configdir", directory, (char *)NULL);
	fatal("%s", path);
}

static pid_t
start_reader(struct chan *chan, const char *directory)
{
	int fds[2];
	pid_t pid;

	if (chan_pair(fds) == -1 || (pid = fork()) == -1)
		fatal("cannot start %s", READER);
	if (pid == 0)
		exec_reader(fds[1], directory);
	close(fds[1]);
	chan_init(chan, fds[0], PROC_PARENT, PROC_CONF, PHASE_BOOT);
	return pid;
}

/* The next message, or its end; what is no message is the end of us. */
static int
next(struct chan *chan, struct msg *msg)
{
	const char *flaw;

	if (chan_recv_wait(chan, msg, -1) != 1)
		return 0;
	if ((flaw = msg_check(chan, msg)) != NULL)
		fatalx("%s from %s: %s", msg_name(msg->type), READER, flaw);
	return 1;
}

/* The third of the strings is the one wanted. */
static char *
take_statedir(const struct msg *msg)
{
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len;
	char *text = NULL;
	int i;

	for (i = 0; i < 3; i++) {
		free(text);
		if (tail_get_text(&p, &left, left, &text) == -1)
			fatalx("bad settings from %s", READER);
	}
	return text;
}

/* Its name is the first string, its secret the one behind all of them. */
static void
take_client(struct config *config, const struct msg *msg)
{
	struct configured *c;
	const uint8_t *p = msg->tail, *bytes;
	size_t left = msg->tail_len, len;
	int i;

	if ((c = calloc(1, sizeof *c)) == NULL)
		fatal("calloc");
	for (i = 0; i <= CLIENT_STRINGS; i++) {
		if (tail_get(&p, &left, left, &bytes, &len) == -1)
			fatalx("a bad client from %s", READER);
		if (i == 0)
			str_set(&c->name, bytes, len);
		else if (i == CLIENT_STRINGS)
			str_set(&c->secret, bytes, len);
	}
	vault_keep(&c->secret);
	if (RB_INSERT(config, config, c) != NULL)
		fatalx("%s has sent a client twice", READER);
}

static int
reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	if (WIFSIGNALED(status))
		log_errx("%s was killed by signal %d", READER,
		    WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

int
config_read(struct config *config, const char *directory, char **statedir)
{
	struct chan chan;
	struct msg msg;
	int is_complete = 0, status;
	pid_t pid = start_reader(&chan, directory);

	RB_INIT(config);
	*statedir = NULL;
	if (next(&chan, &msg)) {
		*statedir = take_statedir(&msg);
		msg_free(&msg);
		/* What follows is for mandos-state, or for us instead. */
		chan.me = PROC_STATE;
		chan.phase = PHASE_READING;
	}
	while (*statedir != NULL && !is_complete && next(&chan, &msg)) {
		if (msg.type == MSG_CLIENT)
			take_client(config, &msg);
		else
			is_complete = 1;
		msg_free(&msg);
	}
	chan_close(&chan);
	if ((status = reap(pid)) == 0 && !is_complete)
		status = EX_SOFTWARE;
	return status;
}

const struct configured *
config_find(struct config *config, const struct str *name)
{
	struct configured key = { .name = *name };

	return RB_FIND(config, config, &key);
}
