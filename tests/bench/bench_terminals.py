#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What recording of terminals costs: `ssh -tt HOST 'seq 1 N'` and a system
call that does nothing, with and without sshtraild, turn by turn.

usage: SSHTRAIL=... SSHTRAILD=... bench_terminals.py [ROUNDS]   (as root)
"""
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from terminaltest import Window, recording_host

LINES = 2000000
CALLS = 3000000
CALLER = "import os, time\nf = os.getppid\nt = time.perf_counter()\n" \
    "for _ in range(%d): f()\nprint(time.perf_counter() - t)\n" % CALLS


def seq(sshd):
    begin = time.monotonic()
    got = Window(sshd, "seq 1 %d" % LINES).end()
    took = time.monotonic() - begin
    assert got.endswith(b"%d\r\n" % LINES), "cut"
    return took


def calls(sshd):
    """Of another process, while somebody is logged in."""
    t = Window(sshd, "echo here; read x")
    t.wait_for(b"here")
    took = float(subprocess.run([sys.executable, "-c", CALLER],
                                capture_output=True, check=True).stdout)
    t.type(b"x\r")
    t.end()
    return took / CALLS * 1e9


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    seqs, nothing = {True: [], False: []}, {True: [], False: []}
    with recording_host(start=False) as (daemon, sshd):
        for _ in range(rounds):
            for on in (False, True):
                if on:
                    daemon.start()
                seqs[on].append(seq(sshd))
                nothing[on].append(calls(sshd))
                if on:
                    taps = daemon.status()["taps"]
                    daemon.stop()
    tap = [t for t in taps if t["tap"] == "terminals"][0]
    print("watched %s; lost %d" % (tap["note"], tap["lost"]))
    for name, v, unit in (("seq 1 %d through ssh" % LINES, seqs, "s"),
                          ("getppid() of another process", nothing, "ns")):
        off, on = statistics.median(v[False]), statistics.median(v[True])
        print("%s: %.2f %s without, %.2f %s with: %.2f x" % (
            name, off, unit, on, unit, on / off))


main()
