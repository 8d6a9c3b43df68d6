# SPDX-License-Identifier: ISC
"""What the original makes of its configuration, told with Python's own
configparser, argparse, int() and base64, and with our intended differences,
each marked "Ours:".  For check.py; has no access to anything of ours."""

import argparse
import binascii
import configparser
import datetime
import io
import os
import re

CLIENT_DEFAULTS = {
    "host": "",
    "checker": "fping -q -- %%(host)s",
    "timeout": "PT5M",
    "extended_timeout": "PT15M",
    "interval": "PT2M",
    "approval_delay": "PT0S",
    "approval_duration": "PT1S",
    "approved_by_default": "True",
    "enabled": "True",
}
DURATIONS = ("timeout", "extended_timeout", "interval", "approval_delay",
             "approval_duration")
LEVELS = {"CRITICAL": 2, "FATAL": 2, "ERROR": 3, "WARNING": 4, "WARN": 4,
          "NOTSET": 4, "INFO": 6, "DEBUG": 7}
FLAGS = {"debug": 1 << 2, "foreground": 1 << 1, "use_dbus": 1 << 3,
         "use_ipv6": 1 << 6, "restore": 1 << 5, "zeroconf": 1 << 4}
FLAG_CHECK = 1 << 0
FLAG_BIND = 1 << 7
FLAG_STRICT = 1 << 8
FLAG_START_DISABLED = 1 << 9
SECRET_MAX = 65536
VOID = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"


class Fatal(Exception):
    """The original, or we, would refuse this."""


