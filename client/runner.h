/* SPDX-License-Identifier: ISC */
/*
 * plugin-runner: starts every plugin in a directory and prints what the first
 * one prints that succeeds.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>

#include "locked.h"
#include "loop.h"
#include "words.h"

/* What a plugin says on standard error; runner_label.c. */
struct label {
	const char *name;
	struct loop_io io;	/* its pipe */
	struct loop_timer timer; /* until the start of a line is a prompt */
	char line[1024];	/* a longer line is broken */
	size_t len;
	size_t shown;		/* so much of it is on the screen */
};

struct plugin {
	TAILQ_ENTRY(plugin) entry;
	char *name;
	struct words args;	/* for it alone */
	struct words env;	/* VAR=value, for it alone */
	int is_disabled;
	int is_file;		/* it is in the directory, open as ${fd} */
	int fd;
	pid_t pid;		/* 0 while it does not run */
	int status;		/* how it ended, when it has */
	int is_cut;		/* what it printed could not be kept */
	int64_t started;	/* loop_now() */
	unsigned int failures;	/* temporary ones, one after the other */
	struct loop_timer again; /* until it is started again */
	struct loop_io out;	/* its standard output */
	struct locked password;
	struct label label;
};
TAILQ_HEAD(plugins, plugin);

struct settings {
	struct plugins plugins;	/* that options are about, or that exist */
	struct words args;	/* for all */
	struct words env;
	char *plugin_dir;
	char *helper_dir;
	char *config_file;
	uid_t uid;
	gid_t gid;
	int is_debug;
	int is_rehearsal;	/* say nothing about what is only dubious */
};

/* runner_options.c */

/* settings_init(settings): the defaults.  settings_free: all of it. */
void settings_init(struct settings *);
void settings_free(struct settings *);

/*
 * settings_arguments(settings, argc, argv): add what the arguments say.
 * Returns 0, or -1 after standard error has been told what is wrong.
 */
int settings_arguments(struct settings *, int, char **);

/*
 * settings_file(settings, path, argv0): add what the configuration file says.
 * It need not exist.  Returns as settings_arguments does.
 */
int settings_file(struct settings *, const char *, char *);

/* settings_plugin(settings, name): the plugin, made if it is not there. */
struct plugin *settings_plugin(struct settings *, const char *);

/* runner_directory.c */

/*
 * directory_scan(settings): open the plugins in the directory, which come
 * first then, by name.  Returns 0, or, after a message, the exit status that
 * the program is to have.
 */
int directory_scan(struct settings *);

/* directory_skips(name): is this a name that no plugin has? */
int directory_skips(const char *);

/* runner_start.c */

/*
 * start_plugin(settings, plugin, out, err): start it; what it writes comes
 * out of the descriptors ${out} and ${err}, which are the caller's.  Returns
 * 0, or -1 after a message.
 */
int start_plugin(const struct settings *, struct plugin *, int *, int *);

/* runner_race.c */

enum race {
	RACE_WON,		/* a password has been written */
	RACE_LOST,		/* no plugin has succeeded */
	RACE_UNWRITTEN,		/* it could not be written */
	RACE_SIGNAL		/* race_signal() has told us to end */
};

/*
 * race_run(settings): start the plugins, write what the first one says to
 * standard output, and end the others.  No plugin is left when it returns.
 */
enum race race_run(struct settings *);
int race_signal(void);

/* runner_label.c */

/*
 * label_start(label, name, fd): show what comes from there, a name in front
 * of each line; ${fd} belongs to the label.  label_stop(label): show what
 * there is still, and close it.
 */
void label_start(struct label *, const char *, int);
void label_stop(struct label *);

/* runner_stray.c */

/*
 * stray_init(): be given the processes whose parents leave them behind.
 * stray_kill(settings, sig): send a signal to those that plugins have left
 * behind; but not to daemons, which have a session of their own.  Returns how
 * many got it.
 */
void stray_init(void);
int stray_kill(const struct settings *, int);

#endif
