# SPDX-License-Identifier: ISC
# cases.py CASE TOP BUILD: one test of mandos-ctl, in the current directory;
# BUILD is the directory of the build.  It ends with an exception if something
# is not as it should be.

import json
import os
import pty
import random
import select
import socket
import subprocess
import sys
import threading
import time

CASE, TOP, BUILD = sys.argv[1:]
sys.path.insert(0, os.path.join(TOP, 'regress', 'busd'))

import warden as w  # noqa: E402

HERE = os.path.join(TOP, 'regress', 'ctl')
CTL = os.environ.get('CTL', os.path.join(BUILD, 'ctl', 'mandos-ctl'))
CLIENTS = os.path.join(HERE, 'vectors', 'ctl-clients.json')
COMMANDS = os.path.join(HERE, 'vectors', 'ctl-commands.json')
DURATIONS = os.path.join(TOP, 'regress', 'conf', 'vectors', 'durations.tsv')
INTERFACES = os.path.join(TOP, 'regress', 'busd', 'vectors', 'dbus.xml')
OWN = '/org/openmandos', 'org.openmandos.Server1'
LISTING = ['/', 'ObjectManager.GetManagedObjects']
VERSION = ['/org/openmandos', 'org.freedesktop.DBus.Properties.Get', 'ss',
           'org.openmandos.Server1', 'Version']
COLUMNS = {
    'Name': 'Name', 'Enabled': 'Enabled', 'Timeout': 'Timeout',
    'LastCheckedOK': 'Last Successful Check', 'Created': 'Created',
    'Interval': 'Interval', 'Host': 'Host', 'KeyID': 'Key ID',
    'Fingerprint': 'Fingerprint', 'CheckerRunning': 'Check Is Running',
    'LastEnabled': 'Last Enabled', 'ApprovalPending': 'Approval Is Pending',
    'ApprovedByDefault': 'Approved By Default',
    'LastApprovalRequest': 'Last Approval Request',
    'ApprovalDelay': 'Approval Delay',
    'ApprovalDuration': 'Approval Duration', 'Checker': 'Checker',
    'ExtendedTimeout': 'Extended Timeout', 'Expires': 'Expires',
    'LastCheckerStatus': 'Last Checker Status'}
TIMES = {'Timeout', 'Interval', 'ApprovalDelay', 'ApprovalDuration',
         'ExtendedTimeout'}

CASES = {}


def case(f):
    CASES[f.__name__] = f
    return f


def equal(have, want, what=''):
    assert have == want, f'{what} is {have!r}, not {want!r}'


class Result:
    def __init__(self, argv, process, calls):
        self.argv = argv
        self.status = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()
        self.calls = calls

    def is_(self, status, out='', err='', calls=None):
        equal((self.status, self.out, self.err), (status, out, err),
              self.argv)
        if calls is not None:
            equal(self.calls, calls, self.argv)


def run(*argv, stdin=b'', **kw):
    """mandos-ctl with these arguments, and the calls it has made."""
    open('log', 'w').close()
    process = subprocess.run([CTL, *argv], input=stdin, capture_output=True,
                             timeout=60, **kw)
    with open('log', encoding='utf-8') as f:
        return Result(argv, process, [json.loads(line) for line in f])


class Double:
    """A server without any inside."""

    def __init__(self, *modes, clients=CLIENTS):
        self.process = subprocess.Popen(
            [sys.executable, '-B', os.path.join(HERE, 'double.py'), clients,
             INTERFACES, 'log', *modes],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=w.die_with_us)
        equal(self.process.stdout.readline(), b'ready\n')

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def bus():
    b = w.Bus()
    b.start()
    return b


def last_line(text):
    return (text.splitlines() or [''])[-1]


# --- what was recorded of the original

def secret_files():
    contents = {'SECRETFILE': bytes.fromhex('73656300726574ff0a'),
                'EMPTYFILE': b'', 'BIGFILE': bytes(200000)}
    for name, content in contents.items():
        with open(name, 'wb') as f:
            f.write(content)


def any_order(calls):
    return sorted(calls, key=json.dumps)


@case
def vectors__as_recorded():
    bus()
    Double()
    secret_files()
    with open(COMMANDS, encoding='utf-8') as f:
        cases = json.load(f)['cases']
    equal(len(cases), 102, 'how many there are')
    crashes = 0
    for c in cases:
        r = run(*c['argv'])
        if 'original_crashes' in c:
            crashes += 1
            check_crash(r)
            continue
        equal(r.status, c['exit'], c['argv'])
        if '--version' in c['argv']:
            equal(r.out.split()[0], 'mandos-ctl')
        else:
            equal(r.out, c['stdout'], c['argv'])
        if 'stderr_lines' in c:
            equal(r.err.splitlines(), c['stderr_lines'], c['argv'])
        else:
            equal(last_line(r.err), c['stderr_last_line'], c['argv'])
        if r.status == 2:
            assert r.err.startswith('usage: mandos-ctl '), r.err
        # The original removes in no particular order.
        if '--remove' in c['argv']:
            equal(any_order(r.calls), any_order(c['calls']), c['argv'])
        else:
            equal(r.calls, c['calls'], c['argv'])
    equal(crashes, 3)


def check_crash(r):
    """Where the original ends with a traceback."""
    ms = {'P30D': 2592000000, 'P100D': 8640000000}
    if r.argv[1] == 'P1000000000D':
        r.is_(1, '', 'mandos-ctl: --timeout: longer than 999999999 days\n',
              [])
        return
    r.is_(0, '', '', [LISTING, [
        '/clients/foo', 'org.freedesktop.DBus.Properties.Set',
        'se.recompile.Mandos.Client', 'Timeout', 'variant:t',
        ms[r.argv[1]]]])


