/* SPDX-License-Identifier: ISC */
/*
 * The tracer is a process of its own, so that the test can be at the other
 * end of the traced one's channel meanwhile.  What it finds out is in memory
 * that it shares with the test.  A traced process has one thread, and dies
 * with its tracer.
 */
#include "trace.h"

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "tracee.h"

#define LOG_SIZE ((size_t)64 << 20)	/* of address space */
#define REPLACED_BY SYS_getpid		/* every filter allows it */

struct trace {
	pid_t tracer;
	struct trace_report report;
	size_t used;
	_Alignas(8) uint8_t log[];
};

enum call_kind {
	CALL_OPEN,		/* open and create */
	CALL_WRITE,
	CALL_PWRITE,
	CALL_WRITEV,
	CALL_FSYNC,
	CALL_RENAME,
	CALL_LINK,
	CALL_UNLINK,
	CALL_TRUNCATE,
	CALL_ON_PATH,		/* changes nothing that matters */
	CALL_ON_FD,		/* likewise */
	CALL_CLOSE,
	CALL_RECV,
	CALL_SEND,
	CALL_WAIT,
	CALL_STRANGE		/* changes files in a way not understood */
};

/* dir is the argument that has the directory, -1 if there is none. */
struct call {
	long number;
	enum call_kind kind;
	int dir;
	const char *name;
};

#define CALL(name, kind, dir) { SYS_##name, kind, dir, #name }
static const struct call calls[] = {
#ifdef SYS_open
	CALL(open, CALL_OPEN, -1),
	CALL(rename, CALL_RENAME, -1),
	CALL(link, CALL_LINK, -1),
	CALL(unlink, CALL_UNLINK, -1),
	CALL(stat, CALL_ON_PATH, -1),
	CALL(lstat, CALL_ON_PATH, -1),
	CALL(access, CALL_ON_PATH, -1),
	CALL(poll, CALL_WAIT, -1),
	CALL(epoll_wait, CALL_WAIT, -1),
	CALL(creat, CALL_STRANGE, -1),
	CALL(mkdir, CALL_STRANGE, -1),
	CALL(rmdir, CALL_STRANGE, -1),
	CALL(symlink, CALL_STRANGE, -1),
	CALL(fork, CALL_STRANGE, -1),
	CALL(vfork, CALL_STRANGE, -1),
#endif
	CALL(openat, CALL_OPEN, 0),
	CALL(write, CALL_WRITE, -1),
	CALL(pwrite64, CALL_PWRITE, -1),
	CALL(writev, CALL_WRITEV, -1),
	CALL(fsync, CALL_FSYNC, -1),
	CALL(fdatasync, CALL_FSYNC, -1),
	CALL(renameat, CALL_RENAME, 0),
	CALL(renameat2, CALL_RENAME, 0),
	CALL(linkat, CALL_LINK, 0),
	CALL(unlinkat, CALL_UNLINK, 0),
	CALL(ftruncate, CALL_TRUNCATE, -1),
	CALL(newfstatat, CALL_ON_PATH, 0),
	CALL(statx, CALL_ON_PATH, 0),
	CALL(faccessat, CALL_ON_PATH, 0),
	CALL(fstat, CALL_ON_FD, -1),
	CALL(read, CALL_ON_FD, -1),
	CALL(pread64, CALL_ON_FD, -1),
	CALL(lseek, CALL_ON_FD, -1),
	CALL(flock, CALL_ON_FD, -1),
	CALL(fcntl, CALL_ON_FD, -1),
	CALL(fchmod, CALL_ON_FD, -1),
	CALL(fchown, CALL_ON_FD, -1),
	CALL(close, CALL_CLOSE, -1),
	CALL(recvmsg, CALL_RECV, -1),
	CALL(sendmsg, CALL_SEND, -1),
	CALL(ppoll, CALL_WAIT, -1),
	CALL(epoll_pwait, CALL_WAIT, -1),
	CALL(openat2, CALL_STRANGE, -1),
	CALL(mkdirat, CALL_STRANGE, -1),
	CALL(symlinkat, CALL_STRANGE, -1),
	CALL(truncate, CALL_STRANGE, -1),
	CALL(fallocate, CALL_STRANGE, -1),
	CALL(pwritev, CALL_STRANGE, -1),
	CALL(pwritev2, CALL_STRANGE, -1),
	CALL(copy_file_range, CALL_STRANGE, -1),
	CALL(sendfile, CALL_STRANGE, -1),
	CALL(splice, CALL_STRANGE, -1),
	CALL(sync, CALL_STRANGE, -1),
	CALL(syncfs, CALL_STRANGE, -1),
	CALL(sync_file_range, CALL_STRANGE, -1),
	CALL(clone, CALL_STRANGE, -1),
	CALL(clone3, CALL_STRANGE, -1),
};

