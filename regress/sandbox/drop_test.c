/* SPDX-License-Identifier: ISC */
/*
 * sandbox_drop: each thing given up is gone, what is to stay has stayed, and
 * whatever goes wrong on the way is the end of the process.
 */
#include <sys/types.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atf-c.h>
#include <cap-ng.h>
#include <seccomp.h>

#include "child.h"
#include "log.h"
#include "sandbox.h"

#define USER "nobody"

static const int no_caps[] = { -1 };
static const int read_caps[] = { CAP_DAC_READ_SEARCH, -1 };
static const int raw_caps[] = { CAP_NET_RAW, -1 };
static const int many_caps[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER,
	CAP_MKNOD, CAP_SYS_ADMIN, CAP_WAKE_ALARM, -1 };

static const struct sandbox_id plain = { .user = NULL };
static const struct sandbox_id plain_empty = { .user = NULL, .empty_root = 1 };
static const struct sandbox_id user = { .user = USER };
static const struct sandbox_id user_empty = { .user = USER, .empty_root = 1 };
static const struct sandbox_id plain_here = { .user = NULL, .root_here = 1 };
static const struct sandbox_id user_here = { .user = USER, .root_here = 1 };
static const struct sandbox_id user_raw = { .user = USER,
	.keep_caps = raw_caps, .ambient = 1 };

#define CASE(name, text)						\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", text);				\
	atf_tc_set_md_var(tc, "require.user", "root");			\
}									\
ATF_TC_BODY(name, tc)

static uint64_t
bit(int cap)
{
	return UINT64_C(1) << cap;
}

static uint64_t
bits(const int *caps)
{
	uint64_t set = 0;

	for (; *caps != -1; caps++)
		set |= bit(*caps);
	return set;
}

/* The sets must be exactly these; asked of the kernel alone. */
static void
must_have(uint64_t have, uint64_t ambient, uint64_t bounding)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];
	int cap, state;

	MUST(syscall(SYS_capget, &head, data) == 0);
	MUST((data[1].effective * UINT64_C(0x100000000) |
	    data[0].effective) == have);
	MUST((data[1].permitted * UINT64_C(0x100000000) |
	    data[0].permitted) == have);
	MUST((data[1].inheritable * UINT64_C(0x100000000) |
	    data[0].inheritable) == ambient);
	for (cap = 0; (state = prctl(PR_CAPBSET_READ, cap)) != -1; cap++) {
		MUST(state == !!(bounding & bit(cap)));
		MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) ==
		    !!(ambient & bit(cap)));
	}
	MUST(cap > CAP_CHECKPOINT_RESTORE);
}

static void
must_be(uid_t uid, gid_t gid)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	MUST(getresuid(&ruid, &euid, &suid) == 0);
	MUST(getresgid(&rgid, &egid, &sgid) == 0);
	MUST(ruid == uid && euid == uid && suid == uid);
	MUST(rgid == gid && egid == gid && sgid == gid);
	MUST(getgroups(0, NULL) == 0);
}

/* A child that has other groups and inheritable capabilities to lose. */
static void
be_rich(void)
{
	static const gid_t groups[] = { 0, 4, 27 };

	MUST(setgroups(3, groups) == 0);
	MUST(capng_get_caps_process() == 0);
	MUST(capng_update(CAPNG_ADD, CAPNG_INHERITABLE, CAP_NET_RAW) == 0);
	MUST(capng_apply(CAPNG_SELECT_CAPS) == 0);
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) ==
	    0);
}

/* Ids. */

static void
ids_user(const void *arg)
{
	const struct passwd *pw = getpwnam(USER);
	uid_t uid;
	gid_t gid;

	(void)arg;
	MUST(pw != NULL);
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	be_rich();
	sandbox_drop(&user);
	must_be(uid, gid);
	MUST(setuid(0) == -1 && seteuid(0) == -1);
	MUST(setreuid((uid_t)-1, 0) == -1 && setresuid(0, 0, 0) == -1);
	MUST(setgid(0) == -1 && setegid(0) == -1);
	MUST(setgroups(0, NULL) == -1);
	must_be(uid, gid);
}

