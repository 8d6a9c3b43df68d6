/* SPDX-License-Identifier: ISC */
/*
 * fetch: one Mandos exchange for shell tests, with a client key of any type.
 * Writes what it got to standard output and how it ended to standard error;
 * the exit status is the enum peer_result.  It also makes keys and sections.
 *
 *	fetch -g type -k private -u public		make a key pair
 *	fetch -S name -k private -u public <secret	print a section
 *	fetch [options] -k private -u public -p port	fetch
 *
 * The pair may be of two different keys: then the signature is wrong.
 */
#include <sys/types.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keytable.h"
#include "peer.h"

#define STATUS_USAGE 64

static void
usage(void)
{
	fprintf(stderr, "usage: fetch [-a address] [-l first-line] "
	    "[-P priority] [-s source]\n"
	    "             [-t timeout-ms] [-w linger-ms] -k private -u public "
	    "-p port\n"
	    "       fetch -g keytype -k private -u public\n"
	    "       fetch -S name -k private -u public <secret\n");
	exit(STATUS_USAGE);
}

static long long
number(const char *text, long long most)
{
	const char *why;
	long long n;

	n = strtonum(text, 1, most, &why);
	if (why != NULL)
		errx(STATUS_USAGE, "number is %s: %s", why, text);
	return n;
}

static void
make_key(const char *type, const char *private, const char *public)
{
	struct peer_key *key;
	int t;

	if ((t = peer_keytype(type)) == -1)
		errx(STATUS_USAGE, "no key type: %s", type);
	if ((key = peer_key_new((enum peer_keytype)t)) == NULL)
		errx(STATUS_USAGE, "no %s key", type);
	if (peer_key_save(key, private, public) == -1)
		err(STATUS_USAGE, "%s, %s", private, public);
	peer_key_free(key);
}

static void
print_section(const char *name, const struct peer_key *key)
{
	static uint8_t secret[KEYTABLE_SECRET_MAX];
	size_t len;

	len = fread(secret, 1, sizeof(secret), stdin);
	if (ferror(stdin) || keytable_section(stdout, name, key->id, secret,
	    len) == -1)
		err(STATUS_USAGE, "secret");
}

static int
run_fetch(const struct peer_to *to, const struct peer_key *key)
{
	enum peer_result result;
	uint8_t *data;
	size_t len;

	result = peer_fetch(to, key, &data, &len);
	if (len > 0 && fwrite(data, 1, len, stdout) != len)
		err(STATUS_USAGE, "stdout");
	free(data);
	fprintf(stderr, "%s\n", peer_result_name(result));
	return (int)result;
}

int
main(int argc, char **argv)
{
	const char *private = NULL, *public = NULL, *make = NULL;
	const char *section = NULL;
	struct peer_to to = { .port = 0 };
	struct peer_key *key;
	int ch, status = 0;

	while ((ch = getopt(argc, argv, "a:g:k:l:P:p:S:s:t:u:w:")) != -1) {
		switch (ch) {
		case 'a':
			to.address = optarg;
			break;
		case 'g':
			make = optarg;
			break;
		case 'k':
			private = optarg;
			break;
		case 'l':
			to.greeting = optarg;
			break;
		case 'P':
			to.priority = optarg;
			break;
		case 'p':
			to.port = (uint16_t)number(optarg, 65535);
			break;
		case 'S':
			section = optarg;
			break;
		case 's':
			to.source = optarg;
			break;
		case 't':
			to.timeout_ms = (int)number(optarg, 3600000);
			break;
		case 'u':
			public = optarg;
			break;
		case 'w':
			to.linger_ms = (int)number(optarg, 3600000);
			break;
		default:
			usage();
		}
	}
	if (argc != optind || private == NULL || public == NULL)
		usage();
	peer_init();
	if (make != NULL) {
		make_key(make, private, public);
		return 0;
	}
	if ((key = peer_key_load(private, public)) == NULL)
		errx(STATUS_USAGE, "no key pair: %s, %s", private, public);
	if (section != NULL)
		print_section(section, key);
	else if (to.port == 0)
		usage();
	else
		status = run_fetch(&to, key);
	peer_key_free(key);
	return status;
}
