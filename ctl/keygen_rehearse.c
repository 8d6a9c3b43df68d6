/* SPDX-License-Identifier: ISC */
/*
 * The rehearsal of a boot: everything is done that a boot would do to get its
 * password, with the keys that it would have, and the password is tried; but
 * nothing is changed, and nothing stays.  The answer is printed when all has
 * been cleaned up.
 */
#include "keygen_rehearse.h"

#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOISE_MAX 65536		/* of what a program says, bytes */
#define LEAKS_MAX 4
#define BROWSE_S 5		/* for servers that have not been found */
#define PROBE_S 10
#define CRYPTSETUP_S 600	/* a key derivation can be made slow */
#define CRYPTSETUP_WRONG 2	/* its status for a wrong password */

struct rehearsal {
	const struct options *options;
	struct scratch scratch;
	char gnupg[300];	/* below it: a GnuPG home, */
	char image_keys[300];	/* and keys from the image */
	const char *keys_dir;	/* where mandos-client finds its keys */
	char usual_image[300];
	const char *image_path;	/* NULL: there is none */
	int image_fd;
	/* In the second process. */
	struct image image;
	struct buf keys[KEY_FILES];
	int has_other_keys;	/* those in --dir are others */
	struct boot boot;
	struct pgp *pgp;
	struct buf password;
	struct buf noise;	/* what the last program has said */
	int refusals;
	char leak[LEAKS_MAX][600];
	int leaks;
};

/* A reason why it would not boot. */
__attribute__((format(printf, 2, 3)))
static void
no(struct rehearsal *r, const char *fmt, ...)
{
	va_list ap;

	printf("would not boot, because ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	r->refusals++;
}

/* A reason why it must not boot like that, even if it would. */
__attribute__((format(printf, 2, 3)))
static void
leak(struct rehearsal *r, const char *fmt, ...)
{
	va_list ap;

	if (r->leaks == LEAKS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(r->leak[r->leaks++], sizeof r->leak[0], fmt, ap);
	va_end(ap);
}

/* The last line that a program has said, without what could be no text. */
static const char *
last_words(struct rehearsal *r)
{
	char *p = (char *)r->noise.p, *line;
	size_t i, n = r->noise.used;

	if (n == r->noise.size)
		n--;
	while (n > 0 && p[n - 1] == '\n')
		n--;
	p[n] = '\0';
	if (n == 0)
		return "it has not said why";
	/* Programs run in the C locale, and need no more than ASCII. */
	for (i = 0; i < n; i++)
		if (((unsigned char)p[i] < ' ' && p[i] != '\n') ||
		    (unsigned char)p[i] >= 0x7f)
			p[i] = '?';
	line = memrchr(p, '\n', n);
	return line != NULL ? line + 1 : p;
}

/* --- the image */

static int
can_read(const struct image_file *f, uid_t uid, gid_t gid)
{
	if (f->uid == uid)
		return (f->mode & S_IRUSR) != 0;
	if (f->gid == gid)
		return (f->mode & S_IRGRP) != 0;
	return (f->mode & S_IROTH) != 0;
}

/* plugin-runner has given up root's power when mandos-client reads its keys. */
static void
check_owner(struct rehearsal *r, enum key_file i)
{
	const struct image_file *f = &r->image.keys[i];

	if (r->image.conf.path[0] == '\0' || r->boot.uid == -1 ||
	    r->boot.gid == -1 ||
	    can_read(f, (uid_t)r->boot.uid, (gid_t)r->boot.gid))
		return;
	/* mandos-client takes over root's OpenPGP keys when it starts. */
	if (f->uid == 0 && (i == PGP_SECRET || i == PGP_PUBLIC))
		return;
	no(r, "%s in the image belongs to user %u and has mode %04o: user "
	    "%ld, as whom plugin-runner starts mandos-client, cannot read it",
	    f->path, (unsigned int)f->uid, (unsigned int)f->mode, r->boot.uid);
}

static void
check_image_keys(struct rehearsal *r)
{
	struct image *image = &r->image;
	int i, found = 0;

	for (i = 0; i < KEY_FILES; i++)
		found += image->keys[i].path[0] != '\0';
	if (found == 0) {
		no(r, "there are no keys in the image");
		return;
	}
	for (i = 0; i < KEY_FILES; i++) {
		if (image->keys[i].path[0] == '\0') {
			no(r, "there is no %s in the image", key_names[i]);
			continue;
		}
		check_owner(r, (enum key_file)i);
		if ((i == TLS_PRIVATE || i == PGP_SECRET) &&
		    (image->keys[i].mode & S_IROTH) != 0)
			leak(r, "%s in the image can be read by everybody",
			    image->keys[i].path);
		/* The image keeps the file's name, we its bytes. */
		r->keys[i] = image->key_bytes[i];
		image->key_bytes[i] = (struct buf){ .p = NULL };
	}
}

static void
check_program(struct rehearsal *r, const struct image_file *f,
    const char *name)
{
	if (f->path[0] == '\0')
		no(r, "there is no %s in the image", name);
	else if ((f->mode & 0111) == 0)
		no(r, "%s in the image has mode %04o: it is no program",
		    f->path, (unsigned int)f->mode);
}

static void
check_image_programs(struct rehearsal *r)
{
	struct image *image = &r->image;

	check_program(r, &image->client, "mandos-client");
	/* systemd asks by way of the latter. */
	if (image->agent.path[0] == '\0')
		check_program(r, &image->runner, "plugin-runner");
	else
		check_program(r, &image->agent, "password-agent");
	check_program(r, &image->gpg, "gpg");
	check_program(r, &image->gpg_agent, "gpg-agent");
	if (image->crypttab.path[0] != '\0' && image->crypttab_bytes.used == 0)
		warnx("warning: %s: %s is empty, so no device is unlocked",
		    r->image_path, image->crypttab.path);
}

/* Text of the image, or of the kernel, ended by a NUL. */
static const char *
text_of(struct buf *b)
{
	if (b->p == NULL)
		return "";
	if (b->used == b->size)
		b->used--;
	b->p[b->used] = '\0';
	return (const char *)b->p;
}

/* What will the client be told?  Returns 0, or -1 if that cannot be known. */
static int
read_boot(struct rehearsal *r)
{
	const char *file = r->options->cmdline;
	struct buf cmdline = { .p = NULL };
	int fd, rv = -1;

	boot_init(&r->boot);
	boot_read_runner(&r->boot, text_of(&r->image.conf_bytes));
	/* Keys in a directory may be those of another host. */
	if (file == NULL && r->image_path == NULL)
		return 0;
	if (file == NULL)
		file = "/proc/cmdline";
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) == -1) {
		warn("%s", file);
		return -1;
	}
	if (buf_new(&cmdline, IMAGE_TEXT_MAX) == 0 &&
	    (rv = buf_read(&cmdline, fd, file)) == 0) {
		boot_read_cmdline(&r->boot, text_of(&cmdline));
		if (r->boot.is_off)
			no(r, "the kernel is told mandos=off");
	}
	close(fd);
	buf_free(&cmdline);
	return rv;
}