CASE(ids__are_those_of_the_user, "no id of root is left, nor comes back")
{
	(void)tc;
	PASSES(ids_user, NULL);
}

static void
ids_root(const void *arg)
{
	(void)arg;
	be_rich();
	MUST(setresgid(12, 12, 12) == 0);
	sandbox_drop(&plain);
	must_be(0, 0);
	MUST(setuid(1) == -1 && setgid(1) == -1);
	MUST(setgroups(0, NULL) == -1);
}

CASE(ids__stay_root_without_user, "uid 0 can become nobody else")
{
	(void)tc;
	PASSES(ids_root, NULL);
}

/* Capabilities. */

static void
caps_none(const void *arg)
{
	be_rich();
	sandbox_drop(arg);
	must_have(0, 0, 0);
	MUST(kill(getppid(), 0) == (getuid() == 0 ? 0 : -1));
	MUST(open("/etc/shadow", O_RDONLY) == -1 || getuid() == 0);
}

CASE(caps__none_left, "all five sets are empty")
{
	const struct sandbox_id empty_list = { .keep_caps = no_caps };

	(void)tc;
	PASSES(caps_none, &plain);
	PASSES(caps_none, &empty_list);
	PASSES(caps_none, &user);
	PASSES(caps_none, &user_empty);
}

static void
caps_kept(const void *arg)
{
	const struct sandbox_id *id = arg;

	be_rich();
	sandbox_drop(id);
	must_have(bits(id->keep_caps), id->ambient ? bits(id->keep_caps) : 0,
	    id->for_children || id->ambient ? bits(id->keep_caps) : 0);
}

CASE(caps__kept_ones_only, "what is to stay is there, and nothing else")
{
	struct sandbox_id id = { .keep_caps = read_caps };

	(void)tc;
	PASSES(caps_kept, &id);
	id.user = USER;
	PASSES(caps_kept, &id);
	id.keep_caps = many_caps;
	PASSES(caps_kept, &id);
	id.empty_root = 1;
	PASSES(caps_kept, &id);
	id.user = NULL;
	PASSES(caps_kept, &id);
	id.for_children = 1;
	PASSES(caps_kept, &id);
	id.ambient = 1;
	PASSES(caps_kept, &id);
	PASSES(caps_kept, &user_raw);
}

static void
caps_work(const void *arg)
{
	const struct sandbox_id id = { .user = USER, .keep_caps = read_caps };
	int fd;

	(void)arg;
	sandbox_drop(&id);
	MUST((fd = open("/etc/shadow", O_RDONLY)) != -1);
	close(fd);
	MUST(open("/etc/shadow", O_WRONLY) == -1 && errno == EACCES);
}

CASE(caps__kept_ones_work, "to read everything is not to write anything")
{
	(void)tc;
	PASSES(caps_work, NULL);
}

/* Drop, and have a new program say what capabilities it finds it has. */
static void
caps_exec(const void *arg)
{
	sandbox_drop(arg);
	MUST(dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c",
	    "while read -r name set; do case $name in Cap*) echo \"$set\";; "
	    "esac; done </proc/self/status", (char *)NULL);
	MUST(!"exec");
}

