/* SPDX-License-Identifier: ISC */
/*
 * Makes handshakes with GnuTLS, in memory and with fresh keys, and prints what
 * a session would hand to the monitor; and forgeries for which the private
 * key is needed.  Not a part of any daemon.
 *
 *	mktranscript good TYPE...	genuine handshakes of these key types
 *	mktranscript bad		forgeries
 *	mktranscript vector		monitor/proof_vector.h
 *	mktranscript seeds DIR		seeds for regress/fuzz/proof_fuzz.c, and
 *					regress/fuzz/proof_seeds.h
 *
 * A line of output is a name, the flaw that proof_check() is to find ("-" for
 * none), and in hexadecimal the nonce, the enrolled key ID, the transcript
 * and the CertificateVerify message, with tabs between.
 */
#include "transcript.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>

static void
print_hex(char before, const uint8_t *p, size_t len)
{
	putchar(before);
	while (len-- > 0)
		printf("%02x", *p++);
}

void
print(const char *name, const char *flaw, const struct shake *sh)
{
	printf("%s\t%s", name, flaw);
	print_hex('\t', sh->nonce, RANDOM_LEN);
	print_hex('\t', sh->keyid, KEYID_LEN);
	print_hex('\t', sh->tr.d, sh->tr.len);
	print_hex('\t', sh->verify.d, sh->verify.len);
	putchar('\n');
}

static void
good(const char *name)
{
	static struct shake sh;
	struct key k;
	char line[64];
	size_t i;
	int retry;

	key_make(&k, type_find(name), type_find(name)->bits);
	for (i = 0; i < SUITES; i++)
		for (retry = 0; retry < 2; retry++) {
			shake_make(&sh, &k, &suites[i], retry ? F_RETRY : 0);
			snprintf(line, sizeof(line), "%s_%s_%s", name,
			    suites[i].name, retry ? "hrr" : "plain");
			print(line, "-", &sh);
		}
}

static void
print_array(const char *between, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		printf("%s\\x%02x", i % 16 != 0 ? "" : i == 0 ? "\t\"" :
		    between, p[i]);
	putchar('"');
}

/* The shortest handshake there can be, with a key that is thrown away. */
static void
vector(void)
{
	static struct shake sh;
	struct key k;
	struct buf body = { .len = 0 };
	uint8_t random[RANDOM_LEN] = { 0 };

	key_make(&k, type_find("ed25519"), type_find("ed25519")->bits);
	gtls(gnutls_rnd(GNUTLS_RND_NONCE, sh.nonce, RANDOM_LEN), "random");
	put(&body, "\x03\x03", 2);
	put(&body, sh.nonce, RANDOM_LEN);
	put_message(&sh.tr, 1, body.d, body.len);
	body.len = 2;
	put(&body, random, RANDOM_LEN);
	put(&body, "\0\x13\x02\0", 4);
	put_message(&sh.tr, 2, body.d, body.len);
	put_message(&sh.tr, 8, "\0\0", 2);
	certificate(&body, &k.spki, 1, 0, 0);
	put_message(&sh.tr, 11, body.d, body.len);
	sh.hash = GNUTLS_DIG_SHA384;
	resign(&sh, &k);
	printf("/* SPDX-License-Identifier: ISC */\n/*\n"
	    " * The handshake of proof_selftest(), the shortest there can be, "
	    "with Ed25519.\n"
	    " * Made by \"mktranscript vector\"; nobody has the key.\n */\n");
	printf("#define PROOF_VECTOR_VERIFY %zu /* where this begins */\n",
	    sh.tr.len);
	put(&sh.tr, sh.verify.d, sh.verify.len);
	printf("#define PROOF_VECTOR \\\n");
	print_array("\" \\\n\t\"", sh.tr.d, sh.tr.len);
	printf("\n#define PROOF_VECTOR_KEYID \\\n");
	print_array("\" \\\n\t\"", k.keyid, KEYID_LEN);
	putchar('\n');
}

/* For the fuzzer: nonce, length of the transcript, transcript, verify. */
static void
seeds(const char *dir)
{
	static const char *const names[] = { "ed25519", "ed448", "p256",
		"p384", "p521", "rsa2048", "pss2048" };
	static struct shake sh;
	struct key k;
	struct buf out;
	char path[1024];
	FILE *f;
	size_t i;

	printf("/* SPDX-License-Identifier: ISC */\n/*\n"
	    " * Key ID and SHA-256 of each of the fuzzer's seeds.\n"
	    " * Made by \"mktranscript seeds\"; nobody has the keys.\n */\n"
	    "static const struct {\n\tconst char *keyid;\n"
	    "\tconst char *input;\n} seeds[] = {\n");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		key_make(&k, type_find(names[i]), type_find(names[i])->bits);
		shake_make(&sh, &k, &suites[i % SUITES], i % 2 ? F_RETRY : 0);
		out.len = 0;
		put(&out, sh.nonce, RANDOM_LEN);
		put_number(&out, sh.tr.len, 2);
		put(&out, sh.tr.d, sh.tr.len);
		put(&out, sh.verify.d, sh.verify.len);
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if ((f = fopen(path, "wx")) == NULL ||
		    fwrite(out.d, out.len, 1, f) != 1 || fclose(f) != 0)
			err(1, "%s", path);
		printf("%s\t{\n", i == 0 ? "" : ",\n");
		print_array("\"\n\t\"", k.keyid, KEYID_LEN);
		printf(",\n");
		gtls(gnutls_hash_fast(GNUTLS_DIG_SHA256, out.d, out.len,
		    k.keyid), "hash");
		print_array("\"\n\t\"", k.keyid, KEYID_LEN);
		printf("\n\t}");
	}
	printf("\n};\n");
}

int
main(int argc, char **argv)
{
	int i;

	if (argc > 2 && strcmp(argv[1], "good") == 0)
		for (i = 2; i < argc; i++)
			good(argv[i]);
	else if (argc == 2 && strcmp(argv[1], "bad") == 0)
		bad();
	else if (argc == 2 && strcmp(argv[1], "vector") == 0)
		vector();
	else if (argc == 3 && strcmp(argv[1], "seeds") == 0)
		seeds(argv[2]);
	else
		errx(2, "usage: mktranscript good TYPE... | bad | vector | "
		    "seeds DIR");
	if (fflush(stdout) != 0)
		err(1, "stdout");
	return 0;
}
