/* SPDX-License-Identifier: ISC */
/*
 * What a disk may hold after a power cut, by the letter of POSIX and a bad
 * disk's habits: of data that no fsync(2) has covered any sector may be there
 * or not, in any order, and what is there instead may be zeros or what the
 * disk held before; the size may be any; a name that no fsync of the
 * directory has covered may be there or not, whatever other names are, and
 * may be there without its data; what a failed fsync left may never get there.
 */
#ifndef DISK_H
#define DISK_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "trace.h"
#include "view.h"

/* What others may have been told before the power went. */
struct disk_told {
	uint64_t saved;		/* all up to this number is on disk */
	unsigned int merged;	/* so many times: the configuration is */
	int ended;		/* all is that was to be */
};

/*
 * disk_enumerate(before, trace, chance, visit, arg): call ${visit} with every
 * view that the disk may hold when power is cut after any event on the
 * trace's path, and with what had been told by then.  Each is visited once;
 * ${chance} is how many random mixtures are made of each file that is not on
 * disk, the same ones in each run.  Returns the number of views.
 */
typedef void disk_visitor(void *, const struct view *,
    const struct disk_told *);
size_t disk_enumerate(const struct view *, const struct trace *,
    unsigned int, disk_visitor *, void *);

#endif
