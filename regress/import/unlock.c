/* SPDX-License-Identifier: ISC */
/*
 * unlock SEALED KEY: print what the first file is when it is decrypted with
 * the secret in the second; or why not, with exit status 1.
 */
#include <sys/types.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "import.h"

#define FILE_MAX (1 << 20)

static uint8_t *
load(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(FILE_MAX), *exact;

	if (f == NULL || bytes == NULL)
		err(2, "%s", path);
	*len = fread(bytes, 1, FILE_MAX, f);
	fclose(f);
	/* No more than there is, so that a step outside is seen. */
	if ((exact = realloc(bytes, *len == 0 ? 1 : *len)) == NULL)
		err(2, NULL);
	return exact;
}

int
main(int argc, char **argv)
{
	struct str out = { NULL, 0 };
	uint8_t *sealed, *key;
	size_t sealed_len, key_len;
	const char *why;
	int rc;

	if (argc != 3)
		errx(2, "usage: unlock sealed key");
	sealed = load(argv[1], &sealed_len);
	key = load(argv[2], &key_len);
	if ((rc = unlock(sealed, sealed_len, key, key_len, &out, &why)) == 0)
		fwrite(out.p, 1, out.len, stdout);
	else
		warnx("%s", why);
	str_free(&out);
	free(sealed);
	free(key);
	return rc == 0 ? 0 : 1;
}
