/* SPDX-License-Identifier: ISC */
/*
 * storm: many Mandos clients at once, good and bad ones, from one process.
 * It measures a server of ours on this machine and must never be pointed at
 * anybody else's: it refuses every address but loopback, and link-local ones
 * through a veth(4) device, that is, between network namespaces.
 *
 * Prints one "name value" line for each figure.  Exit status: 0 if every
 * fetch got exactly its own canary at the first try and no bad peer got a
 * byte, 1 if not, 2 if it could not work at all.
 */
#include "storm.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define TICK_MS 100
#define BAD_UP_US (30 * 1000000LL)	/* time for all bad peers to connect */

struct storm storm = {
	.client = -1,
	.since_us = -1,
	.concurrency = 1,
	.timeout_us = 60 * 1000000LL,
	.respawn_us = 1000000LL
};

int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Have epoll report ${events} of a connection. */
int
conn_watch(struct conn *conn, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = conn };

	return epoll_ctl(storm.epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
}

/* 127.1.a.b for fetches, 127.66.a.b for bad peers: many hosts in one. */
static int
bind_source(const struct conn *conn)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	uint32_t sources, host;
	int one = 1;

	sources = conn->kind == KIND_FETCH ? storm.sources :
	    storm.bad_sources;
	if (sources == 0 || storm.address.ss_family != AF_INET)
		return 0;
	host = conn->number % sources + 1;
	sin.sin_addr.s_addr = htonl((conn->kind == KIND_FETCH ? 0x7f010000 :
	    0x7f420000) + host);
	/* Else each bind would take a port for itself, from all addresses. */
	setsockopt(conn->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
	    sizeof(one));
	return bind(conn->fd, (struct sockaddr *)&sin, sizeof(sin));
}

/* Begin to connect: conn_finish_connect is for EPOLLOUT. */
int
conn_connect(struct conn *conn)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = conn };

	conn->state = STATE_CONNECT;
	conn->start_us = now_us();
	conn->fd = socket(storm.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (conn->fd == -1)
		err(2, "socket");
	if (bind_source(conn) == -1)
		err(2, "bind");
	if (connect(conn->fd, (struct sockaddr *)&storm.address,
	    storm.address_len) == -1 && errno != EINPROGRESS)
		return -1;
	if (epoll_ctl(storm.epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) == -1)
		err(2, "epoll_ctl");
	return 0;
}

int
conn_finish_connect(struct conn *conn)
{
	socklen_t len = sizeof(int);
	int error;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		err(2, "getsockopt");
	errno = error;
	return error == 0 ? 0 : -1;
}

void
conn_reset(struct conn *conn)
{
	if (conn->tls != NULL)
		gnutls_deinit(conn->tls);
	conn->tls = NULL;
	if (conn->fd != -1)
		close(conn->fd);
	conn->fd = -1;
	conn->wants_out = 0;
	conn->wrong = 0;
	conn->got = 0;
	conn->state = STATE_OFF;
}

static void
run_events(int wait_ms)
{
	struct epoll_event events[EVENTS];
	struct conn *conn;
	int i, n;

	n = epoll_wait(storm.epoll_fd, events, EVENTS, wait_ms);
	if (n == -1 && errno != EINTR)
		err(2, "epoll_wait");
	for (i = 0; i < n; i++) {
		if ((conn = events[i].data.ptr) == NULL) {
			storm.hold = 0;		/* standard input has ended */
			continue;
		}
		if (conn->kind == KIND_FETCH)
			fetch_event(conn);
		else
			bad_event(conn);
	}
}

static void
run_ticks(void)
{
	static int64_t next_us;
	int64_t now = now_us();
	uint32_t i;

	if (now < next_us)
		return;
	next_us = now + TICK_MS * 1000;
	for (i = 0; i < storm.bad_count; i++)
		bad_tick(&storm.bad_conns[i], now);
	if (storm.begin_us != 0)
		for (i = 0; i < storm.concurrency; i++)
			fetch_tick(&storm.fetch_conns[i], now);
}