@case
def durations__as_recorded():
    bus()
    Double()
    count = 0
    with open(DURATIONS, encoding='utf-8') as f:
        for line in f:
            if line.startswith('#'):
                continue
            text, _, _, ms, form = line.rstrip('\n').split('\t')
            text = json.loads(text)
            r = run('--timeout=' + text, 'foo')
            count += 1
            warning = '' if form.startswith('rfc3339') else (
                f'Invalid RFC 3339 duration: "{text}" - Parsing as '
                'pre-1.6.1 interval instead\n')
            if ms == 'error':
                r.is_(1, '', warning + 'mandos-ctl: --timeout: longer than '
                      '999999999 days\n', [])
                continue
            kind = 'i' if int(ms) < 2 ** 31 else 't'
            r.is_(0, '', warning, [LISTING, [
                '/clients/foo', 'org.freedesktop.DBus.Properties.Set',
                'se.recompile.Mandos.Client', 'Timeout', 'variant:' + kind,
                int(ms)]])
    assert count > 100, count


# --- lists

def random_text(rng):
    pieces = ['', 'a', ' ', '"', '\\', '/', '\n', '\r', '\t', '\b', '\f',
              '\x01', '\x1f', '\x7f', '\x80', 'é', 'ß', '\u200b', '日本',
              '\u2028', '\ud7ff', '\ue000', '\ufffd', '\U00010000', '😀',
              '\U0010fffd', "'", '%(host)s', 'x' * 40]
    return ''.join(rng.choice(pieces) for _ in range(rng.randrange(6)))


def random_client(rng, types):
    values = {
        'b': lambda: rng.random() < 0.5,
        's': lambda: random_text(rng),
        'o': lambda: '/',
        'n': lambda: rng.choice([0, -1, -2, 5, 32767, -32768]),
        't': lambda: rng.choice([0, 999, 1000, 86399999, 86400000,
                                 rng.getrandbits(40), 2 ** 64 - 1])}
    return {name: values[kind]() for name, kind in types.items()}


