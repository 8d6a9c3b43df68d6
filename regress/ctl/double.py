# SPDX-License-Identifier: ISC
# double.py CLIENTS INTERFACES LOG [MODE...]: a server without any inside, on
# the bus of DBUS_SYSTEM_BUS_ADDRESS.  It shows the clients of CLIENTS, a JSON
# file, says yes to everything, and writes each call to LOG as a line of JSON.
# What it answers to Introspect is cut out of INTERFACES.  It says "ready" when
# it is there.  A MODE is
#	refuse		every change fails
#	refuse:PATH	those of this client do
#	gather:COUNT	changes, but for the first, are answered when so many
#			wait, or all have come; the last of them first; and
#			how many waited goes to LOG
#	own		it has our own interface, too
#	gone		its clients are gone when it is asked why
#	deaf:MEMBER	it never answers this method
# Each line of its standard input is a signal: path, interface, member,
# signature and arguments, as JSON.

import json
import os
import sys
import xml.etree.ElementTree as ET

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

CLIENTS, INTERFACES, LOG = sys.argv[1:4]
MODES = sys.argv[4:]
NAME = 'se.recompile.Mandos'
CLIENT = NAME + '.Client'
PROPERTIES = 'org.freedesktop.DBus.Properties'
OWN, OWN_PATH = 'org.openmandos.Server1', '/org/openmandos'
CLASSES = {'t': dbus.UInt64, 'b': dbus.Boolean, 's': dbus.String,
           'n': dbus.Int16, 'o': dbus.ObjectPath, 'x': dbus.Int64}
GATHER = [int(m[len('gather:'):]) for m in MODES if m.startswith('gather:')]
QUIET_MS = 200                  # more than are to wait may come meanwhile
LONG = 100000                   # bytes; of more only the number is told


def type_of(value):
    for name, cls in (('b', dbus.Boolean), ('y', dbus.Byte),
                      ('n', dbus.Int16), ('q', dbus.UInt16),
                      ('i', dbus.Int32), ('u', dbus.UInt32),
                      ('x', dbus.Int64), ('t', dbus.UInt64),
                      ('d', dbus.Double), ('o', dbus.ObjectPath),
                      ('s', dbus.String)):
        if isinstance(value, cls):
            return name
    return 'a' + str(value.signature)


def plain(value):
    if isinstance(value, dbus.Dictionary):
        return {str(k): [type_of(v), plain(v)] for k, v in value.items()}
    if isinstance(value, dbus.Array):
        octets = bytes(value)
        return f'({len(octets)} bytes)' if len(octets) > LONG \
            else octets.hex()
    if isinstance(value, dbus.Boolean):
        return bool(value)
    return int(value) if isinstance(value, int) else str(value)


def listing(clients, types):
    return dbus.Dictionary({
        dbus.ObjectPath(path): dbus.Dictionary({
            CLIENT: dbus.Dictionary(
                {k: CLASSES[types[k]](v, variant_level=1)
                 for k, v in properties.items()}, signature='sv'),
            'org.example.Other': dbus.Dictionary({}, signature='sv')},
            signature='sa{sv}')
        for path, properties in clients.items()}, signature='oa{sa{sv}}')


def introspection(path):
    node = ET.parse(INTERFACES).getroot()
    if path != '/':
        node = node.find('node')
    for child in node.findall('node'):
        node.remove(child)
    return ET.tostring(node, encoding='unicode')


def error(message, name, text):
    return dbus.lowlevel.ErrorMessage(message, name, text)


def own_answer(message, reply, args):
    """What our own interface has."""
    member = message.get_member()
    if member == 'Get' and args == [OWN, 'Version']:
        reply.append('1.2.3', signature='v')
    elif member == 'Why' and 'gone' in MODES:
        return error(message, 'org.freedesktop.DBus.Error.UnknownObject',
                     f'there is no client {args[0]}')
    elif member == 'Why':
        reply.append('disabled', f'It is {args[0]}.', signature='ss')
    elif member == 'AddClient':
        if args[0] == 'foo':
            return error(message, 'org.openmandos.Error.Exists', 'it exists')
        reply.append(dbus.ObjectPath('/clients/new'), signature='o')
    elif member == 'Reload' and 'refuse' in MODES:
        return error(message, 'org.openmandos.Error.Configuration',
                     '/etc/mandos/clients.conf:7: \x1b[1mbad')
    return reply


