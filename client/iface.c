/* SPDX-License-Identifier: ISC */
/*
 * Network interfaces: which are used, raised while that is needed, and taken
 * down again.  Run by the keeper.  One that was up stays up.
 */
#include "client.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define POLL_MS 250
#define KLOG_LEVEL 8	/* syslog(2): set the console's log level */
#define QUIET_LEVEL 5	/* what is less than a warning is not shown */

/* Flags of the interface ${name}, or -1 with errno. */
static int
get_flags(int sock, const char *name)
{
	struct ifreq request = { .ifr_flags = 0 };

	strlcpy(request.ifr_name, name, sizeof request.ifr_name);
	if (ioctl(sock, SIOCGIFFLAGS, &request) == -1)
		return -1;
	/* They are 16 bits, whatever C makes of them. */
	return (unsigned short)request.ifr_flags;
}

static int
set_flags(int sock, const char *name, int flags)
{
	struct ifreq request = { .ifr_flags = (short)flags };

	strlcpy(request.ifr_name, name, sizeof request.ifr_name);
	return ioctl(sock, SIOCSIFFLAGS, &request);
}

/*
 * A socket to ask about interfaces, or -1 after a message: then whatever is
 * asked fails, but what is to be restored after us still is.
 */
static int
any_socket(void)
{
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock == -1)
		log_warn("socket");
	return sock;
}

/* Would it do, when none has been named? */
static int
is_candidate(int flags, int is_for_zeroconf)
{
	if (flags & IFF_LOOPBACK)
		return 0;
	if (is_for_zeroconf && (flags & IFF_POINTOPOINT ||
	    !(flags & IFF_BROADCAST)))
		return 0;
	return !(flags & IFF_BROADCAST && flags & IFF_NOARP);
}

/* One more that is used, if there is memory for it. */
static void
add(struct ifaces *ifaces, const char *name, unsigned int index, int up)
{
	struct iface *list;
	size_t i;

	for (i = 0; i < ifaces->count; i++)
		if (strcmp(ifaces->list[i].name, name) == 0)
			return;
	list = reallocarray(ifaces->list, ifaces->count + 1, sizeof *list);
	if (list == NULL) {
		log_warn("interface \"%s\"", name);
		return;
	}
	ifaces->list = list;
	memset(&list[ifaces->count], 0, sizeof *list);
	strlcpy(list[ifaces->count].name, name, sizeof list->name);
	list[ifaces->count].index = index;
	list[ifaces->count].is_to_be_up = up;
	ifaces->count++;
}

/* Those that were named.  Returns how many of the names were of any use. */
static int
add_named(struct keeper *k)
{
	const struct ifname *name;
	unsigned int index;
	int useful = 0, up = 1;

	STAILQ_FOREACH(name, &k->opt.ifnames, entry) {
		if (strcmp(name->name, "none") == 0) {
			up = 0;
			useful++;
		} else if ((index = if_nametoindex(name->name)) == 0)
			log_warnx("Not using nonexisting interface \"%s\"",
			    name->name);
		else {
			add(&k->ifaces, name->name, index, up);
			useful++;
		}
	}
	return useful;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct iface *)a)->name,
	    ((const struct iface *)b)->name);
}

static void
add_candidates(struct keeper *k)
{
	struct if_nameindex *all = if_nameindex(), *i;
	int flags, sock = any_socket();

	if (all == NULL)
		log_warn("no list of network interfaces");
	for (i = all; i != NULL && i->if_name != NULL; i++)
		if ((flags = get_flags(sock, i->if_name)) != -1 &&
		    is_candidate(flags, STAILQ_EMPTY(&k->opt.connects)))
			add(&k->ifaces, i->if_name, i->if_index, 1);
	if (all != NULL)
		if_freenameindex(all);
	close(sock);
	if (k->ifaces.count > 0)
		qsort(k->ifaces.list, k->ifaces.count,
		    sizeof *k->ifaces.list, by_name);
}

int
ifaces_select(struct keeper *k)
{
	if (add_named(k) > 0)
		return 0;
	add_candidates(k);
	if (k->ifaces.count > 0)
		return 0;
	log_warnx("Could not find a network interface");
	return -1;
}

/*
 * Interfaces have much to say when they come up, on a console where somebody
 * may be typing a password.  What cannot be put back is not changed.
 */
static void
quiet_console(struct keeper *k)
{
	FILE *f = fopen("/proc/sys/kernel/printk", "re");
	int level = 0;

	if (f == NULL)
		return;
	if (fscanf(f, "%d", &level) == 1 && level > QUIET_LEVEL &&
	    klogctl(KLOG_LEVEL, NULL, QUIET_LEVEL) != -1)
		k->console_level = level;
	fclose(f);
}

static void
restore_console(struct keeper *k)
{
	if (k->console_level != 0 &&
	    klogctl(KLOG_LEVEL, NULL, k->console_level) == -1)
		log_warn("console log level not restored");
	k->console_level = 0;
}

void
ifaces_raise(struct keeper *k)
{
	struct iface *iface;
	int flags, sock = any_socket();
	size_t i;

	for (i = 0; i < k->ifaces.count; i++) {
		iface = &k->ifaces.list[i];
		if (!iface->is_to_be_up)
			continue;
		if ((flags = get_flags(sock, iface->name)) == -1) {
			log_warn("interface \"%s\"", iface->name);
			continue;
		}
		if (flags & IFF_UP)
			continue;
		if (k->console_level == 0)
			quiet_console(k);
		log_debug("Raising interface \"%s\"", iface->name);
		if (set_flags(sock, iface->name, flags | IFF_UP) == -1)
			log_warn("interface \"%s\" could not be raised",
			    iface->name);
		else
			iface->is_raised = 1;
	}
	close(sock);
}

static int
all_run(const struct keeper *k, int sock)
{
	size_t i;
	int flags;

	for (i = 0; i < k->ifaces.count; i++)
		if (k->ifaces.list[i].is_to_be_up &&
		    (flags = get_flags(sock, k->ifaces.list[i].name)) != -1 &&
		    !(flags & IFF_RUNNING))
			return 0;
	return 1;
}

void
ifaces_wait(struct keeper *k)
{
	double left = ceil(k->opt.delay * 1000 / POLL_MS);
	int sock = any_socket();

	for (; left > 0 && !all_run(k, sock); left--)
		if (keeper_wait(k, POLL_MS))
			break;
	close(sock);
	restore_console(k);
}

void
ifaces_restore(struct keeper *k)
{
	struct iface *iface;
	int flags, sock;
	size_t i;

	restore_console(k);
	for (i = 0; i < k->ifaces.count; i++) {
		iface = &k->ifaces.list[i];
		if (!iface->is_raised)
			continue;
		sock = any_socket();
		log_debug("Taking down interface \"%s\"", iface->name);
		flags = get_flags(sock, iface->name);
		if (flags == -1 || set_flags(sock, iface->name,
		    flags & ~IFF_UP) == -1)
			log_warn("interface \"%s\" not taken down",
			    iface->name);
		iface->is_raised = 0;
		close(sock);
	}
}
