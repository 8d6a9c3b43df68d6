/* SPDX-License-Identifier: ISC */
/*
 * A client's section for the server's clients.conf, with a password that only
 * the client's OpenPGP key opens.  The first process has the password first; it
 * is in locked memory that both share, and in no file and no argument.
 */
#include "keygen.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCAN_TIMEOUT 20		/* seconds; ssh-keyscan has 5 of its own */
#define SCAN_MAX 65536
#define COLUMNS 64

struct maker {
	const struct options *options;
	struct buf password;
	char fingerprint[FINGERPRINT_LEN + 1];
	struct scratch home;	/* of GnuPG */
	/* For --secfile. */
	struct scratch staging;
	char secfile[PATH_MAX];
	const char *base;	/* its last part */
	int dir;		/* the others */
};

static void
print_base64(FILE *f, const struct buf *b)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, column = 0;
	unsigned int v;

	for (i = 0; i < b->used; i += 3) {
		v = (unsigned int)b->p[i] << 16;
		if (i + 1 < b->used)
			v |= (unsigned int)b->p[i + 1] << 8;
		if (i + 2 < b->used)
			v |= b->p[i + 2];
		if (column == 0)
			fputs("    ", f);
		fputc(digits[v >> 18], f);
		fputc(digits[v >> 12 & 63], f);
		fputc(i + 1 < b->used ? digits[v >> 6 & 63] : '=', f);
		fputc(i + 2 < b->used ? digits[v & 63] : '=', f);
		column += 4;
		if (column == COLUMNS || i + 3 >= b->used) {
			fputc('\n', f);
			column = 0;
		}
	}
}

/* In clients.conf a percent sign stands for more than itself. */
static void
print_value(FILE *f, const char *key, const char *value)
{
	fprintf(f, "%s = ", key);
	for (; *value != '\0'; value++) {
		if (*value == '%')
			fputc('%', f);
		fputc(*value, f);
	}
	fputc('\n', f);
}

void
section_print(FILE *f, const struct section *s)
{
	fprintf(f, "[%s]\n", s->name);
	print_value(f, "host", s->name);
	if (s->key_id[0] != '\0')
		fprintf(f, "key_id = %s\n", s->key_id);
	/* The original's server does not start without it. */
	fprintf(f, "fingerprint = %s\n", s->fingerprint);
	if (s->secfile != NULL)
		print_value(f, "secfile", s->secfile);
	else {
		fprintf(f, "secret =\n");
		print_base64(f, s->secret);
	}
	if (s->ssh_type == NULL)
		return;
	/*
	 * The configuration file's expansion makes one percent sign of two and
	 * puts the key in; that of the checker puts the host in.
	 */
	fprintf(f, "checker = ssh-keyscan -t %s %%%%(host)s 2>/dev/null | "
	    "grep --fixed-strings --line-regexp --quiet "
	    "--regexp=%%%%(host)s\" %%(ssh_fingerprint)s\"\n", s->ssh_type);
	fprintf(f, "ssh_fingerprint = %s\n", s->ssh_key);
}

/* The key in "localhost TYPE BASE64", or NULL. */
static char *
find_ssh_key(struct buf *out)
{
	static const char host[] = "localhost ";
	char *line, *rest, *p;

	if (buf_add(out, "", 1) == -1)
		return NULL;
	rest = (char *)out->p;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, host, strlen(host)) != 0)
			continue;
		line += strlen(host);
		/* It becomes part of a configuration file and of a command. */
		for (p = line; isalnum((unsigned char)*p) ||
		    strchr(" +/=-@.", *p) != NULL; p++)
			if (*p == '\0')
				return p > line ? line : NULL;
	}
	return NULL;
}

