/* SPDX-License-Identifier: ISC */
/*
 * The command line of mandos-client, as that of the original.  Run by the
 * keeper, with all its power, on words that a user chose: nothing is opened
 * here, and nothing looked up.
 */
#include "client.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"

#define PRIORITY "SECURE128:!CTYPE-X.509:+CTYPE-RAWPK:!RSA:!VERS-ALL:" \
	"+VERS-TLS1.3:%PROFILE_ULTRA"

#define DELAY 2.5
#define RETRY 10.0
#define SECONDS_MAX 1e9		/* thirty years */

enum {
	OPT_DEBUG = 256,
	OPT_DELAY,
	OPT_DH_BITS,
	OPT_DH_PARAMS,
	OPT_HELP,
	OPT_HOOK_DIR,
	OPT_PRIORITY,
	OPT_RETRY,
	OPT_SERVER,
	OPT_USAGE
};

static const char *program = "mandos-client";

static const char help_text[] =
    "usage: mandos-client [OPTION...]\n"
    "Get this host's password from a Mandos server and print it.\n"
    "\n"
    "options:\n"
    "  -c, --connect=ADDRESS:PORT   connect to this server; use no Zeroconf\n"
    "      --debug                  say what happens\n"
    "      --delay=SECONDS          wait for interfaces so long [2.5]\n"
    "      --dh-bits=N              ignored\n"
    "      --dh-params=FILE         ignored\n"
    "  -i, --interface=NAME[,...]   use these network interfaces\n"
    "      --network-hook-dir=DIR   directory of network hooks\n"
    "      --priority=STRING        GnuTLS priority string\n"
    "  -p, --pubkey=FILE            OpenPGP public key\n"
    "      --retry=SECONDS          try a server again after so long [10]\n"
    "  -s, --seckey=FILE            OpenPGP secret key\n"
    "      --server=ADDRESS:PORT    this server, too, beside Zeroconf\n"
    "  -t, --tls-privkey=FILE       TLS private key\n"
    "  -T, --tls-pubkey=FILE        TLS public key\n"
    "  -?, --help                   show this and exit\n"
    "      --usage                  show a short summary and exit\n"
    "  -V, --version                show the version and exit\n";

static const char usage_text[] =
    "usage: mandos-client [-V?] [-c ADDRESS:PORT] [-i NAME[,...]] [-p FILE]\n"
    "           [-s FILE] [-T FILE] [-t FILE] [--connect=ADDRESS:PORT]\n"
    "           [--debug] [--delay=SECONDS] [--dh-bits=N] [--dh-params=FILE]\n"
    "           [--help] [--interface=NAME[,...]] [--network-hook-dir=DIR]\n"
    "           [--priority=STRING] [--pubkey=FILE] [--retry=SECONDS]\n"
    "           [--seckey=FILE] [--server=ADDRESS:PORT]\n"
    "           [--tls-privkey=FILE] [--tls-pubkey=FILE] [--usage]\n"
    "           [--version]\n";

static const struct option longopts[] = {
	{ "connect", required_argument, NULL, 'c' },
	{ "debug", no_argument, NULL, OPT_DEBUG },
	{ "delay", required_argument, NULL, OPT_DELAY },
	{ "dh-bits", required_argument, NULL, OPT_DH_BITS },
	{ "dh-params", required_argument, NULL, OPT_DH_PARAMS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "interface", required_argument, NULL, 'i' },
	{ "network-hook-dir", required_argument, NULL, OPT_HOOK_DIR },
	{ "priority", required_argument, NULL, OPT_PRIORITY },
	{ "pubkey", required_argument, NULL, 'p' },
	{ "retry", required_argument, NULL, OPT_RETRY },
	{ "seckey", required_argument, NULL, 's' },
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "tls-privkey", required_argument, NULL, 't' },
	{ "tls-pubkey", required_argument, NULL, 'T' },
	{ "usage", no_argument, NULL, OPT_USAGE },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static void __attribute__((noreturn))
try_help(void)
{
	fprintf(stderr, "Try '%s --help' or '%s --usage' for more "
	    "information.\n", program, program);
	exit(EX_USAGE);
}

static void __attribute__((noreturn))
refuse(const char *why, const char *value)
{
	if (value == NULL)
		fprintf(stderr, "%s: %s\n", program, why);
	else
		fprintf(stderr, "%s: %s: \"%s\"\n", program, why, value);
	try_help();
}

