# SPDX-License-Identifier: ISC
# server.py CASE TOP BUILD: one test of a whole server and its D-Bus interface,
# in the current directory, where a host named "server" is and a client "good"
# in etc/clients.conf.  It ends with an exception if something is not as it
# should be.

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import dbus

import warden as w
from listener import CLIENT, NAME, OLD, PROPERTIES, Failed, Listener

CASE, TOP, BUILD = sys.argv[1:]
OWN, OWN_INTERFACE = '/org/openmandos', 'org.openmandos.Server1'
CONFIGURATION = 'org.openmandos.Error.Configuration'
CLIENTS = 'etc/clients.conf'
PORT = '4711'
FETCH = os.path.join(BUILD, 'regress', 'helpers', 'fetch')
SLOWER = 1 if os.environ['SANITIZERS'] == 'no' else 4


def equal(have, want, what=''):
    assert have == want, f'{what} is {have!r}, not {want!r}'


def case(f):
    CASES[f.__name__] = f
    return f


CASES = {}


def at_server(*argv, **kw):
    with open('server.host') as f:
        pid = f.read().strip()
    return subprocess.run(['nsenter', '--target', pid, '--net', *argv],
                          capture_output=True, text=True, **kw)


def key(name):
    subprocess.run([FETCH, '-g', 'ed25519', '-k', name + '.key', '-u',
                    name + '.pub'], check=True)


def section(name):
    """The section of a client with this key, whose secret is its name."""
    return subprocess.run([FETCH, '-S', name, '-k', name + '.key', '-u',
                           name + '.pub'], check=True, text=True, input=name,
                          capture_output=True).stdout


def gets(name):
    """What the server gives this client: the secret, or nothing."""
    run = at_server(FETCH, '-k', name + '.key', '-u', name + '.pub', '-p',
                    PORT)
    equal((run.returncode, run.stderr), (0, 'ok\n'), f'the fetch of {name}')
    return run.stdout


def write(text):
    """As an editor does: all of it or nothing."""
    with open(CLIENTS + '.new', 'w') as f:
        f.write(text)
    os.rename(CLIENTS + '.new', CLIENTS)


class Server:
    """A server on a bus of its own, and somebody who calls it."""

    def __init__(self, under=(), options=()):
        self.under = list(under)
        self.options = list(options)
        self.bus = w.Bus()
        self.bus.start()
        os.makedirs('state', 0o700, exist_ok=True)
        self.start()

    def start(self):
        self.log = open('server.log', 'ab')
        self.process = subprocess.Popen(
            ['./at_server'] + self.under +
            [os.path.join(BUILD, 'regress', 'bin', 'mandos'),
             '--foreground', '--no-zeroconf', '--port', PORT, '--configdir',
             'etc', '--statedir', 'state', '--debuglevel', 'INFO'] +
            self.options,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=w.die_with_us)
        self.caller = Listener(self.bus.address)
        w.wait_for(self.is_there, 'the server', 20 * SLOWER)

    def is_there(self):
        assert self.process.poll() is None, 'the server has ended'
        run = subprocess.run(
            ['dbus-send', '--system', '--print-reply', '--dest=' + NAME,
             '/clients/good', 'org.freedesktop.DBus.Peer.Ping'],
            capture_output=True)
        return run.returncode == 0 and self.knows('good')

    def knows(self, name):
        try:
            self.caller.get('/clients/' + name, 'Name')
        except Failed:
            return False
        return True

    def reload(self):
        """What it answers: None, or what is wrong."""
        try:
            self.caller.call(OWN, OWN_INTERFACE, 'Reload')
        except Failed as failed:
            equal(failed.args[0], CONFIGURATION)
            return failed.args[1]
        return None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(20), 0, 'the status')

    def kill(self):
        """All at once, without a moment for anything."""
        self.process.kill()
        self.process.wait()
        w.wait_for(self.is_silent, 'the end of its processes', 20)

    def is_silent(self):
        with open('server.host') as f:
            host = os.readlink(f'/proc/{f.read().strip()}/ns/net')
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                if os.readlink(f'/proc/{pid}/ns/net') != host:
                    continue
            except OSError:
                continue
            try:
                if os.readlink(f'/proc/{pid}/exe').startswith(BUILD):
                    return False
            except OSError:
                # What is about to end has no program, but files, still.
                return False
        return True

    def end(self):
        self.stop()
        self.bus.stop()