/* Does this host's SSH server answer?  Its key is a better checker. */
static void
scan_ssh(struct section *s, struct buf *out)
{
	static const char *const types[] = { "ecdsa-sha2-nistp256", "ed25519",
	    "rsa" };
	size_t i;

	for (i = 0; i < sizeof types / sizeof types[0]; i++) {
		const char *const argv[] = { "ssh-keyscan", "-t", types[i],
		    "localhost", NULL };
		struct run run = { .argv = argv, .out = out,
		    .timeout = SCAN_TIMEOUT };

		out->used = 0;
		if (run_program(&run) == -1)
			return;
		if ((s->ssh_key = find_ssh_key(out)) != NULL) {
			s->ssh_type = types[i];
			return;
		}
	}
}

static int
load_key_id(const struct options *o, char id[KEY_ID_LEN + 1])
{
	struct buf pem = { .p = NULL };
	char path[PATH_MAX];
	int rv = -1;

	id[0] = '\0';
	snprintf(path, sizeof path, "%s/%s", o->dir, key_names[TLS_PUBLIC]);
	if (access(path, F_OK) == -1 && errno == ENOENT) {
		warnx("warning: there is no %s, so the section has no key_id",
		    path);
		return 0;
	}
	if (buf_new(&pem, KEY_MAX) == -1)
		return -1;
	if (buf_load(&pem, o->dir, key_names[TLS_PUBLIC]) == 0 &&
	    (rv = tls_key_id(&pem, id)) == -1)
		warnx("%s is no public key", path);
	buf_free(&pem);
	return rv;
}

/* Both OpenPGP keys, which must be one. */
static int
load_keys(struct pgp *pgp, const struct options *o, struct pgp_key *key)
{
	static const enum key_file files[] = { PGP_SECRET, PGP_PUBLIC };
	char fingerprint[FINGERPRINT_LEN + 1] = "";
	struct buf b = { .p = NULL };
	const char *why;
	size_t i;
	int rv;

	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (buf_new(&b, KEY_MAX) == -1)
			return -1;
		rv = buf_load(&b, o->dir, key_names[files[i]]);
		if (rv == 0 && (why = pgp_import(pgp, &b, key)) != NULL) {
			warnx("%s/%s: %s", o->dir, key_names[files[i]], why);
			rv = -1;
		}
		buf_free(&b);
		if (rv == -1)
			return -1;
		if (i > 0 && strcmp(key->fingerprint, fingerprint) != 0) {
			warnx("%s and %s in %s do not belong together",
			    key_names[files[0]], key_names[files[1]], o->dir);
			return -1;
		}
		strlcpy(fingerprint, key->fingerprint, sizeof fingerprint);
	}
	if (!key->has_secret || !key->can_encrypt) {
		warnx("%s: the OpenPGP key %s", o->dir, !key->has_secret ?
		    "has no secret part" : key->is_expired ? "has expired" :
		    "is not one to encrypt with");
		return -1;
	}
	return 0;
}

static int
seal(struct maker *m, struct section *s, struct buf *secret)
{
	struct pgp_key key;
	struct pgp *pgp;
	int rv;

	if ((pgp = pgp_open(m->home.path)) == NULL)
		return -1;
	rv = load_keys(pgp, m->options, &key);
	if (rv == 0)
		rv = pgp_seal(pgp, key.fingerprint, &m->password, secret);
	pgp_close(pgp);
	if (rv == -1)
		return -1;
	if (secret->used > SECRET_TAKEN)
		warnx("warning: the secret has %zu bytes; mandos(8) takes %d",
		    secret->used, SECRET_TAKEN);
	strlcpy(m->fingerprint, key.fingerprint, sizeof m->fingerprint);
	s->fingerprint = m->fingerprint;
	s->secret = secret;
	return 0;
}

