# SPDX-License-Identifier: ISC
# Debian's server and ours, in the directory and on the host that pair.sh has
# made; what is done, is done to both.

import os
import signal
import subprocess
import sys
import time

import dbus
import dbus.bus

import bustrace

OURS, FETCHER, OUR_PORT, THEIR_PORT, SLOWER = sys.argv[1:6]
HERE = os.getcwd()
ADMIN = ['--foreground', '--no-zeroconf', '--configdir', HERE + '/etc']
PROGRAMS = {
    'ours': [OURS, '--debuglevel', 'DEBUG', '--port', OUR_PORT],
    'theirs': ['/usr/sbin/mandos', '--port', THEIR_PORT],
}
PORTS = {'ours': OUR_PORT, 'theirs': THEIR_PORT}
PATIENCE = 20 * int(SLOWER)


def wait_for(condition, what):
    """Until it is true; what it then is."""
    end = time.monotonic() + PATIENCE
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f'in vain waited for {what}'
        time.sleep(0.02)


def plain(value):
    """A value of D-Bus as Python's own, without times."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, str):
        return (type(value).__name__, bustrace.masked(value))
    return (type(value).__name__, int(value))


def flattened(values, path=''):
    """Nested dictionaries as one."""
    for name, value in values.items():
        yield f'{path} {name}', type(value).__name__
        if isinstance(value, dict):
            yield from flattened(value, f'{path} {name}')
        else:
            yield f'{path} {name}', value


class Server:
    """One of the two."""

    def __init__(self, name):
        self.name = name
        self.address = f'unix:path={HERE}/{name}'
        self.env = dict(os.environ, LC_ALL='C.UTF-8',
                        DBUS_SYSTEM_BUS_ADDRESS=self.address)
        self.trace = bustrace.Trace(self.address, name + '.trace')
        wait_for(lambda: os.path.getsize(name + '.trace'), 'dbus-monitor')
        with open(name + '.log', 'w') as log:
            self.process = subprocess.Popen(
                ['./at_server'] + PROGRAMS[name] + ADMIN +
                ['--statedir', f'{HERE}/{name}.state'],
                env=self.env, stdout=log, stderr=log)
        self.bus = dbus.bus.BusConnection(self.address)
        wait_for(self.answers, name)

    def answers(self):
        assert self.process.poll() is None, self.name
        listening = subprocess.run(
            ['./at_server', 'ss', '-Hltn', 'sport = :' + PORTS[self.name]],
            capture_output=True)
        try:
            return listening.stdout and self.objects()
        except dbus.DBusException:
            return None

    def objects(self):
        """All that it says when asked for all."""
        return plain(self.bus.call_blocking(
            bustrace.SERVER, '/', 'org.freedesktop.DBus.ObjectManager',
            'GetManagedObjects', '', ()))

    def value(self, client, name):
        """One property."""
        return self.objects()['/clients/' + client][
            bustrace.SERVER + '.Client'][name]

    def ctl(self, argv):
        """Start Debian's mandos-ctl."""
        return subprocess.Popen(['mandos-ctl'] + argv, env=self.env,
                                stdin=subprocess.PIPE, text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def asks(self, name):
        """A client begins to ask, and may have to wait.  In the end it does
        not hang up at once: with Debian's server the last word on a
        connection, that no approval is pending any more, could be lost."""
        return subprocess.Popen(
            ['./at_server', FETCHER, '-k', name + '.key', '-u', name + '.pub',
             '-p', PORTS[self.name], '-t', str(PATIENCE * 1000),
             '-w', '700'], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self):
        """Have it end by itself; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Pair:
    """Both, with nothing said of them yet but that they have begun."""

    def __init__(self):
        self.servers = [Server('ours'), Server('theirs')]

    def differ(self, idle):
        """What differs in what is seen and was heard, or None."""
        ours, theirs = self.servers
        seen = [s.objects() for s in self.servers]
        if seen[0] != seen[1]:
            flat = [dict(flattened(values)) for values in seen]
            return bustrace.difference(*[
                [(k, v) for k, v in sorted(f.items())
                 if flat[0].get(k) != flat[1].get(k)] for f in flat])
        if idle and any(o[bustrace.SERVER + '.Client']['CheckerRunning'][1]
                        for o in seen[0].values()):
            return 'a checker runs'
        return bustrace.streams_differ(ours.trace.streams(),
                                       theirs.trace.streams())

    def agree(self, what, idle=False):
        """Hold that they soon do, with no checker running if told so."""
        end = time.monotonic() + PATIENCE
        while True:
            wrong = self.differ(idle)
            if wrong is None:
                return
            assert time.monotonic() < end, f'{what}: {wrong}'
            time.sleep(0.05)

    def ctl(self, *argv):
        """Run it for both, to its end: status, output and complaints."""
        runs = [s.ctl(list(argv)) for s in self.servers]
        ended = [run.communicate('typed', timeout=PATIENCE) for run in runs]
        return [(run.returncode, *map(bustrace.masked, texts))
                for run, texts in zip(runs, ended)]

    def order(self, *argv):
        """The same, and that is all right with both."""
        for result in self.ctl(*argv):
            assert result == (0, '', ''), (argv, result)

    def gives(self, secret, *names):
        """Each of these clients asks both, and gets this."""
        for name in names:
            self.given(secret, [s.asks(name) for s in self.servers])

    def given(self, secret, askers):
        for asker in askers:
            texts = asker.communicate(timeout=PATIENCE)
            assert (asker.returncode, *texts) == (0, secret, 'ok\n'), texts
