/* SPDX-License-Identifier: ISC */
/*
 * The listening address, looked up here so that the monitor needs no resolver.
 * Run by the configuration reader before it is locked down.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static int
resolve_name(struct settings *settings, const char *name, int family,
    void *address, size_t len)
{
	struct addrinfo hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM }, *list;
	const void *from;
	int error;

	if ((error = getaddrinfo(name, NULL, &hints, &list)) != 0) {
		problem_error(&settings->address.where,
		    "address has no %s address: %s",
		    family == AF_INET6 ? "IPv6" : "IPv4", gai_strerror(error));
		if (error == EAI_AGAIN)
			problem_may_pass();
		return -1;
	}
	if (family == AF_INET6)
		from = &((struct sockaddr_in6 *)(void *)list->ai_addr)
		    ->sin6_addr;
	else
		from = &((struct sockaddr_in *)(void *)list->ai_addr)
		    ->sin_addr;
	memcpy(address, from, len);
	freeaddrinfo(list);
	return 0;
}

static int
resolve_ipv4(struct settings *settings)
{
	const char *name = settings->address.value;
	struct in6_addr other;
	struct in_addr address;

	if (inet_pton(AF_INET6, name, &other) == 1) {
		problem_error(&settings->address.where,
		    "address is an IPv6 address, but IPv6 is not in use");
		return -1;
	}
	if (inet_pton(AF_INET, name, &address) != 1 &&
	    resolve_name(settings, name, AF_INET, &address,
	    sizeof address) == -1)
		return -1;
	memcpy(settings->msg.address, &address, sizeof address);
	return 0;
}

/* The interface option decides on the link, not a suffix of the address. */
static int
set_scope(struct settings *settings)
{
	const char *interface = settings->msg.interface;

	if (*interface == '\0') {
		problem_error(&settings->address.where,
		    "a link-local address needs an interface");
		return -1;
	}
	if ((settings->msg.scope_id = if_nametoindex(interface)) == 0) {
		problem_error(&settings->interface.where,
		    "there is no interface %s", interface);
		problem_may_pass();
		return -1;
	}
	return 0;
}

static int
resolve_ipv6(struct settings *settings)
{
	const char *name = settings->address.value;
	struct in6_addr address;
	struct in_addr other;
	char numeric[INET6_ADDRSTRLEN];
	size_t len = strcspn(name, "%");

	if (inet_pton(AF_INET, name, &other) == 1) {
		problem_error(&settings->address.where, "address is an IPv4 "
		    "address; write ::ffff:%s, or do without IPv6", name);
		return -1;
	}
	if (len >= sizeof numeric)
		len = 0;
	memcpy(numeric, name, len);
	numeric[len] = '\0';
	if (inet_pton(AF_INET6, numeric, &address) != 1 &&
	    resolve_name(settings, name, AF_INET6, &address,
	    sizeof address) == -1)
		return -1;
	memcpy(settings->msg.address, &address, sizeof address);
	return IN6_IS_ADDR_LINKLOCAL(&address) ? set_scope(settings) : 0;
}

int
address_resolve(struct settings *settings)
{
	if (settings->address.value[0] == '\0')
		return 0;
	return settings->msg.flags & SETTING_IPV6 ? resolve_ipv6(settings) :
	    resolve_ipv4(settings);
}
