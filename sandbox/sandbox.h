/* SPDX-License-Identifier: ISC */
/*
 * Giving up power.  Everything here is fatal when it fails: a process that
 * could not be locked down does not run.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

/*
 * The rule tables, one per kind of process: their names, in rules_*.c, and
 * whether their rows say what is refused rather than what is allowed.
 */
#define SANDBOX_TABLES(TABLE) \
	TABLE(MONITOR, monitor, 0) \
	TABLE(CONF, conf, 0) \
	TABLE(WARDEN, warden, 0) \
	TABLE(STATE, state, 0) \
	TABLE(NETD, netd, 0) \
	TABLE(SESSION, session, 0) \
	TABLE(CHECKERD, checkerd, 1) \
	TABLE(BUSD, busd, 0) \
	TABLE(IMPORT, import, 0) \
	TABLE(AGENT, agent, 0) \
	TABLE(CLIENT_NET, client_net, 0) \
	TABLE(CLIENT_DECRYPT, client_decrypt, 1)

#define SANDBOX_NAME(upper, lower, refuses) RULES_##upper,
enum sandbox_rules { SANDBOX_TABLES(SANDBOX_NAME) };

struct sandbox_id {
	const char *user;	/* NULL: keep uid and gid */
	int empty_root;		/* chroot to an empty directory */
	int root_here;		/* or to the current directory */
	const int *keep_caps;	/* CAP_* ending with -1, or NULL for none */
	int for_children;	/* what it execs as root gets them, too */
	int ambient;		/* whatever it execs gets exactly them */
};

/*
 * sandbox_drop(id): in this order, all of it or death: empty the capability
 * bounding set, chroot to a directory that nobody can fill, or to the current
 * one and see that it is, drop groups, gid and uid, try to get them back (and
 * die if that works), check that no capability is left but keep_caps, no core
 * dumps, not dumpable, no_new_privs.  A parent-death signal is forgotten.
 * Logs nothing on success.
 */
void sandbox_drop(const struct sandbox_id *);

/*
 * sandbox_enter(rules): load the seccomp filter made from this rule table.
 * What is not in the table kills the process; RULES_CHECKERD and
 * RULES_CLIENT_DECRYPT say what is refused.  Sets no_new_privs.
 */
void sandbox_enter(enum sandbox_rules);

/*
 * For a process that forks many children with one filter: sandbox_compile
 * makes the filter, while the process has none itself, sandbox_enter_compiled
 * loads it with one system call.
 */
struct sandbox_filter;
struct sandbox_filter *sandbox_compile(enum sandbox_rules);
void sandbox_enter_compiled(const struct sandbox_filter *);

/* Write the filter in libseccomp's readable form, for the tests. */
void sandbox_export(enum sandbox_rules, int);

#endif
