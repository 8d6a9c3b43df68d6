/* SPDX-License-Identifier: ISC */
/*
 * The only file of mandos-client that includes GPGME.  Run by the decrypter:
 * it has the secret key, reads what strangers may have sent, and writes the
 * password to standard output, all of it or nothing that would be taken for
 * it.  It has no power and no network, and tells nobody a byte of either.
 */
#include "client.h"

#include <sys/types.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <gpgme.h>

#include "keyfile.h"
#include "log.h"
#include "power.h"
#include "sandbox.h"

#define FILES_MAX 64	/* descriptors: GPGME closes all there might be */
#define PLAIN_LEAST 4096
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
	"/sbin:/bin"

struct plain {
	uint8_t *bytes;
	size_t len;
	size_t size;
};

static const char *
reason(gpgme_error_t rc)
{
	static char text[256];

	snprintf(text, sizeof text, "%s: %s", gpgme_strsource(rc),
	    gpgme_strerror(rc));
	return text;
}

/* GnuPG is found by PATH, and needs nothing else from who has called. */
static void
set_environment(void)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path == NULL ? PATH_DEFAULT : path);

	if (copy == NULL || clearenv() != 0 ||
	    setenv("PATH", copy, 1) == -1 || setenv("LC_ALL", "C", 1) == -1)
		fatalx_status(EX_OSERR, "environment");
	free(copy);
}

/* Signals from a terminal go to all of us, and the keeper sees to them. */
static void
ignore_signals(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof ends / sizeof *ends; i++)
		signal(ends[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
limit_files(void)
{
	const struct rlimit files = { FILES_MAX, FILES_MAX };

	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		fatal("setrlimit");
}

/* Card readers and questions on terminals have no place here. */
static void
configure_agent(const char *home)
{
	static const char text[] = "disable-scdaemon\n";
	char *path;
	int fd;

	if (asprintf(&path, "%s/gpg-agent.conf", home) == -1)
		fatalx_status(EX_OSERR, "no memory");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, text, sizeof text - 1) !=
	    (ssize_t)sizeof text - 1)
		fatalx_status(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	close(fd);
	free(path);
}

/* Returns a context, or exits. */
static gpgme_ctx_t
open_context(const char *home)
{
	gpgme_ctx_t ctx;
	gpgme_error_t rc;

	gpgme_check_version(NULL);
	if ((rc = gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP)) != 0)
		fatalx_status(EX_UNAVAILABLE,
		    "bad gpgme_engine_check_version: %s", reason(rc));
	if ((rc = gpgme_new(&ctx)) != 0)
		fatalx_status(EX_UNAVAILABLE, "bad gpgme_new: %s",
		    reason(rc));
	if ((rc = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, NULL,
	    home)) != 0)
		fatalx_status(EX_UNAVAILABLE,
		    "bad gpgme_ctx_set_engine_info: %s", reason(rc));
	gpgme_set_pinentry_mode(ctx, GPGME_PINENTRY_MODE_CANCEL);
	return ctx;
}

static void
import_key(gpgme_ctx_t ctx, int fd, const char *path)
{
	gpgme_import_result_t result;
	gpgme_data_t data;
	gpgme_error_t rc;
	size_t len;
	char *bytes = keyfile_read(fd, path, &len);

	if (bytes == NULL)
		exit(EX_UNAVAILABLE);
	if ((rc = gpgme_data_new_from_mem(&data, bytes, len, 0)) != 0)
		fatalx_status(EX_UNAVAILABLE,
		    "bad gpgme_data_new_from_mem: %s", reason(rc));
	if ((rc = gpgme_op_import(ctx, data)) != 0)
		fatalx_status(EX_UNAVAILABLE, "%s: bad gpgme_op_import: %s",
		    path, reason(rc));
	result = gpgme_op_import_result(ctx);
	if (result == NULL || result->considered == 0 ||
	    result->not_imported > 0)
		fatalx_status(EX_UNAVAILABLE, "%s: no OpenPGP key imported "
		    "(%d considered, %d not imported)", path,
		    result == NULL ? 0 : result->considered,
		    result == NULL ? 0 : result->not_imported);
	gpgme_data_release(data);
	keyfile_free(bytes);
}

