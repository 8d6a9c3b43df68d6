/* SPDX-License-Identifier: ISC */
/*
 * OpenPGP packets: as much of them as a file encrypted with a passphrase has.
 * Run by a process without any power; it must not trust what it reads.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "log.h"

#define PLAIN_MAX (SECRET_MAX + 1024)	/* a secret and packets around it */

int
packet_take(struct input *in, size_t n, struct input *out)
{
	if (n > in->len)
		return -1;
	out->p = in->p;
	out->len = n;
	in->p += n;
	in->len -= n;
	return 0;
}

int
packet_take_number(struct input *in, size_t n, size_t *number)
{
	struct input bytes;
	size_t i;

	if (packet_take(in, n, &bytes) == -1)
		return -1;
	for (*number = 0, i = 0; i < n; i++)
		*number = *number << 8 | bytes.p[i];
	return 0;
}

/* A length in the new format; ${more}: another piece follows that one. */
static int
take_length(struct input *in, size_t *len, int *more)
{
	size_t first, second;

	*more = 0;
	if (packet_take_number(in, 1, &first) == -1)
		return -1;
	*len = first;
	if (first < 192)
		return 0;
	if (first < 224) {
		if (packet_take_number(in, 1, &second) == -1)
			return -1;
		*len = ((first - 192) << 8) + second + 192;
	} else if (first < 255) {
		*len = (size_t)1 << (first & 0x1f);
		*more = 1;
	} else
		return packet_take_number(in, 4, len);
	return 0;
}

/* All pieces of a packet, end to end, in new memory. */
static int
take_pieces(struct input *in, struct str *body)
{
	struct input piece;
	char *grown;
	size_t len;
	int more;

	do {
		if (take_length(in, &len, &more) == -1 ||
		    packet_take(in, len, &piece) == -1)
			return -1;
		grown = recallocarray(body->p, body->len, body->len + len + 1,
		    1);
		if (grown == NULL)
			fatal("recallocarray");
		if (len > 0)
			memcpy(grown + body->len, piece.p, len);
		body->p = grown;
		body->len += len;
	} while (more);
	return 0;
}

int
packet_take_body(struct input *in, enum packet tag, struct str *body)
{
	static const size_t sizes[] = { 1, 2, 4 };
	struct input content;
	size_t first, len;
	int type;

	if (packet_take_number(in, 1, &first) == -1 || !(first & 0x80))
		return -1;
	if (first & 0x40)
		return (enum packet)(first & 0x3f) == tag ?
		    take_pieces(in, body) : -1;
	if ((enum packet)(first >> 2 & 0x0f) != tag)
		return -1;
	type = first & 0x03;
	len = in->len;		/* type 3: up to the end */
	if (type < 3 && packet_take_number(in, sizes[type], &len) == -1)
		return -1;
	if (packet_take(in, len, &content) == -1)
		return -1;
	str_set(body, content.p, content.len);
	return 0;
}

/* Which of the packets is next, or -1. */
static int
next_tag(const struct input *in)
{
	if (in->len == 0 || !(in->p[0] & 0x80))
		return -1;
	return in->p[0] & 0x40 ? in->p[0] & 0x3f : in->p[0] >> 2 & 0x0f;
}

/* Inflate ${in}, with or without a header, into at most PLAIN_MAX bytes. */
static int
inflate_all(struct input in, int bits, struct str *out)
{
	z_stream z = { .next_in = NULL };
	int rc;

	if ((out->p = calloc(1, PLAIN_MAX + 1)) == NULL)
		fatal("calloc");
	if (inflateInit2(&z, bits) != Z_OK)
		fatalx("inflateInit2");
	/* It does not write there; only its type says so. */
	memcpy(&z.next_in, &in.p, sizeof in.p);
	z.avail_in = (uInt)in.len;
	z.next_out = (Bytef *)out->p;
	z.avail_out = PLAIN_MAX;
	rc = inflate(&z, Z_FINISH);
	out->len = PLAIN_MAX - z.avail_out;
	inflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : -1;
}

static int
read_literal(struct input in, struct str *out)
{
	struct str body = { NULL, 0 };
	struct input rest, skipped;
	size_t n;
	int rc = -1;

	if (packet_take_body(&in, PACKET_LITERAL, &body) == 0) {
		rest.p = (const uint8_t *)body.p;
		rest.len = body.len;
		/* A letter for the kind, a file name, and a date. */
		if (packet_take(&rest, 1, &skipped) == 0 &&
		    packet_take_number(&rest, 1, &n) == 0 &&
		    packet_take(&rest, n + 4, &skipped) == 0 &&
		    rest.len <= SECRET_MAX) {
			str_set(out, rest.p, rest.len);
			rc = 0;
		}
	}
	str_free(&body);
	return rc;
}

int
packet_read(struct input in, struct str *out)
{
	struct str body = { NULL, 0 }, plain = { NULL, 0 };
	struct input rest;
	size_t how;
	int rc = -1;

	if (next_tag(&in) != PACKET_COMPRESSED)
		return read_literal(in, out);
	if (packet_take_body(&in, PACKET_COMPRESSED, &body) == 0) {
		rest.p = (const uint8_t *)body.p;
		rest.len = body.len;
		if (packet_take_number(&rest, 1, &how) == 0 &&
		    (how == 1 || how == 2) && inflate_all(rest,
		    how == 1 ? -MAX_WBITS : MAX_WBITS, &plain) == 0) {
			rest.p = (const uint8_t *)plain.p;
			rest.len = plain.len;
			rc = read_literal(rest, out);
		}
	}
	str_free(&body);
	str_free(&plain);
	return rc;
}
