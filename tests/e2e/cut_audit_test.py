#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An audit log that is read piece by piece, cut within its events."""
import gzip
import json
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


def told_by(answers):
    """What is told, without what depends on the cut: where the lines stood, how
    an event came to be complete, and that the log once ended too early."""
    return {"sessions": answers["sessions"],
            "events": sorted(
                json.dumps({k: v for k, v in e.items()
                            if k not in ("offset", "amends")}, sort_keys=True)
                for e in answers["events"] if e["kind"] != "gap")}


def compare(store, expected, what):
    for when in (what, what + ", index made again"):
        got = told_by(store.answers())
        for kind in expected:
            equal([x for x in got[kind] if x not in expected[kind]], [], when)
            equal(len(got[kind]), len(expected[kind]), when)
        store.run("verify")
        store.run("reindex")


def whole():
    with Store() as store:
        store.import_(store.write("audit.log", DATA), "--host", "h1")
        return told_by(store.answers())


EXPECTED = whole()


def serial(line):
    return line.split(b"msg=audit(", 1)[1].split(b")", 1)[0]


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
                store.import_(store.write("audit.log", DATA[:cut]), "--host",
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
            log = store.write("audit.log", DATA[:before])
            store.import_(log, "--host", "h1")
            part = store.write("audit.log.1", DATA[:first])
            store.write("audit.log", DATA[first:later])
            store.import_(log, part, "--host", "h1")
            os.unlink(part)
            part = store.write("audit.log.1.gz", gzip.compress(DATA[:first]))
            store.write("audit.log", DATA[first:])
            store.import_(log, part, "--host", "h1")
            compare(store, EXPECTED, "rotated at %d" % first)


@case
def in_parts():
    """the same when it is read in parts, in any order, each by itself"""
    rng = random.Random(SEED + 2)
    lines = DATA.splitlines(True)
    last = {serial(line): i for i, line in enumerate(lines)}
    # Between events: apart, a file tells nothing of an event's other records.
    open_until, between = 0, []
    for i, line in enumerate(lines):
        if i > open_until:
            between.append(i)
        open_until = max(open_until, last[serial(line)])
    for turn in range(ROUNDS):
        at = [0, *cuts(rng, between), len(lines)]
        parts = [b"".join(lines[a:b]) for a, b in zip(at, at[1:])]
        order = rng.sample(range(len(parts)), len(parts))
        if turn % 2:
            order.sort()
        with Store() as store:
            for i in order:
                name = "audit.log.%d" % (9 - i)
                store.import_(store.write(name, parts[i]), "--host", "h1")
            compare(store, EXPECTED, "cut at %s, order %s" % (at, order))


@case
def second_part_alone():
    """the end of an event alone never replaces its beginning"""
    # 1806 is an execve of many records: the first of them in one file.
    first = DATA.index(b":1806)")
    cut = DATA.index(b"\n", first) + 1
    with Store() as store:
        store.import_(store.write("audit.log.1", DATA[:cut]), "--host", "h1")
        store.import_(store.write("audit.log", DATA[cut:]), "--host", "h1")
        found = [e for e in store.answers()["events"]
                 if e.get("serial") == 1806]
        equal([e["kind"] for e in found], ["exec"], "kind")
        check(found[0].get("partial"), "marked as incomplete")


if __name__ == "__main__":
    sys.exit(main())
