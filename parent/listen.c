/* SPDX-License-Identifier: ISC */
/*
 * The listening socket: made by the parent while it still may, passed to
 * netd, which can make none.  Nothing is ever accepted or read here.
 */
#include "parent.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define BACKLOG 4096

union address {
	struct sockaddr sa;
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
};

static void
set_option(int fd, int level, int option, const char *name)
{
	int on = 1;

	if (setsockopt(fd, level, option, &on, sizeof on) == -1)
		fatal("setsockopt %s", name);
}

/* An interface that cannot be bound to is a complaint, as in the original. */
static void
bind_interface(int fd, const char *name)
{
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
	    (socklen_t)strlen(name)) == 0)
		return;
	switch (errno) {
	case EPERM:
		log_errx("No permission to bind to interface %s", name);
		return;
	case ENOPROTOOPT:
		log_errx("SO_BINDTODEVICE not available; cannot bind to "
		    "interface %s", name);
		return;
	case ENODEV:
		log_errx("Interface %s does not exist, cannot bind", name);
		return;
	}
	fatal("cannot bind to interface %s", name);
}

static void
bind_address(int fd, const struct settings_msg *m)
{
	union address a;
	socklen_t len;

	memset(&a, 0, sizeof a);
	if (m->flags & SETTING_IPV6) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons(m->port);
		a.in6.sin6_scope_id = m->scope_id;
		memcpy(&a.in6.sin6_addr, m->address, sizeof a.in6.sin6_addr);
		len = sizeof a.in6;
	} else {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons(m->port);
		memcpy(&a.in.sin_addr, m->address, sizeof a.in.sin_addr);
		len = sizeof a.in;
	}
	if (bind(fd, &a.sa, len) == -1)
		fatal("cannot bind to the address and port %u", m->port);
}

void
listen_log(int fd)
{
	union address a;
	socklen_t len = sizeof a;
	char text[INET6_ADDRSTRLEN] = "?";

	memset(&a, 0, sizeof a);
	if (getsockname(fd, &a.sa, &len) == -1)
		fatal("getsockname");
	if (a.sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a.in6.sin6_addr, text, sizeof text);
		log_info("Now listening on address '%s', port %u, flowinfo %u, "
		    "scope_id %u", text, ntohs(a.in6.sin6_port),
		    ntohl(a.in6.sin6_flowinfo), a.in6.sin6_scope_id);
	} else {
		inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof text);
		log_info("Now listening on address '%s', port %u", text,
		    ntohs(a.in.sin_port));
	}
}

/* The socket that we were started with, at a number of its own. */
static int
inherited(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	/* What is close-on-exec is ours, and was not there at our start. */
	if (flags != -1 && flags & FD_CLOEXEC)
		errno = EBADF;
	if (flags == -1 || flags & FD_CLOEXEC)
		return -1;
	/* Not down to 0, 1 or 2, which are what they are. */
	return fcntl(fd, F_DUPFD_CLOEXEC, CHAN_FD);
}

int
listen_open(const struct settings_msg *m)
{
	int fd;

	if (m->socket != -1)
		fd = inherited(m->socket);
	else
		fd = socket(m->flags & SETTING_IPV6 ? AF_INET6 : AF_INET,
		    SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		fatal("cannot get a socket");
	if (m->interface[0] != '\0')
		bind_interface(fd, m->interface);
	if (m->port != 0)
		set_option(fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
	/* Accepted connections inherit these two. */
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE");
	if (m->flags & SETTING_BIND)
		bind_address(fd, m);
	if (listen(fd, BACKLOG) == -1)
		fatal("cannot listen");
	/* netd accepts until there is no more. */
	if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == -1)
		fatal("fcntl");
	return fd;
}
