#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sshtraild follows wtmpdb and lastlog2 while others write them.

Debian 12 has no package of either: their tables are made here, and written by
SQLite in another process than the daemon's, as their PAM modules do.
"""
import os
import signal
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import HOST, Daemon, wait_for
from trailtest import case, check, equal, main

WTMP = ("CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, "
        "User TEXT NOT NULL, Login INTEGER, Logout INTEGER, TTY TEXT, "
        "RemoteHost TEXT, Service TEXT) STRICT")
LASTLOG2 = ("CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, "
            "TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT")
BEGIN = 1795000000


def commit(path, *sql):
    """By a connection of its own, which would fail rather than wait."""
    db = sqlite3.connect(path, timeout=0)
    with db:
        db.execute(*sql)
    db.close()


class Host(Daemon):
    """A daemon and the two databases, which only root may read."""

    def __init__(self):
        super().__init__()
        lib = os.path.join(self.top, "lib")
        os.mkdir(lib, 0o700)
        self.wtmp = os.path.join(lib, "wtmp.db")
        self.lastlog = os.path.join(lib, "lastlog2.db")
        commit(self.wtmp, WTMP)
        commit(self.lastlog, LASTLOG2)
        for path in self.wtmp, self.lastlog:
            os.chmod(path, 0o600)
        self.configure("audit: off, bpf: off, journal: off, wtmp: off, "
                       "btmp: off, wtmpdb: %s, lastlog2: %s" % (
                           self.wtmp, self.lastlog))

    def log_in(self, n):
        at = BEGIN + n
        commit(self.wtmp, "INSERT INTO wtmp(Type, User, Login, TTY, "
               "RemoteHost, Service) VALUES(3, ?, ?, ?, ?, 'sshd')",
               ("u%d" % n, at * 1000000, "pts/%d" % n, "203.0.113.9"))
        commit(self.lastlog, "INSERT INTO Lastlog2 VALUES(?, ?, ?, ?, 'sshd')"
               " ON CONFLICT(Name) DO UPDATE SET Time = excluded.Time",
               ("u%d" % n, at, "pts/%d" % n, "203.0.113.9"))

    def log_out(self, n):
        commit(self.wtmp, "UPDATE wtmp SET Logout = ? WHERE User = ?",
               ((BEGIN + 500 + n) * 1000000, "u%d" % n))

    def told(self):
        return [sorted(e["user"] for e in self.found(
            "search", "--all", "--limit", "1000", "--kind", kind))
            for kind in ("session.open", "session.close", "account")]

    def tells(self, ins, outs):
        want = [["u%d" % n for n in ins], ["u%d" % n for n in outs],
                ["u%d" % n for n in ins]]
        try:
            wait_for("what they say", lambda: self.told() == want, 20)
        except AssertionError:
            equal(self.told(), want)


@case
def follows_login_databases():
    """Logins and their ends as they come, over restarts, once"""
    with Host() as host:
        host.log_in(0)
        host.start()
        check("follows" in host.tap("wtmpdb")["note"], host.tap("wtmpdb"))
        host.log_in(1)
        host.tells([1], [])
        host.log_out(0)
        host.log_in(2)
        host.tells([1, 2], [0])
        host.stop()
        host.log_in(3)
        host.log_out(1)
        host.start()
        host.tells([1, 2, 3], [0, 1])
        # Both roles, with no time for last words.
        for pid in host.pids():
            os.kill(pid, signal.SIGKILL)
        host.process.wait()
        host.log_in(4)
        host.start()
        host.tells([1, 2, 3, 4], [0, 1])
        host.process.send_signal(signal.SIGHUP)
        host.log_out(4)
        host.tells([1, 2, 3, 4], [0, 1, 4])
        equal(host.tap("wtmpdb")["lost"], 0)
        host.stop()
        host.run("verify")
        session, = host.found("ls", "--since", "all", "--user", "u4")
        check(session["end"], session)


@case
def beside_an_import():
    """An import of the same databases adds what came before, and no more"""
    with Host() as host:
        host.log_in(0)
        host.start()
        host.log_in(1)
        host.tells([1], [])
        host.run("import", os.path.dirname(host.wtmp), "--host", HOST)
        host.tells([0, 1], [])
        host.log_in(2)
        host.log_out(0)
        host.tells([0, 1, 2], [0])
        host.stop()
        host.log_in(3)
        host.run("import", os.path.dirname(host.wtmp), "--host", HOST)
        host.start()
        host.log_in(4)
        host.tells([0, 1, 2, 3, 4], [0])
        host.stop()
        host.run("verify")


@case
def a_writer_that_does_not_end():
    """It is waited for, and status says so; it is not disturbed"""
    with Host() as host:
        host.start()
        db = sqlite3.connect(host.wtmp, timeout=0, isolation_level=None)
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("INSERT INTO wtmp VALUES(1, 3, 'u1', ?, NULL, 'pts/1', "
                   "'203.0.113.9', 'sshd')", ((BEGIN + 1) * 1000000,))
        db.execute("COMMIT")
        # It keeps its lock from now on.
        wait_for("status", lambda: "waits for process %d" % os.getpid() in
                 host.run("status", "--socket", host.socket).stdout.decode())
        equal(host.told()[0], [])
        db.close()
        wait_for("the login", lambda: host.told()[0] == ["u1"])
        host.stop()


main()
