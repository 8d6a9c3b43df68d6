/* SPDX-License-Identifier: ISC */
/*
 * The options of plugin-runner, from its configuration file and its command
 * line.  Read while it is still root, from what only root writes.
 */
#include "runner.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "usage.h"

#define NOBODY 65534
#define CONFIG_MAX_LEN ((size_t)1 << 20)

enum {
	OPT_CONFIG_FILE = 256,
	OPT_DEBUG,
	OPT_GROUPID,
	OPT_PLUGIN_DIR,
	OPT_PLUGIN_HELPER_DIR,
	OPT_USERID
};

static const struct usage_option options[] = {
	{ OPT_CONFIG_FILE, "config-file", "FILE", "read options from it" },
	{ OPT_DEBUG, "debug", NULL, "say what happens" },
	{ 'd', "disable", "PLUGIN", "do not run it" },
	{ 'e', "enable", "PLUGIN", "run it after all" },
	{ 'E', "env-for", "PLUGIN:VAR=VALUE", "set a variable for it" },
	{ 'G', "global-env", "VAR=VALUE", "set a variable for all plugins" },
	{ 'g', "global-options", "OPTION[,...]", "arguments for all plugins" },
	{ OPT_GROUPID, "groupid", "ID", "run plugins as this group" },
	{ 'o', "options-for", "PLUGIN:OPTION[,...]", "arguments for one" },
	{ OPT_PLUGIN_DIR, "plugin-dir", "DIRECTORY", "where plugins are" },
	{ OPT_PLUGIN_HELPER_DIR, "plugin-helper-dir", "DIRECTORY",
	    "where their helpers are" },
	{ OPT_USERID, "userid", "ID", "run plugins as this user" },
	{ 0, NULL, NULL, NULL }
};

static const struct usage usage = { .program = "plugin-runner",
	.operands = "", .about = "Run plugins until one prints the password.",
	.options = options };

static char *
copy(const char *text)
{
	char *p = strdup(text);

	if (p == NULL)
		fatal("no memory");
	return p;
}

static void
replace(char **where, const char *text)
{
	free(*where);
	*where = copy(text);
}

void
settings_init(struct settings *settings)
{
	memset(settings, 0, sizeof *settings);
	TAILQ_INIT(&settings->plugins);
	settings->plugin_dir = copy("/lib/mandos/plugins.d");
	settings->helper_dir = copy("/lib/mandos/plugin-helpers");
	settings->config_file = copy("/conf/conf.d/mandos/plugin-runner.conf");
	settings->uid = NOBODY;
	settings->gid = NOBODY;
}

void
settings_free(struct settings *settings)
{
	struct plugin *plugin;

	while ((plugin = TAILQ_FIRST(&settings->plugins)) != NULL) {
		TAILQ_REMOVE(&settings->plugins, plugin, entry);
		words_free(&plugin->args);
		words_free(&plugin->env);
		if (plugin->fd != -1)
			close(plugin->fd);
		locked_free(&plugin->password);
		free(plugin->name);
		free(plugin);
	}
	words_free(&settings->args);
	words_free(&settings->env);
	free(settings->plugin_dir);
	free(settings->helper_dir);
	free(settings->config_file);
}

struct plugin *
settings_plugin(struct settings *settings, const char *name)
{
	struct plugin *plugin;

	TAILQ_FOREACH(plugin, &settings->plugins, entry)
		if (strcmp(plugin->name, name) == 0)
			return plugin;
	if ((plugin = calloc(1, sizeof *plugin)) == NULL)
		fatal("no memory");
	plugin->name = copy(name);
	plugin->fd = plugin->out.fd = plugin->label.io.fd = -1;
	TAILQ_INSERT_TAIL(&settings->plugins, plugin, entry);
	return plugin;
}

/*
 * Of "PLUGIN:REST" find both.  Returns 0, or -1 after a message.
 */
