/* SPDX-License-Identifier: ISC */
/*
 * mkclients: make a configuration directory with many clients, and the table
 * with which storm plays them and yardstick serves them.  For tests; run by
 * hand or by a script, by any user.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keytable.h"

static void
usage(void)
{
	fprintf(stderr,
	    "usage: mkclients [-s secret-size] [-x extra-line] count dir\n");
	exit(1);
}

static uint32_t
number(const char *text, uint32_t least, uint32_t most, const char *what)
{
	const char *why;
	long long n;

	n = strtonum(text, least, most, &why);
	if (why != NULL)
		errx(1, "%s is %s: %s", what, why, text);
	return (uint32_t)n;
}

/*
 * The intervals are long so that the original, when it serves this directory,
 * runs no checkers while it is measured.
 */
static void
write_clients(const struct keytable *table, const char *path,
    const char *extra)
{
	uint8_t *secret, spki[KEYTABLE_SPKI_LEN], keyid[KEYTABLE_KEYID_LEN];
	char name[16];
	uint32_t i;
	FILE *f;

	if ((secret = malloc(table->secret_size)) == NULL)
		err(1, "malloc");
	if ((f = fopen(path, "we")) == NULL)
		err(1, "%s", path);
	fprintf(f, "[DEFAULT]\ntimeout = P2D\nextended_timeout = P3D\n"
	    "interval = P1D\nchecker = true\n%s%s\n", extra ? extra : "",
	    extra ? "\n" : "");
	for (i = 0; i < table->count; i++) {
		keytable_secret(table, i, secret);
		keytable_spki(&table->entries[i], spki);
		keytable_keyid(spki, sizeof(spki), keyid);
		snprintf(name, sizeof(name), "c%05" PRIu32, i);
		if (keytable_section(f, name, keyid, secret,
		    table->secret_size) == -1)
			err(1, "%s", path);
	}
	if (fclose(f) == EOF)
		err(1, "%s", path);
	free(secret);
}

int
main(int argc, char **argv)
{
	const char *extra = NULL;
	struct keytable table;
	uint32_t size = 1185;	/* of the specification's vectors */
	char *path;
	int ch;

	while ((ch = getopt(argc, argv, "s:x:")) != -1) {
		switch (ch) {
		case 's':
			size = number(optarg, KEYTABLE_SECRET_MIN,
			    KEYTABLE_SECRET_MAX, "secret size");
			break;
		case 'x':
			extra = optarg;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2)
		usage();
	umask(077);
	if (keytable_make(&table, number(argv[optind], 0, KEYTABLE_MAX,
	    "count"), size) == -1)
		err(1, "keys");
	if (asprintf(&path, "%s/clients.conf", argv[optind + 1]) == -1)
		err(1, "asprintf");
	write_clients(&table, path, extra);
	free(path);
	if (asprintf(&path, "%s/keys.bin", argv[optind + 1]) == -1)
		err(1, "asprintf");
	if (keytable_write(&table, path) == -1)
		err(1, "%s", path);
	free(path);
	keytable_free(&table);
	return 0;
}
