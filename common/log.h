/* SPDX-License-Identifier: ISC */
/*
 * One line per event, in one write(2), to descriptor 2: with a <N> priority
 * prefix as sd-daemon(3) describes it, or, for a daemon, as the datagram that
 * /dev/log takes (descriptor 2 is then a socket connected to it).  Control
 * characters in a line are written as \xNN: no text from outside makes a line
 * of its own.  A process that has been taken over can write what it likes; of
 * syslogd's sockets, those of netd, checkerd and busd are their own.  errno is
 * kept.  Never pass a secret, and never raw bytes of a peer.
 */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <syslog.h>

/*
 * log_open(name, level): name this process in every line, and drop lines less
 * urgent than ${level}, a syslog(3) number.  ${name} is kept, not copied.
 */
void log_open(const char *, int);

/*
 * log_to_syslog(): lines are datagrams for /dev/log from now on: facility
 * daemon, "Mandos [pid]: LEVEL: text" and a NUL.  Descriptor 2 must be one.
 */
void log_to_syslog(void);

/*
 * log_connect(): make descriptor 2 a datagram socket connected to /dev/log.
 * Returns 0, or -1 with errno.  For the parent, and for workers that get one of
 * their own from it; others inherit its descriptor.  All are told by argument.
 */
int log_connect(void);

/*
 * log_service(name): the server's service name is this, and lines for
 * /dev/log say so, unless it is the usual one.  ${name} is kept, not copied.
 */
void log_service(const char *);

/* log_level(): the level given to log_open. */
int log_level(void);

/* With ": strerror(errno)" at the end: log_warn, fatal.  Others: without. */
void log_alertx(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_errx(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * log_record(fmt, ...): a line of the record, at level notice whatever the
 * level is that was asked for.
 */
void log_record(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Log at level critical and end the process with status 1. */
void fatal(const char *, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void fatalx(const char *, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* fatalx with another exit status, one of sysexits(3). */
void fatalx_status(int, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/*
 * log_line(level, error, name, fmt, ap): write one line of process ${name},
 * with what errno ${error} means at its end unless that is 0.  There are two
 * of it, and a program is linked with one.
 */
void log_line(int, int, const char *, const char *, va_list)
    __attribute__((format(printf, 4, 0)));

#endif
