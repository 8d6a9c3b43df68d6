/* SPDX-License-Identifier: ISC */
/*
 * Servers by Zeroconf: what is announced as _mandos._tcp, and where that is.
 * There is no avahi-daemon where we run, so Avahi's core is part of net, with
 * sockets that it makes before the filter is entered.  It publishes nothing.
 */
#include "net.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <avahi-common/error.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>

#include "avahi_poll.h"
#include "client.h"
#include "log.h"

#define SERVICE_TYPE "_mandos._tcp"
#define FOUND_MAX 512	/* announcements that are followed */

/* What is announced, on one interface by one protocol. */
struct found {
	TAILQ_ENTRY(found) entry;
	char *name;
	char *domain;
	AvahiIfIndex interface;
	AvahiProtocol protocol;
	AvahiSServiceResolver *resolver;	/* NULL: it has failed */
	struct loop_timer again;
	struct server *server;	/* NULL: where it is, is not known */
};

static TAILQ_HEAD(, found) all = TAILQ_HEAD_INITIALIZER(all);
static size_t count;
static AvahiServer *core;
static const struct ifaces *used;
static uint64_t interval_ms;

static void
log_avahi(AvahiLogLevel level, const char *text)
{
	if (level <= AVAHI_LOG_WARN)
		log_info("Avahi: %s", text);
	else
		log_debug("Avahi: %s", text);
}

/* The list of servers has dropped it. */
static void
forgotten(struct server *server)
{
	struct found *f;

	TAILQ_FOREACH(f, &all, entry)
		if (f->server == server)
			f->server = NULL;
}

static struct found *
find(AvahiIfIndex interface, AvahiProtocol protocol, const char *name,
    const char *domain)
{
	struct found *f;

	TAILQ_FOREACH(f, &all, entry)
		if (f->interface == interface && f->protocol == protocol &&
		    strcmp(f->name, name) == 0 &&
		    strcmp(f->domain, domain) == 0)
			return f;
	return NULL;
}

static void
found_free(struct found *f)
{
	if (f->resolver != NULL)
		avahi_s_service_resolver_free(f->resolver);
	loop_timer_del(&f->again);
	free(f->name);
	free(f->domain);
	free(f);
}

static void
to_address(struct address *address, AvahiIfIndex interface,
    const AvahiAddress *from, uint16_t port)
{
	memset(address, 0, sizeof *address);
	if (from->proto == AVAHI_PROTO_INET6) {
		address->sa.in6.sin6_family = AF_INET6;
		address->sa.in6.sin6_port = htons(port);
		memcpy(&address->sa.in6.sin6_addr, from->data.ipv6.address, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&address->sa.in6.sin6_addr))
			address->sa.in6.sin6_scope_id = (uint32_t)interface;
		address->len = sizeof address->sa.in6;
	} else {
		address->sa.in.sin_family = AF_INET;
		address->sa.in.sin_port = htons(port);
		address->sa.in.sin_addr.s_addr = from->data.ipv4.address;
		address->len = sizeof address->sa.in;
	}
}

static void
resolved(AvahiSServiceResolver *resolver, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
    const char *type, const char *domain, const char *host,
    const AvahiAddress *where, uint16_t port, AvahiStringList *txt,
    AvahiLookupResultFlags flags, void *arg)
{
	struct found *f = arg;
	struct address address;
	char text[ADDRESS_TEXT_MAX];

	(void)protocol;
	(void)host;
	(void)txt;
	(void)flags;
	if (event == AVAHI_RESOLVER_FAILURE) {
		log_warnx("(Avahi Resolver) Failed to resolve service '%s' of "
		    "type '%s' in domain '%s': %s", name, type, domain,
		    avahi_strerror(avahi_server_errno(core)));
		avahi_s_service_resolver_free(resolver);
		f->resolver = NULL;
		loop_timer_set(&f->again, interval_ms);
		return;
	}
	to_address(&address, interface, where, port);
	log_debug("Mandos server \"%s\" found at %s", name,
	    address_print(&address, text));
	if (f->server != NULL)
		servers_move(f->server, &address);
	else
		f->server = servers_add(name, &address, (uint32_t)interface);
}

