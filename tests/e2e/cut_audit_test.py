#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An audit log that is read piece by piece, cut within its events."""
import gzip
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import CORPUS, Store, case, check, equal, main

with open(os.path.join(CORPUS, "audit-real", "enriched.log"), "rb") as f:
    DATA = f.read()
ENDS = [i + 1 for i, c in enumerate(DATA) if c == 10]
ROUNDS = int(os.environ.get("SSHTRAIL_ROUNDS", "3"))
SEED = int(os.environ.get("SSHTRAIL_SEED", "5"))


def write(store, name, data):
    path = os.path.join(store.top, name)
    with open(path, "wb") as out:
        out.write(data)
    return path


# What is concluded from events before, which another import has read.
CONCLUDED = ("interactive", "setup")
COUNTS = ("n_file", "n_auth_fail", "n_priv", "bytes_in", "bytes_out")


def events(store):
    """What is told of each serial number, without what depends on the cut."""
    told = {}
    for e in store.answers()["events"]:
        if e["kind"] != "gap":
            told.setdefault((e["time"], e.get("serial")), []).append(
                {k: v for k, v in e.items()
                 if k not in ("offset", "amends", *CONCLUDED)})
    return told


def counts(store):
    """What each session counts, with the programs that sshd ran for it."""
    execs = {}
    for e in store.events("--limit", "1000000", "--kind", "exec"):
        if e.get("success", True):
            ran = execs.setdefault(e.get("ses"), [0, 0])
            ran[bool(e.get("setup"))] += 1
    told = []
    for s in store.sessions("--limit", "1000000"):
        commands, setup = execs.get(s["ses"], [0, 0])
        equal(s["commands"], commands, "commands of ses %s" % s["ses"])
        told.append((s["ses"], s["start"], commands + setup,
                     [s[name] for name in COUNTS]))
    return sorted(told)


def compare(store, expected, what):
    got = events(store)
    equal(sorted(k for k in got if got[k] != expected[0].get(k)), [], what)
    equal(len(got), len(expected[0]), what)
    equal(counts(store), expected[1], what)
    store.run("verify")
    store.run("reindex")
    equal(counts(store), expected[1], what + ", index made again")


def whole():
    with Store() as store:
        store.import_(write(store, "audit.log", DATA), "--host", "h1")
        return events(store), counts(store)


EXPECTED = whole()


def cuts(rng, where):
    return sorted(rng.sample(where, rng.randint(1, 3)))


@case
def grown():
    """each event is there once and complete, wherever the log ended before"""
    rng = random.Random(SEED)
    for turn in range(ROUNDS):
        at = cuts(rng, ENDS if turn % 2 else range(1, len(DATA)))
        with Store() as store:
            for cut in at + [len(DATA)]:
                store.import_(write(store, "audit.log", DATA[:cut]), "--host",
                              "h1", expect=None)
            compare(store, EXPECTED, "cut at %s" % at)


@case
def rotated():
    """the same when rotation cut it, and the part was read before"""
    rng = random.Random(SEED + 1)
    for turn in range(ROUNDS):
        first, later = sorted(rng.sample(ENDS, 2))
        before = first if turn % 2 else first - rng.randint(1, 60)
        with Store() as store:
            log = write(store, "audit.log", DATA[:before])
            store.import_(log, "--host", "h1")
            part = write(store, "audit.log.1", DATA[:first])
            write(store, "audit.log", DATA[first:later])
            store.import_(log, part, "--host", "h1")
            os.unlink(part)
            part = write(store, "audit.log.1.gz", gzip.compress(DATA[:first]))
            write(store, "audit.log", DATA[first:])
            store.import_(log, part, "--host", "h1")
            compare(store, EXPECTED, "rotated at %d" % first)


@case
def second_part_alone():
    """the end of an event alone never replaces its beginning"""
    # 1806 is an execve of many records: the first of them in one file.
    first = DATA.index(b":1806)")
    cut = DATA.index(b"\n", first) + 1
    with Store() as store:
        store.import_(write(store, "audit.log.1", DATA[:cut]), "--host", "h1")
        store.import_(write(store, "audit.log", DATA[cut:]), "--host", "h1")
        found = [e for told in events(store).values() for e in told
                 if e.get("serial") == 1806]
        equal([e["kind"] for e in found], ["exec"], "kind")
        check(found[0].get("partial"), "marked as incomplete")


if __name__ == "__main__":
    sys.exit(main())
