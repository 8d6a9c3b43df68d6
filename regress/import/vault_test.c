/* SPDX-License-Identifier: ISC */
/*
 * Secrets in the vault are there for the process that has put them in, and
 * for no process it forks.
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <atf-c.h>

#include "import.h"

ATF_TC_WITHOUT_HEAD(keep__for_this_process);
ATF_TC_BODY(keep__for_this_process, tc)
{
	struct str secret = { NULL, 0 }, none = { NULL, 0 };

	(void)tc;
	str_set(&secret, "very secret", 11);
	vault_keep(&secret);
	ATF_CHECK_EQ(11, secret.len);
	ATF_CHECK(memcmp(secret.p, "very secret", 11) == 0);
	str_set(&none, "", 0);
	vault_keep(&none);
	ATF_CHECK_EQ(0, none.len);
}

ATF_TC_WITHOUT_HEAD(keep__not_for_a_child);
ATF_TC_BODY(keep__not_for_a_child, tc)
{
	const struct rlimit no_core = { 0, 0 };
	struct str secret = { NULL, 0 };
	int status;
	pid_t pid;

	(void)tc;
	str_set(&secret, "very secret", 11);
	vault_keep(&secret);
	ATF_REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		/* A sanitizer would make a report of it. */
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL);
		_exit(*(volatile char *)secret.p);
	}
	ATF_REQUIRE(waitpid(pid, &status, 0) == pid);
	ATF_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, keep__for_this_process);
	ATF_TP_ADD_TC(tp, keep__not_for_a_child);
	return atf_no_error();
}
