/* SPDX-License-Identifier: ISC */
/*
 * mandos-keygen: the keys of a client, its section for the server's
 * clients.conf, and a rehearsal of its boot.
 *
 * Two processes.  The first, main() and keygen_guard.c, reads the command line
 * and a password that is typed, makes private directories, starts the second
 * and waits for it; it puts new files in place when that has succeeded, and
 * cleans up however it has ended.  The second does the work, and has all that
 * works of libraries and other programs.  Functions that return an int return
 * 0, or -1 after a message on standard error, unless they say otherwise.
 */
#ifndef KEYGEN_H
#define KEYGEN_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit statuses: those of the original, whose manual has only these. */
#define EXIT_KEYGEN_OK 0
#define EXIT_KEYGEN_FAILED 1
#define EXIT_KEYGEN_GPG 2	/* GnuPG has refused to make the key */
/* Of a rehearsal. */
#define EXIT_WOULD_BOOT 0
#define EXIT_WOULD_NOT_BOOT 1
#define EXIT_UNTESTED 2

#define PASSWORD_MAX 65536	/* bytes of a password, from a file or typed */
#define KEY_MAX 131072		/* bytes of a key file */
#define SECRET_TAKEN 65536	/* bytes of a secret that mandos(8) takes */
#define FINGERPRINT_LEN 40
#define KEY_ID_LEN 64

/* The four files of a client's keys; enum key_file numbers them. */
enum key_file {
	TLS_PRIVATE,
	TLS_PUBLIC,
	PGP_SECRET,
	PGP_PUBLIC,
	KEY_FILES
};
extern const char *const key_names[KEY_FILES];

enum mode {
	MODE_KEYS,
	MODE_SECTION,
	MODE_TEST
};

struct options {
	enum mode mode;
	const char *dir;	/* of the keys; a default if not given */
	int dir_given;
	const char *type;	/* the OpenPGP key */
	unsigned int length;
	const char *subtype;
	unsigned int sublength;
	const char *name;
	const char *email;
	const char *comment;
	const char *expire;
	const char *tls_type;
	int force;
	const char *passfile;	/* NULL: ask */
	int no_ssh;
	const char *secfile;	/* NULL: the secret is in the section */
	/* A rehearsal. */
	const char *image;	/* NULL: of the running kernel, or none */
	const char *connect;	/* NULL: Zeroconf */
	const char *device;	/* NULL: none */
	const char *client;	/* the program */
	const char *cmdline;	/* a file in place of /proc/cmdline, or NULL */
	unsigned int timeout;	/* seconds */
};

/*
 * Memory with an end that can be reached: ${size} bytes, of which ${used} are
 * in use.
 */
struct buf {
	unsigned char *p;
	size_t size;
	size_t used;
};

/* keygen_options.c */

/*
 * options_read(options, argc, argv): read the command line.  Ends the process
 * after --help and --version, and with a message if something is wrong.
 */
void options_read(struct options *, int, char **);

/* keygen_buf.c */

/*
 * buf_new(buf, size): empty memory for secrets, which is not swapped, not in
 * core dumps, and, as one copy, shared with processes forked later: whoever
 * wipes it wipes it for all.
 */
int buf_new(struct buf *, size_t);

/* buf_free(buf): wipe it.  Does nothing to one that is all zero. */
void buf_free(struct buf *);

/* buf_add(buf, p, len): append.  Returns -1 without a message if it is full. */
int buf_add(struct buf *, const void *, size_t);

/* buf_read(buf, fd, what): append all that can be read; ${what} is its name. */
int buf_read(struct buf *, int, const char *);

/* buf_load(buf, dir, name): append what is in a regular file in ${dir}. */
int buf_load(struct buf *, const char *, const char *);

/*
 * buf_store(buf, dirfd, name): make a file of mode 0600 with these bytes, which
 * are on the disk then.
 */
int buf_store(const struct buf *, int, const char *);

/* keygen_scratch.c */

/* A private directory, for this run only. */
struct scratch {
	char path[256];
	int fd;			/* -1: there is none */
};

/*
 * scratch_new(scratch, base): a directory below ${base}, or, if that is NULL,
 * where temporary files are best: TMPDIR, else memory, else /tmp.
 */
int scratch_new(struct scratch *, const char *);

/*
 * scratch_remove(scratch): overwrite and remove all that is in it, and it.
 * Follows no symbolic link.
 */
void scratch_remove(struct scratch *);

/* keygen_guard.c */

