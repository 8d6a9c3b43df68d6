/* SPDX-License-Identifier: ISC */
/*
 * The command line of mandos-keygen.  No option has a secret for argument.
 */
#include "keygen.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_MIN 512		/* bits; GnuPG has limits of its own */
#define LENGTH_MAX 65536
#define ADDRESS_MAX 255
#define TIMEOUT_MAX 86400
#define TIMEOUT_DEFAULT 30	/* seconds; a server answers in one */

enum {
	OPT_SECFILE = 256,
	OPT_TEST,
	OPT_IMAGE,
	OPT_CONNECT,
	OPT_DEVICE,
	OPT_CLIENT,
	OPT_CMDLINE,
	OPT_TIMEOUT
};

static const struct option longs[] = {
	{ "client", required_argument, NULL, OPT_CLIENT },
	{ "cmdline", required_argument, NULL, OPT_CMDLINE },
	{ "comment", required_argument, NULL, 'c' },
	{ "connect", required_argument, NULL, OPT_CONNECT },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "dir", required_argument, NULL, 'd' },
	{ "email", required_argument, NULL, 'e' },
	{ "expire", required_argument, NULL, 'x' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "image", required_argument, NULL, OPT_IMAGE },
	{ "length", required_argument, NULL, 'l' },
	{ "name", required_argument, NULL, 'n' },
	{ "no-ssh", no_argument, NULL, 'S' },
	{ "passfile", required_argument, NULL, 'F' },
	{ "password", no_argument, NULL, 'p' },
	{ "secfile", required_argument, NULL, OPT_SECFILE },
	{ "sublength", required_argument, NULL, 'L' },
	{ "subtype", required_argument, NULL, 's' },
	{ "test", no_argument, NULL, OPT_TEST },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "tls-keytype", required_argument, NULL, 'T' },
	{ "type", required_argument, NULL, 't' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 }
};

static void
print_help(void)
{
	printf("usage: mandos-keygen [-f] [-c text] [-d directory] "
	    "[-e address] [-L bits]\n"
	    "           [-l bits] [-n name] [-s type] [-T type] [-t type] "
	    "[-x time]\n"
	    "       mandos-keygen -p | -F file [-fS] [-d directory] "
	    "[-n name]\n"
	    "           [--secfile file]\n"
	    "       mandos-keygen --test [-d directory] [--client program] "
	    "[--cmdline file]\n"
	    "           [--connect address:port] [--device device] "
	    "[--image file]\n"
	    "           [--timeout seconds]\n"
	    "       mandos-keygen -h | -v\n"
	    "\n"
	    "Make the keys of a Mandos client, its section for the server's "
	    "clients.conf,\n"
	    "or a rehearsal of its boot.\n"
	    "\n"
	    "  -c, --comment text        comment in the OpenPGP key\n"
	    "  -d, --dir directory       where the keys are, or are to be\n"
	    "  -e, --email address       mail address in the OpenPGP key\n"
	    "  -F, --passfile file       encrypt the password in this file\n"
	    "  -f, --force               replace files; old ones are kept as "
	    "FILE.~N~\n"
	    "  -h, --help                print this and exit\n"
	    "  -L, --sublength bits      length of the OpenPGP subkey\n"
	    "  -l, --length bits         length of the OpenPGP key\n"
	    "  -n, --name name           name of the client\n"
	    "  -p, --password            ask for a password and encrypt it\n"
	    "  -S, --no-ssh              do not make the SSH host key the "
	    "checker\n"
	    "  -s, --subtype type        type of the OpenPGP subkey\n"
	    "  -T, --tls-keytype type    type of the TLS key\n"
	    "  -t, --type type           type of the OpenPGP key\n"
	    "  -v, --version             print the version and exit\n"
	    "  -x, --expire time         when the OpenPGP key expires, as "
	    "gpg(1) has it\n"
	    "  --client program          fetch with this mandos-client\n"
	    "  --cmdline file            the kernel's command line\n"
	    "  --connect address:port    fetch from this server\n"
	    "  --device device           try the password on this device\n"
	    "  --image file              take the keys from this boot image\n"
	    "  --secfile file            write the secret into this file\n"
	    "  --test                    would this host boot?\n"
	    "  --timeout seconds         how long to wait for a password\n");
}

