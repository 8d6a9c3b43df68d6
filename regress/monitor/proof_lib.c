/* SPDX-License-Identifier: ISC */
/*
 * What the tests of the proof check share; see proof_lib.h.
 */
#include "proof_lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
	int unused;
};

struct record records[128];
size_t nrecords;
struct watch watch = { NULL, -1, 0, { 0 }, 0 };

static struct client somebody;

int
__wrap_signature_holds(unsigned int scheme, struct bytes spki,
    struct bytes sig, struct bytes content)
{
	watch.verified++;
	if (watch.lie != -1)
		return watch.lie;
	return __real_signature_holds(scheme, spki, sig, content);
}

static struct client *
find(const uint8_t keyid[KEYID_LEN])
{
	watch.asked++;
	memcpy(watch.asked_for, keyid, KEYID_LEN);
	if (watch.only != NULL && memcmp(keyid, watch.only, KEYID_LEN) != 0)
		return NULL;
	return &somebody;
}

struct bytes
apart(uint8_t **memory, const uint8_t *p, size_t len)
{
	ATF_REQUIRE((*memory = malloc(len + 1)) != NULL);
	memcpy(*memory + 1, p, len);
	return (struct bytes){ *memory + 1, len };
}

int
try(struct proof *pf, const uint8_t *nonce, const struct buf *tr,
    const struct buf *verify)
{
	const struct client *client;
	uint8_t *a, *b;
	enum proof_key key;

	memset(pf, 0xa5, sizeof(*pf));
	pf->nonce = nonce;
	pf->transcript = apart(&a, tr->d, tr->len);
	pf->verify = apart(&b, verify->d, verify->len);
	watch.asked = watch.verified = 0;
	client = proof_check(pf, find);
	free(a);
	free(b);
	ATF_REQUIRE(client == NULL || client == &somebody);
	ATF_REQUIRE((client == NULL) == (pf->flaw != NULL));
	ATF_REQUIRE(watch.verified <= watch.asked && watch.asked <= 1);
	if (watch.verified)
		key = PROOF_KEY_ENROLLED;
	else if (strcmp(pf->flaw, "unknown key") == 0)
		key = PROOF_KEY_UNKNOWN;
	else
		key = PROOF_KEY_NONE;
	ATF_REQUIRE_EQ(key, pf->key);
	return client != NULL;
}

int
accepted(const struct record *r, const struct buf *tr,
    const struct buf *verify)
{
	struct proof pf;

	return try(&pf, r->nonce, tr, verify);
}

size_t
number(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (len-- > 0)
		n = n << 8 | *p++;
	return n;
}

void
put_number(uint8_t *p, size_t n, size_t len)
{
	while (len-- > 0)
		*p++ = (uint8_t)(n >> (8 * len));
}

void
append(struct buf *b, const void *p, size_t len)
{
	ATF_REQUIRE(len <= sizeof(b->d) - b->len);
	memcpy(b->d + b->len, p, len);
	b->len += len;
}

void
append_message(struct buf *b, unsigned int type, const void *body, size_t len)
{
	uint8_t head[4];

	put_number(head, type, 1);
	put_number(head + 1, len, 3);
	append(b, head, sizeof(head));
	append(b, body, len);
}

size_t
hex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;
	unsigned int c;

	for (; *text != '\0'; text += 2) {
		ATF_REQUIRE(n < size && sscanf(text, "%2x", &c) == 1);
		out[n++] = (uint8_t)c;
	}
	return n;
}

void
load(const atf_tc_t *tc, const char *args)
{
	struct record *r;
	char command[1024], *line = NULL, *p;
	size_t size = 0;
	ssize_t len;
	FILE *f;

	snprintf(command, sizeof(command), "'%s/../helpers/mktranscript' %s",
	    atf_tc_get_config_var(tc, "srcdir"), args);
	ATF_REQUIRE((f = popen(command, "r")) != NULL);
	nrecords = 0;
	while ((len = getline(&line, &size, f)) > 0) {
		ATF_REQUIRE(nrecords < sizeof(records) / sizeof(records[0]));
		r = &records[nrecords++];
		line[len - 1] = '\0';
		p = line;
		snprintf(r->name, sizeof(r->name), "%s", strsep(&p, "\t"));
		snprintf(r->flaw, sizeof(r->flaw), "%s", strsep(&p, "\t"));
		ATF_REQUIRE_EQ(NONCE_LEN,
		    hex(strsep(&p, "\t"), r->nonce, NONCE_LEN));
		ATF_REQUIRE_EQ(KEYID_LEN,
		    hex(strsep(&p, "\t"), r->keyid, KEYID_LEN));
		r->tr.len = hex(strsep(&p, "\t"), r->tr.d, sizeof(r->tr.d));
		r->verify.len = hex(p, r->verify.d, sizeof(r->verify.d));
	}
	free(line);
	ATF_REQUIRE_EQ(0, pclose(f));
	ATF_REQUIRE(nrecords > 0);
}

size_t
split(const struct buf *tr, size_t at[MESSAGES_MAX])
{
	size_t n = 0;

	at[0] = 0;
	while (at[n] < tr->len) {
		ATF_REQUIRE(n + 1 < MESSAGES_MAX);
		at[n + 1] = at[n] + 4 + number(tr->d + at[n] + 1, 3);
		n++;
	}
	ATF_REQUIRE_EQ(tr->len, at[n]);
	return n;
}

uint8_t *
spki_at(struct buf *tr, size_t *len)
{
	size_t at[MESSAGES_MAX], n = split(tr, at);
	uint8_t *cert = tr->d + at[n - 1] + 4;

	*len = number(cert + 4, 3);
	return cert + 7;
}

void
set_signature(struct buf *verify, const uint8_t *sig, size_t len)
{
	verify->len = 8;
	append(verify, sig, len);
	put_number(verify->d + 1, len + 4, 3);
	put_number(verify->d + 6, len, 2);
}
