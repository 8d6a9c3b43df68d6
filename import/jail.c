/* SPDX-License-Identifier: ISC */
/*
 * Everything that a stranger may have written is read in a process that can do
 * nothing but compute and answer: another user, an empty root directory, no
 * capability, and a filter with nothing beyond memory and its one socket.  An
 * answer is a letter, and what there is to say; it is trusted no more than
 * the process.
 */
#include "import.h"

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

/* Where a jailed process has what it needs. */
#define FILE_FD 0
#define ANSWER_FD 1

#define CPU_SECONDS 600		/* many times what the longest file takes */
#define ANSWER_OK 'y'
#define ANSWER_NO 'n'

static struct sandbox_filter *filter;

/* What a jailed process is to do. */
struct task {
	void (*run)(const struct task *);
	int fd;				/* the file, or -1 */
	const struct str *sealed;
};

static void
answer(char letter, const void *bytes, size_t len)
{
	struct iovec iov[2] = { { &letter, 1 }, { NULL, len } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	size_t left = 1 + len, sent;
	ssize_t n;

	/* It is only read; iovec has no const. */
	memcpy(&iov[1].iov_base, &bytes, sizeof bytes);
	for (; left > 0; left -= (size_t)n) {
		if ((n = sendmsg(ANSWER_FD, &m, MSG_NOSIGNAL)) == -1)
			fatal("sendmsg");
		sent = (size_t)n;
		if (sent > 0 && iov[0].iov_len == 1) {
			iov[0].iov_len = 0;
			sent--;
		}
		iov[1].iov_base = (char *)iov[1].iov_base + sent;
		iov[1].iov_len -= sent;
	}
	_exit(0);
}

static void
refuse(const char *why)
{
	answer(ANSWER_NO, why, strlen(why));
}

/* Everything up to the end, at most ${max} bytes; -1 with errno. */
static int
receive(int fd, size_t max, struct str *out)
{
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t size = 0, wanted;
	char *grown;
	ssize_t n;

	for (;;) {
		if (out->len == size) {
			wanted = size == 0 ? 65536 : size * 2;
			grown = recallocarray(out->p, size, wanted, 1);
			if (grown == NULL)
				fatal("recallocarray");
			out->p = grown;
			size = wanted;
		}
		iov.iov_base = out->p + out->len;
		iov.iov_len = size - out->len;
		if ((n = recvmsg(fd, &m, 0)) == 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return -1;
		out->len += n == -1 ? 0 : (size_t)n;
		if (out->len > max) {
			errno = EMSGSIZE;
			return -1;
		}
	}
}

/* The file as it is, before the filter. */
static uint8_t *
read_file(size_t *len)
{
	struct stat st;
	uint8_t *bytes;
	size_t size;
	ssize_t n;

	if (fstat(FILE_FD, &st) == -1)
		fatal("fstat");
	size = st.st_size < 0 || (uintmax_t)st.st_size > PICKLE_SIZE_MAX ?
	    PICKLE_SIZE_MAX : (size_t)st.st_size;
	/* A byte more, to notice that there is more. */
	if ((bytes = malloc(++size)) == NULL)
		fatal("malloc");
	for (*len = 0; *len < size; *len += (size_t)n) {
		if ((n = read(FILE_FD, bytes + *len, size - *len)) == -1)
			fatal("read");
		if (n == 0)
			break;
	}
	close(FILE_FD);
	return bytes;
}

static void
run_pickle(const struct task *task)
{
	struct buffer text = { NULL, 0, 0 };
	const struct value *top;
	struct pickle pickle;
	struct table table;
	uint8_t *bytes;
	char *why;
	size_t len;

	(void)task;
	bytes = read_file(&len);
	sandbox_enter_compiled(filter);
	if ((top = pickle_read(&pickle, bytes, len)) == NULL) {
		if (asprintf(&why, "at byte %zu: %s", pickle.flaw_at,
		    pickle.flaw) == -1)
			fatal("asprintf");
		refuse(why);
	} else if (saved_table(&pickle, top, &table, &why) == -1)
		refuse(why);
	else if (ledger_write(&table, 0, &text) == -1)
		refuse("there is too much in it");
	else
		answer(ANSWER_OK, text.p, text.used);
}

static void
run_unlock(const struct task *task)
{
	struct str key = { NULL, 0 }, out = { NULL, 0 };
	const char *why;

	sandbox_enter_compiled(filter);
	if (receive(ANSWER_FD, SECRET_MAX, &key) == -1)
		fatal("the key does not come");
	if (unlock((const uint8_t *)task->sealed->p, task->sealed->len,
	    (const uint8_t *)key.p, key.len, &out, &why) == -1)
		refuse(why);
	else
		answer(ANSWER_OK, out.p, out.len);
}

__attribute__((noreturn))
static void
enter(const struct task *task, int sock)
{
	static const struct sandbox_id id = {
		.user = CHECKER_USER,
		.empty_root = 1,
	};
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };

	/* Not overwriting what is to be copied. */
	if (sock == FILE_FD && (sock = dup(sock)) == -1)
		fatal("dup");
	if (task->fd == -1)
		close(FILE_FD);
	else if (dup2(task->fd, FILE_FD) == -1)
		fatal("dup2");
	if (dup2(sock, ANSWER_FD) == -1)
		fatal("dup2");
	closefrom(STDERR_FILENO + 1);
	if (setrlimit(RLIMIT_CPU, &cpu) == -1)
		fatal("setrlimit");
	sandbox_drop(&id);
	task->run(task);
	_exit(1);
}

/* Wait for ${pid}; -1 unless it ended well. */
static int
reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	if (WIFSIGNALED(status))
		log_errx("the process that reads it was killed by signal %d",
		    WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Have a task done; the answer, of ${max} bytes at most, is in ${out}. */
static char
run(const struct task *task, const struct str *key, size_t max,
    struct str *out)
{
	struct msghdr m = { .msg_iovlen = 0 };
	struct iovec iov;
	int fds[2], rc;
	pid_t pid;
	char letter;

	if (filter == NULL)
		filter = sandbox_compile(RULES_IMPORT);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		fatal("socketpair");
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0)
		enter(task, fds[1]);
	close(fds[1]);
	if (key != NULL && key->len > 0) {
		iov = (struct iovec) { key->p, key->len };
		m = (struct msghdr) { .msg_iov = &iov, .msg_iovlen = 1 };
		/* It waits for room; who is gone is noticed below. */
		if (sendmsg(fds[0], &m, MSG_NOSIGNAL) == -1 && errno != EPIPE)
			fatal("sendmsg");
	}
	shutdown(fds[0], SHUT_WR);
	rc = receive(fds[0], max + 1, out);
	if (rc == -1)
		log_warn("no answer from the process that reads it");
	close(fds[0]);
	if (reap(pid) == -1 || rc == -1 || out->len == 0 ||
	    (out->p[0] != ANSWER_OK && out->p[0] != ANSWER_NO)) {
		str_free(out);
		return 0;
	}
	letter = out->p[0];
	memmove(out->p, out->p + 1, --out->len);
	out->p[out->len] = '\0';
	return letter;
}

/* What it says goes to a terminal. */
static void
make_printable(char *p)
{
	for (; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* What the answer may lack and nobody else will look for. */
static const char *
check_table(const struct table *table)
{
	struct client *client;
	const struct profile_field *field;
	struct str *text[2];
	size_t i, n;

	for (client = table_first(table); client != NULL;
	    client = table_next(client)) {
		for (i = 0; i < PROFILE_FIELDS; i++) {
			field = &profile_fields[i];
			if (field->kind != PROFILE_TEXT)
				continue;
			text[0] = profile_text(&client->conf, field);
			text[1] = profile_text(&client->own, field);
			for (n = 0; n < 2; n++)
				if (text[n]->len > 0 && memchr(text[n]->p,
				    '\0', text[n]->len) != NULL)
					return "a NUL byte in a setting";
		}
		if (client->name.len == 0 || memchr(client->name.p, '\0',
		    client->name.len) != NULL)
			return "a name that is none";
	}
	return NULL;
}

int
jail_pickle(int fd, struct table *table, char **why)
{
	const struct task task = { run_pickle, fd, NULL };
	struct str text = { NULL, 0 };
	struct ledger_fault fault;
	const char *flaw;
	int64_t us;

	table_init(table);
	*why = NULL;
	switch (run(&task, NULL, LEDGER_MAX, &text)) {
	case ANSWER_OK:
		if (ledger_read(text.p, text.len, table, &us, &fault) == 0 &&
		    (flaw = check_table(table)) == NULL) {
			str_free(&text);
			return 0;
		}
		fatalx("the process that reads it has not made sense of it");
	case ANSWER_NO:
		*why = text.p;
		make_printable(text.p);
		return -1;
	default:
		*why = strdup("reading it has failed");
		return -1;
	}
}

int
jail_unlock(const struct str *sealed, const struct str *key, struct str *out,
    const char **why)
{
	const struct task task = { run_unlock, -1, sealed };
	static char reason[128];

	switch (run(&task, key, SECRET_MAX, out)) {
	case ANSWER_OK:
		return 0;
	case ANSWER_NO:
		make_printable(out->p);
		strlcpy(reason, out->p, sizeof reason);
		str_free(out);
		*why = reason;
		return -1;
	default:
		*why = "decrypting it has failed";
		return -1;
	}
}
