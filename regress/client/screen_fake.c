/* SPDX-License-Identifier: ISC */
/*
 * Boot screens for tests: under the name of a program of Plymouth, Splashy or
 * usplash it notes in /run/calls how it was started, and does what that
 * program would do if there were a screen: a daemon stays, and an asking
 * program prints /run/answer, or waits if there is none.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *me;

static void
note(int argc, char **argv)
{
	char line[4096], cwd[256];
	int fd, i, lowest = dup(STDIN_FILENO);
	size_t n;

	close(lowest);
	n = (size_t)snprintf(line, sizeof line, "%s", me);
	for (i = 1; i < argc && n < sizeof line; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, " <%s>",
		    argv[i]);
	if (n < sizeof line)
		n += (size_t)snprintf(line + n, sizeof line - n,
		    " uid %d/%d gid %d/%d groups %d%s cwd %s umask %03o "
		    "fd %d env %s\n",
		    (int)getuid(), (int)geteuid(), (int)getgid(),
		    (int)getegid(), getgroups(0, NULL),
		    getsid(0) == getpid() ? " leader" : "",
		    getcwd(cwd, sizeof cwd), (unsigned)umask(0),
		    lowest, environ[0]);
	if (n > sizeof line)
		n = sizeof line;
	if ((fd = open("/run/calls", O_WRONLY | O_APPEND)) == -1 ||
	    write(fd, line, n) != (ssize_t)n)
		err(1, "/run/calls");
	close(fd);
}

/* Until a signal comes. */
static void __attribute__((noreturn))
stay(void)
{
	FILE *f;

	if ((f = fopen("/run/daemon", "w")) == NULL)
		err(1, "/run/daemon");
	fprintf(f, "%d\n", (int)getpid());
	fclose(f);
	for (;;)
		pause();
}

static int
answer(void)
{
	char buf[256];
	ssize_t n;
	int fd;

	if ((fd = open("/run/answer", O_RDONLY)) == -1)
		for (;;)
			pause();
	n = read(fd, buf, sizeof buf);
	return n > 0 && write(STDOUT_FILENO, buf, (size_t)n) == n ? 0 : 1;
}

int
main(int argc, char **argv)
{
	me = strrchr(argv[0], '/');
	me = me == NULL ? argv[0] : me + 1;
	note(argc, argv);
	if (strcmp(me, "splashy_update") == 0)
		return answer();
	if (strcmp(me, "plymouth") != 0)
		stay();
	if (argc > 1 && strcmp(argv[1], "--ping") == 0)
		return access("/run/up", F_OK) == 0 ? 0 : 1;
	return argc > 1 && strcmp(argv[1], "ask-for-password") == 0 ?
	    answer() : 0;
}