/* The tracer's own; one process, one trace. */
static struct tracer {
	struct trace *trace;
	struct trace_order order;
	/* The call the process is in. */
	int inside;
	const struct call *call;	/* NULL: of no interest */
	long number;
	uint64_t args[6];
	int failable;
	int spoilt;		/* TRACE_FAIL*: its result is to be changed */
	int existed;		/* what it opens was there before */
	int until_sent;
} t;

static const struct call *
find_call(long number)
{
	size_t i;

	for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		if (calls[i].number == number)
			return &calls[i];
	}
	return NULL;
}

/* The names that the arguments of a call on paths mean; NULL if only one. */
static int
names(char *name, char *name2, size_t size)
{
	int at = t.call->dir != -1;
	int two = name2 != NULL;

	if (tracee_name(at ? (int)t.args[0] : AT_FDCWD, t.args[at], name,
	    size) == -1)
		return -1;
	if (!two)
		return 0;
	return tracee_name(at ? (int)t.args[2] : AT_FDCWD, t.args[at ? 3 : 1],
	    name2, size);
}

static void
record(const struct trace_event *event)
{
	struct trace *trace = t.trace;
	struct trace_event copy = *event;
	size_t room = sizeof copy + ((event->len + 7) & ~(size_t)7);

	if (room > LOG_SIZE - sizeof *trace - trace->used)
		errx(1, "the trace is too long");
	copy.on_path = trace->report.began && !trace->report.ended;
	memcpy(trace->log + trace->used, &copy, sizeof copy);
	if (event->len > 0)
		memcpy(trace->log + trace->used + sizeof copy, event->data,
		    event->len);
	trace->used += room;
}

int
trace_next(const struct trace *trace, struct trace_event *event, size_t *place)
{
	if (*place >= trace->used)
		return 0;
	memcpy(event, trace->log + *place, sizeof *event);
	event->data = trace->log + *place + sizeof *event;
	*place += sizeof *event + ((event->len + 7) & ~(size_t)7);
	return 1;
}

static void
strange(const char *why)
{
	if (t.trace->report.strange[0] == '\0')
		strlcpy(t.trace->report.strange, why,
		    sizeof t.trace->report.strange);
}

static void
received(int64_t result)
{
	uint32_t type;

	if (result < (int64_t)sizeof type)
		return;
	tracee_message(t.args[1], (uint8_t *)&type, sizeof type);
	if (type == t.order.after && t.order.skip-- == 0)
		t.trace->report.began = 1;
}

/* Before it is sent: whoever gets it may act on it at once. */
static void
sends(void)
{
	struct trace_event event = { .what = TRACE_SENT };
	struct msg_saved saved;
	uint8_t buf[sizeof event.type + sizeof saved];
	size_t len = tracee_message(t.args[1], buf, sizeof buf);

	if (len < sizeof event.type)
		return;
	memcpy(&event.type, buf, sizeof event.type);
	if (event.type == MSG_SAVED && len == sizeof buf) {
		memcpy(&saved, buf + sizeof event.type, sizeof saved);
		event.seq = saved.seq;
		event.error = saved.error;
	}
	record(&event);
	if (t.trace->report.began && event.type == t.order.until &&
	    (event.type != MSG_SAVED || event.seq >= t.order.until_seq))
		t.until_sent = 1;
}

static void
record_write(int64_t result)
{
	struct trace_event event = { .what = TRACE_WRITE };
	struct stat st;
	struct iovec iov[64];
	uint8_t *data;
	size_t i, n = (size_t)result, used = 0;

	if (tracee_node((int)t.args[0], &st) == -1)
		return;
	if ((data = calloc(1, n + 1)) == NULL)
		err(1, "calloc");
	if (t.call->kind == CALL_WRITEV) {
		if (t.args[2] > 64)
			errx(1, "more pieces than expected");
		tracee_peek(t.args[1], iov, t.args[2] * sizeof iov[0]);
		for (i = 0; i < t.args[2] && used < n; i++) {
			size_t len = iov[i].iov_len < n - used ?
			    iov[i].iov_len : n - used;

			tracee_peek((uintptr_t)iov[i].iov_base, data + used,
			    len);
			used += len;
		}
	} else
		tracee_peek(t.args[1], data, n);
	event.node = st.st_ino;
	event.data = data;
	event.len = n;
	event.offset = t.args[3];
	if (t.call->kind != CALL_PWRITE)
		event.offset = tracee_position((int)t.args[0]) - n;
	record(&event);
	free(data);
}

