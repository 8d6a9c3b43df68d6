/* SPDX-License-Identifier: ISC */
/*
 * Channels and the one check that every message passes.  Every process links
 * this; what it receives may come from a process that has been taken over, so
 * nothing here believes a length, a type or a descriptor.
 */
#include "msg.h"

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define TYPE_LEN sizeof(uint32_t)
#define PACKET_MAX (TYPE_LEN + 1024 + 131072)

/* No row is longer. */
#define FITS(NAME, name, from, phases, tail, fds, meaning)		\
	_Static_assert(TYPE_LEN + sizeof(struct msg_##name) + (tail) <=	\
	    PACKET_MAX, #NAME " is longer than a packet");
#define TO_MONITOR FITS
#define TO_PARENT FITS
#define TO_WARDEN FITS
#define TO_STATE FITS
#define TO_NETD FITS
#define TO_SESSION FITS
#define TO_CHECKERD FITS
#define TO_BUSD FITS
#include "msgs.def"

struct chan_out {
	STAILQ_ENTRY(chan_out) entry;
	int fd;
	size_t len;
	uint8_t packet[];
};

#define RULE(NAME, name, from, phases, tail, fds, meaning, to)		\
	[MSG_##NAME] = { #NAME, to, PROC_##from, phases,		\
	    sizeof(struct msg_##name), tail, fds, meaning },
#define TO_MONITOR(NAME, name, from, phases, tail, fds, meaning)	\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_MONITOR)
#define TO_PARENT(NAME, name, from, phases, tail, fds, meaning)		\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_PARENT)
#define TO_WARDEN(NAME, name, from, phases, tail, fds, meaning)		\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_WARDEN)
#define TO_STATE(NAME, name, from, phases, tail, fds, meaning)		\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_STATE)
#define TO_NETD(NAME, name, from, phases, tail, fds, meaning)		\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_NETD)
#define TO_SESSION(NAME, name, from, phases, tail, fds, meaning)	\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_SESSION)
#define TO_CHECKERD(NAME, name, from, phases, tail, fds, meaning)	\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_CHECKERD)
#define TO_BUSD(NAME, name, from, phases, tail, fds, meaning)		\
	RULE(NAME, name, from, phases, tail, fds, meaning, PROC_BUSD)

const struct msg_rule msg_rules[MSG_MAX_TYPE] = {
#include "msgs.def"
};

/* The one receive buffer; msg_free wipes what a message left in it. */
static uint8_t packet[PACKET_MAX];

void
chan_init(struct chan *chan, int fd, enum proc me, enum proc peer,
    enum phase phase)
{
	memset(chan, 0, sizeof *chan);
	chan->fd = fd;
	chan->me = me;
	chan->peer = peer;
	chan->phase = phase;
	chan->io.fd = -1;
	chan->most = CHAN_QUEUE_MAX;
	STAILQ_INIT(&chan->out);
}

int
chan_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
}

/* Take the first message off the queue, sent or not. */
static void
drop_first(struct chan *chan)
{
	struct chan_out *out = STAILQ_FIRST(&chan->out);

	STAILQ_REMOVE_HEAD(&chan->out, entry);
	chan->queued--;
	if (out->fd != -1)
		close(out->fd);
	freezero(out, sizeof *out + out->len);
}

void
chan_close(struct chan *chan)
{
	while (!STAILQ_EMPTY(&chan->out))
		drop_first(chan);
	loop_io_del(&chan->io);
	if (chan->fd != -1)
		close(chan->fd);
	chan->fd = -1;
}

static int
send_packet(struct chan *chan, struct iovec *iov, size_t count, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr hdr = { .msg_iov = iov, .msg_iovlen = count };
	struct cmsghdr *cmsg;
	int flags = MSG_NOSIGNAL;
	ssize_t n;

	if (fd != -1) {
		memset(&control, 0, sizeof control);
		hdr.msg_control = control.space;
		hdr.msg_controllen = sizeof control.space;
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	}
	if (chan->io.fd != -1)
		flags |= MSG_DONTWAIT;
	do
		n = sendmsg(chan->fd, &hdr, flags);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* Keep a copy for chan_flush. */
static int
queue_packet(struct chan *chan, const struct iovec *iov, size_t count, int fd)
{
	struct chan_out *out;
	size_t i, len = 0;

	if (chan->queued >= chan->most) {
		errno = ENOBUFS;
		return -1;
	}
	for (i = 0; i < count; i++)
		len += iov[i].iov_len;
	if ((out = calloc(1, sizeof *out + len)) == NULL)
		return -1;
	out->fd = -1;
	if (fd != -1 && (out->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1) {
		free(out);
		return -1;
	}
	for (i = 0; i < count; i++) {
		if (iov[i].iov_len > 0)
			memcpy(out->packet + out->len, iov[i].iov_base,
			    iov[i].iov_len);
		out->len += iov[i].iov_len;
	}
	STAILQ_INSERT_TAIL(&chan->out, out, entry);
	chan->queued++;
	loop_io_mod(&chan->io, chan->io.events | EPOLLOUT);
	return 0;
}

int
chan_send(struct chan *chan, enum msg_type type, const void *body,
    const void *tail, size_t tail_len, int fd)
{
	uint32_t number = type;
	struct iovec iov[3];

	/* sendmsg(2) only reads; iovec has no const. */
	iov[0].iov_base = &number;
	iov[0].iov_len = TYPE_LEN;
	memcpy(&iov[1].iov_base, &body, sizeof body);
	iov[1].iov_len = msg_rules[type].fixed;
	memcpy(&iov[2].iov_base, &tail, sizeof tail);
	iov[2].iov_len = tail_len;

	if (STAILQ_EMPTY(&chan->out)) {
		if (send_packet(chan, iov, 3, fd) == 0)
			return 0;
		if (errno != EAGAIN || chan->io.fd == -1)
			return -1;
	}
	return queue_packet(chan, iov, 3, fd);
}

int
chan_flush(struct chan *chan)
{
	struct chan_out *out;
	struct iovec iov;

	while ((out = STAILQ_FIRST(&chan->out)) != NULL) {
		iov.iov_base = out->packet;
		iov.iov_len = out->len;
		if (send_packet(chan, &iov, 1, out->fd) == -1)
			return errno == EAGAIN ? 0 : -1;
		drop_first(chan);
	}
	loop_io_mod(&chan->io, chan->io.events & ~(uint32_t)EPOLLOUT);
	return 0;
}

/* Keep the first descriptor that came, close any other. */
static void
collect_fds(struct msghdr *hdr, struct msg *msg)
{
	struct cmsghdr *cmsg;
	size_t i, count;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(hdr); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd, sizeof fd);
			if (msg->fd == -1) {
				msg->fd = fd;
				continue;
			}
			close(fd);
			msg->flaw = "more than one descriptor";
		}
	}
	if (hdr->msg_flags & MSG_CTRUNC)
		msg->flaw = "more than one descriptor";
}

static int
recv_packet(struct chan *chan, struct msg *msg, int flags)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = packet, .iov_len = sizeof packet };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	ssize_t n;

	memset(msg, 0, sizeof *msg);
	msg->type = MSG_MAX_TYPE;
	msg->fd = -1;
	do
		n = recvmsg(chan->fd, &hdr, flags | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	collect_fds(&hdr, msg);
	if (n == 0) {
		/* End of file, or an empty packet: the same to us. */
		msg_free(msg);
		errno = 0;
		return -1;
	}
	if (hdr.msg_flags & MSG_TRUNC)
		msg->flaw = "longer than any message";
	if ((size_t)n < TYPE_LEN) {
		msg->flaw = "shorter than any message";
		return 1;
	}
	memcpy(&msg->type, packet, TYPE_LEN);
	msg->body = packet + TYPE_LEN;
	msg->len = (size_t)n - TYPE_LEN;
	return 1;
}

int
chan_recv(struct chan *chan, struct msg *msg)
{
	return recv_packet(chan, msg, MSG_DONTWAIT);
}

int
chan_recv_wait(struct chan *chan, struct msg *msg, int ms)
{
	struct pollfd pfd = { .fd = chan->fd, .events = POLLIN };
	int n;

	if (ms >= 0) {
		if ((n = poll(&pfd, 1, ms)) == -1 && errno != EINTR)
			return -1;
		if (n <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return recv_packet(chan, msg, 0);
}

const char *
msg_check(const struct chan *chan, struct msg *msg)
{
	const struct msg_rule *rule;

	if (msg->flaw != NULL)
		return msg->flaw;
	if (msg->type >= MSG_MAX_TYPE)
		return "unknown type";
	rule = &msg_rules[msg->type];
	if (rule->to != chan->me)
		return "not meant for this process";
	if (rule->from != chan->peer)
		return "not for this sender";
	if (!(rule->phases & (unsigned int)chan->phase))
		return "out of order";
	if (msg->len < rule->fixed)
		return "too short";
	if (msg->len - rule->fixed > rule->tail)
		return "too long";
	if ((msg->fd != -1) != rule->fds)
		return rule->fds ? "descriptor missing" : "stray descriptor";
	msg->tail = msg->body + rule->fixed;
	msg->tail_len = msg->len - rule->fixed;
	return NULL;
}

int
msg_take_fd(struct msg *msg)
{
	int fd = msg->fd;

	msg->fd = -1;
	return fd;
}

void
msg_free(struct msg *msg)
{
	if (msg->fd != -1)
		close(msg->fd);
	msg->fd = -1;
	explicit_bzero(packet, TYPE_LEN + msg->len);
}

const char *
msg_name(uint32_t type)
{
	return type < MSG_MAX_TYPE ? msg_rules[type].name : "?";
}

int
tail_get(const uint8_t **p, size_t *left, size_t max, const uint8_t **bytes,
    size_t *len)
{
	uint32_t n;

	if (*left < sizeof n)
		return -1;
	memcpy(&n, *p, sizeof n);
	if (n > max || n > *left - sizeof n)
		return -1;
	*bytes = *p + sizeof n;
	*len = n;
	*p += sizeof n + n;
	*left -= sizeof n + n;
	return 0;
}

int
tail_get_text(const uint8_t **p, size_t *left, size_t max, char **text)
{
	const uint8_t *bytes;
	size_t len;

	if (tail_get(p, left, max, &bytes, &len) == -1 ||
	    memchr(bytes, '\0', len) != NULL ||
	    (*text = calloc(1, len + 1)) == NULL)
		return -1;
	memcpy(*text, bytes, len);
	return 0;
}

int
tail_put(uint8_t *buf, size_t size, size_t *used, const void *bytes,
    size_t len)
{
	uint32_t n = (uint32_t)len;

	if (len > UINT32_MAX || sizeof n > size - *used ||
	    len > size - *used - sizeof n)
		return -1;
	memcpy(buf + *used, &n, sizeof n);
	if (len > 0)
		memcpy(buf + *used + sizeof n, bytes, len);
	*used += sizeof n + len;
	return 0;
}
