/* SPDX-License-Identifier: ISC */
/*
 * What the tests of the proof check share: handshakes from mktranscript, and a
 * caller of proof_check() that watches what it does.  Their programs are
 * linked with --wrap=signature_holds, so that calls of it are seen.
 */
#ifndef PROOF_LIB_H
#define PROOF_LIB_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include <atf-c.h>

#include "keyid.h"
#include "msgs.h"

#include "proof.h"

#define MESSAGES_MAX 7

struct buf {
	uint8_t d[TRANSCRIPT_MAX + 64];
	size_t len;
};

/* A line from mktranscript. */
struct record {
	char name[64];
	char flaw[64];
	uint8_t nonce[NONCE_LEN];
	uint8_t keyid[KEYID_LEN];
	struct buf tr;
	struct buf verify;
};

extern struct record records[128];
extern size_t nrecords;

/* What the tests tell the client table and signature_holds(), and see. */
extern struct watch {
	const uint8_t *only;	/* the one enrolled key; NULL: every key is */
	int lie;		/* what signature_holds() says, or -1: truth */
	int asked;		/* calls of the client table */
	uint8_t asked_for[KEYID_LEN];
	int verified;		/* calls of signature_holds() */
} watch;

/*
 * apart(memory, p, len): a copy at the very end of its own memory, which the
 * caller frees, so that ASan sees a step outside even if it is empty.
 */
struct bytes apart(uint8_t **, const uint8_t *, size_t);

/* load(tc, args): read records from "mktranscript args". */
void load(const atf_tc_t *, const char *);

/* try(...): true if accepted; the outcome in the first argument. */
int try(struct proof *, const uint8_t *, const struct buf *,
    const struct buf *);

/* accepted(record, transcript, verify): try with the record's nonce. */
int accepted(const struct record *, const struct buf *, const struct buf *);

/* Where the messages begin, the transcript's end included; their count. */
size_t split(const struct buf *, size_t[MESSAGES_MAX]);

/* The key, which the Certificate at the end of the transcript carries. */
uint8_t *spki_at(struct buf *, size_t *);

size_t number(const uint8_t *, size_t);
void put_number(uint8_t *, size_t, size_t);
void append(struct buf *, const void *, size_t);
void append_message(struct buf *, unsigned int, const void *, size_t);

/* hex(text, out, size): fails the test if it does not fit; the length. */
size_t hex(const char *, uint8_t *, size_t);

/* set_signature(verify, sig, len): with this signature instead. */
void set_signature(struct buf *, const uint8_t *, size_t);

/* The linker's names for the function that is watched and its watcher. */
int __real_signature_holds(unsigned int, struct bytes, struct bytes,
    struct bytes);
int __wrap_signature_holds(unsigned int, struct bytes, struct bytes,
    struct bytes);

#endif
