# SPDX-License-Identifier: ISC
# cases.py CASE TOP BUILD: one test of mandos-busd, in the current directory;
# BUILD is the directory of the build.  It ends with an exception if something
# is not as it should be.

import calendar
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import dbus
from gi.repository import Gio, GLib

import scenarios
import warden as w
from listener import (CLIENT, MANAGER, NAME, OLD, OLD_CLIENT, PROPERTIES,
                      Listener)

CASE, TOP, BUILD = sys.argv[1:]
VECTORS = os.path.join(TOP, 'regress', 'busd', 'vectors')
BUSD = os.path.join(BUILD, 'busd', 'mandos-busd')
INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
OWN, OWN_INTERFACE = '/org/openmandos', 'org.openmandos.Server1'
FOO = '/clients/foo'


def equal(have, want, what=''):
    assert have == want, f'{what} is {have!r}, not {want!r}'


def owned(name):
    """Who has this name on the bus, asked anew each time."""
    try:
        bus = dbus.bus.BusConnection(os.environ['DBUS_SYSTEM_BUS_ADDRESS'])
        try:
            return bus.get_name_owner(name)
        finally:
            bus.close()
    except dbus.DBusException:
        return None


def log_lines():
    with open('busd.log') as f:
        return len(f.read().splitlines())


class Setting:
    """A bus, a busd on it by its names, and somebody who listens."""

    def __init__(self, flags=w.DBUS | w.IPV6, **kw):
        self.bus = w.Bus(**kw)
        self.bus.start()
        self.warden = w.Warden(BUSD, TOP, flags)
        w.wait_for(lambda: owned(NAME) and owned(OLD), 'the names')
        self.listener = Listener(self.bus.address)

    def end(self):
        assert self.warden.is_alive(), self.warden.process.returncode
        equal(self.warden.end(), 0, 'the status')
        self.bus.stop()
        with open('busd.log') as f:
            return f.read()


def case(f):
    CASES[f.__name__] = f
    return f


CASES = {}


# --- introspection

def tree_of(node):
    """An element without order."""
    return (node.tag, tuple(sorted(node.attrib.items())),
            tuple(sorted(tree_of(n) for n in node if n.tag != 'node')))


@case
def introspection__as_the_original():
    s = Setting()
    s.warden.add('foo')
    s.warden.add('foo/bar.baz')
    s.listener.settle(s.warden)

    def introspect(path):
        return ET.fromstring(s.listener.call(path, INTROSPECTABLE,
                                             'Introspect'))

    def children(node):
        return sorted(n.get('name') for n in node if n.tag == 'node')

    want = ET.parse(os.path.join(VECTORS, 'dbus.xml')).getroot()
    root, client = introspect('/'), introspect(FOO)
    equal(tree_of(root)[2], tree_of(want)[2], '/')
    equal(tree_of(client)[2], tree_of(want.find('node'))[2], FOO)
    equal(children(root), ['clients'])
    equal(children(introspect('/clients')), ['foo'])
    equal(tree_of(introspect('/clients'))[2], ())
    equal(children(client), ['bar_baz'])
    equal(children(introspect('/clients/foo/bar_baz')), [])
    own = introspect(OWN)
    equal([i.get('name') for i in own], [INTROSPECTABLE, PROPERTIES,
                                        OWN_INTERFACE])
    equal({m.get('name'): [(a.get('direction'), a.get('type')) for a in m]
           for m in own[2] if m.tag == 'method'}, {
        'AddClient': [('in', 's'), ('in', 'a{sv}'), ('out', 'o')],
        'Reload': [], 'Why': [('in', 'o'), ('out', 's'), ('out', 's')]})
    s.listener.fails('UnknownObject', '/org', INTROSPECTABLE, 'Introspect')
    s.listener.fails('UnknownObject', '/clients/fo', INTROSPECTABLE,
                     'Introspect')
    # It can be left out which interface is meant.
    assert s.listener.call('/', '', 'Introspect').startswith('<!DOCTYPE')
    equal(s.end(), '')


# --- properties

def int_types():
    return [dbus.Byte, dbus.Int16, dbus.UInt16, dbus.Int32, dbus.UInt32,
            dbus.Int64, dbus.UInt64]


READ_ONLY = {'ApprovalPending': True, 'Created': '', 'Expires': '',
             'Fingerprint': '', 'KeyID': '', 'LastApprovalRequest': '',
             'LastCheckerStatus': dbus.Int16(0), 'LastEnabled': '',
             'Name': 'x', 'ObjectPath': dbus.ObjectPath('/')}
DURATIONS = ['ApprovalDelay', 'ApprovalDuration', 'ExtendedTimeout',
             'Interval', 'Timeout']
FLAGS = ['ApprovedByDefault', 'CheckerRunning', 'Enabled']
TEXTS = ['Checker', 'Host', 'LastCheckedOK']


@case
def properties__of_all_kinds():
    s = Setting()
    d, li = s.warden, s.listener
    c = d.add('foo', approval_delay=1500, checker='a\nb', host='hå',
              last_checked_ok=1549152000000000, key_text='ab' * 32,
              fingerprint='F' * 40, expires=2 ** 63 - 1, status=-1,
              extended_timeout=2 ** 64 - 1, pending=2)
    li.settle(d)
    everything = {
        'ApprovalDelay': 1500, 'ApprovalDuration': 1000,
        'ApprovalPending': True, 'ApprovedByDefault': True,
        'CheckerRunning': False, 'Checker': 'a\nb',
        'Created': '2019-01-02T00:00:00.000000', 'Enabled': True,
        'Expires': '9999-12-31T23:59:59.999999',
        'ExtendedTimeout': 2 ** 64 - 1, 'Fingerprint': 'F' * 40,
        'Host': 'hå', 'Interval': 120000, 'KeyID': 'ab' * 32,
        'LastApprovalRequest': '',
        'LastCheckedOK': '2019-02-03T00:00:00.000000',
        'LastCheckerStatus': -1,
        'LastEnabled': '2019-01-02T00:00:00.000000', 'Name': 'foo',
        'ObjectPath': FOO, 'Timeout': 300000}
    types = {p.get('name'): p.get('type') for p in ET.parse(os.path.join(
        VECTORS, 'dbus.xml')).getroot().iter('property')}
    classes = {'t': dbus.UInt64, 'b': dbus.Boolean, 's': dbus.String,
               'n': dbus.Int16, 'o': dbus.ObjectPath}
    for interface in (CLIENT, OLD_CLIENT):
        for name, value in everything.items():
            have = li.get(FOO, name, interface)
            equal(have, value, name)
            equal(type(have), classes[types[name]], name)
        equal(li.call(FOO, PROPERTIES, 'GetAll', 's', interface), everything)
    equal(li.call(FOO, PROPERTIES, 'GetAll', 's', ''), everything)
    equal(li.call(FOO, PROPERTIES, 'GetAll', 's', 'org.example'), {})
    equal(li.call(FOO, PROPERTIES, 'GetAll', 's', PROPERTIES), {})
    both = {CLIENT: everything, OLD_CLIENT: everything, PROPERTIES: {},
            INTROSPECTABLE: {}}
    equal(li.call('/', MANAGER, 'GetManagedObjects'), {FOO: both})
    for interface in (NAME, OLD):
        equal(li.call('/', interface, 'GetAllClients'), [FOO])
        equal(li.call('/', interface, 'GetAllClientsWithProperties'),
              {FOO: everything})
    refusals(li)
    durations_and_flags(d, li, c)
    equal(s.end(), '')


