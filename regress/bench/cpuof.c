/* SPDX-License-Identifier: ISC */
/*
 * cpuof: run a server and account for it and all its descendants, as their
 * subreaper.  Reads commands from the fifo NAME.in, one a line, and answers
 * each with one line in the fifo NAME.out.  A shell asks with two
 * redirections, the one for the answer first.
 *
 *	cpu	microseconds of CPU the whole tree has used so far
 *	pss	proportional set size of the tree in kB, and its processes
 *	pid	of the first process
 *	stop	SIGTERM; microseconds until the first process, and until all
 *		had ended, wait status, and CPU microseconds of all their life
 *
 *	begun	CLOCK_MONOTONIC microseconds at which the server was begun
 *
 * It ends after "stop".
 */
#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROCS_MAX 65536
#define STOP_US (60 * 1000000LL)	/* then SIGKILL */
#define LEFT_US (5 * 1000000LL)		/* for orphans, then SIGKILL */

struct proc {
	pid_t pid;
	pid_t parent;
	char state;
	int ours;
	int64_t own_us;		/* of its living threads and ended ones */
	int64_t reaped_us;	/* of children it has waited for */
};

static struct proc procs[PROCS_MAX];
static size_t nprocs;
static FILE *answers;
static pid_t server;
static int64_t begun_us;
static int server_status = -1;		/* once it has ended */
static int64_t reaped_us;		/* of what we have waited for */

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t
timeval_us(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* The kernel's exact figure, which knows one thread only; 0 if it has none. */
static int64_t
schedstat_us(pid_t pid)
{
	int64_t ns = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	if (fscanf(f, "%" SCNd64, &ns) != 1)
		ns = 0;
	fclose(f);
	return ns / 1000;
}

static int
read_proc(pid_t pid, struct proc *proc)
{
	unsigned long utime, stime;
	long cutime, cstime;
	int64_t tick_us = 1000000 / sysconf(_SC_CLK_TCK);
	char path[64], line[1024], *p;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	len = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[len] = '\0';
	/* The name before it may contain anything, even parentheses. */
	if ((p = strrchr(line, ')')) == NULL || sscanf(p + 1,
	    " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
	    &proc->state, &proc->parent, &utime, &stime, &cutime,
	    &cstime) != 6)
		return -1;
	proc->pid = pid;
	proc->ours = 0;
	proc->own_us = (int64_t)(utime + stime) * tick_us;
	if (schedstat_us(pid) > proc->own_us)
		proc->own_us = schedstat_us(pid);
	proc->reaped_us = (cutime + cstime) * tick_us;
	return 0;
}

static void
mark_descendants(void)
{
	size_t i, j;
	int again;

	do {
		again = 0;
		for (i = 0; i < nprocs; i++) {
			if (procs[i].ours)
				continue;
			if (procs[i].parent == getpid()) {
				procs[i].ours = again = 1;
				continue;
			}
			for (j = 0; j < nprocs; j++)
				if (procs[j].ours &&
				    procs[j].pid == procs[i].parent) {
					procs[i].ours = again = 1;
					break;
				}
		}
	} while (again);
}

static void
read_tree(void)
{
	struct dirent *de;
	const char *why;
	pid_t pid;
	DIR *dir;

	nprocs = 0;
	if ((dir = opendir("/proc")) == NULL)
		err(1, "/proc");
	while ((de = readdir(dir)) != NULL && nprocs < PROCS_MAX) {
		pid = (pid_t)strtonum(de->d_name, 1, INT32_MAX, &why);
		if (why == NULL && read_proc(pid, &procs[nprocs]) == 0)
			nprocs++;
	}
	closedir(dir);
	mark_descendants();
}

static int64_t
pss_kb(pid_t pid)
{
	char path[64], line[256];
	int64_t kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Pss: %" SCNd64, &kb) == 1)
			break;
	fclose(f);
	return kb;
}

/* Collect what has ended.  Returns 0 when nothing is left at all. */
static int
reap(void)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		reaped_us += timeval_us(usage.ru_utime) +
		    timeval_us(usage.ru_stime);
		if (pid == server)
			server_status = status;
	}
	return pid == 0;
}

static void answer(const char *, ...) __attribute__((format(printf, 1, 2)));

static void
answer(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(answers, fmt, ap);
	va_end(ap);
	fflush(answers);
}

static void
tell_cpu(void)
{
	int64_t us;
	size_t i;

	read_tree();
	us = reaped_us;
	for (i = 0; i < nprocs; i++)
		if (procs[i].ours)
			us += procs[i].own_us + procs[i].reaped_us;
	answer("%" PRId64 "\n", us);
}

static void
tell_pss(void)
{
	int64_t kb = 0;
	size_t i, n = 0;

	read_tree();
	for (i = 0; i < nprocs; i++)
		if (procs[i].ours && procs[i].state != 'Z') {
			kb += pss_kb(procs[i].pid);
			n++;
		}
	answer("%" PRId64 " %zu\n", kb, n);
}

static void
kill_tree(void)
{
	size_t i;

	read_tree();
	for (i = 0; i < nprocs; i++)
		if (procs[i].ours)
			kill(procs[i].pid, SIGKILL);
}

static void
stop(void)
{
	const struct timespec pause = { .tv_nsec = 500000 };
	int64_t begin_us, main_us = -1, left_us;

	begin_us = now_us();
	if (server_status == -1)
		kill(server, SIGTERM);
	while (reap()) {
		if (server_status != -1 && main_us == -1)
			main_us = now_us() - begin_us;
		left_us = begin_us + (main_us == -1 ? STOP_US :
		    main_us + LEFT_US) - now_us();
		if (left_us < 0)
			kill_tree();
		nanosleep(&pause, NULL);
	}
	if (main_us == -1)
		main_us = now_us() - begin_us;
	answer("%" PRId64 " %" PRId64 " %d %" PRId64 "\n", main_us,
	    now_us() - begin_us, server_status, reaped_us);
}

static void
run_server(char **argv)
{
	begun_us = now_us();
	if ((server = fork()) == -1)
		err(1, "fork");
	if (server == 0) {
		execvp(argv[0], argv);
		warn("%s", argv[0]);
		_exit(127);
	}
}

/* Open for both, a fifo has no end of file between two shell commands. */
static FILE *
open_fifo(const char *name, const char *suffix, const char *mode)
{
	char *path;
	FILE *f;
	int fd;

	if (asprintf(&path, "%s.%s", name, suffix) == -1 ||
	    (fd = open(path, O_RDWR | O_CLOEXEC)) == -1 ||
	    (f = fdopen(fd, mode)) == NULL)
		err(1, "%s.%s", name, suffix);
	free(path);
	return f;
}

int
main(int argc, char **argv)
{
	char line[64];
	FILE *commands;

	if (argc < 3) {
		fprintf(stderr, "usage: cpuof name server [argument ...]\n");
		return 1;
	}
	commands = open_fifo(argv[1], "in", "r");
	answers = open_fifo(argv[1], "out", "w");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		err(1, "prctl");
	run_server(argv + 2);
	while (fgets(line, sizeof(line), commands) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		reap();
		if (strcmp(line, "cpu") == 0)
			tell_cpu();
		else if (strcmp(line, "pss") == 0)
			tell_pss();
		else if (strcmp(line, "pid") == 0)
			answer("%d\n", server);
		else if (strcmp(line, "begun") == 0)
			answer("%" PRId64 "\n", begun_us);
		else if (strcmp(line, "stop") == 0)
			break;
		else
			answer("?\n");
	}
	stop();
	return 0;
}
