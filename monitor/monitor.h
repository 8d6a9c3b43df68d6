/* SPDX-License-Identifier: ISC */
/*
 * The monitor: the one process that sees proofs and hands out secrets.
 * Everything it hears has passed msg_check; it parses no text, opens no file
 * and speaks to no network.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "msg.h"

/* An encrypted secret in the locked memory of secret.c. */
struct secret {
	const uint8_t *bytes;
	size_t len;
	struct secret_chunk *chunk;	/* where it lies */
};

/* What the warden has said of a client. */
struct client {
	RB_ENTRY(client) by_number;
	RB_ENTRY(client) by_key;
	int keyed;		/* it is in the tree by key ID */
	struct gate gate;
	char *name;		/* for log lines */
	struct secret secret;
	enum approval approved;	/* what an administrator has said lately */
	struct loop_timer forget_approval;
	TAILQ_HEAD(, session) sessions;	/* that have proven its key */
	uint32_t pending;	/* of them, those that may wait for approval */
};

/* A session process: one connection, one nonce, at most one secret. */
struct session {
	RB_ENTRY(session) entry;
	TAILQ_ENTRY(session) of_client;
	uint64_t number;	/* netd's */
	struct chan chan;
	uint8_t nonce[NONCE_LEN];
	int has_peer;
	struct msg_session_peer peer;	/* for log lines and news only */
	struct client *client;	/* whose key it has proven */
	uint8_t keyid[KEYID_LEN];	/* which that was */
	uint64_t delay_ms;	/* approval_delay when it had */
	int64_t proven_ms;	/* when that was */
	struct loop_timer approval;	/* until the delay is over */
};

/* client.c */
/* Look a client up by proven key ID, or by the warden's number; or NULL. */
struct client *client_find(const uint8_t[KEYID_LEN]);
struct client *client_number(uint32_t);

/*
 * client_new(gate, name, secret): one more, unless the number is taken: then
 * NULL.  ${name} is taken over.  Of several with one key ID the first is
 * found.  client_gate(c, gate): what holds for it from here on.
 */
struct client *client_new(const struct gate *, char *, struct secret);
void client_gate(struct client *, const struct gate *);

/* client_remove(c): gone, as is every session that waits for it. */
void client_remove(struct client *);

/* client_approve(c, approval, ms): what an administrator says, for so long. */
void client_approve(struct client *, enum approval, uint64_t);

/* client_count(&enabled): how many there are, and how many are enabled. */
uint32_t client_count(uint32_t *);

/* decide.c */
enum decision {
	DECISION_RELEASE,
	DECISION_WAIT,		/* ask again when something happens */
	DECISION_DISABLED,
	DECISION_DENIED,
	DECISION_TIMED_OUT	/* nobody approved in time */
};

/*
 * decide_release(client, delay_ms, waited_ms): may a session that has proven
 * the key of ${client} have the secret at this moment?  ${delay_ms} is the
 * approval delay that held when the key was proven, ${waited_ms} how long ago
 * that was.  Pure: no clock, no state, no output.
 */
enum decision decide_release(const struct client *, uint64_t, uint64_t);

/* on_parent.c */
struct boot {
	struct settings_msg settings;
	uint8_t *strings;	/* tail of BOOT: priority, service, statedir */
	size_t strings_len;
	char *priority;		/* "" for ours */
};

/*
 * parent_init(argc, argv, &listener): take over the channel to the parent, and
 * wait for the settings and the listening socket, which is -1 if the self-test
 * is all that is wanted.
 */
const struct boot *parent_init(int, char **, int *);

/* parent_watch(): serve the parent's messages in the loop from here on. */
void parent_watch(void);

/* parent_spawn(proc, fd), parent_kill(proc): SPAWN and KILL. */
void parent_spawn(enum proc, int);
void parent_kill(enum proc);

/* parent_serving(refused): a configuration is in force, or was refused. */
void parent_serving(int);

/* on_netd.c */
/* netd_init(boot, listener), netd_start(): what it is told; start it. */
void netd_init(const struct boot *, int);
void netd_start(void);

/*
 * netd_tell_end(number, verdict), netd_tell_wait(number, ms): SESSION_END and
 * SESSION_WAIT; forgotten if there is no netd to tell.
 */
void netd_tell_end(uint64_t, enum verdict);
void netd_tell_wait(uint64_t, uint64_t);

/* on_session.c */
/* session_limit(count): how many sessions netd may have at once. */
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

/* session_wake(c): ask the release rule again for all that wait. */
void session_wake(struct client *);

/* session_forget(c): the client goes; who waits for it gets nothing. */
void session_forget(struct client *);

/* on_warden.c */
/* warden_start(boot, port): have it started, and state after it. */
void warden_start(const struct boot *, int);

/* warden_channel(proc, fd): the channel of a worker that it is to have. */
void warden_channel(enum proc, int);

/* warden_configure(fd): the channel of a reader. */
void warden_configure(int);

/* warden_stop(): end it; the server ends when everything is saved. */
void warden_stop(void);

/* warden_exited(proc, status): it or the state process has ended. */
void warden_exited(enum proc, int);

/*
 * warden_news(event, client, value, by_default, text): tell it; the client is
 * NULL for an unknown key, and so is ${text} for anything else.
 */
void warden_news(enum event, const struct client *, int64_t, int64_t,
    const char *);

/* secret.c */
/*
 * secret_init(): get memory that is never swapped and never dumped, while the
 * right to lock it is there.  Fatal without.
 */
void secret_init(void);

/*
 * secret_keep(bytes, len): copy a secret, at most SECRET_MAX bytes, into that
 * memory.  The caller wipes its own copy.  Fatal if there is no room left.
 * secret_drop(secret) wipes it.
 */
struct secret secret_keep(const uint8_t *, size_t);
void secret_drop(struct secret *);

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
/* A program that is started again when it ends. */
struct worker {
	enum proc proc;
	const char *name;
	void (*begin)(enum proc, int);	/* with this end of its channel */
	void (*lost)(void);	/* no more of it; NULL: nothing to forget */
	int optional;		/* the server serves without it */
	int served;		/* it has been ready at least once */
	uint32_t life;		/* how often it has been started */
	uint64_t backoff_ms;
	int64_t breach_at;	/* when it last broke the table, or 0 */
	struct loop_timer restart;
};

/*
 * worker_start(w): have the parent start it, and start it again whenever it
 * ends.  One that is not optional and ends before it was ready ends the
 * server, with its own exit status.
 */
void worker_start(struct worker *);

/*
 * worker_ready(w), worker_broken(w): it has said that it is; it has broken the
 * table and been killed, and the server ends if that was twice in a minute.
 */
void worker_ready(struct worker *);
void worker_broken(struct worker *);

/* worker_exited(w, status): EXITED for it. */
void worker_exited(struct worker *, int);

/* worker_of(proc): one that was started, or NULL. */
struct worker *worker_of(enum proc);

/* monitor.c */
/* monitor_configured(refused): the first time the server begins to serve. */
void monitor_configured(int);

/* monitor_serving(): netd is ready. */
void monitor_serving(void);

/* monitor_stop(status): leave the loop and end with this status. */
void monitor_stop(int);

#endif
