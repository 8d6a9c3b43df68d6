/* SPDX-License-Identifier: ISC */
/*
 * One line from a terminal, unseen.  readpassphrase(3) leaves the echo on when
 * it has to read standard input, and that is what a terminal is in an initial
 * RAM disk, where no process has a controlling one.
 *
 * The signals that end a process are blocked all the time but while it waits:
 * none can come between looking and waiting, or leave the echo off.
 */
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LOCK_RETRY_MS 200

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };
#define SIGNALS (sizeof signals / sizeof *signals)

static volatile sig_atomic_t caught;

struct asking {
	int in;
	int is_tty;
	int is_locked;
	struct termios modes;	/* as it was */
	sigset_t mask;		/* to wait with */
	struct sigaction actions[SIGNALS];
};

static void
catch(int sig)
{
	caught = sig;
}

/* Who ignores a signal, goes on to. */
static void
signals_catch(struct asking *asking)
{
	struct sigaction action = { .sa_handler = catch };
	sigset_t block;
	size_t i;

	caught = 0;
	sigemptyset(&block);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&block, signals[i]);
	sigprocmask(SIG_BLOCK, &block, &asking->mask);
	for (i = 0; i < SIGNALS; i++) {
		sigdelset(&asking->mask, signals[i]);
		sigaction(signals[i], NULL, &asking->actions[i]);
		if (asking->actions[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

/* They stay blocked if one has been caught, until prompt_die(). */
static void
signals_release(const struct asking *asking)
{
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &asking->actions[i], NULL);
	if (!caught)
		sigprocmask(SIG_SETMASK, &asking->mask, NULL);
}

void
prompt_die(void)
{
	sigset_t set;
	int sig = caught;

	if (sig == 0)
		return;
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/*
 * Wait until there is something to read, or a signal, or ${ms} have passed.
 * Returns 0, or -1 after a signal.
 */
static int
wait_for(const struct asking *asking, int fd, int ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	while (ppoll(&pfd, 1, ms < 0 ? NULL : &ts, &asking->mask) == -1 &&
	    errno == EINTR && !caught)
		continue;
	return caught ? -1 : 0;
}

/*
 * Two readers of one terminal would get a part of the password each.  The
 * lock is the process's and not the descriptor's, which readers may share.
 * It cannot be had for a descriptor that is only for reading.
 */
static int
lock(struct asking *asking)
{
	struct flock flock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(asking->in, F_SETLK, &flock) == -1) {
		if (errno != EAGAIN && errno != EACCES)
			return 0;
		if (wait_for(asking, -1, LOCK_RETRY_MS) == -1)
			return -1;
	}
	asking->is_locked = 1;
	return 0;
}

static void
unlock(struct asking *asking)
{
	struct flock flock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (asking->is_locked)
		fcntl(asking->in, F_SETLK, &flock);
	asking->is_locked = 0;
}

/* Returns 0, or -1 if it is a terminal that does not obey. */
static int
echo_off(struct asking *asking)
{
	struct termios modes;

	asking->is_tty = tcgetattr(asking->in, &asking->modes) == 0;
	if (!asking->is_tty)
		return errno == EIO ? -1 : 0;
	modes = asking->modes;
	modes.c_lflag &= ~(tcflag_t)ECHO;
	return tcsetattr(asking->in, TCSAFLUSH, &modes);
}

static void
echo_back(const struct asking *asking)
{
	int saved = errno;

	if (asking->is_tty)
		tcsetattr(asking->in, TCSADRAIN, &asking->modes);
	errno = saved;
}

static void
say(int out, const char *text)
{
	int saved = errno;

	/* Who cannot be prompted may type all the same. */
	while (*text != '\0') {
		ssize_t n = write(out, text, strlen(text));

		if (n == -1 && errno != EINTR)
			break;
		if (n > 0)
			text += n;
	}
	errno = saved;
}

/* Byte by byte: what follows the line is for somebody else. */
static enum prompt
read_line(const struct asking *asking, struct locked *answer)
{
	size_t before = answer->len;
	char byte;
	ssize_t n;

	for (;;) {
		if (wait_for(asking, asking->in, -1) == -1)
			return PROMPT_SIGNAL;
		n = read(asking->in, &byte, 1);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == -1)
			return PROMPT_ERROR;
		if (n == 0)
			return answer->len == before ? PROMPT_EOF : PROMPT_OK;
		if (byte == '\n')
			return PROMPT_OK;
		if (locked_add(answer, &byte, 1) == -1)
			return PROMPT_ERROR;
		explicit_bzero(&byte, 1);
	}
}

static enum prompt
ask_once(struct asking *asking, int out, const char *text,
    struct locked *answer)
{
	enum prompt result = PROMPT_SIGNAL;

	if (lock(asking) == -1)
		return result;
	if (echo_off(asking) == -1) {
		result = PROMPT_ERROR;
	} else {
		say(out, text);
		result = read_line(asking, answer);
		echo_back(asking);
		/* The newline that was typed has not been shown. */
		if (asking->is_tty)
			say(out, "\n");
	}
	unlock(asking);
	return result;
}

enum prompt
prompt_ask(int in, int out, const char *text, struct locked *answer)
{
	struct asking asking = { .in = in };
	enum prompt result;

	for (;;) {
		signals_catch(&asking);
		result = ask_once(&asking, out, text, answer);
		signals_release(&asking);
		if (result != PROMPT_SIGNAL || caught != SIGTSTP)
			return result;
		/* Stop here, and ask again when told to continue. */
		locked_free(answer);
		prompt_die();
		sigprocmask(SIG_SETMASK, &asking.mask, NULL);
	}
}
