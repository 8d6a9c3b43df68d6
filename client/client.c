/* SPDX-License-Identifier: ISC */
/*
 * mandos-client fetches the password of the host it runs on.  This is main()
 * and the keeper's story: power is taken stock of, the machine made ready,
 * the two other processes started, and whatever becomes of them, the machine
 * is left as it was.
 *
 * The keeper speaks to nobody outside.  It must not read a byte that came from
 * the network, nor end by a signal before it has restored everything.
 */
#include "client.h"

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "keyfile.h"
#include "log.h"
#include "note.h"
#include "power.h"
#include "start.h"

#define NO_INTERFACE 1	/* exit status, the original's */

/*
 * Descriptors 0 to 2 are what they are everywhere, or nothing: what is opened
 * later must not be taken for them.  To a standard output that was closed
 * nothing can be written, and that is found out.
 */
static void
reserve_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		_exit(EX_OSFILE);
	close(fd);
}

/* Signals wait, and are read where nothing can be interrupted by them. */
static void
catch_signals(struct keeper *k)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction old;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	/* Who has had one ignored has not changed his mind. */
	for (i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	/* An inherited SIG_IGN would have the kernel reap our children. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    sigprocmask(SIG_SETMASK, &set, NULL) == -1 ||
	    (k->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) ==
	    -1)
		fatal("signals");
}

/*
 * What a child's end means.  A crash may have been brought about by what came
 * from the network: the next one begins with a new layout of memory, so it is
 * for who has started us to try again.
 */
static void
child_ended(struct keeper *k, const char *name, int status)
{
	if (WIFSIGNALED(status))
		log_warnx("the process %s died by signal %d", name,
		    WTERMSIG(status));
	/* The other one may end because of it: the first word counts. */
	if (k->status != -1)
		return;
	if (!WIFEXITED(status))
		k->status = EX_TEMPFAIL;
	else
		/* With this one fatal() ends what the kernel refuses. */
		k->status = WEXITSTATUS(status) == NO_INTERFACE ? EX_OSERR :
		    WEXITSTATUS(status);
}

static void
reap(struct keeper *k)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->hook) {
			k->hook = 0;
			k->hook_status = status;
		} else if (pid == k->decrypter) {
			k->decrypter = 0;
			child_ended(k, "for GnuPG", status);
		} else if (pid == k->net) {
			k->net = 0;
			child_ended(k, "on the network", status);
		}
	}
}

static void
read_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signal_fd, &info, sizeof info) ==
	    (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD && k->signal == 0)
			k->signal = (int)info.ssi_signo;
}

/* Net wants a route to a host on the cable of one of our interfaces. */
static void
on_route(struct keeper *k, const struct note *note)
{
	struct note answer = { .type = NOTE_ROUTED, .id = note->id };
	size_t i;
	int rc = -1;

	for (i = 0; i < k->ifaces.count; i++)
		if (k->ifaces.list[i].index == note->route.ifindex)
			break;
	errno = EPERM;
	if (!note_route_is_sane(&note->route) ||
	    (k->ifaces.count > 0 && i == k->ifaces.count))
		log_warnx("a route that cannot be meant was wanted");
	else if (note->type == NOTE_ROUTE_DEL)
		rc = routes_del(&k->routes, &note->route);
	else if ((rc = routes_add(&k->routes, &note->route)) == -1)
		log_warn("local route not added");
	answer.error = rc == -1 ? errno : 0;
	if (note->type == NOTE_ROUTE_ADD)
		note_send(k->net_fd, &answer);
}

static void
read_net(struct keeper *k)
{
	struct note note;

	switch (note_recv(k->net_fd, &note)) {
	case 1:
		if (note.type == NOTE_ROUTE_ADD || note.type == NOTE_ROUTE_DEL)
			on_route(k, &note);
		return;
	case 0:
		return;
	default:
		/* Its end, which will be seen as well. */
		close(k->net_fd);
		k->net_fd = -1;
	}
}

int
keeper_wait(struct keeper *k, int ms)
{
	struct pollfd fds[] = {
		{ .fd = k->signal_fd, .events = POLLIN },
		{ .fd = k->net_fd, .events = POLLIN }
	};

	if (poll(fds, 2, ms) > 0) {
		/* A signal to all of us is not taken for a child's fault. */
		read_signals(k);
		reap(k);
		if (fds[1].revents != 0 && k->net_fd != -1)
			read_net(k);
	}
	return k->signal != 0 || k->status != -1;
}

/*
 * start_child(): fork one that has ${fds} and nothing else but standard error,
 * and standard output if ${is_writer}.  Returns as fork(2) does.
 */