static void
record_open(int64_t fd)
{
	struct trace_event event = { .what = TRACE_CREATE };
	struct stat st;
	int flags = (int)t.args[t.call->dir == -1 ? 1 : 2];

	if (tracee_node((int)fd, &st) == -1 || S_ISDIR(st.st_mode) ||
	    names(event.name, NULL, sizeof event.name) == -1)
		return;
	event.node = st.st_ino;
	if (!t.existed)
		record(&event);
	else if (flags & O_TRUNC) {
		event.what = TRACE_TRUNCATE;
		record(&event);
	}
}

static void
record_on_fd(int64_t result)
{
	struct trace_event event = { .what = TRACE_TRUNCATE };
	struct stat st;

	if (tracee_node((int)t.args[0], &st) == -1)
		return;
	event.node = st.st_ino;
	event.offset = t.args[1];
	if (t.call->kind == CALL_FSYNC) {
		event.what = S_ISDIR(st.st_mode) ? TRACE_DIRSYNC : TRACE_SYNC;
		if (result < 0 && event.what == TRACE_DIRSYNC)
			return;
		if (result < 0)
			event.what = TRACE_SYNC_LOST;
	} else if (result < 0)
		return;
	record(&event);
}

static void
record_names(void)
{
	struct trace_event event = { .what = TRACE_UNLINK };

	if (t.call->kind == CALL_RENAME)
		event.what = TRACE_RENAME;
	else if (t.call->kind == CALL_LINK)
		event.what = TRACE_LINK;
	if (names(event.name, t.call->kind == CALL_UNLINK ? NULL :
	    event.name2, sizeof event.name) == 0)
		record(&event);
	else if (t.call->kind != CALL_UNLINK)
		strange("a name from elsewhere");
}

/* A call has returned; the result is the kernel's, whatever it is told. */
static void
leave_call(int64_t result)
{
	switch (t.call->kind) {
	case CALL_RECV:
		received(result);
		break;
	case CALL_OPEN:
		if (result >= 0)
			record_open(result);
		break;
	case CALL_WRITE:
	case CALL_PWRITE:
	case CALL_WRITEV:
		if (result > 0)
			record_write(result);
		break;
	case CALL_FSYNC:
	case CALL_TRUNCATE:
		record_on_fd(result);
		break;
	case CALL_RENAME:
	case CALL_LINK:
	case CALL_UNLINK:
		if (result == 0)
			record_names();
		break;
	case CALL_ON_PATH:
	case CALL_ON_FD:
	case CALL_CLOSE:
	case CALL_SEND:
	case CALL_WAIT:
	case CALL_STRANGE:
		break;
	}
}

/* Is it on our directory or a file in it, so that a disk could refuse it? */
static int
can_fail(void)
{
	struct stat st;
	char name[PATH_MAX];

	switch (t.call->kind) {
	case CALL_OPEN:
	case CALL_ON_PATH:
	case CALL_RENAME:
	case CALL_LINK:
	case CALL_UNLINK:
		return names(name, NULL, sizeof name) == 0;
	case CALL_WRITE:
	case CALL_PWRITE:
	case CALL_WRITEV:
	case CALL_FSYNC:
	case CALL_TRUNCATE:
	case CALL_ON_FD:
	case CALL_CLOSE:
		return tracee_node((int)t.args[0], &st) == 0;
	case CALL_RECV:
	case CALL_SEND:
	case CALL_WAIT:
	case CALL_STRANGE:
		break;
	}
	return 0;
}

/* The call that is entered is one of those to be spoilt. */
static void
spoil(void)
{
	struct trace_report *report = &t.trace->report;

	switch (t.order.deed) {
	case TRACE_WATCH:
	case TRACE_KILL:
		return;
	case TRACE_FAIL:
		/* As the kernel has it: close fails, and has closed. */
		if (t.call->kind != CALL_CLOSE)
			tracee_change_call(REPLACED_BY, t.args[2]);
		break;
	case TRACE_FAIL_DONE:
		break;
	case TRACE_SHORT:
		if ((t.call->kind != CALL_WRITE &&
		    t.call->kind != CALL_PWRITE) || t.args[2] < 2)
			return;
		tracee_change_call((uint64_t)t.number, t.args[2] / 2);
		break;
	}
	t.spoilt = 1;
	report->done = 1;
	strlcpy(report->call, t.call->name, sizeof report->call);
}

/* Count a stop on the path, and kill there if so told. */
static void
count_stop(void)
{
	struct trace_report *report = &t.trace->report;

	if (!report->began || report->ended)
		return;
	report->stops++;
	if (t.order.deed != TRACE_KILL || report->stops != t.order.at)
		return;
	kill(tracee.pid, SIGKILL);
	report->done = 1;
	snprintf(report->call, sizeof report->call, "%s of %s",
	    t.inside ? "entry" : "exit",
	    t.call != NULL ? t.call->name : "another call");
}

