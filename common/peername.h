/* SPDX-License-Identifier: ISC */
/*
 * The address of a peer, for log lines.
 */
#ifndef PEERNAME_H
#define PEERNAME_H

#include <stdint.h>

#define PEERNAME_LEN 72

/*
 * peername_print(address, scope_id, port, text): write ${address}, an IPv6
 * address or ::ffff:a.b.c.d, with ${scope_id} if that is not 0, and ${port}, as
 * [address%scope]:port with its NUL into ${text}.  Returns ${text}.
 */
char *peername_print(const uint8_t[16], uint32_t, uint16_t, char[PEERNAME_LEN]);

#endif
