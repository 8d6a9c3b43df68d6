/* SPDX-License-Identifier: ISC */
/*
 * The command line of mandos(8), as the original's Python reads it: options
 * may be shortened, what looks like an option is no value, and the texts of
 * the complaints are the same.  Run by the configuration reader; touches
 * nothing outside.
 */
#include "conf.h"

#include <sys/types.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

enum option_kind {
	KIND_FLAG,
	KIND_TEXT,
	KIND_INTEGER,
	KIND_HELP,
	KIND_VERSION
};

struct option_rule {
	const char *brief;	/* "-p", or NULL */
	const char *name;	/* "--port" */
	enum option_kind kind;
	size_t offset;		/* in struct options */
	int is_ours;		/* the original has no such option */
	const char *argument;
	const char *help;
};

#define AT(field) offsetof(struct options, field)

// clang-format off
static const struct option_rule rules[] = {
	{ "-h", "--help", KIND_HELP, 0, 0, NULL,
	    "show this help and exit" },
	{ "-v", "--version", KIND_VERSION, 0, 0, NULL,
	    "show the version and exit" },
	{ "-i", "--interface", KIND_TEXT, AT(interface), 0, "IF",
	    "use this network interface only" },
	{ "-a", "--address", KIND_TEXT, AT(address), 0, "ADDRESS",
	    "listen at this address" },
	{ "-p", "--port", KIND_INTEGER, AT(port), 0, "PORT",
	    "listen at this TCP port" },
	{ NULL, "--check", KIND_FLAG, AT(check), 0, NULL,
	    "run the self-tests and exit" },
	{ NULL, "--debug", KIND_FLAG, AT(debug), 0, NULL,
	    "stay in the foreground and log everything" },
	{ NULL, "--debuglevel", KIND_TEXT, AT(debuglevel), 0, "LEVEL",
	    "log this and what is worse: CRITICAL, ERROR, WARNING, INFO, "
	    "DEBUG" },
	{ NULL, "--priority", KIND_TEXT, AT(priority), 0, "STRING",
	    "GnuTLS priority string" },
	{ NULL, "--servicename", KIND_TEXT, AT(servicename), 0, "NAME",
	    "Zeroconf service name" },
	{ NULL, "--configdir", KIND_TEXT, AT(configdir), 0, "DIR",
	    "read mandos.conf and clients.conf from here" },
	{ NULL, "--no-dbus", KIND_FLAG, AT(no_dbus), 0, NULL,
	    "offer no D-Bus interface" },
	{ NULL, "--no-ipv6", KIND_FLAG, AT(no_ipv6), 0, NULL,
	    "use IPv4 only" },
	{ NULL, "--no-restore", KIND_FLAG, AT(no_restore), 0, NULL,
	    "forget the state of the last run" },
	{ NULL, "--socket", KIND_INTEGER, AT(socket), 0, "FD",
	    "listen on this inherited descriptor" },
	{ NULL, "--statedir", KIND_TEXT, AT(statedir), 0, "DIR",
	    "keep state here" },
	{ NULL, "--foreground", KIND_FLAG, AT(foreground), 0, NULL,
	    "do not become a daemon" },
	{ NULL, "--no-zeroconf", KIND_FLAG, AT(no_zeroconf), 0, NULL,
	    "do not announce the service" },
	{ "-n", "--config-test", KIND_FLAG, AT(config_test), 1, NULL,
	    "read the configuration, say what is wrong with it, and exit" },
	{ "-T", "--show-config", KIND_FLAG, AT(show_config), 1, NULL,
	    "show what the configuration comes to, and exit" },
	{ NULL, "--start-disabled", KIND_FLAG, AT(start_disabled), 1, NULL,
	    "if the state is damaged, start with every client disabled" },
};
// clang-format on

#define RULES (sizeof rules / sizeof rules[0])

/* How an argument is to be taken. */
struct word {
	int is_option;
	const struct option_rule *rule;	/* NULL for an unknown option */
	int is_brief;			/* it was named by its letter */
	const char *value;		/* what stands in the same word */
};

