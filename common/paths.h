/* SPDX-License-Identifier: ISC */
/*
 * Where this build finds its own other programs.
 */
#ifndef PATHS_H
#define PATHS_H

/* The directory of all programs that the parent starts. */
extern const char *const path_libexec;

#endif
