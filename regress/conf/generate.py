# SPDX-License-Identifier: ISC
"""Random input for check.py that knows the grammar: it hits every rule of the
files and of the command line, and breaks each now and then.  The same seed
gives the same input."""

import string

SPACES = [" "] * 12 + ["  ", "\t", "\u00a0", "\u2003", "\u3000", "\x0b",
                       "\x0c", "\x1c", "\x1f", "\x85", "\u2028"]
ENDS = ["\n", "\n", "\n", "\r\n", "\r"]
KEYS = ["a", "b", "c", "A", "B", "long key", "x.y", "k\u00e9", "K\u00c9",
        "\u212a", "k", "\u0130", "i\u0307", "\u00df", "\u0416", "\u0436",
        "\u2c65", "\u023a", "[x", "x]", "%", "a%b", "q)", "(q"]
NAMES = ["a", "b", "foo", "foo.example.org", "DEFAULT", "default", "Default",
         " s ", "a]b", "f\u00f6\u00f6", "x=y", "#", "\u00a0"]
WORDS = ["x", "yes", "no", "100", "a b", "#x", ";x", "=", ":", "[x]", "\\",
         "\"q\"", "\u00e4", "\U0001d7d9", "p\u00a0q", "%%", "%%%%", "%%(a)s"]
BAD_PERCENT = ["%", "%d", "%(", "%(a", "%(a)", "%(a)d", "%()s", "%%%",
               "%(nope)s", "%a%%"]


def space(rng, most=2):
    return "".join(rng.choices(SPACES, k=rng.randint(0, most)))


def value(rng, keys, bad=0.02):
    parts = []
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        chance = rng.random()
        if chance < bad:
            parts.append(rng.choice(BAD_PERCENT))
        elif chance < 0.25:
            key = rng.choice(keys)
            parts.append(f"%({rng.choice([key, key.upper()])})s")
        else:
            parts.append(rng.choice(WORDS))
    return rng.choice(["", " "]).join(parts)


def option(rng, key, text, more=0.15):
    """A key and its value, perhaps over several lines."""
    key = rng.choice([key, key, key, key.upper(), key.capitalize()])
    delimiter = space(rng, 1) + rng.choice("==:") + space(rng, 1)
    pieces = [text]
    while rng.random() < more:
        pieces.append(rng.choice(["", "#", "; c", "more", "k = v", "[s]",
                                  "%(a)s"]))
    lines = [key + delimiter + pieces[0] + space(rng, 1)]
    for piece in pieces[1:]:
        lines.append(rng.choice([" ", "\t", "    ", "\u00a0", "", "  "]) +
                     piece + space(rng, 1))
    return lines


def noise(rng):
    """A line that means nothing, or is wrong."""
    chance = rng.random()
    if chance < 0.45:
        return space(rng, 3)
    if chance < 0.97:
        return space(rng) + rng.choice("#;") + rng.choice(
            ["", " c", "[x]", "a = b", "%"])
    return rng.choice(["garbage", "= x", ": y", "[]", "[x", "]", "\ufeff",
                       "[]]", "[[]", " = "])


def header(rng, name):
    return space(rng, rng.choice([0, 0, 0, 1])) + "[" + name + "]" + \
        rng.choice([""] * 6 + [" # c", " x", "]", " [y]", "=", "\u00a0"])


def join(rng, lines):
    """Lines to bytes, sometimes damaged."""
    one = rng.choice(ENDS)
    text = "".join(line + (one if rng.random() < 0.95 else rng.choice(ENDS))
                   for line in lines)
    if rng.random() < 0.2:
        text = text.rstrip("\r\n")
    data = text.encode()
    if data and rng.random() < 0.04:
        at = rng.randrange(len(data))
        data = data[:at] + rng.choice(
            [b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x80", b"%",
             b"\n", b"\r", b"", b" ", b"]", b"\xf4\x90\x80\x80",
             b"\xf0\x9f\x98\x80"]) + data[at + rng.randint(0, 1):]
    return data


def chain(rng):
    """References so deep that it may be too deep."""
    depth = rng.randint(8, 12)
    return [f"r{i} = %(r{i + 1})s" for i in range(depth)] + [f"r{depth} = e%%"]


def some_lines(rng, lines):
    """Take a few, put noise between them, indent some."""
    result = []
    for line in lines:
        if rng.random() < 0.1:
            result.append(noise(rng))
        if rng.random() < 0.03:
            line = space(rng, 2) + line
        result.append(line)
    return result


def ini(rng):
    lines = []
    if rng.random() < 0.03:
        lines.append("a = 1")
    names = rng.sample(NAMES, rng.randint(1, 4))
    if rng.random() < 0.05:
        names.append(rng.choice(names))
    for name in names:
        lines.append(header(rng, name))
        keys = list({k.lower(): k for k in rng.sample(
            KEYS, rng.randint(0, 6))}.values())
        if keys and rng.random() < 0.03:
            keys.append(rng.choice(keys))
        for key in keys:
            lines += option(rng, key, value(rng, KEYS[:6] + keys))
        if rng.random() < 0.1:
            lines += chain(rng)
    return join(rng, some_lines(rng, lines))


