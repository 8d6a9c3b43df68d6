/* SPDX-License-Identifier: ISC */
/*
 * Addresses as text, for the monitor and for sessions.
 */
#include "peername.h"

#include <sys/socket.h>

#include <arpa/inet.h>

#include <stdio.h>

char *
peername_print(const uint8_t address[16], uint32_t scope_id, uint16_t port,
    char text[PEERNAME_LEN])
{
	char number[INET6_ADDRSTRLEN], scope[16] = "";

	inet_ntop(AF_INET6, address, number, sizeof number);
	if (scope_id != 0)
		snprintf(scope, sizeof scope, "%%%u", scope_id);
	snprintf(text, PEERNAME_LEN, "[%s%s]:%u", number, scope, port);
	return text;
}
