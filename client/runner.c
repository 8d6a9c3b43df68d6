/* SPDX-License-Identifier: ISC */
/*
 * plugin-runner: what cryptsetup's scripts start to be told a password.  Runs
 * the plugins as an unprivileged user, prints what the first one prints that
 * succeeds, and asks for the password itself when there is no such plugin:
 * whatever goes wrong, a person at the console can still unlock the host.
 */
#include "runner.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "prompt.h"
#include "signals.h"
#include "standard.h"

#define PLUGIN_DIR "/lib/mandos/plugins.d"

/* Options from the command line, the file, and the command line again. */
static int
read_options(struct settings *settings, int argc, char **argv)
{
	struct settings rehearsal;
	int rc, status = 0;

	settings_init(&rehearsal);
	rehearsal.is_rehearsal = 1;
	rc = settings_arguments(&rehearsal, argc, argv);
	if (rc == -1)
		status = EX_USAGE;
	else if (settings_file(settings, rehearsal.config_file, argv[0]) == -1)
		status = EX_CONFIG;
	else if (settings_arguments(settings, argc, argv) == -1)
		status = EX_USAGE;
	settings_free(&rehearsal);
	if (settings->is_debug)
		log_open("plugin-runner", LOG_DEBUG);
	return status;
}

/* In an image that was made as another user than it is unpacked by. */
static void
give_plugin_dir(const struct settings *settings)
{
	struct stat st;
	int fd;

	fd = open(PLUGIN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_uid == 0 &&
	    fchown(fd, settings->uid, settings->gid) == -1)
		log_warn("%s", PLUGIN_DIR);
	close(fd);
}

/* Returns 0, or -1 after a message if root's power cannot be given up. */
static int
drop(const struct settings *settings)
{
	uid_t uid = settings->uid;
	gid_t gid = settings->gid;

	if (getuid() != 0) {
		if ((getgid() != gid && setgid(gid) == -1) ||
		    (getuid() != uid && setuid(uid) == -1))
			log_warn("plugins run as user %u", (unsigned)getuid());
		return 0;
	}
	give_plugin_dir(settings);
	/* Scripts need it to be executed. */
	if (symlink("/proc/self/fd", "/dev/fd") == -1 && errno != EEXIST)
		log_warn("/dev/fd");
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1) {
		log_warn("privileges cannot be dropped");
		return -1;
	}
	if (uid != 0 && (setuid(0) != -1 || seteuid(0) != -1)) {
		log_warnx("privileges came back");
		return -1;
	}
	return 0;
}

/*
 * Ask on the terminal of this session or, where there is none, on standard
 * input.  Returns ${status}, or another one if the password is not written.
 */
static int
fall_back(int status)
{
	struct locked password = { NULL, 0, 0 };
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum prompt answer;

	log_warnx("Going to fallback mode using getpass(3)");
	answer = prompt_ask(tty != -1 ? tty : STDIN_FILENO,
	    tty != -1 ? tty : STDERR_FILENO, "Password: ", &password);
	if (answer == PROMPT_ERROR)
		log_warn("terminal");
	if (answer == PROMPT_OK &&
	    locked_write(&password, STDOUT_FILENO) == -1) {
		log_warn("standard output");
		status = EX_IOERR;
	}
	locked_free(&password);
	if (answer == PROMPT_SIGNAL)
		prompt_die();
	if (tty != -1)
		close(tty);
	return status;
}

int
main(int argc, char **argv)
{
	static struct settings settings;	/* to be there at exit */
	enum race race = RACE_LOST;
	int status, is_dropped;

	standard_open();
	log_open("plugin-runner", LOG_INFO);
	settings_init(&settings);
	status = read_options(&settings, argc, argv);
	is_dropped = drop(&settings) == 0;
	locked_process();
	if (status == 0)
		status = is_dropped ? directory_scan(&settings) : EX_OSERR;
	if (status == 0) {
		race = race_run(&settings);
		if (race == RACE_UNWRITTEN)
			status = EX_IOERR;
	}
	if (race == RACE_SIGNAL)
		signals_die(race_signal());
	if (race != RACE_WON)
		status = fall_back(status);
	settings_free(&settings);
	return status;
}
