/* SPDX-License-Identifier: ISC */
/*
 * OpenPGP with GPGME, in a GnuPG home that nothing but this run has.  The
 * second process of mandos-keygen.  GnuPG asks no questions, and the user's
 * own key ring is neither read nor written.
 */
#include "keygen_rehearse.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gpgme.h>

struct pgp {
	gpgme_ctx_t ctx;
};

/* A buffer as GPGME reads or writes it. */
struct stream {
	struct buf *buf;
	const struct buf *from;
	size_t pos;
	gpgme_data_t data;
};

static ssize_t
stream_read(void *arg, void *p, size_t size)
{
	struct stream *s = arg;
	size_t n = s->from->used - s->pos;

	if (n > size)
		n = size;
	memcpy(p, s->from->p + s->pos, n);
	s->pos += n;
	return (ssize_t)n;
}

static ssize_t
stream_write(void *arg, const void *p, size_t size)
{
	struct stream *s = arg;

	if (buf_add(s->buf, p, size) == -1) {
		gpgme_err_set_errno(ENOSPC);
		return -1;
	}
	return (ssize_t)size;
}

static struct gpgme_data_cbs reader = { .read = stream_read };
static struct gpgme_data_cbs writer = { .write = stream_write };

static gpgme_error_t
stream_from(struct stream *s, const struct buf *from)
{
	gpgme_error_t e;

	*s = (struct stream){ .from = from };
	if ((e = gpgme_data_new_from_cbs(&s->data, &reader, s)) == 0)
		/* GPGME has a small buffer of its own, which it then wipes. */
		e = gpgme_data_set_flag(s->data, "sensitive", "1");
	return e;
}

static gpgme_error_t
stream_to(struct stream *s, struct buf *to)
{
	gpgme_error_t e;

	*s = (struct stream){ .buf = to };
	if ((e = gpgme_data_new_from_cbs(&s->data, &writer, s)) == 0)
		e = gpgme_data_set_flag(s->data, "sensitive", "1");
	return e;
}

static void
stream_close(struct stream *s)
{
	if (s->data != NULL)
		gpgme_data_release(s->data);
}

struct pgp *
pgp_open(const char *home)
{
	struct pgp *pgp;
	gpgme_error_t e;

	if ((pgp = calloc(1, sizeof *pgp)) == NULL) {
		warn("calloc");
		return NULL;
	}
	gpgme_check_version(NULL);
	if ((e = gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP)) != 0 ||
	    (e = gpgme_new(&pgp->ctx)) != 0 ||
	    (e = gpgme_set_protocol(pgp->ctx, GPGME_PROTOCOL_OpenPGP)) != 0 ||
	    (e = gpgme_ctx_set_engine_info(pgp->ctx, GPGME_PROTOCOL_OpenPGP,
	    NULL, home)) != 0 ||
	    /* Nobody is to be asked for a passphrase: keys have none. */
	    (e = gpgme_set_pinentry_mode(pgp->ctx,
	    GPGME_PINENTRY_MODE_ERROR)) != 0) {
		warnx("GnuPG cannot be used: %s", gpgme_strerror(e));
		pgp_close(pgp);
		return NULL;
	}
	return pgp;
}

void
pgp_close(struct pgp *pgp)
{
	if (pgp == NULL)
		return;
	if (pgp->ctx != NULL)
		gpgme_release(pgp->ctx);
	free(pgp);
}

/* What has gpg itself said? */
static void
complain(struct pgp *pgp, const char *what, gpgme_error_t e)
{
	gpgme_data_t data;
	char line[512];
	ssize_t n;

	warnx("%s: %s", what, gpgme_strerror(e));
	if (gpgme_data_new(&data) != 0)
		return;
	if (gpgme_op_getauditlog(pgp->ctx, data, GPGME_AUDITLOG_DIAG) == 0 &&
	    gpgme_data_seek(data, 0, SEEK_SET) == 0)
		while ((n = gpgme_data_read(data, line, sizeof line)) > 0)
			fwrite(line, 1, (size_t)n, stderr);
	gpgme_data_release(data);
}

/*
 * Lines for --gen-key of gpg(1).  A curve is named after its key, if it has not
 * been named itself; the length of such a key is that of its curve.
 */
