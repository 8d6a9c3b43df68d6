# SPDX-License-Identifier: ISC
# monitor_fuzz.py SEED COUNT: a server, on the bus of DBUS_SYSTEM_BUS_ADDRESS,
# that tells and answers nonsense: right messages with wrong contents, wrong
# messages, and neither.  It says "ready", and "over" after COUNT of them.

import random
import sys
import time

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

NAME = 'se.recompile.Mandos'
CLIENT = NAME + '.Client'
PROPERTIES = 'org.freedesktop.DBus.Properties'
MANAGER = 'org.freedesktop.DBus.ObjectManager'

SIGNALS = [
    (MANAGER, 'InterfacesAdded', 'oa{sa{sv}}'),
    (MANAGER, 'InterfacesRemoved', 'oas'),
    (NAME, 'ClientNotFound', 'ss'),
    (PROPERTIES, 'PropertiesChanged', 'sa{sv}as'),
    (CLIENT, 'CheckerStarted', 's'),
    (CLIENT, 'CheckerCompleted', 'nxs'),
    (CLIENT, 'GotSecret', ''),
    (CLIENT, 'NeedApproval', 'tb'),
    (CLIENT, 'Rejected', 's'),
]
KEYS = {
    'Name': 's', 'Enabled': 'b', 'Timeout': 't', 'LastCheckedOK': 's',
    'Created': 's', 'Interval': 't', 'Host': 's', 'KeyID': 's',
    'Fingerprint': 's', 'CheckerRunning': 'b', 'LastEnabled': 's',
    'ApprovalPending': 'b', 'ApprovedByDefault': 'b',
    'LastApprovalRequest': 's', 'ApprovalDelay': 't', 'ApprovalDuration': 't',
    'Checker': 's', 'ExtendedTimeout': 't', 'Expires': 's',
    'LastCheckerStatus': 'n', 'Unheard': 'ay',
}
SIGNATURES = ['', 's', 'o', 'as', 'a{sv}', 'sa{sv}', 'nxs', 'tb', 'ss', 'i',
              '(si)', 'a{oa{sa{sv}}}', 'av', 'oa{sa{sv}}', 'd', 'y', 'sss',
              'a{oa{sv}}']
TEXTS = [
    '', 'a', 'Größe', '日本語', '\x1b[2J\x1b]0;gone\x07', '\x9b31m', '\n\r\t',
    '\u202e\u2066', 'e' + 40 * '\u0301', 3000 * 'long ', '\U0010fffd',
    '2019-01-02T08:40:00.123456', '9999-12-31T23:59:59.999999',
    '0001-01-01T00:00:00.000000', '2019-02-31T08:40:00', '%s%n%d', CLIENT,
    NAME, 'x' * 65536,
]

rng = random.Random(int(sys.argv[1]))


def text():
    if rng.random() < 0.7:
        return rng.choice(TEXTS)
    return ''.join(chr(rng.choice((rng.randrange(1, 0x100),
                                   rng.randrange(0x300, 0xd800),
                                   rng.randrange(0x10000, 0x1fffe))))
                   for _ in range(rng.randrange(40))).replace('\x00', '')


def clean(value):
    """What a D-Bus string may be: no characters that are none."""
    return ''.join(c for c in value if not 0xfdd0 <= ord(c) <= 0xfdef and
                   ord(c) & 0xfffe != 0xfffe)


def path():
    return rng.choice(['/', '/clients', '/clients/foo',
                       f'/clients/c{rng.randrange(30)}', '/org/openmandos',
                       '/a' * 60])


def number(low, high):
    return rng.choice([0, 1, low, high, rng.randint(low, high),
                       rng.randint(0, 100)])


