/* SPDX-License-Identifier: ISC */
/*
 * The kinds of change, how they are made, and what must have become of them.
 */
#include "change.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <atf-c.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

/* Clients by what they are in every ledger that a change begins with. */
enum { PLAIN, DISABLED, OWN_SECRET, OWN_TIMEOUT, FAILED, REMOVED };

#define KINDS 6			/* of clients; each sixth is of one */
#define STORM 4			/* clients disabled at once */
#define LOAD_DIR "load"
#define REFUSED "refused\n"

static struct drive_client *
one(struct drive *drive, unsigned int which)
{
	char name[64];
	struct drive_client *c;

	snprintf(name, sizeof name, "client%02u.example.org", which);
	c = drive_find(&drive->held, name);
	ATF_REQUIRE_MSG(c != NULL, "%s is not served", name);
	return c;
}

static void
disable(struct drive_client *c)
{
	c->f.flags &= ~(unsigned int)CLIENT_ENABLED;
	c->f.last_enabled_us = 0;
	c->f.expires_us = 0;
}

static int
act_disable(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	(void)conf;
	(void)steps;
	disable(one(drive, PLAIN));
	drive_save(drive, one(drive, PLAIN), 0, 1);
	return drive_wait(drive);
}

static int
act_enable(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	struct drive_client *c = one(drive, DISABLED);

	(void)conf;
	(void)steps;
	c->f.flags |= CLIENT_ENABLED;
	c->f.last_enabled_us = LONG_AGO_US + 77;
	c->f.expires_us = FAR_AHEAD_US;
	drive_save(drive, c, 0, 1);
	return drive_wait(drive);
}

static int
act_remove(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	struct drive_client *c = one(drive, PLAIN);

	(void)conf;
	(void)steps;
	drive_forget(drive, c);
	*c = drive->held.client[--drive->held.count];
	return drive_wait(drive);
}

static int
act_setting(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	struct drive_client *c = one(drive, PLAIN);

	(void)conf;
	(void)steps;
	strlcpy(c->text[DRIVE_CHECKER], "echo \"\\\n\t100%\"; true",
	    sizeof c->text[0]);
	c->f.timeout_ms = UINT64_C(1) << 40;
	c->f.flags &= ~(unsigned int)CLIENT_APPROVED_BY_DEFAULT;
	drive_save(drive, c, 0, 1);
	return drive_wait(drive);
}

static int
act_secret(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	struct drive_client *c = one(drive, PLAIN);

	(void)conf;
	(void)steps;
	memset(c->secret, 0xa5, sizeof c->secret);
	c->secret_len = sizeof c->secret;
	drive_save(drive, c, SET_SECRET, 1);
	return drive_wait(drive);
}

static void
check_ok(struct drive_client *c)
{
	c->f.last_checked_ok_us = LONG_AGO_US + 123456;
	c->f.last_checker_status = 0;
}

/* Such a one waits for others, and need not wait for long here. */
static int
act_checked_ok(struct drive *drive, const struct drive_set *conf,
    uint64_t steps)
{
	(void)conf;
	(void)steps;
	check_ok(one(drive, FAILED));
	drive_save(drive, one(drive, FAILED), 0, 0);
	return act_disable(drive, conf, steps);
}

static int
act_clean_end(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	(void)conf;
	(void)steps;
	check_ok(one(drive, FAILED));
	drive_save(drive, one(drive, FAILED), 0, 0);
	drive_hang_up(drive);
	return -1;
}

static int
act_storm(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	static const unsigned int order[STORM] = { PLAIN, FAILED, OWN_TIMEOUT,
		OWN_SECRET };
	uint64_t i;

	(void)conf;
	for (i = 0; i < steps; i++) {
		disable(one(drive, order[i]));
		drive_save(drive, one(drive, order[i]), 0, 1);
	}
	return drive_wait(drive);
}

static int
act_reload(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	(void)steps;
	return drive_merge(drive, conf);
}

static int
act_start_disabled(struct drive *drive, const struct drive_set *conf,
    uint64_t steps)
{
	size_t i;

	(void)steps;
	ATF_REQUIRE_EQ(conf->count, drive->held.count);
	for (i = 0; i < drive->held.count; i++)
		ATF_REQUIRE(!(drive->held.client[i].f.flags & CLIENT_ENABLED));
	return 0;
}

#define ADDED "runtime"

