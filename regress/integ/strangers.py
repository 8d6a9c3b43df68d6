# SPDX-License-Identifier: ISC
# strangers.py CLIENT bus|server: the server on the system bus refuses
# everything to who is neither root nor in its group: every method and every
# property that it shows by introspection, each by name, and whatever it does
# not show.  It is the bus that refuses, or the server.  Root is not refused
# any of it.

import os
import sys
import xml.etree.ElementTree as ET

import dbus
import dbus.bus

NAMES = 'se.recompile.Mandos', 'se.bsnet.fukt.Mandos'
CLIENT = '/clients/' + sys.argv[1]
PATHS = '/', '/clients', CLIENT, '/org/openmandos'
INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
PROPERTIES = 'org.freedesktop.DBus.Properties'
DENIED = 'org.freedesktop.DBus.Error.AccessDenied'
NOBODY = 65534
# What follows from them is not for this test.
LAST = 'RemoveClient', 'Disable', 'Reload'

VALUES = {'s': 'x', 'o': CLIENT, 'b': True, 'v': dbus.String('x'),
          'ay': dbus.ByteArray(b'x'), 't': 1, 'a{sv}': {},
          'i': 1, 'u': 1, 'n': 1, 'x': 1, 'as': []}


def connect():
    return dbus.bus.BusConnection(os.environ['DBUS_SYSTEM_BUS_ADDRESS'])


def call(bus, name, path, interface, member, signature='', values=()):
    """The error this is answered with, and its words; or twice None."""
    try:
        bus.call_blocking(name, path, interface, member, signature, values,
                          timeout=20)
    except dbus.DBusException as error:
        return error.get_dbus_name(), error.get_dbus_message()
    return None, None


def single(signature):
    """The complete types in it."""
    found = []
    for part in dbus.Signature(signature):
        found.append(str(part))
    return found


def shown(bus):
    """Every call that introspection shows: arguments of call()."""
    calls = []
    for path in PATHS:
        root = ET.fromstring(bus.call_blocking(
            NAMES[0], path, INTROSPECTABLE, 'Introspect', '', ()))
        for interface in root.findall('interface'):
            name = interface.get('name')
            for method in interface.findall('method'):
                signature = ''.join(
                    a.get('type') for a in method.findall('arg')
                    if a.get('direction') != 'out')
                calls.append((path, name, method.get('name'), signature, [
                    VALUES[s] for s in single(signature)]))
            for p in interface.findall('property'):
                named = [name, p.get('name')]
                calls.append((path, PROPERTIES, 'Get', 'ss', named))
                calls.append((path, PROPERTIES, 'Set', 'ssv',
                              named + [VALUES[p.get('type')]]))
            calls.append((path, PROPERTIES, 'GetAll', 's', [name]))
    return calls


HIDDEN = [
    ('/', 'org.freedesktop.DBus.Peer', 'Ping'),
    (CLIENT, 'org.freedesktop.DBus.Peer', 'GetMachineId'),
    ('/nowhere', 'org.example.Nothing', 'Nothing'),
    ('/clients/nobody', PROPERTIES, 'GetAll', 's', ['']),
    (CLIENT, '', 'Enable'),
]


def strangers(calls):
    """As nobody: hold that all are refused, by who is to do that."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    bus = connect()
    for name in NAMES:
        for c in calls + HIDDEN:
            error, text = call(bus, name, c[0], c[1] or None, *c[2:])
            assert error == DENIED, (c, error)
            by_bus = text.startswith('Rejected send message')
            assert by_bus == (sys.argv[2] == 'bus'), (c, text)
    if sys.argv[2] == 'bus':
        for name in NAMES:
            try:
                bus.request_name(name)
            except dbus.DBusException as error:
                assert error.get_dbus_name() == DENIED, error
            else:
                raise AssertionError('it may have ' + name)


def main():
    bus = connect()
    calls = shown(bus)
    members = {(c[1], c[2]) for c in calls}
    assert len(calls) > 120 and len(members) > 20, (len(calls), len(members))
    before = bus.call_blocking(NAMES[0], '/', NAMES[0],
                               'GetAllClientsWithProperties', '', ())
    child = os.fork()
    if child == 0:
        strangers(calls)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, 'see above'
    after = bus.call_blocking(NAMES[0], '/', NAMES[0],
                              'GetAllClientsWithProperties', '', ())
    assert before == after, (before, after)
    # Each is a call that would have been answered otherwise.
    for c in sorted(calls, key=lambda c: (c[2] in LAST, c)):
        error, _ = call(bus, NAMES[0], *c)
        secret = c[2] == 'Get' and c[4][1] == 'Secret'
        assert (error == DENIED) == secret, (c, error)
    print(len(calls), 'calls')


main()
