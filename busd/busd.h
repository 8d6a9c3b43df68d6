/* SPDX-License-Identifier: ISC */
/*
 * busd: shows the clients on the system bus, and takes what administrators
 * want to the warden.  It translates and decides nothing; it knows public
 * fields only, and a new secret for as long as it takes to pass it on.
 */
#ifndef BUSD_H
#define BUSD_H

#include <sys/types.h>
#include <sys/tree.h>

#include <dbus/dbus.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "msg.h"
#include "orders.h"

#define BUS_NAME "se.recompile.Mandos"
#define BUS_NAME_OLD "se.bsnet.fukt.Mandos"
#define OWN_NAME "org.openmandos"	/* begins the names that are ours */

/* What the whole of busd works with; it is set up once. */
struct busd {
	struct orders warden;
	uint32_t flags;		/* SETTING_DBUS, _ZEROCONF, _IPV6 */
	int log_level;
	uint16_t port;		/* that is to be announced */
	char *servicename;
	char *interface;	/* "" for all */
	uid_t uid;		/* who may call, besides root, ... */
	gid_t gid;		/* ... and whose members may */
	char *machine;		/* this machine's ID, or NULL */
};

extern struct busd busd;

/* The strings of a client, in their order. */
enum client_text {
	TEXT_NAME,
	TEXT_HOST,
	TEXT_CHECKER,
	TEXT_KEYID,
	TEXT_FINGERPRINT
};

/* A client, as the warden has described it last. */
struct bus_client {
	RB_ENTRY(bus_client) by_number;
	RB_ENTRY(bus_client) by_path;
	struct client_fields f;
	char *text[CLIENT_STRINGS];	/* valid UTF-8 */
	char *path;
};

/* on_warden.c */

/* busd_end(status): take leave of the bus, and end. */
void busd_end(int) __attribute__((noreturn));

/* mirror.c */

/*
 * mirror_put(f, tail, len, was): the client with this number, made if there is
 * none, as the message describes it.  In ${was}, for mirror_forget, is what it
 * was before; ${was}->path is NULL if it is new.  Returns NULL if that cannot
 * be: no number, or strings that are none.
 */
struct bus_client *mirror_put(const struct client_fields *, const uint8_t *,
    size_t, struct bus_client *);
void mirror_forget(struct bus_client *);

/* mirror_find(number), mirror_path(path): the client, or NULL. */
struct bus_client *mirror_find(uint32_t);
struct bus_client *mirror_path(const char *);

/* mirror_next(c): the one after it by number; the first for NULL. */
struct bus_client *mirror_next(struct bus_client *);

/*
 * mirror_below(path): the first client whose path, which begins with "/",
 * continues ${path}, or NULL.  mirror_after(c): the next by path.
 */
struct bus_client *mirror_below(const char *);
struct bus_client *mirror_after(struct bus_client *);

/* mirror_remove(c): there is no such client any more. */
void mirror_remove(struct bus_client *);

/* mirror_count(): how many there are. */
size_t mirror_count(void);

/*
 * mirror_text(bytes, len): as new string, with "?" for all that is not ASCII
 * if it is not UTF-8: libdbus ends a process that gives it such a string.
 */
char *mirror_text(const uint8_t *, size_t);

/*
 * mirror_line(bytes, len): the same as one line, with "?" for what is no
 * character to be seen, for texts that quote a file.
 */
char *mirror_line(const uint8_t *, size_t);

/* bus.c */

/* bus_init(): once, before busd is locked down: find out where the bus is. */
void bus_init(void);

/* bus_start(): connect, and whenever that is lost, again. */
void bus_start(void);

/* bus_is_up(): signals can be sent: we are on the bus by our names. */
int bus_is_up(void);

/*
 * bus_send(msg): send it if there is a bus to take it, and drop the caller's
 * reference.  bus_ask(msg, done, arg): likewise, and have ${done} called with
 * the reply, once, unless the bus is lost before.
 */
void bus_send(DBusMessage *);
void bus_ask(DBusMessage *, void (*)(DBusMessage *, void *), void *);

