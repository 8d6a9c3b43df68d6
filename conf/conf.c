/* SPDX-License-Identifier: ISC */
/*
 * mandos-readconf, the configuration reader: the only program of the server
 * that reads its command line and its files.  The parent starts it with its
 * own arguments; it complains or answers by itself, or, once all is sound,
 * sends what it has read over descriptor 3, and exits.  The settings are for
 * the parent, which then gives the channel's other end to whoever is to have
 * the clients.  It stays root, because secrets are files of root, but keeps of
 * root's power only the right to read.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "paths.h"
#include "priority.h"
#include "sandbox.h"

#define EXIT_USAGE 2		/* as argparse has it */
#define TAIL_MAX 131072		/* of CLIENT, the longest */

static uint8_t tail[TAIL_MAX];
static char output[BUFSIZ];

__attribute__((noreturn))
static void
usage_error(const char *error)
{
	options_usage(stderr);
	fprintf(stderr, "mandos: error: %s\n", error);
	exit(EXIT_USAGE);
}

static void
read_options(struct options *options, int argc, char **argv)
{
	char *error;

	switch (options_parse(options, argc, argv, &error)) {
	case ARGPARSE_RUN:
		return;
	case ARGPARSE_HELP:
		options_help(stdout);
		break;
	case ARGPARSE_VERSION:
		printf("mandos %s\n", PACKAGE_VERSION);
		break;
	case ARGPARSE_ERROR:
		usage_error(error);
	}
	if (fflush(stdout) == EOF)
		fatal("stdout");
	exit(0);
}

/* Take over the channel, if descriptor 3 is one. */
static void
adopt_channel(struct chan *chan, const struct options *options)
{
	int type;
	socklen_t len = sizeof type;

	if (getsockopt(CHAN_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_SEQPACKET) {
		if (fcntl(CHAN_FD, F_SETFD, FD_CLOEXEC) == -1)
			fatal("fcntl");
		chan_init(chan, CHAN_FD, PROC_CONF, PROC_PARENT, PHASE_BOOT);
	} else if (!options->config_test && !options->show_config)
		fatalx_status(EX_USAGE,
		    "this program is started by mandos(8) only");
	closefrom(CHAN_FD + 1);
}

static void
send_settings(struct chan *chan, const struct settings *settings)
{
	const struct msg_settings m = { .s = settings->msg };
	size_t len;

	if (settings_pack(settings, tail, sizeof tail, &len) == -1)
		fatalx("the settings do not fit into a message");
	if (chan_send(chan, MSG_SETTINGS, &m, tail, len, -1) == -1)
		fatal("nobody takes the settings");
}

/* Who has asked for a reload may be far from the log. */
static void
send_complaint(struct chan *chan)
{
	const struct msg_complaint m = { 0 };
	const char *first = problem_first();

	/* Whether anybody wants to know is no matter. */
	(void)chan_send(chan, MSG_COMPLAINT, &m, first, strlen(first), -1);
}

static void
send_clients(struct chan *chan, const struct clients *clients)
{
	struct msg_conf_end end = { 0 };
	struct msg_client m;
	const struct client *client;
	size_t len;

	STAILQ_FOREACH(client, &clients->list, entry) {
		m.f = client->fields;
		if (clients_pack(client, tail, sizeof tail, &len) == -1)
			fatalx("a client does not fit into a message");
		if (chan_send(chan, MSG_CLIENT, &m, tail, len, -1) == -1)
			fatal("nobody takes the clients");
		end.clients++;
	}
	explicit_bzero(tail, sizeof tail);
	if (chan_send(chan, MSG_CONF_END, &end, NULL, 0, -1) == -1)
		fatal("nobody takes the clients");
}

static char *
config_path(const struct options *options, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", options->configdir != NULL ?
	    options->configdir : CONFIGDIR_DEFAULT, name) == -1)
		fatal("asprintf");
	return path;
}

/* mandos.conf and the command line; both stay open for complaints. */
static void
read_settings(struct settings *settings, const struct options *options,
    int is_again)
{
	static const char unfindable[] =
	    "Needs port or socket to work without Zeroconf";
	static struct ini ini;
	struct where where = { .file = config_path(options, "mandos.conf") };

	ini_init(&ini, where.file);
	settings_builtin(&ini);
	if (ini_load(&ini) == -1 ||
	    settings_merge(settings, &ini, options) == -1)
		return;
	if (!settings_is_findable(settings)) {
		/* The command line has not become wrong by itself. */
		if (!is_again)
			usage_error(unfindable);
		problem_error(&where, "%s", unfindable);
		return;
	}
	if (address_resolve(settings) == -1 || !options->config_test)
		return;
	if (helper_netd(path_libexec, "--check-priority",
	    settings->priority.value[0] != '\0' ? settings->priority.value :
	    PRIORITY_DEFAULT) != 0)
		problem_error(&settings->priority.where,
		    "priority cannot be used");
}

