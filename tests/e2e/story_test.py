#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One story over several hosts, from their logs."""
import datetime
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import Store, case, check, equal, main

ALICE, DEPLOY, OTHER = ("SHA256:" + c * 43 for c in "ABC")


def at(seconds, lead=0):
    return datetime.datetime(2026, 11, 24, 9, tzinfo=datetime.timezone.utc) + (
        datetime.timedelta(seconds=seconds + lead))


class Log:
    """What sshd and sudo of a host write; `lead`: of its clock, in seconds."""

    def __init__(self, host, address, lead=0):
        self.host, self.address, self.lead = host, address, lead
        self.lines = []

    def line(self, seconds, text):
        self.lines.append("%s %s %s\n" % (
            at(seconds, self.lead).isoformat(timespec="microseconds"),
            self.host, text))

    def login(self, seconds, pid, user, addr, port, key, end=None):
        sshd = "sshd[%d]: " % pid
        self.line(seconds, sshd + 'Connection from %s port %d on %s port 22 '
                  'rdomain ""' % (addr, port, self.address))
        self.line(seconds + 0.5, sshd + "Accepted publickey for %s from %s "
                  "port %d ssh2: ED25519 %s" % (user, addr, port, key))
        self.line(seconds + 0.6, sshd + "pam_unix(sshd:session): session "
                  "opened for user %s(uid=1000) by (uid=0)" % user)
        if end:
            self.line(end, sshd + "pam_unix(sshd:session): session closed "
                      "for user " + user)

    def put(self, store):
        path = store.write("auth.log." + self.host,
                           "".join(sorted(self.lines)).encode())
        store.run("import", "--host", self.host, path)


def audit(store, host, seconds, pid, ses, *argv):
    """The login of a process, and what it ran."""
    def stamp(after, serial):
        return "audit(%.3f:%d):" % (at(after).timestamp(), serial)
    run = stamp(seconds, 20)
    text = "\n".join([
        "type=LOGIN msg=%s pid=%d uid=0 old-auid=4294967295 auid=1000 "
        "tty=(none) old-ses=4294967295 ses=%d res=1" % (
            stamp(0.55, 10), pid, ses),
        "type=SYSCALL msg=%s arch=c000003e syscall=59 success=yes exit=0 a0=1 "
        "a1=2 a2=3 a3=4 items=2 ppid=1 pid=%d auid=1000 uid=1000 gid=1000 "
        "euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 "
        'tty=pts0 ses=%d comm="%s" exe="/usr/bin/%s" key=(null)' % (
            run, pid + 1, ses, argv[0], argv[0]),
        "type=EXECVE msg=%s argc=%d %s" % (run, len(argv), " ".join(
            'a%d="%s"' % a for a in enumerate(argv))),
        "type=EOE msg=%s " % run, ""])
    store.run("import", "--host", host,
              store.write("audit.log." + host, text.encode()))


def hosts(store, lead=0):
    """alice on web, from there deploy on db; somebody else on both."""
    web, db = Log("web", "10.0.0.1"), Log("db", "10.0.0.2", lead)
    web.login(0, 100, "alice", "203.0.113.5", 50000, ALICE, 1800)
    web.login(10, 400, "bob", "203.0.113.6", 50001, OTHER, 1800)
    db.login(303, 200, "deploy", "10.0.0.1", 40000, DEPLOY, 1200)
    db.line(360, "sudo:   deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; "
            "COMMAND=/usr/bin/id")
    db.login(5000, 300, "ops", "198.51.100.7", 1234, ALICE)
    db.login(6000, 500, "carol", "198.51.100.8", 1234, OTHER)
    for log in (web, db):
        log.put(store)
    audit(store, "web", 301, 100, 7, "ssh", "deploy@db")


def story(store, *args):
    """Its sessions, by user, and its events."""
    rows = store.lines("story", *args, "--all")
    return ({r["user"]: r for r in rows if "kind" not in r},
            [r for r in rows if "kind" in r])


@case
def person():
    """A person, the hop to another account, the same key under a third"""
    with Store() as store:
        hosts(store)
        sessions, events = story(store, "alice")
        equal(sorted(sessions), ["alice", "deploy", "ops"])
        hop = sessions["deploy"]
        equal((hop["hop"], hop["hop_from"]),
              ("address", sessions["alice"]["session"]))
        check("ssh 2s before" in hop["hop_inferred"], hop)
        check(sessions["ops"]["same_key"], sessions["ops"])
        times = [e["time"] for e in events]
        equal(times, sorted(times))
        steps = [(e["host"], e["kind"]) for e in events
                 if e["kind"] in ("auth.ok", "exec", "priv")]
        equal(steps, [("web", "auth.ok"), ("web", "exec"), ("db", "auth.ok"),
                      ("db", "priv"), ("db", "auth.ok")])
        shown = store.run("story", "alice", "--all").stdout.decode()
        check("deploy@db from 10.0.0.1" in shown, shown)
        check("concluded: that session ran ssh 2s before" in shown, shown)
        check("bob" not in shown and "carol" not in shown, shown)


@case
def session():
    """From a session in the middle back to where it came from"""
    with Store() as store:
        hosts(store)
        inner, = [s["session"] for s in store.sessions()
                  if s["user"] == "deploy"]
        sessions, _ = story(store, inner[:12])
        equal(sorted(sessions), ["alice", "deploy"])


@case
def clocks():
    """A host whose clock is wrong by more than ssh takes: not concluded"""
    with Store() as store:
        hosts(store, lead=600)
        equal(sorted(story(store, "alice")[0]), ["alice", "ops"])


@case
def wrong_questions():
    """Nobody of that name; another filter; a time without it"""
    with Store() as store:
        hosts(store)
        store.run("story", "mallory", "--all", expect=1)
        told = store.run("story", "alice", "--cmd", "id", expect=2)
        check(b"--since" in told.stderr, told.stderr)
        inner = store.sessions()[0]["session"]
        told = store.run("story", inner, "--until", "2020-01-01", expect=4)
        check(b"--since" in told.stderr, told.stderr)


if __name__ == "__main__":
    main()
