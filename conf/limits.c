/* SPDX-License-Identifier: ISC */
/*
 * The limits of netd that mandos.conf may set.  Run by the configuration
 * reader.
 */
#include "conf.h"

#include <sys/types.h>

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define SECOND_MS UINT64_C(1000)
#define DAY_MS (86400 * SECOND_MS)
#define WEEK_MS (7 * DAY_MS)

#define COUNT(key, builtin, least, most)				\
	{ #key, 0, offsetof(struct limits, key), builtin, least, most }
#define DURATION(key, builtin, least, most)				\
	{ #key, 1, offsetof(struct limits, key##_ms), builtin, least, most }

// clang-format off
const struct limit limits_table[LIMITS_COUNT] = {
	COUNT(max_connections, "8192", 1, 1048576),
	COUNT(max_sessions, "1024", 1, 65536),
	COUNT(max_sessions_per_source, "1024", 1, 65536),
	COUNT(spare_sessions, "4", 1, 256),
	COUNT(penalty_sources, "65536", 1, 1048576),
	DURATION(handshake_timeout, "PT20S", SECOND_MS, DAY_MS),
	DURATION(close_timeout, "PT10S", SECOND_MS, DAY_MS),
	DURATION(penalty_crash, "PT90S", 0, WEEK_MS),
	DURATION(penalty_late, "PT10S", 0, WEEK_MS),
	DURATION(penalty_refused, "PT5S", 0, WEEK_MS),
	DURATION(penalty_min, "PT15S", 0, WEEK_MS),
	DURATION(penalty_max, "PT10M", 0, WEEK_MS),
};
// clang-format on

uint64_t
limit_get(const struct limits *limits, const struct limit *limit)
{
	const char *field = (const char *)limits + limit->offset;
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
limit_set(struct limits *limits, const struct limit *limit, uint64_t value)
{
	char *field = (char *)limits + limit->offset;
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
merge_one(struct limits *limits, struct ini *ini, const struct limit *limit)
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
	limit_set(limits, limit, (uint64_t)value);
	return 0;
}

int
limits_merge(struct limits *limits, struct ini *ini)
{
	struct ini_entry *entry;
	size_t i;
	int result = 0;

	memset(limits, 0, sizeof *limits);
	for (i = 0; i < LIMITS_COUNT; i++)
		if (merge_one(limits, ini, &limits_table[i]) == -1)
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
