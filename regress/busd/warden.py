# SPDX-License-Identifier: ISC
# Plays the warden for a real mandos-busd: the other end of its channel, and a
# private bus for it to be on.  What busd asks for is done as the warden would
# do it, and answered, unless a test takes that over.

import ctypes
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

FIELDS = '=32sIIiI5Q5q'
NAMES = ('keyid number flags status pending timeout extended_timeout '
         'interval approval_delay approval_duration created last_enabled '
         'last_checked_ok last_approval_request expires').split()
TEXTS = 'name host checker key_text fingerprint'.split()

ENABLED, BY_DEFAULT, HAS_KEYID, RUNNING = 1, 2, 4, 8
DBUS, ZEROCONF, IPV6 = 8, 16, 64
(CHECKER_STARTED, CHECKER_COMPLETED, GOT_SECRET, REJECTED, NEED_APPROVAL,
 UNKNOWN_KEY) = range(6)
(SET, APPROVE, DENY, ENABLE, DISABLE, CHECKED_OK, START_CHECKER, STOP_CHECKER,
 REMOVE, RELOAD, ADD) = range(11)
# SET_* of the fields that can be set, flags and texts included.
SETTINGS = {1 << 0: 'host', 1 << 1: 'checker', 1 << 4: 'timeout',
            1 << 5: 'extended_timeout', 1 << 6: 'interval',
            1 << 7: 'approval_delay', 1 << 8: 'approval_duration'}
SET_BY_DEFAULT, SET_SECRET = 1 << 9, 1 << 11

PATIENCE = 20


def message_numbers(top):
    """The number of each message, by its name."""
    with open(os.path.join(top, 'common', 'msgs.def')) as f:
        names = re.findall(r'^TO_[A-Z]+\(([A-Z_]+),', f.read(), re.M)
    return {name: number for number, name in enumerate(names)}


def string(text):
    if isinstance(text, str):
        text = text.encode()
    return struct.pack('=I', len(text)) + text


def strings(tail):
    found = []
    while tail:
        n, = struct.unpack_from('=I', tail)
        found.append(tail[4:4 + n])
        tail = tail[4 + n:]
    return found


