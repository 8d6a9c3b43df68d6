/* SPDX-License-Identifier: ISC */
/*
 * Expansion of checker commands: a pure function of a template and the fields
 * of a client.  A host name may be anything at all: whatever comes out of a
 * field is quoted, so that the shell takes it as one word, literally.
 *
 * The templates were written for Python's % operator and quoted values.  Two
 * things differ from that, or the shell would get to see what is quoted: a
 * precision cuts the value, not its quotes, and what %r adds are quotes of the
 * shell's, not of Python's.
 */
#include "expand.h"

#include <sys/types.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHORT_MAX 128	/* longest rendering of a number or a time */

/* A string being made.  What does not fit is dropped, and noted. */
struct out {
	char *p;
	size_t len, size;
	int failed;
};

static void
out_add(struct out *out, const char *bytes, size_t len)
{
	size_t size = out->size;
	char *p;

	if (out->failed || len > COMMAND_MAX - out->len) {
		out->failed = 1;
		return;
	}
	if (out->len + len + 1 > size) {
		size = (out->len + len + 1) * 2;
		if ((p = realloc(out->p, size)) == NULL) {
			out->failed = 1;
			return;
		}
		out->p = p;
		out->size = size;
	}
	memcpy(out->p + out->len, bytes, len);
	out->len += len;
	out->p[out->len] = '\0';
}

static void
out_text(struct out *out, const char *text)
{
	out_add(out, text, strlen(text));
}

static void
out_fill(struct out *out, size_t count)
{
	for (; count > 0 && !out->failed; count--)
		out_add(out, " ", 1);
}

/* In UTF-8: does a character begin here? */
static int
begins(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t
count_chars(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += (size_t)begins(*text);
	return count;
}

/* The bytes of the first ${chars} characters. */
static size_t
bytes_of(const char *text, size_t chars)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (begins(text[i]) && chars-- == 0)
			break;
	return i;
}

/*
 * Renderings.
 */

static void
render_duration(uint64_t ms, char *text)
{
	uint64_t days = ms / 86400000;
	unsigned int rest = (unsigned int)(ms % 86400000);
	size_t len = 0;

	if (days > 0)
		len = (size_t)snprintf(text, SHORT_MAX, "%" PRIu64 " day%s, ",
		    days, days == 1 ? "" : "s");
	len += (size_t)snprintf(text + len, SHORT_MAX - len, "%u:%02u:%02u",
	    rest / 3600000, rest / 60000 % 60, rest / 1000 % 60);
	if (rest % 1000 != 0)
		snprintf(text + len, SHORT_MAX - len, ".%03u000", rest % 1000);
}

static void
render_time(int64_t us, char *text)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	size_t len;

	if (us <= 0 || gmtime_r(&seconds, &tm) == NULL) {
		strlcpy(text, "None", SHORT_MAX);
		return;
	}
	len = strftime(text, SHORT_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	if (us % 1000000 != 0)
		snprintf(text + len, SHORT_MAX - len, ".%06u",
		    (unsigned int)(us % 1000000));
}

/* For one word of a POSIX shell; with ${always}, also where none is needed. */
static void
quote(struct out *out, const char *text, int always)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
	size_t len = strlen(text), run;

	if (!always && len > 0 && strspn(text, plain) == len) {
		out_add(out, text, len);
		return;
	}
	out_text(out, "'");
	for (;;) {
		run = strcspn(text, "'");
		out_add(out, text, run);
		text += run;
		if (*text == '\0')
			break;
		/* Out of the quotes, one in others, and in again. */
		out_text(out, "'\"'\"'");
		text++;
	}
	out_text(out, "'");
}

char *
expand_repr(const char *text)
{
	char mark = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ?
	    '"' : '\'';
	struct out out = { .p = NULL };
	char escape[8];

	out_add(&out, &mark, 1);
	for (; *text != '\0'; text++) {
		if (*text == mark || *text == '\\')
			snprintf(escape, sizeof escape, "\\%c", *text);
		else if (*text == '\n')
			strlcpy(escape, "\\n", sizeof escape);
		else if (*text == '\t')
			strlcpy(escape, "\\t", sizeof escape);
		else if (*text == '\r')
			strlcpy(escape, "\\r", sizeof escape);
		else if (iscntrl((unsigned char)*text))
			snprintf(escape, sizeof escape, "\\x%02x",
			    (unsigned char)*text);
		else
			snprintf(escape, sizeof escape, "%c", *text);
		out_text(&out, escape);
	}
	out_add(&out, &mark, 1);
	if (out.failed) {
		free(out.p);
		return NULL;
	}
	return out.p;
}

/*
 * The fields there are.  Of those that change by themselves we are told if the
 * command names one: the warden looks for "expires" and "last_" in it.
 */

enum kind { KIND_TEXT, KIND_DURATION, KIND_TIME, KIND_ENABLED, KIND_PATH };

#define FIELD(member) offsetof(struct client_fields, member)
static const struct field {
	const char *name;
	enum kind kind;
	size_t where;		/* offset, or enum client_text */
} names[] = {
	{ "approval_delay", KIND_DURATION, FIELD(approval_delay_ms) },
	{ "approval_duration", KIND_DURATION, FIELD(approval_duration_ms) },
	{ "created", KIND_TIME, FIELD(created_us) },
	{ "dbus_object_path", KIND_PATH, TEXT_NAME },
	{ "enabled", KIND_ENABLED, 0 },
	{ "expires", KIND_TIME, FIELD(expires_us) },
	{ "fingerprint", KIND_TEXT, TEXT_FINGERPRINT },
	{ "host", KIND_TEXT, TEXT_HOST },
	{ "interval", KIND_DURATION, FIELD(interval_ms) },
	{ "key_id", KIND_TEXT, TEXT_KEYID },
	{ "last_approval_request", KIND_TIME, FIELD(last_approval_request_us) },
	{ "last_checked_ok", KIND_TIME, FIELD(last_checked_ok_us) },
	{ "last_enabled", KIND_TIME, FIELD(last_enabled_us) },
	{ "name", KIND_TEXT, TEXT_NAME },
	{ "timeout", KIND_DURATION, FIELD(timeout_ms) },
};

