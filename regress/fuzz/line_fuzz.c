/* SPDX-License-Identifier: ISC */
/*
 * Fuzzer of the first line: whatever comes, in whatever pieces, is judged
 * alike, and no byte is claimed that was not there.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[64];
	enum line whole, pieces = LINE_MORE;
	size_t n, used = 0, used_pieces = 0;

	if (len > LINE_BYTES + 2)
		len = LINE_BYTES + 2;
	whole = line_judge(data, len, 1, &used);
	if (whole == LINE_MORE || (whole == LINE_OK && used > len))
		abort();
	for (n = 0; n < len && pieces == LINE_MORE; n++)
		pieces = line_judge(data, n, 0, &used_pieces);
	if (pieces == LINE_MORE)
		pieces = line_judge(data, len, 1, &used_pieces);
	if (pieces != whole || (whole == LINE_OK && used_pieces != used))
		abort();
	line_quote(data, len, text, sizeof text);
	if (strlen(text) >= sizeof text)
		abort();
	for (n = 0; text[n] != '\0'; n++)
		if (text[n] < 0x20 || text[n] > 0x7e)
			abort();
	return 0;
}
