/* SPDX-License-Identifier: ISC */
/*
 * The plugins, from the start to the end of all of them.  The first one that
 * exits with status 0, and whose output has ended, has won; what the others
 * have printed is for nobody.
 *
 * At the end no plugin is left, whatever has ended the race: they are told to
 * end, are given time to put network interfaces and screens back as they were,
 * and are killed when they take too long.
 */
#include "runner.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "signals.h"

#define GRACE_MS 10000		/* from SIGTERM to SIGKILL */
#define GIVE_UP_MS 5000		/* from SIGKILL to giving up */
#define STRAY_MS 2000		/* from SIGTERM to SIGKILL for strays */
#define STRAY_TICK_MS 20
#define AGAIN_MS 1000		/* pause after a temporary failure ... */
#define AGAIN_DOUBLINGS 5	/* ... which doubles so often */
#define AGAIN_FORGET_MS 60000	/* who runs so long begins anew */

static struct settings *all;
static enum {
	RUNNING,
	WRITING,
	ENDING,			/* plugins have been told to end */
	KILLING,		/* they have been killed */
	STRAYING		/* only strays can be left */
} phase;
static enum race result;
static int told_signal;
static struct plugin *winner;
static struct loop_io output;
static size_t written;
static struct loop_timer patience;
static int64_t strays_since;

static void judge(struct plugin *);

int
race_signal(void)
{
	return told_signal;
}

static void
drop_output(struct plugin *plugin)
{
	if (plugin->out.fd != -1) {
		int fd = plugin->out.fd;

		loop_io_del(&plugin->out);
		plugin->out.fd = -1;
		close(fd);
	}
	locked_free(&plugin->password);
}

static void
signal_plugins(int sig)
{
	struct plugin *plugin;

	TAILQ_FOREACH(plugin, &all->plugins, entry)
		if (plugin->pid != 0) {
			log_debug("%s gets signal %d", plugin->name, sig);
			kill(plugin->pid, sig);
			/* It may be stopped. */
			kill(plugin->pid, SIGCONT);
		}
}

/* Strays that ignore it are killed; who then lives is not ours to kill. */
static void
end_strays(struct loop_timer *timer)
{
	int64_t waited = loop_now() - strays_since;

	(void)timer;
	if (stray_kill(all, waited == 0 ? SIGTERM :
	    waited > STRAY_MS ? SIGKILL : 0) == 0 ||
	    waited > STRAY_MS + GIVE_UP_MS)
		loop_stop();
	else
		loop_timer_set(&patience, STRAY_TICK_MS);
}

static void
look_for_end(void)
{
	struct plugin *plugin;

	if (phase != ENDING && phase != KILLING)
		return;
	TAILQ_FOREACH(plugin, &all->plugins, entry)
		if (plugin->pid != 0)
			return;
	phase = STRAYING;
	strays_since = loop_now();
	loop_timer_del(&patience);
	loop_timer_init(&patience, end_strays, NULL);
	end_strays(&patience);
}

static void
on_patience(struct loop_timer *timer)
{
	struct plugin *plugin;

	if (phase == ENDING) {
		phase = KILLING;
		signal_plugins(SIGKILL);
		loop_timer_set(timer, GIVE_UP_MS);
		return;
	}
	/* It has become root, or the kernel does not let go of it. */
	TAILQ_FOREACH(plugin, &all->plugins, entry)
		if (plugin->pid != 0) {
			log_warnx("%s, process %d, cannot be ended",
			    plugin->name, (int)plugin->pid);
			plugin->pid = 0;
		}
	look_for_end();
}

static void
finish(enum race how)
{
	struct plugin *plugin;

	if (phase == ENDING || phase == KILLING || phase == STRAYING)
		return;
	loop_io_del(&output);
	result = how;
	phase = ENDING;
	TAILQ_FOREACH(plugin, &all->plugins, entry) {
		loop_timer_del(&plugin->again);
		drop_output(plugin);
	}
	loop_timer_init(&patience, on_patience, NULL);
	loop_timer_set(&patience, GRACE_MS);
	signal_plugins(SIGTERM);
	look_for_end();
}

/*
 * Standard output can be written to: by so much at a time that it does not
 * block, so that a signal is heard if nobody reads it.
 */
static void
on_writable(struct loop_io *io, uint32_t events)
{
	const struct locked *password = &winner->password;
	size_t len = password->len - written;
	ssize_t n = 0;

	(void)io, (void)events;
	if (len > PIPE_BUF)
		len = PIPE_BUF;
	if (len > 0)
		n = write(STDOUT_FILENO, password->bytes + written, len);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n == -1) {
		log_warn("standard output");
		finish(RACE_UNWRITTEN);
		return;
	}
	written += (size_t)n;
	if (written < password->len)
		return;
	/* Whoever waits for the end of it need not wait for plugins. */
	loop_io_del(&output);
	close(STDOUT_FILENO);
	finish(RACE_WON);
}

