/* SPDX-License-Identifier: ISC */
/*
 * Questions that only mandos-netd can answer, for GnuTLS is linked there.
 * Run by the configuration reader before it has read a secret.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define NETD "mandos-netd"
#define STATUS_NOT_RUN 127	/* as the shell has it */

int
helper_netd(const char *libexec, const char *option, const char *value)
{
	char *path;
	pid_t pid;
	int status;

	if (asprintf(&path, "%s/%s", libexec, NETD) == -1)
		fatal("asprintf");
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		/* A NULL ${value} ends the list where it stands. */
		execl(path, NETD, option, value, (char *)NULL);
		log_warn("%s", path);
		_exit(STATUS_NOT_RUN);
	}
	free(path);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	log_warnx("%s was killed by signal %d", NETD, WTERMSIG(status));
	return -1;
}
