/* SPDX-License-Identifier: ISC */
/*
 * Zeroconf: the server is announced by way of avahi-daemon, which may come
 * and go at any time, as may the bus.
 *
 * Run by a process of its own, forked from busd before that knows of any
 * client: Avahi's library waits for its answers, up to half a minute for each,
 * and nobody else shall wait with it.  It is told nothing and tells nothing but
 * the log.
 */
#include "avahi.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>

#include "avahi_poll.h"
#include "busd.h"
#include "log.h"
#include "sandbox.h"

#define SERVICE_TYPE "_mandos._tcp"
#define RENAMES_MOST 32768

/* Between two tries, doubled each time. */
#define DELAY_LEAST_MS 100
#define DELAY_MOST_MS 2000

/* What can be wrong, as bits. */
#define WRONG_BUS (1U << 0)		/* there is none */
#define WRONG_ABSENT (1U << 1)		/* avahi-daemon is */
#define WRONG_LOST (1U << 2)		/* it was there */
#define WRONG_INVALID (1U << 3)		/* its states */
#define WRONG_COLLISION (1U << 4)
#define WRONG_FAILURE (1U << 5)
#define WRONG_INTERFACE (1U << 6)	/* there is no such */
#define WRONG_SERVICE (1U << 7)		/* it was not accepted */
#define WRONG_GROUP (1U << 8)		/* or failed afterwards */

static struct {
	AvahiClient *client;
	AvahiEntryGroup *group;	/* belongs to the client */
	struct loop_timer connect;	/* a new client is to be made */
	struct loop_timer publish;	/* the service is to be added */
	uint64_t delay_ms;
	char *name;		/* under which it is announced */
	unsigned int renames;
	unsigned int told;	/* WRONG_*, since it was announced last */
	int sock;		/* knows the interfaces */
} zeroconf;

/* In busd: the other process has ended. */
static void
ended(struct loop_io *io, uint32_t events)
{
	(void)io;
	(void)events;
	fatalx("the process for Zeroconf has ended");
}

/* Try again later; with what, is the timer's callback's business. */
static void
try_later(struct loop_timer *timer)
{
	loop_timer_set(timer, zeroconf.delay_ms);
	zeroconf.delay_ms *= 2;
	if (zeroconf.delay_ms > DELAY_MOST_MS)
		zeroconf.delay_ms = DELAY_MOST_MS;
}

/* Is it to be told?  Each is once, until the service has been announced. */
static int
is_news(unsigned int wrong)
{
	int is_told = (zeroconf.told & wrong) != 0;

	zeroconf.told |= wrong;
	/* What is lost is absent, too. */
	if (wrong == WRONG_LOST)
		zeroconf.told |= WRONG_ABSENT | WRONG_BUS;
	return !is_told;
}

/* Take back what is announced, until somebody wants it published again. */
static void
withdraw(void)
{
	if (zeroconf.group != NULL)
		avahi_entry_group_reset(zeroconf.group);
	loop_timer_del(&zeroconf.publish);
}

/* Another name, as somebody else has ours. */
static void
take_other_name(void)
{
	char *name;

	if (++zeroconf.renames > RENAMES_MOST) {
		log_errx("No suitable Zeroconf service name found after %d "
		    "retries", RENAMES_MOST);
		withdraw();
		return;
	}
	if ((name = avahi_alternative_service_name(zeroconf.name)) == NULL)
		fatalx("Zeroconf: no memory");
	log_info("Changing Zeroconf service name to '%s' ...", name);
	avahi_free(zeroconf.name);
	zeroconf.name = name;
	log_service(name);
	loop_timer_set(&zeroconf.publish, 0);
}

static void
group_changed(AvahiEntryGroup *group, AvahiEntryGroupState state, void *arg)
{
	AvahiClient *client = avahi_entry_group_get_client(group);

	(void)arg;
	log_debug("Avahi entry group state change: %d", (int)state);
	switch ((int)state) {
	case AVAHI_ENTRY_GROUP_ESTABLISHED:
		log_debug("Zeroconf service established.");
		if (zeroconf.told != 0)
			log_warnx("Zeroconf: announced as '%s'",
			    zeroconf.name);
		zeroconf.told = 0;
		zeroconf.delay_ms = DELAY_LEAST_MS;
		break;
	case AVAHI_ENTRY_GROUP_COLLISION:
		log_info("Zeroconf service name collision.");
		take_other_name();
		break;
	case AVAHI_ENTRY_GROUP_FAILURE:
		if (is_news(WRONG_GROUP))
			log_errx("Avahi: Error in group state changed %s",
			    avahi_strerror(avahi_client_errno(client)));
		try_later(&zeroconf.connect);
		break;
	}
}

/* Where it is to be announced; 0 if there is no such interface. */
static AvahiIfIndex
interface_index(void)
{
	struct ifreq request = { .ifr_ifindex = 0 };

	if (busd.interface[0] == '\0')
		return AVAHI_IF_UNSPEC;
	strlcpy(request.ifr_name, busd.interface, sizeof request.ifr_name);
	if (ioctl(zeroconf.sock, SIOCGIFINDEX, &request) == -1)
		return 0;
	return request.ifr_ifindex;
}

/* Returns 0 or one of Avahi's errors. */
static int
add_service(AvahiIfIndex interface)
{
	AvahiProtocol protocol = busd.flags & SETTING_IPV6 ?
	    AVAHI_PROTO_INET6 : AVAHI_PROTO_INET;
	int rc;

	if (zeroconf.group == NULL)
		zeroconf.group = avahi_entry_group_new(zeroconf.client,
		    group_changed, NULL);
	else
		avahi_entry_group_reset(zeroconf.group);
	if (zeroconf.group == NULL)
		return avahi_client_errno(zeroconf.client);
	log_debug("Adding Zeroconf service '%s' of type '%s' ...",
	    zeroconf.name, SERVICE_TYPE);
	rc = avahi_entry_group_add_service(zeroconf.group, interface, protocol,
	    0, zeroconf.name, SERVICE_TYPE, NULL, NULL, busd.port,
	    (char *)NULL);
	return rc == 0 ? avahi_entry_group_commit(zeroconf.group) : rc;
}