def shown(name, value):
    """A value as it is in a table."""
    if isinstance(value, bool):
        return 'Yes' if value else 'No'
    if name in TIMES:
        days, s = divmod(value // 1000, 86400)
        text = f'{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}'
        return f'{days}T{text}' if days else text
    return str(value)


def table(clients, columns):
    rows = [[COLUMNS[c] for c in columns]]
    rows += [[shown(c, client[c]) for c in columns] for client in clients]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ''.join(' '.join(f'{cell:{width}}' for cell, width
                            in zip(row, widths)) + '\n' for row in rows)


@case
def lists__of_anything():
    bus()
    rng = random.Random(4711)
    with open(CLIENTS, encoding='utf-8') as f:
        types = json.load(f)['types']
    for count in (0, 1, 3, 40, 400):
        clients = {f'/clients/c{i}': random_client(rng, types)
                   for i in range(count)}
        for i, client in enumerate(clients.values()):
            client['Name'] += f'-{i}'
        with open('clients.json', 'w', encoding='utf-8') as f:
            json.dump({'types': types, 'clients': clients}, f)
        double = Double(clients='clients.json')
        values = clients.values()
        want = {c['Name']: {p: c[p] for p in COLUMNS} for c in values}
        run('--dump-json').is_(0, json.dumps(want, indent=4) + '\n')
        if count == 0:
            none = 'The server has no clients.\n'
            run().is_(1, '', none)
            run('-v').is_(1, '', none)
            run('-V', '-a').is_(1, '', none)
            run('-e', '-a').is_(0)
        else:
            run('-v').is_(0, table(values, list(COLUMNS)))
            run().is_(0, table(values, list(COLUMNS)[:4]))
        double.end()


@case
def lists__on_a_terminal():
    """What others have set is no order to it."""
    bus()
    with open(CLIENTS, encoding='utf-8') as f:
        data = json.load(f)
    one = {**data['clients']['/clients/foo'], 'Name': 'fö\x1b[31mo',
           'Host': 'x\x9b2J\n\u202e', 'LastCheckedOK': '\x7f'}
    data['clients'] = {'/clients/foo': one}
    with open('evil', 'w', encoding='utf-8') as f:
        json.dump(data, f)
    Double(clients='evil')
    for options in ([], ['-v']):
        plain = run(*options).out
        assert '\x1b[31m' in plain, plain
        ours, theirs = pty.openpty()
        p = subprocess.run([CTL, *options], stdout=theirs, timeout=60)
        os.close(theirs)
        text = b''
        while text.count(b'\n') < 2:
            text += os.read(ours, 65536)
        os.close(ours)
        titles, line = text.decode().replace('\r\n', '\n').splitlines()
        equal(p.returncode, 0)
        equal(len(titles), len(line), 'a line')
        assert line.startswith('fö\\x1b[31mo '), line
        assert line.isprintable(), line
        assert not options or ' x\\x9b2J\\x0a\\u202e ' in line, line


@case
def lists__without_a_property():
    bus()
    with open(CLIENTS, encoding='utf-8') as f:
        data = json.load(f)
    for missing in COLUMNS:
        for value in (None, 'type'):
            copy = json.loads(json.dumps(data))
            foo = copy['clients']['/clients/foo']
            if value is None:
                del foo[missing]
            else:
                # Of every property, some other type.
                copy['types'][missing] = {'s': 'x', 'o': 'x'}.get(
                    data['types'][missing], 's')
                for client in copy['clients'].values():
                    client[missing] = '7' if copy['types'][missing] == 's' \
                        else 7
            with open('clients.json', 'w', encoding='utf-8') as f:
                json.dump(copy, f)
            double = Double(clients='clients.json')
            text = 'The server does not show ' \
                f'{missing} of /clients/foo\n'
            run('-j').is_(1, '', text)
            run('-v').is_(1, '', text)
            if missing in list(COLUMNS)[:4]:
                run().is_(1, '', text)
            else:
                equal(run().status, 0)
            if missing == 'Enabled':
                run('-V', 'foo').is_(1, '', text)
            double.end()


# --- what fails

@case
def errors__of_the_server():
    bus()
    Double('refuse')
    for option, what in (
            ('-e', 'Enabled'), ('-b', 'LastCheckedOK'), ('-A', 'approval'),
            ('-D', 'denial'), ('-r', 'removal'), ('-Hx', 'Host'),
            ('-tPT1S', 'Timeout'), ('-s-', 'Secret')):
        r = run(option, 'foo', 'bar.example.org')
        r.is_(1, '', f'mandos-ctl: foo: the server refuses {what}: '
              'no such luck\n')
        # The first refusal is the end.
        equal(len(r.calls), 2, r.calls)
    equal(len(run('-e', '-b', 'foo').calls), 2)


def many(count):
    """A file of so many clients."""
    with open(CLIENTS, encoding='utf-8') as f:
        data = json.load(f)
    one = data['clients']['/clients/foo']
    data['clients'] = {f'/clients/c{i}': {**one, 'Name': f'c{i}'}
                       for i in range(count)}
    with open('many', 'w', encoding='utf-8') as f:
        json.dump(data, f)
    return 'many'


@case
def calls__under_way():
    b = bus()
    # The first alone, then twice as many as may be.
    double = Double('gather:64', clients=many(1 + 2 * 64))
    r = run('--bump-timeout', '--all')
    r.is_(0)
    equal([c[0] for c in r.calls],
          ['/', '/clients/c0', 'gathered',
           *[f'/clients/c{i}' for i in range(1, 65)], 'gathered',
           *[f'/clients/c{i}' for i in range(65, 129)], 'gathered'])
    equal([c[1] for c in r.calls if c[0] == 'gathered'], [1, 64, 64])
    double.end()
    # A secret is not with more than one of them.
    double = Double('gather:1', clients=many(3))
    r = run('--secret=-', '--all', stdin=b'x')
    r.is_(0)
    equal([c[1] for c in r.calls if c[0] == 'gathered'], [1, 1, 1])
    double.end()
    # Of two that are refused the first is told, though it is answered last.
    double = Double('gather:64', 'refuse:/clients/c40', 'refuse:/clients/c50',
                    clients=many(65))
    r = run('--enable', '--bump-timeout', '--all')
    r.is_(1, '', 'mandos-ctl: c40: the server refuses Enabled: '
          'no such luck\n')
    equal([c[3] for c in r.calls if len(c) > 3], ['Enabled'] * 65)
    double.end()
    # The bus goes while calls are under way.
    open('log', 'w').close()
    Double('gather:65', clients=many(67))
    process = subprocess.Popen([CTL, '--enable', '--all'],
                               stderr=subprocess.PIPE)
    w.wait_for(lambda: 'c64' in open('log', encoding='utf-8').read(), 'calls')
    b.stop()
    err = process.communicate(timeout=60)[1].decode()
    equal(process.returncode, 1)
    assert err.startswith('mandos-ctl: c1: the server refuses Enabled: '), err
    equal(err.count('\n'), 1)


@case
def errors__without_a_server():
    b = bus()
    text = 'Could not connect to Mandos server: The name ' \
        'se.recompile.Mandos was not provided by any .service files\n'
    for argv in ((), ('-j',), ('-e', '-a'), ('-V', 'foo'), ('--reload',),
                 ('--why', 'foo'), ('--watch',)):
        run(*argv).is_(1, '', text)
    # What is wrong with a command line or a file comes first.
    equal(run('-e').status, 2)
    run('--add=missing').is_(1, '', 'mandos-ctl: missing: No such file or '
                             'directory\n')
    b.stop()
    for argv in ((), ('-e', '-a'), ('--reload',)):
        r = run(*argv)
        equal((r.status, r.out), (1, ''))
        assert r.err.startswith('Could not connect to the system bus: '), \
            r.err
        equal(r.err.count('\n'), 1)


@case
def errors__of_policy():
    w.Bus(default=w.Bus.STRICT.replace('<deny own="*"/>',
                                       '<allow own="*"/>')).start()
    Double()
    r = run()
    equal((r.status, r.out), (1, ''))
    assert r.err.startswith('Failed to access Mandos server through D-Bus:\n'
                            'Rejected send message'), r.err
    r = run('--health')
    equal((r.status, r.err), (3, ''))
    assert r.out.startswith('MANDOS UNKNOWN - '), r.out


@case
def errors__no_room():
    bus()
    Double()
    for option, status in (('-v', 1), ('-j', 1), ('-h', 1), ('--version', 1),
                           ('--health', 3)):
        with open('/dev/full', 'wb') as full:
            p = subprocess.run([CTL, option], stdout=full,
                               stderr=subprocess.PIPE, timeout=60)
        equal((p.returncode, p.stderr),
              (status, b'mandos-ctl: standard output: '
               b'No space left on device\n'))


@case
def errors__no_descriptors():
    """The connection to the bus is none of the three."""
    bus()
    Double()
    p = subprocess.run(['sh', '-c', 'exec "$0" >&-', CTL],
                       stderr=subprocess.PIPE, timeout=60)
    equal((p.returncode, p.stderr), (1, b'mandos-ctl: standard output: '
                                     b'Bad file descriptor\n'))
    p = subprocess.run(['sh', '-c', 'exec "$0" --debug 2>&-', CTL],
                       stdout=subprocess.PIPE, timeout=60)
    equal((p.returncode, p.stdout.count(b'\n')), (0, 4))
    r = run('foo')
    open('log', 'w').close()
    p = subprocess.run(['sh', '-c', 'exec "$0" -s - foo <&-', CTL],
                       stderr=subprocess.PIPE, timeout=60)
    equal(p.returncode, 2)
    assert p.stderr.endswith(b"can't open '-': [Errno 9] Bad file "
                             b"descriptor: '-'\n"), p.stderr
    equal(os.path.getsize('log'), 0)
    p = subprocess.run(['sh', '-c', 'exec "$0" foo <&- 2>&-', CTL],
                       stdout=subprocess.PIPE, timeout=60)
    equal((p.returncode, p.stdout.decode()), (0, r.out))


@case
def texts__not_utf8():
    bus()
    Double()
    run(b'-H\xff', 'foo').is_(1, '', 'mandos-ctl: --host: not UTF-8\n', [])
    run(b'--checker=a\xc3', 'foo').is_(
        1, '', 'mandos-ctl: --checker: not UTF-8\n', [])
    run(b'\xff').is_(1, '', "Client not found on server: '\\udcff'\n")


# --- secrets

@case
def secret__never_shown():
    bus()
    Double()
    with open('secret', 'wb') as f:
        f.write(b'CANARY')
    r = run('--debug', '-s', 'secret', 'foo')
    equal((r.status, r.out), (0, ''))
    assert 'CANARY' not in r.err and '43414e' not in r.err, r.err
    assert "'Secret', 6 bytes)" in r.err, r.err
    equal(r.calls[1][-1], b'CANARY'.hex())
    # Too much, from where there is no end.
    r = run('-s', '/dev/zero', 'foo')
    equal((r.status, r.calls), (2, []))
    equal(last_line(r.err), "mandos-ctl: error: argument -s/--secret: can't "
          "open '/dev/zero': [Errno 27] File too large: '/dev/zero'")
    r = run('-s', '.', 'foo')
    equal(last_line(r.err), "mandos-ctl: error: argument -s/--secret: can't "
          "open '.': [Errno 21] Is a directory: '.'")


def memory_has(pid, needle):
    found = 0
    with open(f'/proc/{pid}/maps') as maps, \
            open(f'/proc/{pid}/mem', 'rb', 0) as mem:
        for line in maps:
            area, mode = line.split()[:2]
            if not mode.startswith('rw') or '[vvar]' in line:
                continue
            begin, end = (int(x, 16) for x in area.split('-'))
            mem.seek(begin)
            found += mem.read(end - begin).count(needle)
    return found


def stalled(argv, call):
    """mandos-ctl that waits for the answer to this call."""
    open('log', 'w').close()
    p = subprocess.Popen([CTL, *argv], stdin=subprocess.DEVNULL)

    def has_called():
        with open('log', encoding='utf-8') as f:
            return call in f.read()

    w.wait_for(has_called, call)
    return p


@case
def secret__wiped():
    bus()
    Double('own', 'deaf:Approve', 'deaf:Why')
    for size in (0, 100, 700, 1500, 3000, 7000, 12000, 20000, 35000, 60000,
                 100000, 300000):
        with open('secret', 'wb') as f:
            f.write(b'CANARYSECRET%06d' % size + os.urandom(size))
        # It has been sent to all, and something else is going on.
        p = stalled(('-H', 'CANARYHOST', '-s', 'secret', '-A', '-a'),
                    '.Approve')
        assert memory_has(p.pid, b'CANARYHOST')
        equal(memory_has(p.pid, b'CANARYSECRET'), 0, size)
        with open(f'/proc/{p.pid}/limits') as f:
            core = [x for x in f if x.startswith('Max core')][0].split()
        equal(core[4:6], ['0', '0'])
        p.kill()
        p.wait()


# --- what the original has not

def text_of(call):
    return ['/org/openmandos', 'org.openmandos.Server1.' + call[0],
            *call[1:]]


@case
def own__against_another_server():
    bus()
    Double()
    with open('new.conf', 'w') as f:
        f.write('[new]\nsecret =\n')
    warning = 'mandos-ctl: warning: new.conf:1: this client has no key_id ' \
        'and can never match\n'
    for argv in (('--why', 'foo'), ('--why', 'nosuch'), ('--reload',),
                 ('--watch',), ('--add', 'new.conf')):
        run(*argv).is_(1, '', (warning if 'new.conf' in argv else '') +
                       f'mandos-ctl: The server does not offer {argv[0]}.\n')
    run('--health').is_(3, 'MANDOS UNKNOWN - the server does not offer '
                        '--health\n')


@case
def own__why():
    bus()
    double = Double('own')
    more = 'To change that, enable it: --enable.\n'
    r = run('--why', 'ü', '--why=foo')
    r.is_(0, f'ü: It is /clients/u.\nü: {more}'
          f'foo: It is /clients/foo.\nfoo: {more}')
    equal([c for c in r.calls if c not in (LISTING, VERSION)],
          [text_of(['Why', 'o', '/clients/u']),
           text_of(['Why', 'o', '/clients/foo'])])
    run('--why', 'nosuch').is_(1, '',
                               "Client not found on server: 'nosuch'\n")
    double.end()
    Double('own', 'gone')
    run('--why=foo').is_(1, '', 'mandos-ctl: --why: there is no client '
                         '/clients/foo\n')


@case
def own__reload():
    bus()
    double = Double('own')
    run('--reload').is_(0, '', '', [text_of(['Reload', ''])])
    double.end()
    Double('own', 'refuse')
    run('--reload').is_(1, '', 'mandos-ctl: --reload: /etc/mandos/'
                        'clients.conf:7: \\x1b[1mbad\n')


NEW = {'KeyID': ['s', 'AB' * 32], 'Fingerprint': ['s', ''],
       'Host': ['s', 'h:7'], 'Checker': ['s', 'check %(host)s'],
       'Timeout': ['t', 300000], 'ExtendedTimeout': ['t', 900000],
       'Interval': ['t', 60000], 'ApprovalDelay': ['t', 0],
       'ApprovalDuration': ['t', 1000], 'ApprovedByDefault': ['b', True],
       'Enabled': ['b', False], 'Secret': ['ay', b'CANARY'.hex()]}


@case
def own__add():
    bus()
    Double('own')
    text = '[DEFAULT]\nport = 7\n[new]\nkey_id = ' + 'ab' * 32 + \
        '\nhost = h:%(port)s\nchecker = check %%(host)s\ninterval = 1m\n' \
        'enabled = no\nsecret = Q0FO\n  QVJZ\n'
    with open('new.conf', 'w') as f:
        f.write(text)
    want = text_of(['AddClient', 'sa{sv}', 'new', NEW])
    run('--add', 'new.conf').is_(0, '', '', [VERSION, want])
    run('--add=-', stdin=text.encode()).is_(0, '', '', [VERSION, want])

    with open('secfile', 'wb') as f:
        f.write(b'CANARY')
    os.environ['HOME'] = os.getcwd()
    with open('more.conf', 'w') as f:
        f.write(text.split('secret')[0].replace('[new]', '[foo]') +
                'secfile = ~/secfile\n[last]\nkey_id=' + '12' * 32 +
                '\nsecret=\n')
    r = run('--add', 'more.conf', '--add', 'new.conf')
    r.is_(1, '', 'mandos-ctl: warning: new.conf:3: this client has the '
          'key_id of the one in more.conf:3, and can never match\n'
          'mandos-ctl: more.conf:3: foo is not added: it exists\n')
    equal([c[3] for c in r.calls[1:]], ['foo', 'last', 'new'])
    equal(r.calls[1][4], NEW)
    r = run('--debug', '--add', 'new.conf')
    assert 'CANARY' not in r.err and 'Q0FO' not in r.err, r.err


@case
def own__add_nothing_bad():
    bus()
    Double('own')
    good = '[good]\nkey_id=' + 'ab' * 32 + '\nsecret=\n'
    for bad, complaint in (
            ('[bad]\n', ':4: this client has neither secret nor secfile'),
            ('[bad]\nsecret = Q\n', ':5: secret is no valid base64'),
            ('[bad]\nsecfile = /nonexistent\n',
             ':5: secfile /nonexistent: No such file or directory'),
            ('[bad]\nsecret=\ntimeout = CANARY\n', ':6: timeout is not a '
             'duration, such as PT5M or P1DT12H'),
            ('nonsense\n', ':4: '), ('[good]\nsecret=\n', ':4: '),
            ('[bad]\nsecret=\nhost = \xff\n', ':6: ')):
        with open('new.conf', 'w', encoding='latin-1') as f:
            f.write(good + bad)
        r = run('--add', 'new.conf')
        equal((r.status, r.out, r.calls), (1, '', []), bad)
        assert f'mandos-ctl: new.conf{complaint}' in r.err, r.err
        assert 'CANARY' not in r.err, r.err
    open('empty.conf', 'w').close()
    run('--add', 'empty.conf').is_(1, '', 'mandos-ctl: empty.conf: there is '
                                   'no client in it\n', [])
    run('--add', '.').is_(1, '', 'mandos-ctl: .: Is a directory\n', [])


@case
def own__conflicts():
    bus()
    Double('own')
    ours = {'--why': ['--why=foo'], '--watch': ['--watch'],
            '--add': ['--add=/nonexistent'], '--reload': ['--reload'],
            '--health': ['--health']}
    also = {'--watch': {'-j', 'foo'}, '--health': {'foo'}}
    for option, words in ours.items():
        for other in (['-e'], ['-a'], ['-v'], ['-j'], ['-V'], ['-r'],
                      ['-c', 'x'], ['-s', '-'], ['foo'],
                      *(v for k, v in ours.items() if k != option)):
            if other[0] in also.get(option, ()):
                continue
            for argv in (words + other, other + words):
                r = run(*argv)
                equal((r.status, r.out, r.calls), (2, '', []), argv)
                assert ' can only be used alone' in last_line(r.err), r.err
    # No abbreviation of the original's means one of ours.
    run('--re', 'foo').is_(0)
    equal(run('--w').status, 2)
    equal(last_line(run('--w').err), 'mandos-ctl: error: ambiguous option: '
          '--w could match --why, --watch')
    equal(run('--rel').calls, [text_of(['Reload', ''])])


@case
def own__health():
    bus()
    with open(CLIENTS, encoding='utf-8') as f:
        data = json.load(f)
    foo = data['clients']['/clients/foo']

    def report(status, text, *names, modes=('own',), **values):
        copy = json.loads(json.dumps(data))
        copy['clients'] = {'/clients/foo': {**foo, **values},
                           '/clients/f2': {**foo, 'Name': 'f|2\x1b'}}
        with open('clients.json', 'w', encoding='utf-8') as f:
            json.dump(copy, f)
        double = Double(*modes, clients='clients.json')
        run('--health', *names).is_(status, f'MANDOS {text}\n')
        double.end()

    report(0, 'OK - 2 clients, all is well | clients=2 disabled=0 failing=0 '
           'waiting=0')
    report(0, 'OK - 1 client, all is well | clients=1 disabled=0 failing=0 '
           'waiting=0', 'f|2\x1b', Enabled=False)
    report(1, 'WARNING - 2 clients: 1 disabled (foo) | clients=2 disabled=1 '
           'failing=0 waiting=0', Enabled=False, LastCheckerStatus=1)
    report(2, 'CRITICAL - 1 client: 1 disabled (foo) | clients=1 '
           'disabled=1 failing=0 waiting=0', 'foo', Enabled=False)
    for status in (1, -1):
        report(1, 'WARNING - 2 clients: 1 failing (foo) | clients=2 '
               'disabled=0 failing=1 waiting=0', LastCheckerStatus=status)
    report(0, 'OK - 2 clients, all is well | clients=2 disabled=0 failing=0 '
           'waiting=0', LastCheckerStatus=-2)
    report(1, 'WARNING - 1 client: 1 waiting (foo) | clients=1 disabled=0 '
           'failing=0 waiting=1', 'foo', ApprovalPending=True)
    report(3, 'UNKNOWN - there is no client no_such', 'no|such')
    del foo['LastCheckerStatus']
    report(2, 'CRITICAL - the server does not show all of its clients')
    foo['LastCheckerStatus'] = 7
    data['clients']['/clients/foo'] = foo
    report(1, 'WARNING - 2 clients: 2 failing (foo, f_2\\x1b) | clients=2 '
           'disabled=0 failing=2 waiting=0')
    r = run('--health')
    equal(r.status, 2)
    assert r.out.startswith('MANDOS CRITICAL - there is no server: '), r.out
    # One that hangs is given ten seconds.
    Double('own', 'deaf:GetManagedObjects')
    begin = time.monotonic()
    r = run('--health')
    assert 9 < time.monotonic() - begin < 20
    equal(r.status, 2)
    assert r.out.startswith('MANDOS CRITICAL - the server does not answer: ')
    os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = 'unix:path=/nonexistent'
    r = run('--health')
    equal(r.status, 3)
    assert r.out.startswith('MANDOS UNKNOWN - there is no system bus: ')


# --- completion

COMPLETION = os.path.join(TOP, 'etc', 'bash-completion', 'mandos-ctl')
# What is offered, and then taken as the shell takes a word.
COMPLETE = r'''. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_mandos_ctl "$1" "${COMP_WORDS[COMP_CWORD]}" ""
for word in "${COMPREPLY[@]}"; do eval "printf '%s\\0' $word"; done'''


@case
def completion__names():
    bus()
    with open(CLIENTS, encoding='utf-8') as f:
        data = json.load(f)
    foo = data['clients']['/clients/foo']
    names = ['foo', 'foo bar', 'föö', 'a"b', "a'b", 'a\\b', 'a$(touch x)b',
             '-x', 'a\tb', 'a`touch x`', 'a;touch x', 'a": {', 'a*', '日本',
             'a%sb', '\\u0041\\n']
    unknown = ['a\nb', 'a😀']
    data['clients'] = {f'/clients/c{i}': {**foo, 'Name': name}
                       for i, name in enumerate(names + unknown)}
    with open('clients.json', 'w', encoding='utf-8') as f:
        json.dump(data, f)
    Double(clients='clients.json')

    def offered(*words):
        p = subprocess.run(['bash', '-c', COMPLETE, COMPLETION, CTL, *words],
                           stdin=subprocess.DEVNULL, capture_output=True,
                           timeout=60)
        equal((p.returncode, p.stderr), (0, b''), words)
        return p.stdout.decode().split('\0')[:-1]

    equal(offered(''), names)
    equal(offered('-e', ''), names)
    equal(offered('--why', ''), names)
    equal(offered('--why', '=', 'f'), ['foo', 'foo bar', 'föö'])
    equal(offered('foo', 'foo'), ['foo', 'foo bar'])
    equal(offered('foo\\ b'), ['foo bar'])
    equal(offered('--', '-'), ['-x'])
    equal(offered('a'), [n for n in names if n.startswith('a')])
    equal(offered('nosuch'), [])
    assert not os.path.exists('x')
    os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = 'unix:path=/nonexistent'
    equal(offered(''), [])


# --- events

CLIENT = 'se.recompile.Mandos.Client'
FOO = '/clients/foo'


class Watcher:
    """mandos-ctl --watch, and what it says."""

    def __init__(self, *argv):
        open('log', 'w').close()
        with open('watched', 'w') as out, open('watched.err', 'w') as err:
            self.process = subprocess.Popen(
                [CTL, '--watch', *argv], stdout=out, stderr=err,
                preexec_fn=w.die_with_us)

        def is_ready():
            with open('log') as f:
                return 'GetManagedObjects' in f.read()

        w.wait_for(is_ready, 'the watcher')

    def lines(self):
        with open('watched', encoding='utf-8') as f:
            return f.read().splitlines()

    def until(self, count):
        w.wait_for(lambda: len(self.lines()) >= count, f'{count} lines')
        return self.lines()

    def end(self, status):
        equal(self.process.wait(20), status)
        with open('watched.err', encoding='utf-8') as f:
            return f.read()


def signal(double, *what):
    double.process.stdin.write(json.dumps(what).encode() + b'\n')
    double.process.stdin.flush()


# What is said, and what is told of it: as text, and as JSON.
EVENTS = (
    ((FOO, CLIENT, 'GotSecret', ''),
     ['foo: has got its secret'], [{'event': 'GotSecret', 'client': 'foo'}]),
    ((FOO, CLIENT, 'Rejected', 's', 'Disabled'),
     ['foo: was refused its secret: Disabled'],
     [{'event': 'Rejected', 'client': 'foo', 'reason': 'Disabled'}]),
    (('/clients/u', CLIENT, 'NeedApproval', 'tb', 30500, False),
     ['ü: waits for approval, and is denied in 30.500 seconds'],
     [{'event': 'NeedApproval', 'client': 'ü', 'milliseconds': 30500,
       'default': False}]),
    (('/clients/u', CLIENT, 'NeedApproval', 'tb', 1000, True),
     ['ü: waits for approval, and is approved in 1.000 seconds'],
     [{'event': 'NeedApproval', 'client': 'ü', 'milliseconds': 1000,
       'default': True}]),
    ((FOO, CLIENT, 'CheckerStarted', 's', 'a\n\x1b[1mb'),
     ['foo: checker started: a\\x0a\\x1b[1mb'],
     [{'event': 'CheckerStarted', 'client': 'foo',
       'command': 'a\n\x1b[1mb'}]),
    ((FOO, CLIENT, 'CheckerCompleted', 'nxs', 0, 0, 'true'),
     ['foo: checker succeeded: true'],
     [{'event': 'CheckerCompleted', 'client': 'foo', 'status': 0, 'wait': 0,
       'command': 'true'}]),
    ((FOO, CLIENT, 'CheckerCompleted', 'nxs', 5, 1280, 'exit 5'),
     ['foo: checker failed with status 5: exit 5'],
     [{'event': 'CheckerCompleted', 'client': 'foo', 'status': 5,
       'wait': 1280, 'command': 'exit 5'}]),
    ((FOO, CLIENT, 'CheckerCompleted', 'nxs', -1, -247, 'x'),
     ['foo: checker was killed: x'],
     [{'event': 'CheckerCompleted', 'client': 'foo', 'status': -1,
       'wait': -247, 'command': 'x'}]),
    (('/', 'se.recompile.Mandos', 'ClientNotFound', 'ss', 'AB', '::1'),
     ['nobody has the key ID AB, which came from ::1'],
     [{'event': 'ClientNotFound', 'key_id': 'AB', 'address': '::1'}]),
    ((FOO, 'org.freedesktop.DBus.Properties', 'PropertiesChanged',
      'sa{sv}as', CLIENT, {'Enabled': False, 'Timeout': 90000, 'Expires': '',
                           'Nonsense': 'x'}, []),
     ['foo: Enabled is No', 'foo: Timeout is 00:01:30',
      'foo: Expires is empty'],
     [{'event': 'PropertiesChanged', 'client': 'foo',
       'changed': {'Enabled': False, 'Timeout': 90000, 'Expires': ''}}]),
    ((FOO, 'org.freedesktop.DBus.Properties', 'PropertiesChanged',
      'sa{sv}as', CLIENT, {}, ['Secret']),
     ['foo: has another Secret'],
     [{'event': 'PropertyReplaced', 'client': 'foo',
       'property': 'Secret'}]),
    # Not these: another interface, other types, an object of nobody.
    ((FOO, 'org.freedesktop.DBus.Properties', 'PropertiesChanged',
      'sa{sv}as', 'org.example', {'Enabled': True}, []), [], []),
    ((FOO, 'se.bsnet.fukt.Mandos.Client', 'GotSecret', ''), [], []),
    ((FOO, CLIENT, 'GotSecret', 's', 'x'), [], []),
    ((FOO, CLIENT, 'Rejected', 'b', True), [], []),
    (('/clients/nobody', 'org.freedesktop.DBus.Properties',
      'PropertiesChanged', 'sa{sv}as', CLIENT, {'Enabled': True}, []),
     [], []),
    (('/', 'org.freedesktop.DBus.ObjectManager', 'InterfacesAdded',
      'oa{sa{sv}}', '/clients/new', {CLIENT: {'Name': 'new'}}),
     ['new: is there'], [{'event': 'Added', 'client': 'new'}]),
    (('/clients/new', CLIENT, 'GotSecret', ''),
     ['new: has got its secret'], [{'event': 'GotSecret', 'client': 'new'}]),
    (('/', 'org.freedesktop.DBus.ObjectManager', 'InterfacesRemoved',
      'oas', '/clients/new', [CLIENT]),
     ['new: is gone'], [{'event': 'Removed', 'client': 'new'}]),
    (('/', 'org.freedesktop.DBus.ObjectManager', 'InterfacesRemoved',
      'oas', '/clients/new', [CLIENT]), [], []),
    (('/', 'org.freedesktop.DBus.ObjectManager', 'InterfacesAdded',
      'oa{sa{sv}}', '/other', {'org.example': {}}), [], []))


def text_after_time(line):
    time.strptime(line[:19], '%Y-%m-%d %H:%M:%S')
    return line[20:]


def object_without_time(line):
    event = json.loads(line)
    stamp = event.pop('time')
    equal((len(stamp), stamp[-1]), (27, 'Z'))
    time.strptime(stamp[:19], '%Y-%m-%dT%H:%M:%S')
    return event


@case
def own__watch():
    b = bus()
    for argv, column, read in (((), 1, text_after_time),
                               (('-j',), 2, object_without_time)):
        double = Double('own')
        watcher = Watcher(*argv)
        want = []
        for event in EVENTS:
            signal(double, *event[0])
            want += event[column]
        equal([read(x) for x in watcher.until(len(want))], want)
        double.end()
        want.append(('the server is gone',
                     {'event': 'ServerStopped'})[column - 1])
        watcher.until(len(want))
        double = Double('own')
        want.append(('the server is there',
                     {'event': 'ServerStarted'})[column - 1])
        # Of whom nothing is known, the path is.
        watcher.until(len(want))
        signal(double, FOO, CLIENT, 'GotSecret', '')
        want.append(('/clients/foo: has got its secret',
                     {'event': 'GotSecret', 'client': FOO})[column - 1])
        equal([read(x) for x in watcher.until(len(want))], want)
        double.end()
        watcher.process.kill()
        watcher.process.wait()

    # Of some clients only.
    double = Double('own')
    watcher = Watcher('foo', 'ü')
    for path in ('/clients/bar_example_org', '/clients/u'):
        signal(double, path, CLIENT, 'GotSecret', '')
    signal(double, '/', 'se.recompile.Mandos', 'ClientNotFound', 'ss', 'A',
           'B')
    signal(double, FOO, CLIENT, 'GotSecret', '')
    equal([text_after_time(x) for x in watcher.until(2)],
          ['ü: has got its secret', 'foo: has got its secret'])
    b.stop()
    equal(watcher.end(1), 'The system bus is gone.\n')
    b.start()
    Double('own')
    run('--watch', 'foo', 'nosuch').is_(
        1, '', "Client not found on server: 'nosuch'\n")


@case
def own__watch_believes_nobody_else():
    import dbus
    bus()
    double = Double('own')
    watcher = Watcher()
    stranger = dbus.bus.BusConnection(os.environ['DBUS_SYSTEM_BUS_ADDRESS'])
    # Anybody can write to anybody, and call.
    for name in stranger.list_names():
        if not name.startswith(':'):
            continue
        for member in ('GotSecret', 'NameOwnerChanged'):
            m = dbus.lowlevel.SignalMessage(
                '/clients/u', CLIENT if member == 'GotSecret' else
                'org.freedesktop.DBus', member)
            if member != 'GotSecret':
                m.append('se.recompile.Mandos', '', '', signature='sss')
            m.set_destination(name)
            stranger.send_message(m)
    stranger.flush()
    # What the stranger has said is there before this.
    stranger.list_names()
    signal(double, FOO, CLIENT, 'GotSecret', '')
    equal([text_after_time(x) for x in watcher.until(1)],
          ['foo: has got its secret'])
    # Who cannot tell any more ends.
    with open('/dev/full', 'w') as full:
        open('log', 'w').close()
        p = subprocess.Popen([CTL, '--watch'], stdout=full,
                             stderr=subprocess.PIPE)

        def is_ready():
            with open('log') as f:
                return 'GetManagedObjects' in f.read()

        w.wait_for(is_ready, 'the watcher')
        signal(double, FOO, CLIENT, 'GotSecret', '')
        equal(p.communicate(timeout=20)[1], b'mandos-ctl: standard output: '
              b'No space left on device\n')
        equal(p.returncode, 1)


# --- nonsense

ARGUMENTS = ((), ('-v',), ('-j',), ('foo',), ('-v', 'bar'), ('-j', ''),
             ('-V', '-a'), ('-V', 'foo'), ('-e', '-a'), ('-r', '-a'),
             ('-D', '-r', '-a'), ('-s', 'secret', '-A', '-a'),
             ('-t', 'P99D', '-H', 'x', '-b', '-a'), ('--debug', '-b', '-a'),
             ('--why', 'foo'), ('--why=foobar', '--why', ''), ('--reload',),
             ('--health',), ('--health', 'foo'), ('--add', 'new.conf'),
             ('--watch',), ('--watch', '-j'), ('--debug', '--watch', 'foo'))
ROUNDS = int(os.environ.get('ROUNDS', '12'))


def withstand(argv):
    """Run it, and hold that it ends, by itself or when it is told to."""
    p = subprocess.Popen([CTL, *argv], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = p.communicate(timeout=0.3 if '--watch' in argv else 60)
    except subprocess.TimeoutExpired:
        assert '--watch' in argv, argv
        p.terminate()
        out, err = p.communicate()
    status = p.returncode
    assert b'Sanitizer' not in err and b'runtime error' not in err, (argv,
                                                                     err)
    assert status in (0, 1) or (status in (2, 3) and '--health' in argv) or \
        (status == -15 and '--watch' in argv), (argv, status, err)
    # Why it has failed is told, without what a terminal could take amiss.
    assert status != 1 or err or '-V' in argv or '--health' in argv, argv
    assert b'\x1b' not in err, (argv, err)
    if '--watch' in argv or '--why' in argv or '--health' in argv:
        assert b'\x1b' not in out, (argv, out)
    if '-j' in argv and status == 0:
        json.loads(out)
    return status


def material():
    with open('secret', 'wb') as f:
        f.write(b'x' * 1000)
    with open('new.conf', 'w') as f:
        f.write(f'[new]\nkey_id={"ab" * 32}\nsecret=\n')


@case
def nonsense__answers():
    bus()
    material()
    seen = {}
    for seed in range(ROUNDS):
        p = subprocess.Popen(
            [sys.executable, '-B', os.path.join(HERE, 'nonsense.py'),
             str(seed)], stdout=subprocess.PIPE, preexec_fn=w.die_with_us)
        equal(p.stdout.readline(), b'ready\n')
        for argv in ARGUMENTS:
            status = withstand(argv)
            seen[status] = seen.get(status, 0) + 1
        assert p.poll() is None, 'the server has ended'
        p.kill()
        p.wait()
        p.stdout.close()
    print(seen)
    # Not all of it is refused at the first look.
    assert seen[0] > ROUNDS and seen[1] > ROUNDS, seen


def spoil(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[at:at + rng.randrange(1, 9)]
        else:
            data[at:at] = bytes(rng.randrange(256) for _ in range(4))
        if not data:
            break
    return bytes(data)


def relay(rng, listener, target):
    """Between one connection and the bus, whose words are spoilt later on."""
    here, _ = listener.accept()
    there = socket.socket(socket.AF_UNIX)
    there.connect(target)
    # After authentication, which is text, something is spoilt.
    sound = rng.choice((1, 2, 3, 3, 4, 4, 5, 6))
    with here, there:
        while True:
            ready, _, _ = select.select([here, there], [], [], 20)
            if not ready:
                return
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                if source is here:
                    there.sendall(data)
                    continue
                sound -= 1
                here.sendall(data if sound > 0 else spoil(rng, data))
                if sound <= 0:
                    # It may wait for more than comes.
                    return


@case
def nonsense__bytes():
    """A bus that speaks another language."""
    b = bus()
    Double('own')
    material()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind('spoilt')
    listener.listen()
    os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = \
        f'unix:path={os.getcwd()}/spoilt'
    seen = {}
    for seed in range(ROUNDS):
        rng = random.Random(seed)
        for argv in ARGUMENTS:
            thread = threading.Thread(target=relay, args=(rng, listener,
                                                          b.path))
            thread.start()
            status = withstand(argv)
            thread.join()
            seen[status] = seen.get(status, 0) + 1
    print(seen)
    assert seen[1] > ROUNDS, seen


CASES[CASE]()
