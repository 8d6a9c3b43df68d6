/* SPDX-License-Identifier: ISC */
/*
 * mandos-client-iprouteadddel: add or remove a local route.  The original's
 * mandos-client starts it, as root, when a server cannot be reached; ours does
 * not need it.  It believes nothing of its environment.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "route.h"

#define NAME "mandos-client-iprouteadddel"
#define PREFIX "Mandos plugin helper " NAME

static const char usage_text[] =
    "usage: " NAME " [--debug] {add|delete} ADDRESS INTERFACE\n";

static void __attribute__((noreturn))
refuse(const char *why)
{
	if (why != NULL)
		fprintf(stderr, NAME ": %s\n", why);
	fputs("Try '" NAME " --help' or '" NAME " --usage' for more "
	    "information.\n", stderr);
	exit(EX_USAGE);
}

static void __attribute__((noreturn))
show(void)
{
	fputs(usage_text, stdout);
	exit(0);
}

/* ADDRESS[/BITS] */
static int
parse(char *text, struct route *route)
{
	const char *error = NULL;
	char *slash = strchr(text, '/');
	int most;

	if (slash != NULL)
		*slash++ = '\0';
	if (inet_pton(AF_INET6, text, route->address) == 1) {
		route->family = AF_INET6;
		most = 128;
	} else if (inet_pton(AF_INET, text, route->address) == 1) {
		route->family = AF_INET;
		most = 32;
	} else
		return -1;
	route->bits = (uint16_t)most;
	if (slash != NULL)
		route->bits = (uint16_t)strtonum(slash, 0, most, &error);
	return error == NULL ? 0 : -1;
}

static void
parse_options(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "debug", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'u' },
		{ "usage", no_argument, NULL, 'u' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "V?", longopts, NULL)) != -1)
		switch (c) {
		case 'd':
			log_open(PREFIX, LOG_DEBUG);
			break;
		case 'V':
			puts(NAME " " PACKAGE_VERSION);
			exit(0);
		case '?':
			/* Or a fault, in optopt or in a long option. */
			if (optopt != 0 ||
			    strncmp(argv[optind - 1], "--", 2) == 0)
				refuse(NULL);
			show();
		case 'u':
			show();
		}
}

int
main(int argc, char **argv)
{
	struct route route;
	int add;

	memset(&route, 0, sizeof route);
	log_open(PREFIX, LOG_INFO);
	parse_options(argc, argv);
	argc -= optind;
	argv += optind;
	if (argc != 3)
		refuse(argc < 3 ? "Too few arguments" : "Too many arguments");
	add = strcmp(argv[0], "add") == 0;
	if (!add && strcmp(argv[0], "delete") != 0)
		refuse("neither \"add\" nor \"delete\"");
	if (parse(argv[1], &route) == -1)
		refuse("Bad address");
	route.ifindex = if_nametoindex(argv[2]);
	if (route.ifindex == 0) {
		log_warn("interface \"%s\"", argv[2]);
		return EX_OSERR;
	}
	log_debug("%s route to %s/%u by %s", argv[0], argv[1],
	    (unsigned)route.bits, argv[2]);
	if (route_change(&route, add) == -1) {
		log_warn("%s %s", argv[0], argv[1]);
		return EX_OSERR;
	}
	return 0;
}
