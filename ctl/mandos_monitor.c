/* SPDX-License-Identifier: ISC */
/*
 * mandos-monitor: shows an administrator what a Mandos server's clients are
 * doing, and takes his orders.  It believes the bus no more than it has to,
 * and lets nothing through to the terminal that is not text.
 */
#include "tui.h"

#include <sys/types.h>

#include <err.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "tui_link.h"
#include "tui_screen.h"
#include "tui_time.h"

#define EXIT_USAGE 2
#define DRAW_MS 20		/* what comes meanwhile is drawn together */

struct tui tui;

static struct loop_timer draw_timer;
static struct loop_io keyboard = { .fd = -1 };
static char *failure;

void
tui_changed(void)
{
	if (draw_timer.due_ms == -1)
		loop_timer_set(&draw_timer, DRAW_MS);
}

static void
draw_due(struct loop_timer *timer)
{
	(void)timer;
	tui_draw();
}

void
tui_quit(void)
{
	loop_stop();
}

void
tui_fail(const char *reason)
{
	free(failure);
	if ((failure = strdup(reason)) == NULL)
		err(EXIT_FAILURE, "strdup");
	tui_quit();
}

static void say(int, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

static void
say(int is_bold, const char *format, va_list ap)
{
	char stamp[TIME_LEN], *text, *line;

	time_stamp(stamp, time_now());
	if (vasprintf(&text, format, ap) == -1 ||
	    asprintf(&line, "%s: %s", stamp, text) == -1)
		err(EXIT_FAILURE, "asprintf");
	evlog_add(tui.log, is_bold, line);
	free(line);
	free(text);
	tui_changed();
}

void
tui_say(int is_bold, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(is_bold, format, ap);
	va_end(ap);
}

void
tui_say_verbose(const char *format, ...)
{
	va_list ap;

	if (!tui.is_verbose)
		return;
	va_start(ap, format);
	say(0, format, ap);
	va_end(ap);
}

void
tui_tell(const char *text)
{
	evlog_add(tui.log, 1, text);
	tui_changed();
}

static void
keys_ready(struct loop_io *io, uint32_t events)
{
	(void)io;
	if (events & EPOLLIN)
		tui_keys();
	/* The terminal is gone: nobody will ever press a key. */
	if (events & (EPOLLHUP | EPOLLERR))
		tui_quit();
}

static void
signalled(int number)
{
	switch (number) {
	case SIGWINCH:
		screen_resized();
		tui_draw();
		break;
	case SIGTSTP:
		screen_suspend();
		tui_draw();
		break;
	case SIGCONT:
		/* Somebody else may have written there meanwhile. */
		screen_resized();
		screen_redraw();
		tui_draw();
		break;
	default:
		tui_quit();
	}
}

static void
run(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGTSTP, SIGCONT, SIGWINCH, 0 };

	tui_tell("Mandos Monitor version " PACKAGE_VERSION);
	tui_tell("q: Quit  ?: Help");
	loop_signals(numbers, signalled);
	if (loop_io_add(&keyboard, STDIN_FILENO, EPOLLIN, keys_ready,
	    NULL) == -1)
		fatal("epoll_ctl");
	tui_draw_init();
	tui_draw();
	loop_run();
}

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: mandos-monitor [-hv]\n");
}

static void
read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "hv", longs, NULL)) != -1)
		switch (c) {
		case 'h':
			print_usage(stdout);
			printf("\n"
			    "Watch and control the clients of a Mandos "
			    "server.\n"
			    "\n"
			    "  -h, --help     print this and exit\n"
			    "  -v, --version  print the version and exit\n");
			exit(fflush(stdout) == EOF);
		case 'v':
			printf("mandos-monitor %s\n", PACKAGE_VERSION);
			exit(fflush(stdout) == EOF);
		default:
			print_usage(stderr);
			exit(EXIT_USAGE);
		}
	if (optind < argc) {
		fprintf(stderr, "mandos-monitor: %s: there is nothing to be "
		    "named\n", argv[optind]);
		print_usage(stderr);
		exit(EXIT_USAGE);
	}
}

int
main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	read_options(argc, argv);
	log_open("mandos-monitor", LOG_WARNING);
	tui.model = model_new();
	tui.log = evlog_new();
	loop_init();
	loop_timer_init(&draw_timer, draw_due, NULL);
	event_init();
	if (link_open() == -1 || screen_open() == -1)
		return EXIT_FAILURE;
	run();
	screen_close();
	link_close();
	model_free(tui.model);
	evlog_free(tui.log);
	if (failure == NULL)
		return EXIT_SUCCESS;
	fprintf(stderr, "mandos-monitor: %s\n", failure);
	free(failure);
	return EXIT_FAILURE;
}