struct parsing {
	struct options *options;
	struct word *words;
	char **argv;
	int argc;
	int at;
	char **extras;			/* what nobody wants */
	size_t extra_count;
	enum options_result result;
	char *error;
};

__attribute__((format(printf, 2, 3)))
static int
fail(struct parsing *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&p->error, fmt, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
	p->result = OPTIONS_ERROR;
	return -1;
}

/* "-p/--port" */
static int
fail_option(struct parsing *p, const struct option_rule *rule,
    const char *what, const char *value)
{
	char *quoted = NULL;

	if (value != NULL)
		quoted = text_quote(text_from(value));
	fail(p, "argument %s%s%s: %s%s", rule->brief != NULL ? rule->brief : "",
	    rule->brief != NULL ? "/" : "", rule->name, what,
	    quoted != NULL ? quoted : "");
	free(quoted);
	return -1;
}

static const struct option_rule *
find_exact(const char *arg, size_t len, int *is_brief)
{
	size_t i;

	for (i = 0; i < RULES; i++) {
		*is_brief = rules[i].brief != NULL &&
		    strlen(rules[i].brief) == len &&
		    memcmp(rules[i].brief, arg, len) == 0;
		if (*is_brief || (strlen(rules[i].name) == len &&
		    memcmp(rules[i].name, arg, len) == 0))
			return &rules[i];
	}
	return NULL;
}

/*
 * The long options that begin like ${arg}.  Ours count only if none of the
 * original's does, so that every abbreviation means what it always has.
 */