def refusals(li):
    def get(interface, name):
        return (FOO, PROPERTIES, 'Get', 'ss', interface, name)

    def put(interface, name, value):
        return (FOO, PROPERTIES, 'Set', 'ssv', interface, name, value)

    equal(li.fails('UnknownProperty', *get(CLIENT, 'Nope')),
          f'{FOO}:{CLIENT}.Nope')
    equal(li.fails('UnknownProperty', *get('', 'Host')), f'{FOO}:.Host')
    li.fails('UnknownProperty', *get(INTROSPECTABLE, 'Host'))
    li.fails('UnknownProperty', *put(CLIENT, 'Nope', 1))
    li.fails('UnknownProperty', *put('', 'Host', 'x'))
    equal(li.fails('AccessDenied', *get(CLIENT, 'Secret')), 'Secret')
    for name, value in READ_ONLY.items():
        equal(li.fails('PropertyReadOnly', *put(CLIENT, name, value)), name)
    for name in DURATIONS:
        for value in (-1, dbus.Int16(-1), dbus.Int64(-1), 1.0, True, 'PT5M',
                      dbus.UInt64(999999999 * 86400000 + 1),
                      dbus.ByteArray(b'1')):
            li.fails('InvalidArgs', *put(CLIENT, name, value))
    for name in FLAGS:
        for value in (0, 1, 'true', 1.0, dbus.Array([], 'b')):
            li.fails('InvalidArgs', *put(CLIENT, name, value))
    for name in TEXTS:
        for value in (True, 1, dbus.ByteArray(b'x'), dbus.ObjectPath('/')):
            li.fails('InvalidArgs', *put(CLIENT, name, value))
    for name in ('Checker', 'Host'):
        li.fails('InvalidArgs', *put(CLIENT, name, 'x' * 16385))
    for value in ('x', 1, dbus.Array([1], 'i'), dbus.Array(['x'], 's'),
                  dbus.ByteArray(bytes(65537))):
        li.fails('InvalidArgs', *put(CLIENT, 'Secret', value))


def durations_and_flags(d, li, c):
    """What is asked of the warden, for each property and type."""
    bits = {v: k for k, v in w.SETTINGS.items()}
    snake = {n: re.sub('(?<=[a-z])(?=[A-Z])', '_', n).lower()
             for n in DURATIONS}
    for name in DURATIONS:
        for n, kind in enumerate(int_types()):
            li.set(FOO, name, kind(100 + n), (CLIENT, OLD_CLIENT)[n % 2])
            what, bit, f, texts, request = d.asked[-1]
            equal((what, bit, f['number']), (w.SET, bits[snake[name]], 1))
            equal(f[snake[name]], 100 + n, name)
            equal(texts, [b''] * 5)
            equal(li.get(FOO, name), 100 + n)
        li.set(FOO, name, dbus.UInt64(999999999 * 86400000))
        li.set(FOO, name, dbus.Int32(0, variant_level=2))
        equal(d.asked[-1][2][snake[name]], 0)
    for name, off, on in (('CheckerRunning', w.STOP_CHECKER,
                           w.START_CHECKER), ('Enabled', w.DISABLE,
                                              w.ENABLE)):
        for value, what in ((False, off), (True, on)):
            li.set(FOO, name, value)
            equal(d.asked[-1][:2], (what, 0))
            equal(li.get(FOO, name), value)
    for value in (False, True):
        li.set(FOO, 'ApprovedByDefault', value)
        equal(d.asked[-1][:2], (w.SET, w.SET_BY_DEFAULT))
        equal(li.get(FOO, 'ApprovedByDefault'), value)
    for name, at in (('Host', 1), ('Checker', 2)):
        for value in ('', 'ü%(x)s\n', 'x' * 16384):
            li.set(FOO, name, value)
            texts = [b''] * 5
            texts[at] = value.encode()
            equal(d.asked[-1][3], texts)
            equal(li.get(FOO, name), value)
    li.set(FOO, 'LastCheckedOK', 'whatever')
    equal(d.asked[-1][:2], (w.CHECKED_OK, 0))
    for value in (b'', b'\0\xff', bytes(65536)):
        li.set(FOO, 'Secret', dbus.ByteArray(value))
        equal(d.asked[-1][:2], (w.SET, w.SET_SECRET))
        equal(c.secret, value)


# --- methods

