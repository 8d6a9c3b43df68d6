/* SPDX-License-Identifier: ISC */
/*
 * password-agent: has mandos-client fetch the password, and answers the
 * questions of systemd with it.
 */
#ifndef AGENT_H
#define AGENT_H

#include <sys/types.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdint.h>

#include "locked.h"

#define QUESTION_MAX_LEN ((size_t)65536)	/* a longer file is none */

/* agent_question.c */

/* What is of interest in a question file. */
struct question {
	pid_t pid;		/* who asks */
	uint64_t not_after;	/* microseconds of CLOCK_MONOTONIC, or 0 */
	char socket[sizeof ((struct sockaddr_un *)0)->sun_path];
};

/*
 * question_parse(text, len, question): understand a file as systemd-ask-
 * password(1) writes it.  Returns NULL, or what is wrong with it.
 */
const char *question_parse(const char *, size_t, struct question *);

/* agent_client.c */

struct client {
	pid_t pid;
	int pidfd;
	int out;		/* what it prints */
};

struct client_settings {
	char *const *argv;
	const char *helper_dir;
	uid_t uid;		/* its real one */
	gid_t gid;
};

/*
 * client_start(settings, client): start mandos-client.  Returns 0, or -1 after
 * a message.
 */
int client_start(const struct client_settings *, struct client *);

/* agent_answer.c */

/*
 * answer_open(path): watch this directory.  Returns a descriptor that is
 * readable when something has happened to questions, or -1 with errno.
 */
int answer_open(const char *);

/* answer_changed(): read that descriptor. */
void answer_changed(void);

/* answer_is_any(): is there a question file, good or bad? */
int answer_is_any(void);

enum answer {
	ANSWER_DONE,		/* no question is left */
	ANSWER_LATER,		/* one could not be answered at the moment */
	ANSWER_FAILED		/* or not at all */
};

/*
 * answer_all(packet): send this to all who ask and have not got it yet, but
 * to nobody who has gone, has taken his question back, or asked for an answer
 * by a time that has passed.
 */
enum answer answer_all(const struct locked *);

/* answer_close(): forget the directory and its questions. */
void answer_close(void);

#endif