/* One that clients.conf does not have. */
static struct drive_client
make_added(const struct drive_set *conf)
{
	struct drive_client c = conf->client[PLAIN];

	strlcpy(c.text[DRIVE_NAME], ADDED, sizeof c.text[0]);
	memset(c.f.keyid, 0xdd, KEYID_LEN);
	memset(c.text[DRIVE_KEYID], 'd', (size_t)2 * KEYID_LEN);
	memset(c.secret, 0x77, c.secret_len);
	return c;
}

static int
act_add(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	const struct drive_client c = make_added(conf);

	(void)steps;
	return drive_add(drive, &c);
}

static int
act_remove_added(struct drive *drive, const struct drive_set *conf,
    uint64_t steps)
{
	struct drive_client *c = drive_find(&drive->held, ADDED);

	(void)conf;
	(void)steps;
	ATF_REQUIRE(c != NULL);
	drive_forget(drive, c);
	*c = drive->held.client[--drive->held.count];
	return drive_wait(drive);
}

/* It is done by starting. */
static int
act_start(struct drive *drive, const struct drive_set *conf, uint64_t steps)
{
	(void)drive;
	(void)conf;
	(void)steps;
	return 0;
}

static void
conf_change(struct drive_set *conf)
{
	conf->client[PLAIN].f.flags &= ~(unsigned int)CLIENT_ENABLED;
	conf->client[OWN_TIMEOUT].f.timeout_ms = 4242;
	memset(conf->client[OWN_SECRET].secret, 0x5a, DRIVE_SECRET);
}

static void
conf_add(struct drive_set *conf)
{
	struct drive_client *c = &conf->client[conf->count++];

	*c = conf->client[PLAIN];
	strlcpy(c->text[DRIVE_NAME], "added", sizeof c->text[0]);
	memset(c->f.keyid, 0xee, KEYID_LEN);
	memset(c->text[DRIVE_KEYID], 'e', (size_t)2 * KEYID_LEN);
}

/* One that was added at run time has a section, which is not quite it. */
static void
conf_take(struct drive_set *conf)
{
	conf_add(conf);
	strlcpy(conf->client[conf->count - 1].text[DRIVE_NAME], ADDED,
	    sizeof conf->client[0].text[0]);
}

static void
conf_remove(struct drive_set *conf)
{
	/* Whoever comes back has what clients.conf says of him. */
	conf->client[OWN_TIMEOUT] = conf->client[--conf->count];
}

#define RESTORE SETTING_RESTORE

const struct change changes[] = {
	{ "disable", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_SAVE, 0, MSG_SAVED,
	    NULL, act_disable },
	{ "enable", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_SAVE, 0, MSG_SAVED,
	    NULL, act_enable },
	{ "remove", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_FORGET, 0, MSG_SAVED,
	    NULL, act_remove },
	{ "setting", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_SAVE, 0, MSG_SAVED,
	    NULL, act_setting },
	{ "secret", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_SAVE, 0, MSG_SAVED,
	    NULL, act_secret },
	{ "checked_ok", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_SAVE, 0, MSG_SAVED,
	    NULL, act_checked_ok },
	{ "clean_end", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_SAVE, 0, TRACE_END,
	    NULL, act_clean_end },
	{ "storm", STORM, CHANGE_LEDGER_SOUND, RESTORE, MSG_SAVE, 0, MSG_SAVED,
	    NULL, act_storm },
	{ "conf_change", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_CONF_END, 1,
	    MSG_MERGED, conf_change, act_reload },
	{ "conf_add", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_CONF_END, 1,
	    MSG_MERGED, conf_add, act_reload },
	{ "conf_remove", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_CONF_END, 1,
	    MSG_MERGED, conf_remove, act_reload },
	{ "add", 1, CHANGE_LEDGER_SOUND, RESTORE, MSG_ADD, 0, MSG_ADDED,
	    NULL, act_add },
	{ "remove_added", 1, CHANGE_LEDGER_ADDED, RESTORE, MSG_FORGET, 0,
	    MSG_SAVED, NULL, act_remove_added },
	{ "conf_take", 1, CHANGE_LEDGER_ADDED, RESTORE, MSG_CONF_END, 1,
	    MSG_MERGED, conf_take, act_reload },
	{ "first", 1, CHANGE_LEDGER_NONE, RESTORE, MSG_CONF_END, 0,
	    MSG_MERGED, NULL, act_start },
	{ "no_restore", 1, CHANGE_LEDGER_SOUND, 0, MSG_CONF_END, 0,
	    MSG_MERGED, NULL, act_start },
	{ "start_disabled", 1, CHANGE_LEDGER_DAMAGED,
	    RESTORE | SETTING_START_DISABLED, MSG_CONF_END, 0,
	    MSG_MERGED, NULL, act_start_disabled },
};
const size_t changes_count = sizeof changes / sizeof changes[0];

