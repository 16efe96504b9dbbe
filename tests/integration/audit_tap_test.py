#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The live input of the kernel's audit, with the real kernel, auditd and su.

What it changes in the host's audit it puts back. usage: audit_tap_test.py
TAP_DUMP PLUGIN
"""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from audittest import auditd, plugin_connected as connected
from trailtest import Skip, case, check, equal, main

TOOL, PLUGIN = map(os.path.abspath, sys.argv[1:3])
AUID = 500000 + os.getpid() % 100000
KEY = "tap_test_%d" % os.getpid()
RULE = ["always,exit", "-F", "arch=b64", "-S", "execve", "-F",
        "auid=%d" % AUID, "-k", KEY]
AUDIT_USER = 1005


def auditctl(*args):
    return subprocess.run(["auditctl", *args], capture_output=True, text=True,
                          check=False)


def status():
    return dict(re.findall(r"^(\w+) (\d+)$", auditctl("-s").stdout, re.M))


SETTINGS = ("enabled", "failure", "pid", "rate_limit", "backlog_limit",
            "backlog_wait_time")


def settings():
    now = status()
    return {name: now.get(name) for name in SETTINGS}


@contextlib.contextmanager
def audit_as_found():
    """Skips where audit cannot be tested; puts back what the test changes."""
    if os.getuid() != 0:
        raise Skip("needs root to listen to the kernel's audit")
    if not shutil.which("auditctl"):
        raise Skip("no auditctl here")
    before, rules = settings(), auditctl("-l").stdout
    if before["pid"] is None:
        raise Skip("the kernel's audit does not answer")
    if before["pid"] != "0":
        raise Skip("process %s reads audit records already" % before["pid"])
    if before["enabled"] == "2":
        raise Skip("audit is locked")
    try:
        yield before
    finally:
        auditctl("-d", *RULE)
        auditctl("-e", before["enabled"])
        auditctl("-b", before["backlog_limit"])
        auditctl("--backlog_wait_time", before["backlog_wait_time"])
    equal(settings(), before, "audit as it was found")
    equal(auditctl("-l").stdout, rules, "rules as they were found")


def wait_for(what, ready, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain for " + what)


class Tap:
    """tap_dump while it runs; its output afterwards."""

    def __init__(self, form, path="-"):
        self.out = tempfile.TemporaryFile()
        self.run = subprocess.Popen(
            [TOOL, "audit", path, form], stdin=subprocess.PIPE,
            stdout=self.out, stderr=subprocess.PIPE, text=True)
        self.ready = self.run.stderr.readline().strip()
        check(self.ready.startswith("ready "), self.ready)

    def collector(self):
        with open("/proc/%d/task/%d/children" % (self.run.pid, self.run.pid),
                  encoding="ascii") as f:
            return int(f.read().split()[0])

    def end(self):
        err = self.run.communicate()[1]
        equal(self.run.returncode, 0, err)
        self.lost = int(re.search(r"^lost (\d+)$", err, re.M).group(1))
        self.unparsed = int(re.search(r"^unparsed (\d+)$", err, re.M).group(1))
        self.out.seek(0)
        return self.out.read().decode(errors="replace").splitlines()


def work(mark):
    """A login of its own, in which su runs a program: real records."""
    script = ("echo %d >/proc/self/loginuid && exec su root -s /bin/sh "
              "-c '/bin/true %s'" % (AUID, mark))
    subprocess.run(["sh", "-c", script], check=True, stdin=subprocess.DEVNULL)


def begin_audit():
    equal(auditctl("-e", "1").returncode, 0, "audit enabled")
    done = auditctl("-a", *RULE)
    equal(done.returncode, 0, done.stderr)


def own(lines):
    """Records of our login, whole events of them."""
    serials = {re.search(r"audit\(([^)]+)\)", line).group(1)
               for line in lines if "auid=%d" % AUID in line}
    return [line for line in lines
            if re.search(r"audit\(([^)]+)\)", line).group(1) in serials]


def types(lines):
    return {re.match(r"type=(\S+) ", line).group(1) for line in lines}


@case
def test_listens():
    """what happens in a login is told, without an audit daemon"""
    with audit_as_found():
        events, records = Tap("events"), Tap("bytes")
        begin_audit()
        work("mark-one")
        time.sleep(0.3)
        records, events = own(records.end()), events.end()
    missing = {"LOGIN", "USER_START", "USER_END", "SYSCALL", "EXECVE", "PATH",
               "CWD", "PROCTITLE", "EOE"} - types(records)
    check(not missing, "no %s in %r" % (missing, records))
    told = [e for e in map(json.loads, events) if e.get("auid") == AUID]
    runs = [e.get("argv") for e in told if e["kind"] == "exec"]
    check(["/bin/true", "mark-one"] in runs, runs)
    check(any(e["kind"] == "session.open" and e["trust"] == "kernel"
              for e in told), told)
    check(any(e["kind"] == "priv" and e.get("via") == "su" for e in told),
          told)


@case
def test_says_what_it_found():
    """the note says whether audit is on and who reads"""
    with audit_as_found():
        auditctl("-e", "0")
        tap = Tap("bytes")
        tap.end()
        check("audit is off" in tap.ready, tap.ready)
        check("without an audit daemon" in tap.ready, tap.ready)
        auditctl("-e", "1")
        tap = Tap("bytes")
        tap.end()
        check("audit is off" not in tap.ready, tap.ready)


@case
def test_beside_auditd():
    """beside a running auditd it gets the lines that auditd writes"""
    if not shutil.which("auditd"):
        raise Skip("no auditd here")
    with audit_as_found():
        with auditd() as (pid, log):
            tap = Tap("bytes")
            check("beside process %d (auditd)" % pid in tap.ready, tap.ready)
            begin_audit()
            work("mark-two")
            time.sleep(0.5)
            heard = own(tap.end())
            refused = subprocess.run([TOOL, "audit", "register"],
                                     stdin=subprocess.DEVNULL, check=False,
                                     capture_output=True, text=True)
        written = own(log.read().splitlines())
        log.close()
    equal(refused.returncode, 4)
    check("%d (auditd) reads" % pid in refused.stderr, refused.stderr)
    check("EXECVE" in types(written), written)
    heard = [line for line in heard if not line.startswith("type=EOE ")]
    equal(sorted(heard), sorted(written))


@case
def test_registers():
    """in auditd's place users do not wait, and all is put back"""
    with audit_as_found() as before:
        tap = Tap("bytes", "register")
        now = status()
        equal(now["pid"], str(tap.run.pid))
        equal(now["enabled"], "1")
        equal(now["backlog_wait_time"], "0")
        begin_audit()
        work("mark-three")
        time.sleep(0.3)
        check("EXECVE" in types(own(tap.end())), "no EXECVE")
        equal(settings(), before, "after its end")