CASE(caps__not_regained_by_exec, "a program that root starts gets none")
{
	const struct sandbox_id kept = { .keep_caps = many_caps };
	const struct sandbox_id children = { .keep_caps = read_caps,
		.for_children = 1 };
	const char *none = "0000000000000000\n0000000000000000\n"
	    "0000000000000000\n0000000000000000\n0000000000000000\n";
	struct outcome o;

	(void)tc;
	child_run(&o, caps_exec, &plain);
	ATF_CHECK_EQ(0, o.status);
	ATF_CHECK_STREQ(none, o.text);
	child_run(&o, caps_exec, &kept);
	ATF_CHECK_EQ(0, o.status);
	ATF_CHECK_STREQ(none, o.text);

	/* Inheritable, permitted, effective, bounding, ambient. */
	child_run(&o, caps_exec, &children);
	ATF_CHECK_EQ(0, o.status);
	ATF_CHECK_STREQ("0000000000000000\n0000000000000004\n"
	    "0000000000000004\n0000000000000004\n0000000000000000\n", o.text);
}

CASE(caps__ambient, "a program that the user starts has what is kept")
{
	const struct sandbox_id none = { .user = USER, .keep_caps = no_caps,
		.ambient = 1 };
	struct outcome o;

	(void)tc;
	child_run(&o, caps_exec, &user_raw);
	ATF_CHECK_EQ(0, o.status);
	ATF_CHECK_STREQ("0000000000002000\n0000000000002000\n"
	    "0000000000002000\n0000000000002000\n0000000000002000\n", o.text);
	child_run(&o, caps_exec, &none);
	ATF_CHECK_EQ(0, o.status);
	ATF_CHECK_STREQ("0000000000000000\n0000000000000000\n"
	    "0000000000000000\n0000000000000000\n0000000000000000\n", o.text);
}

/* The root directory. */

static void
root_empty(const void *arg)
{
	static const char *const paths[] = { "/etc/passwd", "etc/passwd",
		"../etc/passwd", "/../../proc/self/status", "/proc", "/dev",
		"/run", "/tmp" };
	size_t i;

	sandbox_drop(arg);
	for (i = 0; i < sizeof paths / sizeof *paths; i++)
		MUST(access(paths[i], F_OK) == -1 &&
		    (errno == ENOENT || errno == EACCES));
	MUST(opendir("/") == NULL || readdir(opendir("/")) == NULL);
}

CASE(root__is_empty, "there is nothing below it and no way above it")
{
	(void)tc;
	PASSES(root_empty, &plain_empty);
	PASSES(root_empty, &user_empty);
}

