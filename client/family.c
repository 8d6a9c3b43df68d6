/* SPDX-License-Identifier: ISC */
/*
 * The end of the children.  GnuPG's agent has left its family to live on: the
 * keeper adopts whatever the decrypter leaves behind, and so can find it.
 */
#include "client.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define TRIES 1000	/* a child that forks while it is looked for */

/* The parent of the process ${name}, as in /proc; 0 if that is unknown. */
static pid_t
parent_of(const char *name)
{
	char path[64], text[512], *end;
	pid_t parent = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%.20s/stat", name);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	/* What is in the parentheses before is the program's own choice. */
	if ((end = strrchr(text, ')')) != NULL &&
	    sscanf(end, ") %*c %d", &parent) != 1)
		parent = 0;
	return parent;
}

/* Kill all children. */
static void
kill_children(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t me = getpid();

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    parent_of(entry->d_name) == me)
			kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
	closedir(dir);
}

void
family_end(struct keeper *k)
{
	int i;

	if (k->net > 0)
		kill(k->net, SIGKILL);
	if (k->decrypter > 0)
		kill(k->decrypter, SIGKILL);
	k->net = k->decrypter = 0;
	/* Each that ends may leave us its own. */
	for (i = 0; i < TRIES; i++) {
		kill_children();
		if (waitpid(-1, NULL, 0) == -1 && errno == ECHILD)
			break;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}