static int
check_image(struct rehearsal *r)
{
	const char *why;
	struct stat st;

	if (fstat(r->image_fd, &st) == -1) {
		warn("%s", r->image_path);
		return -1;
	}
	if ((st.st_mode & S_IROTH) != 0)
		leak(r, "the image %s can be read by everybody (mode %04o), "
		    "and so can the keys in it", r->image_path,
		    (unsigned int)st.st_mode & 07777);
	if (image_read(&r->image, r->image_fd, &why) == -1) {
		no(r, "the image %s is damaged, or none: %s", r->image_path,
		    why);
		return 0;
	}
	if (r->image.client.path[0] == '\0' &&
	    r->image.runner.path[0] == '\0' &&
	    r->image.agent.path[0] == '\0' &&
	    r->image.keys[TLS_PRIVATE].path[0] == '\0') {
		no(r, "there is nothing of Mandos in the image %s",
		    r->image_path);
		return 0;
	}
	if (read_boot(r) == -1)
		return -1;
	if (r->boot.is_disabled)
		no(r, "%s in the image disables mandos-client",
		    r->image.conf.path);
	check_image_programs(r);
	check_image_keys(r);
	return 0;
}

/* Are the keys in the image those that the administrator has? */
static void
compare_keys(struct rehearsal *r)
{
	struct buf b = { .p = NULL };
	char path[PATH_MAX];
	int i;

	for (i = 0; i < KEY_FILES; i++) {
		snprintf(path, sizeof path, "%s/%s", r->options->dir,
		    key_names[i]);
		/* Whoever keeps no copy has nothing to compare with. */
		if (access(path, F_OK) == -1 || buf_new(&b, KEY_MAX) == -1)
			continue;
		if (buf_load(&b, r->options->dir, key_names[i]) == 0 &&
		    (b.used != r->keys[i].used ||
		    memcmp(b.p, r->keys[i].p, b.used) != 0))
			r->has_other_keys = 1;
		buf_free(&b);
	}
}