def good():
    with open(CLIENTS) as f:
        return f.read()


# --- Reload

@case
def reload__in_force():
    s = Server()
    base = good()
    for name in ('one', 'two'):
        key(name)
    equal(s.reload(), None)
    for _ in range(10):
        write(base + section('one'))
        equal(s.reload(), None)
        # All of it is so when the answer is there.
        assert s.knows('one') and not s.knows('two')
        equal((gets('one'), gets('two')), ('one', ''))
        with open('state/clients.ledger') as f:
            assert '\nclient "one"\n' in f.read()
        write(base + section('two'))
        equal(s.reload(), None)
        assert s.knows('two') and not s.knows('one')
        equal((gets('one'), gets('two')), ('', 'two'))
    # It is on disk.
    s.kill()
    os.rename(CLIENTS, 'away')
    write(base + section('one') + section('two'))
    s.start()
    equal(gets('two'), 'two')
    s.end()


@case
def reload__broken():
    s = Server()
    base = good()
    lines = base.count('\n')
    path = 'etc/clients.conf'
    for text, want in (
            ('[x]\n', f'{path}:{lines + 1}: this client has neither secret '
             'nor secfile'),
            ('[x]\nsecret = YQ==\ninterval = soon\ntimeout = later\n',
             f'{path}:{lines + 4}: timeout is '),
            ('[x]\nsecret\n', f'{path}:{lines + 2}: '),
            ('[\u00fc\x1b[2J\u009b]\n', f'{path}:{lines + 1}: '),
            ('\udcff\udcfe\n', f'{path}:')):
        with open(CLIENTS, 'wb') as f:
            f.write((base + text).encode('utf-8', 'surrogateescape'))
        have = s.reload()
        assert have is not None and have.startswith(want), (text, have)
        assert len(have) < 1024
        assert all(c >= ' ' and not '\x7f' <= c <= '\x9f' for c in have), have
        equal(gets('good'), 'good')
    # What has no line, and what is not of clients.conf.
    os.unlink(CLIENTS)
    equal(s.reload(), 'etc: there is no clients.conf any more')
    os.mkdir(CLIENTS)
    assert s.reload().startswith(path + ': ')
    os.rmdir(CLIENTS)
    with open(CLIENTS, 'w') as f:
        f.write(base)
    with open('etc/mandos.conf', 'a') as f:
        f.write('port = many\n')
    equal(s.reload()[:18], 'etc/mandos.conf:2:')
    # A name in a file that is no text for the bus.
    os.mkdir('etc/clients.d')
    with open('etc/mandos.conf', 'w') as f:
        f.write('[DEFAULT]\n')
    name = b'etc/clients.d/\xff\n\x1b.conf'
    with open(name, 'w') as f:
        f.write('[y]\n')
    equal(s.reload(), 'etc/clients.d/???.conf:1: this client has neither '
          'secret nor secfile')
    os.unlink(name)
    # A reader that is killed has not complained.
    os.mkfifo('etc/clients.d/fifo.conf')
    s.caller.heard.clear()
    s.caller.call_start(OWN, OWN_INTERFACE, 'Reload')
    w.wait_for(lambda: reader(s), 'the reader')
    os.kill(reader(s), signal.SIGKILL)
    s.caller.until(lambda: s.caller.replies(), 'the answer')
    equal(s.caller.replies()[-1].get_dbus_message(),
          'it could not be read; the log may say why')
    os.unlink('etc/clients.d/fifo.conf')
    equal(s.reload(), None)
    equal(gets('good'), 'good')
    s.end()


def reader(s):
    """The process that reads the configuration, or None."""
    run = subprocess.run(['pgrep', '-P', str(s.process.pid),
                          'mandos-readconf'], capture_output=True, text=True)
    return int(run.stdout) if run.stdout else None


def count_log(what):
    with open('server.log') as f:
        return f.read().count(what)


