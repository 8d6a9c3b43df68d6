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

/* Kill all children that can be found.  Returns how many there were. */
static int
kill_children(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t me = getpid();
	int count = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    parent_of(entry->d_name) == me &&
		    kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL) == 0)
			count++;
	closedir(dir);
	return count;
}

static void
end(pid_t pid)
{
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
}

void
family_end(struct keeper *k)
{
	int i;

	end(k->net);
	end(k->decrypter);
	k->net = k->decrypter = 0;
	/*
	 * Each that ends may leave us its own.  Without /proc nobody is found:
	 * then GnuPG's agent sees that its directory has gone, and ends.
	 */
	for (i = 0; i < TRIES && kill_children() > 0; i++)
		waitpid(-1, NULL, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}