__attribute__((noreturn))
static void
finish(void)
{
	if (fflush(stdout) == EOF)
		err(EXIT_KEYGEN_FAILED, "stdout");
	exit(EXIT_KEYGEN_OK);
}

/* Returns 1, or -1 after a message. */
static int
read_number(unsigned int *n, unsigned int min, unsigned int max,
    const char *what)
{
	const char *why;

	*n = (unsigned int)strtonum(optarg, min, max, &why);
	if (why == NULL)
		return 1;
	warnx("%s: %s: it is %s; %u to %u is possible", what, optarg, why,
	    min, max);
	return -1;
}

/* Options of a rehearsal.  Returns 0 if it is none, -1 if it is wrong. */
static int
read_test_option(struct options *o, int c)
{
	switch (c) {
	case OPT_TEST:
		o->mode = MODE_TEST;
		break;
	case OPT_IMAGE:
		o->image = optarg;
		break;
	case OPT_CONNECT:
		if (strlen(optarg) > ADDRESS_MAX) {
			warnx("%s: not an address", optarg);
			return -1;
		}
		o->connect = optarg;
		break;
	case OPT_DEVICE:
		o->device = optarg;
		break;
	case OPT_CLIENT:
		o->client = optarg;
		break;
	case OPT_CMDLINE:
		o->cmdline = optarg;
		break;
	case OPT_TIMEOUT:
		return read_number(&o->timeout, 1, TIMEOUT_MAX, "timeout");
	default:
		return 0;
	}
	return 1;
}

/* Those of the OpenPGP key, likewise. */
static int
read_key_option(struct options *o, int c)
{
	switch (c) {
	case 'c':
		o->comment = optarg;
		break;
	case 'e':
		o->email = optarg;
		break;
	case 'L':
		return read_number(&o->sublength, LENGTH_MIN, LENGTH_MAX,
		    "length of the subkey");
	case 'l':
		return read_number(&o->length, LENGTH_MIN, LENGTH_MAX,
		    "length of the key");
	case 's':
		o->subtype = optarg;
		break;
	case 'T':
		o->tls_type = optarg;
		break;
	case 't':
		o->type = optarg;
		break;
	case 'x':
		o->expire = optarg;
		break;
	default:
		return 0;
	}
	return 1;
}

/* The name of this host, in full if that can be found out. */
static char *
host_name(void)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME,
	    .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai;
	char name[HOST_NAME_MAX + 1] = "", *full = NULL;

	if (gethostname(name, sizeof name - 1) == -1)
		err(EXIT_KEYGEN_FAILED, "gethostname");
	if (getaddrinfo(name, NULL, &hints, &ai) == 0) {
		if (ai->ai_canonname != NULL)
			full = strdup(ai->ai_canonname);
		freeaddrinfo(ai);
	}
	if (full == NULL && (full = strdup(name)) == NULL)
		err(EXIT_KEYGEN_FAILED, "strdup");
	return full;
}

