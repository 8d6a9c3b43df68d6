/* SPDX-License-Identifier: ISC */
/*
 * What the service manager is told: sd_notify(3) without its library, one
 * datagram for each event.  Run by the parent, for whom the manager watches.
 */
#include "parent.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define TEXT_MAX 256
#define MIN_WATCHDOG_US 1000

static int manager = -1;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len;

static uint64_t ping_ms;	/* 0: nobody watches */
static struct loop_timer ping_timer;
static int is_asked;		/* the monitor has not answered yet */
static int is_reloading;

/* What the status says. */
static uint32_t clients, enabled;
static int is_refused;

/* Take a variable out of the environment, where no other process needs it. */
static char *
take(const char *name)
{
	const char *value = getenv(name);
	char *copy = NULL;

	if (value != NULL && (copy = strdup(value)) == NULL)
		fatal("strdup");
	unsetenv(name);
	return copy;
}

/* A path, or with an "@" in front a name in no file system. */
static void
connect_manager(const char *path)
{
	/* A manager that hangs costs it our words, and not the server. */
	static const struct timeval patience = { .tv_sec = 1 };
	size_t len = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || len < 2 ||
	    len >= sizeof address.sun_path) {
		log_warnx("NOTIFY_SOCKET is no address of a socket");
		return;
	}
	memcpy(address.sun_path, path, len);
	address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	else
		address_len++;
	if ((manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1 ||
	    setsockopt(manager, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof patience) == -1)
		fatal("cannot get a socket to the service manager");
}

/* One datagram; nobody is told if the manager does not take it. */
__attribute__((format(printf, 1, 2)))
static void
tell(const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;
	int len;

	if (manager == -1)
		return;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (sendto(manager, text, (size_t)len, MSG_NOSIGNAL,
	    (struct sockaddr *)&address, address_len) == -1)
		log_debug("the service manager does not listen: %s",
		    strerror(errno));
}

static void
tell_status(const char *before)
{
	char disabled[32] = "";

	if (clients != enabled)
		snprintf(disabled, sizeof disabled, ", %" PRIu32 " disabled",
		    clients - enabled);
	tell("%sSTATUS=Serving %" PRIu32 " %s%s%s\n", before, clients,
	    clients == 1 ? "client" : "clients", disabled,
	    is_refused ? "; the configuration was not reloaded" : "");
}

/* Half of the time is over: ask, unless an answer is still to come. */
static void
ping(struct loop_timer *timer)
{
	struct msg_ping m = { 0 };

	loop_timer_set(timer, ping_ms);
	if (is_asked)
		return;
	is_asked = 1;
	parent_tell(MSG_PING, &m, NULL, 0, -1);
}

void
notify_init(void)
{
	char *path = take("NOTIFY_SOCKET"), *usec = take("WATCHDOG_USEC");
	char *pid = take("WATCHDOG_PID");
	const char *why = NULL;
	long long us = 0;

	loop_timer_init(&ping_timer, ping, NULL);
	if (path != NULL)
		connect_manager(path);
	/* The variables may have been meant for whoever has started us. */
	if (usec != NULL && manager != -1 && (pid == NULL ||
	    strtonum(pid, 1, INT32_MAX, &why) == getpid()))
		us = strtonum(usec, MIN_WATCHDOG_US, INT64_MAX, &why);
	/* Twice in the time after which the manager would give us up. */
	if (us > 0 && why == NULL)
		ping_ms = us / 2000 > 0 ? (uint64_t)us / 2000 : 1;
	free(path);
	free(usec);
	free(pid);
}

void
notify_serving(const struct msg_serving *m)
{
	clients = m->clients;
	enabled = m->enabled;
	is_refused = m->refused != 0;
	is_reloading = 0;
	tell_status("READY=1\n");
	if (ping_ms > 0 && ping_timer.due_ms == -1)
		loop_timer_set(&ping_timer, ping_ms);
}

void
notify_reloading(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock_gettime");
	is_reloading = 1;
	tell("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the "
	    "configuration\n", (long long)ts.tv_sec * 1000000 +
	    ts.tv_nsec / 1000);
}

void
notify_refused(void)
{
	is_refused = 1;
	is_reloading = 0;
	tell_status("READY=1\n");
}

void
notify_stopping(void)
{
	loop_timer_del(&ping_timer);
	tell("STOPPING=1\nSTATUS=Ending\n");
}

void
notify_alive(const struct msg_pong *m)
{
	int is_news = m->clients != clients || m->enabled != enabled;

	is_asked = 0;
	clients = m->clients;
	enabled = m->enabled;
	if (is_news && !is_reloading)
		tell_status("WATCHDOG=1\n");
	else
		tell("WATCHDOG=1\n");
}
