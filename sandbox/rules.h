/* SPDX-License-Identifier: ISC */
/*
 * The form of the rule tables.  A row is a system call, up to three tests of
 * its arguments which must all hold for the row to apply, and the reason in
 * words.  Two rows for one call mean "or".  Rows are in alphabetical order,
 * the last has no name.
 *
 * Such a table says what is allowed, and all else kills the process.  Two, of
 * ABSENT, DENY and DENY_IF rows, say what is refused, and all else is allowed:
 * rules_checkerd, which is also that of every checker, and
 * rules_client_decrypt, which comes on top of it.
 */
#ifndef RULES_H
#define RULES_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox.h"

#define SANDBOX_TESTS 3

struct sandbox_test {
	unsigned int arg;	/* number of the argument, from 0 */
	uint64_t mask;		/* holds if (argument & mask) == value; */
	uint64_t value;		/* a mask of 0 ends the list */
	int differs;		/* holds if argument != value instead */
};

struct sandbox_rule {
	const char *call;	/* a name: not every machine has every call */
	struct sandbox_test tests[SANDBOX_TESTS];
	int error;		/* the call merely fails with this */
	const char *why;
};

/* Of an int the kernel ignores the upper half of the register, as we do. */
#define IS(arg, value)		 { arg, UINT32_MAX, value, 0 }
#define ONLY(arg, bits)		 { arg, UINT32_MAX & ~(uint64_t)(bits), 0, 0 }
#define WITH(arg, bit)		 { arg, bit, bit, 0 }
#define WITHOUT(arg, bits)	 { arg, bits, 0, 0 }
/* Of all 64 bits: whoever puts rubbish in the upper half is not excepted. */
#define IS_NOT(arg, value)	 { arg, UINT64_MAX, value, 1 }

#define ALLOW(call, why)	 { call, { { 0, 0, 0, 0 } }, 0, why }
#define ALLOW_IF(call, why, ...) { call, { __VA_ARGS__ }, 0, why }
#define REFUSE(call, why)	 { call, { { 0, 0, 0, 0 } }, EACCES, why }
#define ABSENT(call, why)	 { call, { { 0, 0, 0, 0 } }, ENOSYS, why }
#define DENY(call, why)		 { call, { { 0, 0, 0, 0 } }, EPERM, why }
#define DENY_IF(call, why, ...)	 { call, { __VA_ARGS__ }, EPERM, why }
#define END			 { NULL, { { 0, 0, 0, 0 } }, 0, NULL }

/* AddressSanitizer needs more to say what it has found. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANDBOX_SANITIZER
#endif

extern const struct sandbox_rule rules_base[];	/* in every list of ALLOWs */
#define SANDBOX_EXTERN(upper, lower, refuses) \
	extern const struct sandbox_rule rules_##lower[];
SANDBOX_TABLES(SANDBOX_EXTERN)

#endif
