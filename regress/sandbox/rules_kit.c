/* SPDX-License-Identifier: ISC */
/*
 * What the tests of rule tables share.
 */
#include "rules_kit.h"

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atf-c.h>

#include "child.h"

#define TABLE_NAME(upper, lower, refuses) [RULES_##upper] = #lower,
const char *const table_names[TABLES] = {
	SANDBOX_TABLES(TABLE_NAME)
};

#define TABLE_RULES(upper, lower, refuses) [RULES_##upper] = rules_##lower,
const struct sandbox_rule *const tables[TABLES] = {
	SANDBOX_TABLES(TABLE_RULES)
};

struct sandbox_filter *filters[TABLES];

/* Not lazily: a child under a filter could not make them. */
void
compile_filters(void)
{
	int i;

	for (i = 0; i < TABLES; i++)
		filters[i] = sandbox_compile((enum sandbox_rules)i);
}

int
merely_refuses(enum sandbox_rules rules)
{
	return rules == RULES_CHECKERD || rules == RULES_CLIENT_DECRYPT;
}

void
enter(enum sandbox_rules rules)
{
	const struct rlimit none = { 0, 0 };

	MUST(setrlimit(RLIMIT_CORE, &none) == 0);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (rules == RULES_SESSION)
		sandbox_enter_compiled(filters[RULES_NETD]);
	if (rules == RULES_CLIENT_DECRYPT)
		sandbox_enter_compiled(filters[RULES_CHECKERD]);
	sandbox_enter_compiled(filters[rules]);
}

int
is_refused(int status)
{
#ifdef SANDBOX_DEBUG
	return WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGSYS;
#else
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
#endif
}

int sibling;
int listener = -1;
int wire[2];
char *page;

void
make_wire(void)
{
	ATF_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0);
}

void
set_up(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "listener" };

	compile_filters();
	ATF_REQUIRE((sibling = fork()) != -1);
	if (sibling == 0)
		for (;;)
			pause();
	make_wire();
	ATF_REQUIRE((listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK,
	    0)) != -1);
	ATF_REQUIRE(bind(listener, (struct sockaddr *)&sun, sizeof sun) == 0);
	ATF_REQUIRE(listen(listener, 8) == 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);
	ATF_REQUIRE(page != MAP_FAILED);
	ATF_REQUIRE_EQ(0, system("echo text >file"));
}

void
clean_up(void)
{
	kill(sibling, SIGKILL);
	waitpid(sibling, NULL, 0);
}
