# SPDX-License-Identifier: ISC
# compare.py CASE BUILD PID FETCHER: give the same command lines to four pairs
# of a tool and a server, and hold that the same comes out of all: standard
# output, exit status, the last line of complaint, and what the server then has
# of its clients.  PID is in the network namespace of the servers.

import concurrent.futures
import os
import re
import subprocess
import sys
import time

import dbus
import dbus.bus

CASE, BUILD, PID, FETCHER = sys.argv[1:]
OURS = os.path.join(BUILD, 'ctl', 'mandos-ctl')
THEIRS = '/usr/sbin/mandos-ctl'
NAME = 'se.recompile.Mandos'
CLIENT = NAME + '.Client'
STAMP = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?')
PATIENCE = 60
POOL = concurrent.futures.ThreadPoolExecutor(4)


class Pair:
    """A tool, and the server that it alone commands."""

    def __init__(self, name, tool, port):
        self.name, self.tool, self.port = name, tool, port
        self.address = f'unix:path={os.getcwd()}/{name}.bus'
        self.bus = dbus.bus.BusConnection(self.address)

    def properties(self):
        """Of each client; of a time, only whether there is one."""
        listing = self.bus.call_blocking(
            NAME, '/', 'org.freedesktop.DBus.ObjectManager',
            'GetManagedObjects', '', ())
        return {str(path): {str(k): STAMP.sub('TIME', str(v)) for k, v
                            in interfaces[CLIENT].items()}
                for path, interfaces in listing.items()
                if CLIENT in interfaces}

    def is_there(self):
        try:
            return len(self.properties()) == 4
        except dbus.DBusException:
            return False

    def run(self, argv, tool=None):
        p = subprocess.run(
            [tool or self.tool, *argv], input=b'typed', timeout=120,
            capture_output=True,
            env={**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': self.address})
        out, err = p.stdout.decode(), p.stderr.decode()
        if out.startswith('usage: '):
            out = 'help'
        elif out.startswith('mandos-ctl '):
            out = 'version'
        lines = err.splitlines() or ['']
        if 'Traceback' in err or 'the server refuses' in err or \
                'has no clients' in err or 'longer than' in err:
            # The last line is of Python's making, or ours instead of that.
            lines = ['failure']
        elif '--check' in argv:
            lines = lines[-1:]
        elif p.returncode == 2:
            assert 'usage: mandos-ctl ' in err, repr(err)
            lines = lines[-1:]
        return p.returncode, out, '\n'.join(lines)

    def fetch(self, name):
        p = subprocess.run(
            ['nsenter', '--target', PID, '--net', FETCHER, '-k',
             name + '.key', '-u', name + '.pub', '-p', str(self.port)],
            capture_output=True, timeout=60)
        return p.stdout


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f'in vain waited for {what}'
        time.sleep(0.1)


def start():
    found = []
    for name, tool, port in (
            ('ours', OURS, 4711), ('ours_theirs', THEIRS, 4712),
            ('debian_ours', OURS, 4713), ('debian', THEIRS, 4714)):
        pair = Pair(name, tool, port)
        wait_for(pair.is_there, name)
        found.append(pair)
    agree(found, 'the start')
    return found


def agree(pairs, what):
    """Hold that the servers have the same; what is under way may end."""
    end = time.monotonic() + PATIENCE
    while True:
        states = [p.properties() for p in pairs]
        if all(s == states[0] for s in states):
            return states[0]
        assert time.monotonic() < end, difference(pairs, states, what)
        time.sleep(0.1)


def difference(pairs, states, what):
    for pair, state in zip(pairs, states):
        for path in sorted({*state, *states[0]}):
            for name in sorted({*state.get(path, ()),
                                *states[0].get(path, ())}):
                one = states[0].get(path, {}).get(name)
                other = state.get(path, {}).get(name)
                if one != other:
                    return f'{what}: {name} of {path}: {pairs[0].name} ' \
                        f'has {one!r}, {pair.name} {other!r}'
    return what


def alike(result):
    """Times are never the same, and Debian's server has its clients in the
    order of a hash."""
    status, out, err = result
    lines = re.sub(' +', ' ', STAMP.sub('TIME', out)).splitlines()
    return status, sorted(line.rstrip(' ,') for line in lines), err


def same(pairs, argv):
    results = [alike(r) for r in POOL.map(lambda p: p.run(argv), pairs)]
    for pair, result in zip(pairs, results):
        assert result == results[0], \
            f'{argv}: {pairs[0].name} {results[0]!r}, {pair.name} {result!r}'
    agree(pairs, argv)
    print(len(results), argv, results[0][0], results[0][2])
    return results[0]


LISTS = [
    [], ['-v'], ['--verbose'], ['-j'], ['--dump-json'], ['baz'],
    ['baz', 'bar.example.org'], ['baz', 'baz'], ['-v', 'good', 'zulu'],
    ['-j', 'zulu'], ['--', 'baz'], ['baz', '--'], ['-v', '-v'], ['--verb'],
    ['--dump', 'good'], ['nosuch'], ['baz', 'nosuch'], ['Baz'], [''],
    ['-V', 'baz'], ['-V', '--all'], ['-aV'], ['--is-enabled', 'nosuch'],
    ['-V', '-V', 'baz'], ['--is', 'baz'], ['--debug', '-V', 'baz'],
    ['--debug', 'nosuch'], ['-h'], ['--help'], ['--version'], ['--vers'],
    ['--version', '-e'], ['--check'], ['--check', '-e']]

SECRET = b'another \0 secret\n'
CHANGES = [
    ['-d', 'baz'], ['-V', 'baz'], ['-j', 'baz'], ['-e', 'baz'],
    ['-V', 'baz'], ['--disable', '--all'], [], ['--enable', '--all'], [],
    ['-b', 'baz'], ['--bump-timeout', '-a'], ['--stop-checker', '-a'],
    ['--start-checker', 'baz'], ['--start-checker', 'baz', 'good'],
    ['--stop-checker', 'baz', 'good'], ['-c', 'sleep 3599', 'baz'],
    ['--checker=', 'good'], ['--checker', 'sleep %(host)s', 'baz'],
    ['-c', 'a', '-c', 'exec sleep 3598', 'baz', 'good'],
    ['-H', '192.0.2.9', 'baz'], ['--host=b \'q\' "ü"', 'good'], ['-v'],
    ['-j'], ['-H', '', 'good'], ['-t', 'PT2H', 'baz'],
    ['--timeout', '7200000', 'good'], ['--timeout=3h', 'zulu'],
    ['--time', 'P2D', 'zulu'], ['-t', '1d 12h', '-a'],
    ['--extended-timeout', 'PT1H', 'baz'], ['--extended-timeout=9', 'good'],
    ['--approval-delay', 'PT30S', 'baz'], ['--approval-delay=0', 'baz'],
    ['--approval-duration', 'PT90S', 'baz'], ['--approval-dur=x1h', 'good'],
    ['--deny-by-default', 'baz'], ['--approve-by-default', 'baz'],
    ['--deny-by-default', '--all'], ['--approve-by', '-a'],
    ['-i', 'P6D', 'baz'], ['--interval=P5D', 'good'],
    ['-A', 'baz'], ['--approve', '--all'], ['-D', 'baz'],
    ['--deny', '--all'], ['-e', '-t', 'P2D', '-H', 'x', 'baz'],
    ['-eb', 'baz'], ['-ebtP1D', 'baz'], ['baz', '-d'], ['-e', '--', 'baz'],
    ['-V', '-d', 'baz'], ['-d', '-V', 'baz'], ['-V', 'baz'],
    ['-a', '-e', 'baz'], ['-d', '-d', 'zulu'], ['-ve', '-e'],
    ['--debug', '-e', '-t', 'P1D', '-H', 'it\'s', '-A', 'zulu'],
    # What three clients then get; after that "good" has its 9 ms.
    ['-s', 'secret', 'good', 'zulu'], (SECRET, SECRET, b'baz'),
    ['--secret=empty', 'zulu'], (b'', b'', b'baz'),
    ['-e', '-s', '-', 'good'], (b'typed', b'', b'baz'),
    ['-r', 'nosuch', 'zulu'], ['--remove', 'zulu'], ['-j', 'baz'], ['zulu'],
    ['-r', '-D', 'baz'], [], ['-D', '--remove', '--all'], ['-j'],
    ['-e', '--all'], ['-v', 'baz'], ['-r', '-a']]

PAIRED = [('-e', '-d'), ('--start-checker', '--stop-checker'),
          ('--approve-by-default', '--deny-by-default'), ('-A', '-D')]
CONFLICTS = [
    ['-e'], ['--enable'], ['-r'], ['-V'], ['-b'], ['-tPT1S'], ['-c', 'x'],
    ['-s', 'secret'], ['-A'], ['--deny'], ['--start-checker'],
    ['--approval-delay=PT1S'], ['-v', '-e', 'baz'], ['-v', '-V', 'baz'],
    ['-v', '-r', 'baz'], ['-v', '-e'], ['-v', '-a', '-e'], ['-v', '-j'],
    ['-j', '-v'], ['-vj'], ['-j', '-j'], ['-jj', 'baz'], ['-j', '-e', 'baz'],
    ['-j', '-V', 'baz'], ['-j', '-r', '-a'], ['-j', '-v', '-e', 'baz'],
    ['-j', '-e'], ['-a'], ['-a', '-v'], ['-a', '-j'], ['-a', 'baz'],
    ['-a', '-v', '-j'], ['--all', '--debug'], ['-V', 'baz', 'good'],
    ['-V', '-a', 'baz', 'good'], ['-V', '-e', 'baz', 'good'],
    ['-V', '-r', 'baz', 'good'], ['-V', '-v', 'baz', 'good'],
    ['-r', '-e', 'baz'], ['-r', '-A', 'baz'], ['-r', '-r', 'baz'],
    ['-r', '-V', 'baz'], ['-e', '-r', '-a'], ['-r', '-tPT1S', 'baz'],
    *([*pair, 'baz'] for pair in PAIRED),
    *([*reversed(pair), 'baz'] for pair in PAIRED),
    ['-ed', 'baz'], ['-AD'], ['-e', '-d', '--bogus'], ['-e', '-d', '-h'],
    ['-s', '/nonexistent', 'baz'], ['-s', '.', 'baz'], ['--secret=', 'baz'],
    ['-s', "it's", 'baz'], ['-c'], ['-t'], ['-s'], ['-H', '-e', 'baz'],
    ['-t', '-5s', 'baz'], ['--timeout', '--', 'baz'], ['--bogus'], ['-x'],
    ['--bogus', 'baz', '-e', 'good'], ['baz', '-e', 'good'],
    ['baz', '-e', '--', 'good'], ['baz', '-e', '--'], ['--approval', 'PT5M'],
    ['--a'], ['--ap'], ['--d'], ['--s'], ['--st', 'baz'], ['--i', 'baz'],
    ['-efoo'], ['--enable=1', 'baz'], ['-V1', 'baz'], ['--all=x', '-e'],
    ['-h1'], ['-t5m', '-e'], ['-t', '5m', '--bogus', 'baz'],
    ['-t', 'PT1S', '-t', 'x', '-a', '-j']]


def lists(pairs):
    # No list changes anything: here both tools ask the same two servers, and
    # every byte of theirs is the same.
    for argv in LISTS:
        results = []
        for pair in pairs[0], pairs[-1]:
            one, other = POOL.map(lambda tool: pair.run(argv, tool),
                                  (OURS, THEIRS))
            assert one == other, f'{argv}: {pair.name} {one!r} {other!r}'
            results.append(alike(one))
        assert results[0] == results[1], f'{argv}: {results!r}'
        print(4, argv, results[0][0], results[0][2])


def changes(pairs):
    with open('secret', 'wb') as f:
        f.write(SECRET)
    open('empty', 'w').close()
    for argv in CHANGES:
        if isinstance(argv, list):
            same(pairs, argv)
            continue
        for name, want in zip(('good', 'zulu', 'baz'), argv):
            secrets = [p.fetch(name) for p in pairs]
            assert secrets == [want] * len(pairs), (name, secrets, want)
            print(len(secrets), 'secret of', name, want)
    assert not pairs[0].properties()


def conflicts(pairs):
    open('secret', 'w').close()
    for argv in CONFLICTS:
        before = pairs[0].properties()
        status = same(pairs, argv)[0]
        assert status == (0 if '-h' in argv[:1] else 2), (argv, status)
        assert pairs[0].properties() == before, argv


def crashes(pairs):
    """The status of our tool and that of Debian's, and who then differs."""
    for argv, ours, theirs in (
            (['-t', 'P30D', 'baz'], 0, 1), (['-t', 'P30D', '-e', 'baz'], 0, 1),
            (['-t', 'P1000000000D', 'baz'], 1, 1),
            (['-t', '1000000000d', '-a'], 1, 1),
            (['--approval-duration=99999d', 'good', 'baz'], 0, 1)):
        for pair in pairs:
            status = pair.run(argv)[0]
            want = ours if pair.tool == OURS else theirs
            assert status == want, (argv, pair.name, status)
        for tool in OURS, THEIRS:
            agree([p for p in pairs if p.tool == tool], argv)
    for tool, timeout in (OURS, '2592000000'), (THEIRS, '86400000'):
        for pair in pairs:
            if pair.tool == tool:
                state = pair.properties()['/clients/baz']
                assert state['Timeout'] == timeout, state
    # Who has been removed cannot be enabled; the others are not touched.
    for pair in pairs:
        pair.run(['-t', 'P1D', '--approval-duration=PT1S', '-a'])
    same(pairs, ['-r', '-D', '-e', 'baz'])
    same(pairs, ['-r', '-a'])
    for argv in [], ['-v'], ['-V', '-a']:
        same(pairs, argv)


def not_offered(pairs):
    """Ours against Debian's server, which has nothing of this."""
    with open('new.conf', 'w') as f:
        f.write(f'[new]\nkey_id = {"12" * 32}\nsecret =\n')
    pair = pairs[2]
    for argv in (['--why', 'baz'], ['--why', 'nosuch'], ['--reload'],
                 ['--watch'], ['--watch', '-j', 'baz'],
                 ['--add', 'new.conf']):
        have = pair.run(argv)
        want = 1, '', f'mandos-ctl: The server does not offer {argv[0]}.'
        assert have == want, (argv, have)
    have = pair.run(['--health'])
    assert have == (3, 'MANDOS UNKNOWN - the server does not offer '
                    '--health\n', ''), have
    agree(pairs, 'what is not offered')


{'same__lists': lists, 'same__changes': changes,
 'same__conflicts': conflicts, 'difference__crashes': crashes,
 'difference__not_offered': not_offered}[CASE](start())