def answer(message, data):
    """The answer, and what is to be written of the call or None."""
    path, member = message.get_path(), message.get_member()
    reply = dbus.lowlevel.MethodReturnMessage(message)
    args = message.get_args_list()
    if member == 'Introspect':
        reply.append(introspection(path), signature='s')
        return reply, None
    if member == 'GetManagedObjects':
        reply.append(listing(data['clients'], data['types']),
                     signature='a{oa{sa{sv}}}')
        return reply, [path, 'ObjectManager.GetManagedObjects']
    call = [path, f'{message.get_interface()}.{member}']
    if message.get_interface() == PROPERTIES and len(args) == 3:
        call += [str(args[0]), str(args[1]), 'variant:' + type_of(args[2]),
                 plain(args[2])]
    else:
        call += [str(message.get_signature()), *map(plain, args)]
    if path == OWN_PATH:
        if 'own' in MODES:
            return own_answer(message, reply, args), call
        reply = error(message, 'org.freedesktop.DBus.Error.UnknownObject',
                      'not here')
    elif 'refuse' in MODES or f'refuse:{path}' in MODES:
        reply = error(message, 'org.freedesktop.DBus.Error.InvalidArgs',
                      'Traceback: so\nno such luck\n')
    return reply, call


def typed(value, types):
    """Properties with their types, also in a dictionary of interfaces."""
    if not isinstance(value, dict):
        return value
    return {k: CLASSES[types[k]](v, variant_level=1) if k in types
            else typed(v, types) for k, v in value.items()}


def emit(bus, line, types):
    path, interface, member, signature, *args = json.loads(line)
    message = dbus.lowlevel.SignalMessage(path, interface, member)
    message.append(*[typed(a, types) for a in args], signature=signature)
    bus.send_message(message)
    bus.flush()


class Gatherer:
    """Keeps answers back until there are enough of them."""

    def __init__(self, count, all_count):
        self.count, self.left = count, all_count
        self.replies = []

    def put(self, connection, reply):
        self.left -= 1
        self.replies.append(reply)
        if len(self.replies) == self.count or self.left == 0:
            GLib.timeout_add(QUIET_MS, self.answer, connection)

    def answer(self, connection):
        with open(LOG, 'a', encoding='utf-8') as f:
            f.write(json.dumps(['gathered', len(self.replies)]) + '\n')
        while self.replies:
            connection.send_message(self.replies.pop())
        return False


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    with open(CLIENTS, encoding='utf-8') as f:
        data = json.load(f)
    first = Gatherer(1, 1)
    rest = Gatherer(GATHER[0] if GATHER else 0, len(data['clients']) - 1)

    def on_message(connection, message):
        if not isinstance(message, dbus.lowlevel.MethodCallMessage):
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        reply, call = answer(message, data)
        if call is not None:
            with open(LOG, 'a', encoding='utf-8') as f:
                f.write(json.dumps(call) + '\n')
        if GATHER and message.get_interface() == PROPERTIES:
            (first if first.left else rest).put(connection, reply)
        elif f'deaf:{message.get_member()}' not in MODES:
            connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    bus.add_message_filter(on_message)
    bus.request_name(NAME)

    begun = b''

    def on_input(source, condition):
        nonlocal begun
        piece = os.read(source, 65536)
        *lines, begun = (begun + piece).split(b'\n')
        for line in lines:
            emit(bus, line, data['types'])
        return bool(piece)

    GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, on_input)
    print('ready', flush=True)
    GLib.MainLoop().run()


main()