static void
make_bad(void)
{
	enum kind kind;
	uint32_t i, n = 0;

	for (kind = KIND_FETCH + 1; kind < KINDS; kind++)
		storm.bad_count += storm.bad[kind];
	if (storm.bad_count == 0)
		return;
	storm.bad_conns = calloc(storm.bad_count, sizeof(struct conn));
	if (storm.bad_conns == NULL ||
	    (storm.stranger = peer_key_new(PEER_ED25519)) == NULL)
		errx(2, "no memory");
	for (kind = KIND_FETCH + 1; kind < KINDS; kind++)
		for (i = 0; i < storm.bad[kind]; i++, n++) {
			storm.bad_conns[n].kind = kind;
			storm.bad_conns[n].number = n;
			storm.bad_conns[n].fd = -1;
			bad_begin(&storm.bad_conns[n]);
		}
}

static void
make_fetches(void)
{
	struct conn *conn;
	uint32_t i;

	if (storm.concurrency > storm.fetches)
		storm.concurrency = storm.fetches;
	storm.fetch_conns = calloc(storm.concurrency + 1, sizeof(struct conn));
	storm.latencies = calloc(storm.fetches + 1, sizeof(int64_t));
	if (storm.fetch_conns == NULL || storm.latencies == NULL)
		err(2, "calloc");
	/* Parsing keys is not what is to be timed. */
	for (i = 0; i < storm.fetches && i < storm.table.count; i++)
		if (!storm.random)
			fetch_key(storm.client >= 0 ?
			    (uint32_t)storm.client : i);
	storm.begin_us = now_us();
	for (i = 0; i < storm.concurrency; i++) {
		conn = &storm.fetch_conns[i];
		conn->fd = -1;
		if ((conn->expected = malloc(storm.table.secret_size)) == NULL)
			err(2, "malloc");
		fetch_begin(conn);
	}
}

static void
hold(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	printf("holding %" PRIu32 "\n", storm.bad_count);
	fflush(stdout);
	if (epoll_ctl(storm.epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO,
	    &event) == -1)
		err(2, "standard input");
	while (storm.hold) {
		run_events(TICK_MS);
		run_ticks();
	}
}

/* One end of a cable between two network namespaces, not a network card. */
static int
is_veth(unsigned int index)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (char *)&info };
	int fd, r;

	if (index == 0 || if_indextoname(index, ifr.ifr_name) == NULL)
		return 0;
	if ((fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		err(2, "socket");
	r = ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	return r == 0 && strcmp(info.driver, "veth") == 0;
}

static int
address_is_ours(void)
{
	const struct sockaddr_in6 *sin6;
	const struct sockaddr_in *sin;

	if (storm.address.ss_family == AF_INET) {
		sin = (const struct sockaddr_in *)&storm.address;
		return ntohl(sin->sin_addr.s_addr) >> 24 == 127;
	}
	sin6 = (const struct sockaddr_in6 *)&storm.address;
	return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr) ||
	    (IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr) &&
	    is_veth(sin6->sin6_scope_id));
}

static void
set_address(const char *address, uint16_t port)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM
	};
	struct addrinfo *ai;
	char service[8];
	int r;

	snprintf(service, sizeof(service), "%u", port);
	if ((r = getaddrinfo(address, service, &hints, &ai)) != 0)
		errx(2, "%s: %s", address, gai_strerror(r));
	memcpy(&storm.address, ai->ai_addr, ai->ai_addrlen);
	storm.address_len = ai->ai_addrlen;
	freeaddrinfo(ai);
	if (!address_is_ours())
		errx(2, "%s: not an address of this machine alone", address);
	storm.address_text = address;
	storm.port = port;
}

static void
usage(void)
{
	fprintf(stderr, "usage: storm -k keys.bin -p port [-a address] "
	    "[-n fetches] [-c concurrency]\n"
	    "    [-i client | --random] [--sources n] [--bad-sources n] "
	    "[--timeout seconds]\n"
	    "    [--respawn ms] [--idle n] [--drip n] [--garbage n] "
	    "[--unknown n] [--half n]\n"
	    "    [--rst n] [--hold] [--wait [--since us]]\n");
	exit(2);
}

static long long
number(const char *text, long long most)
{
	const char *why;
	long long n;

	n = strtonum(text, 0, most, &why);
	if (why != NULL)
		errx(2, "number is %s: %s", why, text);
	return n;
}