/* What is to be done, and by which process. */
struct job {
	/* In the second process; its stdout is kept until all is done. */
	int (*work)(void *);
	/* In the first, if that returned 0; signals wait until it is over. */
	int (*finish)(void *);
	void *arg;
	struct scratch *scratch[2];	/* removed at the end; NULL: none */
	const char *gnupg;	/* a GnuPG home in one of them; NULL: none */
	struct buf *password;	/* wiped at the end; NULL: none */
	int crashed;		/* the status if the second process crashes */
};

/*
 * guard_begin(): from here on signals wait for guard_run.  Before the first
 * scratch directory is made.
 */
void guard_begin(void);

/*
 * guard_run(job): returns the exit status; or ends by the signal that it got,
 * after everything has been removed.
 */
int guard_run(struct job *);

/* guard_harden(): private files, no core dumps, no debuggers. */
void guard_harden(void);

/* keygen_run.c */

/* A program to run, and what has come of it. */
struct run {
	const char *const *argv;
	struct buf *in;		/* its stdin; NULL: /dev/null */
	struct buf *out;	/* its stdout; NULL: /dev/null */
	struct buf *err;	/* its stderr; NULL: /dev/null */
	unsigned int timeout;	/* seconds */
	int status;		/* of waitpid(2) */
	int is_late;		/* it was ended, for its time was up */
	int is_stuck;		/* and had to be killed */
	int is_missing;		/* it could not be started */
};

/*
 * run_program(run): run it, with a small environment.  Programs without a slash
 * are looked for where administrators have theirs.  Of output for which there
 * is no room, the end is lost.  Returns 0 if it ran, however it ended.
 */
int run_program(struct run *);

/* run_now(): milliseconds that no change of the clock disturbs. */
int64_t run_now(void);

/* run_exited(run, status): it has ended in time, and with that status. */
int run_exited(const struct run *, int);

/* keygen_tls.c */

/*
 * tls_generate(type, dirfd): write a key pair into that directory, as
 * key_names has it.
 */
int tls_generate(const char *, int);

/* tls_type_known(type): whether tls_generate takes it. */
int tls_type_known(const char *);

/*
 * tls_key_id(pem, id): of a public key, in lower case, and a NUL.  Returns -1
 * without a message if it is none.
 */
int tls_key_id(const struct buf *, char[KEY_ID_LEN + 1]);

/*
 * tls_check_pair(private, public): what is wrong with these keys, or NULL.  A
 * key must be one that a client can use, and they must belong together.
 */
const char *tls_check_pair(const struct buf *, const struct buf *);

/* keygen_pgp.c */

struct pgp;

/* pgp_open(home): a GnuPG home of our own.  NULL after a message. */
struct pgp *pgp_open(const char *);
void pgp_close(struct pgp *);

/*
 * pgp_generate(pgp, options, dirfd): make a key and a subkey, and write them
 * into that directory.
 */
int pgp_generate(struct pgp *, const struct options *, int);

/* A key that has been imported. */
struct pgp_key {
	char fingerprint[FINGERPRINT_LEN + 1];
	int has_secret;
	int can_encrypt;	/* to it, and it has not expired */
	int is_expired;
};

/*
 * pgp_import(pgp, bytes, key): the key in these bytes, and NULL, or what is
 * wrong with them.
 */
const char *pgp_import(struct pgp *, const struct buf *, struct pgp_key *);

/* pgp_seal(pgp, fingerprint, password, secret): sign and encrypt. */
int pgp_seal(struct pgp *, const char *, const struct buf *, struct buf *);

/* keygen_place.c */

/*
 * place_exists(dirfd, names, n): which of these names exists, or NULL; a
 * symbolic link does, wherever it leads.
 */
const char *place_exists(int, const char *const *, size_t);

/*
 * place_files(from, to, names, n, force): put files that are complete in
 * ${from} into ${to}, on the same file system: all of them, or none.  What is
 * there is in the way without ${force}, and with it kept as NAME.~N~.
 */
int place_files(int, int, const char *const *, size_t, int);

/* keygen_password.c */

/* password_ask(buf): from the terminal, twice; else two lines of stdin. */
int password_ask(struct buf *);

/* keygen_keys.c, keygen_section.c, keygen_rehearse.c: each returns a status. */
int keys_make(const struct options *);
int section_make(const struct options *);
int test_boot(const struct options *);

/* What a section for clients.conf says. */
struct section {
	const char *name;
	const char *key_id;	/* "": none */
	const char *fingerprint;
	const char *secfile;	/* NULL: the secret itself */
	const struct buf *secret;
	const char *ssh_type;	/* NULL: no checker */
	const char *ssh_key;	/* a type and a key in base64 */
};

/* section_print(f, section) */
void section_print(FILE *, const struct section *);

#endif