/* --- the keys */

/* Keys in a directory, without an image. */
static int
load_dir(struct rehearsal *r)
{
	const char *dir = r->options->dir;
	struct stat st, parent;
	char path[PATH_MAX];
	int i;

	if (stat(dir, &parent) == -1) {
		warn("%s", dir);
		return -1;
	}
	for (i = 0; i < KEY_FILES; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, key_names[i]);
		if (stat(path, &st) == -1) {
			no(r, "%s cannot be used: %s", path, strerror(errno));
			continue;
		}
		if ((i == TLS_PRIVATE || i == PGP_SECRET) &&
		    (st.st_mode & S_IROTH) != 0 &&
		    (parent.st_mode & S_IXOTH) != 0)
			leak(r, "%s can be read by everybody (mode %04o)",
			    path, (unsigned int)st.st_mode & 07777);
		if (buf_new(&r->keys[i], KEY_MAX) == -1 ||
		    buf_load(&r->keys[i], dir, key_names[i]) == -1)
			return -1;
	}
	return 0;
}

static int
check_keys(struct rehearsal *r)
{
	struct pgp_key secret, public;
	const char *why;

	if ((why = tls_check_pair(&r->keys[TLS_PRIVATE],
	    &r->keys[TLS_PUBLIC])) != NULL)
		no(r, "%s", why);
	if ((r->pgp = pgp_open(r->gnupg)) == NULL)
		return -1;
	if ((why = pgp_import(r->pgp, &r->keys[PGP_SECRET], &secret)) != NULL)
		no(r, "the secret OpenPGP key is none, or damaged: %s", why);
	else if (!secret.has_secret)
		no(r, "%s is not a secret OpenPGP key", key_names[PGP_SECRET]);
	else if ((why = pgp_import(r->pgp, &r->keys[PGP_PUBLIC],
	    &public)) != NULL)
		no(r, "the public OpenPGP key is none, or damaged: %s", why);
	else if (strcmp(secret.fingerprint, public.fingerprint) != 0)
		no(r, "the secret and the public OpenPGP key do not belong "
		    "together");
	else if (!secret.can_encrypt && !secret.is_expired)
		no(r, "the OpenPGP key is not one to decrypt with");
	return 0;
}

/* --- the server */

/* Why has mandos-client got nothing? */
static void
explain(struct rehearsal *r, const struct probe *p)
{
	char id[KEY_ID_LEN + 1] = "?";
	const char *why;

	tls_key_id(&r->keys[TLS_PUBLIC], id);
	switch (p->result) {
	case PROBE_UNREACHABLE:
		no(r, "there is no server at %s: %s", p->where, p->why);
		break;
	case PROBE_NO_TLS:
		no(r, "what is at %s does not talk to this client: %s",
		    p->where, p->why);
		break;
	case PROBE_REFUSED:
		if (r->has_other_keys)
			no(r, "the server at %s refuses the keys in the image; "
			    "those in %s are others: build the image again",
			    p->where, r->options->dir);
		else
			no(r, "the server at %s has nothing for this client: "
			    "it has disabled it, or does not know its key_id, "
			    "%s", p->where, id);
		break;
	case PROBE_NOT_APPROVED:
		no(r, "the server at %s has refused after some time: nobody "
		    "has approved", p->where);
		break;
	case PROBE_SILENT:
		no(r, "the server at %s has not answered in time: it may wait "
		    "for somebody to approve", p->where);
		break;
	case PROBE_BROKEN:
		no(r, "the server at %s has ended the connection too early: %s",
		    p->where, p->why);
		break;
	case PROBE_SECRET:
		why = pgp_try_open(r->pgp, &p->secret, &r->password);
		if (why != NULL)
			no(r, "the secret from the server at %s cannot be "
			    "opened: %s", p->where, why);
		else
			no(r, "mandos-client has got no password, although the "
			    "server at %s has one for it: %s", p->where,
			    last_words(r));
		break;
	}
}

