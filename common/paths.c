/* SPDX-License-Identifier: ISC */
/*
 * The compiled-in directory of our own programs; nothing at run time can
 * change it.  Built twice: for installation, and for the tests, whose copies
 * of the programs find each other in the build directory.  The parent and the
 * configuration reader link it.
 */
#include "paths.h"

const char *const path_libexec = PATH_LIBEXEC;