static void
resolve(struct loop_timer *timer)
{
	struct found *f = timer->arg;

	f->resolver = avahi_s_service_resolver_new(core, f->interface,
	    f->protocol, f->name, SERVICE_TYPE, f->domain, f->protocol, 0,
	    resolved, f);
	if (f->resolver != NULL)
		return;
	log_warnx("Avahi: Failed to resolve service '%s': %s", f->name,
	    avahi_strerror(avahi_server_errno(core)));
	loop_timer_set(timer, interval_ms);
}

static int
is_used(AvahiIfIndex interface)
{
	size_t i;

	for (i = 0; i < used->count; i++)
		if (used->list[i].index == (unsigned int)interface)
			return 1;
	return used->count == 0;
}

static void
appeared(AvahiIfIndex interface, AvahiProtocol protocol, const char *name,
    const char *domain)
{
	struct found *f = find(interface, protocol, name, domain);

	if (f != NULL) {
		if (f->server != NULL)
			servers_back(f->server);
		return;
	}
	if (!is_used(interface)) {
		log_debug("Skipping server on non-used interface \"%d\"",
		    (int)interface);
		return;
	}
	if (count == FOUND_MAX || (f = calloc(1, sizeof *f)) == NULL)
		return;
	f->name = strdup(name);
	f->domain = strdup(domain);
	f->interface = interface;
	f->protocol = protocol;
	loop_timer_init(&f->again, resolve, f);
	if (f->name == NULL || f->domain == NULL) {
		found_free(f);
		return;
	}
	TAILQ_INSERT_TAIL(&all, f, entry);
	count++;
	resolve(&f->again);
}

static void
vanished(AvahiIfIndex interface, AvahiProtocol protocol, const char *name,
    const char *domain)
{
	struct found *f = find(interface, protocol, name, domain);

	if (f == NULL)
		return;
	log_debug("Mandos server \"%s\" is announced no more", name);
	TAILQ_REMOVE(&all, f, entry);
	count--;
	if (f->server != NULL)
		servers_gone(f->server);
	found_free(f);
}

static void
browsed(AvahiSServiceBrowser *browser, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
    const char *type, const char *domain, AvahiLookupResultFlags flags,
    void *arg)
{
	(void)browser;
	(void)type;
	(void)flags;
	(void)arg;
	switch (event) {
	case AVAHI_BROWSER_NEW:
		appeared(interface, protocol, name, domain);
		break;
	case AVAHI_BROWSER_REMOVE:
		vanished(interface, protocol, name, domain);
		break;
	case AVAHI_BROWSER_ALL_FOR_NOW:
	case AVAHI_BROWSER_CACHE_EXHAUSTED:
		log_debug("No Mandos server found so far, still searching...");
		break;
	case AVAHI_BROWSER_FAILURE:
		fatalx_status(EX_TEMPFAIL, "(Avahi browser) %s",
		    avahi_strerror(avahi_server_errno(core)));
	}
}

static void
core_changed(AvahiServer *server, AvahiServerState state, void *arg)
{
	(void)arg;
	if (state == AVAHI_SERVER_FAILURE)
		fatalx_status(EX_TEMPFAIL, "Avahi: %s",
		    avahi_strerror(avahi_server_errno(server)));
}

int
browse_start(const struct ifaces *ifaces, uint64_t retry_ms)
{
	AvahiServerConfig config;
	AvahiIfIndex only = AVAHI_IF_UNSPEC;
	int error;

	used = ifaces;
	interval_ms = retry_ms;
	servers_set_forget(forgotten);
	avahi_set_log_function(log_avahi);
	avahi_server_config_init(&config);
	config.publish_hinfo = 0;
	config.publish_addresses = 0;
	config.publish_workstation = 0;
	config.publish_domain = 0;
	config.disable_publishing = 1;
	config.enable_wide_area = 0;
	core = avahi_server_new(&avahi_poll, &config, core_changed, NULL,
	    &error);
	avahi_server_config_free(&config);
	if (core == NULL) {
		log_warnx("Failed to create Avahi server: %s",
		    avahi_strerror(error));
		return -1;
	}
	if (ifaces->count == 1) {
		log_debug("Using only interface \"%s\"",
		    ifaces->list[0].name);
		only = (AvahiIfIndex)ifaces->list[0].index;
	}
	if (avahi_s_service_browser_new(core, only, AVAHI_PROTO_UNSPEC,
	    SERVICE_TYPE, NULL, 0, browsed, NULL) == NULL) {
		log_warnx("Failed to create service browser: %s",
		    avahi_strerror(avahi_server_errno(core)));
		return -1;
	}
	return 0;
}