@case
def reload__at_once():
    s = Server()
    base = good()
    write(base + '[x]\n')
    other = Listener(s.bus.address)
    for li in (s.caller, other):
        li.heard.clear()
    for n in range(250):
        s.caller.call_start(OWN, OWN_INTERFACE, 'Reload')
        other.call_start(OWN, OWN_INTERFACE, 'Reload')
    for li in (s.caller, other):
        li.until(lambda: len(li.replies()) == 250, 'the answers')
        for answer in li.replies()[-250:]:
            equal(answer.get_dbus_name(), CONFIGURATION)
    # However many ask, they are answered by a few.
    count = count_log('configuration not reloaded')
    assert 1 <= count < 100, count
    # SIGHUP and Reload do not lose each other.
    write(base)
    for n in range(20):
        s.process.send_signal(signal.SIGHUP)
        equal(s.reload(), None)
    # Who leaves without waiting leaves nothing undone.
    key('late')
    write(base + section('late'))
    s.caller.call_start(OWN, OWN_INTERFACE, 'Reload')
    s.caller.bus.flush()
    equal(other.call(OWN, OWN_INTERFACE, 'Reload'), None)
    s.caller.bus.close()
    equal(gets('late'), 'late')
    s.caller = other
    # An end in the middle of it is an end.
    for n in range(100):
        other.call_start(OWN, OWN_INTERFACE, 'Reload')
    other.bus.flush()
    s.end()


@case
def reload__rests():
    """After a long one there is none for as long, but by SIGHUP."""
    s = Server()
    base = good()
    os.mkdir('etc/clients.d')
    fifo = 'etc/clients.d/fifo.conf'

    def long_one(seconds):
        os.mkfifo(fifo)
        s.caller.heard.clear()
        s.caller.call_start(OWN, OWN_INTERFACE, 'Reload')
        w.wait_for(lambda: reader(s), 'the reader')
        time.sleep(seconds)
        with open(fifo, 'w'):
            os.unlink(fifo)
        s.caller.until(lambda: s.caller.replies(), 'the answer')

    long_one(1.5)
    begun = time.monotonic()
    equal(s.reload(), None)
    took = time.monotonic() - begun
    assert took >= 1.4, took
    # That was a short one; the next need not wait for the long one.
    begun = time.monotonic()
    equal(s.reload(), None)
    assert time.monotonic() - begun < 1 * SLOWER
    long_one(3)
    key('new')
    write(base + section('new'))
    begun = time.monotonic()
    s.process.send_signal(signal.SIGHUP)
    w.wait_for(lambda: s.knows('new'), 'the client')
    assert time.monotonic() - begun < 2 * SLOWER
    # Whoever waits is answered by it.
    equal(s.reload(), None)
    s.end()


