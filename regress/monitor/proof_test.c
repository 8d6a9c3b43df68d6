/* SPDX-License-Identifier: ISC */
/*
 * The verified handoff against genuine handshakes, made by mktranscript with
 * GnuTLS for each run, and against everything else we could think of.
 *
 * Except where a test says so, every key is enrolled, so that the client table
 * is no help: what refuses a forgery is the proof check itself.
 */
#include "proof_lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyid_vectors.h"

static void
no_change_accepted(const struct record *r)
{
	struct buf tr = r->tr, verify = r->verify;
	size_t i, good = 0;

	ATF_REQUIRE(accepted(r, &tr, &verify));
	for (i = 0; i < 8 * tr.len; i++) {
		tr.d[i / 8] ^= (uint8_t)(1 << i % 8);
		good += accepted(r, &tr, &verify);
		tr.d[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < 8 * verify.len; i++) {
		verify.d[i / 8] ^= (uint8_t)(1 << i % 8);
		good += accepted(r, &tr, &verify);
		verify.d[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	printf("%s: %zu changes, %zu accepted\n", r->name,
	    8 * (tr.len + verify.len), good);
	ATF_REQUIRE_EQ(0, good);
	ATF_REQUIRE(accepted(r, &tr, &verify));
}

/* Every scheme number but the right one; every cipher suite number. */
static void
no_number_accepted(const struct record *r)
{
	struct buf tr = r->tr, verify = r->verify;
	size_t at[MESSAGES_MAX], i, n, good = 0;
	uint8_t *suite;

	for (i = 0; i <= UINT16_MAX; i++) {
		put_number(verify.d + 4, i, 2);
		good += accepted(r, &tr, &verify);
	}
	ATF_REQUIRE_EQ(1, good);
	n = split(&tr, at);
	suite = tr.d + at[n - 3] + 4 + 2 + NONCE_LEN;
	suite += 1 + *suite;
	verify = r->verify;
	good = 0;
	for (i = 0; i <= UINT16_MAX; i++) {
		put_number(suite, i, 2);
		good += accepted(r, &tr, &verify);
	}
	ATF_REQUIRE_EQ(1, good);
}

/* Keys cut short, in a frame that is right again: nothing is read outside. */
static void
no_cut_key_accepted(const struct record *r)
{
	struct buf tr = r->tr;
	size_t at[MESSAGES_MAX], len, n = split(&tr, at);
	uint8_t *cert = tr.d + at[n - 1], *spki = spki_at(&tr, &len), *key;
	struct bytes sig = { r->verify.d + 8, r->verify.len - 8 };

	while (len-- > 0) {
		ATF_REQUIRE(!signature_holds((unsigned int)number(r->verify.d +
		    4, 2), apart(&key, spki, len), sig, sig));
		free(key);
		put_number(cert + 1, len + 9, 3);
		put_number(cert + 5, len + 5, 3);
		put_number(cert + 8, len, 3);
		put_number(spki + len, 0, 2);
		tr.len = (size_t)(spki + len + 2 - tr.d);
		ATF_REQUIRE(!accepted(r, &tr, &r->verify));
		ATF_REQUIRE_EQ(len > 0, watch.verified);
	}
}

/* ${fast}: all suites, else the first, always with and without retry. */
static void
genuine(const atf_tc_t *tc, const char *type, int fast)
{
	struct proof pf;
	struct record *r;
	char args[64];
	size_t i;

	snprintf(args, sizeof(args), "good %s", type);
	load(tc, args);
	ATF_REQUIRE_EQ(6, nrecords);
	for (i = 0; i < nrecords; i++) {
		r = &records[i];
		watch.only = r->keyid;
		ATF_REQUIRE_MSG(try(&pf, r->nonce, &r->tr, &r->verify),
		    "%s: %s", r->name, pf.flaw);
		ATF_REQUIRE_EQ(PROOF_KEY_ENROLLED, pf.key);
		ATF_REQUIRE_EQ(0, memcmp(pf.keyid, r->keyid, KEYID_LEN));
		watch.only = NULL;
		ATF_REQUIRE_EQ(i % 2 != 0, r->tr.d[0] == 254);
		if (fast || i < 2)
			no_change_accepted(r);
		if (i == 0) {
			no_number_accepted(r);
			no_cut_key_accepted(r);
		}
	}
}

#define GENUINE(type, text, fast)					\
	ATF_TC(genuine__##type);					\
	ATF_TC_HEAD(genuine__##type, tc)				\
	{								\
		atf_tc_set_md_var(tc, "descr", "Handshakes with " text	\
		    " are accepted, and with any bit changed refused");	\
	}								\
	ATF_TC_BODY(genuine__##type, tc)				\
	{								\
		genuine(tc, text, fast);				\
	}

GENUINE(ed25519, "ed25519", 1)
GENUINE(ed448, "ed448", 0)
GENUINE(p256, "p256", 1)
GENUINE(p384, "p384", 0)
GENUINE(p521, "p521", 0)
GENUINE(rsa2048, "rsa2048", 1)
GENUINE(rsa2048_sha384, "rsa2048-sha384", 0)
GENUINE(rsa3072_sha512, "rsa3072-sha512", 0)
GENUINE(rsa4096, "rsa4096", 0)
GENUINE(pss2048, "pss2048", 1)
GENUINE(pss2048_sha384, "pss2048-sha384", 0)
GENUINE(pss3072_sha512, "pss3072-sha512", 0)

ATF_TC_WITHOUT_HEAD(forged__with_private_key);
ATF_TC_BODY(forged__with_private_key, tc)
{
	struct proof pf;
	struct record *r;
	size_t i, good = 0;

	load(tc, "bad");
	for (i = 0; i < nrecords; i++) {
		r = &records[i];
		watch.only = r->keyid;
		if (try(&pf, r->nonce, &r->tr, &r->verify)) {
			ATF_CHECK_STREQ_MSG("-", r->flaw, "%s", r->name);
			good++;
			continue;
		}
		ATF_CHECK_STREQ_MSG(r->flaw, pf.flaw, "%s", r->name);
		watch.only = NULL;
		ATF_CHECK_MSG(!accepted(r, &r->tr, &r->verify), "%s", r->name);
	}
	printf("%zu forgeries and controls, %zu accepted\n", nrecords, good);
	ATF_CHECK_EQ(3, good);		/* just the controls */
	ATF_CHECK_EQ(59, nrecords);
}

/* The handshakes that the tests of the message list begin with. */
static void
load_lists(const atf_tc_t *tc)
{
	load(tc, "good ed25519 p256 rsa2048");
	watch.only = NULL;
}

/*
 * Hand over the messages ${order} of a genuine proof, the last of them in the
 * place of CertificateVerify.
 */
static int
accepted_in_order(const struct record *r, const size_t *order, size_t count)
{
	struct buf tr = { .len = 0 }, verify = { .len = 0 };
	size_t at[MESSAGES_MAX], i, n = split(&r->tr, at);
	struct buf *to;

	for (i = 0; i < count; i++) {
		to = i + 1 < count ? &tr : &verify;
		if (order[i] < n)
			append(to, r->tr.d + at[order[i]],
			    at[order[i] + 1] - at[order[i]]);
		else
			append(to, r->verify.d, r->verify.len);
	}
	return accepted(r, &tr, &verify);
}

static size_t
permute(const struct record *r, size_t *order, size_t fixed, size_t count,
    size_t *good)
{
	size_t i, tmp, tried = 0;

	if (fixed == count) {
		*good += accepted_in_order(r, order, count);
		return 1;
	}
	for (i = fixed; i < count; i++) {
		tmp = order[fixed], order[fixed] = order[i], order[i] = tmp;
		tried += permute(r, order, fixed + 1, count, good);
		tmp = order[fixed], order[fixed] = order[i], order[i] = tmp;
	}
	return tried;
}

ATF_TC_WITHOUT_HEAD(messages__reordered);
ATF_TC_BODY(messages__reordered, tc)
{
	size_t at[MESSAGES_MAX], i, j, n, good, tried;
	size_t order[MESSAGES_MAX];

	load_lists(tc);
	for (i = 0; i < nrecords; i++) {
		n = split(&records[i].tr, at);
		for (j = 0; j <= n; j++)
			order[j] = j;
		good = 0;
		tried = permute(&records[i], order, 0, n + 1, &good);
		ATF_CHECK_EQ(n == 4 ? 120 : 5040, tried);
		ATF_CHECK_EQ_MSG(1, good, "%s", records[i].name);
	}
}

ATF_TC_WITHOUT_HEAD(messages__dropped);
ATF_TC_BODY(messages__dropped, tc)
{
	size_t at[MESSAGES_MAX], i, j, n, count, set, good;
	size_t order[MESSAGES_MAX];

	load_lists(tc);
	for (i = 0; i < nrecords; i++) {
		n = split(&records[i].tr, at);
		good = 0;
		for (set = 0; set < (size_t)1 << (n + 1); set++) {
			for (count = j = 0; j <= n; j++)
				if (set & (size_t)1 << j)
					order[count++] = j;
			good += accepted_in_order(&records[i], order, count);
		}
		ATF_CHECK_EQ_MSG(1, good, "%s", records[i].name);
	}
}

ATF_TC_WITHOUT_HEAD(messages__repeated);
ATF_TC_BODY(messages__repeated, tc)
{
	size_t at[MESSAGES_MAX], i, j, k, n, again;
	size_t order[MESSAGES_MAX + 1];

	load_lists(tc);
	for (i = 0; i < nrecords; i++) {
		n = split(&records[i].tr, at);
		for (again = 0; again <= n; again++)
			for (j = 0; j <= n + 1; j++) {
				for (k = 0; k <= n + 1; k++)
					order[k] = k < j ? k :
					    k == j ? again : k - 1;
				ATF_CHECK(!accepted_in_order(&records[i],
				    order, n + 2));
			}
	}
}

ATF_TC_WITHOUT_HEAD(messages__added);
ATF_TC_BODY(messages__added, tc)
{
	static const uint8_t zero[33];
	static const size_t lengths[] = { 0, 1, 2, 33 };
	const struct record *r;
	struct buf tr;
	size_t at[MESSAGES_MAX], i, j, k, n, good = 0;
	unsigned int type;

	load_lists(tc);
	for (i = 0; i < nrecords; i++) {
		r = &records[i];
		n = split(&r->tr, at);
		for (j = 0; j <= n; j++)
			for (type = 0; type < 256; type++)
				for (k = 0; k < 4; k++) {
					tr.len = 0;
					append(&tr, r->tr.d, at[j]);
					append_message(&tr, type, zero,
					    lengths[k]);
					append(&tr, r->tr.d + at[j],
					    r->tr.len - at[j]);
					good += accepted(r, &tr, &r->verify);
				}
	}
	ATF_CHECK_EQ(0, good);
}

ATF_TC_WITHOUT_HEAD(messages__cut);
ATF_TC_BODY(messages__cut, tc)
{
	const struct record *r;
	struct buf tr, verify;
	size_t i, k, good = 0;

	load_lists(tc);
	for (i = 0; i < nrecords; i++) {
		r = &records[i];
		for (k = 0; k < r->tr.len; k++) {
			tr = r->tr;
			tr.len = k;
			good += accepted(r, &tr, &r->verify);
			tr.len = 0;
			append(&tr, r->tr.d + k + 1, r->tr.len - k - 1);
			good += accepted(r, &tr, &r->verify);
		}
		for (k = 0; k < r->verify.len; k++) {
			verify = r->verify;
			verify.len = k;
			good += accepted(r, &r->tr, &verify);
			verify.len = 0;
			append(&verify, r->verify.d + k + 1,
			    r->verify.len - k - 1);
			good += accepted(r, &r->tr, &verify);
		}
	}
	ATF_CHECK_EQ(0, good);
}

ATF_TC_WITHOUT_HEAD(messages__extended);
ATF_TC_BODY(messages__extended, tc)
{
	static const uint8_t zero[300];
	struct buf tr, verify;
	size_t i, k;

	load_lists(tc);
	for (i = 0; i < nrecords; i++)
		for (k = 1; k <= sizeof(zero); k++) {
			tr = records[i].tr;
			verify = records[i].verify;
			append(&tr, zero, k);
			append(&verify, zero, k);
			ATF_CHECK(!accepted(&records[i], &tr,
			    &records[i].verify));
			ATF_CHECK(!accepted(&records[i], &records[i].tr,
			    &verify));
			ATF_CHECK(!accepted(&records[i], &tr, &verify));
		}
}

ATF_TC(messages__other_length);
ATF_TC_HEAD(messages__other_length, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Each message cut or extended, with a header that fits again");
}
ATF_TC_BODY(messages__other_length, tc)
{
	static const uint8_t zero[3];
	const struct record *r;
	struct buf tr;
	size_t at[MESSAGES_MAX], i, j, k, n, len, more, good = 0;

	load(tc, "good ed25519");
	for (i = 0; i < 2; i++) {
		r = &records[i];
		n = split(&r->tr, at);
		for (j = 0; j < n; j++) {
			len = at[j + 1] - at[j] - 4;
			for (k = 0; k <= len + sizeof(zero); k++) {
				if (k == len)
					continue;
				more = k > len ? k - len : 0;
				tr.len = 0;
				append(&tr, r->tr.d, at[j] + 4 + k - more);
				append(&tr, zero, more);
				append(&tr, r->tr.d + at[j + 1],
				    r->tr.len - at[j + 1]);
				put_number(tr.d + at[j] + 1, k, 3);
				good += accepted(r, &tr, &r->verify);
			}
		}
	}
	ATF_CHECK_EQ(0, good);
}

ATF_TC(verify__other_length);
ATF_TC_HEAD(verify__other_length, tc)
{
	atf_tc_set_md_var(tc, "descr", "Each CertificateVerify cut or "
	    "extended, with lengths that fit again");
}
ATF_TC_BODY(verify__other_length, tc)
{
	static const uint8_t zero[3];
	const struct record *r;
	struct buf verify;
	size_t i, k, good = 0;

	load(tc, "good ed25519 ed448 p256 p521 rsa2048 pss2048");
	for (i = 0; i < nrecords; i++) {
		r = &records[i];
		for (k = 4; k <= r->verify.len + sizeof(zero); k++) {
			if (k == r->verify.len)
				continue;
			verify = r->verify;
			append(&verify, zero, sizeof(zero));
			verify.len = k;
			put_number(verify.d + 1, k - 4, 3);
			if (k >= 8)
				put_number(verify.d + 6, k - 8, 2);
			good += accepted(r, &r->tr, &verify);
		}
	}
	ATF_CHECK_EQ(0, good);
}

ATF_TC_WITHOUT_HEAD(messages__at_the_limit);
ATF_TC_BODY(messages__at_the_limit, tc)
{
	static const uint8_t zero[TRANSCRIPT_MAX];
	const struct record *r = &records[0];
	struct proof pf;
	struct buf tr, verify;
	size_t at[MESSAGES_MAX], room;

	load(tc, "good ed25519");
	watch.only = NULL;
	split(&r->tr, at);
	for (room = TRANSCRIPT_MAX - 1; room <= TRANSCRIPT_MAX + 1; room++) {
		tr.len = 0;
		append(&tr, r->tr.d, at[2]);
		append_message(&tr, 8, zero, room - r->tr.len +
		    number(r->tr.d + at[2] + 1, 3));
		append(&tr, r->tr.d + at[3], r->tr.len - at[3]);
		ATF_REQUIRE_EQ(room, tr.len);
		ATF_CHECK(!try(&pf, r->nonce, &tr, &r->verify));
		ATF_CHECK_STREQ(room <= TRANSCRIPT_MAX ? "bad signature" :
		    "oversized handshake", pf.flaw);
	}
	for (room = VERIFY_MAX; room <= VERIFY_MAX + 1; room++) {
		verify = r->verify;
		append(&verify, zero, room - verify.len);
		put_number(verify.d + 1, room - 4, 3);
		put_number(verify.d + 6, room - 8, 2);
		ATF_CHECK(!try(&pf, r->nonce, &r->tr, &verify));
		ATF_CHECK_STREQ(room <= VERIFY_MAX ? "bad signature" :
		    "oversized handshake", pf.flaw);
	}
}

ATF_TC(nonce__another);
ATF_TC_HEAD(nonce__another, tc)
{
	atf_tc_set_md_var(tc, "descr", "With any other nonce a genuine "
	    "handshake is refused, before the client table is asked");
}
ATF_TC_BODY(nonce__another, tc)
{
	struct proof pf;
	uint8_t nonce[NONCE_LEN];
	size_t i, j;

	load_lists(tc);
	for (i = 0; i < nrecords; i++) {
		for (j = 0; j < 8 * NONCE_LEN; j++) {
			memcpy(nonce, records[i].nonce, NONCE_LEN);
			nonce[j / 8] ^= (uint8_t)(1 << j % 8);
			ATF_CHECK(!try(&pf, nonce, &records[i].tr,
			    &records[i].verify));
			ATF_CHECK_STREQ("wrong nonce", pf.flaw);
			ATF_CHECK_EQ(0, watch.asked);
			ATF_CHECK_EQ(PROOF_KEY_NONE, pf.key);
		}
		for (j = 0; j < nrecords; j++)
			ATF_CHECK_EQ(i == j, try(&pf, records[j].nonce,
			    &records[i].tr, &records[i].verify));
	}
}

ATF_TC(key__unknown);
ATF_TC_HEAD(key__unknown, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Of a key that is not enrolled no byte is taken for a key");
}
ATF_TC_BODY(key__unknown, tc)
{
	struct proof pf;
	struct buf tr;
	uint8_t other[KEYID_LEN] = { 0 }, *spki;
	size_t i, j, len;

	load_lists(tc);
	for (i = 0; i < nrecords; i++) {
		watch.only = other;
		ATF_CHECK(!try(&pf, records[i].nonce, &records[i].tr,
		    &records[i].verify));
		ATF_CHECK_STREQ("unknown key", pf.flaw);
		ATF_CHECK_EQ(PROOF_KEY_UNKNOWN, pf.key);
		ATF_CHECK_EQ(0, memcmp(pf.keyid, records[i].keyid, KEYID_LEN));
		ATF_CHECK_EQ(1, watch.asked);
		ATF_CHECK_EQ(0, watch.verified);
		watch.only = records[i].keyid;
		tr = records[i].tr;
		spki = spki_at(&tr, &len);
		for (j = 0; j < 8 * len; j++) {
			spki[j / 8] ^= (uint8_t)(1 << j % 8);
			ATF_CHECK(!try(&pf, records[i].nonce, &tr,
			    &records[i].verify));
			ATF_CHECK_STREQ("unknown key", pf.flaw);
			ATF_CHECK_EQ(0, watch.verified);
			spki[j / 8] ^= (uint8_t)(1 << j % 8);
		}
	}
}

/* A proof that is right in all but its signature, for this key. */
static void
show_key(struct proof *pf, const uint8_t *spki, size_t len)
{
	static const uint8_t verify[8] = "\x0f\0\0\x04\x08\x07";
	struct buf tr = { .len = 0 }, cv = { .len = 0 }, body = { .len = 0 };
	uint8_t hello[38] = "\x03\x03";
	uint8_t frame[7];

	append_message(&tr, 1, hello, 34);
	hello[36] = 0x01;
	hello[35] = 0x13;
	append_message(&tr, 2, hello, sizeof(hello));
	append_message(&tr, 8, "\0", 2);
	memset(frame, 0, sizeof(frame));
	put_number(frame + 1, len + 5, 3);
	put_number(frame + 4, len, 3);
	append(&body, frame, sizeof(frame));
	append(&body, spki, len);
	append(&body, "\0", 2);
	append_message(&tr, 11, body.d, body.len);
	append(&cv, verify, sizeof(verify));
	ATF_CHECK(!try(pf, hello + 2, &tr, &cv));
}

ATF_TC_WITHOUT_HEAD(keyid__vectors);
ATF_TC_BODY(keyid__vectors, tc)
{
	struct proof pf;
	uint8_t spki[1024], want[KEYID_LEN];
	size_t i, len;

	(void)tc;
	for (i = 0; i < sizeof(keyid_vectors) / sizeof(keyid_vectors[0]);
	    i++) {
		len = hex(keyid_vectors[i].spki, spki, sizeof(spki));
		ATF_REQUIRE_EQ(KEYID_LEN,
		    hex(keyid_vectors[i].keyid, want, sizeof(want)));
		show_key(&pf, spki, len);
		ATF_CHECK_STREQ("bad signature", pf.flaw);
		ATF_CHECK_EQ(0, memcmp(watch.asked_for, want, KEYID_LEN));
		ATF_CHECK_EQ(0, memcmp(pf.keyid, want, KEYID_LEN));
	}
	ATF_CHECK(i >= 6);
}

ATF_TC_WITHOUT_HEAD(keyid__of_nothing);
ATF_TC_BODY(keyid__of_nothing, tc)
{
	struct proof pf;
	uint8_t never[KEYID_LEN];

	(void)tc;
	hex(KEYID_NEVER, never, sizeof(never));
	show_key(&pf, never, 0);
	ATF_CHECK_STREQ("unknown key", pf.flaw);
	ATF_CHECK_EQ(0, memcmp(pf.keyid, never, KEYID_LEN));
	ATF_CHECK_EQ(0, watch.asked);
	ATF_CHECK_EQ(0, watch.verified);
}

ATF_TC_WITHOUT_HEAD(selftest__notices_a_wrong_check);
ATF_TC_BODY(selftest__notices_a_wrong_check, tc)
{
	(void)tc;
	ATF_CHECK_EQ(0, proof_selftest());
	watch.lie = 0;
	ATF_CHECK_EQ(-1, proof_selftest());
	watch.lie = 1;
	ATF_CHECK_EQ(-1, proof_selftest());
	watch.lie = -1;
	ATF_CHECK_EQ(0, proof_selftest());
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, genuine__ed25519);
	ATF_TP_ADD_TC(tp, genuine__ed448);
	ATF_TP_ADD_TC(tp, genuine__p256);
	ATF_TP_ADD_TC(tp, genuine__p384);
	ATF_TP_ADD_TC(tp, genuine__p521);
	ATF_TP_ADD_TC(tp, genuine__rsa2048);
	ATF_TP_ADD_TC(tp, genuine__rsa2048_sha384);
	ATF_TP_ADD_TC(tp, genuine__rsa3072_sha512);
	ATF_TP_ADD_TC(tp, genuine__rsa4096);
	ATF_TP_ADD_TC(tp, genuine__pss2048);
	ATF_TP_ADD_TC(tp, genuine__pss2048_sha384);
	ATF_TP_ADD_TC(tp, genuine__pss3072_sha512);
	ATF_TP_ADD_TC(tp, forged__with_private_key);
	ATF_TP_ADD_TC(tp, messages__reordered);
	ATF_TP_ADD_TC(tp, messages__dropped);
	ATF_TP_ADD_TC(tp, messages__repeated);
	ATF_TP_ADD_TC(tp, messages__added);
	ATF_TP_ADD_TC(tp, messages__cut);
	ATF_TP_ADD_TC(tp, messages__extended);
	ATF_TP_ADD_TC(tp, messages__other_length);
	ATF_TP_ADD_TC(tp, verify__other_length);
	ATF_TP_ADD_TC(tp, messages__at_the_limit);
	ATF_TP_ADD_TC(tp, nonce__another);
	ATF_TP_ADD_TC(tp, key__unknown);
	ATF_TP_ADD_TC(tp, keyid__vectors);
	ATF_TP_ADD_TC(tp, keyid__of_nothing);
	ATF_TP_ADD_TC(tp, selftest__notices_a_wrong_check);
	return atf_no_error();
}
