# SPDX-License-Identifier: ISC
# What a server says on its bus, as dbus-monitor writes it down; and whether
# two servers say the same.
#
# These have no order: the entries of a dictionary, for D-Bus; the names of
# the interfaces that are removed; and what happens to different clients, each
# of which has a stream of its own.  Times, names of connections and serial
# numbers are left out, and what our server says of itself on an object of its
# own, which no other has.  All else is compared.

import re
import subprocess

SERVER = 'se.recompile.Mandos'
BUS, OWN = '/org/freedesktop/DBus', '/org/openmandos'
HEAD = re.compile(r'(signal|method call) time=\S+ sender=(\S+) -> '
                  r'destination=.* serial=\d+ path=(\S+); interface=(\S+); '
                  r'member=(\S+)$')
OPEN = re.compile(r'(array \[|array of bytes \[|dict entry\(|struct \{)$')
CLOSE = {'[': ']', '(': ')', '{': '}'}
STAMP = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?')


def masked(text):
    return STAMP.sub('TIME', text)


def values(lines, end=None):
    """Take what comes before the line that is this end."""
    found = []
    while lines:
        text = re.sub('^variant +', 'variant ', lines.pop(0).strip())
        if text == end:
            break
        begin = re.match('(variant )?string "', text)
        if begin:
            # It may have line feeds.
            while lines and (text == begin[0] or not text.endswith('"')):
                text += '\n' + lines.pop(0)
            found.append(masked(text))
        elif OPEN.search(text):
            items = values(lines, CLOSE[text[-1]])
            if items and items[0][0] == 'dict entry(':
                items.sort(key=str)
            found.append((text, *items))
        else:
            found.append(text)
    return found


class Event:
    """A signal or a call."""

    def __init__(self, lines):
        self.kind, self.sender, self.path, self.interface, self.member = \
            HEAD.match(lines[0]).groups()
        self.args = values([line.rstrip('\n') for line in lines[1:]])
        if self.member == 'InterfacesRemoved':
            self.args = [self.args[0], sorted(self.args[1])]
        # Whose event it is: the object's, or his of whom the root speaks.
        self.client = self.path
        about = re.match('object path "(.*)"', str((self.args or [''])[0]))
        if self.path == '/' and about:
            self.client = about[1]

    def __str__(self):
        return f'{self.path} {self.interface}.{self.member} {self.args}'


class Trace:
    """The events on a bus from here on, also in the file at this path."""

    def __init__(self, address, path):
        with open(path, 'w') as out:
            self.monitor = subprocess.Popen(
                ['dbus-monitor', '--address', address,
                 f"type='signal',sender='{SERVER}'", "type='method_call'"],
                stdout=out)
        self.file = open(path)
        self.whole = []
        self.last = []			# the lines of one that may go on

    def events(self):
        """All of them; the rest of the last one may be on its way."""
        lines = (''.join(self.last) + self.file.read()).splitlines(True)
        heads = [n for n, line in enumerate(lines) if HEAD.match(line)]
        for begin, end in zip(heads, heads[1:]):
            self.whole.append(Event(lines[begin:end]))
        self.last = lines[heads[-1]:] if heads else lines
        return self.whole + [Event(self.last)] if heads else []

    def signals(self):
        """What the server says, in order."""
        return [e for e in self.events() if e.kind == 'signal' and
                e.path not in (BUS, OWN)]

    def streams(self):
        """What is said of each client, in order."""
        streams = {}
        for e in self.signals():
            streams.setdefault(e.client, []).append(str(e))
        return streams

    def calls(self):
        """What the server is called for, in order."""
        return [e for e in self.events() if e.kind == 'method call' and
                e.path != BUS]

    def end(self):
        self.monitor.terminate()
        self.monitor.wait()


def difference(ours, theirs):
    """The first between two lists, in words; None if there is none."""
    for n in range(max(len(ours), len(theirs))):
        have = ours[n] if n < len(ours) else 'nothing'
        want = theirs[n] if n < len(theirs) else 'nothing'
        if have != want:
            return f'number {n} is\n{have}\nand Debian\'s\n{want}'
    return None


def streams_differ(ours, theirs):
    """The same of two dictionaries of lists."""
    for name in sorted(set(ours) | set(theirs)):
        what = difference(ours.get(name, []), theirs.get(name, []))
        if what:
            return f'{name}: {what}'
    return None
