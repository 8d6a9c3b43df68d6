/* SPDX-License-Identifier: ISC */
/*
 * Secrets are read whole, and are not left in memory.
 */
#include <sys/types.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atf-c.h>

#include "ctl.h"

#define CANARY_LEN 20

/* Nowhere in memory but where it is asked for. */
static void
canary(unsigned char out[CANARY_LEN])
{
	int i;

	for (i = 0; i < CANARY_LEN; i++)
		out[i] = (unsigned char)(0xa5 ^ (i * 7));
}

/* How often the canary is on our heap. */
static int
count_canaries(void)
{
	static unsigned char area[64 << 20];
	unsigned char wanted[CANARY_LEN], *at;
	char line[512];
	uintptr_t begin, end;
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), count = 0;
	ssize_t n;

	ATF_REQUIRE(maps != NULL && mem != -1);
	canary(wanted);
	while (fgets(line, sizeof line, maps) != NULL) {
		if (strstr(line, "[heap]") == NULL)
			continue;
		ATF_REQUIRE_EQ(2, sscanf(line, "%" SCNxPTR "-%" SCNxPTR,
		    &begin, &end));
		ATF_REQUIRE(end - begin <= sizeof area);
		n = pread(mem, area, end - begin, (off_t)begin);
		ATF_REQUIRE_EQ((ssize_t)(end - begin), n);
		for (at = area; (at = memmem(at, (size_t)(area + n - at),
		    wanted, sizeof wanted)) != NULL; at++)
			count++;
	}
	explicit_bzero(area, sizeof area);
	explicit_bzero(wanted, sizeof wanted);
	fclose(maps);
	close(mem);
	return count;
}

ATF_TC_WITHOUT_HEAD(forget__messages);
ATF_TC_BODY(forget__messages, tc)
{
	unsigned char secret[CANARY_LEN];
	struct bus_value value = { .type = DBUS_TYPE_BYTE, .bytes = secret,
		.len = sizeof secret };
	DBusMessage *messages[3];
	size_t i;

	(void)tc;
#if defined(__SANITIZE_ADDRESS__)
	atf_tc_skip("sanitizers have a free() of their own");
#endif
	canary(secret);
	for (i = 0; i < 3; i++)
		messages[i] = bus_message_set("/clients/foo", "Secret",
		    &value);
	ATF_CHECK_EQ(3, count_canaries());
	/* If this were 0, there would be no need to forget. */
	for (i = 0; i < 3; i++)
		dbus_message_unref(messages[i]);
	ATF_CHECK_EQ(3, count_canaries());
	secret_forget();
	ATF_CHECK_EQ(0, count_canaries());
}

ATF_TC_WITHOUT_HEAD(read__all_of_it);
ATF_TC_BODY(read__all_of_it, tc)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 200000 };
	struct rlimit limit;
	unsigned char *bytes, *read;
	size_t i, j, len;
	FILE *f;

	(void)tc;
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		bytes = calloc(1, sizes[i] + 1);
		ATF_REQUIRE(bytes != NULL);
		for (j = 0; j < sizes[i]; j++)
			bytes[j] = (unsigned char)(j * 31 >> 3);
		ATF_REQUIRE((f = fopen("secret", "we")) != NULL);
		ATF_REQUIRE_EQ(sizes[i], fwrite(bytes, 1, sizes[i], f));
		ATF_REQUIRE_EQ(0, fclose(f));
		read = secret_read("secret", &len);
		ATF_REQUIRE(read != NULL);
		ATF_REQUIRE_EQ(sizes[i], len);
		ATF_CHECK_EQ(0, memcmp(bytes, read, len));
		freezero(read, len);
		free(bytes);
	}
	ATF_REQUIRE_EQ(0, getrlimit(RLIMIT_CORE, &limit));
	ATF_CHECK_EQ(0, limit.rlim_cur);
	ATF_CHECK_EQ(0, limit.rlim_max);
	ATF_CHECK(secret_read("nonexistent", &len) == NULL);
	ATF_CHECK_EQ(ENOENT, errno);
	ATF_CHECK(secret_read(".", &len) == NULL);
	ATF_CHECK_EQ(EISDIR, errno);
	ATF_CHECK(secret_read("/dev/zero", &len) == NULL);
	ATF_CHECK_EQ(EFBIG, errno);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, forget__messages);
	ATF_TP_ADD_TC(tp, read__all_of_it);
	return atf_no_error();
}
