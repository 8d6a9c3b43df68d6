/* SPDX-License-Identifier: ISC */
/*
 * The daemon's own reader of ledgers, for thousands of them.
 */
#ifndef READER_H
#define READER_H

#define READER_NONE "none"
#define READER_REFUSED "refused"

/*
 * reader_text(dir): what mandos-state reads in a directory, as the one text
 * there is for it, less when it was written; READER_NONE if there is no
 * ledger, READER_REFUSED if it would not start.  The caller frees it.
 */
char *reader_text(const char *);

#endif