/* bus_overwrite(): have what was read last wiped, inside of libdbus. */
void bus_overwrite(void);

/* bus_end(): take leave, within a second. */
void bus_end(void);

/* bus_must(ok): fatal if libdbus had no memory. */
void bus_must(dbus_bool_t);

/* caller.c: who calls, and whether he may */

struct caller;

/* caller_call(msg): a method call: handled when it is known who calls. */
void caller_call(DBusMessage *);

/* caller_gone(name): this unique name has left the bus. */
void caller_gone(const char *);

/* caller_forget_all(): the bus is lost, and everybody with it. */
void caller_forget_all(void);

/*
 * caller_begin(caller): one more request of his is with the warden.  Returns
 * 0, or -1 if he has too many there.  caller_end(caller): one less.
 */
int caller_begin(struct caller *);
void caller_end(struct caller *);

/* caller_name(caller): his unique name. */
const char *caller_name(const struct caller *);

/* call.c: method calls */

enum object {
	OBJECT_NONE = 0,
	OBJECT_ROOT = 1 << 0,	/* "/" */
	OBJECT_NODE = 1 << 1,	/* a mere part of paths */
	OBJECT_CLIENT = 1 << 2,
	OBJECT_OWN = 1 << 3	/* what the original does not have */
};

/* A call that is being handled. */
struct call {
	DBusMessage *msg;
	struct caller *caller;
	const char *path;
	enum object object;
	struct bus_client *client;	/* for OBJECT_CLIENT */
};

/* call_handle(msg, caller): he may; see to it that he is answered. */
void call_handle(DBusMessage *, struct caller *);

/*
 * call_reply(call): a new message for the reply.  call_done(call, reply): send
 * it.  call_error(call, name, fmt, ...): send this error instead.
 */
DBusMessage *call_reply(const struct call *);
void call_done(const struct call *, DBusMessage *);
void call_error(const struct call *, const char *, const char *, ...)
    __attribute__((format(printf, 3, 4)));

/* request.c: what is with the warden */

/*
 * request_control(call, client, what): ask the warden; the call is answered
 * when it has.  ${client} is NULL for what is about none.
 * request_set(call, client, f, set, text, len): likewise for a setting: ${f}
 * holds it, or ${text} of ${len} bytes.
 */
void request_control(const struct call *, const struct bus_client *,
    enum control);
void request_set(const struct call *, const struct bus_client *,
    const struct client_fields *, uint32_t, const void *, size_t);

/*
 * request_add(call, f, text, secret, len): likewise for a client to be added,
 * with these settings, and with ${text} for each enum client_text.
 */
void request_add(const struct call *, const struct client_fields *,
    const char *const[CLIENT_STRINGS], const void *, size_t);

/*
 * request_done(m, why, len): the warden has answered, and may have said why
 * not.  Returns 0, or -1: there is no such request.
 */
int request_done(const struct msg_control_done *, const void *, size_t);

/* request_forget(caller): he is gone, and needs no answer. */
void request_forget(const struct caller *);

/* announce.c: signals */

/* announce_added(c), announce_removed(c): it has come, is to go. */
void announce_added(const struct bus_client *);
void announce_removed(const struct bus_client *);

/* announce_changed(c, was): tell every property that differs. */
void announce_changed(const struct bus_client *, const struct bus_client *);

/* announce_secret(c): it has a new secret. */
void announce_secret(const struct bus_client *);

/*
 * announce_event(c, e, tail, len): an EVENT; to ${c}, which is NULL if it is
 * of no client that is known.  Returns 0, or -1 if there is no such event.
 */
int announce_event(const struct bus_client *, const struct event_msg *,
    const uint8_t *, size_t);

/* introspect.c */

/* introspect(object, path): the description, in new memory. */
char *introspect(enum object, const char *);

/* why.c */

struct reason {
	const char *code;
	char sentence[512];
};

/* why(client, reason): would it get its secret at this moment? */
void why(const struct bus_client *, struct reason *);

#endif