/* Ask the servers ourselves; the one that has come furthest tells most. */
static int
diagnose(struct rehearsal *r, const char *connect)
{
	struct server servers[SERVERS_MAX];
	struct probe best = { .result = PROBE_UNREACHABLE }, p;
	int i, n;

	n = connect != NULL ? servers_resolve(servers, connect) :
	    servers_browse(servers, BROWSE_S);
	if (n == -1)
		return -1;
	if (n == 0) {
		no(r, "no server is found by Zeroconf");
		return 0;
	}
	for (i = 0; i < n; i++) {
		probe_server(&p, &servers[i], &r->keys[TLS_PRIVATE],
		    &r->keys[TLS_PUBLIC], PROBE_S);
		if (i > 0 && p.result < best.result) {
			buf_free(&p.secret);
			continue;
		}
		buf_free(&best.secret);
		best = p;
	}
	r->password.used = 0;
	explain(r, &best);
	buf_free(&best.secret);
	return 0;
}

/* Which keys the client is to use: they are in files. */
static int
store_keys(struct rehearsal *r)
{
	int i, dir;

	if (r->image_path == NULL) {
		r->keys_dir = r->options->dir;
		return 0;
	}
	r->keys_dir = r->image_keys;
	dir = open(r->keys_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		warn("%s", r->keys_dir);
		return -1;
	}
	for (i = 0; i < KEY_FILES; i++)
		if (buf_store(&r->keys[i], dir, key_names[i]) == -1)
			break;
	close(dir);
	return i == KEY_FILES ? 0 : -1;
}

static int
fetch(struct rehearsal *r)
{
	static const char *const options[KEY_FILES] = {
		[TLS_PRIVATE] = "--tls-privkey", [TLS_PUBLIC] = "--tls-pubkey",
		[PGP_SECRET] = "--seckey", [PGP_PUBLIC] = "--pubkey"
	};
	const char *argv[KEY_FILES + 6], *connect = r->options->connect;
	char files[KEY_FILES][PATH_MAX], to[300], priority[1100];
	struct run run = { .argv = argv, .out = &r->password,
	    .err = &r->noise, .timeout = r->options->timeout };
	int i, n = 0;

	if (connect == NULL && r->boot.connect[0] != '\0')
		connect = r->boot.connect;
	argv[n++] = r->options->client;
	/* Interfaces are as they are, and stay so. */
	argv[n++] = "--interface=none";
	argv[n++] = "--retry=1";
	for (i = 0; i < KEY_FILES; i++) {
		if (snprintf(files[i], sizeof files[i], "%s=%s/%s", options[i],
		    r->keys_dir, key_names[i]) >= (int)sizeof files[i]) {
			warnx("%s: the name is too long", r->keys_dir);
			return -1;
		}
		argv[n++] = files[i];
	}
	if (connect != NULL) {
		snprintf(to, sizeof to, "--connect=%s", connect);
		argv[n++] = to;
	}
	if (r->boot.priority[0] != '\0') {
		snprintf(priority, sizeof priority, "--priority=%s",
		    r->boot.priority);
		argv[n++] = priority;
	}
	argv[n] = NULL;
	if (run_program(&run) == -1) {
		warnx("%s cannot be run", r->options->client);
		return -1;
	}
	if (run.is_stuck)
		warnx("warning: %s had to be killed; it may have left a "
		    "directory mandosXXXXXX in /run/tmp or /tmp",
		    r->options->client);
	if (run_exited(&run, 0)) {
		if (r->password.used == 0)
			no(r, "the password is empty");
		if (r->password.used < r->password.size)
			return 0;
		warnx("the password has more than %d bytes", PASSWORD_MAX - 1);
		return -1;
	}
	if (!run.is_late && WIFEXITED(run.status) &&
	    WEXITSTATUS(run.status) != 0 && connect == NULL) {
		no(r, "mandos-client has ended with status %d: %s",
		    WEXITSTATUS(run.status), last_words(r));
		return 0;
	}
	return diagnose(r, connect);
}

/* --- the device */

static int
try_device(struct rehearsal *r)
{
	const char *const argv[] = { "cryptsetup", "open", "--test-passphrase",
	    "--key-file=-", "--", r->options->device, NULL };
	struct run run = { .argv = argv, .in = &r->password, .err = &r->noise,
	    .timeout = CRYPTSETUP_S };

	r->noise.used = 0;
	if (run_program(&run) == -1) {
		warnx("cryptsetup cannot be run");
		return -1;
	}
	if (run_exited(&run, 0))
		return 0;
	if (run_exited(&run, CRYPTSETUP_WRONG)) {
		no(r, "the password does not open %s", r->options->device);
		return 0;
	}
	warnx("%s could not be tried: cryptsetup: %s", r->options->device,
	    run.is_late ? "it has taken too long" : last_words(r));
	return -1;
}

