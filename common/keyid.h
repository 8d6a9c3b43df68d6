/* SPDX-License-Identifier: ISC */
/*
 * Key IDs: SHA-256 over the DER SubjectPublicKeyInfo of a raw public key.
 */
#ifndef KEYID_H
#define KEYID_H

#include <stdint.h>

#define KEYID_LEN 32
#define KEYID_HEX_LEN (2 * KEYID_LEN + 1)

/*
 * keyid_parse(text, keyid): read 64 hexadecimal digits, of either case, and
 * nothing else from ${text} into ${keyid}.  Returns 0, or -1 if ${text} is
 * anything else or is the hash of nothing, which the original never matches.
 */
int keyid_parse(const char *, uint8_t[KEYID_LEN]);

/*
 * keyid_print(keyid, hex): write ${keyid} as 64 upper-case hexadecimal digits
 * and a NUL into ${hex}.  Returns ${hex}.
 */
char *keyid_print(const uint8_t[KEYID_LEN], char[KEYID_HEX_LEN]);

/*
 * keyid_is_void(keyid): true for the hash of nothing.
 */
int keyid_is_void(const uint8_t[KEYID_LEN]);

#endif