static int
split(struct settings *settings, char *value, struct plugin **plugin,
    const char **rest)
{
	char *colon = strchr(value, ':'), *name;

	if (colon == NULL)
		return usage_wrong(&usage, "No colon in value", value);
	if (colon == value)
		return usage_wrong(&usage, "Empty plugin name", NULL);
	if ((name = strndup(value, (size_t)(colon - value))) == NULL)
		fatal("no memory");
	*plugin = settings_plugin(settings, name);
	free(name);
	*rest = colon + 1;
	return 0;
}

/* A wrong number is no reason to leave a host without its password. */
static void
set_id(const struct settings *settings, const char *what, unsigned int *id)
{
	if (usage_id(optarg, id) == 0)
		return;
	*id = NOBODY;
	if (settings->is_rehearsal)
		return;
	log_warnx("Bad %s ID number: \"%s\", using %d", what, optarg, NOBODY);
	usage_help(&usage);
}

/* Returns 0, or -1 after a message. */
static int
set(struct settings *settings, int key)
{
	struct plugin *plugin;
	const char *rest;

	switch (key) {
	case 'd':
	case 'e':
		settings_plugin(settings, optarg)->is_disabled = key == 'd';
		return 0;
	case 'E':
		if (split(settings, optarg, &plugin, &rest) == -1)
			return -1;
		words_set(&plugin->env, rest);
		return 0;
	case 'G':
		words_set(&settings->env, optarg);
		return 0;
	case 'g':
		words_add_list(&settings->args, optarg);
		return 0;
	case 'o':
		if (split(settings, optarg, &plugin, &rest) == -1)
			return -1;
		words_add_list(&plugin->args, rest);
		return 0;
	case OPT_CONFIG_FILE:
		replace(&settings->config_file, optarg);
		return 0;
	case OPT_DEBUG:
		settings->is_debug = 1;
		return 0;
	case OPT_GROUPID:
		set_id(settings, "group", &settings->gid);
		return 0;
	case OPT_PLUGIN_DIR:
		replace(&settings->plugin_dir, optarg);
		return 0;
	case OPT_PLUGIN_HELPER_DIR:
		replace(&settings->helper_dir, optarg);
		return 0;
	case OPT_USERID:
		set_id(settings, "user", &settings->uid);
		return 0;
	default:
		return -1;
	}
}

int
settings_arguments(struct settings *settings, int argc, char **argv)
{
	int key;

	usage_start(&usage);
	while ((key = usage_next(&usage, argc, argv)) != USAGE_END)
		if (set(settings, key) == -1)
			return -1;
	if (optind < argc)
		return usage_wrong(&usage, "Too many arguments", argv[optind]);
	return 0;
}

/* The whole file, allocated, or NULL after a message if there is a reason. */
static char *
read_config(const char *path, size_t *len)
{
	char *text;
	ssize_t n = 0;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			log_warn("%s", path);
		return NULL;
	}
	if ((text = malloc(CONFIG_MAX_LEN)) == NULL)
		fatal("no memory");
	*len = 0;
	while (*len < CONFIG_MAX_LEN &&
	    (n = read(fd, text + *len, CONFIG_MAX_LEN - *len)) > 0)
		*len += (size_t)n;
	if (n == -1)
		log_warn("%s", path);
	else if (*len == CONFIG_MAX_LEN)
		log_warnx("%s: too long", path);
	close(fd);
	if (n == 0)
		return text;
	free(text);
	return NULL;
}

int
settings_file(struct settings *settings, const char *path, char *argv0)
{
	struct words words = { NULL, 0 };
	char *text;
	size_t len;
	int rc;

	if ((text = read_config(path, &len)) == NULL)
		return 0;
	words_add(&words, argv0, strlen(argv0));
	words_parse(&words, text, len);
	free(text);
	rc = settings_arguments(settings, (int)words.n, words.v);
	if (rc == -1)
		log_warnx("that was in %s", path);
	words_free(&words);
	return rc;
}