static int
find_prefix(struct parsing *p, const char *arg, size_t len, struct word *word)
{
	const struct option_rule *found[RULES];
	char *list = NULL, *longer;
	size_t i, count = 0;
	int ours;

	for (ours = 0; ours < 2 && count == 0; ours++)
		for (i = 0; i < RULES; i++)
			if (rules[i].is_ours == ours &&
			    strncmp(rules[i].name, arg, len) == 0)
				found[count++] = &rules[i];
	word->rule = count == 1 ? found[0] : NULL;
	if (count < 2)
		return 0;
	for (i = 0; i < count; i++) {
		if (asprintf(&longer, "%s%s%s", i > 0 ? list : "",
		    i > 0 ? ", " : "", found[i]->name) == -1)
			fatal("asprintf");
		free(list);
		list = longer;
	}
	fail(p, "ambiguous option: %s could match %s", arg, list);
	free(list);
	return -1;
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
classify(struct parsing *p, const char *arg, struct word *word)
{
	const char *equals;
	size_t len = strlen(arg);

	if (arg[0] != '-' || len == 1)
		return 0;
	word->is_option = 1;
	word->rule = find_exact(arg, len, &word->is_brief);
	if (word->rule != NULL)
		return 0;
	if ((equals = strchr(arg, '=')) != NULL) {
		len = (size_t)(equals - arg);
		word->value = equals + 1;
		word->rule = find_exact(arg, len, &word->is_brief);
		if (word->rule != NULL)
			return 0;
	}
	if (arg[1] == '-') {
		if (find_prefix(p, arg, len, word) == -1)
			return -1;
	} else {
		word->value = arg + 2;
		word->rule = find_exact(arg, 2, &word->is_brief);
	}
	if (word->rule != NULL)
		return 0;
	/* What is no known option may still be a value. */
	word->is_option = !is_negative_number(arg) &&
	    strchr(arg, ' ') == NULL;
	return 0;
}

static int
takes_value(const struct option_rule *rule)
{
	return rule->kind == KIND_TEXT || rule->kind == KIND_INTEGER;
}

/* Do what the option says. */
static int
apply(struct parsing *p, const struct option_rule *rule, const char *value)
{
	char *field = (char *)p->options + rule->offset;
	int64_t number;
	int yes = 1;

	if (rule->kind == KIND_INTEGER &&
	    text_integer(text_from(value), &number) == -1)
		return fail_option(p, rule, "invalid int value: ", value);
	switch (rule->kind) {
	case KIND_HELP:
		p->result = OPTIONS_HELP;
		return -1;
	case KIND_VERSION:
		p->result = OPTIONS_VERSION;
		return -1;
	case KIND_FLAG:
		memcpy(field, &yes, sizeof yes);
		return 0;
	case KIND_TEXT:
	case KIND_INTEGER:
		memcpy(field, &value, sizeof value);
		return 0;
	}
	return 0;
}

/*
 * A word of letters, such as -nT or -np4711.  All of it is understood before
 * any of it is done.
 */
static int
apply_letters(struct parsing *p, struct word *word)
{
	const struct option_rule *group[RULES * 2];
	char brief[3] = "-?";
	size_t i, count = 0;

	for (;;) {
		if (count == sizeof group / sizeof group[0])
			return fail_option(p, word->rule,
			    "ignored explicit argument ", word->value);
		group[count++] = word->rule;
		if (takes_value(word->rule))
			break;
		if (word->value == NULL)
			break;
		brief[1] = word->value[0];
		if (!word->is_brief || word->value[0] == '\0' ||
		    (word->rule = find_exact(brief, 2, &word->is_brief)) ==
		    NULL)
			return fail_option(p, group[count - 1],
			    "ignored explicit argument ", word->value);
		word->value = word->value[1] != '\0' ? word->value + 1 : NULL;
	}
	if (takes_value(word->rule) && word->value == NULL) {
		if (p->at + 1 >= p->argc || p->words[p->at + 1].is_option ||
		    strcmp(p->argv[p->at + 1], "--") == 0)
			return fail_option(p, word->rule,
			    "expected one argument", NULL);
		word->value = p->argv[++p->at];
	}
	for (i = 0; i < count; i++)
		if (apply(p, group[i], word->value) == -1)
			return -1;
	return 0;
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
	fail(p, "unrecognized arguments: %s", list);
	free(list);
	return -1;
}

static int
parse(struct parsing *p)
{
	int i, end = p->argc;

	for (i = 1; i < p->argc && end == p->argc; i++) {
		if (strcmp(p->argv[i], "--") == 0)
			end = i;
		else if (classify(p, p->argv[i], &p->words[i]) == -1)
			return -1;
	}
	for (p->at = 1; p->at < p->argc; p->at++) {
		if (p->at == end)
			continue;
		if (p->words[p->at].rule == NULL)
			p->extras[p->extra_count++] = p->argv[p->at];
		else if (apply_letters(p, &p->words[p->at]) == -1)
			return -1;
	}
	return p->extra_count > 0 ? fail_extras(p) : 0;
}

enum options_result
options_parse(struct options *options, int argc, char **argv, char **error)
{
	struct parsing p = { .options = options, .argv = argv, .argc = argc,
		.result = OPTIONS_RUN };

	memset(options, 0, sizeof *options);
	p.words = calloc((size_t)argc + 1, sizeof *p.words);
	p.extras = calloc((size_t)argc + 1, sizeof *p.extras);
	if (p.words == NULL || p.extras == NULL)
		fatal("calloc");
	parse(&p);
	free(p.words);
	free(p.extras);
	*error = p.error;
	return p.result;
}

void
options_usage(FILE *f)
{
	const struct option_rule *rule;
	char item[40];
	int column, len;
	size_t i;

	column = fprintf(f, "usage: mandos");
	for (i = 0; i < RULES; i++) {
		rule = &rules[i];
		len = snprintf(item, sizeof item, " [%s%s%s]",
		    rule->brief != NULL ? rule->brief : rule->name,
		    rule->argument != NULL ? " " : "",
		    rule->argument != NULL ? rule->argument : "");
		if (column + len > 79)
			column = fprintf(f, "\n%*s", 13, "") - 1;
		fputs(item, f);
		column += len;
	}
	fputc('\n', f);
}

void
options_help(FILE *f)
{
	const struct option_rule *rule;
	size_t i;

	options_usage(f);
	fputs("\noptions:\n", f);
	for (i = 0; i < RULES; i++) {
		rule = &rules[i];
		fprintf(f, "  %s%s%s%s%s\n\t\t\t%s\n",
		    rule->brief != NULL ? rule->brief : "",
		    rule->brief != NULL ? ", " : "", rule->name,
		    rule->argument != NULL ? " " : "",
		    rule->argument != NULL ? rule->argument : "", rule->help);
	}
}