/* The original's exit status after help is that of wrong usage. */
static void __attribute__((noreturn))
show(const char *text)
{
	fputs(text, stdout);
	exit(EX_USAGE);
}

static void *
must_have(void *memory)
{
	if (memory == NULL)
		fatalx_status(EX_OSERR, "no memory");
	return memory;
}

static double
seconds(const char *value, const char *why)
{
	char *end;
	double n;

	n = strtod(value, &end);
	if (end == value || *end != '\0' || !isfinite(n) || n < 0 ||
	    n > SECONDS_MAX)
		refuse(why, value);
	return n;
}

/* No DH parameters are ever made: TLS 1.3 has its own groups. */
static void
check_bits(const char *value)
{
	char *end;

	errno = 0;
	if (*value < '0' || *value > '9' ||
	    strtoull(value, &end, 10) > UINT32_MAX || errno != 0 ||
	    *end != '\0')
		refuse("Bad number of DH bits", value);
}

static void
add_place(struct places *places, const char *text)
{
	struct place *place = must_have(calloc(1, sizeof *place));
	const char *why;

	place->text = text;
	if ((why = address_parse(text, &place->address)) != NULL)
		refuse(why, text);
	STAILQ_INSERT_TAIL(places, place, entry);
}

static void
add_ifnames(struct ifnames *names, const char *list)
{
	struct ifname *name;
	size_t len;

	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == 0)
			continue;
		name = must_have(calloc(1, sizeof *name + len + 1));
		memcpy(name->name, list, len);
		STAILQ_INSERT_TAIL(names, name, entry);
	}
}

static void
take(struct options *opt, int c, const char *before)
{
	switch (c) {
	case 'c':
		add_place(&opt->connects, optarg);
		break;
	case OPT_SERVER:
		add_place(&opt->servers, optarg);
		break;
	case 'i':
		add_ifnames(&opt->ifnames, optarg);
		break;
	case 'p':
		opt->pubkey = optarg;
		break;
	case 's':
		opt->seckey = optarg;
		break;
	case 'T':
		opt->tls_pubkey = optarg;
		break;
	case 't':
		opt->tls_privkey = optarg;
		break;
	case OPT_DEBUG:
		opt->debug = 1;
		break;
	case OPT_DELAY:
		opt->delay = seconds(optarg, "Bad delay");
		break;
	case OPT_RETRY:
		opt->retry = seconds(optarg, "Bad retry interval");
		break;
	case OPT_DH_BITS:
		check_bits(optarg);
		break;
	case OPT_DH_PARAMS:
		break;
	case OPT_HOOK_DIR:
		opt->hook_dir = optarg;
		break;
	case OPT_PRIORITY:
		opt->priority = optarg;
		break;
	case OPT_USAGE:
		show(usage_text);
	case 'V':
		show("Mandos plugin mandos-client: mandos-client "
		    PACKAGE_VERSION "\n");
	case '?':
		/*
		 * So says getopt(3), too, when it has found a fault, which is
		 * then in optopt, or is a long option.
		 */
		if (optopt != 0 || strncmp(before, "--", 2) == 0)
			try_help();
		show(help_text);
	case OPT_HELP:
		show(help_text);
	}
}

void
arguments_parse(struct options *opt, int argc, char **argv)
{
	int c;

	memset(opt, 0, sizeof *opt);
	STAILQ_INIT(&opt->connects);
	STAILQ_INIT(&opt->servers);
	STAILQ_INIT(&opt->ifnames);
	opt->pubkey = FILE_PUBKEY;
	opt->seckey = FILE_SECKEY;
	opt->tls_pubkey = FILE_TLS_PUBKEY;
	opt->tls_privkey = FILE_TLS_PRIVKEY;
	opt->priority = PRIORITY;
	opt->hook_dir = DIR_HOOKS;
	opt->delay = DELAY;
	opt->retry = RETRY;
	if (argc > 0)
		program = argv[0];
	while ((c = getopt_long(argc, argv, "c:i:p:s:T:t:V?", longopts,
	    NULL)) != -1)
		take(opt, c, argv[optind - 1]);
	if (optind < argc)
		refuse("Too many arguments", NULL);
}
