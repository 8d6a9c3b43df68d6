/* SPDX-License-Identifier: ISC */
/*
 * password-prompt: asks for the password on the terminal that is standard
 * input, and prints it.  Runs as whoever started it, with no privilege, and
 * must never leave a terminal behind that does not show what is typed.
 */
#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "device.h"
#include "locked.h"
#include "log.h"
#include "process.h"
#include "prompt.h"
#include "standard.h"
#include "usage.h"

enum {
	OPT_DEBUG = 256,
	OPT_PROMPT
};

static const struct usage_option options[] = {
	{ OPT_DEBUG, "debug", NULL, "say what happens" },
	{ 'p', "prefix", "PREFIX", "show this before the prompt" },
	{ OPT_PROMPT, "prompt", "PROMPT", "prompt with this and a colon" },
	{ 0, NULL, NULL, NULL }
};

/* The status after help is the original's. */
static const struct usage usage = { .program = "password-prompt",
	.operands = "", .about = "Ask for a password and print it.",
	.options = options, .help_status = EX_USAGE };

static const char *prefix, *prompt;

static void
parse(int argc, char **argv)
{
	int key;

	usage_start(&usage);
	while ((key = usage_next(&usage, argc, argv)) != USAGE_END)
		switch (key) {
		case OPT_DEBUG:
			log_open("password-prompt", LOG_DEBUG);
			break;
		case OPT_PROMPT:
			prompt = optarg;
			break;
		case 'p':
			prefix = optarg;
			break;
		default:
			exit(EX_USAGE);
		}
	if (optind < argc) {
		usage_wrong(&usage, "Too many arguments", NULL);
		exit(EX_USAGE);
	}
}

/* What is shown; allocated, or NULL. */
static char *
prompt_text(void)
{
	char *text, *whole;
	int rc;

	if (prompt != NULL)
		rc = asprintf(&text, "%s: ", prompt);
	else if (device_source() == NULL && device_name() == NULL)
		rc = asprintf(&text, "Enter passphrase to unlock the disk: ");
	else
		rc = (text = device_text("Unlocking the disk",
		    "\nEnter passphrase: ")) == NULL ? -1 : 0;
	if (rc == -1 || prefix == NULL)
		return rc == -1 ? NULL : text;
	rc = asprintf(&whole, "%s %s", prefix, text);
	free(text);
	return rc == -1 ? NULL : whole;
}

/* Plymouth has the terminal, and a plugin of its own. */
static int
plymouth_runs(void)
{
	return access("/run/plymouth/pid", R_OK) == 0 ||
	    process_runs("plymouthd");
}

static int
ask(const char *text, struct locked *password)
{
	enum prompt result;

	/* Nobody has no password: he has typed control-D by mistake. */
	do {
		result = prompt_ask(STDIN_FILENO, STDERR_FILENO, text,
		    password);
	} while (result == PROMPT_EOF);
	if (result == PROMPT_OK)
		return 0;
	if (result == PROMPT_ERROR)
		log_warn("the terminal");
	locked_free(password);
	prompt_die();
	return -1;
}

int
main(int argc, char **argv)
{
	struct locked password = { NULL, 0, 0 };
	struct termios modes;
	char *text;
	int status = EXIT_SUCCESS;

	standard_open();
	log_open("password-prompt", LOG_INFO);
	locked_process();
	parse(argc, argv);
	if (plymouth_runs()) {
		log_debug("plymouth runs");
		return EXIT_FAILURE;
	}
	if (tcgetattr(STDIN_FILENO, &modes) == -1) {
		log_warn("tcgetattr");
		return EX_UNAVAILABLE;
	}
	if ((text = prompt_text()) == NULL) {
		log_warn("prompt");
		return EX_OSERR;
	}
	if (ask(text, &password) == -1) {
		status = EX_OSERR;
	} else if (locked_write(&password, STDOUT_FILENO) == -1) {
		log_warn("standard output");
		status = EX_IOERR;
	}
	locked_free(&password);
	free(text);
	return status;
}