@case
def reload__thousand():
    s = Server()
    base = good()
    key('odd')
    odd = section('odd')
    stop = threading.Event()
    served = []

    def load():
        while not stop.is_set():
            equal(gets('good'), 'good')
            served.append(1)

    thread = threading.Thread(target=load)
    thread.start()
    pids = sorted(children(s))
    count = 1000 // SLOWER
    begun = time.monotonic()
    for n in range(count):
        if n % 2 == 0:
            write(base + odd + f'approval_duration = PT{n + 1}S\n')
            equal(s.reload(), None)
            equal(s.caller.get('/clients/odd', 'ApprovalDuration'),
                  1000 * (n + 1))
        else:
            write(base + f'[x{n}]\n')
            line = base.count('\n') + 1
            equal(s.reload(), f'{CLIENTS}:{line}: this client has neither '
                  'secret nor secfile')
    took = time.monotonic() - begun
    stop.set()
    thread.join()
    assert len(served) > 10, served
    # Nothing has been started afresh, and nothing leaks.
    equal(sorted(children(s)), pids)
    equal(count_log('configuration not reloaded'), count // 2)
    for pid in [str(s.process.pid)] + pids:
        fds = os.listdir(f'/proc/{pid}/fd')
        assert len(fds) < 100, (pid, fds)
    print(f'{count} reloads in {took:.1f} s, {len(served)} fetches')
    s.end()


def children(s):
    run = subprocess.run(['pgrep', '-P', str(s.process.pid)],
                         capture_output=True, text=True)
    return run.stdout.split()


SMALL_DISK = ['unshare', '--mount', 'sh', '-ec', 'mount -t tmpfs -o '
              'size=64k,mode=700 disk state && exec "$@"', 'sh']


def fill_disk(s):
    """It has its state on a small disk; the file that fills it."""
    path = f'/proc/{s.process.pid}/root{os.getcwd()}/state/filler'
    with open(path, 'wb', 0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError as error:
            equal(error.errno, errno.ENOSPC)
    return path


@case
def reload__not_saved():
    s = Server(SMALL_DISK)
    base = good()
    key('new')
    filler = fill_disk(s)
    write(base + section('new'))
    s.caller.fails('IOError', OWN, OWN_INTERFACE, 'Reload')
    assert not s.knows('new')
    equal((gets('new'), gets('good')), ('', 'good'))
    os.unlink(filler)
    equal(s.reload(), None)
    equal(gets('new'), 'new')
    s.end()


@case
def strangers__denied():
    s = Server()
    pids = children(s)
    for call in ('"Reload", "", ()', '"AddClient", "sa{sv}", ("x", {"KeyID": '
                 '"ab" * 32, "Secret": dbus.ByteArray(b"x")})'):
        run = subprocess.run(
            [sys.executable, '-c', f'''
import dbus
try:
    dbus.SystemBus().call_blocking("{NAME}", "{OWN}", "{OWN_INTERFACE}",
                                   {call})
except dbus.DBusException as error:
    print(error.get_dbus_name())
'''], capture_output=True, text=True, user=65534, group=65534,
            extra_groups=[])
        equal((run.stdout, run.stderr),
              ('org.freedesktop.DBus.Error.AccessDenied\n', ''))
    assert not s.knows('x')
    equal(children(s), pids)
    s.caller.fails('InvalidArgs', OWN, OWN_INTERFACE, 'Reload', 's', 'x')
    s.caller.fails('UnknownMethod', '/', OWN_INTERFACE, 'Reload')
    s.caller.fails('UnknownMethod', '/clients/good', CLIENT, 'Reload')
    s.caller.fails('UnknownMethod', OWN, OLD, 'Reload')
    s.end()


# --- what is said of a key that is nobody's

class Debian(Server):
    """Debian's server in place of ours, with the same configuration."""

    def start(self):
        shutil.rmtree('debian.state', ignore_errors=True)
        os.mkdir('debian.state', 0o700)
        shutil.chown('debian.state', '_mandos', '_mandos')
        self.log = open('debian.log', 'ab')
        self.process = subprocess.Popen(
            ['./at_server', '/usr/sbin/mandos', '--foreground',
             '--no-zeroconf', '--port', PORT, '--configdir', 'etc',
             '--statedir', os.path.abspath('debian.state')] + self.options,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=w.die_with_us)
        self.caller = Listener(self.bus.address)
        w.wait_for(self.is_there, 'its server', 30 * SLOWER)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def not_found(s, address):
    """What is said when the nobody comes there."""
    s.caller.heard.clear()
    # Ours answers nothing, Debian's may just hang up: it is no matter here.
    at_server(FETCH, '-k', 'nobody.key', '-u', 'nobody.pub', '-p', PORT,
              '-a', address)
    s.caller.until(lambda: [h for h in s.caller.heard
                            if h[2] == 'ClientNotFound'][1:])
    return sorted(h[1:] for h in s.caller.heard if h[2] == 'ClientNotFound')


@case
def unknown_key__address():
    if not os.access('/usr/sbin/mandos', os.X_OK):
        sys.exit(77)
    key('nobody')
    wanted = key_id('nobody').upper()
    for options, address, told in (
            ([], '::1', '::1'), ([], '127.0.0.1', '::ffff:127.0.0.1'),
            (['--no-ipv6'], '127.0.0.1', '127.0.0.1')):
        heard = []
        for kind in (Debian, Server):
            s = kind(options=options)
            heard.append(not_found(s, address))
            s.end()
        equal(heard[1], heard[0], f'what we say of {address} {options}')
        equal(heard[0][0][2], [wanted, told], 'and the original')


# --- AddClient

ADD = (OWN, OWN_INTERFACE, 'AddClient', 'sa{sv}')


def key_id(name):
    lines = section(name).splitlines()
    return next(line.split(' = ')[1] for line in lines
                if line.startswith('key_id = '))


def settings(name, **kw):
    """What there must be for a client with this key, and its name as secret.
    """
    if not os.path.exists(name + '.key'):
        key(name)
    return {'KeyID': key_id(name), 'Secret': dbus.ByteArray(name.encode()),
            **kw}


def ledger():
    with open('state/clients.ledger') as f:
        return f.read()


@case
def add__as_in_clients_conf():
    key('filed')
    with open(CLIENTS, 'a') as f:
        f.write(section('filed'))
    s = Server()
    li = s.caller
    equal(li.call(*ADD, 'new.one', settings('one')), '/clients/new_one')
    # It is served, and in the ledger, when the answer is there.
    equal(gets('one'), 'one')
    assert ledger().startswith('mandos-ledger 2\n')
    assert '\nadded "new.one"\n' in ledger()
    have = li.call('/clients/new_one', PROPERTIES, 'GetAll', 's', CLIENT)
    want = li.call('/clients/filed', PROPERTIES, 'GetAll', 's', CLIENT)
    for name in want:
        if name not in OWN_PROPERTIES:
            equal(have[name], want[name], name)
    assert have['Enabled'] and have['Expires'] > have['Created']
    # It can do what any other can.
    li.set('/clients/new_one', 'Secret', dbus.ByteArray(b'other'))
    equal(gets('one'), 'other')
    li.set('/clients/new_one', 'Enabled', False)
    equal(gets('one'), '')
    equal(li.call(OWN, OWN_INTERFACE, 'Why', 'o', '/clients/new_one')[0],
          'disabled')
    # And it can be added so.
    li.call(*ADD, 'off', settings('off', Enabled=False))
    equal(gets('off'), '')
    li.set('/clients/off', 'Enabled', True)
    equal(gets('off'), 'off')
    s.end()


# Those that are not a matter of settings, or must differ.
OWN_PROPERTIES = ('KeyID', 'Name', 'ObjectPath', 'Host', 'Fingerprint',
                  'Created', 'Expires', 'LastEnabled', 'CheckerRunning',
                  'LastCheckedOK', 'LastCheckerStatus',
                  'LastApprovalRequest')


def ctl(*argv):
    run = subprocess.run([os.path.join(BUILD, 'ctl', 'mandos-ctl'), *argv],
                         capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


@case
def ctl__adds_and_reloads():
    """Our own mandos-ctl, by the same interface."""
    s = Server()
    base = good()
    for name in ('one', 'two'):
        key(name)
    with open('new.conf', 'w') as f:
        f.write('[DEFAULT]\ntimeout = PT7M\n' + section('one'))
    equal(ctl('--add', 'new.conf'), (0, '', ''))
    equal(gets('one'), 'one')
    equal(s.caller.get('/clients/one', 'Timeout'), 420000)
    status, out, err = ctl('--add', 'new.conf')
    equal((status, out), (1, ''))
    assert 'one is not added: there is a client of this name' in err, err
    write(base + section('two'))
    equal(ctl('--reload'), (0, '', ''))
    equal((gets('one'), gets('two')), ('one', 'two'))
    write(base + '[x]\n')
    status, out, err = ctl('--reload')
    equal((status, out), (1, ''))
    line = base.count('\n') + 1
    assert f'{CLIENTS}:{line}: this client has neither secret nor secfile' \
        in err, err
    s.end()


@case
def add__exists():
    s = Server()
    li = s.caller
    exists = 'org.openmandos.Error.Exists'
    li.fails(exists, *ADD, 'good', settings('one'))
    li.fails(exists, *ADD, 'other', settings('good'))
    li.call(*ADD, 'one', settings('one'))
    li.fails(exists, *ADD, 'one', settings('two'))
    li.fails(exists, *ADD, 'two', settings('one'))
    # What was removed and is in the file is not to be had by its name.
    li.call('/', NAME, 'RemoveClient', 'o', '/clients/good')
    li.fails(exists, *ADD, 'good', settings('two'))
    li.call(*ADD, 'not so good', settings('good'))
    equal(gets('good'), 'good')
    li.call('/', NAME, 'RemoveClient', 'o', '/clients/one')
    li.call(*ADD, 'one', settings('one'))
    equal(gets('one'), 'one')
    s.end()


@case
def add__kept_and_removed():
    s = Server()
    s.caller.call(*ADD, 'one', settings('one', Timeout=777000))
    s.caller.call(*ADD, 'two', settings('two'))
    # Neither a reload, nor an end of whatever kind, is its end.
    equal(s.reload(), None)
    equal(gets('one'), 'one')
    for end in (s.kill, s.stop, s.kill):
        end()
        s.start()
        equal((gets('one'), gets('two')), ('one', 'two'))
        equal(s.caller.get('/clients/one', 'Timeout'), 777000)
        equal(s.reload(), None)
    s.caller.call('/', NAME, 'RemoveClient', 'o', '/clients/one')
    for end in (s.kill, s.stop):
        end()
        s.start()
        assert not s.knows('one')
        equal(s.reload(), None)
        equal((gets('one'), gets('two')), ('', 'two'))
    s.caller.call('/', NAME, 'RemoveClient', 'o', '/clients/two')
    assert ledger().startswith('mandos-ledger 1\n')
    assert 'two' not in ledger()
    s.end()


@case
def add__then_in_clients_conf():
    """Whoever has the key of the one does not get the secret of the other."""
    s = Server()
    base = good()
    for name in ('early', 'late'):
        key(name)
    for ends in (None, s.kill):
        s.caller.call(*ADD, 'x', settings('early'))
        equal((gets('early'), gets('late')), ('early', ''))
        write(base + section('late').replace('[late]', '[x]'))
        if ends is None:
            equal(s.reload(), None)
        else:
            ends()
            s.start()
        equal((gets('early'), gets('late')), ('', 'late'))
        # It is one of the file, and goes with its section.
        write(base)
        equal(s.reload(), None)
        equal((gets('early'), gets('late')), ('', ''))
        assert not s.knows('x')
    # A section without a key is no reason to keep the other one.
    s.caller.call(*ADD, 'x', settings('early'))
    write(base + '[x]\nsecret = bGF0ZQ==\n')
    equal(s.reload(), None)
    equal((gets('early'), gets('late')), ('', ''))
    equal(s.caller.get('/clients/x', 'KeyID'), '')
    write(base)
    equal(s.reload(), None)
    # Nor is one a reason to enable what was disabled.
    s.caller.call(*ADD, 'x', settings('early', Enabled=False))
    write(base + section('early').replace('[early]', '[x]'))
    equal(s.reload(), None)
    equal(gets('early'), '')
    assert not s.caller.get('/clients/x', 'Enabled')
    s.caller.set('/clients/x', 'Enabled', True)
    equal(gets('early'), 'early')
    s.end()


@case
def add__not_saved():
    s = Server(SMALL_DISK)
    filler = fill_disk(s)
    s.caller.fails('IOError', *ADD, 'one', settings('one'))
    assert not s.knows('one')
    equal((gets('one'), gets('good')), ('', 'good'))
    os.unlink(filler)
    s.caller.call(*ADD, 'one', settings('one'))
    equal(gets('one'), 'one')
    s.end()


@case
def add__killed_meanwhile():
    """Killed at any moment: it is there, or not; but if it was said so."""
    s = Server()
    count = 40 // SLOWER
    for n in range(count):
        name = f'c{n}'
        s.caller.heard.clear()
        s.caller.call_start(*ADD, name, settings('one', KeyID=f'{n:064x}'))
        s.caller.bus.flush()
        time.sleep(0.0005 * n)
        s.kill()
        s.caller.until(lambda: s.caller.replies(), 'an answer or none')
        answer = s.caller.replies()[0]
        s.start()
        if isinstance(answer, tuple):
            equal(answer, (f'/clients/{name}',))
            assert s.knows(name)
        elif not s.knows(name):
            assert f'"{name}"' not in ledger()
    there = sum(s.knows(f'c{n}') for n in range(count))
    assert 0 < there, 'it was never there'
    print(f'{there} of {count} are there')
    s.end()


@case
def add__many():
    """As many as may be, by two callers at once, under load."""
    s = Server()
    others = [s.caller, Listener(s.bus.address)]
    begun = time.monotonic()
    for li in others:
        li.heard.clear()
    for n in range(0, 1100, 2):
        for i, li in enumerate(others):
            li.call_start(*ADD, f'c{n + i}', {
                'KeyID': f'{n + i + 1:064x}',
                'Secret': dbus.ByteArray(b'x' * 700)})
        # Each may have no more than so many waiting.
        if n % 200 == 198:
            for li in others:
                li.until(lambda: len(li.replies()) == n // 2 + 1)
    for li in others:
        li.until(lambda: len(li.replies()) == 550, 'the answers')
    answers = [a for li in others for a in li.replies()]
    refused = [a for a in answers if isinstance(a, dbus.DBusException)]
    equal(len(refused), 100)
    for answer in refused:
        equal(answer.get_dbus_name(),
              'org.freedesktop.DBus.Error.LimitsExceeded')
    print(f'{time.monotonic() - begun:.1f} s')
    equal(gets('good'), 'good')
    s.kill()
    s.start()
    equal(len(s.caller.call('/', NAME, 'GetAllClients')), 1001)
    equal(gets('good'), 'good')
    s.end()


CASES[CASE]()
