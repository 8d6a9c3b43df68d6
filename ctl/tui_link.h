/* SPDX-License-Identifier: ISC */
/*
 * The way to the server: a connection to the system bus that is made again
 * when it is lost, and who is the server there.  Nothing here waits.
 */
#ifndef TUI_LINK_H
#define TUI_LINK_H

#include "bus.h"

enum link_state {
	LINK_NO_BUS,
	LINK_NO_SERVER,
	LINK_ASKING,		/* it has not told its clients yet */
	LINK_UP
};

/*
 * link_open(): connect to the bus, for the first time.  Returns 0, or -1 with
 * a message on standard error.
 */
int link_open(void);
void link_close(void);

/* link_state(): how far it goes. */
enum link_state link_state(void);

/*
 * link_ask(msg, done, arg, drop): send ${msg}, which is freed, and have ${done}
 * called with the answer, which may be an error, and ${arg}.  If the bus goes
 * before, or is not there, it is not called.  In the end, unless it is NULL,
 * ${drop} is called in any case, and frees ${arg}.
 */
void link_ask(DBusMessage *, void (*)(DBusMessage *, void *), void *,
    void (*)(void *));

/*
 * link_order(msg, what, name): send ${msg}, which is freed.  If it is refused,
 * the log says that ${what}, a constant string, of the client ${name} failed.
 */
void link_order(DBusMessage *, const char *, const char *);

#endif
