#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Imports into the store that sshtraild has: it goes on taking what comes."""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import PATIENCE, Daemon, wait_for
from trailtest import Skip, case, check, equal, main

MEGABYTES = int(os.environ.get("SSHTRAIL_LENDING_MB", "1"))
KILLS = int(os.environ.get("SSHTRAIL_LENDING_KILLS", "6"))
SEED = int(os.environ.get("SSHTRAIL_LENDING_SEED", "1"))
TAPS = ("audit: off, bpf: off, journal: off, wtmp: off, btmp: off, "
        "rec: off")


def other_log(daemon, megabytes, host="web-01"):
    """Of another host: its path, and how many failures it tells."""
    path, n = os.path.join(daemon.top, host + ".log"), 0
    with open(path, "w") as f:
        while f.tell() < megabytes << 20:
            f.write("".join(
                "2026-10-%02dT%02d:%02d:%02d.000000+00:00 %s sshd[%d]: "
                "Failed password for bob from 192.0.2.7 port %d ssh2\n" % (
                    1 + i // 86400, i // 3600 % 24, i // 60 % 60, i % 60,
                    host, 1000 + i // 300, 1024 + i // 300)
                for i in range(n, n + 1000)))
            n += 1000
    return path, n


class Logins(threading.Thread):
    """Somebody logs in every few milliseconds until told to stop."""

    def __init__(self, daemon, first=0):
        super().__init__()
        self.daemon_, self.n = daemon, first
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.005):
            self.daemon_.log_logins(self.n, 1)
            self.n += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