static const struct field *
find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].name) == len &&
		    memcmp(names[i].name, name, len) == 0)
			return &names[i];
	return NULL;
}

/* Object paths have letters, digits and underscores only. */
static void
render_path(struct out *out, const char *name)
{
	char c;

	out_text(out, "/clients/");
	for (; *name != '\0'; name++) {
		c = isascii(*name) && isalnum((unsigned char)*name) ? *name :
		    '_';
		out_add(out, &c, 1);
	}
}

static void
render(struct out *out, const struct field *field,
    const struct client_fields *f, const char *const *text)
{
	const uint8_t *at = (const uint8_t *)f + field->where;
	char value[SHORT_MAX];
	uint64_t ms;
	int64_t us;

	switch (field->kind) {
	case KIND_TEXT:
		out_text(out, text[field->where]);
		return;
	case KIND_PATH:
		render_path(out, text[field->where]);
		return;
	case KIND_ENABLED:
		out_text(out, f->flags & CLIENT_ENABLED ? "True" : "False");
		return;
	case KIND_DURATION:
		memcpy(&ms, at, sizeof ms);
		render_duration(ms, value);
		break;
	case KIND_TIME:
		memcpy(&us, at, sizeof us);
		render_time(us, value);
		break;
	}
	out_text(out, value);
}

/*
 * The template.
 */

#define NO_PRECISION SIZE_MAX
#define SYNTAX "a conversion is incomplete"

struct conversion {
	const char *name;
	size_t name_len;
	int left;		/* pad behind, not before */
	size_t width;
	size_t precision;
	char type;
};

/* Digits; more than can be of use are as good as that. */
static const char *
parse_number(const char *p, size_t *number)
{
	for (*number = 0; isdigit((unsigned char)*p); p++)
		if (*number <= COMMAND_MAX)
			*number = *number * 10 + (size_t)(*p - '0');
	return p;
}

/* Names may have parentheses in them, in pairs. */
static const char *
parse_name(const char *p, struct conversion *c)
{
	int depth = 1;

	for (c->name = ++p; *p != '\0'; p++) {
		depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
		if (depth == 0) {
			c->name_len = (size_t)(p - c->name);
			return p + 1;
		}
	}
	return NULL;
}

/* What follows a '%'.  Returns where it ends, or NULL if it does not. */
static const char *
parse(const char *p, struct conversion *c)
{
	memset(c, 0, sizeof *c);
	c->precision = NO_PRECISION;
	if (*p == '(' && (p = parse_name(p, c)) == NULL)
		return NULL;
	for (; *p != '\0' && strchr("#0- +", *p) != NULL; p++)
		c->left |= *p == '-';
	p = parse_number(p, &c->width);
	if (*p == '.')
		p = parse_number(p + 1, &c->precision);
	if (*p != '\0' && strchr("hlL", *p) != NULL)
		p++;
	if ((c->type = *p) == '\0')
		return NULL;
	return p + 1;
}

static int
convert(struct out *out, const struct conversion *c,
    const struct client_fields *f, const char *const *text, char *why,
    size_t size)
{
	const struct field *field = NULL;
	struct out value = { .p = NULL }, quoted = { .p = NULL };
	size_t chars;

	if (c->name != NULL && (field = find(c->name, c->name_len)) == NULL) {
		snprintf(why, size, "there is no \"%.*s\"",
		    (int)(c->name_len > 64 ? 64 : c->name_len), c->name);
		return -1;
	}
	if (field == NULL || strchr("sra", c->type) == NULL) {
		snprintf(why, size, field == NULL ?
		    "a conversion to \"%c\" has no name" :
		    "a text cannot be converted to \"%c\"", c->type);
		return -1;
	}
	render(&value, field, f, text);
	if (!value.failed) {
		value.p[bytes_of(value.p, c->precision)] = '\0';
		quote(&quoted, value.p, c->type != 's');
	}
	out->failed |= value.failed | quoted.failed;
	if (!out->failed) {
		chars = count_chars(quoted.p);
		if (!c->left && chars < c->width)
			out_fill(out, c->width - chars);
		out_add(out, quoted.p, quoted.len);
		if (c->left && chars < c->width)
			out_fill(out, c->width - chars);
	}
	free(value.p);
	free(quoted.p);
	return 0;
}

char *
expand_command(const struct client_fields *f, const char *const *text,
    char *why, size_t size)
{
	const char *p = text[TEXT_CHECKER];
	struct out out = { .p = NULL };
	struct conversion c;
	size_t run;

	out_text(&out, "");
	while (!out.failed && *p != '\0') {
		run = strcspn(p, "%");
		out_add(&out, p, run);
		p += run;
		if (*p == '\0')
			break;
		if (p[1] == '%') {
			out_text(&out, "%");
			p += 2;
			continue;
		}
		if ((p = parse(p + 1, &c)) == NULL) {
			strlcpy(why, SYNTAX, size);
			goto out_free;
		}
		if (convert(&out, &c, f, text, why, size) == -1)
			goto out_free;
	}
	if (!out.failed)
		return out.p;
	strlcpy(why, "the command is too long", size);

out_free:
	free(out.p);
	return NULL;
}
