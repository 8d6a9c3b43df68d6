/* SPDX-License-Identifier: ISC */
/*
 * Server addresses of the command line: ADDRESS:PORT.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <sys/types.h>
#include <sys/socket.h>

#include <net/if.h>
#include <netinet/in.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} sa;
	socklen_t len;
	char scope[IF_NAMESIZE];	/* what is behind "%", or "" */
};

#define ADDRESS_TEXT_MAX 128

/*
 * address_parse(text, address): ${text} is an IPv4 or IPv6 address, the
 * latter in brackets or not, perhaps with %interface, a colon and a port.
 * Nothing is looked up: an interface need not exist.  Returns NULL, or what
 * is wrong, as text.
 */
const char *address_parse(const char *, struct address *);

/* address_is_link_local(address): it means nothing without an interface. */
int address_is_link_local(const struct address *);

/*
 * address_print(address, text): write ADDRESS%SCOPE:PORT with brackets where
 * they belong, for messages.  Returns ${text}.
 */
char *address_print(const struct address *, char[ADDRESS_TEXT_MAX]);

#endif
