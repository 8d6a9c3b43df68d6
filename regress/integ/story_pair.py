# SPDX-License-Identifier: ISC
# One story, which happens to our server and to Debian's at the same time, and
# what dbus-monitor hears of it.  Nothing happens to two clients at once, but
# when the servers begin and end: so all signals have an order in between.

import os

import bustrace
import pair


class Story(pair.Pair):
    def __init__(self):
        super().__init__()
        self.agree('the start')
        self.told = [len(s.trace.signals()) for s in self.servers]

    def part(self, what, members, idle=True):
        """Hold that this was told the same way, and these are among it."""
        self.agree(what, idle)
        parts = [s.trace.signals()[told:]
                 for s, told in zip(self.servers, self.told)]
        wrong = bustrace.difference(*[[str(e) for e in p] for p in parts])
        assert wrong is None, f'{what}: {wrong}'
        heard = {e.member for e in parts[0]}
        assert set(members.split()) <= heard, (what, heard)
        self.told = [len(s.trace.signals()) for s in self.servers]

    def checked(self, name, what):
        """Its checker is run, to its end."""
        self.order('--start-checker', name)
        self.heard_of(name, 'CheckerStarted')
        self.part(what + ' runs', 'CheckerStarted', idle=False)
        with open('gate', 'w'):
            pass
        self.heard_of(name, 'CheckerCompleted')
        os.unlink('gate')
        self.part(what, 'CheckerCompleted PropertiesChanged')

    def heard_of(self, name, member):
        """Wait until each has said that of this client, and anew."""
        for s, told in zip(self.servers, self.told):
            pair.wait_for(lambda s=s, told=told: any(
                e.member == member and e.client == '/clients/' + name
                for e in s.trace.signals()[told:]), f'{member} of {name}')

    def waits(self, name):
        """It asks, and has to wait."""
        askers = [s.asks(name) for s in self.servers]
        self.heard_of(name, 'NeedApproval')
        self.part('approval wanted', 'NeedApproval')
        return askers


def main():
    s = Story()
    s.checked('well', 'a checker succeeds')
    s.checked('ill', 'a checker fails')
    s.checked('killed', 'a checker is killed')

    for name, option, secret, member in (
            ('yes', '--approve', 'yes', 'GotSecret'),
            ('no', '--deny', '', 'Rejected')):
        askers = s.waits(name)
        s.order(option, name)
        s.given(secret, askers)
        s.part('answered ' + name, member)
    for name, secret, member in (('late', '', 'Rejected'),
                                 ('early', 'early', 'GotSecret')):
        askers = s.waits(name)
        s.given(secret, askers)
        s.part('approval times out', member)

    s.gives('well', 'well')
    s.part('secret sent', 'GotSecret')
    s.order('--bump-timeout', 'well')
    s.part('checked by hand', 'PropertiesChanged')
    s.order('--disable', 'well')
    s.part('disabled', 'PropertiesChanged')
    s.gives('', 'well')
    s.part('refused', 'Rejected')
    s.order('--enable', 'well')
    s.part('enabled', 'PropertiesChanged')
    s.order('--bump-timeout', 'short')
    s.part('soon to expire', 'PropertiesChanged')
    for server in s.servers:
        pair.wait_for(lambda: server.value('short', 'Enabled')[1] == 0,
                      'expiry')
    s.part('expired', 'PropertiesChanged')
    s.order('--remove', 'ill')
    s.part('removed', 'InterfacesRemoved ClientRemoved')
    s.gives('', 'ill', 'stranger')
    s.part('unknown keys', 'ClientNotFound')

    # How Debian's server ends is not for us to say.
    status = [server.end() for server in s.servers][0]
    assert status == 0, status
    wrong = bustrace.streams_differ(*[x.trace.streams() for x in s.servers])
    assert wrong is None, wrong
    last = s.servers[0].trace.signals()[-1]
    assert last.member == 'ClientRemoved', last
    print(len(s.servers[0].trace.signals()), 'signals')


main()
