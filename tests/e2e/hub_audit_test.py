#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real auditd's audisp-remote sends to a hub, which is killed meanwhile."""
import contextlib
import os
import re
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from audittest import audit_as_found, auditctl, auditd
from daemontest import PATIENCE, wait_for
from inputtest import InputHub, connect, snippet
from trailtest import Skip, case, check, equal, main

PLUGIN = "/sbin/audisp-remote"
CONF = "/etc/audit/audisp-remote.conf"
QUEUE = "/var/spool/audit"


@contextlib.contextmanager
def configured(text):
    """audisp-remote reads that; what was there is put back."""
    if not os.path.exists(PLUGIN):
        raise Skip("no audisp-remote (audispd-plugins)")
    with open(CONF) as f:
        before = f.read()
    made = not os.path.isdir(QUEUE)
    os.makedirs(QUEUE, mode=0o700, exist_ok=True)
    found = os.listdir(QUEUE)
    if "remote.log" in found:
        raise Skip("audisp-remote has a queue here")
    try:
        with open(CONF, "w") as f:
            f.write(text)
        yield
    finally:
        with open(CONF, "w") as f:
            f.write(before)
        for name in set(os.listdir(QUEUE)) - set(found):
            os.unlink(os.path.join(QUEUE, name))
        if made:
            os.rmdir(QUEUE)


def executed(hub):
    """The marks of what was executed, as the hub knows it."""
    return sorted(e["argv"][1] for e in hub.found(
        "search", "--kind", "exec", "--since", "all", "--limit", "100000")
                  if e.get("argv", [""])[0] == "/bin/true" and
                  len(e["argv"]) == 2)


def execute(marks):
    for mark in marks:
        subprocess.run(["/bin/true", mark], check=True)


@case
def audisp_remote():
    """Each event arrives once, whole, though the hub is killed at any time"""
    text = snippet("audisp-remote")
    check("format = managed" in text, text)
    # It gives up on a record sooner than a hub with sanitizers starts.
    text = re.sub(r"max_(\w+)_per_record = \d+", r"max_\1_per_record = 99",
                  text.replace("hub.example", "127.0.0.1"))
    with audit_as_found(), InputHub() as hub, configured(
            re.sub(r"port = \d+", "port = %d" % hub.audit, text)):
        hub.start()
        with auditd(PLUGIN) as (_, log):
            done = auditctl("-a", "always,exit", "-F", "arch=b64", "-S",
                            "execve", "-F", "path=/bin/true", "-k",
                            "sshtraild_hub_test")
            check(done.returncode == 0, done.stderr)
            path = os.path.realpath("/bin/true")
            auditctl("-a", "always,exit", "-F", "arch=b64", "-S", "execve",
                     "-F", "path=" + path, "-k", "sshtraild_hub_test")
            sent = []
            for round_ in range(4):
                marks = ["r%d-%d" % (round_, n) for n in range(25)]
                execute(marks[:12])
                # In the midst of what it is answered for.
                time.sleep(0.05 * round_)
                hub.kill()
                execute(marks[12:])
                hub.start()
                sent += marks
            wait_for("all of them", lambda: len(executed(hub)) >= len(sent),
                     60)
            time.sleep(1)
            equal(executed(hub), sorted(sent))
            for e in hub.found("search", "--kind", "exec", "--since", "all",
                               "--limit", "1000"):
                if e["argv"][0] == "/bin/true":
                    equal((e["trust"], e["sender"], e["source"]),
                          ("network", "127.0.0.1", "audit"), e)
                    check("partial" not in e and e["exe"] and e["cwd"], e)
        hub.stop()
        equal(os.path.getsize(os.path.join(
            hub.dir, "hub", "held", "sender:127.0.0.1")), 0, "held")
        hub.run("reindex")
        equal(executed(hub), sorted(sent), "made again")
        hub.run("verify")


def message(kind, text, number):
    return struct.pack("<IBBIHI", 0xff0000fe, 0, 0, kind, len(text),
                       number) + text


def answers(s, n):
    got = b""
    while len(got) < 16 * n:
        more = s.recv(4096)
        if not more:
            break
        got += more
    return [struct.unpack("<IBBIHI", got[i:i + 16])[3::2]
            for i in range(0, len(got), 16)]


@case
def protocol():
    """Answers come when the record is on the disk, heartbeats too; a record
    that is sent again counts once; what is no such sender is left alone"""
    record = ("node=web-01 type=USER_LOGIN msg=audit(1795770000.%03d:%d): "
              "pid=9 uid=0 auid=1000 ses=3 msg='op=login id=1000 "
              "exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.1 "
              "terminal=/dev/pts/1 res=success'\n")
    with InputHub() as hub:
        hub.start()
        with connect(hub.audit) as s:
            for n in range(20):
                s.sendall(message(0, (record % (n, n)).encode(), n + 2))
            s.sendall(message(1, b"", 99))
            got = answers(s, 21)
            equal(got, [(0x40000000, n) for n in [*range(2, 22), 99]])
        # All that was answered outlives it.
        hub.kill()
        hub.start()
        events = lambda: [e["serial"] for e in hub.found(
            "search", "--host", "web-01", "--since", "all", "--oldest-first",
            "--limit", "1000")]
        wait_for("the events", lambda: len(events()) >= 20)
        equal(events(), list(range(20)))
        with connect(hub.audit) as s:
            for n in (19, 20):
                s.sendall(message(0, (record % (n, n)).encode(), n))
            answers(s, 2)
        # Lines, as with format = ascii.
        with connect(hub.audit) as s:
            s.sendall((record % (21, 21)).encode())
        wait_for("the last", lambda: 21 in events())
        equal(events(), list(range(22)))
        with connect(hub.audit) as s:
            s.sendall(b"\xfe\0\0\xffgarbage, and not a version that is known")
            s.settimeout(20 * PATIENCE)
            try:
                equal(s.recv(1), b"")
            except ConnectionError:
                pass
        hub.stop()


sys.exit(main())