@case
def test_collector_dies():
    """a collector that is killed leaves nothing behind"""
    with audit_as_found() as before:
        tap = Tap("bytes", "register")
        os.kill(tap.collector(), signal.SIGKILL)
        tap.run.communicate()
        equal(settings(), before, "after its end")


def message(text, kind=AUDIT_USER):
    data = text + b"\0"
    return struct.pack("=IHHII", 16 + len(data), kind, 1, 1, 0) + data


def netlink():
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)


@case
def test_hostile_text():
    """a program's text makes no record or name of its own"""
    with audit_as_found():
        tap = Tap("bytes")
        auditctl("-e", "1")
        with netlink() as s:
            s.sendto(message(b"evil-mark\ntype=LOGIN msg=audit(1.000:1): "
                             b"pid=1\x1dAUID=\"root\"\r\x00\x7f"), (0, 0))
        time.sleep(0.3)
        lines = tap.end()
    evil = [line for line in lines if "evil-mark" in line]
    equal(len(evil), 1)
    check(evil[0].startswith("type=USER msg=audit("), evil)
    check("pid=1 AUID=" in evil[0] and "\x1d" not in evil[0], evil)
    check(not any("audit(1.000:1)" in line.split(": ")[0] for line in lines),
          lines)


@case
def test_other_senders():
    """what another process sends to the socket is no record"""
    with audit_as_found():
        tap = Tap("bytes")
        with open("/proc/net/netlink", encoding="ascii") as f:
            rows = [line.split() for line in f]
        ports = [int(row[2]) for row in rows[1:]
                 if row[1] == "9" and row[3] == "00000001"]
        check(ports, rows)
        sent = 0
        for port in ports:
            with netlink() as s, contextlib.suppress(OSError):
                sent += s.sendto(message(
                    b"audit(1700000000.000:1): pid=1 forged", 1006), (port, 0))
        time.sleep(0.3)
        lines = tap.end()
    check(sent > 0, "the kernel let nothing through")
    check(not any("forged" in line for line in lines), lines)


