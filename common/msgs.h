/* SPDX-License-Identifier: ISC */
/*
 * Payloads of the messages in msgs.def, and the enums they use.  Fixed-width
 * fields only, laid out so that no compiler puts padding between or behind
 * them (the pragma asks it to object); no pointers.  Both ends are the same
 * build on the same machine, so bytes are in host order.
 */
#ifndef MSGS_H
#define MSGS_H

#include <stdint.h>

#include "keyid.h"

/* Who may be at an end of a channel. */
enum proc {
	PROC_MONITOR,
	PROC_PARENT,
	PROC_CONF,
	PROC_WARDEN,
	PROC_STATE,
	PROC_NETD,
	PROC_SESSION,
	PROC_CHECKERD,
	PROC_BUSD,
	PROC_MAX
};

/*
 * What a channel has come to, as its owner sees it.  Bits, because a row may
 * be legal in several; a channel is in exactly one.
 */
enum phase {
	PHASE_BOOT = 1 << 0,	/* a new channel */
	PHASE_STARTED = 1 << 1,	/* has its settings, wants its socket */
	PHASE_RUN = 1 << 2,	/* a worker at work */
	PHASE_READING = 1 << 3,	/* state: the reader sends clients */
	PHASE_NONCED = 1 << 4,	/* the session has its nonce */
	PHASE_ASKED = 1 << 5,	/* the proof is with the monitor */
	PHASE_LENT = 1 << 6,	/* monitor: the secret is with the session */
	PHASE_OVER = 1 << 7	/* nothing more is legal */
};

