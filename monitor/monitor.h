/* SPDX-License-Identifier: ISC */
/*
 * The monitor: the one process that knows secrets and decides.  Everything it
 * hears has passed msg_check; it parses no text and speaks to no network.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include <sys/types.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "msg.h"

/* An encrypted secret in the locked memory of secret.c. */
struct secret {
	const uint8_t *bytes;
	size_t len;
};

/* A section of clients.conf. */
struct client {
	RB_ENTRY(client) entry;	/* by key ID; not in the tree without one */
	uint8_t keyid[KEYID_LEN];
	char *name;
	int enabled;
	int approved_by_default;
	uint64_t approval_delay_ms;
	struct secret secret;
};

/* A session process: one connection, one nonce, at most one secret. */
struct session {
	RB_ENTRY(session) entry;
	uint64_t number;	/* netd's */
	struct chan chan;
	uint8_t nonce[NONCE_LEN];
	int has_peer;
	struct msg_session_peer peer;	/* for log lines only */
	const struct client *client;	/* whose key it has proven */
	uint64_t delay_ms;	/* approval_delay when it had */
	struct loop_timer approval;	/* until that is over */
};

/* client.c */
/*
 * client_add(m, name, secret): a new client from the reader's message.  Of
 * several with one key ID the first is found.  ${name} is taken over.
 */
void client_add(const struct msg_client *, char *, struct secret);

/* client_find(keyid): the client with this key, or NULL. */
const struct client *client_find(const uint8_t[KEYID_LEN]);

/* config.c */
/*
 * config_settings(settings): start the reader and wait for its settings.  Ends
 * the process with the reader's status if the reader ended without sending
 * any: it was asked for help, or found an error and said so.
 */
void config_settings(struct msg_settings *);
extern char *config_priority;	/* the TLS priority string, "" for ours */

/*
 * config_clients(): receive every client and the end of the configuration.
 * Returns how many; ends the process as config_settings does.
 */
size_t config_clients(void);

/* decide.c */
enum decision {
	DECISION_RELEASE,
	DECISION_WAIT,		/* ask again when the delay is over */
	DECISION_DISABLED,
	DECISION_TIMED_OUT	/* nobody approved in time */
};

/*
 * decide_release(client, delay_ms, waited_ms): may a session that has proven
 * the key of ${client} have the secret at this moment?  ${delay_ms} is the
 * approval delay that held when the key was proven, ${waited_ms} how long ago
 * that was.  Pure: no clock, no state, no output.
 */
enum decision decide_release(const struct client *, uint64_t, uint64_t);

/* listen.c */
/*
 * listen_open(settings): the listening socket, made or taken as the settings
 * say.  Ends the process with status 1 and a message if that is impossible.
 */
int listen_open(const struct msg_settings *);

/* listen_log(fd): log where it listens. */
void listen_log(int);

/* on_netd.c */
/*
 * netd_init(settings, listener): remember what netd is told whenever it is
 * started; netd_start() starts it, in the loop.
 */
void netd_init(const struct msg_settings *, int);
void netd_start(void);

/* netd_exited(status): it has ended, with this wait status. */
void netd_exited(int);

/*
 * netd_tell_end(number, verdict), netd_tell_wait(number, ms): SESSION_END and
 * SESSION_WAIT; forgotten if there is no netd to tell.
 */
void netd_tell_end(uint64_t, enum verdict);
void netd_tell_wait(uint64_t, uint64_t);

/* on_session.c */
/*
 * session_limit(count): how many sessions netd may have at once.
 */
void session_limit(size_t);

/*
 * session_new(number, fd): take over the channel of a new session and send
 * its nonce.  Returns NULL, or why a sound netd cannot have asked for that.
 */
const char *session_new(uint64_t, int);

/*
 * session_peer(m): the session has a connection; its proof is read from here
 * on.  Returns NULL, or why a sound netd cannot have said that.
 */
const char *session_peer(const struct msg_session_peer *);

/* session_end_all(): netd is gone, and every session with it. */
void session_end_all(void);

/* secret.c */
/*
 * secret_keep(bytes, len): copy a secret into memory that is never swapped
 * and never dumped.  The caller wipes its own copy.  Fatal without memory, or
 * without the right to lock it.
 */
struct secret secret_keep(const uint8_t *, size_t);

/*
 * secret_lend(client, chan): send the secret of ${client} on ${chan}.
 *
 * The caller has a DECISION_RELEASE for this session; it is not asked again
 * here.  Normally the kernel copies the bytes at once; a copy that had to be
 * queued is wiped when it is sent or dropped.  Returns 0, or -1 if the
 * session is gone.  Never logs.
 */
int secret_lend(const struct client *, struct chan *);

/* worker.c */
/*
 * worker_boot(argv): start the spawner, with the server's command line.
 */
void worker_boot(char **);

/*
 * worker_run(proc, chan): have the spawner start this worker; ${chan} becomes
 * the channel to it.  Returns 0, or -1 if no socketpair can be had.
 */
int worker_run(enum proc, struct chan *);

/* worker_kill(proc), worker_logger(fd): tell the spawner. */
void worker_kill(enum proc);
void worker_logger(int);

/*
 * worker_await(proc): wait, outside the loop, until this worker has ended.
 * Returns its exit status, or 70 if it was killed.
 */
int worker_await(enum proc);

/*
 * worker_watch(): serve the spawner's messages in the loop from here on.
 */
void worker_watch(void);

/* worker_end(): end the spawner and with it every worker, and wait for it. */
void worker_end(void);

/* monitor.c */
/* monitor_serving(): netd is ready; whoever started us may know. */
void monitor_serving(void);

/* monitor_stop(status): leave the loop and end with this status. */
void monitor_stop(int);

#endif
