/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of server addresses: what is accepted can be printed, and is then
 * accepted as the same.
 */
#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[ADDRESS_TEXT_MAX], *argument = malloc(len + 1);
	struct address address, again;

	if (argument == NULL)
		return 0;
	memcpy(argument, data, len);
	argument[len] = '\0';
	if (address_parse(argument, &address) == NULL) {
		if (address.len > sizeof address.sa)
			abort();
		address_is_link_local(&address);
		address_print(&address, text);
		if (strlen(text) >= sizeof text ||
		    address_parse(text, &again) != NULL ||
		    address.len != again.len ||
		    memcmp(&address.sa, &again.sa, address.len) != 0 ||
		    strcmp(address.scope, again.scope) != 0)
			abort();
	}
	free(argument);
	return 0;
}