def number(rng):
    digits = rng.choice(["0", "1", "2", "5", "10", "007", "1_0", "60",
                         "4294967296", "999999999", "\u0665", "\U0001d7d9",
                         "99999999999999999999", str(rng.randrange(10 ** 6))])
    if rng.random() < 0.02:
        digits = rng.choice(["", "1__0", "_1", "1_", "1.5", "x", "--1"])
    return digits


def duration(rng):
    chance = rng.random()
    if chance < 0.55:
        date = [number(rng) + u for u in "YMD" if rng.random() < 0.4]
        time = [number(rng) + u for u in "HMS" if rng.random() < 0.5]
        text = "P" + "".join(date) + ("T" + "".join(time) if time else "")
        if rng.random() < 0.1:
            text = f"P{number(rng)}W"
    else:
        text = rng.choice([" ", "  ", "\t", "\n", "\u00a0"]).join(
            rng.choice(["", "", "", "+", "-"]) + number(rng) +
            rng.choice("smhdw") for _ in range(rng.randint(0, 4)))
    if rng.random() < 0.1:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(
            list("PTYMWDHSsmhdw 0_.-+") + ["\n", "\0", "\u00a0"]) + \
            text[at + rng.randint(0, 1):]
    return text


def base64(rng):
    alphabet = string.ascii_letters + string.digits + "+/"
    text = "".join(rng.choices(alphabet, k=rng.choice(
        [0, 1, 2, 3, 4, 4, 8, 12, 40])))
    text += "=" * (-len(text) % 4)
    for _ in range(rng.choice([0, 0, 1, 2])):
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(
            ["=", "==", "\n", " ", "-", "#", "\u00e5", "A", ""]) + \
            text[at + rng.randint(0, 1):]
    return text


def reference(rng, text, extra):
    """The text itself, or a reference to a key that has it."""
    if rng.random() < 0.05:
        key = rng.choice(["v", "w"])
        extra[key] = text
        return f"%({key})s"
    return text


# What may refer to what without going in a circle.
REFERENCES = {"checker": ["host", "v", "interval"],
              "host": ["v", "timeout", "enabled"], "v": ["approval_delay"]}


def client_value(rng, key, extra):
    if key in ("timeout", "extended_timeout", "interval", "approval_delay",
               "approval_duration"):
        text = rng.choice(["PT5M", "1h 30m", "", "P1D", "0s", duration(rng)]
                          if rng.random() < 0.1 else ["PT1H", "90s", "P1W"])
        text = text.replace("\n", " ")
    elif key in ("enabled", "approved_by_default"):
        text = rng.choice(["yes", "no", "On", "OFF", "1", "0", "true",
                           "False"] if rng.random() < 0.97 else
                          ["", "y", "maybe", "2"])
    elif key == "secret":
        text = base64(rng) if rng.random() < 0.05 else rng.choice(
            ["AAAA", "aGVsbG8=", "", "QUJD\n REVG"])
    elif key == "secfile":
        text = rng.choice(["/nonexistent/secret", "/", "$NOWHERE/x"])
    elif key in ("key_id", "fingerprint"):
        text = "".join(rng.choices("0123456789abcdefABCDEF",
                                   k=rng.choice([64, 64, 64, 40, 0, 63])))
        if rng.random() < 0.3:
            text = " ".join([text[:20], text[20:]])
        if rng.random() < 0.03:
            text = rng.choice(["xyz", "\u00df", "a\tb", "e3b0c44298fc1c149"
                               "afbf4c8996fb92427ae41e4649b934ca495991b7852"
                               "b855"])
    else:
        text = value(rng, REFERENCES[key] if rng.random() < 0.97 else
                     ["host", "checker", "v"], 0.004)
    return reference(rng, text, extra)


CLIENT_KEYS = ["host", "checker", "timeout", "extended_timeout", "interval",
               "approval_delay", "approval_duration", "enabled",
               "approved_by_default", "key_id", "fingerprint", "v"]


def clients(rng):
    lines = []
    names = rng.sample(NAMES, rng.randint(1, 3))
    if rng.random() < 0.3:
        names = ["DEFAULT"] + [n for n in names if n != "DEFAULT"]
    for name in names:
        lines.append(header(rng, name))
        keys = [k for k in CLIENT_KEYS if rng.random() < 0.3]
        if rng.random() < 0.97:
            keys.append("secret")
        elif rng.random() < 0.5:
            keys.append("secfile")
        extra = {}
        texts = {k: client_value(rng, k, extra) for k in keys}
        texts["v"] = texts.get("v", "vv")
        texts.update(extra)
        for key, text in texts.items():
            lines += option(rng, key, text, 0.02)
    return join(rng, some_lines(rng, lines))


