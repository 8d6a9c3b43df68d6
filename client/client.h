/* SPDX-License-Identifier: ISC */
/*
 * Structures and functions of mandos-client.  Three processes:
 *
 * keeper	the program as it was started, set-uid root: it does to the
 *		machine what has to be done, and always undoes it
 * net		forked from it, without any power: Zeroconf, TCP and TLS
 * decrypter	forked from it: runs GnuPG in a directory of its own, where
 *		there is no network, and writes the password
 *
 * What net has fetched goes to the decrypter.  The keeper sees neither that
 * nor the password; it hears from net which local route is wanted.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <sys/types.h>
#include <sys/queue.h>

#include <net/if.h>
#include <stdint.h>

#include "address.h"
#include "route.h"

#define DIR_KEYS "/conf/conf.d/mandos/"
#define FILE_PUBKEY DIR_KEYS "pubkey.txt"
#define FILE_SECKEY DIR_KEYS "seckey.txt"
#define FILE_TLS_PUBKEY DIR_KEYS "tls-pubkey.pem"
#define FILE_TLS_PRIVKEY DIR_KEYS "tls-privkey.pem"
/* Before every line on standard error. */
#define LOG_PREFIX "Mandos plugin mandos-client"

#define DIR_HOOKS "/lib/mandos/network-hooks.d"

#define SECRET_MAX (16 * 1024 * 1024)	/* of an encrypted or clear password */

/* A server from the command line. */
struct place {
	STAILQ_ENTRY(place) entry;
	const char *text;	/* as it was given */
	struct address address;
};
STAILQ_HEAD(places, place);

/* A name from --interface. */
struct ifname {
	STAILQ_ENTRY(ifname) entry;
	char name[];
};
STAILQ_HEAD(ifnames, ifname);

struct options {
	struct places connects;	/* if any: instead of Zeroconf */
	struct places servers;	/* beside it */
	struct ifnames ifnames;	/* "none" is one of them */
	const char *pubkey;
	const char *seckey;
	const char *tls_pubkey;
	const char *tls_privkey;
	const char *priority;
	const char *hook_dir;
	double delay;		/* seconds */
	double retry;
	int debug;
};

/* An interface that is used. */
struct iface {
	char name[IF_NAMESIZE];
	unsigned int index;
	int is_to_be_up;
	int is_raised;		/* by us */
};

struct ifaces {
	struct iface *list;
	size_t count;		/* 0: any may be used, none is known */
};

/*
 * What the keeper has to end, remove and restore.
 */
struct keeper {
	struct options opt;
	struct ifaces ifaces;
	struct routes routes;
	int console_level;	/* to go back to; 0 if it is as it was */
	char home[32];		/* GnuPG's directory; "" if there is none */
	pid_t net;		/* 0 if it does not run */
	pid_t decrypter;
	pid_t hook;
	int hook_status;
	int net_fd;		/* to net, or -1 */
	int signal_fd;
	int signal;		/* that is to end us, or 0 */
	int status;		/* that we are to exit with, or -1 */
};

/* arguments.c */

/*
 * arguments_parse(opt, argc, argv): the command line.  Does not return if it
 * is wrong or asks for help or the version: exit status 64, as the original.
 */
void arguments_parse(struct options *, int, char **);

/* client.c */

/*
 * keeper_wait(keeper, ms): let up to ${ms} milliseconds pass, -1 for any
 * number, but return as soon as anything has happened.  Returns 1 if that is
 * the end: keeper->signal or keeper->status says which.
 */
int keeper_wait(struct keeper *, int);

/* hooks.c */

/*
 * hooks_run(keeper, mode): the network hooks in mode "start" or "stop".  What
 * is wrong with one is told and is no reason to stop.  Started ones are
 * ended, and no other is started, when a signal is to end us; not so those
 * in mode "stop".
 */
void hooks_run(struct keeper *, const char *);

/* iface.c */

/*
 * ifaces_select(keeper): which interfaces are used, and which of them are to
 * be up.  Returns 0, or -1 if there is none that could be used.
 */
int ifaces_select(struct keeper *);

/*
 * ifaces_raise(keeper): raise those that are not up.  ifaces_wait(keeper):
 * and see them running, if that takes no longer than the delay.
 */
void ifaces_raise(struct keeper *);
void ifaces_wait(struct keeper *);

/* ifaces_restore(keeper): take down what was raised. */
void ifaces_restore(struct keeper *);

/* home.c */

/*
 * home_make(keeper): the directory for GnuPG, owned by the user of the
 * decrypter.  Returns 0, or -1 with a message.  home_remove(keeper): gone
 * with all that is in it.  Harmless if there is none.
 */
int home_make(struct keeper *);
void home_remove(struct keeper *);

/* family.c */

/*
 * family_end(keeper): kill the children and what they have left behind, and
 * see them end.
 */
void family_end(struct keeper *);

/* net.c */

enum net_fd {
	NET_KEEPER,		/* a channel for notes */
	NET_DECRYPTER,		/* a socket for what has been fetched */
	NET_PUBKEY,		/* the files of the TLS key pair */
	NET_PRIVKEY,
	NET_FDS
};

/*
 * net_run(keeper, fds, parent): be the process on the network, with these
 * descriptors.  Never returns: exit status 69 if TLS or Zeroconf cannot be
 * used, 64 if a server's address or the priority string cannot.
 */
void net_run(const struct keeper *, const int[NET_FDS], pid_t)
    __attribute__((noreturn));

/* decrypt.c */

enum decrypt_fd {
	DECRYPT_FEED,		/* a socket for what has been fetched */
	DECRYPT_PUBKEY,		/* the files of the OpenPGP key pair */
	DECRYPT_SECKEY,
	DECRYPT_FDS
};

/*
 * decrypt_run(keeper, fds, parent): be the decrypter, and take from the feed
 * what net has fetched, one after the other, each behind its length as a
 * uint32_t.  Never returns: exit status 0 if the password has been written,
 * 75 if that was not possible, 69 if GnuPG or the keys are not usable.
 */
void decrypt_run(const struct keeper *, const int[DECRYPT_FDS], pid_t)
    __attribute__((noreturn));

#endif
