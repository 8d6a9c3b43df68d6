/* SPDX-License-Identifier: ISC */
/*
 * Points in time as text.  Not by gmtime(3): that opens a file the first
 * time, which busd may not, and knows years of more than four digits.
 */
#include "stamp.h"

#include <stdio.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)
#define FIRST_US (INT64_C(-62135596800) * SECOND_US)
#define LAST_US (INT64_C(253402300800) * SECOND_US - 1)

#define ERA_DAYS 146097		/* of 400 years, after which all repeats */
#define ERA_1970 719468		/* days from 1 March of year 0 to 1970 */

char *
stamp_print(int64_t us, char text[STAMP_LEN])
{
	int64_t day, era, of_era, year, of_year, month;

	if (us == 0) {
		text[0] = '\0';
		return text;
	}
	if (us < FIRST_US)
		us = FIRST_US;
	if (us > LAST_US)
		us = LAST_US;
	/* Years begin in March here: the odd day is their last. */
	day = (us - FIRST_US) / DAY_US + FIRST_US / DAY_US + ERA_1970;
	us = (us - FIRST_US) % DAY_US;
	era = day / ERA_DAYS;
	of_era = day % ERA_DAYS;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
	    365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	day = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	snprintf(text, STAMP_LEN, "%04u-%02u-%02uT%02u:%02u:%02u.%06u",
	    (unsigned int)year % 10000, (unsigned int)month % 100,
	    (unsigned int)day % 100, (unsigned int)(us / (3600 * SECOND_US)),
	    (unsigned int)(us / (60 * SECOND_US) % 60),
	    (unsigned int)(us / SECOND_US % 60),
	    (unsigned int)(us % SECOND_US));
	return text;
}
