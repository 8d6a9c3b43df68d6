/* SPDX-License-Identifier: ISC */
/*
 * plymouth: has Plymouth ask for the password on its screen.  Plymouth prints
 * it to our standard output itself; it is never in this process.
 *
 * When it is told to end, Plymouth goes on asking, and has no way to be told
 * not to: it is started anew.  Installed set-uid root, for Plymouth hears
 * nobody else.
 */
#include <sys/types.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "privilege.h"
#include "process.h"
#include "screen.h"
#include "usage.h"

#define PLYMOUTH "/bin/plymouth"
#define PID_FILE "/run/plymouth/pid"

#define RUN_MS 2000		/* for commands that do not ask anybody */
#define UP_MS 2000		/* until a daemon answers */
#define UP_TICK_MS 100

enum {
	OPT_DEBUG = 256,
	OPT_PROMPT
};

static const struct usage_option options[] = {
	{ OPT_DEBUG, "debug", NULL, "say what happens" },
	{ OPT_PROMPT, "prompt", "PROMPT", "prompt with this" },
	{ 0, NULL, NULL, NULL }
};

static const struct usage usage = { .program = "plymouth", .operands = "",
	.about = "Have Plymouth ask for a password, and print it.",
	.options = options };

static const char *prompt;

static void
parse(int argc, char **argv)
{
	int key;

	usage_start(&usage);
	while ((key = usage_next(&usage, argc, argv)) != USAGE_END)
		if (key == OPT_DEBUG)
			log_open("plymouth", LOG_DEBUG);
		else if (key == OPT_PROMPT)
			prompt = optarg;
		else
			exit(EX_USAGE);
	if (optind < argc) {
		usage_wrong(&usage, "Too many arguments", argv[optind]);
		exit(EX_USAGE);
	}
}

static int
is_up(void)
{
	const char *const ping[] = { PLYMOUTH, "--ping", NULL };

	return screen_run(ping, RUN_MS);
}

/* Where Plymouth's daemon is. */
static const char *
daemon_file(void)
{
	static const char *const files[] = { "/sbin/plymouthd",
		"/usr/sbin/plymouthd", NULL };
	const char *const *file = files;

	while (*file != NULL && access(*file, X_OK) == -1)
		file++;
	return *file;
}

/* The number that the daemon has written, or 0. */
static pid_t
told_pid(void)
{
	char text[32];
	const char *why;
	long long pid;
	ssize_t n;
	int fd;

	if ((fd = open(PID_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	pid = strtonum(text, 1, 1 << 30, &why);
	return why == NULL ? (pid_t)pid : 0;
}

/* The daemon's command line, or the usual one if it cannot be found. */
static const char *const *
daemon_arguments(const char *file, char ***found)
{
	static const char *usual[] = { NULL, "--mode=boot",
		"--attach-to-session", NULL };
	struct process process;
	pid_t pid = told_pid();

	usual[0] = file;
	*found = NULL;
	if ((pid != 0 && process_hold(pid, file, &process) == 0) ||
	    process_find(file, &process) == 0) {
		*found = process_arguments(&process);
		process_release(&process);
	} else {
		log_warnx("plymouthd pid not found");
	}
	return *found != NULL ? (const char *const *)*found : usual;
}

/* A daemon that does not ask takes the place of the one that does. */
static void
restart(void)
{
	const char *const quit[] = { PLYMOUTH, "quit", NULL };
	const char *const show[] = { PLYMOUTH, "show-splash", NULL };
	const char *file = daemon_file();
	const char *const *argv;
	char **found;
	int i;

	screen_deaf();
	if (file == NULL) {
		log_warnx("there is no plymouthd to be started again");
		return;
	}
	privilege_raise();
	argv = daemon_arguments(file, &found);
	privilege_lower();
	screen_run(quit, RUN_MS);
	if (screen_daemon(file, argv) == 0) {
		for (i = 0; i < UP_MS / UP_TICK_MS && is_up() != 0; i++)
			screen_wait(-1, 0, UP_TICK_MS);
		screen_run(show, RUN_MS);
	}
	if (found != NULL)
		free(*found);
	free(found);
}

static int
ask(const char *text)
{
	const char *argv[] = { PLYMOUTH, "ask-for-password", NULL, NULL };
	char *option;
	int rc;

	if (asprintf(&option, "--prompt=%s", text) == -1)
		return SCREEN_FAILED;
	argv[2] = option;
	rc = screen_run(argv, -1);
	free(option);
	return rc;
}

int
main(int argc, char **argv)
{
	char *text;
	int rc, has_asked = 0;

	log_open("plymouth", LOG_INFO);
	privilege_start();
	parse(argc, argv);
	screen_start();
	text = prompt != NULL ? strdup(prompt) :
	    device_text("Unlocking the disk", "\nEnter passphrase");
	if (text == NULL)
		fatal("prompt");
	if (access(PLYMOUTH, X_OK) == -1 || (rc = is_up()) > 0 ||
	    rc == SCREEN_FAILED || rc == SCREEN_TIME) {
		free(text);
		return EX_UNAVAILABLE;
	}
	if (rc == 0) {
		has_asked = 1;
		rc = ask(text);
	}
	free(text);
	if (rc == SCREEN_SIGNAL && has_asked)
		restart();
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
