/* SPDX-License-Identifier: ISC */
/*
 * Resource limits: raised where the server as a whole needs more than it is
 * started with, and given back to those who do not.  Run by the parent while
 * it has all of root's power, and by every process that it starts.
 */
#include "parent.h"

#include <sys/types.h>
#include <sys/resource.h>

#include <unistd.h>

#include "log.h"

#define OTHERS 32	/* descriptors that are no sessions, in any process */

static struct rlimit nofile;	/* as we were started */

int
limit_raise(void)
{
	struct rlimit limit;
	int before = getdtablesize();

	if (getrlimit(RLIMIT_NOFILE, &nofile) == -1)
		fatal("getrlimit");
	limit = nofile;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("setrlimit");
	return before;
}

void
limit_give_back(enum proc worker)
{
	/* Checkers are other people's programs: some close all they could. */
	if (worker == PROC_CHECKERD && setrlimit(RLIMIT_NOFILE, &nofile) == -1)
		fatal("setrlimit");
}

void
limit_fit(struct limits *limits)
{
	struct rlimit limit;
	rlim_t room, others = OTHERS + limits->spare_sessions;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("getrlimit");
	room = limit.rlim_cur;
	if (room <= others)
		fatalx("%llu descriptors are too few (ulimit -n)",
		    (unsigned long long)room);
	if (limits->max_sessions <= room - others)
		return;
	limits->max_sessions = (uint32_t)(room - others);
	log_warnx("max_sessions is %u, as more descriptors are not allowed "
	    "(ulimit -n)", limits->max_sessions);
}
