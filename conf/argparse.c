/* SPDX-License-Identifier: ISC */
/*
 * Command lines as Python's argparse reads them.  Run by the configuration
 * reader and by mandos-ctl; touches nothing outside.
 */
#include "argparse.h"

#include <sys/types.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "log.h"

/* How an argument is to be taken. */
struct word {
	int is_option;
	const struct argparse_rule *rule; /* NULL for an unknown option */
	int is_brief;			/* it was named by its letter */
	const char *value;		/* what stands in the same word */
};

struct parsing {
	struct argparse *a;
	struct word *words;
	char **argv;
	int argc;
	int at;
	int end;			/* where the first "--" is */
	char **extras;			/* what nobody wants */
	size_t extra_count;
};

__attribute__((format(printf, 2, 3)))
static int
fail(struct argparse *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&a->error, fmt, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
	a->result = ARGPARSE_ERROR;
	return -1;
}

char *
argparse_title(const struct argparse_rule *rule)
{
	char *title;

	if (asprintf(&title, "%s%s%s", rule->brief != NULL ? rule->brief : "",
	    rule->brief != NULL ? "/" : "", rule->name) == -1)
		fatal("asprintf");
	return title;
}

int
argparse_fail_option(struct argparse *a, const struct argparse_rule *rule,
    const char *what, const char *value)
{
	char *quoted = NULL, *title = argparse_title(rule);

	if (value != NULL)
		quoted = text_quote(text_from(value));
	fail(a, "argument %s: %s%s", title, what,
	    quoted != NULL ? quoted : "");
	free(quoted);
	free(title);
	return -1;
}

static const struct argparse_rule *
find_exact(const struct argparse *a, const char *arg, size_t len,
    int *is_brief)
{
	const struct argparse_rule *rule;

	for (rule = a->rules; rule < a->rules + a->count; rule++) {
		*is_brief = rule->brief != NULL &&
		    strlen(rule->brief) == len &&
		    memcmp(rule->brief, arg, len) == 0;
		if (*is_brief || (strlen(rule->name) == len &&
		    memcmp(rule->name, arg, len) == 0))
			return rule;
	}
	return NULL;
}

static int
begins_like(const struct argparse_rule *rule, int is_ours, const char *arg,
    size_t len)
{
	return rule->is_ours == is_ours && strncmp(rule->name, arg, len) == 0;
}

/*
 * The long options that begin like ${arg}.  Ours count only if none of the
 * original's does, so that every abbreviation means what it always has.
 */
static int
find_prefix(struct argparse *a, const char *arg, size_t len,
    struct word *word)
{
	const struct argparse_rule *rule;
	char *list = NULL, *longer;
	size_t count = 0;
	int ours;

	for (ours = 0; ours < 2 && count == 0; ours++) {
		for (rule = a->rules; rule < a->rules + a->count; rule++) {
			if (!begins_like(rule, ours, arg, len))
				continue;
			word->rule = rule;
			if (asprintf(&longer, "%s%s%s",
			    count > 0 ? list : "", count > 0 ? ", " : "",
			    rule->name) == -1)
				fatal("asprintf");
			free(list);
			list = longer;
			count++;
		}
	}
	if (count > 1) {
		word->rule = NULL;
		fail(a, "ambiguous option: %s could match %s", arg, list);
	}
	free(list);
	return count > 1 ? -1 : 0;
}

static int
is_negative_number(const char *arg)
{
	size_t whole = strspn(arg + 1, "0123456789"), part;

	if (arg[1 + whole] == '\0')
		return whole > 0;
	if (arg[1 + whole] != '.')
		return 0;
	part = strspn(arg + whole + 2, "0123456789");
	return part > 0 && arg[whole + 2 + part] == '\0';
}

/* Decide whether an argument is an option, and which. */
static int
classify(struct argparse *a, const char *arg, struct word *word)
{
	const char *equals;
	size_t len = strlen(arg);

	if (arg[0] != '-' || len == 1)
		return 0;
	word->is_option = 1;
	word->rule = find_exact(a, arg, len, &word->is_brief);
	if (word->rule != NULL)
		return 0;
	if ((equals = strchr(arg, '=')) != NULL) {
		len = (size_t)(equals - arg);
		word->value = equals + 1;
		word->rule = find_exact(a, arg, len, &word->is_brief);
		if (word->rule != NULL)
			return 0;
	}
	if (arg[1] == '-') {
		if (find_prefix(a, arg, len, word) == -1)
			return -1;
	} else {
		word->value = arg + 2;
		word->rule = find_exact(a, arg, 2, &word->is_brief);
	}
	if (word->rule != NULL)
		return 0;
	/* What is no known option may still be a value. */
	word->is_option = !is_negative_number(arg) &&
	    strchr(arg, ' ') == NULL;
	return 0;
}

/* The value of an option that has none in its own word. */
static int
take_value(struct parsing *p, struct word *word)
{
	int next = p->at + 1;

	if (next >= p->argc || p->words[next].is_option || next == p->end)
		return argparse_fail_option(p->a, word->rule,
		    "expected one argument", NULL);
	word->value = p->argv[next];
	p->at = next;
	return 0;
}

/*
 * A word of letters, such as -nT or -np4711.  All of it is understood before
 * any of it is done.
 */
