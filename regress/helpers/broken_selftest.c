/* SPDX-License-Identifier: ISC */
/*
 * Self-tests that find a fault.  The linker puts them in place of the
 * programs' own (--wrap), to see that a program which errs refuses to run.
 */
#include <stddef.h>

int __wrap_proof_selftest(void);
const char *__wrap_tls_selftest(void);

int
__wrap_proof_selftest(void)
{
	return -1;
}

const char *
__wrap_tls_selftest(void)
{
	return "it is broken";
}