@case
def methods__of_all_kinds():
    s = Setting()
    d, li = s.warden, s.listener
    c = d.add('foo')
    d.add('gone')
    li.settle(d)
    for interface in (CLIENT, OLD_CLIENT):
        for name, what in (
                ('CheckedOK', w.CHECKED_OK), ('Enable', w.ENABLE),
                ('Disable', w.DISABLE), ('StartChecker', w.START_CHECKER),
                ('StopChecker', w.STOP_CHECKER)):
            li.call(FOO, interface, name)
            equal(d.asked[-1][:2], (what, 0))
            li.fails('InvalidArgs', FOO, interface, name, 's', 'x')
        for value, what in ((True, w.APPROVE), (False, w.DENY)):
            li.call(FOO, interface, 'Approve', 'b', value)
            equal(d.asked[-1][0], what)
            li.call(FOO, interface, 'Approve', 'v', value)
            equal(d.asked[-1][0], what)
        for arguments in (('',), ('i', 1), ('v', 1), ('bb', True, True)):
            li.fails('InvalidArgs', FOO, interface, 'Approve', *arguments)
        li.fails('UnknownMethod', FOO, interface, 'Nope')
    for interface in (NAME, OLD):
        li.fails('UnknownObject', '/', interface, 'RemoveClient', 'o',
                 '/clients/nope')
        li.fails('InvalidArgs', '/', interface, 'RemoveClient', 's', FOO)
        li.fails('UnknownMethod', FOO, interface, 'GetAllClients')
    li.fails('UnknownMethod', '/', PROPERTIES, 'GetAll', 's', '')
    li.fails('UnknownMethod', '/clients', PROPERTIES, 'GetAll', 's', '')
    li.fails('UnknownMethod', FOO, 'org.example', 'Enable')
    li.fails('UnknownMethod', '/', CLIENT, 'Enable')
    li.fails('UnknownObject', '/clients/nope', CLIENT, 'Enable')
    li.call('/', 'org.freedesktop.DBus.Peer', 'Ping')
    machine = li.call('/nowhere', 'org.freedesktop.DBus.Peer', 'GetMachineId')
    assert re.match('[0-9a-f]{32}$', machine), machine
    li.call('/', OLD, 'RemoveClient', 'o', '/clients/gone')
    equal(d.asked[-1][0], w.REMOVE)
    li.fails('UnknownObject', '/clients/gone', CLIENT, 'Enable')
    # It went while somebody wanted something of it.
    d.clients[c.number] = None
    equal(li.fails('UnknownObject', FOO, CLIENT, 'Enable'),
          'there is no such client any more')
    equal(s.end(), '')


@case
def own_interface__of_its_own():
    s = Setting()
    d, li = s.warden, s.listener
    c = d.add('foo')
    li.settle(d)

    def why():
        return li.call(OWN, OWN_INTERFACE, 'Why', 'o', FOO)

    equal(why()[0], 'enabled')
    assert '2019-01-02T00:05:00' in why()[1], why()
    d.change(c, approval_delay=2500, pending=1)
    li.settle(d)
    equal(why()[0], 'pending-approval')
    assert ' 2.500 seconds' in why()[1], why()
    d.change(c, flags=0)
    li.settle(d)
    equal(why()[0], 'no-key-id')
    li.fails('UnknownObject', OWN, OWN_INTERFACE, 'Why', 'o', '/clients')
    version = li.get(OWN, 'Version', OWN_INTERFACE)
    assert re.match(r'[0-9.]+$', version), version
    equal(li.call(OWN, PROPERTIES, 'GetAll', 's', ''), {'Version': version})
    equal(li.call(OWN, PROPERTIES, 'GetAll', 's', CLIENT), {})
    li.fails('PropertyReadOnly', OWN, PROPERTIES, 'Set', 'ssv', OWN_INTERFACE,
             'Version', '1')
    li.fails('UnknownProperty', OWN, PROPERTIES, 'Get', 'ss', CLIENT, 'Host')
    li.fails('UnknownMethod', OWN, NAME, 'GetAllClients')
    equal(s.end(), '')


@case
def reload__answers():
    s = Setting()
    d, li = s.warden, s.listener
    call = (OWN, OWN_INTERFACE, 'Reload')
    equal(li.call(*call), None)
    equal(d.asked[-1][:2], (w.RELOAD, 0))
    equal(d.asked[-1][2]['number'], 0)
    d.error = 22
    for why, text in (
            (b'clients.conf:7: bad', 'clients.conf:7: bad'), (b'', ''),
            (b'x' * 1023, 'x' * 1023), ('hå'.encode(), 'hå'),
            (b'\x1b[2J\r\n\t\x7f', '?[2J????'), (b'a\0b', 'a'),
            (b'\xff\n\xc3', '???'), ('a\u0085\u00a0'.encode(),
                                     'a??\u00a0')):
        d.why = why
        equal(li.fails('org.openmandos.Error.Configuration', *call), text)
    d.error, d.why = 5, b''
    equal(li.fails('IOError', *call),
          'the state could not be saved: Input/output error')
    d.error = 0
    for path, interface in ((OWN, CLIENT), ('/', OWN_INTERFACE),
                            ('/clients', OWN_INTERFACE)):
        li.fails('UnknownMethod', path, interface, 'Reload')
    li.fails('InvalidArgs', *call, 's', 'x')
    # They have a limit, like all that waits.
    with d.lock:
        d.holds = True
        d.asked.clear()
    li.heard.clear()
    for n in range(300):
        li.call_start(*call)
    li.until(lambda: len(li.replies()) == 300 - 256, 'the refusals')
    w.wait_for(lambda: len(d.asked) == 256, 'the others')
    with d.lock:
        d.holds = False
        for asked in d.asked:
            d.done(asked[4])
    li.until(lambda: len(li.replies()) == 300, 'the answers')
    equal(s.end(), '')


ADD = (OWN, OWN_INTERFACE, 'AddClient', 'sa{sv}')
MUST = {'KeyID': 'ab' * 32, 'Secret': dbus.ByteArray(b's\0\xff')}


@case
def add_client__settings():
    s = Setting()
    d, li = s.warden, s.listener
    equal(li.call(*ADD, 'new-one', MUST), '/clients/new_one')
    what, bits, f, texts, request = d.asked[-1]
    equal((what, bits, f['number']), (w.ADD, 0, 0))
    equal(f['flags'], w.ENABLED | w.BY_DEFAULT)
    equal([f[n] for n in ('timeout', 'extended_timeout', 'interval',
                          'approval_delay', 'approval_duration')],
          [300000, 900000, 120000, 0, 1000])
    equal(texts, [b'new-one', b'', b'fping -q -- %(host)s', b'AB' * 32, b'',
                  b's\0\xff'])
    # It is told before the answer is.
    events = [e for e in li.events() if e[0] == '/' or e[0] == 'reply']
    equal([e[1:2] for e in events], [('InterfacesAdded',), ('ClientAdded',),
                                     ()])
    everything = dict(
        MUST, KeyID=' '.join(['Cd'] * 32), Fingerprint='ab cd',
        Host='h\u00f6st', Checker='a %(name)s\n', Enabled=False,
        ApprovedByDefault=dbus.Boolean(False, variant_level=2),
        Timeout=dbus.Byte(7), ExtendedTimeout=dbus.Int16(8),
        Interval=dbus.UInt64(999999999 * 86400000),
        ApprovalDelay=dbus.Int64(9), ApprovalDuration=0,
        Secret=dbus.ByteArray(bytes(65536)))
    name = 'x]\u00e5\t[ %(a)s/'
    path = li.call(*ADD, name, everything)
    equal(li.get(path, 'Name'), name)
    what, bits, f, texts, request = d.asked[-1]
    equal(f['flags'], 0)
    equal([f[n] for n in ('timeout', 'extended_timeout', 'interval',
                          'approval_delay', 'approval_duration')],
          [7, 8, 999999999 * 86400000, 9, 0])
    equal(texts, [name.encode(), 'h\u00f6st'.encode(), b'a %(name)s\n',
                  b'CD' * 32, b'ABCD', bytes(65536)])
    # Each can be as long as it may be, all at once.
    longest = dict(everything, Host='h' * 16384, Checker='c' * 16384,
                   Fingerprint='f' * 16384)
    li.call(*ADD, 'n' * 1024, longest)
    equal([len(t) for t in d.asked[-1][3]], [1024, 16384, 16384, 64, 16384,
                                             65536])
    add_refusals(d, li)
    equal(s.end(), '')


