/* SPDX-License-Identifier: ISC */
/*
 * Looks at a process from outside, by ptrace(2): writes down what it does to
 * the files of one directory, and kills it, or makes a call fail, at a chosen
 * system call.  The process needs to know nothing of it, and its filter and
 * its confinement stay as they are.
 *
 * The path is the part of its life that is looked at: it begins when a
 * message of a certain type has been received, and it ends when the process
 * next waits after it has sent a message of another type.
 */
#ifndef TRACE_H
#define TRACE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#define TRACE_ALWAYS UINT32_MAX		/* the path is the whole life */
#define TRACE_END UINT32_MAX		/* it ends with the process */

enum trace_deed {
	TRACE_WATCH,		/* write down, and do nothing */
	TRACE_KILL,		/* at this stop: entry or exit of a call */
	TRACE_FAIL,		/* this call is not made, and fails */
	TRACE_FAIL_DONE,	/* this call is made, and said to have failed */
	TRACE_SHORT		/* this call writes half of what it is given */
};

struct trace_order {
	const char *dir;	/* the directory */
	uint32_t after;		/* type of message, or TRACE_ALWAYS */
	unsigned int skip;	/* so many of that type do not count */
	uint32_t until;		/* type of message, or TRACE_END */
	uint64_t until_seq;	/* in a SAVED: at least this */
	enum trace_deed deed;
	unsigned int at;	/* number of the stop or the call, from 1 */
	unsigned int through;	/* and of the last call that fails */
	int error;		/* how */
};

enum trace_what {
	TRACE_CREATE,		/* name is a new file, node */
	TRACE_TRUNCATE,		/* node has this size: offset */
	TRACE_WRITE,		/* data went to node at offset */
	TRACE_SYNC,		/* node is on disk */
	TRACE_SYNC_LOST,	/* fsync failed: it may never be */
	TRACE_DIRSYNC,		/* names are on disk */
	TRACE_RENAME,		/* name is name2 */
	TRACE_LINK,		/* name is name2 as well */
	TRACE_UNLINK,		/* name is gone */
	TRACE_SENT,		/* a message: type; seq and error if SAVED */
	TRACE_ENDED		/* the process has, with status 0 */
};

struct trace_event {
	enum trace_what what;
	int on_path;
	uint64_t node;
	uint64_t offset;
	size_t len;
	const uint8_t *data;
	uint32_t type;
	uint32_t error;
	uint64_t seq;
	char name[128];
	char name2[128];
};

/* What has come of it. */
struct trace_report {
	unsigned int stops;	/* on the path: entries and exits */
	unsigned int calls;	/* of them that can fail: they are on files */
	int began;		/* the path was entered */
	int ended;		/* and left */
	int done;		/* the deed was done */
	char call[32];		/* to this call */
	char strange[96];	/* a call that is not understood, or "" */
	int status;		/* as from waitpid(2) */
};

struct trace;

/*
 * trace_start(order, body, arg): have a new process call ${body}, which is to
 * exec, or to do what it has to and return.  All else about it (descriptors,
 * root directory) is as in the caller.  Never returns NULL.
 */
struct trace *trace_start(const struct trace_order *, void (*)(void *),
    void *);

/*
 * trace_peek(trace, report): as it is at this moment.
 * trace_end(trace, report): wait until the process has ended.
 */
void trace_peek(const struct trace *, struct trace_report *);
void trace_end(struct trace *, struct trace_report *);

/*
 * trace_next(trace, event, &place): step through what was written down; the
 * place is 0 to begin with.  Returns 0 at the end.  trace_free(trace) forgets
 * it all, data included; the process must have ended.
 */
int trace_next(const struct trace *, struct trace_event *, size_t *);
void trace_free(struct trace *);

#endif
