/* SPDX-License-Identifier: ISC */
/*
 * What the tests of rule tables share: the tables by number, entering them as
 * the processes do, and things to attack and to use.
 */
#ifndef SANDBOX_RULES_KIT_H
#define SANDBOX_RULES_KIT_H

#include "rules.h"
#include "sandbox.h"

#define TABLE(upper, lower, refuses) + 1
#define TABLES (0 SANDBOX_TABLES(TABLE))

extern const char *const table_names[TABLES];
extern const struct sandbox_rule *const tables[TABLES];
extern struct sandbox_filter *filters[TABLES];

/* compile_filters(): make the filters; set_up() does so, too. */
void compile_filters(void);

/* merely_refuses(rules): the table says what is refused, and kills nobody. */
int merely_refuses(enum sandbox_rules);

/*
 * enter(rules): in a child, after set_up: load the filter, as the processes do
 * it, a session on top of netd.
 */
void enter(enum sandbox_rules);

/* is_refused(status): this wait status is that of a process that was killed. */
int is_refused(int);

/*
 * What is attacked and used.  set_up() makes it and compiles the filters, once
 * in a test; make_wire() makes another pair; clean_up() ends the sibling.
 */
extern int sibling;		/* a process to be attacked */
extern int listener;		/* a socket that listens */
extern int wire[2];		/* a connected pair */
extern char *page;		/* memory that can be written to */
void set_up(void);
void make_wire(void);
void clean_up(void);

#endif
