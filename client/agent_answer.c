/* SPDX-License-Identifier: ISC */
/*
 * Who asks, and who has been answered.  Nothing is remembered of a question
 * but what has become of it: whenever something has happened, all files are
 * read again, so that no event that was missed or came twice matters, and
 * whether a question is still there is asked at the moment it is answered.
 */
#include "agent.h"

#include <sys/types.h>
#include <sys/inotify.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define FILES_MAX 1024		/* those above are not read */

enum state {
	WAITING,		/* answered as soon as it is possible */
	TRIED,			/* the same, and there has been a message */
	ANSWERED,
	BAD			/* after a message */
};

/* A question file.  Another one of its name is another one. */
struct file {
	TAILQ_ENTRY(file) entry;
	char *name;
	struct stat st;
	enum state state;
	int is_seen;
};
static TAILQ_HEAD(, file) files = TAILQ_HEAD_INITIALIZER(files);
static size_t files_count;

static DIR *dir;
static int watch = -1;

int
answer_open(const char *path)
{
	/* A file is complete when it is closed, or when it gets its name. */
	if ((watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1 ||
	    inotify_add_watch(watch, path, IN_CLOSE_WRITE | IN_DELETE |
	    IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR) == -1 ||
	    (dir = opendir(path)) == NULL)
		return -1;
	return watch;
}

void
answer_changed(void)
{
	char events[4096];

	while (read(watch, events, sizeof events) > 0)
		continue;
}

static int
is_question(const char *name)
{
	return strncmp(name, "ask.", 4) == 0;
}

int
answer_is_any(void)
{
	const struct dirent *entry;

	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (is_question(entry->d_name))
			return 1;
	return 0;
}

static void
forget(struct file *file)
{
	TAILQ_REMOVE(&files, file, entry);
	files_count--;
	free(file->name);
	free(file);
}

static int
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What is known of this file; made if it is not known. */
static struct file *
find(const char *name, const struct stat *st)
{
	struct file *file;

	TAILQ_FOREACH(file, &files, entry)
		if (strcmp(file->name, name) == 0)
			break;
	if (file == NULL) {
		if (files_count == FILES_MAX)
			return NULL;
		if ((file = calloc(1, sizeof *file)) == NULL ||
		    (file->name = strdup(name)) == NULL)
			fatal("no memory");
		TAILQ_INSERT_TAIL(&files, file, entry);
		files_count++;
	} else if (!is_same(&file->st, st)) {
		file->state = WAITING;
	}
	file->st = *st;
	file->is_seen = 1;
	return file;
}

/* The whole file, in static memory, or NULL if it is too long or gone. */
static const char *
read_all(int fd, size_t *len)
{
	static char text[QUESTION_MAX_LEN + 1];
	ssize_t n = 0;

	*len = 0;
	while (*len < sizeof text &&
	    (n = read(fd, text + *len, sizeof text - *len)) > 0)
		*len += (size_t)n;
	return n == -1 ? NULL : text;
}

static int
is_alive(const struct question *question)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	if (question->not_after != 0 && question->not_after < now)
		return 0;
	/* 0 is nobody's number: then nobody can be gone. */
	return question->pid == 0 || kill(question->pid, 0) == 0 ||
	    errno == EPERM;
}

/* Returns the state that the question has then, BAD if it is too long. */
static enum state
send_to(struct file *file, const char *path, const struct locked *packet)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	enum state state = ANSWERED;
	int fd;

	strlcpy(sun.sun_path, path, sizeof sun.sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    send(fd, packet->bytes, packet->len, MSG_NOSIGNAL) == -1) {
		state = fd != -1 && errno == EMSGSIZE ? BAD : TRIED;
		if (file->state != TRIED || state == BAD)
			log_warn("question file \"%s\": socket \"%s\"",
			    file->name, path);
	}
	if (fd != -1)
		close(fd);
	return state;
}

/* Returns ANSWER_DONE if nothing is left to be done about it. */
static enum answer
answer_file(struct file *file, int fd, const struct locked *packet)
{
	struct question question;
	const char *text, *why;
	size_t len;

	if ((text = read_all(fd, &len)) == NULL)
		return ANSWER_DONE;
	if ((why = question_parse(text, len, &question)) != NULL) {
		log_warnx("question file \"%s\": %s", file->name, why);
		file->state = BAD;
		return ANSWER_DONE;
	}
	/* Not remembered: the state would be that of a file that changes. */
	if (!is_alive(&question))
		return ANSWER_DONE;
	file->state = send_to(file, question.socket, packet);
	if (file->state == BAD)
		return ANSWER_FAILED;
	return file->state == TRIED ? ANSWER_LATER : ANSWER_DONE;
}

static enum answer
answer_name(const char *name, const struct locked *packet)
{
	enum answer answer = ANSWER_DONE;
	struct file *file;
	struct stat st;
	int fd;

	/* Neither a pipe nor a link makes us wait or look elsewhere. */
	fd = openat(dirfd(dir), name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1 && errno == ENOENT)
		return ANSWER_DONE;
	if (fd == -1) {
		log_warn("question file \"%s\"", name);
		return ANSWER_DONE;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		log_warnx("question file \"%s\": not a regular file", name);
	else if ((file = find(name, &st)) == NULL)
		log_warnx("question file \"%s\": too many of them", name);
	else if (file->state == WAITING || file->state == TRIED)
		answer = answer_file(file, fd, packet);
	close(fd);
	return answer;
}

enum answer
answer_all(const struct locked *packet)
{
	enum answer answer, worst = ANSWER_DONE;
	const struct dirent *entry;
	struct file *file, *next;

	TAILQ_FOREACH(file, &files, entry)
		file->is_seen = 0;
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (!is_question(entry->d_name))
			continue;
		answer = answer_name(entry->d_name, packet);
		if (answer > worst)
			worst = answer;
	}
	TAILQ_FOREACH_SAFE(file, &files, entry, next)
		if (!file->is_seen)
			forget(file);
	return worst;
}

void
answer_close(void)
{
	while (!TAILQ_EMPTY(&files))
		forget(TAILQ_FIRST(&files));
	if (dir != NULL)
		closedir(dir);
	if (watch != -1)
		close(watch);
	dir = NULL;
	watch = -1;
}
