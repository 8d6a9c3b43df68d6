/* SPDX-License-Identifier: ISC */
/*
 * mandos-keygen: main().  The first process; it goes no further than options
 * before it has made itself hard to look into.
 */
#include "keygen.h"

#include <stdlib.h>

int
main(int argc, char **argv)
{
	struct options options = { .mode = MODE_KEYS };
	int status = EXIT_KEYGEN_FAILED;

	guard_harden();
	options_read(&options, argc, argv);
	switch (options.mode) {
	case MODE_KEYS:
		status = keys_make(&options);
		break;
	case MODE_SECTION:
		status = section_make(&options);
		break;
	case MODE_TEST:
		status = test_boot(&options);
		break;
	}
	exit(status);
}
