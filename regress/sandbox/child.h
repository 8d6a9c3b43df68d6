/* SPDX-License-Identifier: ISC */
/*
 * What the sandbox tests share: a body that gives up power runs in a child,
 * which is then questioned by its exit status and its words on descriptor 2.
 */
#ifndef SANDBOX_CHILD_H
#define SANDBOX_CHILD_H

struct outcome {
	int status;		/* as from waitpid(2) */
	char text[4096];	/* what it wrote to descriptor 2 */
};

/*
 * child_run(outcome, body, arg): fork, have the child call ${body} and end
 * with status 0 when that returns.
 */
void child_run(struct outcome *, void (*)(const void *), const void *);

/* child_fails: end with status 99, saying where and why. */
void child_fails(const char *, int, const char *)
    __attribute__((noreturn));

/* In the child: go on only if this holds. */
#define MUST(condition) do {						\
	if (!(condition))						\
		child_fails(__FILE__, __LINE__, #condition);		\
} while (0)

/* In the test: the body came to its end, or died of fatal() with this text. */
#define PASSES(body, arg) do {						\
	struct outcome o;						\
									\
	child_run(&o, body, arg);					\
	ATF_CHECK_MSG(o.status == 0, "status %#x: %s", (unsigned)o.status, \
	    o.text);							\
} while (0)
#define DIES(body, arg, message) do {					\
	struct outcome o;						\
									\
	child_run(&o, body, arg);					\
	ATF_CHECK_MSG(WIFEXITED(o.status) && WEXITSTATUS(o.status) == 1, \
	    "status %#x: %s", (unsigned)o.status, o.text);		\
	ATF_CHECK_MSG(strstr(o.text, message) != NULL,			\
	    "no \"%s\" in: %s", message, o.text);			\
} while (0)

#endif