def add_refusals(d, li):
    count = len(d.asked)

    def refused(setting, name='foo', *settings, **kw):
        text = li.fails('InvalidArgs', *ADD, name,
                        *(settings or [{**MUST, **kw}]))
        assert text.startswith(setting + ' '), (setting, text)

    for name in ('', 'DEFAULT', 'a\nb', 'a\rb', 'x' * 1025):
        refused('the name', name)
    for key in MUST:
        refused(key, 'foo', {k: v for k, v in MUST.items() if k != key})
    for key in ('Name', 'ObjectPath', 'CheckerRunning', 'LastCheckedOK',
                'Expires', 'secret', 'key_id', '', 'Nope\n'):
        refused(key, 'foo', {**MUST, key: dbus.ByteArray(b'secret')})
    refused('something', 'foo', {**MUST, '\u00e5' * 5000: 1})
    for key in DURATIONS:
        for value in (-1, dbus.Int16(-1), 1.0, True, 'PT5M',
                      dbus.UInt64(999999999 * 86400000 + 1),
                      dbus.ByteArray(b'1')):
            refused(key, **{key: value})
    refused('Interval', Interval=0)
    for key in ('ApprovedByDefault', 'Enabled'):
        for value in (0, 1, 'true', dbus.Array([], 'b')):
            refused(key, **{key: value})
    for key in ('Host', 'Checker', 'Fingerprint', 'KeyID'):
        for value in (True, 1, dbus.ByteArray(b'x'), dbus.ObjectPath('/'),
                      'x' * 16385):
            refused(key, **{key: value})
    void = ('E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855')
    for value in ('', 'ab' * 31, 'ab' * 33, 'gg' * 32, 'ab' * 31 + '\tb',
                  void):
        refused('KeyID', KeyID=value)
    for value in ('x', 1, dbus.Array([1], 'i'), dbus.Array(['x'], 's'),
                  dbus.ByteArray(bytes(65537))):
        refused('Secret', Secret=value)
    for arguments in (('',), ('s', 'x'), ('a{sv}', MUST),
                      ('sa{ss}', 'x', {'a': 'b'}),
                      ('sa{sv}s', 'x', MUST, 'x')):
        li.fails('InvalidArgs', *ADD[:3], *arguments)
    equal(len(d.asked), count)
    # And what only the server can say.
    for error, name in ((17, 'org.openmandos.Error.Exists'),
                        (122, 'LimitsExceeded'), (28, 'IOError')):
        d.error = error
        li.fails(name, *ADD, 'foo', MUST)
    d.error = 0


@case
def add_client__twice():
    """A dictionary that has a key twice is legal on the bus."""
    s = Setting()
    flags = Gio.DBusConnectionFlags
    bus = Gio.DBusConnection.new_for_address_sync(
        s.bus.address, flags.AUTHENTICATION_CLIENT |
        flags.MESSAGE_BUS_CONNECTION, None, None)
    entry = GLib.Variant.new_dict_entry
    host, other = [entry(GLib.Variant('s', 'Host'), GLib.Variant(
        'v', GLib.Variant('s', name))) for name in ('a', 'b')]
    settings = GLib.Variant.new_array(None, [host, other])
    try:
        bus.call_sync(NAME, *ADD[:3], GLib.Variant.new_tuple(
            GLib.Variant('s', 'foo'), settings), None, 0, 20000, None)
    except GLib.Error as error:
        assert 'InvalidArgs: Host is there twice' in error.message, error
    else:
        raise AssertionError('it was taken')
    equal(s.warden.asked, [])
    equal(s.end(), '')


@case
def add_client__gone_at_once():
    """It is removed before the answer comes."""
    s = Setting()
    d, li = s.warden, s.listener

    def control(f, texts, request):
        c = d.add('foo')
        d.gone(c)
        d.done(request, 0, number=c.number)

    d.add_client = control
    li.fails('UnknownObject', *ADD, 'foo', MUST)
    d.add_client = lambda f, texts, request: d.done(request, 0, number=4711)
    li.fails('UnknownObject', *ADD, 'foo', MUST)
    equal(s.end(), '')


# --- signals

@case
def signals__as_recorded():
    s = Setting()
    wrong = scenarios.run_all(s.warden, s.listener, VECTORS)
    assert not wrong, '\n'.join(wrong)
    equal(s.end(), '')


@case
def signals__of_start_and_end():
    bus = w.Bus()
    bus.start()
    listener = Listener(bus.address)
    d = w.Warden(BUSD, TOP)
    d.add('foo')
    d.add('off', flags=w.HAS_KEYID, expires=0)
    listener.until(lambda: [h for h in listener.heard if h[0] == '/' and
                            h[2] == 'ClientAdded'][3:])
    listener.settle(d)
    d.end()
    listener.until(lambda: [h for h in listener.heard
                            if h[2] == 'ClientRemoved'][3:])
    events = listener.events()
    added, removed = {}, {}
    for e in events:
        if e[1] == 'InterfacesAdded':
            added[e[2][0]] = e[2][1]
        elif e[1] == 'InterfacesRemoved':
            removed[e[2][0]] = sorted(e[2][1])
    names = sorted([CLIENT, OLD_CLIENT, PROPERTIES, INTROSPECTABLE])
    for path in (FOO, '/clients/off'):
        equal(sorted(added[path]), names)
        equal(len(added[path][CLIENT]), 21)
        equal(added[path][CLIENT], added[path][OLD_CLIENT])
        equal(removed[path], names)
    equal([(e[0], e[1]) for e in events if 'NotFound' not in e[1]], [
        ('/', 'InterfacesAdded'), ('/', 'ClientAdded'), (FOO, 'changed'),
        ('/', 'InterfacesAdded'), ('/', 'ClientAdded'),
        ('/', 'InterfacesRemoved'), ('/', 'ClientRemoved'),
        ('/', 'InterfacesRemoved'), ('/', 'ClientRemoved')])
    equal(events[-1][2], ['/clients/off', 'off'])
    bus.stop()


