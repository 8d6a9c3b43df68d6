/* SPDX-License-Identifier: ISC */
/*
 * The clients that the server has told of, in the order in which they are
 * shown, and which of them the cursor is on.  Knows nothing of screens.
 */
#ifndef TUI_MODEL_H
#define TUI_MODEL_H

#include <sys/types.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* In the order of what is urgent. */
enum client_state {
	CLIENT_DENIAL,		/* waits, and will be denied */
	CLIENT_APPROVAL,	/* waits, and will be approved */
	CLIENT_FAILED,		/* its last checker has failed */
	CLIENT_ENABLED,
	CLIENT_DISABLED
};

enum model_order {
	ORDER_NAME,
	ORDER_STATE,
	ORDER_EXPIRY,
	ORDER_COUNT
};

struct client {
	RB_ENTRY(client) entry;
	struct record record;
	enum client_state state;
	int64_t expires;	/* TIME_NONE: never */
	int64_t since;		/* last checked or enabled; or TIME_NONE */
	int64_t asked;		/* the last approval request, or TIME_NONE */
	unsigned int listing;	/* the last one that it is in */
};

struct model;

/*
 * model_new(): no clients, ordered by name.  Ends the program if there is no
 * memory, as all of these do.
 */
struct model *model_new(void);
void model_free(struct model *);

/* model_count(m), model_at(m, i): the clients in order, from 0 on. */
size_t model_count(const struct model *);
struct client *model_at(const struct model *, size_t);

/* model_index(m, client): the place of a client that is in ${m}. */
size_t model_index(const struct model *, const struct client *);

/* model_find(m, path): the client with this object path, or NULL. */
struct client *model_find(struct model *, const char *);

/*
 * model_put(m, record): this is a client; it replaces what was known of that
 * path.  What is in ${record} is the model's from here on.  Returns the
 * client; ${is_new}, unless it is NULL, is whether there was none.
 */
struct client *model_put(struct model *, struct record *, int *is_new);

/*
 * model_change(m, client, dict): take the properties in ${dict}, a{sv}, and
 * move the client to where it belongs.
 */
void model_change(struct model *, struct client *, DBusMessageIter *);

/* model_remove(m, client): it is gone, and freed. */
void model_remove(struct model *, struct client *);

/*
 * model_list_begin(m), model_list_end(m): what is put in between is all there
 * is; other clients are gone at the end.  In between the order is not kept:
 * only model_put and model_find may be called.
 */
void model_list_begin(struct model *);
void model_list_end(struct model *);

/*
 * model_clear(m): no clients.  If the one comes back that the cursor was put
 * on, it will be there again; also if all were removed one after the other, as
 * a server does that takes its leave, but not if it alone was removed.
 */
void model_clear(struct model *);

/* model_set_order(m, order), model_order(m): how clients are ordered. */
void model_set_order(struct model *, enum model_order);
enum model_order model_order(const struct model *);

/*
 * model_focus(m): the client with the cursor; NULL only if there are none.  It
 * is the first one until somebody has moved the cursor, and then stays with
 * its client, wherever that goes; to the next one if it is gone.
 */
struct client *model_focus(const struct model *);
void model_set_focus(struct model *, struct client *);

/*
 * model_search(m, text, step): from the cursor on, the next client, for a
 * ${step} of 1, or the previous one, for -1, in whose name ${text} is, upper
 * and lower case of ASCII being the same; round the end, and the one with the
 * cursor last.  With a ${step} of 0 like 1, but that one comes first.  Returns
 * NULL if there is none.
 */
struct client *model_search(const struct model *, const char *, int);

/* client_name(client): its name; its path if the server has told none. */
const char *client_name(const struct client *);

#endif