static void
print_algorithm(FILE *f, const char *prefix, const char *type,
    unsigned int length, int encrypts)
{
	static const struct {
		const char *name, *algorithm, *curve;
	} known[] = {
		{ "eddsa", "EDDSA", "ed25519" },
		{ "ecdh", "ECDH", "cv25519" },
		{ "ed25519", "EDDSA", "ed25519" },
		{ "cv25519", "ECDH", "cv25519" },
		{ "nistp256", NULL, "nistp256" },
		{ "nistp384", NULL, "nistp384" },
		{ "nistp521", NULL, "nistp521" },
		{ "brainpoolP256r1", NULL, "brainpoolP256r1" },
		{ "brainpoolP384r1", NULL, "brainpoolP384r1" },
		{ "brainpoolP512r1", NULL, "brainpoolP512r1" },
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcasecmp(type, known[i].name) == 0) {
			fprintf(f, "%s-Type: %s\n%s-Curve: %s\n", prefix,
			    known[i].algorithm != NULL ? known[i].algorithm :
			    encrypts ? "ECDH" : "ECDSA", prefix,
			    known[i].curve);
			return;
		}
	fprintf(f, "%s-Type: %s\n%s-Length: %u\n", prefix, type, prefix,
	    length);
}

static char *
key_parameters(const struct options *o)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	if ((f = open_memstream(&text, &len)) == NULL)
		return NULL;
	fprintf(f, "<GnupgKeyParms format=\"internal\">\n%%no-protection\n");
	print_algorithm(f, "Key", o->type, o->length, 0);
	fprintf(f, "Key-Usage: sign,auth\n");
	print_algorithm(f, "Subkey", o->subtype, o->sublength, 1);
	fprintf(f, "Subkey-Usage: encrypt\nName-Real: %s\n", o->name);
	if (o->comment[0] != '\0')
		fprintf(f, "Name-Comment: %s\n", o->comment);
	if (o->email[0] != '\0')
		fprintf(f, "Name-Email: %s\n", o->email);
	fprintf(f, "Expire-Date: %s\n</GnupgKeyParms>\n", o->expire);
	if (fclose(f) == EOF) {
		free(text);
		return NULL;
	}
	return text;
}

/* The header "Comment" of an armored key, for whoever looks at the file. */
static int
store_armored(const struct options *o, const struct buf *key, int dir,
    const char *name)
{
	const unsigned char *nl = memchr(key->p, '\n', key->used);
	struct buf armored = { .p = NULL };
	char comment[1024];
	size_t first;
	int n, rv = -1;

	n = snprintf(comment, sizeof comment,
	    "Comment: Mandos client key for %s%s%s%s%s%s%s\n", o->name,
	    o->comment[0] != '\0' ? " (" : "", o->comment,
	    o->comment[0] != '\0' ? ")" : "",
	    o->email[0] != '\0' ? " <" : "", o->email,
	    o->email[0] != '\0' ? ">" : "");
	if (nl == NULL || n < 0 || (size_t)n >= sizeof comment) {
		warnx("the OpenPGP key cannot be written with such a name");
		return -1;
	}
	first = (size_t)(nl + 1 - key->p);
	if (buf_new(&armored, KEY_MAX) == -1)
		return -1;
	if (buf_add(&armored, key->p, first) == -1 ||
	    buf_add(&armored, comment, (size_t)n) == -1 ||
	    buf_add(&armored, key->p + first, key->used - first) == -1)
		warnx("the OpenPGP key is too large");
	else
		rv = buf_store(&armored, dir, name);
	buf_free(&armored);
	return rv;
}

static int
export_key(struct pgp *pgp, const struct options *o, const char *fingerprint,
    gpgme_export_mode_t mode, int dir, const char *name)
{
	struct buf key = { .p = NULL };
	struct stream to = { .buf = NULL };
	gpgme_error_t e;
	int rv = -1;

	if (buf_new(&key, KEY_MAX) == -1)
		return -1;
	if ((e = stream_to(&to, &key)) != 0 ||
	    (e = gpgme_op_export(pgp->ctx, fingerprint,
	    mode | GPGME_EXPORT_MODE_MINIMAL, to.data)) != 0)
		complain(pgp, "the OpenPGP key cannot be exported", e);
	else if (key.used == 0)
		warnx("GnuPG has exported no OpenPGP key");
	else
		rv = store_armored(o, &key, dir, name);
	stream_close(&to);
	buf_free(&key);
	return rv;
}

