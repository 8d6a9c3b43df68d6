/* SPDX-License-Identifier: ISC */
/*
 * Reads a ledger as mandos-state does at its start, but for the lock.
 */
#include "reader.h"

#include <sys/types.h>

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ledger.h"
#include "store.h"

char *
reader_text(const char *dir)
{
	struct store store = { .owner = geteuid() };
	struct buffer buf = { .p = NULL };
	struct ledger_fault fault;
	struct table table;
	char *text = NULL;
	int64_t us;
	int status;

	store.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.fd == -1)
		err(1, "%s", dir);
	table_init(&table);
	if ((status = store_read(&store, &buf)) == -1)
		text = strdup(READER_NONE);
	else if (status != 0 ||
	    ledger_read(buf.p, buf.used, &table, &us, &fault) == -1)
		text = strdup(READER_REFUSED);
	buffer_free(&buf);
	if (text == NULL && ledger_write(&table, 0, &buf) == 0)
		text = strndup(buf.p, buf.used);
	buffer_free(&buf);
	table_clear(&table);
	store_close(&store);
	if (text == NULL)
		errx(1, "what was read cannot be written");
	return text;
}
