/* SPDX-License-Identifier: ISC */
/*
 * export TABLE: print the filter made from that table, for filters_test.sh.
 * export --build: print what kind of build this is.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

#include "rules.h"
#include "sandbox.h"

static const char *
build(void)
{
#if defined(SANDBOX_SANITIZER)
	return "sanitizer";
#elif defined(SANDBOX_DEBUG)
	return "debug";
#else
	return "ordinary";
#endif
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {
#define TABLE(upper, lower, refuses) [RULES_##upper] = #lower,
		SANDBOX_TABLES(TABLE)
	};
	const struct scmp_version *version = seccomp_version();
	size_t i;

	if (argc == 2 && strcmp(argv[1], "--build") == 0) {
		printf("%s build, libseccomp %u.%u\n", build(), version->major,
		    version->minor);
		return 0;
	}
	for (i = 0; argc == 2 && i < sizeof names / sizeof *names; i++)
		if (strcmp(argv[1], names[i]) == 0) {
			sandbox_export((enum sandbox_rules)i, STDOUT_FILENO);
			return 0;
		}
	fputs("usage: export --build", stderr);
	for (i = 0; i < sizeof names / sizeof *names; i++)
		fprintf(stderr, " | %s", names[i]);
	fputs("\n", stderr);
	return 64;
}