static void
publish(struct loop_timer *timer)
{
	AvahiIfIndex interface;
	int rc;

	if (zeroconf.client == NULL || zeroconf.renames > RENAMES_MOST ||
	    avahi_client_get_state(zeroconf.client) != AVAHI_CLIENT_S_RUNNING)
		return;
	if ((interface = interface_index()) == 0) {
		if (is_news(WRONG_INTERFACE))
			log_errx("Zeroconf: Interface %s does not exist, "
			    "cannot announce", busd.interface);
		try_later(timer);
		return;
	}
	rc = add_service(interface);
	if (rc == AVAHI_ERR_COLLISION) {
		log_info("Local Zeroconf service name collision.");
		take_other_name();
	} else if (rc != 0) {
		if (is_news(WRONG_SERVICE))
			log_errx("Avahi Error: %s", avahi_strerror(rc));
		try_later(&zeroconf.connect);
	}
}

static void
server_failed(const char *how, unsigned int wrong)
{
	if (is_news(wrong))
		log_errx("Zeroconf server %s", how);
	/* In such a state, the library hears no change any more. */
	loop_timer_del(&zeroconf.publish);
	try_later(&zeroconf.connect);
}

static void
client_changed(AvahiClient *client, AvahiClientState state, void *arg)
{
	int error = avahi_client_errno(client);

	(void)arg;
	log_debug("Avahi server state change: %d", (int)state);
	switch ((int)state) {
	case AVAHI_CLIENT_S_REGISTERING:
		withdraw();
		break;
	case AVAHI_CLIENT_S_RUNNING:
		loop_timer_set(&zeroconf.publish, 0);
		break;
	case AVAHI_SERVER_INVALID:
		server_failed("invalid", WRONG_INVALID);
		break;
	case AVAHI_CLIENT_S_COLLISION:
		/* Of hosts: avahi-daemon looks for another name itself. */
		if (is_news(WRONG_COLLISION))
			log_errx("Zeroconf server name collision");
		withdraw();
		break;
	case AVAHI_SERVER_FAILURE:
		server_failed("failure", WRONG_FAILURE);
		break;
	case AVAHI_CLIENT_CONNECTING:
		if (is_news(WRONG_ABSENT))
			log_errx("Zeroconf: no avahi-daemon; waiting for one");
		break;
	case AVAHI_CLIENT_FAILURE:
		/* A client is of no use when its server has gone. */
		if (is_news(WRONG_LOST))
			log_errx("Zeroconf server failure: %s",
			    avahi_strerror(error));
		loop_timer_del(&zeroconf.publish);
		try_later(&zeroconf.connect);
		break;
	}
}

static void
connect_again(struct loop_timer *timer)
{
	int error;

	loop_timer_del(&zeroconf.publish);
	if (zeroconf.client != NULL)
		avahi_client_free(zeroconf.client);
	zeroconf.group = NULL;
	zeroconf.client = avahi_client_new(&avahi_poll,
	    AVAHI_CLIENT_IGNORE_USER_CONFIG | AVAHI_CLIENT_NO_FAIL,
	    client_changed, NULL, &error);
	if (zeroconf.client != NULL)
		return;
	if (is_news(WRONG_BUS))
		log_errx("Zeroconf: no system bus to find avahi-daemon on: "
		    "%s; trying again", avahi_strerror(error));
	try_later(timer);
}

/* We can make sockets of one kind, and start nothing. */
static int
has_usable_bus(void)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	for (; address != NULL && *address != '\0'; address++) {
		if (strncmp(address, "unix:", 5) != 0)
			return 0;
		address += strcspn(address, ";");
		if (*address == '\0')
			break;
	}
	return 1;
}

/* Nothing of busd's but the descriptor that tells it of our end. */
static void
announce(pid_t parent, int fd)
{
	/* Of a parent that has ended already, no signal will tell. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		exit(1);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (dup2(fd, CHAN_FD) == -1)
		fatal("dup2");
	closefrom(CHAN_FD + 1);
	loop_init();
	if ((zeroconf.sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC,
	    0)) == -1)
		fatal("socket");
	if ((zeroconf.name = avahi_strdup(busd.servicename)) == NULL)
		fatalx("Zeroconf: no memory");
	zeroconf.delay_ms = DELAY_LEAST_MS;
	loop_timer_init(&zeroconf.connect, connect_again, NULL);
	loop_timer_init(&zeroconf.publish, publish, NULL);
	/* It asks the kernel who we are, once, which it may not any more. */
	if (!dbus_threads_init_default())
		fatalx("libdbus: no memory");
	sandbox_enter(RULES_BUSD);
	if (!has_usable_bus())
		log_errx("Zeroconf: the bus is not one that could be used");
	else if (!avahi_is_valid_service_name(zeroconf.name))
		log_errx("Zeroconf: '%s' is no name for a service",
		    zeroconf.name);
	else
		loop_timer_set(&zeroconf.connect, 0);
	loop_run();
}

void
zeroconf_start(void)
{
	static struct loop_io io;
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		fatal("pipe2");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		announce(parent, fds[1]);
		exit(1);
	}
	close(fds[1]);
	/* Nothing is ever written to it. */
	if (loop_io_add(&io, fds[0], EPOLLIN, ended, NULL) == -1)
		fatal("epoll_ctl");
}