static void
on_entry(const struct __ptrace_syscall_info *info)
{
	struct trace_report *report = &t.trace->report;
	char name[PATH_MAX], path[2 * PATH_MAX];
	struct stat st;

	t.inside = 1;
	t.number = (long)info->entry.nr;
	t.call = find_call(t.number);
	memcpy(t.args, info->entry.args, sizeof t.args);
	t.spoilt = 0;
	if (t.call != NULL && t.until_sent && (t.call->kind == CALL_WAIT ||
	    (t.call->kind == CALL_RECV && !(t.args[2] & MSG_DONTWAIT))))
		report->ended = 1;
	count_stop();
	if (t.call == NULL)
		return;
	if (t.call->kind == CALL_STRANGE && report->began)
		strange(t.call->name);
	if (t.call->kind == CALL_SEND)
		sends();
	if (t.call->kind == CALL_OPEN &&
	    names(name, NULL, sizeof name) == 0) {
		snprintf(path, sizeof path, "%s/%s", tracee.dir, name);
		t.existed = lstat(path, &st) == 0;
	}
	if (!report->began || report->ended || !can_fail())
		return;
	report->calls++;
	if (report->calls >= t.order.at && report->calls <= t.order.through)
		spoil();
}

static void
on_exit_of(const struct __ptrace_syscall_info *info)
{
	int64_t result = info->exit.rval;

	if (!t.inside)
		return;
	t.inside = 0;
	if (t.call != NULL) {
		if (t.spoilt && t.order.deed == TRACE_FAIL &&
		    t.call->kind != CALL_CLOSE)
			result = -t.order.error;
		leave_call(result);
		if (t.spoilt)
			tracee_change_return(t.order.deed == TRACE_SHORT ?
			    result : -t.order.error, t.args[2]);
	}
	count_stop();
}

/* Until the end of the traced process. */
static void
follow(void)
{
	struct __ptrace_syscall_info info;
	int status, sig;

	for (;;) {
		if (waitpid(tracee.pid, &status, 0) == -1)
			err(1, "waitpid");
		if (!WIFSTOPPED(status))
			break;
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80)) {
			sig = 0;
			memset(&info, 0, sizeof info);
			if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee.pid,
			    sizeof info, &info) == -1)
				continue;	/* has been killed */
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
				on_entry(&info);
			else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
				on_exit_of(&info);
		} else if (sig == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		ptrace(PTRACE_SYSCALL, tracee.pid, NULL, (void *)(intptr_t)sig);
	}
	t.trace->report.status = status;
	if (status == 0)
		record(&(struct trace_event) { .what = TRACE_ENDED });
}

static void
tracer(struct trace *trace, const struct trace_order *order,
    void (*body)(void *), void *arg)
{
	int status;

	t.trace = trace;
	t.order = *order;
	if (realpath(order->dir, tracee.dir) == NULL)
		err(1, "%s", order->dir);
	if (t.order.through < t.order.at)
		t.order.through = t.order.at;
	trace->report.began = order->after == TRACE_ALWAYS;
	if ((tracee.pid = fork()) == -1)
		err(1, "fork");
	if (tracee.pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			err(1, "PTRACE_TRACEME");
		raise(SIGSTOP);
		body(arg);
		_exit(0);
	}
	/* A channel ends when its ends are closed, and these are copies. */
	closefrom(STDERR_FILENO + 1);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		err(1, "prctl");
	if (waitpid(tracee.pid, &status, 0) == -1 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, tracee.pid, NULL, (void *)(intptr_t)
	    (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC))
	    == -1 || ptrace(PTRACE_SYSCALL, tracee.pid, NULL, NULL) == -1)
		err(1, "ptrace");
	follow();
}

struct trace *
trace_start(const struct trace_order *order, void (*body)(void *), void *arg)
{
	struct trace *trace = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (trace == MAP_FAILED)
		err(1, "mmap");
	fflush(NULL);
	if ((trace->tracer = fork()) == -1)
		err(1, "fork");
	if (trace->tracer == 0) {
		tracer(trace, order, body, arg);
		_exit(0);
	}
	return trace;
}

void
trace_peek(const struct trace *trace, struct trace_report *report)
{
	*report = trace->report;
}

void
trace_end(struct trace *trace, struct trace_report *report)
{
	int status;

	if (waitpid(trace->tracer, &status, 0) == -1)
		err(1, "waitpid");
	if (status != 0)
		errx(1, "the tracer ended with %#x", (unsigned int)status);
	*report = trace->report;
}

void
trace_free(struct trace *trace)
{
	munmap(trace, LOG_SIZE);
}
