/* SPDX-License-Identifier: ISC */
/*
 * The command line of mandos(8).  Run by the configuration reader; touches
 * nothing outside.
 */
#include "conf.h"

#include <sys/types.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "argparse.h"

enum option_kind {
	KIND_FLAG,
	KIND_TEXT,
	KIND_INTEGER,
	KIND_HELP,
	KIND_VERSION
};

#define AT(field) offsetof(struct options, field)

// clang-format off
static const struct argparse_rule rules[] = {
	{ "-h", "--help", KIND_HELP, 0, 0, NULL,
	    "show this help and exit" },
	{ "-v", "--version", KIND_VERSION, 0, 0, NULL,
	    "show the version and exit" },
	{ "-i", "--interface", KIND_TEXT, AT(interface), 0, "IF",
	    "use this network interface only" },
	{ "-a", "--address", KIND_TEXT, AT(address), 0, "ADDRESS",
	    "listen at this address" },
	{ "-p", "--port", KIND_INTEGER, AT(port), 0, "PORT",
	    "listen at this TCP port" },
	{ NULL, "--check", KIND_FLAG, AT(check), 0, NULL,
	    "run the self-tests and exit" },
	{ NULL, "--debug", KIND_FLAG, AT(debug), 0, NULL,
	    "stay in the foreground and log everything" },
	{ NULL, "--debuglevel", KIND_TEXT, AT(debuglevel), 0, "LEVEL",
	    "log this and what is worse: CRITICAL, ERROR, WARNING, INFO, "
	    "DEBUG" },
	{ NULL, "--priority", KIND_TEXT, AT(priority), 0, "STRING",
	    "GnuTLS priority string" },
	{ NULL, "--servicename", KIND_TEXT, AT(servicename), 0, "NAME",
	    "Zeroconf service name" },
	{ NULL, "--configdir", KIND_TEXT, AT(configdir), 0, "DIR",
	    "read mandos.conf and clients.conf from here" },
	{ NULL, "--no-dbus", KIND_FLAG, AT(no_dbus), 0, NULL,
	    "offer no D-Bus interface" },
	{ NULL, "--no-ipv6", KIND_FLAG, AT(no_ipv6), 0, NULL,
	    "use IPv4 only" },
	{ NULL, "--no-restore", KIND_FLAG, AT(no_restore), 0, NULL,
	    "forget the state of the last run" },
	{ NULL, "--socket", KIND_INTEGER, AT(socket), 0, "FD",
	    "listen on this inherited descriptor" },
	{ NULL, "--statedir", KIND_TEXT, AT(statedir), 0, "DIR",
	    "keep state here" },
	{ NULL, "--foreground", KIND_FLAG, AT(foreground), 0, NULL,
	    "do not become a daemon" },
	{ NULL, "--no-zeroconf", KIND_FLAG, AT(no_zeroconf), 0, NULL,
	    "do not announce the service" },
	{ "-n", "--config-test", KIND_FLAG, AT(config_test), 1, NULL,
	    "read the configuration, say what is wrong with it, and exit" },
	{ "-T", "--show-config", KIND_FLAG, AT(show_config), 1, NULL,
	    "show what the configuration comes to, and exit" },
	{ NULL, "--start-disabled", KIND_FLAG, AT(start_disabled), 1, NULL,
	    "if the state is damaged, start with every client disabled" },
};
// clang-format on

#define RULES (sizeof rules / sizeof rules[0])

/* Do what the option says. */
static int
apply(struct argparse *a, const struct argparse_rule *rule, const char *value)
{
	char *field = (char *)a->context + rule->offset;
	int64_t number;
	int yes = 1;

	switch ((enum option_kind)rule->kind) {
	case KIND_HELP:
		a->result = ARGPARSE_HELP;
		return -1;
	case KIND_VERSION:
		a->result = ARGPARSE_VERSION;
		return -1;
	case KIND_FLAG:
		memcpy(field, &yes, sizeof yes);
		return 0;
	case KIND_INTEGER:
		if (text_integer(text_from(value), &number) == -1)
			return argparse_fail_option(a, rule,
			    "invalid int value: ", value);
		memcpy(field, &value, sizeof value);
		return 0;
	case KIND_TEXT:
		memcpy(field, &value, sizeof value);
		return 0;
	}
	return 0;
}

static const struct argparse mandos = {
	.rules = rules, .count = RULES, .apply = apply
};

enum argparse_result
options_parse(struct options *options, int argc, char **argv, char **error)
{
	struct argparse a = mandos;
	enum argparse_result result;

	memset(options, 0, sizeof *options);
	a.context = options;
	result = argparse_read(&a, argc, argv);
	free(a.names);
	*error = a.error;
	return result;
}

void
options_usage(FILE *f)
{
	argparse_usage(&mandos, f, "mandos");
}

void
options_help(FILE *f)
{
	argparse_help(&mandos, f, "mandos");
}
