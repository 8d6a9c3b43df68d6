/* SPDX-License-Identifier: ISC */
/*
 * libdbus on our loop.
 */
#ifndef LOOP_DBUS_H
#define LOOP_DBUS_H

#include <dbus/dbus.h>

/*
 * loop_dbus_attach(conn, work): have the loop serve ${conn}.  ${work} is
 * called after each time something was read or written, and from the loop
 * when there is something to dispatch; it may close the connection.  Returns
 * 0, or -1 if there is no memory.
 */
int loop_dbus_attach(DBusConnection *, void (*)(void));

/* loop_dbus_again(): call that function from the loop, soon. */
void loop_dbus_again(void);

/* loop_dbus_detach(): forget it; before the connection is closed. */
void loop_dbus_detach(void);

#endif
