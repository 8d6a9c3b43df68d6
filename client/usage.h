/* SPDX-License-Identifier: ISC */
/*
 * Command lines in the manner of the original's programs: long options that
 * may be abbreviated, options and operands mixed, --help, --usage, --version,
 * and two lines about a mistake.
 */
#ifndef USAGE_H
#define USAGE_H

/* An option; the table ends with a row that has no name. */
struct usage_option {
	int key;		/* what usage_next returns; a letter is the
				   short option, too; others are above 255 */
	const char *name;	/* the long option */
	const char *arg;	/* what its argument is called, or NULL */
	const char *help;	/* NULL: not shown */
};

struct usage {
	const char *program;
	const char *operands;	/* for the synopsis, or "" */
	const char *about;	/* one line */
	const struct usage_option *options;
	int help_status;	/* how --help, --usage and --version end */
	int stop_at_operand;	/* what follows it are not our options */
};

#define USAGE_END (-2)
#define USAGE_WRONG (-1)

/*
 * usage_start(usage): begin with an argument vector, the first or another one.
 */
void usage_start(const struct usage *);

/*
 * usage_next(usage, argc, argv): the key of the next option, whose argument is
 * in optarg; USAGE_END, when operands begin at optind; or USAGE_WRONG, after
 * standard error has been told.  Ends the program after --help, --usage and
 * --version.
 */
int usage_next(const struct usage *, int, char **);

/*
 * usage_wrong(usage, why, value): say what is wrong, about which value, if it
 * is not NULL, and where there is help.  Returns USAGE_WRONG.
 */
int usage_wrong(const struct usage *, const char *, const char *);

/* usage_help(usage): only where there is help. */
int usage_help(const struct usage *);

/*
 * usage_id(text, id): a user or group number of decimal digits.  Returns 0, or
 * -1 if it is none; the highest number, which stands for no id, is none.
 */
int usage_id(const char *, unsigned int *);

#endif
