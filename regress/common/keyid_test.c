/* SPDX-License-Identifier: ISC */
/*
 * Key IDs as text and bytes.
 */
#include <atf-c.h>

#include <string.h>

#include "keyid.h"

#define VOID_TEXT "E3B0C44298FC1C149AFBF4C8996FB924"			\
	"27AE41E4649B934CA495991B7852B855"
#define GOOD_TEXT "6B130D3154DA1007596BA38FDE9CE5A4"			\
	"201FFF84E8CB20B080497AE4B59391DC"

ATF_TC_WITHOUT_HEAD(keyid_parse__round_trip);
ATF_TC_BODY(keyid_parse__round_trip, tc)
{
	uint8_t id[KEYID_LEN], lower[KEYID_LEN];
	char hex[KEYID_HEX_LEN];

	(void)tc;
	ATF_REQUIRE_EQ(0, keyid_parse(GOOD_TEXT, id));
	ATF_CHECK_EQ(0x6b, id[0]);
	ATF_CHECK_EQ(0xdc, id[31]);
	ATF_CHECK_STREQ(GOOD_TEXT, keyid_print(id, hex));
	ATF_REQUIRE_EQ(0, keyid_parse("6b130d3154da1007596ba38fde9ce5a4"
	    "201fff84e8cb20b080497ae4b59391dc", lower));
	ATF_CHECK_EQ(0, memcmp(id, lower, sizeof id));
}

ATF_TC_WITHOUT_HEAD(keyid_parse__refuses);
ATF_TC_BODY(keyid_parse__refuses, tc)
{
	uint8_t id[KEYID_LEN];
	char text[KEYID_HEX_LEN + 1];
	size_t i;

	(void)tc;
	ATF_CHECK_EQ(-1, keyid_parse("", id));
	ATF_CHECK_EQ(-1, keyid_parse(GOOD_TEXT "0", id));
	ATF_CHECK_EQ(-1, keyid_parse(" " GOOD_TEXT, id));
	ATF_CHECK_EQ(-1, keyid_parse(VOID_TEXT, id));
	ATF_CHECK(keyid_is_void(id));
	for (i = 0; i < KEYID_HEX_LEN - 1; i++) {
		strlcpy(text, GOOD_TEXT, sizeof text);
		text[i] = '\0';
		ATF_CHECK_EQ(-1, keyid_parse(text, id));
		text[i] = 'g';
		ATF_CHECK_EQ(-1, keyid_parse(text, id));
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, keyid_parse__round_trip);
	ATF_TP_ADD_TC(tp, keyid_parse__refuses);
	return atf_no_error();
}
