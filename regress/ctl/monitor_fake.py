# SPDX-License-Identifier: ISC
# monitor_fake.py [COUNT]: a Mandos server that is played, on the bus of
# DBUS_SYSTEM_BUS_ADDRESS.  It obeys lines of standard input, each a Python
# expression with the names of Orders, and says "ok" or "failed" for each.  It
# has COUNT clients to begin with, and notes what it was called in "calls".

import os
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
ERROR = 'org.freedesktop.DBus.Error.'


def stamp(seconds):
    """So many seconds from now."""
    us = int((time.time() + seconds) * 1000000)
    return time.strftime('%Y-%m-%dT%H:%M:%S.', time.gmtime(us // 1000000)) + \
        f'{us % 1000000:06d}'


TYPES = {
    'Name': dbus.String, 'Enabled': dbus.Boolean, 'Timeout': dbus.UInt64,
    'LastCheckedOK': dbus.String, 'Created': dbus.String,
    'Interval': dbus.UInt64, 'Host': dbus.String, 'KeyID': dbus.String,
    'Fingerprint': dbus.String, 'CheckerRunning': dbus.Boolean,
    'LastEnabled': dbus.String, 'ApprovalPending': dbus.Boolean,
    'ApprovedByDefault': dbus.Boolean, 'LastApprovalRequest': dbus.String,
    'ApprovalDelay': dbus.UInt64, 'ApprovalDuration': dbus.UInt64,
    'Checker': dbus.String, 'ExtendedTimeout': dbus.UInt64,
    'Expires': dbus.String, 'LastCheckerStatus': dbus.Int16,
}


def variant(name, value):
    return TYPES[name](value, variant_level=1)


def properties(name):
    values = {
        'Name': name, 'Enabled': True, 'Timeout': 300000,
        'LastCheckedOK': stamp(-1), 'Created': '2019-01-02T08:40:00.123456',
        'Interval': 120000, 'Host': 'localhost', 'KeyID': 64 * 'a',
        'Fingerprint': '', 'CheckerRunning': False,
        'LastEnabled': stamp(-3600), 'ApprovalPending': False,
        'ApprovedByDefault': True, 'LastApprovalRequest': '',
        'ApprovalDelay': 0, 'ApprovalDuration': 1000,
        'Checker': 'fping -q -- %%(host)s', 'ExtendedTimeout': 900000,
        'Expires': stamp(299), 'LastCheckerStatus': 0,
    }
    return {k: variant(k, v) for k, v in values.items()}


class Server:
    def __init__(self, count):
        self.bus = dbus.SystemBus()
        self.clients = {}
        for i in range(count):
            name = f'client{i:05d}'
            self.clients['/clients/' + name] = properties(name)
        self.listing = None             # an error in place of it
        self.refuses = None             # what is said to all orders
        # What is said to Why; the name of an error; or "gone", and the client
        # is.  None: nobody has heard of it.
        self.why = None
        self.is_deaf = False
        self.bus.add_message_filter(self.called)
        self.bus.request_name(NAME)

    def send(self, path, interface, member, signature='', *args, to=None,
             bus=None):
        """A signal, from whatever connection, to all or one."""
        msg = dbus.lowlevel.SignalMessage(path, interface, member)
        if signature:
            msg.append(*args, signature=signature)
        if to is not None:
            msg.set_destination(to)
        bus = bus or self.bus
        bus.send_message(msg)
        bus.flush()

    def remove(self, path):
        self.clients.pop(path, None)
        self.send('/', MANAGER, 'InterfacesRemoved', 'oas', path, [CLIENT])

    def managed(self):
        return dbus.Dictionary(
            {dbus.ObjectPath(path): dbus.Dictionary(
                {CLIENT: dbus.Dictionary(p, signature='sv')},
                signature='sa{sv}') for path, p in self.clients.items()},
            signature='oa{sa{sv}}')

    def reply(self, msg):
        member, args = msg.get_member(), msg.get_args_list()
        reply = dbus.lowlevel.MethodReturnMessage(msg)
        if member == 'GetManagedObjects':
            if self.listing is not None:
                return dbus.lowlevel.ErrorMessage(
                    msg, ERROR + 'AccessDenied', self.listing)
            reply.append(self.managed(), signature='a{oa{sa{sv}}}')
            return reply
        if member == 'Why':
            if self.why == 'gone':
                self.remove(args[0])
            if self.why is None or isinstance(self.why, str):
                return dbus.lowlevel.ErrorMessage(
                    msg, ERROR + (self.why if self.why not in (None, 'gone')
                                  else 'UnknownObject'), 'not here')
            reply.append(*self.why, signature='ss')
            return reply
        with open('calls', 'a', encoding='utf-8') as f:
            print(msg.get_path(), member, msg.get_signature(),
                  *(str(a) for a in args), file=f)
        if self.refuses is not None:
            return dbus.lowlevel.ErrorMessage(msg, ERROR + 'AccessDenied',
                                              self.refuses)
        return reply

    def called(self, bus, msg):
        if not isinstance(msg, dbus.lowlevel.MethodCallMessage) or \
                msg.get_interface() == 'org.freedesktop.DBus.Peer':
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        if not self.is_deaf:
            bus.send_message(self.reply(msg))
        return dbus.lowlevel.HANDLER_RESULT_HANDLED


class Orders:
    """What can be said on standard input."""

    def __init__(self, server):
        self.s = server

    def add(self, name, path=None, **values):
        """A client that comes; without a path it has that of its name."""
        path = path or '/clients/' + name
        p = properties(name)
        p.update({k: variant(k, v) for k, v in values.items()})
        self.s.clients[path] = p
        self.s.send('/', MANAGER, 'InterfacesAdded', 'oa{sa{sv}}',
                    path, {CLIENT: p})

    def remove(self, name):
        self.s.remove('/clients/' + name)

    def set(self, name, **values):
        changed = {k: variant(k, v) for k, v in values.items()}
        self.s.clients['/clients/' + name].update(changed)
        self.s.send('/clients/' + name, PROPERTIES, 'PropertiesChanged',
                    'sa{sv}as', CLIENT, changed, [])

    def tell(self, name, member, signature='', *args):
        """A signal of a client."""
        self.s.send('/clients/' + name, CLIENT, member, signature, *args)

    def not_found(self, keyid, address):
        self.s.send('/', NAME, 'ClientNotFound', 'ss', keyid, address)

    def stranger(self, to, *signal):
        """Somebody else sends that signal to one connection."""
        other = dbus.bus.BusConnection(os.environ['DBUS_SYSTEM_BUS_ADDRESS'])
        self.s.send(*signal, to=to, bus=other)
        other.close()

    def others(self, text=''):
        """Signals to every connection that is not ours, by a stranger."""
        ours = self.s.bus.get_unique_name()
        for name in self.s.bus.list_names():
            if name.startswith(':') and name != ours:
                self.stranger(name, '/', NAME, 'ClientNotFound', 'ss', text,
                              text)
                self.stranger(name, '/', MANAGER, 'InterfacesAdded',
                              'oa{sa{sv}}', '/clients/stranger',
                              {CLIENT: properties('stranger')})

    def put(self, name, value):
        """Set one of listing, refuses, why, is_deaf."""
        setattr(self.s, name, value)
        return True

    def leave(self):
        """Take leave as a server does: clients first, then the name."""
        for path in list(self.s.clients):
            self.remove(path[len('/clients/'):])
        self.s.bus.release_name(NAME)

    def come(self):
        self.s.bus.request_name(NAME)


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    server = Server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    orders = Orders(server)
    names = {n: getattr(orders, n) for n in dir(orders) if n[0] != '_'}
    names['stamp'] = stamp
    loop = GLib.MainLoop()

    def obey(stream, condition):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        try:
            eval(line, names)   # of the test, and nobody else
            print('ok', flush=True)
        except Exception as error:
            print(repr(error), file=sys.stderr, flush=True)
            print('failed', flush=True)
        return True

    GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN | GLib.IO_HUP, obey)
    print('ready', flush=True)
    loop.run()


main()
