/* SPDX-License-Identifier: ISC */
/*
 * The ends of mandos-state's channels that the tests hold.
 */
#include "kit.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atf-c.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

static uint8_t tail[131072];
static size_t used;

static void
put(const char *string)
{
	ATF_REQUIRE_EQ(0, tail_put(tail, sizeof tail, &used, string,
	    strlen(string)));
}

void
kit_start(struct kit *kit, const char *dir, uint32_t flags)
{
	struct msg_state_open m = { .flags = flags, .log_level = LOG_DEBUG };
	int fds[2], log;

	memset(kit, 0, sizeof *kit);
	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE((kit->pid = fork()) != -1);
	if (kit->pid == 0) {
		log = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (log == -1 || dup2(log, STDERR_FILENO) == -1 ||
		    dup2(fds[1], CHAN_FD) == -1)
			_exit(126);
		execl(PROGRAM, "mandos-state", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	chan_init(&kit->chan, fds[0], PROC_WARDEN, PROC_STATE, PHASE_BOOT);
	used = 0;
	put(dir);
	ATF_REQUIRE_EQ(0, chan_send(&kit->chan, MSG_STATE_OPEN, &m, tail, used,
	    -1));
}

void
kit_open(struct kit *kit, const char *dir, uint32_t flags)
{
	struct kit_msg msg;

	kit_start(kit, dir, flags);
	kit_expect(kit, &msg, MSG_OPENED);
	kit->chan.phase = PHASE_RUN;
}

/* What comes from mandos-state has strings in ENROLLED only. */
static void
get_strings(struct kit_msg *out, const struct msg *msg)
{
	const uint8_t *p = msg->tail;
	size_t left = msg->tail_len, i, count = CLIENT_STRINGS;

	if (out->u.enrolled.set & SET_SECRET)
		count++;
	for (i = 0; i < count; i++)
		ATF_REQUIRE_EQ(0, tail_get_text(&p, &left, left,
		    &out->strings[i]));
	ATF_REQUIRE_EQ(0, left);
}

int
kit_get(struct kit *kit, struct kit_msg *out, int ms)
{
	struct msg msg;
	const char *flaw;

	memset(out, 0, sizeof *out);
	if (chan_recv_wait(&kit->chan, &msg, ms) != 1)
		return 0;
	flaw = msg_check(&kit->chan, &msg);
	ATF_REQUIRE_MSG(flaw == NULL, "%s: %s", msg_name(msg.type), flaw);
	out->type = msg.type;
	memcpy(&out->u, msg.body, msg_rules[msg.type].fixed);
	if (msg.type == MSG_ENROLLED)
		get_strings(out, &msg);
	msg_free(&msg);
	return 1;
}

void
kit_expect(struct kit *kit, struct kit_msg *out, enum msg_type type)
{
	ATF_REQUIRE_MSG(kit_get(kit, out, KIT_MS), "no %s comes",
	    msg_name(type));
	ATF_REQUIRE_MSG(out->type == (uint32_t)type, "%s comes, not %s",
	    msg_name(out->type), msg_name(type));
}

static struct client_fields
put_client(const struct kit_client *client)
{
	struct client_fields f = {
		.flags = CLIENT_APPROVED_BY_DEFAULT |
		    (client->disabled ? 0 : CLIENT_ENABLED),
		.timeout_ms = client->timeout_ms != 0 ? client->timeout_ms :
		    300000,
		.extended_timeout_ms = 900000,
		.interval_ms = 120000,
		.approval_duration_ms = 1000
	};

	used = 0;
	put(client->name);
	put(client->host != NULL ? client->host : "");
	put(client->checker != NULL ? client->checker : "true");
	put(client->key_id != NULL ? client->key_id : "");
	put("");
	put(client->secret != NULL ? client->secret : "secret");
	return f;
}

static void
send_client(struct chan *chan, const struct kit_client *client)
{
	struct msg_client m = { .f = put_client(client) };

	/* It may have heard enough. */
	ATF_REQUIRE(chan_send(chan, MSG_CLIENT, &m, tail, used, -1) == 0 ||
	    errno == EPIPE);
}

void
kit_merge(struct kit *kit, const struct kit_client *clients, size_t count,
    uint32_t said)
{
	struct msg_conf_end end = { .clients = said };
	struct msg_merge m = { 0 };
	struct chan chan;
	int fds[2];
	size_t i;

	ATF_REQUIRE_EQ(0, chan_pair(fds));
	ATF_REQUIRE_EQ(0, chan_send(&kit->chan, MSG_MERGE, &m, NULL, 0,
	    fds[1]));
	close(fds[1]);
	chan_init(&chan, fds[0], PROC_CONF, PROC_STATE, PHASE_READING);
	for (i = 0; i < count; i++)
		send_client(&chan, &clients[i]);
	ATF_REQUIRE(chan_send(&chan, MSG_CONF_END, &end, NULL, 0, -1) == 0 ||
	    errno == EPIPE);
	chan_close(&chan);
}

void
kit_begin(struct kit *kit, const struct kit_client *client,
    struct kit_msg *enrolled)
{
	struct kit_msg msg;

	kit_merge(kit, client, 1, 1);
	kit_expect(kit, enrolled, MSG_ENROLLED);
	kit_expect(kit, &msg, MSG_MERGED);
	ATF_REQUIRE_EQ(0, msg.u.merged.refused);
}

void
kit_save(struct kit *kit, const struct kit_msg *enrolled, int urgent,
    const char *secret)
{
	struct msg_save m = { .f = enrolled->u.enrolled.f, .seq = ++kit->seq,
		.urgent = urgent != 0, .set = secret != NULL ? SET_SECRET : 0
	};
	size_t i;

	used = 0;
	for (i = 0; i < CLIENT_STRINGS; i++)
		put(enrolled->strings[i]);
	if (secret != NULL)
		put(secret);
	ATF_REQUIRE_EQ(0, chan_send(&kit->chan, MSG_SAVE, &m, tail, used, -1));
}

void
kit_forget(struct kit *kit, uint32_t number)
{
	struct msg_forget m = { .seq = ++kit->seq, .number = number };

	ATF_REQUIRE_EQ(0, chan_send(&kit->chan, MSG_FORGET, &m, NULL, 0, -1));
}

void
kit_add(struct kit *kit, const struct kit_client *client)
{
	struct msg_add m = { .f = put_client(client), .seq = ++kit->adds };

	ATF_REQUIRE_EQ(0, chan_send(&kit->chan, MSG_ADD, &m, tail, used, -1));
}

uint32_t
kit_added(struct kit *kit, int error)
{
	struct kit_msg msg;

	do
		ATF_REQUIRE(kit_get(kit, &msg, KIT_MS));
	while (msg.type == MSG_SAVED);
	ATF_REQUIRE_EQ(MSG_ADDED, msg.type);
	ATF_CHECK_EQ(kit->adds, msg.u.added.seq);
	ATF_CHECK_EQ_MSG(error, (int)msg.u.added.error, "%s",
	    strerror((int)msg.u.added.error));
	ATF_CHECK_EQ(error == 0, msg.u.added.number != 0);
	return msg.u.added.number;
}

void
kit_saved(struct kit *kit, int error)
{
	struct kit_msg msg;

	do
		kit_expect(kit, &msg, MSG_SAVED);
	while (msg.u.saved.seq != kit->seq);
	ATF_REQUIRE_EQ(error, (int)msg.u.saved.error);
}

int
kit_wait(struct kit *kit)
{
	int status;

	ATF_REQUIRE_EQ(kit->pid, waitpid(kit->pid, &status, 0));
	chan_close(&kit->chan);
	ATF_REQUIRE_MSG(WIFEXITED(status), "ended by signal %d",
	    WTERMSIG(status));
	return WEXITSTATUS(status);
}

int
kit_end(struct kit *kit)
{
	ATF_REQUIRE_EQ(0, shutdown(kit->chan.fd, SHUT_WR));
	return kit_wait(kit);
}

char *
kit_file(const char *path, size_t *len)
{
	struct stat st;
	char *p;
	int fd = open(path, O_RDONLY);

	ATF_REQUIRE_MSG(fd != -1 && fstat(fd, &st) == 0, "%s", path);
	*len = (size_t)st.st_size;
	ATF_REQUIRE((p = calloc(1, *len + 1)) != NULL);
	ATF_REQUIRE_EQ(st.st_size, read(fd, p, *len));
	close(fd);
	return p;
}

int
kit_logged(const char *text)
{
	size_t len;
	char *p = kit_file("log", &len);
	int found = strstr(p, text) != NULL;

	if (!found)
		printf("the log is:\n%s", p);
	free(p);
	return found;
}

int
kit_saved_text(const char *text)
{
	size_t len;
	char *p = kit_file(KIT_LEDGER, &len);
	int found = strstr(p, text) != NULL;

	free(p);
	return found;
}

int64_t
kit_now(void)
{
	struct timespec ts;

	ATF_REQUIRE_EQ(0, clock_gettime(CLOCK_REALTIME, &ts));
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
