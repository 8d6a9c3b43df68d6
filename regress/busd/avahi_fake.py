# SPDX-License-Identifier: ISC
"""Plays avahi-daemon on a bus, badly.

avahi_fake.py collision: every name is taken, in the end.
avahi_fake.py error: no service can be added.
avahi_fake.py failure COUNT: so many entry groups fail; all others are fine.
avahi_fake.py states: the server itself is in one bad state after the other.

For each service that somebody wants to add it prints interface, protocol,
flags, name, type, domain, host, port and the number of texts.
"""

import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from dbus.lowlevel import SignalMessage
from gi.repository import GLib

AVAHI = 'org.freedesktop.Avahi'
GROUP = AVAHI + '.EntryGroup'
REGISTERING, ESTABLISHED, COLLISION, FAILURE = 1, 2, 3, 4
RUNNING = 2

mode = sys.argv[1]
failures = int(sys.argv[2]) if len(sys.argv) > 2 else 0


class Refusal(dbus.DBusException):
    pass


class Group(dbus.service.Object):
    def __init__(self, bus, path, owner):
        super().__init__(bus, path)
        self.path = path
        self.owner = owner
        self.state = 0

    def become(self, state, error='org.freedesktop.Avahi.Success'):
        """Tell the owner, and nobody else."""
        self.state = state
        message = SignalMessage(self.path, GROUP, 'StateChanged')
        message.append(state, error, signature='is')
        message.set_destination(self.owner)
        self.connection.send_message(message)
        return False

    @dbus.service.method(GROUP, out_signature='i')
    def GetState(self):
        return self.state

    @dbus.service.method(GROUP)
    def Reset(self):
        self.state = 0

    @dbus.service.method(GROUP)
    def Free(self):
        self.remove_from_connection()

    @dbus.service.method(GROUP, in_signature='iiussssqaay')
    def AddService(self, interface, protocol, flags, name, service, domain,
                   host, port, texts):
        if mode == 'error':
            raise Refusal(name=AVAHI + '.InvalidServiceNameError')
        if mode == 'collision':
            raise Refusal(name=AVAHI + '.CollisionError')
        print(interface, protocol, flags, repr(str(name)), service,
              repr(str(domain)), repr(str(host)), port, len(texts), flush=True)

    @dbus.service.method(GROUP)
    def Commit(self):
        global failures
        GLib.idle_add(self.become, REGISTERING)
        if failures > 0:
            failures -= 1
            GLib.idle_add(self.become, FAILURE, AVAHI + '.NotPermittedError')
        else:
            GLib.idle_add(self.become, ESTABLISHED)


class Server(dbus.service.Object):
    def __init__(self, bus):
        super().__init__(bus, '/')
        self.state = RUNNING
        self.groups = 0
        if mode == 'states':
            for i, state in enumerate((0, 3, 4, 1, 2)):
                GLib.timeout_add(500 * (i + 1), self.become, state)

    def become(self, state):
        self.state = state
        self.StateChanged(state, AVAHI + '.Success')
        return False

    @dbus.service.signal(AVAHI + '.Server', signature='is')
    def StateChanged(self, state, error):
        pass

    @dbus.service.method(AVAHI + '.Server', out_signature='i')
    def GetState(self):
        return self.state

    @dbus.service.method(AVAHI + '.Server', out_signature='u')
    def GetAPIVersion(self):
        return 0x0201

    @dbus.service.method(AVAHI + '.Server', out_signature='o',
                         sender_keyword='sender')
    def EntryGroupNew(self, sender):
        self.groups += 1
        path = '/group/%d' % self.groups
        Group(self.connection, path, sender)
        return path


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
server = Server(bus)
name = dbus.service.BusName(AVAHI, bus, do_not_queue=True)
print('ready', file=sys.stderr, flush=True)
GLib.MainLoop().run()
