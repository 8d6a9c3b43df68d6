# SPDX-License-Identifier: ISC
"""check.py CONFDUMP WHAT: hold the configuration reader against the vectors
beside this file, or against model.py with generated input.  Prints nothing
and succeeds if all is as it should be; prints every difference else."""

import base64
import json
import os
import random
import struct
import subprocess
import sys
import unicodedata

import generate
import model

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = 12000
CASES_MANDOS = 4000  # argparse is slow
PRIORITY_DEFAULT = (
    "SECURE128:!CTYPE-X.509:+CTYPE-RAWPK:!RSA:!VERS-ALL:+VERS-TLS1.3:"
    "%PROFILE_ULTRA:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
    "+GROUP-SECP384R1:+GROUP-SECP521R1:+GROUP-X448:+GROUP-FFDHE2048:"
    "+GROUP-FFDHE3072:+GROUP-FFDHE4096:+GROUP-FFDHE6144:+GROUP-FFDHE8192")

failures = 0


def differ(what, expected, got):
    global failures
    failures += 1
    if failures <= 20:
        print(f"{what!r}\n    expected {expected!r}\n    got      {got!r}")


def to_bytes(text):
    if isinstance(text, bytes):
        return text
    return text.encode(errors="surrogateescape")


def pack(strings):
    strings = [to_bytes(s) for s in strings]
    return struct.pack("<I", len(strings)) + b"".join(
        struct.pack("<I", len(s)) + s for s in strings)


def word(w):
    if w.startswith("="):
        return bytes.fromhex(w[1:]).decode(errors="surrogateescape")
    return int(w) if w.lstrip("-").isdigit() else w


def dump(mode, records):
    """For each record the lines confdump writes, as lists of words."""
    result = subprocess.run([CONFDUMP, mode], check=True,
                            input=b"".join(map(pack, records)),
                            stdout=subprocess.PIPE)
    answers, lines = [], []
    for line in result.stdout.decode().split("\n")[:-1]:
        if line == ".":
            answers.append(lines)
            lines = []
        else:
            words = line.split(" ")
            lines.append([w for w in words[:1] if w] +
                         [word(w) for w in words[1:]])
    assert len(answers) == len(records) and not lines
    return answers


def load(name):
    with open(os.path.join(HERE, "vectors", name), encoding="utf-8") as f:
        return json.load(f) if name.endswith(".json") else [
            line.rstrip("\n").split("\t") for line in f
            if not line.startswith("#")]


def has_errors(lines):
    return any(line[0] == "error" for line in lines)


def check_unicode():
    """Every character is the same white space, digit and lower case."""
    newer = unicodedata.unidata_version > "14.0.0"
    lines = subprocess.run([CONFDUMP, "unicode"], check=True,
                           stdout=subprocess.PIPE).stdout.decode().split("\n")
    count = 0
    for line in lines[:-1]:
        cp, space, digit, lower = line.split()
        char, count = chr(int(cp, 16)), count + 1
        got = (space, digit, chr(int(lower, 16)))
        expected = (str(int(char.isspace())),
                    str(unicodedata.decimal(char, -1)), char.lower())
        # The dotted capital I has two characters in lower case: see ini.c.
        if char == "\u0130":
            expected = (*expected[:2], char)
        # Characters that Python has learnt since 3.11.
        if newer and got == ("0", "-1", char):
            continue
        if got != expected:
            differ(cp, expected, got)
    if count != 0x110000 - 0x800:
        differ("characters", 0x110000 - 0x800, count)


def check_durations():
    vectors = load("durations.tsv")
    answers = dump("duration", [[json.loads(v[0])] for v in vectors])
    for (text, ms, *_), [got] in zip(vectors, answers):
        if ms == "error":
            expected = "error"
        # Ours: a negative duration is told apart, to be refused.
        elif int(ms) < 0:
            expected = "negative"
        else:
            expected = ["ok", int(ms)]
        if (got[0] if isinstance(expected, str) else got[:2]) != expected:
            differ(text, expected, got)
        if model_duration(json.loads(text)) != (
                None if ms == "error" else int(ms)):
            differ(text, ms, "the model disagrees")


def model_duration(text):
    try:
        return model.duration(text)
    except model.Fatal:
        return None


