/* SPDX-License-Identifier: ISC */
/*
 * mandos-netd: main(), the order of its start, and its end.
 */
#include "netd.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "log.h"
#include "tls.h"

#ifndef NETD_USER
#define NETD_USER "_mandos-net"
#endif

/* Memory for netd, and for each session: more than either ever needs. */
#define DATA_MAX (64 * 1024 * 1024)

/* Heap beyond what is in use when a session starts; it needs less. */
#define HEAP_PAD (256 * 1024)

/*
 * Larger holes are filled in pieces of this; malloc deals in multiples of the
 * step, and caches what is freed up to the small size.
 */
#define HOLE_MAX 4096
#define HOLE_STEP 16
#define HOLE_SMALL 1040

/* AddressSanitizer maps terabytes for itself. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

static void
on_signal(int signo)
{
	if (signo == SIGCHLD)
		pool_reap();
	else if (signo == SIGTERM)
		netd_end(0);
	/* An interrupt from the terminal is for the monitor to act upon. */
}

/*
 * Every session starts with a copy of this heap: let it grow in few steps, give
 * nothing back later, and make no mappings apart from it.
 */
static void
prepare_heap(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, DATA_MAX);
	mallopt(M_TOP_PAD, HEAP_PAD);
#endif
}

/*
 * All that was done until here leaves holes in the heap.  What a session put
 * there, it would put on pages that it has to copy first, and netd after it,
 * because they are those of all sessions.  So the holes are filled, for good:
 * what is allocated from here on lies behind them, close together, on pages
 * that nobody has touched yet.
 */
static void
fill_holes(void)
{
#if defined(__GLIBC__) && !defined(SANITIZED)
	uintptr_t end;
	size_t size;
	void *p;

	malloc_trim(0);
	end = (uintptr_t)sbrk(0);
	for (size = HOLE_MAX; size > 0; size -= HOLE_STEP) {
		do
			p = malloc(size);
		while (p != NULL && (uintptr_t)p < end);
		/* Small ones malloc would keep for itself, each on its page. */
		if (size > HOLE_SMALL)
			free(p);
	}
#endif
}

/*
 * Stay on one processor with all sessions.  A session lives for a millisecond
 * and its memory is that of netd: started on another processor, it would
 * spend a third more on fetching that from the caches of this one.  And no
 * flood of connections can take more than one processor from the rest of the
 * machine.  Where it is not allowed, it is slower.
 */
static void
stay_here(void)
{
	cpu_set_t set;
	int cpu;

	if ((cpu = sched_getcpu()) == -1)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

static void
prepare_tls(const char *priority)
{
	const char *fault;

	if ((fault = tls_setup(priority)) != NULL)
		fatalx_status(EX_CONFIG, "the TLS priority is refused: %s",
		    fault);
	if ((fault = tls_selftest()) != NULL)
		fatalx_status(EX_SOFTWARE, "the self-test of TLS failed: %s",
		    fault);
	tls_warm();
}

static void
prepare_limits(void)
{
	struct limits *limits = &netd.limits;
	uint32_t sessions = limits->max_sessions;
	uint32_t connections = limits->max_connections;
	struct rlimit nofile;

	if (getrlimit(RLIMIT_NOFILE, &nofile) == -1)
		fatal("RLIMIT_NOFILE");
	netd.held_max = limit_ceilings(limits, nofile.rlim_cur);
	if (netd.held_max == 0)
		fatalx_status(EX_CONFIG, "%llu descriptors are too few to "
		    "serve anybody", (unsigned long long)nofile.rlim_cur);
	if (limits->max_sessions < sessions || netd.held_max < connections)
		log_warnx("%llu descriptors allow for %u sessions and %u "
		    "waiting connections, not %u and %u",
		    (unsigned long long)nofile.rlim_cur, limits->max_sessions,
		    netd.held_max, sessions, connections);
	limit_table_init(&netd.penalties, limits);
	queue_init(&netd.queue, limits->max_sessions_per_source);
}

/*
 * What is accepted inherits the timeouts.  It is netd that ends a session
 * which takes too long; they are for sessions of a netd that was itself
 * killed.
 */
static void
prepare_listener(int fd)
{
	struct timeval tv;
	uint64_t seconds = netd.limits.handshake_timeout_ms / 1000 + 1;
	int silent_s = 1;

	tv.tv_sec = seconds > INT32_MAX ? INT32_MAX : (time_t)seconds;
	tv.tv_usec = 0;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv) == -1)
		fatal("setsockopt");
	/*
	 * The kernel keeps a connection to itself until the peer has said
	 * something, at first.  Where it cannot, netd does that all the time.
	 */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silent_s,
	    sizeof silent_s);
	if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == -1)
		fatal("fcntl");
}

/* Give up all power.  Returns the filter for the sessions. */
static const struct sandbox_filter *
lock_down(void)
{
	const struct sandbox_id id = { .user = NETD_USER, .empty_root = 1 };
	const struct sandbox_filter *filter;
#ifndef SANITIZED
	const struct rlimit memory = { DATA_MAX, DATA_MAX };

	/* RLIMIT_DATA counts neither shared mappings nor stacks. */
	if (setrlimit(RLIMIT_AS, &memory) == -1)
		fatal("RLIMIT_AS");
#endif
	filter = sandbox_compile(RULES_SESSION);
	sandbox_drop(&id);
	/* The parent kills us when the monitor ends; who when it is killed? */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		fatal("PR_SET_PDEATHSIG");
	sandbox_enter(RULES_NETD);
	return filter;
}

static int
serve(int argc, char **argv)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0 };
	const struct msg_ready ready = { 0 };
	const struct sandbox_filter *filter;

	prepare_heap();
	child_adopt(&netd.monitor.chan, PROC_NETD, argc, argv);
	orders_await(&netd.monitor, MSG_START);
	log_open("mandos-netd", (int)boot.log_level);
	orders_await(&netd.monitor, MSG_ACCEPT_FROM);
	prepare_tls(boot.priority);
	prepare_limits();
	prepare_listener(boot.listener);
	stay_here();
	loop_init();
	loop_signals(signals, on_signal);
	filter = lock_down();
	fill_holes();
	orders_watch(&netd.monitor);
	orders_tell(&netd.monitor, MSG_READY, &ready, NULL, 0, -1);
	listen_start(boot.listener);
	pool_start(filter);
	loop_run();
	return 0;
}

int
main(int argc, char **argv)
{
	const char *fault;

	log_open("mandos-netd", LOG_WARNING);
	/* With this GnuTLS would write session keys to a file, or try to. */
	if (unsetenv("SSLKEYLOGFILE") == -1)
		fatal("unsetenv");
	if (argc == 2 && strcmp(argv[1], "--check") == 0) {
		if ((fault = tls_selftest()) != NULL)
			fatalx_status(EX_SOFTWARE,
			    "the self-test of TLS failed: %s", fault);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--check-priority") == 0) {
		if ((fault = tls_setup(argv[2])) != NULL)
			fatalx_status(EX_CONFIG,
			    "the TLS priority is refused: %s", fault);
		return 0;
	}
	return serve(argc, argv);
}