static ssize_t
take_plain(void *arg, const void *bytes, size_t len)
{
	struct plain *plain = arg;
	uint8_t *longer;
	size_t size = plain->size;

	if (len > SECRET_MAX - plain->len) {
		errno = EFBIG;
		return -1;
	}
	while (size < plain->len + len)
		size = size == 0 ? PLAIN_LEAST : 2 * size;
	if (size > plain->size) {
		/* The old copy is wiped. */
		longer = recallocarray(plain->bytes, plain->size, size, 1);
		if (longer == NULL)
			return -1;
		plain->bytes = longer;
		plain->size = size;
	}
	memcpy(plain->bytes + plain->len, bytes, len);
	plain->len += len;
	return (ssize_t)len;
}

/*
 * Returns 0 if ${plain} is the whole of what was encrypted.  A signature is
 * not looked at: the server has none that we could know.
 */
static int
decrypt(gpgme_ctx_t ctx, char *bytes, size_t len, struct plain *plain)
{
	static struct gpgme_data_cbs cbs = { .write = take_plain };
	gpgme_data_t in, out;
	gpgme_error_t rc;

	if ((rc = gpgme_data_new_from_mem(&in, bytes, len, 0)) != 0 ||
	    (rc = gpgme_data_new_from_cbs(&out, &cbs, plain)) != 0) {
		log_warnx("GPGME: %s", reason(rc));
		return -1;
	}
	rc = gpgme_op_decrypt(ctx, in, out);
	if (rc != 0)
		log_warnx("bad gpgme_op_decrypt: %s", reason(rc));
	gpgme_data_release(out);
	gpgme_data_release(in);
	return rc == 0 ? 0 : -1;
}

/* Returns 0 if all of it has been written. */
static int
write_plain(const struct plain *plain)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	size_t done = 0;
	ssize_t n;

	while (done < plain->len) {
		n = write(STDOUT_FILENO, plain->bytes + done,
		    plain->len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			poll(&out, 1, -1);
		else if (errno != EINTR) {
			log_warn("the password could not be written to "
			    "standard output");
			return -1;
		}
	}
	return 0;
}

/*
 * Waits for the keeper, if net has ended: that is what it is to hear of first.
 */
static void
read_all(int fd, void *buf, size_t len)
{
	uint8_t *to = buf;
	ssize_t n;

	while (len > 0) {
		n = read(fd, to, len);
		if (n == -1 && errno == EINTR)
			continue;
		while (n <= 0)
			pause();
		to += n;
		len -= (size_t)n;
	}
}

static void
serve_one(gpgme_ctx_t ctx, int fd)
{
	struct plain plain = { .len = 0 };
	uint32_t len;
	char *bytes;
	int rc;

	read_all(fd, &len, sizeof len);
	if (len > SECRET_MAX || (bytes = malloc(len + 1)) == NULL)
		fatalx_status(EX_TEMPFAIL, "no memory for %u bytes", len);
	read_all(fd, bytes, len);
	rc = decrypt(ctx, bytes, len, &plain);
	freezero(bytes, len + 1);
	if (rc == 0)
		rc = write_plain(&plain) == 0 ? EX_OK : EX_TEMPFAIL;
	if (plain.bytes != NULL)
		freezero(plain.bytes, plain.size);
	/* What is left of the agent is the keeper's. */
	if (rc != -1)
		_exit(rc);
}

void
decrypt_run(const struct keeper *k, const int fds[DECRYPT_FDS], pid_t parent)
{
	gpgme_ctx_t ctx;

	set_environment();
	power_unplug();
	power_drop(parent);
	ignore_signals();
	limit_files();
	power_lock();
	sandbox_enter(RULES_CHECKERD);
	sandbox_enter(RULES_CLIENT_DECRYPT);
	configure_agent(k->home);
	ctx = open_context(k->home);
	import_key(ctx, fds[DECRYPT_SECKEY], k->opt.seckey);
	import_key(ctx, fds[DECRYPT_PUBKEY], k->opt.pubkey);
	log_debug("OpenPGP keys imported");
	for (;;)
		serve_one(ctx, fds[DECRYPT_FEED]);
}
