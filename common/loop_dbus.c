/* SPDX-License-Identifier: ISC */
/*
 * libdbus on our loop: its watches, its timeouts, and a reminder that there
 * are messages to dispatch.  Run by busd and mandos-monitor, each for the one
 * connection it has.  Nothing here dispatches: libdbus forbids that in its own
 * callbacks.
 */
#include "loop_dbus.h"

#include <sys/types.h>
#include <sys/epoll.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "loop.h"
#include "watch.h"

static void (*work)(void);
static struct loop_timer again;

static uint32_t
events_of(DBusWatch *watch)
{
	unsigned int flags = dbus_watch_get_flags(watch);

	if (!dbus_watch_get_enabled(watch))
		return 0;
	return (flags & DBUS_WATCH_READABLE ? (uint32_t)EPOLLIN : 0) |
	    (flags & DBUS_WATCH_WRITABLE ? (uint32_t)EPOLLOUT : 0);
}

static void
watch_ready(void *arg, uint32_t events)
{
	unsigned int flags = 0;

	if (events & EPOLLIN)
		flags |= DBUS_WATCH_READABLE;
	if (events & EPOLLOUT)
		flags |= DBUS_WATCH_WRITABLE;
	if (events & EPOLLERR)
		flags |= DBUS_WATCH_ERROR;
	if (events & EPOLLHUP)
		flags |= DBUS_WATCH_HANGUP;
	/* Without memory it leaves things as they are, and is called again. */
	dbus_watch_handle(arg, flags);
	if (work != NULL)
		work();
}

static dbus_bool_t
add_watch(DBusWatch *watch, void *data)
{
	struct watch *w;

	(void)data;
	w = watch_new(dbus_watch_get_unix_fd(watch), events_of(watch),
	    watch_ready, watch);
	if (w == NULL)
		return FALSE;
	dbus_watch_set_data(watch, w, NULL);
	return TRUE;
}

static void
remove_watch(DBusWatch *watch, void *data)
{
	(void)data;
	watch_free(dbus_watch_get_data(watch));
	dbus_watch_set_data(watch, NULL, NULL);
}

static void
toggle_watch(DBusWatch *watch, void *data)
{
	struct watch *w = dbus_watch_get_data(watch);

	(void)data;
	if (w != NULL)
		watch_set(w, events_of(watch));
}

static void
set_timeout(struct loop_timer *timer)
{
	DBusTimeout *timeout = timer->arg;

	if (dbus_timeout_get_enabled(timeout))
		loop_timer_set(timer,
		    (uint64_t)dbus_timeout_get_interval(timeout));
	else
		loop_timer_del(timer);
}

static void
timeout_due(struct loop_timer *timer)
{
	/* It repeats until libdbus takes it away, which this may do. */
	set_timeout(timer);
	dbus_timeout_handle(timer->arg);
	if (work != NULL)
		work();
}

static dbus_bool_t
add_timeout(DBusTimeout *timeout, void *data)
{
	struct loop_timer *timer = calloc(1, sizeof *timer);

	(void)data;
	if (timer == NULL)
		return FALSE;
	loop_timer_init(timer, timeout_due, timeout);
	dbus_timeout_set_data(timeout, timer, NULL);
	set_timeout(timer);
	return TRUE;
}

static void
remove_timeout(DBusTimeout *timeout, void *data)
{
	struct loop_timer *timer = dbus_timeout_get_data(timeout);

	(void)data;
	if (timer == NULL)
		return;
	loop_timer_del(timer);
	free(timer);
	dbus_timeout_set_data(timeout, NULL, NULL);
}

static void
toggle_timeout(DBusTimeout *timeout, void *data)
{
	struct loop_timer *timer = dbus_timeout_get_data(timeout);

	(void)data;
	if (timer != NULL)
		set_timeout(timer);
}

static void
again_due(struct loop_timer *timer)
{
	(void)timer;
	if (work != NULL)
		work();
}

void
loop_dbus_again(void)
{
	if (again.due_ms == -1)
		loop_timer_set(&again, 0);
}

static void
status_changed(DBusConnection *conn, DBusDispatchStatus status, void *data)
{
	(void)conn;
	(void)data;
	if (status != DBUS_DISPATCH_COMPLETE)
		loop_dbus_again();
}

int
loop_dbus_attach(DBusConnection *conn, void (*function)(void))
{
	work = function;
	loop_timer_init(&again, again_due, NULL);
	if (!dbus_connection_set_watch_functions(conn, add_watch, remove_watch,
	    toggle_watch, NULL, NULL) ||
	    !dbus_connection_set_timeout_functions(conn, add_timeout,
	    remove_timeout, toggle_timeout, NULL, NULL))
		return -1;
	dbus_connection_set_dispatch_status_function(conn, status_changed,
	    NULL, NULL);
	/* What has come before anybody watched. */
	loop_dbus_again();
	return 0;
}

void
loop_dbus_detach(void)
{
	work = NULL;
	loop_timer_del(&again);
}
