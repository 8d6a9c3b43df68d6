/* SPDX-License-Identifier: ISC */
/*
 * What the files of the process on the network share.
 */
#ifndef NET_H
#define NET_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "loop.h"
#include "route.h"

struct attempt;

/* A server that is known, from the command line or by Zeroconf. */
struct server {
	TAILQ_ENTRY(server) entry;
	char *name;		/* of the service; NULL: command line */
	struct address address;
	uint32_t ifindex;	/* where a local route may help; 0: nowhere */
	struct attempt *attempt;	/* that is being made, or NULL */
	int64_t tried_ms;	/* when it began */
	unsigned int failures;	/* since it is known */
	unsigned int hurries;	/* tries that did not count */
	int is_gone;		/* forgotten when the timer rings */
	struct loop_timer timer;	/* for the next attempt */
};

/* net.c */

/*
 * net_ask_route(id, route, add): have the keeper add or remove a route.  For
 * one that is added, the answer goes to fetch_routed().  Returns 0 or -1.
 */
int net_ask_route(uint32_t, const struct route *, int);

/* servers.c */

/*
 * servers_init(retry_ms): no servers yet.  servers_add(name, address,
 * ifindex): one more, which is tried as soon as the loop runs; ${name} is
 * copied.  Returns NULL if there is no room or memory.
 */
void servers_init(uint64_t);
struct server *servers_add(const char *, const struct address *, uint32_t);

/* servers_move(server, address): it has another address from here on. */
void servers_move(struct server *, const struct address *);

/*
 * servers_gone(server): it is announced no more, and forgotten after a grace.
 * servers_back(server): it is announced again.
 */
void servers_gone(struct server *);
void servers_back(struct server *);

enum over {
	OVER_FETCHED,		/* and is with the decrypter */
	OVER_FAILED,
	OVER_TOO_EARLY		/* our own address is not usable yet */
};

/*
 * servers_over(server, how): its attempt has come to an end.
 * servers_may_hurry(server): OVER_TOO_EARLY may be the reason: it is tried
 * again soon, but that ends some seconds after the first time.
 */
void servers_over(struct server *, enum over);
int servers_may_hurry(const struct server *);

/* servers_set_forget(cb): call ${cb} before a server is freed. */
void servers_set_forget(void (*)(struct server *));

/* fetch.c */

/*
 * fetch_start(server): connect to it, and fetch.  servers_over() is called in
 * the end, perhaps before this returns.
 */
void fetch_start(struct server *);

/* fetch_is_young(server): its attempt may well succeed any moment. */
int fetch_is_young(const struct server *);

/* fetch_drop(server): give up its attempt. */
void fetch_drop(struct server *);

/* fetch_routed(id, error): the keeper's answer about a route. */
void fetch_routed(uint32_t, int);

/* feed.c */

/*
 * feed_init(fd): what is fetched goes to the decrypter by this socket.
 * feed_put(bytes, len): take over these bytes, from the heap.
 */
void feed_init(int);
void feed_put(uint8_t *, size_t);

/* browse.c */

struct ifaces;

/*
 * browse_start(ifaces, retry_ms): look for servers by Zeroconf, on these
 * interfaces or, if there are none, on all.  Returns 0, or -1 with a message.
 */
int browse_start(const struct ifaces *, uint64_t);

#endif
