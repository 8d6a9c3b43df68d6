/* SPDX-License-Identifier: ISC */
/*
 * mandos-client's process: it finds what a set-uid program finds, the user
 * that the settings say and power that it can put aside.
 */
#include "agent.h"

#include <sys/types.h>
#include <sys/pidfd.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

static void __attribute__((noreturn))
run(const struct client_settings *settings, int out)
{
	sigset_t none;

	sigemptyset(&none);
	if (setgroups(0, NULL) == -1 ||
	    setresgid(settings->gid, 0, 0) == -1 ||
	    setresuid(settings->uid, 0, 0) == -1)
		fatal("user and group of the Mandos client");
	if (dup2(out, STDOUT_FILENO) == -1 ||
	    setenv("MANDOSPLUGINHELPERDIR", settings->helper_dir, 1) == -1 ||
	    signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
	    sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		fatal("Mandos client");
	execv(settings->argv[0], settings->argv);
	log_warn("%s", settings->argv[0]);
	_exit(EX_OSERR);
}

int
client_start(const struct client_settings *settings, struct client *client)
{
	int out[2];

	if (pipe2(out, O_CLOEXEC) == -1) {
		log_warn("pipe");
		return -1;
	}
	if ((client->pid = fork()) == 0)
		run(settings, out[1]);
	close(out[1]);
	client->out = out[0];
	if (client->pid == -1 ||
	    (client->pidfd = pidfd_open(client->pid, 0)) == -1) {
		log_warn("Mandos client");
		if (client->pid != -1)
			kill(client->pid, SIGTERM);
		close(out[0]);
		return -1;
	}
	return 0;
}
