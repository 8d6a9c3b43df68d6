/* SPDX-License-Identifier: ISC */
/*
 * Who is served next.
 */
#include <sys/types.h>

#include <atf-c.h>

#include <string.h>

#include "queue.h"

static struct queue queue;

/* A waiting connection of source ${n}, told apart by its port. */
static void
put(struct conn *conn, uint8_t n, uint16_t port)
{
	uint8_t address[16] = { 0x20, n };
	struct limit_key key;

	memset(conn, 0, sizeof *conn);
	conn->port = port;
	limit_key_init(&key, address, 0);
	conn->source = queue_source(&queue, &key);
	ATF_REQUIRE(conn->source != NULL);
	queue_put(&queue, conn);
}

static uint16_t
take(void)
{
	return queue_next(&queue) == NULL ? 0 : queue_take(&queue)->port;
}

static void
done(struct conn *conn)
{
	queue_done(&queue, conn->source);
	queue_release(&queue, conn->source);
}

ATF_TC_WITHOUT_HEAD(source__first_come_first_served);
ATF_TC_BODY(source__first_come_first_served, tc)
{
	struct conn conns[3];
	int i;

	queue_init(&queue, 10);
	ATF_CHECK_EQ(NULL, queue_next(&queue));
	for (i = 0; i < 3; i++)
		put(&conns[i], 1, (uint16_t)(i + 1));
	ATF_CHECK_EQ(3, queue.len);
	for (i = 0; i < 3; i++)
		ATF_CHECK_EQ(i + 1, take());
	ATF_CHECK_EQ(0, queue.len);
	ATF_CHECK_EQ(NULL, queue_next(&queue));
	for (i = 0; i < 3; i++)
		done(&conns[i]);
	ATF_CHECK(RB_EMPTY(&queue.sources));
}

ATF_TC_WITHOUT_HEAD(source__takes_turns);
ATF_TC_BODY(source__takes_turns, tc)
{
	struct conn flood[4], one;
	int i;

	queue_init(&queue, 10);
	for (i = 0; i < 4; i++)
		put(&flood[i], 1, (uint16_t)(i + 1));
	put(&one, 2, 9);
	ATF_CHECK_EQ(1, take());
	ATF_CHECK_EQ(9, take());
	ATF_CHECK_EQ(2, take());
	ATF_CHECK_EQ(3, take());
	ATF_CHECK_EQ(4, take());
	for (i = 0; i < 4; i++)
		done(&flood[i]);
	done(&one);
	ATF_CHECK(RB_EMPTY(&queue.sources));
}

ATF_TC_WITHOUT_HEAD(source__fewest_at_work_first);
ATF_TC_BODY(source__fewest_at_work_first, tc)
{
	struct conn flood[5], one, other;
	int i;

	queue_init(&queue, 10);
	for (i = 0; i < 5; i++)
		put(&flood[i], 1, (uint16_t)(i + 1));
	ATF_CHECK_EQ(1, take());
	ATF_CHECK_EQ(2, take());
	put(&one, 2, 9);
	ATF_CHECK_EQ(9, take());
	put(&other, 2, 10);
	/* Source 2 has one at work, source 1 has two, then one ... */
	ATF_CHECK_EQ(10, take());
	done(&flood[0]);
	ATF_CHECK_EQ(3, take());
	done(&flood[1]);
	done(&flood[2]);
	ATF_CHECK_EQ(4, take());
	ATF_CHECK_EQ(5, take());
	ATF_CHECK_EQ(0, take());
	done(&flood[3]);
	done(&flood[4]);
	done(&one);
	done(&other);
	ATF_CHECK(RB_EMPTY(&queue.sources));
}

ATF_TC_WITHOUT_HEAD(source__at_its_ceiling);
ATF_TC_BODY(source__at_its_ceiling, tc)
{
	struct conn flood[4], one;
	int i;

	queue_init(&queue, 2);
	for (i = 0; i < 4; i++)
		put(&flood[i], 1, (uint16_t)(i + 1));
	put(&one, 2, 9);
	ATF_CHECK_EQ(1, take());
	ATF_CHECK_EQ(9, take());
	ATF_CHECK_EQ(2, take());
	/* Two are at work: the other two wait, whatever else is free. */
	ATF_CHECK_EQ(0, take());
	ATF_CHECK_EQ(2, queue.len);
	done(&flood[0]);
	ATF_CHECK_EQ(3, take());
	ATF_CHECK_EQ(0, take());
	done(&flood[1]);
	ATF_CHECK_EQ(4, take());
	done(&flood[2]);
	done(&flood[3]);
	done(&one);
	ATF_CHECK(RB_EMPTY(&queue.sources));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, source__first_come_first_served);
	ATF_TP_ADD_TC(tp, source__takes_turns);
	ATF_TP_ADD_TC(tp, source__fewest_at_work_first);
	ATF_TP_ADD_TC(tp, source__at_its_ceiling);
	return atf_no_error();
}
