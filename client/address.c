/* SPDX-License-Identifier: ISC */
/*
 * ADDRESS:PORT, as users write it.  No name is resolved: in an initramfs
 * nobody answers, and a question would go over the network in clear.
 */
#include "address.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_LEN_MAX 64	/* without port and interface */

/* As strtoumax(3) reads it, but no sign that makes it another number. */
static int
parse_port(const char *text, in_port_t *port)
{
	unsigned long n = 0;

	text += strspn(text, " \t\n\v\f\r");
	if (*text == '+')
		text++;
	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		n = n * 10 + (unsigned long)(*text - '0');
		if (n > 65535)
			return -1;
	}
	*port = htons((in_port_t)n);
	return 0;
}

/* The numeric address, which has no interface behind it any more. */
static int
parse_host(const char *host, struct address *address)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *info;
	int rc = -1;

	if (getaddrinfo(host, NULL, &hints, &info) != 0)
		return -1;
	if (info->ai_addrlen <= sizeof address->sa &&
	    (info->ai_family == AF_INET || info->ai_family == AF_INET6)) {
		memcpy(&address->sa, info->ai_addr, info->ai_addrlen);
		address->len = info->ai_addrlen;
		rc = 0;
	}
	freeaddrinfo(info);
	return rc;
}

/* Cut the interface off ${host}. */
static int
take_scope(char *host, struct address *address)
{
	char *scope = strchr(host, '%');

	if (scope == NULL)
		return 0;
	*scope++ = '\0';
	if (*scope == '\0' || strchr(scope, '/') != NULL ||
	    strlcpy(address->scope, scope, sizeof address->scope) >=
	    sizeof address->scope)
		return -1;
	return strchr(host, ':') == NULL ? -1 : 0;
}

const char *
address_parse(const char *text, struct address *address)
{
	char host[ADDRESS_LEN_MAX + 1 + IF_NAMESIZE];
	const char *colon = strrchr(text, ':');
	in_port_t port;
	size_t len;

	memset(address, 0, sizeof *address);
	if (colon == NULL)
		return "No colon in address";
	if (parse_port(colon + 1, &port) == -1)
		return "Bad port number";
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
		/* What has no colon would not be an IPv6 address. */
		if (memchr(text, ':', len) == NULL)
			return "Bad address";
	}
	if (len == 0 || len >= sizeof host)
		return "Bad address";
	memcpy(host, text, len);
	host[len] = '\0';
	if (take_scope(host, address) == -1 ||
	    parse_host(host, address) == -1)
		return "Bad address";
	if (address->sa.any.sa_family == AF_INET6)
		address->sa.in6.sin6_port = port;
	else
		address->sa.in.sin_port = port;
	return NULL;
}

int
address_is_link_local(const struct address *address)
{
	return address->sa.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&address->sa.in6.sin6_addr);
}

char *
address_print(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in6 *in6 = &address->sa.in6;

	if (address->sa.any.sa_family != AF_INET6) {
		inet_ntop(AF_INET, &address->sa.in.sin_addr, host,
		    sizeof host);
		snprintf(text, ADDRESS_TEXT_MAX, "%s:%u", host,
		    ntohs(address->sa.in.sin_port));
		return text;
	}
	inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
	if (address->scope[0] != '\0')
		snprintf(text, ADDRESS_TEXT_MAX, "[%s%%%s]:%u", host,
		    address->scope, ntohs(in6->sin6_port));
	else if (in6->sin6_scope_id != 0)
		snprintf(text, ADDRESS_TEXT_MAX, "[%s%%%u]:%u", host,
		    in6->sin6_scope_id, ntohs(in6->sin6_port));
	else
		snprintf(text, ADDRESS_TEXT_MAX, "[%s]:%u", host,
		    ntohs(in6->sin6_port));
	return text;
}
