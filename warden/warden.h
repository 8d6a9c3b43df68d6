/* SPDX-License-Identifier: ISC */
/*
 * The warden: keeps the clients' lives.  It hears how they are, from checkerd
 * and from sessions, and what administrators want, from busd; it decides who
 * is enabled, has the state process save that, and tells the monitor.  It
 * holds no secret but in transit, opens no file and speaks to no network.
 */
#ifndef WARDEN_H
#define WARDEN_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "msg.h"

struct client {
	RB_ENTRY(client) entry;	/* by number */
	struct client_fields f;
	uint8_t *strings;	/* as they stand in a message's tail */
	size_t strings_len;
	char *name;		/* for log lines */
	int names_times;	/* its checker's command has one in it */
	uint8_t *secret;	/* a new one that the monitor has not got yet */
	size_t secret_len;
	size_t kept_len;	/* of the secret that it has, new or not */
	struct gate gate;	/* what the monitor has been told */
	struct loop_timer expiry;	/* set while enabled */
	int64_t first_due_ms;	/* the first check is due; 0: it has begun */
	uint32_t orders;	/* CHECK_* to be given when all is saved */
	uint32_t stops;		/* orders to kill a checker, given so far */
	uint64_t unsaved;	/* urgent SAVE not answered yet, or 0 */
	TAILQ_ENTRY(client) unsaved_entry;
	int unsent;		/* a SAVE that is not urgent is due */
};

/* client.c: the table, and what belongs to a client */
/*
 * client_new(f, tail, left): a client from an ENROLLED message, with its
 * strings in the tail.  Returns NULL if they are bad or the number is taken.
 */
struct client *client_new(const struct client_fields *, const uint8_t *,
    size_t);

/*
 * client_assign(c, set, f, tail, left): take over the settings that are in
 * ${set}, SET_*, but not SET_ENABLED, from fields and tail of a message.
 * Returns 0; or EBADMSG if the strings are bad, or E2BIG if they do not fit a
 * message together with the client's secret: then nothing has changed.
 */
int client_assign(struct client *, uint32_t, const struct client_fields *,
    const uint8_t *, size_t);

/*
 * client_check(tail, left): whether a new client could be made of these
 * strings and this secret: 0, or -1.
 */
int client_check(const uint8_t *, size_t);

/* client_remove(c): forget it, and have everybody else do so. */
void client_remove(struct client *);

/* client_drop_secret(c): wipe the new secret, if there is one. */
void client_drop_secret(struct client *);

/* client_number(number): look it up; NULL if there is none. */
struct client *client_number(uint32_t);

/* client_next(c): the one after ${c}, NULL at the end; the first for NULL. */
struct client *client_next(struct client *);

/* client_count(): how many there are. */
uint32_t client_count(void);

/* life.c: what happens to a client, and what follows from it */
/* life_begin(c): it has come into the table. */
void life_begin(struct client *);

/* An administrator, or clients.conf; nothing happens if it is so already. */
void life_enable(struct client *);
void life_disable(struct client *);

/*
 * life_set(c, set, f, tail, left): change settings, with all that follows from
 * it.  Returns what client_assign does.
 */
int life_set(struct client *, uint32_t, const struct client_fields *,
    const uint8_t *, size_t);

/*
 * What has happened; the caller tells busd.  A checker has begun, the first
 * one after it was scheduled or another, when so many orders to kill one had
 * reached checkerd.
 */
void life_check_started(struct client *, int, uint32_t);
/* It has ended with this status: 0 to 255 or CHECKER_CRASHED. */
void life_checked(struct client *, int);
/* Its secret has been sent. */
void life_delivered(struct client *);
/* Somebody is asked for approval. */
void life_approval_asked(struct client *);

/* An administrator says that the client is well. */
void life_checked_ok(struct client *);
/* A checker is to be started, or the one there is, to be stopped. */
void life_check_wanted(struct client *);
void life_check_stopped(struct client *);
/* checkerd is new and knows nothing: nobody is to be disabled for that. */
void life_check_again(struct client *);
/* So many sessions may have to wait for approval. */
void life_pending(struct client *, uint32_t);

/* life_halt(): the end is near: save what the wall clock must say by then. */
void life_halt(void);

/* life_catch_up(): the state process is read up: send it what is due. */
void life_catch_up(void);

/*
 * life_saved(seq, error): what was decided up to this SAVE may be told; it is
 * on disk, or it could not be saved.
 */
void life_saved(uint64_t, int);

/* life_forget(c): it is about to be removed. */
void life_forget(struct client *);

/*
 * window.c: how long a client stays enabled if nothing else happens, in
 * milliseconds.  Pure functions: no clock, no state.  From its start, the
 * first check being due in ${delay_ms}; the same over a restart, where it had
 * ${left_ms} left, which is kept if it is longer than any start gives; when
 * that check begins, ${left_ms} before the end; from being enabled at run
 * time; after a successful check; after its secret was sent; when its timeout
 * has been changed from ${was_ms} with ${left_ms} left, 0 meaning that it is
 * over.
 */