@case
def signals__of_unknown_keys():
    s = Setting()
    d, li = s.warden, s.listener
    for text, args in (
            ('ab' * 32 + ' [fe80::1%3]:4711', ['AB' * 32, 'fe80::1']),
            ('AB' * 32 + ' [::ffff:10.0.0.1]:1', ['AB' * 32,
                                                 '::ffff:10.0.0.1']),
            ('AB' * 32 + ' 2001:db8::1', ['AB' * 32, '2001:db8::1']),
            ('', ['', ''])):
        d.event(w.UNKNOWN_KEY, text=text)
        li.until(lambda: len(li.heard) == 2)
        equal(li.events(), [('/', 'ClientNotFound', args)])
    equal(s.end(), '')
    # Where there is no IPv6, IPv4 addresses are what they are.
    s = Setting(flags=w.DBUS)
    s.warden.event(w.UNKNOWN_KEY, text='AB [::ffff:10.0.0.1]:1')
    s.listener.until(lambda: len(s.listener.heard) == 2)
    equal(s.listener.events(), [('/', 'ClientNotFound', ['AB', '10.0.0.1'])])
    equal(s.end(), '')


@case
def signals__before_replies():
    s = Setting()
    d, li = s.warden, s.listener
    d.add('foo')
    li.settle(d)
    li.events()
    li.set(FOO, 'Host', 'other')
    equal([e[1:3] for e in li.events()], [('changed', 'Host'), ()])
    li.set(FOO, 'Secret', dbus.ByteArray(b'x'))
    equal([e[1:2] for e in li.events()], [('invalidated',), ()])
    li.set(FOO, 'Enabled', False)
    equal([e[2:3] for e in li.events()], [('Expires',), ('Enabled',), ()])
    li.set(FOO, 'Timeout', 600000)
    li.set(FOO, 'Enabled', True)
    li.events()
    # So far into the past that it is the end of it.
    with d.lock:
        d.change(d.clients[1], expires=w.now_us())
    li.settle(d)
    li.events()
    li.set(FOO, 'Timeout', 0)
    equal([e[2:3] for e in li.events()], [('Timeout',), ('Expires',),
                                          ('Enabled',), ()])
    equal(s.end(), '')


@case
def errors__not_saved():
    s = Setting()
    d, li = s.warden, s.listener
    d.add('foo')
    li.settle(d)
    d.error = 28
    equal(li.fails('IOError', FOO, PROPERTIES, 'Set', 'ssv', CLIENT, 'Host',
                   'x'),
          'the state could not be saved: No space left on device')
    li.events()
    li.fails('IOError', FOO, PROPERTIES, 'Set', 'ssv', CLIENT, 'Secret',
             dbus.ByteArray(b'x'))
    equal(li.events(), [('reply',)])
    d.error = 7
    equal(li.fails('InvalidArgs', FOO, PROPERTIES, 'Set', 'ssv', CLIENT,
                   'Host', 'x'),
          'with what the client has already, it is too long')
    d.error = 0
    li.set(FOO, 'Host', 'y')
    equal(s.end(), '')


# --- names

@case
def names__of_all_kinds():
    s = Setting()
    d, li = s.warden, s.listener
    want = []
    for name, path in (('a.b', 'a_b'), ('a-b', 'a_b_2'), ('x y', 'x_20y'),
                       ('ü', '_c3_bc'), ('deep/er', 'deep/er'),
                       ('x/', 'x_2f'), ('[', '_5b'), ('x' * 5000,
                                                      'x' * 5000)):
        d.add(name)
        want.append(('/clients/' + path, name))
    li.settle(d)
    have = li.call('/', NAME, 'GetAllClientsWithProperties')
    equal([(path, have[path]['Name']) for path in have], want)
    run = subprocess.run(['mandos-ctl', '-d', 'ü', 'x y', 'a-b'],
                         capture_output=True, text=True)
    equal((run.returncode, run.stdout, run.stderr), (0, '', ''))
    equal([a[2]['number'] for a in d.asked], [4, 3, 2])
    equal(s.end(), '')


# --- Debian's mandos-ctl

def us(stamp):
    if not stamp:
        return 0
    t = time.strptime(stamp[:19], '%Y-%m-%dT%H:%M:%S')
    return calendar.timegm(t) * 1000000 + int(stamp[20:])


def served():
    with open(os.path.join(VECTORS, 'ctl-clients.json')) as f:
        for p in json.load(f).values():
            flags = w.HAS_KEYID
            for flag, name in ((w.ENABLED, 'Enabled'),
                               (w.BY_DEFAULT, 'ApprovedByDefault'),
                               (w.RUNNING, 'CheckerRunning')):
                flags |= flag if p[name] else 0
            yield p['Name'], dict(
                flags=flags, status=p['LastCheckerStatus'],
                pending=int(p['ApprovalPending']), timeout=p['Timeout'],
                extended_timeout=p['ExtendedTimeout'],
                interval=p['Interval'], approval_delay=p['ApprovalDelay'],
                approval_duration=p['ApprovalDuration'],
                created=us(p['Created']), last_enabled=us(p['LastEnabled']),
                last_checked_ok=us(p['LastCheckedOK']),
                last_approval_request=us(p['LastApprovalRequest']),
                expires=us(p['Expires']), host=p['Host'],
                checker=p['Checker'], key_text=p['KeyID'],
                fingerprint=p['Fingerprint'])


NUMBERS = {'/clients/foo': 1, '/clients/bar_example_org': 2, '/clients/u': 3}
SET_BITS = {'Host': 'host', 'Checker': 'checker', 'Timeout': 'timeout',
            'ExtendedTimeout': 'extended_timeout', 'Interval': 'interval',
            'ApprovalDelay': 'approval_delay',
            'ApprovalDuration': 'approval_duration'}