def check_durations_random():
    rng = random.Random(3339)
    texts = [generate.duration(rng) for _ in range(CASES)]
    again = []
    for text, [got] in zip(texts, dump("duration", [[t] for t in texts])):
        ms = model_duration(text)
        if ms is None:
            expected = "error"
        else:
            expected = "negative" if ms < 0 else "ok"
        if got[0] != expected or (ms is not None and got[1] != ms):
            differ(text, (expected, ms), got)
        elif expected == "ok":
            again.append((got[2], ms))
    # What we print for a duration reads as the same one.
    for (text, ms), [got] in zip(again, dump("duration",
                                             [[t] for t, _ in again])):
        if got[1] != ms or not text.startswith("P"):
            differ(text, ms, got)


def check_base64():
    vectors = load("secret-base64.tsv")
    answers = dump("base64", [[json.loads(v[0])] for v in vectors])
    for (text, hex_), [got] in zip(vectors, answers):
        expected = ["error"] if hex_ == "error" else [
            bytes.fromhex(hex_.strip('"')).decode(errors="surrogateescape")]
        if got != expected:
            differ(text, expected, got)


def check_base64_random():
    rng = random.Random(64)
    texts = [generate.base64(rng) for _ in range(CASES)]
    for text, [got] in zip(texts, dump("base64", [[t] for t in texts])):
        try:
            expected = [model.base64_decode(text).decode(
                errors="surrogateescape")]
        except model.Fatal:
            expected = ["error"]
        if got != expected:
            differ(text, expected, got)


# Vectors of the original where we want another result, and why.
CLIENTS_OURS = {
    # The fingerprint is of no use with the keys there are.
    "missing-fingerprint": "accepted",
    # Such a client is harmless; there is a warning.
    "missing-both-ids": "accepted",
    # It would make the original crash.
    "negative-legacy-duration": "refused",
    # A NUL ends a host name for everybody that uses it.
    "nul-in-value": "refused",
    # No key ID has letters outside ASCII, so they need no upper case.
    "keyid-not-hex": "XYZ-\u00df",
}
CLIENT_FIELDS = ("host", "checker_command", "key_id", "fingerprint",
                 "secret_hex", "timeout_ms", "extended_timeout_ms",
                 "interval_ms", "approval_delay_ms", "approval_duration_ms",
                 "approved_by_default", "enabled")


def check_clients():
    cases = load("clients-conf.json")["cases"]
    seen = set()
    confs = [base64.b64decode(c["conf_base64"]) if "conf_base64" in c
             else c["conf"].encode() for c in cases]
    for case, lines in zip(cases, dump("clients", [[c] for c in confs])):
        name, expect = case["name"], case["expect"]
        ours = CLIENTS_OURS.get(name)
        seen.add(name)
        if ours is None:
            refused = "fatal" in expect
        else:
            refused = ours == "refused"
        if has_errors(lines) != refused:
            differ(name, "refused" if refused else "accepted", lines)
        if refused or "clients" not in expect:
            continue
        got = {}
        for line in lines:
            if line[0] == "client":
                fields = dict(zip(CLIENT_FIELDS, line[2:]))
                fields["secret_hex"] = to_bytes(fields["secret_hex"]).hex()
                got[line[1]] = fields
        expected = expect["clients"]
        if ours is not None:
            expected["foo"]["key_id"] = ours
        if got != expected:
            differ(name, expected, got)
    if not seen.issuperset(CLIENTS_OURS):
        differ("names", set(CLIENTS_OURS), seen)


def check_clients_random():
    rng = random.Random(11)
    confs = [generate.clients(rng) for _ in range(CASES)]
    good = 0
    for conf, lines in zip(confs, dump("clients", [[c] for c in confs])):
        try:
            expected = [tuple(c) for c in model.clients(conf)]
            good += bool(expected)
        except model.Fatal as error:
            if not has_errors(lines):
                differ(conf, error, lines)
            continue
        got = [tuple(line[1:6] + [to_bytes(line[6])] + line[7:])
               for line in lines if line[0] == "client"]
        if has_errors(lines) or got != expected:
            differ(conf, expected, lines)
    enough("clients", good, CASES)


