/* SPDX-License-Identifier: ISC */
/*
 * control: the fields of a client by their names, to show and to set.
 * Durations are milliseconds, times microseconds since 1970.
 */
#include "control.h"

#include <sys/types.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	KIND_FLAG,
	KIND_I32,
	KIND_U32,
	KIND_MS,
	KIND_US,
	KIND_TEXT,
	KIND_SECRET
};

#define F(member) offsetof(struct client_fields, member)

static const struct field {
	const char *name;
	enum kind kind;
	size_t what;		/* flag, offset, or enum control_text */
	uint32_t set;		/* 0: no administrator can */
} fields[] = {
	{ "number", KIND_U32, F(number), 0 },
	{ "enabled", KIND_FLAG, CLIENT_ENABLED, 0 },
	{ "checker_running", KIND_FLAG, CLIENT_CHECKER_RUNNING, 0 },
	{ "last_checker_status", KIND_I32, F(last_checker_status), 0 },
	{ "approvals_pending", KIND_U32, F(approvals_pending), 0 },
	{ "approved_by_default", KIND_FLAG, CLIENT_APPROVED_BY_DEFAULT,
	    SET_APPROVED_BY_DEFAULT },
	{ "timeout", KIND_MS, F(timeout_ms), SET_TIMEOUT },
	{ "extended_timeout", KIND_MS, F(extended_timeout_ms),
	    SET_EXTENDED_TIMEOUT },
	{ "interval", KIND_MS, F(interval_ms), SET_INTERVAL },
	{ "approval_delay", KIND_MS, F(approval_delay_ms),
	    SET_APPROVAL_DELAY },
	{ "approval_duration", KIND_MS, F(approval_duration_ms),
	    SET_APPROVAL_DURATION },
	{ "created", KIND_US, F(created_us), 0 },
	{ "last_enabled", KIND_US, F(last_enabled_us), 0 },
	{ "last_checked_ok", KIND_US, F(last_checked_ok_us), 0 },
	{ "last_approval_request", KIND_US, F(last_approval_request_us), 0 },
	{ "expires", KIND_US, F(expires_us), 0 },
	{ "key_id", KIND_TEXT, TEXT_KEYID, 0 },
	{ "fingerprint", KIND_TEXT, TEXT_FINGERPRINT, 0 },
	{ "host", KIND_TEXT, TEXT_HOST, SET_HOST },
	{ "checker", KIND_TEXT, TEXT_CHECKER, SET_CHECKER },
	{ "secret", KIND_SECRET, 0, SET_SECRET }
};

#define FIELDS (sizeof fields / sizeof fields[0])

static const struct field *
field_find(const char *name)
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

void
put_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == '\\')
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
}

/* A number of a field, whatever its width; it is aligned. */
#define NUMBER(type, known, field) \
	(*(const type *)(const void *)((const char *)&(known)->f + \
	    (field)->what))

static void
print_value(FILE *out, const struct known *known, const struct field *field)
{
	switch (field->kind) {
	case KIND_FLAG:
		fputs(known->f.flags & field->what ? "yes" : "no", out);
		break;
	case KIND_I32:
		fprintf(out, "%" PRId32, NUMBER(int32_t, known, field));
		break;
	case KIND_U32:
		fprintf(out, "%" PRIu32, NUMBER(uint32_t, known, field));
		break;
	case KIND_MS:
		fprintf(out, "%" PRIu64, NUMBER(uint64_t, known, field));
		break;
	case KIND_US:
		fprintf(out, "%" PRId64, NUMBER(int64_t, known, field));
		break;
	case KIND_TEXT:
		put_text(out, known->text[field->what]);
		break;
	case KIND_SECRET:
		break;
	}
}

void
field_print_all(FILE *out, const struct known *known, char between)
{
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		if (fields[i].kind == KIND_SECRET)
			continue;
		fprintf(out, "%c%s=", between, fields[i].name);
		print_value(out, known, &fields[i]);
	}
}

int
field_print(FILE *out, const struct known *known, const char *name)
{
	const struct field *field;

	if ((field = field_find(name)) == NULL || field->kind == KIND_SECRET)
		return -1;
	print_value(out, known, field);
	return 0;
}

uint32_t
field_set(struct known *known, const char *name, const char *value)
{
	const struct field *field;
	uint64_t number;
	char *end;

	if ((field = field_find(name)) == NULL || field->set == 0)
		return 0;
	if (field->kind == KIND_FLAG) {
		known->f.flags &= ~(uint32_t)field->what;
		if (strcmp(value, "yes") == 0)
			known->f.flags |= (uint32_t)field->what;
		else if (strcmp(value, "no") != 0)
			return 0;
	} else if (field->kind == KIND_MS) {
		number = strtoull(value, &end, 10);
		if (*value == '\0' || *end != '\0')
			return 0;
		memcpy((char *)&known->f + field->what, &number,
		    sizeof number);
	} else if (field->kind == KIND_TEXT) {
		free(known->text[field->what]);
		if ((known->text[field->what] = strdup(value)) == NULL)
			return 0;
	}
	return field->set;
}