def start_import(daemon, path):
    return subprocess.Popen(daemon.command("import", path),
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def is_lent(daemon):
    return "lent" in daemon.run("status", "--socket",
                                daemon.socket).stdout.decode()


@case
def takes_on_while_it_lends():
    """An import of a large log: nothing that came meanwhile is missing"""
    with Daemon(TAPS) as daemon:
        daemon.start()
        collector = daemon.collector()
        path, n = other_log(daemon, MEGABYTES)
        with Logins(daemon) as logins:
            wait_for("a login", daemon.logins)
            importing = start_import(daemon, path)
            wait_for("the store to be lent", lambda: is_lent(daemon))
            equal(importing.wait(timeout=300 * PATIENCE), 0,
                  importing.stderr.read())
            check(not daemon.run("import", path).stderr, "once more")
            time.sleep(0.5)
        daemon.wait_logins(logins.n)
        equal(count(daemon, "web-01"), n)
        equal(daemon.collector(), collector, "it was not started anew")
        daemon.run("reindex")
        daemon.log_logins(logins.n, 1)
        daemon.wait_logins(logins.n + 1)
        daemon.stop()
        daemon.run("verify")
        live = daemon.answers()
        daemon.run("reindex")
        check(daemon.answers() == live, "made again it answers otherwise")
        equal(own_gaps(daemon), [])


@case
def shows_what_comes_while_it_lends():
    """In the midst of a long import: who logs in is seen at once"""
    with Daemon(TAPS) as daemon:
        daemon.start()
        path, _ = other_log(daemon, 1)
        with open(path) as f:
            lines = f.read()
        with open(path, "a") as f:
            for _ in range(40 * MEGABYTES):
                f.write(lines)
        importing = start_import(daemon, path)
        wait_for("the store to be lent", lambda: is_lent(daemon))
        daemon.log_logins(0, 2)
        daemon.wait_logins(2)
        equal(importing.poll(), None, "the import ended before they were seen")
        importing.kill()
        importing.wait()


@case
def retention_beside_it():
    """Retention removes what the daemon is done with, and nothing is missed"""
    with Daemon(TAPS) as daemon:
        daemon.start()
        # A segment is 8 MiB.
        with open(daemon.log, "a") as f:
            f.write("".join(
                "2026-10-01T00:00:00.%06d+00:00 bastion01 sshd[%d]: "
                "Invalid user %s%d from 192.0.2.7 port %d\n" % (
                    i, 1000 + i, "x" * 900, i, 1024 + i)
                for i in range(10000)))
        daemon.log_logins(0, 1)
        daemon.wait_logins(1)
        collector = daemon.collector()
        policy = os.path.join(daemon.top, "retention.yml")
        with open(policy, "w") as f:
            f.write("events: {max_bytes: 1KiB}\n")
        with Logins(daemon, 1) as logins:
            told = [json.loads(l) for l in daemon.run(
                "retention", "--config", policy, "--yes",
                "--json").stdout.splitlines()]
            equal([t["first"] for t in told], [1], told)
            time.sleep(0.3)
        daemon.wait_logins(logins.n)
        equal(daemon.collector(), collector, "it was not started anew")
        daemon.stop()
        rows = [json.loads(l) for l in
                daemon.run("verify", "--json").stdout.splitlines()]
        equal([r["removed"] for r in rows if "removed" in r],
              [told[0]["last"]])
        check(all(e["seq"] > told[0]["last"] for e in daemon.found(
            "search", "--all", "--limit", "100000")
                  if e["source"] != "sshtrail"), "they are gone")
        equal(own_gaps(daemon), [])


def own_gaps(daemon):
    return [e for e in daemon.found("search", "--kind", "gap", "--all")
            if e["source"] == "sshtraild"]


def count(daemon, host):
    done = daemon.run("search", "--kind", "auth.fail", "--host", host,
                      "--limit", "10000000", "--all", "--json")
    return done.stdout.count(b"\n")


@case
def goes_on_behind_a_killed_import():
    """An import that is killed, and a daemon while it has the store"""
    with Daemon(TAPS) as daemon:
        daemon.start()
        for wait in range(3):
            path, _ = other_log(daemon, MEGABYTES, "web-1%d" % wait)
            importing = start_import(daemon, path)
            wait_for("the store to be lent", lambda: is_lent(daemon))
            daemon.log_logins(10 * wait, 10)
            time.sleep(0.1 * wait)
            importing.send_signal(signal.SIGKILL)
            importing.wait()
            daemon.wait_logins(10 * wait + 10)
        equal(own_gaps(daemon), [])
        path, n = other_log(daemon, MEGABYTES)
        importing = start_import(daemon, path)
        wait_for("the store to be lent", lambda: is_lent(daemon))
        os.kill(daemon.collector(), signal.SIGKILL)
        daemon.log_logins(30, 10)
        equal(importing.wait(timeout=60 * PATIENCE), 0)
        daemon.wait_logins(40)
        equal(count(daemon, "web-01"), n)
        daemon.stop()
        daemon.run("verify")


def kill(daemon, victims, importing):
    """Some of: import, collector, daemon. As a daemon whose collector dies
    twice in a minute gives up, all of it is ended and begun anew."""
    if "import" in victims:
        importing.kill()
    if "daemon" in victims:
        pids = daemon.pids()
        daemon.process.kill()
        os.kill(pids[1], signal.SIGKILL)
        daemon.process.wait()
        wait_for("the collector's end",
                 lambda: not os.path.exists("/proc/%d" % pids[1]))


def settle(daemon, importing, victims):
    """Behind a round of kills: the import is done or dead, the daemon runs."""
    if "daemon" in victims:
        daemon.start()
    status = importing.wait(timeout=120 * PATIENCE)
    if "import" not in victims:
        equal(status, 0, importing.stderr.read())


@case
def outlives_kills():
    """Kills at any moment: nothing is lost, nothing doubled, all is sound"""
    rng = random.Random(SEED)
    with Daemon(TAPS) as daemon:
        daemon.start()
        path, n = other_log(daemon, 1)
        with Logins(daemon) as logins:
            for i in range(KILLS):
                victims = (("import",), ("daemon",),
                           ("import", "daemon"))[i % 3]
                # The log that the daemon follows, too: told twice.
                importing = subprocess.Popen(
                    daemon.command("import", "--wait", path, daemon.log),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE)
                time.sleep(rng.uniform(0.05, 1.2))
                kill(daemon, victims, importing)
                settle(daemon, importing, victims)
        daemon.run("import", "--wait", path, daemon.log)
        daemon.wait_logins(logins.n)
        equal(count(daemon, "web-01"), n)
        daemon.stop()
        daemon.run("verify")
        live = daemon.answers()
        daemon.run("reindex")
        check(daemon.answers() == live, "made again it answers otherwise")
        equal(daemon.logins(), list(range(20000, 20000 + logins.n)))


def begin_beside(daemon):
    """Without waiting until it collects."""
    daemon.process = subprocess.Popen(
        [os.environ["SSHTRAILD"], "--config", daemon.config],
        stdin=subprocess.DEVNULL, stdout=daemon.out, stderr=daemon.out)


def start_import_first(daemon, megabytes):
    path, n = other_log(daemon, megabytes)
    importing = start_import(daemon, path)
    lock = os.path.join(daemon.dir, "lock")
    wait_for("the import", lambda: os.path.exists(lock) and
             open(lock).read() == str(importing.pid))
    return importing, n


@case
def ends_while_it_waits():
    """A daemon that waits for an import says so, and stops when asked"""
    with Daemon(TAPS) as daemon:
        importing, n = start_import_first(daemon, MEGABYTES)
        importing.send_signal(signal.SIGSTOP)
        begin_beside(daemon)
        wait_for("that it waits", lambda: "begins later" in daemon.said())
        daemon.stop()
        importing.send_signal(signal.SIGCONT)
        daemon.start()
        equal(importing.wait(), 0)
        daemon.log_logins(0, 3)
        daemon.wait_logins(3)
        equal(count(daemon, "web-01"), n)


def mount(*args):
    done = subprocess.run(["mount", *args], capture_output=True, text=True)
    if done.returncode:
        raise Skip("mount: " + done.stderr.strip())


@case
def a_file_has_another_device_than_its_directory():
    """A store on overlayfs of two file systems: made by root, the daemon's"""
    if os.geteuid() != 0:
        raise Skip("only root can mount one")
    with Daemon() as w:
        at, upper = w.top + "/merged", w.top + "/upper"
        for name in (at, upper, w.top + "/lower"):
            os.mkdir(name)
        mount("-t", "tmpfs", "-o", "mode=755", "none", upper)
        try:
            for name in ("top", "work"):
                os.mkdir(upper + "/" + name)
            mount("-t", "overlay", "-o", "lowerdir=%s/lower,upperdir=%s/top,"
                  "workdir=%s/work" % (w.top, upper, upper), "none", at)
            w.dir = at + "/store"
            w.configure(TAPS)
            w.start()
            w.log_logins(0, 1)
            w.wait_logins(1)
            w.stop()
        finally:
            # Where the test failed the daemon is still at work there.
            subprocess.run(["umount", "-l", at], capture_output=True)
            subprocess.run(["umount", "-l", upper], check=True)


@case
def begins_in_the_midst_of_an_import():
    """A daemon that begins gets the store from an import, which goes on"""
    with Daemon(TAPS) as daemon:
        importing, n = start_import_first(daemon, 8 * MEGABYTES)
        importing.send_signal(signal.SIGSTOP)
        begin_beside(daemon)
        wait_for("that it waits", lambda: "begins later" in daemon.said())
        importing.send_signal(signal.SIGCONT)
        daemon.wait_collecting(1)
        daemon.log_logins(0, 2)
        daemon.wait_logins(2)
        equal(importing.wait(timeout=300 * PATIENCE), 0, importing.stderr.read())
        equal(count(daemon, "web-01"), n)
        begun, ended = (
            max(e["time"] for e in daemon.found("search", "--all", "--kind", k))
            for k in ("agent.start", "import.end"))
        check(begun < ended, "it began when the import was over: %s, %s" % (
            begun, ended))
        daemon.stop()
        daemon.run("verify")
        live = daemon.answers()
        daemon.run("reindex")
        check(daemon.answers() == live, "made again it answers otherwise")


sys.exit(main())