/* Try to give something a name. */
static void
must_stay_empty(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "/socket" };
	int fd;

	MUST(open("/file", O_WRONLY | O_CREAT, 0600) == -1);
	MUST(open("file", O_WRONLY | O_CREAT | O_EXCL, 0600) == -1);
	MUST(mkdir("/dir", 0700) == -1);
	MUST(symlink("target", "/link") == -1);
	MUST(mknod("/fifo", S_IFIFO | 0600, 0) == -1);
	MUST((fd = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	MUST(bind(fd, (struct sockaddr *)&sun, sizeof sun) == -1);
	close(fd);
	MUST((fd = memfd_create("file", 0)) != -1);
	MUST(linkat(fd, "", AT_FDCWD, "/file", AT_EMPTY_PATH) == -1);
	close(fd);
	MUST(rename("/", "/other") == -1);
}

static void
root_filled(const void *arg)
{
	const struct sandbox_id mighty = { .empty_root = 1,
		.keep_caps = many_caps };

	if (arg != NULL) {
		MUST(unshare(CLONE_NEWNS) == 0);
		MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		MUST(mount("none", "/run", "tmpfs", 0, NULL) == 0);
	}
	sandbox_drop(&mighty);
	must_stay_empty();
	MUST(mount("none", "/", "tmpfs", 0, NULL) == -1);
	MUST(mount("/", "/", NULL, MS_BIND, NULL) == -1);
	/* The directory can be given any mode: it stays dead. */
	MUST(chmod("/", 0777) == 0);
	must_stay_empty();
}

CASE(root__cannot_be_filled, "not even by root with capabilities")
{
	(void)tc;
	PASSES(root_filled, NULL);
	PASSES(root_filled, "on a tmpfs");
}

static void
root_shut(const void *arg)
{
	sandbox_drop(arg);
	MUST(open("/", O_RDONLY) == -1 && errno == EACCES);
	MUST(open("/", O_RDWR | O_TMPFILE, 0600) == -1 && errno == EACCES);
	MUST(getuid() == 0 || chmod("/", 0777) == -1);
	must_stay_empty();
}

CASE(root__is_shut, "who has no capability cannot even look")
{
	(void)tc;
	PASSES(root_shut, &user_empty);
	PASSES(root_shut, &plain_empty);
}

/* In a /run of its own; the directory was opened before. */
static void
root_traceless(const void *arg)
{
	const struct dirent *ent;
	DIR *run;

	MUST(unshare(CLONE_NEWNS) == 0);
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(mount("none", "/run", "tmpfs", 0, NULL) == 0);
	MUST((run = opendir("/run")) != NULL);
	sandbox_drop(arg);
	while ((ent = readdir(run)) != NULL)
		MUST(ent->d_name[0] == '.');
	closedir(run);
}

CASE(root__leaves_no_trace, "the directory is gone when it is in use")
{
	(void)tc;
	PASSES(root_traceless, &plain_empty);
	PASSES(root_traceless, &user_empty);
}

/* Have the directories named in ${arg} read-only, then drop. */
static void
root_read_only(const void *arg)
{
	const char *const *dir;

	MUST(unshare(CLONE_NEWNS) == 0);
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	for (dir = arg; *dir != NULL; dir++)
		MUST(mount("none", *dir, "tmpfs", MS_RDONLY, NULL) == 0);
	sandbox_drop(&user_empty);
	MUST(access("/etc/passwd", F_OK) == -1);
}

CASE(root__in_tmp_if_run_is_read_only, "one writable directory is enough")
{
	static const char *const run[] = { "/run", NULL };
	static const char *const both[] = { "/run", "/tmp", NULL };

	(void)tc;
	PASSES(root_read_only, run);
	DIES(root_read_only, both, "no empty root in /run or /tmp");
}

/* In a directory with one file, next to one that is out of reach. */
static void
root_here(const void *arg)
{
	char text[8] = "";
	int fd;

	MUST(mkdir("here", 0755) == 0 && chdir("here") == 0);
	MUST((fd = open("file", O_WRONLY | O_CREAT, 0644)) != -1);
	MUST(write(fd, "text", 4) == 4 && close(fd) == 0);
	sandbox_drop(arg);
	MUST((fd = open("/file", O_RDONLY)) != -1);
	MUST(read(fd, text, sizeof text) == 4 && close(fd) == 0);
	MUST(strcmp(text, "text") == 0);
	MUST(access("file", F_OK) == 0);
	MUST(access("/etc/passwd", F_OK) == -1 && errno == ENOENT);
	MUST(access("../outside", F_OK) == -1 && errno == ENOENT);
	MUST(access("/../../proc/self", F_OK) == -1 && errno == ENOENT);
	MUST(chroot("/") == -1);
	must_have(0, 0, 0);
}

CASE(root__is_the_current_directory, "what is there stays, and that is all")
{
	const struct sandbox_id *const ids[] = { &plain_here, &user_here };
	size_t i;

	(void)tc;
	ATF_REQUIRE_EQ(0, system("echo no >outside && chmod 755 ."));
	for (i = 0; i < sizeof ids / sizeof *ids; i++) {
		PASSES(root_here, ids[i]);
		ATF_REQUIRE_EQ(0, system("rm -r here"));
	}
}

static void
root_removed(const void *arg)
{
	MUST(mkdir("gone", 0755) == 0 && chdir("gone") == 0);
	MUST(rmdir("../gone") == 0);
	sandbox_drop(arg);
	must_stay_empty();
}

CASE(root__is_where_nothing_is, "a directory that was removed is empty")
{
	(void)tc;
	PASSES(root_removed, &plain_here);
}

/* What outsiders may see of the process. */

static void
core_none(const void *arg)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &limit);
	sandbox_drop(arg);
	MUST(getrlimit(RLIMIT_CORE, &limit) == 0);
	MUST(limit.rlim_cur == 0 && limit.rlim_max == 0);
	limit.rlim_max = limit.rlim_cur = 1;
	MUST(setrlimit(RLIMIT_CORE, &limit) == -1);
	MUST(prctl(PR_GET_DUMPABLE) == 0);
	signal(SIGABRT, SIG_DFL);
	abort();
}

