#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is older, or more, than is to be kept goes; the rest stays evidence."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import Store, case, check, equal, main

LINES = 8000


def fill(store):
    """A log of some segments, and a policy that keeps little of it."""
    log = "".join(
        "2026-03-%02dT12:00:00.%06d+00:00 h1 sshd[%d]: Invalid user %s from 192.0.2.7 port %d\n" % (
            1 + number // 1000, number % 1000, number + 1, "x" * 600 + str(number), 1024 + number)
        for number in range(LINES))
    store.import_(store.write("auth.log", log.encode()))
    return store.write("retention.yml", b"rules: ['h* events max_bytes=1KiB']\n")


def retain(store, policy, *args, expect=0):
    return store.lines("retention", "--config", policy, *args, expect=expect)


@case
def test_tell_and_remove():
    """It is told first, then removed, and what is left verifies."""
    with Store() as store:
        policy = fill(store)
        before = store.events("--limit", "1000000")
        told = retain(store, policy)
        equal([(t["chain"], t["first"]) for t in told], [("import:h1", 1)])
        equal(store.events("--limit", "1000000"), before, "nothing is removed without --yes")
        equal(retain(store, policy, "--yes"), told)
        end = told[0]["last"]
        equal([(row["removed"], row["chain"]) for row in store.lines("verify") if "removed" in row],
              [(end, "import:h1")])
        events = store.events("--limit", "1000000")
        check(all(e["seq"] > end for e in events if e["source"] != "sshtrail"), "removed events are gone")
        event, = [e for e in events if e.get("op") == "retention"]
        equal((event["kind"], event["target"], event["path"]), ("config", "import:h1", policy))
        check("frames 1 to %d" % end in event["reason"], event["reason"])
        after = store.events("--limit", "1000000")
        store.run("reindex")
        equal(store.events("--limit", "1000000"), after, "made again")
        equal(retain(store, policy, expect=1), [])


def cast(store, name, megabytes):
    """A recording of asciinema of so much output."""
    line = "x" * 1000 + "\\r\\n"
    path = store.write(name, b"")
    with open(path, "w") as f:
        f.write('{"version": 2, "width": 80, "height": 24, "timestamp": 1772366400}\n')
        for number in range(megabytes * 1000):
            f.write('[%.3f, "o", "%s"]\n' % (number / 100, line))
    return path


@case
def test_recordings():
    """Recordings go by limits of their own; events stay."""
    with Store() as store:
        for name in ("a.cast", "b.cast"):
            store.import_("--host", "h1", cast(store, name, 10))
        before = store.lines("verify")
        policy = store.write("retention.yml", b"recordings: {max_bytes: 1KiB}\n")
        told, = retain(store, policy, "--yes")
        check(told["chain"].startswith("recordings:"), told)
        rows = store.lines("verify")
        equal([(r["removed"], r["chain"]) for r in rows if "removed" in r], [(told["last"], told["chain"])])
        check([r for r in before if "removed" in r] == [], before)
        trail = os.path.join(store.dir, "trail", told["chain"])
        equal(min(n for n in os.listdir(trail) if ".seg" in n)[:20], "%020d" % (told["last"] + 1))
        check(store.events("--limit", "1000"), "events stay")


@case
def test_hold():
    """Nothing of what is on hold goes, whatever the rules say."""
    with Store() as store:
        policy = fill(store)
        with open(policy, "a") as f:
            f.write("hold: ['h1 all']\n")
        equal(retain(store, policy, "--yes", expect=1), [])
        equal([r for r in store.lines("verify") if "removed" in r], [])


@case
def test_killed():
    """Killed at any time, it leaves a sound store, and a repeat does the rest."""
    with Store() as store:
        policy = fill(store)
        end = retain(store, policy)[0]["last"]
        for delay in (0.02, 0.1, 0.3):
            process = subprocess.Popen(
                store.command("retention", "--config", policy, "--yes"),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
            store.run("verify")
        store.run("retention", "--config", policy, "--yes", expect=None)
        equal([r["removed"] for r in store.lines("verify") if "removed" in r], [end])
        check(all(e["seq"] > end for e in store.events("--limit", "1000000") if e["source"] != "sshtrail"), "gone")


@case
def test_removed_by_hand():
    """Segments that went without a word are missing."""
    with Store() as store:
        fill(store)
        trail = os.path.join(store.dir, "trail", "import:h1")
        os.unlink(os.path.join(trail, sorted(n for n in os.listdir(trail) if ".seg" in n)[0]))
        rows = store.lines("verify", expect=3)
        equal([r["finding"] for r in rows if "finding" in r], ["MISSING"])


@case
def test_wrong_policy():
    """Nothing is removed by a policy that is not understood."""
    with Store() as store:
        fill(store)
        bad = store.write("bad.yml", b"rules: ['h1 events max_byte=1KiB']\n")
        said = store.run("retention", "--config", bad, "--yes", expect=4).stderr
        check(b"rule 1" in said, said)


if __name__ == "__main__":
    sys.exit(main())