static pid_t
start_child(int *fds, int count, int is_writer)
{
	int null, i;
	pid_t pid = fork();

	if (pid == -1)
		log_warn("fork");
	if (pid != 0)
		return pid;
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    (!is_writer && dup2(null, STDOUT_FILENO) == -1))
		fatal("/dev/null");
	/* Out of each other's way first. */
	for (i = 0; i < count; i++)
		if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16)) == -1)
			fatal("descriptors");
	for (i = 0; i < count; i++) {
		if (dup3(fds[i], STDERR_FILENO + 1 + i, O_CLOEXEC) == -1)
			fatal("descriptors");
		fds[i] = STDERR_FILENO + 1 + i;
	}
	closefrom(STDERR_FILENO + 1 + count);
	return 0;
}

/*
 * The files of the keys, with the rights of who has called.  Returns -1 if one
 * cannot be opened.
 */
static int
open_keys(const struct options *opt, int net[NET_FDS], int dec[DECRYPT_FDS])
{
	net[NET_PRIVKEY] = keyfile_open(opt->tls_privkey);
	net[NET_PUBKEY] = keyfile_open(opt->tls_pubkey);
	dec[DECRYPT_SECKEY] = keyfile_open(opt->seckey);
	dec[DECRYPT_PUBKEY] = keyfile_open(opt->pubkey);
	return net[NET_PRIVKEY] == -1 || net[NET_PUBKEY] == -1 ||
	    dec[DECRYPT_SECKEY] == -1 || dec[DECRYPT_PUBKEY] == -1 ? -1 : 0;
}

/* How they, and we, are connected.  Returns 0 or -1. */
static int
connect_children(struct keeper *k, int net[NET_FDS], int dec[DECRYPT_FDS])
{
	int chan[2], feed[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, chan) ==
	    -1 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, feed) ==
	    -1) {
		log_warn("socketpair");
		return -1;
	}
	k->net_fd = chan[0];
	net[NET_KEEPER] = chan[1];
	net[NET_DECRYPTER] = feed[1];
	dec[DECRYPT_FEED] = feed[0];
	return 0;
}

static void
close_all(int *fds, int count)
{
	while (count-- > 0)
		close(fds[count]);
}

/* Returns 0, or the status to exit with. */
static int
start_children(struct keeper *k)
{
	int net[NET_FDS], dec[DECRYPT_FDS];
	pid_t me = getpid();

	if (open_keys(&k->opt, net, dec) == -1)
		return EX_UNAVAILABLE;
	if (connect_children(k, net, dec) == -1)
		return EX_OSERR;
	/* What the decrypter's children leave behind comes to us. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		log_warn("PR_SET_CHILD_SUBREAPER");
	if ((k->decrypter = start_child(dec, DECRYPT_FDS, 1)) == 0)
		decrypt_run(k, dec, me);
	close_all(dec, DECRYPT_FDS);
	/* What needs more power than net may ever ask for has been done. */
	power_reduce();
	ifaces_wait(k);
	if (k->decrypter == -1)
		return EX_OSERR;
	if (k->signal == 0 && k->status == -1 &&
	    (k->net = start_child(net, NET_FDS, 0)) == 0)
		net_run(k, net, me);
	close_all(net, NET_FDS);
	return k->net == -1 ? EX_OSERR : 0;
}

/* Until there is a reason to end. */
static int
serve(struct keeper *k)
{
	int status;

	hooks_run(k, "start");
	if (k->signal != 0)
		return 0;
	if (ifaces_select(k) == -1)
		return NO_INTERFACE;
	if (home_make(k) == -1)
		return EX_CANTCREAT;
	ifaces_raise(k);
	if ((status = start_children(k)) != 0)
		return status;
	while (!keeper_wait(k, -1))
		continue;
	return k->status;
}

/*
 * Everything as it was.  The secret key first: a hook may take longer than
 * who has told us to end has patience.
 */
static void
restore(struct keeper *k)
{
	family_end(k);
	home_remove(k);
	if (k->net_fd != -1)
		close(k->net_fd);
	k->net_fd = -1;
	routes_clear(&k->routes);
	hooks_run(k, "stop");
	ifaces_restore(k);
}

static void
die_by(int sig)
{
	sigset_t none;

	sigemptyset(&none);
	signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int
main(int argc, char **argv)
{
	static struct keeper k = { .net_fd = -1, .status = -1 };
	int status;

	reserve_descriptors();
	log_open(LOG_PREFIX, LOG_INFO);
	power_start();
	arguments_parse(&k.opt, argc, argv);
	if (k.opt.debug)
		log_open(LOG_PREFIX, LOG_DEBUG);
	catch_signals(&k);
	start_repairs(&k.opt);
	status = serve(&k);
	restore(&k);
	if (k.signal != 0)
		die_by(k.signal);
	return status;
}