enum {
	OPT_BAD = 256,		/* plus enum kind */
	OPT_RANDOM = OPT_BAD + KINDS,
	OPT_SOURCES,
	OPT_BAD_SOURCES,
	OPT_TIMEOUT,
	OPT_RESPAWN,
	OPT_HOLD,
	OPT_WAIT,
	OPT_SINCE
};

static const struct option long_options[] = {
	{ "idle", required_argument, NULL, OPT_BAD + KIND_IDLE },
	{ "drip", required_argument, NULL, OPT_BAD + KIND_DRIP },
	{ "garbage", required_argument, NULL, OPT_BAD + KIND_GARBAGE },
	{ "unknown", required_argument, NULL, OPT_BAD + KIND_UNKNOWN },
	{ "half", required_argument, NULL, OPT_BAD + KIND_HALF },
	{ "rst", required_argument, NULL, OPT_BAD + KIND_RST },
	{ "random", no_argument, NULL, OPT_RANDOM },
	{ "sources", required_argument, NULL, OPT_SOURCES },
	{ "bad-sources", required_argument, NULL, OPT_BAD_SOURCES },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "respawn", required_argument, NULL, OPT_RESPAWN },
	{ "hold", no_argument, NULL, OPT_HOLD },
	{ "wait", no_argument, NULL, OPT_WAIT },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ NULL, 0, NULL, 0 }
};

static void
long_option(int ch)
{
	if (ch > OPT_BAD && ch < OPT_BAD + KINDS)
		storm.bad[ch - OPT_BAD] = (uint32_t)number(optarg, 10000);
	else if (ch == OPT_RANDOM)
		storm.random = 1;
	else if (ch == OPT_SOURCES)
		storm.sources = (uint32_t)number(optarg, 65000);
	else if (ch == OPT_BAD_SOURCES)
		storm.bad_sources = (uint32_t)number(optarg, 65000);
	else if (ch == OPT_TIMEOUT)
		storm.timeout_us = number(optarg, 3600) * 1000000;
	else if (ch == OPT_RESPAWN)
		storm.respawn_us = number(optarg, 3600000) * 1000;
	else if (ch == OPT_HOLD)
		storm.hold = 1;
	else if (ch == OPT_WAIT)
		storm.wait = 1;
	else if (ch == OPT_SINCE)
		storm.since_us = number(optarg, INT64_MAX);
	else
		usage();
}

static void
options(int argc, char **argv)
{
	const char *address = "::1", *keys = NULL;
	uint16_t port = 0;
	int ch;

	while ((ch = getopt_long(argc, argv, "a:c:i:k:n:p:", long_options,
	    NULL)) != -1) {
		switch (ch) {
		case 'a':
			address = optarg;
			break;
		case 'c':
			storm.concurrency = (uint32_t)number(optarg, 20000);
			break;
		case 'i':
			storm.client = number(optarg, KEYTABLE_MAX);
			break;
		case 'k':
			keys = optarg;
			break;
		case 'n':
			storm.fetches = (uint32_t)number(optarg, 10000000);
			break;
		case 'p':
			port = (uint16_t)number(optarg, 65535);
			break;
		default:
			long_option(ch);
		}
	}
	if (argc != optind || keys == NULL || port == 0)
		usage();
	set_address(address, port);
	if (keytable_read(&storm.table, keys) == -1)
		err(2, "%s", keys);
	if (storm.table.count == 0 || storm.client >= storm.table.count)
		errx(2, "%s: no such client", keys);
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	int64_t give_up_us;

	options(argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	peer_init();
	storm.keys = calloc(storm.table.count, sizeof(*storm.keys));
	if (storm.keys == NULL)
		err(2, "calloc");
	if ((storm.epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(2, "epoll_create1");
	if (storm.wait)
		fetch_first();
	make_bad();
	give_up_us = now_us() + BAD_UP_US;
	while (!bad_all_up() && now_us() < give_up_us) {
		run_events(TICK_MS);
		run_ticks();
	}
	make_fetches();
	while (storm.ended < storm.fetches) {
		run_events(TICK_MS);
		run_ticks();
	}
	if (storm.hold)
		hold();
	fetch_report();
	return storm.served == storm.fetches && storm.leaked == 0 ? 0 : 1;
}
