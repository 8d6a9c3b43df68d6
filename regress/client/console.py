# SPDX-License-Identifier: ISC
"""console.py [-C] STEP... -- COMMAND...

Run a command with a terminal of its own as standard input and standard error,
as a console is in an initial RAM disk; with -C it is its controlling terminal,
too.  Steps are taken one after the other, each within 20 seconds:

	see=TEXT	TEXT is shown, after what was waited for before
	hidden, shown	what is typed is not shown, or it is
	type=TEXT	somebody types it
	asleep=NAME	a process of that name, started by it, waits
	file=NAME	a file of that name is there
	make=NAME	a file of that name is made
	kill=NAME	the command gets this signal
	hang-up		the terminal goes away
	exit=N		it ends with this status
	signal=NAME	it ends by this signal

\\n, \\t, \\0 and \\xNN in a TEXT are what they are in C.  At the end the echo
has to be on, and the screen is printed to standard error, what the command has
printed to standard output.  A step that fails ends it with status 1, and so
does a command that is still there.
"""
import codecs
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

PATIENCE = 20


class Failure(Exception):
    pass


def sleeps_below(pid, name):
    """Tell whether a descendant of that name sleeps."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
            below = [int(child) for child in children.read().split()]
        with open("/proc/%d/stat" % pid) as stat:
            comm, _, rest = stat.read().partition("(")[2].rpartition(") ")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return comm == name and rest[0] == "S" or \
        any(sleeps_below(child, name) for child in below)


class Console:
    def __init__(self, command, controlling):
        self.master, self.slave = pty.openpty()
        self.screen = b""
        self.seen = 0
        self.status = None
        read, write = os.pipe()
        self.out = read
        self.printed = b""

        def start():
            os.setsid()
            if controlling:
                os.close(os.open(os.ttyname(0), os.O_RDWR))

        self.process = subprocess.Popen(command, stdin=self.slave,
                                        stdout=write, stderr=self.slave,
                                        preexec_fn=start)
        os.close(write)

    def pump(self, seconds):
        """Take what has been shown and printed."""
        fds = [fd for fd in (self.master, self.out) if fd != -1]
        for fd in select.select(fds, [], [], seconds)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if fd == self.master:
                self.screen += data
            else:
                self.printed += data
            if not data:
                os.close(fd)
                if fd == self.master:
                    self.master = -1
                else:
                    self.out = -1

    def until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise Failure("in vain waited for: " + what)
            self.pump(0.02)

    def see(self, text):
        def is_shown():
            at = self.screen.find(text, self.seen)
            if at != -1:
                self.seen = at + len(text)
            return at != -1
        self.until(repr(text), is_shown)

    def echoes(self):
        return termios.tcgetattr(self.slave)[3] & termios.ECHO != 0

    def has_ended(self):
        if self.status is None:
            self.status = self.process.poll()
        return self.status is not None

    def ended(self, status):
        self.until("the end", self.has_ended)
        if self.status != status:
            raise Failure("ended with %d, not %d" % (self.status, status))

    def step(self, name, value):
        if name == "see":
            self.see(value)
        elif name == "hidden":
            self.until(name, lambda: not self.echoes())
        elif name == "shown":
            self.until(name, self.echoes)
        elif name == "type":
            os.write(self.master, value)
        elif name == "asleep":
            self.until(name, lambda: sleeps_below(self.process.pid,
                                                  value.decode()))
        elif name == "file":
            self.until("a file", lambda: os.path.exists(value))
        elif name == "make":
            open(value, "w").close()
        elif name == "kill":
            self.process.send_signal(getattr(signal, "SIG" + value.decode()))
        elif name == "hang-up":
            os.close(self.slave)
            os.close(self.master)
            self.slave = self.master = -1
        elif name == "exit":
            self.ended(int(value))
        elif name == "signal":
            self.ended(-getattr(signal, "SIG" + value.decode()))
        else:
            raise Failure("no such step: " + name)

    def finish(self):
        """What is there still, when the command has ended."""
        if not self.has_ended():
            raise Failure("the command is still there")
        self.until("the end of the output", lambda: self.out == -1)
        if self.slave != -1:
            if not self.echoes():
                raise Failure("the echo is off")
            os.close(self.slave)
            self.until("the end of the screen", lambda: self.master == -1)


def main(args):
    controlling = args[:1] == ["-C"]
    if controlling:
        args = args[1:]
    end = args.index("--")
    console = Console(args[end + 1:], controlling)
    status = 0
    try:
        for step in args[:end]:
            name, _, value = step.partition("=")
            console.step(name, codecs.escape_decode(value.encode())[0])
        console.finish()
    except Failure as failure:
        print("console.py: %s" % failure, file=sys.stderr)
        status = 1
        console.process.kill()
    sys.stderr.write(console.screen.decode(errors="replace")
                     .replace("\r\n", "\n"))
    sys.stdout.buffer.write(console.printed)
    return status


sys.exit(main(sys.argv[1:]))