uint64_t window_start(const struct client_fields *, uint64_t);
uint64_t window_restart(const struct client_fields *, uint64_t, uint64_t);
uint64_t window_first_check(const struct client_fields *, uint64_t);
uint64_t window_enabled(const struct client_fields *);
uint64_t window_checked(const struct client_fields *);
uint64_t window_delivered(const struct client_fields *);
uint64_t window_timeout(const struct client_fields *, uint64_t, uint64_t);

/* link.c: channels to checkerd and busd, which come and go */
struct link {
	enum proc proc;
	const char *name;
	struct chan chan;
	uint32_t life;		/* how many channels there were so far */
	void (*lost)(void);	/* it is gone; NULL: nothing to forget */
};

/* link_open(link, fd): a new one is at the other end. */
void link_open(struct link *, int);

/* link_ready(link): it is locked down and begins to serve. */
void link_ready(struct link *);

/* link_is_ready(link): it can be told something. */
int link_is_ready(const struct link *);

/*
 * link_tell(link, type, body, tail, len): chan_send, forgotten if it is not
 * there.  Nothing ends before the loop runs again.
 */
void link_tell(struct link *, enum msg_type, const void *, const void *,
    size_t);

/* on_monitor.c */
struct boot {
	struct settings_msg settings;
	uint16_t port;
	char *servicename;
	char *statedir;
};

/* monitor_init(argc, argv): take over the channel, wait for the settings. */
const struct boot *monitor_init(int, char **);
void monitor_watch(void);

/* monitor_enroll(c, secret, len): a client, and its secret to be passed on. */
void monitor_enroll(struct client *, const uint8_t *, size_t);

/* monitor_gate(c): tell what has changed, with the new secret if there is. */
void monitor_gate(struct client *);

void monitor_unenroll(const struct client *);
void monitor_approve(const struct client *, enum approval, uint64_t);

/* monitor_sync(seq): busd_synced(seq) when all this is in force. */
void monitor_sync(uint64_t);

/* monitor_configured(refused): a configuration has been merged, or not. */
void monitor_configured(int);

/* monitor_worker(link, news): tell how the worker at its other end is. */
void monitor_worker(const struct link *, enum worker_news);

/* on_parent.c */
/* parent_init(): take over the channel to it, before monitor_init(). */
void parent_init(void);
void parent_watch(void);

/*
 * parent_reload(): have the configuration read again, from a moment that is
 * still to come.  busd_reloading() is told when that is.
 */
void parent_reload(void);

/* on_state.c */
/* state_open(boot, fd): its channel: have it open the state directory. */
void state_open(const struct boot *, int);

/* state_merge(fd): a reader has clients for it. */
void state_merge(int);

/*
 * state_save(c, urgent, with_secret): save a client, with the new secret if
 * that is asked for.  Returns the number that SAVED will name.
 * state_forget(c): the same for one that is removed.
 */
uint64_t state_save(const struct client *, int, int);
uint64_t state_forget(const struct client *);

/*
 * state_add(f, tail, len): have it add a client with these settings and what
 * is in the tail, which is checked.  Returns the number for busd_added().
 */
uint64_t state_add(const struct client_fields *, const uint8_t *, size_t);

/* state_put_off(was, seq): a reload that waits for ${was}, likewise. */
void state_put_off(uint64_t, uint64_t);

/* state_is_behind(): it has not taken all that it was sent. */
int state_is_behind(void);

/* state_stop(): let it end when it has saved everything. */
void state_stop(void);

/* on_checkerd.c */
void checkerd_open(const struct boot *, int);

/* checkerd_is_there(): it can be told something. */
int checkerd_is_there(void);

/*
 * checkerd_tell(c, orders): what is new of this client, and CHECK_* orders.
 * checkerd_forget(c): it is gone.
 */
void checkerd_tell(const struct client *, uint32_t);
void checkerd_forget(const struct client *);

/* on_busd.c */
void busd_open(const struct boot *, int);

/*
 * busd_tell(c): what is new of it.  busd_gone(c): it is gone.
 * busd_event(event, c, value, by_default, tail, len): this has happened, to
 * ${c} unless that is NULL; what is new of its fields goes with it.  Each is
 * forgotten if there is no busd to tell.
 */
void busd_tell(const struct client *);
void busd_gone(const struct client *);
void busd_event(enum event, const struct client *, int64_t, int64_t,
    const void *, size_t);

/*
 * busd_saved(seq, error): what this SAVE is about is on disk, or is not;
 * busd_synced(seq): and in force.
 */
void busd_saved(uint64_t, int);
void busd_synced(uint64_t);

/*
 * busd_added(seq, error, number): a client was added, and has this number, or
 * why it was not.
 */
void busd_added(uint64_t, int, uint32_t);

/*
 * busd_reloading(): the parent is asked to read the configuration for all who
 * want that so far; busd_reloaded(result, why, len): it is done, or why not.
 */
void busd_reloading(void);
void busd_reloaded(enum reloaded, const void *, size_t);

/* busd_put_off(was, seq): what waits for ${was} waits for ${seq} as well. */
void busd_put_off(uint64_t, uint64_t);

#endif
