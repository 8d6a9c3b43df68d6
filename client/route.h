/* SPDX-License-Identifier: ISC */
/*
 * Local routes: to one host that is on the cable of an interface, although
 * its address does not say so.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <stdint.h>

#define ROUTES_MAX 64

struct route {
	uint32_t ifindex;
	uint16_t family;	/* AF_INET, AF_INET6; 0: not in use */
	uint16_t bits;		/* length of the prefix */
	uint8_t address[16];
};

struct routes {
	struct route list[ROUTES_MAX];
};

/*
 * route_change(route, add): add this route to the kernel's main table, or
 * remove it.  Returns 0, or -1 with errno: EEXIST if there is such a route
 * already, ESRCH if there is none, EPERM, ENODEV.
 */
int route_change(const struct route *, int);

/*
 * routes_add(routes, route): the same, and remember it.  ENOSPC if there is no
 * room for another.  routes_del(routes, route): remove one that is
 * remembered; ENOENT for any other.  routes_clear(routes): remove all.
 */
int routes_add(struct routes *, const struct route *);
int routes_del(struct routes *, const struct route *);
void routes_clear(struct routes *);

#endif
