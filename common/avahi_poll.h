/* SPDX-License-Identifier: ISC */
/*
 * Avahi's client library on our loop.
 */
#ifndef AVAHI_POLL_H
#define AVAHI_POLL_H

#include <avahi-common/watch.h>

/* The main loop as the library wants to see it; it is ours. */
extern const AvahiPoll avahi_poll;

#endif
