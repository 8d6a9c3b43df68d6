/* SPDX-License-Identifier: ISC */
/*
 * password-agent: started by systemd when somebody is to be asked for a
 * password.  Starts mandos-client, and gives what it prints to everybody who
 * asks by then.  Stays root, for nobody else is believed by those who ask, but
 * with none of root's power, once mandos-client is started, except to end it.
 */
#include "agent.h"

#include <sys/types.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <linux/capability.h>

#include "log.h"
#include "loop.h"
#include "sandbox.h"
#include "signals.h"
#include "standard.h"
#include "usage.h"

#define NOBODY 65534
#define RETRY_MS 1000		/* for a socket that is not there */
#define GRACE_MS 10000		/* from SIGTERM to SIGKILL */

enum {
	OPT_HELPER_DIR = 256
};

static const struct usage_option options[] = {
	{ 'd', "agent-directory", "DIRECTORY", "where questions are" },
	{ 'g', "group", "ID", "group of the client" },
	{ OPT_HELPER_DIR, "helper-directory", "DIRECTORY",
	    "where the client's helpers are" },
	{ OPT_HELPER_DIR, "plugin-helper-dir", "DIRECTORY", NULL },
	{ 'u', "user", "ID", "user of the client" },
	{ 0, NULL, NULL, NULL }
};

static const struct usage usage = { .program = "password-agent",
	.operands = " [MANDOS_CLIENT [OPTION...]]",
	.about = "Answer systemd's questions with what mandos-client fetches.",
	.options = options, .stop_at_operand = 1 };

static const char *agent_dir = "/run/systemd/ask-password";

static struct client client;
static struct loop_io client_io, watch_io;
static struct loop_timer patience;
static struct locked packet;
static int has_ended;		/* the client */
static int is_answering;	/* there is a password */
static int is_ending;		/* when the client does */
static int status = EXIT_FAILURE;
static int told_signal;

static void
set_id(const char *what, unsigned int *id)
{
	if (usage_id(optarg, id) == 0 && *id != 0)
		return;
	usage_wrong(&usage, what, optarg);
	exit(EX_USAGE);
}

static void
parse(int argc, char **argv, struct client_settings *settings)
{
	int key;

	usage_start(&usage);
	while ((key = usage_next(&usage, argc, argv)) != USAGE_END)
		switch (key) {
		case 'd':
			agent_dir = optarg;
			break;
		case 'g':
			set_id("Bad group ID number", &settings->gid);
			break;
		case 'u':
			set_id("Bad user ID number", &settings->uid);
			break;
		case OPT_HELPER_DIR:
			settings->helper_dir = optarg;
			break;
		default:
			exit(EX_USAGE);
		}
	if (optind < argc)
		settings->argv = argv + optind;
}

static void
on_grace(struct loop_timer *timer)
{
	(void)timer;
	pidfd_send_signal(client.pidfd, SIGKILL, NULL, 0);
}

/* The client does not outlive us. */
static void
end(int how)
{
	status = how;
	if (has_ended) {
		loop_stop();
		return;
	}
	is_ending = 1;
	loop_timer_init(&patience, on_grace, NULL);
	loop_timer_set(&patience, GRACE_MS);
	pidfd_send_signal(client.pidfd, SIGTERM, NULL, 0);
}

static void
answer(void)
{
	switch (answer_all(&packet)) {
	case ANSWER_DONE:
		end(EXIT_SUCCESS);
		break;
	case ANSWER_LATER:
		loop_timer_set(&patience, RETRY_MS);
		break;
	case ANSWER_FAILED:
		end(EXIT_FAILURE);
		break;
	}
}

static void
on_retry(struct loop_timer *timer)
{
	(void)timer;
	answer();
}

static void
on_change(struct loop_io *io, uint32_t events)
{
	(void)io, (void)events;
	answer_changed();
	if (is_answering)
		answer();
}

/* The client has exited with status 0, and its output has ended. */
static void
have_password(void)
{
	/* systemd takes a list of passwords, each with a NUL behind it. */
	if (locked_add(&packet, "", 1) == -1) {
		log_warn("password");
		end(EXIT_FAILURE);
		return;
	}
	is_answering = 1;
	loop_timer_init(&patience, on_retry, NULL);
	answer();
}

static void
on_output(struct loop_io *io, uint32_t events)
{
	ssize_t n = locked_read(&packet, io->fd);

	(void)events;
	if (n > 0 || (n == -1 && errno == EINTR))
		return;
	if (n == -1) {
		/* Whatever it is: a part of a password is none. */
		log_warn("Mandos client");
		loop_io_del(io);
		end(EXIT_FAILURE);
		return;
	}
	loop_io_del(io);
	close(client.out);
	client.out = -1;
	if (has_ended && !is_ending)
		have_password();
}

static void
on_child(void)
{
	int how;

	if (has_ended || waitpid(client.pid, &how, WNOHANG) != client.pid)
		return;
	has_ended = 1;
	if (is_ending) {
		loop_stop();
	} else if (!WIFEXITED(how) || WEXITSTATUS(how) != 0) {
		log_warnx("Mandos client failed or was killed");
		end(EXIT_FAILURE);
	} else if (client.out == -1) {
		have_password();
	}
}

static void
on_signal(int sig)
{
	if (sig == SIGCHLD) {
		on_child();
		return;
	}
	if (told_signal == 0 && !is_ending) {
		told_signal = sig;
		end(EXIT_FAILURE);
	}
}

/* Whatever has ended us, by fatal() for example. */
static void
end_client(void)
{
	if (client.pid > 0 && !has_ended)
		pidfd_send_signal(client.pidfd, SIGTERM, NULL, 0);
}

static void
lock_down(void)
{
	static const int keep[] = { CAP_KILL, -1 };
	static const struct sandbox_id id = { .keep_caps = keep };

	sandbox_drop(&id);
	sandbox_enter(RULES_AGENT);
}

int
main(int argc, char **argv)
{
	static char usual_client[] = "/lib/mandos/plugins.d/mandos-client";
	static char *const usual[] = { usual_client, NULL };
	struct client_settings settings = { .argv = usual,
		.helper_dir = "/lib/mandos/plugin-helpers",
		.uid = NOBODY, .gid = NOBODY };
	int watch;

	standard_open();
	log_open("password-agent", LOG_INFO);
	parse(argc, argv, &settings);
	locked_process();
	if ((watch = answer_open(agent_dir)) == -1) {
		log_warn("%s", agent_dir);
		return EX_OSFILE;
	}
	if (!answer_is_any()) {
		log_warnx("There are no question files in %s", agent_dir);
		return EXIT_FAILURE;
	}
	loop_init();
	signals_hear(on_signal);
	if (locked_add(&packet, "+", 1) == -1)
		fatal("no memory");
	if (client_start(&settings, &client) == -1)
		return EXIT_FAILURE;
	atexit(end_client);
	lock_down();
	if (loop_io_add(&client_io, client.out, EPOLLIN, on_output, NULL) ==
	    -1 || loop_io_add(&watch_io, watch, EPOLLIN, on_change, NULL) ==
	    -1)
		fatal("epoll");
	loop_run();
	locked_free(&packet);
	answer_close();
	if (told_signal != 0)
		signals_die(told_signal);
	return status;
}
