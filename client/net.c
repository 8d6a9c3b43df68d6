/* SPDX-License-Identifier: ISC */
/*
 * The process on the network.  Before it hears anybody it has given up every
 * power, opened what it needs, and entered its filter: it can open no file,
 * start no program, and reaches the machine only by asking the keeper for a
 * route.
 */
#include "net.h"

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "client.h"
#include "keyfile.h"
#include "log.h"
#include "note.h"
#include "power.h"
#include "sandbox.h"
#include "tls.h"

#define RETRY_LEAST_MS 100

static int keeper_fd;

int
net_ask_route(uint32_t id, const struct route *route, int add)
{
	struct note note;

	memset(&note, 0, sizeof note);
	note.type = add ? NOTE_ROUTE_ADD : NOTE_ROUTE_DEL;
	note.id = id;
	note.route = *route;
	return note_send(keeper_fd, &note);
}

static void
read_keeper(struct loop_io *io, uint32_t events)
{
	struct note note;

	(void)events;
	switch (note_recv(io->fd, &note)) {
	case 1:
		if (note.type == NOTE_ROUTED)
			fetch_routed(note.id, note.error);
		break;
	case 0:
		break;
	default:
		exit(EX_TEMPFAIL);
	}
}

/*
 * Where a server from the command line is.  Returns -1 if that cannot be: a
 * link-local address needs an interface.
 */
static int
add_place(const struct keeper *k, const struct place *place)
{
	struct address address = place->address;
	uint32_t only = k->ifaces.count == 1 ? k->ifaces.list[0].index : 0;
	unsigned long number;
	uint32_t scope = 0;
	char *end;

	if (address.scope[0] != '\0') {
		number = strtoul(address.scope, &end, 10);
		scope = *end == '\0' && number <= UINT32_MAX ?
		    (uint32_t)number : if_nametoindex(address.scope);
		if (scope == 0) {
			log_warnx("%s: there is no interface \"%s\"",
			    place->text, address.scope);
			return -1;
		}
	} else if (address_is_link_local(&address)) {
		if ((scope = only) == 0) {
			log_warnx("%s: An IPv6 link-local address is "
			    "incomplete without a network interface",
			    place->text);
			return -1;
		}
	}
	if (scope != 0)
		address.sa.in6.sin6_scope_id = scope;
	return servers_add(NULL, &address, only) == NULL ? -1 : 0;
}

/* Exits if nothing is left to be tried. */
static void
add_places(const struct keeper *k, int is_zeroconf)
{
	const struct place *place;
	size_t known = 0;

	STAILQ_FOREACH(place, &k->opt.connects, entry)
		known += add_place(k, place) == 0;
	STAILQ_FOREACH(place, &k->opt.servers, entry)
		known += add_place(k, place) == 0;
	if (known == 0 && !is_zeroconf)
		exit(EX_USAGE);
}

/* The key pair, and no copy of it but GnuTLS's. */
static void
load_keys(const struct keeper *k, int pub_fd, int priv_fd)
{
	char *pub = keyfile_read(pub_fd, k->opt.tls_pubkey, NULL);
	char *priv = keyfile_read(priv_fd, k->opt.tls_privkey, NULL);
	int status = EX_UNAVAILABLE;

	if (pub != NULL && priv != NULL)
		status = tls_init(k->opt.priority, pub, priv, k->opt.debug);
	keyfile_free(pub);
	keyfile_free(priv);
	if (status != 0)
		exit(status);
}

void
net_run(const struct keeper *k, const int fds[NET_FDS], pid_t parent)
{
	static struct loop_io keeper_io;
	double retry_ms = ceil(k->opt.retry * 1000);
	int is_zeroconf = STAILQ_EMPTY(&k->opt.connects);

	/* GnuTLS would write keys to where a variable says. */
	if (clearenv() != 0)
		fatalx("clearenv");
	power_drop(parent);
	power_lock();
	if (retry_ms < RETRY_LEAST_MS)
		retry_ms = RETRY_LEAST_MS;
	load_keys(k, fds[NET_PUBKEY], fds[NET_PRIVKEY]);
	keeper_fd = fds[NET_KEEPER];
	loop_init();
	feed_init(fds[NET_DECRYPTER]);
	servers_init((uint64_t)retry_ms);
	if (loop_io_add(&keeper_io, keeper_fd, EPOLLIN, read_keeper, NULL) ==
	    -1)
		fatal("epoll_ctl");
	add_places(k, is_zeroconf);
	if (is_zeroconf && browse_start(&k->ifaces, (uint64_t)retry_ms) == -1)
		exit(EX_UNAVAILABLE);
	sandbox_enter(RULES_CLIENT_NET);
	loop_run();
	exit(EX_TEMPFAIL);
}