def check_ini_random():
    rng = random.Random(822)
    confs = [generate.ini(rng) for _ in range(CASES)]
    good = 0
    for conf, lines in zip(confs, dump("ini", [[c] for c in confs])):
        try:
            parser = model.read_ini(conf)
        except model.Fatal as error:
            if not has_errors(lines):
                differ(conf, error, lines)
            continue
        expected = []
        for section in ["DEFAULT", *parser.sections()]:
            keys = parser.defaults() if section == "DEFAULT" else \
                parser._sections[section]
            expected.append(["section", section])
            for key in keys:
                raw = parser.get(section, key, raw=True)
                try:
                    value = parser.get(section, key)
                except model.configparser.Error:
                    value = "failed"
                expected.append(["key", key, raw, value])
        good += len(expected) > 2
        if lines != expected:
            differ(conf, expected, lines)
    enough("ini", good, CASES)


def enough(what, good, cases):
    """A generator that makes only bad files would test little."""
    if not cases // 4 < good < cases - cases // 20:
        differ(what, "good and bad files", good)


def check_mandos():
    names = {"servicename": 4, "port": 6}
    for case in load("mandos-conf.json")["cases"]:
        conf, argv, expect = case["conf"], case["argv"], case["expect"]
        [lines] = dump("mandos", [[conf, "mandos", *argv]])
        got = [line for line in lines if line[0] == "settings"]
        if expect.get("fatal") == 2:
            if ["unfindable"] not in lines:
                differ(conf, expect, lines)
        elif expect.get("fatal") == 1:
            if not has_errors(lines) or got:
                differ(conf, expect, lines)
        elif has_errors(lines) or not got:
            differ(conf, expect, lines)
        else:
            check_mandos_values(conf, expect, got[0], names)


def check_mandos_values(conf, expect, got, names):
    for key, value in expect.items():
        if key == "debuglevel":
            ok = got[9] == model.LEVELS[value]
        elif key in model.FLAGS:
            ok = bool(got[8] & model.FLAGS[key]) == value
        else:
            ok = got[names[key]] == (0 if value == "arbitrary" else value)
        if not ok:
            differ(conf, expect, got)


def check_mandos_random():
    """Also the command line, and the round trip of --show-config."""
    rng = random.Random(22)
    records = [[generate.mandos(rng), "mandos", *generate.argv(rng)]
               for _ in range(CASES_MANDOS)]
    good, again = 0, []
    for record, lines in zip(records, dump("mandos", records)):
        got = [line for line in lines if line[0] != "shown"]
        try:
            values = model.settings(record[0], record[2:])
            expected = ["settings", *values] if values else ["unfindable"]
            good += bool(values)
        except model.Fatal as error:
            if not has_errors(got):
                differ(record, error, got)
            continue
        except model.UsageError as error:
            expected = ["usage", str(error)]
        except model.Help:
            expected = ["help"]
        except model.Version:
            expected = ["version"]
        if got != [expected]:
            differ(record, expected, got)
        shown = [line[1] for line in lines if line[0] == "shown"]
        if shown and expected[0] == "settings" and \
                " cannot be written in this form\n" not in shown[0]:
            again.append((shown[0], expected))
    enough("mandos", good, CASES_MANDOS)
    check_round_trip(again)


def check_round_trip(again):
    answers = dump("mandos", [[shown, "mandos"] for shown, _ in again])
    for (shown, expected), [first, second] in zip(again, answers):
        expected[3] = expected[3] or PRIORITY_DEFAULT
        # There is no key for --check, nor for --start-disabled.
        expected[8] &= ~(model.FLAG_CHECK | model.FLAG_START_DISABLED)
        if first != expected or second != ["shown", shown]:
            differ(shown, expected, first)


CHECKS = {name[6:].replace("_", "-"): f for name, f in globals().items()
          if name.startswith("check_") and f.__code__.co_argcount == 0}

if __name__ == "__main__":
    CONFDUMP = sys.argv[1]
    if sys.argv[2].endswith("-random") and sys.version_info[:2] != (3, 11):
        print("skipped: not Python 3.11, whose configparser and argparse "
              "are the reference")
        sys.exit(77)
    CHECKS[sys.argv[2]]()
    if failures:
        print(f"{failures} differences")
        sys.exit(1)