/* A new directory, in which a server has run that has seen everything. */
static void
make_ledger(const struct drive_set *conf, int has_added)
{
	const struct drive_client added = make_added(conf);
	static struct drive drive;
	uint32_t i;

	ATF_REQUIRE_EQ(0, drive_start(&drive, CHANGE_DIR, RESTORE, NULL));
	ATF_REQUIRE_EQ(0, drive_merge(&drive, conf));
	for (i = 0; i < conf->count; i++) {
		struct drive_client *c = one(&drive, i);

		c->f.created_us = LONG_AGO_US + i;
		c->f.last_enabled_us = LONG_AGO_US + 1000 + i;
		c->f.last_checked_ok_us = LONG_AGO_US + 2000 + i;
		c->f.last_approval_request_us = LONG_AGO_US + 3000 + i;
		c->f.expires_us = FAR_AHEAD_US;
		c->f.last_checker_status = 0;
		if (i % KINDS == DISABLED)
			disable(c);
		if (i % KINDS == OWN_SECRET)
			c->secret[0] ^= 0xff;
		if (i % KINDS == OWN_TIMEOUT)
			c->f.timeout_ms = 1000000 + i;
		if (i % KINDS == FAILED)
			c->f.last_checker_status = 1;
		if (i % KINDS == REMOVED)
			drive_forget(&drive, c);
		else
			drive_save(&drive, c, i % KINDS == OWN_SECRET ?
			    SET_SECRET : 0, 0);
	}
	if (has_added)
		ATF_REQUIRE_EQ(0, drive_add(&drive, &added));
	drive_save(&drive, one(&drive, PLAIN), 0, 1);
	ATF_REQUIRE_EQ(0, drive_wait(&drive));
	ATF_REQUIRE_EQ(0, drive_end(&drive));
}

/* Spoil a byte of what only a damaged disk could have changed. */
static void
damage(struct view *view)
{
	struct view_file *file = &view->file[0];
	uint8_t *data;

	while (strcmp(file->name, CHANGE_LEDGER) != 0)
		file++;
	memcpy(&data, &file->data, sizeof data);
	data[file->len / 2] ^= 1;
}

void
stage_begin(const struct stage *stage, const struct trace_order *deed,
    struct drive *drive, struct result *result)
{
	const struct change *change = stage->change;
	struct trace_order order = *deed;

	memset(result, 0, sizeof *result);
	view_write(CHANGE_DIR, &stage->view[0], NULL);
	view_read(&result->before, CHANGE_DIR);
	order.dir = CHANGE_DIR;
	order.after = change->after;
	order.skip = change->skip;
	order.until = change->until;
	if (stage->steps > 1)
		order.until_seq = stage->steps;
	result->rc = drive_start(drive, CHANGE_DIR, change->flags, &order);
	if (result->rc == 0)
		result->rc = drive_merge(drive, &stage->conf);
	if (result->rc == 0)
		result->rc = change->act(drive, &stage->conf2, stage->steps);
	if (stage->steps > 1)
		result->told = drive->saved;
	else
		result->told = result->rc == 0;
	result->seq = drive->seq;
}

void
stage_end(const struct stage *stage, struct drive *drive,
    struct result *result)
{
	drive_end(drive);
	trace_end(drive->trace, &result->report);
	result->trace = drive->trace;
	result->status = result->report.status;
	ATF_REQUIRE_STREQ("", result->report.strange);
	if (stage->change->until == TRACE_END && result->status == 0)
		result->told = 1;
}

void
stage_play(const struct stage *stage, const struct trace_order *order,
    struct result *result)
{
	static struct drive drive;

	stage_begin(stage, order, &drive, result);
	stage_end(stage, &drive, result);
}

void
stage_forget(struct result *result)
{
	view_free(&result->before);
	trace_free(result->trace);
}

/*
 * Make so many steps, and hold that they leave their mark in the ledger, and
 * that who starts on it serves what the warden had.
 */
