/* SPDX-License-Identifier: ISC */
/*
 * The processes of mandos-import that read what a stranger may have written:
 * they compute, ask and answer on a socket they have, log, and end.
 */
#include "rules.h"

// clang-format off
const struct sandbox_rule rules_import[] = {
	END
};
