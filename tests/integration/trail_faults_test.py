#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kill the writer of a trail, or fail its system calls, at many places.

After each: what was said to be on the disk is there, the chain verifies, and
goes on. usage: trail_faults_test.py TRAIL_TOOL
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

TOOL = sys.argv[1]
CALLS = ("pwrite64", "write", "fdatasync", "fsync", "renameat", "unlinkat",
         "ftruncate", "openat", "fallocate")
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC")
PLACES = 4  # of each call, spread over the run
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, env=ENV,
                          stderr=subprocess.PIPE, check=False, text=True)


def traced(log, calls, inject, *args, options=()):
    options = [*options, "-e", "inject=" + inject] if inject else options
    return run("strace", "-f", "-qq", "-o", log, "-e", "trace=" + calls,
               *options, TOOL, *args)


def count_calls(log):
    counts = dict.fromkeys(CALLS, 0)
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            match = re.match(r"\d+ +(\w+)\(", line)
            if match and match.group(1) in counts:
                counts[match.group(1)] += 1
    return counts


def synced(output):
    numbers = [int(line.split()[1]) for line in output.splitlines()
               if line.startswith("synced ") and line.endswith(tuple("0123456789"))]
    return max(numbers, default=0)


class Scenario:
    """`prepare` makes a directory; then the tool runs with `args` in a copy of
    it, and of the keys that lie above."""

    def __init__(self, name, prepare, *args):
        self.name, self.prepare, self.args = name, prepare, args

    def make(self, top):
        self.made = os.path.join(top, "made")
        os.makedirs(os.path.join(self.made, "events"))
        self.before = self.prepare(os.path.join(self.made, "events"))

    def start(self, top):
        return shutil.copytree(self.made, os.path.join(top, "copy")) + \
            "/events"


def nothing(at):
    # Makes the key, so that faults strike the trail and not that.
    run(TOOL, "append", at, "0", "10")
    for name in os.listdir(at):
        os.unlink(os.path.join(at, name))
    return 0


def closed(at):
    return synced(run(TOOL, "append", at, "50", "300").stdout)


def torn(at):
    done = run(TOOL, "append", at, "50", "300", "10", "0", "crash")
    names = [n for n in os.listdir(at) if n.endswith(".seg")]
    with open(os.path.join(at, max(names)), "ab") as f:
        f.write(b"\x40\x01\0\0 half a frame")
    return synced(done.stdout)


SCENARIOS = (
    Scenario("new", nothing, "60", "300", "20"),
    Scenario("two segments", nothing, "45", "400000", "15"),
    Scenario("segments never synced", nothing, "60", "400000"),
    Scenario("closed before", closed, "30", "300", "10"),
    Scenario("torn before", torn, "30", "300", "10"),
)


def check(at, acknowledged):
    """What is wrong with the trail after the fault, or None."""
    again = run(TOOL, "go-on", at, "3", "300")
    opened = re.match(r"opened (\d+) ", again.stdout)
    if not opened:
        return "cannot go on: " + again.stderr
    opened = int(opened.group(1))
    if opened < acknowledged:
        return f"{acknowledged} were synced, {opened} are there"
    # No finding between what was appended and the count.
    if again.returncode != 0 or again.stdout.splitlines()[1:] != [
            f"synced {opened + 3}", str(opened + 3)]:
        return "it went on: " + again.stdout + again.stderr
    left = [n for n in os.listdir(at) if n.endswith((".tmp", ".new"))]
    return f"left over: {left}" if left else None


def try_fault(scenario, call, fault, when):
    with tempfile.TemporaryDirectory(prefix="sshtrail-faults.") as top:
        at = scenario.start(top)
        log = os.path.join(top, "log")
        done = traced(log, call, f"{call}:{fault}:when={when}", "append", at,
                      *scenario.args)
        return check(at, max(scenario.before, synced(done.stdout)))


def places(n):
    if n <= PLACES:
        return range(1, n + 1)
    return sorted({1 + i * (n - 1) // (PLACES - 1) for i in range(PLACES)})


def run_scenario(scenario):
    with tempfile.TemporaryDirectory(prefix="sshtrail-faults.") as top:
        scenario.make(top)
        log = os.path.join(top, "log")
        traced(log, ",".join(CALLS), "", "append", scenario.start(top),
               *scenario.args)
        counts = count_calls(log)
        tries = [(call, fault, when) for call, total in counts.items()
                 for when in places(total) for fault in FAULTS]
        wrong = [(*t, try_fault(scenario, *t)) for t in tries]
    return len(tries), [f"{call} {fault} when={when}: {what}"
                        for call, fault, when, what in wrong if what]


def can_trace():
    if not shutil.which("strace"):
        return "strace is not installed"
    probe = run("strace", "-f", "-o", "/dev/null", "-e",
                "inject=getppid:error=EIO:when=1", "true")
    return "" if probe.returncode == 0 else "strace may not trace here"


def report(number, what, ok, said):
    """A line of TAP, and behind it what was wrong. Whether it failed."""
    print(f"{'ok' if ok else 'not ok'} {number} - {what}", flush=True)
    for line in said:
        print("# " + line.replace("\n", " "))
    return not ok


def main():
    reason = can_trace()
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    print(f"1..{len(SCENARIOS)}")
    failed = False
    for number, scenario in enumerate(SCENARIOS, 1):
        n, bad = run_scenario(scenario)
        failed |= report(number, f"{scenario.name}: {n} faults",
                         n > 0 and not bad, bad)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
