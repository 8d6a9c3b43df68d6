# SPDX-License-Identifier: ISC
"""What mandos-ctl --dump-json says, from standard input, as lines:

NAME FIELD VALUE, with the names and forms of regress/helpers/control_field.c:
durations in milliseconds, times in microseconds since 1970, 0 for never.
"""
import datetime
import json
import re
import sys

FIELDS = {
    "Enabled": "enabled",
    "ApprovedByDefault": "approved_by_default",
    "CheckerRunning": "checker_running",
    "LastCheckerStatus": "last_checker_status",
    "Timeout": "timeout",
    "ExtendedTimeout": "extended_timeout",
    "Interval": "interval",
    "ApprovalDelay": "approval_delay",
    "ApprovalDuration": "approval_duration",
    "Created": "created",
    "LastEnabled": "last_enabled",
    "LastCheckedOK": "last_checked_ok",
    "LastApprovalRequest": "last_approval_request",
    "Expires": "expires",
    "Host": "host",
    "Checker": "checker",
}
EPOCH = datetime.datetime(1970, 1, 1)
TIMES = {"created", "last_enabled", "last_checked_ok",
         "last_approval_request", "expires"}


def text(field, value):
    """One value as our helper prints it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field in TIMES:
        if not value:
            return "0"
        if "." not in value:
            value += ".0"
        then = datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f")
        return str((then - EPOCH) // datetime.timedelta(microseconds=1))
    return str(value)


for name, values in json.load(sys.stdin).items():
    for theirs, ours in FIELDS.items():
        if theirs in values:
            print(name, ours, text(ours, values[theirs]))
