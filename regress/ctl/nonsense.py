# SPDX-License-Identifier: ISC
# nonsense.py SEED: a server on the bus of DBUS_SYSTEM_BUS_ADDRESS that answers
# whatever comes to its mind: values of wrong types, texts of all kinds, errors
# of all names, twice; and says what nobody has asked for.  It says "ready"
# when it is there.  What it does depends on SEED alone.

import random
import sys

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

NAME = 'se.recompile.Mandos'
CLIENT = NAME + '.Client'
PROPERTIES = 'org.freedesktop.DBus.Properties'
MANAGER = 'org.freedesktop.DBus.ObjectManager'
RNG = random.Random(int(sys.argv[1]))
TYPES = {
    'ApprovalDelay': 't', 'ApprovalDuration': 't', 'ApprovalPending': 'b',
    'ApprovedByDefault': 'b', 'Checker': 's', 'CheckerRunning': 'b',
    'Created': 's', 'Enabled': 'b', 'Expires': 's', 'ExtendedTimeout': 't',
    'Fingerprint': 's', 'Host': 's', 'Interval': 't', 'KeyID': 's',
    'LastApprovalRequest': 's', 'LastCheckedOK': 's',
    'LastCheckerStatus': 'n', 'LastEnabled': 's', 'Name': 's',
    'Timeout': 't', 'ObjectPath': 'o', 'Nonsense': 's', '': 's'}
REPLIES = {
    'GetManagedObjects': 'a{oa{sa{sv}}}', 'GetAllClients': 'ao',
    'GetAllClientsWithProperties': 'a{oa{sv}}', 'Get': 'v', 'Why': 'ss',
    'AddClient': 'o', 'Reload': '', 'Set': '', 'Approve': '',
    'RemoveClient': '', 'CheckedOK': '', 'GetAll': 'a{sv}',
    'Introspect': 's'}
SIGNALS = (
    (CLIENT, 'CheckerStarted', 's'), (CLIENT, 'CheckerCompleted', 'nxs'),
    (CLIENT, 'GotSecret', ''), (CLIENT, 'NeedApproval', 'tb'),
    (CLIENT, 'Rejected', 's'), (CLIENT, 'PropertyChanged', 'sv'),
    (PROPERTIES, 'PropertiesChanged', 'sa{sv}as'),
    (NAME, 'ClientNotFound', 'ss'), (NAME, 'ClientAdded', 'o'),
    (NAME, 'ClientRemoved', 'os'),
    (MANAGER, 'InterfacesAdded', 'oa{sa{sv}}'),
    (MANAGER, 'InterfacesRemoved', 'oas'))
ERRORS = ('org.freedesktop.DBus.Error.UnknownMethod',
          'org.freedesktop.DBus.Error.AccessDenied',
          'org.freedesktop.DBus.Error.NoReply', 'org.example.Odd',
          'org.openmandos.Error.Exists')
TEXTS = ('foo', 'bar', '', '\x1b[31m', '\n', '\x01', '%s%n', 'ü', '日本',
         '\U0001f600', '\x7f', '\x80\x9f', '/', '"', '\\', '|', "'",
         'x' * 300, '1', '-1', '2019-02-03T00:00:00.000000',
         '2019-02-03T00:00:00', '9999-99-99T99:99:99.999999', 'T', '\u202e',
         'a\u0301' * 20, 'Traceback:\n  x\n\n')
PATHS = ('/clients/foo', '/clients/bar', '/', '/x', '/clients/foo/bar')
NUMBERS = {'y': 8, 'q': 16, 'u': 32, 't': 64}
SIGNED = {'n': 16, 'i': 32, 'x': 64}
CLASSES = {'y': dbus.Byte, 'q': dbus.UInt16, 'u': dbus.UInt32,
           't': dbus.UInt64, 'n': dbus.Int16, 'i': dbus.Int32,
           'x': dbus.Int64, 'd': dbus.Double, 'b': dbus.Boolean,
           's': dbus.String, 'o': dbus.ObjectPath, 'g': dbus.Signature}


def text():
    if RNG.random() < 0.01:
        return RNG.choice(TEXTS) * 3000
    return ''.join(RNG.choice(TEXTS) for _ in range(RNG.choice((1, 1, 2, 4))))


def number(bits, signed):
    low = -2 ** (bits - 1) if signed else 0
    high = 2 ** (bits - 1) - 1 if signed else 2 ** bits - 1
    return RNG.choice((0, 1, low, high, max(low, -2), RNG.randint(low, high)))


