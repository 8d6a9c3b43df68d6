# SPDX-License-Identifier: ISC
# One connection to the bus that hears every signal of the server and calls it,
# and keeps both in the order in which they came.

import time

import dbus
import dbus.bus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = 'se.recompile.Mandos'
OLD = 'se.bsnet.fukt.Mandos'
CLIENT = NAME + '.Client'
OLD_CLIENT = OLD + '.Client'
PROPERTIES = 'org.freedesktop.DBus.Properties'
MANAGER = 'org.freedesktop.DBus.ObjectManager'
PATIENCE = 20


class Failed(Exception):
    """A D-Bus error: its name, and what it says."""


class Listener:
    def __init__(self, address):
        self.bus = dbus.bus.BusConnection(
            address, mainloop=DBusGMainLoop(set_as_default=False))
        self.heard = []
        self.bus.add_match_string(f"type='signal',sender='{NAME}'")
        self.bus.add_message_filter(self.filter)
        self.context = GLib.MainContext.default()
        self.markers = 0

    def filter(self, bus, msg):
        if (isinstance(msg, dbus.lowlevel.SignalMessage) and
                msg.get_sender() != 'org.freedesktop.DBus'):
            self.heard.append((str(msg.get_path()), str(msg.get_interface()),
                               str(msg.get_member()), msg.get_args_list()))
        return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED

    def until(self, condition, what='a signal'):
        end = time.monotonic() + PATIENCE
        while not condition():
            if not self.context.iteration(False):
                time.sleep(0.002)
            if time.monotonic() > end:
                raise AssertionError(f'in vain waited for {what}')

    def call_start(self, path, interface, member, signature='', *args):
        """Call, and be told in what is heard: ('reply', values or error)."""
        self.bus.call_async(
            NAME, path, interface or None, member, signature, args,
            lambda *values: self.heard.append(('reply', values)),
            lambda error: self.heard.append(('reply', error)),
            timeout=PATIENCE)

    def replies(self):
        return [h[1] for h in self.heard if h[0] == 'reply']

    def call(self, path, interface, member, signature='', *args):
        count = len(self.replies())
        self.call_start(path, interface, member, signature, *args)
        self.until(lambda: len(self.replies()) > count, member)
        result = self.replies()[-1]
        if isinstance(result, dbus.DBusException):
            raise Failed(result.get_dbus_name(), result.get_dbus_message())
        return result[0] if len(result) == 1 else result or None

    def fails(self, error, *call):
        """This call is refused with this error; what it says."""
        try:
            result = self.call(*call)
        except Failed as failed:
            if '.' not in error:
                error = 'org.freedesktop.DBus.Error.' + error
            assert failed.args[0] == error, (call, failed.args)
            return failed.args[1]
        raise AssertionError(f'{call} gave {result}')

    def get(self, path, name, interface=CLIENT):
        return self.call(path, PROPERTIES, 'Get', 'ss', interface, name)

    def set(self, path, name, value, interface=CLIENT):
        return self.call(path, PROPERTIES, 'Set', 'ssv', interface, name,
                         value)

    def settle(self, warden):
        """Hear everything that the warden has said so far."""
        self.markers += 1
        text = f'MARKER{self.markers}'
        warden.event(5, text=text + ' -')

        def is_there():
            return any(h[0] == '/' and h[1] == OLD and h[3][:1] == [text]
                       for h in self.heard if h[0] != 'reply')

        self.until(is_there, 'a marker')
        self.heard = [h for h in self.heard if h[0] == 'reply' or
                      not str(h[3][:1]).startswith("[dbus.String('MARKER")]

    def events(self):
        """What was heard, with the rule of each change held and left out."""
        heard, events = self.heard, []
        self.heard = []
        while heard:
            path, interface, member, args = (heard.pop(0) + (None, None))[:4] \
                if heard[0][0] != 'reply' else (
                    *heard.pop(0)[:1], None, None, None)
            if path == 'reply':
                events.append(('reply',))
            elif member == 'PropertyChanged':
                assert interface == CLIENT, interface
                assert heard[0] == (path, OLD_CLIENT, member, args), heard[0]
                assert heard[1][:3] == (path, PROPERTIES,
                                        'PropertiesChanged'), heard[1]
                assert heard[1][3] == [CLIENT, {args[0]: args[1]}, []]
                del heard[:2]
                events.append((path, 'changed', str(args[0]), args[1]))
            elif member == 'PropertiesChanged':
                assert args[:2] == [CLIENT, {}], args
                events.append((path, 'invalidated',
                               [str(a) for a in args[2]]))
            elif member == 'NeedApproval' and interface == CLIENT:
                # The other alias's comes behind one more change.
                at = next(i for i, h in enumerate(heard)
                          if h[1:3] == (OLD_CLIENT, member))
                assert heard[at][3] == args and at == 3, heard
                del heard[at]
                events.append((path, member, args))
            elif interface in (NAME, CLIENT):
                assert heard[0] == (path, OLD + interface[len(NAME):],
                                    member, args), heard[0]
                del heard[0]
                events.append((path, member, args))
            else:
                assert interface == MANAGER, interface
                events.append((path, member, args))
        return events