static int
apply_letters(struct parsing *p, struct word *word)
{
	const struct argparse_rule **group;
	char brief[3] = "-?";
	size_t i, count = 0;
	int result = -1;

	group = calloc(strlen(p->argv[p->at]) + 1, sizeof *group);
	if (group == NULL)
		fatal("calloc");
	for (;;) {
		group[count++] = word->rule;
		if (word->rule->argument != NULL || word->value == NULL)
			break;
		brief[1] = word->value[0];
		if (!word->is_brief || word->value[0] == '\0' ||
		    (word->rule = find_exact(p->a, brief, 2,
		    &word->is_brief)) == NULL) {
			argparse_fail_option(p->a, group[count - 1],
			    "ignored explicit argument ", word->value);
			goto out_free;
		}
		word->value = word->value[1] != '\0' ? word->value + 1 : NULL;
	}
	if (word->rule->argument != NULL && word->value == NULL &&
	    take_value(p, word) == -1)
		goto out_free;
	for (i = 0; i < count; i++)
		if (p->a->apply(p->a, group[i],
		    group[i]->argument != NULL ? word->value : NULL) == -1)
			goto out_free;
	result = 0;
out_free:
	free(group);
	return result;
}

/* The first words that are no options, up to the next option, are names. */
static void
take_names(struct parsing *p)
{
	struct argparse *a = p->a;

	for (; p->at < p->argc && !p->words[p->at].is_option; p->at++)
		if (p->at != p->end)
			a->names[a->name_count++] = p->argv[p->at];
	p->at--;
}

static int
fail_extras(struct parsing *p)
{
	char *list = NULL, *longer;
	size_t i;

	for (i = 0; i < p->extra_count; i++) {
		if (asprintf(&longer, "%s%s%s", i > 0 ? list : "",
		    i > 0 ? " " : "", p->extras[i]) == -1)
			fatal("asprintf");
		free(list);
		list = longer;
	}
	fail(p->a, "unrecognized arguments: %s", list);
	free(list);
	return -1;
}

static int
parse(struct parsing *p)
{
	int i, has_names = p->a->positional == NULL;

	p->end = p->argc;
	for (i = 1; i < p->argc && p->end == p->argc; i++) {
		if (strcmp(p->argv[i], "--") == 0)
			p->end = i;
		else if (classify(p->a, p->argv[i], &p->words[i]) == -1)
			return -1;
	}
	for (p->at = 1; p->at < p->argc; p->at++) {
		/* Where no names are wanted, nobody complains about "--". */
		if (p->at == p->end && p->a->positional == NULL)
			continue;
		if (!p->words[p->at].is_option && !has_names) {
			take_names(p);
			has_names = 1;
		} else if (p->words[p->at].rule == NULL)
			p->extras[p->extra_count++] = p->argv[p->at];
		else if (apply_letters(p, &p->words[p->at]) == -1)
			return -1;
	}
	return p->extra_count > 0 ? fail_extras(p) : 0;
}

enum argparse_result
argparse_read(struct argparse *a, int argc, char **argv)
{
	struct parsing p = { .a = a, .argv = argv, .argc = argc };

	a->result = ARGPARSE_RUN;
	a->names = calloc((size_t)argc + 1, sizeof *a->names);
	p.words = calloc((size_t)argc + 1, sizeof *p.words);
	p.extras = calloc((size_t)argc + 1, sizeof *p.extras);
	if (a->names == NULL || p.words == NULL || p.extras == NULL)
		fatal("calloc");
	parse(&p);
	free(p.words);
	free(p.extras);
	return a->result;
}

/* Add an item to the usage block, on a line of its own if need be. */
static int
put_item(FILE *f, int column, int indent, const char *item)
{
	if (column + (int)strlen(item) > 79)
		column = fprintf(f, "\n%*s", indent, "") - 1;
	fputs(item, f);
	return column + (int)strlen(item);
}

void
argparse_usage(const struct argparse *a, FILE *f, const char *program)
{
	const struct argparse_rule *rule;
	char item[64];
	int column, indent;

	column = fprintf(f, "usage: %s", program);
	indent = column;
	for (rule = a->rules; rule < a->rules + a->count; rule++) {
		snprintf(item, sizeof item, " [%s%s%s]",
		    rule->brief != NULL ? rule->brief : rule->name,
		    rule->argument != NULL ? " " : "",
		    rule->argument != NULL ? rule->argument : "");
		column = put_item(f, column, indent, item);
	}
	if (a->positional != NULL) {
		snprintf(item, sizeof item, " [%s ...]", a->positional);
		put_item(f, column, indent, item);
	}
	fputc('\n', f);
}

void
argparse_help(const struct argparse *a, FILE *f, const char *program)
{
	const struct argparse_rule *rule;

	argparse_usage(a, f, program);
	fputs("\noptions:\n", f);
	for (rule = a->rules; rule < a->rules + a->count; rule++)
		fprintf(f, "  %s%s%s%s%s\n\t\t\t%s\n",
		    rule->brief != NULL ? rule->brief : "",
		    rule->brief != NULL ? ", " : "", rule->name,
		    rule->argument != NULL ? " " : "",
		    rule->argument != NULL ? rule->argument : "", rule->help);
}