CASE(core__is_never_dumped, "a crash leaves no core file")
{
	const struct sandbox_id *const ids[] = { &plain, &user };
	struct outcome o;
	size_t i;

	(void)tc;
	for (i = 0; i < 2; i++) {
		child_run(&o, core_none, ids[i]);
		ATF_CHECK_MSG(WIFSIGNALED(o.status) &&
		    WTERMSIG(o.status) == SIGABRT && !WCOREDUMP(o.status),
		    "status %#x: %s", (unsigned)o.status, o.text);
	}
}

/* A locked-down process, and a neighbour of the same user who is after it. */
static void
memory_guarded(const void *arg)
{
	const struct sandbox_id *id = arg;
	const struct passwd *pw = getpwnam(USER);
	char path[64];
	pid_t victim;
	int fds[2];
	char c;

	MUST(pw != NULL && pipe(fds) == 0 && (victim = fork()) != -1);
	if (victim == 0) {
		sandbox_drop(id);
		MUST(write(fds[1], "", 1) == 1);
		for (;;)
			pause();
	}
	MUST(read(fds[0], &c, 1) == 1);
	capng_clear(CAPNG_SELECT_BOTH);
	if (id->user != NULL)
		MUST(setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == 0 &&
		    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == 0);
	else
		MUST(capng_apply(CAPNG_SELECT_CAPS) == 0);
	snprintf(path, sizeof path, "/proc/%d/mem", (int)victim);
	MUST(open(path, O_RDONLY) == -1 && errno == EACCES);
	snprintf(path, sizeof path, "/proc/%d/environ", (int)victim);
	MUST(open(path, O_RDONLY) == -1 && errno == EACCES);
	snprintf(path, sizeof path, "/proc/%d/fd/0", (int)victim);
	MUST(open(path, O_RDONLY) == -1 && errno == EACCES);
	MUST(ptrace(PTRACE_ATTACH, victim, NULL, NULL) == -1);
	MUST(kill(victim, SIGKILL) == 0);
}

CASE(memory__is_nobodys_to_read, "a process of the same user sees nothing")
{
	const struct sandbox_id reader = { .keep_caps = read_caps };

	(void)tc;
	PASSES(memory_guarded, &user);
	PASSES(memory_guarded, &plain);
	PASSES(memory_guarded, &reader);
}

/* A set-user-id program, open as ${arg}, prints the user it runs as. */
static void
privs_exec(const void *arg)
{
	static char name[] = "id", option[] = "-u";
	static char *const argv[] = { name, option, NULL }, *envp[] = { NULL };
	const int *fd = arg;

	if (fd[1])
		sandbox_drop(&user);
	else
		MUST(setresuid(65534, 65534, 65534) == 0);
	MUST(!fd[1] || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO);
	fexecve(fd[0], argv, envp);
	MUST(!"exec");
}

