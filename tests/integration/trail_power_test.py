#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loss of power in a trail's writer, with whatever the kernel may have put on
the disk by then: of what was not synced any sector, in any order, and of the changes
of names the first few. After each: what was said to be on the disk is there, the chain verifies,
and goes on. SSHTRAIL_SEED chooses. usage: trail_power_test.py TRAIL_TOOL

The calls of a whole run are written down by strace; a state of the disk is made
of those before one of them.
"""

import os
import random
import re
import sys
import tempfile

from trail_faults_test import SCENARIOS, can_trace, check, report, synced, \
    traced

SEED = int(os.environ.get("SSHTRAIL_SEED", "23"))
STATES = int(os.environ.get("SSHTRAIL_STATES", "16"))  # of each scenario
SECTOR = 512
CALLS = ("openat,write,pwrite64,renameat,renameat2,unlinkat,ftruncate,"
         "fdatasync,fsync")


def plain(text):
    """Of what strace -xx shows."""
    return bytes.fromhex(text.replace("\\x", "")).decode("latin-1")


def calls_of(log):
    """(name, arguments, result) in their order: what changes something when it
    is made, a sync when it is over."""
    begun = {}
    with open(log, encoding="ascii") as f:
        for line in f:
            pid, rest = line.split(None, 1)
            over = re.match(r"<\.\.\. (\w+) resumed>.*\) += (\S+)", rest)
            if over:
                name, args = begun.pop(pid)
                if name in ("fsync", "fdatasync", "openat"):
                    yield name, args, over.group(2)
                continue
            call = re.match(r"(\w+)\((.*)(?:\) += (\S+)|<unfinished \.\.\.>)",
                            rest)
            if not call:
                continue
            name, args, result = call.groups()
            if result is None:
                begun[pid] = name, args
                if name in ("fsync", "fdatasync", "openat"):
                    continue
            yield name, args, result or "0"


class File:
    def __init__(self, data=b""):
        self.data = bytearray(data)
        self.synced = bytes(data)
        self.dirty = set()  # sectors, since the last sync
        self.sizes = {len(data)}  # that it had since

    def write(self, at, data):
        if at > len(self.data):
            self.data.extend(bytes(at - len(self.data)))
        self.data[at:at + len(data)] = data
        self.dirty.update(range(at // SECTOR, (at + len(data)) // SECTOR + 1))
        self.sizes.add(len(self.data))

    def cut(self, size):
        self.data = self.data[:size].ljust(size, b"\0")
        self.sizes.add(size)

    def sync(self):
        self.__init__(self.data)

    def lost(self, rng):
        """What may be there after a loss of power."""
        size = rng.choice(sorted(self.sizes))
        old = self.synced[:size].ljust(size, b"\0")
        chance = rng.choice((0, 0.1, 0.5, 0.9, 1))
        found = bytearray(old)
        for sector in self.dirty:
            if rng.random() < chance:
                at = sector * SECTOR
                found[at:at + SECTOR] = self.data[at:at + SECTOR]
        return bytes(found[:size])


class Disk:
    """The files of one directory. One that is deaf lies about syncs."""

    def __init__(self, at, deaf):
        self.at, self.deaf = at, deaf
        self.names = {}
        for name in os.listdir(at):
            with open(os.path.join(at, name), "rb") as f:
                self.names[name] = File(f.read())
        self.synced = dict(self.names)
        self.changes = []  # of names, since the directory was synced
        self.places = {}  # of write(2), by descriptor
        self.acknowledged = 0

    def name_in(self, directory, name):
        path = os.path.normpath(os.path.join(directory, name))
        return os.path.basename(path) if os.path.dirname(path) == self.at \
            else None

    def change(self, name, file):
        self.changes.append((name, file))
        if file:
            self.names[name] = file
        else:
            self.names.pop(name, None)

    def do(self, name, args, result):
        if result.startswith("-"):
            return
        fds = [plain(p) for p in re.findall(r"<((?:\\x..)*)>", args)]
        texts = [plain(p) for p in re.findall(r'"((?:\\x..)*)"', args)]
        getattr(self, name)(args, fds, texts, result)

    def file_of(self, fds):
        name = self.name_in(fds[0], "") if fds else None
        return self.names.get(name)

    def openat(self, args, fds, texts, result):
        name = self.name_in(fds[0] if fds else "", texts[0])
        self.places[result.split("<")[0]] = 0
        if name and "O_CREAT" in args and name not in self.names:
            self.change(name, File())
        elif name and "O_TRUNC" in args:
            self.names[name].cut(0)

    def write(self, args, fds, texts, result):
        fd, file = args.split("<")[0], self.file_of(fds)
        data = texts[0].encode("latin-1")
        if fd == "1":
            self.acknowledged = max(self.acknowledged,
                                    synced(data.decode()))
        elif file:
            file.write(self.places[fd], data)
            self.places[fd] += len(data)

    def pwrite64(self, args, fds, texts, result):
        if file := self.file_of(fds):
            file.write(int(args.split(", ")[-1].split()[0]),
                       texts[0].encode("latin-1"))

    def ftruncate(self, args, fds, texts, result):
        if file := self.file_of(fds):
            file.cut(int(args.split(", ")[-1].split()[0]))

    def renameat(self, args, fds, texts, result):
        old, new = (self.name_in(d, t) for d, t in zip(fds, texts))
        if old in self.names:
            file = self.names[old]
            self.change(new, file)
            self.change(old, None)

    renameat2 = renameat

    def unlinkat(self, args, fds, texts, result):
        self.change(self.name_in(fds[0], texts[0]), None)

    def fsync(self, args, fds, texts, result):
        if self.deaf:
            return
        if fds and fds[0] == self.at:
            self.synced, self.changes = dict(self.names), []
        elif file := self.file_of(fds):
            file.sync()

    fdatasync = fsync

    def lose(self, rng, at):
        """Fills the directory `at` with what may be left."""
        names = dict(self.synced)
        # Of one directory file systems keep the order.
        for name, file in self.changes[:rng.randrange(
                len(self.changes) + 1)]:
            if file:
                names[name] = file
            else:
                names.pop(name, None)
        for name in os.listdir(at):
            os.unlink(os.path.join(at, name))
        for name, file in names.items():
            with open(os.path.join(at, name), "wb") as f:
                f.write(file.lost(rng))


def run_scenario(rng, scenario, deaf=False):
    """What was wrong with some states."""
    bad = []
    with tempfile.TemporaryDirectory(prefix="sshtrail-power.") as top:
        scenario.make(top)
        log = os.path.join(top, "log")
        at = scenario.start(top)
        disk = Disk(at, deaf)
        traced(log, CALLS, "", "append", at, *scenario.args,
               options=("-y", "-xx", "-s", "10000000"))
        calls = list(calls_of(log))
        when = sorted(rng.randrange(len(calls) + 1) for _ in range(STATES))
        for n in range(len(calls) + 1):
            while when and when[0] == n:
                when.pop(0)
                disk.lose(rng, at)
                wrong = check(at, max(scenario.before, disk.acknowledged))
                if wrong:
                    bad.append("before call %d of %d: %s" % (
                        n, len(calls), wrong))
            if n < len(calls):
                disk.do(*calls[n])
    if disk.acknowledged == 0:
        bad.append("nothing was synced: the calls were not understood")
    return bad


def main():
    reason = can_trace()
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    print(f"1..{len(SCENARIOS) + 1}\n# SSHTRAIL_SEED={SEED}")
    failed = False
    rng = random.Random(SEED)
    for number, scenario in enumerate(SCENARIOS, 1):
        bad = run_scenario(rng, scenario)
        failed |= report(number, f"{scenario.name}: {STATES} losses of power",
                         not bad, bad)
    # It would be seen.
    bad = run_scenario(rng, SCENARIOS[0], deaf=True)
    failed |= report(len(SCENARIOS) + 1, "a disk that lies about syncs loses "
                     f"something, {len(bad)} times", bool(bad), [])
    return 1 if failed else 0


sys.exit(main())
