#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same logs in any order of imports are the same sessions. Of many orders,
some chosen by SSHTRAIL_SEED are tried."""
import itertools
import os
import random
import sys
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import CORPUS, Store, case, check, equal, main

LOG = os.path.join(CORPUS, "sshd-9.2p1-verbose", "auth.iso8601.log")
BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
SEED = int(os.environ.get("SSHTRAIL_SEED", "5"))


def auth(pid, port, login, days):
    """Lines of one connection, by day, whose commands are spread over days."""
    def line(at, text, who=pid):
        time = BEGIN + timedelta(days=login + at)
        return (login + at, "%s h1 sshd[%d]: %s\n" % (time.isoformat(timespec="microseconds"), who, text))
    peer = "192.0.2.7 port %d" % port
    lines = [line(0, "Connection from %s on 10.0.0.1 port 22 rdomain \"\"" % peer),
             line(1e-6, "Accepted publickey for ann from %s ssh2: ED25519 SHA256:abc" % peer),
             line(2e-6, "pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)"),
             line(3e-6, "User child is on pid %d" % (pid + 1))]
    for part in range(1, 4):
        lines.append(line(days * part / 4, "Starting session: command for ann from %s id %d" % (peer, part), pid + 1))
    lines += [line(days, "Disconnected from user ann %s" % peer, pid + 1),
              line(days + 1e-6, "pam_unix(sshd:session): session closed for user ann")]
    return lines


def audit(pid, ses, login, days, serial):
    """Records of the kernel for the same."""
    def record(at, kind, number, text):
        time = (BEGIN + timedelta(days=login + at)).timestamp()
        return (login + at, "node=h1 type=%s msg=audit(%.3f:%d): %s\n" % (kind, time, serial + number, text))
    own = "auid=1000 ses=%d" % ses
    lines = [record(1e-6, "LOGIN", -1, "pid=%d uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=%d res=1" % (pid, ses))]
    lines.append(record(2e-6, "USER_START", 0,
                        "pid=%d uid=0 %s msg='op=PAM:session_open acct=\"ann\" exe=\"/usr/sbin/sshd\" "
                        "hostname=192.0.2.7 addr=192.0.2.7 terminal=ssh res=success'" % (pid, own)))
    for part in range(1, 6):
        lines.append(record(days * part / 6, "SYSCALL", part,
                            "arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=0 ppid=%d pid=%d "
                            "auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 "
                            "tty=(none) ses=%d comm=\"ls\" exe=\"/usr/bin/ls\" key=\"x\"" % (pid + 1, pid + 10 + part, ses)))
    lines.append(record(days + 1e-6, "USER_END", 7,
                        "pid=%d uid=0 %s msg='op=PAM:session_close acct=\"ann\" exe=\"/usr/sbin/sshd\" "
                        "hostname=192.0.2.7 addr=192.0.2.7 terminal=ssh res=success'" % (pid, own)))
    return lines


def cut(lines, ends):
    """Parts of a log, as it is rotated at the given days."""
    lines = sorted(lines)
    parts = [[] for _ in range(len(ends) + 1)]
    for at, text in lines:
        parts[sum(at >= end for end in ends)].append(text)
    return ["".join(part).encode() for part in parts if part]


def imported(parts, *args):
    with Store() as store:
        for number, part in enumerate(parts):
            path = os.path.join(store.top, "part.%d.log" % number)
            with open(path, "wb") as out:
                out.write(part)
            store.import_(path, "--host", "h1", *args)
        return store.answers()["sessions"]


def same_in_all_orders(parts, what, limit=6):
    orders = list(itertools.permutations(range(len(parts))))
    if len(orders) > limit:
        orders = orders[:1] + random.Random(SEED).sample(orders[1:], limit - 1)
    expected = None
    for order in orders:
        got = imported([parts[i] for i in order])
        if expected is None:
            expected = got
        equal(got, expected, "%s, order %s" % (what, order))
    return expected


@case
def cut_anywhere():
    """a real log, cut at random, in any order"""
    with open(LOG, "rb") as f:
        lines = f.readlines()
    rng = random.Random(SEED)
    for _ in range(3):
        at = sorted(rng.sample(range(1, len(lines)), 3))
        parts = [b"".join(lines[a:b]) for a, b in zip([0] + at, at + [len(lines)])]
        got = same_in_all_orders(parts, "cut at %s" % at)
        equal(len(got), 20, "sessions, cut at %s" % at)


@case
def days_long():
    """connections of several days, sshd's log rotated within them"""
    for days, ends in ((2, [.7, 1.4]), (6, [1, 3, 5]), (20, [6, 11, 16])):
        lines = auth(500, 5000, 0, days) + auth(900, 5001, .5, days / 2)
        got = same_in_all_orders(cut(lines, ends), "sshd, %d days" % days)
        equal(len(got), 2, "sessions of %d days" % days)


