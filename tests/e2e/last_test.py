#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `last` and `who` say of a wtmp, and what sshtrail says of the same."""
import os
import re
import shutil
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import Skip, Store, case, check, equal, main

BOOT, RUNLEVEL, NEW_TIME, OLD_TIME, LOGIN, DEAD = 2, 1, 3, 4, 7, 8
START = 1795000000


def record(kind, at, pid=0, line="~", user="", host="", addr=None):
    return struct.pack("<hxxi32s4s32s256shhiii16s20x", kind, pid, line.encode(), line[-4:].encode(), user.encode(),
                       host.encode(), 0, 0, pid, START + at, 0, socket.inet_aton(addr) if addr else b"")


def login(at, pid, line, user):
    return record(LOGIN, at, pid, line, user, "203.0.113.%d" % (pid % 250), "203.0.113.%d" % (pid % 250))


WTMP = b"".join([
    record(BOOT, 0, user="reboot", host="6.1.0-27"), record(RUNLEVEL, 5, 53, user="runlevel", host="6.1.0-27"),
    login(100, 1001, "pts/0", "left"), record(DEAD, 400, 1001, "pts/0"),
    login(500, 1002, "pts/0", "crashed"),
    record(OLD_TIME, 600, line="|", user="date"), record(NEW_TIME, 4200, line="{", user="date"),
    login(4300, 1003, "pts/1", "replaced"), login(4400, 1004, "pts/1", "crashed2"),
    record(BOOT, 10000, user="reboot", host="6.1.0-28"),
    login(10100, 1101, "pts/0", "down"), login(10150, 1102, "tty1", "down2"),
    record(RUNLEVEL, 20000, user="shutdown", host="6.1.0-28"),
    record(BOOT, 20100, user="reboot", host="6.1.0-28"),
    login(20200, 1201, "pts/3", "here"),
])


@case
def ends():
    """how each login ended is told as last tells it"""
    if not shutil.which("last"):
        raise Skip("last is not installed")
    with Store() as store:
        path = store.write("wtmp", WTMP)
        store.import_(path, "--host", "h1")
        ours = {}
        for line in store.run("last", "--since", "all", "--no-boots", "--utc").stdout.decode().splitlines()[1:]:
            words = line.split()
            ours[words[0]] = " ".join(words[6:8]).split("  ")[0]
        done = subprocess.run(["last", "-F", "-w", "-f", path], capture_output=True, text=True, check=True,
                              env={**os.environ, "TZ": "UTC"})
        told = {line.split()[0]: line for line in done.stdout.splitlines() if "pts/" in line or "tty" in line}
        equal(sorted(ours), sorted(told), "logins")
        for user, line in told.items():
            end = next((word for word in ("crash", "down") if "- " + word in line), None)
            if end:
                equal(ours[user].split()[0], end, user)
        equal(ours["left"], "2026-11-18 11:13:20", "a logout")
        equal(ours["replaced"], "2026-11-18 12:20:00", "another login on its terminal")
        equal(ours["here"], "still logged", "no end")


@case
def boots():
    """how long a host ran, and was down, is told as last tells it"""
    if not shutil.which("last"):
        raise Skip("last is not installed")
    with Store() as store:
        path = store.write("wtmp", WTMP)
        store.import_(path, "--host", "h1")

        def ours(*options):
            done = store.run("last", "--since", "all", "--utc", *options)
            return [(line.split()[0], *re.split("  +", line.split("h1")[1].strip()))
                    for line in done.stdout.decode().splitlines() if "  system " in line]
        rows = ours()
        equal(rows, ours("--reverse")[::-1], "the other order")
        equal(rows, [
            ("reboot", "2026-11-18 16:41:40", "still running"),
            ("shutdown", "2026-11-18 16:40:00", "2026-11-18 16:41:40", "1m40s"),
            ("reboot", "2026-11-18 13:53:20", "2026-11-18 16:40:00", "2h46m"),
            # last takes the next stop for its end, whatever ran meanwhile.
            ("reboot", "2026-11-18 11:06:40", "crash", "2h46m")])
        done = subprocess.run(["last", "-x", "-w", "--time-format", "iso", "-f", path], capture_output=True,
                              text=True, check=True, env={**os.environ, "TZ": "UTC"})
        told = [line for line in done.stdout.splitlines() if line.startswith(("reboot", "shutdown"))]
        for (name, start, end, *_), line in zip(rows[:3], told):
            check(line.startswith(name) and start.replace(" ", "T") in line, line)
            check(re.sub(r"(\d) (\d)", r"\1T\2", end) in line, line)


@case
def who_all():
    """who --all tells since when each host runs, as who -a does, and logins at its console"""
    console = b"".join([record(BOOT, 0, user="reboot", host="6.1.0-27"), login(100, 1001, "pts/0", "ssh"),
                        record(LOGIN, 200, 1002, "tty1", "console")])
    with Store() as store:
        for host, data in (("h1", console), ("h2", WTMP), ("down", WTMP[:-2 * 384])):
            store.import_(store.write("wtmp", data), "--host", host)

        def ours(*options):
            return [line.split()[0] for line in store.run("who", "--utc", *options).stdout.decode().splitlines()[1:]]
        equal(ours(), ["here", "ssh"], "over SSH")
        equal(ours("--local"), ["here", "console", "ssh"], "all logins")
        equal(ours("--all"), ["reboot", "reboot"] + ["here", "console", "ssh"], "all")
        equal(ours("--all", "--user", "console"), ["console"], "of one user")
        boots = store.run("who", "--all", "--utc").stdout.decode().splitlines()[1:3]
        for row, (host, start, kernel) in zip(boots, (("h2", "2026-11-18 16:41:40", "6.1.0-28"),
                                                      ("h1", "2026-11-18 11:06:40", "6.1.0-27"))):
            check(row.split() == ["reboot", "system", "boot", kernel, host, *start.split()], row)


if __name__ == "__main__":
    sys.exit(main())