/* What is to become one line of something must be one. */
static void
check_line(const char *what, const char *text, int may_be_empty)
{
	const char *p;

	if (text[0] == '\0' && !may_be_empty)
		errx(EXIT_KEYGEN_FAILED, "the %s is empty", what);
	for (p = text; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			errx(EXIT_KEYGEN_FAILED, "the %s has a control "
			    "character in it", what);
}

static void
check_name(const struct options *o)
{
	size_t len = strlen(o->name);

	check_line("name", o->name, 0);
	if (isspace((unsigned char)o->name[0]) ||
	    isspace((unsigned char)o->name[len - 1]))
		errx(EXIT_KEYGEN_FAILED,
		    "the name begins or ends with white space");
	if (o->mode != MODE_SECTION)
		return;
	/* clients.conf could not be read again. */
	if (strchr(o->name, ']') != NULL)
		errx(EXIT_KEYGEN_FAILED, "the name %s has a \"]\" in it",
		    o->name);
	if (strcmp(o->name, "DEFAULT") == 0)
		errx(EXIT_KEYGEN_FAILED,
		    "DEFAULT is no name for a client: its section is for all");
}

static void
check_options(struct options *o)
{
	if (o->mode == MODE_TEST)
		return;
	if (o->name == NULL)
		o->name = host_name();
	check_name(o);
	if (o->mode == MODE_SECTION)
		return;
	check_line("type of the key", o->type, 0);
	check_line("type of the subkey", o->subtype, 0);
	check_line("time of expiry", o->expire, 0);
	check_line("mail address", o->email, 1);
	check_line("comment", o->comment, 1);
	if (!tls_type_known(o->tls_type))
		errx(EXIT_KEYGEN_FAILED, "%s: not a type of a TLS key that a "
		    "client can use; these are ed25519, ed448, ecdsa, rsa and "
		    "rsa-pss", o->tls_type);
}

static void
set_defaults(struct options *o)
{
	struct stat st;

	/* Whoever has the other one has had it for long. */
	o->dir = "/etc/keys/mandos";
	if (stat(o->dir, &st) == -1 &&
	    stat("/etc/mandos/keys", &st) == 0)
		o->dir = "/etc/mandos/keys";
	o->type = o->subtype = "RSA";
	o->length = o->sublength = 4096;
	o->email = o->comment = "";
	o->expire = "0";
	o->tls_type = "ed25519";
	o->client = PATH_PLUGINS "/mandos-client";
	o->timeout = TIMEOUT_DEFAULT;
}

/* Each option belongs to one thing to do, and can be in vain with others. */
static void
check_modes(struct options *o, int wants_section, int wants_test_options)
{
	if (o->mode == MODE_TEST && (wants_section || o->secfile != NULL))
		errx(EXIT_UNTESTED, "--test makes no section for clients.conf");
	if (o->mode != MODE_TEST && wants_test_options)
		errx(EXIT_KEYGEN_FAILED, "--client, --cmdline, --connect, "
		    "--device, --image and --timeout go with --test only");
	if (wants_section)
		o->mode = MODE_SECTION;
	else if (o->mode == MODE_KEYS && o->secfile != NULL)
		errx(EXIT_KEYGEN_FAILED,
		    "--secfile goes with --password or --passfile only");
}

void
options_read(struct options *o, int argc, char **argv)
{
	int c, taken, is_wrong = 0, wants_section = 0, wants_test_options = 0;

	set_defaults(o);
	while ((c = getopt_long(argc, argv, "c:d:e:F:fhL:l:n:pSs:T:t:vx:",
	    longs, NULL)) != -1) {
		if ((taken = read_key_option(o, c)) == 0) {
			taken = read_test_option(o, c);
			wants_test_options |= taken != 0 && c != OPT_TEST;
		}
		if (taken != 0) {
			is_wrong |= taken == -1;
			continue;
		}
		switch (c) {
		case 'd':
			o->dir = optarg;
			o->dir_given = 1;
			break;
		case 'F':
			o->passfile = optarg;
			wants_section = 1;
			break;
		case 'f':
			o->force = 1;
			break;
		case 'h':
			print_help();
			finish();
		case 'n':
			o->name = optarg;
			break;
		case 'p':
			wants_section = 1;
			break;
		case 'S':
			o->no_ssh = 1;
			break;
		case OPT_SECFILE:
			o->secfile = optarg;
			break;
		case 'v':
			printf("mandos-keygen %s\n", PACKAGE_VERSION);
			finish();
		default:
			is_wrong = 1;
		}
	}
	if (!is_wrong && optind < argc) {
		warnx("unknown argument: %s", argv[optind]);
		is_wrong = 1;
	}
	if (is_wrong) {
		fprintf(stderr, "Try \"mandos-keygen --help\".\n");
		exit(o->mode == MODE_TEST ? EXIT_UNTESTED : EXIT_KEYGEN_FAILED);
	}
	check_modes(o, wants_section, wants_test_options);
	check_options(o);
}