@case
def test_counts_losses():
    """of 8000 long records to a stopped reader each is read or counted"""
    with audit_as_found():
        tap = Tap("bytes")
        auditctl("-e", "1")
        auditctl("-b", "16384")
        collector = tap.collector()
        # The kernel counts since it booted.
        before = int(status()["lost"])
        os.kill(collector, signal.SIGSTOP)
        try:
            with netlink() as s:
                for i in range(8000):
                    s.sendto(message(b"flood-%d " % i + b"x" * 7000), (0, 0))
            # Without an audit daemon all of it is written to the console, too.
            wait_for("the backlog", lambda: status()["backlog"] == "0", 60)
        finally:
            os.kill(collector, signal.SIGCONT)
        in_kernel = int(status()["lost"]) - before
        time.sleep(0.5)
        seen = sum("flood-" in line for line in tap.end())
        print("# %d read, %d counted as lost, %d lost in the kernel" % (
            seen, tap.lost, in_kernel))
    check(seen > 500, "%d read" % seen)
    check(tap.lost > 0, "nothing lost")
    # Others may have added records meanwhile. Of what the kernel lost some was
    # kept for an audit daemon alone: listeners had it.
    check(8000 - in_kernel <= seen + tap.lost < 8200,
          "%d + %d + %d" % (seen, tap.lost, in_kernel))


def written_once(heard, written):
    """All lines that auditd wrote, each once, without the names it adds."""
    plain = [line.split("\x1d")[0].rstrip() for line in written]
    heard = [line for line in heard if not line.startswith("type=EOE ")]
    equal(sorted(heard), sorted(plain))


@case
def test_plugin():
    """as auditd's plugin, too: each record once, whichever way ends"""
    with audit_as_found():
        with auditd(PLUGIN, "ENRICHED") as (_, log):
            begin_audit()
            tap = Tap("bytes")
            wait_for("the plugin", connected)
            for i in range(20):
                work("mark-%d" % i)
            time.sleep(1)
            heard = own(tap.end())
            # While nobody listens the plugin keeps them.
            wait_for("its end", lambda: not connected())
            work("mark-alone")
            time.sleep(0.5)
            tap = Tap("bytes")
            wait_for("the plugin", connected)
            work("mark-again")
            time.sleep(1)
            heard += own(tap.end())
        written = own(log.read().strip().split("\n"))
        log.close()
    check(sum("mark-" in line for line in written) >= 22, written)
    written_once(heard, written)


@case
def test_plugin_makes_good():
    """what a stopped reader had no room for comes by the plugin"""
    with audit_as_found(), auditd(PLUGIN, "ENRICHED"):
        tap = Tap("bytes")
        wait_for("the plugin", connected)
        auditctl("-b", "16384")
        os.kill(tap.collector(), signal.SIGSTOP)
        try:
            with netlink() as s:
                for i in range(4500):
                    s.sendto(message(b"flood-%d " % i + b"x" * 7000), (0, 0))
            wait_for("the backlog", lambda: status()["backlog"] == "0", 60)
            time.sleep(1)
        finally:
            os.kill(tap.collector(), signal.SIGCONT)
        time.sleep(3)
        seen = [int(n) for n in re.findall(r"flood-(\d+) ",
                                           "\n".join(tap.end()))]
    equal(sorted(seen), list(range(4500)))
    equal(tap.lost, 0)


sys.exit(main())
