/* SPDX-License-Identifier: ISC */
/*
 * The first process of mandos-keygen, while the second works: waits for it and
 * for signals, ends all processes that have come of it, GnuPG's agent for one,
 * puts in place what has been made, and cleans up.  Whoever has no parent any
 * more is given to us, for we are a subreaper, so none gets away.
 */
#include "keygen.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 10000		/* a mandos-client takes interfaces down */
#define AGAIN_MS 1000
#define TICK_MS 20
#define PATIENCE_S 20		/* for gpgconf */

static const int endings[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
static sigset_t waited_for;	/* these, and SIGCHLD */
static sigset_t before;		/* the mask that the second process gets */

void
guard_harden(void)
{
	const struct rlimit none = { 0, 0 };
	int fd;

	/*
	 * No file that we open is to be taken for one of these.  What is
	 * written to one that was closed is an error, and not lost.
	 */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", O_RDONLY) != fd)
			err(EXIT_KEYGEN_FAILED, "/dev/null");
	umask(077);
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		err(EXIT_KEYGEN_FAILED, "setrlimit");
	/* A handler of core dumps that is a program heeds no limit. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		err(EXIT_KEYGEN_FAILED, "PR_SET_DUMPABLE");
}

void
guard_begin(void)
{
	struct sigaction sa;
	size_t i;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		err(EXIT_KEYGEN_FAILED, "PR_SET_CHILD_SUBREAPER");
	sigemptyset(&waited_for);
	sigaddset(&waited_for, SIGCHLD);
	for (i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		/* Whoever started us with it ignored has meant that. */
		if (sigaction(endings[i], NULL, &sa) == -1)
			err(EXIT_KEYGEN_FAILED, "sigaction");
		if (sa.sa_handler != SIG_IGN)
			sigaddset(&waited_for, endings[i]);
	}
	signal(SIGCHLD, SIG_DFL);
	if (sigprocmask(SIG_BLOCK, &waited_for, &before) == -1)
		err(EXIT_KEYGEN_FAILED, "sigprocmask");
}

__attribute__((noreturn))
static void
be_second(const struct job *job, pid_t first, int out)
{
	int status;

	/* Without the first nobody would clean up; do no more then. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		err(job->crashed, "PR_SET_PDEATHSIG");
	if (getppid() != first)
		_exit(job->crashed);
	if (dup2(out, STDOUT_FILENO) == -1)
		err(job->crashed, "dup2");
	if (sigprocmask(SIG_SETMASK, &before, NULL) == -1)
		err(job->crashed, "sigprocmask");
	status = job->work(job->arg);
	if (fflush(stdout) == EOF)
		err(job->crashed, "stdout");
	_exit(status);
}

/*
 * GnuPG's programs have nothing to put back that we do not remove; and the
 * agent, asked to end, first makes the key that nobody waits for.
 */
static int
is_gnupg(int pid)
{
	char path[64], name[16] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	if (fgets(name, sizeof name, f) == NULL)
		name[0] = '\0';
	fclose(f);
	return strncmp(name, "gpg", 3) == 0;
}

/* Send a signal to all our children.  Returns how many there are, or -1. */
static int
signal_children(int sig)
{
	char path[64];
	int n = 0, pid;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/children",
	    (int)getpid());
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	for (; fscanf(f, "%d", &pid) == 1; n++)
		kill(pid, is_gnupg(pid) ? SIGKILL : sig);
	fclose(f);
	return n;
}

/*
 * End what is left of the second process's family.  It is asked to first, as a
 * mandos-client has things to put back, and GnuPG's agent sockets to remove.
 */
static void
end_family(void)
{
	const struct timespec tick = { 0, TICK_MS * 1000000L };
	int ms, children;
	pid_t pid;

	children = signal_children(SIGTERM);
	for (ms = 0;; ms += TICK_MS) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			continue;
		/* Without /proc, the agent ends when it misses its home. */
		if (pid == -1 || children == -1)
			return;
		nanosleep(&tick, NULL);
		if (ms >= 2 * GRACE_MS) {
			warnx("%d processes do not end", children);
			return;
		}
		/* Those who end leave us theirs. */
		if (ms >= GRACE_MS)
			children = signal_children(SIGKILL);
		else if (ms % AGAIN_MS == 0)
			children = signal_children(SIGTERM);
	}
}

/* Sockets of GnuPG can be in a directory that is not its home. */
static void
remove_sockets(const char *home)
{
	const char *const argv[] = { "gpgconf", "--homedir", home,
	    "--remove-socketdir", NULL };
	struct run run = { .argv = argv, .timeout = PATIENCE_S };
	struct stat st;

	if (stat(home, &st) == 0)
		run_program(&run);
}

/* What the second process has printed. */
static int
pass_on(int fd)
{
	char buf[4096];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) == -1) {
		warn("lseek");
		return -1;
	}
	while ((n = read(fd, buf, sizeof buf)) > 0)
		if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			break;
	if (n != 0 || fflush(stdout) == EOF) {
		warn("stdout");
		return -1;
	}
	return 0;
}

/* Wait until the second process has ended.  Returns the signal we got, or 0. */
static int
wait_for_second(pid_t second, int *status)
{
	int sig, got = 0;

	while (waitpid(second, status, WNOHANG) == 0) {
		if (sigwait(&waited_for, &sig) != 0 || sig == SIGCHLD)
			continue;
		got = sig;
		/* It holds nothing that we would not clean up. */
		kill(second, SIGKILL);
	}
	return got;
}

static void
clean_up(const struct job *job)
{
	size_t i;

	if (job->gnupg != NULL)
		remove_sockets(job->gnupg);
	for (i = 0; i < sizeof job->scratch / sizeof job->scratch[0]; i++)
		if (job->scratch[i] != NULL)
			scratch_remove(job->scratch[i]);
}

int
guard_run(struct job *job)
{
	int out, status, rv, sig, is_finished = 1;
	pid_t first = getpid(), second;

	if ((out = memfd_create("stdout", MFD_CLOEXEC)) == -1) {
		warn("memfd_create");
		clean_up(job);
		return job->crashed;
	}
	if ((second = fork()) == -1) {
		warn("fork");
		clean_up(job);
		return job->crashed;
	}
	if (second == 0)
		be_second(job, first, out);
	sig = wait_for_second(second, &status);
	end_family();
	if (sig == 0 && !WIFEXITED(status)) {
		warnx("the working process was ended by signal %d",
		    WTERMSIG(status));
		rv = job->crashed;
	} else
		rv = sig == 0 ? WEXITSTATUS(status) : job->crashed;
	if (sig == 0 && rv == 0 && job->finish != NULL &&
	    job->finish(job->arg) == -1) {
		rv = EXIT_KEYGEN_FAILED;
		is_finished = 0;
	}
	clean_up(job);
	if (job->password != NULL)
		buf_free(job->password);
	/* A signal that has come meanwhile ends us here. */
	if (sig != 0)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (sig != 0)
		raise(sig);
	if (is_finished && pass_on(out) == -1)
		rv = job->crashed;
	close(out);
	return rv;
}
