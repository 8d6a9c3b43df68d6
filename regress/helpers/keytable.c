/* SPDX-License-Identifier: ISC */
/*
 * Clients by the thousand for tests: keys, canary secrets, and their sections
 * of clients.conf.  nettle is called directly because GnuTLS needs several
 * times as long for a key.
 */
#include "keytable.h"

#include <sys/types.h>
#include <sys/random.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/eddsa.h>
#include <nettle/sha2.h>

struct keytable_head {
	char magic[8];
	uint32_t count;
	uint32_t secret_size;
};

static const char magic[8] = "OMKEYS1\n";

static int
random_bytes(uint8_t *buf, size_t len)
{
	ssize_t got;

	while (len > 0) {
		got = getrandom(buf, len, 0);
		if (got == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		buf += got;
		len -= (size_t)got;
	}
	return 0;
}

int
keytable_make(struct keytable *table, uint32_t count, uint32_t secret_size)
{
	struct keytable_entry *entry;
	uint32_t i;

	if (secret_size < KEYTABLE_SECRET_MIN ||
	    secret_size > KEYTABLE_SECRET_MAX || count > KEYTABLE_MAX) {
		errno = EINVAL;
		return -1;
	}
	table->count = count;
	table->secret_size = secret_size;
	table->entries = calloc(count ? count : 1, sizeof(*table->entries));
	if (table->entries == NULL)
		return -1;
	for (i = 0; i < count; i++) {
		entry = &table->entries[i];
		if (random_bytes(entry->seed, sizeof(entry->seed)) == -1 ||
		    random_bytes(entry->salt, sizeof(entry->salt)) == -1) {
			keytable_free(table);
			return -1;
		}
		ed25519_sha512_public_key(entry->point, entry->seed);
	}
	return 0;
}

int
keytable_write(const struct keytable *table, const char *path)
{
	struct keytable_head head;
	FILE *f;
	int bad;

	memcpy(head.magic, magic, sizeof(magic));
	head.count = table->count;
	head.secret_size = table->secret_size;
	if ((f = fopen(path, "we")) == NULL)
		return -1;
	bad = fwrite(&head, sizeof(head), 1, f) != 1 ||
	    fwrite(table->entries, sizeof(*table->entries), table->count,
	    f) != table->count;
	if (fclose(f) == EOF || bad)
		return -1;
	return 0;
}

int
keytable_read(struct keytable *table, const char *path)
{
	struct keytable_head head;
	FILE *f;

	memset(table, 0, sizeof(*table));
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	if (fread(&head, sizeof(head), 1, f) != 1 ||
	    memcmp(head.magic, magic, sizeof(magic)) != 0 ||
	    head.count > KEYTABLE_MAX ||
	    head.secret_size < KEYTABLE_SECRET_MIN ||
	    head.secret_size > KEYTABLE_SECRET_MAX)
		goto invalid;
	table->count = head.count;
	table->secret_size = head.secret_size;
	table->entries = calloc(head.count ? head.count : 1,
	    sizeof(*table->entries));
	if (table->entries == NULL) {
		fclose(f);
		return -1;
	}
	if (fread(table->entries, sizeof(*table->entries), head.count, f) !=
	    head.count)
		goto invalid;
	fclose(f);
	return 0;

invalid:
	fclose(f);
	keytable_free(table);
	errno = EINVAL;
	return -1;
}

void
keytable_free(struct keytable *table)
{
	free(table->entries);
	memset(table, 0, sizeof(*table));
}

void
keytable_secret(const struct keytable *table, uint32_t n, uint8_t *buf)
{
	char canary[64], hex[2 * KEYTABLE_SALT_LEN + 1];
	size_t i, len, used, piece;

	for (i = 0; i < KEYTABLE_SALT_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", table->entries[n].salt[i]);
	len = (size_t)snprintf(canary, sizeof(canary), "CANARY-%" PRIu32
	    "-%s;", n, hex);
	for (used = 0; used < table->secret_size; used += piece) {
		piece = table->secret_size - used;
		if (piece > len)
			piece = len;
		memcpy(buf + used, canary, piece);
	}
}

void
keytable_spki(const struct keytable_entry *entry,
    uint8_t spki[KEYTABLE_SPKI_LEN])
{
	static const uint8_t prefix[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
		0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

	memcpy(spki, prefix, sizeof(prefix));
	memcpy(spki + sizeof(prefix), entry->point, sizeof(entry->point));
}

void
keytable_keyid(const uint8_t *spki, size_t len,
    uint8_t keyid[KEYTABLE_KEYID_LEN])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, spki);
	sha256_digest(&ctx, KEYTABLE_KEYID_LEN, keyid);
}

int
keytable_section(FILE *out, const char *name,
    const uint8_t keyid[KEYTABLE_KEYID_LEN], const uint8_t *secret, size_t len)
{
	char line[BASE64_ENCODE_RAW_LENGTH(48)];
	size_t i, piece;

	/* The original insists on a fingerprint, which may be empty. */
	fprintf(out, "[%s]\nhost = ::1\nfingerprint =\nkey_id = ", name);
	for (i = 0; i < KEYTABLE_KEYID_LEN; i++)
		fprintf(out, "%02x", keyid[i]);
	fputs("\nsecret =\n", out);
	for (i = 0; i < len; i += piece) {
		piece = len - i < 48 ? len - i : 48;
		base64_encode_raw(line, piece, secret + i);
		fprintf(out, "    %.*s\n", (int)BASE64_ENCODE_RAW_LENGTH(piece),
		    line);
	}
	fputc('\n', out);
	return ferror(out) ? -1 : 0;
}
