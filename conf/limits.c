/* SPDX-License-Identifier: ISC */
/*
 * The limits of netd and checkerd that mandos.conf may set.  Run by the
 * configuration reader.
 */
#include "conf.h"

#include <sys/types.h>

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define SECOND_MS UINT64_C(1000)
#define DAY_MS (86400 * SECOND_MS)
#define WEEK_MS (7 * DAY_MS)

/* The longest duration there is. */
#define MOST_MS (999999999 * DAY_MS)

#define COUNT(of, key, builtin, least, most)				\
	{ #key, 0, offsetof(struct settings_msg, of.key), builtin, least, most }
#define DURATION(of, key, builtin, least, most)				\
	{ #key, 1, offsetof(struct settings_msg, of.key##_ms), builtin,	\
	    least, most }

// clang-format off
const struct limit limits_table[LIMITS_COUNT] = {
	COUNT(limits, max_connections, "8192", 1, 1048576),
	COUNT(limits, max_sessions, "1024", 1, 65536),
	COUNT(limits, max_sessions_per_source, "1024", 1, 65536),
	COUNT(limits, spare_sessions, "4", 1, 256),
	COUNT(limits, penalty_sources, "65536", 1, 1048576),
	DURATION(limits, handshake_timeout, "PT20S", SECOND_MS, DAY_MS),
	DURATION(limits, close_timeout, "PT10S", SECOND_MS, DAY_MS),
	DURATION(limits, penalty_crash, "PT90S", 0, WEEK_MS),
	DURATION(limits, penalty_late, "PT10S", 0, WEEK_MS),
	DURATION(limits, penalty_refused, "PT5S", 0, WEEK_MS),
	DURATION(limits, penalty_min, "PT15S", 0, WEEK_MS),
	DURATION(limits, penalty_max, "PT10M", 0, WEEK_MS),
	COUNT(checks, max_checkers, "64", 1, 10000),
	DURATION(checks, checker_timeout, "PT0S", 0, MOST_MS),
};
// clang-format on

uint64_t
limit_get(const struct settings_msg *settings, const struct limit *limit)
{
	const char *field = (const char *)settings + limit->offset;
	uint64_t value;
	uint32_t count;

	if (limit->is_duration) {
		memcpy(&value, field, sizeof value);
		return value;
	}
	memcpy(&count, field, sizeof count);
	return count;
}

static void
limit_set(struct settings_msg *settings, const struct limit *limit,
    uint64_t value)
{
	char *field = (char *)settings + limit->offset;
	uint32_t count = (uint32_t)value;

	if (limit->is_duration)
		memcpy(field, &value, sizeof value);
	else
		memcpy(field, &count, sizeof count);
}

static int
bad_range(const struct where *where, const struct limit *limit)
{
	char least[DURATION_MAX_LEN], most[DURATION_MAX_LEN];

	if (limit->is_duration) {
		duration_print(least, sizeof least, limit->least);
		duration_print(most, sizeof most, limit->most);
	} else {
		snprintf(least, sizeof least, "%" PRIu64, limit->least);
		snprintf(most, sizeof most, "%" PRIu64, limit->most);
	}
	problem_error(where, "%s is not between %s and %s", limit->key, least,
	    most);
	return -1;
}

static int
merge_one(struct settings_msg *settings, struct ini *ini,
    const struct limit *limit)
{
	struct ini_entry *entry;
	struct text text;
	enum duration result;
	int64_t value;

	entry = ini_find(ini, &ini->defaults, text_from(limit->key));
	if (ini_expand(ini, &ini->defaults, entry, &text) == -1)
		return -1;
	if (limit->is_duration) {
		result = duration_parse(text, &value);
		if (result != DURATION_OK) {
			problem_error(&entry->where, "%s is %s", limit->key,
			    duration_strerror(result));
			return -1;
		}
	} else if (text_integer(text, &value) == -1) {
		problem_error(&entry->where, "%s is not an integer",
		    limit->key);
		return -1;
	}
	if (value < 0 || (uint64_t)value < limit->least ||
	    (uint64_t)value > limit->most)
		return bad_range(&entry->where, limit);
	limit_set(settings, limit, (uint64_t)value);
	return 0;
}

int
limits_merge(struct settings_msg *settings, struct ini *ini)
{
	const struct limits *limits = &settings->limits;
	struct ini_entry *entry;
	size_t i;
	int result = 0;

	for (i = 0; i < LIMITS_COUNT; i++)
		if (merge_one(settings, ini, &limits_table[i]) == -1)
			result = -1;
	if (result == 0 && limits->penalty_min_ms > limits->penalty_max_ms) {
		/* Penalties could then never take effect. */
		entry = ini_find(ini, &ini->defaults,
		    text_from("penalty_min"));
		if (entry->where.line == 0)
			entry = ini_find(ini, &ini->defaults,
			    text_from("penalty_max"));
		problem_error(&entry->where,
		    "penalty_min is more than penalty_max");
		result = -1;
	}
	return result;
}