@case
def rotated_audit():
    """audit sessions of days and weeks, in separate imports"""
    for days, ends in ((2, [.7, 1.4]), (6, [1, 3, 5]), (60, [16, 28, 45])):
        lines = audit(500, 3, 0, days, 100) + audit(900, 4, .01, days / 2, 1000)
        got = same_in_all_orders(cut(lines, ends), "audit, %d days" % days)
        equal(len(got), 2, "sessions of %d days" % days)


@case
def two_sources():
    """sshd's log and audit records of the same, each rotated"""
    rng = random.Random(SEED)
    for days in (1, 3, 12):
        parts = []
        for lines in (auth(500, 5000, 0, days) + auth(900, 5001, .01, days),
                      audit(500, 3, 0, days, 100) + audit(900, 4, .01, days, 1000)):
            parts += cut(lines, [rng.uniform(.1, days)])
        got = same_in_all_orders(parts, "both, %d days" % days)
        equal(len(got), 2, "sessions of %d days" % days)


@case
def records_in_syslog():
    """audit records among sshd's lines are those of the audit log"""
    records = audit(500, 3, 0, 1, 100) + audit(900, 4, .01, 1, 1000)
    lines = auth(500, 5000, 0, 1) + auth(900, 5001, .01, 1)
    passed_on = [(at, "%s h1 audispd: %s" % ((BEGIN + timedelta(days=at)).isoformat(), text)) for at, text in records]
    log, own = cut(lines + passed_on, [])[0], cut(records, [])[0]
    expected = same_in_all_orders([cut(lines, [])[0], own], "apart")
    equal(len(expected), 2, "sessions")
    equal(imported([log]), expected, "in syslog only")
    same = same_in_all_orders([log, own], "in both")
    equal(same, expected, "in both")
    with Store() as store:
        for data, trust in ((log, "text"), (own, "kernel")):
            path = os.path.join(store.top, "log")
            with open(path, "wb") as out:
                out.write(data)
            store.import_(path, "--host", "h1")
            equal({e["trust"] for e in store.events("--kind", "exec")}, {trust}, "who vouches")
            equal(len(store.events("--kind", "exec")), 10, "commands")


@case
def months_apart():
    """pids, ports and ses that come again months later stay apart"""
    parts = []
    for month in (0, 35, 90):
        parts.append(cut(auth(500, 5000, month, .1), [])[0])
        parts.append(cut(audit(500, 3, month, .1, 100 + month * 100), [])[0])
    got = same_in_all_orders(parts, "months apart")
    equal(len(got), 3, "sessions")
    check(all(s["commands"] for s in got), "commands")


@case
def boot_known_later():
    """a start of the host between two parts, from a log imported last"""
    first = cut(audit(500, 3, 0, 2, 100), [.9])
    boot = ("node=h1 type=SYSTEM_BOOT msg=audit(%.3f:5): pid=700 uid=0 auid=4294967295 ses=4294967295 "
            "msg=' comm=\"systemd-update-utmp\" exe=\"/x\" hostname=? addr=? terminal=? res=success'\n"
            % (BEGIN + timedelta(days=.8)).timestamp()).encode()
    same_in_all_orders(first + [boot], "boot")


if __name__ == "__main__":
    sys.exit(main())
