# SPDX-License-Identifier: ISC
# Debian's mandos-ctl with each of its options, for our server and for
# Debian's: the same is printed, the same is asked for, the same happens.  The
# order of clients is by chance with Debian's server, and so has none here.

import json
import os
import re
import sys

import bustrace
import pair

# What the recorded commands leave out, long for short and short for long.
MORE = '''
-h
--help
--check
--verbose
--dump-json
--dump-json bar.example.org
--verbose --dump-json
--disable foo
--enable foo
--debug --dump-json
-d --all
-e --all
-b --all
--bump-timeout --all
--start-checker --all
--start-checker foo
--stop-checker foo
--is-enabled foo
-V --all
--timeout PT3H --extended-timeout P1D foo u
--timeout PT3H foo
-i P1D bar.example.org
--interval P7D bar.example.org
--approval-delay PT0S --approval-duration PT0S --all
--approval-delay=P1W bar.example.org
--approve-by-default --all
--deny-by-default --all
--host 192.0.2.3 --all
-H localhost u
--secret EMPTYFILE --all
--approve foo bar.example.org
--deny foo u
-A --all
-D --all
--checker : --all
--start-checker --all
'''.split('\n')[1:-1]

# First of all, and there is less to compare from then on.
REMOVALS = '''
-r one
--remove two three
--remove --deny four
-D -r five
-r -D -e six
-rD seven
'''.split('\n')[1:-1]


def commands(vectors):
    """The recorded ones, but those that remove clients of others, and one
    that gives a secret too long for us."""
    for line in REMOVALS:
        yield line.split()
    with open(vectors) as f:
        for c in json.load(f):
            argv = c['argv']
            if 'BIGFILE' not in argv and (
                    c['exit'] or not {'-r', '--remove'} & set(argv)):
                yield argv
                # Nothing is to be due while this goes on.
                if {'-i', '--interval=PT1M'} & set(argv):
                    yield ['-i', 'P7D', 'foo']
    yield ['-t', 'PT1H', 'foo']
    for line in MORE:
        yield line.split()


def complaint(text):
    """What is on standard error, but not the words of an error of D-Bus: the
    names of errors are the standard's with us, and those of its language with
    Debian's server."""
    text = re.sub(r'(?m)^(dbus\.[A-Za-z.]*): .*(\n.*)*', r'\1', text)
    return re.sub(r'(Ran \d+ tests) in [\d.]+s', r'\1', text)


def unordered(text):
    """What is on standard output, with the clients by name."""
    if text.startswith('{'):
        clients = json.loads(text)
        # As text again, so that everything else has its order.
        return json.dumps(dict(sorted(clients.items())), indent=4) + '\n', \
            sorted(text.splitlines())
    head, *lines = text.splitlines(True) or ['']
    return head, sorted(lines)


def same(both, argv):
    ours, theirs = both.ctl(*argv)
    assert ours[0] == theirs[0], f'{ours[0]}, not {theirs[0]}: {ours[2]}'
    for what, have, want in (
            ('output', unordered(ours[1]), unordered(theirs[1])),
            ('complaint', complaint(ours[2]), complaint(theirs[2]))):
        assert have == want, f'{what} is\n{have}\nand Debian\'s\n{want}'


def calls(server):
    """What was called by others than us, for each client."""
    found = {}
    for e in server.trace.calls():
        if e.sender != server.bus.get_unique_name():
            found.setdefault(e.client, []).append(str(e))
    return found


def settled(both):
    """Checkers end by themselves, but never before the command has."""
    with open('gate', 'w'):
        pass
    both.agree('what is known', idle=True)
    os.unlink('gate')


def options_of(both):
    """All that it has, by its own word."""
    text = both.ctl('--help')[0][1]
    return set(re.findall(r'(?<![\w-])(?:--[a-z-]+|-[A-Za-z])(?![\w-])',
                          text))


def differences(both):
    """Where ours is to differ."""
    # Whether a secret is the old one is not for busd to know: it is told of
    # always, and not only if it is another.
    both.order('-s', 'SECRETFILE', 'foo')
    both.agree('a new secret')
    both.order('-s', 'SECRETFILE', 'foo')
    both.order('-H', 'more', 'foo')
    have, want = (s.trace.streams()['/clients/foo'] for s in both.servers)
    assert len(have) == len(want) + 1 and want[-3:] == have[-3:], have[-5:]
    assert have[-5] == have[-4] and 'Secret' in have[-4], have[-5:]
    # A secret as long as that is none for us.
    have, want = both.ctl('-s', 'BIGFILE', 'u')
    assert have[0] == 1 and 'Secret takes no secret as long' in have[2], have
    assert want == (0, '', ''), want


def main():
    for name, data in (('SECRETFILE', b'secret\0\xff\n'), ('EMPTYFILE', b''),
                       ('NEWFILE', b'of a file\n'), ('BIGFILE', bytes(200000))):
        with open(name, 'wb') as f:
            f.write(data)
    both = pair.Pair()
    # When a client expires that has never been checked, is by chance.
    both.order('-b', '--all')
    both.order('-H', 'bår "q" 日本', 'u')
    used, count = set(), 0
    for argv in commands(sys.argv[6]):
        try:
            same(both, argv)
            settled(both)
        except AssertionError as error:
            raise AssertionError(f'{argv}: {error}') from None
        used.update(a.partition('=')[0] for a in argv)
        count += 1
    ours, theirs = both.servers
    # What is in a file that mandos-ctl was given, is what a client gets.
    both.order('-e', '-A', '-s', 'NEWFILE', 'foo', 'u')
    both.gives('of a file\n', 'foo', 'u')
    wrong = bustrace.streams_differ(calls(ours), calls(theirs))
    assert wrong is None, wrong
    missing = options_of(both) - used
    assert not missing, missing
    assert count > 130, count
    both.order('-H', 'the end', 'foo')
    both.agree('the end')
    print(count, 'commands')
    differences(both)
    assert ours.end() == 0


main()
