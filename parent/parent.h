/* SPDX-License-Identifier: ISC */
/*
 * The parent, mandos(8): what init sees and signals.  It is root with the few
 * capabilities that the other programs need to lock themselves down, and it is
 * under no filter; so it has no secret, parses no text and reads no network.
 * It starts the others, ends them, and passes on what they say of each other.
 */
#ifndef PARENT_H
#define PARENT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "msg.h"

/* The handlers, one for each message that is meant for this process. */
#define TO_PARENT(NAME, name, ...)					\
const char *on_##name(struct chan *, const struct msg_##name *, struct msg *);
#include "msgs.def"

/* parent.c */
/*
 * parent_handle(chan, msg): check a message and have it handled; it is freed.
 * Returns NULL, or why a sound sender cannot have sent it.
 */
const char *parent_handle(struct chan *, struct msg *);

/*
 * parent_tell(type, body, tail, tail_len, fd): send the monitor a message;
 * forgotten if it has ended.
 */
void parent_tell(enum msg_type, const void *, const void *, size_t, int);

/* parent_is_stopping(): it has been told to end, and nothing is to begin. */
int parent_is_stopping(void);

/* parent_ended(worker, status): this process has ended, with this status. */
void parent_ended(enum proc, int);

/* parent_end(status): end every process, and then this one. */
void parent_end(int) __attribute__((noreturn));

/* daemon.c */
/*
 * daemon_start(): become a daemon and log to syslog.  Returns in the daemon
 * alone: the original process waits for daemon_serves() or the daemon's end,
 * whose exit status it takes.
 */
void daemon_start(void);

/* daemon_serves(): write the pid file and let the original process go. */
void daemon_serves(void);

/* listen.c */
/*
 * listen_open(settings): the listening socket, made or taken as the settings
 * say.  Ends the process with status 1 and a message if that is impossible.
 */
int listen_open(const struct settings_msg *);

/* listen_log(fd): log where it listens. */
void listen_log(int);

/* notify.c */
/*
 * notify_init(): take what the service manager has put into the environment
 * out of it, before any process is started.
 */
void notify_init(void);

/*
 * What the service manager is told, if there is one: that this configuration
 * is in force; that one is being read; that it was not taken; that we end;
 * that the monitor is alive.  The first notify_serving starts the watchdog.
 */
void notify_serving(const struct msg_serving *);
void notify_reloading(void);
void notify_refused(void);
void notify_stopping(void);
void notify_alive(const struct msg_pong *);

/* reader.c */
/*
 * reader_boot(settings): start the reader and wait for its settings.  Ends
 * the process with the reader's status if the reader ended without sending
 * any: it was asked for help, or found an error and said so.
 */
void reader_boot(struct settings_msg *);

/*
 * reader_settings(type, settings): send the monitor a message of this type:
 * these settings and the strings that came with those of reader_boot.
 */
void reader_settings(enum msg_type, const struct settings_msg *);

/* reader_service(): the service name, in new memory. */
char *reader_service(void);

/* reader_pass(): hand the reader's channel over to the monitor. */
void reader_pass(void);

/* reader_abandon(): what the first reader still has to send, nobody wants. */
void reader_abandon(void);

/*
 * reader_reload(): read the configuration again, for the monitor; if that is
 * being done, once more afterwards.
 */
void reader_reload(void);

/* reader_done(refused): the monitor has decided about what was read. */
void reader_done(int);

/* reader_ended(): the process of the reader has ended. */
void reader_ended(void);

/*
 * reader_ask(): read it again, and tell the warden what has come of it.  One
 * that has begun already may have missed what this one is about, so there is
 * another afterwards.  Returns 0, or -1 if the warden has not had the answer
 * to its last question.
 */
int reader_ask(void);

/* rlimit.c */
/*
 * limit_raise(): take all the descriptors we may have.  Returns how many
 * there were to be.
 * limit_give_back(worker): in a new process, what it has no use for.
 */
int limit_raise(void);
void limit_give_back(enum proc);

/* limit_fit(limits): no more sessions than there are descriptors for. */
void limit_fit(struct limits *);

/* spawn.c */
/* spawn_init(argv): remember what the reader is given. */
void spawn_init(char **);

/*
 * spawn_start(worker, fd, again): start this program with ${fd} as its
 * channel, which stays the caller's; ${again} tells the reader that it is not
 * the first.  Returns 0, or -1 with errno.
 */
int spawn_start(enum proc, int, int);

/* spawn_to_syslog(): descriptor 2 is a socket to syslogd. */
void spawn_to_syslog(void);

/* spawn_service(name): lines for syslogd have this name, which is kept. */
void spawn_service(char *);

/* spawn_is_running(worker), spawn_kill(worker): with all that it has forked. */
int spawn_is_running(enum proc);
void spawn_kill(enum proc);

/* spawn_forget(worker): it belongs to another process from here on. */
void spawn_forget(enum proc);

/*
 * spawn_await(worker): wait, outside the loop, until it has ended.  Returns
 * its exit status, or 70 if it was killed.
 */
int spawn_await(enum proc);

/* spawn_reap(): tell parent_ended() of everybody who has ended. */
void spawn_reap(void);

/*
 * spawn_end(): end everybody and wait for it; first those that hold a client
 * to its word, last whoever is still saving what was decided.
 */
void spawn_end(void);

/* spawn_status(status): the exit status in a wait status, or 70. */
int spawn_status(int);

/* warden.c */
/*
 * warden_pair(): make our channel to the warden, which is to be started.
 * Returns its end of it, the caller's to close, or -1 with errno.
 */
int warden_pair(void);

/*
 * warden_reloaded(result, why): answer its question, for RELOADED_BAD with
 * ${why}, which is "" otherwise; forgotten if it has ended.
 */
void warden_reloaded(enum reloaded, const char *);

#endif