def control_of(call):
    """What the warden is to be asked for: number, what, bits, value."""
    path, method, args = call[0], call[1], call[2:]
    if method.endswith('RemoveClient'):
        return NUMBERS[args[1]], w.REMOVE, 0, None
    number = NUMBERS[path]
    if method.endswith('Approve'):
        return number, w.APPROVE if args[1] else w.DENY, 0, None
    assert method.endswith('Properties.Set'), method
    name, value = args[1], args[3]
    if name == 'Enabled':
        return number, w.ENABLE if value else w.DISABLE, 0, None
    if name == 'CheckerRunning':
        return (number, w.START_CHECKER if value else w.STOP_CHECKER, 0,
                None)
    if name == 'LastCheckedOK':
        return number, w.CHECKED_OK, 0, None
    if name == 'ApprovedByDefault':
        return number, w.SET, w.SET_BY_DEFAULT, value
    if name == 'Secret':
        return number, w.SET, w.SET_SECRET, bytes.fromhex(value)
    bits = {v: k for k, v in w.SETTINGS.items()}
    return number, w.SET, bits[SET_BITS[name]], value


def asked_as(control):
    what, bits, f, texts, request = control
    value = None
    if bits == w.SET_BY_DEFAULT:
        value = bool(f['flags'] & w.BY_DEFAULT)
    elif bits == w.SET_SECRET:
        value = texts[5]
    elif bits:
        name = w.SETTINGS[bits]
        value = f[name] if name not in w.TEXTS else \
            texts[w.TEXTS.index(name)].decode()
    return f['number'], what, bits, value


def ctl_case(d, c):
    argv = ['./' + a if a.endswith('FILE') else a for a in c['argv']]
    d.asked.clear()
    run = subprocess.run(['mandos-ctl'] + argv, capture_output=True,
                         text=True, timeout=60,
                         env=dict(os.environ, LC_ALL='C.UTF-8'))
    lines = run.stderr.splitlines()
    if 'BIGFILE' in c['argv']:
        # A secret as long as that is refused.
        assert run.returncode == 1 and not d.asked, run
        assert lines[-1].endswith('Secret takes no secret as long as that')
        return
    equal(run.returncode, c['exit'], 'the status')
    equal(run.stdout, c['stdout'], 'the output')
    if 'stderr_last_line' in c:
        equal(lines[-1] if lines else '',
              c['stderr_last_line'].replace('SECRETFILE', './SECRETFILE'))
    if 'stderr_lines' in c:
        equal(lines, c['stderr_lines'])
    want = [control_of(call) for call in c['calls']
            if 'GetManagedObjects' not in call[1]]
    have = [asked_as(a) for a in d.asked]
    if '--remove' in c['argv'] or '-r' in c['argv']:
        want.sort(key=str)
        have.sort(key=str)
    equal(have, want, 'what was asked for')


@case
def ctl__every_option():
    s = Setting()
    for name, fields in served():
        s.warden.add(name, **fields)
    # All is as before each time: nothing is done, and said to be done.
    s.warden.obey = lambda *args: None
    s.listener.settle(s.warden)
    for name, data in (('SECRETFILE', bytes.fromhex('73656300726574ff0a')),
                       ('EMPTYFILE', b''), ('BIGFILE', bytes(200000))):
        with open(name, 'wb') as f:
            f.write(data)
    with open(os.path.join(VECTORS, 'ctl-commands.json')) as f:
        cases = json.load(f)
    wrong = []
    for c in cases:
        try:
            ctl_case(s.warden, c)
        except AssertionError as error:
            wrong.append(f"{c['argv']}: {error}")
    assert not wrong, '\n'.join(wrong)
    assert len(cases) > 100
    equal(s.end(), '')


# --- the bus comes and goes

@case
def bus__restarts():
    s = Setting()
    d = s.warden
    c = d.add('foo')
    pid = d.process.pid
    for n in range(20):
        s.bus.stop((9, 15)[n % 2])
        # Whatever is said meanwhile is known afterwards.
        d.change(c, timeout=1000 + n)
        d.event(w.GOT_SECRET, c)
        s.bus.start()
        listener = Listener(s.bus.address)
        begun = time.monotonic()
        w.wait_for(lambda: owned(NAME) and owned(OLD), 'the names', 7)
        assert time.monotonic() - begun < 7
        equal(listener.get(FOO, 'Timeout'), 1000 + n)
        listener.set(FOO, 'Host', f'h{n}')
        equal(d.clients[1].host, f'h{n}')
        if any(h[2] == 'InterfacesAdded' for h in listener.heard):
            s.heard_again = True
    assert s.heard_again
    equal(d.process.pid, pid)
    log = s.end()
    equal(len(re.findall('the connection is lost; trying again', log)), 20)
    equal(len(re.findall('on the system bus again', log)), 20)
    equal(len(log.splitlines()), 40, log)


@case
def bus__absent_at_start():
    bus = w.Bus()
    d = w.Warden(BUSD, TOP)
    d.add('foo')
    w.wait_for(lambda: log_lines() == 1, 'the complaint')
    bus.start()
    w.wait_for(lambda: owned(NAME) and owned(OLD), 'the names', 7)
    equal(Listener(bus.address).get(FOO, 'Name'), 'foo')
    equal(log_lines(), 2)
    equal(d.end(), 0)
    bus.stop()


@case
def bus__name_taken():
    bus = w.Bus()
    bus.start()
    listener = Listener(bus.address)
    other = dbus.bus.BusConnection(bus.address)
    other.request_name(OLD)
    d = w.Warden(BUSD, TOP)
    d.add('foo')
    w.wait_for(lambda: owned(NAME), 'the name')
    w.wait_for(lambda: log_lines() == 1, 'the complaint')
    with open('busd.log') as f:
        assert 'somebody else has this name' in f.read()
    other.release_name(OLD)
    listener.until(lambda: any(h[2] == 'InterfacesAdded'
                               for h in listener.heard))
    equal(listener.get(FOO, 'Name'), 'foo')
    # It was said once, and that it is over.
    equal(log_lines(), 2)
    equal(d.end(), 0)
    bus.stop()


@case
def bus__useless_address():
    os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = 'unixexec:path=/bin/true'
    d = w.Warden(BUSD, TOP)
    d.add('foo')
    equal(d.end(), 0)
    with open('busd.log') as f:
        assert 'no address of a bus that could be used' in f.read()


# --- who may call

def as_nobody(*argv):
    return subprocess.run(argv, capture_output=True, text=True, user=65534,
                          group=65534, extra_groups=[])