static void
learn_step(struct stage *stage, uint64_t step)
{
	static struct drive drive;
	const struct change *change = stage->change;
	const struct trace_order watch = { .deed = TRACE_WATCH };
	struct result result;
	char *before, *after, *held;

	view_write(CHANGE_DIR, &stage->view[step - 1], NULL);
	before = reader_text(CHANGE_DIR);
	stage->steps = step;
	stage_begin(stage, &watch, &drive, &result);
	stage_end(stage, &drive, &result);
	ATF_REQUIRE_EQ_MSG(0, result.status, "%s: status %#x", change->name,
	    (unsigned int)result.status);
	ATF_REQUIRE_EQ(step, result.told);
	stage_forget(&result);
	view_read(&stage->view[step], CHANGE_DIR);
	stage->text[step] = stage_load(stage, &stage->view[step]);

	after = reader_text(CHANGE_DIR);
	ATF_REQUIRE_MSG(strcmp(before, after) != 0, "%s is not in the ledger",
	    change->name);
	held = drive_tell(&drive.held);
	/* What is served with the new configuration comes first. */
	ATF_REQUIRE_MSG(strncmp(stage->text[step], held, strlen(held)) == 0,
	    "%s is not what is served after a restart", change->name);
	free(before);
	free(after);
	free(held);
}

void
stage_set(struct stage *stage, const struct change *change, size_t clients)
{
	const struct view nothing = { .files = 0 };
	uint64_t step;

	memset(stage, 0, sizeof *stage);
	stage->change = change;
	drive_conf(&stage->conf, clients);
	stage->conf2 = stage->conf;
	if (change->configure != NULL)
		change->configure(&stage->conf2);
	ATF_REQUIRE(mkdir(CHANGE_DIR, 0700) == 0 || errno == EEXIST);
	view_write(CHANGE_DIR, &nothing, NULL);
	if (change->before != CHANGE_LEDGER_NONE)
		make_ledger(&stage->conf,
		    change->before == CHANGE_LEDGER_ADDED);
	view_read(&stage->view[0], CHANGE_DIR);
	if (change->before == CHANGE_LEDGER_DAMAGED)
		damage(&stage->view[0]);
	stage->text[0] = stage_load(stage, &stage->view[0]);
	for (step = 1; step <= change->steps; step++)
		learn_step(stage, step);
}

void
stage_find(struct stage *stage, const char *name, size_t clients)
{
	size_t i;

	for (i = 0; strcmp(changes[i].name, name) != 0; i++)
		ATF_REQUIRE(i + 1 < changes_count);
	stage_set(stage, &changes[i], clients);
}

void
stage_clear(struct stage *stage)
{
	uint64_t step;

	for (step = 0; step <= stage->change->steps; step++) {
		view_free(&stage->view[step]);
		free(stage->text[step]);
	}
}

/* What one server serves that starts on this. */
static void
load_one(FILE *fp, const struct view *view, const struct drive_set *conf)
{
	static struct drive_set set;
	char *text;

	ATF_REQUIRE(mkdir(LOAD_DIR, 0700) == 0 || errno == EEXIST);
	view_write(LOAD_DIR, view, NULL);
	if (drive_load(&set, LOAD_DIR, conf) == -1) {
		fputs(REFUSED, fp);
		return;
	}
	text = drive_tell(&set);
	fputs(text, fp);
	free(text);
	/* Whoever has saved has put away what the one before has left. */
	ATF_CHECK_EQ(-1, access(LOAD_DIR "/" CHANGE_LEDGER ".new", F_OK));
}

char *
stage_load(const struct stage *stage, const struct view *view)
{
	char *text = NULL;
	size_t size;
	FILE *fp = open_memstream(&text, &size);

	ATF_REQUIRE(fp != NULL);
	load_one(fp, view, &stage->conf2);
	if (stage->change->configure != NULL)
		load_one(fp, view, &stage->conf);
	ATF_REQUIRE_EQ(0, fclose(fp));
	return text;
}

int
stage_keeps(const struct stage *stage, const struct view *view)
{
	const struct change *change = stage->change;
	const struct view_file *old = view_find(&stage->view[0],
	    CHANGE_LEDGER);
	size_t i;

	if (change->before == CHANGE_LEDGER_NONE ||
	    (change->before != CHANGE_LEDGER_DAMAGED &&
	    change->flags & SETTING_RESTORE))
		return 1;
	for (i = 0; i < view->files; i++) {
		if (view->file[i].len == old->len && memcmp(
		    view->file[i].data, old->data, old->len) == 0)
			return 1;
	}
	return 0;
}

const char *
stage_judge(const struct stage *stage, const struct view *view,
    uint64_t told)
{
	const char *wrong = NULL;
	char *text = stage_load(stage, view);
	uint64_t step = stage->change->steps;

	/* From the latest on: a change need not show in what is served. */
	while (step > 0 && strcmp(text, stage->text[step]) != 0)
		step--;
	if (strcmp(text, stage->text[step]) != 0)
		wrong = "is neither the old state nor the new one";
	else if (step < told)
		wrong = "is not what was told to be done";
	if (!stage_keeps(stage, view))
		wrong = "lacks the old ledger";
	free(text);
	return wrong;
}
