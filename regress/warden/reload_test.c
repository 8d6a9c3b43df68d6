/* SPDX-License-Identifier: ISC */
/*
 * Administrators who want the configuration to be read again: what the parent
 * is asked, and who gets which of its answers.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <errno.h>
#include <string.h>

#include "house.h"

static const struct client_fields nobody;

static void
ask(struct house *h, uint64_t request)
{
	house_control(h, request, CONTROL_RELOAD, &nobody, 0);
}

/* The parent is asked, and no more than once. */
static void
asked(struct house *h)
{
	struct msg_reload m;

	house_next(&h->parent, MSG_RELOAD, &m, sizeof m);
	ATF_CHECK(house_silent(&h->parent));
}

static void
reloaded(struct house *h, enum reloaded result, const char *why)
{
	struct msg_reloaded m = { .result = result };

	house_say(&h->parent, MSG_RELOADED, &m, why, strlen(why));
}

static void
done(struct house *h, uint64_t request, uint32_t error, const char *why)
{
	struct msg_control_done m;

	house_next(&h->busd, MSG_CONTROL_DONE, &m, sizeof m);
	ATF_CHECK_EQ(request, m.request);
	ATF_CHECK_EQ(error, m.error);
	ATF_CHECK_EQ(strlen(why), house_tail_len);
	ATF_CHECK_EQ(0, memcmp(why, house_tail, house_tail_len));
}

ATF_TC_WITHOUT_HEAD(reload__answered);
ATF_TC_BODY(reload__answered, tc)
{
	struct house h;

	(void)tc;
	house_start(&h);
	house_busd(&h);
	ask(&h, 7);
	asked(&h);
	ATF_CHECK(house_silent(&h.busd));
	reloaded(&h, RELOADED_IN_FORCE, "");
	done(&h, 7, 0, "");
	ask(&h, 8);
	asked(&h);
	reloaded(&h, RELOADED_BAD, "file:1: bad");
	done(&h, 8, EINVAL, "file:1: bad");
	ask(&h, 9);
	asked(&h);
	reloaded(&h, RELOADED_NOT_TAKEN, "");
	done(&h, 9, EIO, "");
	house_stop(&h);
}

/* Who asks when it has begun may be about what it has not read. */
ATF_TC_WITHOUT_HEAD(reload__one_at_a_time);
ATF_TC_BODY(reload__one_at_a_time, tc)
{
	struct house h;
	uint64_t i;

	(void)tc;
	house_start(&h);
	house_busd(&h);
	ask(&h, 1);
	asked(&h);
	for (i = 2; i <= 100; i++)
		ask(&h, i);
	ATF_CHECK(house_silent(&h.parent));
	reloaded(&h, RELOADED_BAD, "old");
	done(&h, 1, EINVAL, "old");
	ATF_CHECK(house_silent(&h.busd));
	/* One is enough for all of them. */
	asked(&h);
	ask(&h, 101);
	ATF_CHECK(house_silent(&h.parent));
	reloaded(&h, RELOADED_IN_FORCE, "");
	for (i = 2; i <= 100; i++)
		done(&h, i, 0, "");
	ATF_CHECK(house_silent(&h.busd));
	asked(&h);
	reloaded(&h, RELOADED_IN_FORCE, "");
	done(&h, 101, 0, "");
	house_stop(&h);
}

/* Another busd hears nothing of what the last one wanted. */
ATF_TC_WITHOUT_HEAD(reload__busd_gone);
ATF_TC_BODY(reload__busd_gone, tc)
{
	struct msg_worker w;
	struct house h;

	(void)tc;
	house_start(&h);
	house_busd(&h);
	ask(&h, 1);
	asked(&h);
	ask(&h, 2);
	ATF_CHECK(house_silent(&h.parent));
	chan_close(&h.busd);
	house_until(&h.monitor, MSG_WORKER, &w, sizeof w);
	house_busd(&h);
	ask(&h, 1);
	reloaded(&h, RELOADED_BAD, "old");
	ATF_CHECK(house_silent(&h.busd));
	asked(&h);
	reloaded(&h, RELOADED_IN_FORCE, "");
	done(&h, 1, 0, "");
	ATF_CHECK(house_silent(&h.parent));
	house_stop(&h);
}

ATF_TC_WITHOUT_HEAD(reload__too_many);
ATF_TC_BODY(reload__too_many, tc)
{
	struct msg_worker w;
	struct house h;
	uint64_t i;

	(void)tc;
	house_start(&h);
	house_busd(&h);
	for (i = 1; i <= 4097; i++)
		ask(&h, i);
	house_until(&h.monitor, MSG_WORKER, &w, sizeof w);
	ATF_CHECK_EQ(PROC_BUSD, w.worker);
	ATF_CHECK_EQ(WORKER_BROKEN, w.news);
	/* It is nobody else's loss. */
	house_busd(&h);
	asked(&h);
	reloaded(&h, RELOADED_IN_FORCE, "");
	house_stop(&h);
}

/* A parent that says what nobody can mean is the end. */
ATF_TC_WITHOUT_HEAD(parent__broken);
ATF_TC_BODY(parent__broken, tc)
{
	struct house h;

	(void)tc;
	house_start(&h);
	reloaded(&h, RELOADED_IN_FORCE, "");
	house_dies(&h);
	house_start(&h);
	house_busd(&h);
	ask(&h, 1);
	asked(&h);
	reloaded(&h, RELOADED_MAX, "");
	house_dies(&h);
	house_start(&h);
	house_say(&h.parent, MSG_HALT, &(struct msg_halt){ 0 }, NULL, 0);
	house_dies(&h);
}

/* Without the parent the monitor ends, and the warden only then. */
ATF_TC_WITHOUT_HEAD(parent__gone);
ATF_TC_BODY(parent__gone, tc)
{
	struct house h;

	(void)tc;
	house_start(&h);
	house_busd(&h);
	chan_close(&h.parent);
	ask(&h, 1);
	ATF_CHECK(house_silent(&h.busd));
	house_stop(&h);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, reload__answered);
	ATF_TP_ADD_TC(tp, reload__one_at_a_time);
	ATF_TP_ADD_TC(tp, reload__busd_gone);
	ATF_TP_ADD_TC(tp, reload__too_many);
	ATF_TP_ADD_TC(tp, parent__broken);
	ATF_TP_ADD_TC(tp, parent__gone);
	return atf_no_error();
}