ATTEMPTS = [
    ('/', INTROSPECTABLE + '.Introspect'),
    ('/', MANAGER + '.GetManagedObjects'),
    ('/', NAME + '.GetAllClients'),
    ('/', OLD + '.GetAllClientsWithProperties'),
    ('/', NAME + '.RemoveClient', 'objpath:' + FOO),
    (FOO, CLIENT + '.Enable'),
    (FOO, CLIENT + '.Approve', 'boolean:true'),
    (FOO, PROPERTIES + '.Get', 'string:' + CLIENT, 'string:Host'),
    (FOO, PROPERTIES + '.Set', 'string:' + CLIENT, 'string:Host',
     'variant:string:x'),
    (OWN, OWN_INTERFACE + '.Why', 'objpath:' + FOO),
    (OWN, OWN_INTERFACE + '.Reload'),
    (OWN, OWN_INTERFACE + '.AddClient', 'string:x', 'dict:string:string:a,b'),
    ('/', 'org.freedesktop.DBus.Peer.Ping'),
    ('/nowhere', 'org.example.Nothing'),
]


def denied_everything(destination):
    for attempt in ATTEMPTS:
        run = as_nobody('dbus-send', '--system', '--print-reply',
                        '--dest=' + destination, *attempt)
        assert run.returncode != 0, attempt
        assert 'AccessDenied' in run.stderr, (attempt, run.stderr)


@case
def stranger__and_policy():
    policy = os.path.join(BUILD, 'etc', 'dbus-1', 'system.d', 'mandos.conf')
    s = Setting(default=w.Bus.STRICT, include=policy)
    s.warden.add('foo')
    s.listener.settle(s.warden)
    denied_everything(NAME)
    denied_everything(OLD)
    equal(s.warden.asked, [])
    s.listener.set(FOO, 'Host', 'x')
    equal(s.end(), '')


@case
def stranger__and_open_policy():
    s = Setting()
    s.warden.add('foo')
    s.listener.settle(s.warden)
    denied_everything(NAME)
    denied_everything(OLD)
    # Nor by many calls on one connection.
    run = as_nobody(sys.executable, '-c', '''
import dbus
bus = dbus.SystemBus()
for n in range(1000):
    try:
        bus.call_blocking("se.recompile.Mandos", "/", "se.recompile.Mandos",
                          "GetAllClients", "", ())
    except dbus.DBusException as error:
        assert "AccessDenied" in error.get_dbus_name(), error
    else:
        raise AssertionError("it was given")
''')
    equal((run.returncode, run.stderr), (0, ''))
    equal(s.warden.asked, [])
    equal(s.end(), '')


@case
def stranger__speaks_for_the_bus():
    """On a bus that passes on replies nobody has asked for."""
    s = Setting()
    s.warden.add('foo')
    s.listener.settle(s.warden)
    # Where nobody is root can be, too.
    program = shutil.copy(os.path.join(BUILD, 'regress', 'busd', 'bus_spoof'),
                          '.')
    os.chmod(program, 0o755)
    for n in range(3):
        run = as_nobody(program, s.bus.address, NAME)
        equal((run.returncode, run.stdout, run.stderr),
              (0, 'org.freedesktop.DBus.Error.AccessDenied\n', ''), n)
    s.listener.set(FOO, 'Host', 'x')
    equal(s.end(), '')


@case
def members__of_the_group():
    s = Setting()
    s.warden.add('foo')
    s.listener.settle(s.warden)
    checker = pwd.getpwnam(os.environ.get('CHECKER_USER', '_mandos'))
    command = ['dbus-send', '--system', '--print-reply', '--dest=' + NAME, '/',
               NAME + '.GetAllClients']
    for ids in (dict(user=checker.pw_uid, group=checker.pw_gid),
                dict(user=checker.pw_uid, group=65534),
                dict(user=65534, group=checker.pw_gid),
                dict(user=65534, group=65534,
                     extra_groups=[checker.pw_gid])):
        run = subprocess.run(command, capture_output=True, text=True,
                             **{'extra_groups': [], **ids})
        equal((run.returncode, run.stderr), (0, ''), ids)
    equal(s.end(), '')


# --- too much of it

@case
def calls__unanswered():
    s = Setting()
    d = s.warden
    d.add('foo')
    other = Listener(s.bus.address)
    other.settle(d)
    d.holds = True
    li = s.listener
    for n in range(10000):
        li.call_start(FOO, CLIENT, 'Approve', 'b', True)
    li.until(lambda: len(li.replies()) == 10000 - 256, 'the refusals')
    for reply in li.replies():
        equal(reply.get_dbus_name(),
              'org.freedesktop.DBus.Error.LimitsExceeded')
    equal(len(d.asked), 256)
    # Reads are answered meanwhile, and others may ask as well.
    equal(li.get(FOO, 'Name'), 'foo')
    other.call_start(FOO, CLIENT, 'Enable')
    w.wait_for(lambda: len(d.asked) == 257, 'the call of another')
    # Some leave without waiting; what they asked for is still answered.
    other.bus.close()
    d.holds = False
    with d.lock:
        for what, bits, f, texts, request in d.asked:
            d.done(request)
    li.until(lambda: len(li.replies()) == 10001, 'the replies')
    li.set(FOO, 'Host', 'x')
    equal(s.end(), '')


@case
def errors__short():
    """What quotes a call as long as can be is not the end of a connection."""
    s = Setting()
    s.warden.add('foo')
    s.listener.settle(s.warden)
    bus = dbus.bus.BusConnection(s.bus.address)
    owner = bus.get_name_owner(NAME)
    # Those of nobody known would be too long to wait.
    bus.call_blocking(owner, '/', NAME, 'GetAllClients', '', ())
    for room in 136, 128, 96, 72:
        # As long as the bus takes it, but for the header.
        path = '/' + 'a' * (32 * 1024 * 1024 - room)
        try:
            bus.call_blocking(owner, path, None, 'a', '', (),
                              timeout=w.PATIENCE)
        except dbus.DBusException as error:
            equal(error.get_dbus_name(),
                  'org.freedesktop.DBus.Error.UnknownObject')
            assert len(error.get_dbus_message()) <= 4096
        else:
            raise AssertionError('there is nothing at that path')
    text = s.listener.fails('UnknownProperty', FOO, PROPERTIES, 'Get', 'ss',
                            CLIENT, 'x' + 'å' * 5000)
    assert 4000 < len(text.encode()) <= 4096 and text[-1] == 'å', text
    equal(bus.get_name_owner(NAME), owner)
    equal(s.end(), '')