int
pgp_generate(struct pgp *pgp, const struct options *o, int dir)
{
	char fingerprint[FINGERPRINT_LEN + 1];
	gpgme_genkey_result_t result;
	gpgme_error_t e;
	char *text;

	if ((text = key_parameters(o)) == NULL) {
		warn("open_memstream");
		return -1;
	}
	e = gpgme_op_genkey(pgp->ctx, text, NULL, NULL);
	free(text);
	if (e != 0) {
		complain(pgp, "no OpenPGP key can be made", e);
		return -1;
	}
	result = gpgme_op_genkey_result(pgp->ctx);
	/* The next operation frees the result. */
	if (result == NULL || result->fpr == NULL || !result->sub ||
	    strlcpy(fingerprint, result->fpr, sizeof fingerprint) >=
	    sizeof fingerprint) {
		warnx("GnuPG has made no OpenPGP key, or one without a subkey");
		return -1;
	}
	gpgme_set_armor(pgp->ctx, 1);
	if (export_key(pgp, o, fingerprint, GPGME_EXPORT_MODE_SECRET, dir,
	    key_names[PGP_SECRET]) == -1)
		return -1;
	return export_key(pgp, o, fingerprint, 0, dir, key_names[PGP_PUBLIC]);
}

static void
describe(struct pgp *pgp, struct pgp_key *key)
{
	gpgme_subkey_t sub;
	gpgme_key_t found;

	if (gpgme_get_key(pgp->ctx, key->fingerprint, &found, 1) == 0)
		key->has_secret = 1;
	else if (gpgme_get_key(pgp->ctx, key->fingerprint, &found, 0) != 0)
		return;
	for (sub = found->subkeys; sub != NULL; sub = sub->next) {
		if (sub->can_encrypt && !sub->expired && !sub->revoked)
			key->can_encrypt = 1;
		if (sub->expired)
			key->is_expired = 1;
	}
	gpgme_key_unref(found);
}

const char *
pgp_import(struct pgp *pgp, const struct buf *bytes, struct pgp_key *key)
{
	struct stream from = { .buf = NULL };
	gpgme_import_result_t result;
	gpgme_import_status_t import;
	gpgme_error_t e;

	*key = (struct pgp_key){ .has_secret = 0 };
	if ((e = stream_from(&from, bytes)) == 0)
		e = gpgme_op_import(pgp->ctx, from.data);
	stream_close(&from);
	if (e != 0)
		return gpgme_strerror(e);
	result = gpgme_op_import_result(pgp->ctx);
	if (result == NULL || result->considered == 0)
		return "there is no OpenPGP key in it";
	for (import = result->imports; import != NULL; import = import->next)
		if (import->result != 0 || import->fpr == NULL ||
		    strlcpy(key->fingerprint, import->fpr,
		    sizeof key->fingerprint) >= sizeof key->fingerprint)
			return "GnuPG does not take the key in it";
	if (key->fingerprint[0] == '\0')
		return "GnuPG does not take the key in it";
	describe(pgp, key);
	return NULL;
}

int
pgp_seal(struct pgp *pgp, const char *fingerprint, const struct buf *password,
    struct buf *secret)
{
	struct stream from = { .buf = NULL }, to = { .buf = NULL };
	gpgme_key_t keys[2] = { NULL, NULL };
	gpgme_error_t e;

	gpgme_set_armor(pgp->ctx, 0);
	gpgme_signers_clear(pgp->ctx);
	if ((e = gpgme_get_key(pgp->ctx, fingerprint, &keys[0], 1)) == 0 &&
	    (e = gpgme_signers_add(pgp->ctx, keys[0])) == 0 &&
	    (e = stream_from(&from, password)) == 0 &&
	    (e = stream_to(&to, secret)) == 0)
		e = gpgme_op_encrypt_sign(pgp->ctx, keys,
		    GPGME_ENCRYPT_ALWAYS_TRUST, from.data, to.data);
	stream_close(&from);
	stream_close(&to);
	if (keys[0] != NULL)
		gpgme_key_unref(keys[0]);
	if (e != 0) {
		complain(pgp, "the password cannot be encrypted", e);
		return -1;
	}
	return 0;
}

const char *
pgp_try_open(struct pgp *pgp, const struct buf *secret, struct buf *password)
{
	struct stream from = { .buf = NULL }, to = { .buf = NULL };
	gpgme_error_t e;

	if ((e = stream_from(&from, secret)) == 0 &&
	    (e = stream_to(&to, password)) == 0)
		e = gpgme_op_decrypt(pgp->ctx, from.data, to.data);
	stream_close(&from);
	stream_close(&to);
	if (gpgme_err_code(e) == GPG_ERR_NO_SECKEY)
		return "it is for another OpenPGP key";
	if (gpgme_err_code(e) == GPG_ERR_NO_PIN_ENTRY)
		return "the secret OpenPGP key has a passphrase";
	return e != 0 ? gpgme_strerror(e) : NULL;
}
