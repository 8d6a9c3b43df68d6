# SPDX-License-Identifier: ISC
# What the warden says in each of the recorded situations, and that the
# signals which follow are the recorded ones, in their order.

import json
import os
import re

import dbus

import warden as w
from listener import CLIENT, NAME

DAY_US = 86400 * 1000000
STAMP = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$')


def pending(d, c, count):
    d.change(c, pending=count)


def asked(d, c):
    pending(d, c, 1)
    d.event(w.NEED_APPROVAL, c, c.approval_delay, c.has(w.BY_DEFAULT),
            last_approval_request=w.now_us())


def given(d, c):
    d.event(w.GOT_SECRET, c,
            expires=w.now_us() + 1000 * c.extended_timeout)
    if c.approval_delay:
        pending(d, c, 0)


def refused(d, c, reason):
    d.event(w.REJECTED, c, reason)
    if c.approval_delay:
        pending(d, c, 0)


DISABLED, DENIED, TIMED_OUT = 2, 3, 4


def set_property(name, value):
    return lambda d, c, bus: bus.set('/clients/foo', name, value)


def start_checker(d, c, bus):
    bus.call('/clients/foo', CLIENT, 'StartChecker')


def disabled_in_wait(d, c, bus):
    asked(d, c)
    bus.set('/clients/foo', 'Enabled', False)


def three(d, c, bus):
    for n in (1, 2, 3):
        pending(d, c, n)
        d.event(w.NEED_APPROVAL, c, c.approval_delay, 0,
                last_approval_request=w.now_us())
    for n in (2, 1, 0):
        d.event(w.GOT_SECRET, c,
                expires=w.now_us() + 1000 * c.extended_timeout)
        pending(d, c, n)


def several(*steps):
    def run(d, c, bus):
        for step in steps:
            step(d, c, bus) if step.__code__.co_argcount == 3 else step(d, c)
    return run


def secret(d, c, bus):
    bus.set('/clients/foo', 'Secret', dbus.ByteArray(b'\0secret\xff'))


def remove(d, c, bus):
    bus.call('/', NAME, 'RemoveClient', 'o', '/clients/foo')


SCENARIOS = {
    'secret-no-approval': several(given),
    'disabled': lambda d, c, bus: refused(d, c, DISABLED),
    'approval-timeout-default-approve': several(asked, given),
    'approval-timeout-default-deny': several(
        asked, lambda d, c: refused(d, c, TIMED_OUT)),
    'approve-during-wait': several(asked, given),
    'deny-during-wait': several(asked, lambda d, c: refused(d, c, DENIED)),
    'approve-just-before-connect': several(
        lambda d, c: pending(d, c, 1), given),
    'deny-just-before-connect': several(
        lambda d, c: pending(d, c, 1), lambda d, c: refused(d, c, DENIED)),
    'approval-expired-before-connect': several(
        asked, lambda d, c: refused(d, c, TIMED_OUT)),
    'three-connections-one-approval': three,
    'remove-during-wait': several(asked, remove),
    'disable-then-approve-during-wait': several(
        disabled_in_wait, lambda d, c: refused(d, c, DISABLED)),
    'default-changed-during-wait': several(
        asked, set_property('ApprovedByDefault', False),
        lambda d, c: refused(d, c, TIMED_OUT)),
    'delay-changed-during-wait': several(
        asked, set_property('ApprovalDelay', dbus.Int32(0)),
        lambda d, c: d.event(w.GOT_SECRET, c, expires=w.now_us() + DAY_US),
        lambda d, c: pending(d, c, 0)),
    'checker-success': start_checker,
    'checker-failure': start_checker,
    'checker-signalled': start_checker,
    'checker-stopped': several(start_checker,
                               set_property('CheckerRunning', False)),
    'checker-start-while-running': several(
        start_checker, set_property('CheckerRunning', True)),
    'CheckedOK': set_property('LastCheckedOK', 'whatever'),
    'enable': set_property('Enabled', True),
    'disable-while-checker-runs': several(start_checker,
                                          set_property('Enabled', False)),
    'set-timeout-enabled': set_property('Timeout', dbus.Int32(600000)),
    'set-interval-enabled': set_property('Interval', dbus.UInt64(60000)),
    'set-same-value': set_property('Host', 'localhost'),
    'set-secret': secret,
    'remove': remove,
}

# How checkers end, where that matters.
WAITS = {'checker-success': 0, 'checker-failure': 3 << 8,
         'checker-signalled': 9}
CHECKERS = {'checker-stopped': 'sleep 60', 'set-interval-enabled': 'true'}


def client_of(s):
    names = {'interval': 120000, 'timeout': 300000, 'approval_delay': 0}
    durations = {'PT2M': 120000, 'PT5M': 300000, 'PT0S': 0, 'PT6S': 6000}
    settings = {k: durations[s['client'][k]] for k in names}
    flags = w.HAS_KEYID
    if s['client']['enabled']:
        flags |= w.ENABLED
    if s['client']['approved_by_default']:
        flags |= w.BY_DEFAULT
    return dict(settings, flags=flags, checker=s['client']['checker'],
                expires=w.now_us() + DAY_US if flags & w.ENABLED else 0)


def expected(s):
    """The recorded events, one tuple each; None is any value."""
    events = []
    for e in s['events']:
        path = e.get('path', '/clients/foo')
        for name, value in e.get('changed', {}).items():
            if isinstance(value, str) and value != '':
                value = None
            events.append((path, 'changed', name, value))
        if 'invalidated' in e:
            events.append((path, 'invalidated', e['invalidated']))
        if 'signal' in e:
            events.append((path, e['signal'], e.get('args')))
    return events


def matches(want, have):
    if want[:2] != have[:2]:
        return False
    if want[1] == 'changed':
        return want[2] == have[2] and (
            want[3] == have[3] if want[3] is not None else
            STAMP.match(have[3]) is not None)
    if want[1] in ('InterfacesRemoved', 'ClientRemoved') or want[2] is None:
        return have[2][0] == '/clients/foo'
    args = [arg == 'APPROVED_BY_DEFAULT' or arg == have[2][i]
            for i, arg in enumerate(want[2])]
    return all(args) and len(want[2]) == len(have[2])


def run(d, bus, s):
    """Play one; returns what was wrong, or None."""
    c = d.add('foo', **client_of(s))
    d.checks = WAITS.get(s['name'])
    bus.settle(d)
    bus.events()
    SCENARIOS[s['name']](d, c, bus)
    bus.settle(d)
    heard = bus.heard
    try:
        have = [e for e in bus.events() if e[0] != 'reply']
    except (AssertionError, StopIteration) as error:
        return f"{s['name']}: {error}: {heard}"
    if d.clients[c.number] is not None:
        d.gone(c)
    d.checks = None
    want = expected(s)
    if s['name'] == 'three-connections-one-approval':
        names = [e[1] if e[1] != 'changed' else e[2] for e in have]
        if (names.count('NeedApproval'), names.count('GotSecret'),
                names.count('ApprovalPending')) != (3, 3, 2):
            return f"{s['name']}: {names}"
        return None
    if len(want) != len(have) or not all(map(matches, want, have)):
        return f"{s['name']}:\n  {want}\n  {have}"
    return None


def run_all(d, bus, vectors):
    with open(os.path.join(vectors, 'scenarios.json')) as f:
        known = {s['name']: s for s in json.load(f)}
    wrong = [run(d, bus, known[name]) for name in SCENARIOS]
    return [what for what in wrong if what]
