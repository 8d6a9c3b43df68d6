/* SPDX-License-Identifier: ISC */
/*
 * Clients for the tests of mandos-monitor's parts.
 */
#ifndef MONITOR_CLIENTS_H
#define MONITOR_CLIENTS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <atf-c.h>

#include "tui_model.h"

static inline void
set_text(struct record *r, enum record_property property, const char *text)
{
	r->values[property].is_known = 1;
	r->values[property].text = strdup(text);
	ATF_REQUIRE(r->values[property].text != NULL);
}

static inline void
set_flag(struct record *r, enum record_property property, int flag)
{
	r->values[property].is_known = 1;
	r->values[property].flag = flag;
}

static inline void
set_ms(struct record *r, enum record_property property, uint64_t ms)
{
	r->values[property].is_known = 1;
	r->values[property].ms = ms;
}

/* A client that is enabled, and whose checker has said so. */
static inline struct record
enabled(const char *name)
{
	struct record r;
	char path[128];

	snprintf(path, sizeof path, "/clients/%s", name);
	record_init(&r, path);
	set_text(&r, RECORD_NAME, name);
	set_flag(&r, RECORD_ENABLED, 1);
	return r;
}

static inline struct client *
put(struct model *m, struct record r)
{
	return model_put(m, &r, NULL);
}

#endif
