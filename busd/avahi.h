/* SPDX-License-Identifier: ISC */
/*
 * Zeroconf: the server is announced to clients that look for one.
 */
#ifndef AVAHI_H
#define AVAHI_H

/*
 * zeroconf_start(): start the process that announces what BUS_START said,
 * whenever there is a bus and an avahi-daemon on it.  To be called when power
 * has been given up, before the filter is entered, and while the loop has
 * nothing to do.  That process ends with busd, and busd if that process does.
 * Fatal if the kernel refuses.
 */
void zeroconf_start(void);

#endif
