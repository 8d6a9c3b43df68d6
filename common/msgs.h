/* SPDX-License-Identifier: ISC */
/*
 * Payloads of the messages in msgs.def, and the enums they use.  Fixed-width
 * fields only, laid out so that no compiler puts padding between or behind
 * them (the pragma asks it to object); no pointers.  Both ends are the same build on the
 * same machine, so bytes are in host order.
 */
#ifndef MSGS_H
#define MSGS_H

#include <stdint.h>

#include "keyid.h"

/* Who may be at an end of a channel. */
enum proc {
	PROC_MONITOR,
	PROC_SPAWN,
	PROC_CONF,
	PROC_NETD,
	PROC_SESSION,
	PROC_MAX
};

/*
 * What a channel has come to, as its owner sees it.  Bits, because a row may
 * be legal in several; a channel is in exactly one.
 */
enum phase {
	PHASE_BOOT = 1 << 0,	/* a new channel */
	PHASE_STARTED = 1 << 1,	/* netd: has its settings, wants its socket */
	PHASE_RUN = 1 << 2,	/* a worker at work */
	PHASE_READING = 1 << 3,	/* monitor: reader sends clients */
	PHASE_IDLE = 1 << 4,	/* session: waits for a connection */
	PHASE_NONCED = 1 << 5,	/* the session has its nonce */
	PHASE_ASKED = 1 << 6,	/* the proof is with the monitor */
	PHASE_LENT = 1 << 7,	/* monitor: the secret is with the session */
	PHASE_OVER = 1 << 8	/* nothing more is legal */
};

enum msg_type {
#define MSG_ENUM(NAME, ...) MSG_##NAME,
#define TO_MONITOR MSG_ENUM
#define TO_SPAWN MSG_ENUM
#define TO_NETD MSG_ENUM
#define TO_SESSION MSG_ENUM
#include "msgs.def"
#undef MSG_ENUM
	MSG_MAX_TYPE
};

#define NONCE_LEN 32
#define TRANSCRIPT_MAX 8192	/* ClientHello to Certificate */
#define VERIFY_MAX 1032		/* CertificateVerify, header and all */
#define SECRET_MAX 65536	/* bytes of a secret, what one message holds */

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* monitor and spawner; worker is an enum proc: CONF or NETD */
struct msg_spawn {
	uint32_t worker;
};

struct msg_kill {
	uint32_t worker;
};

struct msg_logger {
	uint32_t zero;
};

struct msg_exited {
	uint32_t worker;
	int32_t status;		/* as from waitpid(2) */
};

/* Limits of netd; mandos.conf(5) explains each under the same name. */
struct limits {
	uint32_t max_connections;
	uint32_t max_sessions;
	uint32_t max_sessions_per_source;
	uint32_t spare_sessions;
	uint32_t penalty_sources;
	uint32_t zero;
	uint64_t handshake_timeout_ms;
	uint64_t close_timeout_ms;
	uint64_t penalty_crash_ms;
	uint64_t penalty_late_ms;
	uint64_t penalty_refused_ms;
	uint64_t penalty_min_ms;
	uint64_t penalty_max_ms;
};

#define SETTING_CHECK (1U << 0)		/* run the self-tests and exit */
#define SETTING_FOREGROUND (1U << 1)
#define SETTING_DEBUG (1U << 2)
#define SETTING_DBUS (1U << 3)
#define SETTING_ZEROCONF (1U << 4)
#define SETTING_RESTORE (1U << 5)
#define SETTING_IPV6 (1U << 6)
#define SETTING_BIND (1U << 7)		/* address and port are to be bound */

#define IFNAME_LEN 16

/* reader to monitor; tail: strings priority, servicename, statedir */
struct msg_settings {
	uint32_t flags;		/* SETTING_* */
	int32_t socket;		/* --socket, or -1 */
	uint32_t log_level;	/* syslog(3) number of the least urgent level */
	uint32_t scope_id;	/* of a link-local address */
	uint8_t address[16];	/* IPv4 in the first four without IPV6 */
	uint16_t port;		/* 0: the kernel chooses */
	uint16_t zero[3];
	char interface[IFNAME_LEN];	/* "" for none */
	struct limits limits;
};

#define CLIENT_ENABLED (1U << 0)
#define CLIENT_APPROVED_BY_DEFAULT (1U << 1)
#define CLIENT_HAS_KEYID (1U << 2)	/* else it can never match */

/* reader to monitor; tail: strings name, host, checker, secret */
struct msg_client {
	uint8_t keyid[KEYID_LEN];
	uint32_t flags;		/* CLIENT_* */
	uint32_t zero;
	uint64_t timeout_ms;
	uint64_t extended_timeout_ms;
	uint64_t interval_ms;
	uint64_t approval_delay_ms;
	uint64_t approval_duration_ms;
};

struct msg_conf_end {
	uint32_t clients;	/* how many CLIENT messages there were */
};

/* monitor to netd; tail: the priority string, "" for our default */
struct msg_start {
	struct limits limits;
	uint32_t log_level;
	uint32_t zero;
};

struct msg_listener {
	uint32_t zero;
};

struct msg_ready {
	uint32_t zero;
};

/* Session numbers are netd's; they count up and are never used twice. */
struct msg_session_open {
	uint64_t session;
};

struct msg_session_peer {
	uint64_t session;
	uint8_t address[16];	/* IPv4 is ::ffff:a.b.c.d */
	uint32_t scope_id;
	uint16_t port;
	uint16_t zero;
};

struct msg_session_wait {
	uint64_t session;
	uint64_t wait_ms;
};

enum verdict {
	VERDICT_GONE,		/* ended without a proof */
	VERDICT_SERVED,		/* proven, and the secret was handed over */
	VERDICT_DENIED,		/* proven, but policy said no */
	VERDICT_UNKNOWN,	/* a key nobody enrolled */
	VERDICT_BAD_PROOF,	/* refused by the proof check */
	VERDICT_BROKEN,		/* broke the message table and was cut off */
	VERDICT_MAX
};

struct msg_session_end {
	uint64_t session;
	uint32_t verdict;	/* enum verdict */
	uint32_t zero;
};

struct msg_nonce {
	uint8_t nonce[NONCE_LEN];
};

struct msg_connection {
	uint8_t address[16];	/* of the peer, for log lines */
	uint32_t scope_id;
	uint16_t port;
	uint16_t zero;
};

/* tail: handshake messages, then CertificateVerify; lengths add up to it */
struct msg_proof {
	uint32_t transcript_len;
	uint32_t verify_len;
};

struct msg_secret {
	uint32_t secret_len;	/* equal to the tail */
};

enum denial {
	DENIAL_PROOF,		/* the proof does not hold */
	DENIAL_UNKNOWN,		/* no client has this key */
	DENIAL_DISABLED,
	DENIAL_NOT_APPROVED,
	DENIAL_MAX
};

struct msg_denied {
	uint32_t reason;	/* enum denial */
};

enum delivery {
	DELIVERY_SENT,		/* the TLS layer has taken every byte */
	DELIVERY_FAILED,	/* the peer went away, or TLS refused */
	DELIVERY_MAX
};

struct msg_delivered {
	uint32_t result;	/* enum delivery */
};

#pragma GCC diagnostic pop

#endif