/* In the second process. */
static int
work(void *arg)
{
	struct maker *m = arg;
	const struct options *o = m->options;
	char key_id[KEY_ID_LEN + 1];
	struct section s = { .name = o->name, .key_id = key_id };
	struct buf secret = { .p = NULL }, scan = { .p = NULL };
	int rv = EXIT_KEYGEN_FAILED;

	if (load_key_id(o, key_id) == -1 ||
	    buf_new(&secret, 2 * PASSWORD_MAX) == -1 ||
	    buf_new(&scan, SCAN_MAX) == -1 || seal(m, &s, &secret) == -1)
		goto out;
	if (!o->no_ssh)
		scan_ssh(&s, &scan);
	if (o->secfile != NULL) {
		if (buf_store(&secret, m->staging.fd, m->base) == -1)
			goto out;
		s.secfile = m->secfile;
	}
	section_print(stdout, &s);
	rv = EXIT_KEYGEN_OK;

out:
	buf_free(&secret);
	buf_free(&scan);
	return rv;
}

/* In the first: the section is printed when its file is there. */
static int
finish(void *arg)
{
	struct maker *m = arg;

	if (m->options->secfile == NULL)
		return 0;
	return place_files(m->staging.fd, m->dir, &m->base, 1,
	    m->options->force);
}

/* Where the secret is to go, as the server is to find it. */
static int
open_secfile(struct maker *m)
{
	char parent[PATH_MAX], cwd[PATH_MAX] = "";
	const char *given = m->options->secfile, *slash;
	size_t i;
	int n;

	if (given[0] != '/' && getcwd(cwd, sizeof cwd) == NULL) {
		warn("getcwd");
		return -1;
	}
	n = snprintf(m->secfile, sizeof m->secfile, "%s%s%s", cwd,
	    given[0] != '/' ? "/" : "", given);
	if (n < 0 || (size_t)n >= sizeof m->secfile) {
		warnx("%s: the name is too long", given);
		return -1;
	}
	for (i = 0; m->secfile[i] != '\0'; i++)
		/* The server would take these for something else. */
		if (iscntrl((unsigned char)m->secfile[i]) ||
		    m->secfile[i] == '$') {
			warnx("%s: a server cannot read a file of that name",
			    given);
			return -1;
		}
	slash = strrchr(m->secfile, '/');
	m->base = slash + 1;
	if (m->base[0] == '\0' || isspace((unsigned char)m->secfile[i - 1])) {
		warnx("%s: not the name of a file", given);
		return -1;
	}
	snprintf(parent, sizeof parent, "%.*s",
	    (int)(m->base - m->secfile), m->secfile);
	m->dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dir == -1) {
		warn("%s", parent);
		return -1;
	}
	if (!m->options->force && place_exists(m->dir, &m->base, 1) != NULL) {
		warnx("%s exists; it is replaced only with --force", given);
		return -1;
	}
	return scratch_new(&m->staging, parent);
}

static int
load_password(struct maker *m)
{
	const char *passfile = m->options->passfile;
	int fd, rv;

	if (buf_new(&m->password, PASSWORD_MAX) == -1)
		return -1;
	if (passfile == NULL)
		return password_ask(&m->password);
	if ((fd = open(passfile, O_RDONLY | O_CLOEXEC)) == -1) {
		warn("%s", passfile);
		return -1;
	}
	rv = buf_read(&m->password, fd, passfile);
	close(fd);
	return rv;
}

int
section_make(const struct options *options)
{
	struct maker m = { .options = options, .home.fd = -1,
	    .staging.fd = -1, .dir = -1 };
	struct job job = { .work = work, .finish = finish, .arg = &m,
	    .scratch = { &m.home, &m.staging }, .gnupg = m.home.path,
	    .password = &m.password, .crashed = EXIT_KEYGEN_FAILED };
	int status = EXIT_KEYGEN_FAILED;

	if (access(options->dir, X_OK) == -1) {
		warn("%s", options->dir);
		return EXIT_KEYGEN_FAILED;
	}
	if (load_password(&m) == -1)
		goto out;
	if (m.password.used == 0)
		warnx("warning: the password is empty");
	guard_begin();
	if (scratch_new(&m.home, NULL) == -1 ||
	    (options->secfile != NULL && open_secfile(&m) == -1)) {
		scratch_remove(&m.home);
		goto out;
	}
	status = guard_run(&job);

out:
	buf_free(&m.password);
	return status;
}
