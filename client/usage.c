/* SPDX-License-Identifier: ISC */
/*
 * Command lines: what getopt_long(3) needs and what --help shows, from one
 * table, so that they agree.  Used by plugin-runner, password-agent,
 * password-prompt and plymouth before they do anything else.
 */
#include "usage.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 32
#define COLUMN 30	/* where the descriptions begin */
#define WIDTH 79

enum {
	KEY_HELP = 250,
	KEY_USAGE
};

static const struct usage_option common[] = {
	{ KEY_HELP, "help", NULL, "show this and exit" },
	{ KEY_USAGE, "usage", NULL, "show a short summary and exit" },
	{ 'V', "version", NULL, "show the version and exit" },
	{ 0, NULL, NULL, NULL }
};

static struct option longs[OPTIONS_MAX + 1];
static char shorts[2 * OPTIONS_MAX + 2];

static int
has_letter(const struct usage_option *option)
{
	return option->key < KEY_HELP;
}

static void
add(const struct usage_option *option)
{
	char letter[] = { (char)option->key, '\0' };
	size_t n = 0;

	for (; option->name != NULL; option++) {
		while (longs[n].name != NULL)
			n++;
		if (n == OPTIONS_MAX)
			abort();
		longs[n].name = option->name;
		longs[n].has_arg = option->arg != NULL;
		longs[n].val = option->key;
		if (!has_letter(option))
			continue;
		letter[0] = (char)option->key;
		strlcat(shorts, letter, sizeof shorts);
		if (option->arg != NULL)
			strlcat(shorts, ":", sizeof shorts);
	}
}

void
usage_start(const struct usage *usage)
{
	memset(longs, 0, sizeof longs);
	strlcpy(shorts, usage->stop_at_operand ? "+:" : ":", sizeof shorts);
	add(usage->options);
	add(common);
	optind = 0;
}

static void
show_options(const struct usage_option *option)
{
	int n;

	for (; option->name != NULL; option++) {
		if (option->help == NULL)
			continue;
		if (has_letter(option) || option->key == KEY_HELP)
			n = printf("  -%c, ", option->key == KEY_HELP ? '?' :
			    option->key);
		else
			n = printf("      ");
		n += printf("--%s%s%s", option->name,
		    option->arg != NULL ? "=" : "",
		    option->arg != NULL ? option->arg : "");
		if (n >= COLUMN) {
			printf("\n");
			n = 0;
		}
		printf("%*s%s\n", COLUMN - n, "", option->help);
	}
}

static void
show_help(const struct usage *usage)
{
	printf("usage: %s [OPTION...]%s\n%s\n\noptions:\n", usage->program,
	    usage->operands, usage->about);
	show_options(usage->options);
	show_options(common);
}

/* Add one item to the summary, on a line of its own if this one is full. */
static void
show_item(int *column, const char *item)
{
	if (*column + 1 + (int)strlen(item) > WIDTH)
		*column = printf("\n          ") - 1;
	*column += printf(" %s", item);
}

static void
show_items(int *column, const struct usage_option *option)
{
	char item[128];

	for (; option->name != NULL; option++) {
		if (option->help == NULL)
			continue;
		if (has_letter(option) && option->arg != NULL) {
			snprintf(item, sizeof item, "[-%c %s]", option->key,
			    option->arg);
			show_item(column, item);
		}
		snprintf(item, sizeof item, "[--%s%s%s]", option->name,
		    option->arg != NULL ? "=" : "",
		    option->arg != NULL ? option->arg : "");
		show_item(column, item);
	}
}

static void
show_usage(const struct usage *usage)
{
	const struct usage_option *option;
	char letters[OPTIONS_MAX + 8] = "[-?V";
	size_t n = strlen(letters);
	int column;

	for (option = usage->options; option->name != NULL; option++)
		if (has_letter(option) && option->arg == NULL &&
		    option->help != NULL)
			letters[n++] = (char)option->key;
	letters[n] = ']';
	column = printf("usage: %s", usage->program);
	show_item(&column, letters);
	show_items(&column, usage->options);
	show_items(&column, common);
	if (*usage->operands != '\0')
		show_item(&column, usage->operands + 1);
	printf("\n");
}

int
usage_help(const struct usage *usage)
{
	fprintf(stderr, "Try '%s --help' or '%s --usage' for more "
	    "information.\n", usage->program, usage->program);
	return USAGE_WRONG;
}

int
usage_wrong(const struct usage *usage, const char *why, const char *value)
{
	if (value == NULL)
		fprintf(stderr, "%s: %s\n", usage->program, why);
	else
		fprintf(stderr, "%s: %s: \"%s\"\n", usage->program, why,
		    value);
	return usage_help(usage);
}

/*
 * What getopt_long(3) would say.  It would also say it about "-?", which only
 * an unknown option can be, for the same letter tells of mistakes.
 */
static int
complain(const struct usage *usage, int lacks_argument, char **argv)
{
	const char *word = argv[optind - 1];
	int is_long = strncmp(word, "--", 2) == 0;

	fprintf(stderr, "%s: ", argv[0]);
	if (lacks_argument && is_long)
		fprintf(stderr, "option '%s' requires an argument\n", word);
	else if (lacks_argument)
		fprintf(stderr, "option requires an argument -- '%c'\n",
		    optopt);
	else if (is_long && optopt != 0)
		fprintf(stderr, "option '%.*s' doesn't allow an argument\n",
		    (int)strcspn(word, "="), word);
	else if (is_long)
		fprintf(stderr, "unrecognized or ambiguous option '%s'\n",
		    word);
	else
		fprintf(stderr, "invalid option -- '%c'\n", optopt);
	return usage_help(usage);
}

int
usage_next(const struct usage *usage, int argc, char **argv)
{
	int key;

	opterr = 0;
	key = getopt_long(argc, argv, shorts, longs, NULL);
	if (key == '?' && optopt == '?')
		key = KEY_HELP;
	if (key == '?' || key == ':')
		return complain(usage, key == ':', argv);
	if (key == KEY_HELP)
		show_help(usage);
	else if (key == KEY_USAGE)
		show_usage(usage);
	else if (key == 'V')
		printf("%s %s\n", usage->program, PACKAGE_VERSION);
	else
		return key == -1 ? USAGE_END : key;
	exit(fflush(stdout) == 0 ? usage->help_status : EXIT_FAILURE);
}

int
usage_id(const char *text, unsigned int *id)
{
	const char *why;
	long long number;

	/* strtonum(3) would take white space and a sign. */
	if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
		return -1;
	number = strtonum(text, 0, UINT_MAX - 1LL, &why);
	if (why != NULL)
		return -1;
	*id = (unsigned int)number;
	return 0;
}