TEXTS = {
    "interface": ["", "eth0", "lo", "much-too-long-name"],
    "address": ["", "::1", "127.0.0.1", "fe80::1%lo"],
    "priority": ["", "SECURE256", "%PROFILE_ULTRA", "100%", "%(port)s"],
    "servicename": ["", "Mandos", "My Mandos", "a#b", "%%", "x\n  y\n\n z"],
    "statedir": ["", "/var/lib/mandos", "relative"],
    "debuglevel": ["", "info", "WARN", "Debug", "error", "nonsense",
                   "critical", "notset"],
}
NUMBERS = ["", "0", "1", "4711", "65535", "+7", "4_7", "\u0661", "%(seven)s"]
BAD_NUMBERS = ["65536", "-1", "x", "0x10", "%", "99999999999999999999", "1.0"]
BOOLS = ["yes", "no", "1", "0", "True", "off", "%(yes)s"]


def mandos_value(rng, key):
    bad = rng.random() < 0.01
    if key in TEXTS:
        texts = TEXTS[key]
        return rng.choice(texts if bad else [
            t for t in texts if t not in ("nonsense", "much-too-long-name")])
    if key in ("port", "socket"):
        return rng.choice(BAD_NUMBERS if bad else NUMBERS)
    if key == "restart_policy":
        return rng.choice(["", "Strict", "none"] if bad else
                          ["original", "strict"])
    if key == "checker_timeout":
        return rng.choice(["-1s", "x", "P1000000000D"] if bad else
                          ["PT0S", "PT30S", "P1W", "1d 2h"])
    if key in ("handshake_timeout", "close_timeout", "penalty_crash",
               "penalty_late", "penalty_refused", "penalty_min",
               "penalty_max"):
        return rng.choice(["P2Y", "-1s", "x", "P1D", "PT0S"] if bad else
                          ["PT30S", "10s", "1m 30s", "PT1H"])
    if key.startswith(("max_", "spare_", "penalty_")):
        return rng.choice(["0", "-1", "", "99999999"] if bad else
                          ["1", "17", "250", "+8"])
    return rng.choice(["", "maybe", "%(no"] if bad else BOOLS)


MANDOS_KEYS = list(TEXTS) + [
    "port", "socket", "debug", "foreground", "use_dbus", "use_ipv6",
    "restore", "zeroconf", "max_connections", "max_sessions",
    "max_sessions_per_source", "spare_sessions", "penalty_sources",
    "handshake_timeout", "close_timeout", "penalty_crash", "penalty_late",
    "penalty_refused", "penalty_min", "penalty_max", "restart_policy",
    "max_checkers", "checker_timeout", "start_disabled", "unknown",
    "configdir"]


def mandos(rng):
    lines = [header(rng, "DEFAULT"), "seven = 7", "yes = yes"]
    for key in MANDOS_KEYS:
        if rng.random() < 0.15:
            key_lines = option(rng, key, mandos_value(rng, key))
            # A continued number or boolean would nearly always be bad.
            lines += key_lines if key in TEXTS else key_lines[:1]
    if rng.random() < 0.1:
        lines += [header(rng, "other"), "port = 12", "debug = 17"]
    return join(rng, some_lines(rng, lines)) if rng.random() < 0.3 else \
        "\n".join(lines).encode()


LONG = ["--interface", "--address", "--port", "--debuglevel", "--priority",
        "--servicename", "--configdir", "--socket", "--statedir"]
WORDLESS = ["--check", "--debug", "--no-dbus", "--no-ipv6", "--no-restore",
            "--foreground", "--no-zeroconf", "--config-test",
            "--show-config", "--start-disabled"]
ODD = ["--", "-", "", "stray", "-x", "-1", "-1.5", "-.5", "- x", "-x y",
       "--s", "--no", "--d", "--de", "--c", "--con", "--config", "--sh",
       "--config-t", "--st", "--start", "--nonsense", "--nonsense=3",
       "--debug=", "--debug=1",
       "-h", "--help", "-v", "--vers", "-hx", "-nx", "-nT", "-Tn", "-nh",
       "-p", "--port", "-np12", "-nTi", "-p=3", "-n=3", "--port=",
       "--s=x", "--=", "-=", "---", "'", "a'b\"c", "\t", "\udcff"]
OPTION_VALUES = ["", "0", "7", "4711", " 12 ", "1_0", "x", "info", "-1",
                 "a b", "-", "lo", "::1"]


def argv(rng):
    result = []
    while rng.random() < 0.5:
        chance = rng.random()
        if chance < 0.45:
            name = rng.choice(LONG)
            text = rng.choice(["4711", "1_0", " 12 "] if name in
                              ("--port", "--socket") and rng.random() < 0.8
                              else OPTION_VALUES)
            if name == "--debuglevel" and rng.random() < 0.8:
                text = rng.choice(["info", "ERROR", ""])
            name = name[:rng.choice([len(name)] * 3 + [5])]
            result += rng.choice([[name, text], [f"{name}={text}"]])
        elif chance < 0.6:
            letter = rng.choice(["-i", "-a", "-p"])
            text = rng.choice(OPTION_VALUES[:4] + ["lo"])
            result += rng.choice([[letter, text], [letter + text]])
        elif chance < 0.9:
            result.append(rng.choice(WORDLESS + ["-n", "-T"]))
        else:
            result.append(rng.choice(ODD))
    return result
