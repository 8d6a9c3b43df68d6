/* SPDX-License-Identifier: ISC */
/*
 * Where servers are, by Zeroconf as a client in a boot image looks for them:
 * with Avahi's core, without a daemon; or by a name on the command line.
 */
#include "keygen_rehearse.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <err.h>
#include <netdb.h>
#include <stdint.h>
#include <string.h>

#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>

#define SERVICE "_mandos._tcp"
#define DOMAIN "local"
#define TICK_MS 100

struct browser {
	AvahiSimplePoll *poll;
	AvahiServer *avahi;
	struct server *servers;
	int count;
	int resolving;		/* names whose address is not known */
	int is_all;		/* there are no more */
};

static void
add_server(struct browser *b, const AvahiAddress *a, AvahiIfIndex interface,
    uint16_t port)
{
	struct server *s = &b->servers[b->count];
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s->address;
	struct sockaddr_in *in = (struct sockaddr_in *)&s->address;

	if (b->count == SERVERS_MAX)
		return;
	*s = (struct server){ .len = 0 };
	if (a->proto == AVAHI_PROTO_INET6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, a->data.ipv6.address, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
			in6->sin6_scope_id = (uint32_t)interface;
		s->len = sizeof *in6;
	} else {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = a->data.ipv4.address;
		s->len = sizeof *in;
	}
	b->count++;
}

static void
on_resolved(AvahiSServiceResolver *resolver, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
    const char *type, const char *domain, const char *host,
    const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
    AvahiLookupResultFlags flags, void *arg)
{
	struct browser *b = arg;

	(void)protocol, (void)name, (void)type, (void)domain, (void)host;
	(void)txt, (void)flags;
	if (event == AVAHI_RESOLVER_FOUND)
		add_server(b, address, interface, port);
	b->resolving--;
	avahi_s_service_resolver_free(resolver);
}

static void
on_browsed(AvahiSServiceBrowser *browser, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
    const char *type, const char *domain, AvahiLookupResultFlags flags,
    void *arg)
{
	struct browser *b = arg;

	(void)browser, (void)flags;
	switch (event) {
	case AVAHI_BROWSER_NEW:
		if (avahi_s_service_resolver_new(b->avahi, interface, protocol,
		    name, type, domain, protocol, 0, on_resolved, b) != NULL)
			b->resolving++;
		break;
	case AVAHI_BROWSER_ALL_FOR_NOW:
	case AVAHI_BROWSER_FAILURE:
		b->is_all = 1;
		break;
	case AVAHI_BROWSER_REMOVE:
	case AVAHI_BROWSER_CACHE_EXHAUSTED:
		break;
	}
}

/* Avahi tells of every interface that it sees. */
static void
on_log(AvahiLogLevel level, const char *text)
{
	(void)level, (void)text;
}

/* Its state is of no interest: nothing is published. */
static void
on_state(AvahiServer *avahi, AvahiServerState state, void *arg)
{
	(void)avahi, (void)state, (void)arg;
}

int
servers_browse(struct server *servers, unsigned int seconds)
{
	struct browser b = { .servers = servers };
	AvahiSServiceBrowser *browser = NULL;
	int64_t end = run_now() + (int64_t)seconds * 1000;
	AvahiServerConfig config;
	int error = AVAHI_ERR_NO_MEMORY;

	avahi_set_log_function(on_log);
	if ((b.poll = avahi_simple_poll_new()) == NULL)
		goto out;
	avahi_server_config_init(&config);
	config.publish_hinfo = config.publish_addresses = 0;
	config.publish_workstation = config.publish_domain = 0;
	b.avahi = avahi_server_new(avahi_simple_poll_get(b.poll), &config,
	    on_state, NULL, &error);
	avahi_server_config_free(&config);
	if (b.avahi == NULL)
		goto out;
	browser = avahi_s_service_browser_new(b.avahi, AVAHI_IF_UNSPEC,
	    AVAHI_PROTO_UNSPEC, SERVICE, DOMAIN, 0, on_browsed, &b);
	if (browser == NULL) {
		error = avahi_server_errno(b.avahi);
		goto out;
	}
	while (run_now() < end && !(b.is_all && b.resolving == 0 &&
	    b.count > 0))
		if (avahi_simple_poll_iterate(b.poll, TICK_MS) != 0)
			break;

out:
	if (browser == NULL) {
		warnx("Zeroconf cannot be used: %s", avahi_strerror(error));
		b.count = -1;
	}
	/* Frees what is being browsed and resolved as well. */
	if (b.avahi != NULL)
		avahi_server_free(b.avahi);
	if (b.poll != NULL)
		avahi_simple_poll_free(b.poll);
	return b.count;
}

int
servers_resolve(struct server *servers, const char *text)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list, *ai;
	const char *colon;
	char host[256];
	size_t len;
	int rv, n = 0;

	if ((colon = strrchr(text, ':')) == NULL) {
		warnx("%s: there is no colon before a port", text);
		return -1;
	}
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof host) {
		warnx("%s: not an address", text);
		return -1;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	if ((rv = getaddrinfo(host, colon + 1, &hints, &list)) != 0) {
		warnx("%s: %s", text, gai_strerror(rv));
		return -1;
	}
	for (ai = list; ai != NULL && n < SERVERS_MAX; ai = ai->ai_next) {
		servers[n] = (struct server){ .len = ai->ai_addrlen };
		memcpy(&servers[n++].address, ai->ai_addr, ai->ai_addrlen);
	}
	freeaddrinfo(list);
	return n;
}
