/* SPDX-License-Identifier: ISC */
/*
 * mandos-import: carries what the original server has saved of its clients
 * over into the ledger of this one.  A tool for an administrator to run once,
 * as root, while no server runs.  This process reads nothing of the original's
 * file; it has the secrets, and writes the ledger.
 */
#include "import.h"

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "store.h"

#define EXIT_USAGE 2		/* as mandos(8) has it */

struct options {
	const char *configdir;	/* NULL: the default */
	const char *statedir;	/* NULL: what mandos.conf says */
	const char *file;	/* NULL: clients.pickle there */
	int force;
	int dry_run;
};

/* What has become of the clients. */
struct tally {
	size_t clients;
	size_t removed;
	size_t secrets;		/* set at run time */
	size_t lost;		/* of them, as far as one can know */
};

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: mandos-import [-fn] [-c directory] [-s directory] "
	    "[file]\n");
}

static void
print_help(void)
{
	print_usage(stdout);
	printf("\n"
	    "Make a ledger of what the original Mandos server has saved.\n"
	    "\n"
	    "  -c, --configdir directory  where mandos.conf and clients.conf "
	    "are\n"
	    "  -f, --force                replace a ledger that is there\n"
	    "  -h, --help                 print this and exit\n"
	    "  -n, --dry-run              print the ledger without secrets, "
	    "change nothing\n"
	    "  -s, --statedir directory   where the state is\n"
	    "  -v, --version              print the version and exit\n");
}

__attribute__((noreturn))
static void
finish(void)
{
	if (fflush(stdout) == EOF)
		fatal("stdout");
	exit(0);
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "configdir", required_argument, NULL, 'c' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "statedir", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:fhns:v", longs, NULL)) != -1)
		switch (c) {
		case 'c':
			o->configdir = optarg;
			break;
		case 'f':
			o->force = 1;
			break;
		case 'h':
			print_help();
			finish();
		case 'n':
			o->dry_run = 1;
			break;
		case 's':
			o->statedir = optarg;
			break;
		case 'v':
			printf("mandos-import %s\n", PACKAGE_VERSION);
			finish();
		default:
			print_usage(stderr);
			exit(EXIT_USAGE);
		}
	if (argc - optind > 1) {
		print_usage(stderr);
		exit(EXIT_USAGE);
	}
	o->file = argv[optind];
}

/* Open the original's file; ${us} is when it was written. */
static int
open_file(const struct options *o, int dir, const char *statedir, int64_t *us)
{
	const char *name = o->file != NULL ? o->file : PICKLE_NAME;
	struct stat st;
	int fd;

	if (o->file != NULL)
		fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	else
		fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
		    O_CLOEXEC);
	if (fd == -1 && errno == ENOENT && o->file == NULL)
		fatalx_status(EX_NOINPUT, "there is no %s/%s: the original "
		    "server writes it when it ends, and deletes it when it "
		    "starts", statedir, name);
	if (fd == -1 || fstat(fd, &st) == -1)
		fatalx_status(EX_NOINPUT, "%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		fatalx_status(EX_NOINPUT, "%s is no regular file", name);
	*us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	return fd;
}

/* Take the secret from what the original has saved of it. */
static void
unlock_secret(struct client *client, const struct configured *c,
    struct tally *tally)
{
	struct str secret = { NULL, 0 };
	const char *why;

	if (jail_unlock(&client->secret, &c->secret, &secret, &why) == -1) {
		log_warnx("client %s: the saved secret is not carried over, "
		    "clients.conf counts: %s", client->name.p, why);
		client->has_secret = 0;
		tally->lost++;
		return;
	}
	digest(c->secret.p, c->secret.len, client->digest);
	client->has_digest = 1;
	client->has_secret = secret.len != c->secret.len ||
	    (secret.len > 0 &&
	    memcmp(secret.p, c->secret.p, secret.len) != 0);
	if (client->has_secret)
		tally->secrets++;
	vault_keep(&secret);
	str_free(&client->secret);
	client->secret = secret;
}

/*
 * Who is in clients.conf no more is forgotten by the server's next start; that
 * its secret cannot be decrypted any more is nothing to warn of.
 */
static void
unlock_secrets(struct table *table, struct config *config,
    struct tally *tally)
{
	const struct configured *c;
	struct client *client;

	for (client = table_first(table); client != NULL;
	    client = table_next(client)) {
		if (client->is_removed)
			tally->removed++;
		else
			tally->clients++;
		if (!client->has_secret)
			continue;
		if ((c = config_find(config, &client->name)) == NULL)
			client->has_secret = 0;
		else
			unlock_secret(client, c, tally);
	}
}

/* Every line as it would be written, but for secrets and the checksum. */
static void
print_ledger(const struct buffer *ledger)
{
	static const char secret[] = "secret \"";
	const char *p = ledger->p, *end = p + ledger->used, *nl;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (strncmp(p, secret, strlen(secret)) == 0)
			printf("secret (not shown)\n");
		else if (strncmp(p, "sha256 ", strlen("sha256 ")) != 0)
			fwrite(p, 1, (size_t)(nl + 1 - p), stdout);
	}
}

static void
put_ledger(const struct options *o, int dir, const char *statedir,
    const struct buffer *ledger, const struct tally *t)
{
	struct store store = { .fd = dir };

	directory_own(dir, statedir);
	/* Somebody else could have made one up to here. */
	if (directory_has_ledger(dir)) {
		if (!o->force)
			fatalx_status(EX_CANTCREAT,
			    "there is a ledger already");
		store_keep(&store, STORE_PREVIOUS);
	}
	if (store_write(&store, ledger->p, ledger->used) != 0)
		fatalx_status(EX_CANTCREAT, "%s", store.why);
	printf("%s/%s: clients: %zu, removed at run time: %zu, secrets set at "
	    "run time: %zu, not carried over: %zu\n", statedir, STORE_LEDGER,
	    t->clients, t->removed, t->secrets, t->lost);
}

int
main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	struct options options = { .configdir = NULL };
	struct buffer ledger = { NULL, 0, 0 };
	struct tally tally = { 0, 0, 0, 0 };
	struct config config;
	struct table table;
	char *statedir, *why;
	int64_t us;
	int dir, file, status;

	log_open("mandos-import", LOG_WARNING);
	read_options(&options, argc, argv);
	if (geteuid() != 0)
		fatalx_status(EX_NOPERM, "this program is for root");
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		fatal("setrlimit");
	if ((status = config_read(&config, options.configdir,
	    &statedir)) != 0)
		return status;
	if (options.statedir != NULL && (statedir =
	    strdup(options.statedir)) == NULL)
		fatal("strdup");
	dir = directory_open(statedir);
	if (directory_has_ledger(dir) && !options.force && !options.dry_run)
		fatalx_status(EX_CANTCREAT, "%s/%s exists; use --force to "
		    "replace it", statedir, STORE_LEDGER);
	file = open_file(&options, dir, statedir, &us);
	if (jail_pickle(file, &table, &why) == -1)
		fatalx_status(EX_DATAERR, "%s: %s", options.file != NULL ?
		    options.file : PICKLE_NAME, why);
	unlock_secrets(&table, &config, &tally);
	if (ledger_write(&table, us, &ledger) == -1)
		fatalx_status(EX_DATAERR, "there is too much in it");
	if (options.dry_run)
		print_ledger(&ledger);
	else
		put_ledger(&options, dir, statedir, &ledger, &tally);
	buffer_free(&ledger);
	finish();
}
