#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The live input of the journal, with a real journald in a namespace of its
own: the host's journal, audit and /run are not touched. usage:
journal_tap_test.py TAP_DUMP SOURCE_DUMP; $SSHTRAIL and $SSHTRAILD: programs
"""
import ctypes
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import Daemon
from trailtest import Skip, case, check, equal, main

TOOL, SOURCE_DUMP = sys.argv[1:3]
JOURNALD = "/lib/systemd/systemd-journald"
CONF = "/run/systemd/journald.conf.d"
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
with open("/etc/machine-id", encoding="ascii") as f:
    MACHINE = f.read().strip()


def enter_namespace():
    """A mount and network namespace for the rest of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        return "no namespace: " + os.strerror(ctypes.get_errno())
    for args in (["--make-rprivate", "/"], ["-t", "tmpfs", "none", "/run"],
                 ["-t", "tmpfs", "none", "/var/log"]):
        done = subprocess.run(["mount", *args], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            return done.stderr.strip()
    return None


def why_not():
    if os.getuid() != 0:
        return "needs root for a namespace of its own"
    if not os.path.exists(JOURNALD):
        return "no journald here"
    done = subprocess.run([TOOL, "journal", "/nonexistent"], check=False,
                          capture_output=True, text=True)
    if "without libsystemd" in done.stderr:
        return "built without libsystemd"
    return enter_namespace()


WHY_NOT = why_not()


def wait_for(what, ready, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain for " + what)


class Journald:
    """A journald with an empty journal."""

    def __enter__(self):
        if WHY_NOT:
            raise Skip(WHY_NOT)
        subprocess.run("rm -rf /run/systemd /run/log /var/log/journal; "
                       "mkdir -p %s /var/log/journal" % CONF, shell=True,
                       check=True)
        with open(CONF + "/test.conf", "w", encoding="ascii") as conf:
            conf.write("[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=\n"
                       "RateLimitBurst=0\nForwardToWall=no\n"
                       "ForwardToSyslog=yes\n")
        self.run = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        wait_for("journald", lambda: os.path.exists(
            "/run/systemd/journal/socket") and self.files("/run/log"))
        self.say("the first")
        return self

    def __exit__(self, *_):
        self.run.terminate()
        self.run.wait(timeout=20)

    def files(self, top="/var/log"):
        path = os.path.join(top, "journal", MACHINE)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def send(self, **fields):
        """In journald's own protocol, every value with its length."""
        data = b"".join(
            name.encode() + b"\n" + struct.pack("<Q", len(value)) + value +
            b"\n" for name, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(data, "/run/systemd/journal/socket")

    def say(self, user, extra=b""):
        text = b"Accepted password for %s from 192.0.2.1 port 5 ssh2" % (
            user.replace(" ", "-").encode())
        self.send(MESSAGE=text + extra, SYSLOG_IDENTIFIER=b"sshd",
                  PRIORITY=b"6")
        self.sync()

    def sync(self):
        """Messages sent before are in the file."""
        mark = b"mark-%d" % time.monotonic_ns()
        self.send(MESSAGE=mark, SYSLOG_IDENTIFIER=b"mark")
        wait_for(mark, lambda: mark in subprocess.run(
            ["journalctl", "-o", "cat", "-n", "50", "--no-pager"],
            capture_output=True, check=True).stdout)

    def rotate(self, how=signal.SIGUSR2):
        before = self.files(), self.files("/run/log")
        self.run.send_signal(how)
        wait_for("another file", lambda: (
            self.files(), self.files("/run/log")) != before)


class Rsyslogd:
    """As Debian has it: it gets from journald what it writes to a log."""

    def __init__(self, log):
        self.conf = tempfile.NamedTemporaryFile("w", suffix=".conf")
        self.conf.write('module(load="imuxsock" SysSock.Name='
                        '"/run/systemd/journal/syslog")\n*.* %s\n' % log)
        self.conf.flush()

    def __enter__(self):
        self.run = subprocess.Popen(
            ["rsyslogd", "-n", "-i", "/run/rsyslogd.pid", "-f",
             self.conf.name], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("rsyslogd", lambda: os.path.exists(
            "/run/systemd/journal/syslog"))

    def __exit__(self, *_):
        self.run.terminate()
        self.run.wait(timeout=20)
        self.conf.close()


def say_as_sshd(lines):
    """What sshd does: syslog(3), whose socket is journald's."""
    sshd = "/usr/sbin/sshd"
    if not os.path.exists(sshd):
        raise Skip("no sshd here")
    subprocess.run(["mount", "--bind", "/usr/bin/logger", sshd], check=True)
    try:
        with subprocess.Popen([sshd, "-t", "sshd", "--id=4711", "-u",
                               "/run/systemd/journal/dev-log"], text=True,
                              bufsize=1, stdin=subprocess.PIPE) as run:
            for line in lines:
                run.stdin.write(line + "\n")
                # journald passes over what rsyslogd has no room for.
                time.sleep(0.004)
        equal(run.returncode, 0)
    finally:
        subprocess.run(["umount", sshd], check=True)


class Tap:
    """tap_dump while it runs; its output afterwards."""

    def __init__(self, *args, root=False):
        self.out = tempfile.TemporaryFile()
        self.run = subprocess.Popen(
            [TOOL, *(["-r"] if root else []), "journal", *args],
            stdin=subprocess.PIPE, stdout=self.out, stderr=subprocess.PIPE,
            text=True)
        self.ready = self.run.stderr.readline().strip()
        check(self.ready.startswith("ready "), self.ready)

    def size(self):
        return os.fstat(self.out.fileno()).st_size

    def end(self):
        err = self.run.communicate()[1]
        equal(self.run.returncode, 0, err)
        self.lost = int(re.search(r"^lost (\d+)$", err, re.M).group(1))
        self.place = re.search(r"^place (.*)$", err, re.M).group(1)
        self.out.seek(0)
        return self.out.read()

    def users(self):
        return users(self.end())


def users(lines):
    events = [json.loads(line) for line in lines.splitlines()]
    return [e["user"] for e in events if e["kind"] == "auth.ok"]


@case
def test_follows():
    """what journald writes is told at once, to a process without rights"""
    with Journald() as journald:
        os.chmod("/run/log/journal", 0o700)
        tap = Tap("-", "events")
        journald.say("ann")
        wait_for("the event", lambda: tap.size() > 0, 2)
        journald.say("bob")
        equal(tap.users(), ["ann", "bob"])
        equal(tap.lost, 0)


@case
def test_as_journalctl():
    """the same events as from journalctl -o export"""
    with Journald() as journald:
        tap = Tap("-", "events")
        journald.say("ann")
        journald.say("bob", b"\nAccepted password for eve from 192.0.2.66 "
                            b"port 5 ssh2\n\nMESSAGE=Accepted\n")
        journald.say("carol", b"\x00\x01\xff\x1b[31m")
        journald.say("dave", b" " * 70000)
        mine = [json.loads(line) for line in tap.end().splitlines()]
        with tempfile.NamedTemporaryFile() as export:
            subprocess.run(["journalctl", "-o", "export", "--no-pager"],
                           stdout=export, check=True)
            done = subprocess.run([SOURCE_DUMP, export.name], check=True,
                                  capture_output=True)
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    for event in mine + theirs:
        event.pop("offset", None)
    equal(theirs[0]["user"], "the-first")
    equal(mine, theirs[1:])
    check("eve" not in [e.get("user") for e in mine], mine)


@case
def test_rotation():
    """nothing is lost or told twice when files rotate and move to /var"""
    with Journald() as journald:
        tap = Tap("-", "events", root=True)
        said = []
        for n in range(4):
            for m in range(3):
                said.append("user%d-%d" % (n, m))
                journald.say(said[-1])
            journald.rotate(signal.SIGUSR1 if n == 1 else signal.SIGUSR2)
        journald.say("last")
        check(len(journald.files()) >= 3, journald.files())
        wait_for("the last", lambda: b'"last"' in os.pread(
            tap.out.fileno(), 1 << 20, 0))
        equal(tap.users(), said + ["last"])
        equal(tap.lost, 0)


@case
def test_restart():
    """a restart goes on behind the last entry, also after a rotation"""
    with Journald() as journald:
        journald.rotate(signal.SIGUSR1)
        tap = Tap("-", "events")
        journald.say("ann")
        equal(tap.users(), ["ann"])
        check(0 < len(tap.place) < 512, tap.place)
        journald.say("bob")
        journald.rotate()
        journald.say("carol")
        again = Tap("-", "events", tap.place)
        equal(again.users(), ["bob", "carol"])
        equal(again.lost, 0)
        third = Tap("-", "events", again.place)
        equal(third.users(), [])
        equal(third.place, again.place)


@case
def test_place_is_gone():
    """a place that was removed is a loss; what is left is told"""
    with Journald() as journald:
        journald.rotate(signal.SIGUSR1)
        tap = Tap("-", "events")
        journald.say("ann")
        equal(tap.users(), ["ann"])
        journald.say("bob")
        journald.rotate()
        journald.say("carol")
        top = os.path.join("/var/log/journal", MACHINE)
        for name in journald.files():
            if "@" in name:
                os.unlink(os.path.join(top, name))
        again = Tap("-", "events", tap.place)
        equal(again.users(), ["carol"])
        equal(again.lost, 1)
        for place in ("nonsense", "s=1;i=2", "x" * 500):
            again = Tap("-", "events", place)
            equal(again.users(), ["carol"], place)
            equal(again.lost, 1)


@case
def test_damaged_file():
    """a damaged file does not hide the others"""
    with Journald() as journald:
        journald.rotate(signal.SIGUSR1)
        top = os.path.join("/var/log/journal", MACHINE)
        with open(os.path.join(top, "user-7.journal"), "wb") as f:
            f.write(b"LPKSHHRH" + bytes(range(256)) * 100)
        open(os.path.join(top, "user-8.journal"), "wb").close()
        tap = Tap(top, "events", root=True)
        journald.say("ann")
        wait_for("the event", lambda: tap.size() > 0)
        time.sleep(3)  # It tries to open them ten times.
        equal(tap.users(), ["ann"])
        equal(tap.lost, 2)


@case
def test_beside_a_log_of_the_same():
    """what journald takes and rsyslog writes, too, sshtraild tells once"""
    logins = ["Accepted publickey for ann from 192.0.2.1 port %d ssh2" % port
              for port in range(20000, 20300)]
    logins += [logins[0]] * 2
    with Journald(), Daemon(
            "audit: off, bpf: off, journal: auto, wtmp: off, btmp: off"
            ) as daemon, Rsyslogd(daemon.log):
        daemon.start()
        say_as_sshd(logins)

        def is_read():
            with open(daemon.log) as f:
                lines = f.read().count("Accepted")
            return lines > len(logins) * 0.9 and all(
                daemon.tap(tap)["records"] >= n
                for tap, n in (("journal", len(logins)), ("auth-log", lines)))
        wait_for("both to be read", is_read, 30)
        told = daemon.tap("journal"), daemon.tap("auth-log")
        daemon.stop()
        found = daemon.found("search", "--kind", "auth.ok", "--limit", "1000")
        equal(sorted(e["port"] for e in found),
              sorted([20000, 20000, *range(20000, 20300)]))
        equal({e["trust"] for e in found}, {"journal"})
        check(told[1]["left_out"] > 0, told)
        daemon.run("verify")


@case
def test_followed_once():
    """follow shows a line once, whichever of log and journal has it first"""
    def accepted(port):
        return "Accepted publickey for ann from 192.0.2.1 port %d ssh2" % port

    def log(port):
        with open(daemon.log, "a") as f:
            f.write("%s %s sshd[4711]: %s\n" % (
                time.strftime("%Y-%m-%dT%H:%M:%S.500000+00:00", time.gmtime()),
                socket.gethostname(), accepted(port)))

    def wait_trust(port, trust):
        wait_for("%d by %s" % (port, trust), lambda: [
            e["trust"] for e in daemon.found("search", "--kind", "auth.ok")
            if e["port"] == port] == [trust])

    with Journald(), Daemon(
            "audit: off, bpf: off, journal: auto, wtmp: off, btmp: off"
            ) as daemon:
        daemon.start()
        outs = [open(os.path.join(daemon.top, name), "w+")
                for name in ("table", "json")]
        follows = [subprocess.Popen(
            daemon.command("follow", *more, "--kind", "auth.ok"), stdout=out,
            stdin=subprocess.DEVNULL) for out, more in zip(
                outs, ((), ("--json",)))]

        def shown(n):
            outs[n].seek(0)
            return re.findall(r"\b2000[0-9]\b", outs[n].read())
        # The journal's is to come before the two are too far apart.
        log(20000)
        wait_for("it", lambda: shown(0) == ["20000"])
        say_as_sshd([accepted(20000)])
        wait_trust(20000, "journal")
        say_as_sshd([accepted(20001)])
        wait_trust(20001, "journal")
        log(20001)
        wait_for("it to be left out",
                 lambda: daemon.tap("auth-log")["left_out"] == 1)
        say_as_sshd([accepted(20002)])
        wait_for("the last", lambda: "20002" in shown(0) and
                 "20002" in shown(1))
        for follow in follows:
            follow.kill()
            follow.wait()
        equal(shown(0), ["20000", "20001", "20002"])
        # There it says what it takes the place of.
        equal(shown(1), ["20000", "20000", "20001", "20002"])
        for out in outs:
            out.close()
        daemon.stop()


@case
def test_no_journal():
    """where there is none, it is said what was looked for"""
    with Journald():
        pass
    subprocess.run(["rm", "-rf", "/run/log/journal"], check=True)
    subprocess.run(["rm", "-rf", "/var/log/journal"], check=True)
    done = subprocess.run([TOOL, "journal", "-"], capture_output=True,
                          text=True, check=False)
    equal(done.returncode, 1)
    check("/var/log/journal" in done.stderr, done.stderr)


sys.exit(main())
