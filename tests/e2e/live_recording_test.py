#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""People work over SSH under a real sshd, auditd and rsyslogd: what they did
is what is told of it, scene by scene of the script `record`.

Where these daemons cannot run, the recording in samples/ stands in.
"""
import atexit
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from trailtest import ROOT, Skip, Store, case, check, equal, main

HOST = "bastion01"
ADDR = {"alice": "127.0.10.11", "bob": "127.0.10.12", "carol": "127.0.10.13",
        "dave": "127.0.10.14", "stranger": "127.0.99.66"}
PEOPLE = {"alice": "Alice Abbot", "bob": "Bob Breuer", "carol": "Carol Costa",
          "dave": "Dave Diaz"}
FILES = ("auth.log", "audit.log", "wtmp", "btmp", "home")

TOP = tempfile.mkdtemp(prefix="sshtrail-live.")
atexit.register(shutil.rmtree, TOP, ignore_errors=True)


def record():
    """The directory with what was recorded, and why it is not a live one."""
    out = os.path.join(TOP, "recording")
    # Above the registered ports and below those the kernel gives to clients.
    port = 20000 + os.getpid() % 12000
    done = subprocess.run([os.path.join(HERE, "record"), out],
                          env={**os.environ, "RECORD_PORT": str(port)},
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300)
    if done.returncode == 77:
        lines = done.stdout.strip().splitlines() or ["no reason given"]
        return os.path.join(ROOT, "samples", HOST), lines[-1]
    if done.returncode:
        raise RuntimeError("record ended with %d:\n%s%s" % (
            done.returncode, done.stdout[-2000:], done.stderr[-2000:]))
    people = os.path.join(out, "identity.yml")
    with open(os.path.join(out, "fingerprints")) as f, \
            open(people, "w") as to:
        for line in f:
            name, fingerprint = line.split()
            to.write("%s: %s\n" % (PEOPLE[name], fingerprint))
    return out, None


def path_of(name):
    path = os.path.join(DIR, name)
    return path if os.path.exists(path) else path + ".gz"


DIR, WHY_NOT = record()
PATHS = [path_of(name) for name in FILES]
IDENTITY = os.path.join(DIR, "identity.yml")
STORE = Store()
atexit.register(STORE.__exit__)
STORE.import_("--identity", IDENTITY, "--host", HOST, *PATHS)
SESSIONS = sorted(STORE.sessions(), key=lambda s: s["start"])


def scene(number):
    """The sessions of a scene, in the order they began."""
    first, last = {1: (0, 1), 2: (1, 2), 3: (2, 3), 4: (3, 4), 5: (4, 6),
                   7: (6, 8), 8: (8, 9)}[number]
    return SESSIONS[first:last]


def events_of(session, kind, **fields):
    found = STORE.events("--session", session["session"], "--kind", kind,
                         "--limit", "100000")
    return [e for e in found
            if all(e.get(k) == v for k, v in fields.items())]


def one(session, kind, **fields):
    found = events_of(session, kind, **fields)
    check(found, "no %s with %r" % (kind, fields))
    return found[0]


def who(session):
    return session["user"], session["person"], session["addr"]


def argvs(session, **fields):
    return [e["argv"] for e in events_of(session, "exec", success=True,
                                         **fields)]


def in_order(wanted, found):
    rest = iter(found)
    for item in wanted:
        check(item in rest, "%r is missing, or not after those before it" % item)


@case
def live():
    """sshd, auditd and rsyslogd recorded it now"""
    if WHY_NOT:
        raise Skip("%s; samples/%s instead" % (WHY_NOT, HOST))


@case
def sessions():
    """nine sessions of three accounts, each with its person and address"""
    a, b = ("alice", PEOPLE["alice"], ADDR["alice"]), \
        ("bob", PEOPLE["bob"], ADDR["bob"])
    equal([who(s) for s in SESSIONS], [
        a, a, a, b,
        ("carol", PEOPLE["carol"], ADDR["carol"]),
        ("carol", PEOPLE["dave"], ADDR["dave"]),
        a, ("bob", None, "127.0.0.1"), b])
    for s in SESSIONS:
        equal((s["host"], s["method"]), (HOST, "publickey"), s["session"])
        check(s["end"] and "open" not in s["flags"], "it ended: %r" % s)
        check(s["ses"] and s["auid"] >= 1000, "its audit session: %r" % s)


@case
def one_command():
    """scene 1: one command, and the programs it ran"""
    s, = scene(1)
    found = argvs(s, euid=s["auid"])
    for argv in (["bash", "-c", "id -un; ls -l /etc | wc -l"], ["id", "-un"],
                 ["ls", "-l", "/etc"], ["wc", "-l"]):
        check(argv in found, "%r is not in %r" % (argv, found))
    equal((s["tty"], "sudo" in s["flags"]), (None, False))


@case
def shell():
    """scene 2: the commands of a shell, in order and where they ran"""
    s, = scene(2)
    check(s["tty"].startswith("pts/"), "terminal %r" % s["tty"])
    check("sudo" in s["flags"], "flags %r" % s["flags"])
    typed = argvs(s, cwd="/tmp", euid=s["auid"])
    in_order([["hostname"], ["sh", "-c", "date; uname -r"], ["date"],
              ["uname", "-r"], ["grep", "-c", "nothing", "/etc/hostname"],
              ["cat", "/root/secret"], ["rm", "-f", "/home/alice/notes"],
              ["touch", "/home/alice/notes"],
              ["mv", "/home/alice/notes", "/home/alice/notes.old"]], typed)
    first = one(s, "exec", argv=["-bash"])
    equal(first["cwd"], "/home/alice")


@case
def sudo():
    """scene 2: sudo cat /etc/shadow, as root, by alice"""
    s, = scene(2)
    said = one(s, "priv", source="auth-log", via="sudo")
    equal((said["user"], said["target"], said["cmd"], said["cwd"]),
          ("alice", "root", "/usr/bin/cat /etc/shadow", "/tmp"))
    ran = one(s, "exec", argv=["cat", "/etc/shadow"])
    equal((ran["euid"], ran["auid"]), (0, s["auid"]))


@case
def files():
    """scene 2: a file renamed, another one refused"""
    s, = scene(2)
    one(s, "file", op="rename", path="/home/alice/notes",
        path2="/home/alice/notes.old", success=True)
    one(s, "file", path="/root/secret", success=False)


@case
def root_shell():
    """scene 3: an account made and removed as root, in alice's session"""
    s, = scene(3)
    ran = argvs(s, euid=0, auid=s["auid"])
    in_order([["whoami"], ["useradd", "-M", "mallory-test"],
              ["userdel", "mallory-test"]], ran)
    check(set(["root", "sudo"]) <= set(s["flags"]), "flags %r" % s["flags"])
    changes = [e for e in STORE.events("--kind", "account", "--limit", "10000")
               if e.get("target") == "mallory-test"]
    # The log's own lines name no session: at most none is claimed for them.
    for source, allowed in (("audit", {s["session"]}),
                            ("auth-log", {s["session"], None})):
        whose = {e.get("session") for e in changes if e["source"] == source}
        check(whose and whose <= allowed, "%s: session %r" % (source, whose))