/* --- the story */

static int
rehearse(struct rehearsal *r)
{
	if (buf_new(&r->password, PASSWORD_MAX) == -1 ||
	    buf_new(&r->noise, NOISE_MAX) == -1)
		return -1;
	if (r->image_path != NULL) {
		if (check_image(r) == -1)
			return -1;
	} else if (read_boot(r) == -1 || load_dir(r) == -1)
		return -1;
	/* What follows would not be reached, or needs what is missing. */
	if (r->refusals > 0)
		return 0;
	if (check_keys(r) == -1)
		return -1;
	if (r->refusals > 0)
		return 0;
	if (r->image_path != NULL)
		compare_keys(r);
	if (store_keys(r) == -1 || fetch(r) == -1)
		return -1;
	if (r->refusals == 0 && r->has_other_keys)
		warnx("warning: the keys in %s are not those in %s",
		    r->image_path, r->options->dir);
	if (r->refusals == 0 && r->options->device != NULL)
		return try_device(r);
	return 0;
}

/* In the second process. */
static int
work(void *arg)
{
	struct rehearsal *r = arg;
	int i, rv;

	rv = rehearse(r);
	pgp_close(r->pgp);
	image_free(&r->image);
	for (i = 0; i < KEY_FILES; i++)
		buf_free(&r->keys[i]);
	buf_free(&r->password);
	buf_free(&r->noise);
	/* A reason stays one, also if something else could not be tried. */
	if (rv == -1 && r->refusals == 0)
		return EXIT_UNTESTED;
	for (i = 0; i < r->leaks; i++)
		printf("%s, because %s\n", r->refusals > 0 ? "must not boot" :
		    "would boot, but must not", r->leak[i]);
	if (r->refusals > 0 || r->leaks > 0)
		return EXIT_WOULD_NOT_BOOT;
	puts("would boot");
	return EXIT_WOULD_BOOT;
}

/* The image of the kernel that runs, if none is given. */
static int
open_image(struct rehearsal *r)
{
	static const struct {
		const char *before, *after;
	} usual[] = {
		{ "/boot/initrd.img-", "" },
		{ "/boot/initramfs-", ".img" },
		{ "/boot/initrd-", "" },
	};
	struct utsname u;
	size_t i;

	r->image_path = r->options->image;
	if (r->image_path == NULL && r->options->dir_given)
		return 0;
	if (uname(&u) == -1) {
		warn("uname");
		return -1;
	}
	for (i = 0; r->options->image == NULL &&
	    i < sizeof usual / sizeof usual[0]; i++) {
		snprintf(r->usual_image, sizeof r->usual_image, "%s%s%s",
		    usual[i].before, u.release, usual[i].after);
		r->image_path = r->usual_image;
		if (access(r->usual_image, F_OK) == 0)
			break;
	}
	r->image_fd = open(r->image_path, O_RDONLY | O_CLOEXEC);
	if (r->image_fd == -1) {
		warn("%s", r->image_path);
		if (r->options->image == NULL)
			warnx("say which image it is with --image, or where "
			    "keys are with --dir");
		return -1;
	}
	return 0;
}

static int
make_scratch(struct rehearsal *r)
{
	if (scratch_new(&r->scratch, NULL) == -1)
		return -1;
	snprintf(r->gnupg, sizeof r->gnupg, "%s/gnupg", r->scratch.path);
	snprintf(r->image_keys, sizeof r->image_keys, "%s/keys",
	    r->scratch.path);
	if (mkdir(r->gnupg, 0700) == 0 && mkdir(r->image_keys, 0700) == 0)
		return 0;
	warn("%s", r->scratch.path);
	scratch_remove(&r->scratch);
	return -1;
}

int
test_boot(const struct options *options)
{
	struct rehearsal r = { .options = options, .scratch.fd = -1,
	    .image_fd = -1 };
	struct job job = { .work = work, .arg = &r, .scratch = { &r.scratch },
	    .gnupg = r.gnupg, .crashed = EXIT_UNTESTED };

	if (access(options->client, X_OK) == -1) {
		warn("%s", options->client);
		return EXIT_UNTESTED;
	}
	if (options->device != NULL && access(options->device, R_OK) == -1) {
		warn("%s", options->device);
		return EXIT_UNTESTED;
	}
	if (open_image(&r) == -1)
		return EXIT_UNTESTED;
	guard_begin();
	if (make_scratch(&r) == -1)
		return EXIT_UNTESTED;
	return guard_run(&job);
}
