/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of question files: what is accepted has somebody who asks, and a
 * socket that is an absolute path and fits into an address.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question question;
	char *copy;

	/* In memory of its own, so that a step outside is seen. */
	if ((copy = malloc(size == 0 ? 1 : size)) == NULL)
		abort();
	memcpy(copy, data, size);
	if (question_parse(copy, size, &question) == NULL &&
	    (question.pid < 0 || question.socket[0] != '/' ||
	    question.not_after > INT64_MAX ||
	    memchr(question.socket, '\0', sizeof question.socket) == NULL ||
	    memmem(copy, size, "[Ask]", 5) == NULL))
		abort();
	free(copy);
	return 0;
}