CASE(privs__are_not_gained_by_exec, "a set-user-id program runs as the user")
{
	const struct passwd *pw = getpwnam(USER);
	struct outcome o;
	char expected[16];
	int args[2];

	(void)tc;
	ATF_REQUIRE(pw != NULL);
	ATF_REQUIRE_EQ(0, system("cp /usr/bin/id id && chmod 4755 id"));
	ATF_REQUIRE((args[0] = open("id", O_RDONLY | O_CLOEXEC)) != -1);
	args[1] = 0;
	child_run(&o, privs_exec, args);
	ATF_REQUIRE_MSG(o.status == 0, "%s", o.text);
	if (strcmp(o.text, "0\n") != 0)
		atf_tc_skip("set-user-id programs do not work here");
	args[1] = 1;
	child_run(&o, privs_exec, args);
	ATF_CHECK_EQ(0, o.status);
	snprintf(expected, sizeof expected, "%u\n", (unsigned)pw->pw_uid);
	ATF_CHECK_STREQ(expected, o.text);
}

static void
drop_quiet(const void *arg)
{
	sandbox_drop(arg);
}

CASE(drop__is_silent, "success is not worth a line")
{
	struct outcome o;

	(void)tc;
	child_run(&o, drop_quiet, &user_empty);
	ATF_CHECK_EQ(0, o.status);
	ATF_CHECK_STREQ("", o.text);
}

/* Failing closed. */

CASE(user__unknown, "a user who is not there is the end")
{
	const struct sandbox_id id = { .user = "no-such-user" };

	(void)tc;
	DIES(drop_quiet, &id, "user no-such-user does not exist");
}

CASE(user__is_root, "root by name is no user to become")
{
	const struct sandbox_id id = { .user = "root" };

	(void)tc;
	DIES(drop_quiet, &id, "user root has the user or group id of root");
}

CASE(caps__unknown, "to keep what there is not is the end")
{
	static const int strange[] = { 63, -1 };
	const struct sandbox_id id = { .keep_caps = strange };

	(void)tc;
	DIES(drop_quiet, &id, "capabilities cannot be dropped");
}

/* Without the capability ${arg}, to drop the rest must fail. */
static void
drop_without(const void *arg)
{
	const int *cap = arg;

	MUST(capng_get_caps_process() == 0);
	MUST(capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
	    (unsigned)*cap) == 0);
	MUST(capng_apply(CAPNG_SELECT_CAPS) == 0);
	sandbox_drop(&user_empty);
}

static void
here_without_chroot(const void *arg)
{
	(void)arg;
	MUST(capng_get_caps_process() == 0);
	MUST(capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
	    CAP_SYS_CHROOT) == 0);
	MUST(capng_apply(CAPNG_SELECT_CAPS) == 0);
	sandbox_drop(&plain_here);
}

CASE(drop__without_the_power_to, "each step that fails is the end")
{
	static const struct {
		int cap;
		const char *message;
	} rows[] = {
		{ CAP_SETPCAP, "capability 0 can come back" },
		{ CAP_SYS_CHROOT, "empty root /run/mandos." },
		{ CAP_SETGID, "user and group ids cannot be dropped" },
		{ CAP_SETUID, "user and group ids cannot be dropped" },
	};
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		DIES(drop_without, &rows[i].cap, rows[i].message);
	DIES(here_without_chroot, NULL,
	    "the current directory cannot be the root");
}

static void
drop_as_user(const void *arg)
{
	if (geteuid() == 0)
		MUST(setresuid(65534, 65534, 65534) == 0);
	sandbox_drop(arg);
}

ATF_TC(drop__not_root);
ATF_TC_HEAD(drop__not_root, tc)
{
	atf_tc_set_md_var(tc, "descr", "who has no power is told so");
}
ATF_TC_BODY(drop__not_root, tc)
{
	(void)tc;
	DIES(drop_as_user, &plain, "only root can drop privileges");
	DIES(drop_as_user, &plain_empty, "only root can drop privileges");
	DIES(drop_as_user, &plain_here, "only root can drop privileges");
	DIES(drop_as_user, &user_raw, "only root can drop privileges");
}

/*
 * The proof: a kernel that lies.  A filter makes a call do nothing and say
 * that it succeeded; the drop must notice.
 */
struct lie {
	int call;
	unsigned int arg;	/* only if this argument */
	uint64_t value;		/* has this value, unless it is 0 */
	struct sandbox_id id;
	const char *message;
};