def value(kind):
    """Something of that single complete type, as python-dbus has it."""
    level = {}
    if kind == 'v':
        inner = rng.choice(['s', 'b', 't', 'n', 'x', 'i', 'o', 'd', 'y', 'as',
                            'ay', 'v'])
        result = value(inner)
        if inner == 'v':
            return result
        return type(result)(result, variant_level=1) \
            if not isinstance(result, (dbus.Array, dbus.Dictionary)) else \
            type(result)(result, signature=result.signature, variant_level=1)
    if kind == 's':
        return dbus.String(clean(text()), **level)
    if kind == 'o':
        return dbus.ObjectPath(path())
    if kind == 'b':
        return dbus.Boolean(rng.random() < 0.5)
    if kind == 'd':
        return dbus.Double(rng.random())
    if kind[0] == '(':
        return dbus.Struct([value('s'), value('i')], signature=kind[1:-1])
    if kind[0] == 'a' and kind[1] == '{':
        key, inner = kind[2], kind[3:-1]
        pairs = {}
        for _ in range(rng.randrange(6)):
            name = value(key)
            if key == 's' and rng.random() < 0.8:
                name = dbus.String(rng.choice(
                    list(KEYS) if inner == 'v' else [CLIENT, NAME]))
            pairs[name] = some_property(str(name)) \
                if inner == 'v' else value(inner)
        return dbus.Dictionary(pairs, signature=key + inner)
    if kind[0] == 'a':
        return dbus.Array([value(kind[1:]) for _ in range(rng.randrange(5))],
                          signature=kind[1:])
    low, high, cls = {
        'y': (0, 255, dbus.Byte), 'n': (-2**15, 2**15 - 1, dbus.Int16),
        'i': (-2**31, 2**31 - 1, dbus.Int32),
        'x': (-2**63, 2**63 - 1, dbus.Int64),
        't': (0, 2**64 - 1, dbus.UInt64)}[kind]
    return cls(number(low, high))


def some_property(name):
    """Mostly of its type, so that more than one thing is wrong at most."""
    kind = KEYS.get(name, 'v')
    if rng.random() < 0.2 or kind == 'v':
        return value('v')
    result = value(kind)
    return type(result)(result, signature='y', variant_level=1) \
        if kind == 'ay' else type(result)(result, variant_level=1)


def split(signature):
    """The single complete types of it."""
    types, depth, start = [], 0, 0
    for i, c in enumerate(signature):
        depth += (c in '({') - (c in ')}')
        if depth == 0 and c != 'a':
            types.append(signature[start:i + 1])
            start = i + 1
    return types


def fill(msg, signature):
    if signature:
        msg.append(*[value(t) for t in split(signature)], signature=signature)
    return msg


def called(bus, msg):
    if not isinstance(msg, dbus.lowlevel.MethodCallMessage) or \
            msg.get_interface() == 'org.freedesktop.DBus.Peer':
        return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
    if rng.random() < 0.2:
        bus.send_message(dbus.lowlevel.ErrorMessage(
            msg, 'org.example.No.' + rng.choice('ABC'), clean(text())))
    elif rng.random() < 0.9:
        right = {'GetManagedObjects': 'a{oa{sa{sv}}}', 'Why': 'ss'}
        signature = right.get(msg.get_member(), '')
        if rng.random() < 0.3:
            signature = rng.choice(SIGNATURES)
        bus.send_message(fill(dbus.lowlevel.MethodReturnMessage(msg),
                              signature))
    return dbus.lowlevel.HANDLER_RESULT_HANDLED


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    bus.add_message_filter(called)
    bus.request_name(NAME)
    loop = GLib.MainLoop()
    left = [int(sys.argv[2])]

    def more():
        if left[0] == 0:
            print('over', flush=True)
            loop.quit()
            return False
        left[0] -= 1
        if rng.random() < 0.003:
            # Somebody else, who is asked for his list.
            bus.release_name(NAME)
            time.sleep(0.01)
            bus.request_name(NAME)
            return True
        interface, member, signature = rng.choice(SIGNALS)
        if rng.random() < 0.15:
            signature = rng.choice(SIGNATURES)
        bus.send_message(fill(dbus.lowlevel.SignalMessage(
            path() if rng.random() < 0.7 else '/', interface, member),
            signature))
        return True

    GLib.timeout_add(2, more)
    print('ready', flush=True)
    loop.run()


main()