enum msg_type {
#define MSG_ENUM(NAME, ...) MSG_##NAME,
#define TO_MONITOR MSG_ENUM
#define TO_PARENT MSG_ENUM
#define TO_WARDEN MSG_ENUM
#define TO_STATE MSG_ENUM
#define TO_NETD MSG_ENUM
#define TO_SESSION MSG_ENUM
#define TO_CHECKERD MSG_ENUM
#define TO_BUSD MSG_ENUM
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

/* monitor and parent; worker is an enum proc */
struct msg_spawn {
	uint32_t worker;
};

struct msg_kill {
	uint32_t worker;
};

struct msg_exited {
	uint32_t worker;
	int32_t status;		/* as from waitpid(2) */
};

struct msg_listener {
	uint32_t zero;
};

struct msg_reader {
	uint32_t zero;
};

struct msg_ping {
	uint32_t zero;
};

struct msg_stop {
	uint32_t zero;
};

struct msg_serving {
	uint32_t clients;
	uint32_t enabled;	/* of them */
	uint32_t refused;	/* the old configuration stays in force */
	uint32_t zero;
};

struct msg_pong {
	uint32_t clients;
	uint32_t enabled;
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

/* Limits of checkerd, likewise. */
struct check_limits {
	uint32_t max_checkers;		/* running at once */
	uint32_t zero;
	uint64_t checker_timeout_ms;	/* 0: the client's own timeout */
};

#define SETTING_CHECK (1U << 0)		/* run the self-tests and exit */
#define SETTING_FOREGROUND (1U << 1)
#define SETTING_DEBUG (1U << 2)
#define SETTING_DBUS (1U << 3)
#define SETTING_ZEROCONF (1U << 4)
#define SETTING_RESTORE (1U << 5)
#define SETTING_IPV6 (1U << 6)
#define SETTING_BIND (1U << 7)		/* address and port are to be bound */
#define SETTING_STRICT (1U << 8)	/* restart_policy */
#define SETTING_START_DISABLED (1U << 9)	/* if the ledger is damaged */

#define IFNAME_LEN 16

struct settings_msg {
	uint32_t flags;		/* SETTING_* */
	int32_t socket;		/* --socket, or -1 */
	uint32_t log_level;	/* syslog(3) number of the least urgent level */
	uint32_t scope_id;	/* of a link-local address */
	uint8_t address[16];	/* IPv4 in the first four without IPV6 */
	uint16_t port;		/* 0: the kernel chooses */
	uint16_t zero[3];
	char interface[IFNAME_LEN];	/* "" for none */
	struct limits limits;
	struct check_limits checks;
};

/* reader to parent; tail: strings priority, servicename, statedir */
struct msg_settings {
	struct settings_msg s;
};

/* reader to parent; tail: its first complaint, without a NUL */
struct msg_complaint {
	uint32_t zero;
};

/* parent to monitor; the same with the same tail */
struct msg_boot {
	struct settings_msg s;
};

/*
 * A client.  Whatever message has it, its strings are the first ones of the
 * tail, in this order: name, host, checker, key ID as text, fingerprint.
 */
#define CLIENT_STRINGS 5

#define CLIENT_ENABLED (1U << 0)
#define CLIENT_APPROVED_BY_DEFAULT (1U << 1)
#define CLIENT_HAS_KEYID (1U << 2)	/* else it can never match */
#define CLIENT_CHECKER_RUNNING (1U << 3)

/* What last_checker_status is when it is no exit status. */
#define CHECKER_NEVER (-2)		/* none has ended yet */
#define CHECKER_CRASHED (-1)		/* ended by a signal */

struct client_fields {
	uint8_t keyid[KEYID_LEN];
	uint32_t number;	/* from 1, this run's; 0 in CLIENT */
	uint32_t flags;		/* CLIENT_* */
	int32_t last_checker_status;	/* 0 to 255, or CHECKER_* */
	uint32_t approvals_pending;
	uint64_t timeout_ms;
	uint64_t extended_timeout_ms;
	uint64_t interval_ms;
	uint64_t approval_delay_ms;
	uint64_t approval_duration_ms;
	/* Wall-clock times in microseconds since 1970; 0 is never. */
	int64_t created_us;
	int64_t last_enabled_us;
	int64_t last_checked_ok_us;
	int64_t last_approval_request_us;
	int64_t expires_us;
};

/* The settings of a client, as bits of a set. */
#define SET_HOST (1U << 0)
#define SET_CHECKER (1U << 1)
#define SET_KEYID (1U << 2)		/* keyid, HAS_KEYID and the text */
#define SET_FINGERPRINT (1U << 3)
#define SET_TIMEOUT (1U << 4)
#define SET_EXTENDED_TIMEOUT (1U << 5)
#define SET_INTERVAL (1U << 6)
#define SET_APPROVAL_DELAY (1U << 7)
#define SET_APPROVAL_DURATION (1U << 8)
#define SET_APPROVED_BY_DEFAULT (1U << 9)
#define SET_ENABLED (1U << 10)
#define SET_SECRET (1U << 11)		/* the string behind the client's */
#define SET_ALL ((1U << 12) - 1)

/* reader to state; tail: the client's strings, secret */
struct msg_client {
	struct client_fields f;	/* settings; all else is 0 */
};

struct msg_conf_end {
	uint32_t clients;	/* how many CLIENT messages there were */
};

/* warden to parent; the next one when RELOADED has come */
struct msg_reload {
	uint32_t zero;
};

enum reloaded {
	RELOADED_IN_FORCE,
	RELOADED_BAD,		/* the configuration is; tail: how */
	RELOADED_NOT_TAKEN,	/* it is not; but it could not be saved */
	RELOADED_MAX
};

/* parent to warden */
struct msg_reloaded {
	uint32_t result;	/* enum reloaded */
};

/* monitor to warden; tail: as of BOOT */
struct msg_warden_start {
	struct settings_msg s;
	uint32_t port;
	uint32_t zero;
};

struct msg_channel {
	uint32_t worker;	/* an enum proc */
};

struct msg_configure {
	uint32_t zero;
};

struct msg_halt {
	uint32_t zero;
};

enum event {
	EVENT_CHECKER_STARTED,	/* tail: the command */
	EVENT_CHECKER_COMPLETED,	/* wait status; tail: the command */
	EVENT_GOT_SECRET,
	EVENT_REJECTED,		/* enum denial */
	EVENT_NEED_APPROVAL,	/* milliseconds; by default: 0 or 1 */
	EVENT_UNKNOWN_KEY,	/* tail: key ID in hex, blank, address */
	EVENT_PENDING,		/* how many sessions may wait for approval */
	EVENT_MAX
};

/* The same from monitor to warden, and from there to busd. */
struct event_msg {
	uint32_t event;		/* enum event */
	uint32_t number;	/* of the client; 0 for an unknown key */
	int64_t value;
	int64_t by_default;
};

struct msg_news {
	struct event_msg e;
};

struct msg_synced {
	uint64_t seq;
};

/* What the release rule wants to know of a client. */
struct gate {
	uint8_t keyid[KEYID_LEN];
	uint32_t number;
	uint32_t flags;		/* CLIENT_ENABLED, _APPROVED_BY_DEFAULT,
				   _HAS_KEYID */
	uint64_t approval_delay_ms;
};

/* tail: strings name, secret */
struct msg_enroll {
	struct gate g;
};

/* tail: nothing, or a string: the new secret */
struct msg_gate {
	struct gate g;
};

struct msg_unenroll {
	uint32_t number;
};

enum approval { APPROVAL_NONE, APPROVAL_YES, APPROVAL_NO, APPROVAL_MAX };

struct msg_approve {
	uint32_t number;
	uint32_t approval;	/* enum approval */
	uint64_t ms;		/* how long it holds */
};

struct msg_sync {
	uint64_t seq;
};

struct msg_configured {
	uint32_t refused;	/* the old configuration stays in force */
};

enum worker_news { WORKER_READY, WORKER_DONE_WITH, WORKER_BROKEN, WORKER_MAX };

struct msg_worker {
	uint32_t worker;	/* PROC_CHECKERD or PROC_BUSD */
	uint32_t news;		/* enum worker_news */
	uint32_t life;		/* with its CHANNEL of this number, from 1 */
};

/* warden to state; tail: string, the state directory */
struct msg_state_open {
	uint32_t flags;		/* SETTING_RESTORE, _STRICT, _START_DISABLED */
	uint32_t log_level;
};

struct msg_opened {
	uint32_t zero;
};

struct msg_merge {
	uint32_t zero;
};

/* state to warden; tail: the client's strings, secret if SET_SECRET */
struct msg_enrolled {
	struct client_fields f;
	uint32_t set;		/* what has changed; all of it if new */
	uint32_t is_new;	/* not in the warden's table: times count too */
};

struct msg_dropped {
	uint32_t number;
};

struct msg_merged {
	uint32_t refused;	/* nothing of it has been taken */
};

/* warden to state; tail: the client's strings, secret if SET_SECRET */
struct msg_save {
	struct client_fields f;
	uint64_t seq;		/* counts up; for SAVED */
	uint32_t urgent;	/* to be on disk before anything else is done */
	uint32_t set;		/* SET_SECRET or 0 */
};

struct msg_forget {
	uint64_t seq;
	uint32_t number;
	uint32_t zero;
};

/* warden to state; tail: the client's strings, secret */
struct msg_add {
	struct client_fields f;	/* settings; all else is 0 */
	uint64_t seq;		/* for ADDED */
};

struct msg_added {
	uint64_t seq;
	uint32_t number;	/* of the client; 0 if there is an error */
	uint32_t error;		/* 0; EEXIST: its name or key ID is taken;
				   EDQUOT: there are too many; else not saved */
};

struct msg_saved {
	uint64_t seq;
	uint32_t error;		/* 0; or errno, and seq is not on disk: none
				   that means something else in CONTROL_DONE */
	uint32_t zero;
};

/* monitor to netd; tail: the priority string, "" for our default */
struct msg_start {
	struct limits limits;
	uint32_t log_level;
	uint32_t zero;
};

struct msg_accept_from {
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
	DENIAL_DENIED,		/* by an administrator */
	DENIAL_TIMED_OUT,	/* nobody approved in time */
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

struct msg_check_start {
	struct check_limits limits;
	uint32_t log_level;
	uint32_t debug;		/* log what checkers print */
};

struct msg_check_ready {
	uint32_t zero;
};

/* What a CHECK orders, as bits; none: only the fields have changed. */
#define CHECK_SCHEDULE (1U << 0)	/* first in first_ms, then regularly */
#define CHECK_CEASE (1U << 1)		/* no more, and kill one that runs */
#define CHECK_NOW (1U << 2)		/* start one, unless one runs */
#define CHECK_ABANDON (1U << 3)		/* kill one that runs; schedule stays */

/* tail: the client's strings */
struct msg_check {
	struct client_fields f;
	uint64_t first_ms;
	uint32_t orders;	/* CHECK_* */
	uint32_t stops;		/* how many orders to kill there were */
};

struct msg_check_forget {
	uint32_t number;
};

/* tail: the command, expanded, without a NUL */
struct msg_check_started {
	uint32_t number;
	uint32_t scheduled;	/* the first after CHECK_SCHEDULE */
	uint32_t stops;		/* as in the last CHECK before it */
};

/* tail: likewise; a checker that was killed by order is not reported */
struct msg_check_done {
	uint32_t number;
	int32_t status;		/* as from waitpid(2) */
};

/* tail: strings servicename, interface */
struct msg_bus_start {
	uint32_t flags;		/* SETTING_DBUS, _ZEROCONF, _IPV6 */
	uint32_t log_level;
	uint16_t port;		/* what is announced */
	uint16_t zero[3];
};

struct msg_bus_ready {
	uint32_t zero;
};

/* tail: the client's strings */
struct msg_client_state {
	struct client_fields f;
};

struct msg_client_gone {
	uint32_t number;
};

/* tail: as the event wants it */
struct msg_event {
	struct event_msg e;
	struct client_fields f;	/* the client's by now; its number is 0 if
				   that is not to be told */
};

enum control {
	CONTROL_SET,		/* what is in set; tail: strings, secret */
	CONTROL_APPROVE,
	CONTROL_DENY,
	CONTROL_ENABLE,
	CONTROL_DISABLE,
	CONTROL_CHECKED_OK,
	CONTROL_START_CHECKER,
	CONTROL_STOP_CHECKER,
	CONTROL_REMOVE,
	CONTROL_RELOAD,		/* of no client */
	CONTROL_ADD,		/* likewise; tail: strings, secret */
	CONTROL_MAX
};

/* The settings that an administrator may change at run time. */
#define SET_AT_RUN_TIME \
	(SET_ALL & ~(SET_KEYID | SET_FINGERPRINT | SET_ENABLED))

struct msg_control {
	struct client_fields f;	/* the number, and what is to be set */
	uint64_t request;	/* for CONTROL_DONE */
	uint32_t what;		/* enum control */
	uint32_t set;		/* SET_*, for CONTROL_SET */
};

/* tail: for EINVAL, what is wrong, without a NUL */
struct msg_control_done {
	uint64_t request;
	uint32_t error;		/* 0; ENOENT: no such client; E2BIG: it does
				   not fit; EINVAL: a bad configuration;
				   EEXIST, EDQUOT: as in ADDED; else not
				   saved */
	uint32_t number;	/* of the client that was added */
};

#pragma GCC diagnostic pop

#endif