def die_with_us():
    """For a child: nothing is left behind when a test fails."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def now_us():
    return time.time_ns() // 1000


def wait_for(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f'in vain waited for {what}')
        time.sleep(0.01)


class Client:
    def __init__(self, number, name, **kw):
        self.keyid = bytes(32)
        self.number = number
        self.flags = ENABLED | BY_DEFAULT | HAS_KEYID
        self.status = -2
        self.pending = 0
        self.timeout = 300000
        self.extended_timeout = 900000
        self.interval = 120000
        self.approval_delay = 0
        self.approval_duration = 1000
        self.created = self.last_enabled = 1546387200000000
        self.last_checked_ok = self.last_approval_request = 0
        self.expires = 1546387200000000 + 300000000
        self.name = name
        self.host = 'localhost'
        self.checker = 'true'
        self.key_text = '00' * 32
        self.fingerprint = ''
        self.secret = None
        self.__dict__.update(kw)

    def has(self, flag):
        return bool(self.flags & flag)

    def put(self, flag, on):
        self.flags = self.flags | flag if on else self.flags & ~flag

    def pack(self):
        return (struct.pack(FIELDS, *(getattr(self, n) for n in NAMES)),
                b''.join(string(getattr(self, n)) for n in TEXTS))


class Bus:
    """A private bus at PATH with a configuration of its own."""

    OPEN = '<allow user="*"/><allow own="*"/>' \
        '<allow send_destination="*" eavesdrop="true"/>' \
        '<allow receive_sender="*" eavesdrop="true"/>'
    STRICT = '<allow user="*"/><deny own="*"/>' \
        '<deny send_type="method_call"/><allow send_type="signal"/>' \
        '<allow send_requested_reply="true" send_type="method_return"/>' \
        '<allow send_requested_reply="true" send_type="error"/>' \
        '<allow receive_type="method_call"/>' \
        '<allow receive_type="method_return"/>' \
        '<allow receive_type="error"/><allow receive_type="signal"/>' \
        '<allow send_destination="org.freedesktop.DBus"' \
        ' send_interface="org.freedesktop.DBus"/>'

    def __init__(self, default=OPEN, include=None):
        self.dir = os.getcwd()
        self.path = os.path.join(self.dir, 'bus')
        self.address = 'unix:path=' + self.path
        # Who has given up root must be able to come here.
        os.chmod(self.dir, 0o755)
        with open('bus.conf', 'w') as f:
            f.write('<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus '
                    'Bus Configuration 1.0//EN" "http://www.freedesktop.org/'
                    'standards/dbus/1.0/busconfig.dtd">\n<busconfig>'
                    f'<type>system</type><listen>{self.address}</listen>'
                    '<auth>EXTERNAL</auth>'
                    f'<policy context="default">{default}</policy>')
            if include:
                f.write(f'<include ignore_missing="no">{include}</include>')
            f.write('<limit name="max_replies_per_connection">100000</limit>'
                    '</busconfig>\n')
        os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = self.address
        self.process = None

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.process = subprocess.Popen(
            ['dbus-daemon', '--config-file=' + self.dir + '/bus.conf',
             '--nofork', '--nopidfile'], preexec_fn=die_with_us,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.listens, 'the bus')

    def listens(self):
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(self.path) == 0

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        self.process.wait()


class Warden:
    """The warden of a busd; clients are by their numbers."""

    def __init__(self, program, top, flags=DBUS | IPV6, level=7):
        self.numbers = message_numbers(top)
        self.names = {v: k for k, v in self.numbers.items()}
        self.clients = {}
        self.asked = []			# every CONTROL that has come
        self.error = 0			# what the disk says
        self.why = b''			# and the parent, of a reload
        self.holds = False		# answer nothing
        self.checks = None		# what happens when one is started
        self.lock = threading.RLock()
        ours, theirs = socket.socketpair(socket.AF_UNIX,
                                         socket.SOCK_SEQPACKET)
        self.sock = ours
        self.log = open('busd.log', 'ab')

        def child():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen(
            [program], executable=program, preexec_fn=child,
            close_fds=False, stdin=subprocess.DEVNULL, stderr=self.log)
        theirs.close()
        self.send('BUS_START', struct.pack('=IIH6x', flags, level, 4711),
                  string('Mandos') + string(''))
        name, body, tail = self.receive()
        assert name == 'BUS_READY', name
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def send(self, name, body, tail=b''):
        self.sock.send(struct.pack('=I', self.numbers[name]) + body + tail)

    def receive(self):
        packet = self.sock.recv(1 << 18)
        if not packet:
            return None, b'', b''
        name = self.names[struct.unpack_from('=I', packet)[0]]
        if name == 'CONTROL':
            return name, packet[4:4 + 128 + 16], packet[4 + 128 + 16:]
        return name, packet[4:], b''

    def serve(self):
        while True:
            try:
                name, body, tail = self.receive()
            except OSError:
                return
            if name is None:
                return
            with self.lock:
                self.control(body, tail)

    # What busd is told.

    def add(self, name, **kw):
        with self.lock:
            c = Client(len(self.clients) + 1, name, **kw)
            self.clients[c.number] = c
            self.tell(c)
            return c

    def tell(self, c):
        self.send('CLIENT_STATE', *c.pack())

    def change(self, c, **kw):
        with self.lock:
            c.__dict__.update(kw)
            self.tell(c)

    def gone(self, c):
        with self.lock:
            self.clients[c.number] = None
            self.send('CLIENT_GONE', struct.pack('=I', c.number))

    def event(self, event, c=None, value=0, by_default=0, text='', **kw):
        """What has happened; with it, what it has changed of its client."""
        with self.lock:
            fields = bytes(struct.calcsize(FIELDS))
            if c:
                c.__dict__.update(kw)
                fields = c.pack()[0]
            self.send('EVENT', struct.pack(
                '=IIqq', event, c.number if c else 0, value, by_default) +
                fields, text.encode())

    def done(self, request, error=0, why=b'', number=0):
        self.send('CONTROL_DONE', struct.pack('=QII', request, error, number),
                  why)

    # What busd asks for.

    def control(self, body, tail):
        f = dict(zip(NAMES, struct.unpack_from(FIELDS, body)))
        request, what, bits = struct.unpack_from('=QII', body, 128)
        c = self.clients.get(f['number'])
        self.asked.append((what, bits, f, strings(tail), request))
        if self.holds:
            return
        if what == RELOAD:
            self.done(request, self.error, self.why)
            return
        if what == ADD:
            self.add_client(f, strings(tail), request)
            return
        if c is None:
            self.done(request, 2)
            return
        self.obey(c, what, bits, f, strings(tail))
        self.done(request, self.error)

    def add_client(self, f, texts, request):
        number = 0
        if not self.error:
            texts = [text.decode() for text in texts[:len(TEXTS)]] + texts[
                len(TEXTS):]
            kw = dict(zip(TEXTS[1:] + ['secret'], texts[1:]))
            kw.update({n: f[n] for n in NAMES[2:] if not
                       n.startswith(('last', 'created', 'number'))})
            number = self.add(texts[0], **kw).number
        self.done(request, self.error, number=number)

    def obey(self, c, what, bits, f, texts):
        now = now_us()
        if what == SET:
            self.assign(c, bits, f, texts)
        elif what == ENABLE and not c.has(ENABLED):
            c.put(ENABLED, True)
            c.last_enabled = now
            c.expires = min(now + 2000 * c.interval, 2 ** 63 - 1)
        elif what == DISABLE and c.has(ENABLED):
            c.put(ENABLED | RUNNING, False)
            c.expires = 0
        elif what == CHECKED_OK:
            c.last_checked_ok = now
            c.status = 0
            if c.has(ENABLED):
                c.expires = now + 1000 * c.timeout
        elif what == STOP_CHECKER:
            c.put(RUNNING, False)
        elif what == REMOVE:
            self.gone(c)
            return
        self.tell(c)
        if (what == START_CHECKER and not c.has(RUNNING) or
                what == SET and bits & 1 << 6 and c.has(ENABLED)):
            c.put(RUNNING, True)
            self.event(CHECKER_STARTED, c, text=c.checker)
            if self.checks is not None:
                self.checked(c, self.checks)

    def checked(self, c, wait):
        c.put(RUNNING, False)
        if wait == 0:
            c.last_checked_ok = now_us()
            c.expires = now_us() + 1000 * c.timeout
        c.status = wait >> 8 if wait & 0x7f == 0 else -1
        self.event(CHECKER_COMPLETED, c, wait, text=c.checker)

    def assign(self, c, bits, f, texts):
        for bit, name in SETTINGS.items():
            if not bits & bit:
                continue
            if name in TEXTS:
                setattr(c, name, texts[TEXTS.index(name)].decode())
                continue
            if name == 'timeout' and c.has(ENABLED):
                c.expires = min(c.expires + 1000 * (f[name] - c.timeout),
                                2 ** 63 - 1)
                if c.expires <= now_us():
                    c.expires = 0
                    c.put(ENABLED, False)
            setattr(c, name, f[name])
        if bits & SET_BY_DEFAULT:
            c.put(BY_DEFAULT, f['flags'] & BY_DEFAULT)
        if bits & SET_SECRET:
            c.secret = texts[len(TEXTS)]

    def is_alive(self):
        return self.process.poll() is None

    def end(self):
        """Hang up, as a server that ends does; busd's status."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        return self.process.wait(PATIENCE)