/* A daemon leaves the directory in which it was started. */
static void
complete_statedir(struct settings *settings)
{
	struct setting *setting = &settings->statedir;
	char *cwd, *path;

	if (setting->value == NULL || setting->value[0] == '/')
		return;
	if ((cwd = getcwd(NULL, 0)) == NULL) {
		problem_error(&setting->where, "statedir is relative, and the "
		    "working directory is unknown: %s", strerror(errno));
		return;
	}
	if (asprintf(&path, "%s/%s", cwd, setting->value) == -1)
		fatal("asprintf");
	if (strlen(path) > STATEDIR_MAX)
		problem_error(&setting->where, "statedir is longer than %d "
		    "bytes", STATEDIR_MAX);
	free(cwd);
	free(setting->value);
	setting->value = path;
}

/* From here on nothing but reading files and sending messages. */
static void
lock_down(void)
{
	static const int caps[] = { CAP_DAC_READ_SEARCH, -1 };
	static const struct sandbox_id id = { .keep_caps = caps };

	/* With a buffer of its own stdio has no need to look at a terminal. */
	setvbuf(stdout, output, _IOFBF, sizeof output);
	if (geteuid() == 0)
		sandbox_drop(&id);
	sandbox_enter(RULES_CONF);
}

/* --check needs no file: the tests of netd here, then those of the monitor. */
static void
run_check(struct chan *chan, const struct options *options)
{
	static const struct msg_conf_end end;
	struct settings settings;
	struct ini ini;

	ini_init(&ini, "built-in");
	settings_builtin(&ini);
	if (settings_merge(&settings, &ini, options) == -1)
		exit(problem_status());
	if (helper_netd(path_libexec, "--check", NULL) != 0)
		fatalx("the self-test of mandos-netd failed");
	send_settings(chan, &settings);
	/* Whether the parent still listens when it knows is its affair. */
	chan_send(chan, MSG_CONF_END, &end, NULL, 0, -1);
	settings_free(&settings);
	ini_free(&ini);
}

/*
 * All of the server's clients.  Where there was a configuration a moment ago,
 * no file at all is an accident, and not the wish to forget every client.
 */
static void
read_clients(struct client_files *files, struct clients *clients,
    const char *configdir, int is_again)
{
	struct where where = { .file = configdir };

	clients_init(clients);
	if (files_read(files, clients, configdir) == 0 && is_again &&
	    !files_are_there(files))
		problem_error(&where, "there is no clients.conf any more");
}

/* What the parent says of a reader that is not the first. */
static int
take_reload(void)
{
	const char *said = getenv("MANDOS_RELOAD");

	if (said != NULL && strcmp(said, "syslog") == 0)
		log_to_syslog();
	return said != NULL;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct settings settings = { .configdir = NULL };
	struct client_files files;
	struct clients clients;
	struct chan chan;
	int is_again;

	log_open("mandos", LOG_WARNING);
	is_again = take_reload();
	read_options(&options, argc, argv);
	adopt_channel(&chan, &options);
	if (options.check && !options.config_test && !options.show_config) {
		run_check(&chan, &options);
		return 0;
	}
	read_settings(&settings, &options, is_again);
	if (settings.servicename.value != NULL)
		log_service(settings.servicename.value);
	if (!options.show_config)
		complete_statedir(&settings);
	lock_down();
	read_clients(&files, &clients, options.configdir != NULL ?
	    options.configdir : CONFIGDIR_DEFAULT, is_again);
	/* All complaints have been made; nothing of a bad configuration goes
	 * anywhere. */
	if (problem_count() > 0 && is_again && !options.config_test &&
	    !options.show_config)
		send_complaint(&chan);
	if (problem_count() > 0)
		exit(options.config_test || options.show_config ?
		    EX_CONFIG : problem_status());
	if (options.show_config) {
		print_settings(stdout, &settings);
		print_clients(stdout, &clients);
		if (fflush(stdout) == EOF)
			fatal("stdout");
	} else if (!options.config_test) {
		send_settings(&chan, &settings);
		send_clients(&chan, &clients);
	}
	clients_free(&clients);
	files_free(&files);
	settings_free(&settings);
	return 0;
}
