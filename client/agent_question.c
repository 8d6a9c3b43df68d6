/* SPDX-License-Identifier: ISC */
/*
 * The text of a question file: "[Ask]" and lines of KEY=VALUE below it.  Any
 * process that may write to the directory may have written it: nothing is
 * assumed, and what is not understood makes the whole file none.
 */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct question *question;
	int is_ask;		/* we are below [Ask] */
	int has_ask, has_pid, has_socket, has_not_after;
};

/* A number of decimal digits, and nothing else.  Returns 0, or -1. */
static int
parse_number(const char *text, size_t len, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;
	size_t i;

	if (len == 0)
		return -1;
	for (i = 0; i < len; i++) {
		unsigned int digit = (unsigned int)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9' || n > (max - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}

static int
is_key(const char *line, size_t len, const char *key)
{
	return strlen(key) == len && memcmp(line, key, len) == 0;
}

static const char *
parse_value(struct reader *reader, const char *key, size_t key_len,
    const char *value, size_t len)
{
	struct question *question = reader->question;
	uint64_t number;

	if (is_key(key, key_len, "PID")) {
		if (reader->has_pid++ ||
		    parse_number(value, len, INT32_MAX, &number) == -1)
			return "bad PID";
		question->pid = (pid_t)number;
	} else if (is_key(key, key_len, "NotAfter")) {
		if (reader->has_not_after++)
			return "bad NotAfter";
		/* What is no time is no limit, as for the original. */
		if (parse_number(value, len, INT64_MAX,
		    &question->not_after) == -1)
			question->not_after = 0;
	} else if (is_key(key, key_len, "Socket")) {
		if (reader->has_socket++ || len == 0 || value[0] != '/' ||
		    len >= sizeof question->socket)
			return "bad Socket";
		memcpy(question->socket, value, len);
		question->socket[len] = '\0';
	}
	return NULL;
}

static const char *
parse_line(struct reader *reader, const char *line, size_t len)
{
	const char *equals;
	size_t key_len;

	if (len == 0 || line[0] == '#' || line[0] == ';')
		return NULL;
	if (line[0] == '[') {
		if (line[len - 1] != ']')
			return "bad section";
		reader->is_ask = is_key(line, len, "[Ask]");
		if (reader->is_ask && reader->has_ask++)
			return "two sections [Ask]";
		return NULL;
	}
	if ((equals = memchr(line, '=', len)) == NULL || equals == line)
		return "a line that is not KEY=VALUE";
	if (!reader->is_ask)
		return NULL;
	key_len = (size_t)(equals - line);
	return parse_value(reader, line, key_len, equals + 1,
	    len - key_len - 1);
}

const char *
question_parse(const char *text, size_t len, struct question *question)
{
	struct reader reader = { .question = question };
	const char *end = text + len, *newline, *why;

	memset(question, 0, sizeof *question);
	if (len > QUESTION_MAX_LEN)
		return "too long";
	if (memchr(text, '\0', len) != NULL)
		return "a NUL";
	while (text < end) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			newline = end;
		why = parse_line(&reader, text, (size_t)(newline - text));
		if (why != NULL)
			return why;
		text = newline + (newline < end);
	}
	if (!reader.has_ask)
		return "no section [Ask]";
	if (!reader.has_pid)
		return "no PID";
	return reader.has_socket ? NULL : "no Socket";
}
