/* SPDX-License-Identifier: ISC */
/*
 * The keys of a client are made: in private directories, and put where they
 * belong when all of them are complete.
 */
#include "keygen.h"

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

const char *const key_names[KEY_FILES] = {
	[TLS_PRIVATE] = "tls-privkey.pem",
	[TLS_PUBLIC] = "tls-pubkey.pem",
	[PGP_SECRET] = "seckey.txt",
	[PGP_PUBLIC] = "pubkey.txt",
};

struct keys {
	const struct options *options;
	int dir;		/* where they belong */
	struct scratch staging;	/* the same file system */
	struct scratch home;	/* of GnuPG */
};

/* GnuPG can take its time; whoever waits should know that nothing is wrong. */
static void
print_time(const char *what)
{
	char text[64];
	struct tm tm;
	time_t now = time(NULL);

	if (!isatty(STDERR_FILENO) || localtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof text, "%F %T", &tm) == 0)
		return;
	fprintf(stderr, "%s %s\n", what, text);
}

/* In the second process. */
static int
work(void *arg)
{
	const struct keys *k = arg;
	struct pgp *pgp;
	int rv;

	if (tls_generate(k->options->tls_type, k->staging.fd) == -1 ||
	    (pgp = pgp_open(k->home.path)) == NULL)
		return EXIT_KEYGEN_FAILED;
	rv = pgp_generate(pgp, k->options, k->staging.fd);
	pgp_close(pgp);
	return rv == -1 ? EXIT_KEYGEN_GPG : EXIT_KEYGEN_OK;
}

/* In the first. */
static int
finish(void *arg)
{
	const struct keys *k = arg;

	return place_files(k->staging.fd, k->dir, key_names, KEY_FILES,
	    k->options->force);
}

static int
open_dir(const struct options *o)
{
	const char *name;
	int dir;

	dir = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == -1) {
		warn("%s", o->dir);
		return -1;
	}
	if (!o->force && (name = place_exists(dir, key_names,
	    KEY_FILES)) != NULL) {
		warnx("%s/%s exists; keys are replaced only with --force",
		    o->dir, name);
		return -1;
	}
	return dir;
}

int
keys_make(const struct options *options)
{
	struct keys k = { .options = options, .staging.fd = -1,
	    .home.fd = -1 };
	struct job job = { .work = work, .finish = finish, .arg = &k,
	    .scratch = { &k.staging, &k.home }, .gnupg = k.home.path,
	    .crashed = EXIT_KEYGEN_FAILED };
	int status;

	if ((k.dir = open_dir(options)) == -1)
		return EXIT_KEYGEN_FAILED;
	guard_begin();
	if (scratch_new(&k.staging, options->dir) == -1)
		return EXIT_KEYGEN_FAILED;
	if (scratch_new(&k.home, NULL) == -1) {
		scratch_remove(&k.staging);
		return EXIT_KEYGEN_FAILED;
	}
	print_time("Keys are being made, which can take minutes. Started:");
	status = guard_run(&job);
	if (status == EXIT_KEYGEN_OK)
		print_time("Finished:");
	return status;
}
