/* SPDX-License-Identifier: ISC */
/*
 * checkerd, and with it every checker: a filter is inherited.  A checker may
 * be any program an administrator has written down, so nothing can be said of
 * what it needs; here is what none needs: ways to change the system, to reach
 * into other processes, or into corners of the kernel that have been the way
 * to root before.  Most of it takes a capability that no checker has: these
 * rows hold also if one should come by it.  The calls fail, and a program
 * that merely tries can go on.
 */
#include "rules.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <sched.h>

// clang-format off
const struct sandbox_rule rules_checkerd[] = {
	DENY("acct", "system: process accounting"),
	DENY("add_key", "kernel keys, which all processes of a user share"),
	DENY("bpf", "kernel: programs loaded into it"),
	DENY("chroot", "system: another root directory"),
	DENY("clock_settime", "system: the clock"),
	DENY_IF("clone", "namespace: cgroups", WITH(0, CLONE_NEWCGROUP)),
	DENY_IF("clone", "namespace: IPC", WITH(0, CLONE_NEWIPC)),
	DENY_IF("clone", "namespace: network", WITH(0, CLONE_NEWNET)),
	DENY_IF("clone", "namespace: mounts", WITH(0, CLONE_NEWNS)),
	DENY_IF("clone", "namespace: processes", WITH(0, CLONE_NEWPID)),
	DENY_IF("clone", "namespace: users, capabilities over it",
	    WITH(0, CLONE_NEWUSER)),
	DENY_IF("clone", "namespace: host name", WITH(0, CLONE_NEWUTS)),
	ABSENT("clone3", "its flags are out of sight; libc has clone"),
	DENY("delete_module", "kernel: modules"),
	DENY("fanotify_init", "watches what others do with files"),
	DENY("finit_module", "kernel: modules"),
	DENY("fsconfig", "mounts"),
	DENY("fsmount", "mounts"),
	DENY("fsopen", "mounts"),
	DENY("fspick", "mounts"),
	DENY("init_module", "kernel: modules"),
	DENY("io_uring_enter", "kernel: calls that pass by this filter"),
	DENY("io_uring_register", "kernel: calls that pass by this filter"),
	DENY("io_uring_setup", "kernel: calls that pass by this filter"),
	DENY_IF("ioctl", "other processes: typing for them on a terminal",
	    IS(1, TIOCSTI)),
	DENY("ioperm", "hardware"),
	DENY("iopl", "hardware"),
	DENY("kcmp", "other processes: where their objects lie"),
	DENY("kexec_file_load", "kernel: another one"),
	DENY("kexec_load", "kernel: another one"),
	DENY("keyctl", "kernel keys, which all processes of a user share"),
	DENY("migrate_pages", "other processes: their memory"),
	DENY("modify_ldt", "kernel: segments of 16 bits, a frequent hole"),
	DENY("mount", "mounts"),
	DENY("mount_setattr", "mounts"),
	DENY("move_mount", "mounts"),
	DENY("move_pages", "other processes: their memory"),
	DENY("open_by_handle_at", "files, past the modes of directories"),
	DENY("open_tree", "mounts"),
	DENY("perf_event_open", "kernel: measuring others, a frequent hole"),
	DENY_IF("personality", "no random addresses; all but to ask for it",
	    IS_NOT(0, 0xffffffff)),
	DENY("pidfd_getfd", "other processes: their descriptors"),
	DENY("pivot_root", "mounts"),
	DENY("process_madvise", "other processes: their memory"),
	DENY("process_vm_readv", "other processes: their memory"),
	DENY("process_vm_writev", "other processes: their memory"),
	DENY("ptrace", "other processes: checkerd, other checkers"),
	DENY("quotactl", "system: quotas"),
	DENY("quotactl_fd", "system: quotas"),
	DENY("reboot", "system: its end"),
	DENY("request_key", "kernel keys, which all processes of a user share"),
	DENY("setdomainname", "system: its name"),
	DENY("sethostname", "system: its name"),
	DENY("setns", "namespace: any, by descriptor"),
	DENY("settimeofday", "system: the clock"),
	DENY("swapoff", "system: memory"),
	DENY("swapon", "system: memory"),
	DENY("syslog", "system: addresses in the kernel's messages"),
	DENY("umount2", "mounts"),
	DENY("unshare", "namespace: any"),
	DENY("userfaultfd", "kernel: makes holes in it easy to use"),
	DENY("vhangup", "system: terminals"),
	END
};
