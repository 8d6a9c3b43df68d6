/* SPDX-License-Identifier: ISC */
/*
 * Where this build finds its own other programs.
 */
#ifndef PATHS_H
#define PATHS_H

/* The directory of mandos-spawn and of the workers. */
extern const char *const path_libexec;

#endif
