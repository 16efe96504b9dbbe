#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same logs in any order of imports are the same sessions. Of many orders,
some chosen by SSHTRAIL_SEED are tried."""
import functools
import itertools
import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import CORPUS, ROOT, Store, case, check, equal, main

LOG = os.path.join(CORPUS, "sshd-9.2p1-verbose", "auth.iso8601.log")
SAMPLE = os.path.join(ROOT, "samples", "bastion01", "auth.log")
BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
SEED = int(os.environ.get("SSHTRAIL_SEED", "5"))
ROUNDS = int(os.environ.get("SSHTRAIL_ROUNDS", "3"))


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
            path = store.write("part.%d.log" % number, part)
            store.import_(path, "--host", "h1", *args)
        return store.told_sessions()


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


def answers(parts, remake=False):
    """What is told of parts of a log, imported in the order given."""
    with Store() as store:
        for number, part in parts:
            path = store.write("auth.log.%d" % number, part)
            store.import_(path, "--host", "h1")
        if remake:
            store.run("reindex")
        return store.answers()


def told(answers):
    """What is concluded of each line that was read the same."""
    found = {}
    for e in answers["events"]:
        concluded = {k: e.pop(k) for k in ("login_user", "interactive", "setup", "inferred") if k in e}
        del e["offset"]
        found.setdefault(json.dumps(e, sort_keys=True), []).append(json.dumps(concluded, sort_keys=True))
    return found


def check_parts(lines, cuts, expected, order, remake=False):
    """Lines, cut and imported in an order, tell what the whole does. Of events
    those are told that a part tells by itself: of lines that stand twice, one
    on each side of a cut, one may be taken for a copy of the other; what sshd
    says of a refusal and of the failure by it can be told from each other only
    where both are read."""
    what = "cut at %s, order %s" % (cuts, order)
    parts = list(enumerate(b"".join(lines[a:b]) for a, b in zip([0] + cuts, cuts + [len(lines)])))
    got = answers([parts[i] for i in order], remake)
    equal(got["sessions"], expected["sessions"], "sessions, " + what)
    read, whole = told(got), told({"events": [dict(e) for e in expected["events"]]})
    for line, concluded in read.items():
        if line in whole:
            equal(set(concluded) - set(whole[line]), set(), line + what)
        check(line in whole or json.loads(line).get("type") in REFUSALS
              or json.loads(line).get("fp"), line + what)
        check(line in whole or not json.loads(line).get("weak"), line + what)


REFUSALS = ("cert-refused", "key-revoked", "key-refused", "key-not-permitted-host",
            "cert-not-permitted-host", "root-refused", "account-refused")


@functools.lru_cache(None)
def whole(path):
    with open(path, "rb") as f:
        lines = f.readlines()
    return lines, answers([(0, b"".join(lines))])


@case
def cut_anywhere():
    """real logs, cut at random, in any order: what the whole tells"""
    rng = random.Random(SEED)
    for log in (LOG, SAMPLE):
        lines, expected = whole(log)
        for turn in range(ROUNDS):
            cuts = sorted(rng.sample(range(1, len(lines)), 3))
            order = rng.sample(range(4), 4) if turn % 2 else [0, 1, 2, 3]
            check_parts(lines, cuts, expected, order, remake=turn % 3 == 0)


@case
def cut_in_transfers():
    """cut where an sftp process of its own transfers files"""
    for log in (LOG, SAMPLE):
        lines, expected = whole(log)
        within = [i for i in range(1, len(lines))
                  if b"internal-sftp[" in lines[i] or b"sftp-server[" in lines[i]]
        check(len(within) > 10, "there are transfers")
        for i in random.Random(SEED).sample(within, ROUNDS):
            check_parts(lines, [i], expected, [0, 1])
            check_parts(lines, [i], expected, [1, 0])


@case
def cut_in_failures():
    """cut between a failed attempt and the end of its connection"""
    lines, expected = whole(LOG)
    ended = [i for i in range(1, len(lines))
             if b"closed by authenticating" in lines[i] or b"closed by invalid" in lines[i]
             or b"Disconnecting authenticating" in lines[i] or b"Disconnecting invalid" in lines[i]]
    check(len(ended) > 5, "there are failures")
    for i in random.Random(SEED).sample(ended, ROUNDS):
        check_parts(lines, [i], expected, [0, 1])
        check_parts(lines, [i], expected, [1, 0])


@case
def killed_late_part():
    """an earlier part imported late, and killed: again, and all is told"""
    rng = random.Random(SEED)
    lines, expected = whole(LOG)
    for _ in range(ROUNDS):
        cut = rng.randrange(50, len(lines) - 50)
        with Store() as store:
            paths = []
            for number, part in enumerate((lines[cut:], lines[:cut])):
                paths.append(store.write("auth.log.%d" % number, b"".join(part)))
            begin = time.monotonic()
            store.import_(paths[0])
            took = time.monotonic() - begin
            for _ in range(4):
                run = subprocess.Popen(store.command("import", paths[1]),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(rng.uniform(0, took * 2))
                run.kill()
                run.wait()
            store.import_(paths[1])
            equal(store.told_sessions(), expected["sessions"], "cut at %d" % cut)
            store.run("verify")


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
            path = store.write("log", data)
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
