/* SPDX-License-Identifier: ISC */
/*
 * The device in the words of a prompt, for every plugin that asks a person.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>

static const char *
first_of(const char *name, const char *older)
{
	const char *value = getenv(name);

	return value != NULL ? value : getenv(older);
}

const char *
device_source(void)
{
	return first_of("CRYPTTAB_SOURCE", "cryptsource");
}

const char *
device_name(void)
{
	return first_of("CRYPTTAB_NAME", "crypttarget");
}

char *
device_text(const char *before, const char *after)
{
	const char *source = device_source(), *name = device_name();
	char *text;

	if (asprintf(&text, "%s%s%s%s%s%s%s", before,
	    source != NULL ? " " : "", source != NULL ? source : "",
	    name != NULL ? " (" : "", name != NULL ? name : "",
	    name != NULL ? ")" : "", after) == -1)
		return NULL;
	return text;
}
