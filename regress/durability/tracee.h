/* SPDX-License-Identifier: ISC */
/*
 * A process that has been stopped by ptrace(2), as its tracer sees it.
 */
#ifndef TRACEE_H
#define TRACEE_H

#include <sys/types.h>
#include <sys/stat.h>

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* A tracer has one. */
extern struct tracee {
	pid_t pid;
	char dir[PATH_MAX];	/* the one looked at, without links */
} tracee;

/*
 * tracee_peek(address, buf, len): its memory; what cannot be read is zeros.
 * tracee_message(header, buf, size): the start of the message that recvmsg(2)
 * or sendmsg(2) has this header of; returns how many bytes.
 */
void tracee_peek(uint64_t, void *, size_t);
size_t tracee_message(uint64_t, uint8_t *, size_t);

/*
 * tracee_node(fd, st): the file behind a descriptor, if it is the directory
 * or a file in it.  tracee_name(dirfd, address, name, size): the name in the
 * directory that the path at this address means; "" is the directory itself.
 * Both return 0, or -1 if it is elsewhere.
 * tracee_position(fd): where the next write goes.
 */
int tracee_node(int, struct stat *);
int tracee_name(int, uint64_t, char *, size_t);
uint64_t tracee_position(int);

/*
 * At the entry of a call: make it another one, and its third argument this;
 * at the exit: change its result, and the register of that argument.
 * tracee_can_change(): this is known how to do on this machine.
 */
void tracee_change_call(uint64_t, uint64_t);
void tracee_change_return(int64_t, uint64_t);
int tracee_can_change(void);

#endif
