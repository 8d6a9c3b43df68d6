#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""expected.py PICKLE: what a ledger says of these clients, but for secrets.

Python's own reader, for a file that the test itself has had made.
"""
import datetime
import pickle
import sys

SETTINGS = (
    ("enabled", "enabled"),
    ("host", "host"),
    ("checker", "checker_command"),
    ("key_id", "key_id"),
    ("fingerprint", "fingerprint"),
    ("timeout_ms", "timeout"),
    ("extended_timeout_ms", "extended_timeout"),
    ("interval_ms", "interval"),
    ("approval_delay_ms", "approval_delay"),
    ("approval_duration_ms", "approval_duration"),
    ("approved_by_default", "approved_by_default"),
)
TIMES = ("created", "last_enabled", "last_checked_ok",
         "last_approval_request", "expires")


def text(value):
    plain = {c: chr(c) for c in range(0x20, 0x7f) if chr(c) not in '"\\'}
    return '"%s"' % "".join(plain.get(c, "\\x%02x" % c)
                            for c in value.encode())


def show(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.timedelta):
        return str(value // datetime.timedelta(milliseconds=1))
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="microseconds") + "Z"
    if value is None:
        return "never"
    return text(value)


with open(sys.argv[1], "rb") as f:
    saved, configured = pickle.load(f)
for name in sorted(configured, key=str.encode):
    print()
    print("client" if name in saved else "removed", text(name))
    for ours, theirs in SETTINGS:
        print("conf_" + ours, show(configured[name][theirs]))
    if name not in saved:
        continue
    for ours, theirs in SETTINGS:
        print(ours, show(saved[name][theirs]))
    print("last_checker_status", saved[name]["last_checker_status"])
    for time in TIMES:
        print(time, show(saved[name][time]))