def value(signature, level=0):
    """A value of this one complete type."""
    kind = signature[0]
    if kind in NUMBERS:
        return CLASSES[kind](number(NUMBERS[kind], False),
                             variant_level=level)
    if kind in SIGNED:
        return CLASSES[kind](number(SIGNED[kind], True), variant_level=level)
    if kind == 'v':
        return value(RNG.choice(('s', 'b', 't', 'n', 'i', 'd', 'o', 'as',
                                 'ay', 'a{sv}', '(ss)', 'x', 'g')),
                     level + 1)
    if kind == '(':
        return dbus.Struct([value(t) for t in dbus.Signature(
            signature[1:-1])], signature=signature[1:-1], variant_level=level)
    if signature.startswith('a{'):
        key, of = dbus.Signature(signature[2:-1])
        return dbus.Dictionary(
            dict(pair(key, of) for _ in range(RNG.choice((0, 1, 2, 5)))),
            signature=dbus.Signature(signature[2:-1]), variant_level=level)
    if kind == 'a':
        return dbus.Array([value(signature[1:]) for _ in
                           range(RNG.choice((0, 1, 3, 30)))],
                          signature=signature[1:], variant_level=level)
    plain = {'b': lambda: RNG.random() < 0.5, 'd': lambda: RNG.choice(
        (0.0, -1.5, float('nan'), float('inf'))), 's': text,
        'o': lambda: RNG.choice(PATHS), 'g': lambda: 'a{sv}'}[kind]
    return CLASSES[kind](plain(), variant_level=level)


def pair(key, of):
    if str(of) == 'a{sa{sv}}':
        return dbus.ObjectPath(RNG.choice(PATHS)), interfaces()
    if str(of) == 'a{sv}' and str(key) == 'o':
        return dbus.ObjectPath(RNG.choice(PATHS)), properties()
    return value(str(key)), value(str(of))


def interfaces():
    found = {RNG.choice((CLIENT, 'org.example.Other', text())): properties()
             for _ in range(RNG.choice((0, 1, 1, 1, 2)))}
    if RNG.random() < 0.7:
        found[CLIENT] = properties()
    return dbus.Dictionary(found, signature='sa{sv}')


def properties():
    """Those of a client: mostly all of them, mostly of the right types."""
    wrong = RNG.choice((0, 0, 0.05, 0.5))
    found = {}
    for name, kind in TYPES.items():
        if RNG.random() >= wrong:
            found[name] = value(kind, 1)
        elif RNG.random() < 0.5:
            found[name] = value('v')
    return dbus.Dictionary(found, signature='sv')


def arguments(signature):
    found = []
    for one in dbus.Signature(signature):
        if str(one) == 'a{sv}' and RNG.random() < 0.8:
            found.append(properties())
        elif str(one) == 'a{sa{sv}}':
            found.append(interfaces())
        elif str(one) == 's' and RNG.random() < 0.3:
            found.append(RNG.choice((CLIENT, 'disabled', 'needs-approval')))
        else:
            found.append(value(str(one)))
    return found


def any_signature():
    return ''.join(RNG.choice(('s', 't', 'b', 'v', 'o', 'as', 'a{sv}', 'ao',
                               'a{oa{sv}}', 'a{oa{sa{sv}}}', '(sv)', 'ay',
                               'a{ss}', 'aas'))
                   for _ in range(RNG.randrange(4)))


def filled(message, signature):
    message.append(*arguments(signature), signature=signature)
    return message


def answer(message):
    chance = RNG.random()
    if chance < 0.1:
        words = text() if RNG.random() < 0.9 else None
        return dbus.lowlevel.ErrorMessage(
            message, RNG.choice(ERRORS), words)
    reply = dbus.lowlevel.MethodReturnMessage(message)
    known = REPLIES.get(message.get_member())
    return filled(reply, any_signature() if known is None or chance < 0.25
                  else known)


def talk():
    interface, member, signature = RNG.choice(SIGNALS)
    if RNG.random() < 0.2:
        signature = any_signature()
    return filled(dbus.lowlevel.SignalMessage(
        RNG.choice(PATHS), interface, member), signature)


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()

    def on_message(connection, message):
        if not isinstance(message, dbus.lowlevel.MethodCallMessage):
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        for _ in range(RNG.choice((0, 0, 1, 5))):
            connection.send_message(talk())
        connection.send_message(answer(message))
        if RNG.random() < 0.05:
            connection.send_message(answer(message))
        for _ in range(RNG.choice((0, 0, 1, 5))):
            connection.send_message(talk())
        if RNG.random() < 0.02:
            bus.release_name(NAME)
            bus.request_name(NAME)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def on_time():
        for _ in range(RNG.choice((1, 5))):
            bus.send_message(talk())
        return True

    bus.add_message_filter(on_message)
    bus.request_name(NAME)
    # Who watches has something to see.
    GLib.timeout_add(20, on_time)
    print('ready', flush=True)
    GLib.MainLoop().run()


main()
