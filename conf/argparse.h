/* SPDX-License-Identifier: ISC */
/*
 * Command lines as Python's argparse reads them: options may be shortened,
 * what looks like an option is no value, and the texts of the complaints are
 * the same.  What an option means is the affair of who has the table.
 */
#ifndef ARGPARSE_H
#define ARGPARSE_H

#include <stddef.h>
#include <stdio.h>

enum argparse_result {
	ARGPARSE_RUN,
	ARGPARSE_HELP,
	ARGPARSE_VERSION,
	ARGPARSE_ERROR
};

struct argparse_rule {
	const char *brief;	/* "-p", or NULL */
	const char *name;	/* "--port" */
	int kind;		/* a number of who has the table */
	size_t offset;		/* and another one */
	int is_ours;		/* the original has no such option */
	const char *argument;	/* NULL: it takes no value */
	const char *help;
};

struct argparse {
	const struct argparse_rule *rules;
	size_t count;
	const char *positional;	/* what "names" are; NULL: none are wanted */
	const char **names;	/* to be freed, but not what is in it */
	size_t name_count;
	char *error;		/* for ARGPARSE_ERROR; to be freed */
	enum argparse_result result;

	/*
	 * Do what ${rule} says; ${value} is of argv, and NULL if it takes
	 * none.  Returns 0, or -1 to end the reading: then it has set result,
	 * or called argparse_fail_option().
	 */
	int (*apply)(struct argparse *, const struct argparse_rule *,
	    const char *);
	void *context;		/* for apply */
};

/*
 * argparse_read(a, argc, argv): read the command line, with ${a} filled up to
 * "positional" and "apply".  Options are applied in their order; words of
 * several letters when all of the word is understood.
 */
enum argparse_result argparse_read(struct argparse *, int, char **);

/*
 * argparse_fail_option(a, rule, what, value): complain "argument -p/--port: "
 * with ${what} and then, unless it is NULL, ${value} in quotes.  Returns -1.
 */
int argparse_fail_option(struct argparse *, const struct argparse_rule *,
    const char *, const char *);

/* argparse_title(rule): "-p/--port", to be freed. */
char *argparse_title(const struct argparse_rule *);

/*
 * argparse_usage(a, f, program), argparse_help(a, f, program): print the usage
 * block, or that and a list of the options.
 */
void argparse_usage(const struct argparse *, FILE *, const char *);
void argparse_help(const struct argparse *, FILE *, const char *);

#endif
