/* SPDX-License-Identifier: ISC */
/*
 * The kinds of change that a ledger must carry over a crash, each with its
 * part of mandos-state's life: from the message that orders it until the
 * answer that says it is done.
 */
#ifndef CHANGE_H
#define CHANGE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "drive.h"
#include "trace.h"
#include "view.h"

#define CHANGE_DIR "state"
#define CHANGE_LEDGER "clients.ledger"
#define CHANGE_STEPS 4		/* most in one change */

enum change_before {
	CHANGE_LEDGER_SOUND,
	CHANGE_LEDGER_ADDED,	/* and with one that was added at run time */
	CHANGE_LEDGER_DAMAGED,
	CHANGE_LEDGER_NONE
};

struct change {
	const char *name;
	uint64_t steps;		/* each of which may be done without the next */
	enum change_before before;
	uint32_t flags;		/* of STATE_OPEN */
	uint32_t after;		/* the path: as in struct trace_order */
	unsigned int skip;
	uint32_t until;
	/* What is new in clients.conf, or NULL. */
	void (*configure)(struct drive_set *);
	/* Makes so many steps; returns as drive_wait() or drive_merge(). */
	int (*act)(struct drive *, const struct drive_set *, uint64_t);
};

extern const struct change changes[];
extern const size_t changes_count;

/* A change about to be made, again and again, from the same beginning. */
struct stage {
	const struct change *change;
	uint64_t steps;			/* of it that are made */
	/* After each step, the first being none: CHANGE_DIR, and... */
	struct view view[CHANGE_STEPS + 1];
	struct drive_set conf;		/* clients.conf */
	struct drive_set conf2;		/* clients.conf with what is new */
	char *text[CHANGE_STEPS + 1];	/* ...stage_load() of it */
};

/* What became of it once. */
struct result {
	struct view before;	/* what it began with */
	int rc;			/* of act; or of what failed before */
	uint64_t told;		/* so many steps were said to be done */
	uint64_t seq;		/* of the last order to save */
	int status;		/* as from waitpid(2) */
	struct trace_report report;
	struct trace *trace;
};

/*
 * stage_set(stage, change, clients): with so many clients, at least 8; makes
 * the change, which must be in the ledger then.  stage_find(stage, name,
 * clients): the change of this name.  stage_clear frees it.
 */
void stage_set(struct stage *, const struct change *, size_t);
void stage_find(struct stage *, const char *, size_t);
void stage_clear(struct stage *);

/*
 * stage_begin(stage, order, drive, result): from the beginning, make the
 * change; the process goes on.  Whatever the order has for the path is
 * replaced by the change's own.  stage_end(stage, drive, result): end it; the
 * result is complete.  stage_play(stage, order, result): both.
 * stage_forget(result) frees it.
 */
void stage_begin(const struct stage *, const struct trace_order *,
    struct drive *, struct result *);
void stage_end(const struct stage *, struct drive *, struct result *);
void stage_play(const struct stage *, const struct trace_order *,
    struct result *);
void stage_forget(struct result *);

/*
 * stage_load(stage, view): all that servers serve which start on this, as
 * text, which the caller frees: one with either configuration, where they
 * differ.  "refused" if one does not start.
 */
char *stage_load(const struct stage *, const struct view *);

/*
 * stage_judge(stage, view, told): NULL if servers that start on this serve
 * the old state, or the new one, or one between two steps, but with all the
 * steps that were told to be done; and if nothing that is to be kept is
 * missing.  Else what is wrong.
 */
const char *stage_judge(const struct stage *, const struct view *,
    uint64_t);

/*
 * stage_keeps(stage, view): whether what the change sets aside is there, by
 * any name; 1 if there is no such thing.
 */
int stage_keeps(const struct stage *, const struct view *);

#endif
