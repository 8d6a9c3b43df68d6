/* SPDX-License-Identifier: ISC */
/*
 * Starting a plugin.  It has the runner's standard input and working
 * directory, its own output and a labelled standard error, its arguments and
 * variables, and nothing else of the runner's.
 */
#include "runner.h"

#include <sys/types.h>
#include <sys/prctl.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

/* What the original says, for it is the same when it happens. */
static void __attribute__((noreturn))
run(const struct plugin *plugin, char **argv, char **envp)
{
	fexecve(plugin->fd, argv, envp);
	/*
	 * The interpreter of a script has to open it by way of /dev/fd, so
	 * it cannot be closed by then.
	 */
	if (errno == ENOENT && fcntl(plugin->fd, F_SETFD, 0) != -1)
		fexecve(plugin->fd, argv, envp);
	log_open(plugin->name, LOG_INFO);
	log_warn("cannot be executed");
	_exit(EX_OSERR);
}

static void __attribute__((noreturn))
child(const struct plugin *plugin, pid_t runner, const int out[2],
    const int err[2], char **argv, char **envp)
{
	sigset_t none;

	sigemptyset(&none);
	/* Not for a set-uid one: the kernel forgets it then. */
	if (dup2(out[1], STDOUT_FILENO) == -1 ||
	    dup2(err[1], STDERR_FILENO) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
	    signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
	    sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		_exit(EX_OSERR);
	if (getppid() != runner)
		_exit(EX_TEMPFAIL);
	run(plugin, argv, envp);
}

/* What its environment says, then all plugins', then its own. */
static void
make_env(const struct settings *settings, const struct plugin *plugin,
    struct words *env)
{
	char *helpers;
	size_t i;

	for (i = 0; environ[i] != NULL; i++)
		words_set(env, environ[i]);
	if (asprintf(&helpers, "MANDOSPLUGINHELPERDIR=%s",
	    settings->helper_dir) == -1)
		fatal("no memory");
	words_set(env, helpers);
	free(helpers);
	for (i = 0; i < settings->env.n; i++)
		words_set(env, settings->env.v[i]);
	for (i = 0; i < plugin->env.n; i++)
		words_set(env, plugin->env.v[i]);
}

int
start_plugin(const struct settings *settings, struct plugin *plugin,
    int *out_fd, int *err_fd)
{
	struct words argv = { NULL, 0 }, env = { NULL, 0 };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t runner = getpid();

	words_add(&argv, plugin->name, strlen(plugin->name));
	words_add_all(&argv, &plugin->args);
	words_add_all(&argv, &settings->args);
	make_env(settings, plugin, &env);
	if (pipe2(out, O_CLOEXEC) == -1 || pipe2(err, O_CLOEXEC) == -1 ||
	    (plugin->pid = fork()) == -1) {
		log_warn("%s cannot be started", plugin->name);
		plugin->pid = 0;
		close(out[0]);
		close(err[0]);
		out[0] = -1;
	} else if (plugin->pid == 0) {
		child(plugin, runner, out, err, argv.v, env.v);
	} else {
		log_debug("%s is process %d", plugin->name, (int)plugin->pid);
		*out_fd = out[0];
		*err_fd = err[0];
	}
	close(out[1]);
	close(err[1]);
	words_free(&argv);
	words_free(&env);
	return out[0] == -1 ? -1 : 0;
}
