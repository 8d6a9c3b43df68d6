/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of what mandos-import reads: an input is taken as the original's
 * file, as an encrypted secret, and as what is in one that is decrypted.
 *
 * Besides having no fault, what is accepted has to be usable: it makes a
 * ledger that reads as what it was made of.
 */
#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define COUNT_AT 14		/* of the byte in it that says how long */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int is_true)
{
	if (!is_true)
		abort();
}

static void
try_table(const struct table *table)
{
	struct buffer text = { NULL, 0, 0 }, again = { NULL, 0, 0 };
	struct ledger_fault fault;
	struct table copy;
	int64_t us;

	table_init(&copy);
	require(ledger_write(table, 1, &text) == 0);
	require(ledger_read(text.p, text.used, &copy, &us, &fault) == 0);
	require(us == 1 && copy.count == table->count);
	require(ledger_write(&copy, 1, &again) == 0);
	require(text.used == again.used &&
	    memcmp(text.p, again.p, text.used) == 0);
	table_clear(&copy);
	buffer_free(&text);
	buffer_free(&again);
}

static void
try_pickle(const uint8_t *data, size_t size)
{
	const struct value *top;
	struct pickle pickle;
	struct table table;
	char *why;

	if ((top = pickle_read(&pickle, data, size)) == NULL)
		require(pickle.flaw[0] != '\0' && pickle.flaw_at <= size);
	else if (saved_table(&pickle, top, &table, &why) == 0) {
		try_table(&table);
		table_clear(&table);
	} else {
		require(why != NULL);
		free(why);
	}
	pickle_free(&pickle);
}

/* With a passphrase that is hashed so often that it takes a while: not. */
static void
try_secret(const uint8_t *data, size_t size)
{
	static const uint8_t key[] = "key";
	struct str out = { NULL, 0 };
	const char *why;

	if (size > COUNT_AT && data[COUNT_AT] < 0x80 &&
	    unlock(data, size, key, sizeof key - 1, &out, &why) == 0)
		require(out.len <= SECRET_MAX);
	str_free(&out);
	if (packet_read((struct input) { data, size }, &out) == 0)
		require(out.len <= SECRET_MAX);
	str_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	/* In memory of its own, so that a step outside is seen. */
	require((copy = malloc(size == 0 ? 1 : size)) != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	try_pickle(copy, size);
	try_secret(copy, size);
	free(copy);
	return 0;
}