@case
def descriptors__refused():
    """Nobody ends busd by sending some, whoever he is and whatever he sends.
    """
    policy = os.path.join(BUILD, 'etc', 'dbus-1', 'system.d', 'mandos.conf')
    for kw in {}, dict(default=w.Bus.STRICT, include=policy):
        s = Setting(**kw)
        s.warden.add('foo')
        s.listener.settle(s.warden)
        owner = s.listener.bus.get_name_owner(NAME)
        for user in 0, 65534:
            # Calls that come before busd knows who it is, and signals, which
            # everybody may send.
            run = subprocess.run(
                [sys.executable, '-c', f'''
import os, dbus, dbus.lowlevel
def send(m):
    m.append(*[dbus.types.UnixFd(0)] * 8, signature="h" * 8)
    return bus.send_message(m)
bus = dbus.SystemBus()
for n in range(200):
    send(dbus.lowlevel.MethodCallMessage("{NAME}", "{FOO}", "{CLIENT}",
                                         "Approve"))
    m = dbus.lowlevel.SignalMessage("{FOO}", "{CLIENT}", "Nothing")
    m.set_destination("{owner}")
    send(m)
bus.flush()
try:
    bus.call_blocking("{NAME}", "{FOO}", "{CLIENT}", "Approve", "h",
                      (dbus.types.UnixFd(0),))
except dbus.DBusException as error:
    print(error.get_dbus_name())
'''], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                user=user, group=user, extra_groups=[])
            equal((run.returncode, run.stdout, run.stderr),
                  (0, 'org.freedesktop.DBus.Error.AccessDenied\n', ''), user)
            s.listener.set(FOO, 'Host', 'x')
        equal(s.listener.bus.get_name_owner(NAME), owner)
        # None of them is kept.
        w.wait_for(lambda: not [
            fd for fd in os.listdir(f'/proc/{s.warden.process.pid}/fd')
            if int(fd) > 20], 'their end')
        equal(s.end(), '')


@case
def calls__no_reply_wanted():
    s = Setting()
    d = s.warden
    d.add('foo')
    s.listener.settle(d)
    count = 100
    caller = subprocess.Popen([sys.executable, '-c', f'''
import sys, dbus, dbus.lowlevel
bus = dbus.SystemBus()
for n in range({count}):
    for member in "CheckedOK", "Nope":
        m = dbus.lowlevel.MethodCallMessage("{NAME}", "{FOO}", "{CLIENT}",
                                            member)
        m.set_no_reply(True)
        bus.send_message(m)
bus.flush()
# Whoever leaves before the bus has said who that was is nobody.
sys.stdin.read()
'''], stdin=subprocess.PIPE)
    w.wait_for(lambda: len(d.asked) == count, 'all of them')
    caller.communicate()
    equal(caller.returncode, 0)
    equal(s.listener.get(FOO, 'Name'), 'foo')
    equal(s.end(), '')


@case
def calls__fuzzed():
    s = Setting()
    s.warden.add('foo')
    s.warden.add('bar')
    s.warden.add('foo/deep')
    s.listener.settle(s.warden)
    s.listener.bus.close()
    count = int(os.environ.get('FUZZ_CALLS', '100000'))
    run = subprocess.Popen(
        [os.path.join(BUILD, 'regress', 'busd', 'bus_fuzz'), s.bus.address,
         str(count), os.environ.get('FUZZ_SEED', '1')],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Others are served meanwhile, or this call fails.
    other = dbus.bus.BusConnection(s.bus.address)
    served = 0
    while run.poll() is None:
        other.call_blocking(NAME, '/', NAME, 'GetAllClients', '', (),
                            timeout=w.PATIENCE)
        served += 1
        time.sleep(0.02)
    output, errors = run.communicate()
    equal((run.returncode, errors), (0, ''))
    returned, refused = map(int, re.findall(r'\d+', output))
    equal(returned + refused, count)
    assert returned > count / 10 and refused > count / 10, output
    assert served > 10, served
    print(output, served, 'calls of another')
    equal(s.end(), '')


@case
def clients__very_many():
    s = Setting()
    s.listener.bus.close()
    for n in range(10000):
        s.warden.add(f'client{n:05}.example.org', host=f'host{n}')
    run = subprocess.run(['mandos-ctl'], capture_output=True, text=True)
    equal((run.returncode, run.stderr), (0, ''))
    lines = run.stdout.splitlines()
    equal(len(lines), 10001)
    assert lines[-1].startswith('client09999.example.org Yes'), lines[-1]
    # So many that their list would be the end of the connection.
    for n in range(10000, 20000):
        s.warden.add(f'client{n:05}.example.org', host=f'host{n}')
    li = Listener(s.bus.address)
    li.fails('LimitsExceeded', '/', MANAGER, 'GetManagedObjects')
    equal(len(li.call('/', NAME, 'GetAllClients')), 20000)
    equal(s.end(), '')


@case
def warden__broken():
    """A warden that is not sound is the end of busd, not its master."""
    s = Setting()
    s.warden.add('foo')
    s.listener.settle(s.warden)
    s.warden.done(4711)
    equal(s.warden.process.wait(20), 1)
    with open('busd.log') as f:
        assert 'nobody has asked' in f.read()
    s.bus.stop()


# --- secrets

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


@case
def secret__wiped():
    s = Setting()
    d, li = s.warden, s.listener
    c = d.add('foo', host='CANARYHOST')
    li.settle(d)
    # What is not a secret is there: we look in the right place.
    assert memory_has(d.process.pid, b'CANARYHOST')
    for size in (0, 100, 700, 1500, 3000, 20000, 60000):
        canary = b'CANARYSECRET%05d' % size + os.urandom(size)
        li.set(FOO, 'Secret', dbus.ByteArray(canary))
        equal(c.secret, canary)
        w.wait_for(lambda: not memory_has(d.process.pid, b'CANARYSECRET'),
                   f'a secret of {len(canary)} bytes to be gone', 3)
        add = dict(MUST, Secret=dbus.ByteArray(canary))
        li.call(*ADD, f'c{size}', add)
        # Nor of one that was refused, or was called something else.
        li.fails('InvalidArgs', *ADD, 'c', dict(add, Host=7))
        li.fails('InvalidArgs', *ADD, 'c', {'Sceret': add['Secret']})
        w.wait_for(lambda: not memory_has(d.process.pid, b'CANARYSECRET'),
                   'that of one that was added to be gone', 3)
    equal(s.end(), '')


CASES[CASE]()