def read_ini(data, defaults=None):
    """A ConfigParser that has read these bytes."""
    parser = configparser.ConfigParser(defaults)
    try:
        parser.read_file(io.TextIOWrapper(io.BytesIO(data), "utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise Fatal(type(error).__name__) from error
    return parser


_TIME = r"(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)"
_RFC3339 = re.compile(
    r"P(?:\d+W|\d+Y(?:\d+M(?:\d+D(?P<a>T%s)?)?)?|\d+M(?:\d+D(?P<b>T%s)?)?"
    r"|\d+D(?P<c>T%s)?|(?P<d>T%s))$" % (_TIME, _TIME, _TIME, _TIME))
_DATE_UNITS = {"Y": datetime.timedelta(weeks=52),
               "M": datetime.timedelta(weeks=4),
               "W": datetime.timedelta(weeks=1),
               "D": datetime.timedelta(days=1)}
_TIME_UNITS = {"H": datetime.timedelta(hours=1),
               "M": datetime.timedelta(minutes=1),
               "S": datetime.timedelta(seconds=1)}
_OLD_UNITS = {"d": "days", "s": "seconds", "m": "minutes", "h": "hours",
              "w": "weeks"}


def duration(text):
    """Milliseconds, perhaps negative."""
    total = datetime.timedelta(0)
    try:
        if _RFC3339.match(text):
            date, _, time = text.rstrip("\n")[1:].partition("T")
            for part, units in ((date, _DATE_UNITS), (time, _TIME_UNITS)):
                for number, unit in re.findall(r"(\d+)(\D)", part):
                    total += int(number) * units[unit]
        else:
            for word in text.split():
                total += datetime.timedelta(
                    **{_OLD_UNITS[word[-1]]: int(word[:-1])})
    except (KeyError, ValueError, OverflowError) as error:
        raise Fatal("bad duration") from error
    return total // datetime.timedelta(milliseconds=1)


def base64_decode(text):
    try:
        return binascii.a2b_base64(text.encode())
    except binascii.Error as error:
        raise Fatal("bad base64") from error


def upper(text):
    # Ours: letters outside ASCII stay as they are; no key ID has any.
    return "".join(c.upper() if c < "\x80" else c for c in text)


def key_text(text):
    return upper(text).replace(" ", "").replace("\0", "?")


def client(parser, name):
    """What `confdump clients' shows of a client, as a tuple."""
    try:
        items = dict(parser.items(name))
        flags = [int(parser.getboolean(name, key))
                 for key in ("approved_by_default", "enabled")]
    except (configparser.Error, ValueError) as error:
        raise Fatal("bad value") from error
    durations = {key: duration(items[key]) for key in DURATIONS}
    # Ours: a negative duration, and no interval at all, are errors.
    if min(durations.values()) < 0 or durations["interval"] == 0:
        raise Fatal("useless duration")
    # Ours: no NUL in what becomes a C string.
    if "\0" in name + items["host"] + items["checker"]:
        raise Fatal("NUL")
    if "secret" in items:
        secret = base64_decode(items["secret"])
    elif "secfile" in items:
        try:
            path = os.path.expanduser(os.path.expandvars(items["secfile"]))
            with open(path, "rb") as f:
                secret = f.read()
        except (OSError, ValueError) as error:
            raise Fatal("secfile") from error
    else:
        raise Fatal("no secret")
    # Ours: a limit.
    if len(secret) > SECRET_MAX:
        raise Fatal("secret too long")
    # Ours: key_id and fingerprint may both be missing.
    key_id = key_text(items.get("key_id", ""))
    is_key = re.fullmatch("[0-9A-F]{64}", key_id) and key_id != VOID
    return (name, items["host"], items["checker"], key_id,
            key_text(items.get("fingerprint", "")), secret,
            *durations.values(), *flags, key_id if is_key else "none")


def clients(data):
    parser = read_ini(data, CLIENT_DEFAULTS)
    return [client(parser, name) for name in parser.sections()]


OURS = ("--config-test", "--show-config", "--start-disabled")


class UsageError(Exception):
    pass


class Help(Exception):
    pass


class Version(Exception):
    pass


class _Raise(argparse.Action):
    def __init__(self, option_strings, dest, const):
        super().__init__(option_strings, dest, nargs=0, const=const)

    def __call__(self, *_):
        raise self.const


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(message)

    def _get_option_tuples(self, option_string):
        # Ours: new options do not disturb abbreviations of the old ones.
        found = super()._get_option_tuples(option_string)
        return [t for t in found if t[1] not in OURS] or found


def _option_parser():
    p = _Parser(prog="mandos", add_help=False)
    p.add_argument("-h", "--help", action=_Raise, const=Help)
    p.add_argument("-v", "--version", action=_Raise, const=Version)
    p.add_argument("-i", "--interface")
    p.add_argument("-a", "--address")
    p.add_argument("-p", "--port", type=int)
    p.add_argument("--check", action="store_true")
    p.add_argument("--debug", action="store_true")
    p.add_argument("--debuglevel")
    p.add_argument("--priority")
    p.add_argument("--servicename")
    p.add_argument("--configdir")
    p.add_argument("--no-dbus", action="store_true")
    p.add_argument("--no-ipv6", action="store_true")
    p.add_argument("--no-restore", action="store_true")
    p.add_argument("--socket", type=int)
    p.add_argument("--statedir")
    p.add_argument("--foreground", action="store_true")
    p.add_argument("--no-zeroconf", action="store_true")
    p.add_argument("-n", "--config-test", action="store_true")
    p.add_argument("-T", "--show-config", action="store_true")
    p.add_argument("--start-disabled", action="store_true")
    return p


_OPTIONS = _option_parser()


def options(argv):
    found, extras = _OPTIONS.parse_known_args(argv)
    # Ours: the "--" that ends the options is not complained about.
    if "--" in extras:
        extras.remove("--")
    if extras:
        raise UsageError("unrecognized arguments: " + " ".join(extras))
    return found


SETTINGS_DEFAULTS = {
    "interface": "", "address": "", "port": "", "debug": "False",
    "priority": "", "servicename": "Mandos", "use_dbus": "True",
    "use_ipv6": "True", "debuglevel": "", "restore": "True", "socket": "",
    "statedir": "/var/lib/mandos", "foreground": "False", "zeroconf": "True",
    # Ours: the restart policy and the limits.
    "restart_policy": "original",
    "max_connections": "8192", "max_sessions": "1024",
    "max_sessions_per_source": "1024", "spare_sessions": "4",
    "penalty_sources": "65536", "handshake_timeout": "PT20S",
    "close_timeout": "PT10S", "penalty_crash": "PT90S",
    "penalty_late": "PT10S", "penalty_refused": "PT5S",
    "penalty_min": "PT15S", "penalty_max": "PT10M",
    "max_checkers": "64", "checker_timeout": "PT0S",
}
COUNTS = {"max_connections": 1048576, "max_sessions": 65536,
          "max_sessions_per_source": 65536, "spare_sessions": 256,
          "penalty_sources": 1048576}
LIMIT_DURATIONS = {"handshake_timeout": (1, 86400),
                   "close_timeout": (1, 86400), "penalty_crash": (0, 604800),
                   "penalty_late": (0, 604800),
                   "penalty_refused": (0, 604800),
                   "penalty_min": (0, 604800), "penalty_max": (0, 604800)}
# Ours: how long a text may be.
LENGTHS = {"interface": 15, "address": 1024, "debuglevel": 64,
           "priority": 2048, "servicename": 1024, "statedir": 4095}


def _number(parser, given, key, most):
    value = None
    if parser.get("DEFAULT", key, raw=True):
        value = parser.getint("DEFAULT", key)
    if given is not None:
        value = given
    # Ours: complained about here, and not by the kernel.
    if value is not None and not 0 <= value <= most:
        raise Fatal(key)
    return value


def _limits(parser):
    result = []
    for key, most in COUNTS.items():
        result.append(parser.getint("DEFAULT", key))
        if not 1 <= result[-1] <= most:
            raise Fatal(key)
    for key, (least, most) in LIMIT_DURATIONS.items():
        result.append(duration(parser.get("DEFAULT", key)))
        if not least * 1000 <= result[-1] <= most * 1000:
            raise Fatal(key)
    if result[-2] > result[-1]:
        raise Fatal("penalty_min")
    result.append(parser.getint("DEFAULT", "max_checkers"))
    if not 1 <= result[-1] <= 10000:
        raise Fatal("max_checkers")
    result.append(duration(parser.get("DEFAULT", "checker_timeout")))
    if result[-1] < 0:
        raise Fatal("checker_timeout")
    return result


def settings(data, argv):
    """What `confdump mandos' shows, as a tuple; None if no client could know
    where to connect."""
    given = options(argv)
    parser = read_ini(data, SETTINGS_DEFAULTS)
    try:
        texts = {}
        for key, most in LENGTHS.items():
            value = getattr(given, key)
            if value is None:
                value = parser.get("DEFAULT", key, raw=True)
            if len(value.encode(errors="surrogateescape")) > most or \
                    "\0" in value:
                raise Fatal(key)
            texts[key] = value
        flags = {key: parser.getboolean("DEFAULT", key) for key in FLAGS}
        port = _number(parser, given.port, "port", 65535) or 0
        socket = _number(parser, given.socket, "socket", 2 ** 31 - 1)
        limits = _limits(parser)
        policy = parser.get("DEFAULT", "restart_policy", raw=True)
        if policy not in ("original", "strict"):
            raise Fatal("restart_policy")
    except (configparser.Error, ValueError) as error:
        raise Fatal("bad value") from error
    flags["debug"] |= given.debug
    flags["foreground"] |= given.foreground | flags["debug"]
    flags["use_dbus"] &= not given.no_dbus
    flags["use_ipv6"] &= not given.no_ipv6
    flags["restore"] &= not given.no_restore
    flags["zeroconf"] &= not given.no_zeroconf
    number = sum(FLAGS[key] for key in FLAGS if flags[key])
    number |= FLAG_CHECK * given.check
    number |= FLAG_STRICT * (policy == "strict")
    number |= FLAG_START_DISABLED * given.start_disabled
    number |= FLAG_BIND * bool(port or texts["address"])
    level = LEVELS["WARNING"]
    if flags["debug"]:
        level = LEVELS["DEBUG"]
    elif texts["debuglevel"]:
        if upper(texts["debuglevel"]) not in LEVELS:
            raise Fatal("debuglevel")
        level = LEVELS[upper(texts["debuglevel"])]
    if not flags["zeroconf"] and not port and socket is None:
        return None
    return (texts["interface"], texts["address"], texts["priority"],
            texts["servicename"], texts["statedir"], port,
            -1 if socket is None else socket, number, level, *limits)
