#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Login databases that SQLite has open in WAL mode: rows in the -wal count."""
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import Skip, Store, case, check, equal, main

WTMP = ("CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, "
        "Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT")
LASTLOG2 = ("CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, "
            "Service TEXT) STRICT")


def database(store, name, schema):
    """A database held open in WAL mode, as a daemon does."""
    logs = os.path.join(store.top, "lib")
    os.makedirs(logs, exist_ok=True)
    path = os.path.join(logs, name)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    db.execute(schema)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path, db


def log_in(db, n):
    db.execute("INSERT INTO wtmp VALUES(?, 3, ?, ?, NULL, 'ssh', '203.0.113.9', 'sshd')",
               (n, "u%d" % n, 1795000010000000 + n))


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def logins(store):
    return sorted(e["user"] for e in store.events("--kind", "session.open"))


@case
def rows_in_wal():
    """rows of the -wal are read, what was imported is named, all is left as it was"""
    with Store() as store:
        path, db = database(store, "wtmp.db", WTMP)
        for n in (1, 2):
            log_in(db, n)
        before = {name: digest(os.path.join(os.path.dirname(path), name))
                  for name in os.listdir(os.path.dirname(path))}
        result = store.import_(path, "--host", "h1")
        equal(logins(store), ["u1", "u2"], "logins")
        equal(result["unparsed"], 0, "understood")
        named = {e["file_name"]: e["sha256"] for e in store.events("--kind", "import.end")}
        equal(named, {path: digest(path), path + "-wal": digest(path + "-wal")}, "evidence")
        after = {name: digest(os.path.join(os.path.dirname(path), name))
                 for name in os.listdir(os.path.dirname(path))}
        equal(after, before, "files beside it")
        store.run("verify")


@case
def again_and_grown():
    """the same again adds nothing; a grown -wal, or one moved into the database, only what is new"""
    with Store() as store:
        path, db = database(store, "wtmp.db", WTMP)
        lib = os.path.dirname(path)
        log_in(db, 1)
        store.import_(lib, "--host", "h1")
        again = store.import_(lib, "--host", "h1")
        equal((again["events"], again["files_known"], again["not_read"][:1]),
              (0, 1, [{"file": path + "-shm", "reason": "not a format that sshtrail reads"}]), "again")
        log_in(db, 2)
        store.import_(path, "--host", "h1")
        equal(logins(store), ["u1", "u2"], "grown")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.import_(path, "--host", "h1")
        equal(logins(store), ["u1", "u2"], "moved")
        equal(store.import_(path, "--host", "h1")["events"], 0, "again")
        log_in(db, 3)
        db.close()
        store.import_(path, "--host", "h1")
        equal(logins(store), ["u1", "u2", "u3"], "closed")
        check(not os.path.exists(path + "-wal"), "SQLite removed it")


@case
def last_logins():
    """lastlog2, whose schema is in the -wal only, under another name"""
    with Store() as store:
        lib = os.path.join(store.top, "lib")
        os.makedirs(lib)
        path = os.path.join(lib, "a copy")
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(LASTLOG2)
        db.execute("INSERT INTO Lastlog2 VALUES('ann', 1795000010, 'pts/0', '203.0.113.9', 'sshd')")
        store.import_(lib, "--host", "h1")
        equal([e["user"] for e in store.events("--kind", "account")], ["ann"], "users")


@case
def damaged():
    """a damaged -wal: what lies before is read, the rest is said to be lost"""
    with Store() as store:
        path, db = database(store, "wtmp.db", WTMP)
        for n in range(1, 6):
            log_in(db, n)
        copy = os.path.join(store.top, "wtmp.db")
        for suffix in ("", "-wal"):
            with open(path + suffix, "rb") as f:
                data = bytearray(f.read())
            if suffix:
                data[32 + 2 * (24 + 4096) + 500] ^= 1
            with open(copy + suffix, "wb") as f:
                f.write(data)
        result = store.import_(copy, "--host", "h1")
        equal(logins(store), ["u1", "u2"], "logins")
        equal(result["unparsed"], 1, "said")
        equal(result["examples"][0]["expected"], "a write-ahead log of SQLite (FILE-wal)", "what")


@case
def unreadable():
    """a -wal that may not be read is a gap, and the rest is imported"""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or not setpriv:
        raise Skip("needs root and setpriv")
    with Store() as store:
        path, db = database(store, "wtmp.db", WTMP)
        log_in(db, 1)
        db.execute("PRAGMA wal_checkpoint")
        log_in(db, 2)
        os.chmod(path + "-wal", 0o000)
        os.chmod(store.top, 0o777)
        done = subprocess.run([setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
                              + store.command("import", "--host", "h1", path), capture_output=True)
        equal(done.returncode, 4, "exit")
        reason = "cannot read %s-wal: Permission denied" % path
        equal([e["reason"] for e in store.events("--kind", "gap")], [reason], "gap")
        equal([e["reason"] for e in store.events("--kind", "import.end")], [reason], "end")
        equal(logins(store), ["u1"], "logins")


if __name__ == "__main__":
    sys.exit(main())