static void
drop_deceived(const void *arg)
{
	const struct lie *lie = arg;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	MUST(ctx != NULL);
	MUST(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0) == 0);
	MUST(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(0), lie->call,
	    lie->value != 0,
	    SCMP_CMP64(lie->arg, SCMP_CMP_EQ, lie->value, 0)) == 0);
	be_rich();
	MUST(seccomp_load(ctx) == 0);
	seccomp_release(ctx);
	sandbox_drop(&lie->id);
}

CASE(proof__sees_through_success, "what did not happen is noticed")
{
	const struct lie lies[] = {
		{ SCMP_SYS(setresuid), 0, 0, { .user = USER },
		    "privileges came back" },
		{ SCMP_SYS(setresgid), 0, 0, { .user = USER },
		    "privileges came back" },
		{ SCMP_SYS(setgroups), 0, 0, { .user = USER },
		    "privileges came back" },
		{ SCMP_SYS(setgroups), 0, 0, { .user = NULL },
		    "user or group ids are left" },
		{ SCMP_SYS(capset), 0, 0, { .user = NULL },
		    "capabilities are left" },
		{ SCMP_SYS(prctl), 0, PR_CAPBSET_DROP, { .user = USER },
		    "capability 0 can come back" },
		{ SCMP_SYS(prctl), 0, PR_CAPBSET_DROP, { .user = USER,
		    .keep_caps = raw_caps, .ambient = 1 },
		    "capability 0 can come back" },
		{ SCMP_SYS(prctl), 0, PR_CAP_AMBIENT, { .user = USER,
		    .keep_caps = raw_caps, .ambient = 1 },
		    "capability 13 can come back" },
		{ SCMP_SYS(capset), 0, 0, { .user = USER,
		    .keep_caps = raw_caps, .ambient = 1 },
		    "capabilities are left" },
		{ SCMP_SYS(chroot), 0, 0, { .root_here = 1 },
		    "the current directory did not become the root" },
	};
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof lies / sizeof *lies; i++)
		DIES(drop_deceived, &lies[i], lies[i].message);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, ids__are_those_of_the_user);
	ATF_TP_ADD_TC(tp, ids__stay_root_without_user);
	ATF_TP_ADD_TC(tp, caps__none_left);
	ATF_TP_ADD_TC(tp, caps__kept_ones_only);
	ATF_TP_ADD_TC(tp, caps__kept_ones_work);
	ATF_TP_ADD_TC(tp, caps__not_regained_by_exec);
	ATF_TP_ADD_TC(tp, caps__ambient);
	ATF_TP_ADD_TC(tp, caps__unknown);
	ATF_TP_ADD_TC(tp, root__is_empty);
	ATF_TP_ADD_TC(tp, root__cannot_be_filled);
	ATF_TP_ADD_TC(tp, root__is_shut);
	ATF_TP_ADD_TC(tp, root__leaves_no_trace);
	ATF_TP_ADD_TC(tp, root__is_the_current_directory);
	ATF_TP_ADD_TC(tp, root__is_where_nothing_is);
	ATF_TP_ADD_TC(tp, root__in_tmp_if_run_is_read_only);
	ATF_TP_ADD_TC(tp, core__is_never_dumped);
	ATF_TP_ADD_TC(tp, memory__is_nobodys_to_read);
	ATF_TP_ADD_TC(tp, privs__are_not_gained_by_exec);
	ATF_TP_ADD_TC(tp, drop__is_silent);
	ATF_TP_ADD_TC(tp, drop__without_the_power_to);
	ATF_TP_ADD_TC(tp, drop__not_root);
	ATF_TP_ADD_TC(tp, user__unknown);
	ATF_TP_ADD_TC(tp, user__is_root);
	ATF_TP_ADD_TC(tp, proof__sees_through_success);
	return atf_no_error();
}