@case
def transfer():
    """scene 4: what sftp moved, with names and sizes"""
    s, = scene(4)
    check("transfer" in s["flags"], "flags %r" % s["flags"])
    equal((s["bytes_in"], s["bytes_out"]), (70000, 70000))
    up = one(s, "file", op="close", direction="upload")
    equal((up["path"], up["bytes_written"]), ("/home/bob/data.bin", 70000))
    down = one(s, "file", op="close", direction="download")
    equal((down["path"], down["bytes_read"]), ("/home/bob/data.bin", 70000))
    for source in ("auth-log", "audit"):
        one(s, "file", source=source, op="rename", path="/home/bob/data.bin",
            path2="/home/bob/kept.bin")
    one(s, "file", op="mkdir", path="/home/bob/d")
    one(s, "file", op="remove", path="/home/bob/kept.bin")
    one(s, "file", op="delete", path="/home/bob/kept.bin")


@case
def shared_account():
    """scene 5: two people on one account are told apart"""
    for s, said in zip(scene(5), ("echo one", "echo two")):
        one(s, "exec", argv=["bash", "-c", said])
    for name in ("carol", "dave"):
        found = STORE.sessions("--person", PEOPLE[name])
        equal([f["addr"] for f in found], [ADDR[name]], name)


@case
def strangers():
    """scene 6: no session, each failure counted, hostile names whole"""
    equal(STORE.lines("ls", "--since", "all", "--from", ADDR["stranger"],
                      expect=1), [])
    hostile = "root from 10.9.9.9 port 22 ssh2"
    failed = [e for e in STORE.events("--kind", "auth.fail,conn.close",
                                      "--limit", "10000")
              if e.get("user") in ("bob", "root", "oracle", hostile)
              and e["source"] == "auth-log" and e["addr"] == ADDR["stranger"]]
    for name in ("bob", "root", "oracle", hostile):
        equal(len({e["pid"] for e in failed if e["user"] == name}), 1, name)
    for e in STORE.events("--limit", "100000"):
        check(e.get("addr") != "10.9.9.9", "taken from a name: %r" % e)
    tried = [e for e in STORE.events("--kind", "auth.fail", "--limit", "10000")
             if e["source"] == "utmp"]
    check(hostile in {e["user"] for e in tried}, "not in btmp: %r" % tried)
    equal({e["addr"] for e in tried}, {ADDR["stranger"]})


@case
def hop():
    """scene 7: from alice's session to one of bob on the same host"""
    source, target = scene(7)
    made = one(source, "net.connect")
    arrived = one(target, "conn.open")
    equal((made["addr"], made["port"]), ("127.0.0.1", arrived["lport"]))
    # The shell became ssh: one process, the later program connects.
    ran = events_of(source, "exec", pid=made["pid"], success=True)
    equal(os.path.basename(ran[-1]["argv"][0]), "ssh")
    one(target, "exec", argv=["bash", "-c", "hostname; tail -1 /etc/passwd"])
    one(target, "exec", argv=["tail", "-1", "/etc/passwd"])


@case
def channels():
    """scene 8: two channels of one connection are one session"""
    s, = scene(8)
    equal(len(events_of(s, "channel.open")), 2)
    equal(len(events_of(s, "channel.close")), 2)
    in_order([["bash", "-c", "echo channel one"],
              ["bash", "-c", "echo channel two"]], argvs(s))


def facts(sessions):
    """Without what names a store's own sequence of imports."""
    return [{k: v for k, v in s.items() if k != "session"}
            for s in sorted(sessions, key=lambda s: s["start"])]


@case
def any_order():
    """each file alone, in any order: the same sessions"""
    orders = list(itertools.permutations(PATHS))
    rng = random.Random(int(os.environ.get("SSHTRAIL_SEED", "5")))
    for order in [orders[-1]] + rng.sample(orders, 7):
        with Store() as store:
            for path in order:
                store.import_("--identity", IDENTITY, "--host", HOST, path)
            equal(facts(store.sessions()), facts(SESSIONS),
                  "order " + " ".join(map(os.path.basename, order)))


@case
def sound():
    """the evidence verifies, and an index made again says the same"""
    STORE.run("verify")
    before = STORE.answers()
    STORE.run("reindex")
    equal(STORE.answers(), before)


if __name__ == "__main__":
    sys.exit(main())
