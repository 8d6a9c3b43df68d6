/* SPDX-License-Identifier: ISC */
/*
 * The verified handoff: does this session's handshake prove that the holder
 * of an enrolled key is at the other end?
 */
#ifndef PROOF_H
#define PROOF_H

#include "keyid.h"
#include "signature.h"

struct client;

enum proof_key {
	PROOF_KEY_NONE,		/* not got so far; keyid is not set */
	PROOF_KEY_UNKNOWN,	/* nobody has enrolled keyid */
	PROOF_KEY_ENROLLED	/* somebody has; only a claim if it is flawed */
};

struct proof {
	/* What the caller fills in; nothing of it is copied or kept. */
	const uint8_t *nonce;		/* NONCE_LEN bytes, of this channel */
	struct bytes transcript;	/* ClientHello to Certificate */
	struct bytes verify;		/* CertificateVerify, header and all */
	/* What proof_check() fills in, for logs and penalties only. */
	const char *flaw;		/* NULL, or why it was refused */
	enum proof_key key;
	uint8_t keyid[KEYID_LEN];
};

/*
 * proof_check(proof, find): the client that has proven its key, or NULL.
 *
 * In this order: the messages are exactly the ones there must be, once each;
 * the ClientHello is made with the nonce; ${find} is asked, once, for the
 * client that has enrolled the key with this ID; and only then the bytes of
 * the key are taken for a key, and the signature is verified with it.  So a
 * caller gets no client without a proof.  That a nonce is used only once, and
 * whether the client may have its secret, is for the caller.  Never logs.
 */
struct client *proof_check(struct proof *,
    struct client *(*)(const uint8_t[KEYID_LEN]));

/*
 * proof_selftest(): hold proof_check() against a good proof and bad ones that
 * are built in.  Returns 0, or -1 if it errs: then nothing may be released.
 */
int proof_selftest(void);

#endif