static void
win(struct plugin *plugin)
{
	log_debug("%s has succeeded", plugin->name);
	winner = plugin;
	phase = WRITING;
	if (loop_io_add(&output, STDOUT_FILENO, EPOLLOUT, on_writable,
	    NULL) == 0)
		return;
	/* A file does not block, and epoll(7) knows of none. */
	while (phase == WRITING)
		on_writable(&output, EPOLLOUT);
}

static void
on_output(struct loop_io *io, uint32_t events)
{
	struct plugin *plugin = io->arg;
	ssize_t n = locked_read(&plugin->password, io->fd);
	int fd = io->fd;

	(void)events;
	if (n > 0 || (n == -1 && (errno == EINTR || errno == EAGAIN)))
		return;
	if (n == -1) {
		log_warn("%s", plugin->name);
		/* Not even if it exits with 0 has it succeeded. */
		plugin->is_cut = 1;
		locked_free(&plugin->password);
	}
	loop_io_del(io);
	io->fd = -1;
	close(fd);
	judge(plugin);
}

static void
begin(struct plugin *plugin)
{
	int out, err;

	label_stop(&plugin->label);
	plugin->started = loop_now();
	plugin->is_cut = 0;
	if (start_plugin(all, plugin, &out, &err) == -1)
		return;
	label_start(&plugin->label, plugin->name, err);
	if (loop_io_add(&plugin->out, out, EPOLLIN, on_output, plugin) == -1)
		fatal("epoll");
}

static int
is_pending(const struct plugin *plugin)
{
	return plugin->pid != 0 || plugin->out.fd != -1 ||
	    plugin->again.due_ms != -1;
}

static void
look_for_loss(void)
{
	const struct plugin *plugin;

	if (phase != RUNNING)
		return;
	TAILQ_FOREACH(plugin, &all->plugins, entry)
		if (is_pending(plugin))
			return;
	finish(RACE_LOST);
}

static void
on_again(struct loop_timer *timer)
{
	begin(timer->arg);
	look_for_loss();
}

static void
run_again(struct plugin *plugin)
{
	unsigned int ms;

	if (loop_now() - plugin->started >= AGAIN_FORGET_MS)
		plugin->failures = 0;
	ms = AGAIN_MS << plugin->failures;
	if (plugin->failures < AGAIN_DOUBLINGS)
		plugin->failures++;
	log_debug("%s is started again in %u s", plugin->name, ms / 1000);
	loop_timer_set(&plugin->again, ms);
}

/* A plugin's process or its output has ended: what is it now? */
static void
judge(struct plugin *plugin)
{
	int has_exited = WIFEXITED(plugin->status);

	if (phase != RUNNING || plugin->pid != 0)
		return;
	if (has_exited && WEXITSTATUS(plugin->status) == 0 &&
	    !plugin->is_cut) {
		if (plugin->out.fd == -1)
			win(plugin);
		return;
	}
	drop_output(plugin);
	if (has_exited && WEXITSTATUS(plugin->status) == EX_TEMPFAIL)
		run_again(plugin);
	look_for_loss();
}

static void
on_child(void)
{
	struct plugin *plugin;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		TAILQ_FOREACH(plugin, &all->plugins, entry)
			if (plugin->pid == pid)
				break;
		if (plugin == NULL)
			continue;
		plugin->pid = 0;
		plugin->status = status;
		if (WIFSIGNALED(status))
			log_debug("%s was killed by signal %d", plugin->name,
			    WTERMSIG(status));
		else
			log_debug("%s has exited with status %d",
			    plugin->name, WEXITSTATUS(status));
		judge(plugin);
	}
	look_for_end();
}

static void
on_signal(int sig)
{
	if (sig == SIGCHLD) {
		on_child();
		return;
	}
	if (phase == RUNNING || phase == WRITING) {
		told_signal = sig;
		finish(RACE_SIGNAL);
	}
}

/* Whatever has ended us, by fatal() for example. */
static void
end_all(void)
{
	signal_plugins(SIGTERM);
}

enum race
race_run(struct settings *settings)
{
	struct plugin *plugin;
	int is_started = 0;

	all = settings;
	output.fd = -1;
	loop_init();
	signals_hear(on_signal);
	stray_init();
	atexit(end_all);
	TAILQ_FOREACH(plugin, &settings->plugins, entry) {
		plugin->out.fd = plugin->label.io.fd = -1;
		loop_timer_init(&plugin->again, on_again, plugin);
		if (!plugin->is_file)
			continue;
		begin(plugin);
		is_started |= plugin->pid != 0;
	}
	if (!is_started) {
		log_warnx("No plugin processes started. Incorrect plugin "
		    "directory?");
		return RACE_LOST;
	}
	loop_run();
	TAILQ_FOREACH(plugin, &settings->plugins, entry)
		label_stop(&plugin->label);
	return result;
}
